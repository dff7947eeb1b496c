"""`onegrid boundaries`: load, export and check the areas of the city.

Belongs here: words and tables. Does not: reading files, judging areas, history (resolvers/geography).
"""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

from desk.render import console, table
from resolvers.geography import (
    LEVELS,
    BoundariesRefused,
    Finding,
    boundaries_as_of,
    load_boundaries,
    locate_dwellings,
    read_geojson,
    write_geojson,
)
from resolvers.geography.geojson import geojson_text
from resolvers.geography.locating import VERDICTS
from sources.tables import has_table
from warehouse.keys import ensure_key
from warehouse.store import WORKING_FILE, open_working

SHOWN = 50
SEVERITIES = {"refused": "拒收 refused", "repaired": "已修正 repaired", "noted": "提示 noted"}
WORDS = {
    "agree": "一致 agree",
    "differ": "不一致 differ",
    "no_coordinates": "无坐标 no_coordinates",
    "outside_city": "坐标不在本市 outside_city",
    "no_boundary": "无边界 no_boundary",
    "undecided": "无法判定 undecided",
}


def load_file(home: Path, file: Path, from_day: date, source: str | None, complete: bool, *, first: bool = False) -> None:
    """Put the areas of a file in force, all or none. Raises BoundariesRefused after showing every finding; StoreInUse.

    first: make the store of the home where there is none yet.
    """
    if first:
        home.mkdir(parents=True, exist_ok=True)
        ensure_key(home)
    else:
        _need_store(home)
    if not file.is_file():
        raise BoundariesRefused(what="there is no such file", where=str(file), remedy="state the path of a GeoJSON file")
    with open_working(home) as con:
        in_force = boundaries_as_of(con, from_day)
        replaced = {area.level for area in read_geojson(file).areas} if complete else set[str]()
        reading = read_geojson(file, [area for area in in_force if area.level not in replaced])
        _show(reading.findings)
        if reading.refused:
            raise BoundariesRefused(
                what=f"{len(reading.refused)} defects; nothing was loaded",
                where=str(file),
                remedy="correct the features listed and load again",
            )
        counts = load_boundaries(con, reading.areas, from_day, source or file.name, complete=complete)
    console.print(
        f"边界自 {from_day} 起生效 in force: 新增 new {counts.new}, 变更 changed {counts.changed}, 更正 corrected {counts.corrected}, "
        f"未变 unchanged {counts.unchanged}, 终止 ended {counts.ended}"
    )


def export_file(home: Path, level: str, day: date, out: Path | None) -> None:
    """Write the areas of a level in force on a day to a file, or print them."""
    _need_store(home)
    if level not in LEVELS:
        raise BoundariesRefused(what=f"there is no level {level}", where="--level", remedy=f"one of {', '.join(LEVELS)}")
    with open_working(home) as con:
        if out is None:
            sys.stdout.write(geojson_text(area for area in boundaries_as_of(con, day) if area.level == level))
            return
        written = write_geojson(con, out, level, day)
    console.print(f"{written} 个区域 areas -> {out}")


def check_locations(home: Path, day: date) -> None:
    """Show how many areas are in force, and how coordinates and register agree; counts only."""
    _need_store(home)
    with open_working(home) as con:
        areas = boundaries_as_of(con, day)
        con.execute("BEGIN TRANSACTION")  # a look: the table of the last run stays
        report = locate_dwellings(con, day) if has_table(con, "current_house_registry") else None
        con.execute("ROLLBACK")
    table("边界 boundaries", ("层级 level", "区域 areas #"), [(level, sum(area.level == level for area in areas)) for level in LEVELS])
    if report is None:
        console.print("尚无房屋登记 no house registry yet: `onegrid run`")
        return
    verdicts: list[tuple[str, int]] = [(WORDS[verdict], report.by_verdict[verdict]) for verdict in VERDICTS]
    verdicts += [(f"  {problem}", dwellings) for problem, dwellings in sorted(report.by_problem.items())]
    table("坐标与登记 coordinates and register", ("结果 result", "房屋 dwellings #"), verdicts)
    differing = sorted((entry for entry in report.by_community.items() if entry[1]["differ"]), key=lambda e: (-e[1]["differ"], e[0]))
    headers = ("社区 community", *(f"{WORDS[verdict]} #" for verdict in VERDICTS))
    rows = [(community, *(counts[verdict] for verdict in VERDICTS)) for community, counts in differing[:SHOWN]]
    table("不一致的社区 communities that differ", headers, rows)


def _need_store(home: Path) -> None:
    if not (home / WORKING_FILE).exists():
        raise BoundariesRefused(what="there was no run yet", where=str(home), remedy="run `onegrid run` first, or state another --home")


def _show(findings: tuple[Finding, ...]) -> None:
    if not findings:
        return
    rows = [(f.position, f.code, SEVERITIES[f.severity], f.problem, f.what, f.remedy) for f in findings[:SHOWN]]
    table("检查结果 findings", ("要素 feature", "编码 code", "结果 result", "问题 problem", "说明 what", "处理 what to do"), rows)
    if len(findings) > SHOWN:
        console.print(f"... 另有 and {len(findings) - SHOWN} more")
