"""Property: a random query means the same persons to the compiled SQL and to the slow evaluator."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sources.catalogue import load_catalogue
from sources.catalogue.models import Attribute, AttributeClass
from tests.warehouse.profiles import create_profiles, profile_columns, publish
from tests.warehouse.slow_evaluator import LEVEL, means
from warehouse.purposes import reading
from warehouse.queries import answer, count, parse
from warehouse.queries.compiling import compile_condition

AS_OF = date(2025, 5, 31)
PLACES = {
    "residence_county": ["421002", "421003", "421088"],
    "residence_township": ["421002001", "421003100", "421088100"],
    "residence_community": ["421002001001", "421003100201"],
    "residence_grid": ["421002001001001", "421002001001002"],
    "hukou_division": ["421002", "421003", "421088", "420106", "420821", "110105", "420000"],
}
ASKED_PLACES = [
    "421000",
    "421002",
    "421003",
    "421088",
    "421023",
    "421023100",
    "421002001",
    "421002001001",
    "421002001001001",
]
ASKED_DIVISIONS = ["421000", "420000", "421002", "421023", "421025", "420400", "110000", "420100"]
CLASSES = load_catalogue().classes
CLASS_ATTRIBUTES = sorted({name for klass in CLASSES.values() for name in klass.attributes})


def stored_values(attribute: Attribute) -> st.SearchStrategy[Any]:
    """Values that a profile can hold, missing included."""
    if attribute.name in PLACES:
        values: st.SearchStrategy[Any] = st.sampled_from(PLACES[attribute.name])
    elif attribute.type == "integer":
        values = st.integers(0, 12) | st.integers(55, 105)
    elif attribute.type == "boolean":
        values = st.booleans()
    elif attribute.type == "date":
        values = st.integers(-800, 0).map(lambda days: AS_OF + timedelta(days))
    elif attribute.type == "code_list":
        values = st.lists(codes(attribute), max_size=3, unique=True)
    else:
        values = codes(attribute)
    return st.none() | values


def codes(attribute: Attribute) -> st.SearchStrategy[str]:
    return st.sampled_from(load_catalogue().lists[str(attribute.codes)].codes[:6])


def asked_values(klass: AttributeClass, attribute: Attribute, op: str) -> st.SearchStrategy[Any]:
    """Values that a query may state with this operator."""
    if klass.kind == "flag":
        return st.booleans()
    if klass.kind == "hierarchy":
        asked = st.sampled_from(ASKED_PLACES if klass.name == "residence_area" else ASKED_DIVISIONS)
        return asked | st.lists(asked, min_size=1, max_size=3)
    if klass.kind == "code":
        return st.lists(codes(attribute), min_size=1, max_size=3)
    one = st.integers(0, 105) if klass.kind == "range" else days()
    if op == "between":
        if klass.kind == "date":
            return st.tuples(st.integers(-24, 0), st.integers(0, 24)).map(
                lambda pair: [{"as_of_months": pair[0]}, {"as_of_months": pair[1]}]
            )
        return st.lists(one, min_size=2, max_size=2).map(sorted)
    return one


def days() -> st.SearchStrategy[Any]:
    fixed = st.integers(-800, 5).map(lambda offset: (AS_OF + timedelta(offset)).isoformat())
    return fixed | st.integers(-27, 3).map(lambda months: {"as_of_months": months})


@st.composite
def a_leaf(draw: st.DrawFn, purpose: str) -> dict[str, Any]:
    opened = load_catalogue().purposes[purpose].attributes
    klass = draw(st.sampled_from([k for k in CLASSES.values() if set(k.attributes) & set(opened)]))
    name = draw(st.sampled_from([name for name in klass.attributes if name in opened]))
    attribute = load_catalogue().attributes[name]
    is_list = attribute.type == "code_list"
    list_op = {"in": False, "not_in": False, "contains_any": True, "contains_none": True}
    op = draw(st.sampled_from([op for op in klass.operators if list_op.get(op, is_list) == is_list]))
    leaf: dict[str, Any] = {"class": klass.name, "op": op}
    if len(klass.attributes) > 1 and klass.kind != "hierarchy":
        leaf["attribute"] = name
    if op != "is_missing":
        value = draw(asked_values(klass, attribute, op))
        if klass.name == "residence_area":
            value = [
                code for code in ([value] if isinstance(value, str) else value) if LEVEL[len(code)] in opened
            ] or "421000"
        leaf["value"] = value
    return leaf


def trees(purpose: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.recursive(
        a_leaf(purpose),
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"all": parts}),
            st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"any": parts}),
            inner.map(lambda part: {"not": part}),
        ),
        max_leaves=8,
    )


@st.composite
def a_query(draw: st.DrawFn) -> dict[str, Any]:
    purpose = draw(st.sampled_from(list(load_catalogue().purposes)))
    return {"purpose": purpose, "query": draw(trees(purpose))}


def a_profile() -> st.SearchStrategy[dict[str, Any]]:
    fields = {name: stored_values(load_catalogue().attributes[name]) for name in CLASS_ATTRIBUTES}
    fields["vital_status"] = st.sampled_from(["1", "1", "1", "2", "9", None])
    fields["known_from"] = st.sampled_from(["open", "open", "open", "health", "justice", "health_justice", "relative"])
    return st.fixed_dictionaries(fields)


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        create_profiles(connection)
        publish(connection, AS_OF)
        yield connection


def store(con: duckdb.DuckDBPyConnection, people: list[dict[str, Any]]) -> None:
    columns = [*CLASS_ATTRIBUTES, "known_from"]
    for table in ("profile", "profile_open"):
        con.execute(f"DELETE FROM {table}")
        con.executemany(
            f"INSERT INTO {table} (person_id, {', '.join(columns)}) VALUES (?, {', '.join('?' for _ in columns)})",
            [[f"p{position}", *(person[name] for name in columns)] for position, person in enumerate(people)],
        )


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(people=st.lists(a_profile(), min_size=1, max_size=4), asked=st.lists(a_query(), min_size=8, max_size=16))
def test_compiled_queries_and_the_slow_evaluator_agree(
    con: duckdb.DuckDBPyConnection, people: list[dict[str, Any]], asked: list[dict[str, Any]]
) -> None:
    store(con, people)
    for stated in asked:
        expected = [f"p{position}" for position, person in enumerate(people) if means(stated, person, AS_OF)]
        query = parse(stated)
        source = reading(query.purpose)
        condition, parameters = compile_condition(query, source, AS_OF)
        rows = con.execute(
            f"SELECT p.person_id FROM {source.tables} WHERE {condition} ORDER BY ALL", parameters
        ).fetchall()
        assert [person for (person,) in rows] == expected
        if query.purpose != "statistics":
            answered = answer(con, query, columns=["person_id"])
            assert answered.rows["person_id"].to_pylist() == expected
            assert count(con, query).persons == len(expected)


def test_the_columns_of_random_profiles_are_columns_of_the_profile() -> None:
    assert set(CLASS_ATTRIBUTES) <= set(profile_columns())
