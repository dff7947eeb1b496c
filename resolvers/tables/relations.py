"""How columns of unknown tables stand to each other: one written inside another, two exchanged, parts of one date.

Belongs here: counts over the rows of `table_record`, and what follows from them. Does not: one column alone (profiling.py), what is made of
it (proposal.py). Counts only, never values; rows are chosen by hash, so that their order changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

import duckdb

from resolvers.tables.profiling import Content, Profile, stated_sql
from sources.tables import literal, quoted

LOOKED_AT = 20_000
"""Rows that relations are counted on."""

WRITTEN_INSIDE = 0.8
"""Share of rows from which a column counts as written inside another."""

MIN_SWAPS = 4

_NAMES = frozenset({Content.WORD, Content.HAN_NAME, Content.TEXT})


@dataclass(frozen=True, slots=True)
class Relations:
    """inside: (part, whole), where the words of part stand in whole; swapped: pairs of columns whose values were exchanged in some rows;
    dates: (year, month, day) in three columns."""

    inside: tuple[tuple[str, str], ...] = ()
    swapped: tuple[tuple[str, str], ...] = ()
    dates: tuple[tuple[str, str, str], ...] = ()


def relate(con: duckdb.DuckDBPyConnection, profiles: Sequence[Profile]) -> Relations:
    """Relations of the columns of `table_record`."""
    named = [profile for profile in profiles if profile.content in _NAMES]
    folded = ", ".join(f"{_plain(profile.column)} AS {quoted(profile.column)}" for profile in named) or "NULL AS nothing"
    con.execute(f"CREATE OR REPLACE TEMP TABLE folded AS SELECT unique_id, {folded} FROM table_record")
    con.execute(f"CREATE OR REPLACE TEMP TABLE folded_some AS SELECT * FROM folded ORDER BY hash(unique_id), unique_id LIMIT {LOOKED_AT}")
    inside = tuple((part.column, whole.column) for part, whole in permutations(named, 2) if _is_inside(con, part, whole))
    swapped = tuple(
        (left.column, right.column)
        for place, left in enumerate(named)
        for right in named[place + 1 :]
        if left.content == right.content
        and not {(left.column, right.column), (right.column, left.column)} & set(inside)
        and _are_swapped(con, left, right)
    )
    con.execute("DROP TABLE folded")
    con.execute("DROP TABLE folded_some")
    return Relations(inside, swapped, tuple(parts for parts in _date_parts(profiles) if _are_stated_together(con, parts)))


def _are_stated_together(con: duckdb.DuckDBPyConnection, parts: Sequence[str]) -> bool:
    """Whether the parts of a date are hardly ever missing one by one; else each is better compared on its own."""
    stated = [f"({stated_sql(part)} IS NOT NULL)" for part in parts]
    row = con.execute(f"""SELECT count(*) FILTER ({" OR ".join(stated)}), count(*) FILTER ({" AND ".join(stated)})
                          FROM table_record""").fetchone() or (0, 0)
    return int(row[1]) >= 0.95 * int(row[0])


def _plain(column: str) -> str:
    return f"nullif(trim(regexp_replace(strip_accents({stated_sql(column)}), '[\\s\\p{{P}}\\p{{S}}]+', ' ', 'g')), '')"


def _is_inside(con: duckdb.DuckDBPyConnection, part: Profile, whole: Profile) -> bool:
    """Whether the words of one column stand in another that says at least as much."""
    if part.share("length") > whole.share("length") or part.stated > 1.5 * whole.stated + 10:
        return False
    p, w = quoted(part.column), quoted(whole.column)
    row = con.execute(f"""
        SELECT count(*), count(*) FILTER (list_has_all(string_split({w}, ' '), string_split({p}, ' '))
                                          OR (length({p}) >= 2 AND {p} SIMILAR TO '.*\\p{{Han}}.*' AND contains({w}, {p})))
        FROM folded_some WHERE {p} IS NOT NULL AND {w} IS NOT NULL""").fetchone() or (0, 0)
    return int(row[0]) >= 20 and int(row[1]) >= WRITTEN_INSIDE * int(row[0])


def _are_swapped(con: duckdb.DuckDBPyConnection, left: Profile, right: Profile) -> bool:
    """Whether records exist that state the values of another record the other way round, more often than by chance."""
    a, b = quoted(left.column), quoted(right.column)
    row = con.execute(f"""
        WITH two AS (SELECT {a} AS a, {b} AS b, count(*)::DOUBLE AS n FROM folded
                     WHERE {a} IS NOT NULL AND {b} IS NOT NULL AND {a} <> {b} GROUP BY ALL),
             firsts AS (SELECT a, sum(n) AS n FROM two GROUP BY a), seconds AS (SELECT b, sum(n) AS n FROM two GROUP BY b)
        SELECT (SELECT coalesce(sum(l.n * r.n), 0) / 2 FROM two AS l JOIN two AS r ON l.a = r.b AND l.b = r.a),
               (SELECT coalesce(sum(firsts.n * seconds.n), 0) FROM firsts JOIN seconds ON firsts.a = seconds.b), (SELECT sum(n) FROM two)
        """).fetchone() or (0, 0, 0)
    swaps, crossed, rows = float(row[0]), float(row[1]), float(row[2] or 0)
    by_chance = (crossed / rows) ** 2 / 2 if rows else 0.0
    return swaps >= max(MIN_SWAPS, 5 * by_chance)


def _date_parts(profiles: Sequence[Profile]) -> tuple[tuple[str, str, str], ...]:
    """Year, month and day in three columns that stand together: integers of the ranges of a date that reach their ends."""
    found = []
    by_place = list(profiles)
    taken: set[str] = set()
    for place, year in enumerate(by_place):
        if year.content != Content.YEAR:
            continue
        near = by_place[max(0, place - 2) : place + 3]
        months = [
            one for one in near if one is not year and one.column not in taken and one.share("month") >= 0.95 and 8 <= one.distinct <= 24
        ]
        days = [
            one for one in near if one.column not in taken and one.share("day") >= 0.95 and one.distinct >= 20 and one.share("month") < 0.8
        ]
        if len(months) == 1 and len(days) == 1:
            taken |= {months[0].column, days[0].column}
            found.append((year.column, months[0].column, days[0].column))
    return tuple(found)


def common_words(con: duckdb.DuckDBPyConnection, column: str, *, share: float, at_most: int) -> tuple[str, ...]:
    """Words that more than a share of the stated rows carry, the most frequent first."""
    rows = con.execute(f"""
        WITH words AS (SELECT unnest(list_distinct(string_split({_plain(column)}, ' '))) AS word FROM table_record)
        SELECT word FROM words WHERE word <> '' GROUP BY word
        HAVING count(*) > {share} * (SELECT count({quoted("raw_" + column)}) FROM table_record)
        ORDER BY count(*) DESC, word LIMIT {at_most}""").fetchall()
    return tuple(str(row[0]) for row in rows)


def words_sql(words: Sequence[str]) -> str:
    return ", ".join(literal(word) for word in words)
