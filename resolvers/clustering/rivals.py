"""Abstention: a loose node that two people claim nearly alike joins neither.

Belongs here: the rule, applied to finished clusters. Does not: making them.

Each cluster that a rival touches is joined again along its own edges in order of weight. A group of loose nodes only does not join another
group of the cluster when a different cluster, known to be two people with that group, claims one of its nodes with a weight less than
`lead` below the edge. What stays apart is a cluster of its own.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from resolvers.clustering.conflicts import Conflicts
from resolvers.clustering.graph import Flags, Ids, Weights
from resolvers.clustering.pairs import Pairs


@dataclass(frozen=True, slots=True)
class _Claims:
    """By loose node: the clusters outside of its own that claim it, with the weight, strongest first."""

    of_node: dict[int, list[tuple[float, int]]]


def abstain(pairs: Pairs, label: Ids, loose: Flags, conflicts: Conflicts, lead: float) -> tuple[Ids, Ids]:
    """Labels (0 to k - 1 and new ones) after abstention, and the nodes that left their cluster or were left."""
    count = int(label.max(initial=-1)) + 1
    inside = (label[pairs.left] == label[pairs.right]) & pairs.joins
    weakest = np.full(count, np.inf)
    np.minimum.at(weakest, label[pairs.left[inside]], pairs.weight[inside])
    claims = _rival_claims(pairs, label, loose, conflicts, weakest - lead)
    touched = {int(label[node]) for node in claims.of_node}
    if not touched:
        return label, np.empty(0, np.int64)
    members = _members(label, touched | {cluster for rows in claims.of_node.values() for _, cluster in rows})
    rows_of: dict[int, list[int]] = defaultdict(list)
    wanted = np.zeros(count, np.bool_)
    wanted[list(touched)] = True
    for row in np.flatnonzero(inside & wanted[label[pairs.left]]).tolist():
        rows_of[int(label[pairs.left[row]])].append(row)
    found, fresh = label.copy(), count
    left_out: list[int] = []
    for cluster in sorted(touched):
        groups = _rejoin(pairs, rows_of[cluster], members[cluster], loose, claims, members, conflicts, lead)
        keep = max(groups, key=lambda group: (len(group), -group[0]))
        for group in groups:
            if group is not keep:
                found[group] = fresh
                fresh += 1
        if len(groups) > 1:
            left_out.extend(node for group in groups if all(loose[node] for node in group) for node in group)
    return found, np.array(sorted(left_out), np.int64)


def _members(label: Ids, wanted: set[int]) -> dict[int, list[int]]:
    chosen = np.zeros(int(label.max()) + 1, np.bool_)
    chosen[list(wanted)] = True
    members: dict[int, list[int]] = defaultdict(list)
    for node in np.flatnonzero(chosen[label]).tolist():
        members[int(label[node])].append(node)
    return members


def _rival_claims(pairs: Pairs, label: Ids, loose: Flags, conflicts: Conflicts, lowest: Weights) -> _Claims:
    """Claims from outside strong enough to matter, by clusters that are two people with the own cluster of the node."""
    found: dict[int, list[tuple[float, int]]] = defaultdict(list)
    across = label[pairs.left] != label[pairs.right]
    rows = []
    for node, other in ((pairs.left, pairs.right), (pairs.right, pairs.left)):
        strong = np.flatnonzero(across & loose[node] & (pairs.claim > lowest[label[node]]))
        rows.append(np.stack([node[strong], label[node[strong]], label[other[strong]], strong], axis=1))
    every = np.concatenate(rows)
    forbidden = _two_people(every[:, 1], every[:, 2], label, conflicts)
    for node, _, cluster, row in every[forbidden].tolist():
        found[node].append((float(pairs.claim[row]), cluster))
    return _Claims({node: sorted(rows, key=lambda row: (-row[0], row[1])) for node, rows in found.items()})


def _two_people(own: Ids, other: Ids, label: Ids, conflicts: Conflicts) -> Flags:
    """For pairs of clusters: whether they can hold a forbidden pair (exactly known for pairs; for values a first sieve)."""
    count = int(label.max(initial=-1)) + 1
    low, high = np.minimum(label[conflicts.left], label[conflicts.right]), np.maximum(label[conflicts.left], label[conflicts.right])
    found = np.isin(np.minimum(own, other) * count + np.maximum(own, other), low * count + high)
    for rule in conflicts.rules:
        owners = label[np.repeat(np.arange(conflicts.count), np.diff(rule.starts))]
        if not len(owners):
            continue
        if rule.exclude_same:
            found |= _share_a_value(own, other, owners, rule.values, count)
            continue
        least, most = np.full(count, np.iinfo(np.int64).max), np.full(count, np.iinfo(np.int64).min)
        np.minimum.at(least, owners, rule.values)
        np.maximum.at(most, owners, rule.values)
        stated = least <= most
        one_value = (least[own] == most[own]) & (least[other] == most[other]) & (least[own] == least[other])
        found |= stated[own] & stated[other] & ~one_value
    return found


def _share_a_value(own: Ids, other: Ids, owners: Ids, values: Ids, count: int) -> Flags:
    """For pairs of clusters: whether both have a node with the same value."""
    _, code = np.unique(values, return_inverse=True)
    rows = np.unique(np.stack([owners, code.astype(np.int64)], axis=1), axis=0)
    starts = np.searchsorted(rows[:, 0], np.arange(count + 1))
    lengths = (starts[1:] - starts[:-1])[own]
    pair = np.repeat(np.arange(len(own)), lengths)
    place = np.arange(len(pair)) - np.repeat(np.cumsum(lengths) - lengths, lengths) + np.repeat(starts[own], lengths)
    width = int(code.max(initial=0)) + 1
    hit = np.isin(other[pair] * width + rows[place, 1], rows[:, 0] * width + rows[:, 1])
    found = np.zeros(len(own), np.bool_)
    found[pair[hit]] = True
    return found


def _rejoin(
    pairs: Pairs,
    rows: list[int],
    nodes: list[int],
    loose: Flags,
    claims: _Claims,
    members: dict[int, list[int]],
    conflicts: Conflicts,
    lead: float,
) -> list[list[int]]:
    """Groups into which a cluster falls when its edges join again in order of weight, rivals heeded."""
    group_of = {node: [node] for node in nodes}

    def has_rival(group: list[int], chosen: list[int], weight: float) -> bool:
        if not all(loose[node] for node in group):
            return False
        return any(
            claim > weight - lead and conflicts.between(members[cluster], chosen) is not None
            for node in group
            for claim, cluster in claims.of_node.get(node, ())
        )

    for row in sorted(rows, key=lambda row: (-pairs.weight[row], pairs.left[row], pairs.right[row])):
        left, right = group_of[int(pairs.left[row])], group_of[int(pairs.right[row])]
        weight = float(pairs.weight[row])
        if left is right or has_rival(left, right, weight) or has_rival(right, left, weight):
            continue
        joined = sorted([*left, *right])
        for node in joined:
            group_of[node] = joined
    return list({id(group): group for group in group_of.values()}.values())
