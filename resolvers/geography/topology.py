"""How polygons lie: mending one, one form for equal ones, overlaps of a level, children outside their parent.

Belongs here: geometry. Does not: files, tables.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from resolvers.geography.model import LEVELS, Area, Finding

MENDED = 0.001
"""Share of its area that mending may change: above it a ring is a drawing error, not a slip of a vertex."""
OVERLAP = 0.001
"""Share of the smaller area: below it neighbours were digitised apart, above it a dwelling could be in two."""
OUTSIDE = 0.01
"""Share of an area that may lie outside the area around it."""
NOTHING = 1e-7
"""Shares below this are rounding."""


def repaired(geometry: BaseGeometry) -> tuple[BaseGeometry | None, float]:
    """The polygons themselves when valid, mended when that changes little, else None; and the share of area changed."""
    if geometry.is_valid:
        return geometry, 0.0
    mended = shapely.make_valid(geometry, method="structure", keep_collapsed=False)
    linework = shapely.make_valid(geometry)
    largest = max(mended.area, linework.area, geometry.area)
    if largest == 0:
        return mended, 0.0
    change = max(abs(mended.area - geometry.area), abs(linework.area - geometry.area)) / largest
    return (mended if change <= MENDED else None), change


def canonical(geometry: BaseGeometry) -> BaseGeometry:
    """One form for equal polygons: order and start of rings fixed, outer rings counter-clockwise (RFC 7946)."""
    turned: BaseGeometry = shapely.orient_polygons(shapely.normalize(geometry))
    return turned


def relations(areas: Sequence[tuple[int, Area]], around: Sequence[Area]) -> list[Finding]:
    """Findings about areas (with their positions) among themselves and with the areas that stay around them."""
    findings: list[Finding] = []
    for level in LEVELS:
        own = [entry for entry in areas if entry[1].level == level]
        findings += _overlaps(own, [area for area in around if area.level == level])
    everything = {area.code: area for area in (*around, *(area for _, area in areas))}
    own_codes = {area.code: position for position, area in areas}
    for area in everything.values():
        parent = everything.get(area.parent or "")
        if parent is not None and (area.code in own_codes or parent.code in own_codes):
            findings += _outside(own_codes.get(area.code, own_codes.get(parent.code)), area, parent)
    return findings


def _overlaps(own: list[tuple[int, Area]], others: list[Area]) -> list[Finding]:
    if not own:
        return []
    everyone = [area for _, area in own] + others
    shapes = np.array([area.geometry for area in everyone], dtype=object)
    left, right = shapely.STRtree(shapes).query(shapes[: len(own)], predicate="intersects")
    keep = left < right
    left, right = left[keep], right[keep]
    smaller = np.minimum(shapely.area(shapes[left]), shapely.area(shapes[right]))
    shares = shapely.area(shapely.intersection(shapes[left], shapes[right])) / smaller
    findings = []
    for one, two, share in zip(left.tolist(), right.tolist(), shares.tolist(), strict=True):
        if share <= NOTHING:
            continue
        position, area = own[one]
        what = f"overlaps {everyone[two].code} by {share:.3%} of the smaller area"
        severity = "refused" if share > OVERLAP else "noted"
        remedy = "let neighbours share one line" if share > OVERLAP else "nothing; dwellings in the strip stay undecided"
        findings.append(Finding(position, area.code, "overlap", severity, what, remedy))  # type: ignore[arg-type]
    return findings


def _outside(position: int | None, area: Area, parent: Area) -> list[Finding]:
    if parent.geometry.covers(area.geometry):
        return []
    share = area.geometry.difference(parent.geometry).area / area.geometry.area
    if share <= NOTHING:
        return []
    what = f"{share:.2%} of the area lies outside {parent.code}"
    if share > OUTSIDE:
        return [Finding(position, area.code, "outside_parent", "refused", what, "correct the line, the code, or the area around it")]
    return [Finding(position, area.code, "outside_parent", "noted", what, "nothing")]
