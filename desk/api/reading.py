"""Routes that read people: class queries and profiles.

Belongs here: what is asked and how the answer is written. Does not: limits (they come from the pass).
"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from desk.api.app import Caller, Home, Snapshots
from desk.api.now import utc_now
from sources.errors import OneGridError
from warehouse import audit, queries
from warehouse.access import Request, gate
from warehouse.phrases import understand
from warehouse.provenance import provenance_of
from warehouse.queries.model import QueryRefused

router = APIRouter()
MOST_ROWS = 10_000


class UnknownPerson(OneGridError):
    """Nobody with this id whom the caller may see."""


class Question(BaseModel):
    """A class query as docs/queries.md defines it, or a Chinese phrase; rows, a count, or counts by a class."""

    model_config = ConfigDict(extra="forbid")

    purpose: str
    query: dict[str, Any] | None = None
    text: str | None = Field(default=None, max_length=500)
    columns: list[str] | None = None
    limit: int = Field(default=1000, ge=0, le=MOST_ROWS)
    count: bool = False
    by: str | None = None


@router.post("/query")
def query(question: Question, reader: Caller, home: Home, store: Snapshots) -> dict[str, Any]:
    """Persons of a class query (columns of the purpose), or their number, or numbers per value of a class."""
    asked = audit.digest(home, question.model_dump_json())
    request = Request("query", question.purpose, tuple(question.columns or ()), asked=asked)
    with gate.passing(home, reader, request, now=utc_now()) as pass_, store.reading() as con:
        parsed = replace(_parsed(question), areas=pass_.areas, departments=pass_.departments)
        if question.by is not None:
            breakdown = queries.count_by(con, parsed, question.by)
            pass_.saw((), len(breakdown.cells))
            return _jsonable(breakdown)
        if question.count:
            pass_.saw((), 1)
            return _jsonable(queries.count(con, parsed))
        answer = queries.answer(con, parsed, columns=_columns(question), limit=question.limit)
        pass_.saw(answer.rows["person_id"].to_pylist(), answer.rows.num_rows)
        return {"count": answer.count, "rows": answer.rows.to_pylist()}


def _parsed(question: Question) -> queries.Query:
    if (question.query is None) == (question.text is None):
        raise QueryRefused(["state either `query` or `text`"])
    tree = question.query if question.query is not None else understand(question.text or "").query
    return queries.parse({"purpose": question.purpose, "query": tree})


def _columns(question: Question) -> list[str] | None:
    """The columns asked for, person_id among them: whose rows they are stands in the log."""
    return None if question.columns is None else list(dict.fromkeys(["person_id", *question.columns]))


def _jsonable(answer: Any) -> dict[str, Any]:
    shown: dict[str, Any] = asdict(answer)
    return shown


@router.get("/persons/{person_id}")
def person(person_id: str, purpose: str, reader: Caller, home: Home, store: Snapshots) -> dict[str, Any]:
    """The values of one person that the purpose opens, each with its provenance."""
    request = Request("profile", purpose, ("person_id",), rows=True, asked=person_id[:32])
    with gate.passing(home, reader, request, now=utc_now()) as pass_, store.reading() as con:
        source = pass_.reading(purpose)
        seen = con.execute(f"SELECT 1 FROM {source.tables} WHERE {source.expression('person_id')} = ? AND {source.condition}",
                           [person_id]).fetchone()
        values = provenance_of(con, person_id, purpose, pass_.holders) if seen else []
        pass_.saw([person_id] if values else [], len(values))
    if not values:
        raise UnknownPerson(what="no person with this id is visible to this account and purpose", where="published snapshot",
                            remedy="check the id, the purpose and the areas of the account")
    return {"person_id": person_id, "values": [asdict(value) for value in values]}
