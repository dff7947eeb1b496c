"""Characters of an address, before anything is read: one way to write each, as SQL over a text column. Patterns are RE2.

Belongs here: half-width, markup, brackets, separators between numbers, reading of Chinese numerals.
Does not: words (`grammar`), what stands beside the address (`asides`).
"""

from __future__ import annotations

import re

from resolvers.places.vocabulary import alternation, vocabulary
from sources.tables import literal

_FULL = "".join(chr(code) for code in range(0xFF01, 0xFF5F))
_HALF = "".join(chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F))
_ODD = {
    "同": "〃",
    "-": "—–―‐‑‒−﹣~～_－", "零": "〇○", "(": "【［〔「『《〈{｛[＜", ")": "】］〕」』》〉}｝]＞", "#": "♯＃", "?": "�",
    "1": "①", "2": "②", "3": "③", "4": "④", "5": "⑤", "6": "⑥", "7": "⑦", "8": "⑧", "9": "⑨",
}
_FROM = "".join(_ODD.values()) + _FULL
_TO = "".join(target * len(sources) for target, sources in _ODD.items()) + _HALF
_UNUSUAL = "[" + "".join(re.escape(char) for char in _FROM) + "]"
_SEPARATORS = r" \s\x{3000}\x{00A0},，.。、;；/\\|·:：*"
DIGITS = "零一二三四五六七八九十百廿卅两壹贰叁肆伍陆柒捌玖拾佰"
NUMBER = f"[0-9{DIGITS}]+"
_WORDS = "(?:号楼|栋|幢|座|单元|门|室|号|组)"
NEAR = (
    "斜对面|正对面|对面|对过|旁边|旁|隔壁|附近|边上|后面|前面|背后|背面|后边|前边|楼上|楼下|大门口|门口"
    "|[东南西北左右](?:侧|边)|以[东南西北]"
)
"""Words for a place that is only near the one named."""


def _markup(text: str) -> str:
    """SQL: entities (&nbsp;), tags (<br/>) and escapes (\\n, _x000D_) are spaces; most texts have none."""
    signs = " OR ".join(f"contains({text}, {literal(sign)})" for sign in "&<\\_")
    pattern = r"&(?:[a-zA-Z]{2,8}|#[0-9xXa-fA-F]{1,7});?|</?[a-zA-Z][^<>]{0,200}>|\\[nrt]|_x[0-9A-Fa-f]{4}_"
    return f"CASE WHEN {signs} THEN regexp_replace({text}, {literal(pattern)}, ' ', 'g') ELSE {text} END"


def _plain(text: str) -> str:
    """SQL: half-width capitals; letters, numbers, # ( ) - ? are all that stays. A separator between numbers becomes -,
    one between two doors becomes |."""
    translated = f"translate({_markup(text)}, {literal(_FROM)}, {literal(_TO)})"
    half = f"upper(CASE WHEN regexp_matches({text}, {literal(_UNUSUAL)}) THEN {translated} ELSE {_markup(text)} END)"
    between = f"[0-9A-Z号栋室][{_SEPARATORS}和及]+[0-9]"
    doors = rf"regexp_replace({half}, '号[{_SEPARATORS}和及]+({NUMBER}号)', '号|\1', 'g')"
    dashed = rf"regexp_replace({doors}, '([0-9A-Z])[{_SEPARATORS}]+([0-9])', '\1-\2', 'g')"
    dashed = rf"regexp_replace({dashed}, '([0-9A-Z])[{_SEPARATORS}]+([0-9])', '\1-\2', 'g')"
    split = f"CASE WHEN regexp_matches({half}, {literal(between)}) THEN {dashed} ELSE {half} END"
    return rf"regexp_replace(regexp_replace({split}, '[^\p{{L}}\p{{N}}#()?|-]+', '', 'g'), '--+', '-', 'g')"




def _belonging() -> str:
    """Brackets that belong to the address: (2栋), (附1号), (中山街道), and (对面), by which the address is another one."""
    words = vocabulary()
    levels = alternation([*words.counties, *words.townships])
    return rf"\(((?:附?第?{NUMBER}{_WORDS}?-?)+|[A-Z]?[0-9]*{_WORDS}|{NEAR}|(?:{levels})+)\)"



_BRACKETS = r"\(([^()]*)(?:\)|$)"


BRACKET_SIGNS = r"()（）\[［【〔「『《〈{｛＜"


def _unbracketed(text: str) -> str:
    return f"regexp_replace({_plain(text)}, {literal(_belonging())}, '\\1', 'g')"


def _has_brackets(text: str) -> str:
    return f"regexp_matches({text}, {literal('[' + BRACKET_SIGNS + ']')})"


def tidy(text: str) -> str:
    """SQL: half-width, upper case, no spaces, punctuation or symbols, offices named as places.

    Brackets are dropped with their words (`bracketed` gives them), an unclosed one to the end; numbers of a building in
    brackets stay.
    """
    dropped = f"regexp_replace({_unbracketed(text)}, {literal(_BRACKETS)}, '', 'g')"
    bare = f"CASE WHEN {_has_brackets(text)} THEN regexp_replace({dropped}, '\\([^()]*(?:\\)|$)|[()]', '', 'g') ELSE {_plain(text)} END"
    offices = rf"regexp_replace({bare}, '街道办事处|街道办|街办', '街道')"
    return rf"regexp_replace({offices}, '(社区|村)(?:居民|村民)?(?:居|村)?(?:委员会|委会)', '\1')"


def bracketed(text: str) -> str:
    """SQL: the list of words in brackets that `tidy` drops; NULL where there are none."""
    words = f"regexp_extract_all({_unbracketed(text)}, {literal(_BRACKETS)}, 1)"
    return f"CASE WHEN {_has_brackets(text)} THEN {words} END"


_NUMERALS = (
    ("廿", "二十"), ("卅", "三十"),
    ("百([一二三四五六七八九])$", r"百\1零"),  # 一百二 is 120
    ("^百", "一百"), ("^十", "一十"), ("百十", "百一十"),
    ("百$", "零零"), ("百零", "零"), ("十$", "零"), ("[百十]", ""),
)


def number(token: str) -> str:
    """SQL: an Arabic number without leading zeros for an Arabic or Chinese one; NULL for an empty token.

    Formal digits (壹贰) and 两, 廿, 卅 count; letters (A, 甲) stay as they are.
    """
    chinese = f"translate({token}, '两壹贰叁肆伍陆柒捌玖拾佰', '二一二三四五六七八九十百')"
    for pattern, replacement in _NUMERALS:
        chinese = f"regexp_replace({chinese}, {literal(pattern)}, {literal(replacement)}, 'g')"
    arabic = f"translate({chinese}, '零一二三四五六七八九', '0123456789')"
    read = f"CASE WHEN regexp_matches({token}, '[{DIGITS}]') THEN {arabic} ELSE {token} END"
    return f"nullif(regexp_replace({read}, '^0+([0-9])', '\\1'), '')"
