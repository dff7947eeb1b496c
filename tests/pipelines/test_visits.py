"""The form in a run: its assets fit beside the others, its deliveries move no reference date, and a city without it runs as before."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from pipelines import stages, visit_stages
from pipelines.category_assets import CATEGORY_ASSETS
from pipelines.city_assets import CITY_ASSETS
from pipelines.installation import Installation
from pipelines.visit_assets import VISIT_ASSETS, VISITS
from sources.catalogue import load_catalogue
from sources.ledger import add_line, create_tables
from tests.sources.test_forms import deliver
from tests.warehouse.profiles import a_person, create_profiles
from warehouse.keys import ensure_key

FORM = load_catalogue().forms["grid_visits"]
REGISTERS, VISITED = date(2025, 6, 1), date(2025, 6, 3)


@pytest.fixture
def con(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> duckdb.DuckDBPyConnection:
    """A city whose registers were delivered on 1 June."""
    monkeypatch.delenv("ONEGRID_KEY", raising=False)
    ensure_key(tmp_path / "home")
    connection = duckdb.connect()
    create_tables(connection)
    create_profiles(connection, published=False)
    add_line(connection, department="justice", category="legal_aid", delivery_date=REGISTERS, kind="full", stage="applied")
    a_person(connection, "chen", published=False, name="陈秀英")
    return connection


def run(con: duckdb.DuckDBPyConnection, home: Path, deliveries: Path, until: date | None = None) -> dict[str, int]:
    """What the assets of the form do, in their order."""
    assert stages.land(con, FORM, deliveries, until).refusals == []
    assert stages.accept(con, FORM, home).accounts_balance
    stages.apply_history(con, FORM)
    visit_stages.materialise_current(con, FORM, until)
    return visit_stages.build_visits(con, home)


def test_the_assets_of_the_form_depend_on_profiles_and_have_no_mentions() -> None:
    others = [*CATEGORY_ASSETS, *(one for one in CITY_ASSETS if one not in VISIT_ASSETS)]
    resources = {"installation": Installation(home="home", deliveries="deliveries")}
    graph = dg.Definitions(assets=[*others, *VISIT_ASSETS], resources=resources).resolve_asset_graph()
    assert graph.get(VISITS).parent_keys == {dg.AssetKey(["city", "profiles"]), dg.AssetKey(["current", "grid_visits"])}
    stages_of_form = {key.path[0] for key in graph.get_all_asset_keys() if key.path[-1] == "grid_visits"}
    assert stages_of_form == {"landed", "accepted", "history", "current"}


def test_a_city_without_the_form_runs_as_before(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    assert run(con, tmp_path / "home", tmp_path / "in")["rows"] == 0
    assert con.execute("SELECT count(*) FROM visit_statement").fetchone() == (0,)
    assert stages.as_of(con, None) == REGISTERS


def test_visits_after_the_registers_count_at_once_and_move_no_reference_date(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    before = con.execute("FROM profile").fetchall()
    deliver(tmp_path / "in", [{"visit_no": "V-1", "visit_date": "2025-06-02", "name": "陈秀英", "lives_here": "是"}])
    assert run(con, tmp_path / "home", tmp_path / "in")["rows"] == 1
    assert stages.as_of(con, None) == REGISTERS
    assert visit_stages.visits_day(con, FORM, None) == VISITED
    assert con.execute("FROM profile").fetchall() == before


def test_a_run_until_an_earlier_day_knows_no_later_visit(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    deliver(tmp_path / "in", [{"visit_no": "V-1", "visit_date": "2025-06-02", "name": "陈秀英", "lives_here": "是"}])
    run(con, tmp_path / "home", tmp_path / "in")
    visit_stages.materialise_current(con, FORM, REGISTERS)
    assert visit_stages.build_visits(con, tmp_path / "home")["rows"] == 0


def test_what_a_run_says_of_visits_are_counts(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    deliver(tmp_path / "in", [{"visit_no": "V-1", "visit_date": "2025-06-02", "name": "陈秀英", "lives_here": "是"}])
    counts = run(con, tmp_path / "home", tmp_path / "in")
    assert all(isinstance(value, int) for value in counts.values())
    assert "陈秀英" not in json.dumps(counts)
