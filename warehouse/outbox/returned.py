"""Files that a department sends back with its answers filled in, perhaps after a spreadsheet had them.

Belongs here: reading such a file whatever it went through, the account of its lines. Does not: what the answers are about
(answers.py for alerts, warehouse/changes/answers.py for offers).
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

import fastexcel

from sources.errors import OneGridError

WIDE = str.maketrans({"　": " ", **{chr(0xFF10 + digit): str(digit) for digit in range(10)}})
"""Full-width blanks and digits, as hands type them."""
JSON_LINES = ".jsonl"
HEADER_WITHIN = 20
"""Lines in which the header is looked for: titles and blank lines may have come before it."""
LONGEST_ID = 24
S = TypeVar("S", bound=StrEnum)
"""States of what is answered."""


class AnswersRefused(OneGridError):
    """The file as a whole cannot be read; nothing of it was taken."""


class Fate(StrEnum):
    """What became of a line."""

    APPLIED = "applied"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the file (from 1, as a spreadsheet counts) and what became of it; `why` holds no value of a record."""

    number: int
    identity: str
    fate: Fate
    why: str = ""
    person_id: str | None = None


@dataclass(frozen=True, slots=True)
class Titles:
    """The titles of the columns that are read; the file may have others, in any order. JSON Lines have the keys `identity_key`, version,
    answer and reason."""

    identity_key: str
    identity: str
    version: str
    answer: str
    reason: str

    @property
    def needed(self) -> tuple[str, str, str]:
        return self.identity, self.version, self.answer


@dataclass(frozen=True, slots=True)
class Stated:
    """What a line that is not blank states; empty where it says nothing."""

    number: int
    identity: str
    version: str
    answer: str
    reason: str

    def line(self, fate: Fate, why: str = "", person_id: str | None = None) -> Line:
        return Line(self.number, self.identity[:LONGEST_ID], fate, why, person_id)


def read(file: Path, titles: Titles) -> list[Stated]:
    """The lines below the header, of .xlsx, .csv (UTF-8 or GB18030) or .jsonl. Raises AnswersRefused."""
    if not file.is_file():
        raise AnswersRefused(what="there is no such file", where=str(file), remedy="name the file that the department sent back")
    kind = file.suffix.lower()
    if kind not in (".xlsx", ".csv", JSON_LINES):
        raise AnswersRefused(what=f"answers come as .xlsx, .csv or .jsonl, not {file.suffix or 'without a suffix'}", where=str(file),
                             remedy="send the file that was written for you back")
    try:
        rows = _json_lines(file, titles) if kind == JSON_LINES else (_workbook if kind == ".xlsx" else _delimited)(file)
    except (fastexcel.FastExcelError, UnicodeDecodeError, ValueError, AttributeError, csv.Error) as problem:
        raise AnswersRefused(what=f"the file cannot be read ({type(problem).__name__})", where=str(file),
                             remedy="open and save it again in the same format; nothing of it was taken") from None
    return list(_stated(rows, file, titles, first=0 if kind == JSON_LINES else 1))


def judged(stated: Stated, states: Mapping[str, S], now: S) -> tuple[Fate, str, S | None]:
    """What a line asks for, by the words that may stand as answer: its fate, why, and the state where the answer is to be tried."""
    to = states.get(stated.answer.strip().lower())
    if not stated.answer:
        return Fate.UNCHANGED, "no answer 未填答复", None
    if to is None:
        return Fate.REFUSED, f"the answer is none of {' '.join(word for word in states if not word.isascii())}", None
    if now is to:
        return Fate.UNCHANGED, "so already 已是此状态", None
    if not stated.version.isdigit():
        return Fate.REFUSED, "the version is missing 缺少版本", None
    return Fate.APPLIED, "", to


def _stated(rows: list[list[str]], file: Path, titles: Titles, *, first: int) -> Iterator[Stated]:
    """Lines below the header, columns found by their titles wherever they stand; `first`: the number of the first row."""
    places: dict[str, int] = {}
    for number, row in enumerate(rows, start=first):
        cells = [cell.translate(WIDE).strip().lstrip("'").strip() for cell in row]
        if not places:
            found = {title: cells.index(title) for title in (*titles.needed, titles.reason) if title in cells}
            if set(titles.needed) <= set(found):
                places = found
            elif number >= HEADER_WITHIN:
                break
            continue
        if any(cells):
            identity, version, answer, reason = (
                cells[places[title]] if title in places and places[title] < len(cells) else "" for title in (*titles.needed, titles.reason))
            yield Stated(number, identity.replace(" ", ""), version.removesuffix(".0"), answer, reason)
    if not places:
        raise AnswersRefused(what=f"the file has no line with the titles {', '.join(titles.needed)}", where=str(file),
                             remedy="keep the header of the file; columns may be moved, not renamed")


def _workbook(file: Path) -> list[list[str]]:
    book = fastexcel.read_excel(file)
    sheet = book.load_sheet(0, header_row=None, dtypes="string", skip_rows=0)
    columns = sheet.to_arrow().to_pydict().values()
    return [["" if cell is None else str(cell) for cell in row] for row in zip(*columns, strict=True)]


def _delimited(file: Path) -> list[list[str]]:
    data = file.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("gb18030")  # what a spreadsheet on a Chinese Windows saves
    return list(csv.reader(io.StringIO(text, newline="")))


def _json_lines(file: Path, titles: Titles) -> list[list[str]]:
    lines = [json.loads(line) if line.strip() else {} for line in file.read_text(encoding="utf-8").splitlines()]
    keys = {titles.identity_key: titles.identity, "version": titles.version, "answer": titles.answer, "reason": titles.reason}
    return [list(keys.values()), *(["" if line.get(key) is None else str(line[key]) for key in keys] for line in lines)]
