"""What Dagster loads: assets, the job `city`, the sensor for new deliveries and the nightly schedule.

`dagster dev -m pipelines.definitions` reads the installation from ONEGRID_HOME and ONEGRID_DELIVERIES.
"""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import dagster as dg

from pipelines.category_assets import CATEGORY_ASSETS
from pipelines.city_assets import CITY_ASSETS
from pipelines.feed_assets import FEED_ASSETS
from pipelines.installation import Installation
from pipelines.person_assets import LINK_MODEL, link_model
from pipelines.stages import fingerprint_of_deliveries

# Selecting every asset passes through a parameter that Dagster calls beta; nothing here depends on it.
warnings.filterwarnings("ignore", category=dg.BetaWarning)

CITY_JOB = dg.define_asset_job(
    "city", selection=dg.AssetSelection.all() - dg.AssetSelection.assets(LINK_MODEL), executor_def=dg.in_process_executor,
    description="Everything: deliveries to published snapshot. One process, because one writer holds the store.",
    # The lock of the home prevents a second writer; this tag lets the queue hold it back instead of failing it.
    tags={"onegrid/writer": "one"},
)

TRAIN_JOB = dg.define_asset_job(
    "train_link_model", selection=dg.AssetSelection.assets(LINK_MODEL), executor_def=dg.in_process_executor,
    description="Train the linkage model anew; started by people only, because a new model links the whole city anew.",
    tags={"onegrid/writer": "one"},
)


@dg.sensor(job=CITY_JOB, minimum_interval_seconds=60, description="Starts the job when a delivery has arrived (its manifest is written).")
def new_deliveries(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    fingerprint = fingerprint_of_deliveries(Path(os.environ["ONEGRID_DELIVERIES"]))
    if fingerprint == context.cursor:
        return dg.SkipReason("no new delivery")
    return dg.SensorResult(run_requests=[dg.RunRequest(run_key=fingerprint)], cursor=fingerprint)


NIGHTLY = dg.ScheduleDefinition(name="nightly", job=CITY_JOB, cron_schedule="0 3 * * *", execution_timezone="Asia/Shanghai")

defs = dg.Definitions(
    assets=[*CATEGORY_ASSETS, *CITY_ASSETS, *FEED_ASSETS, link_model],
    jobs=[CITY_JOB, TRAIN_JOB],
    sensors=[new_deliveries],
    schedules=[NIGHTLY],
    resources={"installation": Installation(home=dg.EnvVar("ONEGRID_HOME"), deliveries=dg.EnvVar("ONEGRID_DELIVERIES"))},
)
