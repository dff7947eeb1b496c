"""Values of query leaves: what each kind of class accepts.

Belongs here: checking a value against its operator, attribute and code list; retired divisions become present ones.
Does not: the tree around it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import date, datetime
from functools import cache
from typing import Any

from sources.catalogue import load_catalogue
from sources.catalogue.models import Attribute
from warehouse.queries.model import MonthsFromAsOf, Value

MOST_VALUES = 1000
LARGEST_NUMBER = 10**9
MOST_MONTHS = 2400
CITY = "421000"
LEVELS = {6: "residence_county", 9: "residence_township", 12: "residence_community", 15: "residence_grid"}
"""Attribute of a residence_area value by its number of digits."""

DATE_FORM = re.compile(r"\d{4}-\d{2}-\d{2}")


class WrongValue(ValueError):
    """The value of a leaf; the text says what is accepted."""


def checked_values(kind: str, attribute: Attribute | None, op: str, value: Any) -> tuple[Value, ...]:
    """The values of a leaf; `attribute` is None in hierarchies. Raises WrongValue."""
    if kind == "range":
        return _pair(value, _number) if op == "between" else (_number(value),)
    if kind == "date":
        return _pair(value, _day) if op == "between" else (_day(value),)
    if kind == "flag":
        if not isinstance(value, bool):
            raise WrongValue("is true or false")
        return (value,)
    if kind == "hierarchy":
        return tuple(dict.fromkeys(_listed(value, several_or_one=True)))
    assert attribute is not None
    return _codes(attribute, value)


def _listed(value: Any, *, several_or_one: bool = False) -> list[str]:
    if several_or_one and isinstance(value, str):
        value = [value]
    if not isinstance(value, list) or not value:
        raise WrongValue(
            "is a code or a list of codes, as text" if several_or_one else "is a list with at least one code"
        )
    if len(value) > MOST_VALUES:
        raise WrongValue(f"has at most {MOST_VALUES} codes")
    if not all(isinstance(code, str) for code in value):
        raise WrongValue("holds codes as text: write '1', not 1")
    return value


def _codes(attribute: Attribute, value: Any) -> tuple[Value, ...]:
    listed = _listed(value)
    allowed = load_catalogue().lists[str(attribute.codes)].values
    unknown = [code for code in listed if code not in {entry.code for entry in allowed}]
    if unknown:
        words = ", ".join(f"{entry.code} {entry.zh}" for entry in allowed)
        raise WrongValue(f"has no {', '.join(map(repr, unknown[:5]))} in {attribute.codes}; allowed: {words}")
    return tuple(dict.fromkeys(listed))


def _number(value: Any) -> int | float:
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not math.isfinite(value)
        or abs(value) > LARGEST_NUMBER
    ):
        raise WrongValue(f"is a number from -{LARGEST_NUMBER} to {LARGEST_NUMBER}")
    return value


def _day(value: Any) -> date | MonthsFromAsOf:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and DATE_FORM.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise WrongValue("is no day of the calendar") from None
    if isinstance(value, dict) and set(value) == {"as_of_months"}:
        months = value["as_of_months"]
        if isinstance(months, int) and not isinstance(months, bool) and abs(months) <= MOST_MONTHS:
            return MonthsFromAsOf(months)
    raise WrongValue(f"is a date YYYY-MM-DD or {{as_of_months: n}} with n from -{MOST_MONTHS} to {MOST_MONTHS}")


def _pair(value: Any, one: Callable[[Any], Any]) -> tuple[Value, ...]:
    if not isinstance(value, list) or len(value) != 2:
        raise WrongValue("is a list of two: the first and the last, both included")
    first, last = one(value[0]), one(value[1])
    both_relative = isinstance(first, MonthsFromAsOf) and isinstance(last, MonthsFromAsOf)
    if both_relative:
        turned = first.months > last.months
    elif isinstance(first, MonthsFromAsOf) or isinstance(last, MonthsFromAsOf):
        turned = False
    else:
        turned = first > last
    if turned:
        raise WrongValue("has its first after its last")
    return (first, last)


@cache
def _retired() -> dict[str, str]:
    return {
        entry.code: entry.successor for entry in load_catalogue().lists["gbt_2260_retired"].values if entry.successor
    }


def present_division(code: str) -> str:
    """The code with a retired county part replaced by its successor."""
    return _retired().get(code[:6], code[:6]) + code[6:]


def residence_place(code: str) -> tuple[str, str]:
    """(level attribute, present code) of a residence_area value. Raises WrongValue."""
    catalogue = load_catalogue()
    if not code.isascii() or not code.isdigit() or len(code) not in LEVELS:
        raise WrongValue(f"{code!r}: a place has 6 (county unit), 9 (township), 12 (community) or 15 (grid) digits")
    present = present_division(code)
    if present[:6] != CITY and present[:6] not in catalogue.lists["gbt_2260_jingzhou"].codes:
        words = ", ".join(f"{unit.code} {unit.zh}" for unit in catalogue.county_units)
        raise WrongValue(f"{code!r} is no place of the city; county units: {CITY} 全市, {words}")
    if len(code) > 6 and present[:9] not in catalogue.lists["jz_township"].codes:
        inside = [
            f"{entry.code} {entry.zh}" for entry in catalogue.lists["jz_township"].values if entry.county == present[:6]
        ]
        raise WrongValue(f"{code!r} is in no township; townships of {present[:6]}: {', '.join(inside) or 'none'}")
    return LEVELS[len(code)], present


def hukou_division(code: str) -> str:
    """The present code of a hukou_area value. Raises WrongValue."""
    if not re.fullmatch(r"[1-8]\d{5}", code):
        raise WrongValue(f"{code!r}: a division has six digits; …0000 is a province, …00 a prefecture")
    return present_division(code)
