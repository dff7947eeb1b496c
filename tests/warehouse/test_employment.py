"""Employment: rules of the dictionary by examples."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import duckdb
import pytest

from tests.warehouse.attribute_cases import Case, Record, build_city, record, value_of
from warehouse.attributes import employment

OLD, NEW = "2025-01-01", "2025-03-01"
STUDENT = {"enrolment_status": "1", "school_stage": "2", "age": 10}


def certificate(**values: Any) -> Record:
    return record("employment_registration", **values)


def pension(**values: Any) -> Record:
    return record("pension_insurance", **values)


def account(**values: Any) -> Record:
    return record("fund_accounts", **values)


def insured(**values: Any) -> Record:
    return record("medical_insurance", **values)


WORKING = certificate(registration_type="1", employment_status="24", updated_on=OLD)

CASES = (
    Case("a pupil of 6 is a student", "employment_status", "31", known=STUDENT | {"age": 6}),
    Case("a student who also works is a student", "employment_status", "31", (WORKING,), known=STUDENT),
    Case("not in kindergarten", "employment_status", None, known=STUDENT | {"school_stage": "1"}),
    Case("not under 6", "employment_status", None, known=STUDENT | {"age": 5}),
    Case(
        "a stage that is not stated is not kindergarten",
        "employment_status",
        "31",
        known={"enrolment_status": "1", "age": 12},
    ),
    Case("not while suspended", "employment_status", None, known=STUDENT | {"enrolment_status": "2"}),
    Case("a paid pension of scheme 1", "employment_status", "80", (pension(scheme="1", payment_status="1"), WORKING)),
    Case("a paid pension of scheme 2", "employment_status", "80", (pension(scheme="2", payment_status="1"),)),
    Case(
        "a residents' pension does not make a pensioner",
        "employment_status",
        "24",
        (pension(scheme="3", payment_status="1"), WORKING),
    ),
    Case("a suspended pension does not", "employment_status", "24", (pension(scheme="1", payment_status="2"), WORKING)),
    Case(
        "the latest registration",
        "employment_status",
        "51",
        (WORKING, certificate(registration_type="1", employment_status="51", updated_on=NEW)),
    ),
    Case(
        "registered unemployed is 70 whatever the status says",
        "employment_status",
        "70",
        (certificate(registration_type="2", employment_status="24"),),
    ),
    Case(
        "a cancelled certificate does not count",
        "employment_status",
        "24",
        (WORKING, certificate(registration_type="3", employment_status="51", updated_on=NEW)),
    ),
    Case("an active fund account", "employment_status", "17", (account(status="1"),)),
    Case("a frozen fund account says nothing", "employment_status", None, (account(status="2"),)),
    Case("insured in scheme 2", "employment_status", "17", (pension(scheme="2", status="1"),)),
    Case("insured in scheme 3 says nothing", "employment_status", None, (pension(scheme="3", status="1"),)),
    Case(
        "only a cancelled certificate",
        "employment_status",
        None,
        (certificate(registration_type="3", employment_status="24"),),
    ),
    Case(
        "the record updated last over all sources",
        "employer_name",
        "新厂",
        (
            certificate(registration_type="1", employer_name="老厂", updated_on=OLD),
            account(status="1", employer_name="新厂", updated_on=NEW),
        ),
    ),
    Case(
        "same day: the order of the list",
        "employer_name",
        "登记厂",
        (account(status="1", employer_name="公积金厂"), certificate(registration_type="1", employer_name="登记厂")),
    ),
    Case(
        "not of an unemployed person", "employer_name", None, (certificate(registration_type="2", employer_name="厂"),)
    ),
    Case(
        "not of a cancelled certificate",
        "employer_name",
        None,
        (certificate(registration_type="3", employer_name="厂"),),
    ),
    Case(
        "the village of a residents' pension is no employer",
        "employer_name",
        None,
        (pension(scheme="3", status="1", employer_name="村"),),
    ),
    Case(
        "pension of scheme 1 with status 1",
        "employer_name",
        "厂",
        (pension(scheme="1", status="1", employer_name="厂"),),
    ),
    Case(
        "not after contributions stopped", "employer_name", None, (pension(scheme="1", status="2", employer_name="厂"),)
    ),
    Case("not of a frozen account", "employer_name", None, (account(status="2", employer_name="厂"),)),
    Case(
        "medical scheme 1 with status 1", "employer_name", "厂", (insured(scheme="1", status="1", employer_name="厂"),)
    ),
    Case(
        "not of residents' medical insurance",
        "employer_name",
        None,
        (insured(scheme="2", status="1", employer_name="厂"),),
    ),
    Case(
        "not of terminated medical insurance",
        "employer_name",
        None,
        (insured(scheme="1", status="3", employer_name="厂"),),
    ),
    Case("of a residence registration", "employer_name", "厂", (record("residence_permits", employer_name="厂"),)),
    Case(
        "a record without employer does not hide another",
        "employer_name",
        "厂",
        (account(status="1", employer_name="厂", updated_on=OLD), certificate(registration_type="1", updated_on=NEW)),
    ),
    Case("registration type 2", "unemployment_registered", True, (certificate(registration_type="2"), WORKING)),
    Case(
        "type 2 with a cancel date is none",
        "unemployment_registered",
        False,
        (certificate(registration_type="2", cancel_date="2025-02-01"),),
    ),
    Case("another record says no", "unemployment_registered", False, (WORKING,)),
    Case("missing without a record", "unemployment_registered", None, (account(status="1"),)),
    Case(
        "of the unemployment in force",
        "unemployment_date",
        date(2025, 2, 3),
        (certificate(registration_type="2", unemployment_date="2025-02-03"),),
    ),
    Case(
        "of the one updated last",
        "unemployment_date",
        date(2025, 2, 3),
        (
            certificate(registration_type="2", unemployment_date="2024-02-03", updated_on=OLD),
            certificate(registration_type="2", unemployment_date="2025-02-03", updated_on=NEW),
        ),
    ),
    Case(
        "missing when not unemployed",
        "unemployment_date",
        None,
        (certificate(registration_type="1", unemployment_date="2020-01-01"),),
    ),
    Case(
        "the record updated last",
        "job_seeking_intent",
        "2",
        (
            certificate(registration_type="1", job_intent="1", updated_on=OLD),
            certificate(registration_type="2", job_intent="2", updated_on=NEW),
        ),
    ),
    Case(
        "none of a cancelled certificate",
        "job_seeking_intent",
        None,
        (certificate(registration_type="3", job_intent="1"),),
    ),
    Case(
        "the highest level is the smallest code",
        "skill_level",
        "2",
        (certificate(skill_level="4"), certificate(skill_level="2")),
    ),
    Case(
        "0 only when no record has another",
        "skill_level",
        "5",
        (certificate(skill_level="0"), certificate(skill_level="5")),
    ),
    Case("0 when all say none", "skill_level", "0", (certificate(skill_level="0"),)),
    Case("a cancelled certificate counts", "skill_level", "3", (certificate(registration_type="3", skill_level="3"),)),
    Case(
        "the record updated last",
        "employment_hardship",
        "0",
        (
            certificate(registration_type="2", hardship="3", updated_on=OLD),
            certificate(registration_type="1", hardship="0", updated_on=NEW),
        ),
    ),
    Case(
        "none of a cancelled certificate",
        "employment_hardship",
        "3",
        (
            certificate(registration_type="2", hardship="3", updated_on=OLD),
            certificate(registration_type="3", hardship="1", updated_on=NEW),
        ),
    ),
)


@pytest.fixture(scope="module")
def city() -> Iterator[duckdb.DuckDBPyConnection]:
    with build_city((employment,), CASES) as con:
        yield con


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_rule(city: duckdb.DuckDBPyConnection, case: Case) -> None:
    assert value_of(city, case) == case.expected
