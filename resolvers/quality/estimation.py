"""Precision and recall with an interval, from the trial.

Belongs here: the predictive bootstrap. Does not: reading tables (cells.py, evidence.py).

Every draw makes up what the run may have got wrong: rates from their posterior, how many errors from a Poisson, which mentions
from those of the trial, and adds the pairs that they cost per subgroup. The interval holds the middle 98 percent of the draws.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from resolvers.quality.cells import LEVELS, MIN_HIDDEN, Array, Events, collapsed
from resolvers.quality.evidence import Foreign, TwoNumbers

DRAWS = 400
SEED = 20250601

SELECTION = 0.5
"""Standard deviation of the logarithm by which mentions that really lack a number are missed more or less often than those whose number
was hidden, per category and role: a factor of 2.7 either way covers 95 percent. Nothing in the data without labels tells it."""

ANYBODY = 0.1
"""Missed mentions of kinds that the trial does not show, as a share of the others; they may be anybody's."""

SURPLUS = (0.5, 4.5)
"""Beta prior of the share of missed ones among mentions that stay alone beyond what the trial explains: most are people of one
record only (moved away, registered elsewhere), a tenth may be missed."""

TWO_NUMBERS_WRONG = (0.5, 19.5)
"""Beta prior of the share of wrong joins of two valid numbers (name, birthday and something of the family agree): one in forty."""

TWO_NAMES_WRONG = (0.5, 49.5)
"""Beta prior of the share of two people among numbers that carry two names of different surnames and one birth date: one in a hundred.
Numbers issued twice are rarer than names changed with marriage or adoption; without labels the share cannot be learned."""

ALL_KNOWN = 10.0
"""Until the mentions of a category and role say otherwise, all its people have another record: the weight of so many placed mentions."""

PULL = 5.0
"""A cell's rate is pulled to that of the coarser cell with the weight of so many mentions."""


@dataclass(frozen=True, slots=True)
class Ingredients:
    """All that the draws need. placed_count, alone: real mentions without number by cell; placed,
    numbered: samples that a wrong mention is drawn from; numbered_count: persons with a number; found: ordered pairs found per subgroup."""

    hidden: Events
    placed: Events
    cells: Array
    placed_count: Array
    alone: Array
    foreign: Foreign
    two_numbers: TwoNumbers
    unanchored: Array
    two_names: Array
    numbered: Array
    numbered_count: int
    found: Array


@dataclass(frozen=True, slots=True)
class Figures:
    """Per subgroup: estimate, low, high."""

    precision: Array
    recall: Array


@dataclass(frozen=True, slots=True)
class _Pool:
    """One cell of the trial at the level where it is thick enough: effective counts, its coarser rate, and rows that can be missed."""

    missed: float
    hidden: float
    rate_above: float
    donors: Array
    share: Array


def estimate(given: Ingredients, draws: int = DRAWS) -> Figures:
    """Figures per subgroup; without a single hidden mention the draws know nothing and the interval is wide."""
    chance = np.random.default_rng(SEED)
    pools, pool_of = _pools(given)
    group_names = collapsed(given.cells, 2)
    groups, group_of = np.unique(group_names, return_inverse=True) if len(group_names) else (np.array([]), np.array([], dtype=int))
    precision, recall = np.empty((draws, len(given.found))), np.empty((draws, len(given.found)))
    for draw in range(draws):
        missed = _missed(given, chance, pools, pool_of, len(groups), group_of)
        wrong = np.minimum(_wrong(given, chance), given.found)
        right = given.found - wrong
        precision[draw] = np.divide(right, given.found, out=np.ones_like(right), where=given.found > 0)
        stated = right + missed
        recall[draw] = np.divide(right, stated, out=np.ones_like(right), where=stated > 0)
    return Figures(_summary(precision), _summary(recall))


def _summary(draws: Array) -> Array:
    low, high = np.quantile(draws, [0.01, 0.99], axis=0)
    return np.stack([np.clip(draws.mean(axis=0), low, high), low, high], axis=1)


def _pools(given: Ingredients) -> tuple[list[_Pool], Array]:
    """The pool of every real cell: the finest level with enough hidden mentions."""
    names = {level: collapsed(given.hidden.cell, level) for level in LEVELS}
    members: dict[tuple[int, str], Array] = {}
    for level in LEVELS:
        for name in np.unique(names[level].astype(str)):
            members[level, str(name)] = np.flatnonzero(names[level] == name)
    pools: list[_Pool] = []
    made: dict[tuple[int, str], int] = {}
    pool_of = np.zeros(len(given.cells), dtype=int)
    for row, cell in enumerate(given.cells):
        level, name = next(((level, name) for level in LEVELS[:-1] for name in ["|".join(cell.split("|")[:level])]
                            if len(members.get((level, name), ())) >= MIN_HIDDEN), (0, ""))
        if (level, name) not in made:
            made[level, name] = len(pools)
            above = LEVELS[min(LEVELS.index(level) + 1, len(LEVELS) - 1)]
            rows = members.get((level, name), np.array([], dtype=int))
            wider = members.get((above, "|".join(name.split("|")[:above])), rows) if name else rows
            pools.append(_pool(given.hidden, rows, wider))
        pool_of[row] = made[level, name]
    return pools, pool_of


def _rate(events: Events, rows: Array) -> tuple[float, float]:
    """Rate of missed mentions and effective number of mentions (Kish)."""
    weight = events.weight[rows]
    if not len(rows):
        return 0.5, 0.0
    nobody = events.outcome[rows] == "nobody"
    return float(weight[nobody].sum() / weight.sum()), float(weight.sum() ** 2 / (weight**2).sum())


def _pool(events: Events, rows: Array, wider: Array) -> _Pool:
    rate, size = _rate(events, rows)
    rate_above, _ = _rate(events, wider)
    donors = rows[events.outcome[rows] == "nobody"]
    if len(donors) < 5:
        donors = np.concatenate([donors, wider[events.outcome[wider] == "nobody"]])
    if len(donors) < 5:
        donors = np.concatenate([donors, rows])
    weight = events.weight[donors]
    return _Pool(rate * size, size, rate_above, donors, weight / weight.sum() if len(donors) else weight)


def _missed(given: Ingredients, chance: np.random.Generator, pools: list[_Pool], pool_of: Array, groups: int, group_of: Array) -> Array:
    """Ordered pairs per subgroup that one draw takes for missed.

    Of the people of a category and role a share `known` has another record at all: as many as must, for so many to have been placed at
    the rate of the trial. Those are missed at that rate; what stays alone beyond it is surplus.
    """
    total = np.zeros(len(given.found))
    rates = np.array([
        chance.beta(pool.missed + PULL * pool.rate_above + 0.05, pool.hidden - pool.missed + PULL * (1 - pool.rate_above) + 0.05)
        for pool in pools])
    if len(pool_of):
        odds = (rates / np.maximum(1 - rates, 1e-9))[pool_of] * np.exp(SELECTION * chance.standard_normal(groups))[group_of]
        rate = odds / (1 + odds)
        people = given.placed_count + given.alone
        found_at_this_rate = np.bincount(group_of, people * (1 - rate), groups)
        known = (np.bincount(group_of, given.placed_count, groups) + ALL_KNOWN) / (found_at_this_rate + ALL_KNOWN)
        explained = np.minimum(given.alone, chance.poisson(people * np.minimum(known, 1.0)[group_of] * rate))
        surplus = chance.beta(*SURPLUS, size=groups)[group_of]
        events = explained + chance.binomial((given.alone - explained).astype(int), surplus)
        for index, pool in enumerate(pools):
            count = int(events[pool_of == index].sum())
            if count and len(pool.donors):
                total += given.hidden.pairs[chance.choice(pool.donors, size=count, p=pool.share)].sum(axis=0)
            elif count:
                total += _unknown(given)[chance.integers(0, len(_unknown(given)), count)].sum(axis=0)
        anybody = int(chance.poisson(ANYBODY * events.sum()))
        if anybody and len(given.hidden.pairs):
            share = given.hidden.weight / given.hidden.weight.sum()
            total += given.hidden.pairs[chance.choice(len(share), size=anybody, p=share)].sum(axis=0)
    total += _foreign(given.foreign, chance)
    total += _apart(given.two_numbers, chance)
    if len(given.unanchored):
        total += given.unanchored[chance.random(len(given.unanchored)) < chance.beta(*SURPLUS)].sum(axis=0)
    return total


def _unknown(given: Ingredients) -> Array:
    """What a missed mention costs where nothing could be hidden: as much as a placed one, or one other mention in every subgroup."""
    return given.placed.pairs if len(given.placed.pairs) else np.full((1, len(given.found)), 2.0)


def _foreign(given: Foreign, chance: np.random.Generator) -> Array:
    if not len(given.pairs):
        return np.zeros(given.pairs.shape[1])
    share = min(chance.beta(given.shared + 0.5, given.tested - given.shared + 0.5) / max(given.usual, 0.05), 1.0)
    picked: Array = given.pairs[chance.random(len(given.pairs)) < share].sum(axis=0)
    return picked


def _apart(given: TwoNumbers, chance: np.random.Generator) -> Array:
    if not len(given.pairs):
        return np.zeros(given.pairs.shape[1])
    times = chance.poisson(given.missed_per_found * np.exp(SELECTION * chance.standard_normal()))
    apart: Array = (given.pairs * times[:, None]).sum(axis=0)
    return apart


def _wrong(given: Ingredients, chance: np.random.Generator) -> Array:
    """Ordered pairs per subgroup that one draw takes for wrong: wrong placements by the model, wrong joins of two numbers, and foreign
    mentions inside a number that contradict nothing (none seen among all numbers: Jeffreys' rate). A hidden mention that was placed with a
    person without number may be right or wrong: it counts half."""
    total = np.zeros(len(given.found))
    decided = given.hidden.outcome != "nobody"
    weight = given.hidden.weight[decided]
    outcome = given.hidden.outcome[decided]
    wrong = (weight * ((outcome == "wrong") + 0.5 * (outcome == "unknown"))).sum()
    size = float(weight.sum() ** 2 / (weight**2).sum()) if len(weight) else 0.0
    share = float(wrong / weight.sum()) if len(weight) else 0.0
    rate = chance.beta(share * size + 0.5, (1 - share) * size + 0.5) * np.exp(SELECTION * chance.standard_normal())
    count = int(chance.poisson(rate * given.placed_count.sum()))
    if count and len(given.placed.pairs):
        total += given.placed.pairs[chance.integers(0, len(given.placed.pairs), count)].sum(axis=0)
    if len(given.two_numbers.pairs):
        joined = chance.random(len(given.two_numbers.pairs)) < chance.beta(*TWO_NUMBERS_WRONG)
        total += given.two_numbers.pairs[joined].sum(axis=0)
    if len(given.two_names):
        total += given.two_names[chance.random(len(given.two_names)) < chance.beta(*TWO_NAMES_WRONG)].sum(axis=0)
    if len(given.numbered):
        count = int(chance.poisson(given.numbered_count * chance.beta(0.5, given.numbered_count + 0.5)))
        total += given.numbered[chance.integers(0, len(given.numbered), count)].sum(axis=0)
    return total


def found_pairs(clusters: dict[str, Array], names: tuple[tuple[str, str], ...]) -> tuple[Array, Array]:
    """Ordered pairs found and mentions per subgroup, from clusters (columns size, loose and the subgroups)."""
    size, loose = clusters["size"].astype(float), clusters["loose"].astype(float)
    found, mentions = np.zeros(len(names)), np.zeros(len(names))
    for index, (dimension, value) in enumerate(names):
        if dimension == "id_number":
            part = loose if value == "without" else size - loose
        else:
            part = size * (np.ones(len(size), dtype=bool) if dimension == "all" else clusters[dimension] == value)
        found[index], mentions[index] = (part * (size - 1)).sum(), part.sum()
    return found, mentions


def as_row(figures: Any, index: int) -> tuple[float, float, float]:
    estimate_, low, high = (float(value) for value in figures[index])
    return estimate_, low, high
