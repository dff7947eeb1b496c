"""The HTTP API: tokens, the gate, answers, errors; nothing of a person in an error."""

from __future__ import annotations

import json
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import uvicorn
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from desk.api.app import create_app
from desk.cli import app
from sources.catalogue import load_catalogue
from tests.desk.conftest import City
from warehouse import audit
from warehouse.access import Grant, Role, accounts, identify
from warehouse.access.identity import TOKEN_VARIABLE
from warehouse.office.database import office
from warehouse.snapshots import activate, list_snapshots, open_snapshot

NOW = datetime(2025, 6, 9, 8, 0, tzinfo=UTC)
Reading = Callable[[TestClient, Path, str, str], list[dict[str, object]]]
ELDERS = {"class": "age", "op": "ge", "value": 60}


@pytest.fixture(scope="module")
def home(city: City, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return city.copy(tmp_path_factory.mktemp("api")).home


@pytest.fixture(scope="module")
def grid(home: Path) -> str:
    with open_snapshot(home) as con:
        (found,) = con.execute("""SELECT residence_grid FROM profile_open WHERE residence_grid IS NOT NULL AND age >= 60
                                  GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1""").fetchone() or (None,)
    assert found is not None
    return str(found)


@pytest.fixture(scope="module")
def tokens(home: Path, grid: str) -> dict[str, str]:
    identify(home, None)
    wanted = {
        "worker": ("civil_affairs", Grant(Role.CASE_WORKER, "civil_affairs")),
        "grid": ("grid_service_centre", Grant(Role.GRID_WORKER, "grid_service_centre", areas=(grid,))),
        "analyst": ("grid_service_centre", Grant(Role.ANALYST, "grid_service_centre")),
        "resident": ("resident", Grant(Role.RESIDENT, "resident", person_id=a_person(home))),
    }
    with office(home) as session:
        for name, (holder, given) in wanted.items():
            accounts.add(session, name, holder, login=None, by="tests", now=NOW)
            accounts.grant(session, name, given, by="tests", now=NOW)
        return {name: accounts.issue_token(session, home, name, now=datetime.now(UTC)) for name in wanted}


def a_person(home: Path) -> str:
    with open_snapshot(home) as con:
        (found,) = con.execute("SELECT min(person_id) FROM profile_open WHERE known_from = 'open' AND age >= 60").fetchone() or ("",)
    return str(found)


@pytest.fixture(scope="module")
def client(home: Path) -> Iterator[TestClient]:
    with TestClient(create_app(home), raise_server_exceptions=False) as opened:
        yield opened


def signed(tokens: dict[str, str], name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens[name]}"}


def test_nothing_is_answered_without_a_token(client: TestClient) -> None:
    asked = {"purpose": "elderly_care", "query": ELDERS}
    for answer in (client.post("/v1/query", json=asked), client.get("/v1/persons/P1?purpose=housing")):
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"


def test_unknown_token_is_refused_and_recorded(client: TestClient, home: Path) -> None:
    answer = client.post("/v1/query", json={"purpose": "elderly_care", "query": ELDERS}, headers={"Authorization": "Bearer ogt_nobody"})
    assert answer.status_code == 403
    assert audit.entries(home)[-1].outcome == "refused"


def test_rows_are_those_of_the_purpose_and_recorded(client: TestClient, home: Path, tokens: dict[str, str]) -> None:
    answer = client.post("/v1/query", json={"purpose": "elderly_care", "query": ELDERS, "columns": ["name", "age"], "limit": 5},
                         headers=signed(tokens, "worker"))
    assert answer.status_code == 200, answer.text
    rows = answer.json()["rows"]
    assert all(set(row) == {"person_id", "name", "age"} and row["age"] >= 60 for row in rows)
    entry = audit.entries(home)[-1]
    assert (entry.user, entry.purpose, entry.persons) == ("worker", "elderly_care", tuple(row["person_id"] for row in rows))
    assert answer.headers["cache-control"] == "no-store"


def test_grid_worker_sees_the_own_grid_only(client: TestClient, home: Path, tokens: dict[str, str], grid: str) -> None:
    asked = {"purpose": "grid_service", "query": ELDERS, "columns": ["residence_grid"]}
    own = client.post("/v1/query", json=asked, headers=signed(tokens, "grid")).json()
    assert {row["residence_grid"] for row in own["rows"]} == {grid}
    with open_snapshot(home) as con:
        (elsewhere,) = con.execute("""SELECT min(person_id) FROM profile_open WHERE known_from = 'open' AND vital_status = '1'
                                      AND residence_grid IS DISTINCT FROM ?""", [grid]).fetchone() or ("",)
    assert client.get(f"/v1/persons/{elsewhere}?purpose=grid_service", headers=signed(tokens, "grid")).status_code == 404
    mine = own["rows"][0]["person_id"]
    assert client.get(f"/v1/persons/{mine}?purpose=grid_service", headers=signed(tokens, "grid")).status_code == 200


@pytest.mark.parametrize(("who", "asked", "status"), [
    ("worker", {"purpose": "housing", "query": ELDERS}, 403), ("analyst", {"purpose": "statistics", "query": ELDERS}, 403),
    ("worker", {"purpose": "elderly_care", "query": ELDERS, "columns": ["employer_name"]}, 403),
    ("worker", {"purpose": "elderly_care"}, 422), ("worker", {"purpose": "elderly_care", "query": {"class": "nothing"}}, 422),
    ("worker", {"purpose": "elderly_care", "query": ELDERS, "limit": 10**9}, 422),
    ("resident", {"purpose": "elderly_care", "query": ELDERS}, 403),
    ("analyst", {"purpose": "statistics", "query": ELDERS, "count": True}, 200),
    ("analyst", {"purpose": "statistics", "query": ELDERS, "by": "sex"}, 200),
    ("worker", {"purpose": "elderly_care", "text": "老年人", "count": True}, 200),
], ids=["other-purpose", "statistics-rows", "closed-column", "no-query", "unknown-class", "too-many", "resident", "count", "by", "phrase"])
def test_what_is_allowed_is_answered_and_the_rest_refused(client: TestClient, tokens: dict[str, str], who: str, asked: dict[str, object],
                                                          status: int) -> None:
    answer = client.post("/v1/query", json=asked, headers=signed(tokens, who))
    assert answer.status_code == status, answer.text
    if status >= 400:
        assert {"title", "detail", "remedy"} <= set(answer.json())


def through_the_api(client: TestClient, home: Path, token: str, person: str) -> list[dict[str, object]]:  # noqa: ARG001 - one shape of ways
    answer = client.get(f"/v1/persons/{person}?purpose=elderly_care", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, object]] = answer.json()["values"]
    return found


def through_the_command(client: TestClient, home: Path, token: str, person: str) -> list[dict[str, object]]:  # noqa: ARG001 - one shape of ways
    words = ["profile", person, "--purpose", "elderly_care", "--format", "json", "--home", str(home)]
    result = CliRunner().invoke(app, words, env={TOKEN_VARIABLE: token})
    assert result.exit_code == 0, result.output
    found: list[dict[str, object]] = json.loads(result.stdout)
    return found


@pytest.mark.parametrize("read", [through_the_api, through_the_command], ids=["api", "command"])
def test_keys_of_other_departments_records_are_not_shown(client: TestClient, home: Path, tokens: dict[str, str], read: Reading) -> None:
    """Their category is: a value says where it comes from."""
    values = read(client, home, tokens["worker"], a_person(home))
    by_others = [value for value in values if value["category"] and load_catalogue().contracts[str(value["category"])].department
                 != "civil_affairs"]  # fmt: skip
    assert by_others
    assert all(value["natural_key"] is None for value in by_others)


def test_resident_reads_and_asks_about_themselves_only(client: TestClient, home: Path, tokens: dict[str, str]) -> None:
    person = a_person(home)
    report = client.get(f"/v1/subjects/{person}/report", headers=signed(tokens, "resident"))
    assert report.status_code == 200, report.text
    assert report.json()["values"]
    wish = {"kind": "correct", "attribute": "birth_date", "says": "1950-01-01", "why": "身份证"}
    made = client.post(f"/v1/subjects/{person}/requests", json=wish, headers=signed(tokens, "resident"))
    assert made.status_code == 201, made.text
    assert client.get("/v1/subjects/P0/report", headers=signed(tokens, "resident")).status_code == 403
    assert client.get(f"/v1/subjects/{person}/report", headers=signed(tokens, "worker")).status_code == 403


def test_next_snapshot_is_read_without_a_restart(client: TestClient, home: Path, tokens: dict[str, str]) -> None:
    store = client.app.state.store  # type: ignore[attr-defined]
    with store.reading() as before:
        number = list_snapshots(home)[-1].number
        folder = home / "snapshots"
        shutil.copytree(folder / str(number), folder / str(number + 1))
        manifest = folder / str(number + 1) / "manifest.json"
        manifest.write_text(manifest.read_text().replace(f'"number": {number}', f'"number": {number + 1}'))
        activate(home, number + 1)
        asked = {"purpose": "elderly_care", "query": ELDERS, "count": True}
        assert client.post("/v1/query", json=asked, headers=signed(tokens, "worker")).status_code == 200
        assert store._current.number == number + 1
        assert before.execute("SELECT count(*) FROM profile").fetchone() is not None
    activate(home, number)


def test_real_server_answers_over_a_socket(home: Path, tokens: dict[str, str]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(create_app(home), host="127.0.0.1", port=port, log_level="critical"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.02)
        answer = httpx.post(f"http://127.0.0.1:{port}/v1/query", headers=signed(tokens, "worker"),
                            json={"purpose": "elderly_care", "query": ELDERS, "count": True})
        assert answer.json()["persons"] > 0
    finally:
        server.should_exit = True
        thread.join(timeout=10)
