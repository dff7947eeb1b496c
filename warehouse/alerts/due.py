"""When a department should have answered: by severity (docs/checks.md: high 5 working days, medium 20, low the next delivery).

Belongs here: working days of China, moved weekends included, and the next delivery by cadence. Does not: who is late (desk).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import cache

import holidays

from sources.cadences import next_delivery
from sources.catalogue import load_catalogue

WORKING_DAYS = {"high": 5, "medium": 20}


@cache
def _calendar() -> holidays.HolidayBase:
    return holidays.country_holidays("CN")


@cache
def working_days_after(day: date, count: int) -> date:
    """The `count`-th working day after a day. Years whose holidays are not announced yet have the fixed ones only."""
    return _calendar().get_nth_working_day(day, count)


def due_on(severity: str, department: str, categories: Iterable[str], opened: date) -> date:
    """The last day for an answer. `categories`: those of the alert's records; of them the department's own count, else all of its own."""
    if severity in WORKING_DAYS:
        return working_days_after(opened, WORKING_DAYS[severity])
    contracts = load_catalogue().contracts
    own = [name for name in contracts if contracts[name].department == department]
    return min(next_delivery(name, opened) for name in ([name for name in categories if name in own] or own))
