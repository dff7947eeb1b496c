"""Joining by descending evidence, never what is forbidden.

Belongs here: greedy additive edge contraction (Keuper, Levinkov, Bonneel, Lavoué, Brox, Andres 2015: Efficient decomposition of image and
mesh graphs by lifted multicuts) and average linkage, which differ in the priority of a join only. Does not: improving the result
(moves.py).
"""

from __future__ import annotations

import heapq

from resolvers.clustering.problem import Problem


class _Groups:
    """Clusters while they grow: sizes, evidence between neighbours, what forbids a join."""

    def __init__(self, problem: Problem, average: bool) -> None:
        self.average, self.absent, self.rules = average, problem.absent, problem.conflicts.rules
        self.sizes = list(problem.sizes)
        self.gains = [dict(row) for row in problem.gains]
        self.pairs = [dict(row) for row in problem.pairs]
        self.enemies = [set(row) for row in problem.enemies]
        self.values = [[set(value) for value in values] for values in problem.values]
        self.alive = [True] * len(self.sizes)

    def priority(self, left: int, right: int) -> float:
        """What a join gains: in sum, or per pair of records."""
        possible = self.sizes[left] * self.sizes[right]
        gain = self.gains[left][right] + self.absent * (possible - self.pairs[left][right])
        return gain / possible if self.average else gain

    def forbidden(self, left: int, right: int) -> bool:
        return right in self.enemies[left] or any(
            rule.forbids(values[left], values[right]) for rule, values in zip(self.rules, self.values, strict=True)
        )

    def join(self, keep: int, drop: int) -> list[int]:
        """Move all of `drop` into `keep`; the neighbours to which the priority may have changed."""
        changed = [other for other in self.gains[drop] if other != keep]
        self.alive[drop] = False
        self.sizes[keep] += self.sizes[drop]
        for table in (self.gains, self.pairs):
            table[keep].pop(drop, None)
            table[drop].pop(keep, None)
            for other, amount in table[drop].items():
                table[other].pop(drop)
                table[keep][other] = table[other][keep] = table[keep].get(other, 0) + amount
            table[drop] = {}
        for other in self.enemies[drop]:
            self.enemies[other].discard(drop)
            self.enemies[other].add(keep)
        self.enemies[keep] |= self.enemies[drop]
        for values in self.values:
            values[keep] |= values[drop]
        return list(self.gains[keep]) if self.average or self.absent else changed


def contract(problem: Problem, *, average: bool = False) -> list[int]:
    """Label per node: from single nodes, the join that gains most, until none gains anything."""
    groups = _Groups(problem, average)
    parent = list(range(len(problem.nodes)))
    queue = [(-groups.priority(a, b), a, b) for a, row in enumerate(problem.gains) for b in row if a < b]
    queue = [entry for entry in queue if entry[0] < 0]
    heapq.heapify(queue)
    while queue:
        negative, left, right = heapq.heappop(queue)
        if not (groups.alive[left] and groups.alive[right]):
            continue
        outdated = right not in groups.gains[left] or -groups.priority(left, right) != negative
        if outdated or groups.forbidden(left, right):
            continue
        keep, drop = (left, right) if len(groups.gains[left]) >= len(groups.gains[right]) else (right, left)
        parent[drop] = keep
        for other in groups.join(keep, drop):
            priority = -groups.priority(keep, other)
            if priority < 0:
                heapq.heappush(queue, (priority, min(keep, other), max(keep, other)))
    labels = []
    for node in range(len(parent)):
        root = node
        while parent[root] != root:
            root = parent[root]
        parent[node] = root
        labels.append(root)
    return labels
