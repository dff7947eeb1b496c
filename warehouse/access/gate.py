"""The gate: every read and decision passes here, by command line or API; it asks the policy and writes the audit entry.

Belongs here: the order decision, work, durable entry, and only then the answer. Does not: the decision (policy.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from sources.catalogue import load_catalogue
from warehouse import audit
from warehouse.access.model import AccessRefused, Decision, Reader, Request
from warehouse.access.policy import decide
from warehouse.access.rules import COMMANDS
from warehouse.audit import AuditProblem, Look, Outcome
from warehouse.keys import KeyProblem
from warehouse.purposes import PurposeRefused, Reading, authorise, reading
from warehouse.queries.model import QueryRefused
from warehouse.snapshots import NoSnapshot
from warehouse.store import StoreInUse, StoreProblem

_NO_CODE = re.compile(r"[^\x20-\x7e]|(?<![0-9])[0-9]{17}[0-9Xx](?![0-9A-Za-z])|(?<![0-9])1[0-9]{10}(?![0-9])")
"""What a code never holds: other letters than those of codes, an ID number, a mobile number."""
UNKNOWN_PURPOSE = "(unknown)"
"""What the log says of a purpose that the dictionary does not have: it may be any text."""


class Pass:
    """What one request may read, and what it read. Limits are to be put into the SQL, not onto its answer."""

    def __init__(self, user: str, request: Request, decision: Decision) -> None:
        self.user = user
        self.request = request
        self.areas = decision.areas
        self.departments = decision.departments
        self.person_id = decision.person_id
        self.holders = decision.holders
        self.asked = request.asked
        self.persons: list[str] = []
        self.rows = 0
        self.outcome: Outcome | None = None

    def reading(self, purpose: str) -> Reading:
        """Where the purpose reads, within the limits of this pass."""
        return reading(purpose, self.areas, self.departments)

    def cover(self, area: str) -> None:
        """Make sure that everybody counted in an area may be seen. Raises AccessRefused."""
        if self.departments or (self.areas and not area.startswith(self.areas)):
            raise AccessRefused(what="these counts are of more people than this account may see", where=f"account {self.user}",
                                remedy=f"ask for an area of your own: {', '.join(self.areas) or 'a steward has none'}")

    def saw(self, persons: Sequence[str], rows: int, *, asked: str | None = None, outcome: Outcome | None = None) -> None:
        """Say what the answer holds: the ids of all persons in it and how many rows. May be called several times."""
        self.persons += persons
        self.rows += rows
        self.asked = asked if asked is not None else self.asked
        found = Outcome.ANSWERED if self.persons or self.rows else Outcome.NOTHING
        self.outcome = outcome or (self.outcome if self.outcome in (Outcome.DECIDED, Outcome.SENT) else found)


@contextmanager
def passing(home: Path, reader: Reader, request: Request, *, now: datetime) -> Iterator[Pass]:
    """Let a request through, if the policy allows it; when the block ends, its audit entry is on the disk.

    Show nothing inside the block. Refused is also what raises PurposeRefused or QueryRefused in the block; what raises anything
    else is recorded as answered with nothing, but for a store that could not be opened. Raises AccessRefused, PurposeRefused, AuditProblem.
    """
    user = audit.checked_user(reader.user)
    decision = _decided(home, reader, request, user, now)
    pass_ = Pass(user, request, decision)
    try:
        yield pass_
    except (PurposeRefused, QueryRefused, AccessRefused):
        _record(home, user, pass_, Outcome.REFUSED, now, shown=False)
        raise
    except (KeyProblem, StoreProblem, StoreInUse, NoSnapshot):
        raise  # nothing could be read, and a log must not begin under a wrong key
    except Exception:
        if COMMANDS[request.command].recorded:
            with suppress(AuditProblem):  # nothing is shown, and what went wrong first says more
                _record(home, user, pass_, Outcome.NOTHING, now, shown=False)
        raise
    if COMMANDS[request.command].recorded or pass_.outcome is not None:
        _record(home, user, pass_, pass_.outcome or Outcome.NOTHING, now, shown=True)


def _decided(home: Path, reader: Reader, request: Request, user: str, now: datetime) -> Decision:
    try:
        if request.purpose:
            authorise(request.purpose, request.attributes, rows=request.rows)
        decision = decide(reader.grants, request)
        if decision.allowed:
            return decision
        raise AccessRefused(what=reader.problem or decision.why, where=f"account {user}, command {request.command}",
                            remedy="state another purpose or your own account, or ask the operator for a grant (`onegrid users grant`)")
    except (PurposeRefused, AccessRefused):
        _record(home, user, Pass(user, request, Decision(False)), Outcome.REFUSED, now, shown=False)
        raise


def _record(home: Path, user: str, pass_: Pass, outcome: Outcome, now: datetime, *, shown: bool) -> None:
    rule = COMMANDS.get(pass_.request.command)
    purpose = pass_.request.purpose or (rule.implied if rule else "")
    known = purpose if not purpose or purpose in load_catalogue().purposes else UNKNOWN_PURPOSE
    persons = tuple(dict.fromkeys(pass_.persons)) if shown else ()
    asked = audit.digest(home, pass_.asked) if _NO_CODE.search(pass_.asked) else pass_.asked
    audit.record(home, Look(user, known, pass_.request.command, asked, outcome, persons, pass_.rows if shown else 0), now=now)
