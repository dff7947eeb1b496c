"""Accounts and their grants in the office.

Belongs here: the tables, making and ending accounts and grants, tokens, the founding account. Does not: who a caller is
(identity.py), what grants allow (policy.py), audit entries (gate.py): every caller that changes something passes the gate.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Boolean, DateTime, ForeignKey, Integer, String, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from sources.catalogue import load_catalogue
from sources.errors import OneGridError
from warehouse import audit
from warehouse.access.founding import founding_grants
from warehouse.access.identity import TOKEN_USE, Kept, login_name
from warehouse.access.model import CITY, Grant, Role
from warehouse.access.policy import valid
from warehouse.access.rules import OPERATING, ORGANISATIONS, ROLES, Uses, purposes_of
from warehouse.audit import checked_user
from warehouse.keys import key_file
from warehouse.office.base import Base
from warehouse.office.database import office
from warehouse.office.sealing import keyed_digest
from warehouse.snapshots import NoSnapshot, open_snapshot

TOKEN_BYTES, TOKEN_MARK = 32, "ogt_"
TOKEN_DAYS, LONGEST_TOKEN_DAYS = 90, 366


class AccountProblem(OneGridError):
    """An account or grant cannot be made, changed or ended as asked."""


class Account(Base):
    """Somebody, or a machine, of one department or organisation. Never deleted: its name stands in the audit log."""

    __tablename__ = "account"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    holder: Mapped[str] = mapped_column(String(64))
    active: Mapped[bool] = mapped_column(Boolean)
    os_login: Mapped[str | None] = mapped_column(String(64))
    token_digest: Mapped[str | None] = mapped_column(String(64), unique=True)
    token_until: Mapped[datetime | None] = mapped_column(DateTime)
    made_by: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(DateTime)
    retired_at: Mapped[datetime | None] = mapped_column(DateTime)
    grants: Mapped[list[AccountGrant]] = relationship(order_by="AccountGrant.number", lazy="selectin")

    @property
    def standing(self) -> tuple[Grant, ...]:
        """The grants in force; none of a retired account."""
        return tuple(one.as_grant() for one in self.grants if one.ended_at is None) if self.active else ()


class AccountGrant(Base):
    """One grant of an account; areas and purposes are lists of codes and names, separated by blanks."""

    __tablename__ = "account_grant"

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    account: Mapped[str] = mapped_column(ForeignKey("account.name"), index=True)
    role: Mapped[str] = mapped_column(String(32))
    holder: Mapped[str] = mapped_column(String(64))
    areas: Mapped[str] = mapped_column(String)
    purposes: Mapped[str] = mapped_column(String)
    person_id: Mapped[str | None] = mapped_column(String(20))
    made_by: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(DateTime)
    ended_at: Mapped[datetime | None] = mapped_column(DateTime)

    def as_grant(self) -> Grant:
        """The grant as the policy takes it. What is stored and not valid allows nothing there."""
        return Grant(Role(self.role), self.holder, tuple(self.areas.split()), tuple(self.purposes.split()), self.person_id, self.number)


def kept(home: Path, column: str, value: str) -> Kept | None:
    """The account with this name or token_digest, by SQLAlchemy; None when there is none."""
    with office(home) as session:
        found = session.execute(select(Account).where(getattr(Account, column) == value)).scalar_one_or_none()
        return None if found is None else Kept(found.name, found.holder, found.active, found.os_login, found.standing, found.token_until)


def found_account(home: Path, *, now: datetime) -> bool:
    """See identity.found."""
    with office(home) as session:
        return _found(session, home, login_name(), now)


def _found(session: Session, home: Path, login: str, now: datetime) -> bool:
    if session.execute(select(func.count()).select_from(Account)).scalar_one() or not _is_owner(home):
        return False
    _check_key(home)
    with suppress(IntegrityError), session.begin_nested():  # another process was faster
        _insert(session, login, OPERATING, login, "(founding)", now)
        for one in founding_grants():
            session.add(_row(login, one, "(founding)", now))
        session.flush()
        audit.record(home, audit.Look(login, "", "users", "founding account", audit.Outcome.DECIDED), now=now)
        return True
    return False


def _check_key(home: Path) -> None:
    """The key that the first audit entry is signed with must be that of the store. Raises WrongKey, KeyProblem."""
    with suppress(NoSnapshot), open_snapshot(home, threads=1):
        pass


def _is_owner(home: Path) -> bool:
    """True when this process runs as the owner of the key file, or of the home where the key is in the environment."""
    key = key_file(home)
    return (key if key.exists() else home).stat().st_uid == os.getuid()


def _insert(session: Session, name: str, holder: str, login: str | None, by: str, now: datetime) -> Account:
    account = Account(name=name, holder=holder, active=True, os_login=login, token_digest=None, token_until=None, made_by=by,
                      made_at=_utc(now), retired_at=None, grants=[])
    session.add(account)
    session.flush()
    return account


def _row(name: str, grant: Grant, by: str, now: datetime) -> AccountGrant:
    return AccountGrant(account=name, role=grant.role.value, holder=grant.holder, areas=" ".join(grant.areas),
                        purposes=" ".join(grant.purposes), person_id=grant.person_id, made_by=by, made_at=_utc(now), ended_at=None)


def _utc(now: datetime) -> datetime:
    """UTC without zone, as both databases keep it."""
    return now.astimezone(UTC).replace(tzinfo=None) if now.tzinfo else now


def add(session: Session, name: str, holder: str, *, login: str | None, by: str, now: datetime) -> Account:
    """A new account without grants. Raises AccountProblem for a name that was ever given, and for an unknown holder."""
    name = checked_user(name)
    if holder not in (*load_catalogue().departments, *ORGANISATIONS):
        raise AccountProblem(what=f"there is no department or organisation {holder!r}", where="--department",
                             remedy=f"state one of: {', '.join((*load_catalogue().departments, *ORGANISATIONS))}")
    if session.get(Account, name) is not None:
        raise AccountProblem(what=f"an account {name!r} exists or existed", where="users add",
                             remedy="choose another name: names in the audit log stay those of one account")
    return _insert(session, name, holder, login, by, now)


def grant(session: Session, name: str, wanted: Grant, *, by: str, now: datetime) -> Grant:
    """Grant a role; no purposes stated means all that role and holder allow. Raises AccountProblem when the role does not allow it."""
    account = _active(session, name)
    allowed = purposes_of(wanted.role, wanted.holder)
    wanted = replace(wanted, purposes=wanted.purposes or allowed)
    if not valid(wanted) or (ROLES[wanted.role].uses is not Uses.NONE and not wanted.purposes):
        raise AccountProblem(what=f"role {wanted.role} for {wanted.holder} cannot be granted so", where="users grant",
                             remedy=_what_fits(wanted.role, wanted.holder))
    row = _row(account.name, wanted, by, now)
    account.grants.append(row)
    session.flush()
    return row.as_grant()


def _what_fits(role: Role, holder: str) -> str:
    rule = ROLES[role]
    areas = [f"the whole city ({CITY})"] * rule.whole_city + [f"codes of {', '.join(map(str, rule.digits))} digits"] * bool(rule.digits)
    parts = [f"departments or organisations: {', '.join(rule.holders) or 'any'}",
             f"purposes: {', '.join(purposes_of(role, holder)) or 'none'}", f"areas: {' or '.join(areas)}"]
    return "; ".join([*parts, *(["the person id of the resident"] if role is Role.RESIDENT else [])])


def revoke(session: Session, name: str, number: int, *, now: datetime) -> Grant:
    """End one grant of an account. Raises AccountProblem; also when nobody could grant anything afterwards."""
    account = _active(session, name)
    row = next((one for one in account.grants if one.number == number and one.ended_at is None), None)
    if row is None:
        raise AccountProblem(what=f"account {name!r} has no grant {number} in force", where="users revoke", remedy="`onegrid users list`")
    row.ended_at = _utc(now)
    session.flush()
    _somebody_must_operate(session)
    return row.as_grant()


def retire(session: Session, name: str, *, now: datetime) -> Account:
    """End an account with its grants and its token; its name is never given again. Raises AccountProblem."""
    account = _active(session, name)
    account.active, account.retired_at = False, _utc(now)
    account.token_digest = account.token_until = None
    session.flush()
    _somebody_must_operate(session)
    return account


def issue_token(session: Session, home: Path, name: str, *, now: datetime, days: int = TOKEN_DAYS) -> str:
    """A new token of an account for so many days, in place of the former; it is shown once and kept as a keyed digest only.

    Raises AccountProblem, also for a lifetime below one day or above LONGEST_TOKEN_DAYS.
    """
    if not 1 <= days <= LONGEST_TOKEN_DAYS:
        raise AccountProblem(what=f"a token cannot live for {days} days", where="--days", remedy=f"state 1 to {LONGEST_TOKEN_DAYS}")
    account = _active(session, name)
    token = TOKEN_MARK + secrets.token_urlsafe(TOKEN_BYTES)
    account.token_digest, account.token_until = keyed_digest(home, TOKEN_USE, token), _utc(now) + timedelta(days=days)
    session.flush()
    return token


def withdraw_token(session: Session, name: str) -> None:
    """The account has no token any more. Raises AccountProblem."""
    account = _active(session, name)
    account.token_digest = account.token_until = None


def listed(session: Session) -> Sequence[Account]:
    """Every account, retired ones too, by name."""
    return session.execute(select(Account).order_by(Account.name)).scalars().all()


def _active(session: Session, name: str) -> Account:
    account = session.execute(select(Account).where(Account.name == name).with_for_update()).scalar_one_or_none()
    if account is None or not account.active:
        raise AccountProblem(what=f"there is no active account {name!r}", where="accounts", remedy="`onegrid users list` shows them")
    return account


def _somebody_must_operate(session: Session) -> None:
    operators = [one for one in listed(session) if any(grant.role is Role.OPERATOR for grant in one.standing)]
    if not operators:
        raise AccountProblem(what="this is the last operator; nobody could grant anything afterwards", where="accounts",
                             remedy="make another operator first: users add, users grant NAME operator")
