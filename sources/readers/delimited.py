"""CSV in GB18030 or UTF-8 with byte order mark.

Belongs here: which lines are records, which are torn, and their cells. Lines are judged as bytes with numpy, whole ones
are parsed by Arrow, lines with quotes in odd places one by one; see docs/decisions/0002-readers.md.
Does not: reading values.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import csv as arrow_csv

from sources.catalogue.models import Contract
from sources.deliveries import Manifest
from sources.readers.lines import Decoder, Lines, Mask, blocks, lines_of
from sources.readers.staging import Reading, Unreadable, add_batch, add_torn, match_headers, tidy_header
from sources.tables import quoted

BOM = b"\xef\xbb\xbf"
QUOTE, COMMA, RETURN, FEED = 34, 44, 13, 10


def read_delimited(con: duckdb.DuckDBPyConnection, contract: Contract, manifest: Manifest, file: Path) -> Reading:
    """Fill the stage from a CSV file. Raises Unreadable for a wrong header or encoding."""
    with_bom = contract.delivery.format == "csv_utf8_bom"
    decoder = Decoder("utf-8" if with_bom else "gb18030")
    reading, header, places, position = Reading(), list[str](), dict[str, int](), 0
    skip = (contract.delivery.header.header_row or 1) - 1
    for block in blocks(file):
        text = decoder.to_utf8(_without_bom(block, with_bom) if not header else block)
        if not header:
            before, text = _split_header(text, skip)
            header = _cells(before) or [""]
            places = match_headers(contract, header, manifest, reading)
        if text:
            position = _add_block(con, lines_of(text), header, places, position)
    if not header:
        raise Unreadable("the file is empty")
    decoder.check()
    return reading


def _without_bom(block: bytes, expected: bool) -> bytes:
    if block.startswith(BOM) != expected:
        raise Unreadable(
            "the file does not begin with the UTF-8 byte order mark"
            if expected
            else "the file begins with a UTF-8 mark"
        )
    return block.removeprefix(BOM)


def _split_header(text: bytes, skip: int) -> tuple[str, bytes]:
    parts = text.split(b"\n", skip + 1)
    if len(parts) < skip + 2:
        raise Unreadable("the file has no header row")
    return parts[skip].decode("utf-8").rstrip("\r"), parts[-1]


def _cells(line: str) -> list[str] | None:
    """Cells of one line, None when its quotes do not close."""
    csv.field_size_limit(1 << 30)
    try:
        rows = list(csv.reader([line], strict=True))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else None


def _add_block(
    con: duckdb.DuckDBPyConnection, lines: Lines, header: Sequence[str], places: dict[str, int], position: int
) -> int:
    """Records of a block; returns the position of its last record."""
    record = (lines.ends > lines.starts) & ~_repeated_header(lines, header)
    positions = position + np.cumsum(record)
    commas, irregular = _structure(lines)
    whole = record & ~irregular & (commas == len(header) - 1)
    _add_whole(con, lines, whole, positions[whole], width=len(header), places=places)
    odd = np.flatnonzero(record & irregular)
    parsed = [(int(positions[number]), _cells(lines.line(int(number)).decode("utf-8"))) for number in odd]
    right = [(number, cells) for number, cells in parsed if cells is not None and len(cells) == len(header)]
    _add_cells(con, right, places)
    torn_odd = {number for number, cells in parsed if cells is None or len(cells) != len(header)}
    torn = [
        number
        for number in np.flatnonzero(record & ~whole)
        if not irregular[number] or int(positions[number]) in torn_odd
    ]
    add_torn(
        con, [int(positions[number]) for number in torn], [lines.line(int(number)).decode("utf-8") for number in torn]
    )
    return int(positions[-1])


def _repeated_header(lines: Lines, header: Sequence[str]) -> Mask:
    """Lines whose first cell is the first header again: exports appended to one another."""
    found = np.zeros(len(lines.starts), dtype=np.bool_)
    for first in {header[0], tidy_header(header[0])}:
        for prefix in (f"{first},".encode(), f'"{first}",'.encode()):
            candidates = np.flatnonzero(lines.ends - lines.starts >= len(prefix))
            for offset, byte in enumerate(prefix):
                candidates = candidates[lines.bytes_[lines.starts[candidates] + offset] == byte]
            found[candidates] = True
    return found


def _structure(lines: Lines) -> tuple[npt.NDArray[np.int64], Mask]:
    """Number of separators of each line, and whether its quotes or carriage returns are not in regular places."""
    data, count = lines.bytes_, len(lines.starts)
    commas = np.flatnonzero(data == COMMA)
    line_of_comma = np.searchsorted(lines.starts, commas, side="right") - 1
    irregular = np.zeros(count, dtype=np.bool_)
    returns = np.flatnonzero(data == RETURN)
    stray = returns[data[returns + 1] != FEED]
    irregular[np.searchsorted(lines.starts, stray, side="right") - 1] = True
    quotes = np.flatnonzero(data == QUOTE)
    if len(quotes):
        line_of_quote = np.searchsorted(lines.starts, quotes, side="right") - 1
        before_line = np.searchsorted(quotes, lines.starts)
        odd = (np.arange(len(quotes)) - before_line[line_of_quote]) % 2 == 1
        previous, following = data[np.maximum(quotes - 1, 0)], data[quotes + 1]
        at_start = (quotes == lines.starts[line_of_quote]) | np.isin(previous, (COMMA, QUOTE))
        at_end = np.isin(following, (COMMA, QUOTE, RETURN, FEED))
        irregular[line_of_quote[(odd & ~at_end) | (~odd & ~at_start)]] = True
        irregular |= np.bincount(line_of_quote, minlength=count) % 2 == 1
        inside = (np.searchsorted(quotes, commas) - before_line[line_of_comma]) % 2 == 1
        line_of_comma = line_of_comma[~inside]
    return np.bincount(line_of_comma, minlength=count), irregular


def _add_whole(
    con: duckdb.DuckDBPyConnection,
    lines: Lines,
    whole: Mask,
    positions: npt.NDArray[np.int64],
    *,
    width: int,
    places: dict[str, int],
) -> None:
    """Regular lines with the right number of cells, parsed together."""
    if not whole.any():
        return
    data = lines.data
    if not whole.all():
        lengths = np.diff(np.append(lines.starts, len(lines.bytes_)))
        data = lines.bytes_[np.repeat(whole, lengths)].tobytes()
    names = [f"c{number}" for number in range(width)]
    wanted = [names[place] for place in places.values()]
    table = arrow_csv.read_csv(
        pa.py_buffer(data),
        read_options=arrow_csv.ReadOptions(column_names=names, block_size=len(data) + 1, use_threads=False),
        parse_options=arrow_csv.ParseOptions(newlines_in_values=False),
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            include_columns=wanted,
            strings_can_be_null=True,
            null_values=[""],
            check_utf8=False,
        ),
    )
    if table.num_rows != len(positions):
        raise Unreadable("lines and rows of the file do not agree")
    table = table.append_column("position", pa.array(positions, pa.int64()))
    add_batch(
        con,
        table,
        {"position": "position", "torn": "FALSE"} | {name: quoted(names[place]) for name, place in places.items()},
    )


def _add_cells(
    con: duckdb.DuckDBPyConnection, rows: Sequence[tuple[int, list[str] | None]], places: dict[str, int]
) -> None:
    """Lines that were parsed one by one."""
    if not rows:
        return
    columns = {
        f"c{place}": pa.array([cells[place] or None for _, cells in rows if cells is not None], pa.string())
        for place in places.values()
    }
    table = pa.table({"position": pa.array([number for number, _ in rows], pa.int64()), **columns})
    add_batch(
        con,
        table,
        {"position": "position", "torn": "FALSE"} | {name: quoted(f"c{place}") for name, place in places.items()},
    )
