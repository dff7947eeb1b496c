"""Which cluster carries which person id.

Belongs here: what a run has to look at, who keeps an id, numbers for new persons, and the bookkeeping of members.
Does not: why a change happened (causes.py).

Temporary tables of a run, all small when little changed:

    reg_seen      (whole runs) clusters with the persons of their mentions
    reg_cluster   clusters to look at; reg_affected: ids to look at
    reg_mention   the mentions of those clusters with their last person (`old`)
    reg_gone      mentions of those ids that are no more
    reg_assigned  cluster, person_id, origin kept|returned|given
    reg_move      mentions that change the id: old, new, kind merged|split
    reg_altered   ids that gain or lose a mention
"""

from __future__ import annotations

import duckdb

from resolvers.registry.causes import record_changes
from resolvers.registry.churn import Churn, record_run
from resolvers.registry.tables import KEY, columns_of, create_tables
from sources.tables import has_table, literal, quoted
from sources.withdrawals import PURGED_CATEGORIES

CONTENT = (
    "name",
    "former_name",
    "id_number",
    "id_typed",
    "sex",
    "birth_date",
    "phone",
    "address",
    "dwelling_code",
    "household",
    "relation",
)
"""What a mention states, as far as a correction of the record can change who it is."""


def assign_ids(con: duckdb.DuckDBPyConnection, run: int, touched: str | None = None) -> Churn:
    """Write `person_of_cluster` (cluster, person_id) from `clustered` and bring the registry up to date.

    In:  `clustered`, one row per mention (category, natural_key, role, cluster; mention_id where causes are to be
         told), complete; `mention`, `link_edge`, `cut`, `unit_mention`, `decision_applied` where they exist.
         touched: a table with column `cluster` that names every cluster of this or the last run that gained, lost or
         changed a mention. A number that only one of the two runs has counts as named. What it does not name must
         hold the same mentions as in the last run; then the result is that of the whole computation.
    Out: figures of the run (as `churn` tells them later). The order of rows changes nothing.
    """
    create_tables(con)
    first = con.execute("SELECT 1 FROM person_registry LIMIT 1").fetchone() is None
    whole = touched is None or first or not has_table(con, "person_of_cluster")
    if touched is None or whole:
        _look_at_everything(con)
    else:
        _look_at_touched(con, touched)
    _collect_mentions(con)
    _keep_ids(con)
    _return_ids(con)
    _give_ids(con)
    _find_moves(con)
    record_changes(con, run)
    figures = record_run(con, run, first=first)
    _write_clusters(con, whole=whole)
    _write_members(con, run)
    _write_registry(con, run)
    _forget_withdrawn(con)
    return figures


def _content(con: duckdb.DuckDBPyConnection) -> tuple[str, str]:
    """Join and expression of the digest of what a mention states; NULL where there is no such table."""
    if not has_table(con, "mention") or "mention_id" not in columns_of(con, "clustered"):
        return "", "NULL::UBIGINT"
    known = columns_of(con, "mention")
    parts = ", ".join(f"coalesce(stated.{quoted(name)}::VARCHAR, '')" for name in CONTENT if name in known)
    return (
        "LEFT JOIN mention AS stated ON stated.mention_id = clustered.mention_id",
        f"md5_number_lower(concat_ws(chr(31), {parts}))",
    )


def _look_at_everything(con: duckdb.DuckDBPyConnection) -> None:
    """Clusters that are exactly one known person, unchanged, need no further look."""
    join, content = _content(con)
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE reg_seen AS
        SELECT clustered.cluster, min(old.person_id) AS person_id, count(*) AS mentions,
               bool_or(old.person_id IS NULL OR old.gone_run IS NOT NULL
                       OR ({content} IS NOT NULL AND old.content IS DISTINCT FROM {content}))
                   OR min(old.person_id) <> max(old.person_id) AS changed
        FROM clustered {join}
        LEFT JOIN person_member AS old ON old.natural_key = clustered.natural_key AND old.category = clustered.category
            AND old.role = clustered.role
        GROUP BY clustered.cluster""")
    con.execute("""
        CREATE OR REPLACE TEMP TABLE reg_affected AS
        WITH seen AS (SELECT person_id, sum(mentions) AS mentions, count(*) AS clusters, bool_or(changed) AS changed
                      FROM reg_seen GROUP BY person_id),
             lived AS (SELECT person_id, count(*) AS mentions FROM person_member WHERE gone_run IS NULL GROUP BY person_id)
        SELECT person_id FROM lived LEFT JOIN seen USING (person_id)
        WHERE clusters IS DISTINCT FROM 1 OR changed OR seen.mentions <> lived.mentions""")
    con.execute("""
        INSERT INTO reg_affected
        SELECT DISTINCT old.person_id
        FROM clustered SEMI JOIN (FROM reg_seen WHERE changed) AS changed USING (cluster)
        JOIN person_member AS old USING (category, natural_key, role)
        WHERE old.person_id NOT IN (FROM reg_affected)""")
    con.execute("""
        CREATE OR REPLACE TEMP TABLE reg_cluster AS
        SELECT cluster FROM reg_seen WHERE changed OR person_id IN (FROM reg_affected)""")


def _look_at_touched(con: duckdb.DuckDBPyConnection, touched: str) -> None:
    """What `touched` names, and every cluster that holds a mention of a person met there."""
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE reg_dirty AS
        WITH present AS (SELECT DISTINCT cluster FROM clustered)
        SELECT cluster FROM {quoted(touched)} WHERE cluster IS NOT NULL
        UNION SELECT cluster FROM present ANTI JOIN person_of_cluster USING (cluster)
        UNION SELECT cluster FROM person_of_cluster ANTI JOIN present USING (cluster)""")
    con.execute("""
        CREATE OR REPLACE TEMP TABLE reg_affected AS
        SELECT person_id FROM person_of_cluster SEMI JOIN reg_dirty USING (cluster)
        UNION
        SELECT old.person_id FROM (FROM clustered SEMI JOIN reg_dirty USING (cluster))
        JOIN person_member AS old USING (category, natural_key, role)""")
    con.execute("""
        CREATE OR REPLACE TEMP TABLE reg_cluster AS
        WITH wanted AS (SELECT cluster FROM reg_dirty
                        UNION SELECT cluster FROM person_of_cluster SEMI JOIN reg_affected USING (person_id))
        SELECT DISTINCT cluster FROM clustered SEMI JOIN wanted USING (cluster)""")


def _collect_mentions(con: duckdb.DuckDBPyConnection) -> None:
    """`reg_mention` and `reg_gone`."""
    join, content = _content(con)
    mention_id = "clustered.mention_id" if "mention_id" in columns_of(con, "clustered") else "NULL::BIGINT AS mention_id"
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE reg_mention AS
        WITH looked_at AS (
            SELECT clustered.cluster, {mention_id}, clustered.category, clustered.natural_key, clustered.role,
                   {content} AS content
            FROM (FROM clustered SEMI JOIN reg_cluster USING (cluster)) AS clustered {join})
        SELECT looked_at.* REPLACE (coalesce(looked_at.content, old.content) AS content),
               old.person_id AS old, old.run AS since, old.gone_run,
               coalesce(old.content <> looked_at.content, false) AS corrected,
               looked_at.content IS NOT NULL AND old.content IS NULL AS first_content
        FROM looked_at LEFT JOIN person_member AS old USING (category, natural_key, role)""")
    con.execute("""
        CREATE OR REPLACE TEMP TABLE reg_gone AS
        SELECT category, natural_key, role, person_id AS old
        FROM (FROM person_member SEMI JOIN reg_affected USING (person_id)) AS member
        ANTI JOIN reg_mention USING (category, natural_key, role) WHERE gone_run IS NULL""")


def _keep_ids(con: duckdb.DuckDBPyConnection) -> None:
    """An id goes to the cluster that holds most of its records; of several that a cluster gets, the smallest survives."""
    con.execute("""
        CREATE OR REPLACE TEMP TABLE reg_held AS
        SELECT old, cluster, count(DISTINCT (category, natural_key)) AS records, count(*) AS mentions,
               bool_or(gone_run IS NULL) AS alive,
               min({'c': category, 'k': natural_key, 'r': role}) AS first_key
        FROM reg_mention WHERE old IS NOT NULL GROUP BY old, cluster""")
    con.execute("""
        CREATE OR REPLACE TEMP TABLE reg_best AS
        SELECT old, cluster FROM reg_held
        QUALIFY row_number() OVER (PARTITION BY old ORDER BY records DESC, first_key) = 1""")
    con.execute("""
        CREATE OR REPLACE TEMP TABLE reg_assigned AS
        SELECT cluster, min(old) AS person_id, 'kept' AS origin FROM reg_best GROUP BY cluster""")


def _return_ids(con: duckdb.DuckDBPyConnection) -> None:
    """A merged id comes back to a cluster without id that holds the larger part of what it had at its end."""
    con.execute("""
        CREATE OR REPLACE TEMP TABLE reg_candidate AS
        SELECT DISTINCT past.person_id
        FROM (FROM reg_mention ANTI JOIN reg_assigned USING (cluster)) AS fresh
        JOIN person_past AS past USING (category, natural_key, role)
        JOIN person_registry AS registry ON registry.person_id = past.person_id AND registry.state = 'merged'""")
    con.execute("""
        INSERT INTO reg_assigned
        WITH ends AS (
            SELECT person_id, category, natural_key, role FROM person_past SEMI JOIN reg_candidate USING (person_id)
            QUALIFY until_run = max(until_run) OVER (PARTITION BY person_id)),
        best AS (
            SELECT person_id, cluster FROM ends JOIN clustered USING (category, natural_key, role)
            GROUP BY person_id, cluster
            QUALIFY row_number() OVER (PARTITION BY person_id ORDER BY count(DISTINCT (category, natural_key)) DESC,
                                       min((category, natural_key, role))) = 1)
        SELECT cluster, min(person_id), 'returned'
        FROM best SEMI JOIN reg_cluster USING (cluster) ANTI JOIN reg_assigned USING (cluster)
        WHERE person_id NOT IN (SELECT person_id FROM reg_assigned) GROUP BY cluster""")


def _give_ids(con: duckdb.DuckDBPyConnection) -> None:
    """New numbers in the order of the smallest key of each cluster."""
    con.execute("""
        INSERT INTO reg_assigned
        WITH used AS (SELECT coalesce(max(substr(person_id, 2)::BIGINT), 0) AS largest FROM person_registry),
             fresh AS (SELECT cluster, min({'c': category, 'k': natural_key, 'r': role}) AS first_key
                       FROM reg_mention ANTI JOIN reg_assigned USING (cluster) GROUP BY cluster)
        SELECT cluster, 'P' || lpad((row_number() OVER (ORDER BY first_key) + largest)::VARCHAR, 11, '0'), 'given'
        FROM fresh, used""")


def _find_moves(con: duckdb.DuckDBPyConnection) -> None:
    """An id that no cluster carries was merged into the id of its largest part; every other part left it by a split.

    A mention that was gone and comes back elsewhere moves without splitting anything.
    """
    con.execute("""
        CREATE OR REPLACE TEMP TABLE reg_move AS
        SELECT held.old, assigned.person_id AS new, assigned.cluster, held.mentions,
               CASE WHEN carried.person_id IS NULL AND best.cluster IS NOT NULL THEN 'merged' ELSE 'split' END AS kind
        FROM reg_held AS held JOIN reg_assigned AS assigned USING (cluster)
        LEFT JOIN reg_best AS best ON best.old = held.old AND best.cluster = held.cluster
        LEFT JOIN reg_assigned AS carried ON carried.person_id = held.old
        WHERE held.old <> assigned.person_id AND (alive OR (carried.person_id IS NULL AND best.cluster IS NOT NULL))""")
    con.execute("""
        CREATE OR REPLACE TEMP TABLE reg_altered AS
        WITH moved AS (
            SELECT old, assigned.person_id AS new FROM reg_mention JOIN reg_assigned AS assigned USING (cluster)
            WHERE old IS NULL OR old <> assigned.person_id OR gone_run IS NOT NULL)
        SELECT old AS person_id FROM moved WHERE old IS NOT NULL UNION SELECT new FROM moved UNION SELECT old FROM reg_gone""")


def _write_clusters(con: duckdb.DuckDBPyConnection, *, whole: bool) -> None:
    """`person_of_cluster`: what was not looked at stays as it is."""
    if whole:
        con.execute("""
            CREATE OR REPLACE TABLE person_of_cluster AS
            SELECT cluster, person_id FROM reg_seen ANTI JOIN reg_cluster USING (cluster)
            UNION ALL SELECT cluster, person_id FROM reg_assigned ORDER BY cluster""")
        return
    con.execute("""
        DELETE FROM person_of_cluster WHERE cluster IN (FROM reg_cluster) OR cluster IN (FROM reg_dirty)""")
    con.execute("INSERT INTO person_of_cluster SELECT cluster, person_id FROM reg_assigned ORDER BY cluster")


def _write_members(con: duckdb.DuckDBPyConnection, run: int) -> None:
    """Only rows that change are written. Mentions that are gone follow their id when it is merged."""
    con.execute("""
        CREATE OR REPLACE TEMP TABLE reg_written AS
        SELECT category, natural_key, role, new.person_id, old, since, gone_run, content
        FROM reg_mention AS mention JOIN reg_assigned AS new USING (cluster)
        WHERE old IS NULL OR old <> new.person_id OR gone_run IS NOT NULL OR corrected OR first_content""")
    merged = "(SELECT old, min(new) AS new FROM reg_move WHERE kind = 'merged' GROUP BY old)"
    con.execute(
        f"""
        INSERT INTO person_past
        SELECT category, natural_key, role, old, since, greatest(since, coalesce(gone_run, $1))
        FROM reg_written WHERE old IS NOT NULL AND (old <> person_id OR gone_run IS NOT NULL)
        UNION ALL
        SELECT member.category, member.natural_key, member.role, member.person_id, member.run, $1
        FROM person_member AS member JOIN {merged} AS merged ON merged.old = member.person_id
        ANTI JOIN reg_mention AS present USING (category, natural_key, role)
        ORDER BY ALL""",
        [run],
    )
    con.execute("""
        DELETE FROM person_member USING reg_written AS written
        WHERE person_member.natural_key = written.natural_key AND person_member.category = written.category
          AND person_member.role = written.role AND written.old IS NOT NULL""")
    con.execute(
        """
        UPDATE person_member SET gone_run = $1 FROM reg_gone AS gone
        WHERE person_member.natural_key = gone.natural_key AND person_member.category = gone.category
          AND person_member.role = gone.role""",
        [run],
    )
    con.execute(
        f"UPDATE person_member SET person_id = merged.new, run = $1 FROM {merged} AS merged WHERE merged.old = person_member.person_id",
        [run],
    )
    con.execute(
        f"""
        INSERT INTO person_member ({KEY}, person_id, run, gone_run, content)
        SELECT {KEY}, person_id, CASE WHEN old = person_id AND gone_run IS NULL THEN since ELSE $1 END, NULL, content
        FROM reg_written ORDER BY {KEY}""",
        [run],
    )


def _write_registry(con: duckdb.DuckDBPyConnection, run: int) -> None:
    con.execute(
        """
        UPDATE person_registry SET run = $1, state = now.state
        FROM (SELECT affected.person_id, CASE WHEN assigned.person_id IS NOT NULL THEN 'current'
                         WHEN moved.old IS NOT NULL THEN 'merged' ELSE 'retired' END AS state
              FROM reg_altered AS affected
              LEFT JOIN reg_assigned AS assigned USING (person_id)
              LEFT JOIN (SELECT DISTINCT old FROM reg_move WHERE kind = 'merged') AS moved ON moved.old = person_id) AS now
        WHERE now.person_id = person_registry.person_id""",
        [run],
    )
    con.execute(
        """
        INSERT INTO person_registry (person_id, first_run, run, state)
        SELECT person_id, $1, $1, 'current' FROM reg_assigned WHERE origin = 'given' ORDER BY person_id""",
        [run],
    )


def _forget_withdrawn(con: duckdb.DuckDBPyConnection) -> None:
    """Records of categories whose withdrawal leaves nothing but the fact lose their key everywhere; the ids and runs stay."""
    categories = ", ".join(literal(name) for name in sorted(PURGED_CATEGORIES))
    con.execute(f"CREATE OR REPLACE TEMP TABLE reg_forgotten AS SELECT {KEY} FROM reg_gone WHERE category IN ({categories})")
    if con.execute("SELECT 1 FROM reg_forgotten LIMIT 1").fetchone() is None:
        return
    for table in ("person_member", "person_past"):
        con.execute(f"DELETE FROM {table} WHERE ({KEY}) IN (FROM reg_forgotten)")
    for side in ("l", "r"):
        con.execute(f"""
            UPDATE person_change SET natural_key_{side} = NULL
            WHERE (category_{side}, natural_key_{side}, role_{side}) IN (FROM reg_forgotten)""")
