"""Changes and data products by HTTP: a department's steward answers offers, consumers read their own rows; everybody else is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from desk.api.app import create_app
from desk.cli import app
from tests.desk.conftest import City
from warehouse import audit
from warehouse.access import Grant, Role, accounts, identify
from warehouse.access.identity import TOKEN_VARIABLE
from warehouse.changes import lifecycle
from warehouse.changes.lifecycle import State
from warehouse.office.database import office
from warehouse.snapshots import open_snapshot

NOW = datetime(2025, 6, 9, 8, 0, tzinfo=UTC)
DEPARTMENT = "human_resources"
GRIDS = """SELECT residence_grid FROM profile_open WHERE residence_grid IS NOT NULL AND vital_status = '1'
           GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 2"""


@pytest.fixture(scope="module")
def home(city: City, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return city.copy(tmp_path_factory.mktemp("api-products")).home


@pytest.fixture(scope="module")
def client(home: Path) -> Iterator[TestClient]:
    with TestClient(create_app(home), raise_server_exceptions=False) as opened:
        yield opened


@pytest.fixture(scope="module")
def tokens(home: Path) -> dict[str, str]:
    identify(home, None)
    with open_snapshot(home) as con:
        grid, other = (str(code) for (code,) in con.execute(GRIDS).fetchall())
    wanted = {
        "lin": (DEPARTMENT, Grant(Role.STEWARD, DEPARTMENT)), "wu": ("health", Grant(Role.STEWARD, "health")),
        "grid": ("grid_service_centre", Grant(Role.GRID_WORKER, "grid_service_centre", areas=(grid,))),
        "next": ("grid_service_centre", Grant(Role.GRID_WORKER, "grid_service_centre", areas=(other,))),
        "job": (DEPARTMENT, Grant(Role.CASE_WORKER, DEPARTMENT)), "idle": ("health", None),
    }  # fmt: skip
    with office(home) as session:
        for name, (holder, given) in wanted.items():
            accounts.add(session, name, holder, login=None, by="tests", now=NOW)
            if given is not None:
                accounts.grant(session, name, given, by="tests", now=NOW)
        return {name: accounts.issue_token(session, home, name, now=datetime.now(UTC)) for name in wanted}


def signed(tokens: dict[str, str], who: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens[who]}"}


def test_a_department_lists_and_answers_its_offers(client: TestClient, home: Path, tokens: dict[str, str]) -> None:
    listed = client.get(f"/v1/changes?department={DEPARTMENT}", headers=signed(tokens, "lin"))
    assert listed.status_code == 200, listed.text
    assert listed.json()["total"] == len(lifecycle.standings(home, DEPARTMENT, (State.OFFERED,)))
    one = listed.json()["changes"][0]
    assert (audit.entries(home)[-1].user, audit.entries(home)[-1].command) == ("lin", "changes")
    route, said = f"/v1/changes/{one['change_id']}/answers", {"department": DEPARTMENT, "version": one["version"], "to": "accepted"}
    assert client.post(route, json=said | {"to": "rejected"}, headers=signed(tokens, "lin")).status_code == 422  # no reason
    assert client.post(route, json=said | {"to": "done"}, headers=signed(tokens, "lin")).status_code == 422  # the runs'
    assert client.post(route, json=said | {"department": "health"}, headers=signed(tokens, "wu")).status_code == 422  # none of theirs
    done = client.post(route, json=said, headers=signed(tokens, "lin"))
    assert (done.status_code, done.json()["state"], done.json()["version"]) == (201, "accepted", one["version"] + 1)
    assert audit.entries(home)[-1].outcome == "decided"
    late = client.post(route, json=said | {"to": "rejected", "why": "x"}, headers=signed(tokens, "lin"))
    assert late.status_code == 409, late.text
    assert "by lin" in late.json()["detail"]


def test_a_grid_worker_reads_the_rows_of_the_command(client: TestClient, home: Path, tokens: dict[str, str]) -> None:
    answer = client.get("/v1/feeds/grid_information", headers=signed(tokens, "grid"))
    assert answer.status_code == 200, answer.text
    entry = audit.entries(home)[-1]
    assert (entry.user, entry.outcome, entry.rows) == ("grid", "answered", len(answer.json()["rows"]))
    words = ["feeds", "read", "grid_information", "--format", "json", "--home", str(home)]
    result = CliRunner().invoke(app, words, env={TOKEN_VARIABLE: tokens["grid"]})
    assert [json.loads(line) for line in result.stdout.splitlines()] == answer.json()["rows"]
    elsewhere = client.get("/v1/feeds/grid_information", headers=signed(tokens, "next")).json()["rows"]
    assert not {row["person_id"] for row in elsewhere} & {row["person_id"] for row in answer.json()["rows"]}


def test_a_request_about_a_person_says_what_is_missing(client: TestClient, tokens: dict[str, str]) -> None:
    answer = client.post("/v1/feeds/house_lookup/requests", json={"purpose": "social_insurance", "person": "P"},
                         headers=signed(tokens, "job"))
    assert (answer.status_code, answer.json()["remedy"]) == (422, "state --case")


ROUTES = [
    ("GET", f"/v1/changes?department={DEPARTMENT}", None, "wu"),
    ("GET", f"/v1/changes?department={DEPARTMENT}", None, "grid"),
    ("POST", "/v1/changes/unknown/answers", {"department": DEPARTMENT, "version": 1, "to": "accepted"}, "wu"),
    ("GET", "/v1/feeds/grid_information", None, "lin"),
    ("GET", "/v1/feeds/special_group_care_ledger", None, "job"),
    ("GET", "/v1/feeds/department_alerts", None, "grid"),
    ("POST", "/v1/feeds/house_lookup/requests", {"person": "P", "case_number": "C"}, "grid"),
    ("POST", "/v1/feeds/community_self_service/requests", {"person": "P"}, "lin"),
]


@pytest.mark.parametrize(("method", "path", "body", "wrong"), ROUTES, ids=[f"{path.split('?')[0]} {wrong}" for _, path, _, wrong in ROUTES])
def test_no_token_no_grant_and_the_wrong_role_are_refused(client: TestClient, home: Path, tokens: dict[str, str], method: str, path: str,
                                                          body: dict[str, object] | None, wrong: str) -> None:
    assert client.request(method, path, json=body).status_code == 401
    for who in ("idle", wrong):
        answer = client.request(method, path, json=body, headers=signed(tokens, who))
        assert answer.status_code == 403, answer.text
        assert (audit.entries(home)[-1].user, audit.entries(home)[-1].outcome) == (who, "refused")


def test_an_unknown_product_is_not_there(client: TestClient, tokens: dict[str, str]) -> None:
    assert client.get("/v1/feeds/nothing", headers=signed(tokens, "lin")).status_code == 404


def test_the_schema_has_every_route_with_its_words(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    for path, method in (("/v1/changes", "get"), ("/v1/changes/{change_id}/answers", "post"), ("/v1/feeds/{module}", "get"),
                         ("/v1/feeds/{module}/requests", "post")):
        assert not paths[path][method]["summary"].isascii()
