"""What one column, or several together, give to a proposed model.

Belongs here: the shape, and what all templates share. Does not: the templates (proposal.py, texts.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from resolvers.tables.conditions import Condition, Otherwise
from resolvers.tables.profiling import Content, Profile, cell_sql
from resolvers.tables.spec import Column, Comparison, Key, Kind, Level

Graded = tuple[str, Condition, bool]
"""Label, test, whether the frequency of the value counts."""


@dataclass(frozen=True, slots=True)
class Feature:
    """What a column (or several together) gives to the model. `sources`: columns of the tables. `keys`: what may block, the exact one
    first."""

    name: str
    content: Content
    sources: tuple[str, ...]
    columns: tuple[Column, ...]
    comparison: Comparison
    keys: tuple[Key, ...]
    helpers: tuple[Comparison, ...] = field(default=())
    """further comparisons of the same columns, silent where the first one holds"""


UNUSED = frozenset({Content.NOTHING, Content.ROW_KEY, Content.TIME})

KINDS: dict[Content, Kind] = {
    Content.DATE: Kind.DATE,
    Content.TIME: Kind.DATE,
    Content.YEAR: Kind.YEAR,
    Content.NUMBER: Kind.NUMBER,
    Content.CODE: Kind.CODE,
    Content.QUANTITY: Kind.NUMBER,
    Content.CATEGORY: Kind.CATEGORY,
    Content.EMAIL: Kind.EMAIL,
    Content.HAN_NAME: Kind.FULL_NAME,
    Content.WORD: Kind.TEXT,
    Content.TEXT: Kind.TEXT,
}


def levels_of(graded: Sequence[Graded], column: str) -> tuple[Level, ...]:
    levels = tuple(Level(label=label, when=test, term_frequency=column if frequent else None) for label, test, frequent in graded)
    return (*levels, Level(label="different", when=Otherwise()))


def cleaning(profile: Profile, *steps: str) -> tuple[str, ...]:
    """Steps with what stands for nothing taken away first."""
    unstated = [word for word in (*profile.nothing_words, *profile.placeholders) if "|" not in word]
    return ("fold", *((f"missing:{'|'.join(unstated)}",) if unstated else ()), *steps)


def single(profile: Profile, name: str, columns: Sequence[Column], graded: Sequence[Graded], keys: Sequence[Key]) -> Feature:
    comparison = Comparison(name=name, needs=(name,), levels=levels_of(graded, name))
    return Feature(name, profile.content, (profile.column,), tuple(columns), comparison, tuple(keys))


def column_of(profile: Profile, name: str, *steps: str) -> Column:
    """The column cleaned by steps."""
    if profile.with_fraction:
        return Column(name=name, kind=KINDS[profile.content], sql=f"nullif(trim(lower({cell_sql(profile.column)})), '')")
    return Column(name=name, kind=KINDS[profile.content], sources=(profile.column,), steps=cleaning(profile, *steps), optional=True)
