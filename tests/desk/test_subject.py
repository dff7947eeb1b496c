"""`onegrid subject`: a resident sees everything of their own and nothing else; requests reach the department and come back."""

from __future__ import annotations

import json
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from desk.cli import app
from sources.errors import OneGridError
from tests.desk.conftest import City
from warehouse import audit
from warehouse.access import AccessRefused, Grant, Role, accounts, identify
from warehouse.office.database import office
from warehouse.snapshots import open_snapshot

NOW = datetime(2025, 6, 9, 8, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def home(city: City, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return city.copy(tmp_path_factory.mktemp("subject")).home


@pytest.fixture(scope="module")
def two(home: Path) -> tuple[str, str]:
    """Two residents with many records."""
    with open_snapshot(home) as con:
        first, second = con.execute("""SELECT person_id FROM profile WHERE known_from = 'open' AND pension_scheme IS NOT NULL
                                       ORDER BY source_count DESC, person_id LIMIT 2""").fetchall()
    return first[0], second[0]


def onegrid(home: Path, *arguments: str, token: str | None = None) -> str:
    """What the command prints; its error when it refuses."""
    result = CliRunner().invoke(app, [*arguments, "--home", str(home)], env={"ONEGRID_TOKEN": token or ""})
    if isinstance(result.exception, OneGridError):
        assert result.stdout == ""
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture(scope="module")
def token(home: Path, two: tuple[str, str]) -> str:
    """The token of the first resident."""
    identify(home, None)
    with office(home) as session:
        accounts.add(session, "resident-1", "resident", login=None, by="tests", now=NOW)
        accounts.grant(session, "resident-1", Grant(Role.RESIDENT, "resident", person_id=two[0]), by="tests", now=NOW)
        return accounts.issue_token(session, home, "resident-1", now=datetime.now(UTC))


def test_resident_gets_the_whole_report_and_it_is_private(home: Path, two: tuple[str, str], token: str, tmp_path: Path) -> None:
    out = tmp_path / "report.json"
    onegrid(home, "subject", "report", two[0], "--out", str(out), token=token)
    report = json.loads(out.read_text(encoding="utf-8"))
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert {value["attribute"] for value in report["values"]} >= {"name", "person_id", "pension_scheme"}
    assert {held["category"] for held in report["records"]} >= {"pension_insurance"}
    (entry, *_) = reversed(audit.entries(home, person=two[0]))
    assert (entry.user, entry.command) == ("resident-1", "subject report")


@pytest.mark.parametrize("arguments", [("report",), ("correct", "--attribute", "name", "--says", "x", "--why", "y"),
                                       ("restrict", "--category", "pension_insurance", "--why", "y")], ids=lambda one: one[0])
def test_resident_may_ask_about_nobody_else(home: Path, two: tuple[str, str], token: str, arguments: tuple[str, ...]) -> None:
    with pytest.raises(AccessRefused, match="own person"):
        onegrid(home, "subject", arguments[0], two[1], *arguments[1:], token=token)
    assert audit.entries(home)[-1].outcome == "refused"


def test_request_reaches_the_department_and_the_answer_comes_back(home: Path, two: tuple[str, str], token: str, tmp_path: Path) -> None:
    onegrid(home, "subject", "correct", two[0], "--attribute", "pension_scheme", "--says", "2", "--why", "险种有误", token=token)
    with pytest.raises(AccessRefused):
        onegrid(home, "subject", "requests", "--department", "human_resources", token=token)
    listed = json.loads(onegrid(home, "subject", "requests", "--department", "human_resources", "--format", "json"))
    (request,) = [one for one in listed if one["says"] == "2"]
    onegrid(home, "subject", "answer", request["request_id"], "refused", "--department", "human_resources", "--version", "1",
            "--why", "核对无误")
    out = tmp_path / "report.html"
    onegrid(home, "subject", "report", two[0], "--out", str(out), token=token)
    assert "核对无误" in out.read_text(encoding="utf-8")
    assert [entry.outcome for entry in audit.entries(home, person=two[0]) if entry.command.startswith("subject ")].count("decided") == 2
