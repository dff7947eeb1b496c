"""`onegrid run`: the Dagster job `city` in this process, on one home.

Belongs here: deciding whether anything is new, executing the job, and what the caller is told.
Does not: what the job does (pipelines).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from pipelines import stages
from pipelines.failures import RunFailed
from pipelines.progress import Listener, StageEvent, listening
from sources.deliveries import discover
from sources.ledger import create_tables
from warehouse import snapshots
from warehouse.keys import ensure_key
from warehouse.store import open_working


@dataclass(slots=True)
class RunReport:
    """What a run did; `events` holds one entry per finished stage."""

    nothing_new: bool = False
    events: list[StageEvent] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def run(
    home: Path, deliveries: Path, until: date | None = None, *, listener: Listener | None = None, again: bool = False,
    spark_master: str | None = None,
) -> RunReport:
    """Load what is new in `deliveries` and publish. Raises RunFailed, or the store's errors (wrong key, another writer)."""
    if not deliveries.is_dir():
        raise RunFailed(f"there is no folder {deliveries}: name the folder that holds <department>/<category>/<date>/")
    home.mkdir(parents=True, exist_ok=True)
    ensure_key(home)
    report = RunReport(problems=list(discover(deliveries).problems))
    if not again and _nothing_new(home, deliveries, until):
        report.nothing_new = True
        return report

    def hear(event: StageEvent) -> None:
        report.events.append(event)
        if listener is not None:
            listener(event)

    with listening(hear):
        from pipelines.execute import execute_city_job  # noqa: PLC0415 - Dagster is slow to import, and only runs need it

        execute_city_job(home, deliveries, until, spark_master)
    return report


def _nothing_new(home: Path, deliveries: Path, until: date | None) -> bool:
    """True when every delivery in reach was applied or refused before and a snapshot of exactly these, with the present decisions and
    model, is published."""
    with open_working(home) as con:
        create_tables(con)
        known = {(category, day): (stage, manifest) for category, day, stage, manifest in con.execute(
            "SELECT category, delivery_date, stage, manifest_hash FROM ledger").fetchall()}
        for delivery in discover(deliveries).deliveries:
            if until is not None and delivery.delivery_date > until:
                continue
            stage, manifest = known.get((delivery.category, delivery.delivery_date), ("unknown", None))
            if stage not in {"applied", "refused"} or manifest != delivery.manifest_hash:
                return False
        fingerprint = stages.fingerprint(con, home, until)
    return any(snapshot.made_of == fingerprint for snapshot in snapshots.list_snapshots(home))
