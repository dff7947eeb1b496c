"""The profile as a whole: every attribute once, in order, for everybody; what readers may not know of leaves no
trace."""

from __future__ import annotations

import ast
from datetime import date
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sources.catalogue import load_catalogue
from sources.tables import quoted
from tests.factories import a_record, an_empty_city, insert
from tests.warehouse.random_city import Records, records, written
from warehouse import profile
from warehouse.build import ProfileBuild

AS_OF = date(2025, 6, 8)
ATTRIBUTES = tuple(load_catalogue().attributes)
LISTS = [name for name, item in load_catalogue().attributes.items() if item.type.endswith("_list")]


def place_of(attribute: str) -> int:
    return next(place for place, module in enumerate(profile.MODULES) if attribute in module.ATTRIBUTES)


def test_every_attribute_is_computed_by_exactly_one_module() -> None:
    made = [name for module in profile.MODULES for name in module.ATTRIBUTES]
    assert sorted(made) == sorted(profile.stored_attributes())


def test_every_attribute_has_a_case() -> None:
    named: set[str] = set()
    for path in Path(__file__).parent.glob("test_*.py"):
        if path.name != Path(__file__).name:
            named |= {
                node.value
                for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
                if isinstance(node, ast.Constant) and isinstance(node.value, str)
            }
    assert set(profile.stored_attributes()) - named == set()


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        pytest.param("birth_date", "vital_status", id="birth date before vital status"),
        pytest.param("age", "hukou_status", id="age before registration"),
        pytest.param("hukou_division", "residence_address", id="registration before residence"),
        pytest.param("residence_county", "resident_type", id="residence before population type"),
        pytest.param("resident_type", "spouse_person", id="population type before spouse"),
        pytest.param("spouse_person", "household_id", id="spouse before household"),
        pytest.param("household_id", "dwelling_tenure", id="household before tenure"),
        pytest.param("dwelling_tenure", "contact_phone", id="counts and tenure before telephone"),
        pytest.param("contact_phone", "emergency_contact_phone", id="own telephone before that of the contact"),
        pytest.param("assistance_types", "unclaimed_entitlements", id="benefits before unclaimed entitlements"),
    ],
)
def test_order_of_computation(earlier: str, later: str) -> None:
    assert place_of(earlier) <= place_of(later)


@pytest.fixture
def city() -> duckdb.DuckDBPyConnection:
    con = an_empty_city()
    a_record(
        con,
        "household_registration",
        {"holder": "P1", "mother": "P3"},
        status="1",
        sex="2",
        birth_date="1950-03-01",
        name="陈秀英",
    )
    a_record(con, "care_followups", "P1", status="1", programme="1", next_followup="2025-01-01")
    a_record(con, "resettlement_support", "P2", status="1", support_end="2027-01-01", needs=["1"])
    return con


def test_one_row_per_person_with_the_115_attributes_in_order(city: duckdb.DuckDBPyConnection) -> None:
    counts = profile.build(city, AS_OF)
    for table in ("profile", "profile_open"):
        assert tuple(city.table(table).columns) == (*ATTRIBUTES, "known_from")
        assert city.execute(f"SELECT person_id FROM {table} ORDER BY ALL").fetchall() == [("P1",), ("P2",), ("P3",)]
    assert counts.persons == 3
    assert counts.values == sum(
        city.execute(f"SELECT count({name}) FROM profile").fetchall()[0][0] for name in profile.stored_attributes()
    )


def test_lists_are_never_missing(city: duckdb.DuckDBPyConnection) -> None:
    profile.build(city, AS_OF)
    for table in ("profile", "profile_open"):
        assert city.execute(f"SELECT {', '.join(f'count({name})' for name in LISTS)} FROM {table}").fetchone() == (
            3,
        ) * len(LISTS)


def test_the_open_profile_knows_nothing_of_restricted_care_and_support(city: duckdb.DuckDBPyConnection) -> None:
    profile.build(city, AS_OF)
    seen = """next_followup_due, followup_overdue, chronic_conditions, source_count, resettlement_support_active,
              resettlement_support_needs"""
    read = f"SELECT {seen} FROM {{}} WHERE person_id IN ('P1', 'P2') ORDER BY person_id"
    assert city.execute(read.format("profile")).fetchall() == [
        (date(2025, 1, 1), True, ["1"], 2, None, []),
        (None, None, [], 0, True, ["1"]),
    ]
    assert city.execute(read.format("profile_open")).fetchall() == [
        (None, None, [], 1, None, []),
        (None, None, [], 0, None, []),
    ]
    assert city.execute("SELECT value FROM attr_next_followup_due").fetchall() == [(date(2025, 1, 1),)], (
        "attr_* end as `profile`"
    )


def test_without_restricted_records_both_profiles_are_equal() -> None:
    con = an_empty_city()
    a_record(con, "health_records", "P1", status="1", conditions=["1"])
    assert profile.build(con, AS_OF).computed_again == 0
    assert con.execute("FROM profile").fetchall() == con.execute("FROM profile_open").fetchall()


def test_the_winning_record_stands_beside_the_value(city: duckdb.DuckDBPyConnection) -> None:
    profile.build(city, AS_OF)
    (record_id,) = city.execute("SELECT record_id FROM current_household_registration").fetchall()[0]
    assert (
        city.execute("SELECT relation_to_head, sex FROM profile_record WHERE person_id = 'P1'").fetchall()[0][1]
        == record_id
    )


def test_open_alerts_are_counted(city: duckdb.DuckDBPyConnection) -> None:
    profile.build(city, AS_OF)
    for number, (person, state) in enumerate([("P1", "open"), ("P1", "open"), ("P1", "closed"), (None, "open")]):
        insert(city, "alert", alert_id=str(number), person_id=person, state=state)
    profile.fill_open_mismatches(city)
    for table in ("profile", "profile_open"):
        assert city.execute(f"SELECT open_mismatches FROM {table} ORDER BY person_id").fetchall() == [(2,), (0,), (0,)]


def test_counting_again_forgets_closed_alerts(city: duckdb.DuckDBPyConnection) -> None:
    profile.build(city, AS_OF)
    insert(city, "alert", alert_id="1", person_id="P1", state="open")
    profile.fill_open_mismatches(city)
    city.execute("UPDATE alert SET state = 'closed'")
    profile.fill_open_mismatches(city)
    assert city.execute("SELECT max(open_mismatches) FROM profile").fetchall() == [(0,)]


@pytest.mark.parametrize(
    "attribute",
    [
        "guardian_person",
        "vital_status",
        "age",
        "residence_county",
        "source_count",
        "last_confirmed_date",
        "chronic_conditions",
        "followup_overdue",
        "name_variants",
        "emergency_contact_phone",
    ],
)
def test_what_depends_on_the_restricted_categories_is_computed_again(attribute: str) -> None:
    assert attribute in profile.touched_by(profile.HIDDEN)


@pytest.mark.parametrize("attribute", ["school_name", "pension_scheme", "fund_loan_balance", "medical_county"])
def test_what_does_not_depend_on_them_is_not(attribute: str) -> None:
    assert attribute not in profile.touched_by(profile.HIDDEN)


def test_every_step_is_reported(city: duckdb.DuckDBPyConnection) -> None:
    steps: list[str] = []
    profile.build(city, AS_OF, lambda step, _rows: steps.append(step))
    assert {module.__name__.rpartition(".")[2] for module in profile.MODULES} | {"profile"} == set(steps)


@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(made=records(), order=st.randoms(use_true_random=False))
def test_row_order_changes_nothing(made: Records, order: object) -> None:
    shuffled = made.copy()
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    found = []
    for version in (made, shuffled):
        with written(version) as con:
            profile.build(con, AS_OF)
            found.append(
                [
                    con.execute(f"FROM {table} ORDER BY person_id").fetchall()
                    for table in ("profile", "profile_open", "profile_record")
                ]
            )
    assert found[0] == found[1]


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(made=records())
def test_what_is_not_computed_again_would_be_the_same(made: Records) -> None:
    with written(made) as con:
        profile.build(con, AS_OF)
        fast = con.execute("FROM profile ORDER BY person_id").fetchall()
        for module in profile.MODULES:
            module.build(con, ProfileBuild(AS_OF))
        for place, name in enumerate(profile.stored_attributes(), start=1):
            again = dict(con.execute(f"SELECT person_id, value FROM {quoted('attr_' + name)}").fetchall())
            assert {row[0]: row[place] for row in fast if row[place] is not None} == again, name
