"""Justice services: rules of the dictionary by examples."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from tests.warehouse.attribute_cases import Case, Record, build_city, record, value_of
from warehouse.attributes import justice

OLD, NEW = "2025-01-01", "2025-03-01"


def aid(**values: Any) -> Record:
    return record("legal_aid", **values)


def period(**values: Any) -> Record:
    return record("resettlement_support", **values)


LATER, EARLIER = (
    {"status": "1", "matter": "4", "accept_date": "2025-02-11"},
    {"status": "3", "matter": "1", "accept_date": "2024-02-11"},
)

CASES = (
    Case(
        "of the case accepted last",
        "legal_aid_status",
        "1",
        (aid(updated_on=OLD, **LATER), aid(updated_on=NEW, **EARLIER)),
    ),
    Case(
        "a missing accept date is the oldest",
        "legal_aid_status",
        "3",
        (aid(status="1", updated_on=NEW), aid(updated_on=OLD, **EARLIER)),
    ),
    Case(
        "same day: updated last",
        "legal_aid_status",
        "2",
        (aid(**(LATER | {"status": "2"}), updated_on=NEW), aid(**LATER, updated_on=OLD)),
    ),
    Case(
        "the representative has no case",
        "legal_aid_status",
        None,
        (record("legal_aid", {"holder": "other", "representative": "me"}, **LATER),),
    ),
    Case("of the same case", "legal_aid_matter", "4", (aid(updated_on=OLD, **LATER), aid(updated_on=NEW, **EARLIER))),
    Case(
        "status 1 and not ended", "resettlement_support_active", True, (period(status="1", support_end="2027-02-28"),)
    ),
    Case(
        "the last day of support", "resettlement_support_active", True, (period(status="1", support_end="2025-06-08"),)
    ),
    Case("the day after", "resettlement_support_active", False, (period(status="1", support_end="2025-06-07"),)),
    Case("another status", "resettlement_support_active", False, (period(status="3", support_end="2027-02-28"),)),
    Case(
        "ended 24 months ago is still known",
        "resettlement_support_active",
        False,
        (period(status="2", support_end="2023-06-08"),),
    ),
    Case(
        "ended longer ago leaves nothing, not even no",
        "resettlement_support_active",
        None,
        (period(status="2", support_end="2023-06-07"),),
    ),
    Case("missing without a period", "resettlement_support_active", None),
    Case(
        "of the active period, without 0",
        "resettlement_support_needs",
        ["1", "2"],
        (
            period(status="1", support_end="2027-02-28", needs=["2", "1", "0"]),
            period(status="2", support_end="2025-01-01", needs=["5"]),
        ),
    ),
    Case("an empty list without a period", "resettlement_support_needs", []),
)


@pytest.fixture(scope="module")
def city() -> Iterator[duckdb.DuckDBPyConnection]:
    with build_city((justice,), CASES) as con:
        yield con


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_rule(city: duckdb.DuckDBPyConnection, case: Case) -> None:
    assert value_of(city, case) == case.expected
