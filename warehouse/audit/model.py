"""What one entry of the audit log is, and how a log can be at fault.

Belongs here: the shapes of entries, their canonical bytes and signature. Does not: files.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import asdict, dataclass, fields
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
    key = derived(home, "question")
    return "digest:" + hmac.new(key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:32]


def derived(home: Path, use: str) -> bytes:
    return hmac.new(read_key(home).encode(), f"onegrid audit {use} 1".encode(), hashlib.sha256).digest()


def canonical(values: dict[str, Any]) -> bytes:
    return json.dumps(values, ensure_ascii=True, sort_keys=True, separators=(",", ":")).encode()


def mac(key: bytes, entry: Entry) -> str:
    values = asdict(entry)
    del values["hash"]
    return hmac.new(key, canonical(values), hashlib.sha256).hexdigest()


def signed(key: bytes, sequence: int, time: str, look: Look, previous: str) -> Entry:
    values = {item.name: getattr(look, item.name) for item in fields(look)} | {"outcome": look.outcome.value}
    unsigned = Entry(sequence=sequence, time=time, previous=previous, hash="", **values)
    return Entry(**({item.name: getattr(unsigned, item.name) for item in fields(unsigned)} | {"hash": mac(key, unsigned)}))


def read_entry(line: bytes) -> Entry | None:
    """The entry of a line; None unless the line is exactly what would be written for it."""
    try:
        values = json.loads(line)
        entry = Entry(**(values | {"persons": tuple(values["persons"])}))
        right = isinstance(entry.sequence, int) and all(isinstance(text, str) for text in (entry.hash, entry.previous, entry.asked))
        return entry if right and canonical(asdict(entry)) == line else None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def torn_name(line: bytes) -> str:
    return f"torn:{len(line)}:{hashlib.sha256(line).hexdigest()}"
