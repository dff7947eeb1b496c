"""How long all feeds take over a whole city: a first run, and one a week later in which one person in a hundred changed.

    python -m benchmarks.feeds --home HOME --residents 6450000 --out FOLDER

HOME is any finished home (`onegrid city`, `onegrid run`); its snapshot is multiplied (benchmarks/multiplied.py). Every product is made,
whether due or not, with manifest, changes, audit entry and fsync. Two threads and the memory of the configuration, as a run has them.
Belongs here: the measurement. Does not: checking what is in the products (tests/warehouse/test_feeds_products.py).
"""

from __future__ import annotations

import argparse
import resource
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from benchmarks.multiplied import copies_for, multiplied_home
from sources.catalogue import load_catalogue
from sources.tables import has_table
from warehouse.feeds.building import Built, Run, build
from warehouse.feeds.recipients import KNOWN
from warehouse.snapshots import choose, open_snapshot

TABLES = ("profile", "profile_open", "current_house_registry", "alert", "alert_record", "alert_addressee")
CHANGED = "hash(person_id) % 100 = 0"
NOW = datetime(2025, 1, 1, tzinfo=UTC)


def measure(con: duckdb.DuckDBPyConnection, run: Run) -> float:
    """Seconds of one run over all modules; prints what each of them took."""
    start = last = time.perf_counter()

    def told(built: Built) -> None:
        nonlocal last
        seconds, last = time.perf_counter() - last, time.perf_counter()
        print(f"  {built.module:<32} {built.state:<12} {built.rows:>10,} rows {seconds:>7.1f} s  "
              f"+{built.inserted:,} ~{built.changed:,} -{built.removed:,} withheld {built.withheld:,}")

    build(con, run, on_module=told)
    return time.perf_counter() - start


def addressed(con: duckdb.DuckDBPyConnection) -> None:
    """A home from before alerts had addressees: every department with a record of its own among those of the alert."""
    if has_table(con, KNOWN):
        return
    owners = {contract.category: contract.department for contract in load_catalogue().contracts.values()}
    con.execute("CREATE TEMP TABLE owner AS SELECT unnest(?) AS category, unnest(?) AS department", [list(owners), list(owners.values())])
    con.execute(f"CREATE TEMP TABLE {KNOWN} AS SELECT DISTINCT alert_id, department FROM alert_record JOIN owner USING (category)")


def changed_week(con: duckdb.DuckDBPyConnection) -> None:
    """Profiles of a week later, as temporary tables in front of the snapshot's: every hundredth person has another telephone."""
    for table in ("profile", "profile_open"):
        con.execute(f"CREATE TEMP VIEW {table} AS SELECT * REPLACE (CASE WHEN {CHANGED} THEN contact_phone || '9' ELSE contact_phone END "
                    f"AS contact_phone) FROM snapshot.{table}")


def main() -> None:
    parser = argparse.ArgumentParser(description="All feeds over a whole city.")
    parser.add_argument("--home", type=Path, required=True, help="a finished home to multiply")
    parser.add_argument("--residents", type=int, default=6_450_000)
    parser.add_argument("--out", type=Path, required=True, help="folder for the multiplied home; made when it is not there")
    arguments = parser.parse_args()
    home = arguments.out
    if not (home / "snapshots").is_dir():
        with open_snapshot(arguments.home) as con:
            present = {name for (name,) in con.execute("SELECT table_name FROM duckdb_tables() WHERE NOT temporary").fetchall()}
        multiplied_home(arguments.home, home, copies_for(arguments.home, arguments.residents), [name for name in TABLES if name in present])
    snapshot = choose(home)
    print(f"{snapshot.rows['profile']:,} persons")
    with open_snapshot(home) as con:
        addressed(con)
        first = measure(con, Run(home, snapshot.as_of, snapshot.number, "benchmark", NOW, force=True))
        print(f"first run: {first:.1f} s")
    with open_snapshot(home) as con:
        addressed(con)
        changed_week(con)
        week = Run(home, snapshot.as_of + timedelta(days=7), snapshot.number + 1, "benchmark", NOW, force=True)
        print(f"a week later: {measure(con, week):.1f} s")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.1f} GB")


if __name__ == "__main__":
    main()
