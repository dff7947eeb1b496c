"""`onegrid ui`: the Dagster UI on the instance of a home.

Belongs here: starting `dagster dev` with the environment that the definitions read.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def serve(home: Path, deliveries: Path, port: int) -> None:
    """Serve the UI until interrupted."""
    from pipelines.execute import instance_folder  # noqa: PLC0415 - needs Dagster

    environment = os.environ | {"DAGSTER_HOME": str(instance_folder(home)), "ONEGRID_HOME": str(home.absolute()),
                                "ONEGRID_DELIVERIES": str(deliveries.absolute())}
    subprocess.run([sys.executable, "-m", "dagster", "dev", "-m", "pipelines.definitions", "-h", "127.0.0.1", "-p", str(port)],
                   env=environment, check=False)
