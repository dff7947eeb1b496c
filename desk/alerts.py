"""`onegrid alerts`: what departments read about their alerts, and what they answer.

Belongs here: lines of the snapshot beside their standing in the book, words and tables. Does not: steps and versions
(warehouse/alerts), evidence (warehouse/cross_checks/recipients.py), sending (desk/outbox.py).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from desk.access import passing
from desk.reading import WrongRequest
from desk.render import console, table
from desk.subject.words import department as department_words
from sources.catalogue import load_catalogue
from warehouse.access import Request
from warehouse.alerts import lifecycle
from warehouse.alerts.lifecycle import AlertRefused, Asked, Standing
from warehouse.alerts.states import LIVE, WORDS, State
from warehouse.audit import Outcome
from warehouse.cross_checks.recipients import AlertLine, lines_for
from warehouse.snapshots import open_snapshot

SEVERITIES = {"high": ("高", "high"), "medium": ("中", "medium"), "low": ("低", "low")}
HEADERS = (["编号", "检查", "级别", "状态", "期限", "经办", "版本#", "本部门记录", "说明", "依据"],
           ["alert", "check", "severity", "state", "due", "assignee", "version#", "own records", "told", "evidence"])


@dataclass(frozen=True, slots=True)
class Shown:
    """Which alerts are asked for."""

    department: str
    states: tuple[State, ...] = LIVE
    check: str | None = None
    overdue: bool = False
    limit: int = 50
    output: str = "table"
    language: str = "zh"


Step = Callable[[Asked, datetime], Standing]
"""What is done with an alert at a moment."""


def known_department(name: str) -> str:
    """The name. Raises WrongRequest with the departments."""
    if name not in load_catalogue().departments:
        raise WrongRequest(what=f"there is no department {name!r}", where="--department",
                           remedy=f"state one of: {', '.join(load_catalogue().departments)}")
    return name


def show_alerts(home: Path, asked: Shown, user: str | None) -> None:
    """Alerts addressed to a department, as it may see them. Raises AccessRefused, WrongRequest."""
    known_department(asked.department)
    with passing(home, user, Request("alerts", department=asked.department, asked=asked.department)) as pass_:
        with open_snapshot(home) as con:
            lines, standings = lines_of(con, home, asked)
        shown = lines[: asked.limit] if asked.output == "table" else lines
        pass_.saw([line.person_id for line in shown if line.person_id], len(shown))
    if asked.output != "table":
        sys.stdout.write(json.dumps(rows_of(shown, standings), ensure_ascii=False, default=str) + "\n")
        return
    _print(shown, standings, asked, len(lines))


def lines_of(con: duckdb.DuckDBPyConnection, home: Path, asked: Shown) -> tuple[list[AlertLine], dict[str, Standing]]:
    """Lines of a snapshot that are asked for, due first, and the standings of the department's alerts by id."""
    found = [line for line in lines_for(con, asked.department) if asked.check in (None, line.check)]
    standings = lifecycle.standings(home, asked.department, states=asked.states, overdue_on=_today() if asked.overdue else None)
    counted_form = [line for line in found if not line.own_records and line.person_id is None and "count" in line.evidence]
    lines = [line for line in found if line.alert_id in standings] + ([] if asked.overdue else counted_form)
    lines.sort(key=lambda line: (standings[line.alert_id].due_on if line.alert_id in standings else date.max, line.alert_id))
    return lines, standings


def rows_of(lines: list[AlertLine], standings: dict[str, Standing]) -> list[dict[str, object]]:
    """Lines with their standings, for machines."""
    return [asdict(line) | _standing(standings.get(line.alert_id)) for line in lines]


def _standing(one: Standing | None) -> dict[str, object]:
    return {} if one is None else {"state": one.state.value, "version": one.version, "due_on": one.due_on, "assignee": one.assignee}


def _print(shown: list[AlertLine], standings: dict[str, Standing], asked: Shown, total: int) -> None:
    words = 0 if asked.language == "zh" else 1
    rows = []
    for line in shown:
        one = standings.get(line.alert_id)
        rows.append([line.alert_id, line.title_zh if words == 0 else line.check, SEVERITIES[line.severity][words],
                     WORDS[one.state][words] if one else None, one.due_on if one else None, one.assignee if one else None,
                     one.version if one else None, line.own_records, line.told_zh if words == 0 else line.told,
                     [f"{name.split('.')[-1]} {value}" for name, value in line.evidence.items()]])  # fmt: skip
    title = (f"待核实事项: {department_words(asked.department, 0)}", f"Alerts: {asked.department}")[words]
    table(title, HEADERS[words], rows)
    more = f"{total:,} 条" if words == 0 else f"{total:,} alerts"
    console.print(more + (f", 显示前 {asked.limit} 条" if total > asked.limit and words == 0 else
                          f", the first {asked.limit} shown" if total > asked.limit else ""))


def show_summary(home: Path, user: str | None, language: str = "zh") -> None:
    """Alerts per department and state, from the book; numbers only."""
    words = 0 if language == "zh" else 1
    with passing(home, user, Request("alerts summary")):
        found = lifecycle.counts(home)
    _print_summary(found, words)


def show_alert_counts(home: Path) -> None:
    """The same for the demo, whose caller has just run the job."""
    _print_summary(lifecycle.counts(home), 0)


def _print_summary(found: list[tuple[str, str, int]], words: int) -> None:
    by_department: dict[str, dict[str, int]] = {}
    for department, state, number in found:
        by_department.setdefault(department, {})[state] = number
    states = [state for state in State if state is not State.CLOSED]
    headers = [("部门", "department")[words], *(f"{WORDS[state][words]}#" for state in states)]
    table(("各部门待核实事项", "Alerts per department")[words], headers, [
        [department_words(name, words), *(numbers.get(state, 0) for state in states)]
        for name, numbers in by_department.items()])


def show_one(home: Path, user: str | None, alert_id: str, department: str, language: str) -> None:
    """One alert with its evidence and its history."""
    words = 0 if language == "zh" else 1
    known_department(department)
    with passing(home, user, Request("alerts", department=department, asked=alert_id[:32])) as pass_:
        one = _one(home, alert_id, department)
        events = lifecycle.history(home, alert_id, department)
        with open_snapshot(home) as con:
            lines = [line for line in lines_for(con, department) if line.alert_id == alert_id]
        pass_.saw([one.person_id] if one.person_id else [], 1)
    _print(lines, {alert_id: one}, Shown(department, language=language), len(lines))
    headers = (["时间(UTC)", "账号", "事由", "由", "至", "说明"], ["time (UTC)", "account", "why", "from", "to", "words"])[words]
    table(("经过", "History")[words], headers,
          [[f"{event.happened_at:%Y-%m-%d %H:%M}", event.account, event.told(words), event.from_state, event.to_state, event.words]
           for event in events])  # fmt: skip


def _one(home: Path, alert_id: str, department: str) -> Standing:
    found = lifecycle.standings(home, department, alert_id=alert_id)
    if alert_id not in found:
        raise AlertRefused(what="this department has no such alert", where="alert", remedy="`onegrid alerts --department D` lists them")
    return found[alert_id]


@dataclass(frozen=True, slots=True)
class Doing:
    """What a department does with an alert: `version` is the one that was looked at."""

    alert_id: str
    department: str
    version: int
    language: str = "zh"


def answer(home: Path, user: str | None, doing: Doing, to: State, words: str | None) -> None:
    """Acknowledge, correct, reject or open again."""
    _do(home, user, doing, lambda asked, now: lifecycle.answer(home, asked, to, words, now=now))


def assign(home: Path, user: str | None, doing: Doing, assignee: str | None) -> None:
    """Give an alert to an account, or to nobody."""
    _do(home, user, doing, lambda asked, now: lifecycle.assign(home, asked, assignee, now=now))


def comment(home: Path, user: str | None, doing: Doing, words: str) -> None:
    """Add a comment."""
    _do(home, user, doing, lambda asked, now: lifecycle.comment(home, asked, words, now=now))


def _do(home: Path, user: str | None, doing: Doing, step: Step) -> None:
    known_department(doing.department)
    request = Request("alerts decide", department=doing.department, asked=doing.alert_id[:32])
    with passing(home, user, request) as pass_:
        done = step(Asked(doing.alert_id, doing.department, doing.version, pass_.user), datetime.now(UTC))
        pass_.saw([done.person_id] if done.person_id else [], 1, outcome=Outcome.DECIDED)
    words = 0 if doing.language == "zh" else 1
    console.print(f"{done.alert_id}: {WORDS[done.state][words]}, {('版本', 'version')[words]} {done.version}")


def _today() -> date:
    return datetime.now(UTC).date()
