"""Small cells of statistics: which counts are not told, so that none of them can be computed.

Belongs here: suppression of one breakdown with its total. Does not: knowing what is counted.
"""

from __future__ import annotations

from collections.abc import Mapping


def suppress(
    counts: Mapping[str | None, int], total: int, min_cell: int
) -> tuple[dict[str | None, int | None], int | None]:
    """(cells, total) with None for what is not told.

    Cells from 1 to min_cell - 1 are not told. A reader can subtract the told cells from the total: what is left is the
    sum of the others. So the next smallest are withheld too until at least two are, and their sum leaves more than one
    possibility: no smaller than min_cell, and more than their number (otherwise each would be 1). Where there are no
    more cells, the total is withheld. A total under min_cell is never told, nor any cell of it.
    """
    if 0 < total < min_cell:
        return {value: None if persons else 0 for value, persons in counts.items()}, None
    smallest_first = sorted(
        (persons, value is None, value or "", value) for value, persons in counts.items() if persons
    )
    withheld = sum(persons < min_cell for persons, *_ in smallest_first)
    while withheld and not _safe([persons for persons, *_ in smallest_first[:withheld]], min_cell):
        if withheld == len(smallest_first):
            return {value: None if persons else 0 for value, persons in counts.items()}, None
        withheld += 1
    hidden = {value for *_, value in smallest_first[:withheld]}
    return {value: None if value in hidden else persons for value, persons in counts.items()}, total


def _safe(withheld: list[int], min_cell: int) -> bool:
    return len(withheld) > 1 and sum(withheld) >= min_cell and sum(withheld) > len(withheld)
