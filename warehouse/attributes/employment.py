"""Employment: work, unemployment registration and what employment services know.

Belongs here: the seven attributes of the group.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from warehouse.attributes.records import any_true, attribute, first_of, records, store
from warehouse.build import claims
from warehouse.survivorship import most_recent

if TYPE_CHECKING:
    from warehouse.build import ProfileBuild

ATTRIBUTES = (
    "employment_status",
    "employer_name",
    "unemployment_registered",
    "unemployment_date",
    "job_seeking_intent",
    "skill_level",
    "employment_hardship",
)

NOT_CANCELLED = "registration_type IS DISTINCT FROM '3'"
"""A cancelled certificate is a row with registration_type 3."""

UNEMPLOYED = "registration_type = '2' AND cancel_date IS NULL"


SPEAKS_OF_WORK = {
    "employment_registration": "r.registration_type = '1'",
    "pension_insurance": "r.scheme IN ('1', '2') AND r.status = '1'",
    "fund_accounts": "r.status = '1'",
    "medical_insurance": "r.scheme = '1' AND r.status = '1'",
}
"""By category: SQL (alias r) that the employer of a record is one of the present. A resident's pension names the village there."""


def build(con: duckdb.DuckDBPyConnection, build: ProfileBuild) -> None:
    """Needs enrolment_status, school_stage and age."""
    certificates = records(build, "employment_registration")
    store(con, "employment_status", _employment_status(build))
    store(con, "employer_name", most_recent(claims("employer_name", build=build, where=SPEAKS_OF_WORK)))
    any_true(con, "unemployment_registered", certificates, UNEMPLOYED)
    store(
        con,
        "unemployment_date",
        first_of(
            f"""
        SELECT person_id, unemployment_date AS value, record_id, last_update, natural_key FROM {certificates}
        WHERE {UNEMPLOYED} AND unemployment_date IS NOT NULL""",
            "",
        ),
    )
    for name, column in (("job_seeking_intent", "job_intent"), ("employment_hardship", "hardship")):
        store(
            con,
            name,
            most_recent(f"""
            SELECT person_id, {column} AS value, record_id, 1 AS ordinal, updated_on, natural_key FROM {certificates}
            WHERE {NOT_CANCELLED}"""),
        )
    store(
        con,
        "skill_level",
        first_of(
            f"""
        SELECT person_id, skill_level AS value, record_id, last_update, natural_key FROM {certificates}
        WHERE skill_level IS NOT NULL""",
            "value = '0', value",
        ),
    )


def _employment_status(build: ProfileBuild) -> str:
    """Student, pensioner, registered status, or employed by contributions; the first that holds."""
    pensions, accounts = records(build, "pension_insurance"), records(build, "fund_accounts")
    return f"""
        WITH students AS (
            SELECT status.person_id, '31' AS value, NULL::BIGINT AS record_id, 1 AS step,
                   NULL::TIMESTAMP AS last_update, '' AS natural_key
            FROM {attribute("enrolment_status")} AS status
            JOIN {attribute("age")} AS age USING (person_id)
            LEFT JOIN {attribute("school_stage")} AS stage USING (person_id)
            WHERE status.value = '1' AND stage.value IS DISTINCT FROM '1' AND age.value >= 6
        ),
        pensioners AS (
            SELECT person_id, '80', record_id, 2, last_update, natural_key FROM {pensions}
            WHERE scheme IN ('1', '2') AND payment_status = '1'
        ),
        registered AS (
            SELECT person_id, CASE WHEN registration_type = '2' THEN '70' ELSE employment_status END AS value,
                   record_id, 3, last_update, natural_key
            FROM {records(build, "employment_registration")}
            WHERE {NOT_CANCELLED}
        ),
        contributors AS (
            SELECT person_id, '17', record_id, 4, last_update, natural_key FROM {accounts} WHERE status = '1'
            UNION ALL
            SELECT person_id, '17', record_id, 5, last_update, natural_key FROM {pensions}
            WHERE scheme IN ('1', '2') AND status = '1'
        ),
        steps AS (FROM students UNION ALL FROM pensioners UNION ALL FROM registered UNION ALL FROM contributors)
        SELECT person_id, value, record_id FROM steps
        WHERE value IS NOT NULL
        QUALIFY row_number() OVER (PARTITION BY person_id ORDER BY step, last_update DESC NULLS LAST, natural_key
            DESC, record_id) = 1"""
