"""A kill at any moment of sending: exactly one message per alert and recipient in the end, in whole folders, with entries in the log.

The piece of work that is killed is what a run does: the messages of its day are queued, then everything that waits is sent (messages of
the runs before among them). Tried are a moment before and one after each kind of decisive call, and a sample by a stated seed; with
ONEGRID_EVERY_KILL=1 all moments are (some 1,500 on each database, a quarter of an hour), with =7 each seventh.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest
from sqlalchemy import delete, func, select, update

from sources.catalogue import load_catalogue
from tests.warehouse.check_world import DEAD, HR, KEY, PI, Record, a_world
from tests.warehouse.mortal import Event, Mortals
from warehouse import audit
from warehouse.alerts.recording import record_run
from warehouse.cross_checks import evaluate
from warehouse.office.database import office
from warehouse.outbox.queueing import enqueue
from warehouse.outbox.sending import counts, send
from warehouse.outbox.tables import OutboxMessage

JUNE, JULY = date(2025, 6, 1), date(2025, 7, 1)
NOW = datetime(2025, 7, 2, 8, 0, tzinfo=UTC)
STORE = "alerts.duckdb"
FILES = {"alerts.xlsx", "alerts.csv", "alerts.jsonl", "manifest.json"}
DECISIVE = frozenset({"rename", "replace", "executemany", "write", "commit"})
"""Calls after which others see something that they did not see before."""
SEED, FURTHER, PAIRS = 20250701, 2, 2
Line = tuple[str, str, str, str]


CHECKS = {name: load_catalogue().checks[name] for name in ("deceased_pension_paid", "deceased_fund_active", "followup_of_deceased")}
RECORDS: list[Record] = [
    *((HR, person, DEAD) for person in ("P1", "P2", "P3")),
    *((PI, person, {"natural_key": person, "last_paid_month": "2025-04"}) for person in ("P1", "P2", "P3")),
    ("fund_accounts", "P1", {"status": "1", "last_deposit_month": "2025-04"}),
    ("care_followups", "P2", {"status": "1", "next_followup": "2025-02-11"}),
]
"""Dead people in registers of three departments."""
RUNS = (("a", date(2025, 5, 1), {"P1", "P2"}), ("b", JUNE, {"P1"}), ("c", JULY, {"P2", "P3"}))
"""Who is paid a pension on the day of each run: P1's alert is told and goes, P2's is told, goes and comes back, P3's is new."""


@pytest.fixture
def waiting(office_home: Path) -> Path:
    """A home in which the messages of the first runs wait and the last run has found its alerts."""
    con = a_world({}, RECORDS)
    for run, as_of, paid in RUNS:
        con.execute(f"UPDATE current_{PI} SET payment_status = if(list_contains($1, natural_key), '1', '3')", [list(paid)])
        evaluate(con, as_of, KEY, CHECKS)
        record_run(con, office_home, as_of, run, now=NOW)
        if as_of < JULY:
            enqueue(con, office_home, as_of, run)
    con.execute(f"ATTACH '{office_home / STORE}' AS kept")
    for (table,) in con.execute("SELECT table_name FROM duckdb_tables() WHERE database_name = 'memory' AND NOT temporary").fetchall():
        con.execute(f'CREATE TABLE kept."{table}" AS FROM memory."{table}"')
    con.close()
    return office_home


def work(home: Path) -> None:
    """What a run does with its alerts."""
    with duckdb.connect(home / STORE, read_only=True, config={"threads": 1}) as con:
        enqueue(con, home, JULY, "c")
        send(con, home, user="lin", now=NOW)


def _as_before(home: Path) -> None:
    """Nothing of July's work was done."""
    shutil.rmtree(home / "outbox", ignore_errors=True)
    shutil.rmtree(home / "audit.persons", ignore_errors=True)
    for path in [*home.glob("audit.*"), *home.glob(".audit.*")]:
        path.unlink()
    with office(home) as session:
        session.execute(delete(OutboxMessage).where(OutboxMessage.run == "c"))
        session.execute(update(OutboxMessage).values(sent_at=None))


def _folders(home: Path) -> list[Path]:
    """All folders that have appeared; each is whole and the log had its entry before."""
    found = sorted((home / "outbox").glob("*/[!.]*"))
    for folder in found:
        stated = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["sha256"]
        assert {path.name for path in folder.iterdir()} == FILES
        assert stated == {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in FILES - {"manifest.json"}}
    entries = [entry for entry in audit.entries(home) if entry.command == "alerts send"] if found else []
    assert len(entries) >= len(found)
    return found


def _lines(home: Path) -> list[Line]:
    """Department, folder, message and text of every line in every folder."""
    return [(folder.parent.name, folder.name, json.loads(line)["message_id"], line) for folder in _folders(home)
            for line in (folder / "alerts.jsonl").read_text(encoding="utf-8").splitlines()]


def _moments(events: list[Event]) -> list[tuple[int, ...]]:
    """Moments to die at; pairs: the sending after the first kill is killed as well."""
    every = list(range(1, len(events) + 1))
    if step := os.environ.get("ONEGRID_EVERY_KILL"):
        return [(moment,) for moment in every[:: int(step)]]
    kinds: dict[Event, list[int]] = {}
    for moment, event in enumerate(events, start=1):
        kinds.setdefault(event, []).append(moment)
    chance = random.Random(SEED)
    decisive = [(chance.choice(moments),) for kind, moments in kinds.items() if kind.name in DECISIVE]
    further = [(chance.choice(every),) for _ in range(FURTHER)]
    return decisive + further + [(chance.choice(every), chance.choice(every)) for _ in range(PAIRS)]


def test_kill_at_any_moment_tells_each_alert_once(waiting: Path) -> None:
    with Mortals("tests.warehouse.test_outbox_kills:work") as mortals:
        events = mortals.count(waiting)
        expected = _lines(waiting)
        _several_of_everything(waiting, expected)
        for moments in _moments(events):
            _as_before(waiting)
            killed = [mortals.kill(waiting, moment) for moment in moments]
            assert killed[0]
            shown = [events[moment - 1] for moment in moments]
            assert set(_lines(waiting)) <= set(expected), shown
            work(waiting)
            assert _lines(waiting) == expected, shown
            assert not sum(still for _, still, _ in counts(waiting)), shown
            assert not audit.verify(waiting).findings, shown


def _several_of_everything(home: Path, lines: list[Line]) -> None:
    """The world is what this test needs: departments, batches, an alert told to one department in several runs, each message once."""
    assert len({department for department, *_ in lines}) == 3
    assert len({folder for _, folder, *_ in lines}) == 3
    with office(home) as session:
        one = OutboxMessage
        told = session.execute(select(one.alert_id, one.department, func.count()).group_by(one.alert_id, one.department)).all()
        assert max(number for *_, number in told) == 3
        assert sum(number for *_, number in told) == len(lines)
    assert set(Counter(message for _, _, message, _ in lines).values()) == {1}
