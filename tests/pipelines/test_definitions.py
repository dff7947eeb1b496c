"""What Dagster loads: the asset graph is the golden one, lineage covers 115 attributes, and no delivery date or value is in it."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from pipelines.definitions import CITY_JOB, NIGHTLY, defs, new_deliveries
from sources.catalogue import load_catalogue

GOLDEN = Path(__file__).with_name("asset_graph.txt")


def graph_lines() -> list[str]:
    """`group key <- dependencies` for every asset, sorted."""
    graph = defs.resolve_asset_graph()
    lines = []
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        parents = ", ".join(sorted(parent.to_user_string() for parent in node.parent_keys))
        lines.append(f"{node.group_name} {key.to_user_string()} <- {parents}")
    return sorted(lines)


def test_the_asset_graph_is_the_one_in_review() -> None:
    assert "\n".join(graph_lines()) + "\n" == GOLDEN.read_text(encoding="utf-8"), f"a changed graph belongs into {GOLDEN.name}"


@pytest.mark.parametrize("category", load_catalogue().contracts)
def test_accounting_blocks_what_follows(category: str) -> None:
    graph = defs.resolve_asset_graph()
    checks = {key.name: graph.get_check_spec(key) for key in graph.get_check_keys_for_assets({dg.AssetKey(["accepted", category])})}
    assert checks["accounting"].blocking
    assert not checks["expectations"].blocking


def test_every_attribute_has_a_lineage_to_columns_that_exist() -> None:
    profiles = defs.resolve_asset_graph().get(dg.AssetKey(["city", "profiles"]))
    lineage = profiles.metadata["dagster/column_lineage"]
    assert set(lineage.deps_by_column) == set(load_catalogue().attributes)
    known = {(contract.category, column.name) for contract in load_catalogue().contracts.values() for column in contract.columns}
    stated = {(dep.asset_key.path[1], dep.column_name) for deps in lineage.deps_by_column.values() for dep in deps}
    assert stated <= known


def test_the_job_runs_everything_in_one_process() -> None:
    job = defs.resolve_job_def(CITY_JOB.name)
    assert job.executor_def.name == "in_process"
    assert NIGHTLY.job_name == "city"


def a_delivery(deliveries: Path, day: str) -> Path:
    folder = deliveries / "justice" / "legal_aid" / day
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(f'{{"delivery_date": "{day}"}}', encoding="utf-8")
    return folder


def test_the_sensor_asks_once_for_every_new_delivery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONEGRID_DELIVERIES", str(tmp_path))
    a_delivery(tmp_path, "2025-01-01")

    def look(cursor: str | None) -> dg.SensorResult | dg.SkipReason:
        with dg.build_sensor_context(cursor=cursor) as context:
            answer = new_deliveries(context)
        assert isinstance(answer, dg.SensorResult | dg.SkipReason)
        return answer

    first = look(None)
    assert isinstance(first, dg.SensorResult)
    assert first.run_requests
    assert isinstance(look(first.cursor), dg.SkipReason)
    (tmp_path / "justice" / "legal_aid" / "2025-02-01").mkdir()  # no manifest yet: still being written
    assert isinstance(look(first.cursor), dg.SkipReason)
    a_delivery(tmp_path, "2025-03-01")
    second = look(first.cursor)
    assert isinstance(second, dg.SensorResult)
    assert second.run_requests
    assert second.run_requests[0].run_key != first.run_requests[0].run_key
