"""Aggregate products: what is withheld cannot be computed from everything that all products of a day tell.

The attacker here knows nothing of the program: persons of each kind at each smallest place are unknown whole numbers, every printed count
is a sum of them, and integer programming gives the least and the most that each withheld count could be.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterator

import duckdb
import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

from warehouse.disclosure.products import protect
from warehouse.disclosure.withholding import POSSIBLE
from warehouse.feeds.declared import load_feeds
from warehouse.feeds.figures import PLACES, aggregates, measure_key

MIN_CELL = 10
"""Persons below which a count is withheld."""
KINDS = ("child", "adult", "elder", "aged")
COUNTED = {"residents": KINDS, "aged_under_18": ("child",), "aged_60_plus": ("elder", "aged"), "aged_80_plus": ("aged",)}
Atom = tuple[str, str, str, str]
City = dict[Atom, dict[str, int]]
Shown = dict[tuple[str, str, Atom], tuple[int, bool]]


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def a_city(dice: random.Random, largest: int) -> City:
    """Counties, townships, communities and grids of few and many persons; some know no more than an area above."""
    city: City = {}
    for county in ("421002", "421003")[: dice.randint(1, 2)]:
        for township in [f"{county}00{number}" for number in range(1, dice.randint(2, 3))] + [""]:
            for community in ([f"{township}00{number}" for number in range(1, dice.randint(2, 4))] if township else []) + [""]:
                for grid in ([f"{community}00{number}" for number in range(1, dice.randint(1, 3))] if community else []) + [""]:
                    if dice.random() < 0.8:
                        scale = dice.choice((3, 12, largest))
                        city[county, township, community, grid] = {kind: dice.choice((0, dice.randint(0, scale))) for kind in KINDS}
    return city


def publish(con: duckdb.DuckDBPyConnection, city: City, judge: Callable[[duckdb.DuckDBPyConnection], object]) -> Shown:
    """Every printed count of the products by (module, measure, place) with NULL as '-', and whether it is told."""
    con.execute("CREATE OR REPLACE TEMP TABLE product_cell (module VARCHAR, measure VARCHAR, measure_key VARCHAR, county VARCHAR, "
                "township VARCHAR, community VARCHAR, grid VARCHAR, persons BIGINT, published BOOLEAN)")
    for declared in aggregates():
        levels = [attribute in declared.feed.group_by for attribute in PLACES.values()]
        rows: dict[Atom, dict[str, int]] = defaultdict(lambda: dict.fromkeys(COUNTED, 0))
        for atom, kinds in city.items():
            if (levels[3] and not atom[3]) or not any(kinds.values()):
                continue
            cut = tuple(code if wanted else "-" for code, wanted in zip(atom, levels, strict=True))
            for measure, counted in COUNTED.items():
                rows[cut][measure] += sum(kinds[kind] for kind in counted)  # type: ignore[index]
        for measure in declared.feed.measure_names:
            if measure in COUNTED:
                cells = [[declared.module, measure, measure_key(declared, measure), *(None if code == "-" else code for code in cut),
                          row[measure]] for cut, row in rows.items()]
                if cells:
                    con.executemany("INSERT INTO product_cell VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL)", cells)
    judge(con)
    return {(module, measure, tuple(code if code is not None else "-" for code in codes)): (persons, told)  # type: ignore[misc]
            for module, measure, *codes, persons, told in con.execute(
                "SELECT module, measure, county, township, community, grid, persons, published FROM product_cell").fetchall()}


def former(con: duckdb.DuckDBPyConnection) -> None:
    """Small counts withheld, no more."""
    con.execute("UPDATE product_cell SET published = persons = 0 OR persons >= 10")


def possible(city: City, shown: Shown) -> dict[tuple[str, str, Atom], int]:
    """How many values each withheld count can have, but for those of nobody."""
    places = sorted({*city, *((county, township, community, "") for county, township, community, _ in city)})
    unknown = [(atom, kind) for atom in places for kind in KINDS]
    vectors, low, high = {}, [], []
    heads = {(module, place): told for (module, measure, place), (_, told) in shown.items() if measure == "residents"}
    for (module, measure, place), (persons, told) in shown.items():
        without = module == "party_building_grid_statistics"
        vectors[module, measure, place] = np.array([
            float(kind in COUNTED[measure] and not (without and not atom[3])
                  and all(wanted in ("-", code) for wanted, code in zip(place, atom, strict=True))) for atom, kind in unknown])
        low.append(persons if told else float(measure == "residents" or heads[module, place]))
        high.append(persons if told else np.inf)
    limits = LinearConstraint(np.array(list(vectors.values())), low, high)
    found = {}
    for cell, vector in vectors.items():
        if not shown[cell][1] and shown[cell][0]:
            ends = [milp(sign * vector, constraints=limits, integrality=np.ones(len(unknown)), bounds=Bounds(0, 500)) for sign in (1, -1)]
            assert all(end.success for end in ends)
            found[cell] = round(-ends[1].fun - ends[0].fun) + 1
    return found


@pytest.mark.parametrize("seed", range(4))
def test_no_withheld_count_can_be_computed(con: duckdb.DuckDBPyConnection, seed: int) -> None:
    dice = random.Random(seed)
    city = a_city(dice, dice.choice((20, 60)))
    shown = publish(con, city, lambda con: protect(con, MIN_CELL))
    assert all(persons == 0 or persons >= MIN_CELL for persons, told in shown.values() if told)
    narrow = {cell: values for cell, values in possible(city, shown).items() if values < POSSIBLE}
    assert narrow == {}


def test_withholding_small_counts_alone_fails(con: duckdb.DuckDBPyConnection) -> None:
    found = 0
    for seed in range(4):
        city = a_city(random.Random(seed), 60)
        found += sum(values == 1 for values in possible(city, publish(con, city, former)).values())
    assert found > 0


@pytest.mark.parametrize("seed", range(24, 32))
def test_products_agree_and_rows_go_together(con: duckdb.DuckDBPyConnection, seed: int) -> None:
    shown = publish(con, a_city(random.Random(seed), 60), lambda con: protect(con, MIN_CELL))
    for (module, measure, place), (persons, told) in shown.items():
        if not shown[module, "residents", place][1]:
            assert not told
        elif persons == 0:
            assert told
        other = "convenience_website" if module == "community_business" else "community_business"
        twin = [seen for (there, what, where), seen in shown.items() if (there, what) == (other, measure) and where[1:] == place[1:]]
        if place[1] and module in ("convenience_website", "community_business"):
            assert all(seen == (persons, told) for seen in twin)


def test_nothing_is_withheld_where_everything_is_large(con: duckdb.DuckDBPyConnection) -> None:
    city = {("421002", "421002001", f"42100200100{number}", ""): dict.fromkeys(KINDS, 15) for number in range(1, 5)}
    shown = publish(con, city, lambda con: protect(con, MIN_CELL))
    assert all(told for _, told in shown.values())


def test_the_products_are_those_of_the_dictionary() -> None:
    """A further aggregate product has to be thought of here."""
    assert {one.module for one in aggregates()} == {"convenience_website", "community_business", "party_building_grid_statistics",
                                                   "media_statistics"} <= set(load_feeds())
