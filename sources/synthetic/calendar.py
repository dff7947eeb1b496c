"""When a synthetic city delivers: the last full delivery before a date and K later ones.

Belongs here: choosing days. Does not: the cadences (sources/cadences.py), what a delivery holds.
"""

from __future__ import annotations

from datetime import date, timedelta

from sources.cadences import DELTA, FULL

SETTLED = 30
"""A full delivery younger than this many days is not chosen, so that deltas have room."""


def delivery_dates(category: str, as_of: date, deltas: int) -> list[date]:
    """The full delivery and up to `deltas` later ones; categories without deltas get further full deliveries."""
    days = [as_of - timedelta(days=back) for back in range(800)]
    if category not in DELTA:
        return sorted(day for day in days if FULL[category](day))[-(deltas + 1) :]
    full = next(day for day in days if FULL[category](day) and (as_of - day).days >= SETTLED)
    later = sorted(day for day in days if day > full and DELTA[category](day))
    count = min(deltas, len(later))
    chosen = [later[-1 - position * len(later) // count] for position in range(count)]
    return [full, *sorted(chosen)]
