"""Phrases: what is understood, as what, and that nothing is guessed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sources.catalogue import load_catalogue
from tests.warehouse.slow_evaluator import means
from tests.warehouse.test_queries_agreement import AS_OF, a_profile
from warehouse.phrases import PhraseNotUnderstood, understand
from warehouse.queries import parse_tree
from warehouse.vocabulary import number

ALIASES = {alias: leaves for klass in load_catalogue().classes.values() for alias, leaves in klass.aliases.items()}
WORKED = [worked for worked in load_catalogue().worked_queries if worked.text_zh]


def area(*codes: str) -> dict[str, Any]:
    return {"class": "residence_area", "op": "within", "value": codes[0] if len(codes) == 1 else list(codes)}


def age(op: str, value: Any) -> dict[str, Any]:
    return {"class": "age", "op": op, "value": value}


def flag(name: str) -> dict[str, Any]:
    return {"class": "living_arrangement", "attribute": name, "op": "is", "value": True}


@pytest.mark.parametrize("worked", WORKED, ids=lambda worked: worked.name)
@settings(deadline=None, max_examples=60)
@given(person=a_profile(), years=st.integers(55, 105))
def test_a_worked_phrase_means_its_worked_query(worked: Any, person: dict[str, Any], years: int) -> None:
    """As a tree the second has one leaf more (独居老人 says age ge 60), so the meanings are compared."""
    person = person | {
        "age": years,
        "residence_county": worked.query["all"][0]["value"],
        "living_alone": True,
        "lonely_elder": True,
    }
    understood = {"purpose": worked.purpose, "query": understand(str(worked.text_zh)).query}
    assert means(understood, person, AS_OF) == means({"purpose": worked.purpose, "query": worked.query}, person, AS_OF)


@pytest.mark.parametrize(
    "worked", [w for w in WORKED if w.name != "elders_living_alone_shashi"], ids=lambda worked: worked.name
)
def test_a_worked_phrase_is_its_worked_query(worked: Any) -> None:
    assert understand(str(worked.text_zh)).query == worked.query


@pytest.mark.parametrize(("alias", "leaves"), ALIASES.items(), ids=list(ALIASES))
def test_every_alias_stands_for_its_leaves(alias: str, leaves: list[dict[str, Any]]) -> None:
    assert understand(alias).query == {"all": leaves}


@pytest.mark.parametrize("name", ["gbt_2260_jingzhou", "jz_township"])
def test_every_place_is_known_by_its_name(name: str) -> None:
    for entry in load_catalogue().lists[name].values:
        assert understand(entry.zh).query == {"all": [area(entry.code)]}
        assert understand(f"湖北省荆州市{entry.zh}").query == {"all": [area(entry.code)]}


@settings(deadline=None)
@given(
    aliases=st.lists(
        st.sampled_from(sorted(set(ALIASES) - {"全市", "沙市区", "荆州区", "开发区", "中心城区", "监利"})),
        min_size=1,
        max_size=5,
        unique=True,
    )
)
def test_aliases_one_after_another_all_have_to_hold(aliases: list[str]) -> None:
    expected: list[Any] = []
    for alias in aliases:
        expected += [leaf for leaf in ALIASES[alias] if leaf not in expected]
    assert understand("的".join(aliases)).query == {"all": expected}


UNDERSTOOD = [
    ("荆州市", [area("421000")]),
    ("全市", [area("421000")]),
    ("荆州沙市", [area("421002")]),
    ("公安", [area("421022")]),
    ("监利县", [area("421088")]),
    ("沙市市", [area("421002")]),
    ("中山", [area("421002001")]),
    ("沙市区 中山街道", [area("421002001")]),
    ("沙市区的中山街道", [area("421002001")]),
    ("卸甲坪", [area("421087201")]),
    ("荆州开发区", [area("421071")]),
    ("天鹅洲开发区", [area("421081500")]),
    ("沙市区、荆州区和监利市", [area("421002", "421003", "421088")]),
    ("沙市区中山街道或崇文街道", [area("421002001", "421002002")]),
    ("中心城区或监利", [area("421002", "421003", "421071", "421088")]),
    ("80-100岁", [age("between", [80, 100])]),
    ("80～100岁", [age("between", [80, 100])]),
    ("80岁至100岁之间", [age("between", [80, 100])]),
    ("八十至一百岁", [age("between", [80, 100])]),
    ("３到５岁", [age("between", [3, 5])]),
    ("零至三岁", [age("between", [0, 3])]),
    ("80岁以上", [age("ge", 80)]),
    ("八十岁以上", [age("ge", 80)]),
    ("60岁及以上", [age("ge", 60)]),
    ("60周岁（含）以上", [age("ge", 60)]),
    ("年满60周岁", [age("ge", 60)]),
    ("超过60岁", [age("gt", 60)]),
    ("18岁以下", [age("le", 18)]),
    ("18岁及以下", [age("le", 18)]),
    ("不满6岁", [age("lt", 6)]),
    ("未满十八周岁", [age("lt", 18)]),
    ("99岁", [age("eq", 99)]),
    ("居住三年以上", [{"class": "residence_duration", "op": "ge", "value": 36}]),
    ("居住不满18个月", [{"class": "residence_duration", "op": "lt", "value": 18}]),
    ("60岁以上的老人", [age("ge", 60)]),
    ("80岁以上女性", [age("ge", 80), {"class": "sex", "op": "in", "value": ["2"]}]),
    (
        "独居老人或空巢老人",
        [{"any": [{"all": [age("ge", 60), flag("living_alone")]}, {"all": [age("ge", 60), flag("empty_nest")]}]}],
    ),
    ("丧偶、离异", [{"any": [{"class": "marital_status", "op": "in", "value": [code]} for code in ("30", "40")]}]),
    ("孤寡老人中的独居老人", [age("ge", 60), flag("lonely_elder"), flag("living_alone")]),
]


@pytest.mark.parametrize(("text", "parts"), UNDERSTOOD, ids=[text for text, _ in UNDERSTOOD])
def test_what_a_phrase_means(text: str, parts: list[Any]) -> None:
    understood = understand(text)
    assert understood.query == {"all": parts}
    parse_tree(understood.query, "statistics")


@pytest.mark.parametrize(
    ("text", "unknown", "hint"),
    [
        pytest.param("沙市区喜欢跳舞的独居老人", "喜欢跳舞", "docs/queries.md", id="a word that no class knows"),
        pytest.param("沙市区低保户老人", "户", "perhaps", id="one character more than an alias"),
        pytest.param("非低保", "非", ".", id="negation"),
        pytest.param("户籍在荆州区", "户籍在", "户籍", id="another meaning of a place"),
        pytest.param("荆州80岁以上", "荆州", "荆州市 .the whole city., 荆州区", id="荆州 is two places"),
        pytest.param("湖北省老年人", "湖北省", "荆州市", id="more than the city"),
        pytest.param("武汉市老年人", "武汉", ".", id="another city"),
        pytest.param("荆州区中山街道", "荆州区中山街道", "not inside", id="a place outside the other"),
        pytest.param("沙市区荆州区", "沙市区荆州区", "join several places", id="two places without a word between"),
        pytest.param("沙市区老年人荆州区", "沙市区 … 荆州区", "one place", id="two places apart"),
        pytest.param(
            "独居和空巢老人", "独居和空巢老人", "独居或空巢老人.*独居且空巢老人", id="和 between what can hold together"
        ),
        pytest.param("独居或空巢老人", "独居或空巢老人", "独居老人或空巢老人", id="an ending that may belong to both"),
        pytest.param("低保、特困人员", "低保、特困人员", "或", id="a list code can hold both"),
        pytest.param("沙市区或独居", "沙市区或独居", "not one of each", id="a place or a person"),
        pytest.param("或老年人", "或", "between two", id="或 without a left side"),
        pytest.param("老年人或", "或", "between two", id="或 without a right side"),
        pytest.param("100至80岁", "100至", ".", id="ages turned round"),
        pytest.param("80多岁", "80多岁", ".", id="about 80"),
        pytest.param("一百八岁", "一百", ".", id="a number not said completely"),
        pytest.param("的人", "的人", "for instance", id="nothing but fillers"),
        pytest.param("", "", "1 to 200", id="empty"),
        pytest.param("老" * 500, "老老老", "1 to 200", id="very long"),
        pytest.param("沙市区'; DROP TABLE profile; --", "DROPTABLEprofile", ".", id="SQL"),
    ],
)
def test_what_is_not_understood_is_refused_exactly(text: str, unknown: str, hint: str) -> None:
    with pytest.raises(PhraseNotUnderstood, match=hint) as caught:
        understand(text)
    assert unknown in " ".join(caught.value.unknown)


def test_a_refusal_says_what_was_understood() -> None:
    with pytest.raises(PhraseNotUnderstood) as caught:
        understand("沙市区会跳舞的独居老人")
    assert caught.value.understood == ("沙市区", "独居老人")


@settings(deadline=None)
@given(alias=st.sampled_from(sorted(ALIASES)), strange=st.text(st.characters(categories=["L", "N", "P"]), max_size=3))
def test_a_phrase_is_understood_wholly_or_refused(alias: str, strange: str) -> None:
    try:
        pieces = "".join(piece.text for piece in understand(alias + strange).pieces)
    except PhraseNotUnderstood:
        return
    assert pieces.startswith(alias[:2])


NUMBERS = {
    "十": 10,
    "十八": 18,
    "二十": 20,
    "八十五": 85,
    "一百": 100,
    "百": 100,
    "一百零五": 105,
    "一百一十": 110,
    "两": 2,
}
NO_NUMBERS = ("一百八", "零八", "十十", "八八", "一百零")


@pytest.mark.parametrize(
    ("text", "value"), [*NUMBERS.items(), ("零", 0), ("105", 105), *((text, None) for text in NO_NUMBERS)]
)
def test_numbers_in_words(text: str, value: int | None) -> None:
    assert number(text) == value
