"""Social insurance: rules of the dictionary by examples."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from tests.warehouse.attribute_cases import Case, Record, build_city, record, value_of
from warehouse.attributes import social_insurance

OLD, NEW = "2025-01-01", "2025-03-01"


def pension(**values: Any) -> Record:
    return record("pension_insurance", **values)


def insured(**values: Any) -> Record:
    return record("medical_insurance", **values)


PAYS_3 = pension(
    scheme="3",
    status="4",
    payment_status="1",
    monthly_benefit=168.5,
    contribution_months=180,
    last_paid_month="2025-05",
    updated_on=OLD,
)
INSURED_1 = pension(scheme="1", status="1", payment_status="0", contribution_months=30, updated_on=NEW)
THIS_YEAR = {"insured_year": 2025, "status": "1"}

CASES = (
    Case("the scheme that pays before the one insured in", "pension_scheme", "3", (PAYS_3, INSURED_1)),
    Case(
        "else status 1, scheme 1 before 2 before 3",
        "pension_scheme",
        "1",
        (pension(scheme="3", status="1", updated_on=NEW), pension(scheme="1", status="1", updated_on=OLD)),
    ),
    Case(
        "scheme 2 before 3",
        "pension_scheme",
        "2",
        (pension(scheme="3", status="1", updated_on=NEW), pension(scheme="2", status="1", updated_on=OLD)),
    ),
    Case(
        "else the latest updated",
        "pension_scheme",
        "3",
        (pension(scheme="1", status="2", updated_on=OLD), pension(scheme="3", status="3", updated_on=NEW)),
    ),
    Case("missing without a record", "pension_scheme", None),
    Case("of the same record as the scheme", "pension_status", "4", (PAYS_3, INSURED_1)),
    Case(
        "of the latest record when none is in force",
        "pension_status",
        "3",
        (pension(scheme="1", status="2", updated_on=OLD), pension(scheme="3", status="3", updated_on=NEW)),
    ),
    Case("1 when any record pays", "pension_payment_status", "1", (INSURED_1, PAYS_3)),
    Case(
        "else of the same record as the scheme",
        "pension_payment_status",
        "0",
        (INSURED_1, pension(scheme="3", status="2", payment_status="3")),
    ),
    Case("sum over the schemes", "pension_contribution_months", 210, (PAYS_3, INSURED_1)),
    Case(
        "two records in one scheme: the larger",
        "pension_contribution_months",
        40,
        (
            pension(scheme="1", contribution_months=40, natural_key="a|110"),
            pension(scheme="1", contribution_months=30, natural_key="b|110"),
        ),
    ),
    Case(
        "sum over the records that pay",
        "pension_monthly_amount",
        Decimal("268.50"),
        (
            PAYS_3,
            pension(scheme="1", payment_status="1", monthly_benefit=100),
            pension(scheme="2", payment_status="2", monthly_benefit=9),
        ),
    ),
    Case(
        "missing when nothing is paid",
        "pension_monthly_amount",
        None,
        (pension(scheme="1", payment_status="3", monthly_benefit=100),),
    ),
    Case(
        "the latest month",
        "pension_last_paid_month",
        "2025-05",
        (PAYS_3, pension(scheme="1", last_paid_month="2024-12", updated_on=NEW)),
    ),
    Case(
        "of the insurance year with status 1, scheme 1 before 2",
        "medical_scheme",
        "1",
        (insured(scheme="2", updated_on=NEW, **THIS_YEAR), insured(scheme="1", updated_on=OLD, **THIS_YEAR)),
    ),
    Case(
        "status 1 before scheme 1",
        "medical_scheme",
        "2",
        (insured(scheme="2", **THIS_YEAR), insured(scheme="1", insured_year=2025, status="2")),
    ),
    Case(
        "else the latest year",
        "medical_scheme",
        "2",
        (
            insured(scheme="1", insured_year=2023, status="1", updated_on=NEW),
            insured(scheme="2", insured_year=2024, status="1", updated_on=OLD),
        ),
    ),
    Case(
        "the payer is not insured by it",
        "medical_scheme",
        None,
        (record("medical_insurance", {"holder": "child", "payer": "me"}, scheme="2", **THIS_YEAR),),
    ),
    Case(
        "of the same record",
        "medical_status",
        "1",
        (insured(scheme="2", **THIS_YEAR), insured(scheme="1", insured_year=2025, status="3")),
    ),
    Case(
        "as stated when terminated this year",
        "medical_status",
        "3",
        (insured(scheme="1", insured_year=2025, status="3"),),
    ),
    Case(
        "2 when the record is of an earlier year",
        "medical_status",
        "2",
        (insured(scheme="1", insured_year=2024, status="1"),),
    ),
    Case("the county of the agency", "medical_county", "421022", (insured(scheme="2", agency="421022", **THIS_YEAR),)),
    Case("missing for the city office", "medical_county", None, (insured(scheme="2", agency="421000", **THIS_YEAR),)),
    Case(
        "of the same record",
        "medical_subsidy",
        "2",
        (
            insured(scheme="2", subsidy="2", **THIS_YEAR),
            insured(scheme="2", subsidy="0", insured_year=2024, status="1", updated_on=NEW),
        ),
    ),
)


@pytest.fixture(scope="module")
def city() -> Iterator[duckdb.DuckDBPyConnection]:
    with build_city((social_insurance,), CASES) as con:
        yield con


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_rule(city: duckdb.DuckDBPyConnection, case: Case) -> None:
    assert value_of(city, case) == case.expected


@pytest.mark.parametrize(
    ("years", "as_of", "expected"),
    [
        pytest.param((2025,), date(2025, 6, 8), "1", id="after the full delivery of the year: that year"),
        pytest.param((2025,), date(2025, 2, 28), "2", id="before the full delivery of the year: the year before"),
        pytest.param((2025,), date(2025, 3, 1), "1", id="on the day of the full delivery: that year"),
        pytest.param((2024,), date(2025, 6, 8), "2", id="a year without full delivery: the year before"),
    ],
)
def test_insurance_year_of_as_of(years: tuple[int, ...], as_of: date, expected: str) -> None:
    case = Case(
        "insurance year",
        "medical_scheme",
        expected,
        (insured(scheme="1", **THIS_YEAR), insured(scheme="2", insured_year=2024, status="1")),
    )
    with build_city((social_insurance,), (case,), as_of, insurance_years=years) as con:
        assert value_of(con, case) == expected
