"""The path of links between two groups of mentions inside one cluster.

Belongs here: shortest paths over the edges that hold a cluster together. Does not: what an edge rests on (evidence.py).
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import pairwise

import duckdb

from sources.tables import has_table


@dataclass(frozen=True, slots=True)
class Link:
    """An edge between two units; `weight` is log2 odds, infinite for the decision of a reviewer."""

    left: int
    right: int
    weight: float
    probability: float
    reason: str


def shortest_path(links: Iterable[Link], start: Collection[int], goal: Collection[int]) -> list[Link] | None:
    """Links from a unit of `start` to one of `goal`, each turned so that `left` comes first; [] when they share a unit, None
    when nothing leads there.

    Fewest links; of those the path whose weakest link is strongest; then the smallest units. The key (links, -weakest) grows
    along a path and depends on its beginning only through itself, so Dijkstra's algorithm is exact here.
    """
    if not set(start).isdisjoint(goal):
        return []
    neighbours: dict[int, list[Link]] = defaultdict(list)
    for link in links:
        neighbours[link.left].append(link)
        neighbours[link.right].append(Link(link.right, link.left, link.weight, link.probability, link.reason))
    queue: list[tuple[int, float, tuple[int, ...]]] = [(0, float("-inf"), (unit,)) for unit in sorted(start)]
    heapq.heapify(queue)
    best: dict[tuple[int, int], Link] = {}
    for found in neighbours.values():
        for link in found:
            known = best.get((link.left, link.right))
            if known is None or (link.weight, link.reason) > (known.weight, known.reason):
                best[link.left, link.right] = link
    seen: set[int] = set()
    while queue:
        steps, weakest, units = heapq.heappop(queue)
        here = units[-1]
        if here in goal:
            return [best[pair] for pair in pairwise(units)]
        if here in seen:
            continue
        seen.add(here)
        for other in sorted({link.right for link in neighbours[here]} - seen):
            heapq.heappush(queue, (steps + 1, max(weakest, -best[here, other].weight), (*units, other)))
    return None


def links_of(con: duckdb.DuckDBPyConnection, clusters: Collection[int]) -> list[Link]:
    """The edges that hold these clusters together, between units: those of the run, and decisions that two are one person."""
    member = """WITH member AS (SELECT mention_id, unit_id FROM unit_mention JOIN mention_cluster USING (mention_id)
                                WHERE list_contains($1::BIGINT[], cluster))"""
    decided = """UNION ALL SELECT l.unit_id, r.unit_id, 'inf'::DOUBLE, 1.0, 'decision'
                 FROM decided JOIN member AS l ON l.mention_id = mention_l JOIN member AS r ON r.mention_id = mention_r
                 WHERE verdict = 'same' AND l.unit_id <> r.unit_id"""
    rows = con.execute(
        f"""
        {member}
        SELECT l.unit_id, r.unit_id, weight, probability, reason
        FROM link_edge JOIN member AS l ON l.mention_id = mention_l JOIN member AS r ON r.mention_id = mention_r
        {decided if has_table(con, "decided") else ""} ORDER BY ALL""",
        [list(clusters)],
    ).fetchall()
    return [Link(*row) for row in rows]
