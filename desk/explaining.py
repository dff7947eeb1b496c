"""`onegrid explain`: why two records or persons are joined or kept apart.

Belongs here: opening the working state for reading, purpose, language and files of the answer. Does not: finding the reasons
(resolvers/explanation).
"""

from __future__ import annotations

import fcntl
import json
import math
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb
from rich.markup import escape

from desk.access import passing
from desk.render import console, errors, table
from resolvers.explanation import Explanation, charts, explain, telling, words
from resolvers.explanation.words import Language, choose
from resolvers.linkage import restricted_categories
from sources.errors import OneGridError
from warehouse import audit
from warehouse.access import Request
from warehouse.keys import read_key
from warehouse.store import WORKING_FILE, WORKING_NAME, StoreInUse, StoreProblem, attach, open_connection

PURPOSE = "data_quality"


class ExplanationRefused(OneGridError):
    """The purpose does not open explanations, or a file cannot be written."""


@dataclass(frozen=True, slots=True)
class ExplainRequest:
    """What `onegrid explain` was asked."""

    a: str
    b: str
    purpose: str = PURPOSE
    html: Path | None = None
    png: Path | None = None
    output: str = "text"
    language: Language = "zh"
    user: str | None = None


def answer_explain(home: Path, request: ExplainRequest) -> None:
    """Explain, print, write the files. Raises ExplanationRefused, ExplanationProblem and what opening the store raises."""
    for file in (request.html, request.png):
        if file is not None and not file.absolute().parent.is_dir():
            raise ExplanationRefused(what="the folder of this file does not exist", where=str(file), remedy="make it first")
    asked = Request("explain", request.purpose, ("person_id",), rows=True, asked=audit.digest(home, f"{request.a} {request.b}"))
    with passing(home, request.user, asked) as pass_:
        _authorise(request.purpose)
        with open_for_reading(home) as con:
            explanation = explain(con, home / "models", request.a, request.b, where=str(home / WORKING_FILE))
        pass_.saw((explanation.a.side.person_id, explanation.b.side.person_id), 1)
    if request.output == "json":
        sys.stdout.write(as_json(explanation, request.language) + "\n")
    else:
        _print(explanation, request.language)
    _write_files(explanation, request)


def _authorise(purpose: str) -> None:
    if purpose != PURPOSE:
        raise ExplanationRefused(
            what=f"purpose {purpose} does not open explanations of links",
            where="--purpose",
            remedy=f"explanations are for stewards of data: --purpose {PURPOSE}",
        )


@contextmanager
def open_for_reading(home: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The working state, for reading only; unqualified names are its tables. Raises StoreProblem when there is none, StoreInUse
    while a run writes it, and what keys and configuration raise."""
    file = home / WORKING_FILE
    if not file.exists():
        raise StoreProblem(what="there is no working store", where=str(file), remedy="state the home of an installation that has run")
    key = read_key(home)
    _refuse_during_a_run(home)
    con = open_connection(home)
    try:
        attach(con, file, WORKING_NAME, key, read_only=True)
        con.execute(f"USE {WORKING_NAME}")
        yield con
    finally:
        con.close()


def _refuse_during_a_run(home: Path) -> None:
    """A writer holds home/lock alone; a shared lock can be had whenever there is none. It is given back at once."""
    with suppress(FileNotFoundError):
        descriptor = os.open(home / "lock", os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreInUse(
                what="a run is writing the working store", where=str(home / "lock"), remedy="wait until it has finished, then explain again"
            ) from None
        finally:
            os.close(descriptor)


def _print(explanation: Explanation, language: Language) -> None:
    lines = telling.tell(explanation, language)
    console.print(f"[bold]{escape(lines[0])}[/bold]", soft_wrap=True)
    for line in lines[1:]:
        console.print(f"  {escape(line)}", soft_wrap=True)
    weighing = explanation.weighing
    if weighing is None:
        return
    titles = [choose(words.TITLES[name], language) for name in ("comparison", "left", "right", "meaning", "weight")]
    table(choose(words.TITLES["chart"], language), [*titles[:4], titles[4] + " #"], telling.rows(explanation, weighing, language))


def as_json(explanation: Explanation, language: Language) -> str:
    """The explanation as one JSON object: codes and numbers, and its sentences. Restricted records have no values in it, and
    no mention or unit is named by the ids of a run."""
    answer: dict[str, Any] = asdict(explanation)
    for name in ("a", "b"):
        side = answer[name].pop("side")
        answer[name] = {key: side[key] for key in ("kind", "category", "natural_key", "role", "person_id")} | {
            "records": len(side["mention_ids"]),
            "restricted": side["category"] in restricted_categories(),
            "values": answer[name]["values"],
        }
    weighed = [answer["weighing"], *(step["weighing"] for step in answer["path"])]
    for one in weighed:
        for name in ("chart", "left", "right"):
            if one is not None:
                one.pop(name)
    for step in answer["path"]:
        link = step.pop("link")
        step |= {name: link[name] for name in ("probability", "reason")}
        step["weight"] = link["weight"] if math.isfinite(link["weight"]) else None
    return json.dumps(answer | {"sentences": telling.tell(explanation, language)}, ensure_ascii=False, indent=1)


def _write_files(explanation: Explanation, request: ExplainRequest) -> None:
    if request.html is not None:
        _write(request.html, charts.page(explanation, request.language).encode())
    if request.png is None:
        return
    picture = charts.png(explanation, request.language)
    if picture is None:
        errors.print("no picture: the model has nothing to compare here 模型没有可比较的内容，未生成图片")
        return
    _write(request.png, picture)
    if request.language == "zh" and not charts.chinese_can_be_drawn():
        errors.print("this machine has no font with Chinese characters: the picture is labelled in English")


def _write(file: Path, data: bytes) -> None:
    """The file is complete or not there."""
    unfinished = file.with_name(file.name + ".part")
    try:
        unfinished.write_bytes(data)
        unfinished.replace(file)
    except OSError as problem:
        raise ExplanationRefused(
            what=f"the file cannot be written ({type(problem).__name__})",
            where=str(file),
            remedy="state a file in a folder that you may write to",
        ) from None
    errors.print(f"wrote {escape(str(file))}")
