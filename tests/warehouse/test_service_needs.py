"""Service needs: rules of the dictionary by examples."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import duckdb
import pytest

from tests.warehouse.attribute_cases import ME, Case, Record, build_city, record, value_of
from warehouse.attributes import service_needs

ALIVE: dict[str, Any] = {"vital_status": "1"}

HERE: dict[str, Any] = ALIVE | {
    "hukou_status": "1",
    "hukou_division": "421002",
    "age": 30,
    "assistance_types": [],
    "disability_subsidy": [],
}
FAMILY = {"holder": ME, "father": "father", "mother": "mother"}


def registered(roles: dict[str, str], **values: Any) -> Record:
    return record("household_registration", roles, status="1", **values)


def of(
    rule: str,
    attribute: str,
    expected: Any,
    others: dict[str, dict[str, Any]] | None = None,
    records: tuple[Record, ...] = (),
    **known: Any,
) -> Case:
    """A living person unless `known` says otherwise."""
    return Case(rule, attribute, expected, records, ALIVE | known, others or {})


def home(dwelling: str, **known: Any) -> dict[str, Any]:
    return ALIVE | {"dwelling_id": dwelling} | known


CASES = (
    of("registered as without family", "living_alone", True, elderly_living_type="1", dwelling_occupants=3),
    of("registered as living alone", "living_alone", True, elderly_living_type="2"),
    of("the only one in the dwelling", "living_alone", True, dwelling_occupants=1),
    of("the only one, registered with children", "living_alone", True, dwelling_occupants=1, elderly_living_type="4"),
    of("two in the dwelling", "living_alone", False, dwelling_occupants=2),
    of("two in the dwelling, empty nest", "living_alone", False, dwelling_occupants=2, elderly_living_type="3"),
    of("registered with children, no dwelling", "living_alone", False, elderly_living_type="4"),
    of("in an institution, no dwelling", "living_alone", False, elderly_living_type="5"),
    of("nothing known", "living_alone", None),
    *(
        of(f"registered as {kind} with {occupants} in the dwelling", "living_alone", alone, elderly_living_type=kind,
           dwelling_occupants=occupants)
        for kind, occupants, alone in (
            ("1", 1, True), ("2", 1, True), ("2", 2, True), ("3", 1, True), ("4", 2, False), ("5", 1, True), ("5", 40, False),
        )
    ),
    of("an empty nest, no dwelling", "living_alone", False, elderly_living_type="3"),
    of("only people of unknown state of life in the dwelling", "living_alone", None, dwelling_occupants=0),
    of("the dead have no living situation", "living_alone", None, vital_status="2", elderly_living_type="2"),
    of(
        "registered so",
        "empty_nest",
        True,
        age=60,
        elderly_living_type="3",
        dwelling_id="E1",
        dwelling_type="1",
        others={"child": home("E1", age=30)},
    ),
    of(
        "everybody in the dwelling is 60 or over",
        "empty_nest",
        True,
        age=70,
        dwelling_id="E2",
        others={"wife": home("E2", age=60)},
    ),
    of("one is younger", "empty_nest", False, age=70, dwelling_id="E3", others={"son": home("E3", age=59)}),
    of(
        "a person of unknown age does not make it false",
        "empty_nest",
        True,
        age=70,
        dwelling_id="E4",
        others={"someone": home("E4")},
    ),
    of(
        "a person of unknown state of life does not live there",
        "empty_nest",
        True,
        age=70,
        dwelling_id="E5",
        others={"someone": home("E5", age=20, vital_status="9")},
    ),
    of(
        "a dormitory is tested first",
        "empty_nest",
        False,
        age=70,
        dwelling_id="E6",
        dwelling_type="5",
        elderly_living_type="3",
    ),
    of("an institution is tested first", "empty_nest", False, age=70, dwelling_id="E7", dwelling_type="6"),
    of(
        "with children by the register, but nobody younger there",
        "empty_nest",
        True,
        age=70,
        dwelling_id="E8",
        elderly_living_type="4",
    ),
    *(
        of(f"registered as {kind}, somebody younger there", "empty_nest", expected, age=70, dwelling_id=f"E2{kind}",
           elderly_living_type=kind, others={"son": home(f"E2{kind}", age=30)})
        for kind, expected in (("1", True), ("2", True), ("3", True), ("4", False), ("5", False))
    ),
    of("registered so, no dwelling", "empty_nest", True, age=70, elderly_living_type="1"),
    of("registered with children, no dwelling", "empty_nest", None, age=70, elderly_living_type="4"),
    of("somebody younger who died", "empty_nest", True, age=70, dwelling_id="E30",
       others={"son": home("E30", age=30, vital_status="2")}),
    of("no dwelling", "empty_nest", None, age=70),
    of("under 60", "empty_nest", None, age=59, dwelling_id="E9", elderly_living_type="3"),
    of("unknown age", "empty_nest", None, dwelling_id="E10"),
    of("the dead have none", "empty_nest", None, vital_status="2", age=80, elderly_living_type="3"),
    of("registered as without family", "lonely_elder", True, age=60, elderly_living_type="1", children_count=2),
    of(
        "alone, widowed, no children",
        "lonely_elder",
        True,
        age=60,
        dwelling_occupants=1,
        marital_status="30",
        children_count=0,
    ),
    of(
        "alone, never married, no children",
        "lonely_elder",
        True,
        age=60,
        dwelling_occupants=1,
        marital_status="10",
        children_count=0,
    ),
    of(
        "alone, divorced, no children",
        "lonely_elder",
        True,
        age=60,
        dwelling_occupants=1,
        marital_status="40",
        children_count=0,
    ),
    of("alone but married", "lonely_elder", False, age=60, dwelling_occupants=1, marital_status="20", children_count=0),
    of(
        "alone with children elsewhere",
        "lonely_elder",
        False,
        age=60,
        dwelling_occupants=1,
        marital_status="30",
        children_count=1,
    ),
    of("children unknown", "lonely_elder", False, age=60, dwelling_occupants=1, marital_status="30"),
    of("marital status unknown", "lonely_elder", False, age=60, dwelling_occupants=1, children_count=0),
    of("marital status not stated", "lonely_elder", False, age=60, dwelling_occupants=1, marital_status="90", children_count=0),
    of("registered as without family, not alone in the dwelling", "lonely_elder", True, age=60, elderly_living_type="1",
       dwelling_occupants=4),
    of("unknown age", "lonely_elder", None, dwelling_occupants=1, marital_status="30", children_count=0),
    of("not alone", "lonely_elder", False, age=60, dwelling_occupants=2, marital_status="30", children_count=0),
    of("missing when living_alone is missing", "lonely_elder", None, age=60, marital_status="30", children_count=0),
    of("under 60", "lonely_elder", None, age=59, dwelling_occupants=1, marital_status="30", children_count=0),
    of("the dead have none", "lonely_elder", None, vital_status="2", age=80, elderly_living_type="1"),
    of("registered by the school: one parent away", "left_behind_child", True, age=10, left_behind_registered="1"),
    of("registered by the school: both parents away", "left_behind_child", True, age=10, left_behind_registered="2"),
    of("unknown age", "left_behind_child", None, left_behind_registered="1"),
    of("both parents known, of one nobody knows the dwelling", "left_behind_child", True, age=10, dwelling_id="L40",
       records=(registered(FAMILY),), others={"father": home("L41", age=40), "mother": ALIVE | {"age": 40}}),
    of(
        "registered by the school before where parents live",
        "left_behind_child",
        True,
        age=10,
        left_behind_registered="2",
        dwelling_id="L1",
        records=(registered(FAMILY),),
        others={"father": home("L1"), "mother": home("L1")},
    ),
    of(
        "both parents live elsewhere",
        "left_behind_child",
        True,
        age=15,
        dwelling_id="L2",
        left_behind_registered="0",
        records=(registered(FAMILY),),
        others={"father": home("L3"), "mother": ALIVE},
    ),
    of(
        "one parent lives there",
        "left_behind_child",
        False,
        age=15,
        dwelling_id="L4",
        records=(registered(FAMILY),),
        others={"father": home("L5"), "mother": home("L4")},
    ),
    of(
        "one known parent, who lives there",
        "left_behind_child",
        False,
        age=15,
        dwelling_id="L6",
        records=(registered({"holder": ME, "mother": "mother"}),),
        others={"mother": home("L6")},
    ),
    of(
        "one known parent, who lives elsewhere",
        "left_behind_child",
        None,
        age=15,
        dwelling_id="L7",
        records=(registered({"holder": ME, "mother": "mother"}),),
        others={"mother": home("L8")},
    ),
    of("no dwelling", "left_behind_child", None, age=15, records=(registered(FAMILY),), others={"father": home("L9")}),
    of(
        "parents of the active registration",
        "left_behind_child",
        False,
        age=15,
        dwelling_id="L10",
        records=(
            registered({"holder": ME, "mother": "mother", "father": "father"}),
            record(
                "household_registration",
                {"holder": ME, "mother": "x", "father": "y"},
                status="2",
                updated_on="2025-05-01",
            ),
        ),
        others={"mother": home("L10"), "x": home("L11"), "y": home("L11")},
    ),
    of("missing from 16", "left_behind_child", None, age=16, left_behind_registered="2"),
    of("the dead have none", "left_behind_child", None, vital_status="2", age=10, left_behind_registered="2"),
    of(
        "6 on 31 August and not enrolled",
        "no_enrolment_at_school_age",
        True,
        birth_date="2018-08-31",
        resident_type="1",
    ),
    of("6 on 1 September", "no_enrolment_at_school_age", None, birth_date="2018-09-01", resident_type="1"),
    of("14 on 31 August", "no_enrolment_at_school_age", True, birth_date="2009-09-01", resident_type="4"),
    of("15 on 31 August", "no_enrolment_at_school_age", None, birth_date="2009-08-31", resident_type="1"),
    of(
        "moved to another school",
        "no_enrolment_at_school_age",
        True,
        birth_date="2014-01-01",
        resident_type="2",
        enrolment_status="3",
    ),
    of(
        "left school",
        "no_enrolment_at_school_age",
        True,
        birth_date="2014-01-01",
        resident_type="3",
        enrolment_status="5",
    ),
    of(
        "at school",
        "no_enrolment_at_school_age",
        False,
        birth_date="2014-01-01",
        resident_type="1",
        enrolment_status="1",
    ),
    of(
        "suspended",
        "no_enrolment_at_school_age",
        False,
        birth_date="2014-01-01",
        resident_type="1",
        enrolment_status="2",
    ),
    of("lives outside", "no_enrolment_at_school_age", False, birth_date="2014-01-01", resident_type="5"),
    of("where unknown", "no_enrolment_at_school_age", False, birth_date="2014-01-01", resident_type="9"),
    of(
        "whether alive unknown",
        "no_enrolment_at_school_age",
        False,
        birth_date="2014-01-01",
        resident_type="1",
        vital_status="9",
    ),
    of(
        "the dead have none",
        "no_enrolment_at_school_age",
        None,
        birth_date="2014-01-01",
        resident_type="9",
        vital_status="2",
    ),
    of("unknown birth date", "no_enrolment_at_school_age", None, resident_type="1"),
    of("6 months, from another county", "migrant_half_year", True, resident_type="3", residence_months=6),
    of("6 months, from outside", "migrant_half_year", True, resident_type="4", residence_months=60),
    of("5 months", "migrant_half_year", False, resident_type="4", residence_months=5),
    of("months unknown", "migrant_half_year", None, resident_type="4"),
    of("no migrant", "migrant_half_year", False, resident_type="2", residence_months=60),
    of("registered here and living here", "migrant_half_year", False, resident_type="1"),
    of("type unknown", "migrant_half_year", None, resident_type="9", residence_months=60),
    of("the dead have none", "migrant_half_year", None, resident_type="9", vital_status="2"),
    of(
        "1: 80 without allowance",
        "unclaimed_entitlements",
        ["1"],
        **(HERE | {"age": 80, "pension_payment_status": "1"}),
    ),
    of(
        "1: 80 with a suspended allowance",
        "unclaimed_entitlements",
        ["1"],
        **(HERE | {"age": 80, "elderly_allowance_status": "2", "pension_payment_status": "1"}),
    ),
    of(
        "1: not with the allowance",
        "unclaimed_entitlements",
        [],
        **(HERE | {"age": 80, "elderly_allowance_status": "1", "pension_payment_status": "1"}),
    ),
    of(
        "2: assisted without subsidised insurance",
        "unclaimed_entitlements",
        ["2"],
        **(HERE | {"assistance_types": ["2"]}),
    ),
    of(
        "2: subsidy none",
        "unclaimed_entitlements",
        ["2"],
        **(HERE | {"assistance_types": ["3", "4"], "medical_subsidy": "0"}),
    ),
    of(
        "2: temporary assistance does not entitle",
        "unclaimed_entitlements",
        [],
        **(HERE | {"assistance_types": ["4", "5"]}),
    ),
    of(
        "2: not with a subsidy",
        "unclaimed_entitlements",
        [],
        **(HERE | {"assistance_types": ["1"], "medical_subsidy": "2"}),
    ),
    of(
        "3: level 2 without care subsidy",
        "unclaimed_entitlements",
        ["3"],
        **(HERE | {"disability_level": "2", "disability_subsidy": ["1"]}),
    ),
    of(
        "3: not with the care subsidy",
        "unclaimed_entitlements",
        [],
        **(HERE | {"disability_level": "1", "disability_subsidy": ["1", "2"]}),
    ),
    of("3: level 3 does not entitle", "unclaimed_entitlements", [], **(HERE | {"disability_level": "3"})),
    of(
        "4: assisted pupil without aid",
        "unclaimed_entitlements",
        ["4"],
        **(
            HERE
            | {
                "age": 10,
                "assistance_types": ["1"],
                "medical_subsidy": "2",
                "enrolment_status": "1",
                "student_aid": "0",
            }
        ),
    ),
    of(
        "4: not with aid",
        "unclaimed_entitlements",
        [],
        **(
            HERE
            | {
                "age": 10,
                "assistance_types": ["1"],
                "medical_subsidy": "2",
                "enrolment_status": "1",
                "student_aid": "1",
            }
        ),
    ),
    of("5: 60 without pension", "unclaimed_entitlements", ["5"], **(HERE | {"age": 60})),
    of("5: pension not drawn", "unclaimed_entitlements", ["5"], **(HERE | {"age": 60, "pension_payment_status": "0"})),
    of(
        "5: a suspended pension is a pension",
        "unclaimed_entitlements",
        [],
        **(HERE | {"age": 60, "pension_payment_status": "2"}),
    ),
    of("several, sorted", "unclaimed_entitlements", ["1", "3", "5"], **(HERE | {"age": 85, "disability_level": "1"})),
    of(
        "registered elsewhere",
        "unclaimed_entitlements",
        [],
        **(HERE | {"age": 85, "hukou_status": "9", "hukou_division": "420583"}),
    ),
    of("the dead have an empty list", "unclaimed_entitlements", [], **(HERE | {"age": 85, "vital_status": "2"})),
    of("due more than 14 days ago", "followup_overdue", True, next_followup_due="2025-05-24"),
    of("due 14 days ago", "followup_overdue", False, next_followup_due="2025-05-25"),
    of("due later", "followup_overdue", False, next_followup_due="2025-07-18"),
    of("no date", "followup_overdue", None),
    of("the dead have none", "followup_overdue", None, next_followup_due="2025-01-01", vital_status="2"),
)


@pytest.fixture(scope="module")
def city() -> Iterator[duckdb.DuckDBPyConnection]:
    with build_city((service_needs,), CASES) as con:
        yield con


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_rule(city: duckdb.DuckDBPyConnection, case: Case) -> None:
    assert value_of(city, case) == case.expected


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [
        pytest.param(date(2025, 6, 8), date(2024, 8, 31), id="in spring: August of last year"),
        pytest.param(date(2025, 8, 31), date(2024, 8, 31), id="the last day of the school year"),
        pytest.param(date(2025, 9, 1), date(2025, 8, 31), id="the first day of the school year"),
    ],
)
def test_school_age_is_counted_on_31_august_before_the_school_year(as_of: date, expected: date) -> None:
    assert service_needs.school_day(as_of) == expected
