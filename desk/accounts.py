"""`onegrid users`: accounts and their grants.

Belongs here: words and tables, and that a change is recorded before it is committed. Does not: what may be granted (warehouse/access).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from desk.render import console, table
from warehouse.access import Grant, Request, accounts, gate, identify
from warehouse.access.gate import Pass
from warehouse.audit import Outcome
from warehouse.office.database import office

COMMAND = "users"


@contextmanager
def _changing(home: Path, user: str | None, asked: str) -> Iterator[tuple[Session, Pass, datetime]]:
    """One change of accounts: its audit entry is on the disk before the change is; what raises leaves neither the change nor silence."""
    reader, now = identify(home, user), datetime.now(UTC)
    with office(home) as session, gate.passing(home, reader, Request(COMMAND, asked=asked), now=now) as pass_:
        yield session, pass_, now
        pass_.saw((), 1, outcome=Outcome.DECIDED)


def show_accounts(home: Path, output: str, user: str | None) -> None:
    """Every account with its grants; tokens are not shown, only until when there is one."""
    reader = identify(home, user)
    with gate.passing(home, reader, Request(COMMAND, asked="list"), now=datetime.now(UTC)) as pass_, office(home) as session:
        rows = [_row(one) for one in accounts.listed(session)]
        pass_.saw((), len(rows))
    if output == "json":
        sys.stdout.write(json.dumps(rows, ensure_ascii=False) + "\n")
        return
    table("账号 Accounts", ["account 账号", "department 单位", "state 状态", "login", "token until 令牌有效期至 (UTC)", "grants 授权"],
          [[row["account"], row["holder"], "在用 active" if row["active"] else "停用 retired", row["login"],
            (row["token_until"] or "已失效 expired") if row["token"] else None,
            "\n".join(_grant_words(grant) for grant in row["grants"])] for row in rows])  # fmt: skip
    console.print(f"{len(rows)} accounts 个账号")


def _row(account: accounts.Account) -> dict[str, Any]:
    return {"account": account.name, "holder": account.holder, "active": account.active, "login": account.os_login,
            "token": account.token_digest is not None,
            "token_until": account.token_until.isoformat(sep=" ", timespec="minutes") if account.token_until else None,
            "made_by": account.made_by, "made_at": account.made_at.isoformat(),
            "grants": [{"number": one.number, "role": one.role.value, "holder": one.holder, "areas": list(one.areas),
                        "purposes": list(one.purposes), "person_id": one.person_id} for one in account.standing]}  # fmt: skip


def _grant_words(grant: dict[str, Any]) -> str:
    parts = [f"{grant['number']}: {grant['role']} {grant['holder']}", *([str(grant["person_id"])] if grant["person_id"] else [])]
    parts += [",".join(grant[name]) for name in ("purposes", "areas") if grant[name]]
    return " ".join(parts)


def add_account(home: Path, name: str, holder: str, login: str | None, user: str | None) -> None:
    """Make an account without grants. Raises AccountProblem, AccessRefused."""
    with _changing(home, user, f"add {name}"[:200]) as (session, pass_, now):
        account = accounts.add(session, name, holder, login=login, by=pass_.user, now=now)
    console.print(f"account {account.name} of {account.holder} 账号已建立; next 下一步: onegrid users grant {account.name} ROLE")


def grant_role(home: Path, name: str, wanted: Grant, user: str | None) -> None:
    """Grant a role. Raises AccountProblem, AccessRefused."""
    asked = " ".join(["grant", name, wanted.role.value, wanted.holder, ",".join(wanted.areas), ",".join(wanted.purposes)])
    with _changing(home, user, asked[:400]) as (session, pass_, now):
        given = accounts.grant(session, name, wanted, by=pass_.user, now=now)
    console.print(f"grant {given.number} of {name} 已授权: {given.role} {given.holder} {','.join(given.purposes)} {','.join(given.areas)}")


def revoke_grant(home: Path, name: str, number: int, user: str | None) -> None:
    """End a grant. Raises AccountProblem, AccessRefused."""
    with _changing(home, user, f"revoke {name} {number}"[:200]) as (session, _, now):
        ended = accounts.revoke(session, name, number, now=now)
    console.print(f"grant {ended.number} of {name} 已收回: {ended.role} {ended.holder}")


def retire_account(home: Path, name: str, user: str | None) -> None:
    """End an account. Raises AccountProblem, AccessRefused."""
    with _changing(home, user, f"retire {name}"[:200]) as (session, _, now):
        accounts.retire(session, name, now=now)
    console.print(f"account {name} 已停用 retired; the name is not given again 该名称不再使用")


def renew_token(home: Path, name: str, *, withdraw: bool, days: int, user: str | None) -> None:
    """Print a new token once, or take the token away. Raises AccountProblem, AccessRefused."""
    with _changing(home, user, f"{'withdraw token' if withdraw else 'token'} {name}"[:200]) as (session, _, now):
        token = None if withdraw else accounts.issue_token(session, home, name, now=now, days=days)
        if withdraw:
            accounts.withdraw_token(session, name)
    if token is None:
        console.print(f"account {name} has no token any more 令牌已作废")
        return
    sys.stdout.write(token + "\n")
    console.print(f"shown once, kept nowhere; valid for {days} days; state it as ONEGRID_TOKEN 只显示一次,有效{days}天,请妥善保存",
                  soft_wrap=True)
