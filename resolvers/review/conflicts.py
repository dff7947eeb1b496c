"""Decisions that contradict each other.

Belongs here: the status of every decision against the mentions that exist. Does not: writing tables (bringing.py).

Two reviewers who say different things of one pair contradict each other; so do chains (A is B, B is C, A is not C), and a decision
that two roles of one record are one person. None of them acts until somebody supersedes one: a wrong guess would give somebody
another person's life. Of a chain, all decisions on the ways between the two ends are held back; what merely hangs on it acts.
"""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from resolvers.review.decisions import Decision, MentionKey, Verdict


class Status(enum.StrEnum):
    """What becomes of a decision in a run."""

    APPLIED = "applied"
    DORMANT = "dormant"
    UNSURE = "unsure"
    CONFLICT = "conflict"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True)
class Conflict:
    """A contradiction: `kind` reviewers|chain|record|knowledge, and the decisions that take part, by id."""

    kind: str
    decisions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Judgement:
    """The status of every decision by id, and the contradictions."""

    statuses: dict[str, Status]
    conflicts: tuple[Conflict, ...]


Known = Mapping[MentionKey, tuple[int, int, bool]]
"""Mentions that exist: mention_id, record_id, and whether the role repeats the holder of the record."""


def judge(decisions: Sequence[Decision], standing: Sequence[Decision], known: Known) -> Judgement:
    """decisions: all; standing: those that nobody superseded. The order of both changes nothing."""
    statuses = {one.decision_id: Status.SUPERSEDED for one in decisions}
    pairs: dict[tuple[MentionKey, MentionKey], list[Decision]] = defaultdict(list)
    for one in standing:
        statuses[one.decision_id] = Status.UNSURE
        if one.verdict is not Verdict.UNSURE:
            pairs[one.left, one.right].append(one)
    conflicts, sure = [], []
    for (left, right), said in sorted(pairs.items()):
        names = tuple(sorted(one.decision_id for one in said))
        if len({one.verdict for one in said}) > 1:
            conflicts.append(Conflict("reviewers", names))
        elif left not in known or right not in known:
            statuses |= dict.fromkeys(names, Status.DORMANT)
        elif said[0].verdict is Verdict.SAME and _one_record(known[left], known[right]):
            conflicts.append(Conflict("record", names))
        else:
            sure.append(said)
    conflicts += _chains(sure)
    for said in sure:
        statuses |= {one.decision_id: Status.APPLIED for one in said}
    statuses |= {name: Status.CONFLICT for conflict in conflicts for name in conflict.decisions}
    return Judgement(statuses, tuple(conflicts))


def _one_record(left: tuple[int, int, bool], right: tuple[int, int, bool]) -> bool:
    return left[1] == right[1] and not (left[2] or right[2])


def _chains(sure: Iterable[list[Decision]]) -> list[Conflict]:
    """One conflict per pair that is said to differ while others say that it is one person, step by step."""
    neighbours: dict[MentionKey, dict[MentionKey, tuple[str, ...]]] = defaultdict(dict)
    differing = []
    for said in sure:
        left, right, names = said[0].left, said[0].right, tuple(sorted(one.decision_id for one in said))
        if said[0].verdict is Verdict.SAME:
            neighbours[left][right] = neighbours[right][left] = names
        else:
            differing.append((left, right, names))
    parts = _components(neighbours)
    found = []
    for left, right, names in differing:
        if left in parts and parts.get(left) == parts.get(right):
            on_the_way = _ways_between(neighbours, left, right)
            found.append(Conflict("chain", tuple(sorted({*names, *on_the_way}))))
    return found


def _components(neighbours: Mapping[MentionKey, Mapping[MentionKey, object]]) -> dict[MentionKey, MentionKey]:
    """Smallest key of the component of every key."""
    root: dict[MentionKey, MentionKey] = {}
    for start in sorted(neighbours):
        waiting = [start]
        while waiting:
            key = waiting.pop()
            if key not in root:
                root[key] = start
                waiting.extend(neighbours[key])
    return root


def _ways_between(neighbours: Mapping[MentionKey, Mapping[MentionKey, tuple[str, ...]]], left: MentionKey, right: MentionKey) -> set[str]:
    """Decisions of the component of the two, without branches that end nowhere."""
    member = {left}
    waiting = [left]
    while waiting:
        for other in neighbours[waiting.pop()]:
            if other not in member:
                member.add(other)
                waiting.append(other)
    while ends := {key for key in member - {left, right} if sum(other in member for other in neighbours[key]) <= 1}:
        member -= ends
    return {name for key in member for other, names in neighbours[key].items() if other in member for name in names}
