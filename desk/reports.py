"""What `run` and `snapshots` print.

Belongs here: summaries of runs; counts only. Does not: comparisons with a truth (evaluating.py).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

from rich.markup import escape

from desk.render import console, errors, progress_line, table
from desk.run import RunReport
from warehouse import snapshots
from warehouse.snapshots import open_snapshot


def report_run(run: Callable[..., RunReport], home: Path, deliveries: Path, until: date | None, *, again: bool = False,
               spark_master: str | None = None) -> int:
    """Run with progress, then say what holds now. Returns the number of refused deliveries."""
    report = run(home, deliveries, until, listener=progress_line, again=again, spark_master=spark_master)
    for problem in report.problems:
        errors.print(f"  [yellow]not read[/yellow] {escape(problem)}")
    if report.nothing_new:
        console.print("nothing new: every delivery was applied before, and the published snapshot is made of them")
    show_accounting(home)
    return sum(len(event.warnings) for event in report.events if event.stage == "landed")


def show_accounting(home: Path) -> None:
    """delivered = accepted + quarantined per category, from the published snapshot."""
    with open_snapshot(home) as con:
        rows = con.execute("""
            SELECT category, count(*) FILTER (stage = 'applied'), sum(delivered) FILTER (stage = 'applied'),
                   sum(accepted) FILTER (stage = 'applied'), sum(quarantined) FILTER (stage = 'applied'),
                   count(*) FILTER (stage = 'refused')
            FROM ledger GROUP BY category ORDER BY category""").fetchall()
    totals = ["total", *(sum(row[column] or 0 for row in rows) for column in range(1, 6))]
    table("Deliveries 交付: delivered = accepted + quarantined",
          ["category", "deliveries#", "delivered#", "accepted#", "quarantined#", "refused#"], [*rows, totals])
    snapshot = snapshots.current(home)
    if snapshot is not None:
        console.print(f"published: snapshot {snapshot.number}, as of {snapshot.as_of}")


def report_snapshots(home: Path, activate: int | None) -> None:
    """List kept snapshots; with a number, make that one current first."""
    if activate is not None:
        snapshots.activate(home, activate)
    current = snapshots.current(home)
    table("Snapshots 快照", ["number#", "as of", "persons#", "current"],
          [[kept.number, kept.as_of, kept.rows.get("profile"), "yes" if current and kept.number == current.number else ""]
           for kept in snapshots.list_snapshots(home)])
