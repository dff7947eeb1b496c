"""The report for a resident as one page that needs no network, to be printed or handed over.

Belongs here: HTML. Does not: words (words.py), content (warehouse/subjects/report.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from desk.subject.words import (
    HEADERS,
    KINDS,
    RIGHTS,
    RULES,
    STATES,
    TITLES,
    attribute,
    attribute_value,
    column_value,
    department,
    item,
    purpose,
)
from sources.catalogue import load_catalogue
from warehouse.subjects.report import Held, Report
from warehouse.subjects.requests import Request

STYLE = """
body { font: 15px/1.5 "Noto Sans CJK SC", "Source Han Sans SC", "Microsoft YaHei", sans-serif; margin: 2rem auto; max-width: 72rem;
       padding: 0 1rem; color: #1c2733; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2rem; border-bottom: 2px solid #1f6f8b; padding-bottom: .2rem; }
h3 { font-size: 1rem; margin-bottom: .3rem; } table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; vertical-align: top; border-bottom: 1px solid #d9e0e6; padding: .3rem .6rem .3rem 0; }
th { color: #52606d; font-weight: 600; } table.values { table-layout: fixed; }
.values td { overflow-wrap: anywhere; } .values th:nth-child(2) { width: 22%; } .values th:nth-child(5) { width: 15%; }
.values th:nth-child(7) { width: 11%; } .values th:nth-child(8), .values th:nth-child(9) { width: 4.5%; } .about { color: #52606d; }
details { margin: .4rem 0; } summary { cursor: pointer; }
@media print { details > * { display: block; } body { margin: 0; } }
"""


def page(report: Report, made: Sequence[Request], words: int) -> str:
    """The page as HTML, every value escaped."""
    parts = [
        _section("values", _values(report, words), words),
        _section("records", "".join(_record(held, words) for held in report.records), words),
        _section("life", "".join(_life(name, rows, words) for name, rows in report.life.items() if rows), words),
        _section("requests", _table(HEADERS["requests"][words], _requests(made, words)), words),
        _section("seen", _table(HEADERS["seen"][words], ([one.time[:19].replace("T", " "), one.user, purpose(one.purpose, words),
                                                           one.command, one.outcome] for one in report.seen)), words),
        _section("rights", "<ul>" + "".join(f"<li>{escape(line[words])}</li>" for line in RIGHTS) + "</ul>", words),
    ]
    title = TITLES["report"][words]
    about = f"{report.person_id} · {('截至', 'as of')[words]} {report.as_of}"
    return (f'<!doctype html><html lang="{("zh", "en")[words]}"><head><meta charset="utf-8"><title>{escape(title)}</title>'
            f"<meta name=\"viewport\" content=\"width=device-width\"><style>{STYLE}</style></head>"
            f'<body><h1>{escape(title)}</h1><p class="about">{escape(about)}</p>{"".join(parts)}</body></html>\n')


def _section(name: str, content: str, words: int) -> str:
    nothing = f'<p class="about">{("无", "nothing")[words]}</p>'
    return f"<h2>{escape(TITLES[name][words])}</h2>{content or nothing}"


def _table(headers: Sequence[str], rows: Iterable[Sequence[Any]], kind: str = "") -> str:
    body = "".join("<tr>" + "".join(f"<td>{escape('' if cell is None else str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<table class="{kind}"><tr>' f"{''.join(f'<th>{escape(header)}</th>' for header in headers)}</tr>{body}</table>" if body else ""


def _values(report: Report, words: int) -> str:
    contracts = load_catalogue().contracts
    grouped: dict[str, list[list[Any]]] = {}
    for value in report.values:
        contract = contracts[value.category] if value.category else None
        grouped.setdefault(load_catalogue().attributes[value.attribute].group, []).append([
            attribute(value.attribute, words), attribute_value(value.attribute, value.value, words),
            department(contract.department, words) if contract else None,
            (contract.title_zh if words == 0 else contract.category) if contract else None, value.natural_key, value.delivery_date,
            RULES[value.rule][words], value.agree, value.disagree])  # fmt: skip
    titles = {group.name: group.title_zh if words == 0 else group.name.replace("_", " ") for group in load_catalogue().groups}
    return "".join(f"<h3>{escape(titles[group])}</h3>{_table(HEADERS['values'][words], rows, 'values')}" for group, rows in grouped.items())


def _record(held: Held, words: int) -> str:
    contract = load_catalogue().contracts[held.category]
    role = contract.role(held.role)
    title = " · ".join(filter(None, [
        department(held.department, words), contract.title_zh if words == 0 else held.category,
        role.title_zh if words == 0 else held.role, held.natural_key, str(held.delivery_date)]))  # fmt: skip
    cells = _table(HEADERS["records"][words], [
        [contract.column(name).header if words == 0 else name, column_value(contract.column(name), value, words)]
        for name, value in held.cells.items()])
    return f"<details><summary>{escape(title)}</summary>{cells}</details>"


def _life(name: str, rows: list[dict[str, Any]], words: int) -> str:
    return f"<h3>{escape(TITLES[name][words])}</h3>" + _table([_header(key, words) for key in rows[0]],
                                                             [[_cell(key, row[key], words) for key in row] for row in rows])


LIFE_HEADERS = {
    "kind": ("类别", "kind"), "relation": ("与户主关系", "relation to head"), "size": ("人数", "size"), "tie": ("关系", "tie"),
    "people": ("人数", "people"), "category": ("登记", "register"), "column_name": ("栏目", "column"), "level": ("定位到", "located to"),
    "dwelling_code": ("房屋编码", "dwelling"), "valid_from": ("起", "from"), "valid_to": ("止", "until"), "standing": ("状态", "standing"),
    "township_code": ("乡镇街道", "township"), "community_code": ("社区(村)", "community"), "alert_id": ("编号", "number"),
    "check": ("核实内容", "check"), "state": ("状态", "state"), "opened_on": ("开始", "opened"), "department": ("部门", "department"),
    "attribute": ("项目", "item"), "since": ("自", "since"),
}  # fmt: skip


def _header(key: str, words: int) -> str:
    return LIFE_HEADERS.get(key, (key, key))[words]


def _cell(key: str, value: Any, words: int) -> Any:
    if value is None or words == 1:
        return value
    catalogue = load_catalogue()
    named = {"category": {name: one.title_zh for name, one in catalogue.contracts.items()},
             "check": {name: one.title_zh for name, one in catalogue.checks.items()},
             "attribute": {name: one.title_zh for name, one in catalogue.attributes.items()}}  # fmt: skip
    if key == "department":
        return department(value, words)
    return named.get(key, {}).get(value, value)


def _requests(made: Sequence[Request], words: int) -> list[list[Any]]:
    return [[one.request_id, KINDS[one.kind][words], item(one.attribute, one.category, words),
             department(one.department, words), one.received_on, one.due_on, STATES[one.state][words], one.answer] for one in made]

