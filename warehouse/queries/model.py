"""A class query after parsing: a tree whose leaves name one class, its attribute, an operator and checked values.

Belongs here: frozen shapes and their form as plain data. Does not: reading text (parsing.py), SQL (compiling.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from sources.errors import OneGridError


class QueryRefused(OneGridError):
    """The query cannot be answered; `problems` lists everything that is wrong, each with its path in the query."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = tuple(problems)
        super().__init__(
            what="; ".join(problems), where="query", remedy="correct the query; docs/queries.md explains it"
        )


@dataclass(frozen=True, slots=True)
class MonthsFromAsOf:
    """A date stated as the reference date moved by calendar months."""

    months: int


Value = str | int | float | bool | date | MonthsFromAsOf


@dataclass(frozen=True, slots=True)
class Leaf:
    """One statement about one class. `values` are checked: codes exist, divisions are present ones, dates are dates.

    `attributes` holds the attribute, in a residence_area one per value (the level of the value decides).
    """

    klass: str
    attributes: tuple[str, ...]
    op: str
    values: tuple[Value, ...]
    stated_attribute: str | None = None
    stated_value: Any = None


@dataclass(frozen=True, slots=True)
class All:
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    part: Node


Node = Leaf | All | AnyOf | Not


@dataclass(frozen=True, slots=True)
class Query:
    """A purpose, what is asked, and the day it is asked for (None: the current snapshot).

    `areas`: codes of the areas whose residents the reader may see; `departments`: those of whose records the reader may see the
    persons; empty means all.
    """

    purpose: str
    tree: Node
    as_of: date | None = None
    areas: tuple[str, ...] = ()
    departments: tuple[str, ...] = ()


def leaves(node: Node) -> Iterator[Leaf]:
    """Every leaf, in order."""
    match node:
        case Leaf():
            yield node
        case Not():
            yield from leaves(node.part)
        case All() | AnyOf():
            for part in node.parts:
                yield from leaves(part)


def plain(node: Node) -> dict[str, Any]:
    """The tree as it is written in JSON."""
    match node:
        case Leaf():
            stated = {
                "class": node.klass,
                "attribute": node.stated_attribute,
                "op": node.op,
                "value": node.stated_value,
            }
            return {key: value for key, value in stated.items() if value is not None}
        case Not():
            return {"not": plain(node.part)}
        case All():
            return {"all": [plain(part) for part in node.parts]}
        case AnyOf():
            return {"any": [plain(part) for part in node.parts]}
