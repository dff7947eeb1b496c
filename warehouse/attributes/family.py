"""Family: the spouse and the marital status.

Belongs here: what follows from marriage events and from the links between persons.
Does not: the links themselves (kinship.py), who lives together, children and guardians (household.py).
"""

from __future__ import annotations

import duckdb

from warehouse.attributes.demographics import registration
from warehouse.attributes.kinship import ensure_links
from warehouse.attributes.records import attribute, store
from warehouse.build import ProfileBuild, claims

ATTRIBUTES = ("spouse_person", "marital_status")


def build(con: duckdb.DuckDBPyConnection, build: ProfileBuild) -> None:
    """Needs vital_status."""
    ensure_links(con, build)
    store(con, "spouse_person", "FROM spouse_link")
    store(con, "marital_status", _marital_status(build))


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
