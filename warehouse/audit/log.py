"""Appending to the audit log so that an entry survives a power cut.

Belongs here: writing entries and the signed head, under the lock of the log. Does not: looking for faults (verifying.py).
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from warehouse.audit.model import (
    HEAD_FILE,
    LOCK_FILE,
    LOG_FILE,
    MODE,
    ORIGIN,
    REPAIR,
    AuditProblem,
    Entry,
    Look,
    Outcome,
    canonical,
    derived,
    mac,
    read_entry,
    signed,
    torn_name,
)
from warehouse.audit.persons import keep
from warehouse.locking import waiting_lock

TORN_MARK = b"~"
"""Behind a half-written line, so that it never reads as an entry, not even when only its end was missing."""


def record(home: Path, look: Look, *, now: datetime) -> Entry:
    """Append one entry; returns when it is on the disk. Raises AuditProblem, and then nothing may be shown.

    A line that a killed process left half-written stays where it is and an entry says so.
    """
    key = derived(home, "chain")
    moment = (now if now.tzinfo else now.replace(tzinfo=UTC)).astimezone(UTC)
    time = moment.isoformat(timespec="milliseconds")
    try:
        with waiting_lock(home / LOCK_FILE), _open(home / LOG_FILE) as descriptor:
            sequence, previous, torn = _tail(home, descriptor, key)
            if torn:
                note = Look("onegrid", "", REPAIR, torn_name(torn + TORN_MARK), Outcome.REPAIRED)
                repair = signed(key, sequence + 1, time, note, previous)
                _append(home, descriptor, key, repair, before=TORN_MARK + b"\n")
                sequence, previous = repair.sequence, repair.hash
            entry = signed(key, sequence + 1, time, replace(look, persons=keep(home, look.persons)), previous)
            _append(home, descriptor, key, entry)
            return entry
    except OSError as problem:
        raise AuditProblem(
            what=f"the audit entry could not be written ({problem.strerror or type(problem).__name__}), so nothing is shown",
            where=str(home / LOG_FILE),
            remedy="look for free space and for the rights of the file, then ask again",
        ) from None


@contextlib.contextmanager
def _open(path: Path) -> Iterator[int]:
    new = not path.exists()
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, MODE)
    try:
        if new:
            sync_folder(path.parent)
        yield descriptor
    finally:
        os.close(descriptor)


def _append(home: Path, descriptor: int, key: bytes, entry: Entry, before: bytes = b"") -> None:
    line = before + canonical(asdict(entry)) + b"\n"
    if os.write(descriptor, line) != len(line):
        raise OSError(0, "written in part")
    os.fsync(descriptor)
    _write_head(home, key, entry.sequence, entry.hash)


def _tail(home: Path, descriptor: int, key: bytes) -> tuple[int, str, bytes]:
    """Sequence and hash of the newest entry, and what a killed writer left behind it. Brings head and log in step.

    Raises AuditProblem when they are not what was written.
    """
    head = read_head(home, key)
    size = os.fstat(descriptor).st_size
    if isinstance(head, AuditProblem) or (head is None and size):
        raise broken(home)
    if head is None:  # before the first entry: from now on a log without head is a fault
        _write_head(home, key, 0, ORIGIN)
        return 0, ORIGIN, b""
    entry, torn = _last_entry(descriptor, size)
    if entry is None:
        if head != (0, ORIGIN):
            raise broken(home)
        return 0, ORIGIN, torn
    if (entry.sequence, entry.hash) != head:  # killed between the entry and its head
        if (entry.sequence, entry.previous) != (head[0] + 1, head[1]) or entry.hash != mac(key, entry):
            raise broken(home)
        _write_head(home, key, entry.sequence, entry.hash)
    if entry.hash != mac(key, entry):
        raise broken(home)
    return entry.sequence, entry.hash, torn


def _last_entry(descriptor: int, size: int) -> tuple[Entry | None, bytes]:
    """The last whole line that reads as an entry, and every byte behind it."""
    data, start = b"", size
    while True:
        step = min(65536, start)
        start -= step
        data = os.pread(descriptor, step, start) + data
        lines = data.split(b"\n")
        for place in range(len(lines) - 2, -1 if start == 0 else 0, -1):
            entry = read_entry(lines[place])
            if entry is not None:
                return entry, b"\n".join(lines[place + 1 :])
        if start == 0:
            return None, data


def broken(home: Path) -> AuditProblem:
    return AuditProblem(
        what="the audit log is not what was written, so nothing is shown",
        where=str(home / LOG_FILE),
        remedy="`onegrid audit verify` lists the faults; put audit.log and audit.head back from a backup, "
        "or keep both elsewhere as evidence: without them a new log begins",
    )


def _write_head(home: Path, key: bytes, sequence: int, newest: str) -> None:
    values: dict[str, Any] = {"sequence": sequence, "hash": newest}
    signature = hmac.new(key, b"head" + canonical(values), hashlib.sha256).hexdigest()
    path = home / HEAD_FILE
    unfinished = home / f".{HEAD_FILE}.{os.getpid()}.{secrets.token_hex(4)}"
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(canonical(values | {"signature": signature}) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    sync_folder(home)


def read_head(home: Path, key: bytes) -> tuple[int, str] | AuditProblem | None:
    """(sequence, hash); None without a head; the problem when it is not ours."""
    try:
        stated = json.loads((home / HEAD_FILE).read_bytes())
        values = {"sequence": stated["sequence"], "hash": stated["hash"]}
        right = hmac.new(key, b"head" + canonical(values), hashlib.sha256).hexdigest()
        if hmac.compare_digest(right, str(stated["signature"])):
            return int(stated["sequence"]), str(stated["hash"])
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError):
        pass
    return broken(home)


def sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
