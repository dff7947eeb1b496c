"""`onegrid visits`: the grid worker's form, and what became of its lines.

Belongs here: words in Chinese and English, files. Does not: who may see what (warehouse/access), the lines (warehouse/visits).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from rich.markup import escape

from desk.render import console, table
from warehouse.access import identify
from warehouse.changes.lifecycle import standings
from warehouse.visits import forms
from warehouse.visits.results import results
from warehouse.visits.routing import load_routing

OUTCOMES = {
    "offered": ("已转交,待核实", "passed on, not answered yet"),
    "accepted": ("部门已采纳", "accepted by the department"),
    "rejected": ("部门核实后未采纳", "not accepted by the department"),
    "done": ("登记已更正", "the record was corrected"),
    "withdrawn": ("不再需要", "no longer needed"),
    "passed_on": ("已转交,由部门答复居民", "passed on; the department answers the resident"),
    "same": ("与登记一致", "as registered"),
    "older_visit": ("以较新的走访为准", "a newer visit counts"),
    "register_newer": ("走访后登记已更新", "the record was changed after the visit"),
    "no_consent": ("居民未同意,未转交", "no consent, not passed on"),
    "no_owner": ("部门没有此人的登记,未转交", "the department has no record, not passed on"),
    "not_asked": ("不属于该服务的年龄", "not for this age"),
    "unclear": ("无法确认是何人或何处房屋,请核对表格", "person or dwelling is not certain: check the form"),
}
HEADERS = (("走访编号", "走访日期", "事项", "结果", "部门"), ("line", "day", "fact", "result", "department"))
LINE = ("整行", "the whole line")


def make_form(home: Path | None, user: str | None, out: Path, grid: str | None) -> None:
    """Write the empty form or its JSON Schema, or the prefilled form of a grid. An existing file is not replaced."""
    if out.exists() or out.suffix not in {".xlsx", ".json"} or (grid and out.suffix != ".xlsx"):
        raise forms.NoForm(what="the form cannot be written there", where=str(out),
                           remedy="name a new file that ends in .xlsx, or in .json for the JSON Schema of the empty form")
    if grid is None:
        if out.suffix == ".json":
            out.write_text(json.dumps(forms.json_schema(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        else:
            forms.write_workbook(out)
        console.print(f"空白表 empty form: {escape(str(out))}", soft_wrap=True)
        return
    if home is None:
        raise forms.NoForm(what="a prefilled form needs the installation", where="--home", remedy="state --home, or leave out --grid")
    prefilled = forms.prefill(home, identify(home, user), grid, now=datetime.now(UTC))
    forms.write_workbook(out, prefilled.lines)
    out.chmod(0o600)
    console.print(f"{grid}: {len(prefilled.lines)} 人 residents ({prefilled.as_of}), {escape(str(out))}. "
                  "离线副本7天后删除 delete offline copies after 7 days.", soft_wrap=True)


def show_results(home: Path, user: str | None, grid: str, output: str, language: str) -> None:
    """What became of the lines of a grid."""
    found = results(home, identify(home, user), grid, states_of, now=datetime.now(UTC))
    if output == "json":
        sys.stdout.write(json.dumps([asdict(one) for one in found], ensure_ascii=False, default=str) + "\n")
        return
    words = 0 if language == "zh" else 1
    facts = {name: (fact.title_zh, fact.title_en)[words] for name, fact in load_routing().items()}
    table(f"{grid}: {len(found)}", list(HEADERS[words]),
          [[one.visit_no, one.visited_on, facts[one.fact] if one.fact else LINE[words], OUTCOMES[one.outcome][words], one.department]
           for one in found])


def states_of(home: Path, change_ids: Sequence[str]) -> dict[str, str]:
    """The state of each proposal in the office; what is not in it was not brought there yet."""
    known, asked = standings(home), set(change_ids)
    return {change_id: one.state.value for change_id, one in known.items() if change_id in asked}
