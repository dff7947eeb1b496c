"""One component to be solved: contracted nodes, gains in whole numbers, what is forbidden.

Belongs here: the shape, its dense form, and the order of nodes that depends on weights only. Does not: solving.

Gains are whole numbers (2^-20 of a bit), so that sums do not depend on the order of adding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resolvers.clustering.conflicts import Conflicts

SCALE = 1 << 20
LARGEST_WEIGHT = 200.0
"""Weights beyond are as good as certain; the bound keeps sums inside 64 bits."""
FORBIDDEN = -(1 << 45)
"""Gain of a forbidden pair in dense form: less than all evidence of a component together."""


@dataclass(slots=True)
class Problem:
    """nodes: their global places; sizes: how many records stand behind each; gains and pairs: per node, by neighbour, the sum of gains and
    the number of compared records; absent: gain of a pair of records that was not compared."""

    nodes: list[int]
    sizes: list[int]
    gains: list[dict[int, int]]
    pairs: list[dict[int, int]]
    absent: int
    enemies: list[set[int]]
    values: list[list[set[int]]]
    conflicts: Conflicts

    def forbidden(self, left: int, right: int) -> bool:
        return right in self.enemies[left] or any(
            rule.forbids(values[left], values[right]) for rule, values in zip(self.conflicts.rules, self.values, strict=True)
        )

    def gain(self, left: int, right: int) -> int:
        """Gain of two nodes in one cluster, forbidden or not."""
        missing = self.sizes[left] * self.sizes[right] - self.pairs[left].get(right, 0)
        return self.gains[left].get(right, 0) + self.absent * missing

    def dense(self, nodes: Sequence[int]) -> NDArray[np.int64]:
        """Symmetric gains among some of the nodes, FORBIDDEN where forbidden."""
        place = {node: position for position, node in enumerate(nodes)}
        sizes = np.array([self.sizes[node] for node in nodes], np.int64)
        found = self.absent * np.outer(sizes, sizes)
        np.fill_diagonal(found, 0)
        ruled = [position for position, node in enumerate(nodes) if any(values[node] for values in self.values)]
        for position, node in enumerate(nodes):
            for other, gain in self.gains[node].items():
                if other in place:
                    found[position, place[other]] += gain - self.absent * self.pairs[node][other]
            for other in self.enemies[node]:
                if other in place:
                    found[position, place[other]] = FORBIDDEN
        for start, left in enumerate(ruled):
            for right in ruled[start + 1 :]:
                if self.forbidden(nodes[left], nodes[right]):
                    found[left, right] = found[right, left] = FORBIDDEN
        return found

    def part(self, nodes: Sequence[int], absent: int) -> Problem:
        """Some of the nodes alone, with another gain of pairs that were not compared."""
        place = {node: position for position, node in enumerate(nodes)}
        return Problem(
            [self.nodes[node] for node in nodes],
            [self.sizes[node] for node in nodes],
            [{place[o]: gain for o, gain in self.gains[node].items() if o in place} for node in nodes],
            [{place[o]: pairs for o, pairs in self.pairs[node].items() if o in place} for node in nodes],
            absent,
            [{place[o] for o in self.enemies[node] if o in place} for node in nodes],
            [[values[node] for node in nodes] for values in self.values],
            self.conflicts,
        )


def build(
    nodes: Sequence[int], rows: Sequence[tuple[int, int, int, int]], sizes: Sequence[int], absent: int, conflicts: Conflicts
) -> Problem:
    """A problem from rows (left, right, gain, pairs) among `nodes`.

    Nodes are put in the order of their incident gains, so that the result does not depend on how they are numbered.
    """
    incident: dict[int, list[int]] = {node: [] for node in nodes}
    for left, right, gain, _ in rows:
        incident[left].append(-gain)
        incident[right].append(-gain)
    size_of = dict(zip(nodes, sizes, strict=True))
    ordered = sorted(nodes, key=lambda node: (sorted(incident[node]), size_of[node], node))
    place = {node: position for position, node in enumerate(ordered)}
    gains: list[dict[int, int]] = [{} for _ in ordered]
    pairs: list[dict[int, int]] = [{} for _ in ordered]
    for left, right, gain, compared in sorted(rows, key=lambda row: (-row[2], row[0], row[1])):
        a, b = place[left], place[right]
        gains[a][b] = gains[b][a] = gain
        pairs[a][b] = pairs[b][a] = compared
    return Problem(
        ordered,
        [size_of[node] for node in ordered],
        gains,
        pairs,
        absent,
        [{place[other] for other in conflicts.enemies(node) if other in place} for node in ordered],
        [[rule.of([node]) for node in ordered] for rule in conflicts.rules],
        conflicts,
    )
