"""Relatives without a usable number: placed by the family of the person beside whom they are named, or left unlinked.

Belongs here: the family of a person (named together in a record, one household register, one dwelling) and the rule
that a relative is
the one member of it with that name, sex and generation. Does not: relatives whose number says who they are (nuclei.py).
Better unlinked than wrong: two candidates, or none, leave the mention alone.
"""

from __future__ import annotations

import duckdb

GENERATION_YEARS = 14
"""A parent is at least so much older."""

MAX_DWELLING_PERSONS = 12
"""More registered people than this in a dwelling are no family."""

_MEN, _WOMEN = "('father')", "('mother')"


def place(con: duckdb.DuckDBPyConnection) -> None:
    """Write `relative_cluster` (mention_id, cluster): the cluster of a placed relative, or the smallest mention of
    relatives that are one.

    Reads `mention_cluster` (mention_id, cluster) of all other mentions.
    """
    _describe_persons(con)
    _collect_kin(con)
    con.execute("""
        CREATE OR REPLACE TEMP TABLE loose AS
        SELECT loose.mention_id, loose.record_id, loose.role, loose.relation, loose.is_self, form.plain,
            form.own_form, form.damaged,
               holders.cluster AS beside, holders.mention_id AS beside_mention
        FROM mention AS loose LEFT JOIN name_form AS form ON form.raw = loose.name
        JOIN mention AS holder ON holder.record_id = loose.record_id AND holder.subject
        JOIN mention_cluster AS holders ON holders.mention_id = holder.mention_id
        WHERE NOT loose.subject AND loose.mention_id NOT IN (SELECT mention_id FROM mention_cluster)
        QUALIFY row_number() OVER (PARTITION BY loose.mention_id ORDER BY holders.mention_id) = 1""")
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE placed AS
        WITH candidate AS (
            SELECT loose.mention_id, kin.other AS cluster, loose.record_id
            FROM loose JOIN kin ON kin.cluster = loose.beside
            JOIN person_name ON person_name.cluster = kin.other AND person_name.plain IN (loose.plain, loose.own_form)
            JOIN person_about AS other ON other.cluster = kin.other JOIN person_about AS own ON own.cluster =
                loose.beside
            WHERE NOT loose.damaged AND NOT loose.is_self
              AND (loose.role NOT IN {_MEN} OR coalesce(other.sex, '1') = '1') AND (loose.role NOT IN {_WOMEN} OR
                  coalesce(other.sex, '2') = '2')
              AND (loose.role NOT IN ('father', 'mother') OR coalesce(date_diff('year', other.birth_date,
                  own.birth_date) >= {GENERATION_YEARS}, false))
              AND (loose.role <> 'spouse' OR coalesce(other.sex <> own.sex, false))
            UNION ALL
            SELECT loose.mention_id, loose.beside, loose.record_id
            FROM loose JOIN person_name ON person_name.cluster = loose.beside AND person_name.plain = loose.plain
                WHERE loose.is_self),
        named_there AS (SELECT record_id, cluster FROM mention JOIN mention_cluster USING (mention_id))
        SELECT mention_id, min(cluster) AS cluster, any_value(record_id) AS record_id
        FROM candidate
        WHERE (record_id, cluster) NOT IN (SELECT (record_id, cluster) FROM named_there)
           OR mention_id IN (SELECT mention_id FROM loose WHERE is_self)
        GROUP BY mention_id HAVING count(DISTINCT cluster) = 1""")
    con.execute("""
        CREATE OR REPLACE TABLE relative_cluster AS
        WITH once AS (SELECT mention_id, cluster FROM placed QUALIFY count(*) OVER (PARTITION BY record_id, cluster) =
            1),
        rest AS (SELECT loose.* FROM loose ANTI JOIN once USING (mention_id) WHERE plain IS NOT NULL AND NOT damaged),
        parents AS (
            SELECT rest.mention_id, own.household || '|' || rest.role || '|' || rest.plain || '|' ||
                coalesce(other_form.plain, '') AS family
            FROM rest JOIN mention AS own ON own.mention_id = rest.beside_mention
            JOIN mention AS other ON other.record_id = rest.record_id AND other.role IN ('father', 'mother') AND
                other.role <> rest.role
            JOIN name_form AS other_form ON other_form.raw = other.name
            WHERE rest.role IN ('father', 'mother') AND own.household IS NOT NULL),
        grouped AS (
            SELECT rest.mention_id, min(rest.mention_id) OVER (PARTITION BY coalesce(parents.family, rest.beside ||
                '|' || rest.plain)) AS first_mention
            FROM rest LEFT JOIN parents USING (mention_id))
        SELECT mention_id, cluster FROM once
        UNION ALL SELECT mention_id, -first_mention FROM grouped""")


def _describe_persons(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("""
        CREATE OR REPLACE TEMP TABLE person_about AS
        SELECT cluster, min(unit.sex) AS sex, min(unit.birth_date) AS birth_date
        FROM (SELECT DISTINCT cluster, unit_id FROM mention_cluster JOIN unit_mention USING (mention_id)) JOIN unit ON
            unique_id = unit_id
        GROUP BY cluster""")
    con.execute("""
        CREATE OR REPLACE TEMP TABLE person_name AS
        SELECT DISTINCT cluster, plain
        FROM (SELECT cluster, unnest(list_concat([unit.plain, unit.own_form], coalesce(unit.names, []))) AS plain
              FROM (SELECT DISTINCT cluster, unit_id FROM mention_cluster JOIN unit_mention USING (mention_id)) JOIN
                  unit ON unique_id = unit_id)
        WHERE plain IS NOT NULL""")


def _collect_kin(con: duckdb.DuckDBPyConnection) -> None:
    """`kin` (cluster, other): named together in a record, members of one household or case, registered at one
    dwelling."""
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE kin AS
        WITH together AS (
            SELECT cluster, 'r' || record_id AS family FROM mention JOIN mention_cluster USING (mention_id)
            UNION SELECT cluster, household FROM mention JOIN mention_cluster USING (mention_id) WHERE household IS
                NOT NULL
            UNION (SELECT cluster, 'd' || dwelling_code FROM (SELECT DISTINCT cluster, dwelling_code FROM mention JOIN
                mention_cluster USING (mention_id)
                                                                 WHERE dwelling_code IS NOT NULL AND category =
                                                                     'household_registration')
                   QUALIFY count(*) OVER (PARTITION BY dwelling_code) <= {MAX_DWELLING_PERSONS}))
        SELECT DISTINCT a.cluster, b.cluster AS other FROM together AS a JOIN together AS b USING (family) WHERE
            a.cluster <> b.cluster""")
