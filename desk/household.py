"""`onegrid household`: who lives together and who is registered together, side by side.

Belongs here: words in Chinese and English, tables and JSON. Does not: purposes, finding, the audit entry
(warehouse/households/looking.py).
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.markup import escape

from desk.render import console, table
from sources.catalogue import load_catalogue
from warehouse.access import identify
from warehouse.households.looking import Answer, Household, Member, Question, look

KINDS = {"residence": ("居住家庭", "household of residence"), "registration": ("户籍家庭", "household of registration")}
JOINED = {"household_no": ("同一户号", "one household number"), "spouse": ("夫妻", "couple"),
          "minor_child": ("未成年子女", "minor child"), "parent_of_minor": ("未成年子女的父母", "parent of a minor child")}  # fmt: skip
DWELLING_BY = {"own_address": ("本人地址", "own address"), "family_or_ownership": ("产权或家人住处", "ownership or the family's home")}
SEPARATED = {
    "none": ("人户一致", "lives where registered"), "dwelling": ("户籍在同社区另一房屋", "registered elsewhere in the community"),
    "community": ("户籍在外社区", "registered in another community"), "township": ("户籍在外乡镇街道", "registered in another township"),
    "county": ("户籍在外县市区", "registered in another county unit"), "in_city": ("户籍在市外", "registered outside the city"),
    "out_of_city": ("住在市外", "lives outside the city"),
}  # fmt: skip
HEADERS = {"person_id": ("人员主键", "person"), "name": ("姓名", "name"), "sex": ("性别", "sex"), "age": ("年龄", "age"),
           "relation": ("与户主关系", "relation to head"), "joined": ("入户依据", "joined by"), "placed": ("住处依据", "placed by"),
           "separated": ("人户分离", "registered"), "residence_address": ("现住址", "lives at"), "note": ("说明", "note")}  # fmt: skip
NOTES = {"asked": ("查询对象", "asked for"), "uncounted": ("不计入人数(死亡或存亡不明)", "not counted (dead or not known to live)"),
         "size": ("人数", "size"),
         "closed": ("本用途不能查看户籍家庭", "this purpose does not open households of registration"),
         "unregistered": ("没有有效的户籍登记", "no active registration in the city"),
         "homeless": ("没有已知的住处,无居住家庭", "no known dwelling, hence no household of residence")}  # fmt: skip


def show_household(home: Path, question: Question, output: str, language: str, user: str | None = None) -> None:
    """Look, record, then print. Nothing is printed before the audit entry is on the disk."""
    answer = look(home, identify(home, user), question, now=datetime.now(UTC))
    if output == "json":
        sys.stdout.write(json.dumps(asdict(answer), ensure_ascii=False, default=str) + "\n")
        return
    words = 0 if language == "zh" else 1
    for one in answer.households:
        _show(one, words)
    for missing in _missing(answer, words):
        console.print(missing, soft_wrap=True)


def _missing(answer: Answer, words: int) -> list[str]:
    kinds = {one.kind for one in answer.households}
    lines = [] if "residence" in kinds else [NOTES["homeless"][words]]
    if not answer.registration_open:
        lines.append(NOTES["closed"][words])
    elif "registration" not in kinds and any(member.asked for one in answer.households for member in one.members):
        lines.append(NOTES["unregistered"][words])
    return lines


def _show(one: Household, words: int) -> None:
    rows = [_row(member, one.kind, words) for member in one.members]
    columns = [name for name in HEADERS if any(row.get(name) is not None for row in rows)]
    size = f"{NOTES['size'][words]} {one.size}" if one.size is not None else None
    title = "  ".join(filter(None, [KINDS[one.kind][words], size, one.address, one.dwelling_code]))
    table(escape(title), [HEADERS[name][words] for name in columns], [[row.get(name) for name in columns] for row in rows])


def _row(member: Member, kind: str, words: int) -> dict[str, Any]:
    notes = [NOTES["asked"][words] if member.asked else None, None if member.counted else NOTES["uncounted"][words]]
    living = kind == "residence"
    return {
        "person_id": member.person_id, "name": member.values.get("name"), "age": member.values.get("age"),
        "sex": _code("sex", member.values.get("sex"), words), "relation": _code("relation_to_head", member.relation, words),
        "joined": "; ".join(JOINED[by][words] for by in member.joined_by) or None if living else None,
        "placed": DWELLING_BY[member.dwelling_by][words] if living and member.dwelling_by else None,
        "separated": SEPARATED[member.separated][words] if member.separated else None,
        "residence_address": None if living else member.values.get("residence_address"),
        "note": "; ".join(filter(None, notes)) or None,
    }  # fmt: skip


def _code(attribute: str, code: str | None, words: int) -> str | None:
    values = load_catalogue().lists[load_catalogue().attributes[attribute].codes or ""].values
    found = next((value for value in values if value.code == code), None)
    return code if found is None else found.zh if words == 0 else found.en or found.zh
