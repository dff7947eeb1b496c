"""The bytes of a delivery in each format of the catalogue.

Belongs here: csv, JSON Lines, fixed width, Parquet, exchange-table csv. Workbooks are in workbooks.py.
Does not: which rows a delivery holds.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl

from sources.catalogue.models import Contract

BOM = b"\xef\xbb\xbf"
REPEATED_HEADER_EVERY = 40_000


def headers(contract: Contract, k: int) -> list[str]:
    """Chinese headers; a later delivery spells some with spaces or full-width brackets, as hand-made exports do."""
    names = [column.header for column in contract.data_columns]
    if k and contract.category in {"fund_loans"}:
        return [name.replace("(", "（").replace(")", "）") for name in names]
    if k and contract.category in {"employment_registration", "elderly_disability_benefits"}:
        return [name + " " if index % 5 == 4 else " " + name if index % 7 == 0 and index else name for index, name in enumerate(names)]
    return names


def csv(path: Path, contract: Contract, frame: pl.DataFrame, k: int, torn: list[int]) -> None:
    """Comma-separated text; torn rows end after a few cells; health records repeat the header row inside."""
    wide = contract.delivery.format == "csv_gb18030"
    end, encoding = ("\r\n", "gb18030") if wide else ("\n", "utf-8")
    head = ",".join(headers(contract, k)) + end
    repeats = (
        list(range(REPEATED_HEADER_EVERY // 20, frame.height, REPEATED_HEADER_EVERY // 8)) if contract.category == "health_records" else []
    )
    with path.open("wb") as out:
        out.write(b"" if wide else BOM)
        out.write(head.encode(encoding))
        for text in _segments(frame, sorted(set(torn)), sorted(set(repeats)), end, head):
            out.write(text.encode(encoding))


def _segments(frame: pl.DataFrame, torn: list[int], repeats: list[int], end: str, head: str) -> Iterator[str]:
    stops = sorted({*torn, *repeats, *range(0, frame.height, 100_000), frame.height})
    broken, again = set(torn), set(repeats)
    for start, stop in zip(stops, stops[1:] or [frame.height], strict=False):
        if start in again:
            yield head
        first = start
        if start in broken:
            cells = [str(cell or "") for cell in frame.row(start)[: max(2, frame.width // 3)]]
            yield ",".join(cell.replace(",", "") for cell in cells) + end
            first += 1
        if stop > first:
            yield _text(frame.slice(first, stop - first), end)


def _text(frame: pl.DataFrame, end: str) -> str:
    buffer = io.BytesIO()
    frame.write_csv(buffer, include_header=False, line_terminator=end)
    return buffer.getvalue().decode("utf-8")


def jsonl(path: Path, contract: Contract, frame: pl.DataFrame, torn: list[int], rng: np.random.Generator) -> None:
    """One object per line; a missing value is an absent key, null or an empty string."""
    parts = []
    mood = pl.Series(rng.integers(0, 60, frame.height))
    for index, column in enumerate(contract.data_columns):
        value = pl.col(column.name)
        key = f', "{column.header}": '
        text = pl.lit(key) + (value if column.type in {"integer", "decimal"} else pl.lit('"') + value + pl.lit('"'))
        absent = column.name == contract.delta.marker and contract.delta.full_marker == "absent"
        kind = (pl.lit(mood) // (index % 5 + 1)) % 3
        empty = (
            pl.lit("")
            if absent or column.type == "integer"
            else pl.when(kind == 0).then(pl.lit("")).when(kind == 1).then(pl.lit(key + "null")).otherwise(pl.lit(key + '""'))
        )
        parts.append(pl.when(value.is_not_null()).then(text).otherwise(empty))
    lines = frame.select(("{" + pl.concat_str(parts).str.slice(2) + "}").alias("line")).with_row_index("at")
    cut = pl.col("line").str.slice(0, pl.col("line").str.len_chars() // 2)
    lines = lines.select(pl.when(pl.col("at").is_in(torn)).then(cut).otherwise(pl.col("line")).alias("line"))
    path.write_bytes(("\n".join(lines["line"].to_list()) + "\n").encode("utf-8") if frame.height else b"")


def fixed_width(path: Path, contract: Contract, frame: pl.DataFrame, torn: list[int]) -> None:
    """GBK bytes at fixed places; an overlong text is cut at the byte width; the last line may be a lone 0x1A."""
    parts, overlong = [], pl.lit(False)
    for column in contract.data_columns:
        width = column.width or 0
        value = pl.col(column.name).fill_null("")
        value = (
            pl.when(value.str.contains(r"[\u{3400}-\u{4DBF}]|昇|鋆|頔|翀|𠮷"))
            .then(value.str.replace_all(r"[\u{3400}-\u{4DBF}]", "? "))
            .otherwise(value)
        )
        wide = (value.str.replace_all("[·×]", "中").str.len_bytes() - value.str.len_chars()) // 2
        parts.append(value.str.pad_end((pl.lit(width) - wide).clip(0, width).cast(pl.UInt64)))
        overlong = overlong | (value.str.len_chars() + wide > width)
    built = frame.select(pl.concat_str(parts).alias("line"), overlong.alias("long"))
    lines = built["line"].to_list()
    special = set(built.with_row_index("at").filter("long")["at"].to_list())
    with path.open("wb") as out:
        out.writelines(
            _line(contract, frame, index, line, long=index in special, torn=index in torn) + b"\r\n" for index, line in enumerate(lines)
        )
        out.write(b"\x1a")


def _line(contract: Contract, frame: pl.DataFrame, index: int, line: str, *, long: bool, torn: bool) -> bytes:
    if not long:
        encoded = _gbk(line)
    else:
        row = frame.row(index, named=True)
        encoded = b"".join(_gbk(row[column.name] or "")[: column.width or 0].ljust(column.width or 0) for column in contract.data_columns)
    size = contract.delivery.record_bytes or len(encoded)
    if len(encoded) != size:
        row = frame.row(index, named=True)
        encoded = b"".join(_gbk(row[column.name] or "")[: column.width or 0].ljust(column.width or 0) for column in contract.data_columns)
    return encoded[: size // 2] if torn else encoded


def _gbk(text: str) -> bytes:
    try:
        return text.encode("gbk")
    except UnicodeEncodeError:
        return b"".join(_character(character) for character in text)


def _character(character: str) -> bytes:
    try:
        return character.encode("gbk")
    except UnicodeEncodeError:
        return b"? "


def parquet(path: Path, contract: Contract, frame: pl.DataFrame) -> None:
    """Chinese headers; native types for the pension category, all text for births."""
    types = {"integer": pl.Int64, "decimal": pl.Float64}
    if contract.delivery.date_format == "native":
        frame = frame.with_columns(pl.col(column.name).cast(types[column.type]) for column in contract.data_columns if column.type in types)
    frame.rename({column.name: column.header for column in contract.data_columns}).write_parquet(path, compression="zstd")


def exchange(folder: Path, contract: Contract, frame: pl.DataFrame, batch: str) -> None:
    """Rows of an exchange table as COPY text with the database's column names."""
    folder.mkdir(parents=True, exist_ok=True)
    names = {column.name: column.db_column or column.name for column in contract.columns}
    frame.with_columns(pl.lit(batch).alias(contract.delivery.batch_column or "batch_no")).select(list(names)).rename(names).write_csv(
        folder / f"{batch}.csv"
    )


def schema_sql(contracts: list[Contract]) -> str:
    """The exchange tables, as the departments keep them."""
    lines = [
        "-- Exchange tables of the departments that deliver by database. Column comments are the Chinese headers.",
        "CREATE SCHEMA IF NOT EXISTS exchange;",
    ]
    for contract in contracts:
        table = contract.delivery.table or ""
        native = contract.delivery.date_format == "native"
        kinds = {"decimal": "numeric", "integer": "integer", "date": "date", "datetime": "timestamp"} if native else {"year": "smallint"}
        body = ",\n".join(f"  {column.db_column} {kinds.get(column.type, 'varchar')}" for column in contract.columns)
        batch = contract.column(contract.delivery.batch_column or "batch_no").db_column
        lines += [
            f"CREATE TABLE IF NOT EXISTS {table} (\n{body}\n);",
            f"CREATE INDEX IF NOT EXISTS {table.split('.')[-1]}_{batch} ON {table} ({batch});",
            f"COMMENT ON TABLE {table} IS '{contract.title_zh}';",
        ]
        lines += [f"COMMENT ON COLUMN {table}.{column.db_column} IS '{column.header}';" for column in contract.columns]
    return "\n".join(lines) + "\n"
