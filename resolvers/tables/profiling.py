"""Looking at unknown tables: what each column holds, told from its content.

Belongs here: counts and shares of the values of each column of `table_record`, the kind of content that follows from them, and which
columns say nothing. Does not: what is made of it (proposal.py), relations between columns (relations.py).

Everything is counted over distinct values in small letters; patterns are looked at on at most LOOKED_AT of them, chosen by hash, so
that the order of rows changes nothing.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass, field, replace

import duckdb

from resolvers.tables.reading import RAW_PREFIX
from sources.tables import literal, quoted

LOOKED_AT = 50_000
"""Distinct values that patterns are counted on."""

NOTHING = (
    "null",
    "none",
    "nan",
    "n/a",
    "#n/a",
    "nil",
    "<na>",
    "unknown",
    "missing",
    "undefined",
    "不详",
    "未知",
    "无",
    "空",
    "暂无",
    "不明",
)
"""Words that mean that nothing is stated, next to cells of nothing but punctuation."""

DATE_PATTERNS: tuple[tuple[str, str], ...] = (
    (r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([ t]00:00.*)?", "%Y-%m-%d"),
    (r"[0-9]{8}", "%Y%m%d"),
    (r"[0-9]{4}/[0-9]{1,2}/[0-9]{1,2}( 0?0:00.*)?", "%Y/%m/%d"),
    (r"[0-9]{4}\.[0-9]{1,2}\.[0-9]{1,2}", "%Y.%m.%d"),
    (r"[0-9]{4}年[0-9]{1,2}月[0-9]{1,2}日?", "%Y年%m月%d日"),
    (r"[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}", "%d/%m/%Y"),
    (r"[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}", "%m/%d/%Y"),
    (r"[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{4}", "%d.%m.%Y"),
    (r"[0-9]{1,2}-[0-9]{1,2}-[0-9]{4}", "%d-%m-%Y"),
    (r"[0-9]{1,2}-[0-9]{1,2}-[0-9]{4}", "%m-%d-%Y"),
    (r"[0-9]{1,2} [a-z]{3} [0-9]{4}", "%d %b %Y"),
    (r"[0-9]{1,2}-[a-z]{3}-[0-9]{4}", "%d-%b-%Y"),
    (r"[a-z]{3} [0-9]{1,2},? [0-9]{4}", "%b %d %Y"),
    (r"[0-9]{1,2} [a-z]{4,9} [0-9]{4}", "%d %B %Y"),
)
"""Shape of a written date and how it is read. Days come before months where both would do."""

EARLIEST_YEAR, LATEST_YEAR = 1000, 2100


class Content(enum.StrEnum):
    """What a column holds, as far as its comparison depends on it."""

    NOTHING = "nothing"
    """empty, or one value everywhere"""
    ROW_KEY = "row key"
    """another value in every row, without words: numbering, hashes, exact times"""
    DATE = "date"
    TIME = "time"
    """moments with time of day"""
    YEAR = "year"
    NUMBER = "number"
    """digits that identify: long, hardly ever the same"""
    CODE = "code"
    """digits, or letters with digits, that many share: postcodes, house numbers, classes"""
    QUANTITY = "quantity"
    """numbers with a fraction, to be compared by size"""
    CATEGORY = "category"
    """few values"""
    EMAIL = "email"
    HAN_NAME = "name in Chinese"
    WORD = "word"
    """a name or place, one or few words of letters"""
    TEXT = "text"
    """several words: addresses, titles, organisations, remarks"""


@dataclass(frozen=True, slots=True)
class Profile:
    """Counts and shares of one column. Shares are of the stated cells unless said otherwise."""

    column: str
    rows: int
    stated: int
    distinct: int
    top: int
    """cells of the most frequent value"""
    repeated: int
    """cells whose value occurs in another row too"""
    agreement: float
    """probability that two random stated cells are equal"""
    shares: dict[str, float] = field(default_factory=dict)
    """by pattern (PATTERNS), and words, length, length_low, length_high as means and quantiles"""
    formats: tuple[str, ...] = ()
    """formats in which the dates of a date column are written, the most frequent first"""
    placeholders: tuple[str, ...] = ()
    """values far too frequent for the column: they stand for nothing"""
    with_fraction: bool = False
    """whether whole numbers are written with a fraction of zero"""
    nothing_words: tuple[str, ...] = ()
    """words for nothing (NOTHING) that the column uses"""
    content: Content = Content.NOTHING

    @property
    def fill(self) -> float:
        return self.stated / self.rows if self.rows else 0.0

    @property
    def repeated_share(self) -> float:
        return self.repeated / self.stated if self.stated else 0.0

    def share(self, pattern: str) -> float:
        return self.shares.get(pattern, 0.0)


PATTERNS: dict[str, str] = {
    "digits": "[0-9]+",
    "has_digit": ".*[0-9].*",
    "integer": "-?[0-9]+",
    "decimal": r"[-+]?[^0-9 ]?[0-9]{1,9}([.,][0-9]{3})*[.,][0-9]{1,6}",
    "email": r"[^@ ]+@[^@ ]+\.[^@ ]+",
    "han": r"[\p{Han}·•.．]+",
    "has_han": r".*\p{Han}.*",
    "letters": r"[\p{L}\p{M}][\p{L}\p{M}'’.\-]*( [\p{L}\p{M}'’.\-]+)*",
    "hexadecimal": "[0-9a-f-]{16,}",
    "year": "(1[0-9]|20)[0-9]{2}",
    "month": "(0?[1-9]|1[0-2])",
    "day": "(0?[1-9]|[12][0-9]|3[01])",
    "time": r"[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}[ t][0-9]{1,2}:[0-9]{2}.*",
    "telephone": r"(\+|00)?[0-9][0-9 ()/.\-]{5,18}[0-9]",
    "one_character": r"\p{L}\.?",
    "decimal_comma": "-?[0-9]+,[0-9]{1,2}",
}


def cell_sql(column: str) -> str:
    """A cell as text; a whole number that was written with a fraction of zero (1998.0) without it."""
    return f"regexp_replace({quoted(RAW_PREFIX + column)}, '^(-?[0-9]+)\\.0$', '\\1')"


def stated_sql(column: str) -> str:
    """A cell in small letters with single blanks; NULL where it states nothing."""
    folded = f"regexp_replace(trim(lower({cell_sql(column)})), '\\s+', ' ', 'g')"
    words = ", ".join(literal(word) for word in NOTHING)
    return f"CASE WHEN {folded} NOT IN ({words}) AND regexp_matches({folded}, '[\\p{{L}}\\p{{N}}]') THEN {folded} END"


def columns_of_record(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Columns of the tables in `table_record`, without the prefix."""
    names = [str(row[0]) for row in con.execute("DESCRIBE table_record").fetchall()]
    return [name.removeprefix(RAW_PREFIX) for name in names if name.startswith(RAW_PREFIX)]


def profile_tables(con: duckdb.DuckDBPyConnection) -> tuple[Profile, ...]:
    """A profile of every column of `table_record`, in their order."""
    return tuple(profile_column(con, column) for column in columns_of_record(con))


def profile_column(con: duckdb.DuckDBPyConnection, column: str) -> Profile:
    rows = int((con.execute("SELECT count(*) FROM table_record").fetchone() or (0,))[0])
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE profiled AS
        SELECT value, count(*)::DOUBLE AS n FROM (SELECT {stated_sql(column)} AS value FROM table_record) WHERE value IS NOT NULL
        GROUP BY value""")
    stated, distinct, top, repeated, squares = con.execute("""
        SELECT coalesce(sum(n), 0), count(*), coalesce(max(n), 0), coalesce(sum(n) FILTER (n > 1), 0), coalesce(sum(n * (n - 1)), 0)
        FROM profiled""").fetchone() or (0, 0, 0, 0, 0)
    counted = Profile(
        column, rows, int(stated), int(distinct), int(top), int(repeated), squares / (stated * (stated - 1)) if stated > 1 else 0.0
    )
    fraction = con.execute(f"SELECT count(*) FROM table_record WHERE {quoted(RAW_PREFIX + column)} <> {cell_sql(column)}").fetchone() or (
        0,
    )
    counted = replace(counted, nothing_words=_nothing_words(con, column), with_fraction=int(fraction[0]) > stated / 2)
    if not stated:
        con.execute("DROP TABLE profiled")
        return counted
    shares = _shares(con)
    formats, dated = _date_formats(con)
    shares["date"] = dated
    looked = replace(counted, shares=shares, formats=formats if dated >= 0.7 else ())
    content = content_of(looked)
    whole = replace(looked, content=content, placeholders=_placeholders(con, looked, content))
    con.execute("DROP TABLE profiled")
    return whole


def _nothing_words(con: duckdb.DuckDBPyConnection, column: str) -> tuple[str, ...]:
    words = ", ".join(literal(word) for word in NOTHING)
    cell = f"trim(lower({quoted(RAW_PREFIX + column)}))"
    return tuple(
        str(row[0]) for row in con.execute(f"SELECT DISTINCT {cell} FROM table_record WHERE {cell} IN ({words}) ORDER BY 1").fetchall()
    )


def _shares(con: duckdb.DuckDBPyConnection) -> dict[str, float]:
    fields = ", ".join(
        f"sum(n) FILTER (regexp_full_match(value, {literal(pattern)})) / sum(n) AS {name}" for name, pattern in PATTERNS.items()
    )
    con.execute(f"CREATE OR REPLACE TEMP TABLE looked AS SELECT value, n FROM profiled ORDER BY hash(value), value LIMIT {LOOKED_AT}")
    relation = con.execute(f"""
        SELECT {fields}, sum(n * len(string_split(value, ' '))) / sum(n) AS words, sum(n * length(value)) / sum(n) AS length,
               quantile_disc(length(value), 0.05) AS length_low, quantile_disc(length(value), 0.95) AS length_high,
               coalesce(max(try_cast(value AS DOUBLE)) - min(try_cast(value AS DOUBLE)), 0) AS span
        FROM looked""")
    names = [column[0] for column in relation.description or ()]
    row = relation.fetchone() or ()
    return {name: float(value or 0.0) for name, value in zip(names, row, strict=True)}


def _date_formats(con: duckdb.DuckDBPyConnection) -> tuple[tuple[str, ...], float]:
    """Formats that read at least one stated cell in fifty, and the share of cells that any of them reads."""
    found: list[tuple[float, str]] = []
    for pattern, written in DATE_PATTERNS:
        read = f"try_strptime(value, {literal(written)})"
        shape = f"regexp_full_match(value, {literal(pattern)})"
        row = con.execute(f"""SELECT sum(n) FILTER ({shape} AND year({read}) BETWEEN {EARLIEST_YEAR} AND {LATEST_YEAR}) / sum(n)
                              FROM looked""").fetchone()
        found.append((float(row[0] or 0.0) if row else 0.0, written))
    kept: list[str] = []
    shapes: set[str] = set()
    for share, written in sorted(found, key=lambda one: -one[0]):
        shape = re.sub("%[dm]", "#", written)
        if share >= 0.02 and shape not in shapes:
            kept.append(written)
            shapes.add(shape)
    together = (
        con.execute(f"""SELECT sum(n) FILTER (year(try_strptime(value, [{", ".join(literal(w) for w in kept)}]))
                               BETWEEN {EARLIEST_YEAR} AND {LATEST_YEAR}) / sum(n) FROM looked""").fetchone()
        if kept
        else (0.0,)
    )
    return tuple(kept), float(together[0] or 0.0) if together else 0.0


def content_of(profile: Profile) -> Content:  # noqa: PLR0911
    """What a column holds by its counts and shares. The order of the questions matters: the narrowest shape first."""
    if profile.distinct <= 1 or profile.stated < max(2, profile.rows * 0.001) or profile.top >= profile.stated * 0.9995:
        return Content.NOTHING
    if profile.share("time") >= 0.7:
        return Content.TIME
    if profile.formats and profile.distinct > 12:
        return Content.DATE
    if profile.share("email") >= 0.7:
        return Content.EMAIL
    if profile.share("digits") >= 0.9 or profile.share("integer") >= 0.9:
        return _content_of_integers(profile)
    if profile.share("decimal") + profile.share("integer") >= 0.9:
        return Content.QUANTITY
    if profile.distinct <= 12 or (profile.distinct <= 100 and profile.agreement >= 0.05 and profile.distinct <= profile.stated * 0.1):
        return Content.CATEGORY
    if profile.share("has_han") >= 0.5:
        return _content_of_chinese(profile)
    return _content_of_letters(profile)


def _content_of_integers(profile: Profile) -> Content:
    if profile.share("year") >= 0.9 and profile.distinct > 2:
        return Content.YEAR
    numbering = profile.repeated == 0 and 0 < profile.share("span") < 3 * profile.stated + 100
    if numbering and profile.stated > 20:
        return Content.ROW_KEY
    if profile.distinct <= 12:
        return Content.CATEGORY
    length = profile.share("length_low"), profile.share("length_high")
    if profile.share("telephone") >= 0.7 and length[0] >= 5 and profile.agreement < 0.01 and profile.distinct > profile.stated * 0.1:
        return Content.NUMBER
    return Content.CODE


def _content_of_chinese(profile: Profile) -> Content:
    if profile.share("han") >= 0.8 and profile.share("length_high") <= 6 and profile.share("length") <= 4.5:
        named = profile.agreement < 0.01 and profile.distinct > 50
        return Content.HAN_NAME if named else Content.WORD
    return Content.TEXT if profile.share("length") > 6 else Content.WORD


def _content_of_letters(profile: Profile) -> Content:
    short_code = profile.share("has_digit") >= 0.7 and profile.share("length_high") <= 12 and profile.share("words") <= 3
    if not short_code and (profile.share("words") >= 2.6 or (profile.share("words") >= 1.7 and profile.share("has_digit") >= 0.3)):
        return Content.TEXT
    if profile.share("letters") >= 0.75:
        return Content.WORD
    if profile.share("hexadecimal") >= 0.9 and profile.repeated == 0:
        return Content.ROW_KEY
    if short_code or (profile.share("words") <= 1.6 and profile.share("has_digit") >= 0.5):
        if profile.share("telephone") >= 0.7 and profile.agreement < 0.01:
            return Content.NUMBER
        long = (
            profile.share("words") <= 1.6
            and profile.share("length") >= 6
            and profile.agreement < 0.01
            and profile.distinct > profile.stated * 0.1
        )
        return Content.NUMBER if long else Content.CODE
    return Content.TEXT if profile.share("words") >= 1.7 else Content.WORD


MAX_PLACEHOLDERS = 20


def _placeholders(con: duckdb.DuckDBPyConnection, profile: Profile, content: Content) -> tuple[str, ...]:
    """Values that many rows carry in a column where values hardly ever repeat: they stand for nothing (1900-01-01, 0000000).

    Looked for where values are drawn from a wide range. A value is one when it has more than one cell in two hundred, and thirty times
    the cells of the value at the 99th percentile.
    """
    if content not in {Content.DATE, Content.TIME, Content.NUMBER, Content.EMAIL} or profile.stated < 100:
        return ()
    found = con.execute(f"""
        SELECT value FROM profiled
        WHERE n > {profile.stated} / 200.0 AND n > 30 * (SELECT quantile_disc(n, 0.99) FROM profiled)
        ORDER BY n DESC, value LIMIT {MAX_PLACEHOLDERS}""").fetchall()
    return tuple(str(row[0]) for row in found)
