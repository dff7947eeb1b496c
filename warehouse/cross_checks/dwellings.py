"""Checks about addresses, dwellings and shared telephones."""

from __future__ import annotations

from sources.catalogue import load_catalogue
from warehouse.cross_checks.rule import Rule, of_records

MAX_HOUSEHOLDS_PER_PHONE = 8


def registered_address_differs() -> str:
    """Both addresses lead to one dwelling each; MA has no recipient for its part of this check, so it is not compared."""
    return of_records("""
        WITH registered AS (
            SELECT hr.person_id, hr.record_id, hr.move_in_date, place.dwelling_code
            FROM check_hr AS hr
            JOIN place ON place.record_id = hr.record_id AND place.column_name = 'address'
            WHERE hr.status = '1' AND place.dwelling_code IS NOT NULL
        ),
        stated AS (
            SELECT r.person_id, r.record_id, r.updated_at, place.dwelling_code
            FROM (SELECT person_id, record_id, updated_at FROM check_residence_permits WHERE role = 'holder'
                  UNION ALL SELECT person_id, record_id, updated_at FROM check_health_records WHERE role = 'holder') AS r
            JOIN place ON place.record_id = r.record_id AND place.column_name = 'hukou_address'
            WHERE place.dwelling_code IS NOT NULL
        )
        SELECT stated.person_id, stated.record_id AS stating, registered.record_id AS registration
        FROM stated JOIN registered USING (person_id)
        WHERE stated.dwelling_code <> registered.dwelling_code
          AND (registered.move_in_date IS NULL OR stated.updated_at::DATE > registered.move_in_date)""", "stating", "registration")


def phone_many_people() -> str:
    """One alert per number; the number itself is a value, so its hash is the key. Persons of one household count once."""
    columns = [column.split(".") for column in load_catalogue().checks["phone_many_people"].columns]
    stated = " UNION ALL ".join(f"SELECT person_id, record_id, {column} AS phone FROM check_{category} WHERE role = 'holder'"
                                for category, column in columns)
    return f"""
        WITH stated AS (
            SELECT r.person_id, r.record_id, r.phone, coalesce(household.value, r.person_id) AS household
            FROM ({stated}) AS r
            JOIN attr_vital_status AS vital ON vital.person_id = r.person_id AND vital.value = '1'
            LEFT JOIN attr_household_id AS household ON household.person_id = r.person_id
            WHERE r.phone IS NOT NULL
        ),
        shared AS (
            SELECT phone FROM stated GROUP BY phone HAVING count(DISTINCT household) > {MAX_HOUSEHOLDS_PER_PHONE}
        )
        SELECT DISTINCT NULL::VARCHAR AS person_id, 'value|phone|' || phone AS subject_key, '' AS alert_group, record_id,
               NULL::VARCHAR AS detail
        FROM stated SEMI JOIN shared USING (phone)"""


def dwelling_overcrowded() -> str:
    """A missing area counts as 60 square metres; the number of people is told, no name."""
    return """
        WITH occupants AS (SELECT home.value AS dwelling_code, max(people.value) AS people
                           FROM attr_dwelling_id AS home JOIN attr_dwelling_occupants AS people USING (person_id) GROUP BY ALL)
        SELECT NULL::VARCHAR AS person_id, house.dwelling_code AS subject_key, '' AS alert_group, house.record_id,
               people || ' people' AS detail
        FROM occupants JOIN current_house_registry AS house USING (dwelling_code)
        WHERE people > 8 AND people > coalesce(house.floor_area, 60) / 4 AND house.dwelling_type IN ('1', '2', '3', '4', '9')"""


def vacant_dwelling_occupied() -> str:
    """The record that gives the address of a living person there is newer than the last visit."""
    return """
        SELECT DISTINCT NULL::VARCHAR AS person_id, house.dwelling_code AS subject_key, '' AS alert_group, house.record_id,
               NULL::VARCHAR AS detail
        FROM attr_dwelling_id AS home
        JOIN attr_vital_status AS vital ON vital.person_id = home.person_id AND vital.value = '1'
        JOIN attr_residence_address AS address ON address.person_id = home.person_id
        JOIN check_record AS stating ON stating.record_id = address.record_id
        JOIN current_house_registry AS house ON house.dwelling_code = home.value
        WHERE house.occupancy = '3' AND stating.updated_on > house.visit_date"""


RULES = tuple(Rule(query.__name__, query) for query in (
    registered_address_differs, phone_many_people, dwelling_overcrowded, vacant_dwelling_occupied))
