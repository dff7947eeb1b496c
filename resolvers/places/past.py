"""Addresses that records held before: earlier versions of current records, read beside the current cells.

Belongs here: which earlier cells count, and the table `place_past`. Does not: whose they are (warehouse/residences.py).
"""

from __future__ import annotations

from collections.abc import Iterable

import duckdb

from sources.tables import SHARED_TABLES, create_table, has_table, literal, quoted


def past_cells(con: duckdb.DuckDBPyConnection, cells: Iterable[tuple[str, str, str | None]], cell_columns: dict[str, str]) -> None:
    """In: address cells (category, column, column of the dwelling code) and the SQL of their columns in `place_cell`. Adds to
    `place_cell`, under negative record ids; out: temporary `place_version` (record_id, category, natural_key, column_name,
    valid_from, valid_to).

    An earlier version counts while its record still exists (a deleted one is nobody's claim) and said something else.
    """
    con.execute("""CREATE OR REPLACE TEMP TABLE place_version (record_id BIGINT, category VARCHAR, natural_key VARCHAR,
                   column_name VARCHAR, valid_from DATE, valid_to DATE)""")
    for category, column, dwelling in cells:
        if not (has_table(con, f"history_{category}") and has_table(con, f"typed_{category}")):
            continue
        said = [column, *([dwelling] if dwelling else [])]
        other = " OR ".join(f"t.{quoted(name)} IS DISTINCT FROM c.{quoted(name)}" for name in said)
        con.execute(f"""
            CREATE OR REPLACE TEMP TABLE earlier_version AS
            SELECT (SELECT -count(*) FROM place_version) - row_number() OVER (ORDER BY h.natural_key, h.valid_from, h.position)
                       AS version_id, h.valid_from, h.valid_to, t.*
            FROM {quoted(f"history_{category}")} h
            JOIN {quoted(f"typed_{category}")} t USING (natural_key, delivery_date, position)
            JOIN {quoted(f"current_{category}")} c USING (natural_key)
            WHERE h.valid_to > h.valid_from AND t.{quoted(column)} IS NOT NULL AND ({other})""")
        con.execute(f"""INSERT INTO place_version SELECT version_id, {literal(category)}, natural_key, {literal(column)}, valid_from,
                        valid_to FROM earlier_version""")
        con.execute(f"INSERT INTO place_cell SELECT version_id, {cell_columns[f'{category}.{column}']} FROM earlier_version")
        con.execute("DROP TABLE earlier_version")


def move_past(con: duckdb.DuckDBPyConnection) -> None:
    """Takes the earlier cells out of `place` into `place_past`, one row per record, column and earlier version."""
    con.execute("DROP TABLE IF EXISTS place_past")
    con.execute(create_table("place_past", SHARED_TABLES["place_past"]))
    columns = ", ".join(quoted(name) for name in SHARED_TABLES["place_past"])
    con.execute(f"INSERT INTO place_past SELECT {columns} FROM place JOIN place_version USING (record_id, category, column_name)")
    con.execute("DELETE FROM place WHERE record_id < 0")
    con.execute("DROP TABLE temp.place_version")
