"""Areas of the city: the chain of levels of a place code.

Belongs here: the codes of the areas that a place lies in. Does not: reading persons (queries/), what may be told (disclosure/).
"""

from __future__ import annotations

CITY = "421000"
DIGITS = (6, 9, 12, 15)
"""Digits of county unit, township, community and grid; each code begins with the code of its parent."""


def path_of(code: str | None) -> tuple[str, ...]:
    """The areas from the city down to a place; None is a place that is not known at all: the city alone."""
    return (CITY, *(code[:digits] for digits in DIGITS if len(code) >= digits)) if code else (CITY,)
