"""`onegrid boundaries` as a user calls it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from desk.cli import app
from sources.tables import has_table
from warehouse.keys import ensure_key
from warehouse.store import open_working

RING = [[112.2, 30.3], [112.21, 30.3], [112.21, 30.31], [112.2, 30.31], [112.2, 30.3]]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    ensure_key(folder)
    with open_working(folder) as con:
        con.execute("CREATE TABLE ledger (category VARCHAR)")
    return folder


def a_file(folder: Path, code: str) -> Path:
    path = folder / f"{code}.geojson"
    feature = {"type": "Feature", "properties": {"code": code}, "geometry": {"type": "Polygon", "coordinates": [RING]}}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")
    return path


def test_load_export_and_check(home: Path, tmp_path: Path) -> None:
    run = CliRunner()
    good = a_file(tmp_path, "421002001001")
    assert run.invoke(app, ["boundaries", "load", str(good), "--from", "2025-01-01", "--home", str(home)]).exit_code == 0
    out = tmp_path / "out.geojson"
    asked = ["boundaries", "export", "--level", "community", "--as-of", "2025-02-01", "--home", str(home)]
    assert run.invoke(app, [*asked, "--out", str(out)]).exit_code == 0
    assert json.loads(out.read_text("utf-8"))["features"][0]["properties"]["code"] == "421002001001"
    assert json.loads(run.invoke(app, asked).stdout) == json.loads(out.read_text("utf-8"))
    assert run.invoke(app, ["boundaries", "check", "--home", str(home)]).exit_code == 0


def test_a_check_leaves_the_store_as_it_is(home: Path) -> None:
    with open_working(home) as con:
        con.execute("""CREATE TABLE current_house_registry AS SELECT '1' AS dwelling_code, 112.2::DECIMAL(18,6) AS longitude,
            30.3::DECIMAL(18,6) AS latitude, '421002001001' AS community_code, NULL::VARCHAR AS grid_code, NULL::VARCHAR AS building_code,
            NULL::VARCHAR AS road, NULL::VARCHAR AS door_no""")
    shown = CliRunner().invoke(app, ["boundaries", "check", "--home", str(home)])
    assert shown.exit_code == 0
    with open_working(home) as con:
        assert not has_table(con, "dwelling_location")


def test_a_refused_file_loads_nothing(home: Path, tmp_path: Path) -> None:
    run = CliRunner()
    bad = a_file(tmp_path, "999999999")
    assert run.invoke(app, ["boundaries", "load", str(bad), "--from", "2025-01-01", "--home", str(home)]).exit_code != 0
    shown = run.invoke(app, ["boundaries", "export", "--level", "township", "--home", str(home)])
    assert json.loads(shown.stdout)["features"] == []
