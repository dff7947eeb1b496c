"""Requests of residents: to correct a value, to stop its use; routed to the departments that own it, answered by them.

Belongs here: making, listing and answering requests, closing those that a later delivery fulfilled.
Does not: who may ask or answer (warehouse/access), routing (routing.py). A request changes no value: only a department's own
delivery does.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
from sqlalchemy import select, update

from sources.errors import OneGridError
from sources.tables import quoted
from warehouse.office.database import office
from warehouse.office.sealing import seal, unseal
from warehouse.subjects.routing import Owner
from warehouse.subjects.tables import SubjectEvent, SubjectRequest

DAYS_TO_ANSWER = 30
"""GB/T 35273-2020, 8.7: requests of a person about their own data are answered within thirty days."""
USE = "subject request"
KINDS = ("correct", "restrict")
STEPS = {"received": ("accepted", "refused"), "accepted": ("done",)}
"""From each state, the states that may follow; refused and done are final."""
LONGEST_TEXT = 2000


class RequestRefused(OneGridError):
    """The request cannot be made or changed so."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a resident asks: `says` is the value that should stand there (correct), `why` the reason."""

    kind: str
    person_id: str
    attribute: str | None
    why: str
    says: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """One request as a department or the resident sees it."""

    request_id: str
    kind: str
    person_id: str
    attribute: str | None
    category: str | None
    department: str
    made_by: str
    received_on: date
    due_on: date
    state: str
    version: int
    says: str | None
    why: str
    answer: str | None


def make(home: Path, wish: Wish, owners: Sequence[Owner], account: str, *, now: datetime) -> list[Request]:
    """One request per owning department, all or none. Raises RequestRefused for a wish that says too little or too much."""
    _check(wish)
    received = now.astimezone(UTC).date()
    made = []
    with office(home) as session:
        for owner in owners:
            row = SubjectRequest(
                request_id="S" + secrets.token_hex(8), kind=wish.kind, person_id=wish.person_id, attribute=wish.attribute,
                category=owner.category, department=owner.department, made_by=account, received_on=received,
                due_on=received + timedelta(days=DAYS_TO_ANSWER), state="received", version=1,
                says=None if wish.says is None else seal(home, USE, wish.says), why=seal(home, USE, wish.why),
            )  # fmt: skip
            session.add(row)
            session.flush()
            session.add(_event(row.request_id, now, account, None, "received", None))
            made.append(_shown(home, row, None))
    return made


def _check(wish: Wish) -> None:
    texts = [text for text in (wish.says, wish.why) if text is not None]
    if wish.kind not in KINDS or not wish.why.strip() or (wish.kind == "correct" and not (wish.says or "").strip()):
        raise RequestRefused(what="the request does not say what and why", where="subject request",
                             remedy="state --why, and for a correction --says with the right value")
    if any(len(text) > LONGEST_TEXT for text in texts):
        raise RequestRefused(what=f"a text has more than {LONGEST_TEXT} characters", where="subject request", remedy="say it shorter")


def requests(home: Path, *, department: str | None = None, person_id: str | None = None, overdue_on: date | None = None) -> list[Request]:
    """Requests by due date; `overdue_on`: only those that nobody answered by that day."""
    with office(home) as session:
        query = select(SubjectRequest).order_by(SubjectRequest.due_on, SubjectRequest.request_id)
        if department is not None:
            query = query.where(SubjectRequest.department == department)
        if person_id is not None:
            query = query.where(SubjectRequest.person_id == person_id)
        if overdue_on is not None:
            query = query.where(SubjectRequest.state == "received", SubjectRequest.due_on < overdue_on)
        rows = list(session.scalars(query))
        answers: dict[str, str | None] = {
            event.request_id: event.answer for event in session.scalars(
                select(SubjectEvent).where(SubjectEvent.answer.is_not(None)).order_by(SubjectEvent.event_id))}
        return [_shown(home, row, answers.get(row.request_id)) for row in rows]


def answer(home: Path, request_id: str, to: str, version: int, account: str, department: str | None, words: str, *,
           now: datetime) -> Request:  # fmt: skip
    """A department accepts or refuses a request, with a reason. `department` None: for accounts of no single department.

    Raises RequestRefused: unknown, another department's, not a step from here, or changed by somebody else since `version`.
    """
    if not words.strip() or len(words) > LONGEST_TEXT:
        raise RequestRefused(what="an answer needs a reason", where="--why", remedy=f"state it in at most {LONGEST_TEXT} characters")
    with office(home) as session:
        row = session.get(SubjectRequest, request_id, with_for_update=True)
        if row is None or (department is not None and row.department != department):
            raise RequestRefused(what="there is no such request for this department", where="request",
                                 remedy="`onegrid subject requests` lists them")
        if to not in STEPS.get(row.state, ()) or to == "done":
            possible = [state for state in STEPS.get(row.state, ()) if state != "done"]
            raise RequestRefused(what=f"a request that is {row.state} cannot become {to}", where="request",
                                 remedy=f"possible: {', '.join(possible) or 'nothing more'}")
        if row.version != version:
            raise RequestRefused(what=f"somebody changed the request since: it is {row.state}, version {row.version}", where="request",
                                 remedy="look at it again, then answer")
        sealed = seal(home, USE, words)
        session.add(_event(request_id, now, account, row.state, to, sealed))
        row.state, row.version = to, row.version + 1
        session.flush()
        return _shown(home, row, sealed)


def close_fulfilled(con: duckdb.DuckDBPyConnection, home: Path, *, now: datetime, account: str = "onegrid") -> int:
    """Accepted corrections whose value now stands in `profile` are done; returns how many. For the run, after the profile."""
    with office(home) as session:
        waiting = list(session.scalars(select(SubjectRequest).where(SubjectRequest.state == "accepted", SubjectRequest.kind == "correct")))
        done = [row for row in waiting if row.attribute and row.says and _value(con, row) == unseal(home, USE, row.says).strip()]
        for row in done:
            session.execute(update(SubjectRequest).where(SubjectRequest.request_id == row.request_id)
                            .values(state="done", version=SubjectRequest.version + 1))
            session.add(_event(row.request_id, now, account, "accepted", "done", None))
    return len(done)


def _value(con: duckdb.DuckDBPyConnection, row: SubjectRequest) -> str | None:
    found = con.execute(f"SELECT {quoted(str(row.attribute))}::VARCHAR FROM profile WHERE person_id = ?", [row.person_id]).fetchone()
    return None if found is None else found[0]


def _event(request_id: str, now: datetime, account: str, before: str | None, to: str, sealed: str | None) -> SubjectEvent:
    return SubjectEvent(request_id=request_id, happened_at=now.astimezone(UTC).replace(tzinfo=None), account=account, from_state=before,
                        to_state=to, answer=sealed)


def _shown(home: Path, row: SubjectRequest, sealed_answer: str | None) -> Request:
    return Request(
        row.request_id, row.kind, row.person_id, row.attribute, row.category, row.department, row.made_by, row.received_on, row.due_on,
        row.state, row.version, None if row.says is None else unseal(home, USE, row.says), unseal(home, USE, row.why),
        None if sealed_answer is None else unseal(home, USE, sealed_answer),
    )  # fmt: skip
