"""The normal form of a question: one text for the ways to write the same condition.

Belongs here: negations pushed inwards, nested parts flattened, statements about one attribute merged, everything in one order.
Does not: knowing which persons fit. Ways of writing that only the data make equal stay different (docs/disclosure.md).

A statement about an attribute is the set of values that it accepts and whether it accepts a missing one, so statements about the same
attribute are intersected, united and negated exactly. Places and lists of codes stay as they are stated, their values in order.
"""

from __future__ import annotations

import math
from datetime import date, timedelta
from functools import cache
from typing import Any

from sources.catalogue import load_catalogue
from sources.catalogue.models import AttributeClass
from warehouse.queries.compiling import ALIVE, moved
from warehouse.queries.model import All, AnyOf, Leaf, MonthsFromAsOf, Node, Not, Query, Value, leaves
from warehouse.queries.values import CITY, LEVELS

Form = tuple[Any, ...]
"""One of: ("values", attribute, accepted values or spans, accepts missing), ("said", is, text...),
("all" or "any", parts...), ("true",), ("false",)."""

TRUE: Form = ("true",)
FALSE: Form = ("false",)
FROM, TO = -math.inf, math.inf


def meant(query: Query) -> Node:
    """The tree with vital_status, which a query that does not name it means as well (compiling.py)."""
    return query.tree if any(leaf.klass == ALIVE.klass for leaf in leaves(query.tree)) else All((query.tree, ALIVE))


def normal_form(node: Node, as_of: date, *, negated: bool = False) -> Form:
    match node:
        case Not():
            return normal_form(node.part, as_of, negated=not negated)
        case All():
            return joined("any" if negated else "all", [normal_form(part, as_of, negated=negated) for part in node.parts])
        case AnyOf():
            return joined("all" if negated else "any", [normal_form(part, as_of, negated=negated) for part in node.parts])
        case Leaf():
            return _leaf(node, as_of, negated)


def joined(how: str, parts: list[Form]) -> Form:
    """All or any of the parts, in normal form."""
    nothing, everything = (TRUE, FALSE) if how == "all" else (FALSE, TRUE)
    merged: dict[str, Form] = {}
    kept: set[Form] = set()
    for part in _flat(how, parts):
        if part[0] != "values":
            kept.add(part)
        else:
            before = merged.get(part[1])
            merged[part[1]] = part if before is None else _merged(how, before, part)
    found = {_plain(part) for part in merged.values()} | kept
    if everything in found:
        return everything
    found.discard(nothing)
    other = "any" if how == "all" else "all"
    found = {part for part in found if not (part[0] == other and found & set(part[1:]))}
    if len(found) < 2:
        return found.pop() if found else nothing
    return (how, *sorted(found, key=repr))


def _flat(how: str, parts: list[Form]) -> list[Form]:
    return [inner for part in parts for inner in (part[1:] if part[0] == how else (part,))]


def _merged(how: str, one: Form, other: Form) -> Form:
    _, attribute, first, first_missing = one
    _, _, second, second_missing = other
    if how == "all":
        both = _without(attribute, _either(attribute, _without(attribute, first), _without(attribute, second)))
        return ("values", attribute, both, first_missing and second_missing)
    return ("values", attribute, _either(attribute, first, second), first_missing or second_missing)


def _plain(part: Form) -> Form:
    """true and false where nothing is left to ask."""
    _, attribute, accepted, missing = part
    if not accepted and not missing:
        return FALSE
    return TRUE if missing and not _without(attribute, accepted) else part


@cache
def _coded(attribute: str) -> frozenset[str] | None:
    """Every value that the attribute can have, None where they are numbers or days."""
    described = load_catalogue().attributes[attribute]
    if described.type == "boolean":
        return frozenset({"True", "False"})
    return frozenset(entry.code for entry in load_catalogue().lists[described.codes].values) if described.codes is not None else None


def _either(attribute: str, first: Form, second: Form) -> Form:
    return _united(first, second) if _coded(attribute) is None else tuple(sorted({*first, *second}))


def _without(attribute: str, accepted: Form) -> Form:
    """Every other value."""
    every = _coded(attribute)
    return _outside(accepted) if every is None else tuple(sorted(every.difference(accepted)))


def _leaf(leaf: Leaf, as_of: date, negated: bool) -> Form:
    attribute = leaf.attributes[0]
    if leaf.op != "is_missing" and leaf.klass in ("residence_area", "hukou_area"):
        return ("said", not negated, leaf.klass, leaf.op, *_places(leaf))
    if leaf.op in ("contains_any", "contains_none"):
        return ("said", not negated, attribute, leaf.op, *sorted(set(map(str, leaf.values))))
    accepted = () if leaf.op == "is_missing" else _accepted(leaf, attribute, as_of)
    missing = leaf.op == "is_missing"
    return _plain(("values", attribute, _without(attribute, accepted) if negated else accepted, missing != negated))


def _places(leaf: Leaf) -> list[str]:
    """Codes in order, without those inside another."""
    codes = sorted(set(map(str, leaf.values)))
    if leaf.klass == "hukou_area" or leaf.op != "within":
        return codes
    return [CITY] if CITY in codes else [code for code in codes if not any(code != other and code.startswith(other) for other in codes)]


def _accepted(leaf: Leaf, attribute: str, as_of: date) -> Form:
    values = [moved(as_of, value.months) if isinstance(value, MonthsFromAsOf) else value for value in leaf.values]
    every = _coded(attribute)
    if every is not None:
        stated = set(map(str, values))
        return tuple(sorted(every - stated if leaf.op == "not_in" else stated))
    numbers = [value.toordinal() if isinstance(value, date) else float(value) for value in values]
    first, last = numbers[0], numbers[-1]
    if leaf.op == "ne":
        return _outside(_span(first, first))
    low, high = {"lt": (FROM, math.ceil(first) - 1), "before": (FROM, math.ceil(first) - 1),
                 "le": (FROM, first), "on_or_before": (FROM, first),
                 "gt": (math.floor(first) + 1, TO), "after": (math.floor(first) + 1, TO),
                 "ge": (first, TO), "on_or_after": (first, TO)}.get(leaf.op, (first, last))
    return _span(low, high)


def _span(first: float, last: float) -> tuple[tuple[float, float], ...]:
    """The whole numbers from first to last, as [from, to); every number of a class is whole and none is negative."""
    low = FROM if first <= 0 else float(math.ceil(first))
    high = TO if last == TO else float(math.floor(last) + 1)
    return ((low, high),) if low < high and high > 0 else ()


def _united(one: tuple[tuple[float, float], ...], other: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
    united: list[tuple[float, float]] = []
    for low, high in sorted((*one, *other)):
        if united and low <= united[-1][1]:
            united[-1] = (united[-1][0], max(high, united[-1][1]))
        else:
            united.append((low, high))
    return tuple(united)


def _outside(spans: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
    edges = [FROM, *(edge for span in spans for edge in span), TO]
    return tuple((low, high) for low, high in zip(edges[::2], edges[1::2], strict=True) if low < high)


def question(form: Form, query: Query, measure: str) -> str:
    """What noise is drawn for: the normal form, what is counted, and the limits of a reader who may not see everybody."""
    return repr((measure, form, sorted(query.areas), sorted(query.departments)))


def cell_leaf(klass: AttributeClass, attribute: str, value: str | None) -> Leaf:
    """The statement that a person is counted in this cell (cells.py); in a list of codes, an empty text is a list without codes."""
    if value is None:
        return Leaf(klass.name, (attribute,), "is_missing", ())
    if attribute in LEVELS.values():
        return within(value)
    values: tuple[Value, ...] = (value,)
    op = "within" if klass.kind == "hierarchy" else "in"
    described = load_catalogue().attributes[attribute]
    if klass.kind == "range" and value.endswith("+"):
        op, values = "ge", (int(value[:-1]),)
    elif klass.kind == "range":
        first, _, last = value.partition("-")
        op, values = "between", (int(first), int(last or first))
    elif klass.kind == "date":
        first_day = date.fromisoformat(f"{value}-01")
        op, values = "between", (first_day, moved(first_day, 1) - timedelta(days=1))
    elif described.type == "code_list" and value:
        op = "contains_any"
    elif described.type == "code_list":
        op, values = "contains_none", tuple(entry.code for entry in load_catalogue().lists[str(described.codes)].values)
    elif klass.kind == "flag":
        op, values = "is", (value == "true",)
    return Leaf(klass.name, (attribute,), op, values)


def within(code: str) -> Leaf:
    return Leaf("residence_area", (LEVELS[len(code)],), "within", (code,))
