"""Spouse and marital status: rules of the dictionary by examples (clarifications 22 and 23)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from tests.warehouse.attribute_cases import Case, Record, record, value_of
from tests.warehouse.person_cases import a_city_of_people, expected
from warehouse.attributes import family

ALIVE, DEAD = {"vital_status": "1"}, {"vital_status": "2"}


def event(kind: str, day: str | None, **values: Any) -> Record:
    """A valid marriage event of the person in question (the husband) and `wife`, unless said otherwise."""
    roles = {"spouse_a": "me", "spouse_b": values.pop("wife", "wife")}
    values = {"validity": "1", "entry_date": day} | values
    return record("marriage_registration", roles, event_type=kind, register_date=day, **values)


def registration(spouse: str | None = None, **values: Any) -> Record:
    roles = {"holder": "me"} | ({"spouse": spouse} if spouse else {})
    updated = values.pop("updated", "2024-06-01")
    return record("household_registration", roles, **({"status": "1", "updated_at": updated, "updated_on": updated}
                                                      | values))


def birth(status: str | None, updated: str = "2024-01-01", wife: str = "wife") -> Record:
    return record("birth_family_support", {"mother": wife, "father": "me", "child": "child"}, marital_status=status,
                  updated_on=updated)


def loan(relation: str, status: str | None = None) -> Record:
    return record("fund_loans", {"borrower": "me", "co_borrower": "wife"}, co_relation=relation, borrower_marital=status)


def spouse(rule: str, result: str | None, *records: Record) -> Case:
    return Case(rule, "spouse_person", result, records)


def status(rule: str, result: str | None, *records: Record, **others: dict[str, Any]) -> Case:
    return Case(rule, "marital_status", result, records, others=others)


MARRIED, DIVORCED = event("1", "2010-05-01", cert_no="@J1"), event("2", "2018-03-01", cert_no="@L1")

CASES = (
    spouse("the other spouse of the latest marriage", "@wife", MARRIED),
    spouse("a void event is none", None, event("1", "2010-05-01", validity="2")),
    spouse("after a divorce missing", None, MARRIED, DIVORCED),
    spouse("a later marriage with somebody else", "@second", MARRIED, DIVORCED,
           event("1", "2020-01-01", wife="second")),
    spouse("a certificate issued again has the date of its event", "@second",
           event("1", "2005-01-01", cert_no="@J0"), event("2", "2008-01-01"),
           event("1", "2009-01-01", wife="second", cert_no="@J9"),
           event("3", "2015-01-01", cert_no="@B1", original_cert_no="@J0")),
    spouse("an annulled marriage leaves no spouse", None, MARRIED, event("5", "2011-01-01", original_cert_no="@J1")),
    spouse("same day: the event entered later", None, event("1", "2010-05-01", entry_date="2010-05-01"),
           event("2", "2010-05-01", entry_date="2010-05-02")),
    spouse("after a divorce another spouse in a later registration", "@second", MARRIED, DIVORCED,
           registration("second", updated="2019-01-01")),
    spouse("not the divorced one in a later registration", None, MARRIED, DIVORCED,
           registration("wife", updated="2019-01-01")),
    spouse("not of a registration from before the divorce", None, MARRIED, DIVORCED,
           registration("second", updated="2017-01-01")),
    spouse("after a divorce another parent in a later birth record", "@second", MARRIED, DIVORCED,
           birth("22", "2020-01-01", wife="second")),
    spouse("no loan after a divorce", None, MARRIED, DIVORCED, loan("1")),
    spouse("without events the registration", "@named", registration("named"), loan("1")),
    spouse("without events and registration the co-borrower", "@wife", loan("1")),
    spouse("a co-borrower who is no spouse", None, loan("5")),
    spouse("the other parent, married", "@wife", birth("23")),
    spouse("the other parent, not married", None, birth("10")),
    spouse("marriage before registration", "@wife", MARRIED, registration("named")),
    spouse("nobody is married to himself", None, registration("me")),
    status("marriage", "20", MARRIED),
    status("divorce", "40", MARRIED, DIVORCED),
    status("certificate of divorce issued again", "40", MARRIED, DIVORCED,
           event("4", "2021-01-01", original_cert_no="@L1")),
    status("divorced, but somebody is the spouse all the same", "20", MARRIED, DIVORCED,
           registration("second", updated="2019-01-01")),
    status("annulled: the status before the annulled marriage", "40",
           event("1", "2010-05-01", cert_no="@J1", man_prior="40"),
           event("5", "2011-01-01", original_cert_no="@J1", man_prior="20")),
    status("annulled without a known prior status: the other sources", "10", MARRIED,
           event("5", "2011-01-01", original_cert_no="@J1"), registration(marital_status="10")),
    status("without event the first source", "40", registration(marital_status="40"), birth("10")),
    status("first marriage is married", "20", registration(marital_status="21")),
    status("unstated only when nobody states anything", "20", registration(marital_status="90"), loan("5", "20")),
    status("unstated by everybody", "90", registration(marital_status="90")),
    status("no source", None, registration()),
    status("single with a spouse is married", "20", registration("wife", marital_status="10")),
    status("single with a dead spouse is widowed", "30", registration("wife", marital_status="10"), wife=DEAD),
    status("married to somebody who died", "30", MARRIED, wife=DEAD),
    status("married to somebody who lives", "20", MARRIED, wife=ALIVE),
    status("widowed by a later registration", "30", MARRIED, registration(marital_status="30", updated="2015-01-01")),
    status("not by an earlier registration", "20", MARRIED, registration(marital_status="30", updated="2009-01-01")),
    status("a loan says nothing of the co-borrower", None, record(
        "fund_loans", {"borrower": "somebody", "co_borrower": "me"}, borrower_marital="20", co_relation="5")),
    status("the child of a couple is not married", None, record(
        "birth_family_support", {"mother": "a", "father": "b", "child": "me"}, marital_status="20")),
)


@pytest.fixture(scope="module")
def city() -> Iterator[duckdb.DuckDBPyConnection]:
    with a_city_of_people((family,), CASES) as con:
        yield con


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_rule(city: duckdb.DuckDBPyConnection, case: Case) -> None:
    assert value_of(city, case) == expected(case)
