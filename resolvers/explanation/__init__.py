"""Explanation: why two records or persons are joined or kept apart.

Belongs here: gathering what a finished run knows of two sides (this module), asking about them (references), weights
(evidence), paths, facts, words, and pages and pictures (charts). Does not: changing anything; explanations only read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from resolvers.explanation import facts
from resolvers.explanation.evidence import Rule, Scales, Weighing
from resolvers.explanation.facts import Constraint, Decision, Placement, Shown
from resolvers.explanation.paths import Link, links_of, shortest_path
from resolvers.explanation.references import ExplanationProblem, Side, find_side, require_state

__all__ = ["Explanation", "ExplanationProblem", "Party", "Step", "explain"]

MAX_UNITS = 40
"""Units of a person that are compared one by one; the first by id."""

MAX_STEPS_WEIGHED = 8


@dataclass(frozen=True, slots=True)
class Party:
    """A side as it may be shown: its name as asked, person, and values by comparison (none of restricted categories)."""

    name: str
    side: Side
    units: tuple[int, ...]
    values: dict[str, str]


@dataclass(frozen=True, slots=True)
class Step:
    """One link of the path; `weighing` where the model made it."""

    link: Link
    left: Shown
    right: Shown
    weighing: Weighing | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything that is known of two sides.

    `ground` says what decides. Joined: `nucleus` (one number, names agree), `links`, `family`, `family_group`, `unnamed` (the
    run left no link that says so). Apart: `decision`, `constraint`, `relative`, `not_compared`, `weak`,
    `not_acceptable` (heavy enough, but neither names nor numbers allow the link).
    `weighing`: the model on the two units that speak most for one person; `alone`: on the two records only, as if they had no
    number (inside a unit nothing is compared). `weights`: of all pairs of units, descending. `threshold`: match weight from
    which a link is made.
    """

    a: Party
    b: Party
    joined: bool
    ground: str
    path: tuple[Step, ...]
    weighing: Weighing | None
    alone: bool
    weights: tuple[float, ...]
    threshold: float
    constraints: tuple[Constraint, ...]
    decisions: tuple[Decision, ...]
    placements: tuple[Placement, ...]
    rules: tuple[Rule, ...]


def explain(con: duckdb.DuckDBPyConnection, models: Path, a: str, b: str, *, where: str = "working store") -> Explanation:
    """Why `a` and `b` are joined or kept apart. Reads the tables of the last run through `con` (unqualified names; may be read
    only) and the model file below `models`. Raises ExplanationProblem."""
    require_state(con, where)
    left, right = find_side(con, a, "A"), find_side(con, b, "B")
    _refuse_same(left, right)
    left, right = _without_each_other(left, right)
    joined = left.person_id == right.person_id
    units = facts.units_of(con, left), facts.units_of(con, right)
    with Scales(con, models) as scales:
        path = _path(con, scales, left, right, units) if joined else None
        weighing, alone, weights = _weighing(scales, left, right, units)
        threshold = scales.threshold
        rules = scales.rules(units[0][:MAX_UNITS], units[1][:MAX_UNITS]) if units[0] and units[1] and not joined else []
    constraints = [] if joined else facts.constraints(con, left, right)
    decisions = facts.decisions(con, left, right)
    placements = tuple(found for found in (facts.placement(con, left, "A"), facts.placement(con, right, "B")) if found)
    ground = _ground_joined(path, placements) if joined else _ground_apart(decisions, constraints, placements, rules, weighing, threshold)
    parties = [
        Party(name, side, tuple(found), _values(con, side, found, weighing, alone))
        for name, side, found in (("A", left, units[0]), ("B", right, units[1]))
    ]
    return Explanation(
        parties[0],
        parties[1],
        joined,
        ground,
        tuple(path or ()),
        weighing,
        alone,
        tuple(weights),
        threshold,
        tuple(constraints),
        tuple(decisions),
        placements,
        tuple(rules),
    )


def _refuse_same(left: Side, right: Side) -> None:
    if left.kind == right.kind and left.mention_ids == right.mention_ids:
        raise ExplanationProblem(
            what="A and B are the same", where="A and B", remedy="state two records, two persons, or a record and a person"
        )


def _without_each_other(left: Side, right: Side) -> tuple[Side, Side]:
    """A record and the person that holds it: the person is compared by its other records."""
    rest = set(left.mention_ids) & set(right.mention_ids)
    if not rest:
        return left, right
    if len(left.mention_ids) == len(right.mention_ids) == 1:
        raise ExplanationProblem(
            what="this person has no record but the other one", where="A and B", remedy="state another record or person"
        )
    sides = [
        side
        if side.kind == "record"
        else Side(
            side.kind,
            None,
            None,
            None,
            side.subject,
            side.person_id,
            tuple(one for one in side.mention_ids if one not in rest),
            side.cluster,
        )
        for side in (left, right)
    ]
    return sides[0], sides[1]


def _path(con: duckdb.DuckDBPyConnection, scales: Scales, a: Side, b: Side, units: tuple[list[int], list[int]]) -> list[Step] | None:
    """Steps from A to B; [] within one unit; None where only the family joins them."""
    found = shortest_path(links_of(con, {a.cluster, b.cluster}), units[0], units[1])
    if found is None:
        return None
    found = [replace(link, reason="restricted") if link.reason in facts.RESTRICTED_KEYS else link for link in found]
    shown = facts.shown_units(con, {unit for link in found for unit in (link.left, link.right)}, [*a.mention_ids, *b.mention_ids])
    return [
        Step(
            link,
            shown[link.left],
            shown[link.right],
            scales.weigh([link.left], [link.right])[0] if link.reason == "model" and place < MAX_STEPS_WEIGHED else None,
        )
        for place, link in enumerate(found)
    ]


def _weighing(scales: Scales, a: Side, b: Side, units: tuple[list[int], list[int]]) -> tuple[Weighing | None, bool, list[float]]:
    """The weighing to show, whether it is of the records alone, and the weights of all pairs of units, descending."""
    left = [unit for unit in units[0] if unit not in units[1]][:MAX_UNITS]
    right = [unit for unit in units[1] if unit not in units[0]][:MAX_UNITS]
    if left and right:
        best, weights = scales.weigh(left, right)
        return best, False, weights
    if len(a.mention_ids) == 1 and len(b.mention_ids) == 1:
        return scales.weigh_mentions(a.mention_ids[0], b.mention_ids[0]), True, []
    return None, False, []


def _ground_joined(path: list[Step] | None, placements: Sequence[Placement]) -> str:
    if placements:
        return "family" if any(one.placed for one in placements) else "family_group"
    if path is None:
        return "unnamed"
    return "links" if path else "nucleus"


def _ground_apart(
    decisions: Sequence[Decision],
    constraints: Sequence[Constraint],
    placements: Sequence[Placement],
    rules: Sequence[Rule],
    weighing: Weighing | None,
    threshold: float,
) -> str:
    if any(one.verdict == "different" and one.direct for one in decisions):
        return "decision"
    if any(one.direct or one.weight is not None for one in constraints):
        return "constraint"
    if placements:
        return "relative"
    if constraints and weighing is not None and weighing.weight >= threshold:
        return "constraint"
    if not any(rule.met for rule in rules):
        return "not_compared"
    return "weak" if weighing is None or weighing.weight < threshold else "not_acceptable"


def _values(con: duckdb.DuckDBPyConnection, side: Side, units: Sequence[int], weighing: Weighing | None, alone: bool) -> dict[str, str]:
    """Values of what was weighed: the unit's, or the record's where it was weighed alone."""
    if weighing is None or alone:
        return facts.shown_values(con, side.mention_ids)
    unit = weighing.left if weighing.left in units else weighing.right
    return facts.shown_values(con, facts.mentions_of_units(con, [unit]))
