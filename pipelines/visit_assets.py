"""The assets of the grid worker's form: landed, accepted, history, current, and what was said against the profiles.

Belongs here: names, dependencies, checks and metadata. What happens is in `pipelines/visit_stages.py`. The form has no mentions: it takes
no part in linkage.
"""
# No `from __future__ import annotations` here: Dagster reads the annotations of asset functions.

import dagster as dg

from pipelines import visit_stages
from pipelines.category_assets import REFERENCE_DATE, accepted_asset, history_asset, landed_asset, table_metadata
from pipelines.installation import Installation
from pipelines.place_assets import PROFILES
from sources.catalogue import load_catalogue
from sources.catalogue.models import Contract
from warehouse.visits.routing import FORM

VISITS = dg.AssetKey(["city", "visits"])


def _current(form: Contract) -> dg.AssetsDefinition:
    @dg.asset(key=["current", form.category], deps=[["history", form.category], REFERENCE_DATE], group_name=form.department,
              kinds={"duckdb"}, description=f"{form.title_zh}: the lines in force on the reference date or on their own newest day.")
    def current(installation: Installation) -> dg.MaterializeResult:
        counts = visit_stages.materialise_current(installation.con, form, installation.until_date)
        return dg.MaterializeResult(metadata=table_metadata(counts, form, "current"))

    return current


@dg.asset(key=VISITS, deps=[dg.AssetKey(["current", FORM]), PROFILES], group_name="city", kinds={"duckdb"},
          description="What residents said at the door against the profiles, divided into proposals to the owning departments.")
def visits(installation: Installation) -> dg.MaterializeResult:
    counts = visit_stages.build_visits(installation.con, installation.home_path)
    return dg.MaterializeResult(metadata={"dagster/row_count": counts.pop("rows"), **counts})


VISIT_ASSETS = [*(build(form) for form in load_catalogue().forms.values()
                  for build in (landed_asset, accepted_asset, history_asset, _current)), visits]
