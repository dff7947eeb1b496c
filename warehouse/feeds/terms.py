"""The terms of a product as its feed states them in words: how long it is kept, who reads which rows, when it is due.

Belongs here: reading these sentences strictly; a sentence that is not understood fails when the feeds are loaded.
Does not: deleting files (retention.py), deciding about a reader (readers.py).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from warehouse.queries.compiling import moved


class Unclear(ValueError):
    """A sentence that states no known term."""


class Until(StrEnum):
    """What ends the life of a product file. `LEFT`: the days run from the delivery in which a row is no longer found."""

    NEXT = "next delivery"
    AGE = "age"
    LEFT = "row left"
    NEVER = "never"
    NOT_STORED = "not stored"


@dataclass(frozen=True, slots=True)
class Retention:
    """How long a file is kept, in days or calendar months; of products that are not stored, how long the request is recorded."""

    until: Until
    days: int = 0
    months: int = 0
    request_days: int = 0
    request_months: int = 0

    def expires(self, as_of: date, followed_on: date | None) -> date | None:
        """The first day on which a file of `as_of` is kept no more; `followed_on` is the as_of of the next one. None: not yet known."""
        if self.until is Until.NEXT:
            return followed_on
        begins = as_of if self.until is Until.AGE else followed_on
        if self.until in {Until.NEVER, Until.NOT_STORED} or begins is None:
            return None
        return date.fromordinal(moved(begins, self.months).toordinal() + self.days)


class Rows(StrEnum):
    """Which rows of a product a reader gets."""

    ALL = "all"
    OWN_AREA = "own area"
    RESIDENT = "one resident"
    CONSENTED = "consented"
    ADDRESSED = "addressed"


@dataclass(frozen=True, slots=True)
class RowScope:
    """`attribute` holds the area of a reader who reads only the own one. Who reads all is data of warehouse/access."""

    rows: Rows
    attribute: str | None = None


_LENGTH = r"(\d+) (day|month|year)s?"
_RETENTIONS: dict[str, Until] = {
    r"until the next delivery": Until.NEXT,
    rf"{_LENGTH}": Until.AGE,
    rf"{_LENGTH} after the person leaves the selection": Until.LEFT,
    rf"until closed, then {_LENGTH}": Until.LEFT,
    r"published figures stay": Until.NEVER,
    rf"view only; offline copies on the terminal deleted after {_LENGTH}": Until.NOT_STORED,
    rf"(?:not stored|in the application file only); the request is recorded for {_LENGTH}": Until.NOT_STORED,
}
_SCOPES: dict[str, Rows] = {
    r"(residence_\w+) equals the \w+ of the reader(?: \([\w ]+\))?(?:; the [\w ]+ reads all)?": Rows.OWN_AREA,
    r"person_id equals the (?:identified resident|resident who asks)": Rows.RESIDENT,
    r"persons on the list of consents that the committee supplies; without a list the product is empty": Rows.CONSENTED,
    r"persons with at least one open alert addressed to the recipient": Rows.ADDRESSED,
}


def read_retention(sentence: str) -> Retention:
    """Raises Unclear."""
    for form, until in _RETENTIONS.items():
        found = re.fullmatch(form, sentence)
        if found is None:
            continue
        days, months = _length(*found.groups()) if found.groups() else (0, 0)
        if until is not Until.NOT_STORED:
            return Retention(until, days, months)
        if "request" not in sentence:
            return Retention(until)
        return Retention(until, request_days=days, request_months=months)
    raise Unclear(f"retention {sentence!r} is none of the known terms")


def _length(number: str, unit: str) -> tuple[int, int]:
    """(days, months)."""
    return {"day": (int(number), 0), "month": (0, int(number)), "year": (0, 12 * int(number))}[unit]


def read_scope(sentence: str | None) -> RowScope:
    """Raises Unclear."""
    if sentence is None:
        return RowScope(Rows.ALL)
    for form, rows in _SCOPES.items():
        found = re.fullmatch(form, sentence)
        if found is not None:
            return RowScope(rows, found[1] if rows is Rows.OWN_AREA else None)
    raise Unclear(f"row_scope {sentence!r} is none of the known terms")


def is_due(cadence: str, as_of: date, last: date | None) -> bool:
    """Whether a product of `as_of` is wanted after one of `last`: the first of each day, ISO week, calendar month or quarter."""
    if cadence == "on request":
        return False
    return last is None or (as_of > last and _period(cadence, as_of) > _period(cadence, last))


def _period(cadence: str, day: date) -> tuple[int, int]:
    if cadence == "daily":
        return day.toordinal(), 0
    if cadence == "weekly":
        return day.isocalendar().year, day.isocalendar().week
    return day.year, day.month if cadence == "monthly" else (day.month - 1) // 3
