"""The life of an offer: a department accepts or rejects it; a run sees that it was carried out, or that its reason is gone.

Belongs here: states, answers, history. Does not: what runs do (recording.py), who may answer (warehouse/access).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from sources.errors import OneGridError
from warehouse.changes.tables import Change, ChangeEvent
from warehouse.office.bulk import BATCH_OF_IDS
from warehouse.office.database import office
from warehouse.office.sealing import seal, unseal

USE = "change words"
LONGEST_TEXT = 2000


class State(StrEnum):
    """How far an offer has come."""

    OFFERED = "offered"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    DONE = "done"
    WITHDRAWN = "withdrawn"


ANSWERS: dict[State, tuple[State, ...]] = {
    State.OFFERED: (State.ACCEPTED, State.REJECTED), State.ACCEPTED: (State.REJECTED,), State.REJECTED: (State.ACCEPTED,),
    State.DONE: (), State.WITHDRAWN: (),
}  # fmt: skip
"""What a department may answer; done and withdrawn are the runs'."""
WORDS = {State.OFFERED: ("待处理", "offered"), State.ACCEPTED: ("已接受", "accepted"), State.REJECTED: ("不采纳", "rejected"),
         State.DONE: ("已更正", "done"), State.WITHDRAWN: ("已撤回", "withdrawn")}  # fmt: skip
WAITING = (State.OFFERED, State.ACCEPTED)


class ChangeRefused(OneGridError):
    """What was asked is no step from here, or the offer is none of this department."""


class ChangeOvertaken(ChangeRefused):
    """Somebody else changed the offer since it was looked at."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far an offer has come."""

    change_id: str
    origin: str
    department: str
    person_id: str | None
    state: State
    version: int
    offered_on: date


@dataclass(frozen=True, slots=True)
class Happened:
    """One entry of the history."""

    happened_at: datetime
    account: str
    from_state: str | None
    to_state: str
    words: str | None


def standings(home: Path, department: str | None = None, states: tuple[State, ...] = ()) -> dict[str, Standing]:
    """Offers by id, of one department or of all."""
    query = select(Change).order_by(Change.offered_on, Change.change_id)
    if department is not None:
        query = query.where(Change.department == department)
    if states:
        query = query.where(Change.state.in_(states))
    with office(home) as session:
        return {row.change_id: _standing(row) for row in session.scalars(query)}


def counts(home: Path) -> list[tuple[str, str, int]]:
    """(department, state, offers)."""
    query = select(Change.department, Change.state, func.count()).group_by(Change.department, Change.state)
    with office(home) as session:
        return [(department, state, number) for department, state, number in
                session.execute(query.order_by(Change.department, Change.state))]


def history(home: Path, change_id: str, department: str) -> list[Happened]:
    """What happened to an offer, oldest first. Raises ChangeRefused when it is none of this department."""
    with office(home) as session:
        row = session.get(Change, change_id)
        if row is None or row.department != department:
            raise _unknown()
        events = session.scalars(select(ChangeEvent).where(ChangeEvent.change_id == change_id).order_by(ChangeEvent.event_id))
        return [Happened(one.happened_at, one.account, one.from_state, one.to_state,
                         None if one.words is None else unseal(home, USE, one.words)) for one in events]


class Answering:
    """The offers to a department that one account answers in one transaction; see `answering`."""

    def __init__(self, home: Path, session: Session, rows: dict[str, Change], account: str, now: datetime) -> None:
        self._home, self._session, self._rows, self._account = home, session, rows, account
        self._moment = now.astimezone(UTC).replace(tzinfo=None)

    def standing(self, change_id: str) -> Standing | None:
        """How far the offer has come now, or None when it is none of this department."""
        return _standing(self._rows[change_id]) if change_id in self._rows else None

    def answer(self, change_id: str, version: int, to: State, words: str | None) -> Standing:
        """Accept an offer, or reject it with a reason. Raises ChangeRefused; then nothing of it is done."""
        if to is State.REJECTED and not (words or "").strip():
            raise ChangeRefused(what="an offer cannot be rejected without a reason", where="--why",
                                remedy="say why the own record is right")
        if words is not None and len(words) > LONGEST_TEXT:
            raise ChangeRefused(what=f"a text has more than {LONGEST_TEXT} characters", where="--why", remedy="say it shorter")
        row = self._rows.get(change_id)
        if row is None:
            raise _unknown()
        if row.version != version:
            by = self._session.scalar(select(ChangeEvent.account).where(ChangeEvent.change_id == change_id)
                                      .order_by(ChangeEvent.event_id.desc()).limit(1))
            raise ChangeOvertaken(what=f"somebody changed the offer: it is {row.state} by {by}, version {row.version}, you looked at "
                                       f"{version}", where="change", remedy="look at it again, then answer")
        if to not in ANSWERS[State(row.state)]:
            possible = ", ".join(ANSWERS[State(row.state)]) or "nothing more"
            raise ChangeRefused(what=f"an offer that is {row.state} cannot become {to}", where="change", remedy=f"possible: {possible}")
        self._session.add(ChangeEvent(change_id=change_id, happened_at=self._moment, as_of=None, account=self._account,
                                      from_state=row.state, to_state=to, words=seal(self._home, USE, words) if words else None))
        row.state, row.version = to, row.version + 1
        return _standing(row)


@contextmanager
def answering(home: Path, department: str, change_ids: Iterable[str], account: str, *, now: datetime) -> Iterator[Answering]:
    """Answer offers to a department in one transaction: all that were taken stay when the block ends well, none when it raises."""
    wanted = sorted(set(change_ids))
    with office(home) as session:
        rows: dict[str, Change] = {}
        for start in range(0, len(wanted), BATCH_OF_IDS):
            held = select(Change).where(Change.department == department, Change.change_id.in_(wanted[start : start + BATCH_OF_IDS]))
            rows |= {row.change_id: row for row in session.scalars(held.order_by(Change.change_id).with_for_update())}
        yield Answering(home, session, rows, account, now)


def answer(home: Path, change_id: str, department: str, version: int, to: State, account: str, words: str | None, *,
           now: datetime) -> Standing:  # fmt: skip
    """Answer one offer. Raises ChangeRefused; of two at once the second is told."""
    with answering(home, department, [change_id], account, now=now) as book:
        return book.answer(change_id, version, to, words)


def _standing(row: Change) -> Standing:
    return Standing(row.change_id, row.origin, row.department, row.person_id, State(row.state), row.version, row.offered_on)


def _unknown() -> ChangeRefused:
    return ChangeRefused(what="this department has no such offer", where="change", remedy="`onegrid changes --department D` lists them")
