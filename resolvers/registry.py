"""The registry of person ids: they stay the same from run to run.

Belongs here: which cluster keeps which id when clusters merge or split, and numbers for new persons. Does not: making
clusters.

`person_member` holds the last person of every mention ever seen (category, natural key, role), so that a record that
is deleted and
comes back finds its person again. `person_registry` has one row per id ever given: first run and last run in which it
was in use.
`person_change` says what became of ids: `merged` (into another) or `split` (part of it left for another).
"""

from __future__ import annotations

import duckdb

_TABLES = """
    CREATE TABLE IF NOT EXISTS person_member (category VARCHAR, natural_key VARCHAR, role VARCHAR, person_id VARCHAR,
    run BIGINT);
    CREATE TABLE IF NOT EXISTS person_registry (person_id VARCHAR, first_run BIGINT, run BIGINT);
    CREATE TABLE IF NOT EXISTS person_change (run BIGINT, kind VARCHAR, person_id VARCHAR, other_person_id VARCHAR);
"""


def assign_ids(con: duckdb.DuckDBPyConnection, run: int) -> None:
    """From `clustered` (category, natural_key, role, cluster) write `person_of_cluster` (cluster, person_id) and
    bring the registry up to date.

    An id goes to the cluster that holds most of its mentions (then the one with the smallest key); of several ids
    that a cluster gets,
    the smallest survives. Clusters without an id are numbered by their smallest key, so the order of rows changes
    nothing.
    """
    con.execute(_TABLES)
    con.execute("""
        CREATE OR REPLACE TEMP TABLE held AS
        SELECT old.person_id, clustered.cluster, count(*) AS mentions, min(struct_pack(c := category, k :=
            natural_key, r := role)) AS first_key
        FROM clustered JOIN person_member AS old USING (category, natural_key, role) GROUP BY ALL""")
    con.execute("""
        CREATE OR REPLACE TEMP TABLE kept AS
        SELECT cluster, min(person_id) AS person_id
        FROM (SELECT * FROM held QUALIFY row_number() OVER (PARTITION BY person_id ORDER BY mentions DESC, first_key)
            = 1) GROUP BY cluster""")
    con.execute("""
        CREATE OR REPLACE TABLE person_of_cluster AS
        WITH used AS (SELECT coalesce(max(substr(person_id, 2)::BIGINT), 0) AS largest FROM person_registry),
             fresh AS (SELECT cluster, row_number() OVER (ORDER BY min(struct_pack(c := category, k := natural_key, r
                 := role))) AS place
                       FROM clustered ANTI JOIN kept USING (cluster) GROUP BY cluster)
        SELECT cluster, person_id FROM kept
        UNION ALL SELECT cluster, 'P' || lpad((place + largest)::VARCHAR, 11, '0') FROM fresh, used""")
    _record_changes(con, run)
    con.execute("""DELETE FROM person_member USING clustered WHERE person_member.category = clustered.category
                   AND person_member.natural_key = clustered.natural_key AND person_member.role = clustered.role""")
    con.execute(
        """INSERT INTO person_member SELECT category, natural_key, role, person_id, $1
           FROM clustered JOIN person_of_cluster USING (cluster)""",
        [run],
    )
    con.execute(
        "UPDATE person_registry SET run = $1 WHERE person_id IN (SELECT person_id FROM person_of_cluster)", [run]
    )
    con.execute(
        """INSERT INTO person_registry SELECT person_id, $1, $1 FROM person_of_cluster
                   ANTI JOIN person_registry USING (person_id) ORDER BY person_id""",
        [run],
    )


def _record_changes(con: duckdb.DuckDBPyConnection, run: int) -> None:
    """A held id that its cluster does not carry was merged away, or part of it left."""
    con.execute(
        """
        INSERT INTO person_change
        SELECT $1, CASE WHEN held.person_id IN (SELECT person_id FROM kept) THEN 'split' ELSE 'merged' END,
               held.person_id, person_of_cluster.person_id
        FROM held JOIN person_of_cluster USING (cluster)
        WHERE held.person_id <> person_of_cluster.person_id ORDER BY ALL""",
        [run],
    )
