"""Road names that the registry does not hold: older names, learned from claims that carry a dwelling code beside a text, and the
name of a community without 社区 that runs into the road (石榴柳堤路).

Belongs here: what such claims teach, and asking again with today's road. Does not: names that differ in their word only
(`asking`), slips (`slips`).
"""

from __future__ import annotations

import duckdb

from resolvers.places import dwellings
from resolvers.places.asking import LEARNED, STEPS
from sources.tables import literal

TEACHERS = 3
"""Dwellings that must teach a name; fewer may share one mistake of one clerk."""
AGREEMENT = 0.95
"""Share of the teaching claims that must mean the same road."""


def learn_roads(con: duckdb.DuckDBPyConnection) -> None:
    """In: place_claim, place_scope, place_parsed, dwelling. Out: temporary `road_learned` (township_code, road, today): the text
    names a road that its township does not have, the code a dwelling there with the same door, building, unit and room."""
    same = " AND ".join(f"p.{part} IS NOT DISTINCT FROM d.{part}" for part in ("village_group", "door_no", "building", "unit", "room"))
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE road_learned AS
        WITH taught AS (
            SELECT s.township_code, p.road, d.road AS today, count(DISTINCT d.dwelling_code) AS teachers, count(*) AS claims
            FROM place_claim c
            JOIN place_parsed p USING (text_id)
            JOIN place_scope s USING (spot_id, beside_id)
            JOIN dwelling d ON d.dwelling_code = c.own_dwelling AND d.township_code = s.township_code
            WHERE p.road IS NOT NULL AND p.complete AND p.door_no IS NOT NULL AND NOT p.unit_or_building AND d.road IS NOT NULL AND {same}
              AND NOT EXISTS (FROM dwelling o WHERE o.township_code = s.township_code AND o.road = p.road)
            GROUP BY ALL)
        SELECT township_code, road, max_by(today, (claims, today)) AS today
        FROM taught GROUP BY township_code, road
        HAVING max(teachers) >= {TEACHERS} AND max(claims) >= {AGREEMENT} * sum(claims)""")


def ask_again(con: duckdb.DuckDBPyConnection) -> None:
    """Adds to `place_chosen` what today's names of learned roads lead to, of texts without an answer."""
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE road_question AS
        WITH renamed AS (
            SELECT a.text_id, a.scope, p.village_group, l.today AS road, p.door_no, p.building, p.unit, p.room
            FROM place_aim a ANTI JOIN place_chosen USING (text_id, scope)
            JOIN place_parsed p USING (text_id)
            JOIN road_learned l ON l.township_code = a.township_code AND l.road = p.road
            WHERE p.complete AND p.door_no IS NOT NULL AND NOT p.unit_or_building)
        SELECT text_id, scope, {dwellings.FULL_KEY} AS key FROM renamed""")
    dwellings.create_answers(con, "road_question", "road_answer")
    con.execute(f"""
        INSERT INTO place_chosen
        SELECT text_id, scope, dwelling_code, {literal(LEARNED)} FROM road_question JOIN road_answer USING (scope, key)
        WHERE dwellings = 1""")
    for table in ("road_question", "road_answer", "road_learned"):
        con.execute(f"DROP TABLE temp.{table}")


def ask_inside_communities(con: duckdb.DuckDBPyConnection) -> None:
    """Adds to `place_chosen`: an unknown road that begins with the name of a community of the township (without 社区) is asked for
    inside that community, without the name."""
    keys = f"""CASE WHEN unit_or_building THEN {dwellings.EITHER_BUILDING_KEY}
                    WHEN building IS NOT NULL AND unit IS NULL AND room IS NOT NULL THEN {dwellings.NO_UNIT_KEY}
                    ELSE {dwellings.FULL_KEY} END"""
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE inside_question AS
        WITH names AS (SELECT code, township_code, left(name, length(name) - 2) AS name FROM community WHERE ends_with(name, '社区')),
        inside AS (
            SELECT a.text_id, a.scope AS own_scope, 'c:' || names.code AS scope, substr(p.road, length(name) + 1) AS road,
                   p.* EXCLUDE (text_id, road)
            FROM (FROM place_aim ANTI JOIN place_chosen USING (text_id, scope)) a
            JOIN place_parsed p USING (text_id)
            JOIN names ON names.township_code = a.township_code AND name <> '' AND starts_with(p.road, name)
                      AND length(p.road) >= length(name) + 2 AND (a.scope = 'c:' || names.code OR starts_with(a.scope, 't:'))
            WHERE p.complete AND p.door_no IS NOT NULL
              AND NOT EXISTS (FROM dwelling o WHERE o.township_code = a.township_code AND o.road = p.road))
        SELECT text_id, own_scope, scope, {keys} AS key FROM inside""")
    dwellings.create_answers(con, "inside_question", "inside_answer")
    con.execute(f"""
        INSERT INTO place_chosen
        SELECT text_id, own_scope, min(dwelling_code), {literal(STEPS[2])}
        FROM inside_question JOIN inside_answer USING (scope, key)
        GROUP BY text_id, own_scope HAVING sum(dwellings) = 1""")
    for table in ("inside_question", "inside_answer"):
        con.execute(f"DROP TABLE temp.{table}")
