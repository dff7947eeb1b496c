"""The best partition of few nodes, by dynamic programming over subsets.

Belongs here: the exact solution, 3^n steps in arrays. Does not: larger components (contraction.py, moves.py).
best[S] = max over T in S that hold the smallest node of S: value[T] + best[S without T]. Ties go to the smaller first cluster, so that
nothing is joined for no gain.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from resolvers.clustering.graph import Ids


@cache
def _subsets(mask: int) -> Ids:
    """All subsets of a bit mask, ascending."""
    found = np.zeros(1, np.int64)
    for bit in range(mask.bit_length()):
        if mask >> bit & 1:
            found = np.concatenate([found, found + (1 << bit)])
    return found


def _values(gain: NDArray[np.int64]) -> Ids:
    """Sum of gains inside every subset."""
    nodes = len(gain)
    value = np.zeros(1 << nodes, np.int64)
    for top in range(nodes):
        beside = np.zeros(1 << top, np.int64)
        for bit in range(top):
            beside[1 << bit : 2 << bit] = beside[: 1 << bit] + gain[top, bit]
        value[1 << top : 2 << top] = value[: 1 << top] + beside
    return value


def solve(gain: NDArray[np.int64]) -> list[int]:
    """Label per node of the partition with the largest sum of `gain` (symmetric, forbidden pairs hugely negative)."""
    nodes = len(gain)
    value = _values(gain)
    best, choice = np.zeros(1 << nodes, np.int64), np.zeros(1 << nodes, np.int64)
    for mask in range(1, 1 << nodes):
        low = mask & -mask
        rest = mask ^ low
        subsets = _subsets(rest)
        totals = value[subsets + low] + best[rest - subsets]
        place = int(totals.argmax())
        best[mask], choice[mask] = totals[place], subsets[place] + low
    labels, mask, label = [0] * nodes, (1 << nodes) - 1, 0
    while mask:
        chosen = int(choice[mask])
        for node in range(nodes):
            if chosen >> node & 1:
                labels[node] = label
        mask ^= chosen
        label += 1
    return labels
