"""Looking at households: both households of a person, or the families of a dwelling, for a stated purpose.

Belongs here: who may look, what is shown, the audit entry. Does not: words and tables for people (desk/household.py).

A look needs a purpose that opens household_id. The household of registration (and every relation to a head) is shown to
purposes that open relation_to_head, the dwelling to those that open dwelling_id, how far somebody lives from the registered
place to those that open hukou_division and residence_community. Every look is recorded before anything is shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb

from sources.catalogue import load_catalogue
from sources.errors import OneGridError
from sources.tables import has_table
from warehouse import audit
from warehouse.access import Reader, Request, gate
from warehouse.purposes import PurposeRefused, Reading
from warehouse.snapshots import open_snapshot

COMMAND = "household"
NEEDED = ("person_id", "household_id")
RELATION, DWELLING, SEPARATION = ("relation_to_head",), ("dwelling_id",), ("hukou_division", "residence_community")
PERSON = ("name", "sex", "age", "residence_address")
"""Attributes of a member that are shown where the purpose opens them."""


class NoHousehold(OneGridError):
    """There is nothing to show."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked and why: a person_id or a dwelling code."""

    asked: str
    purpose: str


@dataclass(frozen=True, slots=True)
class Member:
    """One person of a household: what the purpose opens of `values` (PERSON), relation, how joined, where registered."""

    person_id: str
    asked: bool
    head: bool
    relation: str | None
    joined_by: tuple[str, ...]
    dwelling_by: str | None
    separated: str | None
    counted: bool
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Household:
    """One household. `size` counts its living members, where the purpose opens household_size. Members whom the purpose may
    not see are not mentioned: that would tell of them."""

    kind: str
    dwelling_code: str | None
    address: str | None
    size: int | None
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """Households in the order residence, registration. `registration_open`: the purpose may see registers."""

    as_of: date
    purpose: str
    registration_open: bool
    households: tuple[Household, ...]

    @property
    def persons(self) -> tuple[str, ...]:
        """Everybody shown, each once."""
        return tuple(dict.fromkeys(member.person_id for one in self.households for member in one.members))


def purposes_that_look() -> list[str]:
    """The purposes of the catalogue that may look at households."""
    known = load_catalogue().purposes
    return [name for name, one in known.items() if one.granularity != "aggregate" and set(NEEDED) <= set(one.attributes)]


def look(home: Path, reader: Reader, question: Question, *, now: datetime) -> Answer:
    """The answer, after its audit entry is on the disk; refused looks are recorded too.

    Raises AccessRefused, PurposeRefused, NoHousehold, AuditProblem, NoSnapshot, KeyProblem.
    """
    asked = question.asked.strip()
    request = Request(COMMAND, question.purpose, (), rows=True, asked=audit.digest(home, asked))
    with gate.passing(home, reader, request, now=now) as pass_:
        _check(question.purpose)
        with open_snapshot(home) as con:
            answer = answer_from(con, pass_.reading(question.purpose), asked)
        pass_.saw(answer.persons, len(answer.persons))
    if not answer.households:
        raise NoHousehold(what="no household that this purpose may see belongs to this person id or dwelling code",
                          where="published snapshot", remedy="check the id; without a known dwelling nobody has a household of residence")
    return answer


def _check(purpose: str) -> None:
    if purpose not in purposes_that_look():
        raise PurposeRefused(what=f"purpose {purpose} does not open households", where="--purpose",
                             remedy=f"state one of: {', '.join(purposes_that_look())}")


def answer_from(con: duckdb.DuckDBPyConnection, read: Reading, asked: str) -> Answer:
    """The answer from an open snapshot. Only for callers that record the look."""
    row = con.execute("SELECT as_of FROM published").fetchone()
    assert row is not None
    if not has_table(con, "household"):
        raise NoHousehold(what="this snapshot was published before households were kept", where="published snapshot",
                          remedy="`onegrid run` publishes one that has them")
    opened = set(read.purpose.attributes)
    kinds = ("residence", "registration") if set(RELATION) <= opened else ("residence",)
    households = []
    for kind in kinds:
        for (key,) in con.execute(*_keys(read, kind, asked, opened)).fetchall():
            households.append(_household(con, read, kind, key, asked, opened))
    return Answer(row[0], read.purpose.name, "registration" in kinds, tuple(households))


def _keys(read: Reading, kind: str, asked: str, opened: set[str]) -> tuple[str, list[str]]:
    """SQL and values: the keys of the person's household of a kind, or of all families living in the dwelling. Only a
    visible person leads to a household."""
    by_dwelling = "OR (h.kind = 'residence' AND h.dwelling_code = $2)" if set(DWELLING) <= opened else ""
    return f"""
        SELECT DISTINCT h.household_key
        FROM {read.tables} JOIN household_member AS m ON m.person_id = p.person_id
        JOIN household AS h ON m.kind = h.kind AND m.household_key = h.household_key
        WHERE h.kind = $1 AND (m.person_id = $2 {by_dwelling}) AND {read.condition}
        ORDER BY 1""", [kind, asked]


def _household(con: duckdb.DuckDBPyConnection, read: Reading, kind: str, key: str, asked: str, opened: set[str]) -> Household:
    size, head, dwelling, address = con.execute("""
        SELECT size, head, dwelling_code, house.standard_address
        FROM household AS h LEFT JOIN current_house_registry AS house USING (dwelling_code)
        WHERE h.kind = $1 AND h.household_key = $2""", [kind, key]).fetchone() or (None, None, None, None)
    shown = [name for name in PERSON if name in opened]
    columns = "".join(f", {read.expression(name)}" for name in shown)
    related, apart = set(RELATION) <= opened, set(SEPARATION) <= opened
    found = con.execute(f"""
        SELECT m.person_id, m.relation, m.joined_by, m.dwelling_by, m.separated, m.counted {columns}
        FROM {read.tables} JOIN household_member AS m ON m.person_id = p.person_id
        WHERE m.kind = $1 AND m.household_key = $2 AND {read.condition}
        ORDER BY m.person_id IS DISTINCT FROM $3, m.relation NULLS LAST, p.birth_date NULLS LAST, m.person_id""",
                        [kind, key, head]).fetchall()
    members = tuple(
        Member(person, person == asked, related and person == head, relation if related else None, tuple(joined or ()), by,
               separated if apart else None, counted, dict(zip(shown, values, strict=True)))
        for person, relation, joined, by, separated, counted, *values in found
    )
    placed = set(DWELLING) <= opened and (kind == "residence" or "hukou_address" in opened or apart)
    return Household(kind, dwelling if placed else None, address if placed else None,
                     size if "household_size" in opened else None, members)
