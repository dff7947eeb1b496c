"""Dwellings in areas: by their coordinates and by the register, and where the two differ.

Belongs here: the table `dwelling_location` and its counts. Does not: whose home a dwelling is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb
import numpy as np
import polars as pl
import shapely
from numpy.typing import NDArray

from resolvers.geography.history import boundaries_as_of
from resolvers.geography.model import Area
from sources.catalogue import load_catalogue

VERDICTS = ("agree", "differ", "no_coordinates", "outside_city", "no_boundary", "undecided")
HIT = {"code": pl.String, "state": pl.String}


@dataclass(frozen=True)
class LocationReport:
    """Dwellings per verdict, per problem of the coordinates, and per community (of the register) and verdict."""

    dwellings: int
    by_verdict: dict[str, int]
    by_problem: dict[str, int]
    by_community: dict[str, dict[str, int]]


def locate_dwellings(con: duckdb.DuckDBPyConnection, as_of: date) -> LocationReport:
    """Rebuild `dwelling_location` from current_house_registry and the boundaries in force on `as_of`.

    One row per dwelling: longitude and latitude (degrees CGCS2000) as registered; grid and community by coordinates (NULL on a
    border, in an overlap, outside) and by the register (an empty grid cell takes the grid of the same building, else of the same
    door, when all others there have one grid); verdict (VERDICTS); `problem`, what is wrong with the coordinates ('missing',
    'zero', 'swapped', 'impossible', 'outside_city', 'border', 'overlap') or NULL; `grid`, the one to use, and `grid_from`
    ('register', 'building', 'door', 'coordinates'). A grid by coordinates counts only when its community is the register's.
    """
    areas = boundaries_as_of(con, as_of)
    points = con.execute(
        """SELECT DISTINCT longitude, latitude, longitude::DOUBLE AS x, latitude::DOUBLE AS y FROM current_house_registry
           WHERE longitude IS NOT NULL AND latitude IS NOT NULL ORDER BY longitude, latitude"""
    ).pl()
    con.register("located_point", _located(points, areas))
    try:
        con.execute(_BY_REGISTER)
        con.execute(_LOCATION)
    finally:
        con.unregister("located_point")
        con.execute("DROP TABLE IF EXISTS grid_of_register")
    return location_report(con)


def _located(points: pl.DataFrame, areas: Sequence[Area]) -> pl.DataFrame:
    """Per point: community, grid, what is wrong, and whether anything is known there."""
    x, y = points["x"].to_numpy(), points["y"].to_numpy()
    shapes = shapely.points(x, y)
    tree = shapely.STRtree(shapes)
    city, whole = _city(areas)
    inside = _inside(tree, len(shapes), city) if whole else np.ones(len(shapes), dtype=bool)
    mirrored = _inside(shapely.STRtree(shapely.points(y, x)), len(shapes), city or areas)
    found = {level: _hits(tree, len(shapes), [a for a in areas if a.level == level]) for level in ("community", "grid")}
    (community, community_state), (grid, grid_state) = found["community"], found["grid"]
    if not any(area.level == "community" for area in areas):
        community = np.array([code[:12] if code else None for code in grid], dtype=object)
        community_state = grid_state
    state = np.where(community_state != "", community_state, grid_state)
    zero, possible = (x == 0) & (y == 0), (np.abs(x) <= 180) & (np.abs(y) <= 90)
    swapped = mirrored & ~(inside if whole else (community != None) | (grid != None))  # noqa: E711 - element by element
    plain = np.where(possible, "", "impossible")
    turned = (y > 73) & (y < 136) & (x > 3) & (x < 54)
    problem = np.where(zero, "zero", np.where(swapped | turned, "swapped", plain))
    problem = np.where(problem != "", problem, np.where(~inside, "outside_city", state))
    return points.select("longitude", "latitude").with_columns(
        pl.Series("community", community.tolist(), dtype=pl.String),
        pl.Series("grid", grid.tolist(), dtype=pl.String),
        pl.Series("problem", problem.astype(object).tolist(), dtype=pl.String),
    )


def _city(areas: Sequence[Area]) -> tuple[list[Area], bool]:
    """The areas that make up the city, and whether they are all of it."""
    city = [area for area in areas if area.level == "city"]
    if city:
        return city, True
    counties = [area for area in areas if area.level == "county"]
    return counties, {area.code for area in counties} >= {unit.code for unit in load_catalogue().county_units}


def _pairs(tree: shapely.STRtree, areas: Sequence[Area], predicate: Any) -> tuple[NDArray[Any], NDArray[Any]]:
    """Indices (area, point); the polygons are prepared once, so that each costs little however many points it has."""
    shapes = np.array([area.geometry for area in areas], dtype=object)
    area, point = tree.query(shapes, predicate=predicate)
    return area, point


def _inside(tree: shapely.STRtree, count: int, areas: Sequence[Area]) -> NDArray[Any]:
    hit = np.zeros(count, dtype=bool)
    if areas:
        hit[_pairs(tree, areas, "intersects")[1]] = True
    return hit


def _hits(tree: shapely.STRtree, count: int, areas: Sequence[Area]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Code of the only area with the point in its inside; else None with 'border', 'overlap' or '' (no area)."""
    code, state = np.full(count, None, dtype=object), np.full(count, "", dtype=object)
    if not areas:
        return code, state
    area, point = _pairs(tree, areas, "contains_properly")
    within = np.bincount(point, minlength=count)
    code[point] = np.array([one.code for one in areas], dtype=object)[area]
    touched = np.bincount(_pairs(tree, areas, "intersects")[1], minlength=count)
    state[touched > within] = "border"
    state[within > 1] = "overlap"
    code[state != ""] = None
    return code, state


_BY_REGISTER = """
    CREATE OR REPLACE TEMP TABLE grid_of_register AS
    WITH building AS (
        SELECT building_code, min(grid_code) AS grid FROM current_house_registry
        WHERE building_code IS NOT NULL GROUP BY ALL HAVING count(DISTINCT grid_code) = 1),
    door AS (
        SELECT community_code, road, door_no, min(grid_code) AS grid FROM current_house_registry
        WHERE road IS NOT NULL AND door_no IS NOT NULL GROUP BY ALL HAVING count(DISTINCT grid_code) = 1)
    SELECT h.dwelling_code, h.grid_code AS own,
           CASE WHEN left(b.grid, 12) = h.community_code THEN b.grid END AS of_building,
           CASE WHEN left(d.grid, 12) = h.community_code THEN d.grid END AS of_door
    FROM current_house_registry AS h
    LEFT JOIN building AS b ON b.building_code = h.building_code
    LEFT JOIN door AS d ON (d.community_code, d.road, d.door_no) = (h.community_code, h.road, h.door_no)"""

_LOCATION = """
    CREATE OR REPLACE TABLE dwelling_location AS
    WITH joined AS (
        SELECT h.dwelling_code, h.longitude, h.latitude, p.grid AS grid_by_coordinates,
               coalesce(r.own, r.of_building, r.of_door) AS grid_by_address, p.community AS community_by_coordinates,
               h.community_code AS community_by_address,
               CASE WHEN h.longitude IS NULL OR h.latitude IS NULL THEN 'missing' ELSE nullif(p.problem, '') END AS problem,
               CASE WHEN r.own IS NOT NULL THEN 'register' WHEN r.of_building IS NOT NULL THEN 'building'
                    WHEN r.of_door IS NOT NULL THEN 'door' END AS from_address
        FROM current_house_registry AS h
        JOIN grid_of_register AS r USING (dwelling_code)
        LEFT JOIN located_point AS p ON p.longitude = h.longitude AND p.latitude = h.latitude),
    judged AS (
        SELECT *, CASE
            WHEN problem IN ('missing', 'zero') THEN 'no_coordinates'
            WHEN problem IN ('swapped', 'impossible', 'outside_city') THEN 'outside_city'
            WHEN community_by_coordinates <> community_by_address THEN 'differ'
            WHEN grid_by_coordinates <> grid_by_address THEN 'differ'
            WHEN problem IN ('border', 'overlap') THEN 'undecided'
            WHEN community_by_coordinates IS NULL THEN 'no_boundary'
            ELSE 'agree' END AS verdict
        FROM joined)
    SELECT dwelling_code, longitude, latitude, grid_by_coordinates, grid_by_address, community_by_coordinates, community_by_address,
           verdict, problem,
           coalesce(grid_by_address, CASE WHEN verdict = 'agree' THEN grid_by_coordinates END) AS grid,
           coalesce(from_address, CASE WHEN verdict = 'agree' AND grid_by_coordinates IS NOT NULL THEN 'coordinates' END) AS grid_from
    FROM judged ORDER BY dwelling_code"""


def location_report(con: duckdb.DuckDBPyConnection) -> LocationReport:
    """Counts of `dwelling_location`; no dwelling and no person in it."""
    rows = con.execute(
        """SELECT coalesce(community_by_address, ''), verdict, coalesce(problem, ''), count(*) FROM dwelling_location
           GROUP BY ALL ORDER BY ALL"""
    ).fetchall()
    by_verdict = dict.fromkeys(VERDICTS, 0)
    by_problem: dict[str, int] = {}
    by_community: dict[str, dict[str, int]] = {}
    for community, verdict, problem, dwellings in rows:
        by_verdict[verdict] += dwellings
        if problem:
            by_problem[problem] = by_problem.get(problem, 0) + dwellings
        own = by_community.setdefault(community, dict.fromkeys(VERDICTS, 0))
        own[verdict] += dwellings
    return LocationReport(sum(by_verdict.values()), by_verdict, by_problem, by_community)
