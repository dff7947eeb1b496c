"""Empty and prefilled forms, made from the contract: a workbook with Chinese headers and drop-down lists, or a JSON Schema for terminals.

Belongs here: the two files and the lines of a grid. Does not: reading forms (sources), printing (desk).

A prefilled line holds only what finds the person and the door: columns of the product grid_information, read through the gate within the
worker's own grid. What is to be asked stays empty: a printed value would come back as if somebody had said it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import xlsxwriter

from sources.catalogue import load_catalogue
from sources.catalogue.models import Column
from sources.errors import OneGridError
from warehouse.access import Reader, Request, gate
from warehouse.feeds.declared import feed_of
from warehouse.feeds.rows import rows_of
from warehouse.queries.answering import reference_date
from warehouse.snapshots import open_snapshot
from warehouse.visits.routing import GRID_PURPOSE, form

FEED = "grid_information"
PREFILLED = {"dwelling_id": "dwelling_code", "residence_address": "address", "person_id": "person_id", "name": "name"}
"""Column of the product -> column of the form."""
GRID_DIGITS = 15
SHEET, WORDS = "入户登记", "代码"
EMPTY_ROWS = 200
WIDTH, HEADER_FILL, REQUIRED_FILL = 16, "#D9E2F3", "#FBE4D5"
Line = dict[str, Any]


class NoForm(OneGridError):
    """The form cannot be made."""


@dataclass(frozen=True, slots=True)
class Prefilled:
    """The lines of one grid, one per resident, and the day whose registers they show."""

    grid: str
    as_of: date
    lines: tuple[Line, ...]


def check_grid(grid: str) -> None:
    """Raises NoForm for what is no grid code."""
    if len(grid) != GRID_DIGITS or not (grid.isascii() and grid.isdigit()):
        raise NoForm(what="this is no grid code", where="--grid", remedy="state the 15 digits of a grid")


def prefill(home: Path, reader: Reader, grid: str, *, now: datetime) -> Prefilled:
    """The lines of a grid, recorded before they are returned. Raises NoForm, AccessRefused, NoSnapshot."""
    declared = feed_of(FEED)
    request = Request("feeds", GRID_PURPOSE, tuple(PREFILLED), rows=True, areas=(grid,), feed=FEED, asked=grid)
    with gate.passing(home, reader, request, now=now) as pass_, open_snapshot(home) as con:
        check_grid(grid)
        as_of = reference_date(con, declared.rows)
        statement = rows_of(declared, as_of, areas=(grid,))
        rows = con.execute(f"SELECT {', '.join(PREFILLED)} FROM ({statement.sql}) ORDER BY dwelling_id NULLS LAST, person_id",
                           statement.parameters).fetchall()
        pass_.saw([row[list(PREFILLED).index("person_id")] for row in rows], len(rows))
    lines = tuple({"visit_no": f"{grid}-{now:%Y%m%d}-{number:04d}", "grid_worker": reader.user, "grid_code": grid}
                  | dict(zip(PREFILLED.values(), row, strict=True)) for number, row in enumerate(rows, start=1))
    return Prefilled(grid, as_of, lines)


def choices(column: Column) -> tuple[str, ...]:
    """The words of a column's drop-down list; empty for a column without one."""
    if column.codes is None:
        return ()
    values = load_catalogue().lists[column.codes].values
    return tuple(value.zh if column.code_form == "name" else value.code for value in values)


def write_workbook(file: Path, lines: Sequence[Line] = ()) -> None:
    """The form as xlsx: every cell is text, so that nothing is turned into a number or a formula."""
    columns = form().data_columns
    book = xlsxwriter.Workbook(str(file), {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False})
    sheet, words = book.add_worksheet(SHEET), book.add_worksheet(WORDS)
    words.hide()
    text = book.add_format({"num_format": "@"})
    heads = {required: book.add_format({"bold": True, "text_wrap": True, "bg_color": REQUIRED_FILL if required else HEADER_FILL})
             for required in (True, False)}
    rows = max(EMPTY_ROWS, 2 * len(lines))
    for number, column in enumerate(columns):
        sheet.set_column(number, number, WIDTH, text)
        sheet.write_string(0, number, column.header, heads[column.required])
        listed = choices(column)
        for place, word in enumerate(listed):
            words.write_string(place, number, word)
        if listed:
            letters = xlsxwriter.utility.xl_col_to_name(number)
            sheet.data_validation(1, number, rows, number, {"validate": "list", "source": f"={WORDS}!${letters}$1:${letters}${len(listed)}",
                                                             "error_type": "warning"})
        for place, line in enumerate(lines, start=1):
            if line.get(column.name) is not None:
                sheet.write_string(place, number, str(line[column.name]), text)
    sheet.freeze_panes(1, 0)
    book.close()


TYPES = {"date": {"type": "string", "format": "date"}, "id_number": {"type": "string", "pattern": "^[0-9]{17}[0-9Xx]$"}}


def json_schema() -> dict[str, Any]:
    """JSON Schema of one line, for terminals: keys are the Chinese headers."""
    contract = form()
    properties = {}
    for column in contract.data_columns:
        listed = choices(column)
        said: dict[str, Any] = {"enum": list(listed)} if listed else dict(TYPES.get(column.type, {"type": "string"}))
        properties[column.header] = {"title": column.name, "description": column.description} | said
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema", "title": contract.title_zh, "description": contract.grain,
        "type": "object", "additionalProperties": False, "properties": properties,
        "required": [column.header for column in contract.data_columns if column.required],
    }
