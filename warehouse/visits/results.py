"""What became of the lines of a grid, for its grid worker: no more than the purpose of grid workers opens.

Belongs here: the statements of a grid with their state. Does not: the life of a proposal (warehouse/changes), printing (desk).

A line is named by its own number, never by a person: who was found for it is not told. Where the purpose does not open the attribute
(work, school, health), the answer is the same whether the registers agree or not; else it would tell what they say. Of a person who lives
in another grid, and of one whom no register knows, it is only told that the line was passed on: a worker sees the people of the own grid.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from sources.tables import has_table
from warehouse.access import Reader, Request, gate
from warehouse.snapshots import open_snapshot
from warehouse.visits.comparing import OFFERED
from warehouse.visits.forms import check_grid
from warehouse.visits.routing import GRID_PURPOSE, load_routing

COMMAND = "visits results"
OWN = ("older_visit", "unclear", "not_asked", "no_consent")
"""Outcomes that follow from the form alone."""
PASSED_ON = "passed_on"
ARRIVALS = ("residence", "newcomer", "newborn", None)
"""What a line says of somebody who is not known to live in the grid; all are told as the residence."""
States = Callable[[Path, Sequence[str]], dict[str, str]]
"""States of proposals (offered, accepted, rejected, done, withdrawn) by change id."""


@dataclass(frozen=True, slots=True)
class Result:
    """One fact of one line. `outcome` is a state of the proposal, an outcome of comparing.py, or `passed_on`; `department` is whom
    it was passed on to; `fact` is None for a line that could not be brought to a person."""

    visit_no: str
    visited_on: date
    fact: str | None
    outcome: str
    department: str | None


def results(home: Path, reader: Reader, grid: str, states: States, *, now: datetime) -> list[Result]:
    """The newest lines first. Recorded before it is returned. Raises NoForm, AccessRefused, NoSnapshot."""
    request = Request(COMMAND, GRID_PURPOSE, ("vital_status",), rows=True, areas=(grid,), asked=grid)
    with gate.passing(home, reader, request, now=now) as pass_:
        check_grid(grid)
        with open_snapshot(home) as con:
            rows = con.execute("""SELECT visit_no, visited_on, fact, outcome, department, change_id, person_id, of_grid FROM visit_statement
                                  WHERE grid = ? AND (fact, outcome) IS DISTINCT FROM ('vital_status', 'same')
                                  ORDER BY visited_on DESC, visit_no, fact NULLS FIRST""",
                               [grid]).fetchall() if has_table(con, "visit_statement") else []
        found = states(home, [row[5] for row in rows if row[5] is not None])
        told = [_told(Result(*row[:5]), found.get(row[5])) if row[7] else _hidden(Result(*row[:5])) for row in rows
                if row[7] or row[2] in ARRIVALS]
        pass_.saw(sorted({row[6] for row in rows if row[6] is not None}), len(told))
    return told


def _told(result: Result, state: str | None) -> Result:
    """The result as the grid worker may know it."""
    if result.fact is None or result.outcome in OWN:
        return Result(result.visit_no, result.visited_on, result.fact, result.outcome, None)
    if not load_routing()[result.fact].is_open:
        return Result(result.visit_no, result.visited_on, result.fact, PASSED_ON, result.department)
    if result.outcome in OFFERED:
        return Result(result.visit_no, result.visited_on, result.fact, state or "offered", result.department)
    return Result(result.visit_no, result.visited_on, result.fact, result.outcome, None)


def _hidden(result: Result) -> Result:
    """The result of a line on somebody who is not known to live in the grid: whoever it is, and whatever the registers say."""
    if result.outcome in OWN:
        return Result(result.visit_no, result.visited_on, result.fact and "residence", result.outcome, None)
    return Result(result.visit_no, result.visited_on, "residence", PASSED_ON, "public_security")
