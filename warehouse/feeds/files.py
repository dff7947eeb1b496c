"""One table as a file of a product, Parquet or CSV, and read back.

Belongs here: formats as feeds.yaml states them. Does not: where files lie (products.py), what they hold.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import duckdb

from sources.tables import literal, quoted

BOM = b"\xef\xbb\xbf"
MODE = 0o600


def write(con: duckdb.DuckDBPyConnection, table: str, types: dict[str, str], path: Path) -> None:
    """The rows of a table in its order. CSV: UTF-8 with byte order mark, lists joined by ;, missing is the empty cell."""
    if path.suffix == ".parquet":
        columns = ", ".join(map(quoted, types))
        con.execute(f"COPY (SELECT {columns} FROM {table}) TO {literal(str(path))} (FORMAT parquet, COMPRESSION zstd)")
    else:
        plain = path.with_name(f".{path.name}.plain")
        con.execute(f"COPY (SELECT {as_text(types)} FROM {table}) TO {literal(str(plain))} (FORMAT csv, HEADER true)")
        with path.open("wb") as marked, plain.open("rb") as text:
            marked.write(BOM)
            shutil.copyfileobj(text, marked, 1 << 20)
        plain.unlink()
    path.chmod(MODE)


def as_text(types: dict[str, str]) -> str:
    """SQL of the columns as a CSV file states them: lists joined, the rest as it is."""
    return ", ".join(f"array_to_string({quoted(name)}, ';') AS {quoted(name)}" if kind.endswith("[]") else quoted(name)
                     for name, kind in types.items())


def reading_of(path: Path) -> str:
    """SQL that reads a file back: Parquet in its types, CSV as text with empty cells missing."""
    if path.suffix == ".parquet":
        return f"read_parquet({literal(str(path))})"
    return (f"read_csv({literal(str(path))}, header = true, all_varchar = true, delim = ',', quote = '\"', escape = '\"', "
            "nullstr = '', auto_detect = false, columns = " + _columns(path) + ")")


def _columns(path: Path) -> str:
    """Of a CSV file, from its header: names are attributes, which need no quotes."""
    with path.open(encoding="utf-8-sig") as file:
        names = file.readline().rstrip("\n").split(",")
    return "{" + ", ".join(f"{literal(name)}: 'VARCHAR'" for name in names) + "}"


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
