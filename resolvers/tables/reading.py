"""Reading the tables of a user: CSV, Parquet and Excel, every value as text.

Belongs here: files into `table_record`, the id of each row, what is refused. Does not: cleaning values (preparing.py).

`table_record` has one row per input row: unique_id (its place in an order that depends on the ids alone), table_name, record_id, and
every column of any table as text; blanks at the ends are away, an empty cell is NULL. Columns of one name, in whatever letters, are one.
"""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

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
        con.execute(f"CREATE OR REPLACE TEMP TABLE staged_{place} AS SELECT * FROM {_source(con, path)}")
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


def _source(con: duckdb.DuckDBPyConnection, path: Path) -> str:
    if not path.is_file():
        raise TableRefused("no such file", str(path), "check the path")
    file = literal(str(path))
    match path.suffix.lower():
        case ".csv" | ".tsv" | ".txt":
            return f"read_csv({file}, all_varchar = true, header = true, sample_size = -1{_encoding(con, path)})"
        case ".parquet" | ".pq":
            return f"read_parquet({file})"
        case ".xlsx":
            load_extension(con, "excel")
            return f"read_xlsx({file}, all_varchar = true, header = true)"
        case other:
            raise TableRefused(f"files ending in {other or 'nothing'} are not read", str(path), "give .csv, .tsv, .parquet or .xlsx")


def _encoding(con: duckdb.DuckDBPyConnection, path: Path) -> str:
    """UTF-8, or else GB18030, in which spreadsheets save Chinese text."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                decoder.decode(block)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        load_extension(con, "encodings")
        return ", encoding = 'gb18030'"
    return ""


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
