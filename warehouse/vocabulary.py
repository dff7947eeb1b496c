"""The words that phrases are made of: aliases of classes, places, ages and lengths of stay, connecting words.

Belongs here: which stretch of text is which word, and what it says. Does not: putting words together (phrases.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from sources.catalogue import load_catalogue

CITY, PROVINCE = "421000", "420000"


class Kind(StrEnum):
    PLACE = "place"
    STATEMENT = "statement"
    OR = "or"
    LISTING = "listing"
    FILLER = "filler"
    PREFIX = "prefix"


@dataclass(frozen=True, slots=True)
class Word:
    """A stretch of text: places carry codes, statements carry leaves."""

    text: str
    kind: Kind
    codes: tuple[str, ...] = ()
    leaves: tuple[Any, ...] = ()


FILLERS = (
    "的",
    "且",
    "并且",
    "而且",
    "同时",
    "又",
    ",",
    ";",
    "人",
    "人员",
    "人群",
    "居民",
    "市民",
    "群众",
    "人口",
    "住在",
    "居住在",
    "现住",
    "现居住在",
    "之中",
    "当中",
    "中",
)
"""Say nothing by themselves: statements that follow one another all have to hold."""

ORS = ("或", "或者", "或是")
LISTINGS = ("和", "与", "及", "以及", "、")
SYNONYMS = {"老人": "老年人", "男性": "男", "女性": "女"}
"""Everyday forms of aliases, beside those of classes.yaml."""

SUFFIXES = ("土家族乡", "农场管理区", "管理区", "开发区", "街道", "镇", "乡", "区", "县", "市")
PREFIXES = {"湖北省": PROVINCE, "湖北": PROVINCE, "荆州": CITY}
"""Understood only before a smaller place: alone, 湖北 is more than the city, and 荆州 the city or a district."""

NUMBER = r"(\d{1,3}|[零〇一二两三四五六七八九十百]{1,6})"
NOT_INSIDE_A_NUMBER = r"(?<![\d零〇一二两三四五六七八九十百])"
YEARS = r"(?:周?岁)"
DASH = r"(?:至|到|-|~|—|–|―)"
INCLUDED = r"(?:\(含(?:\d{1,3}岁|本数)?\)|含)?"
AGES: tuple[tuple[str, str], ...] = (
    (rf"{NUMBER}{YEARS}?{DASH}{NUMBER}{YEARS}(?:之间)?", "between"),
    (rf"(?:年?满)?{NUMBER}{YEARS}{INCLUDED}及?以上{INCLUDED}", "ge"),
    (rf"年?满{NUMBER}{YEARS}", "ge"),
    (rf"(?:超过|大于|高于){NUMBER}{YEARS}", "gt"),
    (rf"{NUMBER}{YEARS}{INCLUDED}及?(?:以下|以内){INCLUDED}", "le"),
    (rf"(?:不满|未满|不足|小于|低于){NUMBER}{YEARS}", "lt"),
    (rf"{NUMBER}{YEARS}", "eq"),
)
"""As in law, 以上 and 以下 include the limit, 不满 and 超过 do not."""

STAYS: tuple[tuple[str, str], ...] = (
    (rf"居住满?(半|{NUMBER})(年|个月){INCLUDED}及?以上{INCLUDED}", "ge"),
    (rf"居住满(半|{NUMBER})(年|个月)", "ge"),
    (rf"居住(?:不满|未满|不足)(半|{NUMBER})(年|个月)", "lt"),
)
DIGITS = {character: value for value, character in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}


DIGIT = "[一二两三四五六七八九]"
NUMERAL = re.compile(
    f"(?:(?P<hundreds>{DIGIT}?)(?P<hundred>百))?(?P<zero>[零〇]?)(?:(?P<tens>{DIGIT}?)(?P<ten>十))?(?P<ones>{DIGIT}?)"
)


def number(text: str) -> int | None:
    """80, 八十, 一百零五, 十八; None when it is no number below 1000, or not said completely (一百八)."""
    if text.isascii():
        return int(text)
    match = NUMERAL.fullmatch(text)
    if match is None:
        return None
    said = {name: bool(match[name]) for name in match.groupdict()}
    if said["zero"] and said["hundred"] == (said["ten"] or not said["ones"]) and text not in {"零", "〇"}:
        return None
    if said["hundred"] and not said["zero"] and not said["ten"] and said["ones"]:
        return None
    hundreds = DIGITS.get(match["hundreds"] or "一", 1) * said["hundred"]
    tens = DIGITS.get(match["tens"] or "一", 1) * said["ten"]
    return 100 * hundreds + 10 * tens + DIGITS.get(match["ones"], 0)


@cache
def fixed_words() -> dict[str, Word]:
    """Every word that is always written the same. Aliases of classes come before places, names before stems."""
    words: dict[str, Word] = {}
    for texts, kind in ((FILLERS, Kind.FILLER), (ORS, Kind.OR), (LISTINGS, Kind.LISTING)):
        words |= {text: Word(text, kind) for text in texts}
    words |= {text: Word(text, Kind.PREFIX, (code,)) for text, code in PREFIXES.items()}
    for klass in load_catalogue().classes.values():
        for alias, leaves in klass.aliases.items():
            words[alias] = _of_alias(alias, leaves)
    words |= {text: Word(text, words[alias].kind, leaves=words[alias].leaves) for text, alias in SYNONYMS.items()}
    names = _place_names()
    for name, code in [*names, *_stems(names)]:
        words.setdefault(name, Word(name, Kind.PLACE, (code,)))
    return words


def _of_alias(alias: str, leaves: list[dict[str, Any]]) -> Word:
    """An alias that only names places can be joined with other places."""
    if len(leaves) == 1 and leaves[0].get("class") == "residence_area" and leaves[0].get("op") == "within":
        value = leaves[0]["value"]
        return Word(alias, Kind.PLACE, (value,) if isinstance(value, str) else tuple(value))
    return Word(alias, Kind.STATEMENT, leaves=tuple(leaves))


def _place_names() -> list[tuple[str, str]]:
    """(name, code) of the city, county units, townships, and of earlier counties under their successor."""
    lists = load_catalogue().lists
    present = [(entry.zh, entry.code) for name in ("gbt_2260_jingzhou", "jz_township") for entry in lists[name].values]
    units = set(lists["gbt_2260_jingzhou"].codes)
    earlier = [
        (entry.zh.partition("(")[0], str(entry.successor))
        for entry in lists["gbt_2260_retired"].values
        if entry.successor in units
    ]
    taken = {name for name, _ in present}
    return [("荆州市", CITY), *present, *(place for place in earlier if place[0] not in taken)]


def _stems(names: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Names without their suffix, where one place only is called so."""
    stems: dict[str, set[str]] = {}
    for name, code in names:
        suffix = next((suffix for suffix in SUFFIXES if name.endswith(suffix)), "")
        stem = name.removesuffix(suffix)
        if len(stem) > 1 and stem not in PREFIXES:
            stems.setdefault(stem, set()).add(code)
    yield from ((stem, min(codes)) for stem, codes in sorted(stems.items()) if len(codes) == 1)


def words_at(text: str, start: int) -> list[Word]:
    """Every word that begins here, the longest first."""
    longest = max(map(len, fixed_words()))
    ends = range(min(len(text), start + longest), start, -1)
    found = [fixed_words()[text[start:end]] for end in ends if text[start:end] in fixed_words()]
    found += [*_ages(text, start), *_stays(text, start)]
    return sorted(found, key=lambda word: -len(word.text))


def _ages(text: str, start: int) -> Iterator[Word]:
    for pattern, op in AGES:
        match = re.compile(NOT_INSIDE_A_NUMBER + pattern).match(text, start)
        if match:
            values = [number(group) for group in match.groups()]
            if None not in values and values == sorted(values):  # type: ignore[type-var]
                value: Any = values if op == "between" else values[0]
                yield Word(match.group(), Kind.STATEMENT, leaves=({"class": "age", "op": op, "value": value},))


def _stays(text: str, start: int) -> Iterator[Word]:
    for pattern, op in STAYS:
        match = re.compile(pattern).match(text, start)
        if match:
            amount, counted, unit = match.groups()
            months = 6 if (amount, unit) == ("半", "年") else None
            if counted is not None:
                value = number(counted)
                months = None if value is None else value * (12 if unit == "年" else 1)
            if months is not None:
                leaf = {"class": "residence_duration", "op": op, "value": months}
                yield Word(match.group(), Kind.STATEMENT, leaves=(leaf,))
