"""The application: who calls, how errors look, which routes there are.

Belongs here: authentication by token, errors as application/problem+json (RFC 9457), the routes brought together.
Does not: routes (reading.py, subjects.py, alerts.py, changes.py, feeds.py).

Every request carries `Authorization: Bearer TOKEN` (onegrid users token). Nothing is answered without one, whoever runs the
server. Responses are never cached.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from desk.api.store import Store
from sources.errors import OneGridError
from warehouse.access import AccessRefused, Reader, identify
from warehouse.alerts.lifecycle import AlertChanged
from warehouse.audit import AuditProblem
from warehouse.changes.lifecycle import ChangeOvertaken
from warehouse.keys import KeyProblem
from warehouse.office.database import OfficeProblem
from warehouse.purposes import PurposeRefused
from warehouse.snapshots import NoSnapshot
from warehouse.store import StoreProblem

PROBLEM = "application/problem+json"
BROKEN = (AuditProblem, KeyProblem, OfficeProblem, StoreProblem, NoSnapshot)
"""Errors of the installation, not of the request."""


class NotSignedIn(OneGridError):
    """The request carries no token."""


def home_of(request: Request) -> Path:
    home: Path = request.app.state.store.home
    return home


def store_of(request: Request) -> Store:
    store: Store = request.app.state.store
    return store


def caller(request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))]) -> Reader:
    """The account of the token. An unknown token gives a reader without grants, whose attempt the gate records and refuses."""
    if credentials is None or not credentials.credentials.strip():
        raise NotSignedIn(what="the request carries no token", where="Authorization",
                          remedy="send `Authorization: Bearer TOKEN`; the operator makes one with `onegrid users token NAME`")
    return identify(home_of(request), None, token=credentials.credentials)


Caller = Annotated[Reader, Depends(caller)]
Home = Annotated[Path, Depends(home_of)]
Snapshots = Annotated[Store, Depends(store_of)]


def create_app(home: Path) -> FastAPI:
    """The application for one home."""
    from desk.api import alerts, changes, feeds, reading, subjects  # noqa: PLC0415 - they take Caller from here

    @asynccontextmanager
    async def lifetime(app: FastAPI) -> AsyncIterator[None]:
        yield
        app.state.store.close()

    app = FastAPI(title="OneGrid", docs_url=None, redoc_url=None, lifespan=lifetime)
    app.state.store = Store(home)
    app.middleware("http")(_private)
    app.exception_handler(OneGridError)(_problem)
    app.exception_handler(RequestValidationError)(_wrong_shape)
    for part in (reading, subjects, alerts, changes, feeds):
        app.include_router(part.router, prefix="/v1")
    return app


async def _private(request: Request, go_on: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await go_on(request)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _problem(_request: Request, problem: Exception) -> JSONResponse:
    assert isinstance(problem, OneGridError)
    headers = {"WWW-Authenticate": "Bearer"} if isinstance(problem, NotSignedIn) else None
    return JSONResponse({"title": type(problem).__name__, "detail": problem.what, "where": problem.where, "remedy": problem.remedy},
                        status_code=_status(problem), media_type=PROBLEM, headers=headers)


def _status(problem: OneGridError) -> int:
    if isinstance(problem, NotSignedIn):
        return 401
    if isinstance(problem, AccessRefused | PurposeRefused):
        return 403
    if isinstance(problem, BROKEN):
        return 503
    if isinstance(problem, AlertChanged | ChangeOvertaken):
        return 409
    return 404 if type(problem).__name__.startswith(("Unknown", "Nobody", "Nothing", "NoProduct")) else 422


def _wrong_shape(_request: Request, problem: Exception) -> JSONResponse:
    """Which field is wrong and why; never the value that was sent."""
    assert isinstance(problem, RequestValidationError)
    wrong = [f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in problem.errors()]
    return JSONResponse({"title": "WrongRequest", "detail": "; ".join(wrong), "where": "request", "remedy": "see /openapi.json"},
                        status_code=422, media_type=PROBLEM)
