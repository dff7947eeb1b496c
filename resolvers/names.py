"""Names of persons brought to forms that can be compared, over distinct delivered names.

Belongs here: what is taken off a name (spaces, titles, dots), how variants, damaged characters and pinyin are read,
and the table
`name_form`. Does not: comparing two names (resolvers/linkage), readings of characters (resolvers/pinyin.py).

One row of `name_form` is one distinct delivered name. `plain` is the comparable name, NULL when the cell names nobody
of its own
(未取名, 王某之女); in it ? stands for one unreadable character and a final ~ for a missing rest.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from functools import cache

import duckdb
import pyarrow as pa
from opencc import OpenCC

from resolvers.pinyin import COMMON_SURNAMES, is_latin, plain_letters, reading, split_surname, surname_reading

UNREADABLE = "?"
REST = "~"

_DAMAGED = re.compile("[?？□■�〓＿_△○〇●＊*]|[\ue000-\uf8ff]")
_DOTS = re.compile("[·•.．‧・･。﹒∙⋅᛫]")
_SPACES = re.compile(r"[\s\u3000\u00a0\u200b\ufeff]+")
_BRACKETS = re.compile(r"[(\[【〔<《]([^()\[\]【】〔〕<>《》]*)(?:[)\]】〕>》]|$)")
_STRAY = re.compile(r"[()\[\]【】〔〕<>《》]")
_BRACKET_TITLES = frozenset(
    [
        "女",
        "男",
        "已故",
        "故",
        "代",
        "户主",
        "亡",
        "已亡",
        "去世",
        "死亡",
        "寡妇",
        "本人",
        "配偶",
        "父",
        "母",
        "子",
        "妻",
        "夫",
        "儿子",
        "女儿",
        "孩子",
        "小孩",
        "外地",
        "租户",
        "房主",
        "监护人",
        "曾用名",
        "大",
        "小",
        "老",
        "先生",
        "女士",
        "老师",
        "代缴",
        "代办",
        "离异",
        "丧偶",
        "残疾",
        "低保",
        "五保",
    ]
)
_TITLES = re.compile("(先生|女士|小姐|老师|师傅|大爷|大妈|大娘|大叔|阿姨|婆婆|爷爷|奶奶|太太|同志|老人)+$")
_NOBODY = re.compile(
    "(未取名|待取名|未起名|未命名|无名|暂无姓名|新生儿|婴儿)|某|(之子|之女|之婴|之妻|之夫|之母|之父|的孩子|的儿子|的女儿)$|^(无|不详|未知)$"
)
_LETTERS = re.compile(r"[A-Za-zÀ-ɏ]+")
_HAN_OR_WILD = re.compile(rf"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff{re.escape(UNREADABLE)}]+")


@dataclass(frozen=True, slots=True)
class NameForm:
    """Forms of one delivered name."""

    raw: str
    plain: str | None
    """comparable name: simplified, without spaces, dots and titles; ? one unreadable character, ~ a missing rest"""
    surname: str | None
    given: str | None
    sound: str | None
    """toneless pinyin of the whole name in one piece; ? where a character cannot be read"""
    own_form: str | None
    """for a name with the husband's surname in front: the woman's own name, 王秀英 for 李王秀英, 王~ for 李王氏"""
    damaged: bool
    """something of the name is missing or typed in another way (wildcards, pinyin, a cut end)"""
    nameless: bool
    """the cell holds a name that is not the person's (未取名, 王某之女)"""


NAME_FORM_COLUMNS = {
    "raw": "VARCHAR",
    "plain": "VARCHAR",
    "surname": "VARCHAR",
    "given": "VARCHAR",
    "sound": "VARCHAR",
    "own_form": "VARCHAR",
    "damaged": "BOOLEAN",
    "nameless": "BOOLEAN",
}


@cache
def _folding() -> OpenCC:
    return OpenCC("t2s")


_VARIANTS = str.maketrans("昇陞堃淼喆峯羣閒敍谿煇燿玥甦囍翚彝赟", "升升坤淼哲峰群闲叙溪辉耀玥苏喜翚彝赟")
"""Variants in use beside a standard character that the traditional table leaves alone."""


@cache
def _folded_character(character: str) -> str:
    folded: str = _folding().convert(character)
    return (folded if len(folded) == 1 else character).translate(_VARIANTS)


def fold(text: str) -> str:
    """Traditional and variant characters to simplified ones, character by character."""
    return "".join(_folded_character(character) for character in text)


def _without_attachments(text: str) -> str:
    """Brackets with a title fall away; brackets with anything else describe one character that could not be typed."""
    before = None
    while text != before:
        before = text
        text = _BRACKETS.sub(
            lambda match: "" if match.group(1).strip() in _BRACKET_TITLES or not match.group(1) else UNREADABLE, text
        )
        stripped = _TITLES.sub("", text)
        if stripped and stripped != text:
            text = stripped + REST if len(stripped) == 1 and stripped != UNREADABLE else stripped
    return _STRAY.sub("", text)


def _own_form(plain: str) -> str | None:
    """A woman's own name behind her husband's surname; NULL when the name does not look like one."""
    surname, given = split_surname(plain)
    if len(surname) != 1 or REST in plain:
        return None
    if len(plain) == 3 and plain[2] == "氏":
        return given[0] + REST
    if len(plain) == 4:
        return given
    return given if len(plain) == 3 and given[0] in COMMON_SURNAMES else None


def _pinyin_form(raw: str, letters: str) -> NameForm:
    return NameForm(raw, None, None, None, plain_letters(letters), None, damaged=True, nameless=False)


def name_form(raw: str) -> NameForm:
    """Forms of one delivered name; never raises, whatever the cell holds."""
    text = unicodedata.normalize("NFKC", raw)
    text = _SPACES.sub("", _DAMAGED.sub(UNREADABLE, text))
    if is_latin(text.replace("'", "").replace("-", "")) and text:
        return _pinyin_form(raw, text.replace("'", "").replace("-", ""))
    text = _DOTS.sub("", text)
    if _NOBODY.search(_BRACKETS.sub("", text)):
        return NameForm(raw, None, None, None, None, None, damaged=False, nameless=True)
    text = fold(_without_attachments(text))
    typed = [plain_letters(run) for run in _LETTERS.findall(text)]
    plain = _LETTERS.sub(UNREADABLE, text)
    if not plain or not any(character >= "\u3400" for character in plain):
        return NameForm(raw, None, None, None, None, None, damaged=True, nameless=False)
    surname, given = split_surname(plain)
    damaged = UNREADABLE in plain or REST in plain
    whole = surname_reading(surname) + "".join(reading(character) or character for character in given)
    sound = _typed_into(whole, typed) if len(typed) == plain.count(UNREADABLE) else whole
    return NameForm(raw, plain, surname, given or None, sound, _own_form(plain), damaged, nameless=False)


def _typed_into(sound: str, typed: list[str]) -> str:
    """Syllables that were typed in pinyin take the places of their wildcards."""
    for syllable in typed:
        sound = sound.replace(UNREADABLE, syllable, 1)
    return sound


def name_forms(raws: Iterable[str]) -> pa.Table:
    """`name_form` rows of distinct delivered names."""
    rows = [astuple(name_form(raw)) for raw in raws]
    names = [field.name for field in fields(NameForm)]
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    types = [pa.bool_() if NAME_FORM_COLUMNS[name] == "BOOLEAN" else pa.string() for name in names]
    return pa.table(
        {name: pa.array(values, type=kind) for name, values, kind in zip(names, columns, types, strict=True)}
    )


def standardise_names(
    con: duckdb.DuckDBPyConnection, source: str = "SELECT name FROM mention UNION SELECT former_name FROM mention"
) -> int:
    """Add the forms of the names that `source` (one text column) delivers and `name_form` does not know yet; returns
    their number."""
    body = ", ".join(f"{name} {kind}" for name, kind in NAME_FORM_COLUMNS.items())
    con.execute(f"CREATE TABLE IF NOT EXISTS name_form ({body})")
    unknown = con.execute(f"""SELECT DISTINCT raw FROM ({source}) AS delivered (raw)
                              WHERE raw IS NOT NULL AND raw NOT IN (SELECT raw FROM name_form) ORDER BY
                                  raw""").fetchall()
    if not unknown:
        return 0
    con.register("_name_forms", name_forms(raw for (raw,) in unknown))
    con.execute("INSERT INTO name_form SELECT * FROM _name_forms")
    con.unregister("_name_forms")
    return len(unknown)
