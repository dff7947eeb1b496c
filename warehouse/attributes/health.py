"""Health services: records, family doctor, follow-up that is due, self-care.

Belongs here: the nine attributes of the group. Programme 6 shows in mental_health_followup and nowhere else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from warehouse.attributes.records import any_true, codes_of, day, first_of, months_before, records, store, store_list

if TYPE_CHECKING:
    from warehouse.build import ProfileBuild

ATTRIBUTES = (
    "health_record_established",
    "family_doctor_team",
    "chronic_conditions",
    "last_followup_date",
    "next_followup_due",
    "mental_health_followup",
    "medication_support",
    "self_care_ability",
    "last_health_check_date",
)

MENTAL_HEALTH = "6"
SIGNED_WITHIN_MONTHS = 36
STATED_WITHIN_MONTHS = 24


def build(con: duckdb.DuckDBPyConnection, build: ProfileBuild) -> None:
    """Needs no other attribute."""
    _records(con, build)
    _followups(con, build)
    store_list(
        con,
        "chronic_conditions",
        f"""
        SELECT person_id, value FROM (
            SELECT person_id, programme AS value FROM {records(build, "care_followups")} WHERE status = '1'
            UNION ALL
            SELECT person_id, unnest(conditions) FROM {records(build, "health_records")} WHERE status = '1')
        WHERE value IN {codes_of("chronic_conditions")} AND value <> '{MENTAL_HEALTH}'""",
    )


def _records(con: duckdb.DuckDBPyConnection, build: ProfileBuild) -> None:
    archives = records(build, "health_records")
    # the exception of clarification 28: false without a record
    store(
        con,
        "health_record_established",
        f"""
        SELECT everybody.person_id, coalesce(bool_or(archives.status = '1'), false) AS value,
               arg_max(archives.record_id, (archives.last_update, archives.natural_key)) FILTER (WHERE archives.status
                   = '1') AS record_id
        FROM everybody LEFT JOIN {archives} AS archives USING (person_id) GROUP BY everybody.person_id""",
    )
    # a missing sign_date is the oldest (clarification 12), so it counts as signed long ago
    signed = f"""
        SELECT person_id, team AS value, record_id, last_update, natural_key, sign_date
        FROM {archives} WHERE team IS NOT NULL"""
    store(
        con,
        "family_doctor_team",
        f"""
        SELECT person_id, value, record_id FROM ({first_of(signed, "sign_date DESC NULLS LAST")})
        WHERE sign_date >= {months_before(build.as_of, SIGNED_WITHIN_MONTHS)}""",
    )
    store(
        con,
        "last_health_check_date",
        first_of(
            f"""
        SELECT person_id, last_check_date AS value, record_id, last_update, natural_key FROM {archives}
        WHERE last_check_date <= {day(build.as_of)}""",
            "value DESC",
        ),
    )
    stated = f"BETWEEN {months_before(build.as_of, STATED_WITHIN_MONTHS)} AND {day(build.as_of)}"
    store(
        con,
        "self_care_ability",
        first_of(
            f"""
        SELECT person_id, self_care AS value, record_id, last_update, natural_key, 1 AS ordinal FROM {archives}
        WHERE self_care IS NOT NULL AND last_check_date {stated}
        UNION ALL
        SELECT person_id, self_care, record_id, last_update, natural_key, 2 FROM
            {records(build, "elderly_disability_benefits")}
        WHERE self_care IS NOT NULL AND visit_date {stated}""",
            "value DESC, ordinal",
        ),
    )


def _followups(con: duckdb.DuckDBPyConnection, build: ProfileBuild) -> None:
    enrolments = records(build, "care_followups")
    other = f"programme IS DISTINCT FROM '{MENTAL_HEALTH}'"
    store(
        con,
        "last_followup_date",
        first_of(
            f"""
        SELECT person_id, last_followup AS value, record_id, last_update, natural_key FROM {enrolments}
        WHERE {other} AND last_followup IS NOT NULL""",
            "value DESC",
        ),
    )
    store(
        con,
        "next_followup_due",
        first_of(
            f"""
        SELECT person_id, next_followup AS value, record_id, last_update, natural_key FROM {enrolments}
        WHERE {other} AND status = '1' AND next_followup IS NOT NULL""",
            "value",
        ),
    )
    any_true(con, "mental_health_followup", enrolments, f"status = '1' AND programme = '{MENTAL_HEALTH}'")
    any_true(con, "medication_support", enrolments, "status = '1' AND medication_support = '1'")
