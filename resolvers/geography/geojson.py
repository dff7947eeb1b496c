"""GeoJSON (RFC 7946) in and out: every defect of a file becomes a finding that says what to do.

Belongs here: the file and its features one by one. Does not: how areas lie to each other (topology.py), tables (history.py).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import shapely
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from resolvers.geography.history import boundaries_as_of
from resolvers.geography.model import LEVELS, Area, Finding, Reading, Severity, fault_of_code, level_of, parent_of
from resolvers.geography.topology import canonical, relations, repaired
from sources.catalogue import Catalogue, load_catalogue

LARGEST_FILE = 512 * 1024 * 1024
DEGREES = re.compile(r"(EPSG:+(?:[0-9.]*:)?(?:4490|4326)|CRS:?84)$", re.IGNORECASE)
LONGITUDES, LATITUDES = (73.0, 136.0), (3.0, 54.0)
"""Degrees that China spans; a coordinate outside them is not one of a Chinese city."""
RING = 4
EXPORT = "export the areas as GeoJSON in longitude and latitude of CGCS2000 (EPSG:4490) or WGS 84"


class _NotFinite(ValueError):
    pass


class _Defect(Exception):
    def __init__(self, problem: str, what: str, remedy: str) -> None:
        super().__init__(problem)
        self.problem, self.what, self.remedy = problem, what, remedy


def read_geojson(path: Path, around: Sequence[Area] = (), catalogue: Catalogue | None = None, largest: int = LARGEST_FILE) -> Reading:
    """Areas of a FeatureCollection whose features have the property `code` (and perhaps `name`, `level`).

    `around`: areas in force that the file does not replace; the file's areas must fit between them. Bytes above `largest` are
    refused unread. Never raises for the content of the file: see `Reading.findings`. OSError when it cannot be read at all.
    """
    known = catalogue or load_catalogue()
    try:
        features = _features(path, largest)
    except _Defect as defect:
        return Reading((), (Finding(None, None, defect.problem, "refused", defect.what, defect.remedy),))
    areas: list[tuple[int, Area]] = []
    findings: list[Finding] = []
    seen: dict[str, int] = {}
    for position, feature in enumerate(features, 1):
        code = _shown(feature)
        try:
            area, notes = _area(feature, known)
            if area.code in seen:
                raise _Defect("duplicate_code", f"feature {seen[area.code]} has the same code", "keep one; join parts to one MultiPolygon")
            seen[area.code] = position
            areas.append((position, area))
            findings += [Finding(position, code, problem, severity, what, remedy) for problem, severity, what, remedy in notes]
        except _Defect as defect:
            findings.append(Finding(position, code, defect.problem, "refused", defect.what, defect.remedy))
    findings += relations(areas, [area for area in around if area.code not in seen])
    findings.sort(key=lambda finding: (finding.position or 0, finding.problem, finding.what))
    refused = any(finding.severity == "refused" for finding in findings)
    return Reading(() if refused else tuple(area for _, area in areas), tuple(findings))


def _features(path: Path, largest: int) -> list[Any]:
    if path.stat().st_size > largest:
        raise _Defect("too_large", f"the file is larger than {largest // 2**20} MiB", "send one file per level or county unit")

    def not_finite(_: str) -> float:
        raise _NotFinite

    try:
        document = json.loads(path.read_bytes().decode("utf-8-sig"), parse_constant=not_finite)
    except _NotFinite:
        raise _Defect("not_finite", "NaN or Infinity stands for a coordinate", "repair the coordinate in the source") from None
    except (ValueError, RecursionError):
        raise _Defect("not_json", "the file is not JSON in UTF-8", EXPORT) from None
    if not isinstance(document, dict) or document.get("type") != "FeatureCollection" or not isinstance(document.get("features"), list):
        raise _Defect("not_a_collection", "the file is JSON, but no FeatureCollection", EXPORT)
    if not document["features"]:
        raise _Defect("no_features", "the collection is empty", EXPORT)
    _check_system(document.get("crs"))
    return list(document["features"])


def _check_system(crs: Any) -> None:
    """Only degrees are taken; a system that the file names is believed."""
    if crs is None:
        return
    properties = crs.get("properties") if isinstance(crs, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    if not isinstance(name, str) or not DEGREES.search(name.strip()):
        raise _Defect("other_system", "the file states another coordinate system than EPSG:4490, EPSG:4326 or CRS84", EXPORT)


def _shown(feature: Any) -> str | None:
    """The code as far as it can be printed: an area's code is no personal data, other text might be."""
    properties = feature.get("properties") if isinstance(feature, dict) else None
    code = properties.get("code") if isinstance(properties, dict) else None
    return str(code) if isinstance(code, str | int) and re.fullmatch(r"[0-9]{1,20}", str(code)) else None


def _is_text(name: str) -> bool:
    """No half of a surrogate pair, which JSON can write and no table can hold."""
    return not any("\ud800" <= character <= "\udfff" for character in name)


Note = tuple[str, Severity, str, str]


def _area(feature: Any, catalogue: Catalogue) -> tuple[Area, list[Note]]:
    if not isinstance(feature, dict) or feature.get("type") != "Feature" or not isinstance(feature.get("properties"), dict):
        raise _Defect("not_a_feature", "this is no Feature with properties", EXPORT)
    if feature.get("crs") is not None:
        _check_system(feature["crs"])
    properties, code = feature["properties"], _shown(feature)
    if code is None:
        raise _Defect("no_code", "the property code is missing or no number", "give every area its code of the divisions as code")
    level = level_of(code, catalogue)
    if level is None:
        raise _Defect("unknown_code", f"no area's code has {len(code)} digits", "6 digits: county, 9: township, 12: community, 15: grid")
    fault = fault_of_code(code, level, catalogue)
    if fault:
        raise _Defect("unknown_code", fault, "correct the code, or bring the catalogue of divisions up to date first")
    if properties.get("level") not in (None, level):
        raise _Defect("wrong_level", f"the code is that of a {level}, the property level says otherwise", "correct the code or the level")
    name = properties.get("name")
    if name is not None and not (isinstance(name, str) and _is_text(name)):
        raise _Defect("wrong_name", "the property name is no text", "give the name as text, or leave it out")
    geometry, notes = _geometry(feature.get("geometry"))
    return Area(code, level, name, parent_of(code, level, catalogue), geometry), notes


def _geometry(value: Any) -> tuple[BaseGeometry, list[Note]]:
    notes: list[Note] = []
    if value is None or not isinstance(value, dict) or not (value.get("coordinates") or value.get("geometries")):
        raise _Defect("empty_geometry", "the feature has no geometry", "draw the area, or leave the feature out")
    kind = value.get("type")
    if kind not in ("Polygon", "MultiPolygon"):
        raise _Defect("not_an_area", "the geometry is no Polygon or MultiPolygon", "an area needs a polygon, not points or lines")
    parts = [value["coordinates"]] if kind == "Polygon" else value["coordinates"]
    polygons = [_polygon(part, notes) for part in parts] if isinstance(parts, list) else []
    if not polygons:
        raise _Defect("empty_geometry", "the feature has no geometry", "draw the area, or leave the feature out")
    raw = polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons)
    if sum(len(polygon.interiors) for polygon in polygons):
        notes.append(("holes", "noted", "the area has holes; they are kept", "nothing, when the holes are meant"))
    geometry, change = repaired(raw)
    if geometry is None:
        raise _Defect("self_crossing", f"a ring crosses itself; mending would change the area by {change:.1%}", "draw the ring again")
    if geometry.is_empty or geometry.area == 0:
        raise _Defect("empty_geometry", "the polygon has no area", "draw the area, or leave the feature out")
    if not raw.is_valid:
        notes.append(("self_crossing", "repaired", f"a ring touched or crossed itself; mended, area changed by {change:.4%}", "nothing"))
    return canonical(geometry), notes


def _polygon(rings: Any, notes: list[Note]) -> shapely.Polygon:
    if not isinstance(rings, list) or not rings:
        raise _Defect("empty_geometry", "a polygon has no rings", "draw the area, or leave the feature out")
    read = [_ring(ring, notes) for ring in rings]
    return shapely.Polygon(read[0], read[1:])


def _ring(ring: Any, notes: list[Note]) -> list[tuple[float, float]]:
    if not isinstance(ring, list) or not all(_is_position(position) for position in ring):
        raise _Defect("wrong_coordinates", "a ring is no list of [longitude, latitude]", EXPORT)
    try:
        points = [(float(position[0]), float(position[1])) for position in ring]
    except OverflowError:
        points = [(math.inf, math.inf)]
    if not all(math.isfinite(x) and math.isfinite(y) for x, y in points):
        raise _Defect("not_finite", "a coordinate is no finite number", "repair the coordinate in the source")
    if len(points) < RING or points[0] != points[-1]:
        raise _Defect("ring_not_closed", "a ring has fewer than four positions, or its last is not its first", "close the ring")
    _check_degrees(points)
    height: Note = ("height", "noted", "the coordinates have a height; it is left out", "nothing")
    if any(len(position) > 2 for position in ring) and height not in notes:
        notes.append(height)
    return points


def _is_position(value: Any) -> bool:
    return isinstance(value, list) and len(value) >= 2 and all(isinstance(n, int | float) and not isinstance(n, bool) for n in value)


def _within(numbers: Iterable[float], limits: tuple[float, float]) -> bool:
    return all(limits[0] <= number <= limits[1] for number in numbers)


def _check_degrees(points: list[tuple[float, float]]) -> None:
    first, second = [point[0] for point in points], [point[1] for point in points]
    if _within(first, LONGITUDES) and _within(second, LATITUDES):
        return
    if _within(first, LATITUDES) and _within(second, LONGITUDES):
        raise _Defect("swapped", "latitude stands before longitude", "exchange the two: GeoJSON has longitude first")
    if any(abs(number) > 180 for number in (*first, *second)):
        raise _Defect("other_system", "the coordinates are no degrees; they look like metres of a projection", EXPORT)
    raise _Defect("outside_country", "the coordinates lie outside China", EXPORT)


def write_geojson(con: duckdb.DuckDBPyConnection, path: Path, level: str, day: date) -> int:
    """The areas of one level in force on `day`, by code; returns how many. Reading the file gives the same polygons again."""
    if level not in LEVELS:
        raise ValueError(f"level must be one of {', '.join(LEVELS)}")
    areas = [area for area in boundaries_as_of(con, day) if area.level == level]
    path.write_text(geojson_text(areas), encoding="utf-8")
    return len(areas)


def geojson_text(areas: Iterable[Area]) -> str:
    """A FeatureCollection, one feature per line."""
    lines = [
        json.dumps(
            {
                "type": "Feature",
                "properties": {"code": area.code, "name": area.name, "level": area.level, "parent": area.parent},
                "geometry": mapping(area.geometry),
            },
            ensure_ascii=False,
            separators=(",", ":"),
        )
        for area in areas
    ]
    return '{"type":"FeatureCollection","features":[\n' + ",\n".join(lines) + "\n]}\n"
