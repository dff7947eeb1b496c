"""The query language of classes.yaml, person by person, in the plainest words; what the compiled SQL is compared with.

It reads a query as it is written (not the parsed one) and a profile as a dictionary.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable
from datetime import date
from typing import Any

from sources.catalogue import load_catalogue

Person = dict[str, Any]
LEVEL = {6: "residence_county", 9: "residence_township", 12: "residence_community", 15: "residence_grid"}


def means(query: dict[str, Any], person: Person, as_of: date) -> bool:
    """Is this person in the result? Visibility and the default about the dead included."""
    visible = {
        "public_health": {"open", "health", "health_justice"},
        "legal_service": {"open", "justice", "health_justice"},
    }.get(query["purpose"], {"open"})
    if person["known_from"] not in visible:
        return False
    if "vital_status" not in _classes(query["query"]) and person["vital_status"] != "1":
        return False
    return _holds(query["query"], person, as_of)


def _classes(tree: dict[str, Any]) -> set[str]:
    if "class" in tree:
        return {tree["class"]}
    parts = [tree["not"]] if "not" in tree else tree.get("all", []) + tree.get("any", [])
    return set().union(*(_classes(part) for part in parts))


def _holds(tree: dict[str, Any], person: Person, as_of: date) -> bool:  # noqa: PLR0911 - one line per case
    if "all" in tree:
        return all(_holds(part, person, as_of) for part in tree["all"])
    if "any" in tree:
        return any(_holds(part, person, as_of) for part in tree["any"])
    if "not" in tree:
        return not _holds(tree["not"], person, as_of)
    if tree["class"] == "residence_area" and tree["op"] != "is_missing":
        return _in_area(tree, person)
    klass = load_catalogue().classes[tree["class"]]
    value = person[tree.get("attribute") or klass.attributes[0]]
    if tree["op"] == "is_missing":
        return value is None
    if value is None:
        return False
    if tree["class"] == "hukou_area":
        inside = any(_division_inside(value, code) for code in _several(tree["value"]))
        return inside if tree["op"] == "within" else not inside
    return _compare(tree["op"], value, tree["value"], as_of)


def _several(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def _now(code: str) -> str:
    successors = {entry.code: entry.successor for entry in load_catalogue().lists["gbt_2260_retired"].values}
    return (successors.get(code[:6]) or code[:6]) + code[6:]


def _in_area(leaf: dict[str, Any], person: Person) -> bool:
    answers: list[bool | None] = []
    for code in map(_now, _several(leaf["value"])):
        here = person[LEVEL[len(code)]]
        if here is None:
            answers.append(None)
        else:
            answers.append(code in {"421000", here})
    if leaf["op"] == "within":
        return True in answers
    return None not in answers and True not in answers


def _division_inside(value: str, stated: str) -> bool:
    code = _now(stated)
    if code[2:] == "0000":
        return value[:2] == code[:2]
    if code[4:] == "00":
        return value[:4] == code[:4]
    return value == code


def _compare(op: str, value: Any, stated: Any, as_of: date) -> bool:
    if isinstance(value, date):
        stated = [_day(day, as_of) for day in stated] if isinstance(stated, list) else _day(stated, as_of)
    answers: dict[str, Callable[[], Any]] = {
        "eq": lambda: value == stated,
        "ne": lambda: value != stated,
        "lt": lambda: value < stated,
        "le": lambda: value <= stated,
        "gt": lambda: value > stated,
        "ge": lambda: value >= stated,
        "between": lambda: stated[0] <= value <= stated[1],
        "in": lambda: value in stated,
        "not_in": lambda: value not in stated,
        "is": lambda: value == stated,
        "contains_any": lambda: any(code in value for code in stated),
        "contains_none": lambda: not any(code in value for code in stated),
        "on_date": lambda: value == stated,
        "before": lambda: value < stated,
        "on_or_before": lambda: value <= stated,
        "after": lambda: value > stated,
        "on_or_after": lambda: value >= stated,
    }
    return bool(answers[op]())


def _day(stated: Any, as_of: date) -> date:
    if isinstance(stated, str):
        return date.fromisoformat(stated)
    year, month = as_of.year, as_of.month + stated["as_of_months"]
    while month < 1:
        year, month = year - 1, month + 12
    while month > 12:
        year, month = year + 1, month - 12
    return date(year, month, min(as_of.day, calendar.monthrange(year, month)[1]))
