"""Clusters: units joined by descending evidence, never against what is known to be two people.

Belongs here: which pairs are evidence at all, cannot-link knowledge, rivals, and the constrained agglomeration. Does
not: weights
(model.py). The algorithm is greedy average-free agglomeration: edges in order of weight, each accepted unless the two
clusters that it
would join are known to hold two people, or a rival of nearly the same weight, who cannot be the same person, claims
the same unit.

Known to be two people: two roles of one record; two valid numbers, unless name, birth date and something of the
family agree; two
holders in the register of households with different numbers or none; the owner of a number and a mention that carries
it wrongly.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import duckdb

from resolvers.linkage.nuclei import agreeing_names, date_relation

MIN_WEIGHT = 6.64
"""Match weight from which two units are one person: a probability of 0.99. One mention in ten has no usable number
and is placed by the
model; when at most one in a hundred of those is wrong, one in a thousand of all links is."""

MIN_LEAD = 6.64
"""Lead over a rival that cannot be the same person: odds of a hundred to one, as above."""

LOWEST_WEIGHT = MIN_WEIGHT - MIN_LEAD
"""A pair below cannot be the rival of any link."""

KEY_WEIGHT = 40.0
"""Weight of a register's own key (archive, account, insured person, certificate) between units whose names agree."""

MAX_UNITS_PER_KEY = 20


@dataclass(frozen=True, slots=True)
class Edge:
    left: int
    right: int
    weight: float
    probability: float
    reason: str
    acceptable: bool
    """names agree, or an equal key or number speaks for a difference; an unacceptable pair can only be a rival"""


@dataclass(slots=True)
class Known:
    """What is known of a cluster that forbids joins."""

    numbers: set[str] = field(default_factory=set)
    foreign: set[str] = field(default_factory=set)
    records: set[int] = field(default_factory=set)
    registrations: int = 0

    def merged(self, other: Known) -> Known:
        return Known(
            self.numbers | other.numbers,
            self.foreign | other.foreign,
            self.records | other.records,
            self.registrations + other.registrations,
        )


def cannot_be_one(left: Known, right: Known, *, two_numbers_agree: bool) -> bool:
    """Whether two clusters are known to be two people."""
    if left.numbers and right.numbers and not (left.numbers & right.numbers) and not two_numbers_agree:
        return True
    if left.numbers & right.foreign or right.numbers & left.foreign:
        return True
    if left.registrations and right.registrations and not two_numbers_agree:
        return True
    return not left.records.isdisjoint(right.records)


def agglomerate(
    edges: Sequence[Edge],
    known: dict[int, Known],
    *,
    min_weight: float = MIN_WEIGHT,
    min_lead: float = MIN_LEAD,
) -> tuple[dict[int, int], list[Edge]]:
    """Root of every unit that an edge names (the smallest unit of its cluster), and the edges that hold the clusters
    together."""
    ordered = sorted(edges, key=lambda edge: (-edge.weight, edge.left, edge.right))
    neighbours: dict[int, list[Edge]] = defaultdict(list)
    for edge in ordered:
        neighbours[edge.left].append(edge)
        neighbours[edge.right].append(edge)
    parent: dict[int, int] = {}
    state = dict(known)

    def root(unit: int) -> int:
        while parent.get(unit, unit) != unit:
            parent[unit] = parent.get(parent[unit], parent[unit])
            unit = parent[unit]
        return unit

    def has_rival(unit: int, chosen: int, weight: float) -> bool:
        """Somebody else who claims the unit nearly as strongly and cannot be the same person as the chosen one."""
        if known[unit].numbers:
            return False
        for edge in neighbours[unit]:
            if edge.weight < weight - min_lead:
                return False
            other = root(edge.right if edge.left == unit else edge.left)
            if other not in (chosen, root(unit)) and cannot_be_one(
                state[other], state[chosen], two_numbers_agree=False
            ):
                return True
        return False

    used = []
    for edge in ordered:
        if edge.weight < min_weight:
            break
        left, right = root(edge.left), root(edge.right)
        if left == right or not edge.acceptable:
            continue
        both_numbered = bool(known[edge.left].numbers and known[edge.right].numbers)
        if cannot_be_one(state[left], state[right], two_numbers_agree=both_numbered):
            continue
        if has_rival(edge.left, right, edge.weight) or has_rival(edge.right, left, edge.weight):
            continue
        keep, drop = min(left, right), max(left, right)
        parent[drop] = keep
        state[keep] = state[keep].merged(state[drop])
        used.append(edge)
    return {unit: root(unit) for unit in known}, used


def collect_edges(con: duckdb.DuckDBPyConnection) -> list[Edge]:
    """Pairs of the model and of the registers' own keys, with the verdict on names and numbers."""
    written = agreeing_names("l", "r", former=False)
    agree = f"(l.sound IS NULL OR r.sound IS NULL OR {written} OR coalesce(list_has_any(l.names, r.names), false))"
    slip = "coalesce(length(l.id_typed) = 18 AND damerau_levenshtein(l.id_typed, r.number) <= 1, false)"
    slips = f"({slip} OR {slip.replace('l.', '#.').replace('r.', 'l.').replace('#.', 'r.')})"
    shares = " OR ".join(
        f"coalesce(list_has_any(l.{name}, r.{name}), false)"
        for name in ("phones", "dwellings", "households", "relative_numbers")
    )
    _own_key_pairs(con)
    rows = con.execute(f"""
        SELECT unit_l, unit_r, pair.weight, pair.probability, pair.reason,
               CASE WHEN l.anchored AND r.anchored THEN {agree} AND ({shares} OR
                   pair.reason <> 'model')
                    ELSE {agree} OR ({slips} AND l.birth_date = r.birth_date)
                        END AS acceptable
        FROM (SELECT * FROM pair UNION ALL SELECT * FROM key_pair) AS pair
        JOIN unit AS l ON l.unique_id = unit_l JOIN unit AS r ON r.unique_id = unit_r
        WHERE pair.weight >= {LOWEST_WEIGHT}
        ORDER BY unit_l, unit_r, pair.reason""").fetchall()
    return [
        Edge(left, right, weight, probability, reason, bool(acceptable))
        for left, right, weight, probability, reason, acceptable in rows
    ]


def _own_key_pairs(con: duckdb.DuckDBPyConnection) -> None:
    """`key_pair`: units that share a register's own key and whose birth dates do not contradict each other."""
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE key_pair AS
        WITH stated AS (
            SELECT DISTINCT unit_id, key FROM (SELECT unit_id, unnest(own_keys) AS key FROM unit_mention JOIN mention
                USING (mention_id))
            QUALIFY count(*) OVER (PARTITION BY key) BETWEEN 2 AND {MAX_UNITS_PER_KEY})
        SELECT a.unit_id AS unit_l, b.unit_id AS unit_r, {KEY_WEIGHT} AS weight, 1.0 AS probability,
            min(split_part(a.key, '|', 1)) AS reason
        FROM stated AS a JOIN stated AS b ON a.key = b.key AND a.unit_id < b.unit_id
        JOIN unit AS l ON l.unique_id = a.unit_id JOIN unit AS r ON r.unique_id = b.unit_id
        WHERE coalesce({date_relation("l.birth_date", "r.birth_date")}, 'fit') <> 'contradiction'
        GROUP BY ALL""")


def collect_known(con: duckdb.DuckDBPyConnection, edges: Sequence[Edge]) -> dict[int, Known]:
    """Cannot-link knowledge of the units that edges name."""
    units = sorted({edge.left for edge in edges} | {edge.right for edge in edges})
    con.execute("CREATE OR REPLACE TEMP TABLE touched AS SELECT unnest($1::BIGINT[]) AS unit_id", [units])
    rows = con.execute("""
        SELECT unit_id, any_value(number), min(id_number) FILTER (number IS NULL), list(record_id) FILTER (NOT is_self),
               count(*) FILTER (category = 'household_registration' AND role = 'holder')
        FROM touched JOIN unit_mention USING (unit_id) JOIN mention USING (mention_id) GROUP BY unit_id""").fetchall()
    return {
        unit: Known(
            {number} if number else set(), {foreign} if foreign else set(), set(records or ()), int(bool(registrations))
        )
        for unit, number, foreign, records, registrations in rows
    }
