"""Probabilities of located claims, estimated from claims that carry both a dwelling code and a text.

Belongs here: when a text's place holds a dwelling, how often code and text agree, and what follows for each method
(docs/decisions/0008-person-house-matching.md). Does not: choosing a dwelling; no truth is read.
"""

from __future__ import annotations

import duckdb

from resolvers.places.dwellings import road_stem
from resolvers.places.reach import RANK

STRENGTH = 20
"""A method seen less often than this is judged rather by all methods that lead as far."""


def inside(text: str, dwelling: str) -> str:
    """SQL: the place that the text (alias of a claim with by_text and its parts) leads to holds the dwelling (alias); NULL
    without a dwelling or for a text of another city."""
    def may_be(column: str) -> str:
        return f"coalesce({text}.{column} = {dwelling}.{column}, true)"

    road = f"coalesce({road_stem(f'{text}.road')} = {road_stem(f'{dwelling}.road')}, true)"
    parts = " AND ".join(may_be(part) for part in ("community_code", "village_group", "door_no", "unit", "room"))
    county = f"(len({text}.county_codes) = 0 OR list_contains({text}.county_codes, {dwelling}.county_code))"
    return f"""CASE WHEN {dwelling}.dwelling_code IS NULL OR {text}.outside_city THEN NULL
        WHEN {text}.by_text IS NOT NULL THEN {text}.by_text = {dwelling}.dwelling_code
        ELSE {may_be("township_code")} AND {county} AND {parts} AND {road}
             AND ({text}.unit_or_building OR {may_be("building")}) END"""


def create_scores(con: duckdb.DuckDBPyConnection) -> None:
    """In: place_settled. Out: temporary `place_score` (method, text_rank, score); NULL where no claim carries code and text.

    With errors of code and text independent, agreement is c t. Of full texts and codes neither is known to be better:
    c = sqrt(agreement of method text). Then t of every other method is its agreement / c.
    """
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE place_score AS
        WITH evidence AS (
            SELECT text_method, text_rank, count(text_holds_code) AS n, count(*) FILTER (text_holds_code) AS agreed
            FROM place_settled WHERE NOT outside_city GROUP BY ALL),
        pooled AS (
            SELECT text_rank = {RANK["dwelling"]} AS located, sum(agreed) / nullif(sum(n), 0) AS rate FROM evidence GROUP BY located),
        codes AS (
            SELECT sqrt(coalesce((sum(agreed) + 0.5) / nullif(sum(n) + 1, 1), (SELECT rate FROM pooled WHERE located))) AS c
            FROM evidence WHERE text_method = 'text'),
        texts AS (
            SELECT text_method, text_rank, n,
                   CASE WHEN rate IS NOT NULL THEN least(1, (agreed + {STRENGTH} * rate) / (n + {STRENGTH}) / coalesce(c, 1)) END AS t, c
            FROM evidence JOIN pooled ON located = (text_rank = {RANK["dwelling"]}) CROSS JOIN codes),
        beside AS (
            SELECT text_rank, any_value(c) AS c, sum(t * n) / nullif(sum(n), 0) AS t FROM texts GROUP BY text_rank)
        SELECT text_method AS method, text_rank, t AS score FROM texts
        UNION ALL
        SELECT 'code_and_text', text_rank, c * t / (c * t + (1 - c) * (1 - t)) FROM beside
        UNION ALL SELECT 'code', text_rank, c FROM beside
        UNION ALL SELECT 'code_against_text', text_rank, c * (1 - t) / (1 - c * t) FROM beside""")
