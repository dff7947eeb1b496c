"""Every form of delivery is read as text, with positions, and torn lines are kept."""

from __future__ import annotations

import datetime
import io
import json
import os
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pyarrow as pa
import pytest
import xlsxwriter
from pyarrow import parquet

from sources.errors import DeliveryRefused, SourceUnavailable
from sources.extensions import connect_memory
from sources.landing import land
from sources.ledger import create_tables
from sources.readers import exchange
from tests.sources.delivered import as_csv, contract_of, csv_lines, deliver, fixed_line

DAY = "2025-01-01"


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    connection = connect_memory()
    create_tables(connection)
    return connection


def _landed(con: duckdb.DuckDBPyConnection, category: str, columns: str) -> list[tuple[Any, ...]]:
    return con.execute(f"SELECT position, torn, {columns} FROM landed_{category} ORDER BY position").fetchall()


@pytest.mark.parametrize("category", ["resettlement_support", "health_records"])
def test_csv_torn_lines_keep_their_place_and_their_text(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, category: str
) -> None:
    key = contract_of(category).natural_key[0]
    lines = csv_lines(category, [{key: f"n{number}", "name": "李四"} for number in range(1, 7)])
    lines[2] = lines[2][:8]
    lines[4] = lines[4].replace("李四", '"李四')
    delivery = deliver(tmp_path, category, DAY, as_csv(category, lines), 6)
    land(con, contract_of(category), delivery)
    assert _landed(con, category, f"{key}, raw_line") == [
        (1, False, "n1", None),
        (2, True, None, lines[2]),
        (3, False, "n3", None),
        (4, True, None, lines[4]),
        (5, False, "n5", None),
        (6, False, "n6", None),
    ]


@pytest.mark.parametrize(
    ("cell", "read"),
    [
        pytest.param('"286,400.00"', "286,400.00", id="a comma inside quotes"),
        pytest.param('"甲""乙"""', '甲"乙"', id="doubled quotes"),
        pytest.param('="421"', '="421"', id="a guard that is no quoting"),
        pytest.param("甲\0乙", "甲\0乙", id="a NUL byte"),
        pytest.param(" 甲 ", " 甲 ", id="spaces stay"),
        pytest.param("", None, id="an empty cell is missing"),
        pytest.param("字" * 3_500_000, "字" * 3_500_000, id="a cell of 10 MB"),
    ],
)
def test_csv_cells_are_read_as_sent(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, cell: str, read: str | None
) -> None:
    category = "fund_loans"
    lines = csv_lines(
        category, [{"contract_no": "K1", "borrower_name": cell}, {"contract_no": "K2", "borrower_name": "乙"}]
    )
    land(con, contract_of(category), deliver(tmp_path, category, DAY, as_csv(category, lines), 2))
    found = con.execute("SELECT borrower_name, torn FROM landed_fund_loans ORDER BY position").fetchall()
    assert found == [(read, False), ("乙", False)]


def test_csv_repeated_headers_and_headers_with_spaces_are_no_records(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    category = "health_records"
    lines = csv_lines(category, [{"archive_no": "a1"}, {"archive_no": "a2"}], {"name": " 姓名 "})
    lines.insert(2, lines[0])
    land(con, contract_of(category), deliver(tmp_path, category, DAY, as_csv(category, lines), 2))
    assert _landed(con, category, "archive_no") == [(1, False, "a1"), (2, False, "a2")]


def test_a_line_cut_inside_a_gb18030_character_costs_only_itself(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    category = "resettlement_support"
    rows = [{"support_no": f"n{number}", "name": "李四"} for number in range(20)]
    lines = [line.encode("gb18030") for line in csv_lines(category, rows)]
    lines[5] = "n4,李".encode("gb18030")[:-1]
    land(con, contract_of(category), deliver(tmp_path, category, DAY, b"\r\n".join(lines) + b"\r\n", 20))
    assert con.execute(f"SELECT position FROM landed_{category} WHERE torn").fetchall() == [(5,)]
    assert con.execute(f"SELECT count(*) FROM landed_{category} WHERE name = '李四'").fetchone() == (19,)


def test_fixed_width_counts_bytes_and_a_cut_character_shifts_nothing(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    cut = b"A" + "荆州市某某某".encode("gbk") * 6
    whole = fixed_line({"account_no": b"1", "employer_name": cut[:60], "name": "常仙伟".encode("gbk")})
    data = b"\r\n".join([whole, whole[:-1], whole]) + b"\r\n\x1a"
    land(con, contract_of("fund_accounts"), deliver(tmp_path, "fund_accounts", DAY, data, 3))
    found = _landed(con, "fund_accounts", "account_no, name, employer_name, phone")
    assert [row[:2] for row in found] == [(1, False), (2, True), (3, False)]
    assert found[0][2:4] == ("1", "常仙伟")
    assert found[0][4].endswith("\ufffd")
    assert found[0][5] is None


def _care(**values: Any) -> str:
    return json.dumps(
        {contract_of("care_followups").column(name).header: value for name, value in values.items()}, ensure_ascii=False
    )


def test_json_lines_numbers_missing_values_and_a_line_cut_in_half(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    lines = [
        _care(enrol_no="e1", name="甲", phone=1, address=None, org_name=""),
        _care(enrol_no="e2", name="乙")[:-9],
        "[1, 2]",
        _care(enrol_no="e4", phone=0.5, name="\0"),
    ]
    data = "\n".join(lines).encode() + b"\n"
    category = "care_followups"
    land(con, contract_of(category), deliver(tmp_path, category, DAY, data, 4))
    assert _landed(con, category, "enrol_no, phone, address, org_name, raw_line")[:3] == [
        (1, False, "e1", "1", None, None, None),
        (2, True, None, None, None, None, lines[1]),
        (3, True, None, None, None, None, "[1, 2]"),
    ]
    assert con.execute(f"SELECT phone FROM landed_{category} WHERE position = 4").fetchone() == ("0.5",)


def _parquet(columns: dict[str, pa.Array]) -> bytes:
    rows = len(next(iter(columns.values())))
    contract = contract_of("pension_insurance")
    table = pa.table(
        {column.header: columns.get(column.name, pa.nulls(rows, pa.string())) for column in contract.columns}
    )
    sink = io.BytesIO()
    parquet.write_table(table, sink)
    return sink.getvalue()


def test_parquet_values_of_any_physical_type_become_plain_text(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    data = _parquet(
        {
            "person_no": pa.array([17, 18]),
            "birth_date": pa.array([datetime.date(2025, 1, 1), None]),
            "updated_at": pa.array([datetime.datetime(2025, 6, 8, 2), None], pa.timestamp("us")),
            "name": pa.array(["", "甲"]),
            "phone": pa.array([168.5, 200.0]),
        }
    )
    land(con, contract_of("pension_insurance"), deliver(tmp_path, "pension_insurance", DAY, data, 2))
    found = con.execute(
        "SELECT person_no, birth_date, updated_at, name, phone FROM landed_pension_insurance ORDER BY position"
    ).fetchall()
    assert found == [("17", "2025-01-01", "2025-06-08 02:00:00", None, "168.5"), ("18", None, None, "甲", "200")]


def test_a_truncated_parquet_file_is_refused(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    data = _parquet({"person_no": pa.array(["1"])})[:-20]
    with pytest.raises(DeliveryRefused, match="Parquet"):
        land(con, contract_of("pension_insurance"), deliver(tmp_path, "pension_insurance", DAY, data, 1))


def _workbook(tmp_path: Path, fill: Any) -> bytes:
    file = tmp_path / "book.xlsx"
    book = xlsxwriter.Workbook(str(file))
    fill(book)
    book.close()
    return file.read_bytes()


def _aid_sheet(book: Any, name: str, rows: list[dict[str, Any]]) -> Any:
    sheet = book.add_worksheet(name)
    sheet.write(0, 0, "登记表")
    sheet.write(1, 0, "填报单位")
    columns = contract_of("legal_aid").columns
    for place, column in enumerate(columns):
        sheet.write(2, place, column.header)
        for number, row in enumerate(rows):
            value = row.get(column.name)
            if isinstance(value, datetime.date):
                sheet.write_datetime(3 + number, place, value, book.add_format({"num_format": "yyyy/m/d"}))
            elif isinstance(value, int):
                sheet.write_number(3 + number, place, value)
            elif value is not None and value.startswith("=") and name == "甲中心":
                sheet.write_formula(3 + number, place, value, None, "算出")
            elif value is not None:
                sheet.write_string(3 + number, place, value)
    return sheet


def test_workbooks_sheets_in_order_dates_numbers_formulas_hidden_sheets_and_blank_rows(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    def fill(book: Any) -> None:
        _aid_sheet(
            book, "甲中心", [{"case_no": "c1", "birth_date": datetime.datetime(1984, 7, 16), "applicant_name": '="a"'}]
        )
        _aid_sheet(book, "旧表", [{"case_no": "old"}]).hide()
        _aid_sheet(
            book,
            "乙中心",
            [{"case_no": "c2", "applicant_id": 421083199205080000}, {}, {"case_no": "c3", "phone": 7}, {}],
        )
        book.add_worksheet("说明").write(0, 0, "填表说明")

    land(con, contract_of("legal_aid"), deliver(tmp_path, "legal_aid", DAY, _workbook(tmp_path, fill), 3))
    assert _landed(con, "legal_aid", "case_no, applicant_name, applicant_id, birth_date, phone") == [
        (1, False, "c1", "算出", None, "1984-07-16 00:00:00", None),
        (2, False, "c2", None, "4.2108319920508E+17", None, None),
        (3, False, "c3", None, None, None, "7"),
    ]


def test_the_sum_row_of_a_workbook_is_no_record(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    def fill(book: Any) -> None:
        sheet = book.add_worksheet("救助对象")
        sheet.write(0, 0, "花名册")
        sheet.write_row(1, 0, [column.header for column in contract_of("social_assistance").columns])
        sheet.write_row(2, 0, ["DB1", "1"])
        sheet.write_row(3, 0, ["合计", None, 500])

    land(
        con, contract_of("social_assistance"), deliver(tmp_path, "social_assistance", DAY, _workbook(tmp_path, fill), 1)
    )
    assert _landed(con, "social_assistance", "case_no, member_no") == [(1, False, "DB1", "1")]


@pytest.fixture
def houses(exchange_dsn: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The exchange table of house_registry with two rows of one batch."""
    contract = contract_of("house_registry")
    columns = ", ".join(
        f"{column.db_column} {'numeric' if column.type == 'decimal' else 'varchar'}" for column in contract.columns
    )
    with psycopg.connect(exchange_dsn) as server:
        server.execute("DROP SCHEMA IF EXISTS exchange CASCADE")
        server.execute("CREATE SCHEMA exchange")
        server.execute(f"CREATE TABLE exchange.t_fw_syfw ({columns})")
        for key, batch in (("h1", "20250101"), ("h2", "20250101"), ("h3", "20250201")):
            server.execute("INSERT INTO exchange.t_fw_syfw (fwbm, jzmj, jhpc) VALUES (%s, 88.5, %s)", (key, batch))
    monkeypatch.setenv("DEPT_PG_DSN_PUBLIC_SECURITY", exchange_dsn)
    return exchange_dsn


POSTGRES = {"table": "exchange.t_fw_syfw", "batch": "20250101"}


def test_an_exchange_table_is_read_by_batch_and_only_once(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, houses: str
) -> None:
    delivery = deliver(tmp_path, "house_registry", DAY, None, 2, **POSTGRES)
    assert land(con, contract_of("house_registry"), delivery).is_new
    assert _landed(con, "house_registry", "dwelling_code, floor_area") == [
        (1, False, "h1", "88.5"),
        (2, False, "h2", "88.5"),
    ]
    again = deliver(tmp_path, "house_registry", DAY, None, 2, **POSTGRES, remark="sent again")
    assert not land(con, contract_of("house_registry"), again).is_new
    with psycopg.connect(houses) as server:
        server.execute("UPDATE exchange.t_fw_syfw SET jzmj = 1 WHERE fwbm = 'h1'")
    changed = deliver(tmp_path, "house_registry", DAY, None, 2, **POSTGRES, remark="changed")
    with pytest.raises(DeliveryRefused, match="another batch"):
        land(con, contract_of("house_registry"), changed)


def test_a_server_that_goes_away_in_the_middle_changes_nothing_and_can_be_tried_again(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, houses: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery = deliver(tmp_path, "house_registry", DAY, None, 2, **POSTGRES)
    query = exchange._query

    def broken_query(*arguments: Any) -> str:
        return query(*arguments).replace(
            '"fwbm"::text', "(CASE WHEN fwbm = 'h2' THEN pg_terminate_backend(pg_backend_pid())::text ELSE fwbm END)"
        )

    monkeypatch.setattr(exchange, "_query", broken_query)
    with pytest.raises(SourceUnavailable) as unavailable:
        land(con, contract_of("house_registry"), delivery)
    assert houses not in str(unavailable.value)
    assert con.execute(
        "SELECT (SELECT count(*) FROM ledger) + (SELECT count(*) FROM landed_house_registry)"
    ).fetchone() == (0,)
    monkeypatch.setattr(exchange, "_query", query)
    assert land(con, contract_of("house_registry"), delivery).is_new


def test_a_missing_connection_string_names_the_variable(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    os.environ.pop("DEPT_PG_DSN_PUBLIC_SECURITY", None)
    with pytest.raises(SourceUnavailable, match="DEPT_PG_DSN_PUBLIC_SECURITY"):
        land(con, contract_of("house_registry"), deliver(tmp_path, "house_registry", DAY, None, 2, **POSTGRES))
