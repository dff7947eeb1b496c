"""Counts by area agree with queries that name the area, at every level."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date
from typing import Any

import duckdb
import pytest

from tests.warehouse.profiles import a_person, create_profiles, publish
from warehouse.areas import path_of
from warehouse.queries import count, count_by, parse

PLACES = ("421002001001001", "421002001001002", "421002001002", "421002002", "421003", "421003100201", None)
ELDERLY = {"class": "age", "op": "ge", "value": 60}
LEVELS = {"county": 6, "township": 9, "community": 12, "grid": 15}


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    dice = random.Random(20250601)
    with duckdb.connect() as connection:
        create_profiles(connection)
        publish(connection, date(2025, 6, 1))
        for number in range(400):
            place = dice.choice(PLACES) or ""
            known: dict[str, Any] = {f"residence_{level}": place[:digits] for level, digits in LEVELS.items() if len(place) >= digits}
            a_person(connection, f"P{number:03}", age=dice.randint(40, 90), vital_status=dice.choice("1112"),
                     known_from=dice.choice(("open", "open", "health", "relative")), **known)
        yield connection


@pytest.mark.parametrize("purpose", ["grid_service", "public_health"])
@pytest.mark.parametrize("level", LEVELS)
def test_parts_sum_to_the_count_of_every_area(con: duckdb.DuckDBPyConnection, level: str, purpose: str) -> None:
    """The living whom the purpose may see, in each area named by a query, are those counted in and under it."""
    cells = count_by(con, parse({"purpose": purpose, "query": ELDERLY}), f"residence_{level}").cells
    counts = {cell.value: cell.count.persons or 0 for cell in cells}
    assert sum(counts.values()) == count(con, parse({"purpose": purpose, "query": ELDERLY})).persons
    for area in {code for place in counts for code in path_of(place)[1:]}:
        inside = {"class": "residence_area", "op": "within", "value": area}
        expected = count(con, parse({"purpose": purpose, "query": {"all": [ELDERLY, inside]}})).persons
        assert sum(persons for place, persons in counts.items() if area in path_of(place)) == expected


@pytest.mark.parametrize("level", LEVELS)
def test_statistics_tells_no_small_area_and_every_area_as_a_query_that_names_it(con: duckdb.DuckDBPyConnection, level: str) -> None:
    whole = {"purpose": "statistics", "query": {"class": "age", "op": "ge", "value": 1}}
    counted = count_by(con, parse(whole | {"purpose": "grid_service"}), f"residence_{level}")
    exact = {cell.value: cell.count.persons or 0 for cell in counted.cells}
    told = count_by(con, parse(whole), f"residence_{level}")
    assert [cell.value for cell in told.cells if not cell.count.persons or exact[cell.value] < 10] == []
    for cell in told.cells:
        if cell.value and len(cell.value) == LEVELS[level]:
            inside = {"class": "residence_area", "op": "within", "value": cell.value}
            assert count(con, parse(whole | {"query": {"all": [inside, whole["query"]]}})).persons == cell.count.persons
