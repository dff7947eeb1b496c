"""How departments write an address: the wordings of one place, what they leave out, and what is no address at all.

Belongs here: the rules of the four address defects of the vocabulary and of the junk; which parts of the address each
wording leaves out (`Damage.lost`, bits of addresses.py). Does not: which rows are hit (damage.py), what the rest still
says (addresses.py).
"""

from __future__ import annotations

import re
from functools import cache

import numpy as np
import polars as pl

from sources.catalogue import Catalogue
from sources.synthetic import tables
from sources.synthetic.addresses import BLOCK, DOOR, LOCAL, ROOM, UNIT
from sources.synthetic.damage import NUMERALS, WIDE, Change, Damage, filled

FLAT = r"([0-9]+)栋([0-9]+)单元([0-9]+)室?$"
JUNK = 0.003
"""Share of filled address cells that hold something else; times the scale of the rates."""
Choice = tuple[float, pl.Expr, int | pl.Expr]
"""Weight, wording, parts lost."""


def _pick(d: Damage, f: pl.DataFrame, choices: list[Choice]) -> tuple[pl.Expr, pl.Expr]:
    """One of the wordings for each row by weight, and the parts that it loses."""
    weights = np.array([weight for weight, _, _ in choices])
    kind = pl.lit(pl.Series(d.rng.choice(len(choices), f.height, p=weights / weights.sum())))
    value, lost = choices[0][1], _bits(choices[0][2])
    for index, (_, wording, parts) in enumerate(choices[1:], 1):
        value = pl.when(kind == index).then(wording).otherwise(value)
        lost = pl.when(kind == index).then(_bits(parts)).otherwise(lost)
    return value, lost


def _bits(parts: int | pl.Expr) -> pl.Expr:
    return pl.lit(parts) if isinstance(parts, int) else parts


def chinese(number: pl.Expr) -> pl.Expr:
    """A number below 100 in Chinese numerals."""
    tens, ones = number // 10, number % 10
    words = {int(digit): word for digit, word in NUMERALS.items()}
    high = pl.when(tens == 0).then(pl.lit("")).when(tens == 1).then(pl.lit("十")).otherwise(tens.replace_strict(words, default="") + "十")
    low = pl.when(ones == 0).then(pl.lit("")).otherwise(ones.replace_strict(words, default=""))
    return pl.when(number < 100).then(high + low).otherwise(number.cast(pl.String))


def _wide(place: pl.Expr) -> pl.Expr:
    return place.str.replace_many(list(WIDE), list(WIDE.values()))


@cache
def _names(lists: tuple[str, ...]) -> str:
    return "|".join(re.escape(name) for name in sorted(set(lists), key=lambda name: (-len(name), name)))


def _areas(catalogue: Catalogue) -> tuple[str, str]:
    """Alternations of the names of county units and of townships, longest first."""
    townships = tuple(value.zh for value in catalogue.lists["jz_township"].values)
    return _names(tuple(unit.zh for unit in catalogue.county_units)), _names(townships)


def _estate(d: Damage, f: pl.DataFrame) -> pl.Expr:
    return d.words(f, tables.words("estate"))


def short(d: Damage, f: pl.DataFrame, c: str) -> Change:
    """Without the city and the district; only the local part; only estate and room; only the house."""
    place = pl.col(c)
    urban = place.str.contains("社区")
    county, township = _areas(d.catalogue)
    from_township = place.str.replace(rf"^(?:湖北省)?(?:荆州市)?(?:{county})?", "")
    from_community = from_township.str.replace(rf"^(?:{township})", "")
    local = pl.when(urban).then(place.str.replace(r"^.*?社区", "")).otherwise(from_community)
    estate = pl.when(place.str.contains(FLAT)).then(_estate(d, f) + place.str.extract(FLAT, 1) + "栋" + place.str.extract(r"栋(.*)$", 1))
    house = pl.when(place.str.contains(FLAT)).then(local.str.replace(FLAT, ""))
    value, lost = _pick(
        d,
        f,
        [
            (0.62, local, 0),
            (0.12, from_township, 0),
            (0.12, from_community, 0),
            (0.07, pl.coalesce(estate, local), 0),
            (0.07, pl.coalesce(house, local), 0),
        ],
    )
    no_room = pl.col(c).str.contains("栋") & ~value.str.contains("栋")
    no_house = value.str.contains(pl.lit("|".join(tables.words("estate"))))
    d.lost = pl.when(no_room).then(BLOCK | UNIT | ROOM).when(no_house).then(DOOR).otherwise(lost)
    return filled(c), value


def wording(d: Damage, f: pl.DataFrame, c: str) -> Change:
    """Another wording for the same place, of a flat and of a house in a village."""
    flat, lost_flat = _pick(d, f, _flats(d, f, c))
    rural, lost_rural = _pick(d, f, _houses(d, f, c))
    is_flat, is_house = pl.col(c).str.contains(FLAT), pl.col(c).str.contains(r"[0-9]+组[0-9]+号$")
    d.lost = pl.when(is_flat).then(lost_flat).when(is_house).then(lost_rural).otherwise(0)
    return filled(c), pl.when(is_flat).then(flat).when(is_house).then(rural).otherwise(pl.col(c))


def _flats(d: Damage, f: pl.DataFrame, c: str) -> list[Choice]:
    place = pl.col(c)
    block, unit, room = (place.str.extract(FLAT, group) for group in (1, 2, 3))
    head = place.str.replace(FLAT, "")
    block_zh, unit_zh = (chinese(part.cast(pl.Int64, strict=False)) for part in (block, unit))
    told = head + block + "栋" + unit + "单元" + room
    phone = pl.lit("199") + pl.lit(d.integers(f, 10_000_000, 99_999_999)).cast(pl.String)
    landmark = d.words(f, tables.words("landmark"))
    dashes = block + "-" + unit + "-" + room
    before, road, after = (place.str.extract(r"^(.*)([^社区村镇乡]{2}[路街巷])([0-9]+号.*)$", part) for part in (1, 2, 3))
    sounds = tables.mapping("homophones")
    slipped = pl.coalesce(before + road.str.replace_many(list(sounds), list(sounds.values())) + after, place)
    slip = pl.when(slipped == place).then(0).otherwise(DOOR)
    return [
        (0.15, place.str.replace("栋", "幢"), 0),
        (0.15, head + block + "号楼" + unit + "门" + room, 0),
        (0.12, head + block + "#" + unit + "单元" + room + "号", 0),
        (0.14, head + dashes, 0),
        (0.12, told, 0),
        (0.08, head + block + "栋" + unit_zh + "单元" + room + "室", 0),
        (0.03, head + block_zh + "栋" + unit_zh + "单元" + room, 0),
        (0.03, head + block + "座" + unit + "单元" + room, 0),
        (0.03, _wide(told), 0),
        (0.03, head + "院" + block + "栋" + unit + "单元" + room, 0),
        (0.025, head + block + "栋" + room + "室", UNIT),
        (0.015, head + block + "-" + room, UNIT),
        (0.02, head + _estate(d, f) + block + "栋" + unit + "单元" + room, 0),
        (0.01, head + "(" + _estate(d, f) + ")" + dashes, 0),
        (0.01, told + "室(" + landmark + ")", 0),
        (0.01, head + "," + block + "栋 " + unit + "单元 " + room + "室", 0),
        (0.01, place.str.replace("街道", "街道办事处").str.replace("社区", "社区居委会"), 0),
        (0.005, told + "室 电话" + phone, 0),
        (0.005, told + phone, ROOM),
        (0.005, place + "🏠", 0),
        (0.01, place.str.replace("街道", "街"), 0),
        (0.01, place.str.replace("社区", ""), 0),
        (0.01, slipped, slip),
    ]


def _houses(d: Damage, f: pl.DataFrame, c: str) -> list[Choice]:
    place = pl.col(c)
    group, door = (place.str.extract(r"([0-9]+)组([0-9]+)号$", part) for part in (1, 2))
    head = place.str.replace(r"[0-9]+组[0-9]+号$", "")
    landmark = d.words(f, tables.words("landmark"))
    group_zh = chinese(group.cast(pl.Int64, strict=False))
    return [
        (0.38, head + group_zh + "组" + door + "号", 0),
        (0.28, head + group + "组" + door, 0),
        (0.1, head + "第" + group_zh + "组" + door + "号", 0),
        (0.06, head + group + "组" + door + "户", 0),
        (0.05, head + group_zh + "小组" + door + "号", 0),
        (0.04, _wide(place), 0),
        (0.03, head + "委会" + group + "组" + door + "号", 0),
        (0.02, head + group + "-" + door, 0),
        (0.02, place + "(" + landmark + ")", 0),
        (0.01, head + group + "组 " + door + "号", 0),
        (0.01, place.str.replace("街道", "街道办事处"), 0),
    ]


def old_place(d: Damage, f: pl.DataFrame, c: str) -> Change:
    """Former names: of county units and of the prefecture, then of roads (路 called 大街 or 街, or another name)."""
    place = pl.col(c)
    fits = place.str.contains_any(["监利市", "沙市区", "荆州区", "路"])
    county = place.str.replace("监利市", "监利县").str.replace("沙市区", "沙市市").str.replace("荆州区", "江陵县")
    other = d.words(f, tables.words("old_road"))
    road = r"([^社区村镇乡]{1,3})路([0-9]+号)"
    value, _ = _pick(
        d, f, [(0.55, place.str.replace(road, "${1}大街${2}"), 0), (0.4, place.str.replace(road, "${1}街${2}"), 0), (0.05, pl.lit(""), 0)]
    )
    renamed = place.str.replace(road, "\u2063${2}")
    by_county = county != place
    d.lost = pl.when((value == "") & ~by_county).then(DOOR).otherwise(0)
    value = pl.when(value == "").then(renamed.str.replace("\u2063", other, literal=True)).otherwise(value)
    return fits & ((county != place) | place.str.contains(road)), pl.when(by_county).then(county).otherwise(value)


def rural(d: Damage, f: pl.DataFrame, c: str) -> Change:
    """Village and group without a door number."""
    group = pl.col(c).str.extract(r"([0-9]+)组[0-9]+号?$", 1)
    head = pl.col(c).str.replace(r"[0-9]+组[0-9]+号?$", "")
    in_words = chinese(group.cast(pl.Int64, strict=False))
    value, _ = _pick(d, f, [(0.8, head + group + "组", 0), (0.15, head + in_words + "组", 0), (0.05, head + group + "小组", 0)])
    d.lost = pl.lit(DOOR)
    return pl.col(c).str.contains(r"[0-9]组[0-9]+号?$"), value


def junk(d: Damage, f: pl.DataFrame, c: str) -> Change:
    """No address of a dwelling: a reference, another city, digits, a telephone, a very long text; `Damage.away` where it means no place."""
    place = pl.col(c)
    phone = pl.lit("199") + pl.lit(d.integers(f, 10_000_000, 99_999_999)).cast(pl.String)
    digits = pl.coalesce(place.str.extract_all(r"[0-9]+").list.join("-").replace("", None), pl.lit("301"))
    long = pl.lit("本人长期在外务工居住地址不固定以户籍登记为准联系时请先打电话" * 64) + place
    elsewhere = d.words(f, tables.words("elsewhere"))
    choices: list[Choice] = [
        (0.3, d.words(f, tables.words("same_place")), LOCAL),
        (0.25, elsewhere, LOCAL),
        (0.15, digits, LOCAL),
        (0.12, d.words(f, tables.words("no_place")), LOCAL),
        (0.1, phone, LOCAL),
        (0.05, pl.lit("🏠🏠"), LOCAL),
        (0.03, long, LOCAL),
    ]
    value, lost = _pick(d, f, choices)
    d.lost = lost
    d.away = value.is_in(tables.words("elsewhere"))
    return filled(c), value
