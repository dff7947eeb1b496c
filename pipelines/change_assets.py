"""The assets about offers and messages: mutual updates before the snapshot, the outbox behind it.

Belongs here: names, dependencies and metadata. What happens is in `pipelines/change_stages.py`.
"""
# No `from __future__ import annotations` here: Dagster reads the annotations of asset functions.

import dagster as dg

from pipelines import change_stages
from pipelines.installation import Installation
from pipelines.place_assets import PROFILES
from pipelines.visit_assets import VISITS

ALERTS = dg.AssetKey(["city", "alerts"])
CHANGES = dg.AssetKey(["city", "changes"])
MESSAGES = dg.AssetKey(["city", "messages"])
SNAPSHOT = dg.AssetKey(["city", "snapshot"])


@dg.asset(key=CHANGES, deps=[PROFILES, ALERTS, VISITS], group_name="city", kinds={"duckdb", "sqlalchemy"},
          description="What another department knows better than a record on file, offered to its department as far as it may know.")
def changes(context: dg.AssetExecutionContext, installation: Installation) -> dg.MaterializeResult:
    counts = change_stages.build_changes(installation.con, installation.home_path, installation.until_date, context.run.run_id)
    return dg.MaterializeResult(metadata={"dagster/row_count": counts.pop("rows"), **counts})


@dg.asset(key=MESSAGES, deps=[SNAPSHOT, ALERTS], group_name="city", kinds={"sqlalchemy", "excel"},
          description="What is new about alerts, as files for each department; every message leaves once.")
def messages(context: dg.AssetExecutionContext, installation: Installation) -> dg.MaterializeResult:
    counts = change_stages.send_messages(installation.con, installation.home_path, installation.until_date, context.run.run_id)
    return dg.MaterializeResult(metadata={"dagster/row_count": counts.pop("rows"), **counts})


CHANGE_ASSETS = [changes, messages]
