"""Provenance: delivery, record, rule and agreement of values; what a purpose may not be told."""

from __future__ import annotations

from datetime import date

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings

from resolvers import organisations
from sources.catalogue import load_catalogue
from sources.catalogue.models import Attribute
from sources.tables import quoted
from tests.factories import a_record, an_empty_city
from tests.warehouse.random_city import Records, records, written
from warehouse import profile
from warehouse.provenance import ValueProvenance, column_lineage, export_provenance, provenance_of
from warehouse.purposes import PurposeRefused
from warehouse.statements import statements

AS_OF = date(2025, 6, 8)


def by_attribute(con: duckdb.DuckDBPyConnection, person: str, purpose: str, *own: str) -> dict[str, ValueProvenance]:
    return {value.attribute: value for value in provenance_of(con, person, purpose, own)}


@pytest.fixture(scope="module")
def city() -> duckdb.DuckDBPyConnection:
    """P1 with sex stated three times (once otherwise) and followed up; P2 at school under a number that says
    something."""
    con = an_empty_city()
    a_record(
        con,
        "household_registration",
        "P1",
        natural_key="HR1",
        delivery_date="2025-01-01",
        status="1",
        sex="2",
        birth_date="1950-03-01",
        name="陈秀英",
    )
    a_record(
        con,
        "pension_insurance",
        "P1",
        natural_key="PI1",
        sex="2",
        scheme="3",
        status="4",
        payment_status="1",
        monthly_benefit=168.5,
    )
    a_record(con, "medical_insurance", "P1", natural_key="MI1", sex="1", scheme="2", status="1", insured_year=2025)
    a_record(con, "care_followups", "P1", natural_key="HTN1", sex="2", programme="1", status="1", next_followup="2025-07-01")
    a_record(con, "student_enrolment", "P2", natural_key="G421099201409032182", status="1", school_name="一小", stage="2")
    profile.build(con, AS_OF)
    return con


def test_a_value_names_its_record_and_delivery(city: duckdb.DuckDBPyConnection) -> None:
    found = by_attribute(city, "P1", "social_insurance", "human_resources")["pension_scheme"]
    assert (found.value, found.rule, found.category, found.natural_key, found.delivery_date) == (
        "3",
        "latest_valid",
        "pension_insurance",
        "PI1",
        date(2025, 1, 1),
    )
    assert (found.agree, found.disagree) == (1, 0)


def test_a_derived_value_names_its_inputs(city: duckdb.DuckDBPyConnection) -> None:
    found = by_attribute(city, "P2", "schooling")["unclaimed_entitlements"]
    assert found.rule == "derived"
    assert "assistance_types" in found.inputs
    assert (found.category, found.agree, found.disagree) == (None, None, None)


def test_missing_values_and_values_of_other_purposes_are_not_shown(city: duckdb.DuckDBPyConnection) -> None:
    found = by_attribute(city, "P1", "elderly_care")
    assert "elderly_allowance_status" not in found
    assert "pension_monthly_amount" not in found
    assert "pension_payment_status" in found


def test_categories_that_agree_and_disagree_are_counted(city: duckdb.DuckDBPyConnection) -> None:
    found = by_attribute(city, "P1", "public_health")["sex"]
    assert (found.value, found.agree, found.disagree) == ("2", 3, 1)


def test_what_is_no_statement_of_the_fact_neither_agrees_nor_disagrees() -> None:
    """The village of a resident's pension is no employer; a name that a merged list leaves out does not contradict the list."""
    con = an_empty_city()
    a_record(con, "employment_registration", "P1", registration_type="1", employer_name="荆州某纺织厂", name="陈秀英")
    a_record(con, "pension_insurance", "P1", scheme="3", status="1", employer_name="三里村", name="陈秀英")
    a_record(con, "household_registration", "P1", status="1", name="陈秀英", former_name="陈丫头")
    profile.build(con, AS_OF)
    for purpose, name, counts in (("employment_service", "employer_name", (1, 0)), ("data_quality", "name_variants", (1, 0))):
        found = by_attribute(con, "P1", purpose)[name]
        assert (found.agree, found.disagree) == counts, name
        exported = con.execute(f"SELECT agree, disagree FROM ({export_provenance(con)}) WHERE attribute = $1", [name]).fetchall()
        assert exported == [counts], name


@pytest.mark.parametrize("registry", [True, False])
def test_two_spellings_of_one_employer_agree(registry: bool) -> None:
    """The value stays as delivered; without the registry of organisations the spellings differ."""
    con = an_empty_city()
    a_record(con, "employment_registration", "P1", natural_key="ER1", registration_type="1", updated_on="2025-05-01",
             employer_name="沙市区恒隆食品有限公司")
    a_record(con, "pension_insurance", "P1", natural_key="PI1", scheme="1", status="1", employer_name="荆州市沙市区恒隆食品有限责任公司")
    a_record(con, "medical_insurance", "P1", natural_key="MI1", scheme="1", status="1", insured_year=2025,
             employer_name="公安县恒隆食品有限公司")
    if registry:
        organisations.build(con)
    profile.build(con, AS_OF)
    found = by_attribute(con, "P1", "employment_service")["employer_name"]
    assert found.value == "沙市区恒隆食品有限公司"
    assert (found.agree, found.disagree) == ((2, 1) if registry else (1, 2))
    exported = con.execute(f"SELECT agree, disagree FROM ({export_provenance(con)}) WHERE attribute = 'employer_name'").fetchall()
    assert exported == [(found.agree, found.disagree)]


def test_other_purposes_are_not_told_of_care_programmes(city: duckdb.DuckDBPyConnection) -> None:
    found = by_attribute(city, "P1", "elderly_care")
    assert (found["sex"].agree, found["sex"].disagree) == (2, 1), "the third that agrees is a care programme"
    assert all(value.category != "care_followups" for value in found.values())


def test_public_health_is_told_of_care_programmes(city: duckdb.DuckDBPyConnection) -> None:
    found = by_attribute(city, "P1", "public_health", "health")["next_followup_due"]
    assert (found.category, found.natural_key) == ("care_followups", "HTN1")


@pytest.mark.parametrize(
    ("purpose", "own", "shown"),
    [
        pytest.param("schooling", "education", "G421099201409032182", id="the own department"),
        pytest.param("data_quality", "education", "G421099201409032182", id="its steward"),
        pytest.param("employment_service", "human_resources", None, id="another department"),
        pytest.param("data_quality", "human_resources", None, id="the steward of another"),
        pytest.param("schooling", "grid_service_centre", None, id="an organisation without records"),
    ],
)
def test_keys_are_shown_to_their_own_department_only(city: duckdb.DuckDBPyConnection, purpose: str, own: str, shown: str | None) -> None:
    found = by_attribute(city, "P2", purpose, own)["enrolment_status"]
    assert (found.category, found.natural_key) == ("student_enrolment", shown)


def test_no_key_of_another_department_is_among_those_of_a_steward(city: duckdb.DuckDBPyConnection) -> None:
    for own in load_catalogue().departments:
        for value in by_attribute(city, "P1", "data_quality", own).values():
            theirs = value.category is not None and load_catalogue().contracts[value.category].department == own
            assert (value.natural_key is not None) is theirs, value.attribute


def test_an_aggregate_purpose_sees_no_person(city: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(PurposeRefused):
        provenance_of(city, "P2", "statistics", ("education",))


@pytest.mark.parametrize(
    ("known_from", "purpose", "visible"),
    [
        pytest.param("health", "elderly_care", False, id="known from health only: not to elderly care"),
        pytest.param("health", "public_health", True, id="known from health only: to public health"),
        pytest.param("justice", "public_health", False, id="known from resettlement only: not to public health"),
        pytest.param("justice", "legal_service", True, id="known from resettlement only: to legal service"),
        pytest.param("relative", "public_health", False, id="a relative: to nobody"),
    ],
)
def test_persons_that_a_purpose_may_not_see(city: duckdb.DuckDBPyConnection, known_from: str, purpose: str, visible: bool) -> None:
    def become(state: str) -> None:
        for table in ("profile", "profile_open"):
            city.execute(f"UPDATE {table} SET known_from = $1 WHERE person_id = 'P1'", [state])

    become(known_from)
    try:
        assert bool(provenance_of(city, "P1", purpose)) is visible
    finally:
        become("open")


def test_nobody_is_an_empty_answer(city: duckdb.DuckDBPyConnection) -> None:
    assert provenance_of(city, "P9", "elderly_care") == []


def test_export_has_every_value_once(city: duckdb.DuckDBPyConnection) -> None:
    exported = city.execute(f"SELECT person_id, attribute FROM ({export_provenance(city)}) ORDER BY ALL").fetchall()
    expected = []
    for name, item in load_catalogue().attributes.items():
        present = f"len({name}) > 0" if item.type.endswith("_list") else f"{name} IS NOT NULL"
        expected += [(person, name) for (person,) in city.execute(f"SELECT person_id FROM profile WHERE {present}").fetchall()]
    assert exported == sorted(expected)


def test_export_agrees_with_the_provenance_of_one_person(city: duckdb.DuckDBPyConnection) -> None:
    shown = by_attribute(city, "P1", "public_health", *load_catalogue().departments)
    rows = city.execute(f"FROM ({export_provenance(city)}) WHERE person_id = 'P1'").fetchall()
    exported = {attribute: rest for _, attribute, *rest in rows}
    for name, value in shown.items():
        if value.value != []:
            assert exported[name] == [
                value.category,
                value.natural_key,
                value.delivery_date,
                value.rule,
                value.agree,
                value.disagree,
            ], name


TRANSLATED = frozenset({"disability_subsidy", "medical_status", "disability_category", "disability_level"})
"""Values that say in other words what the column says; their cases are in test_assistance.py and
test_social_insurance.py."""
STATED_BY_THE_RULE = {"hukou_status": "9", "id_document_type": "111"}
"""Values that the remark gives without a record that says so: no registration here; a person with an ID number."""
CLAIMED = [
    item
    for item in load_catalogue().attributes.values()
    if item.sources and item.rule not in ("derived", "any_true") and item.name not in TRANSLATED
]


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(made=records())
def test_every_profile_value_is_a_claim_of_its_own_cluster(made: Records) -> None:
    with written(made) as con:
        profile.build(con, AS_OF)
        export_provenance(con)
        for attribute in CLAIMED:
            assert invented(con, attribute) == [], attribute.name
        for name in profile.recorded_attributes():
            strangers = f"""
                SELECT person_id, {quoted(name)} FROM profile_record WHERE {quoted(name)} IS NOT NULL
                EXCEPT SELECT person_id, record_id FROM mention_person"""
            assert con.execute(strangers).fetchall() == [], name


def invented(con: duckdb.DuckDBPyConnection, attribute: Attribute) -> list[tuple[str, str]]:
    """Values of the profile that no record of the person states."""
    column = quoted(attribute.name)
    value = f"unnest({column})" if attribute.type.endswith("_list") else column
    claims = [statements(attribute, category, name, "all_") for category, name in attribute.source_columns]
    if attribute.name == "sex":
        claims += [
            f"SELECT person_id, 'constant', '{role.sex_constant}', record_id FROM all_{contract.category} WHERE role = '{role.role}'"
            for contract in load_catalogue().contracts.values()
            for role in contract.person_roles
            if role.sex_constant
        ]
    found = con.execute(f"""
        SELECT * FROM (SELECT person_id, {value}::VARCHAR AS value FROM profile) WHERE value IS NOT NULL
        EXCEPT SELECT person_id, value FROM ({" UNION ALL ".join(claims)})""").fetchall()
    return [row for row in found if row[1] != STATED_BY_THE_RULE.get(attribute.name)]


def test_lineage_goes_through_inputs() -> None:
    lineage = column_lineage()
    assert lineage["followup_overdue"] == [("care_followups", "next_followup")]
    assert ("household_registration", "birth_date") in lineage["age"]
    assert ("elderly_disability_benefits", "living_type") in lineage["lonely_elder"]


def test_every_attribute_leads_to_columns_that_exist() -> None:
    lineage = column_lineage()
    assert list(lineage) == list(load_catalogue().attributes)
    for name, columns in lineage.items():
        assert columns, name
        assert all(column in load_catalogue().contracts[category].by_name for category, column in columns)
