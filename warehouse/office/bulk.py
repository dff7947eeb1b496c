"""Many rows at once between DuckDB and the office: half a million objects one by one would not pay.

Belongs here: temporary tables from rows, rows from queries, statements for many rows. Does not: what they mean.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import duckdb
import pyarrow as pa
from sqlalchemy.orm import Session

BATCH = 20_000
BATCH_OF_IDS = 500
"""Ids in one condition; SQLite takes no more than some thousand parameters."""


def load_rows(con: duckdb.DuckDBPyConnection, name: str, rows: Sequence[Any], columns: dict[str, pa.DataType]) -> None:
    arrays = [pa.array([row[place] for row in rows], kind) for place, kind in enumerate(columns.values())]
    """A temporary table of rows by position; it replaces one of the same name."""
    con.register("book_rows", pa.table(arrays, names=list(columns)))
    con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS FROM book_rows")
    con.unregister("book_rows")


def rows_of(con: duckdb.DuckDBPyConnection, statement: str, parameters: list[Any] | None = None) -> list[dict[str, Any]]:
    """The rows of a query as dicts."""
    cursor = con.execute(statement, parameters or [])
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def batches(rows: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Parts of at most BATCH rows."""
    for start in range(0, len(rows), BATCH):
        yield rows[start : start + BATCH]


def update_many(session: Session, statement: Any, rows: list[dict[str, Any]]) -> None:
    """One statement for many rows, past the unit of work: half a million objects would not pay."""
    for batch in batches(rows):
        session.connection().execute(statement, batch)
