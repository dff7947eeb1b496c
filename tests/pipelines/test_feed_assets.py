"""The assets of feeds: one per module downstream of the snapshot, with schema, lineage and a check that stops everything."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import dagster as dg
import pytest

from pipelines import feed_stages
from pipelines.feed_assets import CHECK, FEED_ASSETS, SNAPSHOT, key_of, lineage
from pipelines.installation import Installation
from sources.catalogue import load_catalogue
from tests.warehouse.feed_cases import AS_OF, fill
from warehouse import snapshots
from warehouse.feeds import compatibility, products
from warehouse.feeds.declared import feed_of, load_feeds
from warehouse.keys import ensure_key
from warehouse.store import open_working


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("ONEGRID_KEY", raising=False)
    monkeypatch.delenv("ONEGRID_OFFICE_DSN", raising=False)
    ensure_key(tmp_path)
    with open_working(tmp_path) as con:
        fill(con)
        snapshots.publish(con, tmp_path, AS_OF, "run")
    return tmp_path


def run(home: Path, *modules: str) -> dg.ExecuteInProcessResult:
    return dg.materialize(FEED_ASSETS, selection=[key_of(module) for module in modules] or None, raise_on_error=False,
                          resources={"installation": Installation(home=str(home), deliveries=str(home))})


def test_every_module_is_an_asset_behind_the_snapshot() -> None:
    (definition,) = FEED_ASSETS
    specs = {spec.key: spec for spec in definition.specs}
    assert set(specs) == {key_of(module) for module in load_feeds()}
    assert all(SNAPSHOT in {dep.asset_key for dep in spec.deps} for spec in specs.values())
    assert {key.name for key in definition.check_keys} == {CHECK}


@pytest.mark.parametrize("module", list(load_feeds()))
def test_every_column_leads_to_attributes_that_its_purpose_opens(module: str) -> None:
    declared = feed_of(module)
    found = lineage(declared).deps_by_column
    assert list(found) == [column.name for column in declared.columns]
    opened = load_catalogue().purposes[declared.feed.purpose].attributes
    assert {dep.column_name for deps in found.values() for dep in deps} <= set(opened)


def test_run_publishes_what_is_due_and_tells_counts_only(home: Path) -> None:
    result = run(home)
    assert result.success
    metadata = {event.asset_key.path[-1]: event.materialization.metadata for event in result.get_asset_materialization_events()
                if event.asset_key is not None}
    assert set(metadata) == set(load_feeds())
    assert metadata["special_group_care_ledger"]["dagster/row_count"].value == 2
    assert metadata["grid_information"]["state"].value == "on request"
    assert all(evaluation.passed for evaluation in result.get_asset_check_evaluations())
    told = json.dumps({module: {name: str(value) for name, value in values.items()} for module, values in metadata.items()})
    assert not any(text in told for text in ("陈秀英", "P01", "园林路"))
    assert {event.asset_key.path[-1] for event in run(home, "media_statistics").get_asset_materialization_events() if event.asset_key} == {
        "media_statistics"}


def test_break_fails_the_check_and_publishes_nothing(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(shutil.copytree(compatibility.FOLDER, tmp_path / "schemas"))
    promised = json.loads((folder / "aixin_one_touch.json").read_text())
    promised["columns"].append({"name": "gone", "type": "DATE", "nullable": True})
    (folder / "aixin_one_touch.json").write_text(json.dumps(promised))
    monkeypatch.setattr(feed_stages, "compare_all", lambda: compatibility.compare_all(folder))
    result = run(home)
    assert not result.success
    failed = [evaluation.asset_key.path[-1] for evaluation in result.get_asset_check_evaluations() if not evaluation.passed]
    assert failed == ["aixin_one_touch"]
    assert all(not products.list_products(home, module) for module in load_feeds())
