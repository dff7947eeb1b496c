"""What the assets about places and families do.

Belongs here: the hand-over of counts between the rooms. No dagster. Does not: rules about data, nor the stages before and after
(stages.py).
"""

from __future__ import annotations

from datetime import date

import duckdb

from pipelines.progress import stage
from pipelines.stages import as_of
from resolvers import geography, organisations, places
from warehouse import households, residences, rollup
from warehouse.houses import gone


def build_places(con: duckdb.DuckDBPyConnection, until: date | None) -> dict[str, int]:
    """Bring every address cell to the administrative tree and to a dwelling; remember the dwellings that are registered no more."""
    with stage("places") as event:
        counts = places.build(con)
        event.rows = counts.cells
        event.notes = {"with_dwelling": counts.dwelling_from_code + counts.dwelling_from_text,
                       "dwellings_gone": gone.build(con, as_of(con, until))}
    return {"rows": event.rows, **event.notes}


def build_organisations(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Employers, schools, health institutions, offices and owners: which cells name one organisation."""
    with stage("organisations") as event:
        counts = organisations.build(con)
        event.rows = counts.organisations
        event.notes = {"cells": counts.cells}
    return {"rows": event.rows, **event.notes}


def locate_dwellings(con: duckdb.DuckDBPyConnection, until: date | None) -> geography.LocationReport:
    """Every dwelling in its grid by its coordinates and by the register."""
    with stage("dwelling locations") as event:
        report = geography.locate_dwellings(con, as_of(con, until))
        event.rows = report.dwellings
        event.notes = {verdict: count for verdict, count in report.by_verdict.items() if count}
    return report


def build_households(con: duckdb.DuckDBPyConnection, until: date | None) -> dict[str, int]:
    """Who is registered together, who lives together, and the family ties."""
    with stage("households") as event:
        counts = households.build(con, as_of(con, until))
        event.rows = counts["household"]
        event.notes = {"members": counts["household_member"], "ties": counts["family_tie"]}
    return {"rows": event.rows, **event.notes}


def build_residences(con: duckdb.DuckDBPyConnection, until: date | None) -> dict[str, int]:
    """What every record says of where a person lives, and where somebody lived when."""
    with stage("residences") as event:
        counts = residences.build(con, as_of(con, until))
        event.rows = counts["residence_claim"]
        event.notes = {"spells": counts["residence_history"]}
    return {"rows": event.rows, **event.notes}


def build_areas(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Residents, households, dwellings and the values of the 30 classes, per area of five levels."""
    with stage("areas") as event:
        event.rows = rollup.build(con)
    return {"rows": event.rows}
