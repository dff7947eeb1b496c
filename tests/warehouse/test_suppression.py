"""Suppression: no small cell can be computed from what is told."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warehouse.suppression import suppress


@pytest.mark.parametrize(
    ("counts", "told", "total"),
    [
        pytest.param({"a": 20, "b": 30}, {"a": 20, "b": 30}, 50, id="large cells are told"),
        pytest.param({"a": 20, "b": 0}, {"a": 20, "b": 0}, 20, id="nobody is told"),
        pytest.param(
            {"a": 3, "b": 30, "c": 40}, {"a": None, "b": None, "c": 40}, 73, id="one small cell takes the next with it"
        ),
        pytest.param(
            {"a": 3, "b": 4, "c": 40},
            {"a": None, "b": None, "c": None},
            47,
            id="two small cells under ten together too",
        ),
        pytest.param(
            {"a": 8, "b": 9, "c": 40}, {"a": None, "b": None, "c": 40}, 57, id="two small cells protect each other"
        ),
        pytest.param({"a": 3, "b": 4}, {"a": None, "b": None}, None, id="a small total is not told"),
        pytest.param(
            {str(i): 1 for i in range(12)}, dict.fromkeys(map(str, range(12))), None, id="a dozen single persons"
        ),
        pytest.param({"a": 25}, {"a": 25}, 25, id="one large cell"),
        pytest.param({None: 2, "a": 25}, {None: None, "a": None}, 27, id="missing is a cell like others"),
    ],
)
def test_what_is_told(counts: dict[str | None, int], told: dict[str | None, int | None], total: int | None) -> None:
    assert suppress(counts, sum(counts.values()), 10) == (told, total)


@settings(deadline=None, max_examples=300)
@given(counts=st.dictionaries(st.text("abcdef", min_size=1, max_size=2), st.integers(0, 6), min_size=1, max_size=5))
def test_every_small_cell_has_more_than_one_possible_value(counts: dict[str | None, int]) -> None:
    """With cells under 4 small, so that all worlds that a reader must consider possible can be listed."""
    told, total = suppress(counts, sum(counts.values()), 4)
    hidden = [value for value, persons in told.items() if persons is None]
    assert all(told[value] is None for value, persons in counts.items() if 0 < persons < 4)
    if not hidden or total is None:
        return
    left = total - sum(persons for persons in told.values() if persons is not None)
    worlds = [world for world in product(range(1, left + 1), repeat=len(hidden)) if sum(world) == left]
    for position, value in enumerate(hidden):
        if counts[value] < 4:
            assert len({world[position] for world in worlds}) > 1
