"""The rows of products about persons and dwellings, as SQL over a snapshot.

Belongs here: which persons a feed means, values of persons and of dwellings, counts per dwelling. Does not: aggregates (figures.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sources.tables import literal, quoted
from warehouse.feeds.declared import DeclaredFeed, FeedColumn
from warehouse.feeds.terms import Rows
from warehouse.purposes import authorise, reading
from warehouse.queries.compiling import Condition, compile_condition

CONSENTED = "feed_consented"
"""Temporary table (person_id, area) of the persons who agreed and the community that listed them; empty without a list."""
ADDRESSED = "feed_addressed"
"""Temporary table (alert_id, department): open alerts and the departments that are told of them."""
QUIET = "'closed', 'rejected'"
"""States of alerts that ask a department for nothing; acknowledged and corrected ones stand until the condition is gone."""
REGISTER_ADDRESS = "residence_address"
"""Of a dwelling it is the standard address of the register: what persons of the dwelling delivered may say more about them."""


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL with its parameters."""

    sql: str
    parameters: list[Any]


def rows_of(declared: DeclaredFeed, as_of: date, *, areas: tuple[str, ...] = (), part: str | None = None) -> Statement:
    """The rows of a product in the order of its key; `part` is the department whose rows are meant, where each has its own.

    `areas` limits them to residents of these areas. Columns are those of the product, in its order and types.
    """
    if declared.is_parted:
        return _addressed_rows(declared, as_of, str(part))
    if declared.feed.grain == "dwelling":
        return _dwelling_rows(declared, as_of)
    return _person_rows(declared, as_of, areas)


def persons_of(declared: DeclaredFeed, as_of: date, areas: tuple[str, ...] = ()) -> Statement:
    """FROM and WHERE of the persons that a feed means."""
    authorise(declared.feed.purpose, declared.attributes)
    source = reading(declared.feed.purpose, areas)
    condition, parameters = compile_condition(replace(declared.rows, areas=areas), source, as_of)
    limit = declared.feed.restricted_filter
    if limit is not None:
        authorise(declared.feed.purpose, [limit.attribute])
        condition += f" AND coalesce({source.expression(limit.attribute)} = {str(limit.value).lower()}, false)"
    if declared.scope.rows is Rows.CONSENTED:
        condition += f" AND (p.person_id, p.residence_community) IN (SELECT (person_id, area) FROM {CONSENTED})"
    return Statement(f"FROM {source.tables} WHERE {condition}", parameters)


def typed(expression: str, column: FeedColumn) -> str:
    """A column of a product from its expression, in the type that the schema promises."""
    return f"CAST({expression} AS {column.type}) AS {quoted(column.name)}"


def _person_rows(declared: DeclaredFeed, as_of: date, areas: tuple[str, ...]) -> Statement:
    source = reading(declared.feed.purpose, areas)
    selected = ", ".join(typed(source.expression(column.name), column) for column in declared.columns)
    persons = persons_of(declared, as_of, areas)
    return Statement(f"SELECT {selected} {persons.sql} ORDER BY p.person_id", persons.parameters)


def _dwelling_rows(declared: DeclaredFeed, as_of: date) -> Statement:
    """One row per dwelling in which a person of the rows lives; its own values are the same for everybody in it."""
    source = reading(declared.feed.purpose)
    persons = persons_of(declared, as_of)
    measures, parameters = [], []
    for measure in declared.measures:
        condition = Condition(source, as_of)
        measures.append(f"count(*) FILTER (WHERE {condition.node(measure.query.tree, closed=True)}) AS {quoted(measure.name)}")
        parameters += condition.parameters
    own = [name for name in declared.attributes if name not in {"dwelling_id", REGISTER_ADDRESS}]
    values = [f"min({source.expression(name)}) AS {quoted(name)}" for name in own]
    selected = ", ".join(typed("house.standard_address" if column.name == REGISTER_ADDRESS else f"lived_in.{quoted(column.name)}", column)
                         for column in declared.columns)
    return Statement(
        f"""WITH lived_in AS (
                SELECT p.dwelling_id, {", ".join(values + measures)}
                {persons.sql} AND p.dwelling_id IS NOT NULL GROUP BY p.dwelling_id
            ),
            registered AS (SELECT dwelling_code, min(standard_address) AS standard_address FROM current_house_registry GROUP BY ALL)
            SELECT {selected}
            FROM lived_in LEFT JOIN registered AS house ON house.dwelling_code = lived_in.dwelling_id
            ORDER BY lived_in.dwelling_id""",
        [*parameters, *persons.parameters],
    )


def _addressed_rows(declared: DeclaredFeed, as_of: date, department: str) -> Statement:
    """Persons with an open alert addressed to the department, and how many (clarification 49)."""
    persons = persons_of(declared, as_of)
    columns = {column.name: column for column in declared.columns}
    selected = ", ".join(typed("told.alerts" if name == "open_mismatches" else f"p.{quoted(name)}", columns[name]) for name in columns)
    visible, _, condition = persons.sql.removeprefix("FROM ").partition(" WHERE ")
    return Statement(
        f"""WITH told AS (
                SELECT alert.person_id, count(DISTINCT alert.alert_id) AS alerts
                FROM alert JOIN {ADDRESSED} AS addressed USING (alert_id)
                WHERE addressed.department = {literal(department)} AND alert.state NOT IN ({QUIET}) AND alert.person_id IS NOT NULL
                GROUP BY alert.person_id
            )
            SELECT {selected} FROM {visible} JOIN told ON told.person_id = p.person_id
            WHERE {condition} ORDER BY p.person_id""",
        persons.parameters,
    )
