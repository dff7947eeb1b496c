"""Family support: birth registration and the support of families.

Belongs here: the four attributes of the group. They speak of mother and father, never of the child.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from warehouse.attributes.records import first_of, records, store, store_list

if TYPE_CHECKING:
    from warehouse.build import ProfileBuild

ATTRIBUTES = ("birth_service_status", "family_support_type", "family_support_status", "family_support_annual_amount")

PARENTS = ("mother", "father")


def supports(build: ProfileBuild) -> str:
    """Supports of families (record types 2, 3, 4), one row per person that benefits: the mother for beneficiary 1 and
    3, the father for 2 and 3."""
    return f"""
        SELECT person_id, record_id, natural_key, last_update, record_type, support_status, annual_amount
        FROM {records(build, "birth_family_support", PARENTS)}
        WHERE record_type IN ('2', '3', '4')
          AND (role = 'mother' AND beneficiary IN ('1', '3') OR role = 'father' AND beneficiary IN ('2', '3'))"""


def build(con: duckdb.DuckDBPyConnection, build: ProfileBuild) -> None:
    """Needs no other attribute."""
    store(
        con,
        "birth_service_status",
        first_of(
            f"""
        SELECT person_id, birth_status AS value, record_id, last_update, natural_key, register_date
        FROM {records(build, "birth_family_support", PARENTS)}
        WHERE record_type = '1' AND birth_status IS NOT NULL""",
            "register_date DESC NULLS LAST",
        ),
    )
    beneficiaries = f"({supports(build)})"
    store_list(
        con,
        "family_support_type",
        f"SELECT person_id, record_type AS value FROM {beneficiaries} WHERE support_status = '1'",
    )
    store(
        con,
        "family_support_status",
        first_of(
            f"""
        SELECT person_id, CASE WHEN support_status IN ('1', '2') THEN support_status ELSE '3' END AS value, record_id,
            last_update,
               natural_key
        FROM {beneficiaries}""",
            "value",
        ),
    )
    store(
        con,
        "family_support_annual_amount",
        f"""
        SELECT person_id, sum(annual_amount) AS value, NULL AS record_id
        FROM {beneficiaries} WHERE support_status = '1' GROUP BY person_id""",
    )
