"""Housing fund: rules of the dictionary by examples."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from tests.warehouse.attribute_cases import ME, Case, Record, build_city, record, value_of
from warehouse.attributes import housing_fund


def account(**values: Any) -> Record:
    return record("fund_accounts", **values)


def loan(role: str = "borrower", **values: Any) -> Record:
    return record("fund_loans", {role: ME}, **values)


CASES = (
    Case(
        "1 when any account is active",
        "fund_account_status",
        "1",
        (account(status="3", updated_on="2025-05-01"), account(status="1")),
    ),
    Case("else 2 when any is frozen", "fund_account_status", "2", (account(status="3"), account(status="2"))),
    Case("else 3", "fund_account_status", "3", (account(status="3"),)),
    Case("missing without an account", "fund_account_status", None, (loan(status="1"),)),
    Case("from fen to yuan", "fund_monthly_deposit", Decimal("832.05"), (account(status="1", monthly_deposit=83205),)),
    Case(
        "sum over the active accounts",
        "fund_monthly_deposit",
        Decimal("30.00"),
        (
            account(status="1", monthly_deposit=1000),
            account(status="1", monthly_deposit=2000),
            account(status="2", monthly_deposit=5000),
        ),
    ),
    Case(
        "missing without an active account", "fund_monthly_deposit", None, (account(status="2", monthly_deposit=5000),)
    ),
    Case("3 if any", "fund_loan_status", "3", (loan(status="1", updated_on="2025-05-01"), loan(status="3"))),
    Case("else 1 if any", "fund_loan_status", "1", (loan(status="4"), loan(status="1"), loan(status="2"))),
    Case("else 4 if any", "fund_loan_status", "4", (loan(status="2"), loan(status="4"))),
    Case("else 2", "fund_loan_status", "2", (loan(status="2"),)),
    Case("the co-borrower has the loan too", "fund_loan_status", "1", (loan("co_borrower", status="1"),)),
    Case("missing without a loan", "fund_loan_status", None, (account(status="1"),)),
    Case(
        "sum of the loans that are not settled",
        "fund_loan_balance",
        Decimal("300.55"),
        (loan(status="1", balance=100.05), loan(status="3", balance=200.5), loan(status="2", balance=7)),
    ),
    Case("not of the co-borrower", "fund_loan_balance", None, (loan("co_borrower", status="1", balance=100),)),
    Case("missing when all are settled", "fund_loan_balance", None, (loan(status="2", balance=0),)),
)


@pytest.fixture(scope="module")
def city() -> Iterator[duckdb.DuckDBPyConnection]:
    with build_city((housing_fund,), CASES) as con:
        yield con


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_rule(city: duckdb.DuckDBPyConnection, case: Case) -> None:
    assert value_of(city, case) == case.expected
