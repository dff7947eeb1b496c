"""What clustering reads and gives back: edges, what may not be joined, options, the partition.

Belongs here: these shapes and their checks. Does not: any decision.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]
Weights = NDArray[np.float64]
Flags = NDArray[np.bool_]

RIVAL = "rival"
"""Cut reason: two clusters that are two people claim a node nearly alike."""
OVER_MERGED = "over_merged"
"""Cut reason: the evidence against one cluster outweighs the edge."""
DECIDED = "decided"
"""Default reason of a cannot-link."""


def no_ids() -> Ids:
    return np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class Edges:
    """Compared pairs, one row per edge; two rows may name one pair (the stronger acceptable one counts).

    weight: log2 odds that the pair is one person. acceptable: may the edge join, or be a rival's claim; one that may not is
    evidence against at most.
    """

    left: Ids
    right: Ids
    weight: Weights
    acceptable: Flags

    def __post_init__(self) -> None:
        if not (len(self.left) == len(self.right) == len(self.weight) == len(self.acceptable)):
            raise ValueError("edges: left, right, weight and acceptable differ in length")
        if len(self.weight) and not np.isfinite(self.weight).all():
            raise ValueError("edges: a weight is not a finite number")

    @classmethod
    def of(cls, rows: Iterable[tuple[int, int, float]], acceptable: Iterable[bool] | None = None) -> Edges:
        """Edges from (left, right, weight); all acceptable unless said otherwise."""
        kept = list(rows)
        flags = [True] * len(kept) if acceptable is None else list(acceptable)
        return cls(
            np.array([left for left, _, _ in kept], np.int64),
            np.array([right for _, right, _ in kept], np.int64),
            np.array([weight for _, _, weight in kept], np.float64),
            np.array(flags, np.bool_),
        )


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Cannot-links by a value of the nodes, for which listing all pairs would be too much.

    One row per node and value; a node may have several or none. exclude_same: nodes that share a value are two (two roles of one record,
    two rows of a table without duplicates). Otherwise: nodes of different values are two (numbers), except values listed in `allowed`.
    """

    reason: str
    nodes: Ids
    values: Ids
    exclude_same: bool
    allowed: frozenset[tuple[int, int]] = frozenset()
    """pairs of values, smaller first, that may be in one cluster all the same"""


@dataclass(frozen=True, slots=True)
class CannotLinks:
    """What is known to be two: pairs with the code of a reason (place in `reasons`), and exclusions."""

    left: Ids = field(default_factory=no_ids)
    right: Ids = field(default_factory=no_ids)
    code: Ids = field(default_factory=no_ids)
    reasons: tuple[str, ...] = (DECIDED,)
    exclusions: tuple[Exclusion, ...] = ()

    @classmethod
    def of(cls, pairs: Iterable[tuple[int, int]], reason: str = DECIDED) -> CannotLinks:
        kept = list(pairs)
        left, right = (np.array([pair[side] for pair in kept], np.int64) for side in (0, 1))
        return cls(left, right, np.zeros(len(kept), np.int64), (reason,))


@dataclass(frozen=True, slots=True)
class Options:
    """How to cluster. All weights in log2 odds.

    threshold: an acceptable edge from here on speaks for a join; what it has above is its gain.
    against: an edge below speaks against a join; what it lacks is its loss. Edges between this and the threshold say nothing. None: the
    threshold, so that nothing lies between.
    absent_weight: gain of a pair without an edge, zero or negative.
    method: `correlation` maximises the sum of gains inside clusters; `average` joins while the mean gain between two clusters is positive.
    min_density: a cluster of three or more in which a smaller share of the pairs has a joining edge is cut further.
    lead: a loose node that two clusters, known to be two people, claim with less difference than this joins neither; None: no such rule.
    exact_nodes: components up to this size are solved exactly (memory and time 3^n).
    max_passes, max_moves: bounds of the local search (passes over all neighbouring clusters; sum of squared cluster sizes looked at).
    """

    threshold: float = 0.0
    against: float | None = None
    absent_weight: float = 0.0
    method: Literal["correlation", "average"] = "correlation"
    min_density: float = 0.0
    lead: float | None = None
    exact_nodes: int = 12
    max_passes: int = 20
    max_moves: int = 20_000_000

    def __post_init__(self) -> None:
        if self.absent_weight > 0:
            raise ValueError("absent_weight: a pair that nobody compared cannot speak for a join; give zero or less")
        if self.against is not None and self.against > self.threshold:
            raise ValueError("against: an edge cannot speak for and against a join; give the threshold or less")
        if not 0 <= self.exact_nodes <= 14:
            raise ValueError("exact_nodes: between 0 and 14")


@dataclass(frozen=True, slots=True)
class Cut:
    """An acceptable edge above the threshold that joins nothing: its place in the edges, why, and by which method."""

    edge: int
    reason: str
    method: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A must-link that cannot hold together with the cannot-links (and the other must-links): its place, and the reason against it."""

    must: int
    reason: str


@dataclass(frozen=True, slots=True)
class Statistics:
    """One row per cluster of two or more nodes, by cluster. weakest: weight of the weakest edge of its strongest spanning tree (NaN where
    must-links alone hold it); density: share of its pairs with a joining edge."""

    cluster: Ids
    size: Ids
    density: Weights
    weakest: Weights


@dataclass(frozen=True, slots=True)
class Partition:
    """node: every node that an edge or a must-link names, ascending; cluster: the smallest node of its cluster.

    used: places of a spanning set of edges (with the must-links that hold). Objective: sum of gains inside, in log2 odds.
    """

    node: Ids
    cluster: Ids
    used: Ids
    cuts: tuple[Cut, ...]
    refused: tuple[Refused, ...]
    objective: float

    def statistics(self, edges: Edges, threshold: float) -> Statistics:
        """Size, density and weakest link of clusters with two or more nodes."""
        clusters, of_node = np.unique(self.cluster, return_inverse=True)
        size = np.bincount(of_node, minlength=len(clusters)).astype(np.int64)
        left, right = (of_node[np.searchsorted(self.node, side)] for side in (edges.left, edges.right))
        inside = (left == right) & edges.acceptable & (edges.weight >= threshold) & (edges.left != edges.right)
        pairs = np.unique(np.stack([np.minimum(edges.left, edges.right), np.maximum(edges.left, edges.right)])[:, inside], axis=1)
        joined = np.bincount(of_node[np.searchsorted(self.node, pairs[0])], minlength=len(clusters))
        weakest = np.full(len(clusters), np.inf)
        np.minimum.at(weakest, left[self.used], edges.weight[self.used])
        several = size > 1
        density = joined[several] / (size[several] * (size[several] - 1) / 2)
        found = np.where(np.isfinite(weakest), weakest, np.nan)[several]
        return Statistics(clusters[several], size[several], density.astype(np.float64), found)
