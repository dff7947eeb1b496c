"""The map of the invented city: a polygon for every county unit, township, community and grid, and where each building stands.

Belongs here: cutting the ground into areas that tile, points inside them, wrong coordinates, the GeoJSON beside the deliveries.
Does not: which dwellings there are (geography.py), what the product makes of a map (resolvers/geography).

Every area is a convex polygon. A county unit is the part of the city's outline nearest to its centre; inside it townships,
then communities, then grids are cut off by straight lines, alternately across the longer side, so that each gets its share of the
surface: a village much more per dwelling than a community in town.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sources.catalogue import Catalogue

Point = tuple[float, float]
Ring = list[Point]
OUTLINE: Ring = [(111.45, 29.95), (112.0, 29.5), (113.3, 29.5), (113.9, 29.75), (113.8, 30.15), (112.6, 30.55), (111.6, 30.45)]
SURFACE = {"grid": 1.0, "town": 2.5, "village": 12.0}
"""Surface per dwelling compared with that in a gridded community."""
EMPTY_TOWNSHIP = 30.0
WRONG_COORDINATES = 0.01
WRONG = ("elsewhere", "swapped", "zero", "missing", "outside_city")
WRONG_SHARES = (0.5, 0.15, 0.1, 0.15, 0.1)
STREAM = 7
"""Number of this module's own generator, so that a map changes no person and no record."""


def draw(communities: pl.DataFrame, dwellings: pl.DataFrame, centres: dict[str, Point], catalogue: Catalogue) -> pl.DataFrame:
    """One row per area: code, level, name, parent, ring (closed, counter-clockwise). The same ground gives the same map."""
    areas: list[dict[str, Any]] = []
    units = {unit.code: unit for unit in catalogue.county_units}
    prefecture = catalogue.county_units[0].code[:4] + "00"
    _add(areas, prefecture, "city", None, None, OUTLINE)
    grids = {
        code: sorted(zip(numbers, counts, strict=True))
        for code, numbers, counts in dwellings.filter(pl.col("grid_code").is_not_null())
        .group_by("community_code", "grid_code")
        .len()
        .sort("grid_code")
        .group_by("community_code", maintain_order=True)
        .agg("grid_code", "len")
        .iter_rows()
    }
    hosted = communities.partition_by("township", as_dict=True, maintain_order=True)
    for county, centre in sorted(centres.items()):
        cell = _nearest(centre, [other for code, other in sorted(centres.items()) if code != county])
        _add(areas, county, "county", units[county].zh, prefecture, cell)
        towns = sorted((v.code, v.zh) for v in catalogue.lists["jz_township"].values if v.county == county and not v.successor)
        inside = [hosted[(code,)].sort("community_code") if (code,) in hosted else None for code, _ in towns]
        weights = [_surface(own) if own is not None else EMPTY_TOWNSHIP for own in inside]
        for (code, name), own, ring in zip(towns, inside, divided(cell, weights), strict=True):
            _add(areas, code, "township", name, county, ring)
            if own is None:
                continue
            for row, part in zip(own.iter_rows(named=True), divided(ring, _surfaces(own)), strict=True):
                _add(areas, row["community_code"], "community", row["community"], code, part)
                below = grids.get(row["community_code"], [])
                for (grid, _), piece in zip(below, divided(part, [float(count) for _, count in below]), strict=True):
                    _add(areas, grid, "grid", None, row["community_code"], piece)
    return pl.DataFrame(areas, schema={"code": pl.String, "level": pl.String, "name": pl.String, "parent": pl.String, "ring": pl.Object})


def _add(areas: list[dict[str, Any]], code: str, level: str, name: str | None, parent: str | None, ring: Ring) -> None:
    areas.append({"code": code, "level": level, "name": name, "parent": parent, "ring": [*ring, ring[0]]})


def _surfaces(communities: pl.DataFrame) -> list[float]:
    return [max(1.0, SURFACE[kind] * size) for kind, size in communities.select("kind", "size").iter_rows()]


def _surface(communities: pl.DataFrame) -> float:
    return sum(_surfaces(communities))


def divided(ring: Ring, weights: Sequence[float]) -> list[Ring]:
    """Convex polygons, in the order of the weights, that tile a convex one with surfaces in proportion to them."""
    if len(weights) <= 1:
        return [ring] * len(weights)
    total, running, cut = math.fsum(weights), 0.0, 0
    while cut < len(weights) - 1 and (cut == 0 or running + weights[cut] / 2 < total / 2):
        running += weights[cut]
        cut += 1
    xs, ys = [p[0] for p in ring], [p[1] for p in ring]
    across = 0 if max(xs) - min(xs) >= max(ys) - min(ys) else 1
    low, high = (min(xs), max(xs)) if across == 0 else (min(ys), max(ys))
    wanted = surface(ring) * running / total
    for _ in range(50):
        middle = (low + high) / 2
        if surface(_below(ring, across, middle, 1)) < wanted:
            low = middle
        else:
            high = middle
    line = (low + high) / 2
    return [*divided(_below(ring, across, line, 1), weights[:cut]), *divided(_below(ring, across, line, -1), weights[cut:])]


def surface(ring: Ring) -> float:
    """Surface of a polygon in square degrees."""
    return abs(math.fsum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, [*ring[1:], *ring[:1]], strict=True))) / 2


def _below(ring: Ring, across: int, line: float, side: int) -> Ring:
    """The part of a convex polygon where side * coordinate <= side * line."""
    return _half(ring, [side * (line - p[across]) for p in ring])


def _half(ring: Ring, inside: Sequence[float]) -> Ring:
    """The part of a convex polygon where a linear function, given at its corners, is not negative."""
    kept: Ring = []
    for k, point in enumerate(ring):
        following, here, there = ring[(k + 1) % len(ring)], inside[k], inside[(k + 1) % len(ring)]
        if here >= 0:
            kept.append(point)
        if (here > 0 > there) or (here < 0 < there):
            part = here / (here - there)
            kept.append((point[0] + part * (following[0] - point[0]), point[1] + part * (following[1] - point[1])))
    return kept


def _nearest(centre: Point, others: Sequence[Point]) -> Ring:
    """The part of the city nearer to a centre than to any other."""
    ring = OUTLINE
    for other in others:
        middle = ((centre[0] + other[0]) / 2, (centre[1] + other[1]) / 2)
        towards = (centre[0] - other[0], centre[1] - other[1])
        ring = _half(ring, [towards[0] * (p[0] - middle[0]) + towards[1] * (p[1] - middle[1]) for p in ring])
    return ring


def settled(dwellings: pl.DataFrame, areas: pl.DataFrame, seed: int, wrong: float) -> pl.DataFrame:
    """Dwellings with coordinates: `true_longitude`, `true_latitude` of the building's entrance, inside its grid or community, and
    `longitude`, `latitude` as registered, of which a share is wrong (`coordinates`: one of WRONG, else NULL)."""
    rng = np.random.default_rng([seed, STREAM])
    rings = {row["code"]: row["ring"] for row in areas.iter_rows(named=True)}
    place = dwellings.select(area=pl.coalesce("grid_code", "community_code"), building="building_code")
    codes = place["area"].unique().sort()
    spots = place.unique().sort("area", "building")
    index = pl.DataFrame({"area": codes}).with_row_index("at")
    at = spots.join(index, on="area", how="left", maintain_order="left")["at"].to_numpy()
    x, y = _scattered(rng, [rings[code][:-1] for code in codes.to_list()], at)
    spots = spots.with_columns(true_longitude=pl.Series(x), true_latitude=pl.Series(y))
    found = place.join(spots, on=["area", "building"], how="left", maintain_order="left")
    frame = dwellings.with_columns(found["true_longitude"], found["true_latitude"])
    return _misplaced(rng, frame, wrong)


def _scattered(rng: np.random.Generator, rings: list[Ring], at: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """A point well inside ring at[i] for every i: uniform in a fan of triangles, then drawn a little to the middle."""
    most = max(len(ring) for ring in rings)
    corners = np.array([ring + [ring[-1]] * (most - len(ring)) for ring in rings])
    middle = np.array([np.mean(ring, axis=0) for ring in rings])
    edges = np.roll(corners, -1, axis=1)
    edges[:, -1] = corners[:, 0]
    a, b = corners - middle[:, None], edges - middle[:, None]
    sizes = np.abs(a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0])
    cumulated = np.cumsum(sizes, axis=1)
    draw_at = rng.random(len(at)) * cumulated[at, -1]
    triangle = np.minimum((cumulated[at] < draw_at[:, None]).sum(axis=1), most - 1)
    root, part = np.sqrt(rng.random(len(at))) * 0.96, rng.random(len(at))
    points = middle[at] + root[:, None] * ((1 - part)[:, None] * a[at, triangle] + part[:, None] * b[at, triangle])
    return np.round(points[:, 0], 6), np.round(points[:, 1], 6)


def _misplaced(rng: np.random.Generator, frame: pl.DataFrame, wrong: float) -> pl.DataFrame:
    hit = pl.Series(rng.random(frame.height) < wrong)
    kind = pl.Series(np.array(WRONG)[rng.choice(len(WRONG), frame.height, p=WRONG_SHARES)])
    other = pl.Series(rng.integers(0, frame.height, frame.height))
    away = pl.Series(np.round(rng.uniform(3, 6, frame.height), 6))
    x, y = pl.col("true_longitude"), pl.col("true_latitude")
    frame = frame.with_columns(pl.when(hit).then(kind).alias("coordinates"))
    told = pl.col("coordinates")
    there = {"longitude": x.gather(other), "latitude": y.gather(other)}
    return frame.with_columns(
        pl.when(told.is_null()).then(x).when(told == "elsewhere").then(there["longitude"]).when(told == "swapped").then(y)
        .when(told == "zero").then(0.0).when(told == "outside_city").then((x + away).round(6)).alias("longitude"),
        pl.when(told.is_null()).then(y).when(told == "elsewhere").then(there["latitude"]).when(told == "swapped").then(x)
        .when(told == "zero").then(0.0).when(told == "outside_city").then(y).alias("latitude"),
    )  # fmt: skip


def write(path: Path, areas: pl.DataFrame) -> None:
    """GeoJSON of every area, from the city down, one feature per line."""
    order = {level: number for number, level in enumerate(("city", "county", "township", "community", "grid"))}
    rows = sorted(areas.iter_rows(named=True), key=lambda row: (order[row["level"]], row["code"]))
    lines = [
        json.dumps(
            {
                "type": "Feature",
                "properties": {"code": row["code"], "name": row["name"], "level": row["level"], "parent": row["parent"]},
                "geometry": {"type": "Polygon", "coordinates": [row["ring"]]},
            },
            ensure_ascii=False,
            separators=(",", ":"),
        )
        for row in rows
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('{"type":"FeatureCollection","features":[\n' + ",\n".join(lines) + "\n]}\n", encoding="utf-8")


def truth(dwellings: pl.DataFrame) -> pl.DataFrame:
    """One row per dwelling: its grid, community, true place, and whether (else how not) the register has its coordinates right."""
    return dwellings.select(
        "dwelling_code",
        grid=pl.col("grid_code"),
        community=pl.col("community_code"),
        longitude=pl.col("true_longitude"),
        latitude=pl.col("true_latitude"),
        coordinates_right=pl.col("coordinates").is_null(),
        coordinates_wrong_by=pl.col("coordinates"),
    )
