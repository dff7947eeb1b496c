"""Education: rules of the dictionary by examples."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from tests.warehouse.attribute_cases import Case, Record, build_city, record, value_of
from warehouse.attributes import education


def enrolment(**values: Any) -> Record:
    return record("student_enrolment", **values)


OLD, NEW = "2025-01-01", "2025-03-01"
AT_SCHOOL = {
    "status": "1",
    "school_name": "一小",
    "stage": "2",
    "grade": "P3",
    "boarding": "1",
    "aid_type": "1",
    "left_behind": "2",
    "migrant_child": "0",
    "updated_on": OLD,
}
LEFT = {
    "status": "3",
    "school_name": "二小",
    "stage": "3",
    "grade": "J1",
    "boarding": "0",
    "aid_type": "0",
    "left_behind": "0",
    "migrant_child": "1",
    "updated_on": NEW,
}
BOTH = (enrolment(**AT_SCHOOL), enrolment(**LEFT))

CASES = (
    Case("the record with status 1 before a later one", "enrolment_status", "1", BOTH),
    Case(
        "without status 1 the latest",
        "enrolment_status",
        "4",
        (enrolment(status="3", updated_on=OLD), enrolment(status="4", updated_on=NEW)),
    ),
    Case(
        "same day: the later time",
        "enrolment_status",
        "4",
        (
            enrolment(status="3", updated_at="2025-03-01 10:00:00", natural_key="z"),
            enrolment(status="4", updated_at="2025-03-01 11:00:00", natural_key="a"),
        ),
    ),
    Case(
        "same time: the larger natural key",
        "enrolment_status",
        "4",
        (enrolment(status="3", natural_key="a1"), enrolment(status="4", natural_key="a2")),
    ),
    Case(
        "a student left out of a full delivery counts as 5",
        "enrolment_status",
        "5",
        (enrolment(status="1", left_out=True),),
    ),
    Case("suspended and left out counts as 5", "enrolment_status", "5", (enrolment(status="2", left_out=True),)),
    Case(
        "left out, but the last status says moved away",
        "enrolment_status",
        "3",
        (enrolment(status="3", left_out=True),),
    ),
    Case(
        "left out, but the last status says graduated", "enrolment_status", "4", (enrolment(status="4", left_out=True),)
    ),
    Case("left out, but the last status says died", "enrolment_status", "6", (enrolment(status="6", left_out=True),)),
    Case(
        "left out at one school, present at another",
        "enrolment_status",
        "1",
        (enrolment(status="1", left_out=True, updated_on=NEW), enrolment(status="1", updated_on=OLD)),
    ),
    Case("an unknown status is missing", "enrolment_status", None, (enrolment(status=None),)),
    Case(
        "the guardian is no student",
        "enrolment_status",
        None,
        (record("student_enrolment", {"holder": "child", "guardian": "me"}, status="1"),),
    ),
    Case("nobody's record", "enrolment_status", None),
    Case("of the same record", "school_name", "一小", BOTH),
    Case("with status 2 as well", "school_name", "一小", (enrolment(status="2", school_name="一小"),)),
    Case("missing unless the status is 1 or 2", "school_name", None, (enrolment(**LEFT),)),
    Case("missing for a student left out", "school_name", None, (enrolment(**(AT_SCHOOL | {"left_out": True})),)),
    Case("of the same record", "school_stage", "2", BOTH),
    Case("of the last record after leaving", "school_stage", "3", (enrolment(**LEFT),)),
    Case("of the same record", "grade", "P3", BOTH),
    Case("missing in that record is missing", "grade", None, (enrolment(status="1"), enrolment(**LEFT))),
    Case("of the same record: yes", "boarding", True, BOTH),
    Case("of the same record: no", "boarding", False, (enrolment(**LEFT),)),
    Case("not stated is missing, not no", "boarding", None, (enrolment(status="1"),)),
    Case("of the same record", "student_aid", "1", BOTH),
    Case("none is a value", "student_aid", "0", (enrolment(**LEFT),)),
    Case("of the same record", "left_behind_registered", "2", BOTH),
    Case("of the same record", "migrant_child_enrolled", False, BOTH),
    Case("yes", "migrant_child_enrolled", True, (enrolment(**LEFT),)),
)


@pytest.fixture(scope="module")
def city() -> Iterator[duckdb.DuckDBPyConnection]:
    with build_city((education,), CASES) as con:
        yield con


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_rule(city: duckdb.DuckDBPyConnection, case: Case) -> None:
    assert value_of(city, case) == case.expected
