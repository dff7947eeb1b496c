"""Decisions of reviewers, as they are kept.

Belongs here: the tables of the file of decisions, and adding to them. Does not: which decisions hold (conflicts.py, bringing.py).

    decision      one row per decision ever made: pair of mentions, verdict, who, when (UTC), why, which earlier ones it supersedes
    review_item   what was shown under the name of an item, so that a decision by that name finds its mentions again
"""

from __future__ import annotations

import enum
import hashlib
from dataclasses import dataclass
from datetime import datetime

import duckdb

from sources.errors import OneGridError
from sources.tables import quoted

DATABASE = "decisions"
"""Name under which the file of decisions is attached."""

TABLES = {
    "decision": """decision_id VARCHAR, category_l VARCHAR, natural_key_l VARCHAR, role_l VARCHAR, category_r VARCHAR,
                   natural_key_r VARCHAR, role_r VARCHAR, verdict VARCHAR, decided_by VARCHAR, decided_at TIMESTAMP, why VARCHAR,
                   supersedes VARCHAR[], evidence VARCHAR, item VARCHAR""",
    "review_item": """item VARCHAR, category_l VARCHAR, natural_key_l VARCHAR, role_l VARCHAR, category_r VARCHAR,
                      natural_key_r VARCHAR, role_r VARCHAR, evidence VARCHAR""",
}
"""`evidence`: digest of what both sides stated when the decision was made; `item`: under which name it was shown, if any."""


class ReviewProblem(OneGridError):
    """A decision or a request of a reviewer that cannot be taken."""


class Verdict(enum.StrEnum):
    """What a reviewer says of two mentions."""

    SAME = "same"
    DIFFERENT = "different"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True, order=True)
class MentionKey:
    """Names a mention for ever: a role of a record."""

    category: str
    natural_key: str
    role: str

    @property
    def text(self) -> str:
        return f"{self.category}/{self.natural_key}/{self.role}"


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision; left is the smaller key."""

    decision_id: str
    left: MentionKey
    right: MentionKey
    verdict: Verdict
    by: str
    at: datetime
    why: str
    supersedes: tuple[str, ...] = ()
    evidence: str | None = None
    item: str | None = None


def table(name: str) -> str:
    return f"{quoted(DATABASE)}.main.{quoted(name)}"


def create_tables(con: duckdb.DuckDBPyConnection) -> None:
    """The tables of the file of decisions, when missing; the file must be attached for writing."""
    for name, columns in TABLES.items():
        con.execute(f"CREATE TABLE IF NOT EXISTS {table(name)} ({columns})")


def read_decisions(con: duckdb.DuckDBPyConnection, pair: tuple[MentionKey, MentionKey] | None = None) -> list[Decision]:
    """Every decision ever made, or all of one pair (smaller key first), oldest first."""
    where, keys = "", list[str]()
    if pair is not None:
        where = """WHERE (category_l, natural_key_l, role_l) = ($1, $2, $3) AND (category_r, natural_key_r, role_r) = ($4, $5, $6)"""
        keys = [part for key in pair for part in (key.category, key.natural_key, key.role)]
    rows = con.execute(f"SELECT * FROM {table('decision')} {where} ORDER BY decided_at, decision_id", keys).fetchall()
    return [
        Decision(row[0], MentionKey(*row[1:4]), MentionKey(*row[4:7]), Verdict(row[7]), row[8], row[9], row[10],
                 tuple(row[11] or ()), row[12], row[13])
        for row in rows
    ]  # fmt: skip


def active(decisions: list[Decision]) -> list[Decision]:
    """Decisions that no later one supersedes, in the given order."""
    superseded = {name for decision in decisions for name in decision.supersedes}
    return [decision for decision in decisions if decision.decision_id not in superseded]


def record(
    con: duckdb.DuckDBPyConnection,
    pair: tuple[MentionKey, MentionKey],
    verdict: Verdict,
    *,
    by: str,
    at: datetime,
    why: str,
    overrule: bool = False,
    evidence: str | None = None,
    item: str | None = None,
) -> tuple[Decision, bool]:
    """Add a decision; returns it and whether it is new.

    It supersedes what the same reviewer said of the pair before; with `overrule` what anybody said. The reviewer's standing decision
    with the same verdict and reason is returned as it is, so that nothing is applied twice.
    at: UTC, without zone. Raises ReviewProblem for a pair of one mention, or a missing name or reason.
    """
    by, why, (left, right) = by.strip(), why.strip(), sorted(pair)
    if left == right:
        raise ReviewProblem(what="a decision needs two different mentions", where="decision", remedy="state two records or roles")
    if not by or not why:
        raise ReviewProblem(what="a decision needs who made it and why", where="decision", remedy="state --by and --why")
    if at.tzinfo is not None:
        raise ReviewProblem(what="the time of a decision is UTC without zone", where="decision", remedy="convert it to UTC")
    standing = [one for one in active(read_decisions(con, (left, right))) if overrule or one.by == by]
    if len(standing) == 1 and (standing[0].verdict, standing[0].by, standing[0].why) == (verdict, by, why):
        same_evidence = verdict is not Verdict.UNSURE or standing[0].evidence == evidence
        if same_evidence:
            return standing[0], False
    digest = hashlib.sha256("\x1f".join([left.text, right.text, verdict, by, at.isoformat(), why]).encode()).hexdigest()
    decision = Decision(f"D{digest[:16]}", left, right, verdict, by, at, why, tuple(one.decision_id for one in standing), evidence, item)
    _append(con, decision)
    return decision, True


def _append(con: duckdb.DuckDBPyConnection, one: Decision) -> None:
    con.execute(
        f"""INSERT INTO {table("decision")}
            SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12::VARCHAR[], $13, $14
            WHERE $1 NOT IN (SELECT decision_id FROM {table("decision")})""",
        [one.decision_id, one.left.category, one.left.natural_key, one.left.role, one.right.category, one.right.natural_key,
         one.right.role, one.verdict.value, one.by, one.at, one.why, list(one.supersedes), one.evidence, one.item],
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class ShownItem:
    """The mentions behind the name of an item."""

    item: str
    left: MentionKey
    right: MentionKey
    evidence: str | None


def item_name(left: MentionKey, right: MentionKey) -> str:
    """The same two mentions have the same name at any time."""
    first, second = sorted((left, right))
    return "R" + hashlib.sha256(f"{first.text}\x1f{second.text}".encode()).hexdigest()[:12]


def remember_items(con: duckdb.DuckDBPyConnection, items: list[ShownItem]) -> None:
    """Keep what is about to be shown; an item shown before gets its present evidence."""
    for shown in items:
        con.execute(f"DELETE FROM {table('review_item')} WHERE item = ?", [shown.item])
        con.execute(
            f"INSERT INTO {table('review_item')} VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [shown.item, shown.left.category, shown.left.natural_key, shown.left.role,
             shown.right.category, shown.right.natural_key, shown.right.role, shown.evidence],
        )  # fmt: skip


def find_item(con: duckdb.DuckDBPyConnection, item: str) -> ShownItem:
    """Raises ReviewProblem for a name under which nothing was ever shown."""
    row = con.execute(f"SELECT * FROM {table('review_item')} WHERE item = ?", [item.strip()]).fetchone()
    if row is None:
        raise ReviewProblem(
            what="no item of this name was shown", where="review queue", remedy="take the name from `onegrid review next` or an export"
        )
    return ShownItem(row[0], MentionKey(*row[1:4]), MentionKey(*row[4:7]), row[7])
