"""Decisions brought to the mentions of a run.

Belongs here: `decided`, which the linkage reads, and the tables that say where it comes from. Does not: the verdicts themselves.

    decided            mention_l, mention_r, verdict same|different: what the linkage must keep to
    decision_applied   the same with decision_id, who, when and why
    decision_withdrawn what was applied in the run before and is no more
    decision_changed   decision_id of what is applied and was not in the run before, or the other way round
    decision_conflict  decisions that contradict each other and do not act: conflict (number), kind, decision_id

A decision about a mention that does not exist now is dormant: it is kept, and acts again when the mention comes back. A corrected
record is still the same mention.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import pyarrow as pa

from resolvers.review.conflicts import Conflict, Judgement, Known, Status, judge
from resolvers.review.decisions import Decision, MentionKey, Verdict, active, read_decisions, table
from sources.tables import has_table


@dataclass(frozen=True, slots=True)
class Brought:
    """Counts of decisions: made = superseded + applied + dormant + unsure + conflicting."""

    made: int
    superseded: int
    applied: int
    dormant: int
    unsure: int
    conflicting: int
    conflicts: tuple[Conflict, ...]


def judge_decisions(con: duckdb.DuckDBPyConnection) -> tuple[list[Decision], Judgement, Known]:
    """All decisions, their status against `mention`, and the mentions that they name and that exist. Writes nothing."""
    decisions = read_decisions(con)
    known = _known_mentions(con)
    return decisions, judge(decisions, active(decisions), known), known


def _known_mentions(con: duckdb.DuckDBPyConnection) -> Known:
    """None before the first run: then every decision is dormant."""
    if not has_table(con, "mention"):
        return {}
    rows = con.execute(f"""
        WITH named AS (
            SELECT category_l AS category, natural_key_l AS natural_key, role_l AS role FROM {table("decision")}
            UNION SELECT category_r, natural_key_r, role_r FROM {table("decision")})
        SELECT category, natural_key, role, mention_id, record_id, is_self
        FROM mention JOIN named USING (category, natural_key, role)""").fetchall()
    return {MentionKey(*row[:3]): (row[3], row[4], bool(row[5])) for row in rows}


_APPLIED = """CREATE {} {} (decision_id VARCHAR, mention_l BIGINT, mention_r BIGINT, verdict VARCHAR, decided_by VARCHAR,
              decided_at TIMESTAMP, why VARCHAR)"""


def bring_to_mentions(con: duckdb.DuckDBPyConnection) -> Brought:
    """Write `decided`, `decision_applied` and `decision_conflict` of this run anew, from `mention` and the decisions.

    To be called when the mentions of the run are there, before the linkage.
    """
    decisions, judgement, known = judge_decisions(con)
    con.execute("CREATE TABLE IF NOT EXISTS decided (mention_l BIGINT, mention_r BIGINT, verdict VARCHAR)")
    con.execute(_APPLIED.format("TABLE IF NOT EXISTS", "decision_applied"))
    former = {name for (name,) in con.execute("SELECT decision_id FROM decision_applied").fetchall()}
    for name in ("decision_applied", "decision_withdrawn"):
        con.execute(_APPLIED.format("OR REPLACE TABLE", name))
    con.execute("CREATE OR REPLACE TABLE decision_conflict (conflict BIGINT, kind VARCHAR, decision_id VARCHAR)")
    con.execute("DELETE FROM decided")
    applied = [one for one in decisions if judgement.statuses[one.decision_id] is Status.APPLIED]
    names = {one.decision_id for one in applied}
    withdrawn = [one for one in decisions if one.decision_id in former - names and {one.left, one.right} <= set(known)]
    _write(con, "decision_applied", applied, known)
    _write(con, "decision_withdrawn", withdrawn, known)
    con.execute("CREATE OR REPLACE TABLE decision_changed AS SELECT unnest($1::VARCHAR[]) AS decision_id", [sorted(former ^ names)])
    con.execute("""INSERT INTO decided SELECT DISTINCT least(mention_l, mention_r), greatest(mention_l, mention_r), verdict
                   FROM decision_applied ORDER BY ALL""")
    for number, conflict in enumerate(judgement.conflicts, 1):
        for name in conflict.decisions:
            con.execute("INSERT INTO decision_conflict VALUES (?, ?, ?)", [number, conflict.kind, name])
    statuses = list(judgement.statuses.values())
    counts = {status: statuses.count(status) for status in Status}
    return Brought(len(decisions), counts[Status.SUPERSEDED], counts[Status.APPLIED], counts[Status.DORMANT], counts[Status.UNSURE],
                   counts[Status.CONFLICT], judgement.conflicts)  # fmt: skip


def _write(con: duckdb.DuckDBPyConnection, name: str, applied: list[Decision], known: Known) -> None:
    columns = {
        "decision_id": pa.array([one.decision_id for one in applied], pa.string()),
        "mention_l": pa.array([known[one.left][0] for one in applied], pa.int64()),
        "mention_r": pa.array([known[one.right][0] for one in applied], pa.int64()),
        "verdict": pa.array([one.verdict.value for one in applied], pa.string()),
        "decided_by": pa.array([one.by for one in applied], pa.string()),
        "decided_at": pa.array([one.at for one in applied], pa.timestamp("us")),
        "why": pa.array([one.why for one in applied], pa.string()),
    }
    con.register("_applied", pa.table(columns))
    con.execute(f"INSERT INTO {name} BY NAME FROM _applied")
    con.unregister("_applied")


def unheld(con: duckdb.DuckDBPyConnection) -> list[Conflict]:
    """Decisions that the last run was given and could not keep to, because what is known of the two forbids it; one conflict each."""
    if not (has_table(con, "decision_applied") and has_table(con, "clustered")):
        return []
    rows = con.execute("""
        SELECT decision_id FROM decision_applied JOIN clustered AS l ON l.mention_id = mention_l
        JOIN clustered AS r ON r.mention_id = mention_r
        WHERE (verdict = 'same') <> (l.cluster = r.cluster) ORDER BY decision_id""").fetchall()
    return [Conflict("knowledge", (name,)) for (name,) in rows]


def pending_pairs(decisions: list[Decision], judgement: Judgement) -> list[Decision]:
    """Decisions that settle their pair: same or different, standing, uncontradicted; they act now or from the next run on."""
    return [one for one in decisions if judgement.statuses[one.decision_id] is Status.APPLIED and one.verdict is not Verdict.UNSURE]
