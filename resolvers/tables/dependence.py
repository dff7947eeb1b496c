"""Comparisons that hang together among pairs of two people: places with postcodes, telephones with addresses, dates inside of numbers.

Belongs here: pairs that share a value, the dependence that they show, comparisons split by what they depend on. Does not: m and u
(learning.py).

Without it, agreement on a birthplace and on its postcode counts twice, and neighbours look like one person. Each comparison may depend
on one other (a tree, as in Chow and Liu 1968; tree-augmented naive Bayes, Friedman 1997): it is split into one that speaks where the
values of the other agree and one that speaks elsewhere, and each learns its own m and u.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
from numpy.typing import NDArray

from resolvers.tables.conditions import Equal, Missing, Not, Some
from resolvers.tables.learning import Floats, Observed, Parameters, bits, observe
from resolvers.tables.spec import Comparison, Level, Model
from sources.tables import quoted

SHARING_PAIRS = 40_000
"""Pairs per column that share its value."""
LEAST_BITS = 0.15
"""Mean evidence, in bits, that counting twice would add per pair of two people that agrees on the other column."""
LEAST_PAIRS = 300
SHARED_A_ROW = 10.0
"""Pairs a row that share a value, from which on they cannot mostly be one person."""
MOST_SHARED = 0.5
"""A value shared by more than half of all pairs says nothing about others."""
ELSEWHERE = -4.0
"""Bits of all other comparisons, without the prior, up to which a pair is taken for two people: they must speak against one person. In a
large table a pair is unlikely beforehand, and those of one person that say little would pass otherwise."""
LEAST_APART = 0.3
"""Where all others speak against one person in fewer of the pairs that share a value, nothing can be said of such pairs."""


@dataclass(frozen=True, slots=True)
class Sharing:
    """Pairs that agree on the first level of a comparison, as drawn: levels of all comparisons, and how many pairs each stands for."""

    place: int
    pairs: Observed
    weight: Floats


@dataclass(frozen=True, slots=True)
class Dependence:
    """`child` depends on `parent` (places of comparisons) by so many bits."""

    parent: int
    child: int
    bits: float


def equal_column(comparison: Comparison) -> str | None:
    """The column of the first level, where that is an equality."""
    first = comparison.levels[0].when
    return first.column if isinstance(first, Equal) else None


def draw_sharing(con: duckdb.DuckDBPyConnection, model: Model, places: Sequence[int]) -> dict[int, Sharing]:
    """For each of the comparisons pairs of records that share its value: each sampled record with the next one by hash.

    A pair stands for as many as its record could have formed, so that frequent values weigh as among all pairs.
    """
    selects = []
    across = "" if model.duplicates else " AND one.table_name <> other.table_name"
    for place in places:
        column = quoted(equal_column(model.comparisons[place]) or "")
        con.execute(f"""
            CREATE OR REPLACE TEMP TABLE sharing_{place} AS
            SELECT one.unique_id AS x, one.next AS y, one.n FROM (
                SELECT unique_id, table_name, {column} AS value, count(*) OVER (PARTITION BY {column}) - 1 AS n,
                       lead(unique_id) OVER (PARTITION BY {column} ORDER BY hash(unique_id + 3), unique_id) AS next
                FROM table_prepared WHERE {column} IS NOT NULL) AS one
            JOIN table_prepared AS other ON other.unique_id = one.next{across}
            ORDER BY hash(one.unique_id + 5), one.unique_id LIMIT {SHARING_PAIRS}""")
        selects.append(f"SELECT least(x, y) AS l, greatest(x, y) AS r, {place}::BIGINT * 1000000000000 + n AS rules FROM sharing_{place}")
    if not selects:
        return {}
    seen = observe(con, model, " UNION ALL ".join(selects))
    for place in places:
        con.execute(f"DROP TABLE sharing_{place}")
    drawn = {}
    for place in places:
        mine = seen.rules // 1_000_000_000_000 == place
        drawn[place] = Sharing(place, part(seen, mine), (seen.rules[mine] % 1_000_000_000_000).astype(np.float64))
    return drawn


def part(pairs: Observed, chosen: NDArray[np.bool_]) -> Observed:
    """Some of the pairs."""
    return Observed(
        pairs.left[chosen],
        pairs.right[chosen],
        [one[chosen] for one in pairs.levels],
        [None if one is None else one[chosen] for one in pairs.frequency],
        pairs.rules[chosen],
    )


def evident(evidence: Sequence[float | None], total: float, rows: float) -> list[int]:
    """Comparisons whose values so many pairs share that hardly any of those pairs can be one person, before anything is learned."""
    return [place for place, share in enumerate(evidence) if share and share < MOST_SHARED and share * total >= SHARED_A_ROW * rows]


def dependences(
    divided: Split,
    found: Parameters,
    u: Sequence[Floats],
    drawn: dict[int, Sharing],
    known: Sequence[Dependence],
    kin: frozenset[tuple[int, int]],
) -> list[Dependence]:
    """Dependences not known yet, the strongest first; all together are a forest: nothing has two parents or depends on itself.

    drawn: pairs by parent, with the levels of the model before it was divided. u: of that model. kin: (parent, child) that
    come from one column, which are left to other parents.
    """
    seen = []
    for parent, sharing in drawn.items():
        evidence = origin_bits(divided, found, sharing.pairs)
        together = np.sum(evidence, axis=0)
        for child, child_u in enumerate(u):
            if child != parent and (parent, child) not in kin:
                strength = _strength(sharing, child_u, child, together - evidence[child] - evidence[parent])
                if strength >= LEAST_BITS:
                    seen.append(Dependence(parent, child, strength))
    kept: list[Dependence] = []
    above = {one.child: one.parent for one in known}
    for one in sorted(seen, key=lambda one: (-one.bits, one.parent, one.child)):
        ancestor: int | None = one.parent
        while ancestor is not None and ancestor != one.child:
            ancestor = above.get(ancestor)
        if one.child not in above and ancestor is None:
            above[one.child] = one.parent
            kept.append(one)
    return kept


def kin_of(model: Model) -> frozenset[tuple[int, int]]:
    """Comparisons of one column, both ways round."""
    stems = [comparison.name.split("__")[0] for comparison in model.comparisons]
    return frozenset((a, b) for a, one in enumerate(stems) for b, other in enumerate(stems) if a != b and one == other)


def origin_bits(divided: Split, found: Parameters, pairs: Observed) -> list[Floats]:
    """Bits by comparison of the model before it was divided."""
    made: dict[int, Floats] = {}
    for place, one in zip(divided.origin, bits(divided.model, found, split_pairs(divided, pairs)), strict=True):
        made[place] = made[place] + one if place in made else one
    return [made[place] for place in sorted(made)]


def _strength(sharing: Sharing, u: Floats, child: int, others: Floats) -> float:
    """Bits by which the child's levels, where the parent agrees and all others speak against one person, differ from random pairs."""
    levels = sharing.pairs.levels[child]
    chosen = (levels >= 0) & (others <= ELSEWHERE) & (sharing.weight > 0)
    if int(chosen.sum()) < LEAST_PAIRS or sharing.weight[chosen].sum() < LEAST_APART * sharing.weight[levels >= 0].sum():
        return 0.0
    counts = np.bincount(levels[chosen], sharing.weight[chosen], minlength=len(u))
    share = counts / max(counts.sum(), 1e-9)
    positive = share > 0
    return float((share[positive] * np.log2(share[positive] / (u / u.sum())[positive])).sum())


@dataclass(frozen=True, slots=True)
class Split:
    """A model with dependent comparisons split. origin: by comparison, its place before; role: 0 undivided, 1 speaks where the parent
    does not agree, 2 speaks where it agrees; parent: by comparison, the place before of what it depends on (-1: nothing)."""

    model: Model
    origin: tuple[int, ...]
    role: tuple[int, ...]
    parent: tuple[int, ...]


def split(model: Model, tree: Sequence[Dependence]) -> Split:
    """The model with dependent comparisons split."""
    parent_of = {one.child: one.parent for one in tree}
    made: list[tuple[Comparison, int, int, int]] = []
    for place, comparison in enumerate(model.comparisons):
        if place not in parent_of:
            made.append((comparison, place, 0, -1))
            continue
        above = parent_of[place]
        parent = model.comparisons[above]
        agree = Equal(column=equal_column(parent) or "")
        silent = comparison.missing or Some(of=tuple(Missing(column=name) for name in comparison.needs))
        levels = tuple(Level(label=level.label, when=level.when) for level in comparison.levels)
        name = f"{comparison.name}__with_{parent.name}"[:60]
        elsewhere = comparison.model_copy(update={"needs": (), "missing": Some(of=(silent, agree))})
        made.append((elsewhere, place, 1, above))
        made.append((Comparison(name=name, missing=Some(of=(silent, Not(of=agree))), levels=levels), place, 2, above))
    comparisons, origin, role, parents = zip(*made, strict=True)
    return Split(model.model_copy(update={"comparisons": comparisons}), origin, role, parents)


def split_pairs(divided: Split, pairs: Observed) -> Observed:
    """Pairs observed with the model before, as the divided model sees them."""
    levels, frequencies = [], []
    for origin, role, parent in zip(divided.origin, divided.role, divided.parent, strict=True):
        level, frequency = pairs.levels[origin], pairs.frequency[origin]
        if role:
            agree = pairs.levels[parent] == 0
            silent = agree if role == 1 else ~agree
            level = np.where(silent, np.int8(-1), level).astype(np.int8)
            frequency = None if frequency is None or role == 2 else np.where(silent, 0.0, frequency)
        levels.append(level)
        frequencies.append(frequency)
    return Observed(pairs.left, pairs.right, levels, frequencies, pairs.rules)


def conditional_u(model: Model, found: Parameters, sharing: Sharing, child: int, parent: int) -> Floats:
    """u of a comparison that speaks only where its parent agrees: its levels among such pairs that all others take for two people."""
    evidence = bits(model, found, sharing.pairs)
    others = np.sum(evidence, axis=0) - evidence[child] - evidence[parent]
    levels = sharing.pairs.levels[child]
    chosen = (levels >= 0) & (others <= ELSEWHERE)
    counts = np.bincount(levels[chosen], sharing.weight[chosen], minlength=len(found.m[child]))
    number = float(chosen.sum())
    share = counts / max(counts.sum(), 1e-9)
    return np.asarray((share * number + 0.5) / (number + 0.5 * len(share)))
