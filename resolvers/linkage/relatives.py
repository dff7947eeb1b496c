"""Relatives without a usable number: placed by the family of the person beside whom they are named, or left unlinked.

Belongs here: the family of a person (named together in a record, one household register, one dwelling) and the rule
that a relative is
the one member of it with that name, sex and generation. Does not: relatives whose number says who they are (nuclei.py).
Better unlinked than wrong: two candidates, or none, leave the mention alone.
"""

from __future__ import annotations

import duckdb

from resolvers.linkage import family
from resolvers.linkage.assignment import content_id
from resolvers.linkage.family import GENERATION_YEARS, MAX_DWELLING_PERSONS, MAX_HOUSEHOLD_PERSONS


def place(con: duckdb.DuckDBPyConnection) -> None:
    """Write `relative_cluster` (mention_id, cluster): the cluster of a placed relative, or minus the smallest mention
    of the relatives that are one.

    Reads `mention_cluster` (mention_id, cluster) of all other mentions.
    """
    _collect_loose(con)
    _describe_persons(con)
    _collect_kin(con)
    _choose_members(con)
    family.place_more(con)
    con.execute(f"""
        CREATE TABLE IF NOT EXISTS relative_cluster (mention_id BIGINT, cluster BIGINT);
        CREATE OR REPLACE TEMP TABLE relative_before AS FROM relative_cluster;
        DELETE FROM relative_cluster;
        INSERT INTO relative_cluster
        WITH rest AS (SELECT loose.* FROM loose ANTI JOIN placed USING (mention_id)
                      WHERE plain IS NOT NULL AND NOT damaged),
        parents AS (
            SELECT rest.mention_id, concat_ws('|', own.household, rest.role, rest.plain, other_form.plain) AS family
            FROM rest JOIN mention AS own ON own.mention_id = rest.beside_mention
            JOIN mention AS other ON other.record_id = rest.record_id AND other.role IN ('father', 'mother')
                AND other.role <> rest.role
            JOIN name_form AS other_form ON other_form.raw = other.name
            WHERE rest.role IN ('father', 'mother') AND own.household IS NOT NULL AND other_form.plain IS NOT NULL)
        SELECT mention_id, cluster FROM placed
        UNION ALL
        SELECT rest.mention_id, -{content_id("coalesce('parent|' || family, concat_ws('|', 'relative', rest.beside, rest.plain))")}
        FROM rest LEFT JOIN parents USING (mention_id);
        CREATE OR REPLACE TEMP TABLE replaced AS
        SELECT mention_id FROM (FROM relative_before EXCEPT FROM relative_cluster)
        UNION SELECT mention_id FROM (FROM relative_cluster EXCEPT FROM relative_before)""")


def _collect_loose(con: duckdb.DuckDBPyConnection) -> None:
    """`loose`: relatives that no number places, with the person beside whom they are named (the first role of the
    record that is a subject)."""
    con.execute("""
        CREATE OR REPLACE TEMP TABLE loose AS
        SELECT loose.mention_id, loose.record_id, loose.role, loose.is_self, form.plain, form.own_form, form.damaged,
               holders.cluster AS beside, holders.mention_id AS beside_mention
        FROM (SELECT * FROM mention ANTI JOIN mention_cluster USING (mention_id) WHERE NOT subject) AS loose
        LEFT JOIN name_form AS form ON form.raw = loose.name
        JOIN mention AS holder ON holder.record_id = loose.record_id AND holder.subject
        JOIN mention_cluster AS holders ON holders.mention_id = holder.mention_id
        QUALIFY row_number() OVER (PARTITION BY loose.mention_id ORDER BY holders.mention_id) = 1""")


def _choose_members(con: duckdb.DuckDBPyConnection) -> None:
    """`placed`: the one member of the family with the name, sex and generation of the relative.

    Two roles of a record are two people, but a contact may repeat another relative of the record.
    """
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE placed AS
        WITH candidate AS (
            SELECT loose.mention_id, loose.record_id, loose.role, kin.other AS cluster
            FROM loose JOIN kin ON kin.cluster = loose.beside
            JOIN person_name ON person_name.cluster = kin.other
                AND person_name.plain IN (loose.plain, loose.own_form)
            JOIN person_about AS other ON other.cluster = kin.other
            JOIN person_about AS own ON own.cluster = loose.beside
            WHERE NOT loose.damaged AND NOT loose.is_self
              AND (loose.role <> 'father' OR coalesce(other.sex, '1') = '1')
              AND (loose.role <> 'mother' OR coalesce(other.sex, '2') = '2')
              AND (loose.role NOT IN ('father', 'mother')
                   OR coalesce(date_diff('year', other.birth_date, own.birth_date) >= {GENERATION_YEARS}, false))
              AND (loose.role <> 'spouse' OR coalesce(other.sex <> own.sex, false))),
        named_there AS (SELECT DISTINCT record_id, cluster FROM mention JOIN mention_cluster USING (mention_id)),
        possible AS (
            SELECT * FROM candidate WHERE role = 'contact'
            UNION ALL SELECT * FROM (SELECT * FROM candidate WHERE role <> 'contact')
                      ANTI JOIN named_there USING (record_id, cluster)
            UNION ALL
            SELECT loose.mention_id, NULL, loose.role, loose.beside
            FROM loose JOIN person_name ON person_name.cluster = loose.beside AND person_name.plain = loose.plain
            WHERE loose.is_self),
        single AS (SELECT mention_id, any_value(record_id) AS record_id, any_value(role) AS role,
                          min(cluster) AS cluster
                   FROM possible GROUP BY mention_id HAVING count(DISTINCT cluster) = 1)
        SELECT mention_id, cluster FROM single
        QUALIFY role = 'contact' OR record_id IS NULL
                OR count(*) FILTER (role <> 'contact') OVER (PARTITION BY record_id, cluster) = 1""")


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
    """`kin` (cluster, other) of the persons beside loose relatives: named together in a record, members of one
    household or case, registered at one dwelling."""
    con.execute("""
        CREATE OR REPLACE TEMP TABLE sighting AS
        SELECT cluster, record_id, household,
               CASE WHEN category = 'household_registration' AND role = 'holder' THEN dwelling_code END AS dwelling
        FROM mention JOIN mention_cluster USING (mention_id)""")
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE kin AS
        WITH beside AS (SELECT DISTINCT beside AS cluster FROM loose),
        members AS (SELECT DISTINCT cluster, household FROM sighting WHERE household IS NOT NULL
                    QUALIFY count(*) OVER (PARTITION BY household) <= {MAX_HOUSEHOLD_PERSONS}),
        neighbours AS (SELECT cluster, dwelling FROM sighting WHERE dwelling IS NOT NULL GROUP BY cluster, dwelling
                       QUALIFY count(*) OVER (PARTITION BY dwelling) <= {MAX_DWELLING_PERSONS})
        SELECT a.cluster, b.cluster AS other
        FROM beside JOIN sighting AS a USING (cluster) JOIN sighting AS b USING (record_id) WHERE a.cluster <> b.cluster
        UNION
        SELECT a.cluster, b.cluster
        FROM beside JOIN members AS a USING (cluster) JOIN members AS b USING (household) WHERE a.cluster <> b.cluster
        UNION
        SELECT a.cluster, b.cluster
        FROM beside JOIN neighbours AS a USING (cluster) JOIN neighbours AS b USING (dwelling)
        WHERE a.cluster <> b.cluster""")
