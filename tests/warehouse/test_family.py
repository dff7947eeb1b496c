"""Spouse and marital status, rule by rule (clarifications 22, 23)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from tests.warehouse.attribute_cases import Case, Record, value_of
from tests.warehouse.attribute_cases import record as r
from tests.warehouse.person_cases import a_city_of_people, expected
from warehouse.attributes import family

HR, RP, FL, BF, HE, FA, MA = (
    "household_registration", "residence_permits", "fund_loans", "birth_family_support", "health_records",
    "fund_accounts", "marriage_registration",
)
MARRIED, DIVORCED, AGAIN, DIVORCED_AGAIN, ANNULLED = "12345"


def event(kind: str, day: str | None, wife: str = "wife", **values: Any) -> Record:
    """A valid event of ME as spouse_a."""
    shown = {"event_type": kind, "register_date": day, "entry_date": day, "validity": "1"} | values
    return r(MA, {"spouse_a": "me", "spouse_b": wife}, **shown)


def registered(spouse: str | None = None, **values: Any) -> Record:
    return r(HR, {"holder": "me"} | ({"spouse": spouse} if spouse else {}), **({"status": "1"} | values))


def parents(mine: str, status: str, **values: Any) -> Record:
    return r(BF, {"mother": mine, "father": "me"}, marital_status=status, **values)


def loan(other: str, relation: str, **values: Any) -> Record:
    return r(FL, {"borrower": "me", "co_borrower": other}, co_relation=relation, **values)


MARRIAGE = event(MARRIED, "2010-01-01", cert_no="@a")
DIVORCE = event(DIVORCED, "2015-01-01", cert_no="@b")
SPOUSE = (
    Case("of the latest marriage", "spouse_person", "@second",
         (MARRIAGE, DIVORCE, event(MARRIED, "2018-01-01", "second"))),
    Case("after a divorce nobody", "spouse_person", None, (MARRIAGE, DIVORCE)),
    Case("a reissued certificate restates the marriage", "spouse_person", "@wife",
         (event(AGAIN, "2012-01-01"),)),
    Case("a reissue never outranks a later marriage", "spouse_person", "@second",
         (MARRIAGE, event(MARRIED, "2018-01-01", "second"),
          event(AGAIN, "2020-01-01", original_cert_no="@a"))),
    Case("a reissued divorce does not outrank a later marriage", "spouse_person", "@second",
         (DIVORCE, event(MARRIED, "2018-01-01", "second"),
          event(DIVORCED_AGAIN, "2020-01-01", original_cert_no="@b"))),
    Case("a void event does not count", "spouse_person", "@wife",
         (MARRIAGE, event(DIVORCED, "2015-01-01", validity="2"))),
    Case("same day: the later entry", "spouse_person", "@second",
         (event(MARRIED, "2010-01-01", entry_date="2010-01-02"),
          event(MARRIED, "2010-01-01", "second", entry_date="2010-01-03"))),
    Case("same entry: the larger natural key", "spouse_person", "@second",
         (event(MARRIED, "2010-01-01", natural_key="x1"),
          event(MARRIED, "2010-01-01", "second", natural_key="x2"))),
    Case("an annulled marriage leaves nobody", "spouse_person", None,
         (MARRIAGE, event(ANNULLED, "2012-01-01", original_cert_no="@a"), registered("other", updated_on="2020-01-01"))),
    Case("the register of marriages before the registration", "spouse_person", "@wife",
         (registered("other"), MARRIAGE)),
    Case("named by the registration", "spouse_person", "@wife", (registered("wife"), loan("sister", "1"))),
    Case("named by the registration of the other", "spouse_person", "@husband",
         (r(HR, {"holder": "husband", "spouse": "me"}, status="1"),)),
    Case("the co-borrower who is the spouse", "spouse_person", "@wife", (loan("wife", "1"), parents("other", "21"))),
    Case("another co-borrower is none", "spouse_person", "@wife", (loan("mother", "5"), parents("wife", "21"))),
    *(Case(f"the other parent with status {status}", "spouse_person", "@wife" if married else None,
           (parents("wife", status),))
      for status, married in (("20", True), ("21", True), ("22", True), ("23", True), ("10", False), ("40", False),
                              ("30", False))),
    Case("after a divorce a new spouse named later by the registration", "spouse_person", "@second",
         (MARRIAGE, DIVORCE, registered("second", updated_on="2016-01-01", updated_at="2016-01-01"))),
    Case("not one named before the divorce", "spouse_person", None,
         (MARRIAGE, DIVORCE, registered("second", updated_on="2014-01-01", updated_at="2014-01-01"))),
    Case("not the divorced one", "spouse_person", None,
         (MARRIAGE, DIVORCE, registered("wife", updated_on="2016-01-01", updated_at="2016-01-01"))),
    Case("after a divorce a new spouse named later by a family record", "spouse_person", "@second",
         (MARRIAGE, DIVORCE, parents("second", "22", updated_on="2016-01-01"))),
    Case("after a divorce a loan names nobody", "spouse_person", None,
         (MARRIAGE, DIVORCE, loan("second", "1", updated_on="2016-01-01"))),
    Case("nobody is married to oneself", "spouse_person", None, (registered("me"),)),
)


def stated(category: str, value: str, column: str = "marital_status", **values: Any) -> Record:
    role = {FL: {"borrower": "me"}, BF: {"father": "me"}}.get(category, {"holder": "me"})
    return r(category, role, **{column: value}, **values)


STATUS = (
    Case("married by the register", "marital_status", "20", (MARRIAGE, stated(HR, "10"))),
    Case("married again by the register", "marital_status", "20", (event(AGAIN, "2012-01-01"),)),
    Case("divorced by the register", "marital_status", "40", (MARRIAGE, DIVORCE, stated(HR, "20"))),
    Case("divorced by a reissued certificate", "marital_status", "40", (event(DIVORCED_AGAIN, "2015-01-01"),)),
    Case("divorced, but a new spouse is named", "marital_status", "20",
         (MARRIAGE, DIVORCE, parents("second", "22", updated_on="2016-01-01"))),
    Case("annulled: the status before that marriage", "marital_status", "40",
         (event(MARRIED, "2010-01-01", cert_no="@a", man_prior="40"),
          event(ANNULLED, "2012-01-01", original_cert_no="@a", man_prior="20"))),
    Case("annulled, the status before unknown: the other sources", "marital_status", "10",
         (event(MARRIED, "2010-01-01", cert_no="@a"),
          event(ANNULLED, "2012-01-01", original_cert_no="@a"), stated(HR, "10"))),
    Case("the spouse died", "marital_status", "30", (MARRIAGE,), others={"wife": {"vital_status": "2"}}),
    Case("the registration says widowed since", "marital_status", "30",
         (MARRIAGE, registered(marital_status="30", updated_on="2015-01-01", updated_at="2015-01-01"))),
    Case("the registration said widowed before", "marital_status", "20",
         (MARRIAGE, registered(marital_status="30", updated_on="2009-01-01", updated_at="2009-01-01"))),
    Case("reduced to the first digit times ten", "marital_status", "20", (stated(HR, "22"),)),
    Case("the registration before family records", "marital_status", "40", (stated(BF, "21"), stated(HR, "40"))),
    Case("family records before permits", "marital_status", "20", (stated(RP, "10"), stated(BF, "21"))),
    Case("permits before loans", "marital_status", "10",
         (stated(FL, "20", "borrower_marital"), stated(RP, "10"))),
    Case("loans before health records", "marital_status", "40",
         (stated(HE, "20"), stated(FL, "40", "borrower_marital"))),
    Case("a loan says nothing of the co-borrower", "marital_status", None,
         (r(FL, {"borrower": "other", "co_borrower": "me"}, borrower_marital="20", co_relation="2"),)),
    Case("a family record says nothing of the child", "marital_status", None,
         (r(BF, {"mother": "mother", "child": "me"}, marital_status="21"),)),
    Case("health records before the fund", "marital_status", "30", (stated(FA, "20"), stated(HE, "30"))),
    Case("90 counts only when nothing else is stated", "marital_status", "20",
         (stated(HR, "90"), stated(FA, "20"))),
    Case("90 alone", "marital_status", "90", (stated(HE, "90"),)),
    Case("10 with a spouse is 20", "marital_status", "20", (registered("wife", marital_status="10"),)),
    Case("10 with a spouse who died is 30", "marital_status", "30", (registered("wife", marital_status="10"),),
         others={"wife": {"vital_status": "2"}}),
    Case("20 with a spouse who died is 30", "marital_status", "30", (registered("wife", marital_status="20"),),
         others={"wife": {"vital_status": "2"}}),
    Case("missing without any source, for children too", "marital_status", None, (registered(),)),
)
CASES = SPOUSE + STATUS


@pytest.fixture(scope="module")
def city() -> Iterator[duckdb.DuckDBPyConnection]:
    with a_city_of_people((family,), CASES) as con:
        yield con


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_rule(city: duckdb.DuckDBPyConnection, case: Case) -> None:
    assert value_of(city, case) == expected(case)
