"""Which names are one organisation: edges between nodes, what forbids them, and clusters.

Belongs here: evidence from numbers, credit codes, former names, names without a county, slips. Does not: tables.
Weights are log2 odds of a reasoned scale (no training labels exist for organisations), not calibrated probabilities.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from resolvers.clustering import CannotLinks, Edges, Exclusion, partition
from resolvers.organisations.naming import CITY, EITHER, one_slip, read_name

WEIGHTS = {"credit_code": 20.0, "same_name": 12.0, "number": 10.0, "former_name": 8.0, "county_unsaid": 5.0, "slip": 3.0}
TRUSTED_SHARE = 0.95
"""A department's number is trusted when this share of its records carries names that fit its commonest one."""
RARE, TIMES = 2, 10
"""A slip without a number: at most RARE records, next to one single name with at least TIMES as many."""
_TELLING = frozenset("一二三四五六七八九十东西南北中上下前后老新大小男女")
"""Characters that tell two organisations apart, so that a difference in them is no slip."""


@dataclass(frozen=True, slots=True)
class Node:
    """One standard name: county, body, branch; records that carry it, its numbers (category:number), valid codes, former names."""

    county: str | None
    body: str
    branch: str
    ordinals: str
    records: int
    numbers: tuple[tuple[str, int], ...] = ()
    codes: tuple[str, ...] = ()
    formers: tuple[str, ...] = ()

    @property
    def said(self) -> str | None:
        """The county, where the name leaves no choice."""
        return None if self.county == EITHER else self.county

    def numbered_apart(self, other: Node) -> bool:
        """Whether a department keeps the two under different numbers."""
        one, two = _own_numbers(self), _own_numbers(other)
        return any(one[category] != two[category] for category in one.keys() & two.keys())


def _own_numbers(node: Node) -> dict[str, str]:
    """Per category the number that most records carry."""
    ordered = sorted(node.numbers, key=lambda held: (held[1], held[0]))
    return {number.split(":", 1)[0]: number for number, _ in ordered}


def clusters(nodes: Sequence[Node]) -> tuple[dict[int, int], dict[int, str]]:
    """(cluster of each node that is linked, strongest evidence of each such node). Nodes are places in the sequence."""
    found: dict[tuple[int, int], str] = {}
    for how, pairs in (("credit_code", _codes(nodes)), ("same_name", _same(nodes)), ("number", _numbers(nodes)),
                       ("former_name", _formers(nodes)), ("county_unsaid", _unsaid(nodes)), ("slip", _slips(nodes))):
        for left, right in pairs:
            found.setdefault((min(left, right), max(left, right)), how)
    if not found:
        return {}, {}
    ordered = sorted(found)
    result = partition(Edges.of([(left, right, WEIGHTS[found[left, right]]) for left, right in ordered]), cannot=_cannot(nodes, ordered))
    cluster = {int(node): int(head) for node, head in zip(result.node, result.cluster, strict=True)}
    how_of: dict[int, str] = {}
    for pair in sorted(ordered, key=lambda pair: (-WEIGHTS[found[pair]], pair)):
        if cluster[pair[0]] == cluster[pair[1]]:
            for node in pair:
                how_of.setdefault(node, found[pair])
    return cluster, how_of


def _cannot(nodes: Sequence[Node], pairs: list[tuple[int, int]]) -> CannotLinks:
    """Different counties, branches, ordinals or valid credit codes are two organisations."""
    linked = sorted({node for pair in pairs for node in pair})
    exclusions = []
    for reason, values_of in (("county", [(nodes[n].said,) for n in linked]), ("branch", [(nodes[n].branch,) for n in linked]),
                              ("ordinal", [(nodes[n].ordinals,) for n in linked]), ("credit_code", [nodes[n].codes for n in linked])):
        rows = [(node, value) for node, values in zip(linked, values_of, strict=True) for value in values if value is not None]
        number = {value: place for place, value in enumerate(sorted({value for _, value in rows}))}
        exclusions.append(Exclusion(reason, np.array([node for node, _ in rows], np.int64),
                                    np.array([number[value] for _, value in rows], np.int64), exclude_same=False))
    return CannotLinks(exclusions=tuple(exclusions))


def fits(left: Node, right: Node) -> bool:
    """Whether two names under one number may be one organisation: nothing tells them apart, and the bodies are alike."""
    if left.branch != right.branch or left.ordinals != right.ordinals:
        return False
    if left.said is not None and right.said is not None and left.said != right.said:
        return False
    short, long = sorted((left.body, right.body), key=len)
    return left.body == right.body or _slip(left.body, right.body) or (len(short) >= 3 and _abbreviates(short, long))


def _abbreviates(short: str, long: str) -> bool:
    """Whether the characters of one name stand in the other in their order, beginning with the same two."""
    letters = iter(long)
    return short[:2] == long[:2] and all(letter in letters for letter in short)


def _slip(left: str, right: str) -> bool:
    return one_slip(left, right) and not (set(left) ^ set(right)) & _TELLING


def _codes(nodes: Sequence[Node]) -> Iterator[tuple[int, int]]:
    holders: dict[str, list[int]] = defaultdict(list)
    for place, node in enumerate(nodes):
        for code in node.codes:
            holders[code].append(place)
    for places in holders.values():
        yield from ((places[0], place) for place in places[1:])


def _same(nodes: Sequence[Node]) -> Iterator[tuple[int, int]]:
    """One full name in one county, with a credit code in some records: one organisation, when there is only one code."""
    named: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for place, node in enumerate(nodes):
        if node.said is not None:
            named[node.said, node.body, node.branch].append(place)
    for places in named.values():
        if sum(bool(nodes[place].codes) for place in places) == 1:
            yield from ((places[0], place) for place in places[1:])


def _numbers(nodes: Sequence[Node]) -> Iterator[tuple[int, int]]:
    holders: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for place, node in enumerate(nodes):
        for number, records in node.numbers:
            holders[number].append((records, place))
    for held in holders.values():
        head = min(held, key=lambda one: (-one[0], one[1]))[1]
        fitting = [(records, place) for records, place in held if place == head or fits(nodes[head], nodes[place])]
        if sum(records for records, _ in fitting) >= TRUSTED_SHARE * sum(records for records, _ in held):
            yield from ((head, place) for _, place in fitting if place != head)


def _formers(nodes: Sequence[Node]) -> Iterator[tuple[int, int]]:
    named: dict[tuple[str | None, str, str], list[int]] = defaultdict(list)
    for place, node in enumerate(nodes):
        named[node.county, node.body, node.branch].append(place)
    claimed: dict[int, set[int]] = defaultdict(set)
    for place, node in enumerate(nodes):
        for text in node.formers:
            former = read_name(text)
            holders = named.get((former.county or node.county, former.body, former.branch), [])
            if len(holders) == 1 and holders[0] != place and not node.numbered_apart(nodes[holders[0]]):
                claimed[holders[0]].add(place)
    for holder, places in claimed.items():
        if len({(nodes[place].county, nodes[place].body) for place in places}) == 1:  # a name that two say they had tells of neither
            yield from ((place, holder) for place in sorted(places))


def _unsaid(nodes: Sequence[Node]) -> Iterator[tuple[int, int]]:
    """A firm named without its county, when one county only has a firm of that full name."""
    named: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place, node in enumerate(nodes):
        named[node.body, node.branch].append(place)
    for (body, _), places in named.items():
        said = [place for place in places if nodes[place].said is not None]
        if len(said) == 1 and len(body) >= 6 and ("公司" in body or "卫生" in body):
            yield from ((said[0], place) for place in places if nodes[place].county is None)
        meant = [place for place in said if nodes[place].county in (CITY, "421003")]
        if len(meant) == 1:
            yield from ((meant[0], place) for place in places if nodes[place].county == EITHER)


def _slips(nodes: Sequence[Node]) -> Iterator[tuple[int, int]]:
    near: dict[tuple[str | None, str, str], list[int]] = defaultdict(list)
    for place, node in enumerate(nodes):
        if len(node.body) >= 6:
            for key in {node.body} | {node.body[:at] + node.body[at + 1:] for at in range(len(node.body))}:
                near[node.county, node.branch, key].append(place)
    beside: dict[int, set[int]] = defaultdict(set)
    for places in near.values():
        for left, right in combinations(places, 2):
            if nodes[left].ordinals == nodes[right].ordinals and _slip(nodes[left].body, nodes[right].body):
                beside[left].add(right)
                beside[right].add(left)
    for place, others in beside.items():
        one = next(iter(others))
        if len(others) == 1 and nodes[place].records <= RARE and not nodes[place].numbers and (
                nodes[one].records >= TIMES * nodes[place].records):
            yield place, one
