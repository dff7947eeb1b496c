"""What a department sends back: the file of an outbox folder with answers filled in, perhaps after a spreadsheet had it.

Belongs here: reading such a file, accounting for every line, handing answers to the book. Does not: steps (warehouse/alerts/lifecycle.py).
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

import fastexcel

from sources.errors import OneGridError
from warehouse.alerts import lifecycle
from warehouse.alerts.lifecycle import AlertRefused, Asked, Standing
from warehouse.alerts.states import ANSWERS, WORDS, State
from warehouse.outbox.rendering import ANSWER, FIXED

ALERT, VERSION, ANSWERED, REASON = FIXED["alert_id"], FIXED["version"], ANSWER["answer"], ANSWER["reason"]
NEEDED = (ALERT, VERSION, ANSWERED)
JSON_KEYS = {"alert_id": ALERT, "version": VERSION, "answer": ANSWERED, "reason": REASON}
WIDE = str.maketrans({"　": " ", **{chr(0xFF10 + digit): str(digit) for digit in range(10)}})
"""Full-width blanks and digits, as hands type them."""
HEADER_WITHIN = 20
"""Lines in which the header is looked for: titles and blank lines may have come before it."""


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
    alert_id: str
    fate: Fate
    why: str = ""
    person_id: str | None = None


@dataclass(frozen=True, slots=True)
class _Stated:
    number: int
    alert_id: str
    version: str
    answer: str
    reason: str


def bring(home: Path, file: Path, department: str, account: str, *, now: datetime) -> list[Line]:
    """Take the answers of a file; every line that is not blank is in the result. Raises AnswersRefused, OfficeProblem.

    The same file again changes nothing. An answer on an older version than the book's is refused, and so is an alert of another department.
    """
    return [_taken(home, stated, department, account, now) for stated in _read(file)]


def _taken(home: Path, stated: _Stated, department: str, account: str, now: datetime) -> Line:
    standing = lifecycle.standings(home, department, alert_id=stated.alert_id).get(stated.alert_id)
    if standing is None:
        return Line(stated.number, stated.alert_id[:24], Fate.REFUSED, "this department has no such alert 本部门没有此预警")
    fate, why = _fate(stated, standing)
    if fate is Fate.APPLIED:
        to = _state(stated.answer)
        assert to is not None
        try:
            lifecycle.answer(home, Asked(stated.alert_id, department, int(stated.version), account), to, stated.reason or None, now=now)
        except AlertRefused as problem:
            fate, why = Fate.REFUSED, problem.what
    return Line(stated.number, stated.alert_id, fate, why, standing.person_id)


def _fate(stated: _Stated, standing: Standing) -> tuple[Fate, str]:
    """What a line asks for: APPLIED stands for an answer that is to be tried."""
    to = _state(stated.answer)
    if not stated.answer:
        return Fate.UNCHANGED, "no answer 未填答复"
    if to is None:
        return Fate.REFUSED, "the answer is none of 已知悉 已更正 不属实"
    if standing.state is to:
        return Fate.UNCHANGED, "so already 已是此状态"
    return (Fate.APPLIED, WORDS[to][0]) if stated.version.isdigit() else (Fate.REFUSED, "the version is missing 缺少版本")


def _state(text: str) -> State | None:
    """The state of an answer: its Chinese word, its English one, or its code."""
    words = {word: state for state, both in WORDS.items() for word in (*both, state.value) if state in ANSWERS[State.OPEN]}
    return words.get(text.strip().lower()) or words.get(text.strip())


def _read(file: Path) -> list[_Stated]:
    if not file.is_file():
        raise AnswersRefused(what="there is no such file", where=str(file), remedy="name the file that the department sent back")
    try:
        rows = {".xlsx": _workbook, ".csv": _delimited, ".jsonl": _json_lines}[file.suffix.lower()](file)
    except KeyError:
        raise AnswersRefused(what=f"answers come as .xlsx, .csv or .jsonl, not {file.suffix or 'without a suffix'}", where=str(file),
                             remedy="send the file of the outbox folder back") from None
    except (fastexcel.FastExcelError, UnicodeDecodeError, ValueError, csv.Error) as problem:
        raise AnswersRefused(what=f"the file cannot be read ({type(problem).__name__})", where=str(file),
                             remedy="open and save it again in the same format; nothing of it was taken") from None
    return list(_stated(rows, file))


def _stated(rows: list[list[str]], file: Path) -> Iterator[_Stated]:
    """Lines below the header, columns found by their titles wherever they stand."""
    places: dict[str, int] = {}
    for number, row in enumerate(rows, start=1):
        cells = [cell.translate(WIDE).strip().lstrip("'").strip() for cell in row]
        if not places:
            found = {title: cells.index(title) for title in (*NEEDED, REASON) if title in cells}
            if set(NEEDED) <= set(found):
                places = found
            elif number >= HEADER_WITHIN:
                break
            continue
        if any(cells):
            alert, version, answer = (cells[places[title]] if places[title] < len(cells) else "" for title in NEEDED)
            reason = cells[places[REASON]] if REASON in places and places[REASON] < len(cells) else ""
            yield _Stated(number, alert.replace(" ", ""), version.removesuffix(".0"), answer, reason)
    if not places:
        raise AnswersRefused(what=f"the file has no line with the titles {', '.join(NEEDED)}", where=str(file),
                             remedy="keep the header of the outbox file; columns may be moved, not renamed")


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


def _json_lines(file: Path) -> list[list[str]]:
    lines = [json.loads(line) if line.strip() else {} for line in file.read_text(encoding="utf-8").splitlines()]
    rows = [["" if line.get(key) is None else str(line[key]) for key in JSON_KEYS] for line in lines]
    return [list(JSON_KEYS.values()), *rows]
