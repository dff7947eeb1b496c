"""What is granted, who reads, what is asked and what was decided: plain values, no files and no database."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sources.errors import OneGridError

CITY = "421000"
"""The area that is the whole city: a grant over it has no limit of area, and covers people without a known place."""


class AccessRefused(OneGridError):
    """The account, its grants or its areas do not allow what was asked. Nothing was read; the attempt is in the audit log."""


class Role(StrEnum):
    """What somebody is to the city; what each may do stands in rules.py."""

    OPERATOR = "operator"
    STEWARD = "steward"
    CASE_WORKER = "case_worker"
    ANALYST = "analyst"
    GRID_WORKER = "grid_worker"
    COMMUNITY_CLERK = "community_clerk"
    HEALTH_CENTRE = "health_centre"
    REVIEWER = "reviewer"
    AUDITOR = "auditor"
    SERVICE = "service"
    RESIDENT = "resident"


@dataclass(frozen=True, slots=True)
class Grant:
    """One role for one holder (a department or organisation): over `areas`, for `purposes`; a resident's names the person."""

    role: Role
    holder: str
    areas: tuple[str, ...] = (CITY,)
    purposes: tuple[str, ...] = ()
    person_id: str | None = None
    number: int = 0

    @property
    def limits(self) -> tuple[str, ...]:
        """The areas as a reader of the store takes them: empty for the whole city."""
        return () if CITY in self.areas else self.areas


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: the account's name, its department or organisation, its grants. Without grants nothing is allowed; `problem`
    says why an account could not be had."""

    user: str
    holder: str = ""
    grants: tuple[Grant, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked.

    `attributes`: every attribute that is shown or that a condition needs; `rows`: rows of persons, not counts; `areas`: codes that
    the question itself names as its subject; `department`: whose alerts, changes or messages; `feed`: a product of feeds.yaml;
    `person_id`: the person that a resident or a terminal asks for; `asked`: a code or audit.digest of the question, for the log.
    """

    command: str
    purpose: str = ""
    attributes: tuple[str, ...] = ()
    rows: bool = False
    areas: tuple[str, ...] = ()
    department: str | None = None
    feed: str | None = None
    person_id: str | None = None
    asked: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """Allowed or not, and within which limits: `areas` whose residents may be seen (empty: all), `departments` of whose records
    a steward may see the persons (empty: all), `person_id` the only person a resident may see, `holders` for whom the caller acts."""

    allowed: bool
    why: str = ""
    areas: tuple[str, ...] = ()
    departments: tuple[str, ...] = ()
    person_id: str | None = None
    holders: tuple[str, ...] = ()
