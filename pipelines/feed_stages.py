"""What the assets of feeds do: publish what is due of the current snapshot.

Belongs here: the snapshot opened, the products made, their counts. No dagster. Does not: rules of products (warehouse/feeds).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import duckdb

from pipelines.progress import stage
from warehouse.access import identify
from warehouse.feeds import withdrawals
from warehouse.feeds.building import Built, Run, State, build
from warehouse.feeds.compatibility import Comparison, compare_all
from warehouse.snapshots import choose, open_snapshot

MEMORY = "2GB"
"""The working store of the same process keeps its own memory."""


def compare_schemas() -> dict[str, Comparison]:
    """Every feed against the schema that its consumers were promised."""
    return {one.module: one for one in compare_all()}


def publish_feeds(working: duckdb.DuckDBPyConnection, home: Path, modules: Sequence[str], *, now: datetime,
                  force: bool = False) -> dict[str, Built]:
    """Publish what is due of the current snapshot, and take what was withdrawn out of kept products.

    `working` is the working state, where the snapshot's run noted whom withdrawn records named. Raises SchemaBroken before anything
    is published.
    """
    with stage("feeds") as event:
        snapshot = choose(home)
        run = Run(home, snapshot.as_of, snapshot.number, identify(home, None).user, now, force)
        with open_snapshot(home) as con:
            con.execute(f"SET memory_limit = '{MEMORY}'")
            built = build(con, run, modules)
            cleaned = withdrawals.clean(con, home, snapshot.as_of, snapshot.number, withdrawals.noted(working))
        withdrawals.forget(working)
        published = [one for one in built if one.state is State.PUBLISHED]
        event.rows = sum(one.rows for one in published)
        event.notes = {"published": len(published), "expired": sum(one.expired for one in built), "rows_cleaned": cleaned}
    return {one.module: one for one in built}
