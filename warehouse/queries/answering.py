"""Answers to class queries from a snapshot: rows, a number, or numbers per value of a class.

Belongs here: running compiled conditions, columns of a purpose, what statistics is told of a count. Does not: recording reads, noise
(warehouse/disclosure).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import duckdb
import pyarrow as pa

from sources.catalogue import load_catalogue
from sources.catalogue.models import AttributeClass
from sources.tables import quoted
from warehouse.disclosure import NOTE, Perturbed, seed_of
from warehouse.purposes import authorise, reading
from warehouse.queries.cells import cell_of, cell_value, words_of
from warehouse.queries.compiling import compile_condition
from warehouse.queries.model import Leaf, Query, QueryRefused
from warehouse.queries.normal import Form, cell_leaf, joined, meant, normal_form, question, within
from warehouse.queries.parsing import asks_for, open_attributes
from warehouse.queries.values import CITY, LEVELS


@dataclass(frozen=True, slots=True)
class Count:
    """A number of persons; `persons` is None when it is too small to be told. `note` says that it is perturbed (statistics only)."""

    persons: int | None
    note: str | None = None

    @property
    def suppressed(self) -> bool:
        return self.persons is None


@dataclass(frozen=True, slots=True)
class Cell:
    """One value of a class and its persons; `value` None: the attribute is missing; `zh` is the value in words."""

    value: str | None
    zh: str | None
    count: Count


@dataclass(frozen=True, slots=True)
class Breakdown:
    """Counts per value of one attribute. With lists a person counts in several cells. In statistics only the cells that are told."""

    attribute: str
    cells: tuple[Cell, ...]
    total: Count
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The persons that a query means, ordered by person_id; `count` is all of them, `rows` at most the limit."""

    rows: pa.Table
    count: int


def reference_date(con: duckdb.DuckDBPyConnection, query: Query | None = None) -> date:
    """as_of of the snapshot; QueryRefused when the query asks for another day."""
    (as_of,) = con.execute("SELECT as_of FROM published").fetchone() or (None,)
    if query is not None and (as_of is None or (query.as_of is not None and query.as_of != as_of)):
        raise QueryRefused([f"as_of: this snapshot is of {as_of}, the query asks for {query.as_of}"])
    return date.fromisoformat(str(as_of))


def statement(query: Query, as_of: date, columns: list[str] | None = None) -> tuple[str, list[Any]]:
    """(SQL, parameters) of the rows; columns default to all of the purpose. Raises PurposeRefused."""
    purpose = authorise(query.purpose, asks_for(query), rows=True)
    shown = list(purpose.attributes) if columns is None else columns
    authorise(query.purpose, shown)
    source = reading(query.purpose, query.areas, query.departments)
    condition, parameters = compile_condition(query, source, as_of)
    selected = ", ".join(f"{source.expression(name)} AS {quoted(name)}" for name in shown)
    return f"SELECT {selected} FROM {source.tables} WHERE {condition} ORDER BY p.person_id", parameters


def answer(
    con: duckdb.DuckDBPyConnection, query: Query, *, columns: list[str] | None = None, limit: int | None = None
) -> Answer:
    """The rows and their number. Raises PurposeRefused (statistics have no rows), QueryRefused."""
    sql, parameters = statement(query, reference_date(con, query), columns)
    if limit is None:
        rows = con.execute(sql, parameters).to_arrow_table()
        return Answer(rows, rows.num_rows)
    rows = con.execute(f"{sql} LIMIT {int(limit)}", parameters).to_arrow_table()
    return Answer(rows, rows.num_rows if rows.num_rows < limit else _number(con, query))


def count(con: duckdb.DuckDBPyConnection, query: Query) -> Count:
    """How many persons; in statistics perturbed, and not told when few. Raises PurposeRefused, QueryRefused, SeedMissing."""
    purpose = authorise(query.purpose, asks_for(query))
    persons = _number(con, query)
    if purpose.min_cell is None:
        return Count(persons)
    return replace(Teller(con, reference_date(con, query), purpose.min_cell).count(persons, query), note=note())


def _number(con: duckdb.DuckDBPyConnection, query: Query) -> int:
    source = reading(query.purpose, query.areas, query.departments)
    condition, parameters = compile_condition(query, source, reference_date(con, query))
    (persons,) = con.execute(f"SELECT count(*) FROM {source.tables} WHERE {condition}", parameters).fetchone() or (0,)
    return int(persons)


class Teller:
    """What statistics is told of counts: each as the query that asks for exactly its persons is answered, whichever way it was asked."""

    def __init__(self, con: duckdb.DuckDBPyConnection, as_of: date, min_cell: int) -> None:
        """Raises SeedMissing."""
        self._as_of = as_of
        self._perturbed = Perturbed(seed_of(con), min_cell)
        self._forms: dict[int, tuple[Query, Form]] = {}

    def count(self, persons: int, query: Query, *cell: Leaf, measure: str = "persons") -> Count:
        """`cell` narrows the query; `measure` says what is counted of it (persons, households, dwellings)."""
        if not self._perturbed.can_be_told(persons):
            return Count(None)
        form = joined("all", [self._form(query), *(normal_form(leaf, self._as_of) for leaf in cell)])
        return Count(self._perturbed.told(persons, question(form, query, measure)))

    def _form(self, query: Query) -> Form:
        if id(query) not in self._forms:
            self._forms = {id(query): (query, normal_form(meant(query), self._as_of))}
        return self._forms[id(query)][1]


def note() -> str:
    """Said with every answer that is perturbed."""
    return f"{NOTE['zh']} · {NOTE['en']}"


def count_by(con: duckdb.DuckDBPyConnection, query: Query, by: str) -> Breakdown:
    """Counts per value of `by`: a class with one attribute, an attribute, or class.attribute; areas by county unit.

    Ages are counted in bands of five years, months of residence in years, dates in months.
    In statistics every count is perturbed by itself, and only the cells that are told are in the answer.
    """
    klass, attribute = _breakdown_attribute(by, query.purpose)
    if attribute in LEVELS.values():
        return _count_by_area(con, query, attribute)
    purpose = authorise(query.purpose, [*asks_for(query), attribute])
    source = reading(query.purpose, query.areas, query.departments)
    condition, parameters = compile_condition(query, source, reference_date(con, query))
    group = cell_of(klass, attribute, source.expression(attribute))
    rows = con.execute(
        f"""
        WITH answered AS (SELECT {source.expression(attribute)} AS stated, {group} AS value
                          FROM {source.tables} WHERE {condition}),
             cells AS (SELECT {cell_value(attribute)} AS value FROM answered)
        SELECT value, count(*) FROM cells GROUP BY value ORDER BY value NULLS LAST
        """,
        parameters,
    ).fetchall()
    words = words_of(attribute)
    leaves: dict[str | None, tuple[Leaf, ...]] = {value: (cell_leaf(klass, attribute, value),) for value, _ in rows}
    return _told(con, query, Breakdown(
        attribute, tuple(Cell(value, words.get(value or ""), Count(persons)) for value, persons in rows), Count(_number(con, query))
    ), purpose.min_cell, leaves)


def _told(con: duckdb.DuckDBPyConnection, query: Query, exact: Breakdown, min_cell: int | None,
          leaves: dict[str | None, tuple[Leaf, ...]]) -> Breakdown:
    """The breakdown as the purpose is told it; `leaves` say who is counted in each cell."""
    if min_cell is None:
        return exact
    teller = Teller(con, reference_date(con, query), min_cell)
    counted = ((cell, teller.count(cell.count.persons or 0, query, *leaves[cell.value])) for cell in exact.cells)
    cells = tuple(Cell(cell.value, cell.zh, count) for cell, count in counted if not count.suppressed)
    return Breakdown(exact.attribute, cells, teller.count(exact.total.persons or 0, query), note())


def _count_by_area(con: duckdb.DuckDBPyConnection, query: Query, attribute: str) -> Breakdown:
    """Counts per area of a level. Who is known only to an area above counts there, so every area's parts sum to it where they are exact."""
    levels = list(LEVELS.values())
    levels = levels[levels.index(attribute) :: -1]
    purpose = authorise(query.purpose, [*asks_for(query), *levels])
    source = reading(query.purpose, query.areas, query.departments)
    condition, parameters = compile_condition(query, source, reference_date(con, query))
    place = f"coalesce({', '.join(map(source.expression, levels))})"
    counts: dict[str | None, int] = dict(con.execute(
        f"SELECT {place}, count(*) FROM {source.tables} WHERE {condition} GROUP BY 1 ORDER BY 1 NULLS LAST", parameters
    ).fetchall())
    words = {code: text for level in levels for code, text in words_of(level).items()}
    words |= {CITY: "全市"} | {unit.code: unit.zh for unit in load_catalogue().county_units}
    words |= {entry.code: entry.zh for entry in load_catalogue().lists["jz_township"].values}
    words |= {code: f"{words.get(code, code)}（下级不详）" for code in counts if code and LEVELS.get(len(code)) != attribute}
    cells = tuple(Cell(code, words.get(code or ""), Count(persons)) for code, persons in counts.items())
    leaves = {} if purpose.min_cell is None else {code: place_leaves(code, attribute) for code in counts}
    return _told(con, query, Breakdown(attribute, cells, Count(sum(counts.values()))), purpose.min_cell, leaves)


def place_leaves(code: str | None, attribute: str) -> tuple[Leaf, ...]:
    """Who counts in an area when people are counted by a level: who lives in it; in one above the level, who is not known below it."""
    inside = (within(code),) if code else ()
    if code and LEVELS.get(len(code)) == attribute:
        return inside
    levels = list(LEVELS.values())
    below = levels[levels.index(LEVELS[len(code)]) + 1] if code else levels[0]
    return (*inside, Leaf("residence_area", (below,), "is_missing", ()))


def _breakdown_attribute(by: str, purpose: str) -> tuple[AttributeClass, str]:
    classes = load_catalogue().classes
    name, _, level = by.partition(".")
    for klass in classes.values():
        if by in klass.attributes:
            return klass, by
        if klass.name == name:
            if level in klass.attributes:
                return klass, level
            if not level and (len(klass.attributes) == 1 or klass.kind == "hierarchy"):
                return klass, klass.attributes[0]
            raise QueryRefused([f"by {by!r}: choose one of {', '.join(klass.attributes)}"])
    raise QueryRefused(
        [f"there is no class {by!r} to count by; {purpose} opens: {', '.join(open_attributes(purpose))}"]
    )
