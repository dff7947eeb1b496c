"""Routes for consumers of data products: exactly what `onegrid feeds read` gives the same account.

Belongs here: what is asked and how the answer is written. Does not: who receives what (warehouse/access), rows (warehouse/feeds).
"""

from __future__ import annotations

from datetime import date
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from desk.api.app import Caller, Home
from desk.api.now import utc_now
from warehouse.feeds.answers import Answer, Question, read

router = APIRouter()


@router.get("/feeds/{module}", summary="数据产品 The caller's own rows of a data product")
def feed(module: str, reader: Caller, home: Home, as_of: date | None = None, changes: bool = False) -> dict[str, Any]:
    """Rows of the caller's areas or department; of a product in files those of the newest one or of `as_of`, or its changes."""
    return _told(read(home, reader, Question(module, as_of=as_of, changes=changes), now=utc_now()))


class Stated(BaseModel):
    """What a request about one person states; in the body, because addresses of requests are kept by proxies."""

    model_config = ConfigDict(extra="forbid")

    purpose: str = Field(default="", description="of a variant; empty: the product's own")
    person: str | None = Field(default=None, max_length=64, description="person_id, or the ID number where the product says so")
    case_number: str | None = Field(default=None, max_length=200)
    name: str | None = Field(default=None, max_length=200)
    address: str | None = Field(default=None, max_length=500)


@router.post("/feeds/{module}/requests", summary="按人查询 A request about one person")
def request(module: str, stated: Stated, reader: Caller, home: Home) -> dict[str, Any]:
    """Rows about the person, or yes or no where the product answers so."""
    question = Question(module, stated.purpose, stated.person, stated.case_number, stated.name, stated.address)
    return _told(read(home, reader, question, now=utc_now()))


def _told(answer: Answer) -> dict[str, Any]:
    shown: dict[str, Any] = {"module": answer.module, "purpose": answer.purpose, "as_of": answer.as_of}
    return shown | ({"rows": answer.rows.to_pylist()} if answer.matches is None else {"matches": answer.matches})
