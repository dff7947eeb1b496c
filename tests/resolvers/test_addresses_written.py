"""Addresses as clerks type them: every form says what it says, and nothing that it does not say."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resolvers.places.parts import AddressParts, parse, standard_form

FLAT = AddressParts(road="园林路", door_no="18", building="2", unit="1", room="301")
NO_UNIT = AddressParts(road="园林路", door_no="18", building="2", room="301")
DOOR = AddressParts(road="园林路", door_no="18")
IN_STREET = replace(DOOR, county_codes=("421002",), township_code="421002001")

READ = {
    "spaces between": ("园林路18号 2 1 301", FLAT),
    "points": ("园林路18号2.1.301", FLAT),
    "strokes": ("园林路18号2/1/301", FLAT),
    "listing commas": ("园林路18号2、1、301", FLAT),
    "# for 号": ("园林路18#2-1-301", FLAT),
    "only dashes": ("园林路18-2-1-301", FLAT),
    "ordinals": ("园林路18号第2栋第1单元301室", FLAT),
    "formal numerals": ("园林路壹拾捌号贰栋壹单元叁零壹室", FLAT),
    "old numeral": ("园林路廿号", replace(DOOR, door_no="20")),
    "spoken numeral": ("园林路一百二号", replace(DOOR, door_no="120")),
    "hundred and three": ("园林路一百零三号", replace(DOOR, door_no="103")),
    "mixed numeral": ("园林路3十号", replace(DOOR, door_no="30")),
    "两": ("园林路18号2栋两单元301", replace(FLAT, unit="2")),
    "markup": ("园林路18号&nbsp;2栋<br/>1单元301室", FLAT),
    "escape": ("园林路18号\\n2栋1单元301", FLAT),
    "line break": ("园林路18号\r\n2栋1单元301", FLAT),
    "invisible": ("园林路\u200b18号\ufeff2栋1单元\u00a0301", FLAT),
    "emoji": ("😀园林路18号🏠2栋1单元301", FLAT),
    "inside a court": ("园林路18号院内2栋1单元301", FLAT),
    "2楼 before a unit": ("园林路18号2楼1单元301", FLAT),
    "floor": ("园林路18号2栋1单元3楼301", replace(FLAT, floor="3")),
    "floor behind the door": ("园林路18号三楼301", replace(DOOR, room="301", floor="3")),
    "only a floor": ("园林路18号2栋3层", replace(DOOR, building="2", floor="3")),
    "room on a floor": (
        "园林路18号3楼1号", replace(DOOR, room="1", floor="3", complete=False, unread="3楼1"),
    ),
    "side": ("园林路18号2栋301东户", replace(NO_UNIT, remarks="东户")),
    "side only": ("园林路18号2栋3楼东户", replace(DOOR, building="2", floor="3", complete=False, unread="东户")),
    "garage": ("园林路18号2栋301车库", replace(NO_UNIT, complete=False, unread="车库")),
    "two rooms": ("园林路18号2栋301、302", replace(DOOR, complete=False, unread="2栋301|302")),
    "two doors": ("园林路18号、20号", replace(DOOR, complete=False, unread="|20号")),
    "lost character": ("园林路18?号", AddressParts(complete=False, unread="园林路18?号")),
    "part of a flat": ("园林路18号2栋1单元301-1", replace(FLAT, room="301-1")),
    "附": ("园林路18号附1号", replace(DOOR, door_no="18-1")),
    "之": ("园林路18号之1", replace(DOOR, door_no="18-1")),
    "dash behind": ("园林路18号-1", replace(DOOR, door_no="18-1")),
    "letter behind": ("园林路18号甲", replace(DOOR, door_no="18甲")),
    "letter before": ("园林路甲18号", replace(DOOR, door_no="18甲")),
    "tower": ("绿化小区A座1203", AddressParts(estate="绿化小区", building="A", room="1203")),
    "estate with #": ("绿化小区5#2-301", AddressParts(estate="绿化小区", building="5", unit="2", room="301")),
    "stage of an estate": ("绿化小区2期3栋501", AddressParts(estate="绿化小区2期", building="3", room="501")),
    "lane": ("园林路3巷5号", AddressParts(road="园林路3巷", door_no="5")),
    "lane in words": ("园林路三巷5号", AddressParts(road="园林路3巷", door_no="5")),
    "numbered lane": ("园林路235弄18号301室", AddressParts(road="园林路235弄", door_no="18", room="301")),
    "section": ("北京路三段18号", AddressParts(road="北京路3段", door_no="18")),
    "highway": ("318国道18号", AddressParts(road="318国道", door_no="18")),
    "rows of houses": ("红旗新村5排3号", AddressParts(road="红旗新村5排", door_no="3")),
    "brigade": ("连心大队3小队5号", AddressParts(community="连心村", village_group="3", door_no="5")),
    "only a room": ("301", AddressParts(room="301")),
    "numbers of a flat": ("2-1-301", AddressParts(building="2", unit="1", room="301")),
    "landmark": ("中百超市对面", AddressParts(landmark="中百超市对面")),
    "landmark on a road": ("园林路中百超市旁", AddressParts(road="园林路", landmark="中百超市旁")),
    "landmark and flat": ("中百超市对面园林路18号2栋301", replace(NO_UNIT, landmark="中百超市对面")),
    "beside a door": ("园林路18号对面", AddressParts(landmark="园林路18号对面")),
    "beside a door, in brackets": ("园林路18号（对面）", AddressParts(landmark="园林路18号对面")),
    "crossing": ("北京路与园林路交汇处", AddressParts(landmark="北京路与园林路交汇处")),
    "close to": ("靠近沙市中学", AddressParts(landmark="靠近沙市中学")),
    "road that sounds like a landmark": ("河旁路18号", AddressParts(road="河旁路", door_no="18")),
    "road named like a county": ("沙市路18号", AddressParts(road="沙市路", door_no="18")),
    "postal code": ("园林路18号 434000", replace(DOOR, remarks="434000")),
    "telephone": ("园林路18号2栋301，电话13812345678", replace(NO_UNIT, remarks="电话13812345678")),
    "land line": ("园林路18号2栋301 0716-8123456", replace(NO_UNIT, remarks="0716-8123456")),
    "person": ("园林路18号张三家", replace(DOOR, remarks="张三家")),
    "heading": ("家庭住址：园林路18号", replace(DOOR, remarks="家庭住址")),
    "side of a stair": ("园林路18号2栋1单元5楼右", replace(FLAT, room=None, floor="5", complete=False, unread="右")),
    "city twice": ("荆州市荆州市沙市区园林路18号", replace(DOOR, county_codes=("421002", "421071"))),
    "city of 1994": ("荆沙市沙市区中山街道园林路18号", IN_STREET),
    "every level twice": ("沙市区沙市区中山街道中山街道园林路园林路18号", IN_STREET),
    "township first": ("中山街道沙市区园林路18号", IN_STREET),
    "township last": ("园林路18号，沙市区中山街道", IN_STREET),
    "levels in brackets": ("【沙市区】（中山街道）园林路18号", IN_STREET),
    "code before": ("421002中山街道园林路18号", IN_STREET),
    "retired code before": (
        "421023毛市镇杨湾村3组",
        AddressParts(county_codes=("421088",), township_code="421088109", community="杨湾村", village_group="3"),
    ),
}


@pytest.mark.parametrize(("text", "parts"), READ.values(), ids=READ.keys())
def test_forms_of_an_address(text: str, parts: AddressParts) -> None:
    assert parse(text) == parts


NO_ADDRESS = {
    "null word": ("不详", "not_an_address", None),
    "empty": ("  ", "not_an_address", None),
    "emoji only": ("😀", "not_an_address", None),
    "digits": ("13812345678", "not_an_address", None),
    "letters": ("ABC", "not_an_address", None),
    "above": ("同上", "same_as_other", "above"),
    "ditto mark": ("〃", "same_as_other", "above"),
    "registration": ("同户籍地址", "same_as_other", "registration"),
    "identity card": ("与身份证一致", "same_as_other", "registration"),
    "residence": ("同现住址", "same_as_other", "residence"),
    "father": ("同父亲", "same_as_other", None),
    "above and more": ("同上2栋301", "same_as_other", None),
}


@pytest.mark.parametrize(("text", "kind", "refers_to"), NO_ADDRESS.values(), ids=NO_ADDRESS.keys())
def test_cells_without_an_address(text: str, kind: str, refers_to: str | None) -> None:
    parts = parse(text)
    assert (parts.kind, parts.refers_to) == (kind, refers_to)
    assert standard_form(parts) == ""


OUTSIDE = {
    "short names": ("湖南长沙市岳麓区1号", "430104"),
    "city and district, short": ("武汉江夏", "420115"),
    "without class": ("浙江温州", "330300"),
    "county of its time": ("枣阳县吴店镇", "420683"),
    "prefecture of its time": ("黄冈地区浠水县", "421100"),
    "in Hubei": ("湖北省仙桃市某路1号", "429004"),
    "Hong Kong": ("香港九龙弥敦道1号", "810000"),
    "Macau": ("澳门特别行政区", "820000"),
    "Taiwan": ("台湾省台北市", "710100"),
    "country": ("美国", None),
    "state abroad": ("美国加利福尼亚州", None),
    "abroad": ("国外", None),
}


@pytest.mark.parametrize(("text", "code"), OUTSIDE.values(), ids=OUTSIDE.keys())
def test_places_outside_are_named_by_their_division(text: str, code: str | None) -> None:
    parts = parse(text)
    assert (parts.kind, parts.outside_division) == ("outside", code)


LIKE_ELSEWHERE = ("香港路18号", "澳门路1号", "上海花园3栋", "加拿大花园3栋", "武汉路1号", "长春路1号", "南京市场1号", "朝阳区新村")


@pytest.mark.parametrize("text", LIKE_ELSEWHERE)
def test_names_that_only_sound_like_elsewhere_are_of_the_city(text: str) -> None:
    assert parse(text).kind == "address"


def test_a_text_of_two_thousand_characters_is_read_as_far_as_an_address_goes() -> None:
    parts = parse("园林路18号" + "附近的大树" * 400)
    assert not parts.complete
    assert len(parts.unread or "") > 1000


BUILDINGS = ("栋", "幢", "座", "号楼", "#", "#楼")
UNITS = ("单元", "门", "-")
ROOMS = ("室", "号", "房", "户", "", "号房")
DIGITS = "零一二三四五六七八九"
number = st.integers(1, 99).map(str)
room = st.integers(101, 3999).map(str)


def full_width(text: str) -> str:
    return "".join(chr(ord(char) + 0xFEE0) if char.isdigit() else char for char in text)


def chinese(text: str) -> str:
    return "".join(DIGITS[int(char)] if char.isdigit() else char for char in text)


@settings(max_examples=40, deadline=None)
@given(number, number, number, room, st.sampled_from(BUILDINGS), st.sampled_from(UNITS), st.sampled_from(ROOMS),
       st.sampled_from([str, full_width, chinese]))
def test_every_wording_of_a_flat_has_the_same_parts(
    door: str, building: str, unit: str, flat: str, building_word: str, unit_word: str, room_word: str, digits: type[str]
) -> None:
    text = digits(f"园林路{door}号{building}{building_word}{unit}{unit_word}{flat}{room_word}")
    assert parse(text) == AddressParts(road="园林路", door_no=door, building=building, unit=unit, room=flat)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_read_and_no_level_is_invented(text: str) -> None:
    parts = parse(text)
    if "镇" not in text and "乡" not in text and "街" not in text:
        assert parts.township_code is None
    if not any(char.isdigit() for char in text):
        assert parts.unit is None or any(char.isalnum() for char in text)
    assert not (parts.outside_city and (parts.road or parts.township_code))
