"""Feeds with everything about them read: queries parsed, retention and scope understood, columns typed.

Belongs here: the declaration that building, reading and checking go by. Does not: rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from sources.catalogue import CatalogueError, load_catalogue
from sources.catalogue.models import Feed, FeedVariant
from sources.errors import OneGridError
from warehouse.feeds.terms import Retention, Rows, RowScope, Unclear, read_retention, read_scope
from warehouse.queries.model import All, AnyOf, Leaf, Node, Not, Query, QueryRefused
from warehouse.queries.parsing import parse_tree

TYPES = {"integer": "BIGINT", "decimal": "DECIMAL(18,2)", "date": "DATE", "boolean": "BOOLEAN", "code_list": "VARCHAR[]",
         "string_list": "VARCHAR[]"}  # fmt: skip
"""SQL type of a product's column by the type of its attribute; what is not named is text."""
COUNT = "BIGINT"


class UnknownFeed(OneGridError):
    """There is no such module."""


@dataclass(frozen=True, slots=True)
class FeedColumn:
    """One column of a product: an attribute or a measure."""

    name: str
    title_zh: str
    type: str
    nullable: bool
    codes: str | None = None


@dataclass(frozen=True, slots=True)
class DeclaredMeasure:
    """A measure and its query, which holds besides the one of the rows."""

    name: str
    query: Query


@dataclass(frozen=True, slots=True)
class DeclaredFeed:
    """A feed as everything goes by it."""

    feed: Feed
    rows: Query
    measures: tuple[DeclaredMeasure, ...]
    columns: tuple[FeedColumn, ...]
    retention: Retention
    scope: RowScope

    @property
    def module(self) -> str:
        return self.feed.module

    @property
    def attributes(self) -> tuple[str, ...]:
        """Attributes that the product shows, in order."""
        return self.feed.columns

    @property
    def is_parted(self) -> bool:
        """Whether each department gets a product of its own."""
        return self.scope.rows is Rows.ADDRESSED


@cache
def load_feeds() -> dict[str, DeclaredFeed]:
    """Every feed by module, in the order of the catalogue. Raises CatalogueError with everything that is wrong in them."""
    declared: dict[str, DeclaredFeed] = {}
    problems: list[str] = []
    for feed in load_catalogue().feeds.values():
        try:
            declared[feed.module] = declare(feed)
        except (Unclear, QueryRefused) as problem:
            problems.append(f"feed {feed.module}: {problem}")
    if problems:
        raise CatalogueError("; ".join(problems))
    return declared


def feed_of(module: str) -> DeclaredFeed:
    """Raises UnknownFeed."""
    feeds = load_feeds()
    if module not in feeds:
        raise UnknownFeed(what=f"there is no module {module!r}", where="feeds", remedy=f"state one of: {', '.join(feeds)}")
    return feeds[module]


def declare(feed: Feed) -> DeclaredFeed:
    """Raises Unclear or QueryRefused."""
    rows = read_query(feed.rows, feed.purpose)
    measures = tuple(DeclaredMeasure(measure.name, read_query(measure.query, feed.purpose)) for measure in feed.measures)
    scope = read_scope(feed.row_scope)
    if scope.attribute is not None and scope.attribute not in feed.columns:
        raise Unclear(f"row_scope needs the column {scope.attribute}")
    return DeclaredFeed(feed, rows, measures, columns_of(feed), read_retention(feed.retention), scope)


def columns_of(feed: Feed | FeedVariant) -> tuple[FeedColumn, ...]:
    """The columns in the order of the product; counts of aggregates can be suppressed, so they can be missing."""
    attributes = load_catalogue().attributes
    key = feed.key if isinstance(feed, Feed) else ()
    required = key if isinstance(feed, Feed) and feed.grain != "aggregate" else ()
    columns = [FeedColumn(name, attributes[name].title_zh, TYPES.get(attributes[name].type, "VARCHAR"), name not in required,
                          attributes[name].codes) for name in feed.columns]
    if isinstance(feed, Feed):
        columns += [FeedColumn(measure.name, measure.title_zh, COUNT, feed.min_cell is not None) for measure in feed.measures]
    return tuple(columns)


def read_query(tree: dict[str, Any], purpose: str) -> Query:
    """A class query as feeds state it: in residence_area `is_missing` may name the level that is missing, which query language
    has no words for (it means the county unit there). Raises QueryRefused."""
    levels: list[str | None] = []
    query = parse_tree(_without_levels(tree, levels), purpose)
    stated = set(load_catalogue().purposes[purpose].attributes) & set(load_catalogue().classes["residence_area"].attributes)
    closed = [level for level in levels if level is not None and level not in stated]
    if closed:
        raise QueryRefused([f"residence_area: purpose {purpose} does not open the level {level}" for level in closed])
    return Query(purpose, _with_levels(query.tree, iter(levels)))


def _without_levels(node: Any, levels: list[str | None]) -> Any:
    """The tree without the levels that `is_missing` names; `levels` gets one entry per leaf, in order."""
    if not isinstance(node, dict):
        return node
    if "class" not in node:
        return {key: [_without_levels(part, levels) for part in inside] if isinstance(inside, list) else _without_levels(inside, levels)
                for key, inside in node.items()}
    named = node.get("attribute") if node["class"] == "residence_area" and node.get("op") == "is_missing" else None
    levels.append(named)
    return node if named is None else {key: value for key, value in node.items() if key != "attribute"}


def _with_levels(node: Node, levels: Iterator[str | None]) -> Node:
    match node:
        case Leaf():
            level = next(levels)
            return node if level is None else Leaf(node.klass, (level,), node.op, (), level)
        case Not():
            return Not(_with_levels(node.part, levels))
        case All():
            return All(tuple(_with_levels(part, levels) for part in node.parts))
        case AnyOf():
            return AnyOf(tuple(_with_levels(part, levels) for part in node.parts))
