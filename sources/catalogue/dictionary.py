"""The data dictionary as Markdown, generated from the catalogue: `python -m sources.catalogue.dictionary docs/data_dictionary.md`.

Belongs here: rendering only. A test compares the committed file with what this module writes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from sources.catalogue import Catalogue, load_catalogue
from sources.catalogue.models import Contract


def table(headers: list[str], rows: list[list[str]]) -> Iterator[str]:
    """The lines of a Markdown table and an empty one."""
    yield "| " + " | ".join(headers) + " |"
    yield "|" + " --- |" * len(headers)
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |"
    yield ""


def _category(number: int, contract: Contract) -> Iterator[str]:
    yield f"### {number:02d} `{contract.category}` {contract.title_zh}"
    yield ""
    yield f"{contract.purpose} Grain: {contract.grain}. Key: {', '.join(f'`{name}`' for name in contract.natural_key)}."
    yield (f"Delivered by {contract.department} as {contract.delivery.format} ({contract.cadence.full}; "
           f"delta {contract.cadence.delta or 'none'}; "
           f"a key left out of a full delivery: {contract.delta.full_absence}). Sensitivity: {contract.sensitivity}.")
    yield ""
    yield from table(["column", "header 表头", "type", "codes", "required", "role", "meaning"], [
        [f"`{column.name}`", column.header, column.type, column.codes or "", "yes" if column.required else "", column.person_role or "",
         column.description] for column in contract.columns])


def _attributes(catalogue: Catalogue) -> Iterator[str]:
    yield "## The 115 attributes 人口信息项"
    yield ""
    for group in catalogue.groups:
        yield f"### {group.title_zh} ({group.name})"
        yield ""
        yield from table(["attribute", "名称", "type", "codes", "rule", "sources in order of trust", "how"], [
            [f"`{a.name}`", a.title_zh, a.type, a.codes or "", a.rule, ", ".join(a.sources),
             " ".join(filter(None, (a.derivation, a.remark)))]
            for a in catalogue.attributes.values() if a.group == group.name])


def _rest(catalogue: Catalogue) -> Iterator[str]:
    yield "## The 30 classes 查询类别"
    yield ""
    yield from table(["class", "名称", "kind", "attributes", "operators", "aliases 词语"], [
        [f"`{c.name}`", c.title_zh, c.kind, ", ".join(c.attributes), ", ".join(c.operators), "、".join(c.aliases)]
        for c in catalogue.classes.values()])
    yield "## Purposes 用途"
    yield ""
    yield from table(["purpose", "名称", "granularity", "holder", "attributes"], [
        [f"`{p.name}`", p.title_zh, p.granularity, p.holder, ", ".join(p.attributes)] for p in catalogue.purposes.values()])
    yield "## Cross-checks 比对规则"
    yield ""
    yield f"{len(catalogue.checks)} checks, each with its recipients and examples: [checks.md](checks.md)."
    yield ""
    yield "## Code lists 代码"
    yield ""
    for name, codes in catalogue.lists.items():
        yield f"### `{name}` {codes.title_zh}" + (f" ({codes.standard})" if codes.standard else "")
        yield ""
        if codes.note:
            yield codes.note + "\n"
        yield from table(["code", "中文", "English", f"maps to {codes.maps_to or ''}".strip(), "aliases"], [
            [value.code, value.zh, value.en or "", value.maps_to or "", "、".join(value.aliases)] for value in codes.values])


def render(catalogue: Catalogue) -> str:
    """The whole dictionary."""
    lines = ["# Data dictionary 数据字典", "", "Generated from `sources/catalogue`; do not edit by hand.", "",
             "## The 17 categories 数据类别", ""]
    for number, contract in enumerate(catalogue.contracts.values(), start=1):
        lines += _category(number, contract)
    lines += ["## Forms 采集表", "", "Delivered like a category, source of no attribute (docs/grid_visits.md).", ""]
    for number, form in enumerate(catalogue.forms.values(), start=len(catalogue.contracts) + 1):
        lines += _category(number, form)
    return "\n".join([*lines, *_attributes(catalogue), *_rest(catalogue)]).rstrip() + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(render(load_catalogue()), encoding="utf-8")
