"""Residence claims against the dwellings of a synthetic city of full size: seconds, memory, and what was found.

    python -m benchmarks.houses [--residents 6450000] [--seed 1] [--defects 1.0] [--threads 2] [--memory 8GB] [--home DIR] [--profile]

One claim per resident, spread over the address cells of the categories in proportion to their rows, written as the departments write
(wordings and shares of sources/synthetic), straight into current_<category> tables: no deliveries. The city is made and the claims are
located in processes of their own, so that the peak memory is that of resolvers.places.build alone.
Belongs here: making the tables, measuring. Does not: wordings and truth (sources/synthetic), judging (resolvers/places/evaluation.py).
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl

from resolvers import places
from resolvers.places.evaluation import HEADERS, evaluate, rows
from sources.catalogue import Catalogue, load_catalogue
from sources.catalogue.models import Contract
from sources.synthetic import addresses, geography, tables
from sources.synthetic.damage import Damage, DefectRates
from sources.synthetic.defects import damage_addresses
from sources.tables import SHARED_TABLES, category_tables, create_table, quoted

CITY_FILE, TRUTH_FILE = "city.duckdb", "addresses.parquet"
COUNTY = pl.col("county_zh") + pl.col("address")
WHOLE = pl.lit("湖北省荆州市") + COUNTY
SHORT = pl.col("community") + pl.col("local")
TEXTS: dict[str, dict[str, tuple[pl.Expr, float]]] = {
    "household_registration": {"address": (pl.col("address"), 1.0)},
    "residence_permits": {"current_address": (COUNTY, 1.0), "hukou_address": (WHOLE, 0.2)},
    "fund_accounts": {"address": (COUNTY, 1.0)},
    "pension_insurance": {"address": (pl.col("address"), 1.0)},
    "medical_insurance": {"address": (pl.col("address"), 1.0)},
    "employment_registration": {"address": (COUNTY, 1.0)},
    "marriage_registration": {"man_hukou": (WHOLE, 0.7), "woman_hukou": (WHOLE, 0.55)},
    "social_assistance": {"address": (SHORT, 1.0)},
    "elderly_disability_benefits": {"address": (SHORT, 1.0)},
    "health_records": {"address": (pl.col("address"), 1.0), "hukou_address": (COUNTY, 0.5)},
    "care_followups": {"address": (SHORT, 1.0)},
    "legal_aid": {"address": (COUNTY, 1.0)},
    "birth_family_support": {"address": (pl.col("address"), 1.0)},
    "student_enrolment": {"address": (WHOLE, 1.0)},
}
"""How each category writes the address of a dwelling, and which share of its rows has one."""
BESIDE = {
    "county": pl.col("county"),
    "county_code": pl.col("county").replace("421071", "421002"),
    "residence_county": pl.col("county"),
    "township": pl.col("township"),
    "township_code": pl.col("township"),
    "community": pl.col("community"),
    "community_code": pl.col("community_code"),
    "grid_code": pl.col("grid_code"),
    "dwelling_code": pl.col("dwelling_code"),
}
PLACE = ("county", "county_zh", "township", "community", "community_code", "grid_code", "dwelling_code", "local", "address")
CODED = {"household_registration": 0.72, "residence_permits": 0.8}
"""Share of the rows with the own dwelling code."""
DEMOLISHED = 0.0004


def make(home: Path, residents: int, seed: int, defects: float) -> None:
    """CITY_FILE with every working table, and TRUTH_FILE; the same arguments give the same tables."""
    rng, catalogue = np.random.default_rng(seed), load_catalogue()
    ground = geography.build(rng, catalogue, residents)
    stock = addresses.doubled(ground.dwellings, seed, addresses.SAME_ADDRESS * defects)
    registered = pl.Series(rng.random(stock.height) >= DEMOLISHED * defects)
    home.mkdir(parents=True, exist_ok=True)
    (home / CITY_FILE).unlink(missing_ok=True)
    with duckdb.connect(str(home / CITY_FILE)) as con:
        for contract in catalogue.contracts.values():
            for name, columns in category_tables(contract).items():
                con.execute(create_table(name, columns))
        for name, columns in SHARED_TABLES.items():
            con.execute(create_table(name, columns))
        _insert(con, home, "house_registry", _registry(stock, registered))
        cells = {category: sum(share for _, share in texts.values()) for category, texts in TEXTS.items()}
        whole = sum(catalogue.contracts[category].rows_city_scale * share for category, share in cells.items())
        parts = []
        for number, category in enumerate(TEXTS):
            contract = catalogue.contracts[category]
            count = max(1, round(contract.rows_city_scale * residents / whole))
            claims = _claims(rng, catalogue, contract, stock, count, defects)
            _insert(con, home, category, _records(claims, number))
            judged = addresses.judged(_told(contract, claims), stock, registered)
            parts.append(home / f"truth_{category}.parquet")
            judged.write_parquet(parts[-1])
        con.execute(f"COPY (FROM read_parquet(?)) TO '{home / TRUTH_FILE}' (FORMAT parquet)", [[str(part) for part in parts]])
    for part in parts:
        part.unlink()


def _registry(stock: pl.DataFrame, registered: pl.Series) -> pl.DataFrame:
    house = stock.filter(registered).select(
        "dwelling_code", "standard_address", "community_code", "building_code", "grid_code", "longitude", "latitude",
        "road", "door_no", "room", county_code=BESIDE["county_code"], township_code=pl.col("township"),
        community_name=pl.col("community"), natural_key=pl.col("dwelling_code"),
    )  # fmt: skip
    return house.with_row_index("record_id", offset=1)


def _claims(
    rng: np.random.Generator, catalogue: Catalogue, contract: Contract, stock: pl.DataFrame, count: int, defects: float
) -> pl.DataFrame:
    """`count` rows of a category at dwellings by chance, damaged, with the columns of addresses.py."""
    home = pl.Series("seat", rng.integers(0, stock.height, count))
    wanted = (
        "county",
        "county_zh",
        "township",
        "township_zh",
        "community",
        "community_code",
        "grid_code",
        "dwelling_code",
        "local",
        "address",
    )
    frame = stock.select(pl.col(name).gather(home) for name in wanted)
    texts = TEXTS[contract.category]
    names = {column.name for column in contract.columns}
    columns = [expression.alias(name) for name, expression in BESIDE.items() if name in names]
    for name, (text, share) in texts.items():
        filled = pl.Series(rng.random(count) < share)
        columns.append(pl.when(filled).then(text).alias(name))
    frame = frame.select(*columns).with_columns(home, home.alias("hukou"), home.alias("dwelling"))
    if contract.category in CODED:
        coded = pl.Series(rng.random(count) < CODED[contract.category])
        frame = frame.with_columns(pl.when(coded).then(pl.col("dwelling_code")).alias("dwelling_code"))
    frame = addresses.meant(contract.category, frame)
    damaged = damage_addresses(Damage(contract, catalogue, pl.DataFrame(), rng, DefectRates(scale=defects)), frame)
    strangers = pl.Series(rng.random(count) < 0.85)
    if contract.category == "residence_permits":
        elsewhere = pl.Series(np.array(tables.words("elsewhere"))[rng.integers(0, len(tables.words("elsewhere")), count)])
        damaged = damaged.with_columns(
            pl.when(strangers & pl.col("hukou_address").is_not_null()).then(elsewhere).otherwise("hukou_address").alias("hukou_address"),
            pl.when(strangers).then(None).otherwise("_m_hukou_address").alias("_m_hukou_address"),
        )
    key = pl.lit(contract.category[:2]) + pl.int_range(pl.len()).cast(pl.String)
    return damaged.with_columns(key.alias("_key")).with_row_index("_row")


def _records(claims: pl.DataFrame, number: int) -> pl.DataFrame:
    """Columns of current_<category>; record ids are unlike in all categories."""
    system = {"_row", "_key", "seat", "hukou", "dwelling"}
    plain = claims.select(name for name in claims.columns if not name.startswith("_") and name not in system)
    return plain.with_columns(
        record_id=claims["_row"].cast(pl.Int64) + ((number + 1) << 32), natural_key=claims["_key"], left_out=pl.lit(False)
    )


def _told(contract: Contract, claims: pl.DataFrame) -> pl.DataFrame:
    told = addresses.delivered(contract, claims.with_columns(_state=pl.lit("F"), _upd=pl.lit(0)))
    return told.drop("_row").with_columns(category=pl.lit(contract.category))


def _insert(con: duckdb.DuckDBPyConnection, home: Path, category: str, frame: pl.DataFrame) -> None:
    file = home / "rows.parquet"
    frame.write_parquet(file)
    table = f"current_{category}"
    known = {name for name, *_ in con.execute(f"DESCRIBE {quoted(table)}").fetchall()}
    names = ", ".join(quoted(name) for name in frame.columns if name in known)
    con.execute(f"INSERT INTO {quoted(table)} ({names}) SELECT {names} FROM read_parquet('{file}')")
    file.unlink()


class Timed:
    """A connection that notes how long each statement took."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self.con = con
        self.seconds: list[tuple[float, str]] = []

    def execute(self, statement: str, *given: Any) -> duckdb.DuckDBPyConnection:
        start = time.perf_counter()
        answer = self.con.execute(statement, *given)
        self.seconds.append((time.perf_counter() - start, " ".join(statement.split())))
        return answer

    def __getattr__(self, name: str) -> Any:
        return getattr(self.con, name)


def match(home: Path, threads: int, memory: str, profile: bool) -> None:
    """Seconds and peak memory of one build on a copy of nothing: `place` is made anew, then compared with the truth."""
    with duckdb.connect(str(home / CITY_FILE)) as con:
        con.execute(f"SET threads = {threads}; SET memory_limit = '{memory}'; SET temp_directory = '{home / 'spill'}'")
        timed = Timed(con)
        build: Callable[[Any], places.PlaceCounts] = places.build
        start = time.perf_counter()
        counts = build(timed if profile else con)
        seconds = time.perf_counter() - start
        used = resource.getrusage(resource.RUSAGE_SELF)
        print(
            f"{counts.cells:,} claims in {seconds:.0f} s ({used.ru_utime + used.ru_stime:.0f} s of processor time), "
            f"peak memory {used.ru_maxrss / 1024 / 1024:.1f} GB ({threads} threads, limit {memory})",
            flush=True,
        )
        for took, statement in sorted(timed.seconds, reverse=True)[:25] if profile else []:
            print(f"{took:7.1f} s  {statement[:220]}", flush=True)
        found = evaluate(con, home)
    print("  ".join(HEADERS))
    for row in rows(found):
        print("  ".join(f"{cell:.5f}" if isinstance(cell, float) else str(cell) for cell in row))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--residents", type=int, default=6_450_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--defects", type=float, default=1.0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--memory", default="8GB")
    parser.add_argument("--home", type=Path, default=None, help="keeps the city there; one that is there is used again")
    parser.add_argument("--profile", action="store_true", help="print the slowest statements")
    parser.add_argument("--step", choices=("make", "match"), default=None, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.step == "make":
        make(chosen.home, chosen.residents, chosen.seed, chosen.defects)
    elif chosen.step == "match":
        match(chosen.home, chosen.threads, chosen.memory, chosen.profile)
    else:
        with tempfile.TemporaryDirectory() as scratch:
            home = chosen.home or Path(scratch)
            steps = ["match"] if (home / TRUTH_FILE).exists() else ["make", "match"]
            for step in steps:
                start = time.perf_counter()
                command = [sys.executable, "-m", "benchmarks.houses", *sys.argv[1:], "--home", str(home), "--step", step]
                subprocess.run(command, check=True)
                print(f"{step}: {time.perf_counter() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
