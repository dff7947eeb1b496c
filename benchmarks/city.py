"""Time and peak memory of the city generator: python -m benchmarks.city --residents 1000000.

Belongs here: measuring sources.synthetic. Does not: the main job (main_job.py).
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

from sources.synthetic import generate


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the generator of synthetic cities.")
    parser.add_argument("--residents", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--deltas", type=int, default=2)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        summary = generate(chosen.residents, chosen.seed, Path(folder), chosen.deltas)
        seconds = time.perf_counter() - started
        size = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(f"residents {summary.residents:,}  rows {summary.rows:,}  mentions {summary.mentions:,}  files {size / 1e6:,.0f} MB")
    print(f"{seconds:.1f} s  {summary.rows / seconds:,.0f} rows/s  peak {peak:.2f} GB")


if __name__ == "__main__":
    main()
