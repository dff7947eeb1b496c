"""Parsing of address texts, set-based over a table of distinct texts; one text is a table of one row (`parts`).

Belongs here: the steps from text to parts.
Does not: the patterns (`grammar`, `asides`, `mending`), deciding which dwelling the parts lead to (`matching`).
"""

from __future__ import annotations

from functools import partial

import duckdb

from resolvers.places import asides, grammar, mending
from resolvers.places.outside import create_outside_words, read_outside
from resolvers.places.vocabulary import vocabulary
from sources.tables import literal

WORDS = {
    "village_group": "组", "road": "", "door_no": "号", "estate": "", "building": "栋", "unit": "单元", "room": "室",
}
PARTS = tuple(WORDS)


def create_word_tables(con: duckdb.DuckDBPyConnection) -> None:
    """Temporary tables `county_word`, `township_word`, `division_name`, `outside_word` and `outside_start`."""
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
    create_outside_words(con)


def parse_texts(con: duckdb.DuckDBPyConnection, source: str, target: str) -> None:
    """In: `source` (text_id, text), word tables, `community`. Out: `target`, temporary, one row per text_id.

    Columns: text_id, norm (tidied text), county_codes, township_code, township_named, community_name, community_known,
    complete (understood to its end), outside_city, village_group, road, door_no, estate, building, unit, room,
    unit_or_building (the building may be a unit), and at the end: floor, landmark (what the place is near), remarks
    (words beside the address: brackets, telephones, persons), unread (what was not understood), kind ('address',
    'outside', 'same_as_other', 'not_an_address'), refers_to ('registration', 'above', 'residence' or NULL, for
    same_as_other), outside_division (six-digit code of the place outside, where the national table has one).
    """
    asides.read_cells(con, source, "place_line", vocabulary().county_by_code)
    steps = ((_read_heads, ("place_line",)), (_read_again, ("place_first", "place_outside")), (_read_communities, ()),
             (_read_tails, ("place_head", "place_community")), (partial(_fill, target=target), ("place_rest", "place_odd")))
    for step, done_with in steps:
        step(con)
        for table in done_with:  # each takes half a gigabyte for the texts of a whole city
            con.execute(f"DROP TABLE {table}")


_HEAD = ("bare_county", "bare_town", "county", "town", "rest")


def _read_heads(con: duckdb.DuckDBPyConnection) -> None:
    """`place_first`: province and city dropped, county and township as words; what remains is `rest`. `place_outside`:
    texts without either that begin with a place outside the city."""
    head = grammar.fields("line", grammar.head_pattern(), _HEAD)
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE place_first AS
        WITH heads AS (SELECT *, {head} AS h FROM place_line),
        judged AS (
            SELECT *, h.county <> '' AND h.town = '' AND regexp_matches(h.rest, {literal(grammar.NOT_AFTER_COUNTY)}) AS is_road
            FROM heads)
        SELECT * EXCLUDE (h, is_road), CASE WHEN is_road THEN '' ELSE h.bare_county || h.county END AS county_word,
               h.bare_town || h.town AS town_word, CASE WHEN is_road THEN h.county || h.rest ELSE h.rest END AS rest
        FROM judged""")
    con.execute("""
        CREATE OR REPLACE TEMP TABLE place_question_outside AS
        SELECT line AS text FROM place_first WHERE county_word = '' AND town_word = '' AND line <> ''
        UNION ALL SELECT rest FROM place_first WHERE county_word = '' AND town_word = '' AND rest <> line""")
    read_outside(con, "place_question_outside", "place_outside")
    con.execute("DROP TABLE place_question_outside")


def _read_again(con: duckdb.DuckDBPyConnection) -> None:
    """`place_head`: words read twice (荆州市荆州市, 沙市区沙市区) or in another order, the street's short name, and codes."""
    again = grammar.fields("rest", grammar.head_pattern(), _HEAD)
    inner = grammar.fields("rest", grammar.inner_head_pattern(), ("before", "county", "county_town", "town", "after"))
    short = grammar.fields("rest", grammar.short_street_pattern(), ("town", "rest"))
    beginnings = ", ".join(literal(word) for word in grammar.head_beginnings())
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE place_head AS
        WITH found AS (
            SELECT f.* EXCLUDE (line_alone, rest_alone),
                   o.word IS NOT NULL OR p.word IS NOT NULL AS outside, coalesce(p.code, o.code) AS outside_code
            FROM (SELECT *, CASE WHEN county_word = '' AND town_word = '' THEN line END AS line_alone,
                         CASE WHEN line_alone IS NOT NULL THEN rest END AS rest_alone
                  FROM place_first) f
            LEFT JOIN place_outside o ON o.text = f.line_alone
            LEFT JOIN place_outside p ON p.text = f.rest_alone),
        inner_heads AS (
            SELECT *, CASE WHEN NOT outside AND county_word = '' AND town_word = ''
                                AND regexp_matches(rest, {literal(grammar.inner_sign())}) THEN {inner} END AS i
            FROM found),
        twice AS (
            SELECT *, CASE WHEN NOT outside AND left(rest, 2) IN ({beginnings}) THEN {again}
                           WHEN i.county || i.town <> '' THEN struct_pack(
                               bare_county := '', bare_town := '', county := i.county, town := i.county_town || i.town,
                               rest := i.before || i.after) END AS h
            FROM inner_heads),
        fitting AS (
            SELECT *, h IS NOT NULL AND (h.county <> '' OR h.town <> '' OR h.bare_county <> '')
                      AND NOT regexp_matches(h.rest, {literal(grammar.NOT_AFTER_HEAD)})
                      AND (county_word IN ('', h.county) OR h.county = '' OR len(list_intersect(c1.county_codes, c2.county_codes)) > 0)
                      AND (town_word IN ('', h.town) OR h.town = '') AS fits
            FROM twice
            LEFT JOIN county_word c1 ON c1.word = county_word
            LEFT JOIN county_word c2 ON c2.word = h.county),
        levels AS (
            SELECT * EXCLUDE (h, i, fits, rest, county_word, town_word, county_codes, word),
                   CASE WHEN fits AND h.county || h.bare_county <> '' THEN h.county || h.bare_county ELSE county_word END AS county_word,
                   CASE WHEN fits AND h.town || h.bare_town <> '' THEN h.town || h.bare_town ELSE town_word END AS full_town,
                   CASE WHEN fits THEN h.rest ELSE rest END AS rest
            FROM fitting),
        streets AS (SELECT *, CASE WHEN full_town = '' THEN {short} END AS s FROM levels),
        worded AS (
            SELECT * EXCLUDE (s, rest, full_town),
                   CASE WHEN full_town <> '' THEN full_town ELSE coalesce(s.town, '') END AS town_word,
                   CASE WHEN s.town <> '' THEN s.rest
                        WHEN full_town <> '' AND starts_with(streets.rest, full_town)
                             AND NOT regexp_matches(substr(streets.rest, length(full_town) + 1), {literal(grammar.NOT_AFTER_HEAD)})
                        THEN substr(streets.rest, length(full_town) + 1)
                        ELSE streets.rest END AS rest
            FROM streets)
        SELECT text_id, norm, line, kind, refers_to, remarks, unread, outside, outside_code,
               {grammar.brigade_as_village("rest")} AS rest,
               coalesce(county_codes, []::VARCHAR[]) AS county_codes,
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
        rests AS (SELECT DISTINCT rest, township_code FROM place_head WHERE rest <> '' AND NOT outside),
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


def _read_tails(con: duckdb.DuckDBPyConnection) -> None:
    """`place_rest`: `place_head` with the community, `rest` being what follows it. `place_odd`: rests that the plain
    pattern does not read to their end, or not rightly, mended and read with the wide one."""
    wide = grammar.fields("rest", grammar.WIDE_TAIL, grammar.TAIL_FIELDS)
    stump = grammar.fields("rest", grammar.STUMP, grammar.STUMP_FIELDS)
    con.execute("""
        CREATE OR REPLACE TEMP TABLE place_rest AS
        SELECT h.* EXCLUDE (rest, line), name, coalesce(known, false) AS known,
               CASE WHEN outside THEN '' WHEN name IS NULL THEN h.rest ELSE substr(h.rest, length(name) + 1) END AS after_name,
               CASE WHEN starts_with(after_name, name) THEN substr(after_name, length(name) + 1) ELSE after_name END AS rest
        FROM place_head h
        LEFT JOIN place_community c ON c.rest = h.rest AND c.township_code IS NOT DISTINCT FROM h.township_code""")
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE place_odd AS
        WITH odd AS (
            SELECT text_id, rest FROM place_rest
            WHERE rest <> '' AND (NOT regexp_matches(rest, {literal(grammar.TAIL)}) OR regexp_matches(rest, {literal(mending.ODD)}))),
        mended AS ({mending.mended("odd")}),
        wide AS (SELECT *, {wide} AS t, rest = '' OR struct_extract(t, 'whole') <> '' AS read FROM mended)
        SELECT text_id, t, CASE WHEN NOT read THEN {stump} END AS s, read AND unread IS NULL AS complete, landmark, floor, words,
               unread
        FROM wide""")


def _fill(con: duckdb.DuckDBPyConnection, target: str) -> None:
    """The columns of `parse_texts`."""
    tail = grammar.fields("r.rest", grammar.TAIL, grammar.TAIL_FIELDS)
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE {target} AS
        WITH tails AS (
            SELECT r.* EXCLUDE (unread, rest), coalesce(o.complete, true) AS read, landmark, floor, words, s,
                   CASE WHEN o.text_id IS NULL THEN {tail} ELSE o.t END AS t,
                   concat_ws(' ', nullif(s."left", ''), o.unread, r.unread) AS left_over
            FROM place_rest r LEFT JOIN place_odd o USING (text_id)),
        numbers AS (SELECT * EXCLUDE (t, s), {_numbers()} FROM tails),
        settled AS (
            SELECT text_id, norm, county_codes, township_code, township_named, name, known, read, outside, {_settled_parts()},
                   floor, landmark, kind, refers_to, outside_code, left_over,
                   CASE WHEN remarks IS NOT NULL OR words IS NOT NULL THEN list_concat(remarks, words) END AS said
            FROM numbers),
        judged AS (
            SELECT *, coalesce(floor IS NOT NULL AND room IS NOT NULL AND NOT starts_with(room, floor), false) AS other_floor
            FROM settled)
        SELECT text_id, norm, county_codes, township_code, township_named, name AS community_name, known AS community_known,
               read AND left_over = '' AND NOT other_floor AS complete, outside AS outside_city, {", ".join(PARTS)},
               unit_or_building, floor, landmark,
               CASE WHEN said IS NOT NULL
                    THEN nullif(array_to_string(list_filter(said, lambda word: word <> ''), ' '), '') END AS remarks,
               nullif(CASE WHEN other_floor THEN concat_ws(' ', floor || '楼' || room, nullif(left_over, '')) ELSE left_over END, '')
               AS unread,
               CASE WHEN outside THEN 'outside' ELSE kind END AS kind, refers_to, outside_code AS outside_division
        FROM judged""")


def _numbers() -> str:
    """The groups of the tail (of its stump where the tail was not understood) with Arabic numbers."""
    numbered = {
        "village_group": 'coalesce(s."group", t."group")',
        "door": "coalesce(s.door, t.door)",
        "sub": "t.sub1 || t.sub2 || t.sub3 || t.sub4 || t.sub5",
        "building": "t.building",
        "unit": "t.unit",
        "room": "t.room",
    }
    read = ", ".join(f"{grammar.number(token)} AS {name}" for name, token in numbered.items())
    return (f"{read}, coalesce(s.road, t.road) AS road, coalesce(t.name, '') AS estate_name, "
            "coalesce(t.behind, '') AS behind, t.separator AS separator, t.room_word AS room_word")


def _settled_parts() -> str:
    """Bare numbers behind a group or a road are door numbers; a name that is no road and has no door is an estate."""
    bare = "door IS NULL AND building IS NULL AND unit IS NULL AND room IS NOT NULL"
    grouped = "village_group IS NOT NULL AND estate_name = ''"
    village = f"{grouped} AND {bare} AND room_word <> '室'"
    is_road = f"regexp_matches(estate_name, {literal(grammar.ROAD_END)})"
    street = f"{is_road} AND {bare} AND room_word = ''"
    dashed = f"{grouped} AND door IS NULL AND separator = '-' AND unit IS NULL AND room IS NOT NULL"
    road = f"nullif(CASE WHEN {is_road} THEN estate_name ELSE road END, '')"
    return f"""village_group, {_lane(_once(road))} AS road,
               CASE WHEN {dashed} THEN building || '-' || room WHEN ({village}) OR ({street}) THEN room
                    ELSE door || coalesce('-' || sub, '') END AS door_no,
               nullif(CASE WHEN {is_road} THEN behind ELSE estate_name || behind END, '') AS estate,
               CASE WHEN NOT ({dashed}) THEN building END AS building, unit,
               CASE WHEN NOT (({dashed}) OR ({village}) OR ({street})) THEN room END AS room,
               coalesce(separator = '-' AND unit IS NULL AND building IS NOT NULL, false) AS unit_or_building"""


def _once(road: str) -> str:
    """SQL: 园林路园林路 is 园林路."""
    half = f"({road})[:length({road}) // 2]"
    return f"CASE WHEN length({road}) > 4 AND {road} = {half} || {half} THEN {half} ELSE {road} END"


def _lane(road: str) -> str:
    """SQL: 园林路三巷 and 园林路3巷 are one lane; written with an Arabic number."""
    pattern = rf"^(.*[路街道村里巷])({grammar.NUMBER})(巷|弄|段|支路)$"
    groups = [f"regexp_extract({road}, {literal(pattern)}, {group})" for group in (1, 2, 3)]
    return (f"CASE WHEN regexp_matches({road}, '[{grammar.DIGITS}](?:巷|弄|段|支路)$') AND {groups[1]} <> '' "
            f"THEN {groups[0]} || {grammar.number(groups[1])} || {groups[2]} ELSE {road} END")
