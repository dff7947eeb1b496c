"""The assets of feeds: one per module, downstream of the snapshot.

Belongs here: names, dependencies, checks, metadata and the lineage of columns. What happens is in `pipelines/feed_stages.py`.
"""
# No `from __future__ import annotations` here: Dagster reads the annotations of asset functions.

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from pipelines import feed_stages
from pipelines.installation import Installation
from pipelines.place_assets import PROFILES
from warehouse.feeds.building import Built, State
from warehouse.feeds.compatibility import Comparison
from warehouse.feeds.declared import DeclaredFeed, load_feeds
from warehouse.queries.parsing import asks_for

SNAPSHOT = dg.AssetKey(["city", "snapshot"])
GROUP = "feeds"
CHECK = "schema_compatible"


def key_of(module: str) -> dg.AssetKey:
    """The asset of a module."""
    return dg.AssetKey(["feed", module])


def lineage(declared: DeclaredFeed) -> dg.TableColumnLineage:
    """Each column of a product to the attributes of the profile that it is made of; a measure to those that its query reads."""
    sources = {name: {name} for name in declared.attributes}
    sources |= {measure.name: asks_for(measure.query) | asks_for(declared.rows) for measure in declared.measures}
    return dg.TableColumnLineage(deps_by_column={
        column: [dg.TableColumnDep(asset_key=PROFILES, column_name=name) for name in sorted(names)] for column, names in sources.items()
    })


def schema(declared: DeclaredFeed) -> dg.TableSchema:
    """Columns with their types and Chinese titles."""
    return dg.TableSchema(columns=[
        dg.TableColumn(column.name, column.type, column.title_zh, dg.TableColumnConstraints(nullable=column.nullable))
        for column in declared.columns
    ])


def _described(declared: DeclaredFeed) -> dict[str, Any]:
    """What is known of a product before any run."""
    feed = declared.feed
    terms = {name: getattr(feed, name) for name in ("purpose", "cadence", "delivery", "recipient", "retention")}
    return {**terms, "dagster/column_schema": schema(declared), "dagster/column_lineage": lineage(declared)}


def _spec(declared: DeclaredFeed) -> dg.AssetSpec:
    return dg.AssetSpec(key=key_of(declared.module), deps=[SNAPSHOT, PROFILES], group_name=GROUP, kinds={declared.feed.delivery},
                        description=f"{declared.feed.title_zh}: {declared.feed.description}", metadata=_described(declared), skippable=True)


def _metadata(built: Built) -> dict[str, Any]:
    """Counts and names only."""
    counts = {"inserted": built.inserted, "changed": built.changed, "removed": built.removed, "withheld": built.withheld}
    made = {"dagster/row_count": built.rows, **counts} if built.state is State.PUBLISHED else {}
    return {"state": built.state.value, "as_of": built.as_of.isoformat(), "schema_version": built.schema_version,
            "expired": built.expired, **made, **_described(load_feeds()[built.module])}  # fmt: skip


def _verdict(compared: Comparison) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(check_name=CHECK, asset_key=key_of(compared.module), passed=not compared.breaking,
                               severity=dg.AssetCheckSeverity.ERROR, description="\n".join(compared.breaking) or None,
                               metadata={"version": compared.version, "added": len(compared.added), "breaking": len(compared.breaking)})


@dg.multi_asset(
    name="feeds", specs=[_spec(declared) for declared in load_feeds().values()], can_subset=True,
    check_specs=[dg.AssetCheckSpec(CHECK, asset=key_of(module), description="Nothing that consumers rely on is gone or different.")
                 for module in load_feeds()],
)
def feeds(context: dg.AssetExecutionContext, installation: Installation) -> Iterator[Any]:
    """Publish what is due; a feed whose schema would break fails all of them before anything is published."""
    chosen = {key.path[-1] for key in context.selected_asset_keys} | {key.asset_key.path[-1] for key in context.selected_asset_check_keys}
    compared = feed_stages.compare_schemas()
    checked = {key.asset_key.path[-1] for key in context.selected_asset_check_keys}
    yield from (_verdict(compared[module]) for module in load_feeds() if module in checked)
    broken = [one.module for one in compared.values() if one.breaking]
    if broken:
        raise dg.Failure(f"nothing was published: {', '.join(broken)}", allow_retries=False)
    modules = [module for module in load_feeds() if module in chosen]
    built = feed_stages.publish_feeds(installation.con, installation.home_path, modules, now=datetime.now(UTC))
    selected = {key.path[-1] for key in context.selected_asset_keys}
    yield from (dg.MaterializeResult(asset_key=key_of(module), metadata=_metadata(built[module]))
                for module in modules if module in selected)


FEED_ASSETS = [feeds]
