"""Which counts are withheld so that none of them can be computed from those that are told.

Belongs here: suppression over any set of counts that sum to one another. Does not: what they count (products.py).

A reader knows every sum, that no count is negative, and which counts are withheld because they are small. From that, and from what is told,
follows a range for each withheld count; more counts are withheld until every range is wide enough. Where sums hang together without
circles the ranges are the exact ones.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, lil_array

UNBOUNDED = 10**12
SWEEPS = 60
SOLVED_AT_ONCE = 600
"""Most unknown counts for which all sums are solved together; beyond, a sum holds so many unknown counts that single sums decide."""
POSSIBLE = 3
"""Values that all sums together leave a withheld count at least, where they are solved together."""


@dataclass(slots=True)
class Counts:
    """Counts by number. `sums`: a count and its parts. `rows`: the first count of a printed row and the others, withheld with it.

    A count that is not printed is a remainder: nobody prints it, but it is protected if it is small and `kept`.
    """

    persons: list[int] = field(default_factory=list)
    printed: list[bool] = field(default_factory=list)
    kept: list[bool] = field(default_factory=list)
    sums: list[tuple[int, tuple[int, ...]]] = field(default_factory=list)
    rows: list[tuple[int, tuple[int, ...]]] = field(default_factory=list)
    defined: dict[int, tuple[int, ...]] = field(default_factory=dict)
    """Remainders that need no protection, and the counts that they follow from."""

    def add(self, persons: int, *, printed: bool = True, kept: bool = True) -> int:
        """The number of a new count."""
        self.persons.append(persons)
        self.printed.append(printed)
        self.kept.append(kept)
        return len(self.persons) - 1

    def add_sum(self, whole: int, parts: Iterable[int]) -> None:
        self.sums.append((whole, tuple(parts)))

    def add_rest(self, whole: int, parts: Iterable[int], *, kept: bool) -> int:
        """The parts need not be all: a remainder is added, protected like others if `kept`; returns its number."""
        parts = tuple(parts)
        rest = self.add(self.persons[whole] - sum(self.persons[part] for part in parts), printed=False, kept=kept)
        self.sums.append((whole, (*parts, rest)))
        if not kept:
            self.defined[rest] = (whole, *parts)
        return rest


@dataclass(frozen=True, slots=True)
class _Open:
    """A sum with unknown counts: its number, the whole if it is unknown, else what it is, the unknown parts and the sum of the others."""

    number: int
    whole: int | None
    known: int
    parts: tuple[int, ...]
    told: int


@dataclass(slots=True)
class Ranges:
    """What a reader can know of the unknown counts, and the numbers of the sums that say so."""

    low: dict[int, int] = field(default_factory=dict)
    high: dict[int, int] = field(default_factory=dict)
    why_low: dict[int, int] = field(default_factory=dict)
    why_high: dict[int, int] = field(default_factory=dict)
    opened: list[_Open] = field(default_factory=list)

    def narrow(self, count: int, low: int, high: int, reason: int) -> bool:
        if low <= self.low[count] and high >= self.high[count]:
            return False
        if low > self.low[count]:
            self.low[count], self.why_low[count] = low, reason
        if high < self.high[count]:
            self.high[count], self.why_high[count] = high, reason
        return True

    def reason(self, count: int) -> int:
        """The sum that bounds it from above, else any that holds it."""
        return self.why_high[count] if count in self.why_high else next(
            one.number for one in self.opened if count == one.whole or count in one.parts)


def withhold(counts: Counts, min_cell: int) -> set[int]:
    """The printed counts that are not told: those from 1 to min_cell - 1, the rows they head, and as many more as they need.

    Afterwards each of them, and every small remainder, could have at least min_cell values as far as the sums tell. Where nobody is
    counted a withheld row may tell so: 0 is told elsewhere.
    """
    hidden = {one for one, persons in enumerate(counts.persons) if counts.printed[one] and 0 < persons < min_cell}
    _with_rows(counts, hidden)
    while True:
        ranges = ranges_of(counts, hidden)
        narrow = [one for one in ranges.low if ranges.high[one] - ranges.low[one] + 1 < min_cell
                  and counts.persons[one] and (one in hidden or _small_remainder(counts, one, min_cell))]
        narrow = narrow or determined(counts, hidden, ranges, min_cell)
        reasons = {ranges.reason(one) for one in narrow}
        chosen = {pick for reason in reasons for pick in [_next_to(counts, hidden, ranges, reason)] if pick is not None}
        if not chosen:
            return hidden
        hidden |= chosen
        _with_rows(counts, hidden)


def _small_remainder(counts: Counts, one: int, min_cell: int) -> bool:
    return not counts.printed[one] and counts.kept[one] and 0 < counts.persons[one] < min_cell


def _with_rows(counts: Counts, hidden: set[int]) -> None:
    for first, others in counts.rows:
        if first in hidden:
            hidden.update(others)


def ranges_of(counts: Counts, hidden: set[int]) -> Ranges:
    """The ranges of the unknown counts, as far as the sums that hold them tell."""
    heads = {first for first, _ in counts.rows}
    followers = {one for first, others in counts.rows if first in hidden for one in others} - heads
    unknown = hidden | {one for one, printed in enumerate(counts.printed) if not printed and counts.kept[one]}
    unknown |= {rest for rest, origin in counts.defined.items() if not unknown.isdisjoint(origin)}
    ranges = Ranges()
    opened = []
    for number, (whole, parts) in enumerate(counts.sums):
        open_parts = tuple(one for one in parts if one in unknown)
        if not open_parts and whole not in unknown:
            continue
        for one in (*open_parts, *([whole] if whole in unknown else [])):
            ranges.low.setdefault(one, 0 if not counts.printed[one] or one in followers else 1)
        told = sum(counts.persons[one] for one in parts) - sum(counts.persons[one] for one in open_parts)
        opened.append(_Open(number, whole if whole in unknown else None, counts.persons[whole], open_parts, told))
    ranges.high = dict.fromkeys(ranges.low, UNBOUNDED)
    for _ in range(SWEEPS):
        narrower = [_sweep(ranges, one) for one in opened]
        if not any(narrower):
            break
    ranges.opened = opened
    return ranges


def determined(counts: Counts, hidden: set[int], ranges: Ranges, min_cell: int) -> list[int]:
    """Withheld counts to which all sums together leave fewer than POSSIBLE values; none are looked for among too many unknown counts."""
    unknown = {one: column for column, one in enumerate(ranges.low)}
    watched = [one for one in unknown if counts.persons[one] and (one in hidden or _small_remainder(counts, one, min_cell))]
    if not watched or len(unknown) > SOLVED_AT_ONCE:
        return []
    matrix = lil_array((len(ranges.opened), len(unknown)))
    known = []
    for row, one in enumerate(ranges.opened):
        for part in one.parts:
            matrix[row, unknown[part]] += 1
        if one.whole is not None:
            matrix[row, unknown[one.whole]] -= 1
        known.append((0 if one.whole is not None else one.known) - one.told)
    highest = [high if high < UNBOUNDED else math.inf for high in ranges.high.values()]
    limits, bounds = LinearConstraint(csr_array(matrix), known, known), Bounds(list(ranges.low.values()), highest)

    def end(count: int, sign: int) -> float:
        aim = [0] * len(unknown)
        aim[unknown[count]] = sign
        found = milp(aim, constraints=limits, bounds=bounds, integrality=[1] * len(unknown))
        return sign * found.fun if found.success else math.inf * -sign

    return [one for one in watched if end(one, -1) - end(one, 1) + 1 < POSSIBLE]


def _sweep(ranges: Ranges, one: _Open) -> bool:
    """Narrow every unknown count of one sum by the others."""
    low, high = ranges.low, ranges.high
    sum_low = one.told + sum(low[part] for part in one.parts)
    sum_high = one.told + sum(high[part] for part in one.parts)
    narrower = one.whole is not None and ranges.narrow(one.whole, sum_low, sum_high, one.number)
    whole_low, whole_high = (one.known, one.known) if one.whole is None else (low[one.whole], high[one.whole])
    for part in one.parts:
        narrower |= ranges.narrow(part, whole_low - (sum_high - high[part]), whole_high - (sum_low - low[part]), one.number)
    return narrower


def _next_to(counts: Counts, hidden: set[int], ranges: Ranges, reason: int) -> int | None:
    """The smallest count told in the sum that makes a range narrow, else in those that bound its unknown counts; None: no more."""
    seen: set[int] = set()
    waiting = {reason}
    while waiting:
        seen |= waiting
        members = {one for number in waiting for one in (counts.sums[number][0], *counts.sums[number][1])}
        told = [one for one in members if counts.printed[one] and one not in hidden and counts.persons[one]]
        if told:
            return min(told, key=lambda one: (counts.persons[one], one))
        reasons = (why[one] for one in members for why in (ranges.why_low, ranges.why_high) if one in why)
        waiting = set(reasons) - seen
    return None
