"""How far a text leads that leads to no dwelling: to a unit, building, door, road, group, community, township, county.

Belongs here: the beginnings of an address that the registry knows, how many dwellings still fit, and why it goes no
further; dwellings that have gone. Does not: the choice of one dwelling (`asking`), probabilities (`scores`).
"""

from __future__ import annotations

import duckdb

from resolvers.places import dwellings
from resolvers.places.parsing import parse_texts
from sources.tables import has_table

LEVELS = ("nowhere", "county", "township", "community", "group", "road", "door", "building", "unit", "dwelling")
"""From nothing to everything; 'outside' stands beside them."""
RANK = {level: rank for rank, level in enumerate(LEVELS)}

_PLACE = ("village_group", "road", "door_no")
_BEGINNINGS = (
    # rank, key, the parts that the text must name, what it may say no further about
    ("unit", dwellings.key("'u'", *_PLACE, "building", "unit"), "complete AND building IS NOT NULL AND unit IS NOT NULL"),
    ("building", dwellings.key("'b'", *_PLACE, "building"), "complete AND building IS NOT NULL AND NOT unit_or_building"),
    ("door", dwellings.key("'d'", *_PLACE), "door_no IS NOT NULL"),
    ("road", dwellings.key("'r'", "village_group", "road"), "road IS NOT NULL"),
    ("group", dwellings.key("'g'", "village_group"), "village_group IS NOT NULL"),
)


def create_reach(con: duckdb.DuckDBPyConnection) -> None:
    """In: what `asking` made. Out: temporary `place_reach` (text_id, scope, rank, method, candidates) of every text and
    scope without a dwelling: the deepest place that is known, and the dwellings that still fit."""
    _beginnings(con)
    _fitting(con)
    deepest = f"""CASE WHEN room IS NOT NULL OR unit_or_building THEN 9 WHEN unit IS NOT NULL THEN {RANK['unit']}
        WHEN building IS NOT NULL THEN {RANK['building']} WHEN door_no IS NOT NULL THEN {RANK['door']}
        WHEN road IS NOT NULL THEN {RANK['road']} WHEN village_group IS NOT NULL THEN {RANK['group']} ELSE 0 END"""
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE place_reach AS
        WITH answered AS (
            SELECT q.text_id, q.scope, q.depth, f.dwellings, f.shared
            FROM place_beginning q JOIN place_fitting f USING (scope, key)),
        best AS (
            SELECT text_id, scope, max(depth) AS depth, max_by(dwellings, depth) AS dwellings, max_by(shared, depth) AS shared
            FROM answered GROUP BY text_id, scope),
        areas AS ({_areas()}),
        levels AS (
            SELECT a.text_id, a.scope, p.complete, p.kind, {deepest} AS deepest, best.depth, best.dwellings,
                   CASE WHEN starts_with(a.scope, 'c:') THEN {RANK['community']} WHEN starts_with(a.scope, 't:')
                        THEN {RANK['township']} WHEN starts_with(a.scope, 'k:') THEN {RANK['county']} ELSE 0 END AS area_rank,
                   least(best.depth, best.shared) AS found_rank, areas.dwellings AS area_dwellings
            FROM (SELECT text_id, scope FROM place_aim ANTI JOIN place_chosen USING (text_id, scope)) a
            JOIN place_parsed p USING (text_id)
            LEFT JOIN best ON best.text_id = a.text_id AND best.scope = a.scope
            LEFT JOIN areas ON areas.scope = a.scope)
        SELECT text_id, scope, greatest(area_rank, coalesce(found_rank, 0)) AS rank,
               CASE WHEN kind <> 'address' THEN kind WHEN depth = 9 THEN 'several' WHEN NOT complete THEN 'unread'
                    WHEN coalesce(depth, 0) < deepest THEN 'absent' ELSE 'ends' END AS method,
               CASE WHEN dwellings IS NOT NULL THEN dwellings WHEN area_rank > 0 THEN area_dwellings END AS candidates
        FROM levels""")
    for table in ("place_beginning", "place_fitting"):
        con.execute(f"DROP TABLE temp.{table}")


def _beginnings(con: duckdb.DuckDBPyConnection) -> None:
    """`place_beginning` (text_id, scope, depth, key): the questions again, then ever shorter beginnings."""
    left = "place_aim ANTI JOIN place_chosen USING (text_id, scope)"
    selects = ["""SELECT text_id, scope, 9 AS depth, key
                   FROM (SELECT q.*, min(step) OVER (PARTITION BY text_id, scope) AS first
                         FROM place_question q JOIN dwelling_answer USING (scope, key) ANTI JOIN place_chosen USING (text_id, scope))
                   WHERE step = first"""]
    selects += [f"""SELECT text_id, scope, {RANK[level]}, {key} FROM (FROM {left}) JOIN place_parsed USING (text_id)
                    WHERE kind = 'address' AND {condition}
                      AND (village_group IS NULL OR left(scope, 2) IN ('c:', 'n:'))"""
                for level, key, condition in _BEGINNINGS]
    con.execute("CREATE OR REPLACE TEMP TABLE place_beginning AS " + " UNION ".join(selects))


def _fitting(con: duckdb.DuckDBPyConnection) -> None:
    """`place_fitting` (scope, key, dwellings, shared): how many dwellings fit, and the deepest level they have in common."""
    asked = "SEMI JOIN place_beginning USING (key)"
    named = [f"""SELECT key, dwelling_code FROM dwelling_key {asked}"""]
    named += [f"SELECT {key} AS key, dwelling_code FROM dwelling WHERE complete AND {key} IN (SELECT key FROM place_beginning)"
              for _, key, _ in _BEGINNINGS]

    def differ(column: str) -> str:
        return f"min(coalesce({column}, '')) <> max(coalesce({column}, ''))"

    def has(column: str) -> str:
        return f"max(coalesce({column}, '')) <> ''"

    street = f"WHEN {has('road')} THEN {RANK['road']} WHEN {has('village_group')} THEN {RANK['group']} ELSE {RANK['community']} END"
    shared = f"""CASE WHEN {differ('county_code')} THEN 0 WHEN {differ('township_code')} THEN {RANK['county']}
        WHEN {differ('community_code')} THEN {RANK['township']} WHEN {differ('village_group')} THEN {RANK['community']}
        WHEN {differ('road')} THEN CASE WHEN {has('village_group')} THEN {RANK['group']} ELSE {RANK['community']} END
        WHEN {differ('door_no')} THEN CASE {street} WHEN {differ('building')} THEN {RANK['door']}
        WHEN {differ('unit')} OR NOT {has('unit')} THEN CASE WHEN {has('building')} THEN {RANK['building']} ELSE {RANK['door']} END
        ELSE {RANK['unit']} END"""
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE place_fitting AS
        WITH asked AS ({" UNION ".join(named)}),
        answers AS ({dwellings.in_scopes("asked", "*")})
        SELECT scope, key, count(DISTINCT dwelling_code) AS dwellings, {shared} AS shared
        FROM answers SEMI JOIN place_beginning USING (scope, key)
        GROUP BY scope, key""")


def _areas() -> str:
    """SQL: scope and the dwellings in it."""
    return f"""SELECT scope, count(DISTINCT dwelling_code) AS dwellings
               FROM ({dwellings.in_scopes("(SELECT dwelling_code FROM dwelling)", "dwelling_code")}) GROUP BY scope"""


def create_gone(con: duckdb.DuckDBPyConnection) -> None:
    """Temporary `place_gone` (text_id, scope) and `gone_dwelling` (dwelling_code, gone_on): what history_house_registry knows
    and the registry no longer holds; empty where the history was not kept."""
    con.execute("CREATE OR REPLACE TEMP TABLE gone_dwelling (dwelling_code VARCHAR, gone_on DATE)")
    con.execute("CREATE OR REPLACE TEMP TABLE place_gone (text_id BIGINT, scope VARCHAR)")
    if not (has_table(con, "history_house_registry") and has_table(con, "typed_house_registry")):
        return
    con.execute("""
        CREATE OR REPLACE TEMP TABLE gone_text AS
        SELECT row_number() OVER (ORDER BY natural_key) AS text_id, t.standard_address AS text, natural_key AS dwelling_code,
               t.township_code, t.community_code, h.valid_to AS gone_on
        FROM (SELECT natural_key, max_by(delivery_date, (valid_from, position)) AS delivery_date,
                     max_by(position, (valid_from, position)) AS position, max(valid_to) AS valid_to
              FROM history_house_registry ANTI JOIN current_house_registry c USING (natural_key) GROUP BY natural_key) h
        JOIN typed_house_registry t USING (natural_key, delivery_date, position)""")
    con.execute("INSERT INTO gone_dwelling SELECT dwelling_code, gone_on FROM gone_text")
    parse_texts(con, "gone_text", "gone_parsed")
    con.execute(f"""
        INSERT INTO place_gone
        SELECT DISTINCT q.text_id, q.scope
        FROM gone_text g JOIN gone_parsed p USING (text_id)
        JOIN place_question q ON q.step = 1 AND q.key = {dwellings.FULL_KEY}
         AND q.scope IN ('c:' || g.community_code, 't:' || g.township_code, 'n:' || p.community_name,
                         'k:' || left(g.township_code, 6))
        ANTI JOIN place_chosen c ON c.text_id = q.text_id AND c.scope = q.scope""")
    con.execute("DROP TABLE gone_text")
    con.execute("DROP TABLE gone_parsed")
