"""`onegrid model`: the linkage model of an installation, shown and trained anew.

Belongs here: what is printed. Does not: training (resolvers/linkage/training.py), the job around it (pipelines).
"""

from __future__ import annotations

import json
from pathlib import Path

from desk.render import console
from pipelines.stages import MODELS
from resolvers.linkage.model import MODEL_FILE, read
from sources.errors import OneGridError


def show_model(home: Path) -> None:
    """Print everything but the single parameters, which stand in the file itself. Raises OneGridError where there is none."""
    path = home / MODELS / MODEL_FILE
    if not path.exists():
        raise OneGridError("there is no model yet", str(path), "the first run trains one when there are enough people to learn from")
    console.print_json(json.dumps(read(path).for_people(), ensure_ascii=False))


def train_model(home: Path) -> None:
    """Run the job that trains; a failure leaves the former model. Raises RunFailed."""
    from pipelines.execute import execute_training_job  # noqa: PLC0415 - Dagster is slow to import

    execute_training_job(home)
    show_model(home)
    console.print("the next `onegrid run` links everything anew with this model; the former one is kept beside it")
