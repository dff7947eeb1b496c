"""Answers of departments: the returned file in every format, after a spreadsheet had it; every line accounted for."""

from __future__ import annotations

import csv
import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from tests.warehouse.check_world import DEAD, HR, KEY, PI, a_world
from warehouse.alerts import lifecycle
from warehouse.alerts.recording import record_run
from warehouse.alerts.states import State
from warehouse.cross_checks import evaluate
from warehouse.outbox.answers import TITLES, bring
from warehouse.outbox.queueing import enqueue
from warehouse.outbox.returned import AnswersRefused, Fate
from warehouse.outbox.sending import send

JUNE = date(2025, 6, 1)
NOW = datetime(2025, 6, 2, 8, 0, tzinfo=UTC)
DEPARTMENT = "human_resources"
ALERT, VERSION, ANSWERED, REASON = *TITLES.needed, TITLES.reason
PAID = {"payment_status": "1", "last_paid_month": "2025-04", "person_no": "n1"}


@pytest.fixture
def sent(office_home: Path) -> Path:
    """Three alerts in a folder of the department; the folder."""
    con = a_world({}, [one for person in ("P1", "P2", "P3") for one in ((HR, person, DEAD), (PI, person, PAID))])
    evaluate(con, JUNE, KEY)
    record_run(con, office_home, JUNE, "a", now=NOW)
    enqueue(con, office_home, JUNE, "a")
    send(con, office_home, user="lin", now=NOW)
    return next((office_home / "outbox" / DEPARTMENT).glob("[!.]*"))


def states(home: Path) -> list[State]:
    return sorted(one.state for one in lifecycle.standings(home, DEPARTMENT).values())


def fates(home: Path, file: Path) -> list[Fate]:
    return [line.fate for line in bring(home, file, DEPARTMENT, "lin", now=NOW)]


def test_workbook_that_was_filled_in_and_moved_about(office_home: Path, sent: Path, tmp_path: Path) -> None:
    """Columns moved, a title above, a blank line, a further column, a full-width digit, blanks around an id."""
    sheet = load_workbook(sent / "alerts.xlsx")["预警"]
    header, *rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    book = Workbook()
    out = book.active
    assert out is not None
    out.append(["人社局 2025年6月 答复"])
    out.append([ANSWERED, "备注", REASON, ALERT, VERSION])
    for row, (answer, why) in zip(rows, [("已知悉", None), ("不属实", "同名两人"), (None, None)], strict=True):
        out.append([answer, "x", why, f" {row[header.index(ALERT)]} ", "１"])
        out.append([])
    file = tmp_path / "back.xlsx"
    book.save(file)
    assert fates(office_home, file) == [Fate.APPLIED, Fate.APPLIED, Fate.UNCHANGED]
    assert states(office_home) == [State.ACKNOWLEDGED, State.OPEN, State.REJECTED]
    assert fates(office_home, file) == [Fate.UNCHANGED] * 3


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_csv_as_a_spreadsheet_saves_it(office_home: Path, sent: Path, tmp_path: Path, encoding: str) -> None:
    with (sent / "alerts.csv").open(encoding="utf-8-sig", newline="") as file:
        header, *rows = list(csv.reader(file))
    for row in rows:
        row[header.index(ANSWERED)] = "corrected"
    back = tmp_path / "back.csv"
    with back.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows([header, *rows])
    assert fates(office_home, back) == [Fate.APPLIED] * 3
    assert states(office_home) == [State.CORRECTED] * 3


def test_json_lines(office_home: Path, sent: Path, tmp_path: Path) -> None:
    lines = [json.loads(line) for line in (sent / "alerts.jsonl").read_text(encoding="utf-8").splitlines()]
    back = tmp_path / "back.jsonl"
    back.write_text("\n\n".join(json.dumps(line | {"answer": "已知悉"}) for line in lines), encoding="utf-8")
    assert fates(office_home, back) == [Fate.APPLIED] * 3


@pytest.mark.usefixtures("sent")
def test_every_line_that_cannot_be_taken_says_why(office_home: Path, tmp_path: Path) -> None:
    first, second, third = sorted(lifecycle.standings(office_home, DEPARTMENT))
    lifecycle.answer(office_home, lifecycle.Asked(third, DEPARTMENT, 1, "wu"), State.ACKNOWLEDGED, None, now=NOW)
    back = tmp_path / "back.csv"
    rows = [[ALERT, VERSION, ANSWERED, REASON], [first, "1", "也许", ""], [first, "", "已知悉", ""], [second, "1", "不属实", ""],
            ["A-of-others", "1", "已知悉", ""], [third, "1", "已更正", ""]]
    with back.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    lines = bring(office_home, back, DEPARTMENT, "lin", now=NOW)
    assert [(line.number, line.fate) for line in lines] == [(number, Fate.REFUSED) for number in range(2, 7)]
    for line, words in zip(lines, ["none of", "version is missing", "without a reason", "no such alert", "was changed by wu"], strict=True):
        assert words in line.why
    assert states(office_home) == [State.ACKNOWLEDGED, State.OPEN, State.OPEN]


def test_another_department_cannot_answer(office_home: Path, sent: Path) -> None:
    lines = bring(office_home, sent / "alerts.csv", "health", "he", now=NOW)
    assert [line.fate for line in lines] == [Fate.REFUSED] * 3


@pytest.mark.parametrize(("name", "data", "says"), [
    ("back.csv", b"a,b\n1,2\n", "no line with the titles"), ("back.xlsx", b"no workbook", "cannot be read"), ("back.pdf", b"", ".xlsx"),
    ("back.jsonl", b"{half", "cannot be read"), ("nowhere.csv", None, "no such file"),
], ids=["other-columns", "broken", "other-format", "half-a-line", "missing"])
def test_file_that_cannot_be_read_is_refused_whole(tmp_path: Path, name: str, data: bytes | None, says: str) -> None:
    if data is not None:
        (tmp_path / name).write_bytes(data)
    with pytest.raises(AnswersRefused, match=says):
        bring(tmp_path, tmp_path / name, DEPARTMENT, "lin", now=NOW)
