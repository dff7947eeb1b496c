"""Edges as pairs of contracted nodes, in arrays.

Belongs here: one row per pair (parallel edges put together), connected components, spanning trees. Does not: deciding.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree

from resolvers.clustering.graph import Edges, Flags, Ids, Weights
from resolvers.clustering.problem import LARGEST_WEIGHT, SCALE


@dataclass(frozen=True, slots=True)
class Pairs:
    """One row per pair of nodes (left < right). gain: sum of gains; compared: pairs of records with an edge; joins: has an edge that may
    join; weight: strongest such edge (-inf without); claim: strongest acceptable edge, below the threshold too; edge: its place."""

    left: Ids
    right: Ids
    gain: Ids
    compared: Ids
    joins: Flags
    weight: Weights
    claim: Weights
    edge: Ids


def _first_rows(left: Ids, right: Ids) -> Flags:
    """Marks the first row of every pair in sorted arrays."""
    first = np.ones(len(left), np.bool_)
    first[1:] = (left[1:] != left[:-1]) | (right[1:] != right[:-1])
    return first


def gather(edges: Edges, left: Ids, right: Ids, group: Ids, threshold: float, against: float) -> Pairs:
    """Pairs of groups from edges between nodes; edges inside a group are left out.

    left, right: nodes of the edges (0 to n - 1). Of parallel edges the strongest acceptable one counts, once.
    """
    low, high = np.minimum(left, right), np.maximum(left, right)
    order = np.lexsort((np.arange(len(low)), -edges.weight, ~edges.acceptable, high, low))
    order = order[group[low[order]] != group[high[order]]]
    first = _first_rows(low[order], high[order])
    kept = order[first]
    weight = np.clip(edges.weight[kept], -LARGEST_WEIGHT, LARGEST_WEIGHT)
    joins = edges.acceptable[kept] & (edges.weight[kept] >= threshold)
    gain = np.rint((weight - np.where(joins, threshold, against)) * SCALE).astype(np.int64)
    gain = np.where(joins, np.maximum(gain, 1), np.minimum(gain, 0))
    return _grouped(group[low[kept]], group[high[kept]], gain, joins, edges.weight[kept], edges.acceptable[kept], kept)


def _grouped(left: Ids, right: Ids, gain: Ids, joins: Flags, weight: Weights, acceptable: Flags, edge: Ids) -> Pairs:
    low, high = np.minimum(left, right), np.maximum(left, right)
    order = np.lexsort((edge, -weight, ~acceptable, high, low))
    first = _first_rows(low[order], high[order])
    starts = np.flatnonzero(first)
    if not len(starts):
        return Pairs(low, high, gain, gain.copy(), joins, weight, weight, edge)
    kept = order[first]
    claim = np.where(acceptable[kept], weight[kept], -np.inf)
    return Pairs(
        low[kept],
        high[kept],
        np.add.reduceat(gain[order], starts),
        np.add.reduceat(np.ones(len(order), np.int64), starts),
        joins[kept],
        np.where(joins[kept], claim, -np.inf),
        claim,
        edge[kept],
    )


def components(left: Ids, right: Ids, count: int) -> tuple[int, Ids]:
    """Number of connected components of nodes 0 to count - 1, and the component of each."""
    if count == 0:
        return 0, np.empty(0, np.int64)
    matrix = coo_array((np.ones(len(left), np.int8), (left, right)), shape=(count, count))
    found, labels = connected_components(matrix, directed=False)
    return int(found), labels.astype(np.int64)


def strongest_tree(pairs: Pairs, rows: Ids, count: int) -> Ids:
    """Rows (out of `rows`) of the spanning trees with the strongest edges; ties by nodes."""
    if not len(rows):
        return rows
    ordered = rows[np.lexsort((pairs.right[rows], pairs.left[rows], -pairs.weight[rows]))]
    rank = np.arange(1, len(ordered) + 1, dtype=np.float64)
    matrix = coo_array((rank, (pairs.left[ordered], pairs.right[ordered])), shape=(count, count))
    tree = minimum_spanning_tree(matrix.tocsr())
    found: Ids = ordered[np.sort(tree.data.astype(np.int64)) - 1]
    return found
