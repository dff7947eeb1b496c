"""How long it takes to tell departments of half a million alerts at once: queueing the messages, then writing every folder.

    python -m benchmarks.alerts --home HOME --residents 6450000 --out FOLDER     # makes FOLDER
    python -m benchmarks.outbox --home FOLDER --alerts 500000

HOME is any finished home. The first so many alerts by id are told, with everything that a sending does: xlsx, CSV, JSON Lines, manifest,
SHA-256, audit entry, fsync, rename, marks. What was queued before is forgotten. Two threads and the memory of the configuration.
Belongs here: the measurement. Does not: whether messages are right (tests/warehouse/test_outbox.py).
"""

from __future__ import annotations

import argparse
import resource
import shutil
import time
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
from sqlalchemy import delete

from warehouse.office.database import office
from warehouse.outbox.folders import outbox_folder
from warehouse.outbox.queueing import enqueue
from warehouse.outbox.sending import send
from warehouse.outbox.tables import OutboxMessage
from warehouse.store import open_working

NOW = datetime(2025, 6, 2, tzinfo=UTC)


def limited(con: duckdb.DuckDBPyConnection, alerts: int) -> int:
    """Temporary views in front of the store's tables that show the first so many alerts that somebody is told of; returns how many."""
    con.execute(f"""CREATE TEMP TABLE wanted AS SELECT DISTINCT alert_id FROM alert_addressee WHERE state = 'open'
                    ORDER BY alert_id LIMIT {int(alerts)}""")
    (store,) = con.execute("SELECT current_database()").fetchone() or ("",)
    for table in ("alert", "alert_record", "alert_addressee"):
        con.execute(f"CREATE TEMP TABLE {table} AS FROM {store}.{table} SEMI JOIN wanted USING (alert_id)")
    (found,) = con.execute("SELECT count(*) FROM alert").fetchone() or (0,)
    return int(found)


def told(what: str, start: float, number: int) -> None:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(f"{what}: {time.perf_counter() - start:.1f} s, {number:,} messages; so far {usage.ru_utime + usage.ru_stime:.0f} s of processor "
          f"time, peak memory {usage.ru_maxrss / 2**20:.1f} GB", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Telling departments of many alerts at once.")
    parser.add_argument("--home", type=Path, required=True, help="the folder that benchmarks.alerts made")
    parser.add_argument("--alerts", type=int, default=500_000)
    arguments = parser.parse_args()
    home: Path = arguments.home
    shutil.rmtree(outbox_folder(home), ignore_errors=True)
    with office(home) as session:
        session.execute(delete(OutboxMessage))
    with open_working(home) as con:
        print(f"{limited(con, arguments.alerts):,} alerts")
        start = time.perf_counter()
        told("queued", start, enqueue(con, home, date(2025, 6, 1), "benchmark"))
        start = time.perf_counter()
        sent = send(con, home, user="benchmark", now=NOW)
        told("sent", start, sum(one.messages for one in sent))
        for one in sent:
            folder = outbox_folder(home) / one.department / one.folder
            sizes = {path.name: path.stat().st_size / 2**20 for path in folder.iterdir()}
            print(f"  {one.department:<20} {one.folder} {one.messages:>8,} messages, "
                  + ", ".join(f"{name} {size:.0f} MB" for name, size in sizes.items()))


if __name__ == "__main__":
    main()
