"""From profiles to a model: what is prepared, compared and blocked for columns of each content.

Belongs here: one template per content (columns, levels from the strongest, keys), and what relations between columns change in them.
Does not: counting (profiling.py, relations.py), learning (learning.py), choosing among the keys (selection.py).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace

from resolvers.tables.conditions import (
    Condition,
    Contained,
    Equal,
    Every,
    Missing,
    Near,
    Otherwise,
    Overlap,
    SameStart,
    Similar,
    Some,
    Sql,
    Swapped,
)
from resolvers.tables.features import KINDS, UNUSED, Feature, Graded, column_of, levels_of, single
from resolvers.tables.profiling import EARLIEST_YEAR, LATEST_YEAR, Content, Profile
from resolvers.tables.reading import RAW_PREFIX, SYSTEM_COLUMNS
from resolvers.tables.relations import Relations
from resolvers.tables.spec import Column, Comparison, Key, Kind, Level
from resolvers.tables.texts import text
from sources.tables import literal, quoted

SMALL_PART = 0.4
"""Columns written inside another that make up less of it leave it as it is."""


def slug(column: str, place: int, taken: set[str]) -> str:
    """A name that a model file allows, from the column's own where it can be written so."""
    plain = re.sub(r"[^a-z0-9]+", "_", column.lower()).strip("_")[:40]
    name = plain if re.fullmatch(r"[a-z][a-z0-9_]*", plain) else f"column_{place}"
    if name in SYSTEM_COLUMNS or name.endswith("_list"):
        name += "_value"
    number, free = 2, name
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    return free


def feature(profile: Profile, name: str, common: Sequence[str] = ()) -> Feature | None:  # noqa: PLR0911
    """The template of a column's content; None for a column that says nothing. common: words that most rows carry (texts)."""
    match profile.content:
        case Content.NOTHING | Content.ROW_KEY | Content.TIME:
            return None
        case Content.DATE:
            return _date(profile, name)
        case Content.QUANTITY | Content.YEAR:
            return _quantity(profile, name)
        case Content.CATEGORY:
            return _category(profile, name)
        case Content.NUMBER | Content.CODE | Content.EMAIL:
            return _code(profile, name)
        case Content.HAN_NAME:
            return _han_name(profile, name)
        case Content.TEXT:
            return text(profile, name, common)
        case Content.WORD:
            return _word(profile, name)


def _word(profile: Profile, name: str) -> Feature:
    """Names and places of one or few words."""
    columns = [column_of(profile, name, "plain")]
    graded: list[Graded] = [("equal", Equal(column=name), True)]
    keys = [Key(column=name), Key(column=name, first=3), Key(column=name, last=4)]
    if profile.share("words") >= 1.25:
        columns.append(column_of(profile, f"{name}__words", "plain", "words:2"))
        graded.append(("the same words", Equal(column=f"{name}__words"), False))
        keys.append(Key(column=f"{name}__words"))
    graded += [
        ("one slip", _slips(name, 1, 4), False),
        ("much alike", Similar(column=name, jaro_winkler=0.9), False),
    ]
    if profile.share("words") >= 1.25:
        graded.append(("two words shared", Overlap(column=f"{name}__words", count=2), False))
    if profile.share("one_character") >= 0.01:
        graded.append(
            ("initial", Sql(sql=f"least(length({name}_l), length({name}_r)) = 1 AND left({name}_l, 1) = left({name}_r, 1)"), False)
        )
    graded.append(("the one begins the other", Contained(column=name, letters=3, beginning=True), False))
    if profile.share("words") >= 1.25:
        graded.append(("a word shared", Overlap(column=f"{name}__words"), False))
    graded.append(("alike", Similar(column=name, jaro_winkler=0.8), False))
    return single(profile, name, columns, graded, keys)


def _slips(name: str, slips: int, letters: int) -> Condition:
    """At most so many slips in values of at least so many characters. The similarity changes nothing: it is a cheap bound that spares
    counting slips of values that have little in common."""
    bound = (0.8 if letters >= 4 else 0.6) if slips == 1 else 0.65
    cheap = Similar(column=name, jaro_winkler=bound)
    return Every(of=(_longer(name, letters), cheap, Similar(column=name, damerau_levenshtein=slips)))


def _longer(name: str, letters: int) -> Condition:
    return Sql(sql=f"least(length({name}_l), length({name}_r)) >= {letters}")


def _han_name(profile: Profile, name: str) -> Feature:
    """Names in Chinese: two to four characters; the first one or two are the surname."""
    graded: list[Graded] = [
        ("equal", Equal(column=name), True),
        ("one character apart", _slips(name, 1, 3), False),
        ("the one holds the other", Contained(column=name, letters=2), False),
        (
            "the same surname and a character",
            Every(
                of=(SameStart(column=name, letters=1), Similar(column=name, jaro_winkler=0.6), Similar(column=name, damerau_levenshtein=1))
            ),
            False,
        ),
        ("the same surname", SameStart(column=name, letters=1), False),
    ]
    keys = [Key(column=name), Key(column=name, first=2), Key(column=name, last=2), Key(column=name, first=1)]
    return single(profile, name, [column_of(profile, name, "alphanumeric")], graded, keys)


def date_sql(column: str, formats: Sequence[str], placeholders: Sequence[str]) -> str:
    """Eight digits yyyymmdd from a written date; digits that are no date stay as they are, for they were one before the slip."""
    cell = f"regexp_replace(trim(lower({quoted(RAW_PREFIX + column)})), '[ t]0?0:00.*$', '')"
    if placeholders:
        cell = f"CASE WHEN {cell} NOT IN ({', '.join(literal(value) for value in placeholders)}) THEN {cell} END"
    moment = f"try_strptime({cell}, [{', '.join(literal(one) for one in formats)}])"
    read = f"CASE WHEN year({moment}) BETWEEN {EARLIEST_YEAR} AND {LATEST_YEAR} THEN strftime({moment}, '%Y%m%d') END"
    if not formats[0].startswith("%Y"):
        return read
    return f"coalesce({read}, nullif(regexp_extract(regexp_replace({cell}, '[^0-9]', '', 'g'), '^[0-9]{{7,9}}$'), ''))"


def _date(profile: Profile, name: str) -> Feature:
    column = Column(name=name, kind=Kind.DATE, sql=date_sql(profile.column, profile.formats, profile.placeholders))
    return single(profile, name, [column], _date_levels(name), _date_keys(name))


def _date_keys(name: str) -> tuple[Key, ...]:
    return Key(column=name), Key(column=name, first=6), Key(column=name, last=4), Key(column=name, first=4)


def _date_levels(name: str) -> list[Graded]:
    left, right = f"{name}_l", f"{name}_r"
    swapped = (
        f"left({left}, 4) = left({right}, 4) AND substr({left}, 5, 2) = substr({right}, 7, 2) "
        f"AND substr({left}, 7, 2) = substr({right}, 5, 2)"
    )
    two_parts = (
        f"(left({left}, 4) = left({right}, 4))::INT + (substr({left}, 5, 2) = substr({right}, 5, 2))::INT "
        f"+ (substr({left}, 7, 2) = substr({right}, 7, 2))::INT >= 2"
    )
    return [
        ("equal", Equal(column=name), True),
        ("one slip", _slips(name, 1, 4), False),
        ("day and month exchanged", Sql(sql=swapped), False),
        ("two of year, month and day", Sql(sql=two_parts), False),
        ("two slips", _slips(name, 2, 5), False),
        ("the same year", SameStart(column=name, letters=4), False),
    ]


def date_of_parts(names: tuple[str, str, str], name: str) -> Feature:
    """A date whose year, month and day stand in three columns."""
    year, month, day = (f"try_cast({quoted(RAW_PREFIX + column)} AS INTEGER)" for column in names)
    sql = (
        f"CASE WHEN coalesce({year}, {month}, {day}) IS NOT NULL THEN "
        f"printf('%04d%02d%02d', coalesce({year}, 0), coalesce({month}, 0), coalesce({day}, 0)) END"
    )
    column = Column(name=name, kind=Kind.DATE, sql=sql)
    comparison = Comparison(name=name, needs=(name,), levels=levels_of(_date_levels(name), name))
    return Feature(name, Content.DATE, names, (column,), comparison, _date_keys(name))


def _quantity(profile: Profile, name: str) -> Feature:
    """Numbers whose size counts, and years."""
    cleaned = f"regexp_replace({quoted(RAW_PREFIX + profile.column)}, '[^0-9.\\-]', '', 'g')"
    if profile.share("decimal_comma") > 0.5:
        cleaned = f"regexp_replace(replace({quoted(RAW_PREFIX + profile.column)}, ',', '.'), '[^0-9.\\-]', '', 'g')"
    column = Column(name=name, kind=KINDS[profile.content], sql=f"try_cast({cleaned} AS DOUBLE)")
    graded: list[Graded] = [("equal", Equal(column=name), True)]
    if profile.content is Content.YEAR:
        graded += [("a year apart", Near(column=name, at_most=1), False), ("three years apart", Near(column=name, at_most=3), False)]
        graded += [("ten years apart", Near(column=name, at_most=10), False)]
    else:
        graded += [(f"within {share:.0%}", Near(column=name, relative=share), False) for share in (0.02, 0.1, 0.3)]
    return single(profile, name, [column], graded, [Key(column=name)])


def _category(profile: Profile, name: str) -> Feature:
    graded: list[Graded] = [("equal", Equal(column=name), profile.distinct > 2)]
    if profile.share("length") >= 5 and profile.distinct > 5:
        graded.append(("alike", Similar(column=name, jaro_winkler=0.88), False))
    elif profile.distinct > 12 and profile.share("length") >= 2.5:
        graded.append(("one slip", Similar(column=name, damerau_levenshtein=1), False))
    return single(profile, name, [column_of(profile, name, "plain")], graded, [Key(column=name)])


def _code(profile: Profile, name: str) -> Feature:
    """Digits, or letters with digits; an address of electronic mail."""
    own = "plain" if profile.content is Content.EMAIL else "alphanumeric"
    column = column_of(profile, name, own)
    length = profile.share("length")
    graded: list[Graded] = [("equal", Equal(column=name), profile.content is Content.CODE)]
    graded.append(("one slip", _slips(name, 1, 2 if length < 5 else 4), False))
    if length >= 6:
        graded.append(("two slips", _slips(name, 2, 5), False))
    if length >= 10:
        half = int(length * 0.6)
        graded.append(("most of the beginning", SameStart(column=name, letters=half), False))
    elif length >= 3.5:
        graded.append(("the same beginning", SameStart(column=name, letters=max(2, int(length / 2))), False))
    keys = [Key(column=name)]
    if length >= 6:
        keys += [Key(column=name, first=int(length / 2)), Key(column=name, last=int(length / 2))]
    elif length >= 3.5:
        keys += [Key(column=name, first=3), Key(column=name, last=3)]
    return single(profile, name, [column], graded, keys)


def with_swap(first: Feature, second: Feature) -> tuple[Feature, Feature]:
    """Two features whose values are exchanged in some records: the first says so, the second is silent then, so that it counts once."""
    columns = first.name, second.name
    alike = Swapped(columns=columns, jaro_winkler=0.88)
    swapped = Level(label=f"exchanged with {second.name}", when=alike)
    levels = first.comparison.levels
    compared = Comparison(
        name=first.name,
        missing=Some(of=(Missing(column=first.name),)),
        levels=(levels[0], swapped, *levels[1:]),
    )
    silent = Some(of=(Missing(column=second.name), alike))
    other = second.comparison.model_copy(update={"missing": silent, "needs": ()})
    crossing = Key(column=first.name, other=second.name)
    return replace(first, comparison=compared, keys=(*first.keys, crossing)), replace(second, comparison=other)


def rest_of(whole: Profile, parts: Sequence[Feature], name: str) -> Feature:
    """What a column states beyond the columns that are written inside it: its other words."""
    plain = "regexp_replace(trim(regexp_replace(lower(strip_accents({})), '[\\s\\p{{P}}\\p{{S}}]+', ' ', 'g')), '^ *$', '')"
    words = f"string_split({plain.format(quoted(RAW_PREFIX + whole.column))}, ' ')"
    known = " || ".join(f"string_split(coalesce({plain.format(quoted(RAW_PREFIX + part.sources[0]))}, ''), ' ')" for part in parts)
    other = f"list_sort(list_distinct(list_filter({words}, lambda word: length(word) >= 2 AND NOT list_contains({known}, word))))"
    column_name = f"{name}__rest_list"
    column = Column(name=column_name, kind=Kind.TEXT, sql=f"CASE WHEN len({other}) > 0 THEN {other} END")
    levels = (
        Level(label="the same words", when=Equal(column=column_name)),
        Level(label="two words shared", when=Overlap(column=column_name, count=2)),
        Level(label="a word shared", when=Overlap(column=column_name)),
        Level(label="a word alike", when=Overlap(column=column_name, jaro_winkler=0.9)),
        Level(label="different", when=Otherwise()),
    )
    comparison = Comparison(name=f"{name}__rest", needs=(column_name,), levels=levels)
    return Feature(f"{name}__rest", Content.TEXT, (whole.column,), (column,), comparison, (Key(column=column_name),))


def features_of(
    profiles: Sequence[Profile], relations: Relations, common: dict[str, Sequence[str]], reserved: Collection[str] = ()
) -> tuple[tuple[Feature, ...], tuple[str, ...]]:
    """Features of all columns, and in sentences why each is what it is. reserved: names that a prepared column must not have."""
    reasons: list[str] = []
    made: dict[str, Feature] = {}
    taken = set(reserved)
    in_dates = {column for parts in relations.dates for column in parts}
    for place, profile in enumerate(profiles, start=1):
        name = slug(profile.column, place, taken)
        taken.add(name)
        reasons.append(sentence(profile))
        found = None if profile.column in in_dates else feature(profile, name, common.get(profile.column, ()))
        if found:
            made[profile.column] = found
    for parts in relations.dates:
        name = slug("_".join(parts), 0, taken)
        taken.add(name)
        made[parts[0]] = date_of_parts(parts, name)
        reasons.append(f"{', '.join(parts)}: year, month and day of one date")
    reasons += _apply_inside(made, profiles, relations)
    for left, right in relations.swapped:
        if left in made and right in made and made[left].comparison.needs and made[right].comparison.needs:
            made[left], made[right] = with_swap(made[left], made[right])
            reasons.append(f"{left}, {right}: some records state them the other way round; an exchange is a level of {left}")
    return tuple(made.values()), tuple(reasons)


def _apply_inside(made: dict[str, Feature], profiles: Sequence[Profile], relations: Relations) -> list[str]:
    """Columns that repeat others are compared by what they say beyond them."""
    reasons = []
    parts_of: dict[str, list[str]] = {}
    for part, whole in relations.inside:
        if part in made and whole in made:
            parts_of.setdefault(whole, []).append(part)
    for profile in profiles:
        whole = profile.column
        parts = [part for part in parts_of.get(whole, []) if part not in parts_of]
        if not parts:
            continue
        length = sum(next(p for p in profiles if p.column == part).share("length") for part in parts)
        if length < SMALL_PART * profile.share("length"):
            continue
        if length + len(parts) - 1 >= 0.95 * profile.share("length"):
            del made[whole]
            reasons.append(f"{whole}: says what {', '.join(parts)} say; not compared")
        else:
            made[whole] = rest_of(profile, [made[part] for part in parts], made[whole].name)
            reasons.append(f"{whole}: holds {', '.join(parts)}; only its other words are compared")
    return reasons


def sentence(profile: Profile) -> str:
    """What a column was taken for and from which counts."""
    counts = f"{profile.fill:.0%} stated, {profile.distinct:,} different values, {profile.repeated_share:.0%} of the cells share theirs"
    placeholders = f"; {len(profile.placeholders)} values stand for nothing" if profile.placeholders else ""
    use = "; not used" if profile.content in UNUSED else ""
    return f"{profile.column}: {profile.content} ({counts}{placeholders}){use}"
