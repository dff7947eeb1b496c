"""`onegrid alerts send|outbox|import`: files to departments and their answers, by command.

Belongs here: tables and reports. Does not: messages and files (warehouse/outbox).
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from desk.access import passing
from desk.alerts import known_department
from desk.render import console, table
from desk.subject.words import department as department_words
from warehouse.access import Pass, Request
from warehouse.audit import Outcome
from warehouse.outbox import pushing, sending
from warehouse.outbox.answers import bring
from warehouse.outbox.returned import Fate, Line
from warehouse.snapshots import open_snapshot

FATES = {Fate.APPLIED: "已采用 applied", Fate.UNCHANGED: "无变化 unchanged", Fate.REFUSED: "未采用 refused"}


def send(home: Path, user: str | None, department: str | None) -> None:
    """Write the folders of all waiting messages; each is recorded with the persons it speaks of."""
    if department is not None:
        known_department(department)
    with passing(home, user, Request("outbox send")) as pass_, open_snapshot(home) as con:
        done = sending.send(con, home, user=pass_.user, now=datetime.now(UTC), department=department)
        pass_.saw((), len(done), outcome=Outcome.SENT)
    table("已发送 Sent", ["部门 department", "文件夹 folder", "消息 messages#"],
          [[department_words(one.department, 0), one.folder, one.messages] for one in done])


def push(home: Path, user: str | None) -> None:
    """Try every webhook and e-mail that is due."""
    with passing(home, user, Request("outbox send")) as pass_, open_snapshot(home) as con:
        done = pushing.push(con, home, user=pass_.user, now=datetime.now(UTC))
        pass_.saw((), len(done), outcome=Outcome.SENT)
    table("已推送 Pushed", ["部门 department", "方式 kind", "批次 batch#", "结果 outcome", "原因 why"],
          [[department_words(one.department, 0), one.kind, one.batch, one.outcome, one.why] for one in done])


def set_channel(home: Path, user: str | None, department: str, kind: str, target: str | None, secret_env: str | None) -> None:
    """Set or remove a webhook or e-mail address of a department."""
    known_department(department)
    with passing(home, user, Request("outbox send", asked=department)) as pass_:
        pushing.set_channel(home, department, kind, target, secret_env)
        pass_.saw((), 0, outcome=Outcome.DECIDED)
    console.print(f"{department_words(department, 0)}: {kind} " + ("已设置 set" if target else "已取消 removed"))


def show_channels(home: Path, user: str | None, department: str) -> None:
    """Which ways beside its folder a department has; addresses stay sealed."""
    known_department(department)
    with passing(home, user, Request("outbox", department=department)):
        kinds = pushing.channels_of(home, department)
    console.print(f"{department_words(department, 0)}: " + ", ".join(["folder", *kinds]))


def show_waiting(home: Path, user: str | None, department: str | None) -> None:
    """Messages that wait and messages sent, per department."""
    with passing(home, user, Request("outbox", department=department)):
        found = [row for row in sending.counts(home) if department in (None, row[0])]
    table("待发与已发 Outbox", ["部门 department", "待发 waiting#", "已发 sent#"],
          [[department_words(name, 0), waiting, sent] for name, waiting, sent in found])


def import_answers(home: Path, user: str | None, file: Path, department: str) -> bool:
    """Take a returned file; True when no line was refused. Every line that is not blank is accounted for."""
    known_department(department)
    with passing(home, user, Request("alerts import", department=department, asked=department)) as pass_:
        lines = bring(home, file, department, pass_.user, now=datetime.now(UTC))
        note_decided(pass_, lines)
    return account_for(lines)


def note_decided(pass_: Pass, lines: list[Line]) -> None:
    """What the audit log has to know of a returned file: whose records were decided on."""
    applied = [line for line in lines if line.fate is Fate.APPLIED]
    pass_.saw(sorted({line.person_id for line in applied if line.person_id}), len(applied), outcome=Outcome.DECIDED)


def account_for(lines: list[Line]) -> bool:
    """Say what became of every line of a returned file; True when none was refused."""
    counted = Counter(line.fate for line in lines)
    refused = [line for line in lines if line.fate is Fate.REFUSED]
    if refused:
        table("未采用的行 Refused lines", ["行 line#", "编号 id", "原因 why"],
              [[line.number, line.identity, line.why] for line in refused])
    console.print(f"{len(lines)} 行 lines = " + " + ".join(f"{counted[fate]} {FATES[fate]}" for fate in Fate))
    return not refused
