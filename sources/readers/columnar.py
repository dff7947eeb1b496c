"""Parquet: one file, column names are headers.

Belongs here: physical types to plain text. A type that the contract does not name is read as text, not refused.
Does not: reading values.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from sources.catalogue.models import Contract
from sources.deliveries import Manifest
from sources.readers.staging import STAGE, Reading, Unreadable, match_headers
from sources.tables import quoted


def read_parquet(con: duckdb.DuckDBPyConnection, contract: Contract, manifest: Manifest, file: Path) -> Reading:
    """Fill the stage. Raises Unreadable for a file that is no Parquet and for missing columns."""
    if file.stat().st_size == 0:
        raise Unreadable("the file is empty")
    try:
        described = con.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(file)]).fetchall()
        reading = Reading()
        places = match_headers(contract, [str(row[0]) for row in described], manifest, reading)
        cells = {
            name: as_text(quoted(str(described[place][0])), str(described[place][1])) for name, place in places.items()
        }
        names, values = ", ".join(quoted(name) for name in cells), ", ".join(cells.values())
        con.execute(
            f"INSERT INTO temp.{STAGE} (position, torn, {names}) SELECT file_row_number + 1, FALSE, {values} "
            "FROM read_parquet(?, file_row_number = true)",
            [str(file)],
        )
    except (duckdb.InvalidInputException, duckdb.IOException, duckdb.ConversionException) as error:
        raise Unreadable(f"the file cannot be read as Parquet ({type(error).__name__}); it may be truncated") from None
    return reading


def as_text(column: str, sql_type: str) -> str:
    """A value as plain text: no `.0` at whole numbers, no midnight at dates of another type, NULL for empty."""
    if sql_type in {"DOUBLE", "FLOAT"}:
        return f"regexp_replace(CAST({column} AS VARCHAR), '\\.0$', '')"
    if sql_type == "BLOB":
        return f"nullif(CAST(try(decode({column})) AS VARCHAR), '')"
    return f"nullif(CAST({column} AS VARCHAR), '')"
