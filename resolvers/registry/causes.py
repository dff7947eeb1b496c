"""Why ids changed: the evidence between the two parts of a merge or split.

Belongs here: rows of `person_change`. Does not: deciding who keeps an id (assignment.py).

Of a merge: a reviewer's decision, then a common number (the parts stand in one nucleus), then the strongest edge between
the parts. Of a split: a reviewer's decision (or one taken back), then the strongest edge that was cut between the parts, then a mention of
the id that is gone, then one that was corrected, then two different numbers. Where nothing of this is found the model
(or, for relatives, the family) decides differently than in the run before.
"""

from __future__ import annotations

import duckdb

from sources.tables import has_table

_REASON_ORDER = 99
"""Place of a cause of which no evidence was found."""


def record_changes(con: duckdb.DuckDBPyConnection, run: int) -> None:
    """Append the changes of the run, in the order of kind and ids."""
    _collect_sides(con)
    _collect_evidence(con)
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE reg_change AS
        WITH strongest AS (
            SELECT * FROM reg_evidence
            QUALIFY row_number() OVER (PARTITION BY old, cluster ORDER BY place, weight DESC NULLS LAST, key_l, key_r,
                                       reason, decision_id) = 1)
        SELECT $1 AS run, kind, old AS person_id, new AS other_person_id, mentions, key_l, key_r, weight, reason,
               decision_id, cluster
        FROM reg_move JOIN strongest USING (old, cluster, kind)
        WHERE place <= {_REASON_ORDER}""",
        [run],
    )
    con.execute(
        f"""
        INSERT INTO person_change
        SELECT run, kind, person_id, other_person_id, mentions, {_spread("key_l")}, {_spread("key_r")}, weight, reason,
               decision_id
        FROM (SELECT * EXCLUDE (cluster) FROM reg_change
              UNION ALL {_given()} UNION ALL {_returned()} UNION ALL {_retired()})
        ORDER BY kind, person_id, other_person_id, key_l""".replace("$run", str(int(run)))
    )


def _spread(key: str) -> str:
    return f"{key}.category, {key}.natural_key, {key}.role"


_KEY = "{{'category': {0}category, 'natural_key': {0}natural_key, 'role': {0}role}}"
_NO_KEY = "NULL::STRUCT(category VARCHAR, natural_key VARCHAR, role VARCHAR)"


def _key(alias: str) -> str:
    return _KEY.format(alias + "." if alias else "")


def _given() -> str:
    return f"""
        SELECT $run, 'given', person_id, NULL, count(*), min({_key("reg_mention")}), {_NO_KEY}, NULL, NULL, NULL
        FROM reg_assigned JOIN reg_mention USING (cluster) WHERE origin = 'given' GROUP BY person_id"""


def _returned() -> str:
    """Back in use: by an un-merge, with the cause of the split, or because its records are back."""
    return f"""
        SELECT $run, 'returned', back.person_id, any_value(change.person_id), any_value(back.mentions), any_value(back.first_key),
               any_value(change.key_r), any_value(change.weight), coalesce(any_value(change.reason), 'record returned'),
               any_value(change.decision_id)
        FROM (SELECT reg_assigned.person_id, cluster, count(*) AS mentions, min({_key("reg_mention")}) AS first_key
              FROM reg_assigned JOIN reg_mention USING (cluster)
              JOIN person_registry ON person_registry.person_id = reg_assigned.person_id AND state <> 'current'
              GROUP BY ALL) AS back
        LEFT JOIN (SELECT cluster AS from_cluster, * EXCLUDE (mentions, cluster) FROM reg_change WHERE kind = 'split'
                   QUALIFY row_number() OVER (PARTITION BY cluster ORDER BY mentions DESC, person_id) = 1) AS change
            ON change.from_cluster = back.cluster
        GROUP BY back.person_id"""


def _retired() -> str:
    """In use in the last run, and no record is left."""
    return f"""
        SELECT $run, 'retired', registry.person_id, NULL, count(*), min({_key("reg_gone")}), {_NO_KEY}, NULL, 'record deleted', NULL
        FROM person_registry AS registry JOIN reg_gone ON reg_gone.old = registry.person_id
        WHERE state = 'current' AND registry.person_id NOT IN (SELECT person_id FROM reg_assigned)
          AND registry.person_id NOT IN (SELECT old FROM reg_move WHERE kind = 'merged')
        GROUP BY registry.person_id"""


def _collect_sides(con: duckdb.DuckDBPyConnection) -> None:
    """`reg_side`: mentions of the part that moved (l) and of what it was joined to or parted from (r), or after
    a split went to (new), with their unit."""
    units = has_table(con, "unit_mention")
    unit = "coalesce(unit_mention.unit_id, -side.mention_id)" if units else "-side.mention_id"
    number = "unit_mention.number" if units else "NULL::VARCHAR"
    join = "LEFT JOIN unit_mention ON unit_mention.mention_id = side.mention_id" if units else ""
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE reg_side AS
        WITH side AS (
            SELECT move.old, move.cluster, move.kind, 'l' AS side, mention_id, {_key("mention")} AS key, corrected
            FROM reg_move AS move JOIN reg_mention AS mention USING (old, cluster)
            UNION ALL
            SELECT move.old, move.cluster, move.kind, 'r', mention_id, {_key("mention")}, corrected
            FROM reg_move AS move JOIN reg_mention AS mention ON mention.cluster = move.cluster
            WHERE move.kind = 'merged' AND mention.old IS DISTINCT FROM move.old
            UNION ALL
            SELECT move.old, move.cluster, move.kind, 'r', mention_id, {_key("mention")}, corrected
            FROM reg_move AS move JOIN reg_mention AS mention ON mention.old = move.old
            WHERE move.kind = 'split' AND mention.cluster <> move.cluster
            UNION ALL
            SELECT move.old, move.cluster, move.kind, 'new', mention_id, {_key("mention")}, corrected
            FROM reg_move AS move JOIN reg_mention AS mention ON mention.cluster = move.cluster
            WHERE move.kind = 'split' AND mention.old IS DISTINCT FROM move.old)
        SELECT side.*, {unit} AS unit_id, {number} AS number FROM side {join}""")
    con.execute("""
        CREATE OR REPLACE TEMP TABLE reg_side_unit AS
        SELECT old, cluster, kind, side, unit_id, min(key) AS key, any_value(number) AS number
        FROM reg_side GROUP BY ALL""")


def _collect_evidence(con: duckdb.DuckDBPyConnection) -> None:
    """`reg_evidence` (old, cluster, kind, place, key_l, key_r, weight, reason, decision_id), the best place first."""
    con.execute("""
        CREATE OR REPLACE TEMP TABLE reg_evidence AS
        SELECT old, cluster, kind, 1 AS place, l.key AS key_l, r.key AS key_r, NULL::DOUBLE AS weight,
               'number' AS reason, NULL::VARCHAR AS decision_id
        FROM reg_side_unit AS l JOIN reg_side_unit AS r USING (old, cluster, kind, unit_id)
        WHERE kind = 'merged' AND l.side = 'l' AND r.side = 'r'""")
    if con.execute("SELECT 1 FROM reg_move LIMIT 1").fetchone() is None:
        return
    for name, reason in (("decision_applied", "decision"), ("decision_withdrawn", "decision withdrawn")):
        if has_table(con, name):
            con.execute(_by_decision(name, reason))
    if has_table(con, "link_edge"):
        con.execute(_across("merged", 2, _edges_of_units(with_units=has_table(con, "unit_mention"))))
    if has_table(con, "cut"):
        con.execute(_across("split", 1, "SELECT unit_l, unit_r, weight, reason FROM cut"))
    _collect_fallbacks(con)


def _by_decision(name: str, reason: str) -> str:
    """What joins is a verdict same between the parts, or a verdict different that was taken back; what parts is the opposite, or a verdict
    same with those that the part went to."""
    joins, parts = ("same", "different") if reason == "decision" else ("different", "same")
    return f"""
        INSERT INTO reg_evidence
        SELECT l.old, l.cluster, l.kind, 0, l.key, r.key, NULL, '{reason}', decision_id
        FROM (SELECT decision_id, mention_l, mention_r, verdict FROM {name}
              UNION ALL SELECT decision_id, mention_r, mention_l, verdict FROM {name}) AS decided
        JOIN reg_side AS l ON l.mention_id = decided.mention_l AND l.side = 'l'
        JOIN reg_side AS r ON r.mention_id = decided.mention_r AND r.old = l.old AND r.cluster = l.cluster AND r.kind = l.kind
        WHERE (l.kind = 'merged' AND r.side = 'r' AND decided.verdict = '{joins}')
           OR (l.kind = 'split' AND r.side = 'r' AND decided.verdict = '{parts}')
           OR (l.kind = 'split' AND r.side = 'new' AND decided.verdict = '{joins}')"""


def _edges_of_units(*, with_units: bool) -> str:
    """Links between units of the parts."""
    if not with_units:
        return "SELECT -mention_l AS unit_l, -mention_r AS unit_r, weight, reason FROM link_edge"
    return """
        SELECT l.unit_id AS unit_l, r.unit_id AS unit_r, weight, reason
        FROM link_edge JOIN concerned AS l ON l.mention_id = mention_l JOIN concerned AS r ON r.mention_id = mention_r"""


def _across(kind: str, place: int, edges: str) -> str:
    """Edges between units of the two sides, in either direction."""
    concerned = (
        "SELECT mention_id, unit_id FROM unit_mention SEMI JOIN reg_side_unit USING (unit_id)" if "concerned" in edges else "SELECT 1"
    )
    return f"""
        INSERT INTO reg_evidence
        WITH concerned AS ({concerned}), edges AS ({edges}),
             directed AS (SELECT unit_l, unit_r, weight, reason FROM edges
                          UNION ALL SELECT unit_r, unit_l, weight, reason FROM edges)
        SELECT l.old, l.cluster, l.kind, {place}, l.key, r.key, directed.weight, directed.reason, NULL
        FROM reg_side_unit AS l JOIN directed ON directed.unit_l = l.unit_id
        JOIN reg_side_unit AS r ON r.unit_id = directed.unit_r AND r.old = l.old AND r.cluster = l.cluster AND r.kind = l.kind
        WHERE l.kind = '{kind}' AND l.side = 'l' AND r.side = 'r'"""


def _collect_fallbacks(con: duckdb.DuckDBPyConnection) -> None:
    """Splits by a mention that is gone, corrected, or of another number; and what is left without evidence."""
    con.execute(f"""
        INSERT INTO reg_evidence
        SELECT move.old, move.cluster, kind, 2, {_key("gone")}, NULL, NULL, 'record deleted', NULL
        FROM reg_move AS move JOIN reg_gone AS gone USING (old) WHERE kind = 'split'
        UNION ALL
        SELECT old, cluster, kind, 3, key, NULL, NULL, 'record corrected', NULL
        FROM reg_side WHERE corrected AND kind = 'split' AND side <> 'new'
        UNION ALL
        SELECT l.old, l.cluster, l.kind, 4, l.key, r.key, NULL, 'number', NULL
        FROM reg_side_unit AS l JOIN reg_side_unit AS r USING (old, cluster, kind)
        WHERE kind = 'split' AND l.side = 'l' AND r.side = 'r' AND l.number <> r.number""")
    relatives = has_table(con, "relative_cluster")
    family = "bool_or(mention_id IN (SELECT mention_id FROM relative_cluster))" if relatives else "false"
    con.execute(f"""
        INSERT INTO reg_evidence
        SELECT old, cluster, kind, {_REASON_ORDER}, min(key) FILTER (side = 'l'), min(key) FILTER (side = 'r'), NULL,
               CASE WHEN {family} THEN 'family' ELSE 'model' END, NULL
        FROM reg_side GROUP BY old, cluster, kind""")
