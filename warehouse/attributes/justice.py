"""Justice services: legal aid and support after return.

Belongs here: the four attributes of the group. A support period that ended more than 24 months before as_of is no
record at all (`records` leaves it out).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from warehouse.attributes.records import any_true, day, first_of, records, store, store_list

if TYPE_CHECKING:
    from warehouse.build import ProfileBuild

ATTRIBUTES = ("legal_aid_status", "legal_aid_matter", "resettlement_support_active", "resettlement_support_needs")


def build(con: duckdb.DuckDBPyConnection, build: ProfileBuild) -> None:
    """Needs no other attribute."""
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE legal_aid_of_person AS {
        first_of(
            f'''
            SELECT person_id, record_id, natural_key, last_update, status, matter, accept_date FROM
                {records(build, 'legal_aid')}''',
            "accept_date DESC NULLS LAST",
        )
    }""")
    for name, column in (("legal_aid_status", "status"), ("legal_aid_matter", "matter")):
        store(con, name, f"SELECT person_id, {column} AS value, record_id FROM legal_aid_of_person")
    con.execute("DROP TABLE legal_aid_of_person")
    periods = records(build, "resettlement_support")
    active = f"status = '1' AND coalesce(support_end >= {day(build.as_of)}, true)"
    any_true(con, "resettlement_support_active", periods, active)
    store_list(
        con,
        "resettlement_support_needs",
        f"""
        SELECT person_id, value FROM (SELECT person_id, unnest(needs) AS value FROM {periods} WHERE {active}) WHERE
            value <> '0'""",
    )
