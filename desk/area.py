"""`onegrid area`: how many people, households and dwellings an area and its parts have, and how classes are distributed in it.

Belongs here: words, tables and formats. Does not: counting (warehouse/rollup.py), what may be told (warehouse/areas_told.py).
"""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from desk.access import passing
from desk.render import console, errors, table
from sources.catalogue import load_catalogue
from warehouse import audit
from warehouse.access import Request
from warehouse.areas_told import TOTALS, Told, Totals, find_area, tell
from warehouse.queries import Count
from warehouse.snapshots import open_snapshot

WORDS = {
    "zh": {
        "city": "全市", "county": "县市区", "township": "乡镇街道", "community": "社区村", "grid": "网格", "code": "编码", "area": "区域",
        "residents": "居住人口", "households": "家庭", "dwellings": "房屋", "not_below": "下级不详", "value": "值", "words": "含义",
        "people": "人数", "suppressed": "不公布", "closed": "无权", "missing": "缺",
    },
    "en": {
        "city": "city", "county": "county unit", "township": "township", "community": "community", "grid": "grid", "code": "code",
        "area": "area", "residents": "residents", "households": "households", "dwellings": "dwellings", "not_below": "not known below",
        "value": "value", "words": "meaning", "people": "people", "suppressed": "suppressed", "closed": "not opened", "missing": "missing",
    },
}


@dataclass(frozen=True, slots=True)
class AreaRequest:
    """What `onegrid area` was asked; `classes` are names of classes or of their attributes."""

    area: str
    purpose: str
    classes: tuple[str, ...]
    output: str
    language: str
    user: str | None = None


def show_area(home: Path, request: AreaRequest) -> None:
    """Answer from the published snapshot; recorded before it is shown. Raises AccessRefused, PurposeRefused, UnknownArea."""
    with passing(home, request.user, Request("area", request.purpose, asked=audit.digest(home, request.area))) as pass_:
        with open_snapshot(home) as con:
            area = find_area(con, request.area)
            pass_.cover(area.code)
            told = tell(con, area.code, request.purpose, request.classes)
        pass_.saw((), 1 + len(told.parts) + sum(map(len, told.classes.values())), asked=area.code)
    if request.output == "json":
        sys.stdout.write(json.dumps(_as_json(told), ensure_ascii=False) + "\n")
    elif request.output == "csv":
        _write_csv(told)
    else:
        _print(told, WORDS[request.language])
    if told.note is not None:
        errors.print(f"[dim]{told.note}[/dim]")


def _number(count: Count | None) -> int | None:
    return count.persons if count is not None else None


def _shown(count: Count | None, words: dict[str, str]) -> Any:
    if count is None:
        return words["closed"]
    return words["suppressed"] if count.persons is None else count.persons


def _as_json(told: Told) -> dict[str, Any]:
    def one(totals: Totals) -> dict[str, Any]:
        area = totals.area
        counts = {name: _number(count) for name, count in totals.counts.items()}
        return {"code": area.code, "level": area.level, "name": area.name, **counts}

    return {
        **one(told.totals),
        "path": list(told.totals.area.path),
        "parts": [one(part) for part in told.parts],
        "not_known_below": {name: _number(count) for name, count in told.not_below.items()},
        "classes": {attribute: [{"value": cell.value, "zh": cell.zh, "people": cell.count.persons} for cell in cells]
                    for attribute, cells in told.classes.items()},
    }


def _write_csv(told: Told) -> None:
    """One line per area and measure or value: area_code, measure, value, people (empty: not told)."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["area_code", "measure", "value", "people"])
    for totals in (told.totals, *told.parts):
        writer.writerows([totals.area.code, measure, None, _number(count)] for measure, count in totals.counts.items() if count is not None)
    for attribute, cells in told.classes.items():
        writer.writerows([told.totals.area.code, attribute, cell.value, cell.count.persons] for cell in cells)


def _print(told: Told, words: dict[str, str]) -> None:
    area = told.totals.area
    console.print(f"[bold]{''.join(area.path)}{area.name}[/bold]  {area.code}  {words[area.level]}")
    rows = [[part.area.code, part.area.name, *(_shown(count, words) for count in part.counts.values())]
            for part in (told.totals, *told.parts)]
    if told.parts:
        rows.append([None, words["not_below"], *(_shown(count, words) for count in told.not_below.values())])
    table("", [words["code"], words["area"], *(f"{words[measure]}#" for measure in TOTALS)], rows)
    for attribute, cells in told.classes.items():
        title = f"{load_catalogue().attributes[attribute].title_zh} {attribute}"
        table(title, [words["value"], words["words"], f"{words['people']}#"],
              [[cell.value if cell.value is not None else f"({words['missing']})", cell.zh, _shown(cell.count, words)] for cell in cells])
