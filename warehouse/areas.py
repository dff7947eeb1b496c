"""Areas of the city in statistics: places as paths, and small counts withheld so that no level tells another.

Belongs here: the chain of levels of a place code, suppression over all levels. Does not: reading persons (queries/).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from warehouse.suppression import suppress

CITY = "421000"
DIGITS = (6, 9, 12, 15)
"""Digits of county unit, township, community and grid; each code begins with the code of its parent."""


def path_of(code: str | None) -> tuple[str, ...]:
    """The areas from the city down to a place; None is a place that is not known at all: the city alone."""
    return (CITY, *(code[:digits] for digits in DIGITS if len(code) >= digits)) if code else (CITY,)


def suppress_areas(counts: Mapping[str | None, int], total: int, min_cell: int) -> tuple[dict[str | None, int | None], int | None]:
    """(areas, total) with None for what is not told; `counts` holds disjoint places, each as deep as it is known.

    A place shorter than the others holds those who are not known below it, so what is inside an area always sums to it.
    From the city downwards each area's parts (areas inside it, and those not known below) are withheld as one breakdown
    against its total. An area that is withheld, and one whose parts could be computed from its total however many are
    withheld, answers as one cell: even how many parts it has would tell. Thus the same decision is taken for an area
    whatever level is asked for, and counts of two levels cannot be subtracted.
    """
    parts: dict[str, dict[str | None, int]] = defaultdict(lambda: defaultdict(int))
    for place, persons in counts.items():
        path = path_of(place)
        for parent, child in zip(path, (*path[1:], None), strict=True):
            parts[parent][child] += persons
    shown: dict[str | None, int | None] = {}
    told = None if 0 < total < min_cell else total
    waiting: list[tuple[str, int | None]] = [(CITY, told)]
    while waiting:
        area, whole = waiting.pop()
        cells: dict[str | None, int | None] = {}
        safe: int | None = None
        if whole is not None:
            cells, safe = suppress(parts[area], whole, min_cell)
        if safe is None:
            shown[area] = whole
            continue
        for child, told_inside in cells.items():
            if child is None:
                shown[None if area == CITY else area] = told_inside
            else:
                waiting.append((child, told_inside))
    return dict(sorted(shown.items(), key=lambda cell: (cell[0] is None, cell[0] or ""))), told
