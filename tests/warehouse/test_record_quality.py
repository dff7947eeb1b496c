"""Record quality: rules of the dictionary by examples."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import duckdb
import pytest

from tests.warehouse.attribute_cases import AS_OF, ME, Case, build_city, record, value_of
from warehouse.attributes import record_quality

CASES = (
    Case(
        "categories in any role, each once",
        "source_count",
        3,
        (
            record("household_registration"),
            record("health_records"),
            record("health_records"),
            record("student_enrolment", {"holder": "child", "guardian": ME}),
        ),
    ),
    Case(
        "resettlement_support is not counted", "source_count", 1, (record("resettlement_support"), record("legal_aid"))
    ),
    Case("known from resettlement_support only", "source_count", 0, (record("resettlement_support"),)),
    Case(
        "the latest update in a subject role",
        "last_confirmed_date",
        date(2025, 5, 1),
        (record("household_registration", updated_on="2025-05-01"), record("legal_aid", updated_on="2024-05-01")),
    ),
    Case(
        "being named as a relative confirms nothing",
        "last_confirmed_date",
        None,
        (record("household_registration", {"holder": "child", "father": ME}, updated_on="2025-05-01"),),
    ),
    Case(
        "resettlement_support takes no part",
        "last_confirmed_date",
        date(2024, 5, 1),
        (record("resettlement_support", updated_on="2025-05-01"), record("legal_aid", updated_on="2024-05-01")),
    ),
    Case("not after as_of", "last_confirmed_date", AS_OF, (record("legal_aid", updated_on="2025-07-01"),)),
    Case("0 before the checks have run", "open_mismatches", 0, (record("legal_aid"),)),
    Case("of the entity resolution", "match_confidence", Decimal("1.000000"), (record("legal_aid"),)),
)


@pytest.fixture(scope="module")
def city() -> Iterator[duckdb.DuckDBPyConnection]:
    with build_city((record_quality,), CASES) as con:
        yield con


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_rule(city: duckdb.DuckDBPyConnection, case: Case) -> None:
    assert value_of(city, case) == case.expected


HIDDEN = Case("without care_followups", "source_count", 1, (record("care_followups"), record("legal_aid")))


def test_readers_who_may_not_know_of_care_followups_do_not_count_it() -> None:
    with build_city((record_quality,), (HIDDEN,), without=frozenset({"care_followups"})) as con:
        assert value_of(con, HIDDEN) == 1
