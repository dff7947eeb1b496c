"""Demographics: whether and how long a person has lived, ethnic group, education.

Belongs here: vital_status, death_date, age, ethnic_group, education_level.
Does not: marital_status, which needs the spouse (family.py).
"""

from __future__ import annotations

import duckdb

from sources.catalogue import load_catalogue
from sources.tables import literal
from warehouse.attributes.records import attribute, records, store
from warehouse.build import ProfileBuild, claims
from warehouse.survivorship import largest, trusted_order

ATTRIBUTES = ("vital_status", "death_date", "age", "ethnic_group", "education_level")

SILENT_AFTER_YEARS = 10
"""Clarification 41: nobody has seen a person of whom no subject record is younger."""

ACTIVE_FIRST = """
    status IS NOT DISTINCT FROM '1' DESC, CASE WHEN status = '1' THEN NULL ELSE cancel_date END DESC NULLS LAST,
    last_update DESC NULLS LAST, natural_key DESC, record_id"""
"""Which registration of a person counts: an active one, else the one cancelled last (clarification 37)."""


def registration(build: ProfileBuild) -> str:
    """The registration record that counts, one row per person who has one with a status."""
    return f"""(
        SELECT * FROM {records(build, "household_registration", ("holder",))} AS registrations
        WHERE status IS NOT NULL
        QUALIFY row_number() OVER (PARTITION BY person_id ORDER BY {ACTIVE_FIRST}) = 1)"""


def build(con: duckdb.DuckDBPyConnection, build: ProfileBuild) -> None:
    """Needs birth_date."""
    store(con, "vital_status", _vital_status(build))
    store(con, "death_date", _death_date(build))
    store(con, "age", f"""
        SELECT birth.person_id, birth.record_id,
               year(day) - year(birth.value)
               - ((month(day), day(day)) < (month(birth.value), day(birth.value)))::INT AS value
        FROM (SELECT birth.*, CASE WHEN vital.value = '2' THEN death.value ELSE {build.day} END AS day
              FROM {attribute("birth_date")} AS birth
              LEFT JOIN {attribute("vital_status")} AS vital USING (person_id)
              LEFT JOIN {attribute("death_date")} AS death USING (person_id)) AS birth""")
    store(con, "ethnic_group", trusted_order(claims("ethnic_group", build=build)))
    store(con, "education_level", _education(build))


def _vital_status(build: ProfileBuild) -> str:
    """Dead by the registration, or by two other departments; unknown when no record of the last ten years is about the
    person itself."""
    contracts = load_catalogue().contracts
    recent = " UNION ALL ".join(
        f"""SELECT person_id FROM {records(build, category)}
            WHERE updated_on >= ({build.day} - INTERVAL {SILENT_AFTER_YEARS} YEAR)::DATE"""
        for category in contracts
        if build.usable(category)
    )
    return f"""
        WITH registered AS {registration(build)},
        stated AS (
            SELECT person_id, 'health' AS department FROM {records(build, "health_records")} WHERE status = '2'
            UNION SELECT person_id, 'health' FROM {records(build, "care_followups")} WHERE status = '4'
            UNION SELECT person_id, 'human_resources' FROM {records(build, "pension_insurance")}
                  WHERE suspend_reason = '1'
        ),
        deaths AS (SELECT person_id FROM stated GROUP BY person_id HAVING count(DISTINCT department) >= 2),
        seen AS (SELECT DISTINCT person_id FROM ({recent}))
        SELECT everybody.person_id,
               CASE WHEN registered.status = '3' OR deaths.person_id IS NOT NULL THEN '2'
                    WHEN registered.status = '1' OR seen.person_id IS NOT NULL THEN '1' ELSE '9' END AS value,
               CASE WHEN registered.status = '3' THEN registered.record_id END AS record_id
        FROM everybody
        LEFT JOIN registered USING (person_id)
        LEFT JOIN deaths ON deaths.person_id = everybody.person_id
        LEFT JOIN seen ON seen.person_id = everybody.person_id"""


def _death_date(build: ProfileBuild) -> str:
    stated = claims("death_date", build=build, where={"household_registration": "r.status = '3'"})
    return trusted_order(f"""
        SELECT stated.*
        FROM ({stated}) AS stated
        JOIN {attribute("vital_status")} AS vital ON vital.person_id = stated.person_id AND vital.value = '2'
        LEFT JOIN {attribute("birth_date")} AS birth ON birth.person_id = stated.person_id
        WHERE stated.value <= {build.day} AND coalesce(stated.value >= birth.value, true)""")


def _education(build: ProfileBuild) -> str:
    """The highest rank; equal ranks by the order of trust, then the record updated last."""
    values = load_catalogue().lists["gbt_4658_education"].values
    ranks = ", ".join(f"({literal(value.code)}, {value.rank})" for value in values if value.rank is not None)
    ranked = f"""
        SELECT stated.* EXCLUDE (value), {{'rank': rank.rank, 'first': -stated.ordinal,
               'day': coalesce(stated.updated_on, DATE '0001-01-01'), 'code': stated.value}} AS value
        FROM ({claims("education_level", build=build)}) AS stated
        JOIN (VALUES {ranks}) AS rank (code, rank) ON rank.code = stated.value"""
    return f"SELECT person_id, value.code AS value, record_id FROM ({largest(ranked)})"
