"""Reading of address texts: one text in, its parts out."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resolvers.places import AddressParts, parse, standard_form
from resolvers.places.vocabulary import vocabulary

FLAT = AddressParts(road="园林路", door_no="18", building="2", unit="1", room="301")


def in_street(**parts: str) -> AddressParts:
    return AddressParts(county_codes=("421002",), township_code="421002001", **parts)  # type: ignore[arg-type]


def in_township(code: str, **parts: str) -> AddressParts:
    return AddressParts(county_codes=(code[:6],), township_code=code, **parts)  # type: ignore[arg-type]


WORDINGS = {
    "standard": "园林路18号2栋1单元301室",
    "dashes": "园林路18号2-1-301",
    "号楼 and 门": "园林路18号2号楼1门301",
    "full width": "园林路１８号２幢１单元３０１",
    "spaces": " 园林路 18号　2栋 1单元301室 ",
    "幢 and dash": "园林路18号2幢1-301",
    "#": "园林路18号2#1单元301号",
    "座": "园林路18号2座1单元301",
    "Chinese numerals": "园林路十八号二栋一单元三零一室",
    "one Chinese numeral": "园林路18号2栋一单元301",
    "long dash": "园林路18号2—1—301",
    "landmark in brackets": "园林路18号(老税务局旁)2栋1单元301室",
    "building in brackets": "园林路18号（2栋）1单元301室",
    "unclosed bracket": "园林路18号2栋1单元301室(原第二建筑公司驻",
    "号院": "园林路18号院2栋1单元301室",
}


@pytest.mark.parametrize("text", WORDINGS.values(), ids=WORDINGS.keys())
def test_one_flat_in_many_wordings(text: str) -> None:
    assert replace(parse(text), remarks=None) == FLAT


STREET = in_street(road="园林路", door_no="18")
FARM = AddressParts(community="余埠村", village_group="5", door_no="22")
CASES = {
    "full": (
        "沙市区中山街道绿化村社区园林路18号2栋1单元301室",
        in_street(community="绿化村社区", road="园林路", door_no="18", building="2", unit="1", room="301"),
    ),
    "province and city": ("湖北省荆州市沙市区中山街道园林路18号", STREET),
    "bare county": ("沙市中山街道园林路18号", STREET),
    "old city": ("湖北省荆州市沙市市中山街园林路18号", STREET),
    "office": ("中山街道办事处园林路18号", STREET),
    "committee": (
        "中山街道绿化村社区居民委员会园林路18号",
        in_street(community="绿化村社区", road="园林路", door_no="18"),
    ),
    "street is a road here": ("中山街18号", AddressParts(road="中山街", door_no="18")),
    "zone under the district": (
        "沙市区联合街道连心村1组15号",
        in_township("421071001", community="连心村", village_group="1", door_no="15"),
    ),
    "retired county": ("监利县毛市镇杨湾村三组", in_township("421088109", community="杨湾村", village_group="3")),
    "county of the time": ("江陵县西城街民主街48号", in_township("421003001", road="民主街", door_no="48")),
    "town with 市 in its name": (
        "杨林市镇天鹅村3组十二号",
        in_township("421087108", community="天鹅村", village_group="3", door_no="12"),
    ),
    "village, ordinal": ("余埠村第5组22号", FARM),
    "village, bare door": ("余埠村5组22", FARM),
    "village, sub-door": ("余埠村5组22-1号", AddressParts(community="余埠村", village_group="5", door_no="22-1")),
    "unit missing": ("园林路18号2栋301", AddressParts(road="园林路", door_no="18", building="2", room="301")),
    "sub-door 附": ("园林路18号附1号", AddressParts(road="园林路", door_no="18-1")),
    "sub-door dash": ("园林路18-1号", AddressParts(road="园林路", door_no="18-1")),
    "road without 号": ("园林路18", AddressParts(road="园林路", door_no="18")),
    "estate": ("金色雅园(二期)3-2-501", AddressParts(estate="金色雅园", building="3", unit="2", room="501", remarks="二期")),
    "estate like a village": ("滨江新村1-2-601", AddressParts(estate="滨江新村", building="1", unit="2", room="601")),
    "house and estate": (
        "园林路18号绿化小区2栋1单元301",
        AddressParts(road="园林路", door_no="18", estate="绿化小区", building="2", unit="1", room="301"),
    ),
    "numeral in the road": ("五一路八号", AddressParts(road="五一路", door_no="8")),
    "end not understood": ("园林路18号2栋A座301", AddressParts(road="园林路", door_no="18", complete=False, unread="2栋A座301")),
    "nothing": ("", AddressParts(kind="not_an_address")),
}


@pytest.mark.parametrize(("text", "parts"), CASES.values(), ids=CASES.keys())
def test_parts_of_a_text(text: str, parts: AddressParts) -> None:
    assert parse(text) == parts


OUTSIDE = {
    "province": "湖南省邵阳市邵东市黑田铺镇青山村2组",
    "municipality": "重庆市北碚区天生街道青山村6组",
    "other prefecture of the province": "湖北省武汉市江岸区一元街道1号",
    "county of the province": "湖北省神农架林区宋洛乡石桥村7组",
    "prefecture": "恩施土家族苗族自治州巴东县官渡口镇双河村8组",
    "county": "巴东县官渡口镇双河村8组",
    "left long ago": "荆州市京山县永兴镇红旗村8组",
}
INSIDE = {
    "city": "湖北省荆州市沙市区中山街道园林路18号",
    "city, then a road": "湖北省荆州市园林路18号2-1-301",
    "city, then an estate": "荆州市园林小区2-1-101",
    "city, then an unknown street office": "荆州市长江街道园林路18号",
    "province, then an estate": "湖北省园林小区2-1-101",
    "road named like a city": "北京西路59号",
    "road named like a province": "湖南路12号",
    "community with 市": "毛市社区北京西路59号",
    "town with 市": "横沟市镇红旗村2组",
    "small estate": "园林小区2-1-101",
    "management area": "大沙湖管理区三汊河社区建设路22号",
    "county directly under the province": "湖北省监利市容城镇白云路37号",
}


@pytest.mark.parametrize("text", OUTSIDE.values(), ids=OUTSIDE.keys())
def test_a_place_outside_the_city_is_recognised(text: str) -> None:
    parts = parse(text)
    assert parts == AddressParts(outside_city=True, kind="outside", outside_division=parts.outside_division)


@pytest.mark.parametrize("text", INSIDE.values(), ids=INSIDE.keys())
def test_a_place_in_the_city_is_not_taken_for_outside(text: str) -> None:
    assert not parse(text).outside_city


NUMBERS = {
    "十": "10", "十二": "12", "二十": "20", "二十三": "23", "一百": "100", "一百零五": "105",
    "一百二十": "120", "〇七": "7",
    "008": "8",
}


@pytest.mark.parametrize(("written", "read"), NUMBERS.items(), ids=NUMBERS.values())
def test_numbers_are_read(written: str, read: str) -> None:
    assert parse(f"园林路{written}号").door_no == read


Place = dict[str, str | None]
numbers = st.integers(1, 999).map(str)
townships = st.sampled_from(sorted(vocabulary().township_names))
houses: st.SearchStrategy[Place] = st.fixed_dictionaries({
    "road": st.sampled_from(["园林路", "解放大道", "三一路", "民主街", "水巷"]),
    "door_no": numbers | st.builds("{}-{}".format, numbers, numbers),
    "building": st.none() | numbers,
    "unit": st.none() | numbers,
    "room": st.none() | numbers,
})
farms: st.SearchStrategy[Place] = st.fixed_dictionaries({
    "community": st.sampled_from(["连心村", "杨湾村", "王家台村"]),
    "village_group": numbers,
    "door_no": st.none() | numbers,
})
communities = st.none() | st.sampled_from(["绿化村社区", "毛市社区"])


@settings(max_examples=60, deadline=None)
@given(township=townships, community=communities, place=houses | farms)
def test_a_formatted_address_is_read_back(township: str, community: str | None, place: Place) -> None:
    parts = AddressParts(
        county_codes=(township[:6],), township_code=township,
        **({"community": community} | place),  # type: ignore[arg-type]
    )
    assert parse(standard_form(parts)) == parts


WRITTEN = "沙市区中山街道绿化村社第园林路监利县小湖北省号栋幢单元室组门楼附院0123456789一二十#-()（"


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=WRITTEN, max_size=24))
def test_standardising_twice_is_standardising_once(text: str) -> None:
    once = parse(text)
    if once.complete and once.kind == "address" and not once.floor and not once.landmark:
        again = parse(standard_form(once))
        assert standard_form(again) == standard_form(once)
