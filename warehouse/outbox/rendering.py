"""The files of one department: xlsx, CSV and JSON Lines with the same lines.

Belongs here: columns, words, cells that no spreadsheet takes for a formula. Does not: where the files lie (folders.py).
"""

from __future__ import annotations

import csv
import itertools
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import xlsxwriter

from sources.catalogue import load_catalogue

FIXED = {
    "message_id": "消息编号", "alert_id": "预警编号", "event": "事件", "check": "核查代码", "title": "核查名称", "severity": "严重程度",
    "opened_on": "发现日期", "due_on": "答复期限", "version": "版本", "own_records": "本部门记录", "told": "说明",
}  # fmt: skip
ANSWER = {"answer": "答复", "reason": "理由"}
EVENTS = {"opened": "新增", "reopened": "再次出现", "severity": "严重程度变化", "closed": "已消除", "count": "分乡镇计数",
          "again": "事实有变或更正后仍存在"}
SEVERITIES = {"high": "高", "medium": "中", "low": "低"}
ANSWERS = ("已知悉", "已更正", "不属实")
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""Beginnings that spreadsheets read as a formula, the full-width ones included."""
EXPLAINED = (
    "本文件列出与贵部门登记数据有关的预警。每行一条消息。",
    "请在“答复”一栏选择:已知悉、已更正、不属实;选择“不属实”时请在“理由”一栏说明理由。",
    "消息编号相同的行是同一条消息,重复收到时无需再次处理。",
    "以单引号(')开头的单元格是文本,单引号用于防止被当作公式。",
)


def safe(text: str) -> str:
    """The text as a cell that stays text, also after a spreadsheet saved it as CSV again."""
    return "'" + text if text.startswith(DANGEROUS) else text


def write_files(folder: Path, lines: list[dict[str, Any]]) -> None:
    """alerts.xlsx, alerts.csv (UTF-8 with BOM) and alerts.jsonl from lines with the keys of FIXED and a dict `evidence`."""
    shown = sorted({column for line in lines for column in line["evidence"]})
    header = [*FIXED.values(), *map(column_title, shown), *ANSWER.values()]
    _write_workbook(folder / "alerts.xlsx", header, _rows(lines, shown))
    with (folder / "alerts.csv").open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(itertools.chain([header], _rows(lines, shown)))
    with (folder / "alerts.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(line, ensure_ascii=False, sort_keys=True, default=str) + "\n" for line in lines)


def _rows(lines: list[dict[str, Any]], shown: list[str]) -> Iterator[list[str]]:
    """One row at a time: hundreds of thousands of them as cells would need gigabytes."""
    for line in lines:
        evidence = line["evidence"]
        yield [*(safe(_text(line.get(key))) for key in FIXED), *(safe(_text(evidence.get(column))) for column in shown), "", ""]


def column_title(source: str) -> str:
    """The Chinese title of a column of evidence, `category.column`."""
    if source == "count":
        return "人数"
    category, column = source.split(".")
    contract = load_catalogue().contracts[category]
    return f"{contract.title_zh}.{contract.column(column).header}"


def _text(value: Any) -> str:
    if value is None:
        return ""
    return "; ".join(str(one) for one in value) if isinstance(value, list) else str(value)


def _write_workbook(path: Path, header: list[str], rows: Iterable[list[str]]) -> None:
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
                                           "strings_to_numbers": False})
    text = book.add_format({"num_format": "@"})
    sheet = book.add_worksheet("预警")
    sheet.set_column(0, len(header) - 1, 18, text)
    sheet.freeze_panes(1, 0)
    last = 0
    for last, row in enumerate(itertools.chain([header], rows)):
        for place, cell in enumerate(row):
            sheet.write_string(last, place, cell, text)
    if last:
        answer = header.index(ANSWER["answer"])
        sheet.data_validation(1, answer, last, answer, {"validate": "list", "source": list(ANSWERS)})
    explained = book.add_worksheet("说明")
    explained.set_column(0, 0, 90)
    for number, words in enumerate(EXPLAINED):
        explained.write_string(number, 0, words)
    book.close()
