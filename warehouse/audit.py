"""The audit log of an installation: who looked at whose data, when, why; append-only, hash-chained, keyed.

Belongs here: writing an entry so that it survives a power cut, reading the log, finding what was changed in it.
Does not: deciding who may read (purposes.py), what is read. No entry carries a value of an attribute: persons are named
by their ids, what was asked by a dwelling code or by a keyed digest of the text.

    home/audit.log    JSON Lines, mode 600; each line states the hash of the line before and its own HMAC-SHA256
    home/audit.head   sequence and hash of the newest entry, signed: finds what was cut off the end
    home/audit.lock   held while one process appends

The keys of the chain are derived from the key of the installation (keys.py). Who holds that key can write another log; who
can only change files cannot, with one exception: log and head together put back to an earlier state form a valid log. Note
the newest hash elsewhere (`onegrid audit verify` prints it) and state it again later: `verify(home, since=...)`.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from sources.errors import OneGridError
from warehouse.keys import read_key

LOG_FILE, HEAD_FILE, LOCK_FILE = "audit.log", "audit.head", "audit.lock"
ORIGIN = "0" * 64
"""The hash before the first entry."""
LONGEST_LABEL = 64
"""Characters of a user's or command's name."""
REPAIR = "audit repair"
TORN_MARK = b"~"
"""Behind a half-written line, so that it never reads as an entry, not even when only its end was missing."""
MODE = 0o600


class Outcome(StrEnum):
    """How a look ended; or that something was decided (an alert, a proposal, an account) or sent (a message, a product)."""

    ANSWERED = "answered"
    NOTHING = "nothing"
    REFUSED = "refused"
    DECIDED = "decided"
    SENT = "sent"
    REPAIRED = "repaired"


class Fault(StrEnum):
    """What is wrong with the log."""

    CHANGED = "changed"
    MISSING = "missing"
    REORDERED = "reordered"
    UNREADABLE = "unreadable"
    CUT = "cut"
    HEAD = "head"


class AuditProblem(OneGridError):
    """The entry could not be made durable, or the log is not what was written: nothing may be shown."""


@dataclass(frozen=True, slots=True)
class Look:
    """One read of personal data, or the attempt: `asked` is a code or a digest, `persons` ids, `rows` what was shown."""

    user: str
    purpose: str
    command: str
    asked: str
    outcome: Outcome
    persons: tuple[str, ...] = ()
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log; `time` is UTC, ISO 8601. `hash` covers every other field."""

    sequence: int
    time: str
    user: str
    purpose: str
    command: str
    asked: str
    outcome: str
    persons: tuple[str, ...]
    rows: int
    previous: str
    hash: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault and the line (from 1) at which it shows; `line` 0 means the file as a whole."""

    line: int
    fault: Fault


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of verifying: whole when `findings` is empty. `newest` is the hash to note elsewhere."""

    entries: int
    newest: str
    torn: int
    findings: tuple[Finding, ...]


def checked_user(user: str) -> str:
    """The name of who looks, trimmed. Raises AuditProblem for one that says nothing or could forge a line."""
    name = user.strip()
    if not name or len(name) > LONGEST_LABEL or not name.isprintable():
        raise AuditProblem(
            what="it is not said who looks", where="--by", remedy=f"state your user name, at most {LONGEST_LABEL} printable characters"
        )
    return name


def digest(home: Path, text: str) -> str:
    """A keyed digest of a text that was asked: equal questions can be recognised, none can be read or tried out."""
    key = _derived(home, "question")
    return "digest:" + hmac.new(key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:32]


def record(home: Path, look: Look, *, now: datetime) -> Entry:
    """Append one entry; returns when it is on the disk. Raises AuditProblem, and then nothing may be shown.

    A line that a killed process left half-written stays where it is and an entry says so.
    """
    key = _derived(home, "chain")
    moment = (now if now.tzinfo else now.replace(tzinfo=UTC)).astimezone(UTC)
    time = moment.isoformat(timespec="milliseconds")
    try:
        with _locked(home, fcntl.LOCK_EX), _open(home / LOG_FILE) as descriptor:
            sequence, previous, torn = _tail(home, descriptor, key)
            if torn:
                note = Look("onegrid", "", REPAIR, _torn_name(torn + TORN_MARK), Outcome.REPAIRED)
                repair = _signed(key, sequence + 1, time, note, previous)
                _append(home, descriptor, key, repair, before=TORN_MARK + b"\n")
                sequence, previous = repair.sequence, repair.hash
            entry = _signed(key, sequence + 1, time, look, previous)
            _append(home, descriptor, key, entry)
            return entry
    except OSError as problem:
        raise AuditProblem(
            what=f"the audit entry could not be written ({problem.strerror or type(problem).__name__}), so nothing is shown",
            where=str(home / LOG_FILE),
            remedy="look for free space and for the rights of the file, then ask again",
        ) from None


def entries(home: Path, *, person: str | None = None, user: str | None = None) -> list[Entry]:
    """The entries in order, all or those that name a person or a user. Raises AuditProblem where the log is not whole."""
    verdict, found = _examined(home, None)
    if verdict.findings:
        first = verdict.findings[0]
        raise AuditProblem(
            what=f"the audit log is not what was written: {first.fault} at line {first.line}",
            where=str(home / LOG_FILE),
            remedy="`onegrid audit verify` lists every fault; put the log back from a backup",
        )
    return [
        entry
        for entry in found
        if (person is None or person in entry.persons) and (user is None or entry.user == user)
    ]


def verify(home: Path, *, since: str | None = None) -> Verdict:
    """Check every line, the chain and the head. `since`: a hash noted earlier that the log must still hold."""
    return _examined(home, since)[0]


def _examined(home: Path, since: str | None) -> tuple[Verdict, list[Entry]]:
    key = _derived(home, "chain")
    try:
        with _locked(home, fcntl.LOCK_SH):
            data = (home / LOG_FILE).read_bytes() if (home / LOG_FILE).exists() else None
            head = _read_head(home, key)
    except OSError as problem:
        raise AuditProblem(what="the audit log cannot be read", where=str(home / LOG_FILE),
                           remedy=f"give back the rights of the file ({problem.strerror})") from None  # fmt: skip
    found, findings, torn, newest = _examined_lines(key, data or b"")
    if isinstance(head, AuditProblem) or (head is None and data) or (head is not None and newest[0] > head[0] + 1):
        findings.append(Finding(0, Fault.HEAD))
    elif head is not None and (data is None or head[1] not in _at(found, head[0])):
        findings.append(Finding(0, Fault.CUT))
    if since is not None and since != ORIGIN and all(entry.hash != since for entry in found):
        findings.append(Finding(0, Fault.CUT))
    return Verdict(len(found), newest[1], torn, tuple(findings)), found


def _at(found: list[Entry], sequence: int) -> set[str]:
    """Hashes under a sequence number; the head may be one entry behind after a kill, never before it."""
    return {ORIGIN} if sequence == 0 else {entry.hash for entry in found if entry.sequence == sequence}


def _examined_lines(key: bytes, data: bytes) -> tuple[list[Entry], list[Finding], int, tuple[int, str]]:
    """Entries, faults, torn lines that are accounted for, and the newest good (sequence, hash)."""
    found: list[Entry] = []
    findings: list[Finding] = []
    pending: list[tuple[int, bytes]] = []
    torn = 0
    newest = (0, ORIGIN)
    lines = data.split(b"\n")
    for number, line in enumerate(lines, 1):
        last = number == len(lines)
        if last and not line:
            break
        entry = None if last else _read(line)  # a line without its end is no entry yet
        if entry is None:
            pending.append((number, line))
            continue
        if not hmac.compare_digest(entry.hash, _mac(key, entry)):
            findings.append(Finding(number, Fault.CHANGED))
        elif entry.sequence != newest[0] + 1 or entry.previous != newest[1]:
            findings.append(Finding(number, Fault.REORDERED if entry.sequence <= newest[0] else Fault.MISSING))
        if pending and entry.command == REPAIR and entry.asked == _torn_name(b"\n".join(text for _, text in pending)):
            pending = []
            torn += 1
        findings += [Finding(place, Fault.UNREADABLE) for place, _ in pending]
        pending = []
        newest = (entry.sequence, entry.hash)
        found.append(entry)
    torn += bool(pending)  # at the very end: a writer was killed; the head tells whether an entry was cut instead
    return found, sorted(findings, key=lambda finding: finding.line), torn, newest


def _derived(home: Path, use: str) -> bytes:
    return hmac.new(read_key(home).encode(), f"onegrid audit {use} 1".encode(), hashlib.sha256).digest()


def _canonical(values: dict[str, Any]) -> bytes:
    return json.dumps(values, ensure_ascii=True, sort_keys=True, separators=(",", ":")).encode()


def _mac(key: bytes, entry: Entry) -> str:
    values = asdict(entry)
    del values["hash"]
    return hmac.new(key, _canonical(values), hashlib.sha256).hexdigest()


def _signed(key: bytes, sequence: int, time: str, look: Look, previous: str) -> Entry:
    values = {item.name: getattr(look, item.name) for item in fields(look)} | {"outcome": look.outcome.value}
    unsigned = Entry(sequence=sequence, time=time, previous=previous, hash="", **values)
    return Entry(**({item.name: getattr(unsigned, item.name) for item in fields(unsigned)} | {"hash": _mac(key, unsigned)}))


def _read(line: bytes) -> Entry | None:
    """The entry of a line; None unless the line is exactly what would be written for it."""
    try:
        values = json.loads(line)
        entry = Entry(**(values | {"persons": tuple(values["persons"])}))
        right = isinstance(entry.sequence, int) and all(isinstance(text, str) for text in (entry.hash, entry.previous, entry.asked))
        return entry if right and _canonical(asdict(entry)) == line else None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _torn_name(line: bytes) -> str:
    return f"torn:{len(line)}:{hashlib.sha256(line).hexdigest()}"


@contextlib.contextmanager
def _locked(home: Path, how: int) -> Iterator[None]:
    descriptor = os.open(home / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, MODE)
    try:
        fcntl.flock(descriptor, how)
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _open(path: Path) -> Iterator[int]:
    new = not path.exists()
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, MODE)
    try:
        if new:
            _sync_folder(path.parent)
        yield descriptor
    finally:
        os.close(descriptor)


def _append(home: Path, descriptor: int, key: bytes, entry: Entry, before: bytes = b"") -> None:
    line = before + _canonical(asdict(entry)) + b"\n"
    if os.write(descriptor, line) != len(line):
        raise OSError(0, "written in part")
    os.fsync(descriptor)
    _write_head(home, key, entry.sequence, entry.hash)


def _tail(home: Path, descriptor: int, key: bytes) -> tuple[int, str, bytes]:
    """Sequence and hash of the newest entry, and what a killed writer left behind it. Brings head and log in step.

    Raises AuditProblem when they are not what was written.
    """
    head = _read_head(home, key)
    size = os.fstat(descriptor).st_size
    if isinstance(head, AuditProblem) or (head is None and size):
        raise _broken(home)
    if head is None:  # before the first entry: from now on a log without head is a fault
        _write_head(home, key, 0, ORIGIN)
        return 0, ORIGIN, b""
    entry, torn = _last_entry(descriptor, size)
    if entry is None:
        if head != (0, ORIGIN):
            raise _broken(home)
        return 0, ORIGIN, torn
    if (entry.sequence, entry.hash) != head:  # killed between the entry and its head
        if (entry.sequence, entry.previous) != (head[0] + 1, head[1]) or entry.hash != _mac(key, entry):
            raise _broken(home)
        _write_head(home, key, entry.sequence, entry.hash)
    if entry.hash != _mac(key, entry):
        raise _broken(home)
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
            entry = _read(lines[place])
            if entry is not None:
                return entry, b"\n".join(lines[place + 1 :])
        if start == 0:
            return None, data


def _broken(home: Path) -> AuditProblem:
    return AuditProblem(
        what="the audit log is not what was written, so nothing is shown",
        where=str(home / LOG_FILE),
        remedy="`onegrid audit verify` lists the faults; put audit.log and audit.head back from a backup, "
        "or keep both elsewhere as evidence: without them a new log begins",
    )


def _write_head(home: Path, key: bytes, sequence: int, newest: str) -> None:
    values: dict[str, Any] = {"sequence": sequence, "hash": newest}
    signature = hmac.new(key, b"head" + _canonical(values), hashlib.sha256).hexdigest()
    path = home / HEAD_FILE
    unfinished = home / f".{HEAD_FILE}.{os.getpid()}.{secrets.token_hex(4)}"
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(_canonical(values | {"signature": signature}) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    _sync_folder(home)


def _read_head(home: Path, key: bytes) -> tuple[int, str] | AuditProblem | None:
    """(sequence, hash); None without a head; the problem when it is not ours."""
    try:
        stated = json.loads((home / HEAD_FILE).read_bytes())
        values = {"sequence": stated["sequence"], "hash": stated["hash"]}
        right = hmac.new(key, b"head" + _canonical(values), hashlib.sha256).hexdigest()
        if hmac.compare_digest(right, str(stated["signature"])):
            return int(stated["sequence"]), str(stated["hash"])
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError):
        pass
    return _broken(home)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
