"""Service needs: what services can start from, derived from other attributes only.

Belongs here: the eight attributes of the group. The dead have none of them; their list of unclaimed entitlements is
empty (clarification 15).
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import duckdb

from sources.tables import quoted
from warehouse.attributes.records import attribute, day, first_of, records, store, store_list

if TYPE_CHECKING:
    from warehouse.build import ProfileBuild

ATTRIBUTES = (
    "living_alone",
    "empty_nest",
    "lonely_elder",
    "left_behind_child",
    "no_enrolment_at_school_age",
    "migrant_half_year",
    "unclaimed_entitlements",
    "followup_overdue",
)

FACTS = (
    "vital_status", "age", "birth_date", "marital_status", "hukou_status", "resident_type",
    "residence_months", "dwelling_id", "dwelling_type", "dwelling_occupants", "children_count",
    "enrolment_status", "left_behind_registered", "student_aid", "pension_payment_status", "medical_subsidy",
    "assistance_types", "disability_level", "disability_subsidy", "elderly_allowance_status",
    "elderly_living_type", "next_followup_due",
)  # fmt: skip
"""The attributes that the derivations read."""

OLD_FROM = 60
ALLOWANCE_FROM = 80
LEFT_BEHIND_UNDER = 16
SCHOOL_AGE = (6, 15)
"""First age of compulsory schooling, first age after it, on 31 August before the school year."""
OVERDUE_AFTER_DAYS = 14

LIVING_ALONE = """
    CASE WHEN elderly_living_type IN ('1', '2') OR dwelling_occupants = 1 THEN true
         WHEN dwelling_occupants >= 2 OR elderly_living_type IN ('3', '4', '5') THEN false END"""

LONELY_ELDER = f"""
    CASE WHEN age < {OLD_FROM} OR age IS NULL THEN NULL
         WHEN elderly_living_type = '1' THEN true
         WHEN ({LIVING_ALONE}) IS NULL THEN NULL
         ELSE ({LIVING_ALONE}) AND coalesce(marital_status IN ('10', '30', '40'), false) AND coalesce(children_count =
             0, false) END"""

MIGRANT_HALF_YEAR = """
    CASE WHEN resident_type IN ('3', '4') THEN residence_months >= 6
         WHEN resident_type <> '9' THEN false END"""

REGISTERED_ALIVE = "vital_status = '1' AND hukou_status = '1'"

ENTITLEMENTS = {
    "1": f"age >= {ALLOWANCE_FROM} AND elderly_allowance_status IS DISTINCT FROM '1'",
    "2": "list_has_any(assistance_types, ['1', '2', '3']) AND coalesce(medical_subsidy, '0') = '0'",
    "3": "disability_level IN ('1', '2') AND NOT list_contains(disability_subsidy, '2')",
    "4": """enrolment_status = '1' AND coalesce(student_aid, '0') = '0'
            AND list_has_any(assistance_types, ['1', '2', '3'])""",
    "5": f"age >= {OLD_FROM} AND coalesce(pension_payment_status, '0') = '0'",
}
"""Code of the list `entitlement` and when a living person registered in the city seems to be entitled; 6 is not
derived."""


def build(con: duckdb.DuckDBPyConnection, build: ProfileBuild) -> None:
    """Needs every attribute of FACTS."""
    _gather_facts(con)
    _from_facts(con, "living_alone", LIVING_ALONE)
    store(con, "empty_nest", _empty_nest())
    _from_facts(con, "lonely_elder", LONELY_ELDER)
    store(con, "left_behind_child", _left_behind_child(build))
    _from_facts(con, "no_enrolment_at_school_age", _no_enrolment_at_school_age(build.as_of))
    _from_facts(con, "migrant_half_year", MIGRANT_HALF_YEAR)
    entitled = " UNION ALL ".join(
        f"SELECT person_id, '{code}' AS value FROM person_facts WHERE {REGISTERED_ALIVE} AND {condition}"
        for code, condition in ENTITLEMENTS.items()
    )
    store_list(con, "unclaimed_entitlements", entitled)
    _from_facts(con, "followup_overdue", f"next_followup_due < {day(build.as_of)} - {OVERDUE_AFTER_DAYS}")
    con.execute("DROP TABLE person_facts")


def school_day(as_of: date) -> date:
    """31 August before the school year of as_of, which starts on 1 September."""
    return date(as_of.year if as_of >= date(as_of.year, 9, 1) else as_of.year - 1, 8, 31)


def _gather_facts(con: duckdb.DuckDBPyConnection) -> None:
    """`person_facts`: the living and those of unknown state, one row per person, one column per fact."""
    columns = ", ".join(f"{attribute(name)}.value AS {quoted(name)}" for name in FACTS)
    joins = "\n".join(
        f"LEFT JOIN {attribute(name)} ON {attribute(name)}.person_id = everybody.person_id" for name in FACTS
    )
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE person_facts AS
        SELECT everybody.person_id, {columns}
        FROM everybody {joins}
        WHERE {attribute("vital_status")}.value IS DISTINCT FROM '2'""")


def _from_facts(con: duckdb.DuckDBPyConnection, name: str, value: str) -> None:
    store(con, name, f"SELECT person_id, {value} AS value, NULL AS record_id FROM person_facts")


def _empty_nest() -> str:
    """Institutions and dormitories give false; then what civil affairs registered; then the ages of those who live in
    the dwelling.
    A person of unknown age does not make it false (clarification 27)."""
    return f"""
        WITH younger AS (
            SELECT DISTINCT dwelling_id FROM person_facts WHERE vital_status = '1' AND age < {OLD_FROM} AND
                dwelling_id IS NOT NULL
        )
        SELECT person_id, NULL AS record_id,
               CASE WHEN dwelling_type IN ('5', '6') THEN false
                    WHEN elderly_living_type IN ('1', '2', '3') THEN true
                    WHEN person_facts.dwelling_id IS NOT NULL THEN younger.dwelling_id IS NULL END AS value
        FROM person_facts LEFT JOIN younger ON younger.dwelling_id = person_facts.dwelling_id
        WHERE age >= {OLD_FROM}"""


def _left_behind_child(build: ProfileBuild) -> str:
    """By the school, else by where the parents of the child's registration live."""
    registrations = first_of(
        f"""
        SELECT person_id, record_id, natural_key, last_update, coalesce(status = '1', false) AS active, cancel_date
        FROM {records(build, "household_registration", ("holder",))}
        WHERE person_id IN (SELECT person_id FROM person_facts WHERE age < {LEFT_BEHIND_UNDER})""",
        "active DESC, CASE WHEN NOT active THEN cancel_date END DESC NULLS LAST",
    )
    return f"""
        WITH registrations AS ({registrations}),
        parents AS (
            SELECT registrations.person_id, count(DISTINCT mentions.role) AS known,
                   bool_or(homes.value = children.dwelling_id) AS together
            FROM registrations
            JOIN person_facts AS children USING (person_id)
            JOIN mention_person AS mentions ON mentions.record_id = registrations.record_id AND mentions.role IN
                ('father', 'mother')
            LEFT JOIN {attribute("dwelling_id")} AS homes ON homes.person_id = mentions.person_id
            GROUP BY registrations.person_id
        )
        SELECT person_id, NULL AS record_id,
               CASE WHEN left_behind_registered IN ('1', '2') THEN true
                    WHEN together THEN false
                    WHEN known = 2 AND dwelling_id IS NOT NULL THEN true END AS value
        FROM person_facts LEFT JOIN parents USING (person_id)
        WHERE age < {LEFT_BEHIND_UNDER}"""


def _no_enrolment_at_school_age(as_of: date) -> str:
    on = school_day(as_of)
    first, beyond = SCHOOL_AGE
    of_age = f"birth_date <= {day(on)} - INTERVAL {first} YEAR AND birth_date > {day(on)} - INTERVAL {beyond} YEAR"
    return f"""
        CASE WHEN {of_age}
             THEN vital_status = '1' AND coalesce(resident_type IN ('1', '2', '3', '4'), false)
                  AND coalesce(enrolment_status IN ('3', '5'), true) END"""
