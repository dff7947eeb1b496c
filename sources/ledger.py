"""The ledger: which deliveries are known and how far each has come.

Belongs here: all working tables, lines of the ledger, the memory of withdrawals.
Does not: reading deliveries (sources.landing), what they change (sources.history).
"""

from __future__ import annotations

from datetime import date
from typing import Any

import duckdb

from sources.catalogue import load_catalogue
from sources.tables import SHARED_TABLES, category_tables, create_table, quoted

EXTRA_LEDGER_COLUMNS = {"manifest_hash": "VARCHAR"}
"""Tells a run without reading data whether something was sent again."""
WITHDRAWN = {"category": "VARCHAR", "key_hash": "VARCHAR", "withdrawn_on": "DATE"}
"""One withdrawn record: salted hash of its key, and the delivery that withdrew it. Nothing else is left of it."""


def create_tables(con: duckdb.DuckDBPyConnection) -> None:
    """All working tables that are missing."""
    for contract in load_catalogue().deliverable.values():
        for name, columns in category_tables(contract).items():
            con.execute(create_table(name, columns))
    for name, columns in SHARED_TABLES.items():
        con.execute(create_table(name, columns))
    present = {row[0] for row in con.execute("SELECT column_name FROM (DESCRIBE ledger)").fetchall()}
    for column, sql_type in EXTRA_LEDGER_COLUMNS.items():
        if column not in present:
            con.execute(f"ALTER TABLE ledger ADD COLUMN {quoted(column)} {sql_type}")
    con.execute(create_table("withdrawn", WITHDRAWN))
    con.execute(create_table("withdrawn_salt", {"salt": "VARCHAR"}))


def known_hash(con: duckdb.DuckDBPyConnection, category: str, delivery_date: date) -> tuple[str, str | None] | None:
    """Content hash and manifest hash of the delivery of that day, None when it is not known or was refused."""
    row = con.execute(
        "SELECT content_hash, manifest_hash FROM ledger "
        "WHERE category = ? AND delivery_date = ? AND stage <> 'refused'",
        [category, delivery_date],
    ).fetchone()
    return None if row is None else (str(row[0]), row[1])


def has_full_before(con: duckdb.DuckDBPyConnection, category: str, delivery_date: date) -> bool:
    """Whether a full delivery of an earlier day is there."""
    return (
        con.execute(
            "SELECT 1 FROM ledger "
            "WHERE category = ? AND delivery_date < ? AND kind = 'full' AND stage <> 'refused' LIMIT 1",
            [category, delivery_date],
        ).fetchone()
        is not None
    )


def forget_refusals(con: duckdb.DuckDBPyConnection, category: str, delivery_date: date) -> None:
    """A delivery of that day was accepted, or is judged anew: earlier refusals of it are over."""
    con.execute(
        "DELETE FROM ledger WHERE category = ? AND delivery_date = ? AND stage = 'refused'", [category, delivery_date]
    )


def add_line(con: duckdb.DuckDBPyConnection, **line: Any) -> None:
    """One line of the ledger; columns that are not named stay NULL."""
    names = ", ".join(quoted(name) for name in line)
    marks = ", ".join("?" for _ in line)
    con.execute(f"INSERT INTO ledger ({names}) VALUES ({marks})", list(line.values()))


def confirm_manifest(con: duckdb.DuckDBPyConnection, category: str, delivery_date: date, manifest_hash: str) -> None:
    """The delivery was looked at again and is the same."""
    con.execute(
        "UPDATE ledger SET manifest_hash = ? WHERE category = ? AND delivery_date = ? AND stage <> 'refused'",
        [manifest_hash, category, delivery_date],
    )
