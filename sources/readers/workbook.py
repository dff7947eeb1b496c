"""Workbooks (xlsx).

Belongs here: which sheets and rows are records, and cells as text. Hidden sheets are never read: if records stand
there, their number does not agree with the manifest and the delivery is refused. A visible sheet without the headers of
the contract is no data.
Does not: reading values.
"""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import duckdb
import fastexcel
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sources.catalogue.models import Contract
from sources.deliveries import Manifest
from sources.readers.staging import SPACES, Reading, Unreadable, add_batch, match_headers, tidy_header
from sources.tables import quoted

HEADER_SEARCH_ROWS = 10
XML_BLOCK, XML_OVERLAP = 1 << 22, 512
LONG_NUMBER = re.compile(rb"<c\b([^>]*)>(?:<f\b[^<]*</f>|<f\b[^>]*/>)?<v>([0-9.]{16,}|[0-9.]+[eE]\+?[0-9]+)</v>")
EXACT_DIGITS = 1e15
FOOTER_WORD = "合计"


def read_workbook(con: duckdb.DuckDBPyConnection, contract: Contract, manifest: Manifest, file: Path) -> Reading:
    """Fill the stage from all data sheets in order. Raises Unreadable for no workbook or a wrong header."""
    if file.stat().st_size == 0:
        raise Unreadable("the file is empty")
    try:
        book = fastexcel.read_excel(str(file))
        long_numbers = _long_numbers(file)
    except (fastexcel.FastExcelError, zipfile.BadZipFile, EOFError, OSError) as error:
        raise Unreadable(
            f"the file cannot be read as a workbook ({type(error).__name__}); it may be truncated"
        ) from None
    reading, position, data_sheets, problems = Reading(), 0, 0, list[str]()
    for number, name in enumerate(book.sheet_names):
        table = _load(book, name)
        header_row = _header_row(contract, table)
        if table is None or header_row is None:
            continue
        data_sheets += 1
        headers = ["" if cell is None else str(cell) for cell in table.slice(header_row, 1).to_pylist()[0].values()]
        try:
            places = match_headers(contract, headers, manifest, reading, f"sheet {number + 1}: ")
        except Unreadable as error:
            problems += error.problems
            continue
        position = _add_sheet(
            con,
            contract,
            table.slice(header_row + 1),
            headers,
            places=places,
            position=position,
            long_numbers=long_numbers,
        )
    if not data_sheets:
        problems.append("no visible sheet has the header row")
    if problems:
        raise Unreadable(*problems)
    return reading


def _load(book: fastexcel.ExcelReader, name: str) -> pa.Table | None:
    """All rows of a visible sheet as text, None for hidden and empty ones. Formulas give the value saved with them."""
    sheet = book.load_sheet(name, header_row=None, skip_rows=0, dtypes="string")
    if sheet.visible != "visible" or sheet.height == 0 or sheet.width == 0:
        return None
    return pa.Table.from_batches([sheet.to_arrow()])


def _header_row(contract: Contract, table: pa.Table | None) -> int | None:
    """The row with most headers of the contract among the first ten; None when no row has at least two."""
    if table is None:
        return None
    known = {tidy_header(column.header) for column in contract.data_columns}
    best, found = 1, None
    for number, row in enumerate(table.slice(0, HEADER_SEARCH_ROWS).to_pylist()):
        headers = sum(tidy_header(str(cell)) in known for cell in row.values() if cell is not None)
        if headers > best:
            best, found = headers, number
    return found


def _add_sheet(
    con: duckdb.DuckDBPyConnection,
    contract: Contract,
    table: pa.Table,
    headers: list[str],
    *,
    places: dict[str, int],
    position: int,
    long_numbers: dict[str, str],
) -> int:
    """Records of one sheet: no blank rows, no header again, no sum row at the end. Returns the last position."""
    if table.num_rows == 0:
        return position
    tidied = [pc.utf8_trim(column.combine_chunks().cast(pa.string()), SPACES) for column in table.columns]
    filled = np.zeros(table.num_rows, dtype=np.bool_)
    for column in tidied:
        filled |= pc.fill_null(pc.not_equal(column, ""), False).to_numpy(zero_copy_only=False)
    first = tidied[0].to_pylist()
    records = [number for number in np.flatnonzero(filled) if first[number] != tidy_header(headers[0])]
    if contract.delivery.header.footer and records and re.sub(r"\s", "", first[records[-1]] or "") == FOOTER_WORD:
        records.pop()
    chosen = table.take(pa.array(records, pa.int64()))
    cells = {name: _with_exponents(chosen.column(place), long_numbers) for name, place in places.items()}
    batch = pa.table(
        {"record_position": pa.array(range(position + 1, position + len(records) + 1), pa.int64()), **cells}
    )
    add_batch(
        con,
        batch,
        {"position": "record_position", "torn": "FALSE"} | {name: f"nullif({quoted(name)}, '')" for name in cells},
    )
    return position + len(records)


def _with_exponents(column: pa.ChunkedArray, long_numbers: dict[str, str]) -> pa.ChunkedArray:
    """Numbers beyond the precision of a cell as the workbook shows them, never like text (clarification 51)."""
    if not long_numbers:
        return column
    values = pa.array(list(long_numbers), column.type)
    place = pc.index_in(column, values)
    if place.null_count == len(column):
        return column
    return pc.coalesce(pc.take(pa.array(list(long_numbers.values()), column.type), place), column)


def _long_numbers(file: Path) -> dict[str, str]:
    """Numeric cells of more than 15 digits: how the reader writes them, and how a workbook shows them (4.21002E+17)."""
    found: dict[str, str] = {}
    with zipfile.ZipFile(file) as archive:
        for entry in archive.namelist():
            if not entry.startswith("xl/worksheets/") or not entry.endswith(".xml"):
                continue
            with archive.open(entry) as stream:
                rest = b""
                while block := stream.read(XML_BLOCK):
                    for match in LONG_NUMBER.finditer(rest + block):
                        _note_number(found, match)
                    rest = (rest + block)[-XML_OVERLAP:]
    return found


def _note_number(found: dict[str, str], match: re.Match[bytes]) -> None:
    if re.search(rb't="(s|str|inlineStr|d|e)"', match[1]):
        return
    try:
        value = float(match[2])
    except ValueError:
        return
    if value >= EXACT_DIGITS and value == int(value):
        mantissa, exponent = f"{value:.14E}".split("E")
        found[str(int(value))] = f"{mantissa.rstrip('0').rstrip('.')}E+{int(exponent)}"
