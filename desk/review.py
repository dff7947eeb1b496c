"""`onegrid review`: what to ask, decisions, files for reviewers.

Belongs here: the purpose, the time of a decision, and how items and outcomes are printed. Does not: which items and decisions there are
(resolvers/review).
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from desk.access import passing
from desk.render import console, errors, table
from resolvers.linkage import restricted_categories
from resolvers.review import exchange
from resolvers.review.bringing import judge_decisions, unheld
from resolvers.review.conflicts import Status
from resolvers.review.decisions import MentionKey, ReviewProblem, ShownItem, Verdict, find_item, record, remember_items
from resolvers.review.queue import Item, next_items
from resolvers.review.sides import sides_of
from resolvers.review.words import FIELDS, VERDICTS, reasons, title
from sources.tables import has_table
from warehouse import audit
from warehouse.access import Pass, Request
from warehouse.audit import Outcome
from warehouse.decisions import open_review
from warehouse.purposes import PurposeRefused

PURPOSE = "data_quality"
ITEM_NAME = re.compile(r"R[0-9a-f]{12}")
"""A name that says nothing of the records behind it; anything else may be any text."""
CONFLICT_WORDS = {
    "reviewers": "两人裁定不同 reviewers differ",
    "chain": "裁定链矛盾 chain of decisions",
    "record": "同一记录的两个角色 two roles of one record",
    "knowledge": "已知信息不允许 what is known of the two forbids it",
}
STATUS_WORDS = {
    Status.APPLIED: "生效 acts",
    Status.DORMANT: "休眠(记录不存在) dormant",
    Status.UNSURE: "不确定 unsure",
    Status.CONFLICT: "矛盾 conflict",
    Status.SUPERSEDED: "已被取代 superseded",
}


@contextmanager
def reviewing(home: Path, user: str | None, command: str, purpose: str = PURPOSE, *, asked: str = "") -> Iterator[Pass]:
    """The gate for reviewers: reviewing shows values of records, so only data stewards may. Raises AccessRefused, PurposeRefused."""
    with passing(home, user, Request(command, purpose, (), rows=True, asked=asked)) as pass_:
        if purpose != PURPOSE:
            raise PurposeRefused(what=f"purpose {purpose} does not open the review of records", where="--purpose",
                                 remedy=f"reviewing is for {PURPOSE} only")  # fmt: skip
        yield pass_


def _persons(con: duckdb.DuckDBPyConnection, keys: Iterable[MentionKey]) -> list[str]:
    """The ids of the persons whom mentions belong to at present, as far as the last run gave them one."""
    wanted = sorted({(key.category, key.natural_key, key.role) for key in keys})
    if not wanted or not (has_table(con, "clustered") and has_table(con, "person_of_cluster")):
        return []
    rows = con.execute("""
        SELECT DISTINCT person_id FROM clustered JOIN person_of_cluster USING (cluster)
        JOIN (SELECT unnest($1::VARCHAR[]) AS category, unnest($2::VARCHAR[]) AS natural_key, unnest($3::VARCHAR[]) AS role)
          USING (category, natural_key, role) ORDER BY 1""", [list(column) for column in zip(*wanted, strict=True)]).fetchall()
    return [person for (person,) in rows]


def now() -> datetime:
    """UTC without zone, as decisions keep it."""
    return datetime.now(UTC).replace(tzinfo=None)


def _ask(con: duckdb.DuckDBPyConnection, n: int, pass_: Pass) -> tuple[list[Item], list[dict[str, str]]]:
    """The next items with their rows; their names can be decided on from now on."""
    items = next_items(con, n, now=now())
    rows = exchange.rows_of(items, sides_of(con, items))
    remember_items(con, [ShownItem(item.item, item.left, item.right, item.evidence) for item in items])
    pass_.saw(_persons(con, (key for item in items for key in (item.left, item.right))), len(items))
    return items, rows


def show_next(home: Path, n: int, purpose: str, output: str, user: str | None = None) -> None:
    """Print the items that matter most, both sides beside each other."""
    with reviewing(home, user, "review next", purpose) as pass_, open_review(home) as con:
        items, rows = _ask(con, n, pass_)
    if output == "json":
        sys.stdout.write(json.dumps(rows, ensure_ascii=False) + "\n")
        return
    for item, row in zip(items, rows, strict=True):
        lines = [[title(field), row[f"A {title(field)}"], row[f"B {title(field)}"]] for field in FIELDS]
        table(f"{item.item}  {reasons(item)}", ["字段 field", "甲 A", "乙 B"], lines)
    console.print(f"{len(items)} items 待裁定; onegrid review decide ITEM same|different|unsure --why TEXT")


def decide(home: Path, item: str, verdict: str, user: str | None, why: str, *, overrule: bool) -> None:
    """Take the decision on a shown item, in the name of the account; it acts from the next run on."""
    if verdict not in list(Verdict):
        raise ReviewProblem(what=f"the verdict is none of: {', '.join(Verdict)}", where="onegrid review decide", remedy="state one of them")
    asked = item.strip() if ITEM_NAME.fullmatch(item.strip()) else audit.digest(home, item)
    with open_review(home) as con:
        con.execute("BEGIN")
        with reviewing(home, user, "review decide", asked=asked) as pass_:
            shown = find_item(con, item)
            decision, new = record(con, (shown.left, shown.right), Verdict(verdict), by=pass_.user, at=now(), why=why, overrule=overrule,
                                   evidence=shown.evidence, item=shown.item)  # fmt: skip
            _, judgement, _ = judge_decisions(con)
            pass_.saw(_persons(con, (shown.left, shown.right)), 1, outcome=Outcome.DECIDED)
        con.execute("COMMIT")
    status = judgement.statuses[decision.decision_id]
    kept = "kept 已记录" if new else "stood already 已有相同裁定"
    when = "; from the next run on 下次运行起" if status is Status.APPLIED else ""
    console.print(f"{decision.decision_id} {' '.join(VERDICTS[decision.verdict])}: {kept}; {STATUS_WORDS[status]}{when}")
    if status is Status.CONFLICT:
        errors.print("[yellow]it contradicts other decisions and does not act[/yellow]: onegrid review conflicts 与其他裁定矛盾,未生效")


def export_items(home: Path, out: Path, n: int, purpose: str, user: str | None = None) -> None:
    """Write the next items into a file to be filled in."""
    with reviewing(home, user, "review export", purpose) as pass_, open_review(home) as con:
        items, rows = _ask(con, n, pass_)
    exchange.write_file(rows, out)
    console.print(f"wrote {out}: {len(items)} items; it holds personal data 含个人信息: keep it safe and remove it after the import")


def import_file(home: Path, file: Path, user: str | None) -> bool:
    """Take the decisions of a file; prints what became of every line. Returns whether every line was taken."""
    with open_review(home) as con:
        con.execute("BEGIN")
        with reviewing(home, user, "review import") as pass_:
            lines = exchange.read_file(file)
            outcomes = exchange.apply_lines(con, lines, by=pass_.user, at=now())
            taken = [find_item(con, line.item) for line in outcomes if line.outcome == "accepted"]
            pass_.saw(_persons(con, (key for one in taken for key in (one.left, one.right))), len(taken), outcome=Outcome.DECIDED)
        con.execute("COMMIT")
    counts = Counter(line.outcome for line in outcomes)
    table("Lines of the file 文件各行", ["outcome", "lines#"], [
        ["accepted 已接受", counts["accepted"]], ["known 已有相同裁定", counts["known"]], ["empty 未填写", counts["empty"]],
        ["refused 拒绝", counts["refused"]], ["total 合计", len(outcomes)],
    ])  # fmt: skip
    for line in outcomes:
        if line.outcome == "refused":
            name = line.item if ITEM_NAME.fullmatch(line.item) else "(no item name)"
            errors.print(f"[yellow]line {line.number}[/yellow] {name}: {line.reason}")
    return counts["refused"] == 0


def _shown_key(key: MentionKey, closed: frozenset[str]) -> str:
    return "限制类记录 restricted record" if key.category in closed else key.text


def list_decisions(home: Path, purpose: str, output: str, user: str | None = None) -> None:
    """Print every decision ever made with what became of it."""
    with reviewing(home, user, "review list", purpose) as pass_, open_review(home) as con:
        decisions, judgement, _ = judge_decisions(con)
        pass_.saw(_persons(con, (key for one in decisions for key in (one.left, one.right))), len(decisions))
    closed = restricted_categories()
    rows: list[dict[str, Any]] = [
        {"decision": one.decision_id, "a": _shown_key(one.left, closed), "b": _shown_key(one.right, closed), "verdict": one.verdict.value,
         "by": one.by, "at": one.at.isoformat(sep=" ", timespec="seconds"), "why": one.why, "item": one.item,
         "status": judgement.statuses[one.decision_id].value, "supersedes": list(one.supersedes)}
        for one in decisions
    ]  # fmt: skip
    if output == "json":
        sys.stdout.write(json.dumps(rows, ensure_ascii=False) + "\n")
        return
    table("Decisions 人工裁定", ["decision", "甲 A", "乙 B", "裁定 verdict", "by 裁定人", "at (UTC)", "理由 why", "状态 status"],
          [[row["decision"], row["a"], row["b"], " ".join(VERDICTS[Verdict(row["verdict"])]), row["by"], row["at"], row["why"],
            STATUS_WORDS[Status(row["status"])]] for row in rows])  # fmt: skip
    console.print(f"{len(rows)} decisions 条")


def show_conflicts(home: Path, purpose: str, output: str, user: str | None = None) -> None:
    """Print decisions that contradict each other; none of them acts until one is superseded."""
    with reviewing(home, user, "review conflicts", purpose) as pass_, open_review(home) as con:
        decisions, judgement, _ = judge_decisions(con)
        standing = {name for name, status in judgement.statuses.items() if status is Status.APPLIED}
        conflicts = [*judgement.conflicts, *(one for one in unheld(con) if standing.issuperset(one.decisions))]
        named = {one.decision_id: one for one in decisions}
        told = [named[name] for conflict in conflicts for name in conflict.decisions]
        pass_.saw(_persons(con, (key for one in told for key in (one.left, one.right))), len(told))
    closed = restricted_categories()
    rows: list[list[Any]] = []
    for number, conflict in enumerate(conflicts, 1):
        for one in (named[name] for name in conflict.decisions):
            rows.append([number, conflict.kind, one.decision_id, _shown_key(one.left, closed), _shown_key(one.right, closed),
                         one.verdict.value, one.by, one.why, one.item])  # fmt: skip
    headers = ["conflict", "kind", "decision", "a", "b", "verdict", "by", "why", "item"]
    if output == "json":
        sys.stdout.write(json.dumps([dict(zip(headers, row, strict=True)) for row in rows], ensure_ascii=False) + "\n")
        return
    table("Contradictions 互相矛盾的裁定", headers, [[row[0], CONFLICT_WORDS[row[1]], *row[2:]] for row in rows])
    console.print(f"{len(conflicts)} contradictions 处; to settle one 解决: onegrid review decide ITEM ... --overrule")
