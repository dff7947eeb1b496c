"""Counts of areas: parts sum to the whole, and what is withheld stays unknown at every level."""

from __future__ import annotations

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from warehouse.areas import CITY, path_of, suppress_areas

SMALLEST = 10
GRIDS = [f"42100{a}00{b}00{c}00{d}" for a in (2, 3) for b in (1, 2) for c in (1, 2) for d in (1, 2)]
PLACES = sorted({code for grid in GRIDS for code in path_of(grid)[1:]})
COUNTS = st.dictionaries(st.none() | st.sampled_from(PLACES), st.integers(1, 30), min_size=1)


def at_level(counts: dict[str | None, int], digits: int) -> dict[str | None, int]:
    """The same persons counted no deeper than a level."""
    cut: dict[str | None, int] = defaultdict(int)
    for place, persons in counts.items():
        cut[place[:digits] if place else None] += persons
    return dict(cut)


def inside(counts: dict[str | None, int], area: str) -> int:
    return sum(persons for place, persons in counts.items() if area in path_of(place))


@given(COUNTS)
def test_nothing_small_is_told_and_what_is_told_is_true(counts: dict[str | None, int]) -> None:
    shown, total = suppress_areas(counts, sum(counts.values()), SMALLEST)
    assert total in (None, sum(counts.values()))
    for place, persons in shown.items():
        assert persons is None or persons >= SMALLEST
        true = [counts.get(place), inside(counts, place or CITY)]
        assert persons is None or persons in true


@given(COUNTS)
def test_what_is_told_never_leaves_one_possibility(counts: dict[str | None, int]) -> None:
    """Subtract from every told area of a level above all that is told inside it: nothing is left, or enough in two cells or more."""
    asked = {digits: at_level(counts, digits) for digits in (6, 9, 12, 15)}
    answers = {digits: suppress_areas(cut, sum(cut.values()), SMALLEST) for digits, cut in asked.items()}
    totals: dict[str, int | None] = {CITY: answers[6][1]}
    totals |= {code: n for digits, (shown, _) in answers.items() for code, n in shown.items() if code and len(code) == digits}
    for area, total in totals.items():
        for shown, _ in answers.values():
            cells = [n for code, n in shown.items() if area in path_of(code)]
            withheld = cells.count(None)
            if total is not None and withheld:
                left = total - sum(n or 0 for n in cells)
                assert withheld > 1
                assert left >= SMALLEST
                assert left > withheld


@given(COUNTS)
def test_areas_are_decided_alike_whatever_level_is_asked(counts: dict[str | None, int]) -> None:
    county = suppress_areas(at_level(counts, 6), sum(counts.values()), SMALLEST)[0]
    grid = suppress_areas(counts, sum(counts.values()), SMALLEST)[0]
    for code, persons in county.items():
        if code is not None and persons is None:
            assert [n for place, n in grid.items() if code in path_of(place)] == [None]


def test_one_small_township_takes_a_second_with_it() -> None:
    counts: dict[str | None, int] = {"421002001": 3, "421002002": 40, "421002003": 50, "421003001": 60}
    shown, total = suppress_areas(counts, 153, SMALLEST)
    assert shown == {"421002001": None, "421002002": None, "421002003": 50, "421003001": 60}
    assert total == 153
