"""Places outside the city: which texts begin with a division of the country, or a country, that is not of this city.

Belongs here: the words made of the national table with the rules for short names, and the set-based look-up.
Does not: the table itself (`national`), divisions of the city (`vocabulary`).

A full name (长沙市, 巴东县) speaks for itself. A short name counts only behind the name of what it belongs to (湖南长沙,
武汉江夏): alone it is more often a road or an estate of this city (北京路, 上海花园).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

import duckdb
import polars as pl

from resolvers.places.national import Division, divisions
from resolvers.places.vocabulary import CITY, vocabulary
from sources.tables import literal

_STREET = "(?:路|街|巷|弄|大道|市?场)"
_ESTATE = "(?:路|街|巷|弄|道|大|城|苑|园|花|小|村|里|社|广|新|公|名|家|府|湾|商|酒|宾|超|店|中|印|风)"
GUARDS = {"full": f"^{_STREET}", "short": f"^{_ESTATE}", "country": "^[^市州省郡县]{1,}$"}
"""What must not follow: behind a full name a street, behind a short one anything that makes a local name of it."""
ABROAD = ("国外", "境外", "海外", "外国", "出国", "旅居国外")
_ENDINGS = ("自治州", "自治县", "自治旗", "地区", "林区", "特区", "市", "县", "区", "盟", "旗")
_NEVER_ALONE = ("开发区", "高新", "产业", "示范区", "园区", "管理区", "新区", "城区", "郊区", "矿区", "小区", "社区")
_SHORT = 2


def create_outside_words(con: duckdb.DuckDBPyConnection) -> None:
    """Temporary `outside_word` (word, code or NULL where unknown or more than one, guard) and `outside_start`."""
    con.register("outside_words", _frame())
    con.execute("CREATE OR REPLACE TEMP TABLE outside_word AS FROM outside_words")
    con.execute("CREATE OR REPLACE TEMP TABLE outside_start AS SELECT DISTINCT left(word, 2) AS start FROM outside_word")
    con.unregister("outside_words")


def read_outside(con: duckdb.DuckDBPyConnection, source: str, target: str) -> None:
    """In: `source` (text). Out: `target`, temporary: text, word, code, one row for a text that begins outside.

    The longest word decides; a word whose guard matches what follows it does not count.
    """
    guards = " ".join(f"WHEN {literal(name)} THEN regexp_matches(after, {literal(guard)})" for name, guard in GUARDS.items())
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE {target} AS
        WITH lengths AS (SELECT DISTINCT length(word) AS n FROM outside_word),
        texts AS (SELECT DISTINCT text FROM {source} SEMI JOIN outside_start ON start = left(text, 2)),
        begun AS (SELECT text, left(text, n) AS word, substr(text, n + 1) AS after
                  FROM texts CROSS JOIN lengths WHERE length(text) >= n),
        words AS (SELECT text, word, code FROM begun JOIN outside_word USING (word) WHERE NOT (CASE guard {guards} END))
        SELECT text, max_by(word, length(word)) AS word, max_by(code, length(word)) FILTER (code IS NOT NULL) AS code
        FROM words GROUP BY text""")


@cache
def _frame() -> pl.DataFrame:
    """One row per word: with the weakest guard that any of its meanings asks for, and its code where it has one."""
    found: dict[str, tuple[set[str], set[str]]] = {}
    own = set(vocabulary().counties) | set(vocabulary().bare_counties)
    for word, code, guard in _words():
        if word not in own and len(word) >= _SHORT:
            codes, guards = found.setdefault(word, (set(), set()))
            codes.update({code} - {""})
            guards.add(guard)
    rows = [
        (word, min(codes) if len(codes) == 1 else None, "full" if "full" in guards else min(guards))
        for word, (codes, guards) in sorted(found.items())
    ]
    return pl.DataFrame(rows, schema={"word": pl.String, "code": pl.String, "guard": pl.String}, orient="row")


def _words() -> Iterator[tuple[str, str, str]]:
    """Every (word, code, guard): full names alone, and names behind those of what they belong to."""
    table = divisions()
    city = next(row for row in table if row.code == CITY)
    shorts = {row.name: _short(row) for row in table if row.level in ("province", "prefecture")}
    once = _names_of_one_place(table)
    for row in table:
        if city.name in (row.name, row.prefecture):
            continue
        if row.level in ("country", "city"):
            yield from _abroad(row)
        elif row.level == "province":
            if row.name != city.province:
                yield row.name, row.code, "full"
                if len(row.name) - len(row.short) > 2 and row.code >= "8":
                    yield row.short, row.code, "short"
        else:
            full, short = _full_names(row), _short(row)
            if row.level == "prefecture":
                yield from ((name, row.code, "full") for name in full)
            else:
                yield from ((name, row.code, "full") for name in full if _stands_alone(name, once))
            for above in _above(row, shorts):
                yield above + short, row.code, "short"
                if len(row.name) > len(short) + 1:
                    yield above + row.name, row.code, "full"
    for word in ABROAD:
        yield word, "", "full"


def _names_of_one_place(table: Iterable[Division]) -> set[str]:
    counted: dict[str, set[tuple[str, str]]] = {}
    for row in table:
        counted.setdefault(row.name, set()).add((row.province, row.prefecture))
    return {name for name, places in counted.items() if len(places) == 1}


def _short(row: Division) -> str:
    """The name without its class: 长沙 of 长沙市; a name of one character keeps its class (忠县)."""
    short = row.short or row.name
    for ending in _ENDINGS:
        if short.endswith(ending) and len(short) - len(ending) >= _SHORT:
            return short.removesuffix(ending)
    return short


def _full_names(row: Division) -> set[str]:
    """The name and its earlier or later classes: a prefecture was 地区, a district or city was a county."""
    short = _short(row)
    if short == row.name or len(short) < _SHORT or short.endswith(_ENDINGS):
        return {row.name}
    classes = ("市", "地区") if row.level == "prefecture" else ("县", "市")
    return {row.name, *(short + word for word in classes)}


def _stands_alone(name: str, once: set[str]) -> bool:
    """County names of three characters or more; of districts only those that the country has once."""
    if len(name) <= _SHORT or any(word in name for word in _NEVER_ALONE):
        return False
    return not name.endswith("区") or name in once


def _above(row: Division, shorts: dict[str, str]) -> set[str]:
    """How the divisions above begin a text: with the full or the short name of the province or prefecture, or both."""
    province = {row.province, shorts.get(row.province, row.province)} - {""}
    prefecture = {row.prefecture, shorts.get(row.prefecture, row.prefecture)} - {""}
    return province | prefecture | {one + other for one in province for other in prefecture}


def _abroad(row: Division) -> Iterator[tuple[str, str, str]]:
    """美国 alone or before a state or city; cities only behind their country."""
    if row.level == "city":
        yield row.province + row.name, "", "short"
    else:
        if row.name != row.short:
            yield row.name, "", "full"
        yield row.short, "", "country"
