"""The index of dwellings: under which keys, and within which part of the city, a parsed address finds a dwelling.

Belongs here: communities and dwellings of house_registry, the keys of complete and incomplete addresses, the index that
counts who answers.
Does not: which scope a record speaks about (`matching`).
"""

from __future__ import annotations

import duckdb

from resolvers.places import grammar
from resolvers.places.parsing import parse_texts
from resolvers.places.vocabulary import ZONE, ZONE_PARENT
from sources.tables import literal

COUNTY_WITH_ZONE = f"k:{ZONE_PARENT}+"
"""Scope of a text or column that says the district and may mean the development zone."""


def key(*pieces: str) -> str:
    """SQL: the pieces joined by a character that no text holds, missing ones empty."""
    return "concat_ws(chr(31), " + ", ".join(f"coalesce({piece}, '')" for piece in pieces) + ")"


ROAD_WORD = "(?:大街|大道|路|街)$"


def road_stem(road: str) -> str:
    """SQL: 建设路, 建设街 and 建设大街 are one name; a street often changed its word, not its name."""
    return f"regexp_replace({road}, {literal(ROAD_WORD)}, '~')"


_PLACE = ("village_group", "road", "door_no")
FULL_KEY = key("'='", *_PLACE, "building", "unit", "room")
NO_UNIT_KEY = key("'B'", *_PLACE, "building", "room")
NO_BUILDING_KEY = key("'U'", *_PLACE, "unit", "room")
ROOM_KEY = key("'R'", *_PLACE, "room")
EITHER_BUILDING_KEY = key("'E'", *_PLACE, "building", "room")
EITHER_UNIT_KEY = key("'E'", *_PLACE, "unit", "room")
OLD_ROAD_KEY = key("'~'", "village_group", road_stem("road"), "door_no", "building", "unit", "room")
TEXT_KEY = key("'T'", "norm")


def create_communities(con: duckdb.DuckDBPyConnection) -> None:
    """Temporary `community`: name as addresses write it, code, township. A code with several names has several rows."""
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE community AS
        SELECT DISTINCT {grammar.tidy("community_name")} AS name, community_code AS code, township_code
        FROM current_house_registry
        WHERE community_name IS NOT NULL AND length(community_code) = 12 AND township_code IS NOT NULL""")


def create_dwellings(con: duckdb.DuckDBPyConnection) -> None:
    """Temporary `dwelling` (parsed) and `dwelling_key` (key, dwelling_code): the ways to name a dwelling."""
    con.execute("""
        CREATE OR REPLACE TEMP TABLE dwelling_text AS
        SELECT row_number() OVER () AS text_id, standard_address AS text, dwelling_code, township_code, community_code
        FROM current_house_registry WHERE standard_address IS NOT NULL""")
    parse_texts(con, "dwelling_text", "dwelling_parsed")
    con.execute("""
        CREATE OR REPLACE TEMP TABLE dwelling AS
        SELECT dwelling_code, text AS standard_address, h.township_code, left(h.township_code, 6) AS county_code,
               community_code, community_name AS parsed_community, norm, village_group, road, door_no, building, unit,
               room,
               complete AND estate IS NULL AS complete
        FROM dwelling_text h JOIN dwelling_parsed p USING (text_id)""")
    for step in ("dwelling_text", "dwelling_parsed"):
        con.execute(f"DROP TABLE {step}")
    rooms, street = "room IS NOT NULL", f"regexp_matches(road, {literal(ROAD_WORD)})"
    ways = (
        (FULL_KEY, "true"),
        (NO_UNIT_KEY, f"building IS NOT NULL AND {rooms}"),
        (NO_BUILDING_KEY, f"unit IS NOT NULL AND {rooms}"),
        (EITHER_BUILDING_KEY, f"building IS NOT NULL AND {rooms}"),
        (EITHER_UNIT_KEY, f"unit IS NOT NULL AND {rooms}"),
        (ROOM_KEY, rooms),
        (OLD_ROAD_KEY, street),
    )
    whole = "FROM dwelling WHERE complete AND door_no IS NOT NULL"
    selects = [f"SELECT {way} AS key, dwelling_code {whole} AND {condition}" for way, condition in ways]
    selects.append(f"SELECT {TEXT_KEY} AS key, dwelling_code FROM dwelling")
    con.execute("CREATE OR REPLACE TEMP TABLE dwelling_key AS " + " UNION ALL ".join(selects))


def in_scopes(named: str, columns: str) -> str:
    """SQL: `columns` of the relation `named` (it has dwelling_code) joined with `dwelling`, once for each scope of the dwelling."""
    areas = {"c": "community_code", "t": "township_code", "n": "parsed_community", "k": "county_code"}
    scopes = [f"'{letter}:' || {area}" for letter, area in areas.items()] + ["'*'"]
    source = f"FROM {named} JOIN dwelling USING (dwelling_code)"
    parts = [f"SELECT {scope} AS scope, {columns} {source}" for scope in scopes]
    parts.append(f"""SELECT '{COUNTY_WITH_ZONE}' AS scope, {columns} {source}
                     WHERE county_code IN ('{ZONE_PARENT}', '{ZONE}')""")
    return " UNION ALL ".join(parts)


def create_answers(con: duckdb.DuckDBPyConnection, questions: str, target: str = "dwelling_answer") -> None:
    """In: `questions` (scope, key). Out: temporary `target`: to each how many dwellings answer, and one."""
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE {target} AS
        WITH asked AS (SELECT key, dwelling_code FROM dwelling_key SEMI JOIN {questions} USING (key)),
        answers AS ({in_scopes("asked", "key, dwelling_code")})
        SELECT scope, key, count(DISTINCT dwelling_code) AS dwellings, min(dwelling_code) AS dwelling_code
        FROM answers SEMI JOIN {questions} USING (scope, key)
        GROUP BY scope, key""")
