"""Organisations: credit codes, names, what links two names, what forbids it, ids that stay."""

from __future__ import annotations

import random
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.cn import uscc

from resolvers.organisations import build
from resolvers.organisations.credit_codes import organisation_code_valid, read_code
from resolvers.organisations.naming import one_slip, read_name
from tests.factories import a_record, an_empty_city

VALID = "91110000600037341L"
OTHER = "9142100068000001" + "1"
OTHER += uscc.calc_check_digit(OTHER)


@pytest.mark.parametrize(("text", "code", "problem"), [
    pytest.param(VALID, VALID, None, id="valid"),
    pytest.param("９１１１００００６０００３７３４１ｌ", VALID, None, id="full width and lower case"),
    pytest.param("91110000-600037341-L", VALID, None, id="hyphens"),
    pytest.param("91110000600037341M", "91110000600037341M", "check", id="wrong check character"),
    pytest.param("9111OOOO600037341L", "9111OOOO600037341L", "confusable", id="letter O is not changed into zero"),
    pytest.param("9111", "9111", "length", id="too short"),
    pytest.param("", "", "length", id="empty"),
])
def test_credit_codes(text: str, code: str, problem: str | None) -> None:
    assert (read_code(text).code, read_code(text).problem) == (code, problem)


@pytest.mark.parametrize(("code", "valid"), [
    ("D2143569X", True), ("D2143569-X", True), ("D21435690", False), ("123", False), ("组织机构代码证号1", False)],
    ids=["valid", "hyphen", "wrong", "short", "words"])
def test_organisation_codes(code: str, valid: bool) -> None:
    assert organisation_code_valid(code) is valid


SAME = {
    "abbreviated school": ("洪湖一中", "洪湖市第一中学"), "number of a school": ("沙市区第3中学", "沙市区第三中学"),
    "with the city": ("荆州市沙市区实验小学", "沙市区实验小学"), "with the province": ("湖北省公安县人民医院", "公安县人民医院"),
    "legal form": ("荆州市恒隆有限责任公司", "荆州市恒隆有限公司"), "brackets": ("公安县（恒隆）食品有限公司", "公安县(恒隆)食品有限公司"),
    "old status of a county": ("监利县第一中学", "监利市第一中学"), "short county": ("松滋一中", "松滋市第一中学"),
    "city hospital": ("市中心医院", "荆州市中心医院"), "ordinal of a branch": ("荆州市好药房1店", "荆州市好药房第一店"),
}
APART = {
    "ordinal": ("荆州一中", "荆州二中"), "industry": ("沙市区恒隆食品有限公司", "沙市区恒隆纺织有限公司"),
    "county": ("荆州区实验小学", "沙市区实验小学"), "branch": ("荆州市好药房北京路店", "荆州市好药房园林路店"),
    "branch and whole": ("荆州市好药房北京路店", "荆州市好药房"), "joint stock": ("荆州市恒隆股份有限公司", "荆州市恒隆有限公司"),
    "police and county": ("公安局", "公安县局"),
}


@pytest.mark.parametrize(("left", "right"), SAME.values(), ids=SAME)
def test_one_standard_name(left: str, right: str) -> None:
    one, two = read_name(left), read_name(right)
    assert (one.county, one.body, one.branch) == (two.county, two.body, two.branch)


@pytest.mark.parametrize(("left", "right"), APART.values(), ids=APART)
def test_names_that_stay_apart(left: str, right: str) -> None:
    one, two = read_name(left), read_name(right)
    assert (one.county, one.body, one.branch) != (two.county, two.body, two.branch)


@pytest.mark.parametrize(("text", "problem"), [("无", "placeholder"), ("灵活就业", "placeholder"), ("--", "placeholder"),
                                               ("", "placeholder"),
                                               ("湘口村", "community"), ("东苑社区", "community"), ("东苑社区卫生服务站", None)])
def test_what_names_no_organisation(text: str, problem: str | None) -> None:
    assert read_name(text).problem == problem


@given(st.text(max_size=40))
def test_any_text_is_read(text: str) -> None:
    read_name(text)
    read_code(text)


@pytest.mark.parametrize(("left", "right", "slip"), [("恒隆食品公司", "恒龙食品公司", True), ("恒隆食品公司", "恒食品公司", True),
                                                      ("恒隆食品公司", "隆恒食品公司", True), ("恒隆食品公司", "恒龙实品公司", False)])
def test_slips_count_characters(left: str, right: str, slip: bool) -> None:
    assert one_slip(left, right) is slip


Row = tuple[str, dict[str, Any]]


def _fund(name: str, number: str, times: int = 1) -> list[Row]:
    return [("fund_accounts", {"employer_name": name, "employer_no": number})] * times


def _job(name: str, times: int = 1) -> list[Row]:
    return [("employment_registration", {"employer_name": name})] * times


def _owner(name: str, code: str) -> list[Row]:
    return [("house_registry", {"owner_name": name, "owner_id": code, "owner_id_type": "8"})]


def _city(rows: list[Row]) -> duckdb.DuckDBPyConnection:
    con = an_empty_city()
    for category, values in rows:
        a_record(con, category, **values)
    build(con)
    return con


LINKS = {
    "slip under one number": (_fund("荆州市恒隆食品有限公司", "1", 5) + _fund("荆州市恒龙食品有限公司", "1"), 1),
    "one number, unrelated names": (_fund("荆州市恒隆食品有限公司", "1", 5) + _fund("沙市区环卫所", "1", 5), 2),
    "untrusted number does not carry slips": (
        _fund("荆州市恒隆食品有限公司", "1", 5) + _fund("荆州市恒龙食品有限公司", "1") + _fund("沙市区环卫所", "1", 5), 3),
    "rare slip beside a common name": (_job("荆州市恒隆食品有限公司", 20) + _job("荆州市恒龙食品有限公司"), 1),
    "two common names": (_job("荆州市恒隆食品有限公司", 20) + _job("荆州市恒龙食品有限公司", 20), 2),
    "first and second school under one number": (_fund("沙市区第一中学", "1", 50) + _fund("沙市区第二中学", "1"), 2),
    "two counties under one number": (_fund("沙市区恒隆食品有限公司", "1", 50) + _fund("荆州区恒隆食品有限公司", "1"), 2),
    "former name": (_job("荆州市恒隆食品有限公司") + _job("荆州市天成食品有限公司（原荆州市恒隆食品有限公司）"), 1),
    "city or district, one has it": (_job("荆州一中") + _job("荆州市第一中学") + _job("公安县第一中学"), 2),
    "city or district, both have it": (_job("荆州一中") + _job("荆州市第一中学") + _job("荆州区第一中学"), 3),
    "former name, other numbers": (
        _fund("荆州市恒隆食品有限公司", "1") + _fund("荆州市天成食品有限公司（原荆州市恒隆食品有限公司）", "2"), 2),
    "slip in the county": (_job("公安县恒隆食品有限公司") + _job("恒安县恒隆食品有限公司"), 1),
    "another county of the country": (_job("公安县恒隆食品有限公司") + _job("新安县恒隆食品有限公司"), 2),
    "a trade name that begins like a county": (_job("沙市区纺织总公司") + _job("沙市棉纺织总公司"), 2),
    "former names of two firms": (_job("荆州市恒隆食品有限公司") + _job("荆州市天成食品有限公司（原荆州市恒隆食品有限公司）")
                                  + _job("荆州市永固食品有限公司（原荆州市恒隆食品有限公司）"), 3),
    "county unsaid": (_job("沙市区恒隆食品有限公司") + _job("恒隆食品有限公司"), 1),
    "county unsaid, two counties": (_job("沙市区恒隆食品有限公司") + _job("公安县恒隆食品有限公司") + _job("恒隆食品有限公司"), 2),
    "one credit code, another name": (_owner("荆州市恒隆置业有限公司", VALID) + _owner("荆州市新城置业有限公司", VALID.lower()), 1),
    "one name, two credit codes": (_owner("荆州市恒隆置业有限公司", VALID) + _owner("荆州市恒隆置业有限公司", OTHER), 2),
    "a coded owner is the employer of that name": (_owner("荆州市恒隆置业有限公司", VALID) + _job("荆州市恒隆置业有限公司"), 1),
    "two coded owners, an employer of that name": (
        _owner("荆州市恒隆置业有限公司", VALID) + _owner("荆州市恒隆置业有限公司", OTHER) + _job("荆州市恒隆置业有限公司"), 3),
    "invalid code joins nothing": (_owner("荆州市恒隆置业有限公司", "9" * 18) + _owner("荆州市新城置业有限公司", "9" * 18), 2),
}


@pytest.mark.parametrize(("rows", "organisations"), LINKS.values(), ids=LINKS)
def test_what_links(rows: list[Row], organisations: int) -> None:
    assert _city(rows).execute("SELECT count(*) FROM organisation").fetchone() == (organisations,)


def test_every_cell_is_kept_and_placeholders_lead_nowhere() -> None:
    con = _city(_job("无") + _job("湘口村") + _job("沙市区环卫所"))
    assert con.execute("SELECT name, organisation_id IS NULL, how FROM organisation_mention ORDER BY name").fetchall() == [
        ("无", True, "placeholder"), ("沙市区环卫所", False, "name"), ("湘口村", True, "community")]


def test_a_branch_has_its_parent() -> None:
    con = _city(_job("荆州市好医院") + _job("荆州市好医院北京路分院"))
    assert con.execute("""SELECT branch.name, parent.name FROM organisation branch
                          JOIN organisation parent ON parent.organisation_id = branch.parent_id""").fetchall() == [
        ("荆州市好医院北京路分院", "荆州市好医院")]


def test_ids_stay_when_records_come_and_names_join() -> None:
    con = _city(_job("荆州市恒隆食品有限公司", 20))
    before = con.execute("SELECT organisation_id FROM organisation").fetchall()
    for category, values in _job("荆州市恒龙食品有限公司") + _job("荆州市安安食品有限公司"):
        a_record(con, category, **values)
    build(con)
    assert before[0] in con.execute("SELECT organisation_id FROM organisation WHERE len(names) = 2").fetchall()


@settings(max_examples=8, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(order: random.Random) -> None:
    rows = [row for case, _ in LINKS.values() for row in case]
    shuffled = order.sample(rows, len(rows))
    read = "SELECT organisation_id, name, kind, uscc, county_code, parent_id, names, numbers, records FROM organisation ORDER BY ALL"
    assert _city(rows).execute(read).fetchall() == _city(shuffled).execute(read).fetchall()
