"""Households of registration: the members of one household register.

Belongs here: the rows of kind 'registration', and where each person is registered apart from living (人户分离).
Does not: registers that carry one number (warehouse/attributes/registers.py), who lives together (residence.py).
"""

from __future__ import annotations

import duckdb

KIND = "registration"

KEY = "registered.household_no || CASE WHEN registered.family THEN '' ELSE '/2' END"
"""A collective household that carries the number of a family is another household."""


def create_registration(con: duckdb.DuckDBPyConnection) -> None:
    """Insert into household and household_member; make temporary `separation`. Needs `registered` (kinship.py), `place`,
    profile_open. Grain: one household per register; a person with several active registrations counts in the one updated
    last. The dead stay members as long as their registration is active, but are not counted."""
    _separation(con)
    con.execute(f"""
        INSERT INTO household_member
        SELECT '{KIND}', {KEY}, registered.person_id, registered.relation_to_head, ['household_no'], NULL, separation.level,
               coalesce(profile.vital_status = '1', false), registered.record_id
        FROM registered
        LEFT JOIN profile_open AS profile USING (person_id)
        LEFT JOIN separation ON separation.person_id = registered.person_id
        WHERE registered.household_no IS NOT NULL
        ORDER BY ALL""")
    con.execute(f"""
        INSERT INTO household
        WITH member AS (
            SELECT registered.person_id, {KEY} AS household_key, registered.family, place.dwelling_code,
                   place.township_code, coalesce(profile.vital_status = '1', false) AS counted,
                   registered.relation_to_head = '02' AS is_head
            FROM registered
            LEFT JOIN profile_open AS profile USING (person_id)
            LEFT JOIN place ON place.record_id = registered.record_id AND place.column_name = 'address'
            WHERE registered.household_no IS NOT NULL
        )
        SELECT '{KIND}', household_key, split_part(household_key, '/', 1), CASE WHEN bool_or(family) THEN '1' ELSE '2' END,
               coalesce(any_value(dwelling_code) FILTER (is_head AND heads = 1),
                        CASE WHEN min(dwelling_code) = max(dwelling_code) THEN min(dwelling_code) END),
               coalesce(any_value(township_code) FILTER (is_head AND heads = 1),
                        CASE WHEN min(township_code) = max(township_code) THEN min(township_code) END),
               any_value(person_id) FILTER (is_head AND heads = 1), count(*) FILTER (counted)
        FROM (SELECT *, count(*) FILTER (is_head) OVER (PARTITION BY household_key) AS heads FROM member)
        GROUP BY household_key ORDER BY household_key""")


def _separation(con: duckdb.DuckDBPyConnection) -> None:
    """Temporary `separation` (person_id, level): how far from the registered address the person lives.

    none, dwelling (another one of the same community), community, township, county: the widest unit in which the two
    differ; in_city: registered elsewhere, lives here; out_of_city: registered here, lives elsewhere; missing where the
    registers do not tell.
    """
    con.execute("""
        CREATE OR REPLACE TEMP TABLE separation AS
        WITH seat AS (
            SELECT profile.person_id, profile.resident_type, profile.dwelling_id, profile.residence_county,
                   profile.residence_township, profile.residence_community, place.dwelling_code, place.county_code,
                   place.township_code, place.community_code
            FROM profile_open AS profile
            LEFT JOIN registered USING (person_id)
            LEFT JOIN place ON place.record_id = registered.record_id AND place.column_name = 'address'
            WHERE profile.vital_status IS DISTINCT FROM '2'
        )
        SELECT person_id,
               CASE WHEN resident_type = '4' THEN 'in_city'
                    WHEN resident_type = '5' THEN 'out_of_city'
                    WHEN dwelling_id = dwelling_code THEN 'none'
                    WHEN residence_county <> county_code THEN 'county'
                    WHEN residence_township <> township_code THEN 'township'
                    WHEN residence_community <> community_code THEN 'community'
                    WHEN dwelling_id <> dwelling_code THEN 'dwelling' END AS level
        FROM seat""")
