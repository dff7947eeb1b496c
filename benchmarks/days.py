"""Alerts after each day of delivery, compared with what a city's truth says holds on that day.

    python -m benchmarks.days --deliveries DELIVERIES --home HOME        # a new home; half an hour for the sample city

DELIVERIES/truth has alerts_by_delivery.parquet (as_of, check, category, natural_key). For each day of it `onegrid run --until DAY` brings
the home there as a city would live, increment by increment, and the rows of its alerts are counted beside those of the truth. A check is
counted from its first day in the truth on: before, a register that it needs had not been delivered. Rows that planted.parquet calls
approximate are no errors and are left out on both sides.
Belongs here: the measurement. Does not: the last day alone, which `onegrid evaluate` judges check by check.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import duckdb

from warehouse.snapshots import open_snapshot

TRUTH, PLANTED = "alerts_by_delivery.parquet", "planted.parquet"
COMMAND = "from desk.cli import main; main()"


class Day(NamedTuple):
    """Rows of one day; `missing` and `extra` by check."""

    truth: int
    ours: int
    both: int
    missing: dict[str, int]
    extra: dict[str, int]


def days_of(truth: Path) -> list[str]:
    rows = duckdb.connect().execute("SELECT DISTINCT as_of FROM read_parquet(?) ORDER BY 1", [str(truth)]).fetchall()
    return [str(day) for (day,) in rows]


def run_until(deliveries: Path, home: Path, day: str) -> None:
    ended = subprocess.run([sys.executable, "-c", COMMAND, "run", "--home", str(home), "--deliveries", str(deliveries), "--until", day],
                           check=False, capture_output=True, text=True)
    if ended.returncode:
        raise SystemExit(f"the run until {day} failed:\n{ended.stdout[-2000:]}\n{ended.stderr[-2000:]}")


def compared(home: Path, truth: Path, day: str) -> Day:
    """The alerts of the home's newest snapshot beside the truth of a day."""
    with open_snapshot(home) as con:
        rows = con.execute("""
            WITH began AS (SELECT "check", min(as_of) AS day FROM read_parquet($truth) GROUP BY ALL),
                 told AS (SELECT DISTINCT "check", category, natural_key FROM read_parquet($truth) WHERE as_of = $day::DATE),
                 found AS (SELECT DISTINCT "check", category, natural_key FROM alert JOIN alert_record USING (alert_id)),
                 vague AS (SELECT DISTINCT "check", category, natural_key FROM read_parquet($planted) WHERE certainty <> 'exact')
            SELECT "check", count(*) FILTER (in_truth), count(*) FILTER (ours), count(*) FILTER (in_truth AND ours)
            FROM (SELECT *, true AS in_truth FROM told) FULL JOIN (SELECT *, true AS ours FROM found) USING ("check", category, natural_key)
            ANTI JOIN vague USING ("check", category, natural_key)
            JOIN began USING ("check") WHERE began.day <= $day::DATE GROUP BY ALL ORDER BY ALL""",
            {"truth": str(truth / TRUTH), "planted": str(truth / PLANTED), "day": day}).fetchall()
    sums = [sum(row[place] for row in rows) for place in (1, 2, 3)]
    return Day(sums[0], sums[1], sums[2], {check: told - both for check, told, _, both in rows if told > both},
               {check: ours - both for check, _, ours, both in rows if ours > both})


def main() -> None:
    parser = argparse.ArgumentParser(description="Alerts after each day of delivery beside the truth.")
    parser.add_argument("--deliveries", type=Path, required=True)
    parser.add_argument("--home", type=Path, required=True, help="made when it is not there; a home that is further than a day is no use")
    arguments = parser.parse_args()
    truth = arguments.deliveries / "truth"
    if not (truth / TRUTH).is_file():
        raise SystemExit(f"{truth} has no {TRUTH}: this city does not state what holds after each delivery")
    recalls, precisions = [], []
    for day in days_of(truth / TRUTH):
        start = time.perf_counter()
        run_until(arguments.deliveries, arguments.home, day)
        one = compared(arguments.home, truth, day)
        recalls.append(one.both / one.truth if one.truth else 1.0)
        precisions.append(one.both / one.ours if one.ours else 1.0)
        print(f"{day} truth {one.truth:>6,} ours {one.ours:>6,} recall {recalls[-1]:.4f} precision {precisions[-1]:.4f} "
              f"({time.perf_counter() - start:.0f} s) missing {one.missing} extra {one.extra}", flush=True)
    for name, values in (("recall", recalls), ("precision", precisions)):
        print(f"{name}: least {min(values):.4f}, median {statistics.median(values):.4f}")


if __name__ == "__main__":
    main()
