"""What is told of an area: its totals, its parts, and the values of classes, from the roll-up of a snapshot.

Belongs here: finding an area, what a purpose may read of it, protection in statistics. Does not: making the counts (rollup.py).

Purposes that answer with rows get the counts as they are. Statistics gets none from 1 to min_cell - 1, and every other one rounded to the
nearest multiple of min_cell, each by itself: parts then need not sum to their area, and no difference of two told numbers is exact.
(Suppression alone would have to hold over areas and values at once.) Whoever joins rounded numbers with exact ones of other queries learns
a count within min_cell at best.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import duckdb

from sources.catalogue import load_catalogue
from sources.errors import OneGridError
from warehouse.purposes import authorise
from warehouse.queries import Cell, Count
from warehouse.queries.cells import words_of
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

    def totals(of: Area) -> Totals:
        return Totals(of, {measure: _protected(counts.get((of.code, measure), 0), stated.min_cell) if opened[measure] else None
                           for measure in TOTALS})

    rest = {measure: counts.get((area.code, measure), 0) - sum(counts.get((part.code, measure), 0) for part in inside)
            for measure in TOTALS}
    return Told(totals(area), tuple(totals(part) for part in inside),
                {measure: _protected(rest[measure], stated.min_cell) if opened[measure] else None for measure in TOTALS},
                {attribute: _cells(con, purpose, area.code, attribute, stated.min_cell) for attribute in attributes})


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


def _cells(con: duckdb.DuckDBPyConnection, purpose: str, code: str, attribute: str, min_cell: int | None) -> tuple[Cell, ...]:
    rows = con.execute("""SELECT value, people FROM area_count WHERE readers = $1 AND area_code = $2 AND measure = $3
                          ORDER BY value NULLS LAST""", [readers_of(purpose), code, attribute]).fetchall()
    words = words_of(attribute)
    return tuple(Cell(value, words.get(value or ""), _protected(people, min_cell)) for value, people in rows)


def _protected(people: int, min_cell: int | None) -> Count:
    if min_cell is None or people == 0:
        return Count(people)
    return Count(None if people < min_cell else (people + min_cell // 2) // min_cell * min_cell)
