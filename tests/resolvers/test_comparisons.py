"""Levels of the comparisons, each by a pair that reaches it and by one that just does not; blocking rules as far as they can be read."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from resolvers.linkage import scoring
from resolvers.linkage.comparisons import (
    COMPARISONS,
    CONDITIONAL,
    RARITY_BOUNDS,
    blocking_rules,
    rarity_label,
    rarity_of,
)
from resolvers.linkage.nuclei import characters_apart

TYPES = {
    "plain": "VARCHAR", "surname": "VARCHAR", "sound": "VARCHAR", "own_form": "VARCHAR", "damaged": "BOOLEAN", "rarity": "INTEGER",
    "names": "VARCHAR[]", "birth_date": "DATE", "births": "DATE[]", "sex": "VARCHAR", "number": "VARCHAR", "id_typed": "VARCHAR",
    "grown_up": "BOOLEAN", "minor": "BOOLEAN", "phones": "VARCHAR[]", "dwellings": "VARCHAR[]", "communities": "VARCHAR[]",
    "townships": "VARCHAR[]", "households": "VARCHAR[]", "relative_numbers": "VARCHAR[]", "relative_names": "VARCHAR[]",
}  # fmt: skip
NUMBER = "110101199003071233"
Unit = dict[str, Any]


def level(comparison: str, left: Unit, right: Unit) -> str:
    """The level that Splink would give the pair; `missing` where the comparison says nothing."""
    missing, levels = COMPARISONS[comparison]
    branches = " ".join(f"WHEN {condition} THEN '{label.replace(chr(39), chr(39) * 2)}'" for label, condition, *_ in levels[:-1])
    columns = ", ".join(f"$x{side}{name}::{kind} AS {name}_{side}" for side in "lr" for name, kind in TYPES.items())
    values = {
        f"x{side}{name}": unit.get(name, False if name == "damaged" else None)
        for side, unit in (("l", left), ("r", right))
        for name in TYPES
    }
    last = levels[-1][0].replace("'", "''")
    row = (
        duckdb.connect()
        .execute(f"SELECT CASE WHEN {missing} THEN 'missing' {branches} ELSE '{last}' END FROM (SELECT {columns})", values)
        .fetchone()
    )
    assert row
    return str(row[0])


def named(plain: str | None, sound: str, surname: str | None = None, **more: Any) -> Unit:
    return {"plain": plain, "sound": sound, "surname": surname or (plain or "")[:1], **more}


WANG = named("王小明", "wangxiaoming", names=["王小明"], rarity=2)
CASES: list[tuple[str, str, Unit, Unit]] = [
    ("name", rarity_label(2), WANG, WANG),
    ("name", "equal", WANG | {"rarity": None}, WANG | {"rarity": None}),
    ("name", "equal to another name of the person", named("王大明", "wangdaming", names=["王大明", "王小明"]), WANG),
    ("name", "damaged or typed in pinyin", named(None, "wangxiaoming", damaged=True), WANG),
    ("name", "damaged or typed in pinyin", named("王?明", "wang?ming", damaged=True), WANG),
    ("name", "same sound", named("王晓鸣", "wangxiaoming"), WANG),
    ("name", "husband's surname in front", named("李王秀英", "liwangxiuying", own_form="王秀英"), named("王秀英", "wangxiuying")),
    ("name", "husband's surname in front", named("李王氏", "liwangshi", own_form="王~"), named("王秀英", "wangxiuying")),
    ("name", "given name in another order", named("王明小", "wangmingxiao"), WANG),
    ("name", "one character apart", named("王小刚", "wangxiaogang"), WANG),
    ("name", "one character apart, in one family", named("王小刚", "wangxiaogang", relative_numbers=["a"]),
     WANG | {"relative_numbers": ["a"]}),
    ("name", "one character apart", named("伍天增", "wutianzeng"), named("伍天怡", "wutianyi")),
    ("name", "different", named("李小明", "lixiaoming"), WANG),
    ("name", "different", named("王大刚", "wangdagang"), WANG),
    ("name", "different", named("王明", "wangming"), named("王刚", "wanggang")),
    ("name", "missing", {}, WANG),
    ("birth_date", "equal", {"birth_date": "1990-03-07"}, {"birth_date": "1990-03-07"}),
    ("birth_date", "equal", {"birth_date": "1990-03-07", "births": ["1990-03-07", "1991-01-01"]},
     {"birth_date": "1991-01-01", "births": ["1991-01-01"]}),
    ("birth_date", "equal, in one family, by another name", WANG | {"birth_date": "1990-03-07", "relative_numbers": ["a"]},
     named("王小刚", "wangxiaogang", birth_date="1990-03-07", relative_numbers=["a"])),
    ("birth_date", "equal", WANG | {"birth_date": "1990-03-07", "relative_numbers": ["a"]},
     WANG | {"birth_date": "1990-03-07", "relative_numbers": ["a"]}),
    ("birth_date", "equal", WANG | {"birth_date": "1990-03-07"}, named("王小刚", "wangxiaogang", birth_date="1990-03-07")),
    ("birth_date", "15 to 55 days apart (traditional calendar)", {"birth_date": "1990-03-07"}, {"birth_date": "1990-04-09"}),
    ("birth_date", "day and month exchanged", {"birth_date": "1990-03-07"}, {"birth_date": "1990-07-03"}),
    ("birth_date", "one digit", {"birth_date": "1990-03-07"}, {"birth_date": "1980-03-07"}),
    ("birth_date", "same year", {"birth_date": "1990-03-07"}, {"birth_date": "1990-11-28"}),
    ("birth_date", "different", {"birth_date": "1990-03-07"}, {"birth_date": "1981-11-28"}),
    ("birth_date", "missing", {}, {"birth_date": "1990-03-07"}),
    ("sex", "equal", {"sex": "1"}, {"sex": "1"}),
    ("sex", "different", {"sex": "1"}, {"sex": "2"}),
    ("number", "two valid numbers", {"number": NUMBER}, {"number": "110101199003071217"}),
    ("number", "one slip, birth date equal", {"id_typed": "110101199003071234", "birth_date": "1990-03-07"},
     {"number": NUMBER, "birth_date": "1990-03-07"}),
    ("number", "one slip", {"id_typed": "110101199003071234"}, {"number": NUMBER}),
    ("number", "one slip", {"id_typed": "110101199003072133"}, {"number": NUMBER}),
    ("number", "cut by a spreadsheet", {"id_typed": "110101199003071000"}, {"number": NUMBER}),
    ("number", "birth part contradicts", {"id_typed": "110101197511281234"}, {"number": NUMBER}),
    ("number", "different", {"id_typed": "110101199003074566"}, {"number": NUMBER}),
    ("number", "missing", {"id_typed": "G12345678"}, {"number": NUMBER}),
    ("age", "a minor in the role of a grown-up", {"grown_up": True}, {"birth_date": "2020-01-01", "minor": True}),
    ("age", "grown up, as the role says", {"grown_up": True}, {"birth_date": "1970-01-01", "minor": False}),
    ("age", "missing", {"grown_up": True, "birth_date": "1970-01-01"}, {"birth_date": "2020-01-01", "minor": True}),
    ("phone", "shared", {"phones": ["1", "2"]}, {"phones": ["2"]}),
    ("phone", "shared, in one dwelling or family", {"phones": ["2"], "dwellings": ["d"]}, {"phones": ["2"], "dwellings": ["d"]}),
    ("phone", "shared, in one dwelling or family", {"phones": ["2"], "households": ["h"]}, {"phones": ["2"], "households": ["h"]}),
    ("phone", "different, in one dwelling or family", {"phones": ["1"], "dwellings": ["d"]}, {"phones": ["2"], "dwellings": ["d"]}),
    ("phone", "different", {"phones": ["1"]}, {"phones": ["2"]}),
    ("phone", "missing", {}, {"phones": ["2"]}),
    ("place", "same dwelling", {"dwellings": ["d"], "townships": ["t"]}, {"dwellings": ["d"], "townships": ["t"]}),
    ("place", "same dwelling, in one family", {"dwellings": ["d"], "relative_numbers": ["a"]},
     {"dwellings": ["d"], "relative_numbers": ["a"]}),
    ("place", "elsewhere, in one family", {"dwellings": ["d"], "relative_numbers": ["a"]}, {"dwellings": ["e"], "relative_numbers": ["a"]}),
    ("place", "same community", {"communities": ["c"], "townships": ["t"]}, {"communities": ["c"], "townships": ["t"]}),
    ("place", "same township", {"communities": ["c"], "townships": ["t"]}, {"communities": ["e"], "townships": ["t"]}),
    ("place", "different", {"townships": ["t"]}, {"townships": ["u"]}),
    ("place", "missing", {}, {"townships": ["u"], "dwellings": ["d"]}),
    ("family", "same household or relative's number", {"relative_numbers": ["a"]}, {"relative_numbers": ["a", "b"]}),
    ("family", "same household or relative's number", {"households": ["h"]}, {"households": ["h"]}),
    ("family", "relative of the same name", {"relative_names": ["王秀英"]}, {"relative_names": ["王秀英"]}),
    ("family", "different", {"relative_names": ["王秀英"]}, {"relative_names": ["李秀英"]}),
    ("family", "missing", {"relative_names": ["王秀英"]}, {}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("comparison", "expected", "left", "right"),
    [pytest.param(*case, id=f"{place} {case[0]}: {case[1]}") for place, case in enumerate(CASES)],
)
def test_a_pair_reaches_its_level_from_both_sides(comparison: str, expected: str, left: Unit, right: Unit) -> None:
    assert level(comparison, left, right) == expected
    assert level(comparison, right, left) == expected


def test_every_level_has_a_case() -> None:
    known = {(comparison, label) for comparison, label, *_ in CASES}
    rare = {rarity_label(step) for step in range(len(RARITY_BOUNDS) + 1)}
    assert {(name, label) for name, (_, levels) in COMPARISONS.items() for label, *_ in levels if label not in rare} <= known


@pytest.mark.parametrize(
    ("left", "right", "apart"),
    [
        ("伍天增", "伍天怡", 1),
        ("伍天增", "伍天墙", 1),
        ("王小明", "王大刚", 2),
        ("阿卜杜拉买买提江", "阿卜杜拉买买提汗", 1),
        ("王", "王", 0),
    ],
)
def test_characters_are_counted_not_bytes(left: str, right: str, apart: int) -> None:
    row = duckdb.connect().execute(f"SELECT {characters_apart('$l', '$r')}", {"l": left, "r": right}).fetchone()
    assert row == (apart,)


def test_what_lies_behind_the_last_compared_character_is_never_one_slip() -> None:
    query = f"SELECT {characters_apart('$l', '$r')}"
    row = duckdb.connect().execute(query, {"l": "阿卜杜拉买买提江甲", "r": "阿卜杜拉买买提江乙"}).fetchone()
    assert row
    assert row[0] > 1


@pytest.mark.parametrize(("share", "step"), [(0.01, 0), (1 / 500, 1), (1 / 1_000, 1), (1 / 5_000, 2), (1 / 10_000, 3), (1e-6, 4), (0.0, 4)])
def test_rarer_names_have_higher_steps(share: float, step: int) -> None:
    assert duckdb.connect().execute(f"SELECT {rarity_of('$1::DOUBLE')}", [share]).fetchone() == (step,)


@pytest.mark.parametrize("name", COMPARISONS)
def test_the_cases_of_a_comparison_cover_its_levels_once(name: str) -> None:
    labels = [label for label, *_ in COMPARISONS[name][1]]
    assert len(labels) == len(set(labels))
    if name in CONDITIONAL:
        assert sorted(label for case in CONDITIONAL[name] for label in case) == sorted(labels)


@pytest.mark.parametrize("rule", blocking_rules(), ids=lambda rule: rule["blocking_rule"])
def test_blocking_rules_can_be_read_by_the_scoring(rule: dict[str, Any]) -> None:
    assert scoring.read_rule(rule).columns
