"""Which pairs are compared: candidate rules from the keys of all columns, and the few that are kept.

Belongs here: how many pairs a key proposes, combinations of keys, the pool of pairs for learning, the choice of rules by the matches that
each finds. Does not: weighing pairs (learning.py), making pairs in a run (blocking.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import duckdb
import numpy as np

from resolvers.tables.blocking import keys_sql, possible_pairs
from resolvers.tables.features import Feature
from resolvers.tables.learning import Floats, Observed
from resolvers.tables.spec import BlockingRule, Key, Model

MOST_RULES = 60
"""Candidates; one bit each."""
POOL_PAIRS = 1_000_000
PAIRS_A_ROW = 20.0
"""Pairs that a rule may propose per row, by estimate."""
MOST_PAIRS_A_RULE = 20_000_000
SELECTED_PAIRS = ((60.0, 0.0), (12.0, 10_000_000.0))
"""Pairs that all kept rules together may propose: per row and on top, the smaller of the two; large tables have less to spend per row."""

FEWEST_RULES = 6
"""Candidates below which also rules out of bounds are looked at."""
SMALLEST_GAIN = 1e-5
"""Share of the expected matches that a rule must add."""
WORTHWHILE = 2e-4
"""Expected matches per pair that a rule must add, below one match in ten thousand."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Keys that make a rule together, and the pairs that it proposes by estimate, as if the keys had nothing to do with each other."""

    keys: tuple[Key, ...]
    pairs: float


@dataclass(frozen=True, slots=True)
class Pool:
    """relation: pairs (l, r, rules) for learning; scale: how many pairs of all tables one of them stands for; costs: pairs per rule."""

    relation: str
    scale: float
    costs: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Proposed:
    """A key of a feature, and the share of all pairs that state it alike."""

    feature: str
    key: Key
    share: float
    stated: float
    exact: bool


def key_shares(con: duckdb.DuckDBPyConnection, model: Model, features: Sequence[Feature]) -> list[Proposed]:
    """Every key with the share of pairs that it proposes, counted."""
    lists = frozenset(column.name for column in model.columns if column.is_list)
    total = max(possible_pairs(con, model), 1.0)
    rows = max(int((con.execute("SELECT count(*) FROM table_record").fetchone() or (0,))[0]), 1)
    found = []
    for feature in features:
        for place, key in enumerate(feature.keys):
            pairs, carrying = con.execute(f"""
                SELECT coalesce(sum(n * (n - 1)) / 2, 0), coalesce(sum(n) FILTER (n > 1), 0)
                FROM (SELECT key, count(*)::DOUBLE AS n FROM ({keys_sql((key,), lists)}) GROUP BY key)""").fetchone() or (0, 0)
            if pairs > 0:
                found.append(Proposed(feature.name, key, float(pairs) / total, min(float(carrying) / rows, 1.0), place == 0))
    return found


def candidate_rules(keys: Sequence[Proposed], rows: int, total: float) -> list[Candidate]:
    """Rules of one, two or three keys of different features whose pairs stay in bounds, the most promising first."""
    bound = PAIRS_A_ROW * rows + 20_000
    scored: list[tuple[float, Candidate]] = []
    alone = {(one.feature, one.key) for one in keys if one.share * total <= bound}
    scored += [(-1.0, Candidate((one.key,), one.share * total)) for one in keys if (one.feature, one.key) in alone]
    open_keys = [one for one in keys if one.share < 0.6]
    for size in (2, 3):
        for group in combinations(open_keys, size):
            if len({one.feature for one in group}) < size or any((one.feature, one.key) in alone and one.exact for one in group):
                continue
            pairs = total * float(np.prod([one.share for one in group]))
            if pairs > bound / 2 or (size == 3 and any(total * a.share * b.share <= bound / 2 for a, b in combinations(group, 2))):
                continue
            scored.append((_preference(group, pairs / bound), Candidate(tuple(one.key for one in group), pairs)))
    if len(scored) < FEWEST_RULES:
        scored += _anyway(open_keys, total, {candidate.keys for _, candidate in scored})
    scored.sort(key=lambda one: (one[0], [key.model_dump_json() for key in one[1].keys]))
    return [rule for _, rule in scored[:MOST_RULES]]


def _anyway(keys: Sequence[Proposed], total: float, known: set[tuple[Key, ...]]) -> list[tuple[float, Candidate]]:
    """Where hardly a rule stays in bounds, those that pass them least; a run leaves out their most frequent values."""
    found = []
    for size in (1, 2, 3):
        for group in combinations(keys, size):
            if len({one.feature for one in group}) == size and tuple(one.key for one in group) not in known:
                pairs = total * float(np.prod([one.share for one in group]))
                found.append((10.0 + sum(not one.exact for one in group), Candidate(tuple(one.key for one in group), pairs)))
    found.sort(key=lambda one: (one[1].pairs, [key.model_dump_json() for key in one[1].keys]))
    return found[: 2 * FEWEST_RULES]


def _preference(group: Sequence[Proposed], load: float) -> float:
    """Small is better: rules of whole values, few keys, filled columns, few pairs."""
    partial = sum(not one.exact for one in group)
    missing = sum(1 - one.stated for one in group)
    return len(group) - 2 + 0.5 * partial + missing + 0.3 * load


def draw_pool(con: duckdb.DuckDBPyConnection, model: Model, rules: Sequence[Candidate], rows: int) -> Pool:
    """Write `pool_pair` (l, r, rules): for a sample of records, all pairs with any record that a candidate proposes, with a bit per rule.

    Sampling records instead of pairs keeps the shares of matches that each rule finds unbiased. A pair of two sampled records stands in the
    pool twice, once from each side. Values too frequent for a rule are left out as in a run.
    """
    expected = sum(rule.pairs for rule in rules) * 2 + rows
    sampled = rows if expected <= POOL_PAIRS else max(int(rows * POOL_PAIRS / expected), min(rows, 1000))
    limit = PAIRS_A_ROW * 3 * sampled + 20_000
    across = "" if model.duplicates else " AND l.table_name <> r.table_name"
    lists = frozenset(column.name for column in model.columns if column.is_list)
    con.execute("CREATE OR REPLACE TEMP TABLE pool_part (l BIGINT, r BIGINT, rule BIGINT)")
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE sampled AS SELECT unique_id FROM table_prepared "
        f"ORDER BY hash(unique_id + 11), unique_id LIMIT {sampled}"
    )
    costs = []
    for place, rule in enumerate(rules):
        con.execute(f"CREATE OR REPLACE TEMP TABLE pool_key AS {keys_sql(rule.keys, lists)}")
        con.execute("CREATE OR REPLACE TEMP TABLE pool_start AS FROM pool_key SEMI JOIN sampled USING (unique_id)")
        con.execute(f"""
            CREATE OR REPLACE TEMP TABLE pool_kept AS
            SELECT key FROM (SELECT key, sum(starts.n * others.n) OVER (ORDER BY others.n, key) AS pairs
                             FROM (SELECT key, count(*) AS n FROM pool_start GROUP BY key) AS starts
                             JOIN (SELECT key, count(*) AS n FROM pool_key GROUP BY key) AS others USING (key) WHERE others.n > 1)
            WHERE pairs <= {limit}""")
        con.execute(f"""
            INSERT INTO pool_part
            SELECT DISTINCT l.unique_id, r.unique_id, {1 << place} FROM pool_start AS l SEMI JOIN pool_kept ON l.key = pool_kept.key
            JOIN pool_key AS r ON l.key = r.key AND l.unique_id <> r.unique_id{across}""")
    con.execute("CREATE OR REPLACE TEMP TABLE pool_pair AS SELECT l, r, bit_or(rule) AS rules FROM pool_part GROUP BY l, r")
    for place in range(len(rules)):
        row = con.execute(f"SELECT count(*) FROM pool_part WHERE rule = {1 << place}").fetchone() or (0,)
        costs.append(float(row[0]) * rows / max(sampled, 1) / 2)
    for table in ("pool_part", "pool_key", "pool_start", "pool_kept", "sampled"):
        con.execute(f"DROP TABLE IF EXISTS {table}")
    return Pool("SELECT l, r, rules FROM pool_pair", rows / max(sampled, 1) / 2, tuple(costs))


def select_rules(
    rules: Sequence[Candidate], pool: Pool, seen: Observed, probability: Floats, rows: int
) -> tuple[tuple[BlockingRule, ...], float]:
    """Rules that together find the matches of the pool, the cheapest way: each next one brings the most matches per pair.

    It stops where a rule would add hardly a match, or the pairs a row pass their bound. Out: the rules, and the share of
    the pool's matches that they find.
    """
    open_pairs = np.ones(len(seen.left), bool)
    matches = max(float(probability.sum()), 1e-9)
    hits = [(seen.rules >> place) & 1 == 1 for place in range(len(rules))]
    chosen: list[int] = []
    spent = 0.0
    bound = min(per_row * rows + more for per_row, more in SELECTED_PAIRS) + 200_000
    while len(chosen) < len(rules):
        gains = [float(probability[hit & open_pairs].sum()) if place not in chosen else -1.0 for place, hit in enumerate(hits)]
        useful = [
            place
            for place, gain in enumerate(gains)
            if gain >= max(matches * SMALLEST_GAIN, 0.3)
            and (gain >= matches * 1e-4 or gain * pool.scale >= WORTHWHILE * pool.costs[place])
            and (not chosen or spent + pool.costs[place] <= bound)
        ]
        if not useful:
            break
        best = max(useful, key=lambda place: (gains[place] * pool.scale / (pool.costs[place] + 0.2 * rows), -place))
        chosen.append(best)
        spent += pool.costs[best]
        open_pairs &= ~hits[best]
    recall = 1.0 - float(probability[open_pairs].sum()) / matches
    return tuple(_made(rules[place], float(probability[hits[place]].sum()) / matches, rows) for place in chosen), recall


def _made(rule: Candidate, share: float, rows: int) -> BlockingRule:
    limit = min(int(PAIRS_A_ROW * 1.5 * rows) + 200_000, MOST_PAIRS_A_RULE)
    return BlockingRule(keys=rule.keys, max_pairs=limit, why=f"finds {share:.1%} of the expected matches")
