"""Routes for departments: the changes offered to their records, and what they answer.

Belongs here: what is asked and how the answer is written. Does not: what may be offered, steps (warehouse/changes).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from desk.alerts import known_department
from desk.api.app import Caller, Home, Snapshots
from desk.api.now import utc_now
from desk.changes import Shown, offers_with_standing
from warehouse.access import Request, gate
from warehouse.audit import Outcome
from warehouse.changes import lifecycle
from warehouse.changes.lifecycle import LONGEST_TEXT, WAITING, State

router = APIRouter()
MOST_ROWS = 10_000


@router.get("/changes", summary="部门间更新建议 Changes offered to a department")
def changes(department: str, reader: Caller, home: Home, store: Snapshots, category: str | None = None,
            state: Annotated[list[State] | None, Query()] = None,
            limit: Annotated[int, Query(ge=1, le=MOST_ROWS)] = 1_000) -> dict[str, Any]:
    """Changes offered to the department's own records, each with the version that an answer has to state."""
    shown = Shown(known_department(department), category, tuple(state) if state else WAITING)
    with gate.passing(home, reader, Request("changes", department=department, asked=department), now=utc_now()) as pass_:
        with store.reading() as con:
            rows, persons = offers_with_standing(con, home, shown)
        told = rows[:limit]
        pass_.saw(sorted({persons[row["change_id"]] for row in told} - {""}), len(told))
    return {"changes": told, "total": len(rows)}


class Answer(BaseModel):
    """What the department says of the version that it looked at; a rejection needs `why`."""

    model_config = ConfigDict(extra="forbid")

    department: str
    version: int
    to: Literal["accepted", "rejected"]
    why: str | None = Field(default=None, max_length=LONGEST_TEXT)


@router.post("/changes/{change_id}/answers", status_code=201, summary="答复更新建议 Accept or reject a change")
def answer(change_id: str, said: Answer, reader: Caller, home: Home) -> dict[str, Any]:
    """Take the answer. 409 when somebody else has changed the offer since it was looked at."""
    known_department(said.department)
    now = utc_now()
    with gate.passing(home, reader, Request("changes decide", department=said.department, asked=change_id[:32]), now=now) as pass_:
        done = lifecycle.answer(home, change_id, said.department, said.version, State(said.to), reader.user, said.why, now=now)
        pass_.saw([done.person_id] if done.person_id else [], 1, outcome=Outcome.DECIDED)
    return {"change_id": done.change_id, "state": done.state.value, "version": done.version}
