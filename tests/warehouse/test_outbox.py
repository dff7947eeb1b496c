"""The outbox: messages once, files whole, evidence as granted. Kills: test_outbox_kills.py."""

from __future__ import annotations

import csv
import json
import stat
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from openpyxl import load_workbook
from sqlalchemy import update

from sources import catalogue
from tests.warehouse.check_world import DEAD, HR, KEY, PI, a_world
from warehouse import audit
from warehouse.alerts import lifecycle
from warehouse.alerts.lifecycle import Asked
from warehouse.alerts.recording import record_run
from warehouse.alerts.states import State
from warehouse.cross_checks import evaluate
from warehouse.office.database import office
from warehouse.outbox import queueing
from warehouse.outbox.queueing import enqueue
from warehouse.outbox.rendering import DANGEROUS, EVENTS, safe, write_files
from warehouse.outbox.sending import counts, send
from warehouse.outbox.tables import OutboxMessage

JUNE, JULY = date(2025, 6, 1), date(2025, 7, 1)
NOW = datetime(2025, 6, 2, 8, 0, tzinfo=UTC)
PAID = {"natural_key": "pi1", "payment_status": "1", "last_paid_month": "2025-04", "person_no": "n1"}
CHECKS = Path(catalogue.__file__).parent / "checks"


def city(*, paid: bool = True) -> duckdb.DuckDBPyConnection:
    """A pension paid to a dead person, or not any more."""
    con = a_world({}, [(HR, "P1", DEAD), (PI, "P1", PAID if paid else PAID | {"payment_status": "3"})])
    evaluate(con, JUNE, KEY)
    return con


def told(home: Path) -> list[dict[str, Any]]:
    """All lines in all folders that have appeared."""
    return [{"department": path.parts[-3], **json.loads(line)} for path in sorted((home / "outbox").glob("*/[!.]*/alerts.jsonl"))
            for line in path.read_text(encoding="utf-8").splitlines()]


def test_the_same_alerts_give_no_second_message(office_home: Path) -> None:
    con = city()
    expected = con.execute("SELECT count(*) FROM alert_addressee").fetchone()
    assert (enqueue(con, office_home, JUNE, "a"),) == expected
    assert expected is not None
    assert expected[0] > 0
    assert enqueue(con, office_home, JUNE, "a") == enqueue(con, office_home, JULY, "b") == 0


def test_alert_that_goes_and_returns_is_told_each_time(office_home: Path) -> None:
    con = city()
    con.execute("CREATE TABLE kept AS FROM alert_addressee")
    for run, step in enumerate(["SELECT 1", "DELETE FROM alert_addressee", "INSERT INTO alert_addressee FROM kept"]):
        con.execute(step)
        enqueue(con, office_home, JUNE, str(run))
        send(con, office_home, user="lin", now=NOW)
    events = [line["event"] for line in told(office_home) if line["check"] == "deceased_pension_paid"
              and line["department"] == "human_resources"]
    assert events == ["新增", "已消除", "再次出现"]


@pytest.mark.parametrize("state", ["rejected", "closed"])
def test_quiet_alert_is_not_told(office_home: Path, state: str) -> None:
    con = city()
    con.execute(f"UPDATE alert_addressee SET state = '{state}'")
    assert enqueue(con, office_home, JUNE, "a") == 0


def test_change_of_severity_is_told(office_home: Path) -> None:
    con = city()
    number = enqueue(con, office_home, JUNE, "a")
    con.execute("UPDATE alert SET severity = CASE severity WHEN 'low' THEN 'high' ELSE 'low' END")
    assert enqueue(con, office_home, JUNE, "b") == number


def test_earlier_day_tells_nothing(office_home: Path) -> None:
    enqueue(city(), office_home, JULY, "a")
    assert enqueue(city(paid=False), office_home, JUNE, "b") == 0


def test_sent_once_with_entry_in_the_log_and_closed_permissions(office_home: Path) -> None:
    con = city()
    number = enqueue(con, office_home, JUNE, "a")
    sent = send(con, office_home, user="lin", now=NOW)
    assert sum(one.messages for one in sent) == number == len(told(office_home))
    assert send(con, office_home, user="lin", now=NOW) == []
    assert all(waiting == 0 for _, waiting, _ in counts(office_home))
    entries = [entry for entry in audit.entries(office_home) if entry.command == "alerts send"]
    assert len(entries) == len(sent)
    assert {person for entry in entries for person in audit.all_named(office_home, entry.persons)} == {"P1"}
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (office_home / "outbox").rglob("*") if path.is_file()}
    assert modes == {0o600}


def test_department_that_is_told_much_gets_several_folders(office_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queueing, "MOST_IN_A_BATCH", 2)
    con = a_world({}, [record for person in ("P1", "P2", "P3", "P4", "P5") for record in (
        (HR, person, DEAD), (PI, person, PAID | {"natural_key": person}))])
    evaluate(con, JUNE, KEY)
    number = enqueue(con, office_home, JUNE, "a")
    sent = send(con, office_home, user="lin", now=NOW)
    assert [one.messages for one in sent if one.department == "human_resources"] == [2, 2, 1]
    assert len({line["message_id"] for line in told(office_home)}) == len(told(office_home)) == number


def test_each_recipient_sees_the_granted_columns_only(office_home: Path) -> None:
    granted = {(check["name"], recipient["department"]): set(recipient.get("sees", []))
               for check in (yaml.safe_load(path.read_text(encoding="utf-8")) for path in CHECKS.glob("*.yaml"))
               for recipient in check["recipients"]}
    con = city()
    record_run(con, office_home, JUNE, "a", now=NOW)
    enqueue(con, office_home, JUNE, "a")
    send(con, office_home, user="lin", now=NOW)
    lines = told(office_home)
    assert any(line["evidence"] and line["version"] == 1 for line in lines)
    for line in lines:
        assert set(line["evidence"]) <= granted[line["check"], line["department"]]


def test_alert_that_opens_again_after_an_answer_is_told_again(office_home: Path) -> None:
    con = city()
    record_run(con, office_home, JUNE, "a", now=NOW)
    enqueue(con, office_home, JUNE, "a")
    (one,) = lifecycle.standings(office_home, "human_resources").values()
    asked = Asked(one.alert_id, "human_resources", 1, "lin")
    lifecycle.answer(office_home, asked, State.REJECTED, "同名两人", now=NOW)
    send(con, office_home, user="lin", now=NOW)
    assert [line["evidence"] for line in told(office_home)] == [{}]  # rejected between queue and sending
    con.execute("UPDATE current_pension_insurance SET last_paid_month = '2025-05'")
    evaluate(con, JULY, KEY)
    record_run(con, office_home, JULY, "b", now=NOW)
    assert enqueue(con, office_home, JULY, "b") == 1
    assert enqueue(con, office_home, JULY, "c") == 0
    send(con, office_home, user="lin", now=NOW)
    assert [(line["event"], bool(line["evidence"])) for line in told(office_home)] == [("新增", False), (EVENTS["again"], True)]


@pytest.mark.parametrize("start", DANGEROUS, ids=[f"U+{ord(start):04X}" for start in DANGEROUS])
def test_no_cell_is_a_formula(tmp_path: Path, start: str) -> None:
    words = start + "1+1"
    line = {"message_id": "m", "alert_id": "a", "event": "新增", "check": "c", "title": "t", "severity": "高", "opened_on": "2025-06-01",
            "own_records": [words], "told": words, "evidence": {"household_registration.name": words}}
    write_files(tmp_path, [line])
    sheet = load_workbook(tmp_path / "alerts.xlsx")["预警"]
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} == {"s"}
    with (tmp_path / "alerts.csv").open(encoding="utf-8-sig", newline="") as file:
        read = [cell for row in csv.reader(file) for cell in row]
    assert read.count(safe(words)) == 3
    assert not any(str(cell).startswith(DANGEROUS) for cell in read + [cell.value for cell in cells])


def test_kill_between_folder_and_mark_marks_what_stands(office_home: Path) -> None:
    con = city()
    number = enqueue(con, office_home, JUNE, "a")
    first = send(con, office_home, user="lin", now=NOW)
    with office(office_home) as session:
        session.execute(update(OutboxMessage).values(sent_at=None))
    again = send(con, office_home, user="lin", now=NOW)
    assert [one.folder for one in again] == [one.folder for one in first]
    assert all(one.again for one in again)
    assert sum(waiting for _, waiting, _ in counts(office_home)) == 0
    assert sum(sent for _, _, sent in counts(office_home)) == number
