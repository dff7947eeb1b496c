"""Routes for departments: their alerts, and what they answer.

Belongs here: what is asked and how the answer is written. Does not: which alerts a department is told of, steps (warehouse).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from desk.alerts import Shown, known_department, lines_of, rows_of
from desk.api.app import Caller, Home, Snapshots
from desk.api.now import utc_now
from warehouse.access import Request, gate
from warehouse.alerts import lifecycle
from warehouse.alerts.lifecycle import LONGEST_TEXT
from warehouse.alerts.states import LIVE, State
from warehouse.audit import Outcome

router = APIRouter()
MOST_ROWS = 10_000


@router.get("/alerts")
def alerts(department: str, reader: Caller, home: Home, store: Snapshots, state: Annotated[list[State] | None, Query()] = None,
           check: str | None = None, overdue: bool = False, limit: Annotated[int, Query(ge=1, le=MOST_ROWS)] = 1_000) -> dict[str, Any]:
    """Alerts addressed to the department, due first, each with the version that an answer has to state."""
    shown = Shown(known_department(department), tuple(state) if state else LIVE, check, overdue)
    with gate.passing(home, reader, Request("alerts", department=department, asked=department), now=utc_now()) as pass_:
        with store.reading() as con:
            lines, standings = lines_of(con, home, shown)
        told = lines[:limit]
        pass_.saw([line.person_id for line in told if line.person_id], len(told))
    return {"alerts": rows_of(told, standings), "total": len(lines)}


class Answer(BaseModel):
    """What the department says of the version that it looked at."""

    model_config = ConfigDict(extra="forbid")

    department: str
    version: int
    to: Literal["acknowledged", "corrected", "rejected", "open"]
    why: str | None = Field(default=None, max_length=LONGEST_TEXT)


@router.post("/alerts/{alert_id}/answers", status_code=201)
def answer(alert_id: str, said: Answer, reader: Caller, home: Home) -> dict[str, Any]:
    """Take the answer. 409 when somebody else has changed the alert since it was looked at."""
    known_department(said.department)
    now = utc_now()
    with gate.passing(home, reader, Request("alerts decide", department=said.department, asked=alert_id[:32]), now=now) as pass_:
        asked = lifecycle.Asked(alert_id, said.department, said.version, reader.user)
        done = lifecycle.answer(home, asked, State(said.to), said.why, now=now)
        pass_.saw([done.person_id] if done.person_id else [], 1, outcome=Outcome.DECIDED)
    return {"alert_id": done.alert_id, "state": done.state.value, "version": done.version, "due_on": str(done.due_on)}
