"""`onegrid feeds`: the products, what is due, one's own rows.

Belongs here: words in Chinese and English, tables, CSV, JSON and Parquet of answers. Does not: products (warehouse/feeds).
"""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from desk.access import check
from desk.render import console, table
from sources.catalogue import load_catalogue
from sources.errors import OneGridError
from warehouse import snapshots
from warehouse.access import identify
from warehouse.feeds import compatibility, consents, products
from warehouse.feeds.answers import Answer, Question, read
from warehouse.feeds.building import Built, Run, State, build
from warehouse.feeds.declared import COUNT, DeclaredFeed, feed_of, load_feeds

SHOWN = 20
"""Rows of a table on a terminal; other formats are complete."""
STATES = {
    State.PUBLISHED: ("已发布", "published"), State.SAME: ("无变化", "unchanged"), State.NOT_DUE: ("未到期", "not due"),
    State.OLDER: ("快照较旧", "snapshot is older"), State.ON_REQUEST: ("按需", "on request"),
}  # fmt: skip
CADENCES = {"daily": "每日", "weekly": "每周", "monthly": "每月", "quarterly": "每季", "on request": "按需"}
GRAINS = {"person": "每人一行", "dwelling": "每户房屋一行", "aggregate": "汇总"}
YES_NO = {True: ("一致", "yes, it is the one on record"), False: ("不一致", "no, it is not the one on record")}


class WrongFormat(OneGridError):
    """The answer cannot be written as asked."""


@dataclass(frozen=True, slots=True)
class Written:
    """How an answer is to be given: format, file (none: the terminal), language."""

    output: str
    out: Path | None = None
    language: str = "zh"


def list_feeds(home: Path | None, language: str) -> None:
    """Every module with its terms, and with a home the newest product. No person is shown."""
    words = 0 if language == "zh" else 1
    rows = []
    for declared in load_feeds().values():
        feed = declared.feed
        kept = products.list_products(home, feed.module) if home is not None else []
        rows.append([feed.module, feed.title_zh, feed.purpose, CADENCES[feed.cadence] if words == 0 else feed.cadence, feed.delivery,
                     len(declared.columns), kept[-1].as_of if kept else None, kept[-1].rows if kept else None])
    headers = (["模块", "名称", "用途", "周期", "形式", "列#", "最新", "行#"],
               ["module", "名称", "purpose", "cadence", "delivery", "columns#", "newest", "rows#"])  # fmt: skip
    table(("数据产品", "data products")[words], headers[words], rows)


def show_feed(module: str, home: Path | None, language: str) -> None:
    """What a product is, for whom, on which terms, and its columns."""
    words = 0 if language == "zh" else 1
    declared = feed_of(module)
    feed = declared.feed
    kept = products.list_products(home, module) if home is not None else []
    purpose = load_catalogue().purposes[feed.purpose]
    schema = compatibility.kept_schema(module)
    facts = {
        ("用途", "purpose"): f"{purpose.title_zh} {purpose.name}", ("粒度", "grain"): GRAINS[feed.grain] if words == 0 else feed.grain,
        ("周期", "cadence"): CADENCES[feed.cadence] if words == 0 else feed.cadence, ("形式", "delivery"): feed.delivery,
        ("接收方", "recipient"): feed.recipient, ("行范围", "row scope"): feed.row_scope, ("保存", "retention"): feed.retention,
        ("结构版本", "schema version"): schema["version"] if schema else compatibility.FIRST,
        ("最小单元", "smallest count told"): feed.min_cell,
        ("已发布", "kept"): ", ".join(one.as_of for one in kept) or None,
    }  # fmt: skip
    console.print(f"[bold]{feed.title_zh}[/bold] {module}\n{feed.description}", soft_wrap=True)
    table("", ["", ""], [[name[words], value] for name, value in facts.items() if value is not None])
    table("", (["列", "名称", "类型", "可缺", "代码表"], ["column", "名称", "type", "can be missing", "codes"])[words],
          [[one.name, one.title_zh, one.type, one.nullable, one.codes] for one in declared.columns])  # fmt: skip
    for variant in feed.variants:
        console.print(f"{variant.recipient} ({variant.purpose}): {variant.answer}: {', '.join(variant.columns)}", soft_wrap=True)


def check_feeds(language: str, *, accept: bool, breaking: bool) -> bool:
    """Compare every feed with the schema that its consumers were promised; whether all are compatible."""
    words = 0 if language == "zh" else 1
    for one in compatibility.accept(breaking=breaking) if accept else ():
        console.print(f"{one.module} {one.version}")
    compared = compatibility.compare_all()
    for one in compared:
        for text in one.breaking:
            console.print(f"[red]{('不兼容', 'breaks')[words]}[/red] {one.module}: {text}", soft_wrap=True)
        for text in one.added:
            console.print(f"{('兼容新增', 'added')[words]} {one.module} ({one.version}): {text}", soft_wrap=True)
    broken = sum(bool(one.breaking) for one in compared)
    console.print((f"{len(compared)} 个模块, {broken} 个不兼容", f"{len(compared)} modules, {broken} incompatible")[words])
    return broken == 0


def build_feeds(home: Path, modules: Sequence[str], *, force: bool, user: str | None, language: str) -> None:
    """Publish what is due of the current snapshot. Only for operators."""
    words = 0 if language == "zh" else 1
    account = check(home, user, "feeds build")
    snapshot = snapshots.choose(home)
    run = Run(home, snapshot.as_of, snapshot.number, account, datetime.now(UTC), force)
    with snapshots.open_snapshot(home) as con:
        built = build(con, run, list(modules) or None)
    headers = (["模块", "状态", "截至", "行#", "新增#", "变更#", "移除#", "不公布#", "到期删除#", "版本"],
               ["module", "state", "as of", "rows#", "inserted#", "changed#", "removed#", "withheld#", "expired#", "schema"])  # fmt: skip
    table("", headers[words], [_built_row(one, words) for one in built])


def _built_row(one: Built, words: int) -> list[Any]:
    counts = [one.rows, one.inserted, one.changed, one.removed, one.withheld] if one.state in {State.PUBLISHED} else [None] * 5
    return [one.module, STATES[one.state][words], str(one.as_of), *counts, one.expired, one.schema_version]


def read_feed(home: Path, question: Question, user: str | None, written: Written) -> None:
    """Answer, recorded, then print or write: one's own rows of a product."""
    if written.output == "parquet" and written.out is None:
        raise WrongFormat(what="Parquet needs a file", where="onegrid feeds read", remedy="add --out FILE.parquet")
    answer = read(home, identify(home, user), question, now=datetime.now(UTC))
    if answer.matches is not None:
        words = YES_NO[answer.matches][0 if written.language == "zh" else 1]
        sys.stdout.write(json.dumps({"matches": answer.matches}) + "\n" if written.output == "json" else f"{words}\n")
        return
    _write(feed_of(question.module), answer, written)


def _write(declared: DeclaredFeed, answer: Answer, written: Written) -> None:
    if written.output == "parquet":
        assert written.out is not None
        pq.write_table(answer.rows, written.out, compression="zstd")
        written.out.chmod(products.FILE_MODE)
    elif written.output == "table" and written.out is None:
        _print_table(declared, answer, written.language)
    elif written.out is not None:
        with written.out.open("w", encoding="utf-8-sig" if written.output != "json" else "utf-8", newline="") as file:
            written.out.chmod(products.FILE_MODE)
            file.writelines(_lines(answer.rows, written.output))
    else:
        sys.stdout.writelines(_lines(answer.rows, written.output))


def _print_table(declared: DeclaredFeed, answer: Answer, language: str) -> None:
    columns = {column.name: column for column in declared.columns}
    names = [name if language != "zh" or name not in columns else columns[name].title_zh for name in answer.rows.column_names]
    headers = [name + ("#" if columns.get(key) and columns[key].type == COUNT else "")
               for name, key in zip(names, answer.rows.column_names, strict=True)]
    table("", headers, (list(row.values()) for row in answer.rows.slice(0, SHOWN).to_pylist()))
    more = f", the first {SHOWN} shown" if answer.rows.num_rows > SHOWN else ""
    console.print(f"{answer.rows.num_rows:,} rows 行{more}, {answer.as_of}")


def _lines(rows: pa.Table, output: str) -> Iterator[str]:
    """CSV as files of products have it, or one JSON object per line."""
    if output == "json":
        for row in rows.to_pylist():
            yield json.dumps(row, ensure_ascii=False, default=str) + "\n"
        return
    yield ",".join(rows.column_names) + "\n"
    for row in rows.to_pylist():
        yield _csv_line([_cell(value) for value in row.values()])


def _csv_line(cells: list[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return ";".join(value) if isinstance(value, list) else str(value)


def supply_consents(home: Path, module: str, area: str, file: Path, user: str | None) -> None:
    """Take a committee's list: a text file with one person_id per line, or a CSV with the column person_id."""
    lines = [line.split(",") for line in file.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
    position = lines[0].index("person_id") if lines and "person_id" in lines[0] else 0
    persons = [line[position].strip() for line in lines if line[position].strip() != "person_id"]
    number = consents.supply(home, identify(home, user), module, area, persons, now=datetime.now(UTC))
    console.print(f"{number} persons 人")
