"""Files for reviewers: items with empty columns for the verdict, and the same file read back.

Belongs here: columns, safe cells, reading CSV, JSON and workbooks, and the accounting of lines. Does not: choosing items.

An item travels by its name, not by keys of records: categories of restricted records are nobody's business who reads the file. Cells
that a spreadsheet could take for a formula begin with an apostrophe.
"""

from __future__ import annotations

import csv
import io
import json
import os
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import fastexcel
import xlsxwriter

from resolvers.review.decisions import ReviewProblem, Verdict, find_item, record
from resolvers.review.queue import Item
from resolvers.review.sides import Side
from resolvers.review.words import FIELDS, VERDICTS, reasons, title, verdict_of

ITEM, VERDICT, WHY = "item 编号", "verdict 裁定", "reason 理由"
ASKED = "question 待核实原因"
SUFFIXES = (".xlsx", ".csv", ".json")
MOST_LINES = 100_000
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "'")


class LineProblem(Exception):
    """Why a line was refused; never a value of it."""


@dataclass(frozen=True, slots=True)
class Line:
    """What became of one line of a file: outcome accepted|known|empty|refused, with the reason."""

    number: int
    item: str
    outcome: str
    reason: str = ""


def safe_cell(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(DANGEROUS) else text


def plain_cell(text: str) -> str:
    """The text that `safe_cell` was given."""
    return text[1:] if text.startswith("'") and text[1:].startswith(DANGEROUS) else text


def rows_of(items: Sequence[Item], sides: Sequence[tuple[Side, Side]]) -> list[dict[str, str]]:
    """One row per item: its name, why it is asked, each field of both sides, and empty cells to fill in."""
    rows = []
    for item, (left, right) in zip(items, sides, strict=True):
        row = {ITEM: item.item, ASKED: reasons(item)}
        for field in FIELDS:
            row[f"A {title(field)}"], row[f"B {title(field)}"] = left.text(field), right.text(field)
        rows.append(row | {VERDICT: "", WHY: ""})
    return rows


def write_file(rows: Sequence[dict[str, str]], file: Path) -> None:
    """Write .xlsx, .csv (UTF-8 with mark) or .json, readable by its owner only; complete or not there. Raises ReviewProblem."""
    _check_suffix(file)
    columns = list(rows[0]) if rows else [ITEM, ASKED, VERDICT, WHY]
    unfinished = file.with_name(f".{file.name}.part")
    try:
        os.close(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        if file.suffix.lower() == ".json":
            unfinished.write_text(json.dumps(list(rows), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        elif file.suffix.lower() == ".csv":
            with unfinished.open("w", encoding="utf-8-sig", newline="") as stream:
                writer = csv.writer(stream)
                writer.writerow(columns)
                writer.writerows([safe_cell(row[column]) for column in columns] for row in rows)
        else:
            _write_workbook(rows, columns, unfinished)
        unfinished.replace(file)
    except OSError as problem:
        unfinished.unlink(missing_ok=True)
        raise ReviewProblem(
            what=f"the file cannot be written ({type(problem).__name__})", where=str(file), remedy="choose another folder"
        ) from None


def _write_workbook(rows: Sequence[dict[str, str]], columns: list[str], file: Path) -> None:
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
    with xlsxwriter.Workbook(str(file), options) as book:
        sheet = book.add_worksheet("review 核实")
        bold, wrap = book.add_format({"bold": True, "text_wrap": True}), book.add_format({"text_wrap": True, "valign": "top"})
        for place, column in enumerate(columns):
            sheet.write_string(0, place, column, bold)
            sheet.set_column(place, place, 40 if column in (ASKED, WHY) else 18)
        for number, row in enumerate(rows, 1):
            for place, column in enumerate(columns):
                sheet.write_string(number, place, safe_cell(row[column]), wrap)
        sheet.freeze_panes(1, 1)
        if rows:
            place = columns.index(VERDICT)
            choices = [" ".join(words) for words in VERDICTS.values()]
            sheet.data_validation(1, place, len(rows), place, {"validate": "list", "source": choices})


def _check_suffix(file: Path) -> None:
    if file.suffix.lower() not in SUFFIXES:
        raise ReviewProblem(what=f"a file {file.suffix or 'without ending'} is none of these", where=str(file),
                            remedy=f"choose one of: {', '.join(SUFFIXES)}")  # fmt: skip


def read_file(file: Path) -> list[dict[str, str]]:
    """Lines with the cells of `item`, `verdict` and `reason`. Raises ReviewProblem for a file that cannot be read whole."""
    _check_suffix(file)
    try:
        lines = {".json": _read_json, ".csv": _read_csv, ".xlsx": _read_workbook}[file.suffix.lower()](file)
    except (OSError, ValueError, csv.Error, zipfile.BadZipFile, fastexcel.FastExcelError) as problem:
        raise ReviewProblem(
            what=f"the file cannot be read ({type(problem).__name__})", where=str(file), remedy="save the exported file anew"
        ) from None
    lines = [{_header(name): cell for name, cell in line.items()} for line in lines]
    if len(lines) > MOST_LINES:
        raise ReviewProblem(what=f"more than {MOST_LINES} lines", where=str(file), remedy="split the file")
    missing = [name for name in (ITEM, VERDICT, WHY) if lines and not any(name in line for line in lines)]
    if missing or not lines:
        raise ReviewProblem(
            what=f"columns are missing: {', '.join(missing)}" if missing else "the file holds no line",
            where=str(file),
            remedy="fill in the file that `onegrid review export` wrote",
        )
    return [{name: plain_cell(line.get(name, "").strip()) for name in (ITEM, VERDICT, WHY)} for line in lines]


def _header(name: str) -> str:
    """The column that a header means: its English word is enough."""
    word = name.strip().split(" ")[0].lower()
    return next((known for known in (ITEM, VERDICT, WHY) if known.split(" ")[0] == word), name)


def _read_json(file: Path) -> list[dict[str, str]]:
    loaded: Any = json.loads(file.read_text(encoding="utf-8-sig"))
    if not isinstance(loaded, list) or not all(isinstance(line, dict) for line in loaded):
        raise ValueError("not a list of objects")
    return [{str(name): "" if value is None else str(value) for name, value in line.items()} for line in loaded]


def _read_csv(file: Path) -> list[dict[str, str]]:
    data = file.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("gb18030")
    return [{name or "": cell or "" for name, cell in line.items() if isinstance(cell, str) or cell is None}
            for line in csv.DictReader(io.StringIO(text, newline=""))]  # fmt: skip


def _read_workbook(file: Path) -> list[dict[str, str]]:
    book = fastexcel.read_excel(str(file))
    table = book.load_sheet(0, dtypes="string").to_arrow().to_pylist()
    return [{str(name): "" if value is None else str(value) for name, value in line.items()} for line in table]


def apply_lines(con: duckdb.DuckDBPyConnection, lines: Sequence[dict[str, str]], *, by: str, at: datetime) -> list[Line]:
    """Record the decisions of a file; one outcome per line, numbered as a spreadsheet does (the header is 1).

    A line without verdict is empty. Two lines of one item with different verdicts are both refused. What stands already is known, so a
    file read twice is applied once.
    """
    said: dict[str, set[Verdict | None]] = {}
    for line in lines:
        if line[VERDICT]:
            said.setdefault(line[ITEM], set()).add(verdict_of(line[VERDICT]))
    outcomes = []
    for number, line in enumerate(lines, 2):
        try:
            outcome = _apply(con, line, said.get(line[ITEM], set()), by, at)
            outcomes.append(Line(number, line[ITEM], outcome))
        except (LineProblem, ReviewProblem) as problem:
            reason = problem.what if isinstance(problem, ReviewProblem) else str(problem)
            outcomes.append(Line(number, line[ITEM], "refused", reason))
    return outcomes


def _apply(con: duckdb.DuckDBPyConnection, line: dict[str, str], said: set[Verdict | None], by: str, at: datetime) -> str:
    if not line[VERDICT] and not line[WHY]:
        return "empty"
    verdict = verdict_of(line[VERDICT])
    if verdict is None:
        raise LineProblem("the verdict is none of: " + ", ".join(verdict for verdict in Verdict))
    if len(said) > 1:
        raise LineProblem("another line of the file says something else of this item")
    shown = find_item(con, line[ITEM])
    _, new = record(con, (shown.left, shown.right), verdict, by=by, at=at, why=line[WHY], evidence=shown.evidence, item=shown.item)
    return "accepted" if new else "known"
