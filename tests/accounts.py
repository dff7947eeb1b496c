"""Accounts for tests: named people of a home with the grants a test gives them, reached from the login that runs the test."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from warehouse.access import Grant, Reader, accounts, identify
from warehouse.access.founding import founding_grants
from warehouse.access.identity import login_name
from warehouse.office.database import office

NOW = datetime(2025, 6, 2, 8, tzinfo=UTC)
ALL = founding_grants()
"""Everything that the founder of a home may do."""


def an_account(home: Path, name: str, *grants: Grant, holder: str = "operator", login: str | None = "") -> Reader:
    """Make the account (login: of the test by default, None: of nobody) and return who it is to the gate. The founder comes first."""
    identify(home, None)
    with office(home) as session:
        accounts.add(session, name, holder, login=login_name() if login == "" else login, by="test", now=NOW)
        for one in grants:
            accounts.grant(session, name, one, by="test", now=NOW)
    return identify(home, name)
