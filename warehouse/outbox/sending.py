"""Sending what waits: one folder per department and batch.

Belongs here: the order of steps by which a crash at any moment neither loses nor repeats a message.
Does not: what is written (rendering.py), how a folder appears (folders.py).

A batch is fixed when it is queued, and its folder's name is fixed with it. The folder appears by one rename; then the messages are
marked. After a crash in between the folder stands, so the next sending marks them and writes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
from sqlalchemy import func, select, update

from sources.catalogue import load_catalogue
from warehouse import audit
from warehouse.alerts import lifecycle
from warehouse.alerts.lifecycle import Standing
from warehouse.alerts.states import LIVE
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


def send(con: duckdb.DuckDBPyConnection, home: Path, *, user: str, now: datetime, department: str | None = None) -> list[Sent]:
    """Write the files of all waiting messages, rendered from the alert tables of `con` (a snapshot or the working store).

    The audit log has its entry before a folder appears. Raises OfficeProblem, AuditProblem; what was not sent still waits.
    """
    done = []
    with sending_alone(home):
        for addressed, batch in _waiting(home, department):
            messages = messages_of(home, addressed, batch)
            target = outbox_folder(home) / addressed / f"{messages[0].as_of}-{batch:04d}"
            stood = target.exists()
            if not stood:
                lines = lines_of(con, home, addressed, messages)
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
    query = select(one.batch, one.department).where(one.sent_at.is_(None)).distinct().order_by(one.batch, one.department)
    if department is not None:
        query = query.where(one.department == department)
    with office(home) as session:
        return [(name, batch) for batch, name in session.execute(query)]


def messages_of(home: Path, department: str, batch: int) -> list[OutboxMessage]:
    one = OutboxMessage
    with office(home) as session:
        return list(session.scalars(select(one).where(one.department == department, one.batch == batch).order_by(one.message_id)))


def lines_of(con: duckdb.DuckDBPyConnection, home: Path, department: str, messages: list[OutboxMessage]) -> list[dict[str, Any]]:
    """One line per message; a count message has one per township. An alert that is gone or quiet by now is told without evidence."""
    by_alert: dict[str, AlertLine] = {}
    by_count: dict[str, list[AlertLine]] = {}
    for line in lines_for(con, department):
        if "count" in line.evidence and not line.own_records and line.alert_id.startswith(f"{line.check}-"):
            by_count.setdefault(line.check, []).append(line)
        else:
            by_alert[line.alert_id] = line
    standings = lifecycle.standings(home, department)
    lines = []
    for message in messages:
        if message.event == COUNT:
            lines += [_line(message, line, None) for line in by_count.get(message.check, [])]
            continue
        standing = standings.get(message.alert_id)
        live = standing is not None and standing.state in LIVE
        lines.append(_line(message, by_alert.get(message.alert_id) if live else None, standing))
    return lines


def _line(message: OutboxMessage, line: AlertLine | None, standing: Standing | None) -> dict[str, Any]:
    shared = {"message_id": message.message_id, "alert_id": line.alert_id if line else message.alert_id, "event": EVENTS[message.event],
              "check": message.check, "title": load_catalogue().checks[message.check].title_zh,
              "severity": SEVERITIES[message.severity], "due_on": standing.due_on if standing else None,
              "version": standing.version if standing else None}  # fmt: skip
    if line is None or message.event == "closed":
        return shared | {"opened_on": None, "own_records": [], "told": "", "evidence": {}}
    return shared | {"opened_on": line.opened_on, "own_records": line.own_records, "told": line.told_zh, "evidence": line.evidence}


def persons_of(con: duckdb.DuckDBPyConnection, messages: list[OutboxMessage]) -> tuple[str, ...]:
    """Person ids of the alerts that are still in the tables."""
    rows = con.execute("SELECT DISTINCT person_id FROM alert WHERE person_id IS NOT NULL AND list_contains($1, alert_id) ORDER BY 1",
                       [[one.alert_id for one in messages]]).fetchall()
    return tuple(str(person) for (person,) in rows)
