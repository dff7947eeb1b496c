"""Answers to class queries from a snapshot: rows, a number, or numbers per value of a class.

Belongs here: running compiled conditions, columns of a purpose, suppression in statistics. Does not: recording reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb
import pyarrow as pa

from sources.catalogue import load_catalogue
from sources.catalogue.models import AttributeClass
from sources.tables import quoted
from warehouse.areas import suppress_areas
from warehouse.purposes import authorise, reading
from warehouse.queries.cells import cell_of, cell_value, words_of
from warehouse.queries.compiling import compile_condition
from warehouse.queries.model import Query, QueryRefused
from warehouse.queries.parsing import asks_for, open_attributes
from warehouse.queries.values import CITY, LEVELS
from warehouse.suppression import suppress


@dataclass(frozen=True, slots=True)
class Count:
    """A number of persons; `persons` is None when it is too small to be told."""

    persons: int | None

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
    """Counts per value of one attribute. With lists a person counts in several cells."""

    attribute: str
    cells: tuple[Cell, ...]
    total: Count


@dataclass(frozen=True, slots=True)
class Answer:
    """The persons that a query means, ordered by person_id; `count` is all of them, `rows` at most the limit."""

    rows: pa.Table
    count: int


def reference_date(con: duckdb.DuckDBPyConnection, query: Query) -> date:
    """as_of of the snapshot; QueryRefused when the query asks for another day."""
    (as_of,) = con.execute("SELECT as_of FROM published").fetchone() or (None,)
    if as_of is None or (query.as_of is not None and query.as_of != as_of):
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
    """How many persons; in statistics a number under the smallest cell is not told."""
    purpose = authorise(query.purpose, asks_for(query))
    persons = _number(con, query)
    return Count(None if purpose.min_cell is not None and 0 < persons < purpose.min_cell else persons)


def _number(con: duckdb.DuckDBPyConnection, query: Query) -> int:
    source = reading(query.purpose, query.areas, query.departments)
    condition, parameters = compile_condition(query, source, reference_date(con, query))
    (persons,) = con.execute(f"SELECT count(*) FROM {source.tables} WHERE {condition}", parameters).fetchone() or (0,)
    return int(persons)


def count_by(con: duckdb.DuckDBPyConnection, query: Query, by: str) -> Breakdown:
    """Counts per value of `by`: a class with one attribute, an attribute, or class.attribute; areas by county unit.

    Ages are counted in bands of five years, months of residence in years, dates in months.
    In statistics small cells are not told, nor as many more as keep them from being computed.
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
        SELECT value, count(*), (SELECT count(*) FROM answered) FROM cells GROUP BY value ORDER BY value NULLS LAST
        """,
        parameters,
    ).fetchall()
    counts = {value: persons for value, persons, _ in rows}
    total: int | None = _number(con, query)
    shown: dict[str | None, int | None] = dict(counts)
    if purpose.min_cell is not None:
        shown, total = suppress(counts, _number(con, query), purpose.min_cell)
    words = words_of(attribute)
    cells = tuple(Cell(value, words.get(value or ""), Count(persons)) for value, persons in shown.items())
    return Breakdown(attribute, cells, Count(total))


def _count_by_area(con: duckdb.DuckDBPyConnection, query: Query, attribute: str) -> Breakdown:
    """Counts per area of a level. Who is known only to an area above counts there, so every area's parts sum to it.

    In statistics parts that may not be told answer as the area above them (warehouse.areas.suppress_areas).
    """
    levels = list(LEVELS.values())
    levels = levels[levels.index(attribute) :: -1]
    purpose = authorise(query.purpose, [*asks_for(query), *levels])
    source = reading(query.purpose, query.areas, query.departments)
    condition, parameters = compile_condition(query, source, reference_date(con, query))
    place = f"coalesce({', '.join(map(source.expression, levels))})"
    rows = con.execute(
        f"SELECT {place}, count(*) FROM {source.tables} WHERE {condition} GROUP BY 1 ORDER BY 1 NULLS LAST", parameters
    ).fetchall()
    counts: dict[str | None, int] = dict(rows)
    total: int | None = sum(counts.values())
    shown: dict[str | None, int | None] = dict(counts)
    if purpose.min_cell is not None:
        shown, total = suppress_areas(counts, sum(counts.values()), purpose.min_cell)
    words = {code: text for level in levels for code, text in words_of(level).items()}
    words |= {CITY: "全市"} | {unit.code: unit.zh for unit in load_catalogue().county_units}
    words |= {entry.code: entry.zh for entry in load_catalogue().lists["jz_township"].values}
    above = {code: f"{words.get(code, code)}（下级不详或不公布）" for code in shown if code and LEVELS.get(len(code)) != attribute}
    return Breakdown(
        attribute, tuple(Cell(code, (words | above).get(code or ""), Count(n)) for code, n in shown.items()), Count(total)
    )


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
