"""Which dwelling a text leads to inside its scope: the keys that are asked for, and the choice of exactly one.

Belongs here: the steps from the full key to looser ones, what their answers decide, and the name of the step (`method`).
Does not: the scope (`matching`), texts that no key answers (`reach`, `slips`).
"""

from __future__ import annotations

import duckdb

from resolvers.places import dwellings
from sources.tables import literal

STEPS = {
    1: "text",
    2: "text_part_missing",
    3: "text_old_road",
    4: "text_verbatim",
}
"""Step to method; the first step that any dwelling answers decides."""
LEARNED, SLIP = "text_learned_road", "text_slip"
"""Methods of the passes over what no key answers."""


def ask(con: duckdb.DuckDBPyConnection) -> None:
    """In: place_claim, place_scope, place_parsed, dwelling. Out: temporary `place_aim` (text_id, scope, township_code) and
    `place_question` (step, text_id, scope, key)."""
    con.execute("""
        CREATE OR REPLACE TEMP TABLE place_aim AS
        SELECT DISTINCT text_id, scope, s.township_code
        FROM place_claim JOIN place_scope s USING (spot_id, beside_id) WHERE scope IS NOT NULL""")
    base = "FROM place_aim s JOIN place_parsed p USING (text_id) WHERE true"
    whole = f"""{base} AND complete AND door_no IS NOT NULL
                AND (village_group IS NULL OR left(scope, 2) IN ('c:', 'n:'))"""
    loose = (
        (dwellings.EITHER_BUILDING_KEY, "unit_or_building AND room IS NOT NULL"),
        (dwellings.NO_UNIT_KEY,
         "NOT unit_or_building AND building IS NOT NULL AND unit IS NULL AND room IS NOT NULL"),
        (dwellings.NO_BUILDING_KEY, "building IS NULL AND unit IS NOT NULL AND room IS NOT NULL"),
        (dwellings.ROOM_KEY, "building IS NULL AND unit IS NULL AND room IS NOT NULL"),
    )
    selects = [f"SELECT 1 AS step, text_id, scope, {dwellings.FULL_KEY} AS key {whole} AND NOT unit_or_building"]
    selects += [f"SELECT 2 AS step, text_id, scope, {way} AS key {whole} AND {condition}" for way, condition in loose]
    group_and_door = dwellings.key("'='", "building", "NULL", "room", "NULL", "NULL", "NULL")  # 连心村3-16 without 组
    selects.append(f"""SELECT 2 AS step, text_id, scope, {group_and_door} AS key {base} AND complete AND unit_or_building
                       AND left(scope, 2) = 'c:' AND coalesce(village_group, road, door_no, estate) IS NULL AND room IS NOT NULL""")
    selects.append(f"""SELECT 3 AS step, text_id, scope, {dwellings.OLD_ROAD_KEY} AS key {whole}
                       AND regexp_matches(road, {literal(dwellings.ROAD_WORD)}) AND left(scope, 2) IN ('c:', 't:')
                       AND NOT EXISTS (FROM dwelling d WHERE d.township_code = s.township_code AND d.road = p.road)""")
    selects.append(f"SELECT 4 AS step, text_id, scope, {dwellings.TEXT_KEY} AS key {base} AND NOT complete")
    con.execute("CREATE OR REPLACE TEMP TABLE place_question AS " + " UNION ".join(selects))


def choose(con: duckdb.DuckDBPyConnection) -> None:
    """Out: temporary `place_chosen` (text_id, scope, dwelling_code, method): exactly one dwelling at the first step that
    is answered."""
    methods = " ".join(f"WHEN {step} THEN {literal(method)}" for step, method in STEPS.items())
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE place_chosen AS
        WITH answered AS (
            SELECT text_id, scope, step, dwellings, dwelling_code
            FROM place_question JOIN dwelling_answer USING (scope, key)),
        decided AS (
            SELECT text_id, scope, min(step) AS step, min_by(dwellings, step) AS dwellings,
                   min_by(dwelling_code, step) AS dwelling_code
            FROM answered GROUP BY text_id, scope)
        SELECT text_id, scope, dwelling_code, CASE step {methods} END AS method FROM decided WHERE dwellings = 1""")
