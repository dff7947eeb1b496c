"""What the assets about the grid worker's form do: its deliveries by the ordinary path, then the comparison with the profiles.

Belongs here: the hand-over of counts. No dagster. Does not: rules about data (warehouse/visits), the stages of categories (stages.py).
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb

from pipelines.progress import stage
from pipelines.stages import as_of
from sources import history
from sources.catalogue.models import Contract
from warehouse import visits


def visits_day(con: duckdb.DuckDBPyConnection, form: Contract, until: date | None) -> date:
    """The newer of the reference date and the newest delivery of the form, not after `until`: visits wait for no register."""
    row = con.execute("""SELECT max(delivery_date) FROM ledger WHERE category = $1 AND stage = 'applied'
                         AND ($2 IS NULL OR delivery_date <= $2)""", [form.category, until]).fetchone()
    newest = row[0] if row else None
    reference = as_of(con, until)
    return max(newest, reference) if newest is not None else reference


def materialise_current(con: duckdb.DuckDBPyConnection, form: Contract, until: date | None) -> dict[str, int]:
    """The lines of the form in force."""
    with stage("current", form.category) as event:
        event.rows = history.materialise_current(con, form, visits_day(con, form, until))
    return {"rows": event.rows}


def build_visits(con: duckdb.DuckDBPyConnection, home: Path) -> dict[str, int]:
    """What was said at the doors against the profiles: statements and proposals to the owning departments."""
    with stage("visits") as event:
        found = visits.build(con, home)
        event.rows = found.lines
        event.notes = {"found": found.found, "nobody": found.nobody, "unclear": found.unclear, "proposals": found.proposals}
    return {"rows": event.rows, "facts": found.facts, **event.notes}
