"""Assistance and benefits: rules of the dictionary by examples."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from tests.warehouse.attribute_cases import Case, Record, build_city, record, value_of
from warehouse.attributes import assistance

OLD, NEW = "2025-01-01", "2025-03-01"


def member(case_no: str, **values: Any) -> Record:
    return record("social_assistance", case_no=case_no, **values)


def benefit(**values: Any) -> Record:
    return record("elderly_disability_benefits", **values)


CERTIFICATE = "42109919380312126642"

CASES = (
    Case(
        "types of the cases with status 1, sorted",
        "assistance_types",
        ["1", "4"],
        (
            member("at1", assistance_type="4", status="1"),
            member("at2", assistance_type="1", status="1"),
            member("at3", assistance_type="3", status="3"),
        ),
    ),
    Case(
        "each type once",
        "assistance_types",
        ["2"],
        (member("at4", assistance_type="2", status="1"), member("at5", assistance_type="2", status="1")),
    ),
    Case("an empty list without a case", "assistance_types", []),
    Case(
        "the applicant who is no member has none",
        "assistance_types",
        [],
        (
            record(
                "social_assistance",
                {"holder": "other", "applicant": "me"},
                case_no="at6",
                assistance_type="1",
                status="1",
            ),
        ),
    ),
    Case(
        "1 if any case is 1",
        "assistance_status",
        "1",
        (member("as1", status="3"), member("as2", status="1"), member("as3", status="2")),
    ),
    Case("else 2 if any is 2", "assistance_status", "2", (member("as4", status="3"), member("as5", status="2"))),
    Case("else 3", "assistance_status", "3", (member("as6", status="3"),)),
    Case("missing without a case", "assistance_status", None),
    Case(
        "a member row that left a delivered case counts as 3",
        "assistance_status",
        "3",
        (
            member("as7", status="1", left_out=True, delivery_date="2025-05-08"),
            record("social_assistance", {"holder": "other"}, case_no="as7", status="1", delivery_date="2025-06-08"),
        ),
    ),
    Case(
        "a case no longer delivered keeps its last status",
        "assistance_status",
        "1",
        (
            member("as8", status="1", left_out=True, delivery_date="2025-05-08"),
            record(
                "social_assistance",
                {"holder": "other"},
                case_no="as8",
                status="1",
                left_out=True,
                delivery_date="2025-05-08",
            ),
        ),
    ),
    Case(
        "who left before the case ended stays 3",
        "assistance_status",
        "3",
        (
            member("as9", status="1", left_out=True, delivery_date="2025-04-08"),
            record(
                "social_assistance",
                {"holder": "other"},
                case_no="as9",
                status="1",
                left_out=True,
                delivery_date="2025-05-08",
            ),
        ),
    ),
    Case(
        "sum over the distinct cases with status 1",
        "assistance_monthly_amount",
        Decimal("692.00"),
        (
            member("am1", status="1", monthly_amount=492),
            member("am2", status="1", monthly_amount=200),
            member("am3", status="2", monthly_amount=9),
        ),
    ),
    Case(
        "two rows of one case count once",
        "assistance_monthly_amount",
        Decimal("492.00"),
        (member("am4", status="1", monthly_amount=492), member("am4", status="1", monthly_amount=492)),
    ),
    Case(
        "missing without a case in force",
        "assistance_monthly_amount",
        None,
        (member("am5", status="3", monthly_amount=492),),
    ),
    Case(
        "of the case in force approved last",
        "assistance_county",
        "421022",
        (
            member("ac1", status="1", county="421022", approval_date="2024-05-01", updated_on=OLD),
            member("ac2", status="1", county="421002", approval_date="2019-04-01", updated_on=NEW),
            member("ac3", status="3", county="421003", approval_date="2025-01-01", updated_on=NEW),
        ),
    ),
    Case(
        "a missing approval date is the oldest",
        "assistance_county",
        "421002",
        (
            member("ac4", status="1", county="421022", updated_on=NEW),
            member("ac5", status="1", county="421002", approval_date="2001-01-01", updated_on=OLD),
        ),
    ),
    Case(
        "no case in force: the one updated last of all",
        "assistance_county",
        "421003",
        (
            member("ac6", status="3", county="421002", approval_date="2024-01-01", updated_on=OLD),
            member("ac7", status="3", county="421003", approval_date="2019-01-01", updated_on=NEW),
        ),
    ),
    Case(
        "of extreme hardship in force",
        "support_mode",
        "1",
        (
            member("sm1", assistance_type="3", status="1", support_mode="1"),
            member("sm2", assistance_type="1", status="1", support_mode="0"),
        ),
    ),
    Case(
        "missing for other assistance",
        "support_mode",
        None,
        (member("sm3", assistance_type="1", status="1", support_mode="0"),),
    ),
    Case(
        "missing when the case ended",
        "support_mode",
        None,
        (member("sm4", assistance_type="3", status="3", support_mode="2"),),
    ),
    Case(
        "the record updated last",
        "disability_category",
        "3",
        (
            benefit(benefit_type="2", disability_category="1", updated_on=OLD),
            benefit(benefit_type="3", disability_category="3", updated_on=NEW),
        ),
    ),
    Case(
        "the 19th character of the certificate when empty",
        "disability_category",
        "4",
        (benefit(disability_cert_no=CERTIFICATE),),
    ),
    Case(
        "the column before the certificate",
        "disability_category",
        "6",
        (benefit(disability_category="6", disability_cert_no=CERTIFICATE),),
    ),
    Case(
        "a certificate of another length says nothing",
        "disability_category",
        None,
        (benefit(disability_cert_no=CERTIFICATE[:19]),),
    ),
    Case(
        "a character that is no category says nothing",
        "disability_category",
        None,
        (benefit(disability_cert_no=CERTIFICATE[:18] + "92"),),
    ),
    Case(
        "the 20th character of the certificate when empty",
        "disability_level",
        "2",
        (benefit(disability_cert_no=CERTIFICATE),),
    ),
    Case(
        "the record updated last",
        "disability_level",
        "1",
        (benefit(disability_level="2", updated_on=OLD), benefit(disability_level="1", updated_on=NEW)),
    ),
    Case(
        "a level beyond 4 says nothing", "disability_level", None, (benefit(disability_cert_no=CERTIFICATE[:19] + "5"),)
    ),
    Case(
        "types 2 and 3 with status 1",
        "disability_subsidy",
        ["1", "2"],
        (
            benefit(benefit_type="3", status="1"),
            benefit(benefit_type="2", status="1"),
            benefit(benefit_type="1", status="1"),
        ),
    ),
    Case("not when suspended; an empty list", "disability_subsidy", [], (benefit(benefit_type="3", status="2"),)),
    Case(
        "1 if any",
        "elderly_allowance_status",
        "1",
        (benefit(benefit_type="1", status="1", updated_on=OLD), benefit(benefit_type="1", status="3", updated_on=NEW)),
    ),
    Case(
        "else of the latest",
        "elderly_allowance_status",
        "3",
        (benefit(benefit_type="1", status="2", updated_on=OLD), benefit(benefit_type="1", status="3", updated_on=NEW)),
    ),
    Case("missing without benefit type 1", "elderly_allowance_status", None, (benefit(benefit_type="4", status="1"),)),
    Case(
        "of two in force the larger",
        "elderly_allowance_monthly",
        Decimal("200.00"),
        (
            benefit(benefit_type="1", status="1", monthly_amount=100),
            benefit(benefit_type="1", status="1", monthly_amount=200),
            benefit(benefit_type="1", status="3", monthly_amount=500),
            benefit(benefit_type="2", status="1", monthly_amount=900),
        ),
    ),
    Case(
        "missing when stopped",
        "elderly_allowance_monthly",
        None,
        (benefit(benefit_type="1", status="3", monthly_amount=500),),
    ),
    Case(
        "the latest month of benefit type 1",
        "elderly_allowance_last_paid_month",
        "2025-05",
        (
            benefit(benefit_type="1", last_paid_month="2025-05"),
            benefit(benefit_type="1", last_paid_month="2024-12"),
            benefit(benefit_type="2", last_paid_month="2025-06"),
        ),
    ),
    Case(
        "by visit date",
        "elderly_living_type",
        "3",
        (
            benefit(living_type="2", visit_date="2024-05-20", updated_on=NEW),
            benefit(living_type="3", visit_date="2025-05-20", updated_on=OLD),
        ),
    ),
    Case(
        "same visit: updated last",
        "elderly_living_type",
        "2",
        (
            benefit(living_type="2", visit_date="2025-05-20", updated_on=NEW),
            benefit(living_type="3", visit_date="2025-05-20", updated_on=OLD),
        ),
    ),
    Case(
        "visited on the first day of the 24 months",
        "elderly_living_type",
        "1",
        (benefit(living_type="1", visit_date="2023-06-08"),),
    ),
    Case(
        "visited the day before the 24 months",
        "elderly_living_type",
        None,
        (benefit(living_type="1", visit_date="2023-06-07"),),
    ),
    Case("never visited", "elderly_living_type", None, (benefit(living_type="1"),)),
    Case("a record with status 1", "one_touch_service", True, (benefit(benefit_type="1", status="1", one_touch="1"),)),
    Case(
        "a register entry whatever its status",
        "one_touch_service",
        True,
        (benefit(benefit_type="4", status="3", one_touch="1"),),
    ),
    Case(
        "a stopped benefit does not make it true",
        "one_touch_service",
        False,
        (benefit(benefit_type="1", status="3", one_touch="1"),),
    ),
    Case("no", "one_touch_service", False, (benefit(benefit_type="1", status="1", one_touch="0"),)),
    Case("missing without a record", "one_touch_service", None),
    Case(
        "the record updated last",
        "emergency_contact_phone",
        "19900000556",
        (
            benefit(contact_phone="19900000555", updated_on=OLD),
            record("health_records", contact_phone="19900000556", updated_on=NEW),
        ),
    ),
    Case(
        "same day: civil affairs before health",
        "emergency_contact_phone",
        "19900000555",
        (record("health_records", contact_phone="19900000556"), benefit(contact_phone="19900000555")),
    ),
    Case(
        "missing when equal to the contact phone",
        "emergency_contact_phone",
        None,
        (benefit(contact_phone="19900000555"),),
        known={"contact_phone": "19900000555"},
    ),
    Case(
        "the contact's own profile does not get it",
        "emergency_contact_phone",
        None,
        (record("elderly_disability_benefits", {"holder": "other", "contact": "me"}, contact_phone="19900000555"),),
    ),
)


@pytest.fixture(scope="module")
def city() -> Iterator[duckdb.DuckDBPyConnection]:
    with build_city((assistance,), CASES) as con:
        yield con


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_rule(city: duckdb.DuckDBPyConnection, case: Case) -> None:
    assert value_of(city, case) == case.expected
