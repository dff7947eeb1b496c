"""JSON Lines: one object per line, keys are headers.

Belongs here: telling torn lines from objects, finding keys, numbers as they stand in the text.
Does not: reading values.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa

from sources.catalogue.models import Contract
from sources.deliveries import Manifest
from sources.readers.lines import Decoder, blocks
from sources.readers.staging import BATCH, Reading, Unreadable, add_batch, add_torn, tidy_header
from sources.tables import literal

ENOUGH_RECORDS = 10
"""From ten records on a required key that no record holds is a missing column, not a missing value."""


def read_json_lines(con: duckdb.DuckDBPyConnection, contract: Contract, manifest: Manifest, file: Path) -> Reading:
    """Fill the stage. Raises Unreadable: no bytes for a delivery with records, another encoding, or a required key nowhere."""
    decoder, keys, records, seen = Decoder("utf-8"), set[str](), 0, False
    for block in blocks(file):
        seen = True
        text = decoder.to_utf8(block).decode("utf-8").removeprefix("\ufeff" if records == 0 else "\0")
        lines = [line for line in text.split("\n") if line.strip()]
        keys |= _add_block(con, contract, lines, records)
        records += len(lines)
    if not seen and manifest.rows > 0:
        raise Unreadable("the file is empty")
    decoder.check()
    return _judge_keys(contract, keys, records)


def _add_block(con: duckdb.DuckDBPyConnection, contract: Contract, lines: list[str], before: int) -> set[str]:
    """Records of a block; returns the keys as they are written."""
    batch = pa.table(
        {
            "record_position": pa.array(range(before + 1, before + len(lines) + 1), pa.int64()),
            "line": pa.array(lines, pa.string()),
        }
    )
    con.register(BATCH, batch)
    is_object = "coalesce(CASE WHEN json_valid(line) THEN json_type(line) = 'OBJECT' END, FALSE)"
    torn = con.execute(f"SELECT record_position, line FROM {BATCH} WHERE NOT {is_object} ORDER BY 1").fetchall()
    bad = {int(row[0]) for row in torn}
    if bad:
        good = [number for number in range(len(lines)) if before + number + 1 not in bad]
        batch = batch.take(pa.array(good, pa.int64()))
        con.register(BATCH, batch)
    keys = {str(row[0]) for row in con.execute(f"SELECT DISTINCT unnest(json_keys(line)) FROM {BATCH}").fetchall()}
    con.unregister(BATCH)
    add_torn(con, [int(row[0]) for row in torn], [str(row[1]).rstrip("\r") for row in torn])
    if batch.num_rows:
        add_batch(con, batch, {"position": "record_position", "torn": "FALSE"} | _cells(contract, keys))
    return keys


def _cells(contract: Contract, keys: set[str]) -> dict[str, str]:
    """SQL of each column; two spellings of one key in one file are the same column."""
    cells = {}
    for column in contract.data_columns:
        spellings = sorted(key for key in keys if tidy_header(key) == tidy_header(column.header) and '"' not in key)
        if spellings:
            paths = [
                f"nullif(json_extract_string(line, {literal(chr(36) + '.' + chr(34) + key + chr(34))}), '')"
                for key in spellings
            ]
            cells[column.name] = f"coalesce({', '.join(paths)})"
    return cells


def _judge_keys(contract: Contract, keys: set[str], records: int) -> Reading:
    present = {tidy_header(key) for key in keys}
    known = {tidy_header(column.header) for column in contract.data_columns}
    extra = present - known
    absent = [column for column in contract.data_columns if tidy_header(column.header) not in present]
    lacking = [column.header for column in absent if column.required]
    if lacking and records and (extra or records >= ENOUGH_RECORDS):
        raise Unreadable(f"{len(lacking)} of {len(contract.data_columns)} keys are in no record: {', '.join(lacking)}")
    return Reading(extra_columns=extra, missing_columns={column.name for column in absent})
