"""Files to rows: formats, encodings, ids."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import openpyxl
import pytest

from resolvers.tables.reading import TableRefused, read_tables
from sources.extensions import connect_memory

ROWS = [("1", "王小明", "1980-01-01"), ("2", "Zoë O'Neil, “jr”", ""), ("3", " 欧阳修 ", "1007-08-01")]


def as_csv(path: Path, encoding: str = "utf-8", end: str = "\n") -> Path:
    lines = ["id,name,birth", *(f'{a},"{b}",{c}' for a, b, c in ROWS)]
    path.write_bytes((end.join(lines) + end).encode(encoding, errors="replace"))
    return path


def as_parquet(path: Path) -> Path:
    with connect_memory() as con:
        con.execute("CREATE TABLE t (id BIGINT, name VARCHAR, birth DATE)")
        con.executemany("INSERT INTO t VALUES (?, ?, ?)", [(int(a), b, c or None) for a, b, c in ROWS])
        con.execute(f"COPY t TO '{path}' (FORMAT parquet)")
    return path


def as_excel(path: Path) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["id", "name", "birth"])
    for a, b, c in ROWS:
        sheet.append([a, b, c or None])
    book.save(path)
    return path


def read(*paths: Path, id_column: str = "id") -> list[tuple[str, str, str | None, str | None]]:
    with connect_memory() as con:
        read_tables(con, paths, id_column)
        return con.execute("SELECT table_name, record_id, raw_name, raw_birth FROM table_record ORDER BY table_name, record_id").fetchall()


@pytest.mark.parametrize(
    ("write", "name"),
    [
        pytest.param(as_csv, "list.csv", id="CSV"),
        pytest.param(lambda path: as_csv(path, "utf-8-sig", "\r\n"), "list.csv", id="CSV with a mark and Windows ends"),
        pytest.param(as_parquet, "list.parquet", id="Parquet"),
        pytest.param(as_excel, "list.xlsx", id="Excel"),
    ],
)
def test_every_format_gives_the_same_rows(write: Callable[[Path], Path], name: str, tmp_path: Path) -> None:
    assert read(write(tmp_path / name)) == [
        ("list", "1", "王小明", "1980-01-01"),
        ("list", "2", "Zoë O'Neil, “jr”", None),
        ("list", "3", "欧阳修", "1007-08-01"),
    ]


def test_a_chinese_spreadsheet_encoding_is_recognised(tmp_path: Path) -> None:
    rows = read(as_csv(tmp_path / "list.csv", "gb18030"))
    assert [row[2] for row in rows] == ["王小明", "Zoë O'Neil, “jr”", "欧阳修"]


def test_tables_of_one_name_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    names = {row[0] for row in read(as_csv(tmp_path / "a" / "list.csv"), as_csv(tmp_path / "b" / "list.csv"))}
    assert len(names) == 2


def test_numbers_of_parquet_keep_no_fraction(tmp_path: Path) -> None:
    with connect_memory() as con:
        con.execute(f"""COPY (SELECT 7::DOUBLE AS id, 2119.0::DOUBLE AS name, TIMESTAMP '2020-01-02' AS birth)
                        TO '{tmp_path / "list.parquet"}' (FORMAT parquet)""")
    assert read(tmp_path / "list.parquet") == [("list", "7", "2119", str(date(2020, 1, 2)))]


@pytest.mark.parametrize(
    ("text", "id_column", "words"),
    [
        pytest.param("id,name\n1,a\n,b\n", "id", "1 of 2 rows have no id", id="a missing id"),
        pytest.param("id,name\n1,a\n1,b\n", "id", "1 repeat one", id="an id twice"),
        pytest.param("id,name\n1,a\n", "number", "there is no column number", id="no such column"),
    ],
)
def test_ids_that_are_none_are_refused_with_counts(text: str, id_column: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(text, "utf-8")
    with pytest.raises(TableRefused) as refused:
        read(tmp_path / "list.csv", id_column=id_column)
    assert words in str(refused.value)


@pytest.mark.parametrize("name", ["list.doc", "list", "gone.csv"])
def test_other_files_are_refused(name: str, tmp_path: Path) -> None:
    if name != "gone.csv":
        (tmp_path / name).write_text("id\n1\n", "utf-8")
    with pytest.raises(TableRefused):
        read(tmp_path / name)


def test_a_file_given_twice_is_refused(tmp_path: Path) -> None:
    path = as_csv(tmp_path / "list.csv")
    with pytest.raises(TableRefused, match="twice"):
        read(path, path)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        pytest.param("id;name;birth\n1;a;b\n2;;\n", [("1", "a", "b"), ("2", None, None)], id="semicolons"),
        pytest.param("id\tname\tbirth\n1\ta, b\tc\n", [("1", "a, b", "c")], id="tabs"),
        pytest.param('id,name,birth\n1,"a ""b"", c",d\n', [("1", 'a "b", c', "d")], id="quotes and commas inside"),
        pytest.param("id,name,birth\n#1,a,b\n", [("#1", "a", "b")], id="no line is a comment"),
        pytest.param("id, name, birth\n1, a, b\n", [("1", "a", "b")], id="blanks after commas"),
        pytest.param("id,name,birth\n", [], id="a header alone"),
    ],
)
def test_delimited_text_loses_no_row(text: str, rows: list[tuple[str, str | None, str | None]], tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(text, "utf-8")
    assert [row[1:] for row in read(tmp_path / "list.csv")] == rows


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("list.csv", b"id,name,birth\n1,canary,c\n2,canary\n3,x,y,z,w\n", id="rows of other lengths"),
        pytest.param("list.csv", b'id,name,birth\n1,"canary,b\n2,b,c\n', id="an open quote"),
        pytest.param("list.csv", "id,name\n1,canary Zoë\n".encode("latin-1"), id="an unknown encoding"),
        pytest.param("list.csv", b"", id="no bytes"),
        pytest.param("list.parquet", b"canary", id="no Parquet"),
        pytest.param("list.xlsx", b"canary", id="no workbook"),
    ],
)
def test_broken_files_are_refused_without_their_values(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(TableRefused) as refused:
        read(tmp_path / name)
    assert "canary" not in str(refused.value)
    assert name in str(refused.value)


def test_dates_of_a_workbook_are_days(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["id", "name", "birth"])
    sheet.append([1, "007", date(1980, 1, 2)])
    book.save(tmp_path / "list.xlsx")
    assert read(tmp_path / "list.xlsx") == [("list", "1", "007", "1980-01-02")]
