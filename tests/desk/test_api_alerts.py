"""Alerts by HTTP: a department's steward lists and answers its own, and of two who answer the second is told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from desk.api.app import create_app
from tests.desk.conftest import City
from warehouse import audit
from warehouse.access import Grant, Role, accounts, identify
from warehouse.office.database import office

NOW = datetime(2025, 6, 9, 8, 0, tzinfo=UTC)
DEPARTMENT = "civil_affairs"


@pytest.fixture(scope="module")
def home(city: City, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return city.copy(tmp_path_factory.mktemp("api-alerts")).home


@pytest.fixture(scope="module")
def client(home: Path) -> Iterator[TestClient]:
    with TestClient(create_app(home), raise_server_exceptions=False) as opened:
        yield opened


@pytest.fixture(scope="module")
def tokens(home: Path) -> dict[str, dict[str, str]]:
    identify(home, None)
    with office(home) as session:
        for name, holder in (("lin", DEPARTMENT), ("wu", "health")):
            accounts.add(session, name, holder, login=None, by="tests", now=NOW)
            accounts.grant(session, name, Grant(Role.STEWARD, holder), by="tests", now=NOW)
        return {name: {"Authorization": f"Bearer {accounts.issue_token(session, home, name, now=datetime.now(UTC))}"}
                for name in ("lin", "wu")}


def test_a_department_lists_and_answers_its_own_alerts(client: TestClient, home: Path, tokens: dict[str, dict[str, str]]) -> None:
    listed = client.get(f"/v1/alerts?department={DEPARTMENT}", headers=tokens["lin"])
    assert listed.status_code == 200, listed.text
    rows = [row for row in listed.json()["alerts"] if "version" in row]
    assert rows
    assert audit.entries(home)[-1].user == "lin"
    one = rows[0]
    route, said = f"/v1/alerts/{one['alert_id']}/answers", {"department": DEPARTMENT, "version": one["version"], "to": "acknowledged"}
    assert client.post(route, json=said, headers=tokens["wu"]).status_code == 403
    assert client.post(route, json=said | {"to": "rejected"}, headers=tokens["lin"]).status_code == 422  # no reason
    assert client.post(route, json=said | {"to": "closed"}, headers=tokens["lin"]).status_code == 422  # only runs close
    done = client.post(route, json=said, headers=tokens["lin"])
    assert (done.status_code, done.json()["state"], done.json()["version"]) == (201, "acknowledged", one["version"] + 1)
    assert audit.entries(home)[-1].outcome == "decided"
    late = client.post(route, json=said | {"to": "corrected"}, headers=tokens["lin"])
    assert late.status_code == 409, late.text
    assert "by lin" in late.json()["detail"]
    known = client.get(f"/v1/alerts?department={DEPARTMENT}&state=acknowledged", headers=tokens["lin"]).json()["alerts"]
    assert one["alert_id"] in {row["alert_id"] for row in known}


@pytest.mark.parametrize(("who", "path", "status"), [
    ("wu", f"/v1/alerts?department={DEPARTMENT}", 403), ("lin", "/v1/alerts?department=nobody", 422),
    ("lin", "/v1/alerts", 422), ("lin", f"/v1/alerts?department={DEPARTMENT}&state=lost", 422),
], ids=["other-department", "unknown-department", "no-department", "unknown-state"])
def test_wrong_requests_are_refused(client: TestClient, tokens: dict[str, dict[str, str]], who: str, path: str, status: int) -> None:
    assert client.get(path, headers=tokens[who]).status_code == status


def test_no_token_no_alerts(client: TestClient) -> None:
    assert client.get(f"/v1/alerts?department={DEPARTMENT}").status_code == 401
