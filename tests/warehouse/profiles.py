"""Profile tables for tests: all 115 columns in their types, filled only where a case says so."""

from __future__ import annotations

from datetime import date
from typing import Any

import duckdb

from sources.catalogue import load_catalogue
from sources.tables import SHARED_TABLES, create_table
from tests.factories import insert

PROFILE_TYPES = {
    "integer": "BIGINT",
    "decimal": "DECIMAL(18,6)",
    "date": "DATE",
    "boolean": "BOOLEAN",
    "code_list": "VARCHAR[]",
    "string_list": "VARCHAR[]",
}


def profile_columns() -> dict[str, str]:
    """SQL type of each attribute; what is not named is text."""
    return {
        attribute.name: PROFILE_TYPES.get(attribute.type, "VARCHAR")
        for attribute in load_catalogue().attributes.values()
    }


def create_profiles(con: duckdb.DuckDBPyConnection, *, published: bool = True) -> None:
    """Empty profile, profile_open and everybody; published profiles carry known_from as in a snapshot."""
    columns = profile_columns() | ({"known_from": "VARCHAR"} if published else {})
    for name in ("profile", "profile_open"):
        con.execute(create_table(name, columns))
    con.execute(create_table("everybody", SHARED_TABLES["everybody"]))


def a_person(
    con: duckdb.DuckDBPyConnection,
    person_id: str,
    *,
    only_restricted: dict[str, Any] | None = None,
    known_from: str = "open",
    published: bool = True,
    **values: Any,
) -> None:
    """One person in both profiles; `only_restricted` holds what profile states beyond profile_open."""
    values = {"vital_status": "1"} | values | ({"known_from": known_from} if published else {})
    insert(con, "profile_open", person_id=person_id, **values)
    insert(con, "profile", person_id=person_id, **(values | (only_restricted or {})))
    insert(con, "everybody", person_id=person_id, known_from=known_from, match_confidence=1.0)


def publish(con: duckdb.DuckDBPyConnection, as_of: date, seed: bytes = bytes(32)) -> None:
    """`published`, as a snapshot has it; another seed, other noise in statistics."""
    con.execute("CREATE OR REPLACE TABLE published AS SELECT ?::DATE AS as_of, ?::BLOB AS statistics_seed", [as_of, seed])
