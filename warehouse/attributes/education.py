"""Education: what student_enrolment says about the person as a student.

Belongs here: the eight attributes of the group, all from one record per student.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from warehouse.attributes.records import first_of, records, store

if TYPE_CHECKING:
    from warehouse.build import ProfileBuild

ATTRIBUTES = (
    "enrolment_status",
    "school_name",
    "school_stage",
    "grade",
    "boarding",
    "student_aid",
    "left_behind_registered",
    "migrant_child_enrolled",
)

VALUES = {
    "enrolment_status": "status",
    "school_name": "CASE WHEN status IN ('1', '2') THEN school_name END",
    "school_stage": "stage",
    "grade": "grade",
    "boarding": "boarding = '1'",
    "student_aid": "aid_type",
    "left_behind_registered": "left_behind",
    "migrant_child_enrolled": "migrant_child = '1'",
}


def enrolments(build: ProfileBuild) -> str:
    """The enrolments of students; one that a full delivery left out counts as status 5, unless it says 3, 4 or 6
    (clarification 42)."""
    return f"""
        SELECT person_id, record_id, natural_key, last_update, school_name, stage, grade, boarding, aid_type,
               left_behind, migrant_child,
               CASE WHEN left_out AND coalesce(status, '') NOT IN ('3', '4', '6') THEN '5' ELSE status END AS status
        FROM {records(build, "student_enrolment", ("holder",))}"""


def build(con: duckdb.DuckDBPyConnection, build: ProfileBuild) -> None:
    """The record with status 1 if there is one, otherwise the latest, gives all eight values."""
    ranking = "(status IS NOT DISTINCT FROM '1') DESC, (status IS NOT NULL) DESC"
    con.execute(f"CREATE OR REPLACE TEMP TABLE student_of_person AS {first_of(enrolments(build), ranking)}")
    for name, value in VALUES.items():
        store(con, name, f"SELECT person_id, {value} AS value, record_id FROM student_of_person")
    con.execute("DROP TABLE student_of_person")
