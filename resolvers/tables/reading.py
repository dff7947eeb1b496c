"""Reading the tables of a user: CSV, Parquet and Excel, every value as text.

Belongs here: files into `table_record`, the id of each row, what is refused. Does not: cleaning values (preparing.py).

`table_record` has one row per input row: unique_id (its place in an order that depends on the ids alone), table_name, record_id, and
every column of any table as text; blanks at the ends are away, an empty cell is NULL. Columns of one name, in whatever letters, are one.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import fastexcel
import pyarrow as pa
import pyarrow.compute as pc

from sources.errors import OneGridError
from sources.extensions import load_extension
from sources.tables import literal, quoted

SYSTEM_COLUMNS = ("unique_id", "table_name", "record_id")
RAW_PREFIX = "raw_"
"""Columns of the tables stand in `table_record` behind this prefix, so that none hides a column of ours."""


class TableRefused(OneGridError):
    """A table that cannot be linked; counts and names of columns, never values."""


@dataclass(frozen=True, slots=True)
class SourceTable:
    """One table as read: its name in the output, its columns besides the id, its rows."""

    name: str
    columns: tuple[str, ...]
    rows: int


def read_tables(con: duckdb.DuckDBPyConnection, paths: Sequence[Path], id_column: str) -> tuple[SourceTable, ...]:
    """Write `table_record` from the files. Raises TableRefused: unknown kind of file, no id column, missing or repeated ids."""
    names = _names(paths)
    staged = []
    for place, (path, name) in enumerate(zip(paths, names, strict=True)):
        _stage(con, path, f"staged_{place}")
        staged.append(_described(con, f"staged_{place}", name, path, id_column))
    return _gather(con, names, staged)


def register_tables(con: duckdb.DuckDBPyConnection, tables: dict[str, str], id_column: str) -> tuple[SourceTable, ...]:
    """Write `table_record` from tables or views of the connection (name in the output -> name in the database)."""
    staged = []
    for place, (name, relation) in enumerate(tables.items()):
        con.execute(f"CREATE OR REPLACE TEMP TABLE staged_{place} AS SELECT * FROM {quoted(relation)}")
        staged.append(_described(con, f"staged_{place}", name, Path(name), id_column))
    return _gather(con, list(tables), staged)


def _names(paths: Sequence[Path]) -> list[str]:
    """Name of each table in the output: the file's name without its end, or with it and its folder where two would be the same."""
    for shorten in (lambda path: path.stem, lambda path: path.name, str):
        names = [shorten(path) for path in paths]
        if len(set(names)) == len(names):
            return names
    raise TableRefused("a table is given twice", ", ".join(sorted(str(path) for path in paths)), "name each file once")


def _stage(con: duckdb.DuckDBPyConnection, path: Path, staged: str) -> None:
    """The cells of a file as a table. Errors name the file and at most a line; what stands there is not repeated."""
    if not path.is_file():
        raise TableRefused("no such file", str(path), "check the path")
    kind = path.suffix.lower()
    if kind not in {".csv", ".tsv", ".txt", ".parquet", ".pq", ".xlsx"}:
        raise TableRefused(f"files ending in {kind or 'nothing'} are not read", str(path), "give .csv, .tsv, .parquet or .xlsx")
    if path.stat().st_size == 0:
        raise TableRefused("the file is empty", str(path), "give a table with a header")
    try:
        if kind == ".xlsx":
            con.register("_sheet", _sheet(path))
            con.execute(f"CREATE OR REPLACE TEMP TABLE {staged} AS SELECT * FROM _sheet")
            con.unregister("_sheet")
        else:
            source = f"read_parquet({literal(str(path))})" if kind in {".parquet", ".pq"} else _delimited(con, path)
            con.execute(f"CREATE OR REPLACE TEMP TABLE {staged} AS SELECT * FROM {source}")
    except (duckdb.Error, fastexcel.FastExcelError) as broken:
        line = re.search(r"Line: (\d+)", str(broken))
        at = f" (line {line[1]})" if line else ""
        hint = "" if kind in {".xlsx", ".parquet", ".pq"} else ": a row with another number of columns than the header, or an open quote"
        raise TableRefused(f"not readable as {kind.removeprefix('.')}{at}{hint}", str(path), "save the table again") from None


def _sheet(path: Path) -> pa.Table:
    """The first sheet as text; what the sheet shows as a day is written as one."""
    sheet = fastexcel.read_excel(str(path)).load_sheet(0, dtypes="string")
    table = pa.Table.from_batches([sheet.to_arrow()])
    days = [pc.replace_substring_regex(column.cast(pa.string()), r"^(\d{4}-\d\d-\d\d) 00:00:00$", r"\1") for column in table.columns]
    return pa.table(days, names=table.column_names)


def _delimited(con: duckdb.DuckDBPyConnection, path: Path) -> str:
    """Reading a delimited file: nothing is guessed but the delimiter, from the header, so that no row is skipped."""
    encoding = _encoding(path)
    with path.open(encoding=encoding) as file:
        header = re.sub(r'"[^"]*"', "", file.readline())
    delimiter = max(",;\t|", key=header.count)
    if encoding == "gb18030":
        load_extension(con, "encodings")
    duckdb_name = {"utf-8-sig": "utf-8", "utf-16": "utf-16", "gb18030": "gb18030"}[encoding]
    return (
        f"read_csv({literal(str(path))}, all_varchar = true, header = true, skip = 0, comment = '', delim = {literal(delimiter)}, "
        f"quote = '\"', escape = '\"', encoding = {literal(duckdb_name)})"
    )


def _encoding(path: Path) -> str:
    """UTF-8, UTF-16 with its mark, or else GB18030, in which spreadsheets save Chinese text. Raises TableRefused."""
    with path.open("rb") as file:
        if file.read(2) in {b"\xff\xfe", b"\xfe\xff"}:
            return "utf-16"
    for encoding in ("utf-8-sig", "gb18030"):
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            with path.open("rb") as file:
                while block := file.read(1 << 20):
                    decoder.decode(block)
                decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return encoding
    raise TableRefused("the text is neither UTF-8, UTF-16 nor GB18030", str(path), "save the table as UTF-8")


def _described(con: duckdb.DuckDBPyConnection, staged: str, name: str, path: Path, id_column: str) -> tuple[SourceTable, str, str]:
    """The table, its id column as written in it, and the staged relation."""
    for (column, *_) in con.execute(f"DESCRIBE {staged}").fetchall():
        if column != column.strip():
            con.execute(f"ALTER TABLE {staged} RENAME COLUMN {quoted(column)} TO {quoted(column.strip())}")
    columns = {str(row[0]): str(row[1]) for row in con.execute(f"DESCRIBE {staged}").fetchall()}
    own_id = next((column for column in columns if column.lower() == id_column.lower()), None)
    if own_id is None:
        raise TableRefused(f"there is no column {id_column}", str(path), f"give one of {', '.join(columns)} as --id")
    identity = _as_text(own_id, columns[own_id])
    rows, stated, different = con.execute(
        f"SELECT count(*), count({identity}), count(DISTINCT {identity}) FROM {staged}"
    ).fetchone() or (0, 0, 0)
    if stated < rows or different < stated:
        raise TableRefused(
            f"{rows - stated} of {rows} rows have no {own_id}, {stated - different} repeat one",
            str(path),
            "give a column that is different in every row",
        )
    others = tuple(column for column in columns if column != own_id)
    fields = ", ".join(f"{_as_text(column, columns[column])} AS {quoted(RAW_PREFIX + column.lower())}" for column in others)
    select = f"SELECT {literal(name)} AS table_name, {identity} AS record_id{', ' + fields if fields else ''} FROM {staged}"
    return SourceTable(name, others, int(rows)), own_id, select


def _as_text(column: str, sql_type: str) -> str:
    """A cell as text: whole numbers without a fraction, midnights as days."""
    cell = quoted(column)
    if sql_type in {"DOUBLE", "FLOAT"}:
        text = f"CASE WHEN {cell} = trunc({cell}) AND abs({cell}) < 1e15 THEN {cell}::BIGINT::VARCHAR ELSE {cell}::VARCHAR END"
    elif sql_type.startswith("TIMESTAMP"):
        text = f"CASE WHEN {cell} = date_trunc('day', {cell}) THEN strftime({cell}, '%Y-%m-%d') ELSE {cell}::VARCHAR END"
    else:
        text = f"{cell}::VARCHAR"
    return f"nullif(trim({text}, ' \t\r\n\u3000\u00a0'), '')"


def _gather(
    con: duckdb.DuckDBPyConnection, names: Sequence[str], staged: Sequence[tuple[SourceTable, str, str]]
) -> tuple[SourceTable, ...]:
    """`table_record` from the staged tables. Ids are hashed for the order, so that ids that resemble each other stand nowhere near."""
    order = ", ".join(literal(name) for name in names)
    con.execute(f"""
        CREATE OR REPLACE TABLE table_record AS
        SELECT row_number() OVER (ORDER BY list_position([{order}], table_name), md5(record_id), record_id) AS unique_id, *
        FROM ({" UNION ALL BY NAME ".join(select for _, _, select in staged)})
        ORDER BY unique_id""")
    for place in range(len(staged)):
        con.execute(f"DROP TABLE IF EXISTS staged_{place}")
    return tuple(table for table, _, _ in staged)
