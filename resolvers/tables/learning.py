"""m and u of a proposed model, learned together from all pairs that any candidate rule brings, without labels.

Belongs here: levels of pairs as arrays, u from random pairs and from counting, m and the share of matches by expectation maximisation, what
is repaired afterwards. Does not: which rules bring the pairs (selection.py); the training of a model file that a user wrote (training.py).

The pairs are those of many rules, each decided by the values that the levels see: the probability of a match given the levels does not
depend on such a choice, so with u fixed from random pairs all comparisons learn at once (Fellegi and Sunter 1969; Winkler 1988). Plain
expectation maximisation would end at whatever two groups of pairs differ most: neighbours, families, numbers of one region. So each
comparison learns m only from pairs of which all OTHER comparisons are sure; such a choice does not bias it, as long as comparisons err
independently.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
from numpy.typing import NDArray

from resolvers.tables.blocking import possible_pairs
from resolvers.tables.comparing import condition_sql, missing_sql
from resolvers.tables.conditions import Condition, Equal, Every, Near, Otherwise, Overlap, Some, Swapped
from resolvers.tables.spec import Comparison, Model
from sources.tables import quoted

Floats = NDArray[np.float64]
Levels = NDArray[np.int8]

RANDOM_PAIRS = 500_000
FEWEST_RANDOM_PAIRS = 100_000
ROUNDS = 15
SURE = 0.9
"""Probability by all other comparisons from which a pair teaches a comparison."""
FEW = 50.0
"""Pairs below which less certain ones have to teach too."""
LIKELY = 0.5
"""Probability from which a pair counts among the expected matches."""
SMALLEST_M = 1e-3
OWN_SHARE = 0.05
"""At least so many of the pairs that state the same value are of two people: nothing identifies without error."""
STRENGTH = 20.0
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
    """Pairs with the level of each comparison (-1: says nothing) and, in bits, how rare the value is on which a level with frequencies
    agrees (None: the comparison has no such level)."""

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    levels: list[Levels]
    frequency: list[Floats | None]
    rules: NDArray[np.int64]


def level_sql(comparison: Comparison, model: Model) -> str:
    """The place of the level that holds; -1 where the pair says nothing."""
    whens = [
        f"WHEN {condition_sql(level.when, model)} THEN {place}"
        for place, level in enumerate(comparison.levels)
        if not isinstance(level.when, Otherwise)
    ]
    return f"(CASE WHEN {missing_sql(comparison, model)} THEN -1 {' '.join(whens)} ELSE {len(comparison.levels) - 1} END)::TINYINT"


def count_frequencies(con: duckdb.DuckDBPyConnection, model: Model) -> None:
    """Write `learned_record`: `table_prepared` with the share of rows that state the same value, for columns whose frequency counts."""
    counted = ", ".join(
        f"count(*) OVER (PARTITION BY {quoted(name)}) / count({quoted(name)}) OVER () AS {name}_tf" for name in _frequent(model)
    )
    con.execute(f"CREATE OR REPLACE TEMP TABLE learned_record AS SELECT *{', ' + counted if counted else ''} FROM table_prepared")


def _frequent(model: Model) -> list[str]:
    return sorted({level.term_frequency for comparison in model.comparisons for level in comparison.levels if level.term_frequency})


def observe(con: duckdb.DuckDBPyConnection, model: Model, pairs: str) -> Observed:
    """Levels of the pairs of a relation (l, r, rules), in the order of all three; `learned_record` is there (count_frequencies)."""
    columns = [column.name for column in model.columns]
    sides = ", ".join(f"{alias}.{quoted(name)} AS {name}_{side}" for alias, side in (("a", "l"), ("b", "r")) for name in columns)
    shares = "".join(f", greatest(a.{name}_tf, b.{name}_tf) AS {name}_tf" for name in _frequent(model))
    levels = ", ".join(f"{level_sql(comparison, model)} AS level_{place}" for place, comparison in enumerate(model.comparisons))
    frequencies = "".join(
        f", {_frequency_sql(place, c)} AS frequency_{place}" for place, c in enumerate(model.comparisons) if has_frequency(c)
    )
    fetched = con.execute(f"""
        SELECT l, r, rules, {", ".join(f"level_{place}" for place in range(len(model.comparisons)))}{frequencies}
        FROM (SELECT *, {levels} FROM (
            SELECT l, r, rules, {sides}{shares}
            FROM ({pairs}) JOIN learned_record AS a ON a.unique_id = l JOIN learned_record AS b ON b.unique_id = r))
        ORDER BY l, r, rules""").fetchnumpy()
    return Observed(
        np.asarray(fetched["l"], np.int64),
        np.asarray(fetched["r"], np.int64),
        [np.asarray(fetched[f"level_{place}"], np.int8) for place in range(len(model.comparisons))],
        [
            np.asarray(fetched[f"frequency_{place}"], np.float64) if has_frequency(comparison) else None
            for place, comparison in enumerate(model.comparisons)
        ],
        np.asarray(fetched["rules"], np.int64),
    )


def has_frequency(comparison: Comparison) -> bool:
    """Whether a level heeds how frequent the shared value is."""
    return any(level.term_frequency for level in comparison.levels)


def _frequency_sql(place: int, comparison: Comparison) -> str:
    """Bits of the frequency of the shared value, where the level heeds it."""
    number, column = next((number, level.term_frequency) for number, level in enumerate(comparison.levels) if level.term_frequency)
    return f"(CASE WHEN level_{place} = {number} THEN -log2({column}_tf) ELSE 0 END)::DOUBLE"


def sample_size(total: float) -> int:
    """Random pairs to look at: one in twenty, within bounds."""
    return int(min(max(total / 20, FEWEST_RANDOM_PAIRS), RANDOM_PAIRS))


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
    """Before learning: nine in ten agree, and each weaker grade is half as frequent. Texts and quantities are seldom quite the same:
    there the grades fall slowly."""
    grades = len(comparison.levels) - 1
    if grades == 1:
        return np.array([0.95, 0.05])
    if any(isinstance(part, Overlap | Near) for level in comparison.levels for part in _parts(level.when)):
        falling = np.arange(grades, 0, -1, dtype=np.float64) ** 2
        return np.append(falling / falling.sum() * 0.95, 0.05)
    shares = np.array([0.5**place for place in range(1, grades)])
    return np.concatenate([[0.87], shares / shares.sum() * 0.08, [0.05]])


def _parts(condition: Condition) -> tuple[Condition, ...]:
    return condition.of if isinstance(condition, Every | Some) else (condition,)


def _shares(levels: Levels, count: int, weights: Floats | None = None) -> Floats:
    stated = levels >= 0
    return np.bincount(levels[stated], None if weights is None else weights[stated], minlength=count).astype(np.float64)


@dataclass(slots=True)
class Evidence:
    """What is learned from: levels among random pairs by comparison, shares of equal values, the possible pairs and the rows."""

    drawn: list[Floats]
    equal: list[float | None]
    total: float
    rows: float


def gather(con: duckdb.DuckDBPyConnection, model: Model, sample: Observed) -> Evidence:
    """Levels of random pairs, and equal values counted."""
    drawn = [_shares(levels, len(c.levels)) for levels, c in zip(sample.levels, model.comparisons, strict=True)]
    rows = float((con.execute("SELECT count(*) FROM table_prepared").fetchone() or (0,))[0])
    return Evidence(drawn, _equal_shares(con, model), possible_pairs(con, model), rows)


def start(model: Model, evidence: Evidence) -> Parameters:
    """Before learning: one match for every two rows."""
    matches = min(evidence.rows / 2, evidence.total / 4)
    found = Parameters([starting_m(c) for c in model.comparisons], [], matches, evidence.total)
    found.u = _u(found, evidence)
    return found


Corrections = Callable[[Parameters], dict[int, Floats]]
"""u of comparisons that random pairs do not tell, by place, from the parameters so far."""


def learn(model: Model, evidence: Evidence, pool: Observed, scale: float, corrections: Corrections) -> Parameters:
    """m, u and the expected number of matches. scale: how many pairs of all tables one pair of the pool stands for."""
    found = start(model, evidence)
    _correct(found, corrections)
    for _ in range(ROUNDS):
        before = [m.copy() for m in found.m]
        evidence_bits = bits(model, found, pool)
        weight = prior_bits(found) + np.sum(evidence_bits, axis=0)
        for place, comparison in enumerate(model.comparisons):
            others = probabilities(weight - evidence_bits[place])
            teaching = np.where(others >= SURE, others, 0.0)
            if float(teaching.sum()) * scale < FEW:
                teaching = np.where(others >= LIKELY, others, 0.0)
            counts = _shares(pool.levels[place], len(comparison.levels), teaching)
            m = counts * scale + STRENGTH * starting_m(comparison)
            found.m[place] = np.maximum(m / m.sum(), SMALLEST_M)
        found.u = _u(found, evidence)
        _correct(found, corrections)
        repair(model, found)
        probability = probabilities(weights(model, found, pool))
        matches = float(probability[probability >= LIKELY].sum()) * scale
        found.matches = min(max(matches, 1.0), MOST_MATCHES_A_ROW * evidence.rows, evidence.total / 2)
        if max(float(np.abs(a - b).max()) for a, b in zip(before, found.m, strict=True)) < 1e-3:
            break
    return found


def _correct(found: Parameters, corrections: Corrections) -> None:
    for place, u in corrections(found).items():
        found.u[place] = u


def _u(found: Parameters, evidence: Evidence) -> list[Floats]:
    """u of each level: shares among random pairs, less the pairs of one person among them."""
    us = []
    for m, counts, share in zip(found.m, evidence.drawn, evidence.equal, strict=True):
        pairs = max(counts.sum(), 1.0)
        observed = (counts + 0.5) / (pairs + 0.5 * len(counts))
        if share is not None:
            observed[0] = max(share, 1e-9)
        us.append(np.maximum(observed - found.prior * m, observed * OWN_SHARE))
    return us


def repair(model: Model, found: Parameters) -> None:
    """Weights that fall from level to level: neighbours that stand the wrong way round take their common weight (pool adjacent
    violators)."""
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


def bits(model: Model, found: Parameters, pairs: Observed) -> list[Floats]:
    """Log2 of m over u by comparison for each pair; zero where it says nothing."""
    made = []
    for place, comparison in enumerate(model.comparisons):
        by_level = np.log2(found.m[place] / found.u[place])
        frequency = pairs.frequency[place]
        if frequency is not None:
            number = next(number for number, level in enumerate(comparison.levels) if level.term_frequency)
            by_level[number] = np.log2(found.m[place][number])
        one = np.append(by_level, 0.0)[pairs.levels[place]]
        made.append(one if frequency is None else one + frequency)
    return made


def prior_bits(found: Parameters) -> float:
    return float(np.log2(found.prior / (1 - found.prior)))


def weights(model: Model, found: Parameters, pairs: Observed) -> Floats:
    """Log2 odds of each pair."""
    return np.asarray(prior_bits(found) + np.sum(bits(model, found, pairs), axis=0))


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
