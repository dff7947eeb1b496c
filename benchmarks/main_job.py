"""The main job on a synthetic city: time, rows per second and peak memory per stage.

    python -m benchmarks.main_job --residents 200000 [--home DIR] [--keep]

The city is made first (not part of the times), the exchange tables are loaded into an embedded PostgreSQL, then the job runs in this
process. Peak memory is that of the process (ru_maxrss), PostgreSQL apart. Single times say little on a shared machine: compare runs.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from desk.exchange import embedded_exchange
from desk.run import run
from pipelines.progress import StageEvent
from sources.synthetic import generate
from sources.synthetic.exchange import load


def _peak_gib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--residents", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--home", type=Path, default=None)
    parser.add_argument("--keep", action="store_true", help="keep the city and the installation")
    arguments = parser.parse_args()
    home = arguments.home or Path(tempfile.mkdtemp(prefix="onegrid-bench-"))
    deliveries, installation = home / "deliveries", home / "home"
    if not (deliveries / "truth" / "persons.parquet").exists():
        start = time.perf_counter()
        summary = generate(arguments.residents, arguments.seed, deliveries)
        print(f"city: {arguments.residents:,} residents, {summary.rows:,} records, {time.perf_counter() - start:.1f} s, "
              f"peak {_peak_gib():.2f} GiB")
    seconds: dict[str, float] = defaultdict(float)
    rows: dict[str, int] = defaultdict(int)
    peaks: dict[str, float] = {}

    def hear(event: StageEvent) -> None:
        seconds[event.stage] += event.seconds
        rows[event.stage] += event.rows
        peaks[event.stage] = _peak_gib()

    with embedded_exchange((home / "postgres").absolute()) as dsn:
        load(deliveries, dsn)
        start = time.perf_counter()
        run(installation, deliveries, listener=hear)
        total = time.perf_counter() - start
    print(f"{'stage':<14}{'rows':>14}{'seconds':>10}{'rows/s':>14}{'peak GiB':>10}")
    for stage, spent in seconds.items():
        print(f"{stage:<14}{rows[stage]:>14,}{spent:>10.1f}{rows[stage] / max(spent, 1e-9):>14,.0f}{peaks[stage]:>10.2f}")
    print(f"{'all':<14}{rows['landed']:>14,}{total:>10.1f}{rows['landed'] / total:>14,.0f}{_peak_gib():>10.2f}")
    if not arguments.keep and arguments.home is None:
        shutil.rmtree(home)


if __name__ == "__main__":
    main()
