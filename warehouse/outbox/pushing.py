"""Webhooks and e-mail: batches on their way to departments that want more than a folder.

Belongs here: channels, attempts and their times, one request per batch. Does not: folders (sending.py), signatures (signing.py).

A webhook carries the lines of the department, each with its message_id, under an idempotency key that is the same at every attempt: a
receiver that knows the key or the message_id ignores a repetition, so that after a crash between request and mark nothing is there twice.
An e-mail carries numbers only, under a reference that is the same when it comes again (its Message-ID is Apprise's own). 2xx is delivered;
408, 429, 5xx and no answer are tried again later; another 4xx is dead at once.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import apprise
import duckdb
import httpx
from apprise.plugins.email import NotifyEmail
from sqlalchemy import delete, select

from sources.catalogue import load_catalogue
from sources.errors import OneGridError
from warehouse import audit
from warehouse.audit import Look, Outcome
from warehouse.office.database import office
from warehouse.office.sealing import keyed_digest, seal, unseal
from warehouse.outbox.folders import sending_alone
from warehouse.outbox.sending import PURPOSE, lines_of, messages_of, persons_of, shown_to
from warehouse.outbox.signing import KEY, SIGNATURE, TIMESTAMP, signature
from warehouse.outbox.tables import OutboxChannel, OutboxMessage, OutboxPush

WEBHOOK, EMAIL = "webhook", "email"
USE = "outbox channel"
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=6)
MOST_ATTEMPTS = 12
TIMEOUT_SECONDS = 20.0
TRY_AGAIN = frozenset({408, 429})
REFERENCE_DIGITS = 12
MAIL_DOMAIN = "onegrid.invalid"
"""Right side of the reference: a name that never exists (RFC 2606)."""
LOCAL = ("http://127.0.0.1", "http://localhost", "http://[::1]")


class ChannelRefused(OneGridError):
    """A channel cannot be set so."""


@dataclass(frozen=True, slots=True)
class Pushed:
    """One attempt: how it ended (`delivered`, `later`, `dead`) and why."""

    department: str
    kind: str
    batch: int
    outcome: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class _Parcel:
    """What one request carries."""

    department: str
    batch: int
    key: str
    lines: list[dict[str, Any]]


class _Way(Protocol):
    def __call__(self, target: str, secret_env: str | None, parcel: _Parcel, now: datetime) -> tuple[str, str]: ...


def set_channel(home: Path, department: str, kind: str, target: str | None, secret_env: str | None) -> None:
    """Set a channel of a department, or remove it (`target` None). Raises ChannelRefused."""
    if department not in load_catalogue().departments or kind not in (WEBHOOK, EMAIL):
        raise ChannelRefused(what="there is no such department or kind of channel", where="alerts channel",
                             remedy=f"departments: {', '.join(load_catalogue().departments)}; kinds: webhook, email")
    if kind == WEBHOOK and target is not None:
        if not target.startswith(("https://", *LOCAL)):
            raise ChannelRefused(what="a webhook needs https", where="--webhook", remedy="http is for 127.0.0.1 only")
        if not secret_env:
            raise ChannelRefused(what="a webhook needs a secret", where="--secret-env", remedy="name the variable that holds it")
    if kind == EMAIL and target is not None and not apprise.Apprise().add(target):
        raise ChannelRefused(what="this is no address that Apprise knows", where="--email", remedy="mailtos://USER:PASSWORD@HOST?to=ADDRESS")
    with office(home) as session:
        session.execute(delete(OutboxChannel).where(OutboxChannel.department == department, OutboxChannel.kind == kind))
        if target is not None:
            session.add(OutboxChannel(department=department, kind=kind, target=seal(home, USE, target), secret_env=secret_env))


def channels_of(home: Path, department: str) -> list[str]:
    """The kinds of channels that a department has."""
    with office(home) as session:
        return list(session.scalars(select(OutboxChannel.kind).where(OutboxChannel.department == department).order_by(OutboxChannel.kind)))


def push(con: duckdb.DuckDBPyConnection, home: Path, *, user: str, now: datetime) -> list[Pushed]:
    """Try every batch that is due on its channel, oldest first. Only batches whose folder stands are pushed. Raises AuditProblem."""
    done = []
    with sending_alone(home):
        for channel, batch in _due(home, now):
            messages = messages_of(home, channel.department, batch)
            parcel = _Parcel(channel.department, batch, keyed_digest(home, "outbox push", f"{channel.department}|{channel.kind}|{batch}"),
                             lines_of(home, shown_to(con, channel.department), messages))
            persons = persons_of(con, messages) if channel.kind == WEBHOOK else ()
            look = Look(user, PURPOSE, f"alerts push {channel.kind}", "outbox", Outcome.SENT, persons, len(parcel.lines))
            audit.record(home, look, now=now)
            way: _Way = _post if channel.kind == WEBHOOK else _mail
            outcome, why = way(unseal(home, USE, channel.target), channel.secret_env, parcel, now)
            done.append(_mark(home, channel, batch, outcome, why, now))
    return done


def _due(home: Path, now: datetime) -> list[tuple[OutboxChannel, int]]:
    moment = now.astimezone(UTC).replace(tzinfo=None)
    with office(home) as session:
        channels = list(session.scalars(select(OutboxChannel).order_by(OutboxChannel.department, OutboxChannel.kind)))
        known = {(one.department, one.kind, one.batch): one for one in session.scalars(select(OutboxPush))}
        batches = session.execute(select(OutboxMessage.department, OutboxMessage.batch).where(OutboxMessage.sent_at.is_not(None)).distinct()
                                  .order_by(OutboxMessage.batch)).all()
    due = []
    for channel in channels:
        for department, batch in batches:
            push_ = known.get((department, channel.kind, batch))
            waits = push_ is None or (push_.delivered_at is None and push_.dead is None and push_.next_attempt <= moment)
            if department == channel.department and waits:
                due.append((channel, batch))
    return due


def _mark(home: Path, channel: OutboxChannel, batch: int, outcome: str, why: str, now: datetime) -> Pushed:
    moment = now.astimezone(UTC).replace(tzinfo=None)
    with office(home) as session:
        row = session.get(OutboxPush, (channel.department, channel.kind, batch))
        if row is None:
            row = OutboxPush(department=channel.department, kind=channel.kind, batch=batch, attempts=0, next_attempt=moment,
                             delivered_at=None, dead=None)
            session.add(row)
        row.attempts += 1
        if outcome == "later" and row.attempts >= MOST_ATTEMPTS:
            outcome, why = "dead", f"{row.attempts} attempts; {why}"
        row.delivered_at = moment if outcome == "delivered" else None
        row.dead = why[:200] if outcome == "dead" else None
        row.next_attempt = moment + _wait(home, channel, batch, row.attempts)
    return Pushed(channel.department, channel.kind, batch, outcome, why)


def _wait(home: Path, channel: OutboxChannel, batch: int, attempts: int) -> timedelta:
    """Doubling, with up to a quarter more drawn by the key, so that departments do not come back together."""
    wait = min(FIRST_WAIT * 2.0 ** (attempts - 1), LONGEST_WAIT)
    drawn = int(keyed_digest(home, "outbox wait", f"{channel.department}|{channel.kind}|{batch}|{attempts}")[:8], 16) / 0xFFFFFFFF
    return wait * (1 + drawn / 4)


def _post(target: str, secret_env: str | None, parcel: _Parcel, now: datetime) -> tuple[str, str]:
    secret = os.environ.get(secret_env or "", "")
    if not secret:
        return "later", f"the variable {secret_env} is not set"
    body = json.dumps({"department": parcel.department, "batch": parcel.batch, "messages": parcel.lines}, ensure_ascii=False,
                      default=str).encode()
    timestamp = int(now.timestamp())
    headers = {"Content-Type": "application/json", KEY: parcel.key, TIMESTAMP: str(timestamp),
               SIGNATURE: signature(secret.encode(), timestamp, body)}  # fmt: skip
    try:
        status = httpx.post(target, content=body, headers=headers, timeout=TIMEOUT_SECONDS, follow_redirects=False).status_code
    except httpx.HTTPError as problem:
        return "later", type(problem).__name__
    if 200 <= status < 300:
        return "delivered", ""
    return ("later" if status >= 500 or status in TRY_AGAIN else "dead"), f"the receiver answered {status}"


def _mail(target: str, secret_env: str | None, parcel: _Parcel, now: datetime) -> tuple[str, str]:  # noqa: ARG001 - one shape of ways
    """Numbers by check, and the earliest day for an answer; no person, no record."""
    checks = Counter(f"{line['title']} {line['event']} ({line['severity']})" for line in parcel.lines)
    due = min((str(line["due_on"]) for line in parcel.lines if line.get("due_on")), default=None)
    lines = [f"{words}: {number}" for words, number in sorted(checks.items())]
    body = "\n".join([*lines, *([f"最早答复期限 first due: {due}"] if due else []), f"文件夹 folder: batch {parcel.batch:04d}",
                      f"编号 reference: {parcel.key[:REFERENCE_DIGITS]} (编号相同的是同一封邮件 the same reference is the same mail)"])
    sender = apprise.Apprise()
    sender.add(target)
    for one in sender:
        if isinstance(one, NotifyEmail):
            reference = f"<{parcel.key}@{MAIL_DOMAIN}>"
            one.headers |= {"References": reference, "In-Reply-To": reference, KEY: parcel.key}
    told = sender.notify(title=f"OneGrid 预警 {parcel.department}: {len(parcel.lines)}", body=body)
    return ("delivered", "") if told else ("later", "the mail could not be handed over")
