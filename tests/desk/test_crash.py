"""A run that is killed at any stage leaves nothing wrong behind: the next run ends as an undisturbed one, person ids included, although
the rows of files came in another order, too."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from desk.run import run
from tests.desk.cities import ROOT, exported, turn_around
from tests.desk.conftest import City
from warehouse import snapshots

KILLED = """
import os, signal, sys
from pathlib import Path
from desk.run import run
from warehouse import snapshots

home, deliveries, where = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

if where == "switch":
    snapshots.replace_file = die
run(home, deliveries, listener=lambda event: die() if f"{event.stage} {event.subject}".strip() == where else None)
"""
MOMENTS = ("accepted medical_insurance", "switch")
"""In the order of a run; each run goes on from what the one before left."""


def refused(home: Path, out: Path, turned: set[str]) -> list[tuple[object, ...]]:
    """The quarantine; of files that were turned around without the number of the row."""
    rows = exported(home, "quarantine", out)
    return sorted((category, day, None if category in turned else row, reason) for category, day, row, reason in rows)


def test_a_run_after_kills_and_over_turned_files_ends_like_an_undisturbed_one(city: City, tmp_path: Path) -> None:
    """Two things at once, because each costs a whole run: if this fails, leave one of them out to see which it was."""
    disturbed = city.copy(tmp_path, home=False)
    turned = turn_around(disturbed.deliveries)
    assert turned
    for moment in MOMENTS:
        killed = subprocess.run([sys.executable, "-c", KILLED, str(disturbed.home), str(disturbed.deliveries), moment], cwd=ROOT,
                                capture_output=True, text=True, timeout=280, check=False)
        assert killed.returncode == -signal.SIGKILL, f"{moment}: {killed.stderr[-2000:]}"
        assert snapshots.current(disturbed.home) is None
    report = run(disturbed.home, disturbed.deliveries)
    assert not report.nothing_new
    assert not list(snapshots.snapshots_folder(disturbed.home).glob(".building-*"))
    assert refused(disturbed.home, tmp_path / "disturbed", turned) == refused(city.home, tmp_path / "undisturbed", turned)
    for table in ("mentions", "profiles", "alerts"):
        assert exported(disturbed.home, table, tmp_path / "disturbed") == exported(city.home, table, tmp_path / "undisturbed"), table
    assert run(disturbed.home, disturbed.deliveries).nothing_new
