"""How much an account looks: the audit log added up by account, day and purpose.

Belongs here: counting, and from how many questions of statistics on somebody should ask why. Does not: the log itself (log.py), who may
read it (warehouse/access).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from warehouse.audit.model import Entry, Outcome
from warehouse.audit.persons import all_named

STATISTICS = "statistics"
MANY_QUESTIONS = 25
"""Different questions of statistics on one day. That many about one person would be right in 69 of 100 guesses (docs/disclosure.md)."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What one account did on one day (UTC) for one purpose: `looks` entries, of them `refused`; `rows` shown, `persons` different
    ones; `questions`: different ones that were answered."""

    day: str
    user: str
    purpose: str
    looks: int
    refused: int
    rows: int
    persons: int
    questions: int

    @property
    def many(self) -> bool:
        """Whether so many questions of statistics are a reason to ask what for."""
        return self.purpose == STATISTICS and self.questions >= MANY_QUESTIONS


def usage(home: Path, entries: Iterable[Entry], *, since: str = "") -> list[Usage]:
    """One row per day, account and purpose, newest day first, then the one who looked most. `since`: a day, YYYY-MM-DD."""
    groups: dict[tuple[str, str, str], list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.time[:10] >= since:
            groups[entry.time[:10], entry.user, entry.purpose].append(entry)
    rows = [_added_up(home, day, user, purpose, found) for (day, user, purpose), found in groups.items()]
    rows.sort(key=lambda row: (-row.looks, row.user, row.purpose))
    return sorted(rows, key=lambda row: row.day, reverse=True)


def _added_up(home: Path, day: str, user: str, purpose: str, found: list[Entry]) -> Usage:
    answered = [entry for entry in found if entry.outcome in (Outcome.ANSWERED, Outcome.NOTHING)]
    return Usage(day, user, purpose, len(found), sum(entry.outcome == Outcome.REFUSED for entry in found),
                 sum(entry.rows for entry in found), len({person for entry in found for person in all_named(home, entry.persons)}),
                 len({(entry.command, entry.asked) for entry in answered}))
