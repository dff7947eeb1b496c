"""Names, columns and SQL types of the working tables, derived from the contracts.

Belongs here: what the landed, typed, history and current tables of a category look like, safe quoting of identifiers,
and whether a table is there.
Does not: filling them.
"""

from __future__ import annotations

import duckdb

from sources.catalogue.models import Column, Contract

SQL_TYPES = {
    "string": "VARCHAR",
    "name": "VARCHAR",
    "id_number": "VARCHAR",
    "code": "VARCHAR",
    "date": "DATE",
    "datetime": "TIMESTAMP",
    "month": "VARCHAR",
    "year": "INTEGER",
    "integer": "BIGINT",
    "decimal": "DECIMAL(18,6)",
    "phone": "VARCHAR",
    "address": "VARCHAR",
}
"""SQL type of a typed column by the type of the contract; a month is text YYYY-MM."""

LANDED_SYSTEM_COLUMNS = {"delivery_date": "DATE", "position": "BIGINT", "torn": "BOOLEAN", "raw_line": "VARCHAR"}
TYPED_SYSTEM_COLUMNS = {"delivery_date": "DATE", "position": "BIGINT", "natural_key": "VARCHAR", "operation": "VARCHAR",
                        "order_value": "TIMESTAMP"}
HISTORY_COLUMNS = {"natural_key": "VARCHAR", "valid_from": "DATE", "valid_to": "DATE", "delivery_date": "DATE", "position": "BIGINT"}
CURRENT_SYSTEM_COLUMNS = {"record_id": "BIGINT", "natural_key": "VARCHAR", "delivery_date": "DATE", "position": "BIGINT",
                          "updated_on": "DATE", "left_out": "BOOLEAN"}


def quoted(name: str) -> str:
    """An SQL identifier; the only way a table or column name enters a statement."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """An SQL string literal, for constants of the catalogue. Values of deliveries are always parameters."""
    return "'" + text.replace("'", "''") + "'"


def typed_type(column: Column) -> str:
    """SQL type of a column after reading; a column with several codes in one cell is a list."""
    return "VARCHAR[]" if column.multiple else SQL_TYPES[column.type]


def typed_columns(contract: Contract) -> dict[str, str]:
    """Typed content columns in contract order; an id_number column is followed by `<name>_state`."""
    columns: dict[str, str] = {}
    for column in contract.data_columns:
        columns[column.name] = typed_type(column)
        if column.type == "id_number":
            columns[f"{column.name}_state"] = "VARCHAR"
    return columns


def landed_columns(contract: Contract) -> dict[str, str]:
    """Columns of `landed_<category>`: where the row stood, then every cell as text as sent."""
    return LANDED_SYSTEM_COLUMNS | {column.name: "VARCHAR" for column in contract.data_columns}


def create_table(name: str, columns: dict[str, str], *, temporary: bool = False) -> str:
    """CREATE TABLE IF NOT EXISTS statement."""
    body = ", ".join(f"{quoted(column)} {sql_type}" for column, sql_type in columns.items())
    return f"CREATE {'TEMP ' if temporary else ''}TABLE IF NOT EXISTS {quoted(name)} ({body})"


def has_table(con: duckdb.DuckDBPyConnection, name: str) -> bool:
    """Whether a table or view of this name can be read without a qualifier."""
    row = con.execute(
        """SELECT (SELECT count(*) FROM duckdb_tables() WHERE table_name = $1 AND database_name IN (current_database(), 'temp'))
                + (SELECT count(*) FROM duckdb_views() WHERE view_name = $1 AND database_name IN (current_database(), 'temp'))""",
        [name],
    ).fetchone()
    return bool(row and row[0])


def category_tables(contract: Contract) -> dict[str, dict[str, str]]:
    """The four tables of a category by name, each with its columns and types."""
    category = contract.category
    return {
        f"landed_{category}": landed_columns(contract),
        f"typed_{category}": TYPED_SYSTEM_COLUMNS | typed_columns(contract),
        f"history_{category}": HISTORY_COLUMNS,
        f"current_{category}": CURRENT_SYSTEM_COLUMNS | typed_columns(contract),
    }


SHARED_TABLES: dict[str, dict[str, str]] = {
    "ledger": {"department": "VARCHAR", "category": "VARCHAR", "delivery_date": "DATE", "kind": "VARCHAR", "content_hash": "VARCHAR",
               "schema_version": "VARCHAR", "stage": "VARCHAR", "delivered": "BIGINT", "accepted": "BIGINT", "quarantined": "BIGINT",
               "duplicate_keys": "BIGINT", "inserted": "BIGINT", "updated": "BIGINT", "deleted": "BIGINT", "delete_of_unknown": "BIGINT",
               "update_of_unknown": "BIGINT", "insert_of_known": "BIGINT", "older_order_value": "BIGINT", "extra_columns": "VARCHAR[]"},
    "quarantine": {"category": "VARCHAR", "delivery_date": "DATE", "position": "BIGINT", "reason": "VARCHAR", "sentence": "VARCHAR",
                   "natural_key": "VARCHAR", "released_on": "DATE"},
    "cell_flags": {"category": "VARCHAR", "delivery_date": "DATE", "position": "BIGINT", "column_name": "VARCHAR", "flag": "VARCHAR"},
    "mention_person": {"record_id": "BIGINT", "category": "VARCHAR", "natural_key": "VARCHAR", "role": "VARCHAR", "subject": "BOOLEAN",
                       "person_id": "VARCHAR"},
    "everybody": {"person_id": "VARCHAR", "known_from": "VARCHAR", "match_confidence": "DOUBLE"},
    "place": {"record_id": "BIGINT", "category": "VARCHAR", "column_name": "VARCHAR", "address": "VARCHAR", "standard_address": "VARCHAR",
              "outside_city": "BOOLEAN", "county_code": "VARCHAR", "township_code": "VARCHAR", "township_named": "BOOLEAN",
              "community_code": "VARCHAR", "road": "VARCHAR", "door_no": "VARCHAR", "village_group": "VARCHAR", "building": "VARCHAR",
              "unit": "VARCHAR", "room": "VARCHAR", "dwelling_code": "VARCHAR", "dwelling_from": "VARCHAR", "level": "VARCHAR",
              "method": "VARCHAR", "score": "DOUBLE", "candidates": "BIGINT"},
    "place_past": {"category": "VARCHAR", "natural_key": "VARCHAR", "column_name": "VARCHAR", "valid_from": "DATE", "valid_to": "DATE",
                   "address": "VARCHAR", "outside_city": "BOOLEAN", "township_code": "VARCHAR", "community_code": "VARCHAR",
                   "dwelling_code": "VARCHAR", "level": "VARCHAR", "method": "VARCHAR", "score": "DOUBLE"},
    "disowned_number": {"record_id": "BIGINT", "role": "VARCHAR", "id_number": "VARCHAR", "reason": "VARCHAR"},
    "alert": {"alert_id": "VARCHAR", "check": "VARCHAR", "severity": "VARCHAR", "person_id": "VARCHAR", "subject_key": "VARCHAR",
              "state": "VARCHAR", "opened_on": "DATE", "closed_on": "DATE", "detail": "VARCHAR", "facts": "VARCHAR", "due_on": "DATE"},
    "alert_addressee": {"alert_id": "VARCHAR", "department": "VARCHAR", "state": "VARCHAR", "due_on": "DATE"},
    "change_offer": {"change_id": "VARCHAR", "origin": "VARCHAR", "department": "VARCHAR", "category": "VARCHAR", "natural_key": "VARCHAR",
                     "person_id": "VARCHAR", "attribute": "VARCHAR", "column_name": "VARCHAR", "held": "VARCHAR", "offered": "VARCHAR",
                     "since": "DATE", "told_zh": "VARCHAR", "told_en": "VARCHAR"},
    "alert_record": {"alert_id": "VARCHAR", "category": "VARCHAR", "natural_key": "VARCHAR"},
}
"""Tables that are not per category; docs/architecture.md says what one row of each means."""
