"""Demographic attributes, rule by rule (clarifications 15, 37, 41)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import duckdb
import pytest

from tests.warehouse.attribute_cases import Case, value_of
from tests.warehouse.attribute_cases import record as r
from tests.warehouse.person_cases import a_city_of_people
from warehouse.attributes import demographics

AS_OF = date(2025, 6, 8)
OLD, NEW = "2024-01-01", "2025-03-01"
HR, RP, PI, HE, CF, ER, FA, ST, MA = (
    "household_registration", "residence_permits", "pension_insurance", "health_records", "care_followups",
    "employment_registration", "fund_accounts", "student_enrolment", "marriage_registration",
)
DEAD: dict[str, Any] = {"status": "3", "cancel_date": "2020-02-02"}
BORN = date(1950, 5, 5)

VITAL = (
    Case("cancelled by death", "vital_status", "2", (r(HR, **DEAD),)),
    Case("an active registration wins over one cancelled by death", "vital_status", "1",
         (r(HR, **DEAD), r(HR, status="1"))),
    Case("one other department is not enough", "vital_status", "1", (r(HR, status="1"), r(HE, status="2"))),
    Case("health counts once for both its categories", "vital_status", "1",
         (r(HR, status="1"), r(HE, status="2"), r(CF, status="4"))),
    Case("two other departments", "vital_status", "2",
         (r(HR, status="1"), r(HE, status="2"), r(PI, suspend_reason="1"))),
    Case("follow-up and pensions", "vital_status", "2", (r(CF, status="4"), r(PI, suspend_reason="1"))),
    Case("active and otherwise silent", "vital_status", "1", (r(HR, status="1", updated_on="2001-01-01"),)),
    Case("no record of the last ten years", "vital_status", "9", (r(MA, updated_on="2015-06-07"),)),
    Case("ten years to the day", "vital_status", "1", (r(MA, updated_on="2015-06-08"),)),
    Case("moved away long ago", "vital_status", "9", (r(HR, status="2", updated_on="2010-01-01"),)),
    Case("being named as a relative is no sign of life", "vital_status", "9",
         (r(HR, {"holder": "child", "mother": "me"}, status="1", updated_on=NEW),)),
    Case("a guardian in the school register speaks of itself", "vital_status", "1",
         (r(ST, {"holder": "child", "guardian": "me"}, updated_on=NEW),)),
    Case("a record without a day is the oldest", "vital_status", "9", (r(MA, updated_on=None),)),
)
DEATHS = (
    Case("the registration first", "death_date", date(2020, 2, 2),
         (r(HR, **DEAD), r(HE, status="2", death_date="2020-02-01"))),
    Case("cancelled for another reason gives no date", "death_date", date(2020, 2, 1),
         (r(HR, status="2", cancel_date="2019-01-01"), r(HE, status="2", death_date="2020-02-01"),
          r(PI, suspend_reason="1"))),
    Case("only of the dead", "death_date", None, (r(HR, status="1"), r(HE, status="2", death_date="2020-02-01"))),
    Case("not after as_of", "death_date", date(2020, 2, 1),
         (r(HR, status="3", cancel_date="2026-01-01"), r(HE, status="2", death_date="2020-02-01"))),
    Case("not before birth", "death_date", None, (r(HR, status="3", cancel_date="1949-01-01"),),
         known={"birth_date": BORN}),
)
AGES = (
    Case("a birthday today", "age", 20, (r(HR, status="1"),), known={"birth_date": date(2005, 6, 8)}),
    Case("a birthday tomorrow", "age", 19, (r(HR, status="1"),), known={"birth_date": date(2005, 6, 9)}),
    Case("a birthday yesterday in another month", "age", 20, (r(HR, status="1"),),
         known={"birth_date": date(2005, 5, 30)}),
    Case("of the dead at death", "age", 69, (r(HR, **DEAD),), known={"birth_date": BORN}),
    Case("of the dead without a date missing", "age", None, (r(HR, status="3"),), known={"birth_date": BORN}),
    Case("newborn", "age", 0, (r(HR, status="1"),), known={"birth_date": AS_OF}),
    Case("without a birth date missing", "age", None, (r(HR, status="1"),)),
)
REST = (
    Case("the registration first", "ethnic_group", "17", (r(RP, ethnic_group="01"), r(HR, ethnic_group="17"))),
    Case("the school before permits", "ethnic_group", "15", (r(RP, ethnic_group="01"), r(ST, ethnic_group="15"))),
    Case("the record updated last", "ethnic_group", "01",
         (r(RP, ethnic_group="17", updated_on=OLD), r(RP, ethnic_group="01", updated_on=NEW))),
    Case("the highest rank, not the largest code", "education_level", "21",
         (r(HR, education_level="70"), r(RP, education_level="21"))),
    Case("a doctorate outranks the larger code of its group", "education_level", "11",
         (r(HR, education_level="14"), r(HE, education_level="11"))),
    Case("equal ranks: the order of trust", "education_level", "60",
         (r(FA, education_level="40"), r(HR, education_level="60"))),
    Case("90 only when there is nothing else", "education_level", "83",
         (r(ER, education_level="90"), r(HE, education_level="83"))),
    Case("not stated", "education_level", None, (r(ER, education_level=None),)),
)
CASES = VITAL + DEATHS + AGES + REST


@pytest.fixture(scope="module")
def city() -> Iterator[duckdb.DuckDBPyConnection]:
    with a_city_of_people((demographics,), CASES) as con:
        yield con


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_rule(city: duckdb.DuckDBPyConnection, case: Case) -> None:
    assert value_of(city, case) == case.expected


def test_who_is_seen_only_in_follow_ups_is_unknown_to_other_readers() -> None:
    case = Case("seen in a follow-up", "vital_status", "1", (r(CF, status="1", updated_on=NEW),))
    with a_city_of_people((demographics,), (case,)) as con:
        assert value_of(con, case) == "1"
    with a_city_of_people((demographics,), (case,), without=frozenset({CF})) as con:
        assert value_of(con, case) == "9"
