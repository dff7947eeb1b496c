"""Where readers put records: one temporary table per delivery, every cell as text.

Belongs here: the staging table, matching headers to columns of the contract, handing over batches.
Does not: any format.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import duckdb
import pyarrow as pa

from sources.catalogue.models import Contract
from sources.deliveries import Manifest
from sources.tables import create_table, quoted

STAGE = "landing_stage"
BATCH = "landing_batch"
SPACES = " \t\r\n\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u3000\ufeff\u200b"
BRACKETS = str.maketrans("（）", "()")


class Unreadable(Exception):
    """The data cannot be read as the contract says; carries sentences, never values."""

    def __init__(self, *problems: str) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(slots=True)
class Reading:
    """What a reader saw beside the records: unknown headers, and optional columns that are not there."""

    extra_columns: set[str] = field(default_factory=set)
    missing_columns: set[str] = field(default_factory=set)


def create_stage(con: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    """An empty staging table for one delivery."""
    con.execute(f"DROP TABLE IF EXISTS temp.{STAGE}")
    con.execute(
        create_table(
            STAGE,
            {"position": "BIGINT", "torn": "BOOLEAN", "raw_line": "VARCHAR"}
            | {column.name: "VARCHAR" for column in contract.data_columns},
            temporary=True,
        )
    )


def tidy_header(header: str) -> str:
    """A header as the contract writes it: no spaces around, half-width brackets."""
    return header.strip(SPACES).translate(BRACKETS)


def match_headers(
    contract: Contract, headers: Sequence[str], manifest: Manifest, reading: Reading, sheet: str = ""
) -> dict[str, int]:
    """Where each column of the contract stands. Raises Unreadable with all that is missing, twice, or renamed."""
    tidied = [tidy_header(header) for header in headers]
    places = {
        column.name: tidied.index(tidy_header(column.header))
        for column in contract.data_columns
        if tidy_header(column.header) in tidied
    }
    needed = {column.name for column in contract.data_columns if column.required}
    if manifest.kind == "delta" and contract.delta.marker is not None:
        needed.add(contract.delta.marker)
    known = {tidy_header(column.header) for column in contract.data_columns}
    extra = [header for header in tidied if header and header not in known]
    absent = [column for column in contract.data_columns if column.name not in places]
    lacking = [column.header for column in absent if column.name in needed]
    problems = []
    if lacking:
        problems.append(
            f"{sheet}{len(lacking)} of {len(contract.data_columns)} columns are missing: {', '.join(lacking)}"
        )
    elif absent and extra and manifest.minor_version == 0:
        problems.append(
            f"{sheet}renamed columns: {', '.join(column.header for column in absent)} missing, {len(extra)} unknown"
        )
    twice = sorted({header for header in tidied if header in known and tidied.count(header) > 1})
    if twice:
        problems.append(f"{sheet}columns delivered twice: {', '.join(twice)}")
    if problems:
        raise Unreadable(*problems)
    reading.extra_columns.update(extra)
    reading.missing_columns.update(column.name for column in absent)
    return places


def add_batch(con: duckdb.DuckDBPyConnection, batch: pa.Table, expressions: Mapping[str, str]) -> None:
    """Append an Arrow table to the stage; `expressions` gives the SQL of each column that is filled."""
    names = ", ".join(quoted(name) for name in expressions)
    values = ", ".join(expressions.values())
    con.register(BATCH, batch)
    try:
        con.execute(f"INSERT INTO temp.{STAGE} ({names}) SELECT {values} FROM {BATCH}")
    finally:
        con.unregister(BATCH)


def add_torn(con: duckdb.DuckDBPyConnection, positions: Sequence[int], lines: Sequence[str]) -> None:
    """Torn lines are records too: position and the line as sent."""
    if positions:
        batch = pa.table({"position": pa.array(positions, pa.int64()), "raw_line": pa.array(lines, pa.string())})
        add_batch(con, batch, {"position": "position", "torn": "TRUE", "raw_line": "raw_line"})
