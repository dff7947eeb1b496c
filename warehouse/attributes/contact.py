"""The telephone number under which a person can be reached.

Belongs here: contact_phone (clarifications 21, 32). Does not: emergency contacts (service_needs.py).
"""

from __future__ import annotations

import duckdb

from sources.catalogue import load_catalogue
from sources.tables import literal, quoted
from warehouse.attributes.records import attribute, store
from warehouse.build import ProfileBuild, claims, in_force

ATTRIBUTES = ("contact_phone",)

MOST_CARRIERS = 8
"""A number that more persons carry, outside one household, belongs to a clerk or an office."""


def build(con: duckdb.DuckDBPyConnection, build: ProfileBuild) -> None:
    """Needs household_id."""
    store(con, "contact_phone", f"""
        WITH stated AS ({claims("contact_phone", build=build)})
        SELECT stated.person_id, stated.value, stated.record_id
        FROM stated ANTI JOIN ({_offices(build)}) AS office ON office.phone = stated.value
        WHERE stated.value IS NOT NULL
        QUALIFY row_number() OVER (PARTITION BY stated.person_id ORDER BY
            regexp_full_match(stated.value, '1[0-9]{{10}}') DESC, coalesce(updated_on, DATE '0001-01-01') DESC,
            ordinal, natural_key DESC, stated.record_id) = 1""")


def _offices(build: ProfileBuild) -> str:
    """Numbers that more than MOST_CARRIERS persons carry in any role, who are not all of one household."""
    parts = [
        f"""SELECT m.person_id, r.{quoted(role.phone)} AS phone
            FROM {quoted("current_" + contract.category)} AS r
            JOIN mention_person AS m ON m.record_id = r.record_id AND m.role = {literal(role.role)}
            WHERE r.{quoted(role.phone)} IS NOT NULL AND {in_force(contract.category, build)}"""
        for contract in load_catalogue().contracts.values()
        for role in contract.person_roles
        if role.phone and build.usable(contract.category)
    ]
    return f"""
        SELECT phone FROM ({" UNION ".join(parts)}) AS carried
        LEFT JOIN {attribute("household_id")} AS household USING (person_id)
        GROUP BY phone
        HAVING count(*) > {MOST_CARRIERS} AND count(DISTINCT coalesce(household.value, person_id)) > 1"""
