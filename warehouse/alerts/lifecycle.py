"""What people do with an alert: answer, assign, comment; and the history of each.

Belongs here: steps that departments take, guarded by versions. Does not: what runs do (recording.py), who may answer (warehouse/access).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from sources.errors import OneGridError
from warehouse.alerts.states import ANSWERS, CAUSES, NEEDS_REASON, Cause, State
from warehouse.alerts.tables import Addressee, AlertEvent, BookedAlert, BookedRun
from warehouse.office.bulk import BATCH_OF_IDS
from warehouse.office.database import office
from warehouse.office.sealing import seal, unseal

USE = "alert words"
LONGEST_TEXT = 2000


class AlertRefused(OneGridError):
    """What was asked is no step from here, or the alert is not one of this department."""


class AlertChanged(AlertRefused):
    """Somebody else changed the alert since it was looked at."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far an alert has come at a department."""

    alert_id: str
    department: str
    check: str
    severity: str
    person_id: str | None
    state: State
    version: int
    opened_on: date
    due_on: date
    assignee: str | None


@dataclass(frozen=True, slots=True)
class Happened:
    """One entry of the history, words unsealed."""

    happened_at: datetime
    department: str | None
    account: str
    cause: Cause
    from_state: str | None
    to_state: str | None
    words: str | None

    def told(self, words: int) -> str:
        return CAUSES[self.cause][words]


@dataclass(frozen=True, slots=True)
class Asked:
    """Who wants what of which alert: `version` is the one that was looked at."""

    alert_id: str
    department: str
    version: int
    account: str


def standings(home: Path, department: str, *, alert_id: str | None = None, states: tuple[State, ...] = (),
              overdue_on: date | None = None) -> dict[str, Standing]:
    """Alerts of a department by id, due first. `overdue_on`: only open ones whose due day was before it."""
    query = (select(Addressee, BookedAlert).join(BookedAlert, BookedAlert.alert_id == Addressee.alert_id)
             .where(Addressee.department == department).order_by(Addressee.due_on, Addressee.alert_id))
    if alert_id is not None:
        query = query.where(Addressee.alert_id == alert_id)
    if states:
        query = query.where(Addressee.state.in_(states))
    if overdue_on is not None:
        query = query.where(Addressee.state.in_((State.OPEN, State.ACKNOWLEDGED)), Addressee.due_on < overdue_on)
    with office(home) as session:
        return {row.alert_id: _standing(row, alert) for row, alert in session.execute(query)}


def counts(home: Path) -> list[tuple[str, str, int]]:
    """(department, state, alerts) of all departments, closed ones left out."""
    query = (select(Addressee.department, Addressee.state, func.count()).where(Addressee.state != State.CLOSED)
             .group_by(Addressee.department, Addressee.state).order_by(Addressee.department, Addressee.state))
    with office(home) as session:
        return [(department, state, number) for department, state, number in session.execute(query)]


def history(home: Path, alert_id: str, department: str) -> list[Happened]:
    """What happened to an alert at a department, oldest first. Raises AlertRefused when it is none of this department."""
    with office(home) as session:
        if session.get(Addressee, (alert_id, department)) is None:
            raise _unknown()
        events = session.scalars(select(AlertEvent).where(AlertEvent.alert_id == alert_id, AlertEvent.department == department)
                                 .order_by(AlertEvent.event_id))
        return [Happened(one.happened_at, one.department, one.account, Cause(one.cause), one.from_state, one.to_state,
                         None if one.words is None else unseal(home, USE, one.words)) for one in events]


class Answering:
    """The alerts of a department that one account answers in one transaction; see `answering`."""

    def __init__(self, home: Path, session: Session, department: str, account: str, now: datetime) -> None:
        self._home, self._session, self._department, self._account, self._now = home, session, department, account, now
        self._newest = session.scalar(select(func.max(BookedRun.as_of)))
        self._rows: dict[str, tuple[Addressee, BookedAlert]] = {}

    def hold(self, alert_ids: Sequence[str]) -> None:
        """Lock these alerts, in the order of their ids; those of other departments are left out."""
        for start in range(0, len(alert_ids), BATCH_OF_IDS):
            found = self._session.execute(
                select(Addressee, BookedAlert).join(BookedAlert, BookedAlert.alert_id == Addressee.alert_id)
                .where(Addressee.department == self._department, Addressee.alert_id.in_(alert_ids[start : start + BATCH_OF_IDS]))
                .order_by(Addressee.alert_id).with_for_update(of=Addressee))
            self._rows |= {row.alert_id: (row, alert) for row, alert in found}

    def standing(self, alert_id: str) -> Standing | None:
        """How far the alert has come now, or None when it is none of this department."""
        return _standing(*self._rows[alert_id]) if alert_id in self._rows else None

    def answer(self, alert_id: str, version: int, to: State, words: str | None) -> Standing:
        """Acknowledge, correct, reject (with a reason) or open again. Raises AlertRefused, AlertChanged; then nothing of it is done."""
        if alert_id not in self._rows:
            raise _unknown()
        row, alert = self._rows[alert_id]
        asked = Asked(alert_id, self._department, version, self._account)
        if to in NEEDS_REASON and not (words or "").strip():
            raise AlertRefused(what=f"an alert cannot be {to} without a reason", where="--why", remedy="say why the two records are right")
        _check_version(self._session, row, asked)
        if to not in ANSWERS[State(row.state)]:
            possible = ", ".join(ANSWERS[State(row.state)]) or "nothing: only a run reopens it, when the condition returns"
            raise AlertRefused(what=f"an alert that is {row.state} cannot become {to}", where="alert", remedy=f"possible: {possible}")
        _tell(self._session, self._home, asked, Cause.ANSWERED, words, self._now, before=row.state, to=to)
        row.state, row.version = to, row.version + 1
        row.answered_facts = alert.facts if to is not State.OPEN else None
        row.answered_as_of = self._newest if to is not State.OPEN else None
        return _standing(row, alert)


@contextmanager
def answering(home: Path, department: str, alert_ids: Iterable[str], account: str, *, now: datetime) -> Iterator[Answering]:
    """Answer alerts of a department in one transaction: all that were taken stay when the block ends well, none when it raises."""
    with office(home) as session:
        book = Answering(home, session, department, account, now)
        book.hold(sorted(set(alert_ids)))
        yield book


def answer(home: Path, asked: Asked, to: State, words: str | None, *, now: datetime) -> Standing:
    """Answer one alert. Raises AlertRefused, AlertChanged."""
    with answering(home, asked.department, [asked.alert_id], asked.account, now=now) as book:
        return book.answer(asked.alert_id, asked.version, to, words)


def assign(home: Path, asked: Asked, assignee: str | None, *, now: datetime) -> Standing:
    """Give an alert to an account of the department, or to nobody. Raises AlertRefused, AlertChanged."""
    with office(home) as session:
        row, alert = _locked(session, asked)
        _check_version(session, row, asked)
        _tell(session, home, asked, Cause.ASSIGNED, assignee, now)
        row.assignee, row.version = assignee, row.version + 1
        session.flush()
        return _standing(row, alert)


def comment(home: Path, asked: Asked, words: str, *, now: datetime) -> Standing:
    """Add a comment; it changes nothing else, so no version is asked for. Raises AlertRefused."""
    if not words.strip():
        raise AlertRefused(what="the comment is empty", where="--why", remedy="say something")
    with office(home) as session:
        row, alert = _locked(session, asked)
        _tell(session, home, asked, Cause.COMMENTED, words, now)
        return _standing(row, alert)


def _locked(session: Session, asked: Asked) -> tuple[Addressee, BookedAlert]:
    row = session.get(Addressee, (asked.alert_id, asked.department), with_for_update=True)
    alert = session.get(BookedAlert, asked.alert_id)
    if row is None or alert is None:
        raise _unknown()
    return row, alert


def _check_version(session: Session, row: Addressee, asked: Asked) -> None:
    if row.version == asked.version:
        return
    last = session.scalars(select(AlertEvent).where(AlertEvent.alert_id == row.alert_id, AlertEvent.department == row.department,
                                                    AlertEvent.cause != Cause.COMMENTED).order_by(AlertEvent.event_id.desc())).first()
    by = f" by {last.account} at {last.happened_at:%Y-%m-%d %H:%M} UTC" if last is not None else ""
    raise AlertChanged(what=f"the alert was changed{by}: it is {row.state}, version {row.version}, you looked at {asked.version}",
                       where="alert", remedy="look at it again (`onegrid alerts show`), then answer")


def _tell(session: Session, home: Path, asked: Asked, cause: Cause, words: str | None, now: datetime, *, before: str | None = None,
          to: str | None = None) -> None:
    if words is not None and len(words) > LONGEST_TEXT:
        raise AlertRefused(what=f"a text has more than {LONGEST_TEXT} characters", where="--why", remedy="say it shorter")
    session.add(AlertEvent(
        alert_id=asked.alert_id, department=asked.department, happened_at=now.astimezone(UTC).replace(tzinfo=None), as_of=None,
        account=asked.account, cause=cause, from_state=before, to_state=to, words=seal(home, USE, words) if words else None))


def _standing(row: Addressee, alert: BookedAlert) -> Standing:
    return Standing(row.alert_id, row.department, alert.check, alert.severity, alert.person_id, State(row.state), row.version,
                    alert.opened_on, row.due_on, row.assignee)  # fmt: skip


def _unknown() -> AlertRefused:
    return AlertRefused(what="this department has no such alert", where="alert", remedy="`onegrid alerts --department D` lists them")
