"""Subgroups of the mentions, from what the mentions themselves say.

Belongs here: which subgroup a person and a mention belong to. Does not: figures (estimation.py).

The values are those of a person of ours (a cluster), so all its mentions count in the same subgroup; only `id_number` is
a property of the mention. A mention that stays alone is what it says itself. Where nothing is said there is no value, and
the mention counts in the total only. Ages are counted back from the newest birth date in the registers, so that no clock
is read. A name counts as long or dotted by its form alone: five characters or more, or a dot inside.
Places are read from the national codes of divisions: characters 10 to 12 tell residents' committees (001-199) from villages
(200-399), characters 7 to 9 streets (001-099) from towns and townships (100 on).
"""

from __future__ import annotations

import duckdb

from resolvers.linkage.nuclei import date_in_number, sex_in_number

DIMENSIONS = ("age_band", "sex", "migrant", "minority_name", "area", "id_number")
"""Subgroups in the order of the report; a row `all` comes before them."""

AGE_BANDS = ((0, 6), (7, 17), (18, 44), (45, 59), (60, 74), (75, 200))

_COMMUNITY = "coalesce(community_code, left(dwelling_code, 12))"


def _age_band(birth_date: str) -> str:
    years = f"date_diff('year', {birth_date}, (SELECT max(birth_date) FROM mention))"
    cases = " ".join(
        f"WHEN {years} <= {high} THEN '{low:02d}-{high:02d}'" if high < 200 else f"ELSE '{low}+'" for low, high in AGE_BANDS
    )
    return f"CASE WHEN {birth_date} IS NULL THEN NULL {cases} END"


def _area(community: str, township: str) -> str:
    return f"""CASE WHEN substr({community}, 10, 3) BETWEEN '200' AND '399' THEN 'rural'
        WHEN length({community}) >= 12 THEN 'urban'
        WHEN substr({township}, 7, 3) BETWEEN '001' AND '099' THEN 'urban' WHEN length({township}) >= 9 THEN 'rural' END"""


def describe(con: duckdb.DuckDBPyConnection) -> None:
    """Write `quality_mention` (one row per subject mention: mention_id, unit_id, cluster, loose, what it says itself) and
    `quality_cluster` (one row per cluster with a subject mention: cluster, size, loose, numbers, and its subgroups).

    loose: the mention is no owner of a valid number; the model, a key or nothing places it.
    """
    con.execute("""
        CREATE OR REPLACE TEMP TABLE long_name AS
        SELECT raw FROM name_form WHERE plain IS NOT NULL AND (length(plain) >= 5 OR regexp_matches(raw, '\\S[·•.．‧・･。﹒∙⋅᛫]\\S'))""")
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE quality_mention AS
        SELECT mention_id, unit_id, cluster, number IS NULL AS loose, number,
               mention.birth_date AS birth_date, mention.sex AS sex,
               CASE WHEN category = 'residence_permits' AND role = 'holder' THEN 'migrant'
                    WHEN category = 'household_registration' AND role = 'holder' THEN 'resident' END AS migrant,
               CASE WHEN long_name.raw IS NOT NULL THEN 'long or dotted' WHEN mention.name IS NOT NULL THEN 'other' END AS minority_name,
               {_area(_COMMUNITY, "township_code")} AS area
        FROM mention JOIN unit_mention USING (mention_id) JOIN mention_cluster USING (mention_id)
        LEFT JOIN long_name ON long_name.raw = mention.name
        WHERE subject""")
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE quality_cluster AS
        WITH one AS (
            SELECT cluster, count(*) AS size, count(*) FILTER (loose) AS loose, count(DISTINCT number) AS numbers,
                   coalesce(min({date_in_number("number")}), min(birth_date)) AS birth_date,
                   coalesce(min({sex_in_number("number")}), min(sex)) AS sex,
                   min(migrant) AS migrant, min(minority_name) AS minority_name,
                   coalesce(min(area) FILTER (migrant IS NOT NULL), min(area)) AS area
            FROM quality_mention GROUP BY cluster)
        SELECT cluster, size, loose, numbers, {_age_band("birth_date")} AS age_band,
               CASE sex WHEN '1' THEN 'male' WHEN '2' THEN 'female' END AS sex, migrant, minority_name, area
        FROM one""")


def own_values() -> str:
    """SQL columns of what a mention (row of `quality_mention`) says itself when its number is hidden."""
    return f"""{_age_band("birth_date")} AS age_band, CASE sex WHEN '1' THEN 'male' WHEN '2' THEN 'female' END AS sex,
        migrant, minority_name, area"""
