"""Assistance and benefits: social assistance, disability, old-age allowance, the registers of elders.

Belongs here: the fourteen attributes of the group; which member rows have left their case.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from warehouse.attributes.records import (
    any_true,
    attribute,
    codes_of,
    day,
    first_of,
    months_before,
    records,
    store,
    store_list,
)
from warehouse.survivorship import most_recent

if TYPE_CHECKING:
    from warehouse.build import ProfileBuild

ATTRIBUTES = (
    "assistance_types",
    "assistance_status",
    "assistance_monthly_amount",
    "assistance_county",
    "support_mode",
    "disability_category",
    "disability_level",
    "disability_subsidy",
    "elderly_allowance_status",
    "elderly_allowance_monthly",
    "elderly_allowance_last_paid_month",
    "elderly_living_type",
    "one_touch_service",
    "emergency_contact_phone",
)

VISITED_WITHIN_MONTHS = 24
CERTIFICATE_LENGTH = 20


def build(con: duckdb.DuckDBPyConnection, build: ProfileBuild) -> None:
    """Needs contact_phone."""
    _assistance(con, build)
    _disability(con, build)
    _old_age(con, build)
    store(con, "emergency_contact_phone", _emergency_contact_phone(build))


def memberships(build: ProfileBuild) -> str:
    """One row per person and member row of a case. A member row missing while its case is delivered has left the
    case: status 3 from then on; a case that is no longer delivered keeps its last status (clarifications 30 and 42)."""
    return f"""
        SELECT person_id, record_id, natural_key, last_update, members.case_no, assistance_type, monthly_amount,
               county, support_mode, approval_date,
               CASE WHEN left_out AND members.delivery_date < cases.last_delivery THEN '3' ELSE status END AS status
        FROM {records(build, "social_assistance")} AS members
        JOIN (SELECT case_no, max(delivery_date) AS last_delivery FROM current_social_assistance GROUP BY case_no)
          AS cases ON cases.case_no = members.case_no"""


def _assistance(con: duckdb.DuckDBPyConnection, build: ProfileBuild) -> None:
    con.execute(f"CREATE OR REPLACE TEMP TABLE membership AS {memberships(build)}")
    store_list(con, "assistance_types", "SELECT person_id, assistance_type AS value FROM membership WHERE status = '1'")
    store(
        con,
        "assistance_status",
        first_of(
            """
        SELECT person_id, CASE WHEN status IN ('1', '2') THEN status ELSE '3' END AS value, record_id,
               last_update, natural_key
        FROM membership""",
            "value",
        ),
    )
    store(
        con,
        "assistance_monthly_amount",
        """
        SELECT person_id, sum(amount) AS value, NULL AS record_id
        FROM (SELECT person_id, case_no, arg_max(monthly_amount, (last_update, natural_key)) AS amount
              FROM membership WHERE status = '1' GROUP BY person_id, case_no)
        GROUP BY person_id""",
    )
    # latest_valid: without a case in force the one updated last of all
    store(
        con,
        "assistance_county",
        first_of(
            """
        SELECT person_id, county AS value, record_id, last_update, natural_key, approval_date,
               coalesce(status = '1', false) AS in_force
        FROM membership WHERE county IS NOT NULL""",
            "in_force DESC, CASE WHEN in_force THEN approval_date END DESC NULLS LAST",
        ),
    )
    store(
        con,
        "support_mode",
        first_of(
            """
        SELECT person_id, support_mode AS value, record_id, last_update, natural_key
        FROM membership WHERE assistance_type = '3' AND status = '1' AND support_mode IS NOT NULL""",
            "",
        ),
    )
    con.execute("DROP TABLE membership")


def _disability(con: duckdb.DuckDBPyConnection, build: ProfileBuild) -> None:
    """Category and level of the column, else of the 19th and 20th character of the certificate number."""
    benefits = records(build, "elderly_disability_benefits")
    for name, place in (("disability_category", 19), ("disability_level", 20)):
        printed = f"substr(disability_cert_no, {place}, 1)"
        valid = f"length(disability_cert_no) = {CERTIFICATE_LENGTH} AND {printed} IN {codes_of(name)}"
        store(
            con,
            name,
            most_recent(f"""
            SELECT person_id, coalesce({name}, CASE WHEN {valid} THEN {printed} END) AS value, record_id, 1 AS
                ordinal, updated_on,
                   natural_key
            FROM {benefits}"""),
        )
    store_list(
        con,
        "disability_subsidy",
        f"""
        SELECT person_id, CASE benefit_type WHEN '2' THEN '1' WHEN '3' THEN '2' END AS value FROM {benefits} WHERE
            status = '1'""",
    )


def _old_age(con: duckdb.DuckDBPyConnection, build: ProfileBuild) -> None:
    benefits = records(build, "elderly_disability_benefits")
    allowances = f"(FROM {benefits} WHERE benefit_type = '1')"
    store(
        con,
        "elderly_allowance_status",
        first_of(
            f"""
        SELECT person_id, status AS value, record_id, last_update, natural_key FROM {allowances} WHERE status IS NOT
            NULL""",
            "value = '1' DESC",
        ),
    )
    store(
        con,
        "elderly_allowance_monthly",
        first_of(
            f"""
        SELECT person_id, monthly_amount AS value, record_id, last_update, natural_key FROM {allowances}
        WHERE status = '1' AND monthly_amount IS NOT NULL""",
            "value DESC",
        ),
    )
    store(
        con,
        "elderly_allowance_last_paid_month",
        first_of(
            f"""
        SELECT person_id, last_paid_month AS value, record_id, last_update, natural_key FROM {allowances}
        WHERE last_paid_month IS NOT NULL""",
            "value DESC",
        ),
    )
    visited = f"visit_date BETWEEN {months_before(build.as_of, VISITED_WITHIN_MONTHS)} AND {day(build.as_of)}"
    store(
        con,
        "elderly_living_type",
        first_of(
            f"""
        SELECT person_id, living_type AS value, record_id, last_update, natural_key, visit_date FROM {benefits}
        WHERE living_type IS NOT NULL AND {visited}""",
            "visit_date DESC",
        ),
    )
    any_true(con, "one_touch_service", benefits, "one_touch = '1' AND (status = '1' OR benefit_type = '4')")


def _emergency_contact_phone(build: ProfileBuild) -> str:
    """The telephone of the contact, given to the holder; missing when it is the person's own."""
    claims = " UNION ALL ".join(
        f"""SELECT person_id, contact_phone AS value, record_id, {ordinal} AS ordinal, updated_on, natural_key
            FROM {records(build, category, ("holder",))}"""
        for ordinal, category in enumerate(("elderly_disability_benefits", "health_records"))
    )
    return f"""
        SELECT chosen.person_id, chosen.value, chosen.record_id
        FROM ({most_recent(claims)}) AS chosen
        LEFT JOIN {attribute("contact_phone")} AS own USING (person_id)
        WHERE own.value IS DISTINCT FROM chosen.value"""
