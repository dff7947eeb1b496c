"""`query`, `profile`: reads of the published snapshot for a stated purpose.

Belongs here: which read a command asks for, and how its answer is written out.
Does not: what a purpose opens (warehouse/purposes.py), what a query means (warehouse/queries).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from rich.markup import escape

from desk.access import passing
from desk.render import console, errors, table
from sources.catalogue import load_catalogue
from sources.errors import OneGridError
from warehouse import audit, queries
from warehouse.access import Pass, Request
from warehouse.phrases import understand
from warehouse.provenance import provenance_of
from warehouse.snapshots import open_snapshot

SHOWN_FIRST = ("person_id", "name", "sex", "age", "residence_township", "residence_community", "residence_address", "resident_type",
               "residence_months", "contact_phone", "living_alone", "last_confirmed_date")
"""Columns of a terminal table, as far as the purpose opens them; the other formats carry all columns of the purpose."""


class WrongRequest(OneGridError):
    """The command's arguments contradict one another."""


@dataclass(frozen=True, slots=True)
class QueryRequest:
    """What `onegrid query` was asked."""

    purpose: str
    file: Path | None = None
    text: str | None = None
    as_of: date | None = None
    count: bool = False
    by: str | None = None
    level: str | None = None
    output: str = "table"
    out: Path | None = None
    limit: int = 20
    user: str | None = None


Show = Callable[[], None]
"""Prints or writes an answer, once its audit entry is on the disk."""


def answer_query(home: Path, request: QueryRequest) -> None:
    """Understand, answer, record, then print or write. Raises AccessRefused, PurposeRefused, QueryRefused, WrongRequest."""
    if request.level is not None and request.by != "residence_area":
        raise WrongRequest(what="--level says which areas to count by", where="onegrid query", remedy="use it with --by residence_area")
    text = _text_of(request)
    asked = audit.digest(home, text)
    with passing(home, request.user, Request("query", request.purpose, asked=asked)) as pass_:
        query = _query_of(text, request)
        query = replace(query, areas=pass_.areas, departments=pass_.departments)
        with open_snapshot(home, query.as_of or request.as_of) as con:
            show = _answered(con, query, request, pass_)
    if request.text is not None and request.output == "table":
        understood = {"purpose": request.purpose, "query": understand(request.text).query}
        console.print(f"[bold]{escape(request.text)}[/bold]")
        console.print(escape(json.dumps(understood, ensure_ascii=False)), soft_wrap=True)
    show()


def _answered(con: duckdb.DuckDBPyConnection, query: queries.Query, request: QueryRequest, pass_: Pass) -> Show:
    if request.by is not None:
        breakdown = queries.count_by(con, query, f"residence_area.residence_{request.level}" if request.level else request.by)
        pass_.saw((), len(breakdown.cells))
        return partial(_noted, breakdown.note, partial(_write_breakdown, breakdown, request))
    if request.count or load_catalogue().purposes[query.purpose].granularity == "aggregate":
        counted = queries.count(con, query)
        pass_.saw((), 1)
        words = "fewer than the smallest number told" if counted.suppressed else f"{counted.persons:,} persons 人"
        shown = {"count": counted.persons, "suppressed": counted.suppressed}
        return partial(_noted, counted.note, partial(_write, shown, request, words))
    if request.output != "table":
        answer = queries.answer(con, query)
        pass_.saw(answer.rows["person_id"].to_pylist(), answer.rows.num_rows)
        return partial(_write_table, answer.rows, request)
    opened = load_catalogue().purposes[query.purpose].attributes
    answer = queries.answer(con, query, columns=[name for name in SHOWN_FIRST if name in opened], limit=request.limit)
    pass_.saw(answer.rows["person_id"].to_pylist(), max(answer.rows.num_rows, 1))
    return partial(_print_rows, answer, request)


def _noted(note: str | None, show: Show) -> None:
    """The answer, and on standard error what has to be known about it (figures of statistics are perturbed)."""
    show()
    if note is not None:
        errors.print(f"[dim]{escape(note)}[/dim]")


def _text_of(request: QueryRequest) -> str:
    if (request.file is None) == (request.text is None):
        raise WrongRequest(what="state either a query file or --text", where="onegrid query", remedy="for instance --text '沙市区独居老人'")
    if request.output == "parquet" and request.out is None:
        raise WrongRequest(what="Parquet needs a file", where="onegrid query", remedy="add --out FILE.parquet")
    if request.text is not None:
        return request.text
    assert request.file is not None
    return sys.stdin.read() if str(request.file) == "-" else request.file.read_text(encoding="utf-8")


def _query_of(text: str, request: QueryRequest) -> queries.Query:
    if request.text is None:
        return queries.parse(text, purpose=request.purpose)
    return queries.parse({"purpose": request.purpose, "query": understand(text).query})


def _write(values: dict[str, Any], request: QueryRequest, words: str) -> None:
    if request.output == "table":
        console.print(words)
    else:
        _write_table(pa.Table.from_pylist([values]), request)


def _write_breakdown(breakdown: queries.Breakdown, request: QueryRequest) -> None:
    attribute = load_catalogue().attributes[breakdown.attribute]
    rows = [{"value": cell.value, "zh": cell.zh, "count": cell.count.persons} for cell in breakdown.cells]
    if request.output == "table":
        table(f"{attribute.title_zh} {attribute.name}", ["value", "名称", "persons 人#"],
              [[row["value"] if row["value"] is not None else "(missing 缺)", row["zh"],
                row["count"] if row["count"] is not None else "suppressed 不公布"] for row in rows])
        total = breakdown.total.persons
        console.print(f"total 合计: {total:,}" if total is not None else "total 合计: suppressed 不公布")
    else:
        _write_table(pa.Table.from_pylist(rows), request)


def _print_rows(answer: queries.Answer, request: QueryRequest) -> None:
    titles = [load_catalogue().attributes[name].title_zh for name in answer.rows.column_names]
    if request.limit > 0:
        table("", titles, (row.values() for row in answer.rows.to_pylist()))
    more = f", the first {answer.rows.num_rows} shown" if answer.rows.num_rows < answer.count else ""
    console.print(f"{answer.count:,} persons 人{more}")


def _write_table(rows: pa.Table, request: QueryRequest) -> None:
    if request.output == "parquet":
        pyarrow.parquet.write_table(rows, request.out, compression="zstd")
        console.print(f"wrote {request.out}")
        return
    text = _as_json(rows) if request.output == "json" else _as_csv(rows)
    if request.out is not None:
        request.out.write_text(text, encoding="utf-8-sig" if request.output == "csv" else "utf-8")
        console.print(f"wrote {request.out}")
    else:
        sys.stdout.write(text)


def _as_json(rows: pa.Table) -> str:
    return json.dumps(rows.to_pylist(), ensure_ascii=False, default=str) + "\n"


def _as_csv(rows: pa.Table) -> str:
    """Header row of attribute names, dates YYYY-MM-DD, lists joined by ;."""
    columns = {name: [";".join(value) if isinstance(value, list) else value for value in rows[name].to_pylist()]
               if pa.types.is_list(rows.schema.field(name).type) else rows[name] for name in rows.column_names}
    sink = pa.BufferOutputStream()
    pyarrow.csv.write_csv(pa.table(columns), sink)
    return str(sink.getvalue().to_pybytes().decode("utf-8"))


def show_profile(home: Path, purpose: str, person_id: str | None, id_number: str | None, as_of: date | None, output: str,
                 user: str | None = None) -> None:
    """One person's values of the purpose, each with where it came from. Raises AccessRefused, PurposeRefused, WrongRequest."""
    if (person_id is None) == (id_number is None):
        raise WrongRequest(what="state either PERSON_ID or --id-number", where="onegrid profile", remedy="for instance --id-number ID")
    key = "person_id" if person_id is not None else "id_number"
    asked = (person_id or id_number or "").strip().upper()
    request = Request("profile", purpose, (key,), rows=True, asked=audit.digest(home, asked))
    with passing(home, user, request) as pass_:
        with open_snapshot(home, as_of) as con:
            source = pass_.reading(purpose)
            found = con.execute(f"SELECT {source.expression('person_id')} FROM {source.tables} WHERE {source.expression(key)} = $1 "
                                f"AND {source.condition} ORDER BY 1", [asked]).fetchall()
            if not found:
                raise WrongRequest(what="no person with this key is visible to this purpose and account", where="published snapshot",
                                   remedy="check the key and the purpose")
            told = {one: provenance_of(con, one, purpose, pass_.holders) for (one,) in found}
        pass_.saw(tuple(told), len(told))
    titles = {name: attribute.title_zh for name, attribute in load_catalogue().attributes.items()}
    for found_id, values in told.items():
        if output == "table":
            table(f"{found_id}", ["attribute", "名称", "value", "rule", "from", "delivered", "agree#", "differ#"],
                  [[v.attribute, titles[v.attribute], v.value, v.rule, " ".join(filter(None, (v.category, v.natural_key))) or None,
                    v.delivery_date, v.agree, v.disagree] for v in values])
        else:
            sys.stdout.write(json.dumps([asdict(value) for value in values], ensure_ascii=False, default=str) + "\n")
