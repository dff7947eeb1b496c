"""What is told of an area: its totals, its parts, and the values of classes, from the roll-up of a snapshot.

Belongs here: finding an area, what a purpose may read of it, protection in statistics. Does not: making the counts (rollup.py).

Purposes that answer with rows get the counts as they are. Statistics gets each one perturbed, as the query that counts the same persons
would be answered (docs/disclosure.md), and none of few persons.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import duckdb

from sources.catalogue import load_catalogue
from sources.errors import OneGridError
from warehouse.purposes import authorise
from warehouse.queries import Cell, Count
from warehouse.queries.answering import Teller, note, reference_date
from warehouse.queries.cells import words_of
from warehouse.queries.model import All, Leaf, Query
from warehouse.queries.normal import cell_leaf, within
from warehouse.queries.values import LEVELS, present_division
from warehouse.rollup import DWELLINGS, HOUSEHOLDS, LEVEL_NAMES, RESIDENTS, measured, readers_of

TOTALS = {RESIDENTS: "person_id", HOUSEHOLDS: "household_id", DWELLINGS: "dwelling_id"}
"""The totals and the attribute that a purpose must open to be told them; everybody who may count people may count residents."""
LEVEL_ATTRIBUTES = {LEVEL_NAMES[digits]: attribute for digits, attribute in LEVELS.items()}
SHOWN_CANDIDATES = 8


class UnknownArea(OneGridError):
    """No area, or several, answer to what was asked."""


@dataclass(frozen=True, slots=True)
class Area:
    """A row of `area`; `path` names the areas above it, widest first."""

    code: str
    level: str
    name: str
    path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Totals:
    """residents, households, dwellings of one area; None: the purpose does not open what it would tell."""

    area: Area
    counts: dict[str, Count | None]


@dataclass(frozen=True, slots=True)
class Told:
    """An area, its parts in the order of their codes, what is known no further down, and the values of classes."""

    totals: Totals
    parts: tuple[Totals, ...]
    not_below: dict[str, Count | None]
    classes: dict[str, tuple[Cell, ...]]
    note: str | None = None


def find_area(con: duckdb.DuckDBPyConnection, asked: str) -> Area:
    """The area with this code (retired divisions replaced) or this name. Raises UnknownArea with what there is."""
    asked = asked.strip()
    code = present_division(asked) if asked.isascii() and asked.isdigit() and len(asked) >= min(LEVELS) else asked
    found = con.execute("SELECT code, level, name FROM area WHERE code = $1 OR name = $2 ORDER BY code", [code, asked]).fetchall()
    if len(found) == 1:
        return _with_path(con, *found[0])
    if found:
        paths = [_with_path(con, *row) for row in found[:SHOWN_CANDIDATES]]
        shown = "; ".join(f"{area.code} {''.join(area.path)}{area.name}" for area in paths)
        raise UnknownArea(what=f"{len(found)} areas are called so", where="area", remedy=f"state the code, for instance: {shown}")
    units = con.execute("SELECT code || ' ' || name FROM area WHERE level IN ('city', 'county') ORDER BY code").fetchall()
    raise UnknownArea(what="no area has this code or name", where="area",
                      remedy=f"look downwards from one of: {', '.join(unit for (unit,) in units)}")


def _with_path(con: duckdb.DuckDBPyConnection, code: str, level: str, name: str | None) -> Area:
    above = con.execute("""
        WITH RECURSIVE upwards AS (
            SELECT parent, 0 AS step FROM area WHERE code = $1
            UNION ALL SELECT area.parent, step + 1 FROM upwards JOIN area ON area.code = upwards.parent)
        SELECT coalesce(area.name, area.code) FROM upwards JOIN area ON area.code = upwards.parent ORDER BY step DESC""", [code]).fetchall()
    return Area(code, level, name or code, tuple(row[0] for row in above))


def tell(con: duckdb.DuckDBPyConnection, asked: str, purpose: str, classes: Iterable[str] = ()) -> Told:
    """What the purpose may know of an area and of the areas directly inside it; `classes` are names of classes or attributes.

    Raises UnknownArea, PurposeRefused (level or class not opened).
    """
    area = find_area(con, asked)
    levels = [attribute for level, attribute in LEVEL_ATTRIBUTES.items() if _not_below(level, area.level)]
    attributes = _attributes(classes)
    stated = authorise(purpose, [*levels, *attributes])
    inside = [_area for _area in _parts(con, area) if LEVEL_ATTRIBUTES[_area.level] in stated.attributes]
    counts = _counts(con, purpose, [area.code, *(part.code for part in inside)])
    opened = {measure: measure == RESIDENTS or needed in stated.attributes for measure, needed in TOTALS.items()}
    protected = _Protected(con, purpose, stated.min_cell)

    def told(people: dict[str, int], code: str, *narrower: Leaf) -> dict[str, Count | None]:
        return {measure: protected.count(people[measure], code, *narrower, measure=measure) if opened[measure] else None
                for measure in TOTALS}

    def totals(of: Area) -> Totals:
        return Totals(of, told({measure: counts.get((of.code, measure), 0) for measure in TOTALS}, of.code))

    rest = {measure: counts.get((area.code, measure), 0) - sum(counts.get((part.code, measure), 0) for part in inside)
            for measure in TOTALS}
    return Told(totals(area), tuple(totals(part) for part in inside), told(rest, area.code, *_missing_below(area)),
                {attribute: protected.cells(area.code, attribute) for attribute in attributes},
                None if stated.min_cell is None else note())


def _missing_below(area: Area) -> tuple[Leaf, ...]:
    """Who is not known to a part of the area; in a grid everybody."""
    levels = list(LEVELS.values())
    place = 0 if area.level == "city" else levels.index(LEVELS[len(area.code)]) + 1
    return (Leaf("residence_area", (levels[place],), "is_missing", ()),) if place < len(levels) else ()


class _Protected:
    """Counts of areas as a purpose is told them: exact, or as the query for the same persons is answered."""

    def __init__(self, con: duckdb.DuckDBPyConnection, purpose: str, min_cell: int | None) -> None:
        self._con, self._purpose = con, purpose
        self._teller = None if min_cell is None else Teller(con, reference_date(con), min_cell)

    def count(self, people: int, code: str, *narrower: Leaf, measure: str = RESIDENTS) -> Count:
        if self._teller is None:
            return Count(people)
        query = Query(self._purpose, All((within(code), *narrower)))
        return self._teller.count(people, query, measure="persons" if measure == RESIDENTS else measure)

    def cells(self, code: str, attribute: str) -> tuple[Cell, ...]:
        """In statistics those that are told."""
        found = _cells(self._con, self._purpose, code, attribute)
        if self._teller is None:
            return found
        klass = load_catalogue().classes[measured()[attribute]]
        counted = ((cell, self.count(cell.count.persons or 0, code, cell_leaf(klass, attribute, cell.value))) for cell in found)
        return tuple(Cell(cell.value, cell.zh, count) for cell, count in counted if not count.suppressed)


def _not_below(level: str, lowest: str) -> bool:
    order = ("city", *LEVEL_ATTRIBUTES)
    return order.index(level) <= order.index(lowest)


def _attributes(classes: Iterable[str]) -> list[str]:
    known, by_class = measured(), load_catalogue().classes
    found: list[str] = []
    for name in classes:
        if name not in known and (name not in by_class or name == "residence_area"):
            raise UnknownArea(what=f"there is no class {name!r} to count", where="--class", remedy=f"choose from: {', '.join(by_class)}")
        found += [name] if name in known else by_class[name].attributes
    return list(dict.fromkeys(found))


def _parts(con: duckdb.DuckDBPyConnection, area: Area) -> list[Area]:
    rows = con.execute("SELECT code, level, coalesce(name, code) FROM area WHERE parent = $1 ORDER BY code", [area.code]).fetchall()
    return [Area(code, level, name, (*area.path, area.name)) for code, level, name in rows]


def _counts(con: duckdb.DuckDBPyConnection, purpose: str, codes: list[str]) -> dict[tuple[str, str], int]:
    rows = con.execute("""
        SELECT area_code, measure, people FROM area_count
        WHERE readers = $1 AND area_code IN (SELECT unnest($2::VARCHAR[])) AND list_contains($3::VARCHAR[], measure)""",
                       [readers_of(purpose), codes, list(TOTALS)]).fetchall()
    return {(code, measure): people for code, measure, people in rows}


def _cells(con: duckdb.DuckDBPyConnection, purpose: str, code: str, attribute: str) -> tuple[Cell, ...]:
    rows = con.execute("""SELECT value, people FROM area_count WHERE readers = $1 AND area_code = $2 AND measure = $3
                          ORDER BY value NULLS LAST""", [readers_of(purpose), code, attribute]).fetchall()
    words = words_of(attribute)
    return tuple(Cell(value, words.get(value or ""), Count(people)) for value, people in rows)
