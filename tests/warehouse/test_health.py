"""Health services: rules of the dictionary by examples."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import duckdb
import pytest

from tests.warehouse.attribute_cases import Case, Record, build_city, record, value_of
from warehouse.attributes import health

OLD, NEW = "2025-01-01", "2025-03-01"


def archive(**values: Any) -> Record:
    return record("health_records", **values)


def followup(**values: Any) -> Record:
    return record("care_followups", **values)


CASES = (
    Case("a record with status 1", "health_record_established", True, (archive(status="3"), archive(status="1"))),
    Case("no record with status 1", "health_record_established", False, (archive(status="2"),)),
    Case("false without a record", "health_record_established", False),
    Case(
        "by sign date",
        "family_doctor_team",
        "二队",
        (
            archive(team="一队", sign_date="2023-01-10", updated_on=NEW),
            archive(team="二队", sign_date="2024-01-10", updated_on=OLD),
        ),
    ),
    Case("signed 36 months before", "family_doctor_team", "一队", (archive(team="一队", sign_date="2022-06-08"),)),
    Case("missing when signed longer ago", "family_doctor_team", None, (archive(team="一队", sign_date="2022-06-07"),)),
    Case("a missing sign date is the oldest", "family_doctor_team", None, (archive(team="一队"),)),
    Case(
        "programmes and conditions of records in force, without 6",
        "chronic_conditions",
        ["1", "2", "9"],
        (
            followup(programme="1", status="1"),
            followup(programme="6", status="1"),
            followup(programme="3", status="6"),
            archive(conditions=["2", "6", "9"], status="1"),
            archive(conditions=["4"], status="2"),
        ),
    ),
    Case(
        "each once",
        "chronic_conditions",
        ["1"],
        (followup(programme="1", status="1"), archive(conditions=["1"], status="1")),
    ),
    Case("an empty list without any", "chronic_conditions", [], (archive(conditions=[], status="1"),)),
    Case("the code for none is no condition", "chronic_conditions", [], (archive(conditions=["01"], status="1"),)),
    Case(
        "the latest, whatever the status",
        "last_followup_date",
        date(2025, 4, 18),
        (
            followup(programme="1", last_followup="2025-04-18", status="6"),
            followup(programme="2", last_followup="2024-04-18", status="1"),
        ),
    ),
    Case(
        "not of programme 6",
        "last_followup_date",
        date(2024, 4, 18),
        (followup(programme="6", last_followup="2025-04-18"), followup(programme="2", last_followup="2024-04-18")),
    ),
    Case(
        "the earliest of the programmes with status 1",
        "next_followup_due",
        date(2025, 7, 18),
        (
            followup(programme="1", next_followup="2025-07-18", status="1"),
            followup(programme="2", next_followup="2025-09-18", status="1"),
            followup(programme="3", next_followup="2025-01-01", status="6"),
        ),
    ),
    Case(
        "not of programme 6",
        "next_followup_due",
        None,
        (followup(programme="6", next_followup="2025-07-18", status="1"),),
    ),
    Case(
        "programme 6 with status 1",
        "mental_health_followup",
        True,
        (followup(programme="6", status="1"), followup(programme="1", status="1")),
    ),
    Case("an ended programme 6", "mental_health_followup", False, (followup(programme="6", status="6"),)),
    Case(
        "conditions of the health record do not set it",
        "mental_health_followup",
        None,
        (archive(conditions=["6"], status="1"),),
    ),
    Case(
        "of programmes with status 1",
        "medication_support",
        True,
        (followup(programme="6", status="1", medication_support="1"),),
    ),
    Case(
        "not of an ended programme",
        "medication_support",
        False,
        (followup(programme="6", status="6", medication_support="1"),),
    ),
    Case("missing without a record", "medication_support", None),
    Case(
        "the most dependent of the values stated",
        "self_care_ability",
        "4",
        (
            archive(self_care="2", last_check_date="2025-04-18"),
            record("elderly_disability_benefits", self_care="4", visit_date="2024-01-01"),
        ),
    ),
    Case(
        "only of the 24 months before",
        "self_care_ability",
        "2",
        (
            archive(self_care="2", last_check_date="2023-06-08"),
            record("elderly_disability_benefits", self_care="4", visit_date="2023-06-07"),
        ),
    ),
    Case("a value without date of the check does not count", "self_care_ability", None, (archive(self_care="2"),)),
    Case(
        "the latest",
        "last_health_check_date",
        date(2025, 4, 18),
        (archive(last_check_date="2025-04-18"), archive(last_check_date="2024-04-18")),
    ),
    Case(
        "not after as_of",
        "last_health_check_date",
        date(2024, 4, 18),
        (archive(last_check_date="2025-06-09"), archive(last_check_date="2024-04-18")),
    ),
)


@pytest.fixture(scope="module")
def city() -> Iterator[duckdb.DuckDBPyConnection]:
    with build_city((health,), CASES) as con:
        yield con


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_rule(city: duckdb.DuckDBPyConnection, case: Case) -> None:
    assert value_of(city, case) == case.expected


HIDDEN = Case("without care_followups", "mental_health_followup", None, (followup(programme="6", status="1"),))


def test_a_build_without_care_followups_knows_nothing_of_them() -> None:
    with build_city((health,), (HIDDEN,), without=frozenset({"care_followups"})) as con:
        assert value_of(con, HIDDEN) is None
