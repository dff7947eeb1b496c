"""Local search: moving nodes between neighbouring clusters, out of a cluster, and joining clusters.

Belongs here: Kernighan-Lin with joins (Keuper et al. 2015, as in contraction.py). Does not: a first partition.
For two clusters (or one and an empty one) nodes are moved one after the other, each time the one that gains most or costs least, each once;
the best moment of the sequence is kept if it gains anything. Work is bounded by `max_passes` and `max_moves`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from resolvers.clustering.problem import Problem

LARGEST_PAIR = 400
"""Two clusters with more nodes together stay as contraction left them."""


def _best_moves(gain: NDArray[np.int64], first: int) -> tuple[int, NDArray[np.bool_]]:
    """Largest improvement by a sequence of moves between nodes [0, first) and the rest; the sides (True: the second) after it."""
    nodes = len(gain)
    second = np.arange(nodes) >= first
    to_second = gain[:, second].sum(axis=1)
    benefit = np.where(second, -1, 1) * (2 * to_second - gain.sum(axis=1))
    free, total, best, moved = np.ones(nodes, np.bool_), 0, 0, 0
    order = []
    for step in range(nodes - (first == nodes)):
        node = int(np.where(free, benefit, np.iinfo(np.int64).min).argmax())
        total += int(benefit[node])
        order.append(node)
        free[node] = False
        toward = np.where(second == second[node], 2, -2)
        benefit += toward * gain[node]
        second[node] = not second[node]
        if total > best:
            best, moved = total, step + 1
    sides = np.arange(nodes) >= first
    sides[order[:moved]] ^= True
    return best, sides


class _Search:
    """Clusters of a component under local search; a cluster is a list of nodes under a label."""

    def __init__(self, problem: Problem, labels: list[int], max_moves: int) -> None:
        self.problem, self.label, self.budget = problem, list(labels), max_moves
        self.members: dict[int, list[int]] = {}
        for node, label in enumerate(labels):
            self.members.setdefault(label, []).append(node)
        self.fresh = len(labels)

    def neighbours(self, label: int) -> list[int]:
        """Clusters with evidence for a join with a cluster, in the order of their first nodes."""
        found = {self.label[o] for node in self.members[label] for o, gain in self.problem.gains[node].items() if gain > 0}
        return sorted(found - {label}, key=lambda other: self.members[other][0])

    def replace(self, old: tuple[int, ...], new: list[list[int]]) -> list[int]:
        """Put clusters in the place of others; their labels."""
        for label in old:
            del self.members[label]
        labels = []
        for nodes in new:
            label, self.fresh = self.fresh, self.fresh + 1
            self.members[label] = sorted(nodes)
            for node in nodes:
                self.label[node] = label
            labels.append(label)
        return labels

    def improve_pair(self, left: int, right: int | None) -> list[int] | None:
        """Better clusters in place of two (or of one, by splitting it); None when nothing gains."""
        a, b = self.members[left], [] if right is None else self.members[right]
        size = len(a) + len(b)
        if size > LARGEST_PAIR or size * size > self.budget or size < 2:
            return None
        self.budget -= size * size
        gain = self.problem.dense([*a, *b])
        join = int(gain[: len(a), len(a) :].sum())
        best, sides = _best_moves(gain, len(a))
        if max(join, best) <= 0:
            return None
        nodes = [*a, *b]
        if join >= best:
            sides[:] = True
        parts = [[node for node, there in zip(nodes, sides.tolist(), strict=True) if there is side] for side in (False, True)]
        return self.replace((left,) if right is None else (left, right), [part for part in parts if part])


def improve(problem: Problem, labels: list[int], *, max_passes: int, max_moves: int) -> list[int]:
    """Label per node after local search; the sum of gains is never smaller than before, and what is forbidden stays apart."""
    search = _Search(problem, labels, max_moves)
    changed = set(search.members)
    for _ in range(max_passes):
        waiting, changed = sorted(changed & set(search.members), key=lambda label: search.members[label][0]), set()
        for label in waiting:
            if label not in search.members:
                continue
            for other in (None, *search.neighbours(label)):
                better = search.improve_pair(label, other)
                if better is not None:
                    changed.update(better)
                    break
        if not changed:
            break
        changed.update(*(search.neighbours(label) for label in changed & set(search.members)))
    return search.label
