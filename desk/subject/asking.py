"""What the commands of `onegrid subject` do: the gate, the work, the entry of the log, and only then the answer.

Belongs here: reports, requests and answers by command line. Does not: gathering and routing (warehouse/subjects), HTML (page.py).
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from desk.render import console, table
from desk.subject.page import page
from desk.subject.words import HEADERS, KINDS, STATES, TITLES, department, item, purpose
from sources.errors import OneGridError
from warehouse.access import Request, gate, identify
from warehouse.audit import Outcome
from warehouse.snapshots import open_snapshot
from warehouse.subjects import requests
from warehouse.subjects.report import Report, report_of
from warehouse.subjects.requests import Request as SubjectRequest
from warehouse.subjects.requests import Wish
from warehouse.subjects.routing import owner_of_category, owners_of_statements, owners_of_value


class WrongFile(OneGridError):
    """The report cannot be written as asked."""


def report(home: Path, user: str | None, person_id: str, out: Path | None, language: str) -> None:
    """Everything held about one person: a page, a JSON file, or a summary on the terminal."""
    person_id, words = person_id.strip(), 0 if language == "zh" else 1
    if out is not None and out.suffix not in (".html", ".json"):
        raise WrongFile(what=f"a report is a .html or .json file, not {out.suffix or 'a file without a suffix'}", where="--out",
                        remedy="for instance --out report.html")
    now = datetime.now(UTC)
    with gate.passing(home, identify(home, user), Request("subject report", person_id=person_id, asked=person_id), now=now) as pass_:
        with open_snapshot(home) as con:
            found = report_of(con, home, person_id)
        made = requests.requests(home, person_id=person_id)
        pass_.saw([person_id], len(found.values))
    if out is None:
        _summary(found, made, words)
        return
    text = page(found, made, words) if out.suffix == ".html" else json.dumps(
        asdict(found) | {"requests": [asdict(one) for one in made]}, ensure_ascii=False, default=str, indent=1) + "\n"
    _write_private(out, text)
    console.print(f"wrote {out}")


def _write_private(out: Path, text: str) -> None:
    """A file that only its owner can read, complete or not there."""
    unfinished = out.with_name(out.name + ".part")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    unfinished.replace(out)


def _summary(found: Report, made: list[SubjectRequest], words: int) -> None:
    console.print(f"{TITLES['report'][words]}  {found.person_id}  {found.as_of}")
    console.print(f"{TITLES['values'][words]}: {len(found.values)};  {TITLES['records'][words]}: {len(found.records)};  "
                  f"{TITLES['requests'][words]}: {len(made)}")  # fmt: skip
    table(TITLES["seen"][words], HEADERS["seen"][words],
          [[one.time[:19].replace("T", " "), one.user, purpose(one.purpose, words), one.command, one.outcome] for one in found.seen])
    console.print(("全部内容:--out report.html", "everything: --out report.html")[words])


def ask(home: Path, user: str | None, wish: Wish, category: str | None, language: str) -> None:
    """Record a correction or restriction and route it to the departments that own what it is about."""
    command = f"subject {wish.kind}"
    reader, now = identify(home, user), datetime.now(UTC)
    with gate.passing(home, reader, Request(command, person_id=wish.person_id, asked=wish.person_id), now=now) as pass_:
        with open_snapshot(home) as con:
            if category is not None:
                owners = owner_of_category(con, wish.person_id, category)
            elif wish.attribute is None:
                raise requests.RequestRefused(what="it is not said what the request is about", where=f"onegrid {command}",
                                              remedy="state --attribute or --category")
            else:
                find = owners_of_value if wish.kind == "correct" else owners_of_statements
                owners = find(con, wish.person_id, wish.attribute)
        made = requests.make(home, wish, owners, reader.user, now=now)
        pass_.saw([wish.person_id], len(made), outcome=Outcome.DECIDED)
    _show(made, 0 if language == "zh" else 1)


def listed(home: Path, user: str | None, of: str, *, overdue: bool, output: str, language: str) -> None:
    """The requests that were routed to one department."""
    now = datetime.now(UTC)
    with gate.passing(home, identify(home, user), Request("subject requests", department=of), now=now) as pass_:
        found = requests.requests(home, department=of, overdue_on=now.date() if overdue else None)
        pass_.saw([one.person_id for one in found], len(found))
    if output == "json":
        sys.stdout.write(json.dumps([asdict(one) for one in found], ensure_ascii=False, default=str) + "\n")
    else:
        _show(found, 0 if language == "zh" else 1)


def answer(home: Path, user: str | None, of: str, request_id: str, to: str, version: int, words: str) -> None:
    """A department accepts or refuses a request."""
    reader, now = identify(home, user), datetime.now(UTC)
    with gate.passing(home, reader, Request("subject answer", department=of, asked=request_id), now=now) as pass_:
        answered = requests.answer(home, request_id, to, version, reader.user, of, words, now=now)
        pass_.saw([answered.person_id], 1, outcome=Outcome.DECIDED)
    _show([answered], 0)


def _show(found: list[SubjectRequest], words: int) -> None:
    more = (["申请内容", "理由", "版本#"], ["says", "why", "version#"])[words]
    table(TITLES["requests"][words], [*HEADERS["requests"][words], *more], [
        [one.request_id, KINDS[one.kind][words], item(one.attribute, one.category, words),
         department(one.department, words), one.received_on, one.due_on, STATES[one.state][words], one.answer, one.says, one.why,
         one.version] for one in found])  # fmt: skip
