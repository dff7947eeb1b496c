"""From clusters of units to the tables that the rest of the house reads.

Belongs here: which mention is in which cluster, `clustered` with relatives among them, `mention_person` and `everybody`. Does not: making
clusters (clusters.py), placing relatives (relatives.py), ids (resolvers/registry).

Every function replaces the rows of what changed, and everything in a run for everything.
"""

from __future__ import annotations

import duckdb

from resolvers.linkage import clusters
from resolvers.linkage.assignment import content_id, mention_key, within
from resolvers.linkage.increments import Delta
from sources.tables import SHARED_TABLES, create_table, literal

HEALTH_CATEGORIES = ("health_records", "care_followups")
JUSTICE_CATEGORIES = ("resettlement_support",)


def group(con: duckdb.DuckDBPyConnection, touched: str | None, *, threshold: float, lead: float) -> clusters.Outcome:
    """Cluster the units and bring `mention_cluster` (mention_id, cluster) up to date; threshold and lead are the model's.

    Writes `moved_mention` (mention_id, former, cluster) of mentions whose cluster came, went or changed.
    """
    snapshot(con, "unit_cluster", "former_unit_cluster")
    snapshot(con, "cluster_confidence", "former_confidence")
    outcome = clusters.cluster(con, threshold=threshold, lead=lead, touched=_to_cluster(con, touched))
    con.execute("CREATE TABLE IF NOT EXISTS mention_cluster (mention_id BIGINT, cluster BIGINT)")
    scope = None
    if touched is not None:
        con.execute("""
            CREATE OR REPLACE TEMP TABLE regrouped_mention AS
            WITH differing AS (
                SELECT unit_id FROM (FROM unit_cluster EXCEPT FROM former_unit_cluster)
                UNION SELECT unit_id FROM (FROM former_unit_cluster EXCEPT FROM unit_cluster)
                UNION SELECT unit_id FROM regrouped_unit)
            SELECT mention_id FROM unit_mention WHERE unit_id IN (SELECT unit_id FROM differing)
            UNION SELECT mention_id FROM touched_mention""")
        scope = "regrouped_mention"
    con.execute(f"CREATE OR REPLACE TEMP TABLE former_cluster AS SELECT * FROM mention_cluster WHERE {within('mention_id', scope)}")
    con.execute(f"""
        DELETE FROM mention_cluster WHERE {within("mention_id", scope)};
        INSERT INTO mention_cluster
        SELECT mention_id, coalesce(unit_cluster.cluster, unit_id) FROM unit_mention LEFT JOIN unit_cluster USING (unit_id)
        WHERE {within("mention_id", scope)}""")
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE moved_mention AS
        SELECT mention_id, former.cluster AS former, present.cluster
        FROM former_cluster AS former FULL JOIN (SELECT * FROM mention_cluster WHERE {within("mention_id", scope)}) AS present
            USING (mention_id)
        WHERE former.cluster IS DISTINCT FROM present.cluster""")
    return outcome


def _to_cluster(con: duckdb.DuckDBPyConnection, touched: str | None) -> str | None:
    """`to_cluster`: touched units, and those that lost a pair with one of them."""
    if touched is None:
        return None
    con.execute(f"CREATE OR REPLACE TEMP TABLE to_cluster AS SELECT unit_id FROM {touched} UNION SELECT unit_id FROM parted")
    return "to_cluster"


def snapshot(con: duckdb.DuckDBPyConnection, table: str, name: str) -> None:
    """Keep a table (key, value) as it was before a step, to see what the step changed; empty when there is none yet."""
    con.execute(f"CREATE TABLE IF NOT EXISTS {table} ({_STEPS[table]})")
    con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS FROM {table}")


_STEPS = {
    "unit_cluster": "unit_id BIGINT, cluster BIGINT",
    "cluster_confidence": "cluster BIGINT, probability DOUBLE",
    "person_of_cluster": "cluster BIGINT, person_id VARCHAR",
}


def settle(con: duckdb.DuckDBPyConnection, delta: Delta) -> None:
    """Bring `clustered` up to date: one row per mention. `touched_cluster`: clusters of the last run and of this that differ.

    A mention in no cluster is one of its own, with an id below zero.
    """
    con.execute("""
        CREATE TABLE IF NOT EXISTS clustered (mention_id BIGINT, record_id BIGINT, category VARCHAR, natural_key VARCHAR, role VARCHAR,
            subject BOOLEAN, cluster BIGINT)""")
    scope = None
    if not delta.everything:
        con.execute("""
            CREATE OR REPLACE TEMP TABLE resettled AS
            SELECT mention_id FROM gone UNION SELECT mention_id FROM fresh UNION SELECT mention_id FROM moved_mention
            UNION SELECT mention_id FROM replaced""")
        scope = "resettled"
    con.execute(f"CREATE OR REPLACE TEMP TABLE settled_before AS SELECT * FROM clustered WHERE {within('mention_id', scope)}")
    con.execute(f"""
        DELETE FROM clustered WHERE {within("mention_id", scope)};
        INSERT INTO clustered
        SELECT mention_id, record_id, category, natural_key, role, subject,
               coalesce(mention_cluster.cluster, relative_cluster.cluster, -{content_id(mention_key())})
        FROM mention LEFT JOIN mention_cluster USING (mention_id) LEFT JOIN relative_cluster USING (mention_id)
        WHERE {within("mention_id", scope)}""")
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE settled_after AS SELECT * FROM clustered WHERE {within("mention_id", scope)};
        CREATE OR REPLACE TEMP TABLE touched_cluster AS
        SELECT cluster FROM (FROM settled_before EXCEPT FROM settled_after) UNION
        SELECT cluster FROM (FROM settled_after EXCEPT FROM settled_before) UNION
        SELECT cluster FROM clustered WHERE {"false" if scope is None else "mention_id IN (SELECT mention_id FROM fresh)"}""")
    snapshot(con, "person_of_cluster", "former_person")


def publish(con: duckdb.DuckDBPyConnection, delta: Delta) -> int:
    """Bring `mention_person` and `everybody` up to date; returns the number of persons."""
    for table in ("mention_person", "everybody"):
        if delta.everything:
            con.execute(f"DROP TABLE IF EXISTS {table}")
        con.execute(create_table(table, SHARED_TABLES[table]))
    scope = delta.scope("republished")
    if scope:
        con.execute("""
            CREATE OR REPLACE TEMP TABLE republished AS
            SELECT cluster FROM touched_cluster
            UNION SELECT cluster FROM (FROM person_of_cluster EXCEPT FROM former_person)
            UNION SELECT cluster FROM (FROM former_person EXCEPT FROM person_of_cluster)
            UNION SELECT cluster FROM (FROM cluster_confidence EXCEPT FROM former_confidence)
            UNION SELECT cluster FROM (FROM former_confidence EXCEPT FROM cluster_confidence);
            CREATE OR REPLACE TEMP TABLE republished_person AS
            SELECT person_id FROM person_of_cluster SEMI JOIN republished USING (cluster)
            UNION SELECT person_id FROM former_person SEMI JOIN republished USING (cluster);
            DELETE FROM mention_person WHERE person_id IN (FROM republished_person);
            DELETE FROM everybody WHERE person_id IN (FROM republished_person)""")
    con.execute(f"""
        INSERT INTO mention_person SELECT record_id, category, natural_key, role, subject, person_id
        FROM clustered JOIN person_of_cluster USING (cluster) WHERE {within("cluster", scope)} ORDER BY category, natural_key, role""")
    _insert_everybody(con, scope)
    row = con.execute("SELECT count(*) FROM everybody").fetchone()
    return int(row[0]) if row else 0


def _insert_everybody(con: duckdb.DuckDBPyConnection, scope: str | None) -> None:
    health, justice = (", ".join(literal(name) for name in names) for names in (HEALTH_CATEGORIES, JUSTICE_CATEGORIES))
    con.execute(f"""
        INSERT INTO everybody
        SELECT person_id,
               CASE WHEN bool_or(subject AND category NOT IN ({health}, {justice})) THEN 'open'
                    WHEN bool_or(subject AND category IN ({health})) AND bool_or(subject AND category IN ({justice}))
                        THEN 'health_justice'
                    WHEN bool_or(subject AND category IN ({health})) THEN 'health'
                    WHEN bool_or(subject AND category IN ({justice})) THEN 'justice' ELSE 'relative' END,
               coalesce(min(probability), 1.0)
        FROM clustered JOIN person_of_cluster USING (cluster) LEFT JOIN cluster_confidence USING (cluster)
        WHERE {within("cluster", scope)}
        GROUP BY person_id ORDER BY person_id""")
