"""Forms of names: what is taken off, folded, and read as a wildcard."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.names import name_form, standardise_names


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        pytest.param(" 冯\u3000永 ", "冯永", id="spaces of all widths"),
        pytest.param("劉國陳", "刘国陈", id="traditional characters"),
        pytest.param("徐昇", "徐升", id="a variant beside the traditional table"),
        pytest.param("亚森.买买提", "亚森买买提", id="a full stop for the middle dot"),
        pytest.param("热依汗•玉素甫", "热依汗玉素甫", id="a bullet for the middle dot"),
        pytest.param("夏正英(女)", "夏正英", id="sex in brackets"),
        pytest.param("张学军（户主）", "张学军", id="full-width brackets"),
        pytest.param("刘大海(已故", "刘大海", id="a bracket cut off"),
        pytest.param("王芳悦女士", "王芳悦", id="a title behind the name"),
        pytest.param("王大爷", "王~", id="only the surname before a title"),
        pytest.param("谢？", "谢?", id="a full-width question mark"),
        pytest.param("吕成□", "吕成?", id="a box"),
        pytest.param("王\ufffd", "王?", id="a character cut in half"),
        pytest.param("王明yang", "王明?", id="one syllable in pinyin"),
        pytest.param("陈嘉(方方土)", "陈嘉?", id="a character described by its parts"),
        pytest.param("未取名", None, id="not named yet"),
        pytest.param("周某之女", None, id="named after the parent"),
        pytest.param("WANG XIUYING", None, id="the whole name in pinyin"),
        pytest.param("", None, id="nothing"),
        pytest.param("12", None, id="no letters at all"),
    ],
)
def test_comparable_name(raw: str, plain: str | None) -> None:
    assert name_form(raw).plain == plain


@pytest.mark.parametrize(
    ("raw", "sound"),
    [
        ("解晓东", "xiexiaodong"),
        ("单田芳", "shantianfang"),
        ("WANG XIUYING", "wangxiuying"),
        ("王明yang", "wangmingyang"),
        ("卢SU", "lusu"),
        ("谢？", "xie?"),
        ("尉迟恭", "yuchigong"),
    ],
)
def test_sound(raw: str, sound: str) -> None:
    assert name_form(raw).sound == sound


@pytest.mark.parametrize(
    ("one", "other"), [("刘艳", "刘燕"), ("王俊", "王军"), ("王明yang", "王明阳"), ("WANG XIUYING", "王秀英")]
)
def test_homophones_sound_alike(one: str, other: str) -> None:
    assert name_form(one).sound == name_form(other).sound


@pytest.mark.parametrize(
    ("raw", "own"),
    [
        pytest.param("李王氏", "王~", id="husband's surname, own surname, 氏"),
        pytest.param("李王秀英", "王秀英", id="husband's surname before her name"),
        pytest.param("欧阳秀英", None, id="a compound surname is no husband's"),
        pytest.param("王秀英", None, id="an ordinary name"),
    ],
)
def test_a_womans_own_name(raw: str, own: str | None) -> None:
    assert name_form(raw).own_form == own


@given(st.text(max_size=12))
def test_any_text_has_a_form(raw: str) -> None:
    assert name_form(raw).raw == raw


@given(st.text(alphabet="王李单解欧阳秀英劉國·.（）()女大爷？□ \u3000yangYU\ufffd", max_size=10))
def test_standardising_twice_is_standardising_once(raw: str) -> None:
    plain = name_form(raw).plain
    if plain is not None and "~" not in plain:
        assert name_form(plain).plain == plain


def test_the_table_has_each_delivered_name_once() -> None:
    con = duckdb.connect()
    source = "SELECT unnest(['王秀英', '王秀英', '劉英', NULL])"
    assert standardise_names(con, source) == 2
    assert standardise_names(con, source) == 0
    assert con.execute("SELECT raw, plain FROM name_form ORDER BY raw").fetchall() == [
        ("劉英", "刘英"),
        ("王秀英", "王秀英"),
    ]
