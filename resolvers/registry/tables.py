"""Tables of the registry: made when missing, brought forward from their first layout.

Belongs here: their columns and questions about which tables and columns there are. Does not: filling them.
"""

from __future__ import annotations

import duckdb

from sources.tables import create_table, quoted

TABLES: dict[str, dict[str, str]] = {
    "person_member": {
        "category": "VARCHAR",
        "natural_key": "VARCHAR",
        "role": "VARCHAR",
        "person_id": "VARCHAR",
        "run": "BIGINT",
        "gone_run": "BIGINT",
        "content": "UBIGINT",
    },
    "person_past": {
        "category": "VARCHAR",
        "natural_key": "VARCHAR",
        "role": "VARCHAR",
        "person_id": "VARCHAR",
        "since_run": "BIGINT",
        "until_run": "BIGINT",
    },
    "person_registry": {"person_id": "VARCHAR", "first_run": "BIGINT", "run": "BIGINT", "state": "VARCHAR"},
    "person_change": {
        "run": "BIGINT",
        "kind": "VARCHAR",
        "person_id": "VARCHAR",
        "other_person_id": "VARCHAR",
        "mentions": "BIGINT",
        "category_l": "VARCHAR",
        "natural_key_l": "VARCHAR",
        "role_l": "VARCHAR",
        "category_r": "VARCHAR",
        "natural_key_r": "VARCHAR",
        "role_r": "VARCHAR",
        "weight": "DOUBLE",
        "reason": "VARCHAR",
        "decision_id": "VARCHAR",
    },
    "person_run": {
        "run": "BIGINT",
        "first": "BOOLEAN",
        "mentions": "BIGINT",
        "mentions_changed": "BIGINT",
        "ids_before": "BIGINT",
        "ids_after": "BIGINT",
        "ids_new": "BIGINT",
        "ids_gone": "BIGINT",
        "ids_members_changed": "BIGINT",
        "ids_merged": "BIGINT",
        "ids_split": "BIGINT",
        "ids_returned": "BIGINT",
        "decisions_changed": "BIGINT",
    },
}
"""`person_member.run`: since when the mention is with this person; `content`: digest of what it stated when last seen,
NULL where `mention` was not there to tell. `person_change.mentions`: how many moved with the change."""

KEY = "category, natural_key, role"
"""Names a mention from run to run; a mention_id is that of one run."""


def columns_of(con: duckdb.DuckDBPyConnection, name: str) -> set[str]:
    return {row[0] for row in con.execute(f"DESCRIBE {quoted(name)}").fetchall()}


def create_tables(con: duckdb.DuckDBPyConnection) -> None:
    """Make what is missing. The first layout had no state, cause or past; what can be known of it is filled in."""
    present: dict[str, set[str]] = {}
    for name, column in con.execute(
        """SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = current_database() AND NOT internal
           AND table_name LIKE 'person_%'"""
    ).fetchall():
        present.setdefault(name, set()).add(column)
    registry_is_old = "state" not in present.get("person_registry", {"state"})
    for name, columns in TABLES.items():
        if name not in present:
            con.execute(create_table(name, columns))
        for missing in [column for column in columns if column not in present.get(name, columns)]:
            con.execute(f"ALTER TABLE {quoted(name)} ADD COLUMN {quoted(missing)} {columns[missing]}")
    if registry_is_old:
        _bring_forward(con)


def _bring_forward(con: duckdb.DuckDBPyConnection) -> None:
    """`run` of a member was the last run that saw it, `run` of an id the last run that used it."""
    con.execute("""
        UPDATE person_member SET gone_run = run + 1 WHERE run < (SELECT max(run) FROM person_registry)""")
    con.execute("""
        UPDATE person_member SET run = first_run FROM person_registry
        WHERE person_registry.person_id = person_member.person_id""")
    con.execute("""
        UPDATE person_registry SET state = CASE
            WHEN run = (SELECT max(run) FROM person_registry) THEN 'current'
            WHEN person_id IN (SELECT person_id FROM person_change WHERE kind = 'merged') THEN 'merged'
            ELSE 'retired' END""")
    con.execute("""
        INSERT INTO person_run (run, first, ids_after) SELECT max(run), false, count(*) FILTER (state = 'current')
        FROM person_registry HAVING count(*) > 0""")


def next_run(con: duckdb.DuckDBPyConnection) -> int:
    """The number of the next run: one more than the last that the registry knows, 1 for an empty registry."""
    create_tables(con)
    row = con.execute("SELECT coalesce(max(run), 0) + 1 FROM person_run").fetchone()
    return int(row[0]) if row else 1
