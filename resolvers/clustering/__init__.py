"""Clustering: from weighted pairs to clusters, under constraints. Nothing here knows of persons, tables or cities: arrays in, arrays out.

Belongs here: correlation clustering (Bansal, Blum, Chawla 2004), exact by subsets for small components, by greedy additive edge contraction
and Kernighan-Lin moves with joins (Keuper et al. 2015) for large ones; average linkage; cannot-links, must-links, abstention. Does not:
weights, what is known of two people (resolvers/linkage), tables (resolvers/tables).
"""

from resolvers.clustering.graph import (
    DECIDED,
    OVER_MERGED,
    RIVAL,
    CannotLinks,
    Cut,
    Edges,
    Exclusion,
    Options,
    Partition,
    Refused,
    Statistics,
)
from resolvers.clustering.partitioning import partition

__all__ = [
    "DECIDED",
    "OVER_MERGED",
    "RIVAL",
    "CannotLinks",
    "Cut",
    "Edges",
    "Exclusion",
    "Options",
    "Partition",
    "Refused",
    "Statistics",
    "partition",
]
