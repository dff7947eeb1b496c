"""Family: the spouse, the marital status and the children.

Belongs here: what follows from marriage events and from the links between persons.
Does not: the links themselves (kinship.py), who lives together and guardians (household.py).
"""

from __future__ import annotations

import duckdb

from warehouse.attributes.demographics import registration
from warehouse.attributes.records import attribute, first_of, records, store
from warehouse.build import ProfileBuild, claims

ATTRIBUTES = ("spouse_person", "marital_status", "children_count", "minor_children_count")

ADULT_FROM = 18


def build(con: duckdb.DuckDBPyConnection, build: ProfileBuild) -> None:
    """Needs vital_status, age and the links of kinship."""
    store(con, "spouse_person", "FROM spouse_link")
    store(con, "marital_status", _marital_status(build))
    _children(con, build)


def _marital_status(build: ProfileBuild) -> str:
    """The latest event, else what the other sources state; a dead spouse makes a widow (clarification 23)."""
    stated = claims(
        "marital_status",
        build=build,
        where={"marriage_registration": "false", "birth_family_support": "m.role IN ('mother', 'father')"},
        value={
            category: f"left(r.{column}, 1) || '0'"
            for category, column in (
                ("household_registration", "marital_status"),
                ("birth_family_support", "marital_status"),
                ("residence_permits", "marital_status"),
                ("fund_loans", "borrower_marital"),
                ("health_records", "marital_status"),
                ("fund_accounts", "marital_status"),
            )
        },
    )
    return f"""
        WITH stated AS (
            SELECT person_id, value, record_id FROM ({stated}) AS stated
            WHERE value IS NOT NULL
            QUALIFY row_number() OVER (PARTITION BY person_id ORDER BY value = '90', ordinal,
                coalesce(updated_on, DATE '0001-01-01') DESC, natural_key DESC, record_id) = 1
        ),
        known AS (
            SELECT everybody.person_id, event.event_type, event.status, event.record_id AS event_record, stated.value,
                   stated.record_id AS stated_record, spouse.value IS NOT NULL AS has_spouse,
                   coalesce(vital.value = '2', false) AS spouse_died,
                   coalesce(hr.marital_status = '30' AND hr.last_update::DATE > event.day, false) AS widowed_since,
                   hr.record_id AS hr_record
            FROM everybody
            LEFT JOIN last_event AS event USING (person_id)
            LEFT JOIN stated ON stated.person_id = everybody.person_id
            LEFT JOIN spouse_link AS spouse ON spouse.person_id = everybody.person_id
            LEFT JOIN {attribute("vital_status")} AS vital ON vital.person_id = spouse.value
            LEFT JOIN {registration(build)} AS hr ON hr.person_id = everybody.person_id
        ),
        decided AS (
            SELECT *, event_type IN ('1', '3') AND widowed_since AS by_registration,
                   CASE WHEN event_type IN ('1', '3') THEN CASE WHEN widowed_since THEN '30' ELSE '20' END
                        WHEN event_type IN ('2', '4') THEN CASE WHEN has_spouse THEN '20' ELSE '40' END
                        WHEN status IS NOT NULL THEN status
                        WHEN event_type IS NULL AND value = '10' AND has_spouse THEN '20'
                        ELSE value END AS result
            FROM known
        )
        SELECT person_id, CASE WHEN result = '20' AND spouse_died THEN '30' ELSE result END AS value,
               CASE WHEN by_registration THEN hr_record WHEN status IS NOT NULL THEN event_record
                    ELSE stated_record END AS record_id
        FROM decided"""


def _children(con: duckdb.DuckDBPyConnection, build: ProfileBuild) -> None:
    """Both counts: 0 for somebody in a register or with children who died, missing for somebody of whom nothing is
    known."""
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE child_count AS
        WITH counted AS (
            SELECT parent AS person_id, count(*) FILTER (vital.value IS DISTINCT FROM '2') AS living,
                   count(*) FILTER (vital.value IS DISTINCT FROM '2' AND age.value < {ADULT_FROM}) AS minors
            FROM parent_link AS link
            LEFT JOIN {attribute("vital_status")} AS vital ON vital.person_id = link.child
            LEFT JOIN {attribute("age")} AS age ON age.person_id = link.child
            GROUP BY parent
        ),
        registered AS (
            SELECT DISTINCT person_id, 0 AS children FROM {records(build, "household_registration", ("holder",))}
        )
        SELECT person_id, coalesce(counted.living, registered.children) AS living,
               coalesce(counted.minors, registered.children) AS minors
        FROM counted FULL JOIN registered USING (person_id)""")
    stated = first_of(f"""
        SELECT person_id, children_count, record_id, last_update, natural_key
        FROM {records(build, "birth_family_support", ("mother", "father"))} WHERE children_count IS NOT NULL""", "")
    store(con, "children_count", f"""
        SELECT person_id, greatest(counted.living, stated.children_count) AS value,
               CASE WHEN stated.children_count > coalesce(counted.living, 0) THEN stated.record_id END AS record_id
        FROM child_count AS counted FULL JOIN ({stated}) AS stated USING (person_id)""")
    store(con, "minor_children_count", "SELECT person_id, minors AS value, NULL AS record_id FROM child_count")
    con.execute("DROP TABLE temp.child_count")
