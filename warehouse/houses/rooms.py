"""Room numbers: which floor, and which position on it.

Belongs here: 301 is position 01 of floor 3, so 401 lies above it; 3A, A301, -101 likewise.
Does not: which dwellings there are (register.py).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

HIGHEST_FLOOR = 120
"""A number that would lie higher is none of a floor."""


@dataclass(frozen=True, slots=True)
class Room:
    """Floor (below ground negative, never 0) and what of the number stays the same from floor to floor."""

    floor: int
    position: str

    def on(self, floor: int) -> Room:
        return Room(floor, self.position)


def read_room(text: str | None) -> Room | None:
    """The floor and position of a room; None where the number does not tell the floor (5, 12, ABC, 99999).

    The two last digits are the position, the digits before them the floor; a single letter behind one or two digits is a
    position too (3A, 12B). Letters before and behind the digits belong to the position.
    """
    found = re.fullmatch(r"(-?)([A-Z]*)([0-9]+)([A-Z]*)", text or "")
    if found is None:
        return None
    sign, before, digits, behind = found.groups()
    if len(digits) >= 3:
        floor, position = int(digits[:-2]), f"{before}|{digits[-2:]}|{behind}"
    elif len(behind) == 1 and not before:
        floor, position = int(digits), f"||{behind}"
    else:
        return None
    if not 0 < floor <= HIGHEST_FLOOR:
        return None
    return Room(-floor if sign else floor, position)


def next_floor(floor: int, step: int) -> int:
    """The floor `step` (1 up, -1 down) further; there is no floor 0."""
    further = floor + step
    return further if further else step
