"""Solving components: exactly when small, otherwise greedily with local search; then minimum density.

Belongs here: which method for which component. Does not: the methods, and which components need one (partitioning.py).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from resolvers.clustering import contraction, exact, moves
from resolvers.clustering.graph import Options
from resolvers.clustering.problem import SCALE, Problem

EXACT, LOCAL_SEARCH, AVERAGE, DENSITY = "exact", "contraction_kernighan_lin", "average_linkage", "density"
"""Names of methods, as cuts carry them."""

_LAST_ABSENT = -(1 << 38)
"""Beyond, only clusters whose pairs all have an edge are left."""


def solve(problems: Sequence[Problem], options: Options) -> list[tuple[list[int], str]]:
    """Label per node (any numbers) and the method, for every problem."""
    first = _partitions(problems, options)
    found = []
    for problem, (labels, method) in zip(problems, first, strict=True):
        connected = _connected(problem, labels)
        found.append((_dense_enough(problem, connected, options) if options.min_density > 0 else connected, method))
    return found


def _partitions(problems: Sequence[Problem], options: Options) -> list[tuple[list[int], str]]:
    """Small problems of one size are solved together."""
    found: dict[int, tuple[list[int], str]] = {}
    small: dict[int, list[int]] = {}
    for place, problem in enumerate(problems):
        if options.method == "correlation" and len(problem.nodes) <= options.exact_nodes:
            small.setdefault(len(problem.nodes), []).append(place)
        else:
            found[place] = _partition(problem, options)
    for size, places in small.items():
        solved = exact.solve(np.stack([problems[place].dense(range(size)) for place in places]))
        found |= {place: (labels, EXACT) for place, labels in zip(places, solved.tolist(), strict=True)}
    return [found[place] for place in range(len(problems))]


def _partition(problem: Problem, options: Options) -> tuple[list[int], str]:
    if options.method == "average":
        return contraction.contract(problem, average=True), AVERAGE
    first = contraction.contract(problem)
    return moves.improve(problem, first, max_passes=options.max_passes, max_moves=options.max_moves), LOCAL_SEARCH


def groups_of(labels: list[int]) -> list[list[int]]:
    """Nodes by label, in the order of their first nodes."""
    found: dict[int, list[int]] = {}
    for node, label in enumerate(labels):
        found.setdefault(label, []).append(node)
    return list(found.values())


def _connected(problem: Problem, labels: list[int]) -> list[int]:
    """Parts of a cluster that no evidence for a join connects are clusters of their own; that never costs anything."""
    found = [-1] * len(labels)
    for start in range(len(labels)):
        if found[start] >= 0:
            continue
        found[start], waiting = start, [start]
        while waiting:
            node = waiting.pop()
            for other, gain in problem.gains[node].items():
                if gain > 0 and found[other] < 0 and labels[other] == labels[node]:
                    found[other] = start
                    waiting.append(other)
    return found


def density(problem: Problem, nodes: list[int]) -> float:
    """Share of the pairs of nodes with evidence for a join; 1 for two nodes or one."""
    if len(nodes) < 3:
        return 1.0
    inside = set(nodes)
    joined = sum(1 for node in nodes for other, gain in problem.gains[node].items() if gain > 0 and other in inside)
    return joined / (len(nodes) * (len(nodes) - 1))


def _dense_enough(problem: Problem, labels: list[int], options: Options) -> list[int]:
    """Cut clusters below the minimum density by letting pairs without an edge weigh ever more."""
    found = list(labels)
    fresh = len(labels)
    for nodes in groups_of(labels):
        waiting = [(nodes, min(problem.absent * 2, -SCALE))]
        while waiting:
            part, absent = waiting.pop()
            if density(problem, part) >= options.min_density or absent < _LAST_ABSENT:
                for node in part:
                    found[node] = fresh
                fresh += 1
                continue
            smaller = problem.part(part, absent)
            pieces = groups_of(_connected(smaller, _partitions([smaller], options)[0][0]))
            waiting.extend(([part[place] for place in piece], absent * 2) for piece in pieces)
    return found
