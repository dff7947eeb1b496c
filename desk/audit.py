"""`onegrid audit`: checking the audit log, and who looked at whom.

Belongs here: the purpose, words and tables. Does not: the log (warehouse/audit.py).
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

from desk.access import passing
from desk.render import console, errors, table
from warehouse import audit
from warehouse.access import Request
from warehouse.audit import Fault
from warehouse.audit.persons import MARK
from warehouse.purposes import PurposeRefused

PURPOSE = "data_quality"
FAULTS = {
    Fault.CHANGED: "内容被改动 changed",
    Fault.MISSING: "缺少记录 an entry before this one is missing",
    Fault.REORDERED: "顺序被改动或重复 out of order or repeated",
    Fault.UNREADABLE: "无法读取 unreadable",
    Fault.CUT: "末尾被截断 entries are missing at the end",
    Fault.HEAD: "末尾标记缺失或被改动 the head file is missing or not ours",
}


def verify_log(home: Path, since: str | None) -> bool:
    """Check the log and print what was found; returns whether it is whole. Shows nobody: whoever holds the key may check."""
    verdict = audit.verify(home, since=since)
    if verdict.findings:
        table("审计日志有问题 Faults of the audit log", ["line 行#", "fault 问题"],
              [[found.line or None, FAULTS[found.fault]] for found in verdict.findings])  # fmt: skip
        errors.print(f"[red]{len(verdict.findings)} faults 处问题[/red]")
    if verdict.torn:
        console.print(f"{verdict.torn} half-written line of a killed process 中断写入的残行; no answer was shown for it 未显示任何结果")
    console.print(f"{verdict.entries} entries 条; newest 最新: {verdict.newest}", soft_wrap=True)
    return not verdict.findings


def show_usage(home: Path, purpose: str, since: str, output: str, user: str | None = None) -> None:
    """Print how much each account looked, by day and purpose; names no person. Days in UTC."""
    with passing(home, user, Request("audit summary", purpose, asked=audit.digest(home, f"since:{since}"))) as pass_:
        _only_for_the_officer(purpose)
        rows = audit.usage(home, audit.entries(home), since=since)
        pass_.saw((), len(rows))
    if output == "json":
        sys.stdout.write(json.dumps([asdict(row) | {"many": row.many} for row in rows], ensure_ascii=False) + "\n")
        return
    table("查询统计 Usage", ["day 日期", "user 用户", "purpose 用途", "looks 次数#", "refused 被拒#", "rows 行#", "persons 人数#",
                         "questions 不同问题#", "remark 提示"],
          [[row.day, row.user, row.purpose, row.looks, row.refused, row.rows, row.persons, row.questions,
            "问题过多,请核实 ask what for" if row.many else ""] for row in rows])  # fmt: skip


def _only_for_the_officer(purpose: str) -> None:
    if purpose != PURPOSE:
        raise PurposeRefused(what=f"purpose {purpose} does not open the audit log", where="--purpose",
                             remedy=f"the log is for the data protection officer: {PURPOSE}")


def show_log(home: Path, purpose: str, person: str | None, of_user: str | None, output: str, user: str | None = None) -> None:
    """Print the entries, all or of a person or a user. Reading the log is a look, too, and is recorded first."""
    asked = ",".join(f"{name}:{value}" for name, value in (("person", person), ("user", of_user)) if value)
    with passing(home, user, Request("audit show", purpose, asked=audit.digest(home, asked))) as pass_:
        _only_for_the_officer(purpose)
        found = audit.entries(home, person=person, user=of_user)
        listed = [one for entry in found for one in entry.persons if not one.startswith(MARK)]
        pass_.saw([*([person] if person and found else []), *listed], len(found))
    if output == "json":
        sys.stdout.write(json.dumps([asdict(entry) for entry in found], ensure_ascii=False) + "\n")
        return
    table("审计日志 Audit log", ["no#", "time (UTC)", "user 用户", "purpose 用途", "command", "asked 对象", "outcome 结果", "persons 人员"],
          [[one.sequence, one.time[:19].replace("T", " "), one.user, one.purpose, one.command, one.asked, one.outcome, list(one.persons)]
           for one in found])  # fmt: skip
    console.print(f"{len(found)} entries 条")
