"""Routes for residents: the report about themselves, corrections, restrictions.

Belongs here: what is asked and how the answer is written. Does not: gathering and routing (warehouse/subjects).
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from desk.api.app import Caller, Home, Snapshots
from desk.api.now import utc_now
from warehouse.access import Request, gate
from warehouse.audit import Outcome
from warehouse.subjects import requests
from warehouse.subjects.report import report_of
from warehouse.subjects.requests import LONGEST_TEXT, Wish
from warehouse.subjects.routing import owner_of_category, owners_of_statements, owners_of_value

router = APIRouter()


@router.get("/subjects/{person_id}/report")
def report(person_id: str, reader: Caller, home: Home, store: Snapshots) -> dict[str, Any]:
    """Everything held about the person, and who looked."""
    request = Request("subject report", person_id=person_id, asked=person_id[:32])
    with gate.passing(home, reader, request, now=utc_now()) as pass_, store.reading() as con:
        found = report_of(con, home, person_id)
        made = requests.requests(home, person_id=person_id)
        pass_.saw([person_id], len(found.values))
    return asdict(found) | {"requests": [asdict(one) for one in made]}


class Asked(BaseModel):
    """A correction (attribute and the right value) or a restriction (attribute or category)."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["correct", "restrict"]
    attribute: str | None = None
    category: str | None = None
    says: str | None = Field(default=None, max_length=LONGEST_TEXT)
    why: str = Field(min_length=1, max_length=LONGEST_TEXT)


@router.post("/subjects/{person_id}/requests", status_code=201)
def ask(person_id: str, asked: Asked, reader: Caller, home: Home, store: Snapshots) -> list[dict[str, Any]]:
    """Record the request and route it to the departments that own what it is about."""
    request = Request(f"subject {asked.kind}", person_id=person_id, asked=person_id[:32])
    now = utc_now()
    with gate.passing(home, reader, request, now=now) as pass_:
        with store.reading() as con:
            if asked.category is not None:
                owners = owner_of_category(con, person_id, asked.category)
            else:
                find = owners_of_value if asked.kind == "correct" else owners_of_statements
                owners = find(con, person_id, asked.attribute or "")
        wish = Wish(asked.kind, person_id, asked.attribute, asked.why, asked.says)
        made = requests.make(home, wish, owners, reader.user, now=now)
        pass_.saw([person_id], len(made), outcome=Outcome.DECIDED)
    return [asdict(one) for one in made]
