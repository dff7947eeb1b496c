"""Boundaries: GeoJSON in and out, history, and dwellings in areas."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from resolvers.geography import BoundariesRefused, boundaries_as_of, load_boundaries, locate_dwellings, read_geojson, write_geojson
from resolvers.geography.model import Area

DAY, LATER = date(2025, 1, 1), date(2025, 7, 1)
COMMUNITY = "421002001001"
OTHER = "421002001002"


def square(x: float, y: float, size: float = 0.01) -> list[list[float]]:
    return [[x, y], [x + size, y], [x + size, y + size], [x, y + size], [x, y]]


def feature(code: Any, rings: Any, kind: str = "Polygon", **more: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": {"code": code, "name": "甲社区", **more}, "geometry": {"type": kind, "coordinates": rings}}


def collection(*features: Any, **more: Any) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(features), **more}


def saved(folder: Path, document: Any) -> Path:
    path = folder / "areas.geojson"
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return path


GOOD = feature(COMMUNITY, [square(112.2, 30.3)])
BOWTIE = [[[112.2, 30.3], [112.21, 30.31], [112.21, 30.3], [112.2, 30.31], [112.2, 30.3]]]
METRES = [[[12490000.0, 3540000.0], [12491000.0, 3540000.0], [12491000.0, 3541000.0], [12490000.0, 3540000.0]]]
REFUSED = {
    "not_json": ("{not json", "not_json"),
    "list": ([1], "not_a_collection"),
    "one_feature": (GOOD, "not_a_collection"),
    "empty": (collection(), "no_features"),
    "other_system": (collection(GOOD, crs={"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3857"}}), "other_system"),
    "metres": (collection(feature(COMMUNITY, METRES)), "other_system"),
    "swapped": (collection(feature(COMMUNITY, [[[y, x] for x, y in square(112.2, 30.3)]])), "swapped"),
    "abroad": (collection(feature(COMMUNITY, [square(10.0, 50.0)])), "outside_country"),
    "nan": ('{"type":"FeatureCollection","features":[NaN]}', "not_finite"),
    "infinite": (json.dumps(collection(GOOD)).replace("112.2,", "1e999,"), "not_finite"),
    "crossing": (collection(feature(COMMUNITY, BOWTIE)), "self_crossing"),
    "no_geometry": (collection({**GOOD, "geometry": None}), "empty_geometry"),
    "no_rings": (collection(feature(COMMUNITY, [])), "empty_geometry"),
    "flat": (collection(feature(COMMUNITY, [[[112.2, 30.3], [112.3, 30.3], [112.25, 30.3], [112.2, 30.3]]])), "empty_geometry"),
    "point": (collection(feature(COMMUNITY, [112.2, 30.3], "Point")), "not_an_area"),
    "line": (collection(feature(COMMUNITY, square(112.2, 30.3), "LineString")), "not_an_area"),
    "open_ring": (collection(feature(COMMUNITY, [square(112.2, 30.3)[:-1]])), "ring_not_closed"),
    "words": (collection(feature(COMMUNITY, [[["a", "b"]] * 4])), "wrong_coordinates"),
    "twice": (collection(GOOD, GOOD), "duplicate_code"),
    "no_code": (collection(feature(None, [square(112.2, 30.3)])), "no_code"),
    "unknown_township": (collection(feature("421002999001", [square(112.2, 30.3)])), "unknown_code"),
    "ten_digits": (collection(feature("4210020010", [square(112.2, 30.3)])), "unknown_code"),
    "number_400": (collection(feature("421002001400", [square(112.2, 30.3)])), "unknown_code"),
    "wrong_level": (collection(feature(COMMUNITY, [square(112.2, 30.3)], level="grid")), "wrong_level"),
    "overlap": (collection(GOOD, feature(OTHER, [square(112.205, 30.3)])), "overlap"),
    "outside_parent": (collection(GOOD, feature(COMMUNITY + "001", [square(112.205, 30.3)])), "outside_parent"),
    "half_character": (json.dumps(collection({**GOOD, "properties": {"code": COMMUNITY, "name": "\ud800"}})), "wrong_name"),
    "parts_overlap": (collection(feature(COMMUNITY, [[square(112.2, 30.3)], [square(112.205, 30.3)]], "MultiPolygon")), "self_crossing"),
    "hole_outside": (collection(feature(COMMUNITY, [square(112.2, 30.3), square(112.3, 30.3)])), "self_crossing"),
    "retired_county": (collection(feature("421023", [square(112.2, 30.3)])), "unknown_code"),
    "nothing_in_parts": (collection(feature(COMMUNITY, [[]], "MultiPolygon")), "empty_geometry"),
    "deep": ("[" * 200_000, "not_json"),
    "null_feature": (collection(GOOD, None), "not_a_feature"),
}


@pytest.mark.parametrize(("document", "problem"), REFUSED.values(), ids=REFUSED.keys())
def test_a_bad_file_is_refused_with_a_reason_and_a_remedy(tmp_path: Path, document: Any, problem: str) -> None:
    reading = read_geojson(saved(tmp_path, document))
    assert problem in {finding.problem for finding in reading.refused}
    assert all(finding.what and finding.remedy for finding in reading.findings)
    assert reading.areas == ()


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    assert [f.problem for f in read_geojson(saved(tmp_path, collection(GOOD)), largest=10).refused] == ["too_large"]


def test_a_hole_is_kept(tmp_path: Path) -> None:
    reading = read_geojson(saved(tmp_path, collection(feature(COMMUNITY, [square(112.2, 30.3), square(112.204, 30.304, 0.002)]))))
    assert [(f.problem, f.severity) for f in reading.findings] == [("holes", "noted")]
    assert len(reading.areas[0].geometry.interiors) == 1


def test_a_ring_that_touches_itself_is_mended(tmp_path: Path) -> None:
    spike = [[112.2, 30.3], [112.21, 30.3], [112.22, 30.3], [112.21, 30.3], [112.21, 30.31], [112.2, 30.31], [112.2, 30.3]]
    reading = read_geojson(saved(tmp_path, collection(feature(COMMUNITY, [spike]))))
    assert [(f.problem, f.severity) for f in reading.findings] == [("self_crossing", "repaired")]
    assert reading.areas[0].geometry.is_valid
    assert reading.areas[0].geometry.area == pytest.approx(1e-4)


def test_a_sliver_of_overlap_is_told_and_loaded(tmp_path: Path) -> None:
    reading = read_geojson(saved(tmp_path, collection(GOOD, feature(OTHER, [square(112.209995, 30.3)]))))
    assert [(f.problem, f.severity) for f in reading.findings] == [("overlap", "noted")]
    assert len(reading.areas) == 2


def test_areas_in_force_around_are_checked_too(tmp_path: Path) -> None:
    around = [Area(OTHER, "community", None, "421002001", shapely.box(112.205, 30.3, 112.215, 30.31))]
    assert [f.problem for f in read_geojson(saved(tmp_path, collection(GOOD)), around).refused] == ["overlap"]


@pytest.mark.parametrize("name", ["urn:ogc:def:crs:OGC:1.3:CRS84", "EPSG:4490", "urn:ogc:def:crs:EPSG::4326"])
def test_systems_of_degrees_are_taken(tmp_path: Path, name: str) -> None:
    assert read_geojson(saved(tmp_path, collection(GOOD, crs={"type": "name", "properties": {"name": name}}))).areas


def area(code: str, x: float, y: float, size: float = 0.01) -> Area:
    level = {9: "township", 12: "community", 15: "grid", 6: "county"}[len(code)]
    return Area(code, level, None, code[:-3], shapely.orient_polygons(shapely.normalize(shapely.box(x, y, x + size, y + size))))


def test_a_change_keeps_history_and_the_same_again_changes_nothing() -> None:
    con = duckdb.connect()
    old, new = area(COMMUNITY, 112.2, 30.3), area(COMMUNITY, 112.2, 30.3, 0.02)
    assert load_boundaries(con, [old], DAY, "a").new == 1
    before = con.execute("FROM boundary").fetchall()
    assert load_boundaries(con, [old], DAY, "b").unchanged == 1
    assert load_boundaries(con, [old], LATER, "b").unchanged == 1
    assert con.execute("FROM boundary").fetchall() == before
    assert load_boundaries(con, [new], LATER, "b").changed == 1
    assert boundaries_as_of(con, date(2025, 6, 30)) == [old]
    assert boundaries_as_of(con, LATER) == [new]
    assert boundaries_as_of(con, date(2024, 12, 31)) == []
    with pytest.raises(BoundariesRefused):
        load_boundaries(con, [old], DAY, "c")
    assert load_boundaries(con, [old], LATER, "c").corrected == 1
    assert boundaries_as_of(con, LATER) == [old]


def test_a_complete_file_ends_what_it_lacks() -> None:
    con = duckdb.connect()
    load_boundaries(con, [area(COMMUNITY, 112.2, 30.3), area(OTHER, 112.21, 30.3)], DAY, "a")
    assert load_boundaries(con, [area(COMMUNITY, 112.2, 30.3)], LATER, "b", complete=True).ended == 1
    assert [a.code for a in boundaries_as_of(con, LATER)] == [COMMUNITY]
    assert len(boundaries_as_of(con, DAY)) == 2


@settings(max_examples=25, deadline=None)
@given(points=st.lists(st.tuples(st.floats(0.001, 0.009), st.floats(0.001, 0.009)), min_size=3, max_size=12), hole=st.booleans())
def test_what_is_written_reads_back_the_same(
    tmp_path_factory: pytest.TempPathFactory, points: list[tuple[float, float]], hole: bool
) -> None:
    hull = shapely.MultiPoint([(112.2 + x, 30.3 + y) for x, y in points]).convex_hull
    shape = shapely.box(112.2, 30.3, 112.21, 30.31).difference(hull) if hole else hull
    if shape.geom_type not in ("Polygon", "MultiPolygon") or shape.area < 1e-9 or not shape.is_valid:
        return
    con, folder = duckdb.connect(), tmp_path_factory.mktemp("round")
    load_boundaries(con, [Area(COMMUNITY, "community", "甲", "421002001", shapely.orient_polygons(shapely.normalize(shape)))], DAY, "a")
    assert write_geojson(con, folder / "out.geojson", "community", DAY) == 1
    reading = read_geojson(folder / "out.geojson")
    assert list(reading.areas) == boundaries_as_of(con, DAY)
    assert load_boundaries(con, reading.areas, DAY, "again").unchanged == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=3) | st.sampled_from(["Polygon", "Feature", COMMUNITY]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["type", "coordinates", "properties", "code"]), inner),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(
    anything=JSON,
    spot=st.sampled_from(
        [("type",), ("features",), ("crs",), ("features", 0), ("features", 0, "properties"), ("features", 0, "properties", "code"),
         ("features", 0, "properties", "name"), ("features", 0, "geometry"), ("features", 0, "geometry", "type"),
         ("features", 0, "geometry", "coordinates"), ("features", 0, "geometry", "coordinates", 0),
         ("features", 0, "geometry", "coordinates", 0, 1), ("features", 0, "geometry", "coordinates", 0, 1, 0)]
    ),
)  # fmt: skip
def test_whatever_a_file_holds_there_is_a_result(tmp_path_factory: pytest.TempPathFactory, anything: Any, spot: tuple[Any, ...]) -> None:
    document = json.loads(json.dumps(collection(GOOD)))
    inner = document
    for key in spot[:-1]:
        inner = inner[key]
    inner[spot[-1]] = anything
    reading = read_geojson(saved(tmp_path_factory.mktemp("any"), document))
    assert bool(reading.areas) != bool(reading.refused)


HOUSES = [
    ("agree", 112.202, 30.302, COMMUNITY, COMMUNITY + "001", "b1", "agree", None),
    ("other_grid", 112.208, 30.302, COMMUNITY, COMMUNITY + "001", "b2", "differ", None),
    ("other_community", 112.215, 30.302, COMMUNITY, None, "b3", "differ", None),
    ("no_cell", None, None, COMMUNITY, None, "b4", "no_coordinates", "missing"),
    ("zero", 0, 0, COMMUNITY, None, "b5", "no_coordinates", "zero"),
    ("swapped", 30.302, 112.202, COMMUNITY, None, "b6", "outside_city", "swapped"),
    ("far", 116.4, 39.9, COMMUNITY, None, "b7", "outside_city", "outside_city"),
    ("border", 112.205, 30.302, COMMUNITY, COMMUNITY + "001", "b8", "undecided", "border"),
    ("nowhere", 112.3, 30.302, COMMUNITY, None, "b9", "no_boundary", None),
    ("same_building", None, None, COMMUNITY, None, "b1", "no_coordinates", "missing"),
    ("filled", 112.203, 30.302, COMMUNITY, None, "b10", "agree", None),
]


@pytest.fixture
def houses() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute("""CREATE TABLE current_house_registry (dwelling_code VARCHAR, longitude DECIMAL(18,6), latitude DECIMAL(18,6),
                   community_code VARCHAR, grid_code VARCHAR, building_code VARCHAR, road VARCHAR, door_no VARCHAR)""")
    con.executemany("INSERT INTO current_house_registry VALUES (?, ?, ?, ?, ?, ?, NULL, NULL)", [row[:6] for row in HOUSES])
    return con


def test_every_dwelling_gets_a_verdict(houses: duckdb.DuckDBPyConnection) -> None:
    left, right = shapely.box(112.2, 30.3, 112.205, 30.31), shapely.box(112.205, 30.3, 112.21, 30.31)
    load_boundaries(
        houses,
        [
            Area("421000", "city", None, None, shapely.box(112, 30, 112.5, 30.5)),
            area(COMMUNITY, 112.2, 30.3),
            area(OTHER, 112.21, 30.3),
            Area(COMMUNITY + "001", "grid", None, COMMUNITY, left),
            Area(COMMUNITY + "002", "grid", None, COMMUNITY, right),
        ],
        DAY,
        "a",
    )
    report = locate_dwellings(houses, LATER)
    found = {row[0]: row[1:] for row in houses.execute("SELECT dwelling_code, verdict, problem FROM dwelling_location").fetchall()}
    assert found == {row[0]: (row[6], row[7]) for row in HOUSES}
    grids = {code: (grid, how) for code, grid, how in houses.execute(
        "SELECT dwelling_code, grid, grid_from FROM dwelling_location WHERE grid IS NOT NULL").fetchall()}
    assert grids["filled"] == (COMMUNITY + "001", "coordinates")
    assert grids["same_building"] == (COMMUNITY + "001", "building")
    assert "other_community" not in grids
    assert sum(report.by_verdict.values()) == report.dwellings == len(HOUSES)
    assert report.by_community[COMMUNITY] == report.by_verdict


def test_without_boundaries_nothing_is_judged(houses: duckdb.DuckDBPyConnection) -> None:
    report = locate_dwellings(houses, LATER)
    assert report.by_verdict["agree"] == report.by_verdict["differ"] == report.by_verdict["undecided"] == 0
    assert report.by_verdict["no_boundary"] == 7
