"""Small tables for tests: every working table empty, then only the rows and columns that a case is about."""

from __future__ import annotations

import itertools
from typing import Any

import duckdb

from sources.catalogue import load_catalogue
from sources.tables import SHARED_TABLES, category_tables, create_table, quoted

_record_ids = itertools.count(1)


def an_empty_city() -> duckdb.DuckDBPyConnection:
    """An in-memory database with all working tables, empty."""
    con = duckdb.connect()
    for contract in load_catalogue().contracts.values():
        for name, columns in category_tables(contract).items():
            con.execute(create_table(name, columns))
    for name, columns in SHARED_TABLES.items():
        con.execute(create_table(name, columns))
    return con


def insert(con: duckdb.DuckDBPyConnection, table: str, **values: Any) -> None:
    """One row into any table; columns that are not named stay NULL."""
    names = ", ".join(quoted(name) for name in values)
    marks = ", ".join("?" for _ in values)
    con.execute(f"INSERT INTO {quoted(table)} ({names}) VALUES ({marks})", list(values.values()))


def a_record(con: duckdb.DuckDBPyConnection, category: str, persons: dict[str, str] | str | None = None, **values: Any) -> int:
    """A current record; `persons` maps role to person_id (a bare string means the contract's first role). Returns its record_id."""
    contract = load_catalogue().contracts[category]
    record_id = values.pop("record_id", None) or next(_record_ids)
    natural_key = values.pop("natural_key", None) or f"k{record_id:06d}"
    values.setdefault("delivery_date", "2025-01-01")
    values.setdefault("updated_on", "2025-01-01")
    values.setdefault("left_out", False)
    insert(con, f"current_{category}", record_id=record_id, natural_key=natural_key, **values)
    if isinstance(persons, str):
        persons = {contract.person_roles[0].role: persons}
    for role, person_id in (persons or {}).items():
        subject = contract.role(role).subject
        insert(con, "mention_person", record_id=record_id, category=category, natural_key=natural_key, role=role, subject=subject,
               person_id=person_id)
        if not con.execute("SELECT 1 FROM everybody WHERE person_id = ?", [person_id]).fetchone():
            insert(con, "everybody", person_id=person_id, known_from="open", match_confidence=1.0)
    return record_id
