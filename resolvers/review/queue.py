"""What to ask reviewers next: pairs and clusters whose decision matters most.

Belongs here: candidates, their score, and the order. Does not: what is shown of them (sides.py), decisions.

Candidates, each a pair of units of the last run:

    near      two clusters, and the model's weight lies less than SPAN below the threshold, or above it
    cut       two clusters that an edge above the threshold would join, had it not been cut (rival, constraint, repair)
    weak      one cluster that an edge less than SPAN above the threshold holds together
    loose     one cluster of at least MIN_LOOSE_UNITS units of whose pairs less than half have any evidence: its weakest edge
    conflict  decisions that contradict each other, or that the last run could not keep to

Score = urgency * log2(1 + records): `records` is how many records would change their person, those of the smaller side (of the two
clusters; inside one cluster, of the two units). Urgency of `near` and `weak` is 2 ** -(distance of the weight from the threshold / 4), so
that four bits halve it; of `cut` and `loose` 1, because evidence was overruled or is missing; of `conflict` 4. One item per pair of
clusters (and one per cluster) is asked: the one with the highest score; equal scores go by the keys of the mentions.

Left out: what is decided already, what a reviewer was unsure of, for UNSURE_DAYS unless a record of the two has changed, and units of
which only restricted records speak, because a reviewer may not see them.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import duckdb

from resolvers.linkage import restricted_categories
from resolvers.linkage.model import DEFAULT_THRESHOLD
from resolvers.registry.assignment import CONTENT
from resolvers.registry.tables import columns_of
from resolvers.review.bringing import judge_decisions, pending_pairs, unheld
from resolvers.review.conflicts import Judgement
from resolvers.review.decisions import Decision, MentionKey, ReviewProblem, Verdict, active, item_name
from sources.tables import has_table, literal, quoted

SPAN = 8.0
"""Bits of weight: a pair further from the threshold is decided well enough."""

MIN_LOOSE_UNITS = 4
LOOSE_DENSITY = 0.5
UNSURE_DAYS = 90
"""After a quarter a pair is asked again, even when nothing has changed: the reviewer may know more."""

NEEDED = ("mention", "pair", "link_edge", "unit_mention", "clustered")


@dataclass(frozen=True, slots=True)
class Item:
    """A question: are these two one person? `left` and `right` are mentions that speak for their unit.

    kinds: why it is asked, strongest first. weight: None where no edge is concerned. records: of the smaller side. reason: the reason of a
    cut. joined: both are one person at present. evidence: digest of what both units state.
    """

    item: str
    kinds: tuple[str, ...]
    score: float
    left: MentionKey
    right: MentionKey
    unit_l: int
    unit_r: int
    weight: float | None
    reason: str | None
    records: int
    joined: bool
    evidence: str


def next_items(con: duckdb.DuckDBPyConnection, n: int, *, now: datetime) -> list[Item]:
    """The n items of the highest score, best first; the order of rows changes nothing. now: UTC without zone.

    Raises ReviewProblem when the working state has no finished run.
    """
    missing = [name for name in NEEDED if not has_table(con, name)]
    if missing:
        raise ReviewProblem(
            what=f"the working state has no {', '.join(missing)}", where="working state", remedy="run `onegrid run` once; then ask again"
        )
    decisions, judgement, _ = judge_decisions(con)
    _write_settled(con, decisions, judgement, now)
    _collect_candidates(con)
    _rate_candidates(con)
    return _fetch(con, n)


def threshold_of(con: duckdb.DuckDBPyConnection) -> float:
    """The weight from which the last run linked: the lowest that it used of the model; the default where it used none."""
    row = con.execute("SELECT min(weight) FROM link_edge WHERE reason = 'model'").fetchone()
    return float(row[0]) if row and row[0] is not None else DEFAULT_THRESHOLD


def evidence_of(con: duckdb.DuckDBPyConnection, units: str) -> str:
    """SQL: (unit_id, evidence) of the units of a table; a digest of all that their mentions state, restricted ones apart."""
    known = columns_of(con, "mention")
    stated = ", ".join(f"coalesce({quoted(name)}::VARCHAR, '')" for name in CONTENT if name in known)
    return f"""
        SELECT unit_id, md5(string_agg(concat_ws(chr(31), category, natural_key, role, {stated}), chr(30)
                                       ORDER BY category, natural_key, role)) AS evidence
        FROM (FROM unit_mention SEMI JOIN {quoted(units)} USING (unit_id)) JOIN mention USING (mention_id)
        WHERE {visible_category()} GROUP BY unit_id"""


def _write_settled(con: duckdb.DuckDBPyConnection, decisions: list[Decision], judgement: Judgement, now: datetime) -> None:
    """`rev_settled` (unit_l, unit_r, cluster_l, cluster_r): pairs, either way round, that need no question."""
    con.execute("""CREATE OR REPLACE TEMP TABLE rev_said (category_l VARCHAR, natural_key_l VARCHAR, role_l VARCHAR,
                   category_r VARCHAR, natural_key_r VARCHAR, role_r VARCHAR, evidence VARCHAR)""")
    latest = now - timedelta(days=UNSURE_DAYS)
    unsure = [one for one in active(decisions) if one.verdict is Verdict.UNSURE and one.at > latest]
    said = pending_pairs(decisions, judgement) + unsure
    rows = [
        (*_parts(one.left), *_parts(one.right), one.evidence if one.verdict is Verdict.UNSURE else None)
        for one in said
        if one.verdict is not Verdict.UNSURE or one.evidence is not None
    ]
    if rows:
        con.executemany("INSERT INTO rev_said VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    con.execute("""
        CREATE OR REPLACE TEMP TABLE rev_settled_one AS
        SELECT l.unit_id AS unit_l, r.unit_id AS unit_r, lc.cluster AS cluster_l, rc.cluster AS cluster_r, evidence
        FROM rev_said
        JOIN mention AS lm ON (lm.category, lm.natural_key, lm.role) = (category_l, natural_key_l, role_l)
        JOIN mention AS rm ON (rm.category, rm.natural_key, rm.role) = (category_r, natural_key_r, role_r)
        JOIN unit_mention AS l ON l.mention_id = lm.mention_id JOIN unit_mention AS r ON r.mention_id = rm.mention_id
        JOIN clustered AS lc ON lc.mention_id = lm.mention_id JOIN clustered AS rc ON rc.mention_id = rm.mention_id""")
    con.execute("CREATE OR REPLACE TEMP TABLE rev_unit AS SELECT DISTINCT unnest([unit_l, unit_r]) AS unit_id FROM rev_settled_one")
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE rev_settled AS
        WITH digest AS ({evidence_of(con, "rev_unit")}),
        valid AS (
            SELECT settled.* FROM rev_settled_one AS settled
            LEFT JOIN digest AS l ON l.unit_id = unit_l LEFT JOIN digest AS r ON r.unit_id = unit_r
            WHERE settled.evidence IS NULL OR settled.evidence = {_both("l.evidence", "r.evidence")})
        SELECT unit_l, unit_r, cluster_l, cluster_r FROM valid
        UNION SELECT unit_r, unit_l, cluster_r, cluster_l FROM valid""")


def _parts(key: MentionKey) -> tuple[str, str, str]:
    return key.category, key.natural_key, key.role


def _both(left: str, right: str) -> str:
    """SQL: one digest of two, whichever comes first."""
    return f"md5(least({left}, {right}) || greatest({left}, {right}))"


def _collect_candidates(con: duckdb.DuckDBPyConnection) -> None:
    """`rev_candidate`: unit_l, unit_r, cluster_l, cluster_r, kind, weight, reason, urgency."""
    threshold = threshold_of(con)
    con.execute("""
        CREATE OR REPLACE TEMP TABLE rev_cluster AS
        SELECT unit_id, any_value(cluster) AS cluster FROM unit_mention JOIN clustered USING (mention_id) GROUP BY unit_id""")
    con.execute("""
        CREATE OR REPLACE TEMP TABLE rev_edge AS
        SELECT l.unit_id AS unit_l, r.unit_id AS unit_r, weight, reason
        FROM link_edge JOIN unit_mention AS l ON l.mention_id = mention_l JOIN unit_mention AS r ON r.mention_id = mention_r
        WHERE weight IS NOT NULL""")
    no_cut = "SELECT NULL::BIGINT AS unit_l, NULL::BIGINT AS unit_r, NULL::DOUBLE AS weight, NULL AS reason WHERE false"
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE rev_candidate AS
        WITH found AS (
            SELECT unit_l, unit_r, 'near' AS kind, weight, NULL AS reason, true AS apart FROM pair
            WHERE reason = 'model' AND weight >= {threshold - SPAN}
            UNION ALL SELECT unit_l, unit_r, 'cut', weight, reason, true
            FROM ({"SELECT unit_l, unit_r, weight, reason FROM cut WHERE reason NOT LIKE 'deci%'" if has_table(con, "cut") else no_cut})
            UNION ALL SELECT unit_l, unit_r, 'weak', weight, NULL, false FROM rev_edge
            WHERE reason = 'model' AND weight <= {threshold + SPAN}
            UNION ALL SELECT unit_l, unit_r, 'loose', weight, NULL, false FROM ({_loose()})
            UNION ALL SELECT unit_l, unit_r, 'conflict', NULL, NULL, NULL FROM ({_contradicting(con)}))
        SELECT found.* EXCLUDE (apart), l.cluster AS cluster_l, r.cluster AS cluster_r,
               CASE kind WHEN 'conflict' THEN 4.0 WHEN 'cut' THEN 1.0 WHEN 'loose' THEN 1.0
                    ELSE pow(2, -abs(weight - {threshold}) / 4) END AS urgency
        FROM found JOIN rev_cluster AS l ON l.unit_id = unit_l JOIN rev_cluster AS r ON r.unit_id = unit_r
        WHERE unit_l <> unit_r AND (apart IS NULL OR apart = (l.cluster <> r.cluster))""")
    con.execute("""
        DELETE FROM rev_candidate USING rev_settled AS settled
        WHERE kind <> 'conflict' AND (
            (settled.unit_l = rev_candidate.unit_l AND settled.unit_r = rev_candidate.unit_r)
            OR (rev_candidate.cluster_l <> rev_candidate.cluster_r AND settled.cluster_l = rev_candidate.cluster_l
                AND settled.cluster_r = rev_candidate.cluster_r))""")


def _loose() -> str:
    """SQL: the weakest edge of every cluster with many units and little evidence between them."""
    return f"""
        WITH sizes AS (SELECT cluster, count(*) AS units FROM rev_cluster GROUP BY cluster HAVING count(*) >= {MIN_LOOSE_UNITS}),
        inside AS (
            SELECT l.cluster, count(DISTINCT (unit_l, unit_r)) AS pairs
            FROM (SELECT unit_l, unit_r FROM pair UNION SELECT least(unit_l, unit_r), greatest(unit_l, unit_r) FROM rev_edge) AS known
            JOIN rev_cluster AS l ON l.unit_id = unit_l JOIN rev_cluster AS r ON r.unit_id = unit_r AND r.cluster = l.cluster
            SEMI JOIN sizes ON sizes.cluster = l.cluster GROUP BY l.cluster),
        sparse AS (SELECT cluster FROM sizes LEFT JOIN inside USING (cluster)
                   WHERE coalesce(pairs, 0) < {LOOSE_DENSITY} * units * (units - 1) / 2)
        SELECT unit_l, unit_r, weight FROM rev_edge JOIN rev_cluster AS l ON l.unit_id = unit_l SEMI JOIN sparse USING (cluster)
        QUALIFY row_number() OVER (PARTITION BY l.cluster ORDER BY weight, unit_l, unit_r) = 1"""


def _contradicting(con: duckdb.DuckDBPyConnection) -> str:
    """SQL: units of decisions of the last run that contradict each other or what is known."""
    names = [name for conflict in unheld(con) for name in conflict.decisions]
    if has_table(con, "decision_conflict"):
        names += [name for (name,) in con.execute("SELECT DISTINCT decision_id FROM decision_conflict").fetchall()]
    if not names:
        return "SELECT NULL::BIGINT AS unit_l, NULL::BIGINT AS unit_r WHERE false"
    return f"""
        SELECT DISTINCT l.unit_id AS unit_l, r.unit_id AS unit_r
        FROM (SELECT * FROM decisions.main.decision WHERE decision_id IN ({", ".join(map(literal, names))})) AS said
        JOIN mention AS lm ON (lm.category, lm.natural_key, lm.role) = (category_l, natural_key_l, role_l)
        JOIN mention AS rm ON (rm.category, rm.natural_key, rm.role) = (category_r, natural_key_r, role_r)
        JOIN unit_mention AS l ON l.mention_id = lm.mention_id JOIN unit_mention AS r ON r.mention_id = rm.mention_id"""


def _rate_candidates(con: duckdb.DuckDBPyConnection) -> None:
    """`rev_rated`: one row per pair of clusters with its score, both mentions and evidence."""
    con.execute("CREATE OR REPLACE TEMP TABLE rev_unit AS SELECT DISTINCT unnest([unit_l, unit_r]) AS unit_id FROM rev_candidate")
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE rev_speaker AS
        SELECT unit_id, count(DISTINCT record_id) AS records,
               arg_min({{'category': category, 'natural_key': natural_key, 'role': role}},
                       (NOT subject, category, natural_key, role)) FILTER ({visible_category()}) AS key
        FROM (FROM unit_mention SEMI JOIN rev_unit USING (unit_id)) JOIN mention USING (mention_id) GROUP BY unit_id""")
    con.execute("""
        CREATE OR REPLACE TEMP TABLE rev_size AS
        SELECT cluster, count(DISTINCT record_id) AS records
        FROM clustered SEMI JOIN (SELECT unnest([cluster_l, cluster_r]) AS cluster FROM rev_candidate) AS asked USING (cluster)
        GROUP BY cluster""")
    con.execute("""
        CREATE OR REPLACE TEMP TABLE rev_rated AS
        WITH rated AS (
            SELECT candidate.*, l.key AS key_l, r.key AS key_r, cluster_l = cluster_r AS joined,
                   CASE WHEN cluster_l = cluster_r THEN least(l.records, r.records) ELSE least(lc.records, rc.records) END AS records
            FROM rev_candidate AS candidate JOIN rev_speaker AS l ON l.unit_id = unit_l JOIN rev_speaker AS r ON r.unit_id = unit_r
            JOIN rev_size AS lc ON lc.cluster = cluster_l JOIN rev_size AS rc ON rc.cluster = cluster_r
            WHERE l.key IS NOT NULL AND r.key IS NOT NULL),
        scored AS (SELECT *, urgency * log2(1 + records) AS score FROM rated)
        SELECT *, list(kind) OVER (
                   PARTITION BY least(cluster_l, cluster_r), greatest(cluster_l, cluster_r)
                   ORDER BY score DESC, kind ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS kinds
        FROM scored
        QUALIFY row_number() OVER (PARTITION BY least(cluster_l, cluster_r), greatest(cluster_l, cluster_r)
                                   ORDER BY score DESC, kind, least(key_l, key_r), greatest(key_l, key_r), weight DESC) = 1""")


def visible_category(closed: Collection[str] | None = None) -> str:
    """SQL condition: the record is of no restricted category."""
    names = ", ".join(literal(name) for name in sorted(restricted_categories() if closed is None else closed))
    return f"category NOT IN ({names})" if names else "true"


def _fetch(con: duckdb.DuckDBPyConnection, n: int) -> list[Item]:
    con.execute(
        """CREATE OR REPLACE TEMP TABLE rev_asked AS
           SELECT *, row_number() OVER (ORDER BY score DESC, least(key_l, key_r), greatest(key_l, key_r)) AS place FROM rev_rated
           QUALIFY place <= $1""",
        [n],
    )
    con.execute("CREATE OR REPLACE TEMP TABLE rev_unit AS SELECT DISTINCT unnest([unit_l, unit_r]) AS unit_id FROM rev_asked")
    rows = con.execute(f"""
        WITH digest AS ({evidence_of(con, "rev_unit")})
        SELECT kinds, score, key_l, key_r, unit_l, unit_r, weight, reason, records, joined, {_both("l.evidence", "r.evidence")}
        FROM rev_asked JOIN digest AS l ON l.unit_id = unit_l JOIN digest AS r ON r.unit_id = unit_r ORDER BY place""").fetchall()
    items = []
    for kinds, score, left, right, unit_l, unit_r, weight, reason, records, joined, evidence in rows:
        keys = MentionKey(**left), MentionKey(**right)
        items.append(Item(item_name(*keys), tuple(dict.fromkeys(kinds)), score, *keys, unit_l, unit_r, weight, reason, records,
                          joined, evidence))  # fmt: skip
    return items
