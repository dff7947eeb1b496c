"""The table `boundary`: every version of every area with the days it was in force.

Belongs here: loading and reading it. Does not: files (geojson.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import duckdb
import polars as pl
import shapely

from resolvers.geography.model import LEVELS, Area, BoundariesRefused
from sources.tables import create_table, has_table

BOUNDARY = {"area_code": "VARCHAR", "level": "VARCHAR", "name": "VARCHAR", "parent": "VARCHAR", "geometry": "BLOB", "valid_from": "DATE",
            "valid_to": "DATE", "source": "VARCHAR"}
"""One row per area and version; in force from valid_from to the day before valid_to (NULL: still). Kept from run to run."""


@dataclass(frozen=True)
class LoadCounts:
    """What loading did: areas new, changed (the former version ended), corrected (replaced on its first day), unchanged, ended."""

    new: int
    changed: int
    corrected: int
    unchanged: int
    ended: int


def load_boundaries(
    con: duckdb.DuckDBPyConnection, areas: Sequence[Area], from_day: date, source: str, *, complete: bool = False
) -> LoadCounts:
    """Put areas in force from a day; versions that differ end that day. Equal areas change nothing.

    `complete`: the areas are all of their levels; others of these levels end. Raises BoundariesRefused, and changes nothing, when
    an area has a version that begins later: boundaries are loaded in the order of their days.
    """
    con.execute(create_table("boundary", BOUNDARY))
    incoming = pl.DataFrame(
        {
            "area_code": [area.code for area in areas],
            "level": [area.level for area in areas],
            "name": [area.name for area in areas],
            "parent": [area.parent for area in areas],
            "geometry": [shapely.to_wkb(area.geometry) for area in areas],
        },
        schema={"area_code": pl.String, "level": pl.String, "name": pl.String, "parent": pl.String, "geometry": pl.Binary},
    )
    con.register("incoming_boundary", incoming)
    con.execute("BEGIN TRANSACTION")
    try:
        counts = _replace(con, from_day, source, complete)
        con.execute("COMMIT")
    except BaseException:
        con.execute("ROLLBACK")
        raise
    finally:
        con.unregister("incoming_boundary")
    return counts


_DIFFERS = "(b.geometry, b.level, b.parent, b.name) IS DISTINCT FROM (i.geometry, i.level, i.parent, coalesce(i.name, b.name))"


def _number(con: duckdb.DuckDBPyConnection, statement: str, values: list[object]) -> int:
    row = con.execute(statement, values).fetchone()
    return int(row[0]) if row else 0


def _replace(con: duckdb.DuckDBPyConnection, from_day: date, source: str, complete: bool) -> LoadCounts:
    gone = "level IN (SELECT level FROM incoming_boundary) AND area_code NOT IN (SELECT area_code FROM incoming_boundary)"
    touched = f"area_code IN (SELECT area_code FROM incoming_boundary){f' OR ({gone})' if complete else ''}"
    later = _number(con, f"SELECT count(*) FROM boundary WHERE greatest(valid_from, coalesce(valid_to, valid_from)) > $1 AND ({touched})",
                    [from_day])
    if later:
        raise BoundariesRefused(what=f"{later} of these areas have boundaries of a later day", where=str(from_day),
                                remedy="load boundaries in the order of their days")
    ended = _number(con, f"SELECT count(*) FROM boundary WHERE valid_to IS NULL AND {gone}", []) if complete else 0
    if complete:
        con.execute(f"DELETE FROM boundary WHERE valid_from = $1 AND valid_to IS NULL AND {gone}", [from_day])
        con.execute(f"UPDATE boundary SET valid_to = $1 WHERE valid_to IS NULL AND {gone}", [from_day])
    total = _number(con, "SELECT count(*) FROM incoming_boundary", [])
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE boundary_step AS
            SELECT i.area_code, i.level, coalesce(i.name, b.name) AS name, i.parent, i.geometry,
                   b.area_code IS NULL AS fresh, coalesce(b.valid_from = $1, false) AS same_day
            FROM incoming_boundary AS i LEFT JOIN boundary AS b ON b.area_code = i.area_code AND b.valid_to IS NULL
            WHERE b.area_code IS NULL OR {_DIFFERS}""",
        [from_day],
    )
    row = con.execute("SELECT count(*) FILTER (fresh), count(*) FILTER (same_day), count(*) FROM boundary_step").fetchone()
    fresh, corrected, steps = row if row else (0, 0, 0)
    stepping = "valid_to IS NULL AND area_code IN (SELECT area_code FROM boundary_step)"
    con.execute(f"DELETE FROM boundary WHERE valid_from = $1 AND {stepping}", [from_day])
    con.execute(f"UPDATE boundary SET valid_to = $1 WHERE {stepping}", [from_day])
    con.execute(
        """INSERT INTO boundary SELECT area_code, level, name, parent, geometry, $1, NULL, $2 FROM boundary_step ORDER BY area_code""",
        [from_day, source],
    )
    con.execute("DROP TABLE boundary_step")
    return LoadCounts(fresh, steps - fresh - corrected, corrected, total - steps, ended)


def boundaries_as_of(con: duckdb.DuckDBPyConnection, day: date) -> list[Area]:
    """Areas in force on a day, from the city down, by code; none when no boundaries were ever loaded."""
    if not has_table(con, "boundary"):
        return []
    rows = con.execute(
        """SELECT area_code, level, name, parent, geometry FROM boundary
           WHERE valid_from <= $1 AND (valid_to IS NULL OR valid_to > $1) ORDER BY list_position($2, level), area_code""",
        [day, list(LEVELS)],
    ).fetchall()
    return [Area(code, level, name, parent, shapely.from_wkb(bytes(wkb))) for code, level, name, parent, wkb in rows]
