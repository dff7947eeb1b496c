"""Jobs executed in this process, on the embedded Dagster instance of a home.

Belongs here: the instance, the call, and the words for a failure.
"""

from __future__ import annotations

import logging
import os
from datetime import date
from pathlib import Path

import dagster as dg

from pipelines.definitions import defs
from pipelines.failures import RunFailed
from pipelines.installation import Installation

EMBEDDED_INSTANCE = "telemetry:\n  enabled: false\nnux:\n  enabled: false\n"


def instance_folder(home: Path) -> Path:
    """DAGSTER_HOME where it is set, else the home's own instance, made on first use."""
    folder = Path(os.environ.get("DAGSTER_HOME") or home / "dagster").absolute()
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "dagster.yaml").exists():
        (folder / "dagster.yaml").write_text(EMBEDDED_INSTANCE, encoding="utf-8")
    return folder


def execute_city_job(home: Path, deliveries: Path, until: date | None, spark_master: str | None = None) -> None:
    """Run every asset; raises RunFailed with the stages that failed and why."""
    _execute("city", home, deliveries, until, spark_master)


def execute_training_job(home: Path) -> None:
    """Train the linkage model anew; raises RunFailed with the reason."""
    _execute("train_link_model", home, home, None, None)


def _execute(job_name: str, home: Path, deliveries: Path, until: date | None, spark_master: str | None) -> None:
    logging.getLogger("dagster").setLevel(logging.CRITICAL)
    installation = Installation(home=str(home), deliveries=str(deliveries), until=until.isoformat() if until else "",
                                spark_master=spark_master or "")
    with dg.DagsterInstance.from_config(str(instance_folder(home))) as instance:
        job = defs.resolve_job_def(job_name)
        result = job.execute_in_process(instance=instance, resources={"installation": installation}, raise_on_error=False,
                                        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}})
    if not result.success:
        raise RunFailed(_why(result))


def _why(result: dg.ExecuteInProcessResult) -> str:
    """The failed stages with class and message of the innermost error; messages of this product carry no values."""
    failures = []
    for event in result.all_events:
        if event.is_step_failure:
            error = event.step_failure_data.error
            while error is not None and error.cause is not None:
                error = error.cause
            failures.append(f"{event.step_key}: {error.message.strip() if error is not None else 'failed'}")
    return "\n".join(failures) or "the run failed before its first stage"
