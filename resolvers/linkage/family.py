"""Relatives whom their own family cannot place: by the other parent, as a couple, or by name and telephone.

Belongs here: the rounds after the first of placing relatives without a number (relatives.py), each with a rule that names one person or
nobody. Does not: the family of the person beside whom somebody is named, which is the first round.

Every round reads the temporary tables of relatives.py: `loose` (relatives that no number places), `placed` (mention_id, cluster) and
`person_name` (cluster, plain; of names that loose relatives have), the tables of kin.py: `sighting` and `person_about`, and adds to
`placed`. What a round takes from the city as a whole (how many have a name) is counted for the names in question only, so that an increment
counts what a run for everything counts.
"""

from __future__ import annotations

import duckdb

from resolvers.linkage.kin import COUPLES, collect_kin

GENERATION_YEARS = 14
"""A parent is at least so much older."""

MAX_EXPECTED_NAMESAKES = 1e-3
"""Couples of the same two names that the city would hold by chance: couples x share of the one name x share of the other, with one couple
per two persons. Above, two names do not say who somebody is."""

_OLDER = f"coalesce(date_diff('year', {{parent}}.birth_date, {{child}}.birth_date) >= {GENERATION_YEARS}, false)"


def place_more(con: duckdb.DuckDBPyConnection, persons: int, mentions: str = "mention") -> None:
    """Add to `placed` by the other parent, then as a couple, then by telephone; a round sees what is still loose, the last also contacts.

    persons: how many the city has, about. mentions: table with the mentions of the records of loose relatives.
    """
    _gather_parents(con, mentions)
    _by_the_other_parent(con)
    _as_a_couple(con, persons)
    _by_telephone(con, mentions)


def _gather_parents(con: duckdb.DuckDBPyConnection, mentions: str) -> None:
    """`parent_named`: fathers and mothers without a place, with the cluster and the name of the other parent of their record."""
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE parent_named AS
        WITH settled AS (SELECT mention_id, cluster FROM sighting WHERE record_id IN (SELECT record_id FROM loose)
                         UNION ALL SELECT mention_id, cluster FROM placed)
        SELECT loose.mention_id, loose.record_id, loose.role, loose.beside, loose.plain, other.mention_id AS other_mention,
               settled.cluster AS other_cluster, other_form.plain AS other_plain
        FROM loose
        JOIN {mentions} AS other ON other.record_id = loose.record_id AND other.role IN ('father', 'mother') AND other.role <> loose.role
        LEFT JOIN name_form AS other_form ON other_form.raw = other.name AND NOT other_form.damaged
        LEFT JOIN settled ON settled.mention_id = other.mention_id
        WHERE loose.role IN ('father', 'mother') AND loose.plain IS NOT NULL AND NOT loose.damaged
          AND loose.mention_id NOT IN (SELECT mention_id FROM placed)""")


def _by_the_other_parent(con: duckdb.DuckDBPyConnection) -> None:
    """The one person of that name, sex and generation in the family of the other parent, who may live apart from the grown-up child."""
    con.execute("""
        CREATE OR REPLACE TEMP TABLE other_parent AS
        SELECT DISTINCT other_cluster AS cluster FROM parent_named WHERE other_cluster IS NOT NULL""")
    collect_kin(con, "other_parent", "seen_with")
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


def _as_a_couple(con: duckdb.DuckDBPyConnection, persons: int) -> None:
    """Father and mother, both without a place: the one couple of the city with these two names, where chance would not make another."""
    con.execute("""
        CREATE OR REPLACE TEMP TABLE wanted_couple AS
        SELECT record_id, beside, mention_id AS father, other_mention AS mother, plain AS his, other_plain AS hers
        FROM parent_named
        WHERE role = 'father' AND other_cluster IS NULL AND other_plain IS NOT NULL
          AND mention_id NOT IN (SELECT mention_id FROM placed)""")
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE couple AS
        WITH man AS (SELECT DISTINCT cluster FROM person_name WHERE plain IN (SELECT his FROM wanted_couple)),
        woman AS (SELECT DISTINCT cluster FROM person_name WHERE plain IN (SELECT hers FROM wanted_couple))
        SELECT DISTINCT a.cluster AS man, b.cluster AS woman
        FROM (SELECT * FROM sighting WHERE partner IS NOT NULL AND cluster IN (FROM man)) AS a
        JOIN (SELECT * FROM sighting WHERE partner IS NOT NULL AND cluster IN (FROM woman)) AS b USING (record_id)
        JOIN person_about AS he ON he.cluster = a.cluster AND he.sex = '1'
        JOIN person_about AS she ON she.cluster = b.cluster AND she.sex = '2'
        WHERE (a.partner, b.partner) IN {COUPLES}""")
    con.execute(f"""
        INSERT INTO placed
        WITH share AS (SELECT plain, count(DISTINCT cluster) / {persons} AS share FROM person_name GROUP BY plain),
        namesake AS (
            SELECT wanted.*, couple.man, couple.woman, he.share * she.share * {persons} / 2 AS by_chance
            FROM wanted_couple AS wanted
            JOIN person_name AS man_name ON man_name.plain = his JOIN couple ON couple.man = man_name.cluster
            JOIN person_name AS woman_name ON woman_name.plain = hers AND woman_name.cluster = couple.woman
            JOIN share AS he ON he.plain = his JOIN share AS she ON she.plain = hers
            QUALIFY count(DISTINCT (couple.man, couple.woman)) OVER (PARTITION BY wanted.record_id) = 1),
        fitting AS (
            SELECT DISTINCT namesake.* FROM namesake JOIN person_about AS he ON he.cluster = man
            JOIN person_about AS she ON she.cluster = woman JOIN person_about AS child ON child.cluster = beside
            WHERE by_chance <= {MAX_EXPECTED_NAMESAKES} AND {_OLDER.format(parent="he", child="child")}
              AND {_OLDER.format(parent="she", child="child")})
        SELECT father, man FROM fitting UNION ALL SELECT mother, woman FROM fitting""")


def _by_telephone(con: duckdb.DuckDBPyConnection, mentions: str) -> None:
    """The one person of that name with that telephone; a number that many people carry is not among the telephones of `person_about`.

    A contact need not be family, so that a telephone says more about it than a name among kin, and takes it away from there.
    """
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE called AS
        WITH asked AS (SELECT phone FROM {mentions} WHERE phone IS NOT NULL AND mention_id IN (SELECT mention_id FROM loose)),
        carrier AS (
            SELECT DISTINCT cluster, phone FROM (SELECT cluster, unnest(phones) AS phone FROM person_about) SEMI JOIN asked USING (phone))
        SELECT loose.mention_id, min(carrier.cluster) AS cluster
        FROM loose JOIN {mentions} USING (mention_id) JOIN carrier USING (phone)
        JOIN person_name ON person_name.cluster = carrier.cluster AND person_name.plain IN (loose.plain, loose.own_form)
        WHERE NOT loose.damaged AND NOT loose.is_self AND carrier.cluster <> loose.beside
          AND (loose.role = 'contact' OR loose.mention_id NOT IN (SELECT mention_id FROM placed))
        GROUP BY loose.mention_id HAVING count(DISTINCT carrier.cluster) = 1;
        DELETE FROM placed WHERE mention_id IN (SELECT mention_id FROM called);
        INSERT INTO placed SELECT mention_id, cluster FROM called;
        DROP TABLE called""")
