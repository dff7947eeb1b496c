"""Who a caller is: the account behind a token or a login.

Belongs here: `identify`, and looking an account up. Does not: making accounts (accounts.py), what they allow (policy.py).

Every command asks this first. Where the office is the file in the home, the account is read from it directly: importing SQLAlchemy and
Alembic costs more than the answer to a query, and a reader need not wait for a writer.
"""

from __future__ import annotations

import os
import pwd
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from warehouse.access.model import Grant, Reader, Role

TOKEN_VARIABLE, USER_VARIABLE = "ONEGRID_TOKEN", "ONEGRID_USER"
TOKEN_USE = "account token"
OFFICE_VARIABLE, OFFICE_FILE = "ONEGRID_OFFICE_DSN", "office.sqlite"
"""As in warehouse/office/database.py, which is not imported here; a test compares them."""
VERSIONS = Path(__file__).parents[1] / "office" / "migrations" / "versions"


@dataclass(frozen=True, slots=True)
class Kept:
    """An account as it is kept; `grants` are those in force, none of a retired account;
    `token_until`: UTC, without zone."""

    name: str
    holder: str
    active: bool
    os_login: str | None
    grants: tuple[Grant, ...]
    token_until: datetime | None = None


def identify(home: Path, user: str | None, *, token: str | None = None, now: datetime | None = None) -> Reader:
    """Who calls: the account of a token; without one the account that is stated, by argument, ONEGRID_USER or the login name, if its
    OS login is the caller's. An empty `token` is an unknown one, and one whose time is over (`now`, by default the clock) opens
    nothing. Never raises for an account that cannot be had: that Reader has no grants, and the gate refuses it.

    A home without any account gets its founding account when its owner calls. Raises OfficeProblem, KeyProblem.
    """
    stated = (user or "").strip() or None
    if token is None:  # else somebody calls a server, whose environment says nothing of the caller
        token = os.environ.get(TOKEN_VARIABLE) or None
        stated = stated or os.environ.get(USER_VARIABLE, "").strip() or None
    if token is not None:
        from warehouse.office.sealing import keyed_digest  # noqa: PLC0415 - cryptography, needed for tokens only

        return _by_token(_kept(home, "token_digest", keyed_digest(home, TOKEN_USE, token.strip())), stated, now or datetime.now(UTC))
    login = login_name()
    name = stated or login
    account = _kept(home, "name", name)
    if account is None:
        found(home, now=datetime.now(UTC))
        account = _kept(home, "name", name)  # also when another process made it at the same moment
    return _by_login(account, name, login)


def found(home: Path, *, now: datetime) -> bool:
    """Make the founding account of a home without any account, if the caller owns the key; returns whether it was made."""
    from warehouse.access.accounts import found_account  # noqa: PLC0415 - SQLAlchemy, needed once

    return found_account(home, now=now)


def login_name() -> str:
    """The login name of the user of this process, by its number: environment variables could say anything."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid-{os.getuid()}"


def _by_token(account: Kept | None, stated: str | None, now: datetime) -> Reader:
    if account is None or not account.active:
        return Reader("(unknown token)", problem="this token belongs to no active account")
    if account.token_until is None or account.token_until <= now.astimezone(UTC).replace(tzinfo=None):
        return Reader(account.name, account.holder, problem="this token has expired; the operator makes a new one: onegrid users token")
    if stated not in (None, account.name):
        return Reader(account.name, account.holder, problem=f"the token is not that of the account {stated!r}")
    return Reader(account.name, account.holder, account.grants)


def _by_login(account: Kept | None, name: str, login: str) -> Reader:
    if account is not None and account.os_login == login:
        problem = "" if account.active else "this account is retired"
        return Reader(account.name, account.holder, account.grants, problem)
    problem = "there is no such account" if account is None else "this account belongs to another login; use its token"
    return Reader(name if name == login else f"{name} (login {login})"[:64], problem=problem)


def _kept(home: Path, column: str, value: str) -> Kept | None:
    """The account with this name or token_digest. Raises OfficeProblem."""
    file = home / OFFICE_FILE
    if OFFICE_VARIABLE not in os.environ and file.exists():
        try:
            return _from_file(file, column, value)
        except _NotReadable:
            pass  # of an older form, or in the making: the long way brings it up to date or says what is wrong
    from warehouse.access.accounts import kept  # noqa: PLC0415 - see the top of this file

    return kept(home, column, value)


class _NotReadable(Exception):
    """The file is not of the newest form, or cannot be read now."""


def _from_file(file: Path, column: str, value: str) -> Kept | None:
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", uri=True, timeout=30)) as con:
            if con.execute("SELECT version_num FROM alembic_version").fetchall() != [(_newest(),)]:
                raise _NotReadable
            row = con.execute(f"SELECT name, holder, active, os_login, token_until FROM account WHERE {column} = ?", [value]).fetchone()
            if row is None:
                return None
            name, holder, active, login, until = row
            rows = con.execute("SELECT role, holder, areas, purposes, person_id, number FROM account_grant "
                               "WHERE account = ? AND ended_at IS NULL ORDER BY number", [name]).fetchall() if active else []
    except sqlite3.Error:
        raise _NotReadable from None
    grants = tuple(Grant(Role(role), of, tuple(areas.split()), tuple(purposes.split()), person, number)
                   for role, of, areas, purposes, person, number in rows)  # fmt: skip
    return Kept(name, holder, bool(active), login, grants, datetime.fromisoformat(until) if until else None)


@cache
def _newest() -> str:
    """The newest revision: files of migrations are called m and their revision."""
    return max(path.stem for path in VERSIONS.glob("m*.py")).removeprefix("m")
