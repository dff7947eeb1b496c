"""The map of the invented city: areas tile, dwellings stand in theirs, wrong coordinates are known."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from sources.catalogue import load_catalogue
from sources.synthetic import boundaries, generate, geography

RESIDENTS, SEED = 20_000, 5


@pytest.fixture(scope="module")
def city() -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    ground = geography.build(np.random.default_rng(SEED), load_catalogue(), RESIDENTS)
    areas = boundaries.draw(ground.communities, ground.dwellings, geography.CENTRES, load_catalogue())
    return ground.communities, boundaries.settled(ground.dwellings, areas, SEED, 0.02), areas


@pytest.fixture(scope="module")
def polygons(city: tuple[pl.DataFrame, ...]) -> dict[str, Any]:
    return {row["code"]: shapely.Polygon(row["ring"]) for row in city[2].iter_rows(named=True)}


def test_children_tile_their_parent(city: tuple[pl.DataFrame, ...], polygons: dict[str, Any]) -> None:
    children: dict[str, list[str]] = defaultdict(list)
    for code, parent in city[2].select("code", "parent").iter_rows():
        if parent:
            children[parent].append(code)
    assert {len(code) for code in children} >= {6, 9, 12}
    for parent, codes in children.items():
        union, own = shapely.union_all([polygons[code] for code in codes], grid_size=1e-12), polygons[parent]
        assert union.symmetric_difference(own).area < 1e-6 * own.area
        assert sum(polygons[code].area for code in codes) == pytest.approx(own.area, rel=1e-6)
        assert all(polygons[code].is_valid and polygons[code].exterior.is_ccw for code in codes)


def test_every_place_has_an_area(city: tuple[pl.DataFrame, ...], polygons: dict[str, Any]) -> None:
    communities, dwellings, _ = city
    assert set(communities["community_code"]) | set(dwellings["grid_code"].drop_nulls()) <= set(polygons)


def test_a_dwelling_stands_in_its_area(city: tuple[pl.DataFrame, ...], polygons: dict[str, Any]) -> None:
    for area, x, y in city[1].select(pl.coalesce("grid_code", "community_code"), "true_longitude", "true_latitude").iter_rows():
        assert polygons[area].contains(shapely.Point(x, y))


def test_a_building_has_one_grid_and_one_entrance(city: tuple[pl.DataFrame, ...]) -> None:
    kept = city[1].group_by("building_code").agg(pl.col("grid_code", "true_longitude", "true_latitude").n_unique())
    assert kept.select(pl.exclude("building_code").max()).row(0) == (1, 1, 1)


def test_wrong_coordinates_are_known_and_few(city: tuple[pl.DataFrame, ...]) -> None:
    dwellings = city[1]
    same = pl.col("longitude").eq_missing(pl.col("true_longitude")) & pl.col("latitude").eq_missing(pl.col("true_latitude"))
    assert dwellings.filter(pl.col("coordinates").is_null() & ~same).is_empty()
    assert dwellings.filter(pl.col("coordinates").is_in(["swapped", "zero", "missing", "outside_city"]) & same).is_empty()
    assert 0.01 < 1 - dwellings["coordinates"].null_count() / dwellings.height < 0.03
    assert set(dwellings["coordinates"].drop_nulls()) == set(boundaries.WRONG)


def test_large_grids_have_four_to_five_hundred_households() -> None:
    ground = geography.build(np.random.default_rng(1), load_catalogue(), 1_000_000)
    size = ground.dwellings.filter(pl.col("grid_code").is_not_null()).group_by("grid_code").len()["len"]
    assert size.is_between(400, 500).mean() > 0.7  # type: ignore[operator]


def test_the_file_names_every_area(city: tuple[pl.DataFrame, ...], tmp_path: Path) -> None:
    path = tmp_path / "boundaries" / "b.geojson"
    boundaries.write(path, city[2])
    document = json.loads(path.read_text("utf-8"))
    assert document["features"][0]["properties"]["code"] == "421000"
    assert len(document["features"]) == city[2].height


@settings(max_examples=50, deadline=None)
@given(weights=st.lists(st.floats(0.5, 50), min_size=1, max_size=30))
def test_a_polygon_is_divided_in_proportion(weights: list[float]) -> None:
    parts = boundaries.divided(boundaries.OUTLINE, weights)
    whole, total = boundaries.surface(boundaries.OUTLINE), sum(weights)
    assert [boundaries.surface(part) / whole for part in parts] == pytest.approx([weight / total for weight in weights], rel=1e-5)


def test_a_generated_city_brings_its_map_and_its_truth(tmp_path: Path) -> None:
    generate(800, 3, tmp_path, deltas=0)
    (path,) = (tmp_path / "boundaries").iterdir()
    codes = {feature["properties"]["code"] for feature in json.loads(path.read_text("utf-8"))["features"]}
    told = pl.read_parquet(tmp_path / "truth" / "dwellings.parquet")
    assert told["dwelling_code"].is_unique().all()
    assert set(told["community"]) | set(told["grid"].drop_nulls()) <= codes
    assert 0 < (~told["coordinates_right"]).sum() < 0.05 * told.height
