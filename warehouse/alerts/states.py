"""States of an alert at a department, and the steps between them.

Belongs here: the table of steps, who takes them, and why. A step that is not in it is refused.
"""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """How far an alert has come at one department."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    CORRECTED = "corrected"
    REJECTED = "rejected"
    CLOSED = "closed"


class Cause(StrEnum):
    """Why something happened to an alert."""

    FOUND = "found"
    GONE = "gone"
    RETURNED = "returned"
    FACTS = "facts_changed"
    STILL = "still_found"
    ADDRESSED = "addressed"
    ANSWERED = "answered"
    ASSIGNED = "assigned"
    COMMENTED = "commented"


ANSWERS: dict[State, tuple[State, ...]] = {
    State.OPEN: (State.ACKNOWLEDGED, State.CORRECTED, State.REJECTED),
    State.ACKNOWLEDGED: (State.CORRECTED, State.REJECTED, State.OPEN),
    State.CORRECTED: (State.OPEN,),
    State.REJECTED: (State.OPEN,),
    State.CLOSED: (),
}
"""What a department may answer. Closing belongs to the runs alone: when the condition is gone; and reopening when it returns."""
NEEDS_REASON = (State.REJECTED,)
LIVE = (State.OPEN, State.ACKNOWLEDGED, State.CORRECTED)
"""States in which the mismatch counts as open: a correction is believed when the department's own delivery shows it."""

WORDS = {
    State.OPEN: ("待核实", "open"), State.ACKNOWLEDGED: ("已知悉", "acknowledged"), State.CORRECTED: ("已更正", "corrected"),
    State.REJECTED: ("不属实", "rejected"), State.CLOSED: ("已消除", "closed"),
}  # fmt: skip
CAUSES = {
    Cause.FOUND: ("发现", "found"), Cause.GONE: ("条件消失,自动关闭", "the condition is gone"), Cause.RETURNED: ("再次出现", "it returned"),
    Cause.FACTS: ("事实有变,重新打开", "its facts changed"),
    Cause.STILL: ("更正后的交付仍有此问题", "a delivery after the correction still shows it"),
    Cause.ADDRESSED: ("收件部门有变", "another department is addressed"), Cause.ANSWERED: ("部门答复", "answered"),
    Cause.ASSIGNED: ("指定经办", "assigned"), Cause.COMMENTED: ("备注", "comment"),
}  # fmt: skip


def overall(states: set[State]) -> State:
    """The alert as a whole: open while one department has it open, then acknowledged, corrected, rejected, closed."""
    return next((state for state in State if state in states), State.CLOSED)
