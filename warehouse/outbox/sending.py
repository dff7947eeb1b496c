"""Sending what waits: one folder per department and batch.

Belongs here: the order of steps by which a crash at any moment neither loses nor repeats a message.
Does not: what is written (rendering.py), how a folder appears (folders.py).

A batch is fixed when it is queued, and its folder's name is fixed with it. The folder appears by one rename; then the messages are
marked. After a crash in between the folder stands, so the next sending marks them and writes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
from sqlalchemy import func, select, update

from sources.catalogue import load_catalogue
from warehouse import audit
from warehouse.alerts.states import LIVE, State
from warehouse.alerts.tables import Addressee
from warehouse.audit import Look, Outcome
from warehouse.cross_checks.recipients import AlertLine, lines_for
from warehouse.office.database import office
from warehouse.outbox.folders import appear, outbox_folder, prepare, sending_alone
from warehouse.outbox.queueing import COUNT
from warehouse.outbox.rendering import EVENTS, SEVERITIES
from warehouse.outbox.tables import OutboxMessage

PURPOSE = "data_quality"


@dataclass(frozen=True, slots=True)
class Sent:
    """One folder. `again`: it stood already, after a crash, and its messages were only marked."""

    department: str
    folder: str
    messages: int
    again: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """What one department is told of alerts, by alert, and of counts per township, by check."""

    department: str
    by_alert: dict[str, AlertLine]
    by_count: dict[str, list[AlertLine]]


class _Step(NamedTuple):
    """How far an alert has come at the department."""

    state: State
    version: int
    due_on: date


def send(con: duckdb.DuckDBPyConnection, home: Path, *, user: str, now: datetime, department: str | None = None) -> list[Sent]:
    """Write the files of all waiting messages, rendered from the alert tables of `con` (a snapshot or the working store).

    The audit log has its entry before a folder appears. Raises OfficeProblem, AuditProblem; what was not sent still waits.
    """
    done = []
    with sending_alone(home):
        shown = None
        for addressed, batch in _waiting(home, department):
            messages = messages_of(home, addressed, batch)
            target = outbox_folder(home) / addressed / f"{messages[0].as_of}-{batch:04d}"
            stood = target.exists()
            if not stood:
                if shown is None or shown.department != addressed:
                    shown = shown_to(con, addressed)
                lines = lines_of(home, shown, messages)
                part = prepare(target, lines, {"department": addressed, "as_of": str(messages[0].as_of), "run": messages[0].run,
                                               "batch": batch, "message_ids": [one.message_id for one in messages]})
                look = Look(user, PURPOSE, "alerts send", "outbox", Outcome.SENT, persons_of(con, messages), len(lines))
                audit.record(home, look, now=now)
                appear(part, target)
            with office(home) as session:
                waits = (OutboxMessage.department == addressed, OutboxMessage.batch == batch, OutboxMessage.sent_at.is_(None))
                session.execute(update(OutboxMessage).where(*waits).values(sent_at=now.astimezone(UTC).replace(tzinfo=None)))
            done.append(Sent(addressed, target.name, len(messages), stood))
    return done


def counts(home: Path) -> list[tuple[str, int, int]]:
    """(department, messages that wait, messages sent)."""
    one = OutboxMessage
    query = select(one.department, func.count() - func.count(one.sent_at), func.count(one.sent_at)).group_by(one.department)
    with office(home) as session:
        return [(name, waiting, sent) for name, waiting, sent in session.execute(query.order_by(one.department))]


def _waiting(home: Path, department: str | None) -> list[tuple[str, int]]:
    one = OutboxMessage
    query = select(one.batch, one.department).where(one.sent_at.is_(None)).distinct().order_by(one.department, one.batch)
    if department is not None:
        query = query.where(one.department == department)
    with office(home) as session:
        return [(name, batch) for batch, name in session.execute(query)]


def messages_of(home: Path, department: str, batch: int) -> list[OutboxMessage]:
    one = OutboxMessage
    with office(home) as session:
        return list(session.scalars(select(one).where(one.department == department, one.batch == batch).order_by(one.message_id)))


def shown_to(con: duckdb.DuckDBPyConnection, department: str) -> Shown:
    """What the department is told of all its alerts as they are now; for many batches this is read once."""
    shown = Shown(department, {}, {})
    for line in lines_for(con, department):
        if "count" in line.evidence and not line.own_records and line.alert_id.startswith(f"{line.check}-"):
            shown.by_count.setdefault(line.check, []).append(line)
        else:
            shown.by_alert[line.alert_id] = line
    return shown


def lines_of(home: Path, shown: Shown, messages: list[OutboxMessage]) -> list[dict[str, Any]]:
    """One line per message of a batch; a count message has one per township. An alert that is gone or quiet by now is told without
    evidence."""
    steps = _steps(home, shown.department, messages[0].batch)
    lines = []
    for message in messages:
        if message.event == COUNT:
            lines += [_line(message, line, None) for line in shown.by_count.get(message.check, [])]
            continue
        step = steps.get(message.alert_id)
        live = step is not None and step.state in LIVE
        lines.append(_line(message, shown.by_alert.get(message.alert_id) if live else None, step))
    return lines


def _steps(home: Path, department: str, batch: int) -> dict[str, _Step]:
    """How far the alerts of a batch have come, by id."""
    told = select(OutboxMessage.alert_id).where(OutboxMessage.department == department, OutboxMessage.batch == batch)
    query = select(Addressee.alert_id, Addressee.state, Addressee.version, Addressee.due_on)
    with office(home) as session:
        return {alert_id: _Step(State(state), version, due_on) for alert_id, state, version, due_on in session.execute(
            query.where(Addressee.department == department, Addressee.alert_id.in_(told)))}


def _line(message: OutboxMessage, line: AlertLine | None, step: _Step | None) -> dict[str, Any]:
    shared = {"message_id": message.message_id, "alert_id": line.alert_id if line else message.alert_id, "event": EVENTS[message.event],
              "check": message.check, "title": load_catalogue().checks[message.check].title_zh,
              "severity": SEVERITIES[message.severity], "due_on": step.due_on if step else None,
              "version": step.version if step else None}  # fmt: skip
    if line is None or message.event == "closed":
        return shared | {"opened_on": None, "own_records": [], "told": "", "evidence": {}}
    return shared | {"opened_on": line.opened_on, "own_records": line.own_records, "told": line.told_zh, "evidence": line.evidence}


def persons_of(con: duckdb.DuckDBPyConnection, messages: list[OutboxMessage]) -> tuple[str, ...]:
    """Person ids of the alerts that are still in the tables."""
    rows = con.execute("""SELECT DISTINCT person_id FROM alert SEMI JOIN (SELECT unnest($1::VARCHAR[]) AS alert_id) USING (alert_id)
                          WHERE person_id IS NOT NULL ORDER BY 1""", [[one.alert_id for one in messages]]).fetchall()
    return tuple(str(person) for (person,) in rows)
