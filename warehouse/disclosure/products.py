"""The counts of all aggregate products of a day: which are published.

Belongs here: reading and marking `product_cell`, which counts sum to which, across products, levels and nested measures.
Does not: counting and writing products (warehouse/feeds), the choice itself (withholding.py).
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise, permutations

import duckdb

from warehouse.disclosure.withholding import Counts, withhold
from warehouse.queries.compiling import ALIVE
from warehouse.queries.model import leaves
from warehouse.queries.normal import FALSE, Form, joined, normal_form
from warehouse.queries.parsing import parse

LEVELS = ("county", "township", "community", "grid")
CODE_DIGITS = {"county": 6, "township": 9}
ANYWHERE = "*"
"""County of a cell that counts persons of unknown place in a product that does not group by county."""

Place = tuple[str, ...]
"""Codes from the county down to the level of the cell; '' where it is not known."""


@dataclass(slots=True)
class _City:
    """The cells as counts: one per quantity and place, however many products print it."""

    counts: Counts = field(default_factory=Counts)
    cells: dict[tuple[str, Place], int] = field(default_factory=dict)
    rows: dict[tuple[str, Place], list[int]] = field(default_factory=lambda: defaultdict(list))
    without_missing: set[tuple[str, int]] = field(default_factory=set)
    """(quantity, levels) of which a product leaves out who is not known at the level."""
    remainders: dict[tuple[str, int, Place], int] = field(default_factory=dict)
    """What the parts of a count at a level leave of it, by quantity, level of the parts and place."""


def protect(con: duckdb.DuckDBPyConnection, min_cell: int) -> int:
    """Set `published` in the temporary table product_cell; returns how many counts are withheld.

    product_cell(module, measure, measure_key, county, township, community, grid, persons, published) holds every count of every aggregate
    product of one as_of: NULL for a level that the product does not group by, '' for a place that is not known; the measures of a module in
    their order, the first one first. `measure_key`: equal for equal quantities; as canonical JSON {"rows": query, "measure": query} also
    the relations between measures are seen (60 and over among the residents).

    Afterwards a count is published unless it is from 1 to min_cell - 1, stands in a row whose first measure is withheld, or would let
    another be computed. All products agree on the same count. 0 is always published, but for rows that are withheld.
    """
    city, numbers = _read(con)
    _sum_levels(city)
    _sum_unknown(city)
    _relate(city)
    city.counts.rows = [(row[0], tuple(row[1:])) for row in city.rows.values()]
    hidden = withhold(city.counts, min_cell)
    con.execute("CREATE OR REPLACE TEMP TABLE withheld_cell (cell BIGINT)")
    withheld = [row for row, number in numbers.items() if number in hidden]
    if withheld:
        con.execute("INSERT INTO withheld_cell SELECT unnest(?::BIGINT[])", [withheld])
    con.execute("UPDATE product_cell SET published = rowid NOT IN (SELECT cell FROM withheld_cell)")
    con.execute("DROP TABLE withheld_cell")
    return len(withheld)


def _read(con: duckdb.DuckDBPyConnection) -> tuple[_City, dict[int, int]]:
    """The city, and by row of product_cell the number of its count."""
    city = _City()
    numbers: dict[int, int] = {}
    quantities = _quantities(con)
    for row, module, key, persons, *codes in con.execute(
            f"SELECT rowid, module, measure_key, persons, {', '.join(LEVELS)} FROM product_cell ORDER BY rowid").fetchall():
        place = _place(codes)
        cell = (quantities[key][0], place)
        if cell not in city.cells:
            city.cells[cell] = city.counts.add(persons)
        numbers[row] = city.cells[cell]
        city.rows[module, place].append(numbers[row])
        if quantities[key][1] == LEVELS[len(place) - 1]:
            city.without_missing.add((cell[0], len(place)))
    return city, numbers


def _quantities(con: duckdb.DuckDBPyConnection) -> dict[str, tuple[str, str | None]]:
    """By measure_key: the quantity (rows that only say where people live are no part of it), and the level that the rows must have."""
    found: dict[str, tuple[str, str | None]] = {}
    for (key,) in con.execute("SELECT DISTINCT measure_key FROM product_cell ORDER BY 1").fetchall():
        found[key] = (key, None)
        if key.startswith("{"):
            stated = json.loads(key)
            if '"class": "residence_area"' in json.dumps(stated["rows"]) and json.dumps(stated["rows"]).count('"class"') == 1:
                level = next((level for level in LEVELS if f"residence_{level}" in json.dumps(stated["rows"])), None)
                found[key] = (json.dumps(stated["measure"], sort_keys=True), level)
    return found


def _place(codes: list[str | None]) -> Place:
    """The levels above the deepest one that the product groups by are filled from the codes, which begin with their parent's."""
    deepest = max(level for level, code in enumerate(codes) if code is not None)
    place: list[str] = []
    for level, code in enumerate(codes[: deepest + 1]):
        below = next((one for one in codes[level + 1 : deepest + 1] if one), "")
        place.append(code if code is not None else below[: CODE_DIGITS[LEVELS[level]]] or ANYWHERE)
    return tuple(place)


def _sum_levels(city: _City) -> None:
    """Each count is the sum of the counts of its quantity at the next level that some product prints."""
    depths: dict[str, set[int]] = defaultdict(set)
    inside: dict[tuple[str, int, Place], list[int]] = defaultdict(list)
    for quantity, place in city.cells:
        depths[quantity].add(len(place))
    for (quantity, place), number in list(city.cells.items()):
        above = max((depth for depth in depths[quantity] if depth < len(place)), default=None)
        if above is not None and place[0] != ANYWHERE:
            inside[quantity, len(place), place[:above]].append(number)
    for (quantity, depth, place), parts in inside.items():
        whole = city.cells.get((quantity, place))
        if whole is None or sum(city.counts.persons[part] for part in parts) > city.counts.persons[whole]:
            continue
        complete = sum(city.counts.persons[part] for part in parts) == city.counts.persons[whole]
        rest = (quantity, depth) in city.without_missing or not complete
        if rest:
            city.remainders[quantity, depth, place] = city.counts.add_rest(whole, parts, kept=True)
        else:
            city.counts.add_sum(whole, parts)


def _sum_unknown(city: _City) -> None:
    """Who is known nowhere below the city counts once in a product without counties, once per county in one with them."""
    for (quantity, place), whole in list(city.cells.items()):
        if place[0] == ANYWHERE:
            parts = [number for (other, there), number in city.cells.items()
                     if other == quantity and len(there) == len(place) and there[0] != ANYWHERE and not any(there[1:])]
            parts = parts or [number for (other, depth, there), number in city.remainders.items()
                              if other == quantity and depth == len(place) and len(there) == 1]
            if sum(city.counts.persons[part] for part in parts) == city.counts.persons[whole]:
                city.counts.add_sum(whole, parts)


def _relate(city: _City) -> None:
    """Nested measures at one place: the smaller, or two that exclude each other, and the rest of the larger."""
    forms = {quantity: form for quantity in sorted({quantity for quantity, _ in city.cells}) if (form := _form(quantity)) is not None}
    both = {pair: joined("all", [forms[pair[0]], forms[pair[1]]]) for pair in permutations(forms, 2)}
    inside = sorted((small, large) for (small, large), form in both.items() if form == forms[small])
    apart = [pair for pair, form in both.items() if form == FALSE and pair[0] < pair[1]]
    rests: dict[tuple[str, ...], dict[Place, int]] = defaultdict(dict)
    for (large, place), whole in list(city.cells.items()):
        parts = {small: city.cells[small, place] for small, whose in inside if whose == large and (small, place) in city.cells}
        for small, number in parts.items():
            rests[large, small][place] = city.counts.add_rest(whole, [number], kept=False)
        for one, other in apart:
            if one in parts and other in parts:
                rest = city.counts.add_rest(whole, [parts[one], parts[other]], kept=False)
                rests[large, one, other][place] = rest
                city.counts.add_sum(rests[large, one][place], [parts[other], rest])
                city.counts.add_sum(rests[large, other][place], [parts[one], rest])
    for small, middle in inside:
        for large in sorted({large for between, large in inside if between == middle}):
            for place in sorted(rests[large, small].keys() & rests[middle, small].keys() & rests[large, middle].keys()):
                city.counts.add_sum(rests[large, small][place], [rests[middle, small][place], rests[large, middle][place]])
    for by_place in rests.values():
        _sum_rests(city, by_place)


def _sum_rests(city: _City, by_place: dict[Place, int]) -> None:
    """What is left of a measure sums over the levels as well, where all of it is counted below."""
    depths = sorted({len(place) for place in by_place})
    for upper, lower in pairwise(depths):
        inside: dict[Place, list[int]] = defaultdict(list)
        for place, number in by_place.items():
            if len(place) == lower and place[0] != ANYWHERE:
                inside[place[:upper]].append(number)
        for place, parts in inside.items():
            if place in by_place and sum(city.counts.persons[part] for part in parts) == city.counts.persons[by_place[place]]:
                city.counts.add_sum(by_place[place], parts)


def _form(quantity: str) -> Form | None:
    """What the measure asks for; None where the quantity is stated in another way. The day does not matter to how measures are nested."""
    if not quantity.startswith("{"):
        return None
    tree = parse({"purpose": "statistics", "query": json.loads(quantity)}).tree
    alive = any(leaf.klass == ALIVE.klass for leaf in leaves(tree))
    day = date(2000, 1, 1)
    form = normal_form(tree, day)
    return form if alive else joined("all", [form, normal_form(ALIVE, day)])
