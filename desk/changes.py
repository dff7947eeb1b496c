"""`onegrid changes`: what other departments know better than a department's own records, and what it answers.

Belongs here: offers of the snapshot beside their standing, tables, files. Does not: what may be offered (warehouse/changes).
"""

from __future__ import annotations

import csv
import json
import os
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from desk.access import passing
from desk.alerts import known_department
from desk.outbox import account_for, note_decided
from desk.reading import WrongRequest
from desk.render import console, table
from desk.subject.words import department as department_words
from sources.catalogue import load_catalogue
from warehouse.access import Request
from warehouse.audit import Outcome
from warehouse.changes import lifecycle
from warehouse.changes.answers import TITLES as TITLES_BACK
from warehouse.changes.answers import bring
from warehouse.changes.lifecycle import WAITING, WORDS, Standing, State
from warehouse.outbox.rendering import safe
from warehouse.snapshots import open_snapshot

COLUMNS = ("change_id", "category", "natural_key", "attribute", "held", "offered", "since", "told_zh", "told_en")
TITLES = {"change_id": TITLES_BACK.identity, "category": "登记", "natural_key": "本部门记录", "attribute": "项目", "held": "现登记",
          "offered": "建议", "since": "自", "told_zh": "说明", "state": "状态", "version": TITLES_BACK.version}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shown:
    """Which offers are asked for."""

    department: str
    category: str | None = None
    states: tuple[State, ...] = WAITING
    limit: int = 50
    output: str = "table"
    language: str = "zh"


def show_changes(home: Path, asked: Shown, user: str | None) -> None:
    """Offers to a department. Raises AccessRefused, WrongRequest."""
    rows, total = _read(home, asked, user)
    if asked.output != "table":
        sys.stdout.write(json.dumps(rows, ensure_ascii=False, default=str) + "\n")
        return
    words = 0 if asked.language == "zh" else 1
    catalogue = load_catalogue()
    headers = (["编号", "登记", "本部门记录", "项目", "现登记", "建议", "自", "状态", "版本#", "说明"],
               ["change", "register", "own record", "fact", "held", "offered", "since", "state", "version#", "told"])[words]
    table((f"部门间更新: {department_words(asked.department, 0)}", f"Changes offered: {asked.department}")[words], headers, [
        [row["change_id"], catalogue.deliverable[row["category"]].title_zh if words == 0 and row["category"] in catalogue.deliverable
         else row["category"], row["natural_key"],
         catalogue.attributes[row["attribute"]].title_zh if words == 0 and row["attribute"] in catalogue.attributes else row["attribute"],
         row["held"], row["offered"], row["since"], WORDS[State(row["state"])][words], row["version"],
         row["told_zh" if words == 0 else "told_en"]] for row in rows])  # fmt: skip
    console.print(f"{total:,} " + ("条", "changes")[words])


def _read(home: Path, asked: Shown, user: str | None) -> tuple[list[dict[str, Any]], int]:
    known_department(asked.department)
    with passing(home, user, Request("changes", department=asked.department, asked=asked.department)) as pass_:
        with open_snapshot(home) as con:
            rows, persons = offers_with_standing(con, home, asked)
        shown = rows[: asked.limit] if asked.output == "table" else rows
        pass_.saw(sorted({persons[row["change_id"]] for row in shown} - {""}), len(shown))
    return shown, len(rows)


def offers_with_standing(con: duckdb.DuckDBPyConnection, home: Path, asked: Shown) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Offers of a snapshot in the states asked for, with state and version, by id; and the person of each ("": nobody known)."""
    standings = lifecycle.standings(home, asked.department, asked.states)
    offers = con.execute(f"""SELECT DISTINCT ON (change_id) {", ".join(COLUMNS)} FROM change_offer
                             WHERE department = $1 AND ($2 IS NULL OR category = $2) ORDER BY change_id, natural_key""",
                         [asked.department, asked.category]).fetchall()
    rows = [dict(zip(COLUMNS, offer, strict=True)) for offer in offers if offer[0] in standings]
    return ([row | {"state": standings[row["change_id"]].state.value, "version": standings[row["change_id"]].version} for row in rows],
            {row["change_id"]: standings[row["change_id"]].person_id or "" for row in rows})


def export(home: Path, asked: Shown, out: Path, user: str | None) -> None:
    """The offers as a CSV file with Chinese headers and columns for the answer; complete or not there, mode 600."""
    rows, _ = _read(home, asked, user)
    if out.suffix != ".csv":
        raise WrongRequest(what=f"offers are written as .csv, not {out.suffix or 'without a suffix'}", where="--out",
                           remedy="for instance --out changes.csv")
    unfinished = out.with_name(out.name + ".part")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        names = [*(name for name in COLUMNS if name != "told_en"), "state", "version"]
        writer.writerow([*(TITLES[name] for name in names), TITLES_BACK.answer, TITLES_BACK.reason])
        writer.writerows([[safe(str(row[name])) if row[name] is not None else "" for name in names] + ["", ""] for row in rows])
    unfinished.replace(out)
    console.print(f"wrote {out}: {len(rows):,}")


def answer(home: Path, user: str | None, department: str, change_id: str, version: int, to: State, why: str | None) -> None:
    """Accept or reject an offer."""
    known_department(department)
    now = datetime.now(UTC)
    with passing(home, user, Request("changes decide", department=department, asked=change_id[:32])) as pass_:
        done: Standing = lifecycle.answer(home, change_id, department, version, to, pass_.user, why, now=now)
        pass_.saw([done.person_id] if done.person_id else [], 1, outcome=Outcome.DECIDED)
    console.print(f"{done.change_id}: {WORDS[done.state][0]} {done.state}, 版本 version {done.version}")


def import_answers(home: Path, user: str | None, file: Path, department: str) -> bool:
    """Take a returned file; True when no line was refused. Every line that is not blank is accounted for."""
    known_department(department)
    with passing(home, user, Request("changes import", department=department, asked=department)) as pass_:
        lines = bring(home, file, department, pass_.user, now=datetime.now(UTC))
        note_decided(pass_, lines)
    return account_for(lines)
