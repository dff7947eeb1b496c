"""Opening the office: the engine, sessions that are one transaction each, migrations to the newest form.

Belongs here: connections and their settings. Does not: tables.

    home/office.sqlite       the embedded default, mode 600
    ONEGRID_OFFICE_DSN       a SQLAlchemy or libpq URL of a PostgreSQL database, for production
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, OperationalError
from sqlalchemy.orm import Session

from sources.errors import OneGridError
from warehouse.locking import waiting_lock

VARIABLE = "ONEGRID_OFFICE_DSN"
FILE = "office.sqlite"
MIGRATIONS = Path(__file__).parent / "migrations"
NEWEST = "0008_tokens"
"""The newest migration. Stated here so that a database in this form is opened without loading Alembic; a test compares."""
PATIENCE_SECONDS = 30
"""How long a writer waits for another one."""
MIGRATION_LOCK = 0x0F1CE
"""Number of the PostgreSQL advisory lock that is held while tables are changed."""
LOCK_FILE = "office.lock"
"""Held, for the file, while a process opens it first: two that turn a new file to write-ahead logging at once refuse each other."""


class OfficeProblem(OneGridError):
    """The office cannot be opened, or holds what this version does not know."""


@contextmanager
def office(home: Path) -> Iterator[Session]:
    """One transaction: committed when the block ends well, rolled back when it raises.

    On SQLite transactions that begin here are serial (BEGIN IMMEDIATE); on PostgreSQL rows must be locked (`with_for_update`)
    or guarded by a version where two writers may meet. Raises OfficeProblem.
    """
    engine = engine_of(home)
    try:
        with Session(engine, expire_on_commit=False) as session, session.begin():
            yield session
    except OperationalError as problem:
        raise _unreachable(home, problem) from None


def engine_of(home: Path) -> Engine:
    """The engine of this home's office, at the newest migration; one per process and database. Raises OfficeProblem."""
    if not home.is_dir():
        raise OfficeProblem(what="there is no installation here", where=str(home), remedy="`onegrid run` makes one; check --home")
    return _engine(office_url(home))


def office_url(home: Path) -> str:
    """Where the office is: ONEGRID_OFFICE_DSN, or the file in the home. Raises OfficeProblem."""
    stated = os.environ.get(VARIABLE)
    if stated is None:
        return f"sqlite:///{home.absolute() / FILE}"
    try:
        url = make_url(stated)
    except ArgumentError:
        raise OfficeProblem(what="this is no database URL", where=f"environment variable {VARIABLE}",
                            remedy="state postgresql://USER@HOST/DATABASE") from None
    if url.get_backend_name() == "postgresql":
        return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    raise OfficeProblem(what=f"the office runs on SQLite or PostgreSQL, not on {url.get_backend_name()}",
                        where=f"environment variable {VARIABLE}", remedy="state postgresql://..., or nothing for the file in the home")


@lru_cache(maxsize=64)
def _engine(url: str) -> Engine:
    engine = create_engine(url, pool_pre_ping=True, **_settings(url))
    alone: AbstractContextManager[None] = nullcontext()
    if engine.dialect.name == "sqlite":
        file = Path(str(engine.url.database))
        _make_private(file)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_immediate)
        alone = waiting_lock(file.with_name(LOCK_FILE))
    try:
        with alone, engine.begin() as connection:
            _migrate(connection)
    except OperationalError as problem:
        engine.dispose()
        raise _unreachable(Path(url), problem) from None
    return engine


def _settings(url: str) -> dict[str, Any]:
    return {"connect_args": {"timeout": PATIENCE_SECONDS}} if url.startswith("sqlite") else {}


def _make_private(file: Path) -> None:
    os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))


def _prepare_sqlite(connection: Any, _: Any) -> None:
    """Transactions are begun by us, not by the driver; a commit survives a power cut."""
    connection.isolation_level = None
    for pragma in ("foreign_keys = ON", "journal_mode = WAL", "synchronous = FULL"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _migrate(connection: Connection) -> None:
    """Bring the tables to the newest form, once, whoever comes first. A newer form than ours is refused."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
    if inspect(connection).has_table("alembic_version"):
        present = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
        if present == NEWEST:
            return
    from warehouse.office.migrating import upgrade  # noqa: PLC0415 - Alembic is slow to import, and only a change of form needs it

    upgrade(connection)


def _unreachable(where: Path, problem: OperationalError) -> OfficeProblem:
    kind = type(problem.orig).__name__ if problem.orig is not None else type(problem).__name__
    return OfficeProblem(what=f"the office database does not answer ({kind})", where=f"{VARIABLE} or {FILE} of {where.name}",
                         remedy="check that it runs, that it has space, and that no other process holds it")
