"""Reading the audit log and finding what was changed in it.

Belongs here: entries by person and user, the faults of a log. Does not: writing (log.py).
"""

from __future__ import annotations

import hmac
from pathlib import Path

from warehouse.audit.log import read_head
from warehouse.audit.model import (
    LOCK_FILE,
    LOG_FILE,
    ORIGIN,
    REPAIR,
    AuditProblem,
    Entry,
    Fault,
    Finding,
    Verdict,
    derived,
    mac,
    read_entry,
    torn_name,
)
from warehouse.audit.persons import faulty, named
from warehouse.locking import waiting_lock


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
        if (person is None or named(home, entry.persons, person)) and (user is None or entry.user == user)
    ]


def verify(home: Path, *, since: str | None = None) -> Verdict:
    """Check every line, the chain and the head. `since`: a hash noted earlier that the log must still hold."""
    return _examined(home, since)[0]


def _examined(home: Path, since: str | None) -> tuple[Verdict, list[Entry]]:
    key = derived(home, "chain")
    try:
        with waiting_lock(home / LOCK_FILE, shared=True):
            data = (home / LOG_FILE).read_bytes() if (home / LOG_FILE).exists() else None
            head = read_head(home, key)
    except OSError as problem:
        raise AuditProblem(what="the audit log cannot be read", where=str(home / LOG_FILE),
                           remedy=f"give back the rights of the file ({problem.strerror})") from None  # fmt: skip
    found, findings, torn, newest = _examined_lines(home, key, data or b"")
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


def _examined_lines(home: Path, key: bytes, data: bytes) -> tuple[list[Entry], list[Finding], int, tuple[int, str]]:
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
        entry = None if last else read_entry(line)  # a line without its end is no entry yet
        if entry is None:
            pending.append((number, line))
            continue
        if not hmac.compare_digest(entry.hash, mac(key, entry)):
            findings.append(Finding(number, Fault.CHANGED))
        elif entry.sequence != newest[0] + 1 or entry.previous != newest[1]:
            findings.append(Finding(number, Fault.REORDERED if entry.sequence <= newest[0] else Fault.MISSING))
        elif (fault := faulty(home, entry.persons)) is not None:
            findings.append(Finding(number, fault))
        if pending and entry.command == REPAIR and entry.asked == torn_name(b"\n".join(text for _, text in pending)):
            pending = []
            torn += 1
        findings += [Finding(place, Fault.UNREADABLE) for place, _ in pending]
        pending = []
        newest = (entry.sequence, entry.hash)
        found.append(entry)
    torn += bool(pending)  # at the very end: a writer was killed; the head tells whether an entry was cut instead
    return found, sorted(findings, key=lambda finding: finding.line), torn, newest
