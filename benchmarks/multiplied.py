"""A finished home made larger: every person, household and dwelling of its snapshot as many times as wanted.

Belongs here: copies of tables in which each copy has ids of its own; places, codes and values stay, so that shares of the city stay
as they are and areas grow. Does not: what is measured on it (benchmarks/feeds.py, benchmarks/alerts.py).
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import duckdb

from sources.tables import quoted
from warehouse.keys import ensure_key, read_key
from warehouse.snapshots import choose, publish, snapshot_file
from warehouse.store import attach, open_working

IDS = frozenset({"person_id", "spouse_person", "guardian_person", "household_id", "dwelling_id", "dwelling_code", "alert_id", "subject_key",
                 "id_number", "contact_phone", "natural_key"})
"""Columns whose values stand for one person, household, dwelling, alert or record."""
NUMBERS = frozenset({"record_id"})
SOURCE = "multiplied_source"


def copies_for(home: Path, residents: int) -> int:
    """How many copies hold at least that many residents."""
    return -(-residents // choose(home).rows["profile"])


def multiply(con: duckdb.DuckDBPyConnection, table: str, copies: int) -> None:
    """A table of the attached snapshot SOURCE into the current database, `copies` times. The first copy is as it was."""
    columns = [(name, kind) for name, kind, *_ in con.execute(f"DESCRIBE {SOURCE}.{quoted(table)}").fetchall()]
    shown = ", ".join(f"{_copied(name, kind)} AS {quoted(name)}" for name, kind in columns)
    con.execute(f"CREATE OR REPLACE TABLE {quoted(table)} AS SELECT {shown} FROM range({int(copies)}) AS c(copy), {SOURCE}.{quoted(table)}")


def _copied(name: str, kind: str) -> str:
    if name in IDS and kind == "VARCHAR":
        return f"CASE WHEN copy = 0 THEN {quoted(name)} ELSE {quoted(name)} || '-' || copy END"
    return f"{quoted(name)} + copy * 1000000000000" if name in NUMBERS else quoted(name)


def multiplied_home(source: Path, out: Path, copies: int, tables: Collection[str]) -> Path:
    """A home in `out` whose published snapshot holds these tables of the current snapshot of `source`, multiplied."""
    out.mkdir(parents=True, exist_ok=True)
    ensure_key(out)
    snapshot = choose(source)
    with open_working(out) as con:
        attach(con, snapshot_file(source, snapshot.number), SOURCE, read_key(source), read_only=True)
        for table in tables:
            multiply(con, table, copies)
        con.execute(f"DETACH {SOURCE}")
        publish(con, out, snapshot.as_of, "multiplied")
    return out
