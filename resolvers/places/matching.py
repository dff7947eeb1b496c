"""The table `place`: what an address text and the other columns of its record say together.

Belongs here: which cells are addresses, the scope that a record speaks about, the choice of exactly one dwelling,
and the wording.
Does not: reading texts (`parsing`), keys of dwellings (`dwellings`).
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from resolvers.places import asking, dwellings, grammar, past, reach, roads, scores, slips
from resolvers.places.parsing import WORDS, create_word_tables, parse_texts
from resolvers.places.vocabulary import CITY, ZONE, ZONE_PARENT
from sources.tables import SHARED_TABLES, create_table, literal, quoted


@dataclass(frozen=True)
class Cell:
    """One address cell of a category, and the columns of the same record that speak about the same place."""

    category: str
    column: str
    county: str | None = None
    township: str | None = None
    community: str | None = None
    community_code: str | None = None
    dwelling: str | None = None

    @property
    def beside(self) -> tuple[str | None, ...]:
        """The columns behind _BESIDE."""
        return self.county, self.township, self.community, self.community_code


CELLS = (
    Cell("residence_permits", "current_address", township="township", dwelling="dwelling_code"),
    Cell("residence_permits", "hukou_address"),
    Cell("elderly_disability_benefits", "address", county="county", township="township", community="community"),
    Cell("social_assistance", "address", county="county", township="township", community="community"),
    Cell("student_enrolment", "address"),
    Cell("employment_registration", "address", county="residence_county", community_code="community_code"),
    Cell("health_records", "address", community="community"),
    Cell("health_records", "hukou_address"),
    Cell("care_followups", "address", township="township"),
    Cell("medical_insurance", "address", community="community"),
    Cell("birth_family_support", "address", county="county", township="township"),
    Cell("pension_insurance", "address"),
    Cell("fund_accounts", "address"),
    Cell("legal_aid", "address"),
    Cell("household_registration", "address", county="county_code", township="township_code", dwelling="dwelling_code"),
    Cell("marriage_registration", "man_hukou"),
    Cell("marriage_registration", "woman_hukou"),
)


@dataclass(frozen=True)
class PlaceCounts:
    """What became of the address cells."""

    cells: int
    outside_city: int
    with_township: int
    with_community: int
    dwelling_from_code: int
    dwelling_from_text: int


_STEPS = (
    "place_text", "place_parsed", "place_cell", "place_beside", "place_spot", "place_claim", "place_area",
    "place_scope", "place_aim", "place_question", "place_chosen",
    "place_settled", "place_reach", "place_gone", "gone_dwelling", "place_slip", "place_score",
    "dwelling", "dwelling_key", "dwelling_answer", "dwelling_text", "dwelling_parsed", "community",
    "county_word", "township_word", "division_name", "outside_word", "outside_start",
)


def build(con: duckdb.DuckDBPyConnection) -> PlaceCounts:
    """In: current_<c> of CELLS, current_house_registry, and where they are there history_<c> and typed_<c>. Out: `place`, one row
    per record and filled address cell; `place_past`, the same of earlier versions that said something else."""
    locate(con)
    for table in _STEPS:
        con.execute(f"DROP TABLE IF EXISTS temp.{table}")
    return _counts(con)


def locate(con: duckdb.DuckDBPyConnection) -> None:
    """As `build`, and leaves the temporary tables of its steps, for explanation."""
    create_word_tables(con)
    dwellings.create_communities(con)
    dwellings.create_dwellings(con)
    _create_claims(con)
    parse_texts(con, "place_text", "place_parsed")
    _create_spots(con)
    _resolve_areas(con)
    _choose_scopes(con)
    asking.ask(con)
    dwellings.create_answers(con, "place_question")
    asking.choose(con)
    roads.ask_inside_communities(con)
    roads.learn_roads(con)
    roads.ask_again(con)
    reach.create_reach(con)
    reach.create_gone(con)
    slips.find_slips(con)
    for table in ("dwelling_key", "dwelling_answer", "place_question", "place_aim"):
        con.execute(f"DROP TABLE temp.{table}")
    _settle(con)
    scores.create_scores(con)
    _fill(con)
    past.move_past(con)


def _one_each(columns: tuple[str, ...]) -> str:
    """SQL: the columns of a group whose rows agree in them."""
    return ", ".join(f"min({column}) AS {column}" for column in columns)


def _create_claims(con: duckdb.DuckDBPyConnection) -> None:
    """Temporary `place_cell`: one row per filled cell; `place_text`, `place_beside`: what they say, once."""
    columns: dict[str, str] = {}
    for cell in CELLS:
        beside = ", ".join(
            f"{quoted(column) if column else 'NULL::VARCHAR'} AS {name}"
            for name, column in zip(_BESIDE, cell.beside, strict=True)
        )
        columns[f"{cell.category}.{cell.column}"] = f"""
            {literal(cell.category)} AS category, {literal(cell.column)} AS column_name, {quoted(cell.column)} AS address, {beside},
            {quoted(cell.dwelling) if cell.dwelling else 'NULL::VARCHAR'} AS own_dwelling"""
    selects = [f"""SELECT record_id, {columns[f"{cell.category}.{cell.column}"]}
                   FROM {quoted(f"current_{cell.category}")} WHERE {quoted(cell.column)} IS NOT NULL""" for cell in CELLS]
    con.execute("CREATE OR REPLACE TEMP TABLE place_cell AS " + " UNION ALL ".join(selects))
    past.past_cells(con, [(cell.category, cell.column, cell.dwelling) for cell in CELLS], columns)
    con.execute("""
        CREATE OR REPLACE TEMP TABLE place_text AS
        SELECT row_number() OVER () AS text_id, text FROM (SELECT DISTINCT address AS text FROM place_cell)""")
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE place_beside AS
        SELECT row_number() OVER () AS beside_id, *, {grammar.tidy("own_community")} AS own_community_name
        FROM (SELECT {_one_each(_BESIDE)}, {dwellings.key(*_BESIDE)} AS beside_key
              FROM place_cell GROUP BY beside_key)""")


def _create_spots(con: duckdb.DuckDBPyConnection) -> None:
    """Temporary `place_spot`: the distinct areas that texts name; `place_claim`: cells by the ids of what they say."""
    spot_key = dwellings.key("array_to_string(county_codes, ',')", "township_named", "township_code", "community_name")
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE place_spot AS
        SELECT row_number() OVER () AS spot_id, *
        FROM (SELECT {_one_each(_SPOT)}, {spot_key} AS spot_key
              FROM place_parsed WHERE NOT outside_city GROUP BY spot_key)""")
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE place_claim AS
        WITH keyed AS (SELECT text_id, CASE WHEN NOT outside_city THEN {spot_key} END AS spot_key FROM place_parsed),
        located AS (SELECT text_id, spot_id FROM keyed LEFT JOIN place_spot USING (spot_key)),
        cells AS (SELECT *, {dwellings.key(*_BESIDE)} AS beside_key FROM place_cell)
        SELECT record_id, category, column_name, own_dwelling, text_id, spot_id, beside_id
        FROM cells
        JOIN place_text ON text = address
        JOIN located USING (text_id)
        JOIN place_beside USING (beside_key)""")
    con.execute("DROP TABLE place_cell")


_BESIDE = ("own_county", "own_township", "own_community", "own_community_code")
_PARTS = ("village_group", "road", "door_no", "building", "unit", "room")
_SPOT = ("county_codes", "township_named", "township_code", "community_name")


def _resolve_areas(con: duckdb.DuckDBPyConnection) -> None:
    """Temporary `place_area`: township and community by what texts name and what stands beside (clarification 19).

    A delivered township counts unless the text names another county or township. A community counts inside its
    township; without a township it counts when its name exists once in the county or, without a county, in the city. A name without
    its word 社区 counts where no community has it in full (绿化村 of 绿化村社区).
    """
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE place_area AS
        WITH claims AS (SELECT DISTINCT spot_id, beside_id FROM place_claim WHERE spot_id IS NOT NULL),
        named AS (
            SELECT spot_id, beside_id, own_community_code, p.community_name IS NOT NULL AS community_named,
                   CASE WHEN len(p.county_codes) > 0 THEN p.county_codes
                        WHEN own_county = '{ZONE_PARENT}' THEN ['{ZONE_PARENT}', '{ZONE}']
                        WHEN own_county <> '{CITY}' THEN [own_county] ELSE [] END AS counties,
                   CASE WHEN p.township_named THEN p.township_code
                        WHEN len(p.county_codes) = 0 OR list_contains(p.county_codes, left(own_township, 6))
                        THEN own_township END AS township,
                   coalesce(p.community_name, own_community_name) AS community_name
            FROM claims JOIN place_spot p USING (spot_id) JOIN place_beside USING (beside_id)),
        names AS (
            SELECT name, code, township_code, false AS suffixed FROM community
            UNION ALL SELECT name[:-3], code, township_code, true FROM community WHERE ends_with(name, '社区')),
        fitting AS (
            SELECT named.*, names.code, names.township_code AS fitting_township, suffixed
            FROM named LEFT JOIN names
              ON names.name = community_name
             AND coalesce(township, names.township_code) = names.township_code
             AND (township IS NOT NULL OR len(counties) = 0 OR list_contains(counties, left(names.township_code, 6)))
            QUALIFY NOT suffixed OR suffixed IS NULL OR NOT coalesce(bool_or(NOT suffixed) OVER (PARTITION BY spot_id, beside_id), false))
        SELECT spot_id, beside_id, any_value(own_community_code) AS own_community_code,
               any_value(community_named) AS community_named, any_value(counties) AS counties,
               any_value(community_name) AS community_name, count(DISTINCT code) AS communities,
               coalesce(any_value(township), CASE WHEN count(DISTINCT code) = 1 THEN min(fitting_township) END)
               AS township_code,
               CASE WHEN count(DISTINCT code) = 1 THEN min(code) END AS community_code
        FROM fitting
        GROUP BY spot_id, beside_id""")
    con.execute("""
        UPDATE place_area SET community_code = own_community_code, township_code = known.township_code
        FROM (SELECT code, min(township_code) AS township_code FROM community GROUP BY code) known
        WHERE NOT community_named AND community_code IS NULL AND known.code = own_community_code
          AND coalesce(place_area.township_code, known.township_code) = known.township_code
          AND (len(counties) = 0 OR list_contains(counties, left(known.township_code, 6)))""")


def _choose_scopes(con: duckdb.DuckDBPyConnection) -> None:
    """Temporary `place_scope`: the smallest part of the city in which the dwelling of a row of `place_area` must be.

    NULL where the named community is not known there: such a text leads to no dwelling.
    """
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE place_scope AS
        SELECT *, CASE WHEN community_code IS NOT NULL THEN 'c:' || community_code
                       WHEN community_named AND (communities = 0 OR township_code IS NOT NULL) THEN NULL
                       WHEN communities > 1 THEN CASE WHEN len(counties) = 0 THEN 'n:' || community_name END
                       WHEN township_code IS NOT NULL THEN 't:' || township_code
                       WHEN counties[1] = '{ZONE_PARENT}' THEN '{dwellings.COUNTY_WITH_ZONE}'
                       WHEN len(counties) > 0 THEN 'k:' || counties[1]
                       ELSE '*' END AS scope
        FROM place_area""")


def _settle(con: duckdb.DuckDBPyConnection) -> None:
    """Temporary `place_settled`: per claim its parts, areas and dwelling, how far its text leads (text_rank, text_method), and
    how far code and text together lead (level, method, candidates).

    A delivered dwelling code comes first when it exists and the text names no other township (attribute dwelling_id).
    Areas and parts of a located address are those of its dwelling, so that they compare whatever was typed.
    """
    parts = ", ".join(
        f"CASE WHEN d.complete THEN d.{part} WHEN NOT outside_city THEN found.{part} END AS {part}" for part in _PARTS
    )
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE place_settled AS
        WITH claims AS (
            SELECT c.record_id, c.category, c.column_name, c.text_id, c.own_dwelling,
                   {", ".join("p." + name for name in _READ)}, s.township_code, s.community_code, ch.dwelling_code AS by_text,
                   {_TEXT_RANK} AS text_rank, {_TEXT_METHOD} AS text_method, r.candidates AS text_candidates,
                   sl.probability AS slip_probability, gone.dwelling_code IS NOT NULL AS code_gone
            FROM place_claim c
            JOIN place_parsed p ON p.text_id = c.text_id
            LEFT JOIN place_scope s ON s.spot_id = c.spot_id AND s.beside_id = c.beside_id
            LEFT JOIN place_chosen ch ON ch.text_id = c.text_id AND ch.scope = s.scope
            LEFT JOIN place_reach r ON r.text_id = c.text_id AND r.scope = s.scope
            LEFT JOIN place_gone g ON g.text_id = c.text_id AND g.scope = s.scope
            LEFT JOIN place_slip sl ON sl.text_id = c.text_id AND sl.scope = s.scope
            LEFT JOIN gone_dwelling gone ON gone.dwelling_code = c.own_dwelling),
        coded AS (
            SELECT claims.*,
                   CASE WHEN outside_city THEN NULL
                        WHEN township_named AND claims.township_code <> d.township_code THEN NULL
                        WHEN township_named THEN d.dwelling_code
                        WHEN len(county_codes) = 0 OR list_contains(county_codes, d.county_code) THEN d.dwelling_code
                   END AS by_code, {scores.inside("claims", "d")} AS text_holds_code
            FROM claims LEFT JOIN dwelling d ON d.dwelling_code = own_dwelling),
        found AS (SELECT *, coalesce(by_code, by_text) AS found_code, {_METHOD} AS method FROM coded)
        SELECT found.* EXCLUDE (township_code, community_code, {", ".join(_PARTS)}), {parts},
               d.dwelling_code,
               coalesce(d.township_code, found.township_code) AS township_code,
               coalesce(d.community_code, found.community_code) AS community_code
        FROM found LEFT JOIN dwelling d ON d.dwelling_code = found_code""")


_READ = ("outside_city", "county_codes", "township_named", "community_name", "kind", "unit_or_building", "estate", *_PARTS)
"""What a claim keeps of its parsed text."""
_TEXT_RANK = f"""CASE WHEN ch.dwelling_code IS NOT NULL THEN {reach.RANK["dwelling"]} WHEN outside_city THEN 0
    ELSE greatest(coalesce(r.rank, 0), CASE WHEN s.community_code IS NOT NULL THEN {reach.RANK["community"]}
        WHEN s.township_code IS NOT NULL THEN {reach.RANK["township"]} WHEN len(s.counties) > 0 THEN {reach.RANK["county"]}
        ELSE 0 END) END"""
_TEXT_METHOD = """CASE WHEN ch.dwelling_code IS NOT NULL THEN ch.method WHEN kind <> 'address' THEN kind
    WHEN g.text_id IS NOT NULL THEN 'demolished' WHEN r.method IS NOT NULL THEN r.method ELSE 'unknown_area' END"""
_METHOD = """CASE WHEN by_code IS NULL AND code_gone AND by_text IS NULL AND NOT outside_city THEN 'demolished'
    WHEN by_code IS NULL THEN text_method
    WHEN by_text = by_code THEN 'code_and_text' WHEN text_holds_code THEN 'code' ELSE 'code_against_text' END"""


def _fill(con: duckdb.DuckDBPyConnection) -> None:
    """`place` anew from `place_settled`, with the wording of house_registry wherever the township is known."""
    con.execute("DROP TABLE IF EXISTS place")
    con.execute(create_table("place", SHARED_TABLES["place"]))
    worded = ", ".join(f"{'s.' if part in _PARTS else ''}{part} || '{word}'" for part, word in WORDS.items())
    own_parts = ", ".join(f"s.{part}" for part in ("road", "door_no", "village_group", "building", "unit", "room"))
    ranks = " ".join(f"WHEN {rank} THEN {literal(level)}" for level, rank in reach.RANK.items())
    con.execute(f"""
        INSERT INTO place
        WITH names AS (SELECT code, min(name) AS name FROM community GROUP BY code)
        SELECT record_id, category, column_name, text AS address,
               CASE WHEN s.dwelling_code IS NOT NULL THEN d.standard_address
                    WHEN outside_city OR s.township_code IS NULL THEN text
                    ELSE concat(county.wording, township.wording, coalesce(names.name, community_name), {worded})
               END AS standard_address,
               outside_city,
               CASE WHEN outside_city THEN NULL
                    WHEN s.township_code IS NOT NULL THEN left(s.township_code, 6)
                    WHEN len(county_codes) > 0 THEN county_codes[1] END AS county_code,
               s.township_code, township_named, s.community_code, {own_parts},
               s.dwelling_code,
               CASE WHEN by_code IS NOT NULL THEN 'code' WHEN by_text IS NOT NULL THEN 'text' END AS dwelling_from,
               CASE WHEN s.dwelling_code IS NOT NULL THEN 'dwelling' WHEN outside_city THEN 'outside'
                    ELSE CASE text_rank {ranks} END END AS level,
               method, CASE WHEN method = '{asking.SLIP}' THEN slip_probability WHEN text_rank > 0 OR by_code IS NOT NULL THEN score END,
               CASE WHEN s.dwelling_code IS NOT NULL THEN 1 WHEN NOT outside_city THEN text_candidates END AS candidates
        FROM place_settled s
        JOIN place_text USING (text_id)
        LEFT JOIN place_score USING (method, text_rank)
        LEFT JOIN dwelling d ON d.dwelling_code = s.dwelling_code
        LEFT JOIN division_name county ON county.code = left(s.township_code, 6)
        LEFT JOIN division_name township ON township.code = s.township_code
        LEFT JOIN names ON names.code = s.community_code""")


def _counts(con: duckdb.DuckDBPyConnection) -> PlaceCounts:
    row = con.execute("""
        SELECT count(*), count(*) FILTER (outside_city), count(township_code), count(community_code),
               count(*) FILTER (dwelling_from = 'code'), count(*) FILTER (dwelling_from = 'text')
        FROM place""").fetchone()
    assert row is not None
    return PlaceCounts(*row)
