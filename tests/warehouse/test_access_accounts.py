"""Accounts: the founding one, logins and tokens, what can be granted, what ends; on SQLite and PostgreSQL."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.accounts import NOW, an_account
from warehouse import audit
from warehouse.access import CITY, AccessRefused, Grant, Reader, Request, Role, accounts, decide, gate, identify
from warehouse.access.accounts import AccountProblem
from warehouse.access.founding import covers_every_purpose, founding_grants
from warehouse.access.identity import OFFICE_FILE, OFFICE_VARIABLE, TOKEN_VARIABLE, USER_VARIABLE, login_name
from warehouse.access.policy import valid
from warehouse.keys import ensure_key
from warehouse.office.database import FILE, VARIABLE, office

GRID = "421002001001001"
GRID_WORKER = Grant(Role.GRID_WORKER, "grid_service_centre", (GRID,), ("grid_service",))
OPERATOR = Grant(Role.OPERATOR, "operator")


@pytest.fixture(autouse=True)
def nothing_stated(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (TOKEN_VARIABLE, USER_VARIABLE):
        monkeypatch.delenv(name, raising=False)


def without_numbers(reader: Reader) -> set[Grant]:
    return {Grant(one.role, one.holder, one.areas, one.purposes, one.person_id) for one in reader.grants}


def test_the_owner_of_a_new_home_gets_the_founding_account_once(office_home: Path) -> None:
    reader = identify(office_home, None)
    assert (reader.user, reader.problem) == (login_name(), "")
    assert without_numbers(reader) == set(founding_grants())
    assert identify(office_home, None) == reader
    assert [(entry.user, entry.command, entry.outcome) for entry in audit.entries(office_home)] == [(login_name(), "users", "decided")]


def test_the_founding_account_may_state_every_purpose() -> None:
    assert covers_every_purpose()


def test_nobody_but_the_owner_of_the_key_founds(office_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = os.getuid() + 4711
    monkeypatch.setattr(os, "getuid", lambda: other)
    reader = identify(office_home, None)
    assert (reader.grants, reader.problem) == ((), "there is no such account")
    with office(office_home) as session:
        assert accounts.listed(session) == []


def test_the_owner_founds_by_the_own_login_even_when_another_name_is_stated(office_home: Path) -> None:
    assert identify(office_home, "mallory").grants == ()
    assert identify(office_home, None).grants


def test_a_name_of_the_environment_is_no_login(office_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """USER and LOGNAME can say anything; the number of the user cannot."""
    an_account(office_home, "chief", OPERATOR, login="chief")
    monkeypatch.setenv("USER", "chief")
    monkeypatch.setenv("LOGNAME", "chief")
    reader = identify(office_home, "chief")
    assert reader.grants == ()
    assert "another login" in reader.problem
    assert reader.user == f"chief (login {login_name()})"


def test_accounts_of_the_own_login_by_option_and_environment(office_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    an_account(office_home, "grid-7", GRID_WORKER, holder="grid_service_centre")
    assert without_numbers(identify(office_home, "grid-7")) == {GRID_WORKER}
    monkeypatch.setenv(USER_VARIABLE, "grid-7")
    assert identify(office_home, None).user == "grid-7"


def test_a_token_is_the_account_and_only_its_digest_is_kept(office_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    an_account(office_home, "feed-machine", Grant(Role.SERVICE, "civil_affairs"), holder="civil_affairs", login=None)
    assert identify(office_home, "feed-machine").grants == ()
    with office(office_home) as session:
        token = accounts.issue_token(session, office_home, "feed-machine", now=datetime.now(UTC))
        kept = [str(value) for row in session.execute(text("SELECT * FROM account")).all() for value in row]
    assert all(token not in value for value in kept)
    assert identify(office_home, None, token=token).user == "feed-machine"
    assert identify(office_home, "feed-machine", token=token).grants
    assert identify(office_home, login_name(), token=token).grants == ()
    assert identify(office_home, None, token=token[:-1] + "x").grants == ()
    with monkeypatch.context() as server:
        server.setenv(USER_VARIABLE, login_name())
        assert identify(office_home, None, token=token).user == "feed-machine"
        assert identify(office_home, None, token="").grants == ()
    monkeypatch.setenv(TOKEN_VARIABLE, token)
    assert identify(office_home, None).user == "feed-machine"
    with office(office_home) as session:
        newer = accounts.issue_token(session, office_home, "feed-machine", now=datetime.now(UTC))
    assert identify(office_home, None, token=token).grants == ()
    with office(office_home) as session:
        accounts.withdraw_token(session, "feed-machine")
    assert identify(office_home, None, token=newer).grants == ()


def test_a_retired_account_and_a_revoked_grant_open_nothing(office_home: Path) -> None:
    an_account(office_home, "a", GRID_WORKER, OPERATOR)
    with office(office_home) as session:
        token = accounts.issue_token(session, office_home, "a", now=datetime.now(UTC))
        number = identify_number(session, "a", Role.GRID_WORKER)
        accounts.revoke(session, "a", number, now=NOW)
    assert without_numbers(identify(office_home, "a")) == {OPERATOR}
    with office(office_home) as session:
        accounts.retire(session, "a", now=NOW)
    for reader in (identify(office_home, "a"), identify(office_home, None, token=token)):
        assert reader.grants == ()
        with pytest.raises(AccessRefused), gate.passing(office_home, reader, Request("users"), now=NOW):
            pytest.fail("let through")
    with office(office_home) as session, pytest.raises(AccountProblem, match="exists or existed"):
        accounts.add(session, "a", "health", login=None, by="test", now=NOW)


def identify_number(session: Session, name: str, role: Role) -> int:
    (account,) = [one for one in accounts.listed(session) if one.name == name]
    return next(grant.number for grant in account.standing if grant.role is role)


def test_the_last_operator_stays(office_home: Path) -> None:
    founder = identify(office_home, None)
    with pytest.raises(AccountProblem, match="last operator"), office(office_home) as session:
        accounts.retire(session, founder.user, now=NOW)
    assert identify(office_home, None) == founder
    an_account(office_home, "second", OPERATOR)
    with office(office_home) as session:
        accounts.retire(session, founder.user, now=NOW)
    assert identify(office_home, None).grants == ()
    assert identify(office_home, "second").grants


NOT_GRANTED = [
    pytest.param(Grant(Role.GRID_WORKER, "grid_service_centre"), id="grid worker of the whole city"),
    pytest.param(Grant(Role.GRID_WORKER, "grid_service_centre", ("421002001001",)), id="grid worker of a community"),
    pytest.param(Grant(Role.GRID_WORKER, "civil_affairs", (GRID,)), id="grid worker of another holder"),
    pytest.param(Grant(Role.GRID_WORKER, "grid_service_centre", ("440100001001001",)), id="grid of another city"),
    pytest.param(Grant(Role.GRID_WORKER, "grid_service_centre", (GRID, "42100200100100x")), id="no code"),
    pytest.param(Grant(Role.COMMUNITY_CLERK, "civil_affairs", (GRID,)), id="clerk of a grid"),
    pytest.param(Grant(Role.HEALTH_CENTRE, "health", (CITY,)), id="health centre of the whole city"),
    pytest.param(Grant(Role.CASE_WORKER, "civil_affairs", (CITY,), ("public_health",)), id="purpose of another department"),
    pytest.param(Grant(Role.CASE_WORKER, "civil_affairs", (CITY,), ("data_quality",)), id="stewardship by a case worker"),
    pytest.param(Grant(Role.CASE_WORKER, "public_security"), id="case worker of a department without purpose"),
    pytest.param(Grant(Role.STEWARD, "grid_service_centre"), id="steward of no department"),
    pytest.param(Grant(Role.ANALYST, "health"), id="statistics of another holder"),
    pytest.param(Grant(Role.OPERATOR, "operator", (CITY,), ("elderly_care",)), id="operator with a purpose"),
    pytest.param(Grant(Role.RESIDENT, "resident"), id="resident without person"),
    pytest.param(Grant(Role.CASE_WORKER, "health", (CITY,), (), "P1"), id="case worker with a person"),
    pytest.param(Grant(Role.CASE_WORKER, "health", ()), id="no area"),
]


@pytest.mark.parametrize("wanted", NOT_GRANTED)
def test_what_a_role_does_not_allow_opens_nothing(wanted: Grant) -> None:
    assert not valid(wanted) or not wanted.purposes
    assert not any(decide([wanted], Request(command, purpose)).allowed for command in ("query", "export", "subject report")
                   for purpose in ("", *wanted.purposes, "grid_service"))


def test_what_a_role_does_not_allow_cannot_be_granted(office_home: Path) -> None:
    an_account(office_home, "a", holder="health")
    for case in NOT_GRANTED:
        with pytest.raises(AccountProblem), office(office_home) as session:
            accounts.grant(session, "a", case.values[0], by="test", now=NOW)  # type: ignore[arg-type]
    assert identify(office_home, "a").grants == ()


def test_without_purposes_stated_a_grant_has_those_of_role_and_holder(office_home: Path) -> None:
    reader = an_account(office_home, "a", Grant(Role.CASE_WORKER, "civil_affairs", ("421002",)))
    assert [grant.purposes for grant in reader.grants] == [("elderly_care", "social_assistance")]


def test_a_name_that_could_forge_a_line_of_the_log_is_no_name(office_home: Path) -> None:
    for name in ("", " ", "x" * 65, "a\nb"):
        with pytest.raises(audit.AuditProblem), office(office_home) as session:
            accounts.add(session, name, "health", login=None, by="test", now=NOW)


def test_an_unknown_department_is_refused(office_home: Path) -> None:
    with pytest.raises(AccountProblem, match="weather"), office(office_home) as session:
        accounts.add(session, "a", "weather", login=None, by="test", now=NOW)


def test_both_ways_to_look_an_account_up_agree(office_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    an_account(office_home, "a", GRID_WORKER, holder="grid_service_centre")
    with office(office_home) as session:
        accounts.revoke(session, "a", identify_number(session, "a", Role.GRID_WORKER), now=NOW)
        accounts.grant(session, "a", GRID_WORKER, by="test", now=NOW)
    for name in ("a", login_name(), "nobody"):
        direct = identify(office_home, name)
        with monkeypatch.context() as patch:
            patch.setattr("warehouse.access.identity._newest", lambda: "another form")
            assert identify(office_home, name) == direct
    assert (OFFICE_FILE, OFFICE_VARIABLE) == (FILE, VARIABLE)


def test_an_account_is_looked_up_while_somebody_writes(office_home: Path) -> None:
    if VARIABLE in os.environ:
        pytest.skip("rows of PostgreSQL are read beside a writer anyway")
    reader = identify(office_home, None)
    with office(office_home):
        assert identify(office_home, None) == reader


def test_a_reader_does_not_load_the_libraries_of_the_office(tmp_path: Path) -> None:
    ensure_key(tmp_path)
    identify(tmp_path, None)
    words = ("import sys; from pathlib import Path; from warehouse.access import identify; "
             f"assert identify(Path({str(tmp_path)!r}), None).grants; print(sorted({{'sqlalchemy', 'alembic'}} & sys.modules.keys()))")
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    assert done.stdout.strip() == "[]"


def test_several_first_commands_at_once_found_one_account(office_home: Path) -> None:
    words = ("from pathlib import Path; from warehouse.access import identify; "
             f"print(len(identify(Path({str(office_home)!r}), None).grants))")
    started = [subprocess.Popen([sys.executable, "-c", words], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])
               for _ in range(2)]  # fmt: skip
    assert {process.communicate(timeout=100)[0].strip() for process in started} == {str(len(founding_grants()))}
    assert [entry.asked for entry in audit.entries(office_home)] == ["founding account"]
    with office(office_home) as session:
        assert [one.name for one in accounts.listed(session)] == [login_name()]


@pytest.mark.parametrize(("days", "later", "valid_still"), [(90, timedelta(days=89, hours=23), True), (90, timedelta(days=90), False),
                                                            (1, timedelta(days=2), False)], ids=["in-time", "the-last-day", "short"])
def test_a_token_ends(office_home: Path, days: int, later: timedelta, valid_still: bool) -> None:
    an_account(office_home, "machine", GRID_WORKER, holder="grid_service_centre", login=None)
    with office(office_home) as session:
        token = accounts.issue_token(session, office_home, "machine", now=NOW, days=days)
    reader = identify(office_home, None, token=token, now=NOW + later)
    assert (bool(reader.grants), "expired" in reader.problem) == (valid_still, not valid_still)


def test_a_token_without_an_end_is_refused(office_home: Path) -> None:
    """As homes have them from before tokens ended."""
    an_account(office_home, "machine", GRID_WORKER, holder="grid_service_centre", login=None)
    with office(office_home) as session:
        token = accounts.issue_token(session, office_home, "machine", now=NOW)
        session.execute(text("UPDATE account SET token_until = NULL"))
    assert identify(office_home, None, token=token, now=NOW).grants == ()


@pytest.mark.parametrize("days", [0, -1, 367])
def test_a_token_cannot_live_for_ever(office_home: Path, days: int) -> None:
    an_account(office_home, "machine", login=None)
    with pytest.raises(AccountProblem, match="cannot live"), office(office_home) as session:
        accounts.issue_token(session, office_home, "machine", now=NOW, days=days)
