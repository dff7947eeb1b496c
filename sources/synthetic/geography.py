"""The ground of the city: communities, villages, grids and every dwelling with its standard address.

Belongs here: places and dwellings. Does not: who lives where (housing.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sources.catalogue import Catalogue
from sources.synthetic import tables

Array = NDArray[Any]
CITY = 6_450_000
HOUSEHOLDS_PER_GRID = 450
VILLAGE_DWELLINGS, PER_BUILDING, PER_GROUP = 380, 24, 42
CENTRES = {
    "421002": (112.26, 30.32),
    "421003": (112.19, 30.35),
    "421071": (112.33, 30.28),
    "421022": (112.22, 30.06),
    "421088": (112.90, 29.83),
    "421024": (112.42, 30.04),
    "421081": (112.42, 29.72),
    "421083": (113.47, 29.82),
    "421087": (111.77, 30.18),
}


@dataclass(frozen=True)
class Ground:
    """Communities (one row each) and dwellings (one row each, in the order of their codes)."""

    communities: pl.DataFrame
    dwellings: pl.DataFrame


def build(rng: np.random.Generator, catalogue: Catalogue, residents: int) -> Ground:
    """Communities by the units' shares of residents, then their dwellings."""
    communities = _communities(rng, catalogue, residents)
    return Ground(communities, _dwellings(rng, communities))


def _communities(rng: np.random.Generator, catalogue: Catalogue, residents: int) -> pl.DataFrame:
    scale = residents / CITY
    stock = residents * 2_050_000 / CITY
    total = sum(unit.residents for unit in catalogue.county_units)
    parts: list[dict[str, Any]] = []
    for unit in catalogue.county_units:
        own = [value for value in catalogue.lists["jz_township"].values if value.county == unit.code]
        gridded, plain = [v for v in own if v.gridded], [v for v in own if not v.gridded]
        dwellings = max(24, round(stock * unit.residents / total))
        grids = max(1, round(unit.grids * scale))
        in_grids = min(round(grids * HOUSEHOLDS_PER_GRID), round(dwellings * 0.6))
        count = min(max(1, round(unit.communities * scale), 1), grids)
        parts += _placed(rng, [gridded[i % len(gridded)] for i in range(count)], in_grids, "grid", unit.zh)
        rest = dwellings - in_grids
        towns = max(0, round(rest * 0.18 / 900))
        parts += _placed(
            rng,
            [plain[i % len(plain)] for i in range(towns)] if plain else [],
            round(rest * 0.18) if towns else 0,
            "town",
            unit.zh,
        )
        rest -= round(rest * 0.18) if towns else 0
        villages = max(1, round(rest / VILLAGE_DWELLINGS))
        hosts = [*plain, *gridded]
        parts += _placed(rng, [hosts[i % len(hosts)] for i in range(villages)], rest, "village", unit.zh)
    return pl.DataFrame(_numbered(rng, parts)).sort("community_code")


def _placed(rng: np.random.Generator, townships: list[Any], dwellings: int, kind: str, county_zh: str) -> list[dict[str, Any]]:
    if not townships or dwellings <= 0:
        return []
    weights = rng.uniform(0.7, 1.3, len(townships))
    sizes = np.maximum(1, np.round(dwellings * weights / weights.sum()).astype(int))
    return [
        {
            "county": value.county,
            "county_zh": county_zh,
            "township": value.code,
            "township_zh": value.zh,
            "kind": kind,
            "size": int(size),
        }
        for value, size in zip(townships, sizes, strict=True)
    ]


def _numbered(rng: np.random.Generator, parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Codes, names and places; a name occurs once in a township, so that township and name tell the community."""
    first, villages = tables.words("community_first"), tables.words("village_first")
    second, used = tables.words("village_second"), dict[str, set[str]]()
    counters: dict[tuple[str, bool], int] = {}
    for part in parts:
        village = part["kind"] == "village"
        key = (part["township"], village)
        counters[key] = counters.get(key, 0) + 1
        taken = used.setdefault(part["township"], set())
        while True:
            stem = villages[rng.integers(len(villages))] + second[rng.integers(len(second))] if village else first[rng.integers(len(first))]
            if rng.random() < 0.2 or len(taken) > 30:
                stem = first[rng.integers(len(first))][:2] + second[rng.integers(len(second))]
            name = stem + ("村" if village else "社区")
            if name not in taken:
                break
        taken.add(name)
        roads = rng.permutation(tables.words("road"))[:3].tolist()
        longitude, latitude = CENTRES[part["county"]]
        part |= {
            "community_code": f"{part['township']}{counters[key] + (199 if village else 0):03d}",
            "community": name,
            "roads": roads,
            "x": longitude + float(rng.normal(0, 0.08)),
            "y": latitude + float(rng.normal(0, 0.06)),
        }
    return parts


def _dwellings(rng: np.random.Generator, communities: pl.DataFrame) -> pl.DataFrame:
    """Every dwelling of every community; columns as house_registry needs them plus their parts."""
    size = communities["size"].to_numpy()
    place = np.repeat(np.arange(len(size)), size)
    within = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size)
    village = (communities["kind"] == "village").to_numpy()[place]
    building = np.where(village, within, within // PER_BUILDING)
    inside = within % PER_BUILDING
    unit, floor, door = inside // 12 + 1, inside % 12 // 2 + 1, inside % 2 + 1
    road, number = building // 2 % 3, 3 + building // 6 * 8 + building // 2 % 3 * 2
    block = building % 2 + 1
    roads = np.array(communities["roads"].to_list(), dtype=object)
    frame = communities.select("county", "county_zh", "township", "township_zh", "community_code", "community", "kind", "x", "y")[
        place.tolist()
    ]
    grids = np.maximum(1, np.round(size / HOUSEHOLDS_PER_GRID))
    entrance = np.where(village, within, building * PER_BUILDING)  # a building lies in one grid
    grid = (entrance * grids[place] // size[place]).astype(int) + 1
    jitter = rng.normal(0, 0.004, (2, int(place.max(initial=0) + 1) * 64))
    spot = (place * 64 + building % 64) % jitter.shape[1]
    frame = frame.with_columns(
        pl.Series("number", within + 1),
        pl.Series("building_no", building + 1),
        pl.Series("village", village),
        pl.Series("grid_no", grid),
        pl.Series("group", within // PER_GROUP + 1),
        pl.Series("door_in_group", within % PER_GROUP + 1),
        pl.Series("road_name", roads[place, road].astype(str)),
        pl.Series("road_no", number),
        pl.Series("block", block),
        pl.Series("unit", unit),
        pl.Series("room_no", floor * 100 + door),
        pl.Series("longitude", np.round(jitter[0, spot], 6)),
        pl.Series("latitude", np.round(jitter[1, spot], 6)),
    )
    return frame.with_columns(*_place_columns()).drop("x", "y")


def _place_columns() -> list[pl.Expr]:
    village, code = pl.col("village"), pl.col("community_code")
    road = pl.when(village).then(pl.format("{}组", "group")).otherwise(pl.col("road_name"))
    door = pl.when(village).then(pl.format("{}号", "door_in_group")).otherwise(pl.format("{}号", "road_no"))
    room = pl.when(~village).then(pl.format("{}栋{}单元{}室", "block", "unit", "room_no"))
    local = road + door + room.fill_null("")
    seen = pl.when(pl.col("county") == "421071").then(pl.lit("沙市区")).otherwise(pl.col("county_zh"))
    return [
        (code + pl.col("number").cast(pl.String).str.zfill(7)).alias("dwelling_code"),
        (code + pl.col("building_no").cast(pl.String).str.zfill(4)).alias("building_code"),
        pl.when(pl.col("kind") == "grid").then(code + pl.col("grid_no").cast(pl.String).str.zfill(3)).alias("grid_code"),
        road.alias("road"),
        door.alias("door_no"),
        room.alias("room"),
        local.alias("local"),
        (pl.col("township_zh") + pl.col("community") + local).alias("address"),
        (seen + pl.col("township_zh") + pl.col("community") + local).alias("standard_address"),
        (pl.col("x") + pl.col("longitude")).round(6).alias("longitude"),
        (pl.col("y") + pl.col("latitude")).round(6).alias("latitude"),
    ]
