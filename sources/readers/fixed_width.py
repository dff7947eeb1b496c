"""Fixed width in bytes of GBK.

Belongs here: slicing lines by bytes, then decoding each field by itself, so that a cut character shifts nothing.
Does not: reading values. The padding is part of the format and goes; a stray lead byte stays visible as U+FFFD.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from sources.catalogue.models import Contract
from sources.deliveries import Manifest
from sources.readers.lines import Lines, Mask, blocks, lines_of
from sources.readers.staging import Reading, Unreadable, add_batch, add_torn
from sources.tables import quoted

END_OF_FILE = 0x1A
MANY_LINES = 10
TORN_SHARE = 0.5
"""A file of at least ten lines of which more than half have the wrong length has another layout, not torn lines."""


def read_fixed_width(con: duckdb.DuckDBPyConnection, contract: Contract, manifest: Manifest, file: Path) -> Reading:
    """Fill the stage. Raises Unreadable for an empty file of a delivery with records or another record length."""
    position = torn = 0
    seen = False
    for block in blocks(file):
        seen = True
        lines = lines_of(block)
        torn += _add_block(con, contract, lines, position)
        position += int(_records(lines).sum())
    if not seen and manifest.rows > 0:
        raise Unreadable("the file is empty")
    if position >= MANY_LINES and torn > TORN_SHARE * position:
        raise Unreadable(f"{torn} of {position} lines do not have {contract.delivery.record_bytes} bytes")
    return Reading()


def _records(lines: Lines) -> Mask:
    """Lines that are records: neither blank nor the lone end-of-file mark."""
    lengths = lines.ends - lines.starts
    mark = (lengths == 1) & (lines.bytes_[lines.starts] == END_OF_FILE)
    return np.asarray((lengths > 0) & ~mark, dtype=np.bool_)


def _add_block(con: duckdb.DuckDBPyConnection, contract: Contract, lines: Lines, position: int) -> int:
    """Records of a block; returns how many are torn."""
    width = contract.delivery.record_bytes
    if width is None:
        raise ValueError(f"{contract.category}: the contract states no record_bytes")
    record = _records(lines)
    positions = position + np.cumsum(record)
    whole = record & (lines.ends - lines.starts == width)
    torn = np.flatnonzero(record & ~whole)
    add_torn(
        con,
        [int(positions[number]) for number in torn],
        [lines.line(int(number)).decode("gbk", "replace") for number in torn],
    )
    if whole.any():
        rows = lines.bytes_[lines.starts[whole][:, None] + np.arange(width)]
        feed = np.full((len(rows), 1), 10, dtype=np.uint8)
        columns = {}
        for column in contract.data_columns:
            start = (column.start or 1) - 1
            field = np.concatenate([rows[:, start : start + (column.width or 0)], feed], axis=1)
            columns[column.name] = pa.array(field.tobytes().decode("gbk", "replace").split("\n")[:-1], pa.string())
        batch = pa.table({"record_position": pa.array(positions[whole], pa.int64()), **columns})
        add_batch(
            con,
            batch,
            {"position": "record_position", "torn": "FALSE"}
            | {name: f"nullif(rtrim({quoted(name)}, ' '), '')" for name in columns},
        )
    return len(torn)
