"""Family support: rules of the dictionary by examples."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from tests.warehouse.attribute_cases import ME, Case, Record, build_city, record, value_of
from warehouse.attributes import family_support

OLD, NEW = "2025-01-01", "2025-03-01"


def couple(**values: Any) -> Record:
    return record("birth_family_support", {"mother": ME, "father": "father", "child": "child"}, **values)


def as_father(**values: Any) -> Record:
    return record("birth_family_support", {"mother": "mother", "father": ME}, **values)


SUPPORT = {"record_type": "2", "support_status": "1", "annual_amount": 960}

CASES = (
    Case(
        "of the record registered last",
        "birth_service_status",
        "1",
        (
            couple(record_type="1", birth_status="1", register_date="2025-04-20", updated_on=OLD),
            couple(record_type="1", birth_status="2", register_date="2020-04-20", updated_on=NEW),
        ),
    ),
    Case("given to the father too", "birth_service_status", "2", (as_father(record_type="1", birth_status="2"),)),
    Case(
        "not to the child",
        "birth_service_status",
        None,
        (record("birth_family_support", {"mother": "mother", "child": ME}, record_type="1", birth_status="2"),),
    ),
    Case("only of record type 1", "birth_service_status", None, (couple(record_type="4", birth_status="2"),)),
    Case("the mother for beneficiary 1", "family_support_type", ["2"], (couple(beneficiary="1", **SUPPORT),)),
    Case("not the mother for beneficiary 2", "family_support_type", [], (couple(beneficiary="2", **SUPPORT),)),
    Case("the father for beneficiary 2", "family_support_type", ["2"], (as_father(beneficiary="2", **SUPPORT),)),
    Case("not the father for beneficiary 1", "family_support_type", [], (as_father(beneficiary="1", **SUPPORT),)),
    Case(
        "both for beneficiary 3, types sorted",
        "family_support_type",
        ["3", "4"],
        (
            couple(beneficiary="3", record_type="4", support_status="1"),
            couple(beneficiary="3", record_type="3", support_status="1"),
        ),
    ),
    Case(
        "not when suspended", "family_support_type", [], (couple(beneficiary="3", record_type="4", support_status="2"),)
    ),
    Case(
        "not a birth registration",
        "family_support_type",
        [],
        (couple(beneficiary="3", record_type="1", support_status="1"),),
    ),
    Case(
        "1 if any",
        "family_support_status",
        "1",
        (couple(beneficiary="1", record_type="3", support_status="3"), couple(beneficiary="1", **SUPPORT)),
    ),
    Case(
        "else 2 if any",
        "family_support_status",
        "2",
        (
            couple(beneficiary="1", record_type="3", support_status="3"),
            couple(beneficiary="1", record_type="2", support_status="2"),
        ),
    ),
    Case("else 3", "family_support_status", "3", (couple(beneficiary="1", record_type="3", support_status="3"),)),
    Case("missing for who does not benefit", "family_support_status", None, (couple(beneficiary="2", **SUPPORT),)),
    Case(
        "sum over the supports in force",
        "family_support_annual_amount",
        Decimal("1080.50"),
        (
            couple(beneficiary="1", **SUPPORT),
            couple(beneficiary="3", record_type="4", support_status="1", annual_amount=120.5),
            couple(beneficiary="1", record_type="3", support_status="3", annual_amount=9),
        ),
    ),
    Case(
        "missing without one in force",
        "family_support_annual_amount",
        None,
        (couple(beneficiary="1", record_type="3", support_status="3", annual_amount=9),),
    ),
)


@pytest.fixture(scope="module")
def city() -> Iterator[duckdb.DuckDBPyConnection]:
    with build_city((family_support,), CASES) as con:
        yield con


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_rule(city: duckdb.DuckDBPyConnection, case: Case) -> None:
    assert value_of(city, case) == case.expected
