"""What `run`, `evaluate` and `snapshots` print.

Belongs here: summaries of runs and of comparisons with a truth; counts only.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from rich.markup import escape

from desk.render import console, errors, progress_line, table
from desk.run import RunReport
from resolvers.evaluation import Evaluation, evaluate_links
from warehouse import snapshots
from warehouse.evaluation import evaluate_answers
from warehouse.snapshots import open_snapshot


def report_run(run: Callable[..., RunReport], home: Path, deliveries: Path, until: date | None, *, again: bool = False) -> int:
    """Run with progress, then say what holds now. Returns the number of refused deliveries."""
    report = run(home, deliveries, until, listener=progress_line, again=again)
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


def _links_rows(evaluation: Evaluation) -> list[list[Any]]:
    return [[part.name, part.mentions, part.precision, part.recall, part.wrong_pairs, part.missed_pairs] for part in evaluation.parts]


def report_evaluation(home: Path, truth: Path) -> None:
    """Links and quarantine against the truth of a synthetic city."""
    with open_snapshot(home) as con:
        evaluation = evaluate_links(con, truth)
        table("Links against the truth 关联质量", ["mentions of", "mentions#", "precision#", "recall#", "wrong pairs#", "missed pairs#"],
              _links_rows(evaluation))
        missing, extra = con.execute("""
            WITH expected AS (SELECT category, delivery_date, "row" FROM read_parquet($1) WHERE must),
                 found AS (SELECT category, delivery_date, position AS "row" FROM quarantine)
            SELECT (SELECT count(*) FROM expected ANTI JOIN found USING (category, delivery_date, "row")),
                   (SELECT count(*) FROM found ANTI JOIN expected USING (category, delivery_date, "row"))""",
                                     [str(truth / "quarantine.parquet")]).fetchone() or (0, 0)
        answers = evaluate_answers(con, truth)
    console.print(f"quarantine against the truth: {missing} rows missing, {extra} rows too many")
    table("Example queries 示例查询 (differences by cause: our links, or what the registers do not know)",
          ["query", "answered#", "rightly linked#", "link missing#", "link extra#", "truth#", "register missing#", "register extra#"],
          [[a.name, a.answered, a.rightly_linked, a.link_missing, a.link_extra, a.true, a.register_missing, a.register_extra]
           for a in answers])


def report_snapshots(home: Path, activate: int | None) -> None:
    """List kept snapshots; with a number, make that one current first."""
    if activate is not None:
        snapshots.activate(home, activate)
    current = snapshots.current(home)
    table("Snapshots 快照", ["number#", "as of", "persons#", "current"],
          [[kept.number, kept.as_of, kept.rows.get("profile"), "yes" if current and kept.number == current.number else ""]
           for kept in snapshots.list_snapshots(home)])
