"""Housing fund: accounts and loans.

Belongs here: the four attributes of the group.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from warehouse.attributes.records import first_of, records, store

if TYPE_CHECKING:
    from warehouse.build import ProfileBuild

ATTRIBUTES = ("fund_account_status", "fund_monthly_deposit", "fund_loan_status", "fund_loan_balance")

FEN_PER_YUAN = 100


def build(con: duckdb.DuckDBPyConnection, build: ProfileBuild) -> None:
    """Accounts of the holder; loans of borrower and co-borrower, the balance of the borrower only."""
    accounts = records(build, "fund_accounts")
    store(
        con,
        "fund_account_status",
        first_of(
            f"""
        SELECT person_id, status AS value, record_id, last_update, natural_key FROM {accounts} WHERE status IS NOT
            NULL""",
            "value",
        ),
    )
    store(
        con,
        "fund_monthly_deposit",
        f"""
        SELECT person_id, sum(monthly_deposit)::DECIMAL(18,2) / {FEN_PER_YUAN} AS value, NULL AS record_id
        FROM {accounts} WHERE status = '1' GROUP BY person_id""",
    )
    store(
        con,
        "fund_loan_status",
        first_of(
            f"""
        SELECT person_id, status AS value, record_id, last_update, natural_key
        FROM {records(build, "fund_loans", ("borrower", "co_borrower"))} WHERE status IS NOT NULL""",
            "array_position(['3', '1', '4', '2'], value)",
        ),
    )
    store(
        con,
        "fund_loan_balance",
        f"""
        SELECT person_id, sum(balance) AS value, NULL AS record_id
        FROM {records(build, "fund_loans", ("borrower",))} WHERE status IS DISTINCT FROM '2' GROUP BY person_id""",
    )
