"""Purpose limitation: who may read what, from which profile, in which grain. Every read passes `authorise`.

Belongs here: purposes, the attributes and persons they open. Does not: recording reads, compiling queries.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sources.catalogue import load_catalogue
from sources.catalogue.models import Purpose
from sources.errors import OneGridError
from sources.tables import literal, quoted

HEALTH, JUSTICE = "public_health", "legal_service"
VISIBLE_PERSONS = {HEALTH: ("open", "health", "health_justice"), JUSTICE: ("open", "justice", "health_justice")}
"""`known_from` of the persons that a purpose may see; every other purpose sees `open` only, nobody sees `relative`."""

ONLY_WITHOUT_CARE = ("guardian_person",)
"""Read by legal_service as computed without care programmes: a guardian would tell of one (clarification 48)."""


class PurposeRefused(OneGridError):
    """The purpose does not exist or does not open what was asked for."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a purpose reads: `tables` is a FROM clause, `persons` the visible known_from, `areas` the codes of the areas whose
    residents the reader may see, `departments` those of whose records it may see the persons (empty: all)."""

    purpose: Purpose
    tables: str
    persons: tuple[str, ...]
    borrowed: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    departments: tuple[str, ...] = ()

    def expression(self, attribute: str) -> str:
        """SQL of an attribute. Only for attributes that passed `authorise`."""
        return f"{'o' if attribute in self.borrowed else 'p'}.{quoted(attribute)}"

    @property
    def condition(self) -> str:
        """SQL that holds for the persons this purpose may see."""
        limits = [f"p.known_from IN ({', '.join(map(literal, self.persons))})"]
        if self.areas:
            limits.append(f"({' OR '.join(map(_lives_in, self.areas))})")
        if self.departments:
            limits.append(f"p.person_id IN (SELECT person_id FROM mention_person WHERE category IN ({_categories(self.departments)}))")
        return " AND ".join(limits)


AREA_ATTRIBUTES = {6: "residence_county", 9: "residence_township", 12: "residence_community", 15: "residence_grid"}
"""The attribute that holds an area, by the digits of its code (codes.yaml, divisions)."""


def _lives_in(area: str) -> str:
    return f"p.{AREA_ATTRIBUTES[len(area)]} = {literal(area)}"


def _categories(departments: tuple[str, ...]) -> str:
    own = (name for name, contract in load_catalogue().contracts.items() if contract.department in departments)
    return ", ".join(map(literal, own)) or "NULL"


def authorise(purpose: str, attributes: Iterable[str], *, rows: bool = False) -> Purpose:
    """The purpose, if it exists and opens every one of the attributes; `rows` asks for rows of persons, not counts.

    Raises PurposeRefused with everything that is not open and what is.
    """
    known = load_catalogue().purposes
    if purpose not in known:
        raise PurposeRefused(
            what=f"there is no purpose {purpose!r}", where="purpose", remedy=f"state one of: {', '.join(known)}"
        )
    stated = known[purpose]
    closed = [name for name in dict.fromkeys(attributes) if name not in stated.attributes]
    if closed:
        raise PurposeRefused(
            what=f"purpose {purpose} does not open: {', '.join(closed)}",
            where="attributes",
            remedy=f"ask only for: {', '.join(stated.attributes)}",
        )
    if rows and stated.granularity == "aggregate":
        raise PurposeRefused(
            what=f"purpose {purpose} answers with counts only, never with rows of persons",
            where="purpose",
            remedy="ask for a count (--count) or counts per class (--by CLASS), or state another purpose",
        )
    return stated


def reading(purpose: str, areas: tuple[str, ...] = (), departments: tuple[str, ...] = ()) -> Reading:
    """Where a purpose reads: public_health all, legal_service all but the guardian, the others profile_open.

    `areas` limits the persons to residents of these areas (codes of 6, 9, 12 or 15 digits), `departments` to those whom a current
    record of these departments names; empty: no limit.
    """
    stated = authorise(purpose, ())
    persons = VISIBLE_PERSONS.get(purpose, ("open",))
    if purpose == HEALTH:
        return Reading(stated, "profile AS p", persons, areas=areas, departments=departments)
    if purpose == JUSTICE:
        tables = "profile AS p LEFT JOIN profile_open AS o USING (person_id)"
        return Reading(stated, tables, persons, borrowed=ONLY_WITHOUT_CARE, areas=areas, departments=departments)
    return Reading(stated, "profile_open AS p", persons, areas=areas, departments=departments)
