"""Webhooks and e-mail: signed, tried again, dead when refused, once in the end, against a real receiver and a real mail server."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import duckdb
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as MessageHandler
from sqlalchemy import text

from tests.warehouse.check_world import DEAD, HR, KEY, PI, a_world
from warehouse import audit
from warehouse.alerts.recording import record_run
from warehouse.cross_checks import evaluate
from warehouse.office.database import office
from warehouse.outbox.pushing import EMAIL, MOST_ATTEMPTS, WEBHOOK, ChannelRefused, push, set_channel
from warehouse.outbox.queueing import enqueue
from warehouse.outbox.sending import send
from warehouse.outbox.signing import KEY as KEY_HEADER
from warehouse.outbox.signing import SIGNATURE, TIMESTAMP, signature, verify

JUNE = date(2025, 6, 1)
NOW = datetime(2025, 6, 2, 8, 0, tzinfo=UTC)
DEPARTMENT, SECRET = "human_resources", "a secret of the receiver"
PAID = {"payment_status": "1", "last_paid_month": "2025-04", "person_no": "canary-number"}


class Receiver(ThreadingHTTPServer):
    """What a department runs: checks the signature, keeps each message once, answers as it is told."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: list[int] = []
        self.keys: list[str] = []
        self.kept: dict[str, dict[str, Any]] = {}
        self.url = f"http://127.0.0.1:{self.server_port}/alerts"


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not verify(SECRET.encode(), self.headers[TIMESTAMP], body, self.headers[SIGNATURE], int(NOW.timestamp())):
            self.send_error(401)
            return
        status = self.server.answers.pop(0) if self.server.answers else 200
        self.server.keys.append(self.headers[KEY_HEADER])
        if status == 200:
            self.server.kept |= {line["message_id"]: line for line in json.loads(body)["messages"]}
        self.send_response(status)
        self.send_header("Location", "http://127.0.0.1:1/elsewhere")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setenv("HR_SECRET", SECRET)
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def con(office_home: Path) -> duckdb.DuckDBPyConnection:
    """Two alerts whose folder was sent."""
    made = a_world({}, [one for person in ("P1", "P2") for one in ((HR, person, DEAD), (PI, person, PAID))])
    evaluate(made, JUNE, KEY)
    record_run(made, office_home, JUNE, "a", now=NOW)
    enqueue(made, office_home, JUNE, "a")
    send(made, office_home, user="lin", now=NOW)
    return made


def outcomes(con: duckdb.DuckDBPyConnection, home: Path, now: datetime = NOW) -> list[str]:
    return [one.outcome for one in push(con, home, user="lin", now=now) if one.department == DEPARTMENT]


def test_batch_is_delivered_once(office_home: Path, con: duckdb.DuckDBPyConnection, receiver: Receiver) -> None:
    set_channel(office_home, DEPARTMENT, WEBHOOK, receiver.url, "HR_SECRET")
    assert outcomes(con, office_home) == ["delivered"]
    assert outcomes(con, office_home, NOW + timedelta(days=1)) == []
    assert len(receiver.kept) == 2
    assert {line["evidence"]["pension_insurance.person_no"] for line in receiver.kept.values()} == {"canary-number"}
    entry = audit.entries(office_home)[-1]
    assert (entry.command, entry.outcome, sorted(entry.persons)) == ("alerts push webhook", "sent", ["P1", "P2"])


def test_receiver_that_fails_is_tried_later_under_the_same_key(office_home: Path, con: duckdb.DuckDBPyConnection,
                                                               receiver: Receiver) -> None:
    set_channel(office_home, DEPARTMENT, WEBHOOK, receiver.url, "HR_SECRET")
    receiver.answers = [500, 429]
    assert outcomes(con, office_home) == ["later"]
    assert outcomes(con, office_home, NOW + timedelta(seconds=30)) == []
    assert outcomes(con, office_home, NOW + timedelta(seconds=76)) == ["later"]
    assert outcomes(con, office_home, NOW + timedelta(seconds=90)) == []
    assert outcomes(con, office_home, NOW + timedelta(seconds=270)) == ["delivered"]
    assert len(set(receiver.keys)) == 1
    assert len(receiver.keys) == 3


@pytest.mark.parametrize("status", [400, 404, 302], ids=str)
def test_refusals_and_redirects_are_dead_and_say_why(office_home: Path, con: duckdb.DuckDBPyConnection, receiver: Receiver,
                                                     status: int) -> None:
    set_channel(office_home, DEPARTMENT, WEBHOOK, receiver.url, "HR_SECRET")
    receiver.answers = [status]
    (done,) = push(con, office_home, user="lin", now=NOW)
    assert (done.outcome, done.why) == ("dead", f"the receiver answered {status}")
    assert outcomes(con, office_home, NOW + timedelta(days=30)) == []


def test_nobody_there_is_tried_until_it_is_dead(office_home: Path, con: duckdb.DuckDBPyConnection, receiver: Receiver) -> None:
    set_channel(office_home, DEPARTMENT, WEBHOOK, "http://127.0.0.1:9/alerts", "HR_SECRET")
    found = [outcomes(con, office_home, NOW + timedelta(days=day)) for day in range(MOST_ATTEMPTS + 2)]
    assert found == [["later"]] * (MOST_ATTEMPTS - 1) + [["dead"], [], []]
    assert receiver.kept == {}


def test_wrong_secret_is_refused_by_the_receiver(office_home: Path, con: duckdb.DuckDBPyConnection, receiver: Receiver,
                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    set_channel(office_home, DEPARTMENT, WEBHOOK, receiver.url, "OTHER_SECRET")
    assert outcomes(con, office_home) == ["later"]
    monkeypatch.setenv("OTHER_SECRET", "another")
    assert outcomes(con, office_home, NOW + timedelta(days=1)) == ["dead"]
    assert receiver.kept == {}


KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
import duckdb
from warehouse.outbox import pushing
def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)
if sys.argv[3] == "before":
    pushing.httpx.post = die
else:
    pushing._mark = die
pushing.push(duckdb.connect(sys.argv[2], read_only=True), Path(sys.argv[1]), user="lin", now=datetime(2025, 6, 2, 8, tzinfo=UTC))
"""


@pytest.mark.parametrize("moment", ["before", "after"])
def test_kill_around_the_request_leaves_every_message_once(office_home: Path, con: duckdb.DuckDBPyConnection, receiver: Receiver,
                                                           tmp_path: Path, moment: str) -> None:
    set_channel(office_home, DEPARTMENT, WEBHOOK, receiver.url, "HR_SECRET")
    file = tmp_path / "alerts.duckdb"
    con.execute(f"ATTACH '{file}' AS kept")
    for (table,) in con.execute("SELECT table_name FROM duckdb_tables() WHERE database_name = 'memory' AND NOT temporary").fetchall():
        con.execute(f'CREATE TABLE kept."{table}" AS FROM memory."{table}"')
    con.execute("DETACH kept")
    killed = subprocess.run([sys.executable, "-c", KILLED, str(office_home), str(file), moment], capture_output=True, text=True, timeout=60,
                            check=False, cwd=Path(__file__).parents[2], env=os.environ)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert outcomes(con, office_home) == ["delivered"]
    assert len(receiver.keys) == (1 if moment == "before" else 2)
    assert len(set(receiver.keys)) == 1
    assert len(receiver.kept) == 2


@pytest.fixture
def mailbox(office_home: Path) -> Iterator[list[bytes]]:
    """What a mail server of the department was handed."""
    mails: list[bytes] = []

    class Keeping(MessageHandler):
        def handle_message(self, message: Any) -> None:
            mails.append(message.as_bytes())

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Controller(Keeping(), hostname="127.0.0.1", port=port)
    server.start()
    set_channel(office_home, DEPARTMENT, EMAIL, f"mailto://127.0.0.1:{port}/?from=onegrid@example.org&to=rs@example.org", None)
    yield mails
    server.stop()


def shown_in(mail: bytes) -> str:
    parts = [part.get_payload(decode=True) for part in message_from_bytes(mail).walk() if not part.is_multipart()]
    return b" ".join(part for part in parts if isinstance(part, bytes)).decode()


def test_mail_has_numbers_and_no_person(office_home: Path, con: duckdb.DuckDBPyConnection, mailbox: list[bytes]) -> None:
    assert outcomes(con, office_home) == ["delivered"]
    assert outcomes(con, office_home, NOW + timedelta(days=1)) == []
    (mail,) = mailbox
    assert "已故仍领养老金" in shown_in(mail)
    assert not any(word in shown_in(mail) for word in ("canary", "P1", "2025-01-10"))


def test_mail_that_comes_again_is_recognised(office_home: Path, con: duckdb.DuckDBPyConnection, mailbox: list[bytes]) -> None:
    """A crash between hand-over and mark leaves no mark: the mail goes out again, under the same reference."""
    assert outcomes(con, office_home) == ["delivered"]
    with office(office_home) as session:
        session.execute(text("DELETE FROM outbox_push"))
    assert outcomes(con, office_home, NOW + timedelta(minutes=5)) == ["delivered"]
    first, second = (message_from_bytes(mail) for mail in mailbox)
    for header in (KEY_HEADER, "References", "In-Reply-To"):
        assert first[header]
        assert first[header] == second[header]
    assert len(first.get_all("Message-ID", [])) == 1
    reference = first[KEY_HEADER].strip()[:12]
    assert all(reference in shown_in(mail) for mail in mailbox)


@pytest.mark.parametrize(("kind", "target", "secret", "says"), [
    (WEBHOOK, "http://example.org/", "S", "https"), (WEBHOOK, "https://example.org/", None, "secret"), (EMAIL, "nothing", None, "Apprise"),
    ("pigeon", "x", None, "kind of channel"),
], ids=["no-tls", "no-secret", "no-address", "no-kind"])
def test_channels_that_cannot_be_are_refused(office_home: Path, kind: str, target: str, secret: str | None, says: str) -> None:
    with pytest.raises(ChannelRefused, match=says):
        set_channel(office_home, DEPARTMENT, kind, target, secret)


def test_addresses_are_sealed(office_home: Path) -> None:
    set_channel(office_home, DEPARTMENT, WEBHOOK, "https://user:password@example.org/", "S")
    with office(office_home) as session:
        assert "password" not in str(session.execute(text("SELECT * FROM outbox_channel")).all())


def test_signature_covers_time_and_body() -> None:
    now, body = int(NOW.timestamp()), b"{}"
    stated = signature(b"s", now, body)
    assert verify(b"s", str(now), body, stated, now + 299)
    assert not verify(b"s", str(now), body, stated, now + 301)
    assert not verify(b"s", str(now + 1), body, stated, now)
    assert not verify(b"s", str(now), b"[]", stated, now)
    assert not verify(b"t", str(now), body, stated, now)
    assert not verify(b"s", "soon", body, stated, now)
