"""The divisions of the whole country and the countries of the world: the table `national.tsv` and how it is made.

Belongs here: reading the table, and making it anew from the word lists of the package JioNLP (Apache License 2.0; see
docs/decisions/0009-address-parsing.md for why the list is taken and the package is not).
Does not: what counts as outside the city (`outside`), the divisions of the city itself (`vocabulary`).
"""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Iterator
from dataclasses import astuple, dataclass, fields
from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_name("national.tsv")
_NO_PLACES = ("直辖", "行政区划")
"""Words of rows that group others and are no places: 省直辖行政区划."""
_COLLECTIVE = ("香港特别行政区", "澳门特别行政区", "台湾省")
_SHORTEST = 2


@dataclass(frozen=True)
class Division:
    """One name: `level` province, prefecture, county, country or city (abroad); parents by name, '' where none."""

    level: str
    name: str
    short: str
    province: str
    prefecture: str
    code: str


@cache
def divisions() -> tuple[Division, ...]:
    """The rows of the table, today's names before former ones."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        lines = (line for line in file if not line.startswith("#"))
        return tuple(Division(**row) for row in csv.DictReader(lines, delimiter="\t"))


def rebuild(dictionary: Path, version: str) -> int:
    """Write the table from the folder `jionlp/dictionary` of an unpacked wheel; the number of rows."""
    rows = sorted(set(_today(dictionary)), key=lambda row: (row.code, row.level, row.name))
    known = {(row.name, row.province) for row in rows}
    rows += sorted(
        (row for row in set(_former(dictionary)) if (row.name, row.province) not in known),
        key=lambda row: (row.province, row.prefecture, row.name),
    )
    rows += sorted(set(_abroad(dictionary)), key=lambda row: (row.province, row.level == "city", row.name))
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        file.write(f"# Derived from the word lists of JioNLP {version}, Apache License 2.0, github.com/dongrixinyu/JioNLP\n")
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow([field.name for field in fields(Division)])
        writer.writerows(astuple(row) for row in rows)
    return len(rows)


def _today(dictionary: Path) -> Iterator[Division]:
    """Lines indented by level: province, prefecture, county; deeper levels are left."""
    with zipfile.ZipFile(dictionary / "china_location.zip") as archive:
        lines = archive.read("china_location.txt").decode("utf-8").splitlines()
    province = prefecture = ""
    for line in lines:
        depth = len(line) - len(line.lstrip("\t"))
        if depth > 2 or not line.strip():
            continue
        name, code, short, *_ = [*line.strip().split("\t"), "", ""]
        if depth == 0:
            province, prefecture = name, ""
            yield Division("province", name, short, "", "", code)
        elif any(word in name for word in _NO_PLACES):
            prefecture = "" if depth == 1 else prefecture
        elif depth == 1:
            prefecture = name if name != province else ""
            if prefecture:
                yield Division("prefecture", name, short.removesuffix("市"), province, "", code)
        elif province not in _COLLECTIVE or code[:2] == "71":
            yield Division("county", name, short, province, prefecture, code)


def _former(dictionary: Path) -> Iterator[Division]:
    """Lines `date decision province short [prefecture short [county short]]=>...`: the left side is what was."""
    for line in (dictionary / "china_location_change.txt").read_text(encoding="utf-8").splitlines():
        _, _, province, _, *rest = line.split("=>")[0].split("\t")
        if len(rest) == 2:
            yield Division("prefecture", rest[0], rest[1], province, "", "")
        elif len(rest) == 4:
            yield Division("county", rest[2], rest[3], province, rest[0], "")


def _abroad(dictionary: Path) -> Iterator[Division]:
    """Lines `short name capital [cities]` under continents; China itself is left."""
    for line in (dictionary / "world_location.txt").read_text(encoding="utf-8").splitlines():
        short, *rest = line.split("\t")
        if not rest or short == "中国":
            continue
        yield Division("country", rest[0], short, "", "", "")
        for city in {*rest[1:2], *(rest[2].split("/") if len(rest) > 2 else ())}:
            if len(city) >= _SHORTEST:
                yield Division("city", city, city, short, "", "")
