"""Household registration attributes, rule by rule (clarification 20)."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from tests.warehouse.attribute_cases import Case, value_of
from tests.warehouse.attribute_cases import record as r
from tests.warehouse.person_cases import a_city_of_people
from warehouse.attributes import registration

HR, RP, ER, ST, PI, MA, HE = (
    "household_registration", "residence_permits", "employment_registration", "student_enrolment",
    "pension_insurance", "marriage_registration", "health_records",
)
OLD, NEW = "2024-01-01", "2025-03-01"
STANDARD = "沙市区中山街道绿化村社区园林路18号2栋1单元301室"
HERE = {"township_code": "421002001", "standard_address": STANDARD}

CASES = (
    Case("the active record", "hukou_status", "1",
         (r(HR, status="2", cancel_date="2025-01-01", updated_on=NEW), r(HR, status="1", updated_on=OLD))),
    Case("otherwise the latest cancel_date", "hukou_status", "2",
         (r(HR, status="3", cancel_date="2020-01-01", updated_on=NEW),
          r(HR, status="2", cancel_date="2024-01-01", updated_on=OLD))),
    Case("9 without a record", "hukou_status", "9", (r(PI, status="1"),)),
    Case("an unknown status is no status", "hukou_status", "9", (r(HR, status=None),)),
    Case("the registration first", "hukou_nature", "1", (r(PI, hukou_nature="2"), r(HR, hukou_nature="1"))),
    Case("the school before pensions", "hukou_nature", "3", (r(PI, hukou_nature="2"), r(ST, hukou_nature="3"))),
    Case("of the active registration", "hukou_division", "421022", (r(HR, status="1", county_code="421022"),)),
    Case("not of a cancelled one", "hukou_division", "421081",
         (r(HR, status="2", county_code="421022"), r(RP, hukou_division="421081"))),
    Case("the township decides for the development zone", "hukou_division", "421071",
         (r(HR, status="1", county_code="421002", township_code="421071001"),)),
    Case("a retired code is replaced", "hukou_division", "421088", (r(RP, hukou_division="421023"),)),
    Case("a retired code of another prefecture", "hukou_division", "420881", (r(ER, hukou_county="421082"),)),
    Case("elsewhere any division", "hukou_division", "110101", (r(ST, hukou_division="110101"),)),
    Case("421000 counts as missing", "hukou_division", "110101",
         (r(RP, hukou_division="421000"), r(ST, hukou_division="110101"))),
    Case("no division of the city counts as missing", "hukou_division", None, (r(RP, hukou_division="421099"),)),
    Case("no division of the country counts as missing", "hukou_division", None, (r(RP, hukou_division="990101"),)),
    Case("five digits count as missing", "hukou_division", None, (r(RP, hukou_division="42100"),)),
    Case("standard wording in the city", "hukou_address", STANDARD,
         (r(HR, status="1", address="园林路18号2-1-301", place=HERE),)),
    Case("as delivered elsewhere", "hukou_address", "湖南省长沙市岳麓区1号",
         (r(RP, hukou_address="湖南省长沙市岳麓区1号",
            place={"column_name": "hukou_address", "outside_city": True,
                   "standard_address": "湖南省长沙市岳麓区1号"}),)),
    Case("a cancelled registration does not count", "hukou_address", "公安县某村",
         (r(HR, status="2", address="园林路18号"), r(HE, hukou_address="公安县某村"))),
    Case("as the marriage register writes it, of the own role", "hukou_address", "松滋市某镇",
         (r(MA, {"spouse_a": "man", "spouse_b": "me"}, man_hukou="石首市某镇", woman_hukou="松滋市某镇"),)),
    Case("nobody's", "hukou_address", None, (r(PI, address="园林路18号"),)),
)


@pytest.fixture(scope="module")
def city() -> Iterator[duckdb.DuckDBPyConnection]:
    with a_city_of_people((registration,), CASES) as con:
        yield con


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_rule(city: duckdb.DuckDBPyConnection, case: Case) -> None:
    assert value_of(city, case) == case.expected
