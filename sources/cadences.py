"""When the departments deliver: the cadences of the contracts as dates.

Belongs here: the days of full deliveries and deltas by category, the next one after a day. Does not: what a delivery holds.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

MONDAY = 0
Rule = Callable[[date], bool]


def _on(*days: tuple[int, int]) -> Rule:
    return lambda day: (day.month, day.day) in days


def _monthly(number: int) -> Rule:
    return lambda day: day.day == number


FULL: dict[str, Rule] = {
    "household_registration": _on((1, 1)),
    "residence_permits": _on((1, 1), (4, 1), (7, 1), (10, 1)),
    "house_registry": _on((1, 1), (7, 1)),
    "fund_accounts": _on((7, 1)),
    "fund_loans": _on((7, 1)),
    "pension_insurance": _on((1, 1)),
    "medical_insurance": _on((3, 1)),
    "employment_registration": _on((1, 1)),
    "marriage_registration": _on((1, 1)),
    "social_assistance": _monthly(8),
    "elderly_disability_benefits": _on((1, 1)),
    "health_records": _on((4, 1)),
    "care_followups": _on((1, 20), (4, 20), (7, 20), (10, 20)),
    "legal_aid": _monthly(1),
    "resettlement_support": _on((1, 1), (7, 1)),
    "birth_family_support": _on((1, 1)),
    "student_enrolment": _on((3, 1), (9, 20)),
}
DELTA: dict[str, Rule] = {
    "household_registration": lambda _: True,
    "residence_permits": lambda day: day.weekday() == MONDAY,
    "house_registry": lambda day: day.weekday() == MONDAY,
    "fund_accounts": _monthly(5),
    "fund_loans": _monthly(5),
    "pension_insurance": _monthly(10),
    "medical_insurance": _monthly(10),
    "employment_registration": lambda day: day.weekday() == MONDAY,
    "marriage_registration": _monthly(3),
    "elderly_disability_benefits": _monthly(8),
    "health_records": _monthly(15),
    "care_followups": lambda day: day.weekday() == MONDAY,
    "resettlement_support": _monthly(1),
    "birth_family_support": _monthly(12),
    "student_enrolment": lambda day: day.day == 25 and day.month not in {1, 2, 7, 8},
}
LONGEST_WAIT = 400
"""Days; every category delivers at least once a year."""


def next_delivery(category: str, after: date) -> date:
    """The first day after `after` on which a category delivers, in full or as a delta. Raises KeyError for an unknown category."""
    rules = [FULL[category], *([DELTA[category]] if category in DELTA else [])]
    return next(day for day in (after + timedelta(days=step) for step in range(1, LONGEST_WAIT)) if any(rule(day) for rule in rules))
