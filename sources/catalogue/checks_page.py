"""The cross-checks as Markdown, generated from their files: `python -m sources.catalogue.checks_page docs/checks.md`.

Belongs here: rendering only. A test compares the committed file with what this module writes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from sources.catalogue import Catalogue, load_catalogue
from sources.catalogue.cross_checks import CrossCheck, Example
from sources.catalogue.dictionary import table

SEVERITIES = {"high": "高 high (5 working days)", "medium": "中 medium (20 working days)", "low": "低 low (the next delivery)"}
KINDS = {True: "成立 true", False: "不成立 false", "missing": "缺值 missing"}
PER = {"row": "record", "person": "person", "dwelling": "dwelling", "value": "value"}
HEAD = """# Cross-checks 比对规则

Generated from `sources/catalogue/checks`, one file per check; do not edit by hand. An alert is a request to check a record, never a
decision about a benefit. Records deleted, void or with a missing value in the condition give no alert unless the condition speaks of the
absence. Every recipient also gets the natural keys of its own records, nothing else.

A new check is one file there, and nothing else changes:

1. `name` (that of the file), titles, severity, columns, condition, tolerance; `recipients` with what each is `told` and `sees`.
2. `sql` over the views and tables that `warehouse/cross_checks/views.py` lists; `alert` says how its rows become alerts
   (`sources/catalogue/cross_checks.py` explains each key). `$as_of` is the reference date, `$columns` the check's own columns.
3. `examples` of the kinds true, false and missing; `python -m pytest tests/warehouse/test_cross_checks.py` runs them.
4. `python -m sources.catalogue.checks_page docs/checks.md` writes this page anew.

The examples stand on 2025-06-01 unless they say otherwise; the full delivery of medical insurance of that year has come.
"""


def _section(check: CrossCheck, catalogue: Catalogue) -> Iterator[str]:
    yield f"## `{check.name}` {check.title_zh}"
    yield ""
    yield f"{check.title_en} · {check.kind.replace('_', ' ')} · {SEVERITIES[check.severity]} · one alert per {PER[check.alert.per]}"
    yield ""
    yield f"- **Condition 条件.** {check.condition}"
    yield f"- **Tolerance 容差.** {check.tolerance}"
    yield f"- **For example 例.** {check.example}"
    if not check.waits:
        yield "- **Evaluated** from the first delivery on; other checks wait until each category of their columns has been delivered once."
    if check.after:
        yield f"- **Reads** what {', '.join(f'`{name}`' for name in check.after)} finds."
    yield ""
    yield from table(["recipient 收件部门", "told 告知", "evidence 依据"], list(_recipients(check, catalogue)))
    yield from table(["example 示例", "shows", "alerts 提醒"],
                     [[KINDS[example.kind], example.shows, _alerts(example)] for example in check.examples])


def _recipients(check: CrossCheck, catalogue: Catalogue) -> Iterator[list[str]]:
    """One row for neighbours that are told the same."""
    details = ", ".join(f"{phrase.strip()} {zh}" for phrase, zh in check.details.items())
    for _, group in groupby(check.recipients, key=lambda one: (one.told, one.sees, one.form)):
        recipients = list(group)
        shown = [f"`{name}` {catalogue.contracts[name.split('.')[0]].column(name.split('.')[1]).header}" for name in recipients[0].sees]
        counted = ", as a count per township" if recipients[0].form == "count_per_township" else ""
        yield [", ".join(one.department for one in recipients),
               f"{recipients[0].told.zh}<br>{recipients[0].told.en}" + (f" [{details}]" if details else ""), ", ".join(shown) + counted]


def _alerts(example: Example) -> str:
    shown = [" + ".join(f"{records.count(name)} {name}" if records.count(name) > 1 else name for name in dict.fromkeys(records))
             for records in example.alerts]
    severity = f", severity {example.severity}" if example.severity else ""
    return "; ".join(shown) + severity + (f" [{example.detail}]" if example.detail else "") or "none"


def render(catalogue: Catalogue) -> str:
    """The whole page: one section per check, by name."""
    abbreviations = ", ".join(f"{short} {category}" for short, category in catalogue.abbreviations.items())
    lines = [HEAD, f"In conditions: {abbreviations}.", ""]
    for check in catalogue.checks.values():
        lines += _section(check, catalogue)
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(render(load_catalogue()), encoding="utf-8")
