"""The normal form of a question means what the question means, for every person."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sources.catalogue import load_catalogue
from tests.warehouse.slow_evaluator import LEVEL, Person, means
from tests.warehouse.test_queries_agreement import AS_OF, a_profile, a_query
from warehouse.queries import parse
from warehouse.queries.normal import Form, cell_leaf, normal_form


def holds(form: Form, person: Person) -> bool:
    """The normal form for one person, without the compiler."""
    match form:
        case ("true",):
            return True
        case ("false",):
            return False
        case ("all", *parts):
            return all(holds(part, person) for part in parts)
        case ("any", *parts):
            return any(holds(part, person) for part in parts)
        case ("values", attribute, accepted, missing):
            return bool(missing) if person[attribute] is None else accepts(accepted, person[attribute])
        case ("said", stated, name, op, *values):
            return bool(stated) == said(name, op, values, person)
    raise AssertionError(form)


def accepts(accepted: Form, value: Any) -> bool:
    if isinstance(value, list) or (accepted and isinstance(value, str) and isinstance(accepted[0], tuple)):
        return bool(accepted)
    if isinstance(value, date):
        value = value.toordinal()
    if isinstance(value, int) and not isinstance(value, bool):
        return any(low <= value < high for low, high in accepted)
    return str(value) in accepted


def said(name: str, op: str, values: list[str], person: Person) -> bool:
    klass = load_catalogue().classes.get(name)
    leaf = {"class": klass.name if klass else next(one.name for one in load_catalogue().classes.values() if name in one.attributes),
            "op": op, "value": values} | ({} if klass else {"attribute": name})
    return means({"purpose": "grid_service", "query": {"all": [leaf, {"class": "vital_status", "op": "in", "value": ["1"]}]}},
                 person | {"known_from": "open", "vital_status": "1"}, AS_OF)


def settled(person: Person) -> Person:
    """Places inside each other, as in a profile: what is known below is known above."""
    deepest = max((str(person[name]) for name in LEVEL.values() if person[name]), key=len, default="")
    return person | {name: deepest[:digits] if len(deepest) >= digits else None for digits, name in LEVEL.items()}


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(a_query(), st.lists(a_profile(), min_size=1, max_size=3))
def test_the_normal_form_holds_for_the_same_persons(asked: dict[str, Any], persons: list[Person]) -> None:
    form = normal_form(parse(asked).tree, AS_OF)
    for person in map(settled, persons):
        alive = person | {"known_from": "open", "vital_status": person["vital_status"]}
        tree = {"all": [asked["query"], {"any": [{"class": "vital_status", "op": "is_missing"},
                                                 {"not": {"class": "vital_status", "op": "is_missing"}}]}]}
        assert holds(form, alive) == means({"purpose": "grid_service", "query": tree}, alive, AS_OF)


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(a_query(), st.randoms(use_true_random=False))
def test_order_and_double_negation_change_nothing(asked: dict[str, Any], dice: Any) -> None:
    def shuffled(tree: dict[str, Any]) -> dict[str, Any]:
        for key in ("all", "any"):
            if key in tree:
                parts = [shuffled(part) for part in tree[key]]
                dice.shuffle(parts)
                return {key: [*parts, parts[0]]}
        if "not" in tree:
            return {"not": shuffled(tree["not"])}
        return {"not": {"not": tree}}

    other = {"purpose": asked["purpose"], "query": shuffled(asked["query"])}
    assert normal_form(parse(asked).tree, AS_OF) == normal_form(parse(other).tree, AS_OF)


@pytest.mark.parametrize(("attribute", "value", "inside", "outside"), [
    ("age", "060-064", 64, 65), ("age", "100+", 104, 99), ("household_size", "003", 3, 4), ("sex", "1", "1", "2"),
    ("living_alone", "true", True, False), ("living_alone", "false", False, True), ("sex", None, None, "1"),
    ("assistance_types", "1", ["1", "5"], []), ("assistance_types", "", [], ["1"]),
    ("last_confirmed_date", "2025-02", date(2025, 2, 28), date(2025, 3, 1)), ("residence_community", "421002001001", "421002001001", None),
], ids=str)
def test_a_cell_is_the_question_for_its_persons(attribute: str, value: str | None, inside: Any, outside: Any) -> None:
    klass = next(one for one in load_catalogue().classes.values() if attribute in one.attributes)
    form = normal_form(cell_leaf(klass, attribute, value), AS_OF)
    nobody = dict.fromkeys(load_catalogue().attributes)
    assert holds(form, nobody | {attribute: inside})
    assert not holds(form, nobody | {attribute: outside})
