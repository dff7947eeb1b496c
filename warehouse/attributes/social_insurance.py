"""Social insurance: pension and medical insurance of the person.

Belongs here: the ten attributes of the group; the insurance year of as_of.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import duckdb

from warehouse.attributes.records import codes_of, first_of, records, store

if TYPE_CHECKING:
    from warehouse.build import ProfileBuild

ATTRIBUTES = (
    "pension_scheme",
    "pension_status",
    "pension_contribution_months",
    "pension_payment_status",
    "pension_monthly_amount",
    "pension_last_paid_month",
    "medical_scheme",
    "medical_status",
    "medical_county",
    "medical_subsidy",
)


def build(con: duckdb.DuckDBPyConnection, build: ProfileBuild) -> None:
    """Needs the ledger, for the insurance year."""
    _pension(con, build)
    _medical(con, build)


def insurance_year(con: duckdb.DuckDBPyConnection, as_of: date) -> int:
    """The year of as_of once its first full delivery of medical_insurance is there, before that the year before
    (clarification 44)."""
    found = con.execute(
        """SELECT count(*) FROM ledger
           WHERE category = 'medical_insurance' AND kind = 'full' AND stage = 'applied'
             AND year(delivery_date) = year($as_of::DATE) AND delivery_date <= $as_of::DATE""",
        {"as_of": as_of},
    ).fetchone()
    return as_of.year if found and found[0] else as_of.year - 1


def _pension(con: duckdb.DuckDBPyConnection, build: ProfileBuild) -> None:
    """The scheme that pays, else the one with status 1 (1 before 2 before 3), else the latest updated; one record
    gives both states."""
    pensions = f"""(SELECT person_id, record_id, natural_key, last_update, scheme, status, contribution_months,
        payment_status,
                           monthly_benefit, last_paid_month FROM {records(build, "pension_insurance")})"""
    ranking = """(payment_status IS NOT DISTINCT FROM '1') DESC, (status IS NOT DISTINCT FROM '1') DESC,
                 CASE WHEN payment_status IS DISTINCT FROM '1' AND status = '1' THEN scheme END"""
    con.execute(f"CREATE OR REPLACE TEMP TABLE pension_of_person AS {first_of(f'FROM {pensions}', ranking)}")
    for name, column in (
        ("pension_scheme", "scheme"),
        ("pension_status", "status"),
        ("pension_payment_status", "payment_status"),
    ):
        store(con, name, f"SELECT person_id, {column} AS value, record_id FROM pension_of_person")
    con.execute("DROP TABLE pension_of_person")
    store(
        con,
        "pension_contribution_months",
        f"""
        SELECT person_id, sum(months) AS value, NULL AS record_id
        FROM (SELECT person_id, scheme, max(contribution_months) AS months FROM {pensions} GROUP BY ALL)
        GROUP BY person_id""",
    )
    store(
        con,
        "pension_monthly_amount",
        f"""
        SELECT person_id, sum(monthly_benefit) AS value, NULL AS record_id FROM {pensions} WHERE payment_status = '1'
            GROUP BY person_id""",
    )
    store(
        con,
        "pension_last_paid_month",
        first_of(
            f"""
        SELECT person_id, last_paid_month AS value, record_id, last_update, natural_key FROM {pensions}
        WHERE last_paid_month IS NOT NULL""",
            "value DESC",
        ),
    )


def _medical(con: duckdb.DuckDBPyConnection, build: ProfileBuild) -> None:
    """Of the insurance year with status 1, scheme 1 before 2; else the record of the latest year. One record gives
    all four values."""
    year = insurance_year(con, build.as_of)
    in_force = f"coalesce(insured_year = {year} AND status = '1', false)"
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE medical_of_person AS {
        first_of(
            f'''
            SELECT person_id, record_id, natural_key, last_update, scheme, status, insured_year, agency, subsidy
            FROM {records(build, 'medical_insurance', ('holder',))}''',
            f"{in_force} DESC, CASE WHEN {in_force} THEN scheme END, insured_year DESC NULLS LAST",
        )
    }""")
    values = {
        "medical_scheme": "scheme",
        "medical_status": f"CASE WHEN insured_year < {year} THEN '2' ELSE status END",
        "medical_county": f"CASE WHEN agency IN {codes_of('medical_county')} THEN agency END",
        "medical_subsidy": "subsidy",
    }
    for name, value in values.items():
        store(con, name, f"SELECT person_id, {value} AS value, record_id FROM medical_of_person")
    con.execute("DROP TABLE medical_of_person")
