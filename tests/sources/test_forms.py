"""The grid worker's form: a contract like the 17, delivered as a workbook or as JSON Lines, messy, and source of nothing."""

from __future__ import annotations

import hashlib
import io
import json
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest

from expectations.acceptance import accept
from expectations.suites import suite_for, validate
from sources import history
from sources.catalogue import load_catalogue
from sources.deliveries import Delivery, discover
from sources.errors import DeliveryRefused
from sources.landing import land
from sources.ledger import create_tables
from sources.values.codes import spellings

FORM = load_catalogue().forms["grid_visits"]
HEADERS = {column.name: column.header for column in FORM.columns}
GRID, HOME = "421002001001001", "4210020010010000001"
WIDE = str.maketrans("0123456789", "０１２３４５６７８９")
Line = dict[str, str | None]
MESSY: list[Line] = [
    {"visit_no": " V-1 ", "visit_date": "2025年6月1日", "grid_code": GRID.translate(WIDE), "name": "陈 秀 英", "lives_here": "√",
     "phone": "+86 199-0000-0001", "relation_to_head": "户主", "left_to": "外地", "job_wanted": "家政养老"},
    {"visit_no": "V-2", "visit_date": "2025/6/2", "name": "=1+1", "lives_here": "也许", "id_number": "421099193803121266".translate(WIDE)},
    {"visit_no": "V-2", "visit_date": "2025-06-03", "name": "李国富", "lives_here": "否"},
    {"visit_no": None, "visit_date": "2025-06-03", "name": "无编号", "lives_here": "是"},
]


def filled(line: Line) -> Line:
    return {"grid_worker": "wg-1", "grid_code": GRID, "dwelling_code": HOME, **line}


def workbook(lines: list[Line]) -> bytes:
    """With blank rows, the header again, columns in another order and a hidden sheet, as workbooks come back."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    names = sorted(HEADERS)
    sheet.append([f" {HEADERS[name]} " for name in names])
    for number, line in enumerate(lines):
        sheet.append([filled(line).get(name) for name in names])
        sheet.append([None] * len(names))
        if number == 1:
            sheet.append([HEADERS[name] for name in names])
    for row in sheet.iter_rows():
        for cell in row:
            if cell.value is not None:
                cell.data_type = "s"
    book.create_sheet("代码").sheet_state = "hidden"
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def json_lines(lines: list[Line]) -> bytes:
    objects = [{HEADERS[name]: value for name, value in filled(line).items()} for line in lines]
    return "\n".join(json.dumps(one, ensure_ascii=False) for one in objects).encode()


WRITERS = {"xlsx": workbook, "jsonl": json_lines}


def deliver(root: Path, lines: list[Line], sent_as: str = "jsonl", day: str = "2025-06-03", **manifest: Any) -> Delivery:
    folder = root / FORM.department / FORM.category / day
    folder.mkdir(parents=True)
    data = WRITERS[sent_as](lines)
    (folder / f"grid_visits.{sent_as}").write_bytes(data)
    stated = {"department": FORM.department, "category": FORM.category, "delivery_date": day, "kind": "full", "rows": len(lines),
              "sha256": hashlib.sha256(data).hexdigest(), "encoding": "UTF-8", "format": sent_as, "schema_version": "1.0"}
    (folder / "manifest.json").write_text(json.dumps(stated | manifest), encoding="utf-8")
    (found,) = [one for one in discover(root).deliveries if one.delivery_date == date.fromisoformat(day)]
    return found


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    create_tables(connection)
    return connection


def taken_in(con: duckdb.DuckDBPyConnection, delivery: Delivery, docs: Path) -> tuple[int, int, int]:
    land(con, FORM, delivery)
    validate(con, FORM, delivery.delivery_date, docs)
    accepted = accept(con, FORM, delivery.delivery_date)
    history.apply_pending(con, FORM)
    history.materialise_current(con, FORM, delivery.delivery_date)
    return accepted.delivered, accepted.accepted, accepted.quarantined


def test_the_form_stands_beside_the_17_and_is_source_of_no_attribute() -> None:
    catalogue = load_catalogue()
    assert len(catalogue.contracts) == 17
    assert list(catalogue.deliverable) == [*catalogue.contracts, "grid_visits"]
    assert FORM.department not in catalogue.departments
    assert all(category in catalogue.contracts for attribute in catalogue.attributes.values() for category, _ in attribute.source_columns)


@pytest.mark.parametrize("sent_as", WRITERS)
def test_a_messy_delivery_is_accounted_for_line_by_line(con: duckdb.DuckDBPyConnection, tmp_path: Path, sent_as: str) -> None:
    assert taken_in(con, deliver(tmp_path / "in", MESSY, sent_as), tmp_path / "docs") == (4, 3, 1)
    rows = con.execute("""SELECT natural_key, visit_date::VARCHAR, grid_code, lives_here, phone, relation_to_head, left_to, job_wanted, name
                          FROM current_grid_visits ORDER BY natural_key""").fetchall()
    assert rows == [("V-1", "2025-06-01", GRID, "1", "19900000001", "02", "2", "3", "陈 秀 英"),
                    ("V-2", "2025-06-03", GRID, "0", None, None, None, None, "李国富")]
    assert con.execute("SELECT reason FROM quarantine").fetchall() == [("natural_key_missing",)]
    flags = con.execute("SELECT column_name, flag FROM cell_flags WHERE flag = 'code_unknown'").fetchall()
    assert flags == [("lives_here", "code_unknown")]


def test_a_later_delivery_adds_replaces_and_takes_back_lines(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    said: Line = {"visit_date": "2025-06-01", "name": "陈秀英", "lives_here": "是"}
    first: list[Line] = [{"visit_no": f"V-{number}", **said} for number in range(3)]
    taken_in(con, deliver(tmp_path / "in", first), tmp_path / "docs")
    later: list[Line] = [{**first[0], "lives_here": "否", "change_type": "变更"}, {**first[1], "change_type": "作废"},
                         {**first[2], "visit_no": "V-9", "change_type": "新增"}]
    taken_in(con, deliver(tmp_path / "in", later, "xlsx", "2025-06-04", kind="delta"), tmp_path / "docs")
    assert con.execute("SELECT natural_key, lives_here FROM current_grid_visits ORDER BY 1").fetchall() == [
        ("V-0", "0"), ("V-2", "1"), ("V-9", "1")]


def test_a_full_delivery_keeps_what_it_leaves_out(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    line: Line = {"visit_no": "V-1", "visit_date": "2025-06-01", "name": "陈秀英", "lives_here": "是"}
    taken_in(con, deliver(tmp_path / "in", [line]), tmp_path / "docs")
    taken_in(con, deliver(tmp_path / "in", [{**line, "visit_no": "V-2"}], day="2025-06-04"), tmp_path / "docs")
    assert con.execute("SELECT count(*) FROM current_grid_visits").fetchone() == (2,)


def test_another_format_than_the_two_is_refused(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    delivery = deliver(tmp_path / "in", MESSY[:1], "jsonl", format="parquet")
    with pytest.raises(DeliveryRefused, match="format is not xlsx"):
        land(con, FORM, delivery)
    assert con.execute("SELECT stage FROM ledger").fetchall() == [("refused",)]


def test_records_of_forms_share_no_record_id_with_the_categories(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    taken_in(con, deliver(tmp_path / "in", MESSY[:1]), tmp_path / "docs")
    (record,) = con.execute("SELECT record_id FROM current_grid_visits").fetchone() or (0,)
    assert record >> history.RECORD_ID_BITS == 18


def test_a_folder_of_the_form_in_another_department_is_named(tmp_path: Path) -> None:
    (tmp_path / "civil_affairs" / "grid_visits").mkdir(parents=True)
    (problem,) = discover(tmp_path).problems
    assert "belongs to grid_service_centre" in problem


@pytest.mark.parametrize("kind", ["full", "delta"])
def test_the_suite_comes_from_the_contract(kind: str) -> None:
    columns = {expectation.column for expectation in suite_for(FORM, kind).expectations if hasattr(expectation, "column")}
    assert {"lives_here", "visit_date", "phone", "id_number"} <= columns


@pytest.mark.parametrize("column", [column for column in FORM.columns if column.codes], ids=lambda column: column.name)
def test_every_word_of_a_drop_down_list_is_read(column: Any) -> None:
    known = spellings(column.codes)
    for value in load_catalogue().lists[column.codes].values:
        word = value.zh if column.code_form == "name" else value.code
        assert known[word].canonical == (value.maps_to or value.code)


def test_nothing_that_no_purpose_may_hold_is_asked() -> None:
    """No politics, religion, movements, and no field for free opinions: every text of the form names something."""
    texts = {column.name for column in FORM.columns if column.type == "string"}
    assert texts == {"visit_no", "grid_worker", "grid_code", "dwelling_code", "person_id", "household_no"}
    assert not any(word in column.header for column in FORM.columns for word in ("政治", "宗教", "信仰", "意见", "备注", "行踪"))
