"""The dwelling of a person: type, area, tenure, occupants, and the dwellings owned.

Belongs here: facts of house_registry about the dwelling_id. Does not: finding the dwelling (residence.py).
"""

from __future__ import annotations

import duckdb

from warehouse.attributes.records import attribute, records, store
from warehouse.build import ProfileBuild

ATTRIBUTES = ("dwelling_type", "dwelling_area", "dwelling_tenure", "dwelling_occupants", "owned_dwellings")

SMALLEST, LARGEST = 5, 2000
"""Square metres outside which a floor area counts as missing."""


def build(con: duckdb.DuckDBPyConnection, build: ProfileBuild) -> None:
    """Needs vital_status, dwelling_id, household_id, spouse_person."""
    home = f"""{attribute("dwelling_id")} AS home
        JOIN current_house_registry AS house ON house.dwelling_code = home.value"""
    store(con, "dwelling_type", f"SELECT home.person_id, house.dwelling_type AS value, house.record_id FROM {home}")
    store(con, "dwelling_area", f"""
        SELECT home.person_id, house.floor_area AS value, house.record_id FROM {home}
        WHERE house.floor_area BETWEEN {SMALLEST} AND {LARGEST}""")
    store(con, "dwelling_tenure", _tenure(build))
    store(con, "dwelling_occupants", f"""
        SELECT home.person_id, count(*) FILTER (vital.value = '1') OVER (PARTITION BY home.value) AS value,
               NULL AS record_id
        FROM {attribute("dwelling_id")} AS home LEFT JOIN {attribute("vital_status")} AS vital USING (person_id)""")
    store(con, "owned_dwellings", f"""
        SELECT everybody.person_id, count(DISTINCT house.dwelling_code) AS value,
               CASE WHEN count(DISTINCT house.dwelling_code) = 1 THEN min(house.record_id) END AS record_id
        FROM everybody LEFT JOIN {records(build, "house_registry", ("owner",))} AS house USING (person_id)
        GROUP BY everybody.person_id""")


def _tenure(build: ProfileBuild) -> str:
    """Own, public, of the employer, as registered, let, lent: the first that holds."""
    return f"""
        WITH owners AS (
            SELECT dwelling_code, person_id, record_id FROM {records(build, "house_registry", ("owner",))}
        ),
        entitled AS (
            SELECT person_id, person_id AS owner FROM {attribute("dwelling_id")}
            UNION SELECT person_id, value FROM {attribute("spouse_person")}
            UNION SELECT mine.person_id, other.person_id
                  FROM {attribute("household_id")} AS mine JOIN {attribute("household_id")} AS other USING (value)
        ),
        owned AS (
            SELECT DISTINCT home.person_id
            FROM {attribute("dwelling_id")} AS home
            JOIN owners ON owners.dwelling_code = home.value
            JOIN entitled ON entitled.person_id = home.person_id AND entitled.owner = owners.person_id
        ),
        permits AS (
            SELECT person_id, record_id, dwelling_tenure
            FROM {records(build, "residence_permits", ("holder",))} AS permits
            WHERE permit_status = '1'
            QUALIFY row_number() OVER (PARTITION BY person_id ORDER BY residence_start DESC NULLS LAST,
                last_update DESC NULLS LAST, natural_key DESC, record_id) = 1
        )
        SELECT person_id,
               CASE WHEN owned.person_id IS NOT NULL THEN '1'
                    WHEN house.dwelling_type = '2' THEN '3'
                    WHEN house.dwelling_type IN ('3', '5') THEN '5'
                    WHEN permits.dwelling_tenure IS NOT NULL THEN permits.dwelling_tenure
                    WHEN house.occupancy = '2' THEN '2'
                    WHEN house.occupancy = '4' THEN '4' END AS value,
               CASE WHEN owned.person_id IS NOT NULL OR house.dwelling_type IN ('2', '3', '5')
                      OR permits.dwelling_tenure IS NULL THEN house.record_id ELSE permits.record_id END AS record_id
        FROM everybody
        LEFT JOIN owned USING (person_id)
        LEFT JOIN {attribute("dwelling_id")} AS home USING (person_id)
        LEFT JOIN current_house_registry AS house ON house.dwelling_code = home.value
        LEFT JOIN permits USING (person_id)
        ANTI JOIN (SELECT person_id FROM {attribute("vital_status")} WHERE value = '2') AS dead USING (person_id)"""
