"""The roll-up: residents, households, dwellings and every value of the 30 classes per area, made once per snapshot.

Belongs here: the tables `area` and `area_count` and how they are made. Does not: who may read which of them (areas_told.py).

    area        one row per area: code, level (city, county, township, community, grid), name, parent
    area_count  one row per readers, area, measure and value that counts at least one: `people` who live there (known at that level
                or below). measure: residents, households, dwellings, or an attribute of a class; value: its cell (queries/cells.py), NULL
                where the attribute is missing. readers: open, public_health, legal_service, whose profiles differ (decision 0005)

Residents are the people whom a class query means: alive, visible to the readers, with a place in the city. A household is a household_id
with a resident; it lies where its dwelling does. Every code begins with the code of its parent, and each row counts in every area above it,
so that the parts of an area and those who are known no further down sum to it.
"""

from __future__ import annotations

import duckdb

from sources.catalogue import load_catalogue
from sources.tables import literal
from warehouse.areas import CITY, DIGITS
from warehouse.purposes import HEALTH, JUSTICE, Reading, reading
from warehouse.queries.cells import cell_of, cell_value
from warehouse.queries.values import LEVELS

OPEN = "open"
READERS = {OPEN: "grid_service", HEALTH: HEALTH, JUSTICE: JUSTICE}
"""Readers and a purpose that reads as they do; what a purpose opens is asked when it reads."""
RESIDENTS, HOUSEHOLDS, DWELLINGS = "residents", "households", "dwellings"
LEVEL_NAMES = dict(zip(DIGITS, ("county", "township", "community", "grid"), strict=True))
PLACES = tuple(LEVELS.values())
"""Attributes of a place, widest first."""
TABLES = ("area", "area_count")


def readers_of(purpose: str) -> str:
    """Which rows of area_count a purpose reads."""
    return purpose if purpose in READERS else OPEN


def measured() -> dict[str, str]:
    """Attribute and class of everything counted beyond the totals; the area itself is no measure."""
    classes = load_catalogue().classes.values()
    return {attribute: klass.name for klass in classes for attribute in klass.attributes if attribute not in PLACES}


def build(con: duckdb.DuckDBPyConnection) -> int:
    """Make TABLES from profile, profile_open and current_house_registry; returns the rows of area_count."""
    con.execute("""
        CREATE OR REPLACE TEMP TABLE area_cell (readers VARCHAR, place VARCHAR, measure VARCHAR, value VARCHAR, people BIGINT)""")
    for readers, purpose in READERS.items():
        _count_persons(con, readers, reading(purpose))
    _count_dwellings(con)
    con.execute(f"""
        CREATE OR REPLACE TABLE area_count AS
        SELECT readers, area_code, measure, value, sum(people)::BIGINT AS people
        FROM (SELECT *, unnest({_path("place")}) AS area_code FROM area_cell)
        GROUP BY ALL ORDER BY readers, area_code, measure, value""")
    _name_areas(con)
    con.execute("DROP TABLE temp.area_cell")
    (rows,) = con.execute("SELECT count(*) FROM area_count").fetchone() or (0,)
    return int(rows)


def _path(place: str) -> str:
    """SQL: the codes of all areas that a place lies in, itself included."""
    inside = ", ".join(f"CASE WHEN length({place}) >= {digits} THEN left({place}, {digits}) END" for digits in DIGITS)
    return f"list_filter([{literal(CITY)}, {inside}], lambda code: code IS NOT NULL)"


def _count_persons(con: duckdb.DuckDBPyConnection, readers: str, source: Reading) -> None:
    """area_cell of one group of readers: residents, households, and the cells of every class that they may read."""
    place = f"coalesce({', '.join(source.expression(level) for level in reversed(PLACES))})"
    there = f"{source.condition} AND {source.expression('residence_county')} IS NOT NULL"
    alive = f"{there} AND {source.expression('vital_status')} = '1'"
    who = literal(readers)
    con.execute(f"""
        INSERT INTO area_cell
        SELECT {who}, {place}, '{RESIDENTS}', NULL, count(*) FROM {source.tables} WHERE {alive} GROUP BY ALL
        UNION ALL
        SELECT {who}, place, '{HOUSEHOLDS}', NULL, count(*)
        FROM (SELECT min({place}) AS place FROM {source.tables} WHERE {alive} AND {source.expression("household_id")} IS NOT NULL
              GROUP BY {source.expression("household_id")})
        GROUP BY ALL""")
    for attribute, name in measured().items():
        if readers != OPEN and attribute not in source.purpose.attributes:
            continue
        group = cell_of(load_catalogue().classes[name], attribute, source.expression(attribute))
        con.execute(f"""
            INSERT INTO area_cell
            WITH stated AS (SELECT {place} AS place, {source.expression(attribute)} AS stated, {group} AS value
                            FROM {source.tables} WHERE {there if attribute == "vital_status" else alive}),
                 cells AS (SELECT place, {cell_value(attribute)} AS value FROM stated)
            SELECT {who}, place, '{attribute}', value, count(*) FROM cells GROUP BY ALL""")


def _count_dwellings(con: duckdb.DuckDBPyConnection) -> None:
    """Every dwelling of the registry, alike for all readers; a grid code counts inside its own community only."""
    readers = ", ".join(f"({literal(name)})" for name in READERS)
    con.execute(f"""
        INSERT INTO area_cell
        WITH houses AS (
            SELECT CASE WHEN left(grid_code, 12) = community_code THEN grid_code
                        WHEN starts_with(community_code, township_code) THEN community_code ELSE township_code END AS place
            FROM current_house_registry WHERE township_code IS NOT NULL)
        SELECT readers.name, place, '{DWELLINGS}', NULL, count(*)
        FROM houses CROSS JOIN (VALUES {readers}) AS readers (name) GROUP BY ALL""")


def _name_areas(con: duckdb.DuckDBPyConnection) -> None:
    """`area`: the city, its county units and townships, and every community and grid in which something was counted."""
    catalogue = load_catalogue()
    known = [(CITY, catalogue.city_name), *((unit.code, unit.zh) for unit in catalogue.county_units),
             *((value.code, value.zh) for value in catalogue.lists["jz_township"].values)]
    con.execute("CREATE OR REPLACE TEMP TABLE known_area (code VARCHAR, name VARCHAR)")
    con.executemany("INSERT INTO known_area VALUES (?, ?)", known)
    level = f"CASE WHEN code = '{CITY}' THEN 'city' " + " ".join(
        f"WHEN length(code) = {digits} THEN '{LEVEL_NAMES[digits]}'" for digits in DIGITS) + " END"
    parent = f"CASE WHEN code = '{CITY}' THEN NULL WHEN length(code) = 6 THEN '{CITY}' ELSE left(code, length(code) - 3) END"
    con.execute(f"""
        CREATE OR REPLACE TABLE area AS
        WITH community AS (
            SELECT community_code AS code, max_by(community_name, (n, community_name)) AS name
            FROM (SELECT community_code, community_name, count(*) AS n FROM current_house_registry
                  WHERE community_name IS NOT NULL GROUP BY ALL)
            GROUP BY community_code),
        codes AS (SELECT code FROM known_area UNION SELECT area_code FROM area_count)
        SELECT code, {level} AS level, coalesce(known_area.name, community.name,
               CASE WHEN length(code) = 15 THEN '第' || ltrim(right(code, 3), '0') || '网格' END) AS name, {parent} AS parent
        FROM codes LEFT JOIN known_area USING (code) LEFT JOIN community USING (code)
        ORDER BY code""")
    con.execute("DROP TABLE temp.known_area")
