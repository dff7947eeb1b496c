"""The rows of products that hold only counts, and which counts leave.

Belongs here: counting per place, laying the counts of all aggregate products out as cells, rows with what may be told.
Does not: the decision what may be told next to what (warehouse/disclosure).

All aggregate products of a snapshot are counted and judged together, whichever are due: a count that one of them withholds must
not follow from another.
"""

from __future__ import annotations

import json
from datetime import date

import duckdb

from sources.tables import literal, quoted
from warehouse.disclosure.products import protect
from warehouse.feeds.declared import DeclaredFeed, load_feeds
from warehouse.feeds.rows import persons_of
from warehouse.purposes import reading
from warehouse.queries.compiling import Condition
from warehouse.queries.model import plain

PLACES = {"county": "residence_county", "township": "residence_township", "community": "residence_community", "grid": "residence_grid"}
"""Columns of product_cell and the attributes that they hold."""


def aggregates() -> list[DeclaredFeed]:
    return [declared for declared in load_feeds().values() if declared.feed.grain == "aggregate"]


def count_cells(con: duckdb.DuckDBPyConnection, as_of: date) -> int:
    """Temporary table `product_cell`: one row per aggregate product, measure and place, with `published`; returns its rows.

    A level by which the product does not group is NULL; persons whose place is not known count in a cell of their own, with an
    empty code. `measure_key` is the same for measures that count the same persons.
    """
    places = ", ".join(f"{place} VARCHAR" for place in PLACES)
    con.execute(f"CREATE OR REPLACE TEMP TABLE product_cell (module VARCHAR, measure VARCHAR, measure_key VARCHAR, {places}, "
                "persons BIGINT, published BOOLEAN)")
    for declared in aggregates():
        _count(con, declared, as_of)
    protect(con, max(declared.feed.min_cell or 0 for declared in aggregates()))
    row = con.execute("SELECT count(*) FROM product_cell").fetchone()
    return int(row[0]) if row else 0


def measure_key(declared: DeclaredFeed, name: str) -> str:
    """What a measure counts, as canonical JSON: its query with that of the rows."""
    measure = next(one for one in declared.measures if one.name == name)
    return json.dumps({"rows": plain(declared.rows.tree), "measure": plain(measure.query.tree)}, ensure_ascii=False, sort_keys=True)


def _count(con: duckdb.DuckDBPyConnection, declared: DeclaredFeed, as_of: date) -> None:
    """The cells of one product: grouped once, then one row per measure."""
    source = reading(declared.feed.purpose)
    counts, parameters = [], []
    for measure in declared.measures:
        condition = Condition(source, as_of)
        counts.append(f"count(*) FILTER (WHERE {condition.node(measure.query.tree, closed=True)}) AS {quoted(measure.name)}")
        parameters += condition.parameters
    persons = persons_of(declared, as_of)
    grouped = {place: name for place, name in PLACES.items() if name in declared.feed.group_by}
    groups = ", ".join(f"coalesce({source.expression(name)}, '') AS {place}" for place, name in grouped.items())
    con.execute(f"CREATE OR REPLACE TEMP TABLE feed_figure AS SELECT {groups}, {', '.join(counts)} {persons.sql} GROUP BY ALL",
                [*parameters, *persons.parameters])
    levels = ", ".join(place if place in grouped else "NULL" for place in PLACES)
    for measure in declared.measures:
        con.execute(f"INSERT INTO product_cell SELECT ?, ?, ?, {levels}, {quoted(measure.name)}, NULL FROM feed_figure",
                    [declared.module, measure.name, measure_key(declared, measure.name)])
    con.execute("DROP TABLE feed_figure")


def figures_of(declared: DeclaredFeed) -> str:
    """SQL of the rows of an aggregate product over `product_cell`; a row whose first measure is withheld has all withheld."""
    grouped = {place: name for place, name in PLACES.items() if name in declared.feed.group_by}
    first = literal(declared.feed.measure_names[0])
    shown = f"bool_or(measure = {first} AND published)"
    groups = [f"nullif({place}, '') AS {quoted(name)}" for place, name in grouped.items()]
    measures = [f"CASE WHEN {shown} THEN max(persons) FILTER (WHERE measure = {literal(name)} AND published) END AS {quoted(name)}"
                for name in declared.feed.measure_names]
    by = ", ".join(grouped)
    return f"""SELECT {", ".join(groups + measures)} FROM product_cell WHERE module = {literal(declared.module)}
               GROUP BY {by} ORDER BY {by}"""
