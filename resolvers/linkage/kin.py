"""Who is seen with whom: the memory of sightings and of persons by which relatives are placed, and whose relatives a change concerns.

Belongs here: `sighting` (one row per mention in a cluster: record, household, registered dwelling, role in a couple), `person_about` (one
row per cluster: sex, birth date, names, telephones), kin of given clusters, records whose relatives must be placed anew. Does not: the
rules by which a relative is placed (relatives.py, family.py).

What a relative depends on: the mentions of its record and their clusters; the names, sexes and birth dates of the kin of those clusters,
and who is kin; for couples, who has the two names; for telephones, who has the number. Each is followed from what changed, in the tables
as they were and as they are, so that a record that is left out would be placed as before.
"""

from __future__ import annotations

import duckdb

from resolvers.linkage.assignment import within
from resolvers.mentions import ROLES_PER_RECORD

MAX_HOUSEHOLD_PERSONS = 30
"""More persons under one household or case number are no family."""

MAX_DWELLING_PERSONS = 12
"""More registered people than this in a dwelling are no family."""

_GROUPS = {"household": MAX_HOUSEHOLD_PERSONS, "dwelling": MAX_DWELLING_PERSONS}

COUPLES = (("spouse_a", "spouse_b"), ("spouse_b", "spouse_a"), ("father", "mother"))
"""Roles of one record that are a man and a woman who are a couple, or parents of one child."""

_DIGEST = "md5_number_lower({0})"
"""SQL: a household or dwelling as a number; comparing those is most of the work."""

_TABLES = """
    CREATE TABLE IF NOT EXISTS sighting (mention_id BIGINT, cluster BIGINT, record_id BIGINT, household UBIGINT, dwelling UBIGINT,
        partner VARCHAR);
    CREATE TABLE IF NOT EXISTS person_about (cluster BIGINT, sex VARCHAR, birth_date DATE, names VARCHAR[], phones VARCHAR[])"""


def remember_sightings(con: duckdb.DuckDBPyConnection, moved: str | None) -> None:
    """Bring `sighting` up to date for mentions that moved (a table with mention_id); `former_sighting` keeps their rows."""
    con.execute(_TABLES)
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE former_sighting AS SELECT * FROM sighting WHERE {within("mention_id", moved)};
        DELETE FROM sighting WHERE {within("mention_id", moved)};
        INSERT INTO sighting
        SELECT mention_id, cluster, record_id, {_DIGEST.format("household")},
               CASE WHEN category = 'household_registration' AND role = 'holder' THEN {_DIGEST.format("dwelling_code")} END,
               CASE WHEN role IN ('father', 'mother') OR (category = 'marriage_registration' AND role IN ('spouse_a', 'spouse_b'))
                    THEN role END
        FROM mention JOIN mention_cluster USING (mention_id) WHERE {within("mention_id", moved)}""")


def describe_persons(con: duckdb.DuckDBPyConnection, scope: str | None) -> None:
    """Bring `person_about` up to date for clusters of `scope` (a table with cluster), those that are no more included;
    `former_about` keeps their rows."""
    con.execute(_TABLES)
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE former_about AS SELECT * FROM person_about WHERE {within("cluster", scope)};
        DELETE FROM person_about WHERE {within("cluster", scope)};
        INSERT INTO person_about
        WITH part AS (
            SELECT coalesce(unit_cluster.cluster, unique_id) AS own_cluster, sex, birth_date, phones,
                   list_filter(list_concat([plain, own_form], coalesce(names, [])), lambda name: name IS NOT NULL) AS names
            FROM unit LEFT JOIN unit_cluster ON unit_id = unique_id)
        SELECT own_cluster, min(sex), min(birth_date), list_sort(list_distinct(flatten(list(names)))),
               list_sort(list_distinct(flatten(list(coalesce(phones, [])))))
        FROM part WHERE {within("own_cluster", scope, "cluster")} GROUP BY own_cluster""")


def collect_kin(con: duckdb.DuckDBPyConnection, anchor: str, table: str) -> None:
    """Write the temporary `table` (cluster, other) of the clusters in `anchor` (a table with cluster): named together in a record,
    members of one household or case, registered at one dwelling."""
    con.execute(f"CREATE OR REPLACE TEMP TABLE own_sighting AS SELECT * FROM sighting WHERE {within('cluster', anchor)}")
    queries = [
        """SELECT own.cluster, sighting.cluster AS other FROM own_sighting AS own JOIN sighting USING (record_id)
           WHERE own.cluster <> sighting.cluster"""
    ]
    for column, bound in _GROUPS.items():
        queries.append(f"""
            SELECT own.cluster, family.cluster FROM own_sighting AS own
            JOIN (SELECT DISTINCT cluster, {column} FROM sighting WHERE {column} IN (SELECT {column} FROM own_sighting)
                  QUALIFY count(*) OVER (PARTITION BY {column}) <= {bound}) AS family USING ({column})
            WHERE own.cluster <> family.cluster""")
    con.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {' UNION '.join(queries)}")
    con.execute("DROP TABLE temp.own_sighting")


def find_concerned_records(con: duckdb.DuckDBPyConnection) -> None:
    """`concerned_record` (record_id): records whose relatives an increment places anew; `concerned_mention`: their mentions.

    Reads `gone`, `fresh`, `moved_mention`, `changed_unit` of the increment; brings `sighting` and `person_about` up to date.
    """
    con.execute("""
        CREATE OR REPLACE TEMP TABLE stirred_mention AS
        SELECT mention_id FROM moved_mention UNION SELECT mention_id FROM fresh UNION SELECT mention_id FROM gone""")
    remember_sightings(con, "stirred_mention")
    con.execute("""
        CREATE OR REPLACE TEMP TABLE stirred_cluster AS
        SELECT cluster FROM moved_mention WHERE cluster IS NOT NULL UNION SELECT former FROM moved_mention WHERE former IS NOT NULL
        UNION SELECT coalesce(unit_cluster.cluster, unit_id) FROM changed_unit LEFT JOIN unit_cluster USING (unit_id)""")
    describe_persons(con, "stirred_cluster")
    _find_changed_persons(con)
    _find_changed_kin(con)
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE concerned_record AS
        SELECT mention_id // {ROLES_PER_RECORD} AS record_id FROM stirred_mention
        UNION SELECT record_id FROM sighting WHERE cluster IN (FROM concerned_person)
        UNION SELECT mention_id // {ROLES_PER_RECORD} FROM relative_cluster WHERE cluster IN (FROM concerned_person)
        UNION SELECT unnest([mention_l, mention_r]) // {ROLES_PER_RECORD} FROM decided
        UNION SELECT record_id FROM mention JOIN (SELECT raw FROM name_form WHERE plain IN (FROM changed_name)) ON raw = name
              WHERE role IN ('father', 'mother')
        UNION SELECT record_id FROM mention WHERE NOT subject AND phone IN (FROM changed_phone);
        CREATE OR REPLACE TEMP TABLE concerned_mention AS
        SELECT mention_id, record_id, role, is_self, subject, name, phone, household FROM mention
        WHERE record_id IN (SELECT record_id FROM concerned_record)""")


def _find_changed_persons(con: duckdb.DuckDBPyConnection) -> None:
    """`redescribed` (cluster): persons who came, went or have other names, sex or birth date; `changed_phone`: telephones of those and of
    persons with other telephones; `changed_name`: names of those and of persons whose part in a couple changed."""
    about = "SELECT cluster, sex, birth_date, names"
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE present_about AS SELECT * FROM person_about WHERE {within("cluster", "stirred_cluster")};
        CREATE OR REPLACE TEMP TABLE redescribed AS
        SELECT cluster FROM ({about} FROM present_about EXCEPT {about} FROM former_about)
        UNION SELECT cluster FROM ({about} FROM former_about EXCEPT {about} FROM present_about);
        CREATE OR REPLACE TEMP TABLE changed_phone AS
        WITH differing AS (
            SELECT cluster FROM (FROM present_about EXCEPT FROM former_about)
            UNION SELECT cluster FROM (FROM former_about EXCEPT FROM present_about))
        SELECT DISTINCT unnest(phones) AS phone FROM (FROM present_about UNION ALL FROM former_about) SEMI JOIN differing USING (cluster);
        CREATE OR REPLACE TEMP TABLE changed_name AS
        WITH coupled AS (
            SELECT cluster FROM former_sighting WHERE partner IS NOT NULL
            UNION SELECT cluster FROM sighting WHERE partner IS NOT NULL AND {within("mention_id", "stirred_mention")}
            UNION FROM redescribed)
        SELECT DISTINCT unnest(names) AS plain FROM (FROM present_about UNION ALL FROM former_about UNION ALL FROM person_about
            WHERE {within("cluster", "coupled")}) SEMI JOIN coupled USING (cluster)""")


def _find_changed_kin(con: duckdb.DuckDBPyConnection) -> None:
    """`concerned_person` (cluster): persons who are redescribed, their kin, and persons whose kin changed: all who are or were seen in a
    record, household or dwelling together with a mention that moved. A group that is and was too large to be a family concerns nobody."""
    collect_kin(con, "redescribed", "redescribed_kin")
    queries = ["SELECT cluster FROM redescribed", "SELECT other FROM redescribed_kin"]
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE stirred_sighting AS
        FROM former_sighting UNION SELECT * FROM sighting WHERE {within("mention_id", "stirred_mention")}""")
    for column, bound in {"record_id": 1_000_000, **_GROUPS}.items():
        queries.append(f"""
            SELECT cluster FROM (
                SELECT cluster, count(*) OVER (PARTITION BY {column}) AS persons,
                       count(*) FILTER (moved) OVER (PARTITION BY {column}) AS moved
                FROM (SELECT cluster, {column}, bool_or(moved) AS moved FROM (
                          SELECT cluster, {column}, false AS moved FROM sighting WHERE {column} IN (SELECT {column} FROM stirred_sighting)
                          UNION ALL SELECT cluster, {column}, true FROM stirred_sighting WHERE {column} IS NOT NULL)
                      GROUP BY cluster, {column}))
            WHERE persons - moved <= {bound} AND persons > 1""")
    con.execute(f"CREATE OR REPLACE TEMP TABLE concerned_person AS {' UNION '.join(queries)}")
