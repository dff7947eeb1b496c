"""A look at a house: the purpose, the answer, the audit entry, in this order; no answer without a durable entry.

Belongs here: who may look, what one look comprises, what the audit log says of it.
Does not: finding (finding.py), persons (contacts.py), words and tables (desk).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import duckdb

from sources.catalogue import load_catalogue
from warehouse import audit
from warehouse.access import Reader, Request, gate
from warehouse.audit import Outcome
from warehouse.houses.contacts import Contacts, contacts_of
from warehouse.houses.finding import Found, Reach, Side, beside, beyond, find
from warehouse.houses.register import Dwelling, Register, open_register
from warehouse.purposes import PurposeRefused, Reading, authorise, reading
from warehouse.snapshots import open_snapshot

NEEDED = ("dwelling_id", "contact_phone")
"""A purpose that holds both, and is answered with rows, may look up whom to contact about a dwelling."""
COMMAND = "house"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked and why; `asked` is an address or a dwelling code."""

    asked: str
    purpose: str
    below: bool = False
    beside: bool = False


@dataclass(frozen=True, slots=True)
class Beside:
    """The dwellings above, below or beside: whom to contact in those that lie there, which may be meant (`offers`)."""

    where: str
    side: Side
    contacts: tuple[Contacts, ...] = ()
    offers: tuple[Dwelling, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a look shows: `here` one per dwelling meant, `around` one per direction asked for and dwelling meant."""

    as_of: date
    purpose: str
    found: Found
    here: tuple[Contacts, ...] = ()
    around: tuple[Beside, ...] = ()

    @property
    def persons(self) -> tuple[str, ...]:
        """Everybody shown, each once."""
        shown = [*self.here, *(one for side in self.around for one in side.contacts)]
        return tuple(dict.fromkeys(person for one in shown for person in one.persons))


def purposes_that_look() -> list[str]:
    """The purposes of the catalogue that may look up houses."""
    known = load_catalogue().purposes
    return [name for name, one in known.items() if one.granularity != "aggregate" and set(NEEDED) <= set(one.attributes)]


def authorise_look(purpose: str, departments: tuple[str, ...] = ()) -> Reading:
    """Where the purpose reads. Raises PurposeRefused unless it holds what a look shows.

    A reader with areas of its own is limited by the dwelling, not by where the people live: the owner of a dwelling in the own
    grid may be reached although the owner lives elsewhere.
    """
    authorise(purpose, (), rows=True)
    if purpose not in purposes_that_look():
        raise PurposeRefused(
            what=f"purpose {purpose} does not open the house lookup, which shows telephones of a dwelling's people",
            where="--purpose",
            remedy=f"state one of: {', '.join(purposes_that_look())}",
        )
    return reading(purpose, (), departments)


def look(home: Path, reader: Reader, question: Question, *, now: datetime) -> Answer:
    """The answer, after its audit entry is on the disk. Refused looks are recorded too.

    Raises AccessRefused, PurposeRefused, AuditProblem, NoSnapshot, KeyProblem.
    """
    request = Request(COMMAND, question.purpose, rows=True, asked=audit.digest(home, question.asked))
    with gate.passing(home, reader, request, now=now) as pass_:
        read = authorise_look(question.purpose, pass_.departments)
        with open_snapshot(home) as con:
            answer = answer_from(con, read, question, pass_.areas)
        pass_.saw(answer.persons, len(answer.persons), asked=_asked(answer), outcome=None if answer.here else Outcome.NOTHING)
    return answer


def answer_from(con: duckdb.DuckDBPyConnection, read: Reading, question: Question, areas: tuple[str, ...] = ()) -> Answer:
    """The answer from an open snapshot, of dwellings inside `areas` (empty: all). Only for callers that record the look; `read` comes
    from authorise_look."""
    row = con.execute("SELECT as_of FROM published").fetchone()
    assert row is not None
    with open_register(con, areas) as register:
        found = find(register, question.asked)
        if found.reach not in (Reach.DWELLING, Reach.SEVERAL):
            return Answer(row[0], read.purpose.name, found)
        around = [side for one in found.dwellings for side in _sides(con, register, read, question, one)]
    here = tuple(contacts_of(con, read, one) for one in found.dwellings)
    return Answer(row[0], read.purpose.name, found, here, _once(around))


def _sides(con: duckdb.DuckDBPyConnection, register: Register, read: Reading, question: Question, dwelling: Dwelling) -> list[Beside]:
    looked = [("above", beyond(register, dwelling, 1))]
    if question.below:
        looked.append(("below", beyond(register, dwelling, -1)))
    if question.beside:
        looked.append(("beside", beside(register, dwelling)))
    return [Beside(where, one.side, tuple(contacts_of(con, read, other) for other in one.dwellings), one.offers) for where, one in looked]


def _once(sides: list[Beside]) -> tuple[Beside, ...]:
    """Two dwellings under one address have the same neighbours: said once."""
    seen = {(side.where, side.side, tuple(one.dwelling.code for one in side.contacts), tuple(one.code for one in side.offers)): side
            for side in reversed(sides)}  # fmt: skip
    return tuple(side for side in sides if any(side is kept for kept in seen.values()))


def _asked(answer: Answer) -> str | None:
    """What the log says: the codes of the dwellings; None, that is a keyed digest, where the question led to none."""
    if not answer.here:
        return None
    above = [f"{side.where}:{one.dwelling.code}" for side in answer.around for one in side.contacts]
    return " ".join([",".join(one.dwelling.code for one in answer.here), *above])
