"""What the assets about offers and messages do: mutual updates before the snapshot, the outbox behind it.

Belongs here: the hand-over of counts. No dagster. Does not: rules (warehouse/changes, warehouse/outbox, warehouse/subjects).
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from pipelines.progress import stage
from pipelines.stages import as_of
from warehouse import visits
from warehouse.access import identify
from warehouse.changes import building, recording
from warehouse.office.sealing import derived_key
from warehouse.outbox.pushing import push
from warehouse.outbox.queueing import enqueue
from warehouse.outbox.sending import send
from warehouse.snapshots import choose, open_snapshot
from warehouse.subjects.requests import close_fulfilled


def build_changes(con: duckdb.DuckDBPyConnection, home: Path, until: date | None, run_id: str) -> dict[str, int]:
    """Offers of registers and of visits, brought into the office; residents' corrections that a delivery has carried out are closed."""
    with stage("changes") as event:
        reference, now = as_of(con, until), datetime.now(UTC)
        building.build(con, reference, derived_key(home, building.USE))
        visits.append(con)
        recorded = recording.record_run(con, home, reference, run_id, now=now)
        fulfilled = close_fulfilled(con, home, now=now)
        event.rows = recorded.found
        event.notes = {"offered": recorded.offered, "done": recorded.done, "withdrawn": recorded.withdrawn, "requests_done": fulfilled}
    return {"rows": event.rows, **event.notes}


def send_messages(con: duckdb.DuckDBPyConnection, home: Path, until: date | None, run_id: str) -> dict[str, int]:
    """What is new about alerts is queued and leaves for the departments, rendered from the published snapshot."""
    with stage("messages") as event:
        queued = enqueue(con, home, as_of(con, until), run_id)
        snapshot = choose(home)
        with open_snapshot(home) as published:
            user, now = identify(home, None).user, datetime.now(UTC)
            sent = send(published, home, user=user, now=now)
            pushed = push(published, home, user=user, now=now)
        event.rows = sum(one.messages for one in sent)
        ended = Counter(one.outcome for one in pushed)
        event.notes = {"queued": queued, "folders": len(sent), "pushed": ended["delivered"], "push_later": ended["later"],
                       "push_dead": ended["dead"], "snapshot": snapshot.number}
    return {"rows": event.rows, **event.notes}
