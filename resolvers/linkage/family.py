"""Relatives whom their own family cannot place: by the other parent, as a couple, or by name and telephone.

Belongs here: the rounds after the first of placing relatives without a number (relatives.py), each with a rule that names one person or
nobody. Does not: the family of the person beside whom somebody is named, which is the first round.

Every round reads the temporary tables of relatives.py: `loose` (relatives that no number places), `placed` (mention_id, cluster),
`person_name` (cluster, plain) and `person_about` (cluster, sex, birth_date), and adds to `placed`.
"""

from __future__ import annotations

import duckdb

GENERATION_YEARS = 14
"""A parent is at least so much older."""

MAX_HOUSEHOLD_PERSONS = 30
"""More persons under one household or case number are no family."""

MAX_DWELLING_PERSONS = 12
"""More registered people than this in a dwelling are no family."""

MAX_EXPECTED_NAMESAKES = 1e-3
"""Couples of the same two names that the city would hold by chance: couples x share of the one name x share of the other. Above, two names
do not say who somebody is."""

_OLDER = f"coalesce(date_diff('year', {{parent}}.birth_date, {{child}}.birth_date) >= {GENERATION_YEARS}, false)"


def place_more(con: duckdb.DuckDBPyConnection) -> None:
    """Add to `placed` by the other parent, then as a couple, then by telephone; a round only sees what is still loose."""
    _gather_parents(con)
    _by_the_other_parent(con)
    _as_a_couple(con)
    _by_telephone(con)


def _gather_parents(con: duckdb.DuckDBPyConnection) -> None:
    """`parent_named`: fathers and mothers without a place, with the cluster and the name of the other parent of their record."""
    con.execute("""
        CREATE OR REPLACE TEMP TABLE parent_named AS
        WITH settled AS (SELECT mention_id, cluster FROM mention_cluster UNION ALL SELECT mention_id, cluster FROM placed)
        SELECT loose.mention_id, loose.record_id, loose.role, loose.beside, loose.plain, other.mention_id AS other_mention,
               settled.cluster AS other_cluster, other_form.plain AS other_plain
        FROM loose
        JOIN mention AS other ON other.record_id = loose.record_id AND other.role IN ('father', 'mother') AND other.role <> loose.role
        LEFT JOIN name_form AS other_form ON other_form.raw = other.name AND NOT other_form.damaged
        LEFT JOIN settled ON settled.mention_id = other.mention_id
        WHERE loose.role IN ('father', 'mother') AND loose.plain IS NOT NULL AND NOT loose.damaged
          AND loose.mention_id NOT IN (SELECT mention_id FROM placed)""")


def _sightings(con: duckdb.DuckDBPyConnection) -> None:
    """`seen_with` (cluster, other): who shares a record, a household or a registered dwelling with the other parents of `parent_named`."""
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE seen_with AS
        WITH anchor AS (SELECT DISTINCT other_cluster AS cluster FROM parent_named WHERE other_cluster IS NOT NULL),
        seen AS (
            SELECT cluster, record_id, household,
                   CASE WHEN category = 'household_registration' AND role = 'holder' THEN dwelling_code END AS dwelling
            FROM mention JOIN mention_cluster USING (mention_id)),
        own AS (SELECT seen.* FROM seen SEMI JOIN anchor USING (cluster)),
        members AS (SELECT cluster, household FROM seen WHERE household IN (SELECT household FROM own) GROUP BY ALL),
        family AS (SELECT * FROM members QUALIFY count(*) OVER (PARTITION BY household) <= {MAX_HOUSEHOLD_PERSONS}),
        housed AS (SELECT cluster, dwelling FROM seen WHERE dwelling IN (SELECT dwelling FROM own) GROUP BY ALL),
        neighbour AS (SELECT * FROM housed QUALIFY count(*) OVER (PARTITION BY dwelling) <= {MAX_DWELLING_PERSONS})
        SELECT own.cluster, seen.cluster AS other FROM own JOIN seen USING (record_id) WHERE own.cluster <> seen.cluster
        UNION
        SELECT own.cluster, family.cluster FROM own JOIN family USING (household) WHERE own.cluster <> family.cluster
        UNION
        SELECT own.cluster, neighbour.cluster FROM own JOIN neighbour USING (dwelling) WHERE own.cluster <> neighbour.cluster""")


def _by_the_other_parent(con: duckdb.DuckDBPyConnection) -> None:
    """The one person of that name, sex and generation in the family of the other parent, who may live apart from the grown-up child."""
    _sightings(con)
    con.execute(f"""
        INSERT INTO placed
        SELECT mention_id, min(other) FROM (
            SELECT parent_named.mention_id, seen_with.other
            FROM parent_named JOIN seen_with ON seen_with.cluster = parent_named.other_cluster
            JOIN person_name ON person_name.cluster = seen_with.other AND person_name.plain = parent_named.plain
            JOIN person_about AS parent ON parent.cluster = seen_with.other
            JOIN person_about AS child ON child.cluster = parent_named.beside
            WHERE parent.sex IS NOT DISTINCT FROM CASE parent_named.role WHEN 'father' THEN '1' ELSE '2' END
              AND {_OLDER.format(parent="parent", child="child")} AND seen_with.other <> parent_named.beside)
        GROUP BY mention_id HAVING count(DISTINCT other) = 1""")


def _as_a_couple(con: duckdb.DuckDBPyConnection) -> None:
    """Father and mother, both without a place: the one couple of the city with these two names, where chance would not make another."""
    con.execute("""
        CREATE OR REPLACE TEMP TABLE couple AS
        WITH partner AS (
            SELECT record_id, cluster, role FROM mention JOIN mention_cluster USING (mention_id)
            WHERE (category, role) IN (('marriage_registration', 'spouse_a'), ('marriage_registration', 'spouse_b'))
               OR role IN ('father', 'mother'))
        SELECT DISTINCT a.cluster AS man, b.cluster AS woman
        FROM partner AS a JOIN partner AS b USING (record_id)
        JOIN person_about AS he ON he.cluster = a.cluster AND he.sex = '1'
        JOIN person_about AS she ON she.cluster = b.cluster AND she.sex = '2'
        WHERE (a.role, b.role) IN (('spouse_a', 'spouse_b'), ('spouse_b', 'spouse_a'), ('father', 'mother'))""")
    con.execute(f"""
        INSERT INTO placed
        WITH wanted AS (
            SELECT father.record_id, father.beside, father.mention_id AS father, father.other_mention AS mother,
                   father.plain AS his, father.other_plain AS hers
            FROM parent_named AS father
            WHERE father.role = 'father' AND father.other_cluster IS NULL AND father.other_plain IS NOT NULL
              AND father.mention_id NOT IN (SELECT mention_id FROM placed)),
        share AS (SELECT plain, count(*) / sum(count(*)) OVER () AS share FROM person_name GROUP BY plain),
        namesake AS (
            SELECT wanted.*, couple.man, couple.woman, he.share * she.share * (SELECT count(*) FROM couple) AS by_chance
            FROM wanted JOIN person_name AS man_name ON man_name.plain = his JOIN couple ON couple.man = man_name.cluster
            JOIN person_name AS woman_name ON woman_name.plain = hers AND woman_name.cluster = couple.woman
            JOIN share AS he ON he.plain = his JOIN share AS she ON she.plain = hers
            QUALIFY count(DISTINCT (couple.man, couple.woman)) OVER (PARTITION BY wanted.record_id) = 1),
        fitting AS (
            SELECT DISTINCT namesake.* FROM namesake JOIN person_about AS he ON he.cluster = man
            JOIN person_about AS she ON she.cluster = woman JOIN person_about AS child ON child.cluster = beside
            WHERE by_chance <= {MAX_EXPECTED_NAMESAKES} AND {_OLDER.format(parent="he", child="child")}
              AND {_OLDER.format(parent="she", child="child")})
        SELECT father, man FROM fitting UNION ALL SELECT mother, woman FROM fitting""")


def _by_telephone(con: duckdb.DuckDBPyConnection) -> None:
    """The one person of that name with that telephone; a number that many people carry is not among the telephones of `unit`."""
    con.execute("""
        INSERT INTO placed
        WITH carrier AS (
            SELECT DISTINCT mention_cluster.cluster, phone
            FROM (SELECT unique_id AS unit_id, unnest(phones) AS phone FROM unit)
            JOIN unit_mention USING (unit_id) JOIN mention_cluster USING (mention_id))
        SELECT loose.mention_id, min(carrier.cluster)
        FROM loose JOIN mention USING (mention_id) JOIN carrier USING (phone)
        JOIN person_name ON person_name.cluster = carrier.cluster AND person_name.plain IN (loose.plain, loose.own_form)
        WHERE NOT loose.damaged AND NOT loose.is_self AND carrier.cluster <> loose.beside
          AND loose.mention_id NOT IN (SELECT mention_id FROM placed)
        GROUP BY loose.mention_id HAVING count(DISTINCT carrier.cluster) = 1""")
