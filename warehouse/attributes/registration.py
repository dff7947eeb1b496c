"""Household registration (hukou): state, nature, division and address.

Belongs here: what the registered place says; the in-city codes. Does not: where somebody lives (residence.py).
"""

from __future__ import annotations

import duckdb

from sources.catalogue import load_catalogue
from sources.tables import literal
from warehouse.attributes.demographics import registration
from warehouse.attributes.records import store
from warehouse.build import ProfileBuild, claims
from warehouse.statements import ZONE
from warehouse.survivorship import trusted_order

ATTRIBUTES = ("hukou_status", "hukou_nature", "hukou_division", "hukou_address")

CITY = "4210"
PROVINCES = tuple(
    f"{region}{province}"
    for region, provinces in (("1", "12345"), ("2", "123"), ("3", "1234567"), ("4", "123456"), ("5", "01234"),
                              ("6", "12345"), ("7", "1"), ("8", "12"))
    for province in provinces
)
"""First two digits of every division code (GB/T 2260)."""

ACTIVE = "r.status = '1'"


def build(con: duckdb.DuckDBPyConnection, build: ProfileBuild) -> None:
    """Needs `place`."""
    store(con, "hukou_status", f"""
        SELECT everybody.person_id, coalesce(registered.status, '9') AS value, registered.record_id
        FROM everybody LEFT JOIN {registration(build)} AS registered USING (person_id)""")
    store(con, "hukou_nature", trusted_order(claims("hukou_nature", build=build)))
    store(con, "hukou_division", trusted_order(_divisions(build)))
    stated = claims("hukou_address", build=build, where={"household_registration": ACTIVE})
    columns = " UNION ALL ".join(
        f"SELECT {ordinal} AS ordinal, {literal(column)} AS column_name"
        for ordinal, (_, column) in enumerate(load_catalogue().attributes["hukou_address"].source_columns, start=1)
    )
    store(con, "hukou_address", f"""
        SELECT person_id,
               CASE WHEN place.township_code IS NOT NULL AND NOT coalesce(place.outside_city, false)
                    THEN coalesce(place.standard_address, chosen.value) ELSE chosen.value END AS value,
               record_id
        FROM (SELECT stated.person_id, stated.value, stated.record_id, column_name
              FROM ({stated}) AS stated JOIN ({columns}) USING (ordinal)
              WHERE stated.value IS NOT NULL
              QUALIFY row_number() OVER (PARTITION BY person_id ORDER BY ordinal,
                  coalesce(updated_on, DATE '0001-01-01') DESC, natural_key DESC) = 1) AS chosen
        LEFT JOIN place USING (record_id, column_name)""")


def _divisions(build: ProfileBuild) -> str:
    """Six digits of a division that exists: retired codes replaced, in the city one of its nine units, never 421000."""
    lists = load_catalogue().lists
    retired = " ".join(
        f"WHEN {literal(value.code)} THEN {literal(value.successor)}"
        for value in lists["gbt_2260_retired"].values
        if value.successor
    )
    units = ", ".join(literal(code) for code in lists["gbt_2260_jingzhou"].codes)
    provinces = ", ".join(literal(code) for code in PROVINCES)
    own = f"CASE WHEN starts_with(r.township_code, '{ZONE}') THEN '{ZONE}' ELSE r.county_code END"
    stated = claims(
        "hukou_division",
        build=build,
        where={"household_registration": ACTIVE},
        value={"household_registration": own},
    )
    return f"""
        SELECT * REPLACE (CASE WHEN value IN ({units}) THEN value
                               WHEN starts_with(value, '{CITY}') THEN NULL
                               WHEN regexp_full_match(value, '[0-9]{{6}}') AND left(value, 2) IN ({provinces})
                               THEN value END AS value)
        FROM (SELECT * REPLACE (CASE value {retired} ELSE value END AS value) FROM ({stated}))"""
