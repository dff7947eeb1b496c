"""The stay: what kind of resident somebody is, and the registration of the stay.

Belongs here: resident_type and what follows from it (clarification 20). Does not: the address (residence.py).
"""

from __future__ import annotations

import duckdb

from warehouse.attributes.records import attribute, records, store
from warehouse.attributes.registration import CITY
from warehouse.build import ProfileBuild
from warehouse.statements import ZONE

ATTRIBUTES = ("resident_type", "residence_start_date", "residence_months", "residence_permit_status",
              "migrant_origin_division", "residence_reason")

CENTRAL = f"('421002', '421003', '{ZONE}')"
"""The districts between which a move within the central city is no migration."""


def build(con: duckdb.DuckDBPyConnection, build: ProfileBuild) -> None:
    """Needs vital_status, hukou_division, residence_address, residence_county."""
    store(con, "resident_type", _resident_type())
    stay = _stay(build)
    store(con, "residence_start_date", f"SELECT person_id, residence_start AS value, record_id FROM {stay}")
    store(con, "residence_months", f"""
        SELECT person_id, NULL AS record_id,
               (year({build.day}) - year(value)) * 12 + month({build.day}) - month(value)
               - (day({build.day}) < day(value) AND {build.day} <> last_day({build.day}))::INT AS value
        FROM {attribute("residence_start_date")}""")
    store(con, "residence_permit_status", f"""
        SELECT person_id, record_id,
               CASE WHEN permit_status = '1' AND permit_expiry < {build.day} THEN '2' ELSE permit_status END AS value
        FROM (SELECT * FROM {records(build, "residence_permits", ("holder",))} AS permits
              QUALIFY row_number() OVER (PARTITION BY person_id ORDER BY residence_start DESC NULLS LAST,
                  last_update DESC NULLS LAST, natural_key DESC, record_id) = 1)
        ANTI JOIN (SELECT person_id FROM {attribute("vital_status")} WHERE value = '2') AS dead USING (person_id)""")
    store(con, "migrant_origin_division", f"""
        SELECT person_id, division.value, division.record_id
        FROM {attribute("hukou_division")} AS division
        JOIN {attribute("resident_type")} AS type USING (person_id) WHERE type.value IN ('3', '4')""")
    store(con, "residence_reason", f"SELECT person_id, residence_reason AS value, record_id FROM {stay}")


def _resident_type() -> str:
    """The dead, and those known only as relatives, have 9."""
    return f"""
        SELECT everybody.person_id, NULL AS record_id,
               CASE WHEN vital.value = '2' OR everybody.known_from = 'relative' THEN '9'
                    WHEN NOT starts_with(h.value, '{CITY}') AND r.value IS NOT NULL THEN '4'
                    WHEN starts_with(h.value, '{CITY}') AND place.outside_city THEN '5'
                    WHEN h.value = r.value THEN '1'
                    WHEN h.value IN {CENTRAL} AND r.value IN {CENTRAL} THEN '2'
                    WHEN h.value <> r.value THEN '3' ELSE '9' END AS value
        FROM everybody
        LEFT JOIN {attribute("vital_status")} AS vital USING (person_id)
        LEFT JOIN {attribute("hukou_division")} AS h USING (person_id)
        LEFT JOIN {attribute("residence_county")} AS r USING (person_id)
        LEFT JOIN (
            SELECT address.person_id, bool_or(place.outside_city) AS outside_city
            FROM {attribute("residence_address")} AS address
            JOIN place ON place.record_id = address.record_id AND place.address = address.value
            GROUP BY address.person_id) AS place USING (person_id)"""


def _stay(build: ProfileBuild) -> str:
    """The valid registration with the latest start in the residence_county, of people away from their registered
    place."""
    return f"""(
        SELECT permits.person_id, permits.record_id, permits.residence_start, permits.residence_reason
        FROM {records(build, "residence_permits", ("holder",))} AS permits
        JOIN {attribute("resident_type")} AS type
            ON type.person_id = permits.person_id AND type.value IN ('2', '3', '4')
        JOIN {attribute("residence_county")} AS county ON county.person_id = permits.person_id
        LEFT JOIN place ON place.record_id = permits.record_id AND place.column_name = 'current_address'
        WHERE permits.permit_status = '1'
          AND coalesce(permits.residence_start <= {build.day}, true)
          AND left(coalesce(place.township_code, permits.township), 6) = county.value
        QUALIFY row_number() OVER (PARTITION BY permits.person_id ORDER BY residence_start DESC NULLS LAST,
            last_update DESC NULLS LAST, permits.natural_key DESC, permits.record_id) = 1)"""
