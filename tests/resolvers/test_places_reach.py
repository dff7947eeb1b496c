"""How far an address leads that leads to no dwelling, by which method, and how many dwellings still fit."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from resolvers.places import build
from resolvers.places.reach import LEVELS
from tests.factories import a_record, an_empty_city, insert

GREEN = {"township_code": "421002001", "community_code": "421002001001", "community_name": "绿化村社区"}
EAST = {"township_code": "421002005", "community_code": "421002005009", "community_name": "东苑社区"}
VILLAGE = {"township_code": "421071001", "community_code": "421071001200", "community_name": "连心村"}
DWELLINGS = (
    (GREEN, "沙市区中山街道绿化村社区园林路18号2栋1单元301室"),
    (GREEN, "沙市区中山街道绿化村社区园林路18号2栋2单元301室"),
    (GREEN, "沙市区中山街道绿化村社区园林路18号2栋2单元302室"),
    (GREEN, "沙市区中山街道绿化村社区园林路20号1栋1单元101室"),
    (EAST, "沙市区朝阳街道东苑社区北京路5号1栋1单元101室"),
    (GREEN, "沙市区中山街道绿化村社区北京路5号1栋1单元101室"),
    (EAST, "沙市区朝阳街道东苑社区屈原路7号1栋1单元101室"),
    (EAST, "沙市区朝阳街道东苑社区屈原路7号1栋1单元101室"),
    (VILLAGE, "沙市区联合街道连心村3组16号"),
    (VILLAGE, "沙市区联合街道连心村3组17号"),
)


def a_city() -> duckdb.DuckDBPyConnection:
    con = an_empty_city()
    for number, (area, address) in enumerate(DWELLINGS, 1):
        code = f"{area['community_code']}{number:07d}"
        a_record(con, "house_registry", natural_key=code, dwelling_code=code, standard_address=address,
                 county_code=area["township_code"][:6], **area)
    return con


def reach(con: duckdb.DuckDBPyConnection, category: str, address: str, **beside: Any) -> tuple[str, str, int | None]:
    record_id = a_record(con, category, address=address, **beside)
    build(con)
    row = con.execute("SELECT level, method, candidates FROM place WHERE record_id = ?", [record_id]).fetchone()
    assert row is not None
    return row


PENSION, CARE, WORK = "pension_insurance", "care_followups", "employment_registration"
CASES = {
    "dwelling": (PENSION, "园林路18号2-1-301", {}, ("dwelling", "text", 1)),
    "missing unit, one fits": (PENSION, "园林路18号2栋302", {}, ("dwelling", "text_part_missing", 1)),
    "a group without its word": (PENSION, "连心村3-16", {}, ("dwelling", "text_part_missing", 1)),
    "a group without its word that is not there": (PENSION, "连心村4-16", {}, ("community", "absent", 2)),
    "a community that runs into the road": (PENSION, "朝阳街道东苑北京路5号1栋1单元101室", {}, ("dwelling", "text_part_missing", 1)),
    "missing unit, two fit": (PENSION, "园林路18号2栋301", {}, ("building", "several", 2)),
    "two dwellings of one address": (PENSION, "东苑社区屈原路7号1栋1单元101室", {}, ("unit", "several", 2)),
    "a unit and no room": (PENSION, "园林路18号2栋2单元", {}, ("unit", "ends", 2)),
    "a building": (PENSION, "园林路18号2栋", {}, ("building", "ends", 3)),
    "a door": (PENSION, "园林路18号", {}, ("door", "ends", 3)),
    "a road": (PENSION, "中山街道园林路", {}, ("road", "ends", 4)),
    "a group": (PENSION, "联合街道连心村3组", {}, ("group", "ends", 2)),
    "a room that is not there": (PENSION, "园林路18号2栋2单元909室", {}, ("unit", "absent", 2)),
    "a door that is not there": (PENSION, "中山街道园林路99号2栋2单元301室", {}, ("road", "absent", 4)),
    "in two communities": (PENSION, "沙市区北京路5号1-1-101", {}, ("county", "several", 2)),
    "in two townships": (PENSION, "北京路5号", {}, ("county", "ends", 2)),
    "a community": (PENSION, "绿化村社区", {}, ("community", "ends", 5)),
    "a community that nobody knows": (PENSION, "中山街道新新社区园林路18号2-1-301", {}, ("township", "unknown_area", None)),
    "a township": (PENSION, "沙市区中山街道", {}, ("township", "ends", 5)),
    "a county, which may mean the zone": (PENSION, "沙市区", {}, ("county", "ends", 10)),
    "another city": (PENSION, "湖南省邵阳市邵东市红旗村1组", {}, ("outside", "outside", None)),
    "emoji": (PENSION, "😀🏠😀", {}, ("nowhere", "not_an_address", None)),
    "same as above": (PENSION, "同上", {}, ("nowhere", "same_as_other", None)),
    "only digits": (PENSION, "1234567", {}, ("nowhere", "not_an_address", None)),
    "same as above, beside a community": (WORK, "同上", {"community_code": "421002001001"}, ("community", "same_as_other", 5)),
    "township beside": (CARE, "某某小区", {"township": "421002005"}, ("township", "ends", 3)),
}


@pytest.fixture(scope="module")
def reached() -> dict[str, list[tuple[str, str, int | None]]]:
    con = a_city()
    records = {a_record(con, category, address=address, **beside): name for name, (category, address, beside, _) in CASES.items()}
    build(con)
    return {records[record]: rest for record, *rest in con.execute("SELECT record_id, (level, method, candidates) FROM place").fetchall()}


@pytest.mark.parametrize("name", CASES)
def test_every_text_leads_as_far_as_it_honestly_can(reached: dict[str, list[tuple[str, str, int | None]]], name: str) -> None:
    assert reached[name] == [CASES[name][3]]


def test_a_text_of_2000_characters_is_kept_and_leads_nowhere() -> None:
    con = a_city()
    text = "请打电话联系" * 400
    level, _, candidates = reach(con, PENSION, text)
    assert (level, candidates) == ("nowhere", None)
    assert con.execute("SELECT address FROM place").fetchone() == (text,)


def test_every_cell_has_a_level_and_a_method(reached: dict[str, list[tuple[str, str, int | None]]]) -> None:
    assert reached.keys() == CASES.keys()
    assert {level for ((level, _, _),) in reached.values()} <= {*LEVELS, "outside"}
    assert all(method for ((_, method, _),) in reached.values())


def a_demolished_dwelling(con: duckdb.DuckDBPyConnection) -> str:
    code = "4210020010010000099"
    insert(con, "history_house_registry", natural_key=code, valid_from="2024-01-01", valid_to="2025-01-01", delivery_date="2024-01-01",
           position=1)
    insert(con, "typed_house_registry", natural_key=code, delivery_date="2024-01-01", position=1, dwelling_code=code,
           standard_address="沙市区中山街道绿化村社区园林路18号9栋1单元101室", township_code="421002001", community_code="421002001001")
    return code


@pytest.mark.parametrize("text", ["绿化村社区园林路18号9栋1单元101室", "中山街道园林路18号9-1-101"], ids=["community", "township"])
def test_a_demolished_dwelling_is_named_so(text: str) -> None:
    con = a_city()
    a_demolished_dwelling(con)
    assert reach(con, PENSION, text) == ("door", "demolished", 3)


def test_the_code_of_a_demolished_dwelling_leads_as_far_as_the_text() -> None:
    con = a_city()
    code = a_demolished_dwelling(con)
    assert reach(con, "household_registration", "园林路18号", dwelling_code=code) == ("door", "demolished", 3)
    assert reach(con, "household_registration", "园林路18号2-1-301", dwelling_code=code) == ("dwelling", "text", 1)


CODED = {
    "the text agrees": ("园林路18号2-2-302", 3, "code_and_text"),
    "the text says less": ("园林路18号", 3, "code"),
    "the text leads elsewhere": ("园林路18号2-1-301", 3, "code_against_text"),
}


@pytest.mark.parametrize(("text", "number", "method"), CODED.values(), ids=CODED.keys())
def test_a_code_says_how_it_stands_to_its_text(text: str, number: int, method: str) -> None:
    assert reach(a_city(), "household_registration", text, dwelling_code=f"421002001001{number:07d}") == ("dwelling", method, 1)


def test_an_earlier_version_is_placed_apart() -> None:
    con = a_city()
    record = a_record(con, PENSION, natural_key="n1", address="园林路18号2-1-301")
    insert(con, "history_pension_insurance", natural_key="n1", valid_from="2023-01-01", valid_to="2024-01-01",
           delivery_date="2023-01-01", position=1)
    insert(con, "typed_pension_insurance", natural_key="n1", delivery_date="2023-01-01", position=1, address="连心村3组16号")
    build(con)
    assert con.execute("SELECT record_id FROM place").fetchall() == [(record,)]
    past = con.execute("SELECT natural_key, valid_to::VARCHAR, address, dwelling_code, level FROM place_past").fetchall()
    assert past == [("n1", "2024-01-01", "连心村3组16号", "4210710012000000009", "dwelling")]
