"""Parsing of address texts: set-based over a table of distinct texts, and of one text for explanation.

Belongs here: the steps from text to parts, the record of one parsed text, and the standard wording of parts.
Does not: deciding which dwelling the parts lead to (`matching`).
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cache

import duckdb

from resolvers.places import grammar
from resolvers.places.vocabulary import vocabulary
from sources.tables import literal

WORDS = {
    "village_group": "组", "road": "", "door_no": "号", "estate": "", "building": "栋", "unit": "单元", "room": "室",
}
PARTS = tuple(WORDS)
_ROAD_END = "[路街道巷弄]$"


@dataclass(frozen=True)
class AddressParts:
    """One address text: numbers are Arabic without their words; `complete`: understood to its end."""

    outside_city: bool = False
    county_codes: tuple[str, ...] = ()
    township_code: str | None = None
    community: str | None = None
    village_group: str | None = None
    road: str | None = None
    door_no: str | None = None
    estate: str | None = None
    building: str | None = None
    unit: str | None = None
    room: str | None = None
    complete: bool = True


def create_word_tables(con: duckdb.DuckDBPyConnection) -> None:
    """Temporary tables `county_word`, `township_word` and `division_name` from the catalogue."""
    words = vocabulary()
    con.execute("CREATE OR REPLACE TEMP TABLE county_word (word VARCHAR, county_codes VARCHAR[])")
    con.execute("CREATE OR REPLACE TEMP TABLE township_word (word VARCHAR, township_codes VARCHAR[])")
    con.execute("CREATE OR REPLACE TEMP TABLE division_name (code VARCHAR, wording VARCHAR)")
    counties = words.counties | words.bare_counties
    townships = words.townships | words.short_streets
    for table, words_of in (("county_word", counties), ("township_word", townships)):
        rows = [[word, list(codes)] for word, codes in words_of.items()]
        con.executemany(f"INSERT INTO {table} VALUES (?, ?)", rows)
    names = words.county_wording | words.township_names
    con.executemany("INSERT INTO division_name VALUES (?, ?)", [[code, name] for code, name in names.items()])


def parse_texts(con: duckdb.DuckDBPyConnection, source: str, target: str) -> None:
    """In: `source` (text_id, text), word tables, `community`. Out: `target`, temporary, one row per text_id."""
    _read_heads(con, source)
    _read_communities(con)
    _read_tails(con, target)
    for step in ("place_head", "place_community"):
        con.execute(f"DROP TABLE {step}")


def _read_heads(con: duckdb.DuckDBPyConnection, source: str) -> None:
    """Province and city dropped, county and township read as words and codes; what remains is `rest`."""
    head = grammar.fields("norm", grammar.head_pattern(), ("bare_county", "bare_town", "county", "town", "rest"))
    short = grammar.fields("h.rest", grammar.short_street_pattern(), ("town", "rest"))
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE place_head AS
        WITH tidied AS (SELECT text_id, {grammar.tidy("text")} AS norm FROM {source}),
        heads AS (SELECT text_id, norm, {head} AS h FROM tidied),
        streets AS (
            SELECT text_id, norm, h, h.bare_county || h.county AS county_word, h.bare_town || h.town AS full_town,
                   CASE WHEN h.bare_town || h.town = '' THEN {short} END AS s
            FROM heads),
        worded AS (
            SELECT text_id, norm, county_word,
                   CASE WHEN full_town <> '' THEN full_town ELSE coalesce(s.town, '') END AS town_word,
                   CASE WHEN s.town <> '' THEN s.rest ELSE h.rest END AS rest
            FROM streets)
        SELECT text_id, norm, rest, coalesce(county_codes, []::VARCHAR[]) AS county_codes,
               CASE WHEN len(township_codes) = 1 THEN township_codes[1]
                    ELSE list_filter(township_codes, lambda code: list_contains(county_codes, left(code, 6)))[1]
               END AS township_code,
               town_word <> '' AS township_named
        FROM worded
        LEFT JOIN county_word ON county_word.word = worded.county_word
        LEFT JOIN township_word ON township_word.word = worded.town_word""")


def _read_communities(con: duckdb.DuckDBPyConnection) -> None:
    """The longest known name that the rest begins with, of the township first; else a word like a community."""
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE place_community AS
        WITH lengths AS (SELECT DISTINCT length(name) AS n FROM community),
        rests AS (SELECT DISTINCT rest, township_code FROM place_head WHERE rest <> ''),
        begun AS (
            SELECT rest, township_code, left(rest, n) AS beginning
            FROM rests CROSS JOIN lengths WHERE length(rest) >= n),
        known AS (
            SELECT begun.rest, begun.township_code,
                   max_by(beginning, length(beginning) + CASE WHEN community.township_code = begun.township_code
                                                              THEN 100 ELSE 0 END) AS name
            FROM begun JOIN community ON community.name = beginning
            GROUP BY ALL),
        worded AS (
            SELECT rests.rest, rests.township_code, known.name AS known_name,
                   regexp_extract(rests.rest, {literal(grammar.COMMUNITY_WORD)}, 1) AS word
            FROM rests
            LEFT JOIN known
              ON known.rest = rests.rest AND known.township_code IS NOT DISTINCT FROM rests.township_code),
        judged AS (
            SELECT *, ends_with(word, '社区')
                      OR regexp_matches(substr(rest, length(word) + 1), {literal(grammar.AFTER_VILLAGE)}) AS likely
            FROM worded)
        SELECT rest, township_code, known_name IS NOT NULL AS known,
               coalesce(known_name, CASE WHEN word <> '' AND likely THEN word END) AS name
        FROM judged""")


def _read_tails(con: duckdb.DuckDBPyConnection, target: str) -> None:
    """Group, road, door, estate, building, unit, room of what follows the community."""
    tail = grammar.fields("rest", grammar.TAIL, grammar.TAIL_FIELDS)
    stump = grammar.fields("rest", grammar.STUMP, grammar.STUMP_FIELDS)
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE {target} AS
        WITH rests AS (
            SELECT text_id, norm, county_codes, h.township_code, township_named, name AS community_name,
                   coalesce(known, false) AS community_known, h.rest AS after_city,
                   CASE WHEN name IS NULL THEN h.rest ELSE substr(h.rest, length(name) + 1) END AS rest
            FROM place_head h
            LEFT JOIN place_community c
              ON c.rest = h.rest AND c.township_code IS NOT DISTINCT FROM h.township_code),
        tails AS (SELECT *, {tail} AS t, rest = '' OR struct_extract(t, 'whole') <> '' AS complete FROM rests),
        stumps AS (SELECT *, CASE WHEN NOT complete THEN {stump} END AS s FROM tails),
        numbers AS (SELECT * EXCLUDE (rest, t, s), {_numbers()} FROM stumps)
        SELECT text_id, norm, county_codes, township_code, township_named, community_name, community_known, complete,
               len(county_codes) = 0 AND NOT township_named AND NOT community_known
               AND {grammar.outside("norm", "after_city")} AS outside_city, {_settled_parts()}
        FROM numbers""")


def _numbers() -> str:
    """The groups of the tail (of its stump where the tail was not understood) with Arabic numbers."""
    numbered = {
        "village_group": 'coalesce(s."group", t."group")',
        "door": "coalesce(s.door, t.door)",
        "sub": "t.sub1 || t.sub2 || t.sub3 || t.sub4",
        "building": "t.building",
        "unit": "t.unit",
        "room": "t.room",
    }
    read = ", ".join(f"{grammar.number(token)} AS {name}" for name, token in numbered.items())
    return f"{read}, coalesce(s.road, t.road) AS road, t.name, t.behind, t.separator, t.room_word"


def _settled_parts() -> str:
    """Bare numbers behind a group or a road are door numbers; a name that is no road and has no door is an estate."""
    bare = "door IS NULL AND building IS NULL AND unit IS NULL AND room IS NOT NULL"
    grouped = "village_group IS NOT NULL AND name = ''"
    village = f"{grouped} AND {bare} AND room_word <> '室'"
    is_road = f"regexp_matches(name, '{_ROAD_END}')"
    street = f"{is_road} AND {bare} AND room_word = ''"
    dashed = f"{grouped} AND door IS NULL AND separator = '-' AND unit IS NULL AND room IS NOT NULL"
    return f"""village_group, nullif(CASE WHEN {is_road} THEN name ELSE road END, '') AS road,
               CASE WHEN {dashed} THEN building || '-' || room WHEN ({village}) OR ({street}) THEN room
                    ELSE door || coalesce('-' || sub, '') END AS door_no,
               nullif(CASE WHEN {is_road} THEN behind ELSE name || behind END, '') AS estate,
               CASE WHEN NOT ({dashed}) THEN building END AS building, unit,
               CASE WHEN NOT (({dashed}) OR ({village}) OR ({street})) THEN room END AS room,
               separator = '-' AND unit IS NULL AND building IS NOT NULL AS unit_or_building"""


@cache
def _parser() -> tuple[duckdb.DuckDBPyConnection, threading.Lock]:
    con = duckdb.connect(config={"threads": 1})
    con.execute("CREATE TEMP TABLE community (name VARCHAR, code VARCHAR, township_code VARCHAR)")
    create_word_tables(con)
    return con, threading.Lock()


def parse(text: str) -> AddressParts:
    """One text, read by the rules of the run; without house_registry a community is known only by its word."""
    con, lock = _parser()
    with lock:
        con.execute("CREATE OR REPLACE TEMP TABLE one_text AS SELECT 1 AS text_id, CAST(? AS VARCHAR) AS text", [text])
        parse_texts(con, "one_text", "one_parsed")
        row = con.execute(f"""
            SELECT outside_city, county_codes, township_code, community_name, {', '.join(PARTS)}, complete
            FROM one_parsed""").fetchone()
    assert row is not None
    outside, counties, township, *rest = row
    if outside:
        return AddressParts(outside_city=True)
    codes = (township[:6],) if township else tuple(counties)
    return AddressParts(False, codes, township, *rest)


def standard_form(parts: AddressParts) -> str:
    """The wording of house_registry for the parts; parsing it gives the same parts (of places in the city)."""
    words = vocabulary()
    county = words.county_wording if parts.township_code else words.county_names
    pieces = [
        county[parts.county_codes[0]] if parts.county_codes else "",
        words.township_names[parts.township_code] if parts.township_code else "",
        parts.community or "",
    ]
    worded = ((getattr(parts, part), word) for part, word in WORDS.items())
    return "".join(pieces) + "".join(f"{value}{word}" for value, word in worded if value)
