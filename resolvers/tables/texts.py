"""Templates of texts: several words of which few tell their bearers apart.

Belongs here: columns and levels of addresses, titles, organisations, remarks. Does not: other contents (proposal.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from resolvers.tables.conditions import Equal, Every, Missing, Otherwise, Overlap, Similar, Some
from resolvers.tables.features import Feature, Graded, column_of, single
from resolvers.tables.profiling import Profile
from resolvers.tables.reading import RAW_PREFIX
from resolvers.tables.spec import Column, Comparison, Key, Kind, Level
from sources.tables import literal, quoted


def rare_sql(tokens: str, most: int) -> str:
    """Of each row's list of tokens those that at least two and at most so many rows carry."""
    return (
        f"(SELECT list_sort(list(token)) FROM (SELECT row_id, token, count(*) OVER (PARTITION BY token) AS n "
        f"FROM (SELECT unique_id AS row_id, unnest(list_distinct({tokens})) AS token FROM table_record)) "
        f"WHERE n BETWEEN 2 AND {most} AND row_id = table_record.unique_id)"
    )


def rare_at_most(rows: int) -> int:
    """Rows up to which a word is rare: it tells its few bearers apart from all others."""
    return max(8, int(rows**0.5 / 4))


def text(profile: Profile, name: str, common: Sequence[str]) -> Feature:
    """Several words: what is shared among the words that not everybody writes, rare ones first; numbers inside count on their own."""
    han = profile.share("has_han") >= 0.5
    cell = quoted(RAW_PREFIX + profile.column)
    plain = f"trim(regexp_replace(lower(strip_accents({cell})), '[\\s\\p{{P}}\\p{{S}}]+', ' ', 'g'))"
    parts, rare = f"{name}__part_list", f"{name}__rare_list"
    if han:
        close = f"regexp_replace({plain}, '[^\\p{{L}}\\p{{N}}]+', '', 'g')"
        listed = f"list_transform(range(1, greatest(length({close}), 2)), lambda place: substr({close}, place, 2))"
        whole, kept = column_of(profile, name, "alphanumeric"), "length(word) >= 2"
    else:
        listed = f"string_split({plain}, ' ')"
        whole = column_of(profile, name, "plain", "sorted")
        kept = f"length(word) >= 2 AND word NOT IN ({', '.join(literal(word) for word in common)})" if common else "length(word) >= 2"
    sql = f"list_sort(list_distinct(list_filter({listed}, lambda word: {kept})))"
    columns = [
        whole,
        Column(name=parts, kind=Kind.TEXT, sql=f"CASE WHEN len({sql}) > 0 THEN {sql} END"),
        Column(name=rare, kind=Kind.TEXT, sql=rare_sql(listed, rare_at_most(profile.rows))),
    ]

    def shared(share: float) -> Graded:
        return f"{share:.0%} shared", Overlap(column=parts, count=2, share=share), False

    graded: list[Graded] = [
        ("equal", Equal(column=name), True),
        ("much alike", Similar(column=name, jaro_winkler=0.95), False),
        ("two rare words shared", Overlap(column=rare, count=2), False),
        shared(0.99),
        ("a rare word and half shared", Every(of=(Overlap(column=rare), Overlap(column=parts, count=2, share=0.5))), False),
        shared(0.75),
        ("a rare word shared", Overlap(column=rare), False),
        shared(0.5),
        shared(0.3),
        ("a part shared", Overlap(column=parts), False),
    ]
    made = single(profile, name, columns, graded, [Key(column=name), Key(column=rare), *([] if han else [Key(column=parts)])])
    return made if profile.share("has_digit") < 0.2 else _with_numbers(made, plain, rare)


def _with_numbers(made: Feature, plain: str, rare: str) -> Feature:
    """Words with digits inside a text, compared on their own where the texts are not equal and share no rare word."""
    name, numbers = made.name, f"{made.name}__number_list"
    found = f"list_sort(list_distinct(regexp_extract_all({plain}, '[a-z]*[0-9]+[a-z0-9]*')))"
    column = Column(name=numbers, kind=Kind.CODE, sql=f"CASE WHEN len({found}) > 0 THEN {found} END")
    levels = (
        Level(label="all equal", when=Equal(column=numbers)),
        Level(label="all of the shorter", when=Overlap(column=numbers, share=1.0)),
        Level(label="some shared", when=Overlap(column=numbers)),
        Level(label="different", when=Otherwise()),
    )
    silent = Some(of=(Missing(column=numbers), Equal(column=name), Overlap(column=rare)))
    helper = Comparison(name=f"{name}__numbers", missing=silent, levels=levels)
    return replace(made, columns=(*made.columns, column), helpers=(helper,), keys=(*made.keys, Key(column=numbers)))
