"""Calibration and threshold, without labels: what weights are worth on held-out people whose number was hidden.

Belongs here: the held-out trial, the recalibration of weights, the rule that chooses the threshold, and measuring calibration against a
real truth (`onegrid evaluate`). Does not: learning m and u (training.py), the quality of a run (resolvers/quality).

Recalibration: Platt's logistic fit (Platt 1999, with his smoothed targets) of match on match weight; monotone by construction, because the
slope is positive. It may take evidence back (slope at most 1, intercept at most 0), never add to it: a trial in which everything goes well
does not make weak evidence strong.

Threshold: the smallest weight, at least that of a probability of 0.99, from which links of the trial are wrong at most as often as the
target allows, by the upper end of a 95 % interval (Wilson, one-sided). The target is one wrong in 10,000 subject mentions, shared out to
those mentions that the model places. Where the trial is too small to show that, the mean of 1 - probability of the links stands for the
share of wrong ones, and the report says so. Stability: the share of links within one bit of the threshold is reported.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from resolvers.linkage.model import DEFAULT_LEAD, DEFAULT_THRESHOLD
from resolvers.linkage.nuclei import agreeing_names

WRONG_IN_ALL = 1e-4
"""So many subject mentions may be linked wrongly, of all."""
MIN_THRESHOLD = DEFAULT_THRESHOLD
"""Match weight of a probability of 0.99; a weaker pair is never a link."""
MAX_THRESHOLD = 20.0
STEP = 0.25
Z = 1.645
"""One-sided 95 %."""
STRONG = 0.9
LIKELIHOOD_GAIN = 3.0
"""Half of the 95 % quantile of chi square with two degrees of freedom, in nats."""
MEASURED_FROM = -20.0
SLOPES = (0.4, 1.0)
INTERCEPTS = (-6.0, 0.0)
BOUNDS = (0.0, 0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999, 0.9999, 1.0)
"""Bounds of the bins of probability."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Bin:
    """Pairs whose probability lies in [low, high); the last bin includes 1."""

    low: float
    high: float
    pairs: int
    expected: float
    """mean probability"""
    observed: float
    """share of true pairs"""


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Pairs of the trial: match weight, whether they are one person, the hidden mention, and whether names allow a link."""

    weight: Floats
    true: NDArray[np.bool_]
    hidden: NDArray[np.int64]
    acceptable: NDArray[np.bool_]
    dated: NDArray[np.bool_]
    """the hidden mention states a birth date"""


@dataclass(frozen=True, slots=True)
class Choice:
    """A threshold and what it rests on."""

    threshold: float
    rule: str
    target: float
    """share of wrong ones that links by the model may have"""
    links: int
    wrong: int
    upper: float
    """upper end of the interval of the share of wrong links"""
    expected: float
    """mean of 1 - probability of the links"""
    near: float
    """share of links within one bit of the threshold"""


_MAYBE_ONE_PERSON = """coalesce(own.birth_date = r.birth_date AND (own.plain = r.plain OR list_has_any(own.names, r.names)), false)"""
"""Two numbers with one name and birth date: one person whose number was replaced, so that nobody can say that the pair is wrong."""


def measure(con: duckdb.DuckDBPyConnection, model: Any) -> HeldOut:
    """Score the held-out hidden mentions against everybody with a number.

    Reads `training_unit` and `training_mention` (training.py) and `unit`.
    """
    from resolvers.linkage import scoring  # noqa: PLC0415  (scoring reads clusters, which nothing else here needs)

    con.execute("""
        CREATE OR REPLACE TEMP TABLE held_left AS SELECT * EXCLUDE (label) FROM training_unit
        WHERE unique_id IN (SELECT unit_id FROM training_mention WHERE is_hidden AND half = 1);
        CREATE OR REPLACE TEMP TABLE held_right AS
        SELECT * FROM unit WHERE anchored AND unique_id NOT IN (SELECT -unique_id FROM held_left)
        UNION ALL BY NAME
        SELECT * EXCLUDE (label) FROM training_unit WHERE -unique_id IN (SELECT unique_id FROM held_left)""")
    scoring.score_between(con, model, "held_left", "held_right", "held_pair")
    agree = f"(l.sound IS NULL OR r.sound IS NULL OR {agreeing_names('l', 'r', former=False)} OR list_has_any(l.names, r.names))"
    rows = con.execute(f"""
        SELECT weight, unit_l = -unit_r AS is_true, unit_l AS hidden, coalesce({agree}, false) AS acceptable,
               l.birth_date IS NOT NULL AS dated
        FROM held_pair JOIN held_left AS l ON l.unique_id = unit_l JOIN held_right AS r ON r.unique_id = unit_r
        JOIN held_right AS own ON own.unique_id = -unit_l
        WHERE weight >= {MEASURED_FROM} AND (unit_l = -unit_r OR NOT {_MAYBE_ONE_PERSON}) ORDER BY unit_l, unit_r""").fetchnumpy()
    for table in ("held_left", "held_right", "held_pair"):
        con.execute(f"DROP TABLE IF EXISTS temp.{table}")
    columns = [np.ma.getdata(rows[name]) for name in ("weight", "is_true", "hidden", "acceptable", "dated")]
    return HeldOut(
        columns[0].astype(np.float64),
        columns[1].astype(bool),
        columns[2].astype(np.int64),
        columns[3].astype(bool),
        columns[4].astype(bool),
    )


def probability(weight: Floats) -> Floats:
    """Of match weights (log2 odds)."""
    return np.asarray(1 / (1 + np.exp2(-np.clip(weight, -60, 60))), np.float64)


def fit(held_out: HeldOut) -> tuple[float, float]:
    """Slope and intercept (bits) of Platt's fit, within SLOPES and INTERCEPTS, over the pairs whose names allow a link (no weight joins the
    others).

    (1, 0) where only one kind of pair was seen, and where the fit is not better by both a likelihood ratio test (chi square of two
    parameters, 95 %) and the expected calibration error of pairs that could be links (probability from 0.9 on). The logistic curve bends to
    where most pairs are, and below that the weight decides nothing; the report has the bins of all of them.
    """
    weight, true = held_out.weight[held_out.acceptable], held_out.true[held_out.acceptable]
    matches, others = int(true.sum()), int((~true).sum())
    if not matches or not others:
        return 1.0, 0.0
    target = np.where(true, (matches + 1) / (matches + 2), 1 / (others + 2))
    grid = [(slope, _best_intercept(weight, target, slope)) for slope in np.linspace(*SLOPES, 25)]
    slope, intercept = min(grid, key=lambda one: (round(_loss(weight, target, *one), 12), -one[0]))
    gain = (_loss(weight, target, 1.0, 0.0) - _loss(weight, target, slope, intercept)) * len(weight)
    strong = probability(weight) >= STRONG
    errors = [expected_error(bins(probability(one[strong]), true[strong])) for one in (weight, slope * weight + intercept)]
    return (round(float(slope), 4), round(intercept, 4)) if gain > LIKELIHOOD_GAIN and errors[1] < errors[0] else (1.0, 0.0)


def _best_intercept(weight: Floats, target: Floats, slope: float) -> float:
    """By bisection: the mean probability equals the mean target there, and it rises with the intercept."""
    low, high = INTERCEPTS
    if float(probability(slope * weight + high).mean()) <= float(target.mean()):
        return high
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if float(probability(slope * weight + middle).mean()) < float(target.mean()) else (low, middle)
    return (low + high) / 2


def _loss(weight: Floats, target: Floats, slope: float, intercept: float) -> float:
    bits = np.clip(slope * weight + intercept, -60, 60) * math.log(2)
    return float(np.mean(np.logaddexp(0, bits) - target * bits))


def recalibrated(held_out: HeldOut, slope: float, intercept: float) -> HeldOut:
    """The same pairs with calibrated weights."""
    return HeldOut(slope * held_out.weight + intercept, held_out.true, held_out.hidden, held_out.acceptable, held_out.dated)


def _allowed(held_out: HeldOut) -> HeldOut:
    """The pairs whose names allow a link."""
    rows = held_out.acceptable
    return HeldOut(held_out.weight[rows], held_out.true[rows], held_out.hidden[rows], held_out.acceptable[rows], held_out.dated[rows])


def target_share(con: duckdb.DuckDBPyConnection) -> float:
    """Share of wrong ones that links by the model may have: WRONG_IN_ALL over the share of subject mentions that the model places."""
    row = con.execute("""
        SELECT count(*) FILTER (number IS NULL), count(*) FROM unit_mention JOIN mention USING (mention_id) WHERE subject""").fetchone()
    alone, subjects = row or (0, 0)
    return float(min(0.01, WRONG_IN_ALL * subjects / max(alone, 1)))


def upper_bound(wrong: int, links: int) -> float:
    """Upper end of Wilson's interval of a share."""
    if not links:
        return 1.0
    share, square = wrong / links, Z * Z / links
    return (share + square / 2 + Z * math.sqrt(share * (1 - share) / links + square / (4 * links))) / (1 + square)


def _best_links(held_out: HeldOut) -> tuple[Floats, NDArray[np.bool_]]:
    """Weight and truth of the link that each hidden mention would get: its best pair, if names allow it and no rival is near."""
    order = np.lexsort((-held_out.weight, held_out.hidden))
    hidden, weight = held_out.hidden[order], held_out.weight[order]
    first = np.r_[True, hidden[1:] != hidden[:-1]] if len(hidden) else np.zeros(0, bool)
    following = np.r_[weight[1:], -np.inf] if len(weight) else weight
    same = np.r_[hidden[1:] == hidden[:-1], False] if len(hidden) else first
    lead = np.where(same, weight - following, np.inf)
    chosen = first & held_out.acceptable[order] & (lead > DEFAULT_LEAD)
    return weight[chosen], held_out.true[order][chosen]


def choose_threshold(held_out: HeldOut, target: float) -> Choice:
    """The smallest weight that meets the target, by the rule in the docstring of this module."""
    weight, true = _best_links(held_out)
    candidates = np.arange(MIN_THRESHOLD, MAX_THRESHOLD + STEP, STEP)
    seen = [_outcome(weight, true, float(one)) for one in candidates]
    for threshold, (links, wrong, expected) in zip(candidates, seen, strict=True):
        if links and upper_bound(wrong, links) <= target:
            return _chosen(weight, float(threshold), "trial", target, links, wrong, expected)
    for threshold, (links, wrong, expected) in zip(candidates, seen, strict=True):
        if links and expected <= target and upper_bound(0, links) > target and not wrong:
            return _chosen(
                weight, float(threshold), "probabilities; the trial is too small to show the target", target, links, wrong, expected
            )
    best = min(range(len(seen)), key=lambda place: (upper_bound(seen[place][1], seen[place][0]), place))
    threshold = float(candidates[best]) if len(weight) else MIN_THRESHOLD
    return _chosen(weight, threshold, "no weight meets the target; the best upper bound", target, *_outcome(weight, true, threshold))


def _outcome(weight: Floats, true: NDArray[np.bool_], threshold: float) -> tuple[int, int, float]:
    above = weight >= threshold
    links = int(above.sum())
    return links, int((above & ~true).sum()), float(1 - probability(weight[above]).mean()) if links else 1.0


def _chosen(weight: Floats, threshold: float, rule: str, target: float, links: int, wrong: int, expected: float) -> Choice:
    near = float(((weight >= threshold) & (weight < threshold + 1)).sum() / links) if links else 0.0
    return Choice(round(threshold, 4), rule, target, links, wrong, upper_bound(wrong, links), expected, near)


def bins(chance: Floats, true: NDArray[np.bool_]) -> tuple[Bin, ...]:
    """Reliability table; empty bins are left out."""
    place = np.clip(np.searchsorted(BOUNDS, chance, side="right") - 1, 0, len(BOUNDS) - 2)
    found = []
    for number, (low, high) in enumerate(pairwise(BOUNDS)):
        rows = place == number
        if rows.any():
            found.append(Bin(low, high, int(rows.sum()), float(chance[rows].mean()), float(true[rows].mean())))
    return tuple(found)


def expected_error(table: Sequence[Bin]) -> float:
    """Expected calibration error: mean distance of expected and observed, by pairs."""
    pairs = sum(one.pairs for one in table)
    return sum(one.pairs * abs(one.expected - one.observed) for one in table) / pairs if pairs else 0.0


def report(held_out: HeldOut, fitted: tuple[float, float], choice: Choice) -> dict[str, Any]:
    """What the model file keeps of the trial; JSON."""
    held_out = _allowed(held_out)
    after = recalibrated(held_out, *fitted)
    tables = {"before": bins(probability(held_out.weight), held_out.true), "after": bins(probability(after.weight), held_out.true)}
    groups = {"with birth date": held_out.dated, "without birth date": ~held_out.dated}
    return {
        "threshold": asdict(choice),
        "calibration": {
            "method": "Platt, slope and intercept bounded so that evidence is only taken back",
            "slope": fitted[0],
            "intercept": fitted[1],
            "pairs": len(held_out.weight),
            "true_pairs": int(held_out.true.sum()),
            "expected_error": {name: expected_error(table) for name, table in tables.items()},
            "expected_error_of_groups": {
                name: expected_error(bins(probability(after.weight[rows]), held_out.true[rows])) for name, rows in groups.items()
            },
            "bins": {name: [asdict(one) for one in table] for name, table in tables.items()},
        },
    }


def against_truth(con: duckdb.DuckDBPyConnection, truth: Path) -> tuple[Bin, ...]:
    """Reliability of the scored pairs of the last run on a real truth (`mentions.parquet`: category, natural_key, role, true_person).

    A unit is the person of most of its mentions. Pairs by a register's own key are left out. Raises duckdb.Error when the truth is missing.
    """
    rows = con.execute(
        """
        WITH person AS (
            SELECT unit_id, mode(true_person ORDER BY true_person) AS true_person
            FROM unit_mention JOIN mention USING (mention_id) JOIN read_parquet($1) USING (category, natural_key, role) GROUP BY unit_id)
        SELECT probability, l.true_person = r.true_person AS is_true
        FROM pair JOIN person AS l ON l.unit_id = unit_l JOIN person AS r ON r.unit_id = unit_r
        WHERE reason = 'model' ORDER BY unit_l, unit_r""",
        [str(truth / "mentions.parquet")],
    ).fetchnumpy()
    return bins(np.ma.getdata(rows["probability"]).astype(np.float64), np.ma.getdata(rows["is_true"]).astype(bool))
