"""A query tree as one parameterised SQL condition over a profile.

Belongs here: the meaning of every operator.
Does not: which profile a purpose reads (purposes.py), running it (answering.py).

A leaf is false on a missing value. SQL says NULL there, which a WHERE reads as false as long as nothing turns it round;
under `not` every leaf is closed with coalesce(..., false), elsewhere left open, so that row groups are skipped.
"""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from warehouse.purposes import Reading
from warehouse.queries.model import All, AnyOf, Leaf, MonthsFromAsOf, Node, Not, Query, Value, leaves
from warehouse.queries.values import CITY

COMPARISONS = {
    "eq": "=",
    "ne": "<>",
    "lt": "<",
    "le": "<=",
    "gt": ">",
    "ge": ">=",
    "is": "=",
    "on_date": "=",
    "before": "<",
    "on_or_before": "<=",
    "after": ">",
    "on_or_after": ">=",
}
ALIVE = Leaf("vital_status", ("vital_status",), "in", ("1",))


@dataclass(slots=True)
class Condition:
    """SQL and its parameters, in order."""

    reading: Reading
    as_of: date
    parameters: list[Any] = field(default_factory=list)

    def marks(self, values: Sequence[Any]) -> str:
        self.parameters += values
        return ", ".join("?" for _ in values)

    def dated(self, value: Value) -> Value:
        return moved(self.as_of, value.months) if isinstance(value, MonthsFromAsOf) else value

    def node(self, node: Node, *, closed: bool = False) -> str:
        match node:
            case Leaf():
                condition = self.leaf(node)
                return f"coalesce({condition}, false)" if closed else condition
            case Not():
                return f"NOT ({self.node(node.part, closed=True)})"
            case All():
                return "(" + " AND ".join(self.node(part, closed=closed) for part in node.parts) + ")"
            case AnyOf():
                return "(" + " OR ".join(self.node(part, closed=closed) for part in node.parts) + ")"

    def leaf(self, leaf: Leaf) -> str:
        column = self.reading.expression(leaf.attributes[0])
        if leaf.op == "is_missing":
            return f"{column} IS NULL"
        if leaf.klass == "residence_area":
            return self.residence_area(leaf)
        if leaf.klass == "hukou_area":
            return self.hukou_area(leaf, column)
        return self.comparison(leaf.op, column, [self.dated(value) for value in leaf.values])

    def comparison(self, op: str, column: str, values: list[Value]) -> str:
        match op:
            case "in":
                return f"{column} IN ({self.marks(values)})"
            case "not_in":
                return f"{column} NOT IN ({self.marks(values)})"
            case "contains_any":
                return f"list_has_any({column}, [{self.marks(values)}])"
            case "contains_none":
                return f"NOT list_has_any({column}, [{self.marks(values)}])"
            case "between":
                first, last = (self.marks([value]) for value in values)
                return f"{column} BETWEEN {first} AND {last}"
            case _:
                return f"{column} {COMPARISONS[op]} {self.marks(values)}"

    def residence_area(self, leaf: Leaf) -> str:
        """within: in one of the places; not_within: every level asked for is known, and in none of the places."""
        by_level: dict[str, list[str]] = {}
        for level, code in zip(leaf.attributes, leaf.values, strict=True):
            by_level.setdefault(level, []).append(str(code))
        inside = []
        for level, codes in by_level.items():
            column = self.reading.expression(level)
            named = [code for code in codes if code != CITY]
            if CITY in codes:
                inside.append(f"{column} IS NOT NULL")
            if named:
                inside.append(f"{column} IN ({self.marks(named)})")
        if leaf.op == "within":
            return "(" + " OR ".join(inside) + ")"
        known = [f"{self.reading.expression(level)} IS NOT NULL" for level in by_level]
        return "(" + " AND ".join([*known, *(f"NOT ({condition})" for condition in inside)]) + ")"

    def hukou_area(self, leaf: Leaf, column: str) -> str:
        inside = []
        for code in map(str, leaf.values):
            prefix = code[:2] if code.endswith("0000") else code[:4] if code.endswith("00") else code
            inside.append(f"starts_with({column}, {self.marks([prefix])})")
        anywhere = "(" + " OR ".join(inside) + ")"
        return anywhere if leaf.op == "within" else f"NOT {anywhere}"


def compile_condition(query: Query, reading: Reading, as_of: date) -> tuple[str, list[Any]]:
    """(SQL condition, parameters) of the persons that the query means and its purpose may see.

    Without the class vital_status a query means people who are alive.
    """
    condition = Condition(reading, as_of)
    asked = any(leaf.klass == ALIVE.klass for leaf in leaves(query.tree))
    sql = condition.node(query.tree if asked else All((query.tree, ALIVE)))
    return f"{reading.condition} AND {sql}", condition.parameters


def moved(day: date, months: int) -> date:
    """The day moved by calendar months; the last day of the month where the day does not exist."""
    month = day.year * 12 + day.month - 1 + months
    year, month = divmod(month, 12)
    year = min(max(year, date.min.year), date.max.year)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
