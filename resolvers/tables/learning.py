"""m and u of a proposed model, learned together from all pairs that any candidate rule brings, without labels.

Belongs here: levels of pairs as arrays, u from random pairs and from counting, m and the share of matches by expectation maximisation, what
is repaired afterwards. Does not: which rules bring the pairs (selection.py); the training of a model file that a user wrote (training.py).

Why not round by round as in training.py: the pairs here are those of many rules, each of which is decided by the values that the levels see;
the probability of a match given the levels does not depend on such a choice, so with u fixed from random pairs all comparisons learn at once
(Fellegi and Sunter 1969; Winkler 1988; u from random pairs as in Splink).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
from numpy.typing import NDArray

from resolvers.tables.blocking import possible_pairs
from resolvers.tables.comparing import condition_sql, missing_sql
from resolvers.tables.conditions import Equal, Otherwise, Swapped
from resolvers.tables.spec import Comparison, Model
from sources.tables import quoted

Floats = NDArray[np.float64]
Levels = NDArray[np.int8]

RANDOM_PAIRS = 1_000_000
ROUNDS = 60
SMALLEST_M = 1e-3
OWN_SHARE = 0.05
"""At least so many of the pairs that state the same value are of two people: nothing identifies without error."""
STRENGTH = 5.0
"""Matches that the starting m count for."""
MOST_MATCHES_A_ROW = 50.0
"""More expected matches per row than this are no persons; the learning is then not believed."""


@dataclass(slots=True)
class Parameters:
    """By comparison: m and u of each level; matches: expected pairs of one person among all possible pairs."""

    m: list[Floats]
    u: list[Floats]
    matches: float
    total: float

    @property
    def prior(self) -> float:
        return min(max(self.matches / self.total, 1e-12), 0.5) if self.total else 1e-4


@dataclass(slots=True)
class Observed:
    """Pairs with the level of each comparison (-1: says nothing) and, in bits, what the frequencies of their values add."""

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    levels: list[Levels]
    frequency: Floats
    rules: NDArray[np.int64]


def level_sql(comparison: Comparison, model: Model) -> str:
    """The place of the level that holds; -1 where the pair says nothing."""
    whens = [
        f"WHEN {condition_sql(level.when, model)} THEN {place}"
        for place, level in enumerate(comparison.levels)
        if not isinstance(level.when, Otherwise)
    ]
    return f"(CASE WHEN {missing_sql(comparison, model)} THEN -1 {' '.join(whens)} ELSE {len(comparison.levels) - 1} END)::TINYINT"


def observe(con: duckdb.DuckDBPyConnection, model: Model, pairs: str) -> Observed:
    """Levels of the pairs of a relation (l, r, rules), in the order of l and r."""
    columns = [column.name for column in model.columns]
    sides = ", ".join(f"{alias}.{quoted(name)} AS {name}_{side}" for alias, side in (("a", "l"), ("b", "r")) for name in columns)
    frequent = {level.term_frequency for comparison in model.comparisons for level in comparison.levels if level.term_frequency}
    counted = ", ".join(f"count(*) OVER (PARTITION BY {quoted(name)}) / count({quoted(name)}) OVER () AS {name}_tf" for name in sorted(frequent))
    con.execute(f"CREATE OR REPLACE TEMP TABLE learned_record AS SELECT *{', ' + counted if counted else ''} FROM table_prepared")
    shares = "".join(f", greatest(a.{name}_tf, b.{name}_tf) AS {name}_tf" for name in sorted(frequent))
    levels = ", ".join(f"{level_sql(comparison, model)} AS level_{place}" for place, comparison in enumerate(model.comparisons))
    frequencies = " + ".join(_frequency_sql(place, comparison) for place, comparison in enumerate(model.comparisons))
    fetched = con.execute(f"""
        SELECT l, r, rules, {", ".join(f"level_{place}" for place in range(len(model.comparisons)))}, ({frequencies})::DOUBLE AS frequency
        FROM (SELECT *, {levels} FROM (
            SELECT l, r, rules, {sides}{shares}
            FROM ({pairs}) JOIN learned_record AS a ON a.unique_id = l JOIN learned_record AS b ON b.unique_id = r))
        ORDER BY l, r""").fetchnumpy()
    con.execute("DROP TABLE learned_record")
    return Observed(
        np.asarray(fetched["l"], np.int64),
        np.asarray(fetched["r"], np.int64),
        [np.asarray(fetched[f"level_{place}"], np.int8) for place in range(len(model.comparisons))],
        np.asarray(fetched["frequency"], np.float64),
        np.asarray(fetched["rules"], np.int64),
    )


def _frequency_sql(place: int, comparison: Comparison) -> str:
    """Bits that the frequency of the shared value adds; those of u itself are taken off in `weights`."""
    for number, level in enumerate(comparison.levels):
        if level.term_frequency:
            return f"CASE WHEN level_{place} = {number} THEN -log2({level.term_frequency}_tf) ELSE 0 END"
    return "0"


def random_pairs(con: duckdb.DuckDBPyConnection, model: Model, count: int) -> str:
    """A relation of random pairs that the model may compare; the same for the same number of records."""
    rows = int((con.execute("SELECT count(*) FROM table_prepared").fetchone() or (0,))[0])
    across = "" if model.duplicates else " AND a.table_name <> b.table_name"
    draw = f"SELECT (hash(i) % {rows} + 1)::BIGINT AS x, (hash(i + {count} + 7) % {rows} + 1)::BIGINT AS y FROM range({count}) AS t(i)"
    return f"""SELECT DISTINCT least(x, y) AS l, greatest(x, y) AS r, 0::BIGINT AS rules
               FROM ({draw}) JOIN table_record AS a ON a.unique_id = x JOIN table_record AS b ON b.unique_id = y WHERE x <> y{across}"""


def _equal_shares(con: duckdb.DuckDBPyConnection, model: Model) -> list[float | None]:
    """By comparison: the share of all pairs with stated values that state the same, counted; None where the first level is no equality."""
    found: list[float | None] = []
    for comparison in model.comparisons:
        first = comparison.levels[0].when
        if not isinstance(first, Equal):
            found.append(None)
            continue
        name = quoted(first.column)
        within = "sum(n * (n - 1))" if model.duplicates else "sum(n * n) - sum(own)"
        grouped = f"SELECT {name} AS value, table_name, count(*)::DOUBLE AS n FROM table_prepared WHERE {name} IS NOT NULL GROUP BY ALL"
        row = con.execute(f"""
            WITH counted AS ({grouped}),
                 valued AS (SELECT sum(n) AS n, sum(n * n) AS own FROM counted GROUP BY value),
                 tabled AS (SELECT sum(n) AS n, sum(n) * sum(n) AS own FROM counted GROUP BY table_name)
            SELECT (SELECT {within} FROM valued),
                   (SELECT {"sum(n) * (sum(n) - 1)" if model.duplicates else "sum(n) * sum(n) - sum(own)"} FROM tabled)""").fetchone()
        found.append(float(row[0] or 0) / float(row[1]) if row and row[1] else 0.0)
    return found


def starting_m(comparison: Comparison) -> Floats:
    """Before learning: nine in ten agree, and each weaker grade is half as frequent."""
    grades = len(comparison.levels) - 1
    shares = np.array([0.5**place for place in range(1, grades)] or [0.0])
    rest = shares / max(shares.sum(), 1e-9) * 0.08 if grades > 1 else np.array([])
    return np.concatenate([[0.87 if grades > 1 else 0.95], rest, [0.05]])


def _shares(levels: Levels, count: int, weights: Floats | None = None) -> Floats:
    stated = levels >= 0
    return np.bincount(levels[stated], None if weights is None else weights[stated], minlength=count).astype(np.float64)


def learn(con: duckdb.DuckDBPyConnection, model: Model, pool: Observed) -> Parameters:
    """m, u and the expected number of matches."""
    total = possible_pairs(con, model)
    sample = observe(con, model, random_pairs(con, model, RANDOM_PAIRS))
    drawn = [_shares(levels, len(c.levels)) for levels, c in zip(sample.levels, model.comparisons, strict=True)]
    equal = _equal_shares(con, model)
    rows = float((con.execute("SELECT count(*) FROM table_prepared").fetchone() or (0,))[0])
    found = Parameters([starting_m(c) for c in model.comparisons], [], min(rows / 2, total / 4), total)
    found.u = _u(found, drawn, equal)
    for step in range(ROUNDS):
        before = [m.copy() for m in found.m]
        probability = probabilities(weights(model, found, pool))
        if step:
            found.matches = min(max(float(probability.sum()), 1.0), MOST_MATCHES_A_ROW * rows, total / 2)
        for place, comparison in enumerate(model.comparisons):
            counts = _shares(pool.levels[place], len(comparison.levels), probability)
            m = counts + STRENGTH * starting_m(comparison)
            found.m[place] = np.maximum(m / m.sum(), SMALLEST_M)
        found.u = _u(found, drawn, equal)
        repair(model, found)
        if max(float(np.abs(a - b).max()) for a, b in zip(before, found.m, strict=True)) < 1e-5:
            break
    return found


def _u(found: Parameters, drawn: Sequence[Floats], equal: Sequence[float | None]) -> list[Floats]:
    """u of each level: shares among random pairs, less the pairs of one person among them."""
    us = []
    for m, counts, share in zip(found.m, drawn, equal, strict=True):
        pairs = max(counts.sum(), 1.0)
        observed = (counts + 0.5) / (pairs + 0.5 * len(counts))
        if share is not None:
            observed[0] = max(share, 1e-9)
        us.append(np.maximum(observed - found.prior * m, observed * OWN_SHARE))
    return us


def repair(model: Model, found: Parameters) -> None:
    """Weights that fall from level to level: neighbours that stand the wrong way round take their common weight (pool adjacent violators)."""
    for place, comparison in enumerate(model.comparisons):
        ordered = [number for number, level in enumerate(comparison.levels) if not isinstance(level.when, Swapped)]
        groups: list[list[int]] = []
        for number in ordered:
            groups.append([number])
            while len(groups) > 1 and _ratio(found, place, groups[-2]) < _ratio(found, place, groups[-1]):
                groups[-2].extend(groups.pop())
        for group in groups:
            if len(group) > 1:
                ratio = _ratio(found, place, group)
                found.m[place][group] = found.u[place][group] * ratio


def _ratio(found: Parameters, place: int, group: Sequence[int]) -> float:
    return float(found.m[place][list(group)].sum() / found.u[place][list(group)].sum())


def weights(model: Model, found: Parameters, pairs: Observed) -> Floats:
    """Log2 odds of each pair."""
    weight = np.full(len(pairs.left), np.log2(found.prior / (1 - found.prior)))
    weight += pairs.frequency
    for place, comparison in enumerate(model.comparisons):
        bits = np.log2(found.m[place] / found.u[place])
        for number, level in enumerate(comparison.levels):
            if level.term_frequency:
                bits[number] = np.log2(found.m[place][number])
        weight += np.append(bits, 0.0)[pairs.levels[place]]
    return weight


def probabilities(weight: Floats) -> Floats:
    return 1.0 / (1.0 + np.exp2(-np.clip(weight, -200, 200)))


def with_parameters(model: Model, found: Parameters) -> Model:
    """The model with m and u at every level and its prior."""
    comparisons = tuple(
        comparison.model_copy(
            update={
                "levels": tuple(
                    level.model_copy(update={"m": _rounded(found.m[place][number]), "u": _rounded(found.u[place][number])})
                    for number, level in enumerate(comparison.levels)
                )
            }
        )
        for place, comparison in enumerate(model.comparisons)
    )
    prior = model.prior.model_copy(update={"probability": _rounded(found.prior)})
    return model.model_copy(update={"comparisons": comparisons, "prior": prior})


def _rounded(share: float) -> float:
    return float(f"{min(share, 1.0):.6g}")
