"""The file of reviewers' decisions: encrypted like the rest of the store, and apart from it.

Belongs here: attaching `home/decisions.duckdb`, and opening the working state for reviewers. Does not: what decisions mean
(resolvers/review).

The file is apart because the working state can be made anew from the deliveries, and decisions of people cannot. It belongs into the
backup together with the key.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from resolvers.review.decisions import DATABASE, create_tables
from sources.tables import quoted
from warehouse.keys import read_key
from warehouse.store import WORKING_FILE, WORKING_NAME, StoreInUse, StoreProblem, attach, open_connection, writer_lock

DECISIONS_FILE = "decisions.duckdb"


def attach_decisions(con: duckdb.DuckDBPyConnection, home: Path) -> None:
    """Attach the decisions for writing, made when missing; the caller holds the writer's lock (open_working). Does nothing when they are
    attached already."""
    if con.execute("SELECT 1 FROM duckdb_databases() WHERE database_name = ?", [DATABASE]).fetchone() is None:
        attach(con, home / DECISIONS_FILE, DATABASE, read_key(home), read_only=False)
        create_tables(con)


@contextmanager
def open_review(home: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The working state read-only with the decisions for writing, under the writer's lock.

    Raises StoreInUse while a run is under way, StoreProblem before the first run, KeyProblem, WrongKey.
    """
    if not (home / WORKING_FILE).exists():
        raise StoreProblem(what="there was no run yet", where=str(home), remedy="run `onegrid run` first, or state another --home")
    key = read_key(home)
    try:
        with writer_lock(home):
            con = open_connection(home)
            try:
                # What a killed run left in its log can only be read by a writer.
                left_over = (home / f"{WORKING_FILE}.wal").exists()
                attach(con, home / WORKING_FILE, WORKING_NAME, key, read_only=not left_over)
                con.execute(f"USE {quoted(WORKING_NAME)}")
                attach_decisions(con, home)
                yield con
            finally:
                con.close()
    except StoreInUse as problem:
        raise StoreInUse(
            what=f"a run is under way, and reviewing waits for it: {problem.what}", where=problem.where, remedy=problem.remedy
        ) from None
