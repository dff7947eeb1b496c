"""The assets of the whole city: reference date, profiles, alerts, Data Docs, snapshot.

Belongs here: names, dependencies, checks, metadata and the column lineage from the 115 attributes back to the departments' columns.
"""

import dagster as dg

from pipelines import stages
from pipelines.category_assets import PLACES, REFERENCE_DATE
from pipelines.change_assets import CHANGE_ASSETS, CHANGES
from pipelines.installation import Installation
from pipelines.person_assets import LINK_QUALITY, PERSON_ASSETS, PERSONS
from pipelines.place_assets import AREAS, HOUSEHOLDS, LOCATIONS, ORGANISATIONS, PLACE_ASSETS, PROFILES, RESIDENCES
from pipelines.visit_assets import VISIT_ASSETS
from sources.catalogue import load_catalogue
from warehouse.provenance import column_lineage

CATEGORIES = tuple(load_catalogue().contracts)
ALERTS = dg.AssetKey(["city", "alerts"])
SNAPSHOT = dg.AssetKey(["city", "snapshot"])
GROUP = "city"


def _each(stage: str) -> list[dg.AssetKey]:
    return [dg.AssetKey([stage, category]) for category in CATEGORIES]


@dg.asset(key=REFERENCE_DATE, deps=_each("history"), group_name=GROUP,
          description="as_of: the newest delivery date loaded, unless the run states another. No rule looks at the clock.")
def reference_date(installation: Installation) -> dg.MaterializeResult:
    return dg.MaterializeResult(metadata={"as_of": stages.as_of(installation.con, installation.until_date).isoformat()})


def _lineage() -> dg.TableColumnLineage:
    return dg.TableColumnLineage(deps_by_column={
        attribute: [dg.TableColumnDep(asset_key=dg.AssetKey(["current", category]), column_name=column) for category, column in columns]
        for attribute, columns in column_lineage().items()
    })


def _profile_schema() -> dg.TableSchema:
    return dg.TableSchema(columns=[
        dg.TableColumn(attribute.name, attribute.type, description=f"{attribute.title_zh}: {attribute.description}")
        for attribute in load_catalogue().attributes.values()
    ])


@dg.asset(key=PROFILES, deps=[PERSONS, PLACES, *_each("current")], group_name=GROUP, kinds={"duckdb"},
          description="One row per person with the 115 attributes; each value can say where it comes from.",
          metadata={"dagster/column_lineage": _lineage(), "dagster/column_schema": _profile_schema()})
def profiles(installation: Installation) -> dg.MaterializeResult:
    counts = stages.build_profiles(installation.con, installation.until_date)
    return dg.MaterializeResult(metadata={"dagster/row_count": counts.pop("rows"), "dagster/column_lineage": _lineage(),
                                          "dagster/column_schema": _profile_schema(), **counts})


@dg.asset(key=ALERTS, deps=[PROFILES], group_name=GROUP, kinds={"duckdb"},
          description="What contradicts itself within or between departments: requests to check a record, never a decision.")
def alerts(context: dg.AssetExecutionContext, installation: Installation) -> dg.MaterializeResult:
    counts = stages.evaluate_checks(installation.con, installation.home_path, installation.until_date, context.run.run_id)
    return dg.MaterializeResult(metadata={"dagster/row_count": counts.pop("rows"), **counts})


@dg.asset(key=["city", "data_docs"], deps=_each("accepted"), group_name=GROUP, kinds={"greatexpectations"},
          description="Great Expectations Data Docs of the deliveries; counts only.")
def data_docs(installation: Installation) -> dg.MaterializeResult:
    return dg.MaterializeResult(metadata={"index": dg.MetadataValue.path(stages.build_data_docs(installation.home_path))})


@dg.asset(key=SNAPSHOT, deps=[ALERTS, PROFILES, HOUSEHOLDS, RESIDENCES, AREAS, LOCATIONS, ORGANISATIONS, LINK_QUALITY, CHANGES],
          group_name=GROUP, kinds={"duckdb"},
          description="The published state: what queries, profiles and exports read until the next one is switched in.")
def snapshot(context: dg.AssetExecutionContext, installation: Installation) -> dg.MaterializeResult:
    published = stages.publish(installation.con, installation.home_path, installation.until_date, context.run.run_id)
    return dg.MaterializeResult(metadata={"dagster/row_count": published.pop("rows"), **published})


CITY_ASSETS = [reference_date, *PLACE_ASSETS, *PERSON_ASSETS, *VISIT_ASSETS, *CHANGE_ASSETS, profiles, alerts, data_docs, snapshot]
