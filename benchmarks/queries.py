"""How long class queries take: random combinations of classes over a published snapshot of synthetic profiles.

    python -m benchmarks.queries --residents 1000000 --queries 300

Belongs here: profiles made in SQL (independent values), random queries with a seed, latencies.
Does not: judging answers (tests/warehouse/test_queries_agreement.py).
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from sources.catalogue import load_catalogue
from sources.catalogue.models import Attribute, AttributeClass
from sources.tables import category_tables, create_table, literal, quoted
from warehouse import rollup
from warehouse.areas_told import tell
from warehouse.keys import ensure_key
from warehouse.queries import answer, count, count_by, parse
from warehouse.snapshots import open_snapshot, publish
from warehouse.store import open_working

AS_OF = date(2025, 6, 1)
SEED = 20250601
GRID_QUERY = {"purpose": "grid_service", "query": {"class": "age", "op": "ge", "value": 60}}


def draw(name: str, sides: int) -> str:
    """SQL of a number from 0 to sides - 1, fixed by attribute and person."""
    return f"(hash(i, {literal(name)}) % {sides})::BIGINT"


def column(attribute: Attribute) -> str:
    """SQL of a plausible value; one in five is missing."""
    name = attribute.name
    places = {"residence_county": 6, "residence_township": 9, "residence_community": 12, "residence_grid": 15}
    if name == "person_id":
        return "printf('P%09d', i)"
    if name in places:
        return (
            f"left(place, {places[name]})"
            if name != "residence_grid"
            else f"CASE WHEN {draw(name, 3)} = 0 THEN place END"
        )
    codes = load_catalogue().lists[attribute.codes].codes if attribute.codes else ("1",)
    listed = "[" + ", ".join(map(literal, codes)) + "]"
    value = {
        "integer": f"{draw(name, 100)}::BIGINT",
        "decimal": f"{draw(name, 5000)}::DECIMAL(18,6)",
        "date": f"DATE '2025-06-01' - {draw(name, 3000)}::INTEGER",
        "boolean": f"{draw(name, 10)} = 0",
        "code": f"{listed}[{draw(name, len(codes))} + 1]",
        "code_list": f"list_filter([{listed}[{draw(name, len(codes))} + 1]], lambda _: {draw(name, 12)} = 0)",
        "string_list": "['张三']",
    }.get(attribute.type, f"{literal(name)} || {draw(name, 100000)}")
    if name == "hukou_division":
        value = "left(place, 6)"
    if name == "vital_status":
        return "CASE WHEN hash(i, 'dead') % 20 = 0 THEN '2' ELSE '1' END"
    return f"CASE WHEN hash(i, {literal('missing ' + name)}) % 5 > 0 THEN {value} END"


def make_profiles(con: duckdb.DuckDBPyConnection, residents: int) -> None:
    """profile and profile_open of that many residents, in no order of places."""
    townships = "[" + ", ".join(literal(code) for code in load_catalogue().lists["jz_township"].codes) + "]"
    number = len(load_catalogue().lists["jz_township"].codes)
    columns = ", ".join(f"{column(item)} AS {quoted(item.name)}" for item in load_catalogue().attributes.values())
    place = f"printf('%03d%03d', {draw('community', 9)} + 1, {draw('grid', 8)} + 1)"
    con.execute(f"""
        CREATE OR REPLACE TABLE profile AS
        WITH placed AS (
            SELECT i, {townships}[{draw("township", number)} + 1] || {place} AS place FROM range({residents}) AS r(i))
        SELECT {columns}, 'open' AS known_from FROM placed""")
    con.execute("CREATE OR REPLACE TABLE profile_open AS FROM profile")


def random_leaf(chance: random.Random, purpose: str) -> dict[str, Any]:
    opened = load_catalogue().purposes[purpose].attributes
    klass = chance.choice([k for k in load_catalogue().classes.values() if set(k.attributes) & set(opened)])
    name = chance.choice([name for name in klass.attributes if name in opened])
    leaf: dict[str, Any] = {"class": klass.name}
    if len(klass.attributes) > 1 and klass.kind != "hierarchy":
        leaf["attribute"] = name
    return leaf | _operator_and_value(chance, klass, load_catalogue().attributes[name])


def _operator_and_value(chance: random.Random, klass: AttributeClass, attribute: Attribute) -> dict[str, Any]:
    if klass.kind == "hierarchy":
        codes = load_catalogue().lists["jz_township"].codes
        if klass.name == "residence_area":
            return {
                "op": "within",
                "value": chance.choice([chance.choice(codes)[:6], chance.choice(codes), chance.choice(codes) + "001"]),
            }
        return {"op": "within", "value": chance.choice(codes)[:6]}
    if klass.kind == "range":
        first = chance.randrange(90)
        return {"op": "between", "value": [first, first + chance.randrange(1, 30)]}
    if klass.kind == "flag":
        return {"op": "is", "value": True}
    if klass.kind == "date":
        return {"op": "before", "value": {"as_of_months": -chance.randrange(1, 60)}}
    codes = load_catalogue().lists[str(attribute.codes)].codes
    op = "contains_any" if attribute.type == "code_list" else "in"
    return {"op": op, "value": chance.sample(codes, min(2, len(codes)))}


def random_query(chance: random.Random) -> dict[str, Any]:
    """Two to six classes; one in four below any, one in eight negated."""
    purpose = chance.choice([name for name in load_catalogue().purposes if name not in {"statistics", "legal_service"}])
    parts: list[dict[str, Any]] = []
    for _ in range(chance.randrange(2, 7)):
        leaf = random_leaf(chance, purpose)
        match chance.randrange(8):
            case 0:
                leaf = {"not": leaf}
            case 1 | 2:
                leaf = {"any": [leaf, random_leaf(chance, purpose)]}
        parts.append(leaf)
    return {"purpose": purpose, "query": {"all": parts}}


def report(what: str, seconds: list[float]) -> None:
    ordered = sorted(seconds)
    at = {share: ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000 for share in (0.5, 0.95, 0.99)}
    print(
        f"{what:<28} {len(ordered):>5} queries  mean {statistics.mean(ordered) * 1000:7.1f} ms  "
        f"median {at[0.5]:7.1f}  95% {at[0.95]:7.1f}  99% {at[0.99]:7.1f}  worst {ordered[-1] * 1000:7.1f}"
    )


def measure(home: Path, queries: int, threads: int) -> None:
    chance = random.Random(SEED)
    counted: list[float] = []
    listed: list[float] = []
    broken_down: list[float] = []
    by_grid: list[float] = []
    told: list[float] = []
    found = 0
    with open_snapshot(home, threads=threads) as con:
        for _ in range(queries):
            query = parse(random_query(chance))
            start = time.perf_counter()
            found += count(con, query).persons or 0
            counted.append(time.perf_counter() - start)
            start = time.perf_counter()
            answer(con, query, limit=20)
            listed.append(time.perf_counter() - start)
            start = time.perf_counter()
            count_by(con, query, "residence_township")
            broken_down.append(time.perf_counter() - start)
            start = time.perf_counter()
            count_by(con, parse(GRID_QUERY), "residence_grid")
            by_grid.append(time.perf_counter() - start)
        areas = [code for (code,) in con.execute("SELECT code FROM area WHERE level <> 'grid' ORDER BY code").fetchall()]
        for area in chance.choices(areas, k=queries):
            start = time.perf_counter()
            tell(con, area, "grid_service", ["age", "living_arrangement"])
            told.append(time.perf_counter() - start)
    print(f"persons per query: {found // queries:,}")
    report("count", counted)
    report("first 20 rows, all columns", listed)
    report("count by township", broken_down)
    report("count by grid", by_grid)
    report("an area, its parts, 2 classes", told)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--residents", type=int, default=1_000_000)
    arguments.add_argument("--queries", type=int, default=200)
    arguments.add_argument("--threads", type=int, default=2)
    stated = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        ensure_key(home)
        with open_working(home, threads=stated.threads) as con:
            start = time.perf_counter()
            make_profiles(con, stated.residents)
            made = time.perf_counter()
            con.execute("CREATE TABLE everybody AS SELECT person_id, known_from FROM profile")
            con.execute(create_table("current_house_registry", category_tables(load_catalogue().contracts["house_registry"])[
                "current_house_registry"]))
            start_rollup = time.perf_counter()
            rows = rollup.build(con)
            print(f"roll-up: {rows:,} counts in {time.perf_counter() - start_rollup:.1f} s")
            publish(con, home, AS_OF, "benchmark")
            published = time.perf_counter()
            print(f"{stated.residents:,} profiles made in {made - start:.1f} s, published in {published - made:.1f} s")
        size = (home / "snapshots" / "1" / "snapshot.duckdb").stat().st_size
        print(f"snapshot {size / 1e6:,.0f} MB (two profiles, encrypted)")
        measure(home, stated.queries, stated.threads)


if __name__ == "__main__":
    main()
