"""What Dagster loads: the asset graph is the golden one, lineage covers 115 attributes, and no delivery date or value is in it."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from pipelines.definitions import CITY_JOB, NIGHTLY, defs
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
    lineage = profiles.metadata["dagster/column_lineage"].value
    assert set(lineage.deps_by_column) == set(load_catalogue().attributes)
    known = {(contract.category, column.name) for contract in load_catalogue().contracts.values() for column in contract.columns}
    stated = {(dep.asset_key.path[1], dep.column_name) for deps in lineage.deps_by_column.values() for dep in deps}
    assert stated <= known


def test_the_job_runs_everything_in_one_process() -> None:
    job = defs.resolve_job_def(CITY_JOB.name)
    assert job.executor_def.name == "in_process"
    assert NIGHTLY.job_name == "city"
