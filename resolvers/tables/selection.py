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

from resolvers.tables.blocking import fill_keys, keys_sql, possible_pairs
from resolvers.tables.learning import Floats, Observed
from resolvers.tables.proposal import Feature
from resolvers.tables.spec import BlockingRule, Key, Model

MOST_RULES = 60
"""Candidates; one bit each."""
POOL_PAIRS = 2_000_000
PAIRS_A_ROW = 20.0
"""Pairs that a rule may propose per row, by estimate."""
MOST_PAIRS_A_RULE = 20_000_000
SELECTED_PAIRS_A_ROW = 60.0
"""Pairs that all kept rules together may propose per row before only rules that find many more matches are added."""

Rule = tuple[Key, ...]


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


def candidate_rules(keys: Sequence[Proposed], rows: int, total: float) -> list[Rule]:
    """Rules of one, two or three keys of different features whose pairs stay in bounds, the most promising first."""
    bound = PAIRS_A_ROW * rows + 20_000
    scored: list[tuple[float, Rule]] = []
    alone = {(one.feature, one.key) for one in keys if one.share * total <= bound}
    scored += [(-1.0, (one.key,)) for one in keys if (one.feature, one.key) in alone]
    open_keys = [one for one in keys if one.share < 0.6]
    for size in (2, 3):
        for group in combinations(open_keys, size):
            if len({one.feature for one in group}) < size or any((one.feature, one.key) in alone and one.exact for one in group):
                continue
            pairs = total * float(np.prod([one.share for one in group]))
            if pairs > bound / 2 or (size == 3 and any(total * a.share * b.share <= bound / 2 for a, b in combinations(group, 2))):
                continue
            scored.append((_preference(group, pairs / bound), tuple(one.key for one in group)))
    scored.sort(key=lambda one: (one[0], [key.model_dump_json() for key in one[1]]))
    return [rule for _, rule in scored[:MOST_RULES]]


def _preference(group: Sequence[Proposed], load: float) -> float:
    """Small is better: rules of whole values, few keys, filled columns, few pairs."""
    partial = sum(not one.exact for one in group)
    missing = sum(1 - one.stated for one in group)
    return len(group) - 2 + 0.5 * partial + missing + 0.3 * load


def pool_sql(con: duckdb.DuckDBPyConnection, model: Model, rules: Sequence[Rule]) -> str:
    """Write `pool_pair` (l, r, rules): pairs of all candidates, with a bit for each rule that proposes it; the relation's name."""
    limit = max(POOL_PAIRS // max(len(rules), 1), 20_000)
    across = "" if model.duplicates else " AND l.table_name <> r.table_name"
    con.execute("CREATE OR REPLACE TEMP TABLE pool_part (l BIGINT, r BIGINT, rule BIGINT)")
    for place, rule in enumerate(rules):
        fill_keys(con, model, [(rule, limit)], "pool_key")
        con.execute(f"""INSERT INTO pool_part SELECT DISTINCT l.unique_id, r.unique_id, {1 << place}
                        FROM pool_key AS l JOIN pool_key AS r ON l.key = r.key AND l.unique_id < r.unique_id{across}""")
    con.execute("CREATE OR REPLACE TEMP TABLE pool_pair AS SELECT l, r, bit_or(rule) AS rules FROM pool_part GROUP BY l, r")
    con.execute("DROP TABLE pool_part")
    con.execute("DROP TABLE IF EXISTS pool_key")
    return "SELECT l, r, rules FROM pool_pair"


def select_rules(rules: Sequence[Rule], pool: Observed, probability: Floats, rows: int) -> tuple[tuple[BlockingRule, ...], float]:
    """Rules that together find the matches of the pool, the cheapest way: each next one brings the most matches per pair.

    It stops where a rule would add less than one match in ten thousand. Out: the rules, and the share of the pool's matches that they find.
    """
    open_pairs = np.ones(len(pool.left), bool)
    matches = max(float(probability.sum()), 1e-9)
    hits = [(pool.rules >> place) & 1 == 1 for place in range(len(rules))]
    costs = [float(hit.sum()) for hit in hits]
    chosen: list[int] = []
    while len(chosen) < len(rules):
        gains = [float(probability[hit & open_pairs].sum()) if place not in chosen else -1.0 for place, hit in enumerate(hits)]
        scores = [gain / (costs[place] + 0.2 * rows) for place, gain in enumerate(gains)]
        useful = [place for place, gain in enumerate(gains) if gain >= max(matches * 1e-4, 0.5)]
        if not useful:
            break
        best = max(useful, key=lambda place: (scores[place], -place))
        chosen.append(best)
        open_pairs &= ~hits[best]
    recall = 1.0 - float(probability[open_pairs].sum()) / matches
    made = []
    for place in chosen:
        found = float(probability[hits[place]].sum()) / matches
        why = f"finds {found:.1%} of the expected matches"
        made.append(BlockingRule(keys=rules[place], max_pairs=MOST_PAIRS_A_RULE, why=why))
    return tuple(made), recall
