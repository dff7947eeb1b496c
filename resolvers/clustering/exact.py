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

LARGEST_BATCH = 1 << 20
"""Subsets, of all components together, that are looked at in one go."""


@cache
def _subsets(mask: int) -> Ids:
    """All subsets of a bit mask, ascending."""
    found = np.zeros(1, np.int64)
    for bit in range(mask.bit_length()):
        if mask >> bit & 1:
            found = np.concatenate([found, found + (1 << bit)])
    return found


def _values(gain: NDArray[np.int64]) -> Ids:
    """Sum of gains inside every subset: one row per subset, one column per component."""
    batch, nodes, _ = gain.shape
    value = np.zeros((1 << nodes, batch), np.int64)
    for top in range(nodes):
        beside = np.zeros((1 << top, batch), np.int64)
        for bit in range(top):
            beside[1 << bit : 2 << bit] = beside[: 1 << bit] + gain[:, top, bit]
        value[1 << top : 2 << top] = value[: 1 << top] + beside
    return value


def solve(gain: NDArray[np.int64]) -> Ids:
    """Labels (component, node) of the partitions with the largest sums of `gain`.

    gain: (component, node, node), symmetric, forbidden pairs hugely negative; many components of one size at once.
    """
    batch, nodes, _ = gain.shape
    step = max(1, LARGEST_BATCH >> nodes)
    if batch > step:
        return np.concatenate([solve(gain[start : start + step]) for start in range(0, batch, step)])
    value, column = _values(gain), np.arange(batch)
    best, choice = np.zeros_like(value), np.zeros_like(value)
    for mask in range(1, 1 << nodes):
        low = mask & -mask
        rest = mask ^ low
        subsets = _subsets(rest)
        totals = value[subsets + low] + best[rest - subsets]
        place = totals.argmax(axis=0)
        best[mask], choice[mask] = totals[place, column], subsets[place] + low
    labels, left = np.zeros((batch, nodes), np.int64), np.full(batch, (1 << nodes) - 1)
    for label in range(nodes):
        chosen = choice[left, column]
        labels[(chosen[:, None] >> np.arange(nodes)) & 1 == 1] = label
        left = left ^ chosen
    return labels
