"""The table `place`: texts, record columns and house_registry together."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from resolvers.places import PlaceCounts, build
from tests.factories import a_record, an_empty_city

GREEN = {"township_code": "421002001", "community_code": "421002001001", "community_name": "绿化村社区"}
EAST = {"township_code": "421002005", "community_code": "421002005009", "community_name": "东苑社区"}
VILLAGE = {"township_code": "421071001", "community_code": "421071001200", "community_name": "连心村"}
DWELLINGS = {
    "A": (GREEN, "沙市区中山街道绿化村社区园林路18号2栋1单元301室"),
    "B": (GREEN, "沙市区中山街道绿化村社区园林路18号2栋2单元302室"),
    "C": (GREEN, "沙市区中山街道绿化村社区园林路18号2栋2单元301室"),
    "D": (EAST, "沙市区朝阳街道东苑社区北京路5号1栋1单元101室"),
    "E": (GREEN, "沙市区中山街道绿化村社区北京路5号1栋1单元101室"),
    "F": (VILLAGE, "沙市区联合街道连心村3组16号"),
    "G": (VILLAGE, "沙市区联合街道连心村2组16号"),
    "H": (EAST, "沙市区朝阳街道东苑社区屈原路7号附1号1栋1单元102室"),
}
CODES = {
    name: f"{area['community_code']}{number:07d}" for number, (name, (area, _)) in enumerate(DWELLINGS.items(), 1)
}


@pytest.fixture
def city() -> duckdb.DuckDBPyConnection:
    con = an_empty_city()
    for name, (area, address) in DWELLINGS.items():
        county = area["township_code"][:6]
        a_record(con, "house_registry", dwelling_code=CODES[name], standard_address=address, county_code=county, **area)
    return con


def the_place(con: duckdb.DuckDBPyConnection, category: str, address: str, **beside: Any) -> dict[str, Any]:
    record_id = a_record(con, category, address=address, **beside)
    build(con)
    cursor = con.execute("SELECT * FROM place WHERE record_id = ?", [record_id])
    names = [column[0] for column in cursor.description or []]
    row = cursor.fetchone()
    assert row is not None
    return dict(zip(names, row, strict=True))


LEADS = {
    "full wording": ("pension_insurance", "沙市区中山街道绿化村社区园林路18号2栋1单元301室", {}, "A"),
    "short, unique in the city": ("pension_insurance", "园林路18号2-1-301", {}, "A"),
    "unit missing, unique": ("pension_insurance", "园林路18号2栋302", {}, "B"),
    "unit missing, two": ("pension_insurance", "园林路18号2栋301", {}, None),
    "building or unit": ("pension_insurance", "园林路18号2-302", {}, "B"),
    "only the house": ("pension_insurance", "园林路18号", {}, None),
    "two townships have it": ("pension_insurance", "北京路5号1-1-101", {}, None),
    "township column decides": ("care_followups", "北京路5号1-1-101", {"township": "421002005"}, "D"),
    "community column decides": ("medical_insurance", "北京路5号1-1-101", {"community": "绿化村社区"}, "E"),
    "community column without 社区": ("medical_insurance", "北京路5号1-1-101", {"community": "东苑"}, "D"),
    "community in the text without 社区": ("pension_insurance", "沙市中山街绿化村园林路18号2-1-301", {}, "A"),
    "community without 社区, in another township": ("pension_insurance", "沙市区朝阳街道绿化村园林路18号2-1-301", {}, None),
    "community code decides": ("employment_registration", "北京路5号1-1-101", {"community_code": "421002001001"}, "E"),
    "text outranks the column": ("care_followups", "中山街道北京路5号1-1-101", {"township": "421002005"}, "E"),
    "column contradicts": ("care_followups", "园林路18号2-1-301", {"township": "421002005"}, None),
    "village": ("pension_insurance", "连心村3组16", {}, "F"),
    "group without door": ("pension_insurance", "联合街道连心村3组", {}, None),
    "group without village": ("pension_insurance", "3组16号", {}, None),
    "zone named": ("pension_insurance", "荆州开发区联合街道连心村第三组16号", {}, "F"),
    "zone as district": ("social_assistance", "连心村3组16号", {"county": "421002"}, "F"),
    "unknown community": ("pension_insurance", "中山街道新新社区园林路18号2-1-301", {}, None),
    "sub-door": ("pension_insurance", "屈原路7-1号1-1-102", {}, "H"),
    "earlier road word": ("pension_insurance", "中山街道园林街18号2栋1单元301室", {}, "A"),
    "earlier road word without township": ("pension_insurance", "园林街18号2栋1单元301室", {}, None),
    "estate": ("pension_insurance", "金色雅园2-1-301", {}, None),
    "outside": ("pension_insurance", "湖南省邵阳市邵东市园林路18号2-1-301", {}, None),
}


@pytest.mark.parametrize(("category", "address", "beside", "dwelling"), LEADS.values(), ids=LEADS.keys())
def test_a_text_leads_to_the_one_dwelling_that_fits_or_to_none(
    city: duckdb.DuckDBPyConnection, category: str, address: str, beside: dict[str, str], dwelling: str | None
) -> None:
    place = the_place(city, category, address, **beside)
    expected = (CODES[dwelling], "text", DWELLINGS[dwelling][1]) if dwelling else (None, None)
    assert (place["dwelling_code"], place["dwelling_from"], place["standard_address"])[: len(expected)] == expected


CODED = {
    "code first": ("连心村3组", CODES["F"], (CODES["F"], "code")),
    "code outranks the text": ("连心村3组16号", CODES["G"], (CODES["G"], "code")),
    "unknown code": ("连心村3组16号", "4210710012009999999", (CODES["F"], "text")),
    "text names another township": ("朝阳街道北京路5号1栋1单元101室", CODES["F"], (CODES["D"], "text")),
    "text names another county": ("公安县北京路5号1栋1单元101室", CODES["F"], (None, None)),
    "county of the time": ("沙市市连心村3组", CODES["F"], (CODES["F"], "code")),
    "outside": ("湖南省邵阳市邵东市红旗村1组", CODES["F"], (None, None)),
}


@pytest.mark.parametrize(("address", "code", "expected"), CODED.values(), ids=CODED.keys())
def test_a_delivered_code_comes_first_unless_the_text_names_another_township(
    city: duckdb.DuckDBPyConnection, address: str, code: str, expected: tuple[str | None, str | None]
) -> None:
    place = the_place(city, "household_registration", address, dwelling_code=code)
    assert (place["dwelling_code"], place["dwelling_from"]) == expected


AREAS = {
    "named township": ("中山街道园林路", {}, ("421002", "421002001", True, None)),
    "delivered township": ("某某小区", {"township": "421002005"}, ("421002", "421002005", False, None)),
    "delivered community": ("某某小区", {"township": "421002005", "community": "东苑社区"},
                            ("421002", "421002005", False, "421002005009")),
    "community of another township": ("某某小区", {"township": "421002001", "community": "东苑社区"},
                                      ("421002", "421002001", False, None)),
    "community alone": ("连心村2组", {}, ("421071", "421071001", False, "421071001200")),
    "county alone": ("沙市区某某小区", {}, ("421002", None, False, None)),
    "delivered, of another county": ("公安县某某小区", {"township": "421002005"}, ("421022", None, False, None)),
    "outside": ("湖南省邵阳市邵东市红旗村1组", {"township": "421002005"}, (None, None, False, None)),
}


@pytest.mark.parametrize(("address", "beside", "expected"), AREAS.values(), ids=AREAS.keys())
def test_township_and_community_follow_clarification_19(
    city: duckdb.DuckDBPyConnection, address: str, beside: dict[str, str], expected: tuple[Any, ...]
) -> None:
    place = the_place(city, "social_assistance", address, **beside)
    assert (place["county_code"], place["township_code"], place["township_named"], place["community_code"]) == expected


STANDARD = {
    "composed": ("连心村三组", "沙市区联合街道连心村3组"),
    "retired names": ("监利县容城镇白云路37号", "监利市容城镇白云路37号"),
    "township unknown": ("某某小区1-2-301", "某某小区1-2-301"),
    "outside": ("湖南省 邵阳市邵东市红旗村1组", "湖南省 邵阳市邵东市红旗村1组"),
}


@pytest.mark.parametrize(("address", "expected"), STANDARD.values(), ids=STANDARD.keys())
def test_wording_of_house_registry_where_the_place_is_known(
    city: duckdb.DuckDBPyConnection, address: str, expected: str
) -> None:
    assert the_place(city, "pension_insurance", address)["standard_address"] == expected


def test_parts_of_a_located_address_are_those_of_its_dwelling(city: duckdb.DuckDBPyConnection) -> None:
    place = the_place(city, "pension_insurance", "园林路18号2-302")
    parts = [place[part] for part in ("road", "door_no", "building", "unit", "room")]
    assert parts == ["园林路", "18", "2", "2", "302"]


def test_parts_of_an_unlocated_address_are_those_of_the_text(city: duckdb.DuckDBPyConnection) -> None:
    place = the_place(city, "pension_insurance", "连心村第三组")
    assert [place[part] for part in ("village_group", "door_no", "dwelling_code")] == ["3", None, None]


def test_every_filled_address_cell_has_one_row(city: duckdb.DuckDBPyConnection) -> None:
    a_record(city, "marriage_registration", man_hukou="中山街道园林路18号", woman_hukou="湖南省邵阳市红旗村1组")
    a_record(city, "pension_insurance", address=None)
    a_record(city, "pension_insurance", address="园林路18号2-1-301")
    a_record(city, "resettlement_support", address="园林路18号2-1-301")
    counts = build(city)
    assert counts == PlaceCounts(
        cells=3, outside_city=1, with_township=2, with_community=1, dwelling_from_code=0, dwelling_from_text=1
    )
    assert city.execute("SELECT count(*), count(DISTINCT (record_id, column_name)) FROM place").fetchone() == (3, 3)


def test_building_again_gives_the_same_rows(city: duckdb.DuckDBPyConnection) -> None:
    for address in ("园林路18号2-1-301", "连心村3组", "湖南省邵阳市红旗村1组"):
        a_record(city, "pension_insurance", address=address)
    build(city)
    first = city.execute("SELECT * FROM place ORDER BY ALL").fetchall()
    build(city)
    assert city.execute("SELECT * FROM place ORDER BY ALL").fetchall() == first
