"""The gate for commands: who calls, at what time.

Belongs here: joining the caller's account and the clock of the machine to a request. Does not: the decision (warehouse/access).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from warehouse.access import Pass, Request, found, gate, identify
from warehouse.keys import holds_data, key_file


@contextmanager
def passing(home: Path, user: str | None, request: Request) -> Iterator[Pass]:
    """Let the caller's request through; the audit entry is on the disk when the block ends. Print only after it.

    Raises AccessRefused, PurposeRefused, AuditProblem, OfficeProblem.
    """
    with gate.passing(home, identify(home, user), request, now=datetime.now(UTC)) as pass_:
        yield pass_


def check(home: Path, user: str | None, command: str) -> str:
    """The account's name, if it may use a command that shows nobody. Raises AccessRefused, which is recorded."""
    with passing(home, user, Request(command)) as pass_:
        return pass_.user


def check_run(home: Path, user: str | None) -> None:
    """As `check`, of an installation that is there; who makes a new one gets its founding account (`found_account`)."""
    if holds_data(home) or key_file(home).exists():
        check(home, user, "run")


def found_account(home: Path) -> None:
    """Make the founding account of a home that has none."""
    if home.is_dir():
        found(home, now=datetime.now(UTC))
