"""How long all cross-checks take over a whole city, check by check, and the book of alerts behind them.

    python -m benchmarks.alerts --home HOME --residents 6450000 --out FOLDER

HOME is any finished home (`onegrid city`, `onegrid run`); the tables of its working store that the checks read are multiplied: each copy
has persons, records, cases, certificates, dwellings, households and telephones of its own; dates, codes and ID numbers stay as they are.
Two threads and the memory of the configuration, as a run has them.
Belongs here: the measurement. Does not: whether the alerts are right (tests/warehouse/test_cross_checks.py).
"""

from __future__ import annotations

import argparse
import resource
import time
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from sources.catalogue import load_catalogue
from sources.catalogue.cross_checks import in_order
from sources.tables import quoted
from warehouse.alerts.recording import record_run
from warehouse.cross_checks import evaluate, find, prepare
from warehouse.keys import ensure_key, read_key
from warehouse.office.sealing import derived_key
from warehouse.store import WORKING_FILE, attach, open_working

SOURCE = "multiplied_source"
OWN = frozenset({"person_id", "natural_key", "case_no", "cert_no", "original_cert_no", "dwelling_code", "household_no"})
"""Columns that tell persons, records, cases, certificates, dwellings and households apart."""
OWN_VALUES = frozenset({"attr_household_id", "attr_dwelling_id"})
STEP = 1_000_000_000_000
NOW = datetime(2025, 6, 2, tzinfo=UTC)


def multiply(con: duckdb.DuckDBPyConnection, table: str, copies: int) -> None:
    """A table of SOURCE into the current database, `copies` times."""
    category = load_catalogue().contracts.get(table.removeprefix("current_"))
    phones = {column.name for column in category.columns if column.type == "phone"} if category else set()
    shown = []
    for name, kind, *_ in con.execute(f"DESCRIBE {SOURCE}.{quoted(table)}").fetchall():
        apart = name in OWN or name in phones or (name == "value" and table in OWN_VALUES) or (name == "id_number" and not category)
        if apart and kind == "VARCHAR":
            shown.append(f"CASE WHEN copy = 0 THEN {quoted(name)} ELSE {quoted(name)} || '-' || copy END AS {quoted(name)}")
        else:
            shown.append(f"{quoted(name)} + copy * {STEP} AS {quoted(name)}" if name == "record_id" else quoted(name))
    con.execute(f"CREATE OR REPLACE TABLE {quoted(table)} AS SELECT {', '.join(shown)} "
                f"FROM range({int(copies)}) AS c(copy), {SOURCE}.{quoted(table)}")


def needed(con: duckdb.DuckDBPyConnection) -> list[str]:
    """The tables of the working store that the checks read."""
    there = {name for (name,) in con.execute("SELECT table_name FROM duckdb_tables() WHERE database_name = ?", [SOURCE]).fetchall()}
    text = " ".join(check.sql for check in load_catalogue().checks.values())
    wanted = {f"current_{category}" for category in load_catalogue().contracts} | {"mention_person", "place", "everybody"}
    return sorted(there & (wanted | {name for name in there if name in text}) - {"ledger"})


def prepared(source: Path, out: Path, residents: int) -> None:
    """A working store in `out` with the needed tables of the one in `source`, multiplied."""
    out.mkdir(parents=True, exist_ok=True)
    ensure_key(out)
    with open_working(out) as con:
        attach(con, source / WORKING_FILE, SOURCE, read_key(source), read_only=True)
        (persons,) = con.execute(f"SELECT count(*) FROM {SOURCE}.everybody").fetchone() or (0,)
        for table in needed(con):
            multiply(con, table, -(-residents // int(persons)))
        con.execute(f"CREATE OR REPLACE TABLE ledger AS FROM {SOURCE}.ledger")


def each_check(con: duckdb.DuckDBPyConnection, as_of: date) -> None:
    """Seconds of every check by itself; the views that they share come first."""
    start = time.perf_counter()
    prepare(con, as_of)
    print(f"  {'shared views':<40} {time.perf_counter() - start:>6.1f} s")
    for check in in_order(load_catalogue().checks):
        start = time.perf_counter()
        find(con, check, as_of)
        (rows,) = con.execute('SELECT count(*) FROM found_record WHERE "check" = ?', [check.name]).fetchone() or (0,)
        print(f"  {check.name:<40} {time.perf_counter() - start:>6.1f} s {rows:>12,} records")


def main() -> None:
    parser = argparse.ArgumentParser(description="All cross-checks over a whole city.")
    parser.add_argument("--home", type=Path, required=True, help="a finished home to multiply")
    parser.add_argument("--residents", type=int, default=6_450_000)
    parser.add_argument("--out", type=Path, required=True, help="folder for the multiplied store; made when it is not there")
    parser.add_argument("--each", action="store_true", help="also every check by itself")
    arguments = parser.parse_args()
    if not (arguments.out / WORKING_FILE).is_file():
        prepared(arguments.home, arguments.out, arguments.residents)
    with open_working(arguments.out) as con:
        (as_of,) = con.execute("SELECT max(delivery_date) FROM ledger WHERE stage = 'applied'").fetchone() or (date(2025, 6, 1),)
        (persons,) = con.execute("SELECT count(*) FROM everybody").fetchone() or (0,)
        print(f"{persons:,} persons")
        if arguments.each:
            each_check(con, as_of)
        start = time.perf_counter()
        found = evaluate(con, as_of, derived_key(arguments.out, "alert"))
        print(f"{len(load_catalogue().checks)} checks: {time.perf_counter() - start:.1f} s, {found:,} alerts")
        start = time.perf_counter()
        recorded = record_run(con, arguments.out, as_of, "benchmark", now=NOW)
        print(f"into the book: {time.perf_counter() - start:.1f} s, {recorded.opened:,} opened")
        start = time.perf_counter()
        record_run(con, arguments.out, as_of, "benchmark again", now=NOW)
        print(f"the same again: {time.perf_counter() - start:.1f} s")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.1f} GB")


if __name__ == "__main__":
    main()
