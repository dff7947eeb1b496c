"""Handcrafted landed deliveries: only the cells that a case is about, every other cell empty."""

from __future__ import annotations

from datetime import date
from typing import Any

import duckdb

from sources.catalogue import load_catalogue
from tests.factories import insert

DAY = date(2025, 1, 1)
KEYS: dict[str, dict[str, Any]] = {"pension_insurance": {"scheme": "110"}, "medical_insurance": {"scheme": "390", "insured_year": "2025"}}
"""Cells besides the first key column that a record of these categories needs."""


def a_delivery(con: duckdb.DuckDBPyConnection, category: str, rows: list[dict[str, Any]], *, day: date = DAY, kind: str = "full") -> None:
    """One landed delivery; a row without its key columns gets a key of its own, `{key: None}` leaves it out."""
    contract = load_catalogue().contracts[category]
    insert(con, "ledger", department=contract.department, category=category, delivery_date=day, kind=kind, stage="landed",
           delivered=len(rows))
    for position, row in enumerate(rows, start=1):
        cells = {contract.natural_key[0]: f"K{position:06d}"} | KEYS.get(category, {}) | row
        insert(con, f"landed_{category}", delivery_date=day, position=position, **{"torn": False} | cells)


def column_of(con: duckdb.DuckDBPyConnection, table: str, column: str, day: date = DAY) -> dict[int, Any]:
    """Values of a typed column by position."""
    return dict(con.execute(f'SELECT position, "{column}" FROM {table} WHERE delivery_date = ?', [day]).fetchall())


def flags_of(con: duckdb.DuckDBPyConnection, column: str, day: date = DAY) -> dict[int, set[str]]:
    """Flags of a column by position; rows without flags are not in it."""
    found: dict[int, set[str]] = {}
    rows = con.execute("SELECT position, flag FROM cell_flags WHERE column_name = ? AND delivery_date = ?", [column, day]).fetchall()
    for position, flag in rows:
        found.setdefault(position, set()).add(flag)
    return found
