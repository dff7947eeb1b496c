"""Which nodes, and which groups of nodes, are known to be two.

Belongs here: looking up cannot-links in arrays sorted by node. Does not: what follows from them.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from resolvers.clustering.graph import CannotLinks, Flags, Ids


@dataclass(frozen=True, slots=True)
class _Values:
    """Values of one exclusion by node: those of node n are values[starts[n]:starts[n + 1]]."""

    reason: str
    exclude_same: bool
    allowed: frozenset[tuple[int, int]]
    starts: Ids
    values: Ids

    def of(self, nodes: Collection[int]) -> set[int]:
        return {value for node in nodes for value in self.values[self.starts[node] : self.starts[node + 1]].tolist()}

    def forbids(self, left: set[int], right: set[int]) -> bool:
        """Whether groups with these values are two."""
        if not left or not right:
            return False
        if self.exclude_same:
            return not left.isdisjoint(right)
        if len(left) == 1 and left == right:
            return False
        return any(a != b and (min(a, b), max(a, b)) not in self.allowed for a in left for b in right)

    def forbids_within(self, values: list[int]) -> bool:
        """Whether nodes with these values (one entry per node and value) hold a forbidden pair."""
        if self.exclude_same:
            return len(values) > len(set(values))
        return any(pair not in self.allowed for pair in itertools.combinations(sorted(set(values)), 2))


def _starts(sorted_nodes: Ids, count: int) -> Ids:
    return np.searchsorted(sorted_nodes, np.arange(count + 1)).astype(np.int64)


class Conflicts:
    """Cannot-links between nodes 0 to count - 1."""

    def __init__(self, count: int, left: Ids, right: Ids, code: Ids, reasons: tuple[str, ...]) -> None:
        self.count, self.reasons = count, reasons
        self.left, self.right, self.code = left, right, code
        both, other, codes = np.concatenate([left, right]), np.concatenate([right, left]), np.concatenate([code, code])
        order = np.lexsort((codes, other, both))
        self._starts, self._other, self._code = _starts(both[order], count), other[order], codes[order]
        self.rules: list[_Values] = []

    @classmethod
    def build(cls, cannot: CannotLinks, nodes: Ids) -> Conflicts:
        """Cannot-links among `nodes` (ascending ids), which become 0 to n - 1; others are left out."""
        known = np.isin(cannot.left, nodes) & np.isin(cannot.right, nodes) & (cannot.left != cannot.right)
        left, right = (np.searchsorted(nodes, side[known]).astype(np.int64) for side in (cannot.left, cannot.right))
        built = cls(len(nodes), left, right, cannot.code[known], cannot.reasons)
        for rule in cannot.exclusions:
            stated = np.isin(rule.nodes, nodes)
            rows = np.unique(np.stack([np.searchsorted(nodes, rule.nodes[stated]), rule.values[stated]], axis=1), axis=0)
            built.rules.append(_Values(rule.reason, rule.exclude_same, rule.allowed, _starts(rows[:, 0], len(nodes)), rows[:, 1]))
        return built

    def contracted(self, group: Ids, count: int) -> Conflicts:
        """The same between groups of nodes; groups that hold a conflict themselves must not be made."""
        built = Conflicts(count, group[self.left], group[self.right], self.code, self.reasons)
        for rule in self.rules:
            owners = group[np.repeat(np.arange(self.count), np.diff(rule.starts))]
            rows = np.unique(np.stack([owners, rule.values], axis=1), axis=0)
            built.rules.append(_Values(rule.reason, rule.exclude_same, rule.allowed, _starts(rows[:, 0], count), rows[:, 1]))
        return built

    def enemies(self, node: int) -> list[int]:
        """Nodes that a pair forbids beside `node` (values apart)."""
        found: list[int] = self._other[self._starts[node] : self._starts[node + 1]].tolist()
        return found

    def enemies_with_codes(self, node: int) -> list[tuple[int, int]]:
        """The same with the codes of their reasons."""
        rows = slice(self._starts[node], self._starts[node + 1])
        return list(zip(self._other[rows].tolist(), self._code[rows].tolist(), strict=True))

    def within(self, label: Ids, count: int) -> Flags:
        """By label: whether its nodes hold a forbidden pair."""
        found = np.zeros(count, np.bool_)
        found[label[self.left][label[self.left] == label[self.right]]] = True
        for rule in self.rules:
            owners = label[np.repeat(np.arange(self.count), np.diff(rule.starts))]
            rows = np.stack([owners, rule.values], axis=1)
            rows = rows[np.lexsort((rule.values, owners))]
            same_label, same_value = (rows[1:, 0] == rows[:-1, 0]), (rows[1:, 1] == rows[:-1, 1])
            if rule.exclude_same:
                found[rows[1:, 0][same_label & same_value]] = True
                continue
            suspects = np.unique(rows[1:, 0][same_label & ~same_value])
            bounds = np.searchsorted(rows[:, 0], np.stack([suspects, suspects + 1]))
            for suspect, start, end in zip(suspects.tolist(), *bounds.tolist(), strict=True):
                found[suspect] |= rule.forbids_within(rows[start:end, 1].tolist())
        return found

    def between(self, left: Collection[int], right: Collection[int]) -> str | None:
        """Reason why two groups of nodes are two: that of a pair (smallest code), then of the first exclusion; None without one."""
        few, many = (left, set(right)) if len(left) <= len(right) else (right, set(left))
        codes = [code for node in few for other, code in self.enemies_with_codes(node) if other in many] if len(self.left) else []
        if codes:
            return self.reasons[min(codes)]
        return next((rule.reason for rule in self.rules if rule.forbids(rule.of(left), rule.of(right))), None)

    def reason_within(self, nodes: Collection[int]) -> str:
        """Reason why the nodes are not one; for nodes of which `within` says so."""
        ordered = sorted(nodes)
        found = (self.between([node], ordered[:place]) for place, node in enumerate(ordered) if place)
        return next((reason for reason in found if reason), "")
