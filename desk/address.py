"""`onegrid address`: what is read in one address text, level by level, and the dwellings of an installation it leads to.

Belongs here: words for the levels in both languages, tables and JSON. Does not: reading (resolvers/places). No person is shown.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from desk.access import passing
from desk.render import console, table
from resolvers.places.explain import TextPlace, explain_text
from resolvers.places.parts import AddressParts, parse
from resolvers.places.vocabulary import vocabulary
from warehouse.access import Request
from warehouse.snapshots import open_snapshot

LABELS = {
    "kind": ("类别", "kind"),
    "county": ("县市区", "county unit"),
    "township": ("乡镇街道", "township or street"),
    "community": ("社区(村)", "community or village"),
    "village_group": ("村(居)民小组", "village group"),
    "road": ("街路巷", "road"),
    "door_no": ("门牌号", "door number"),
    "estate": ("小区", "estate"),
    "building": ("楼栋", "building"),
    "unit": ("单元", "unit"),
    "floor": ("楼层", "floor"),
    "room": ("室", "room"),
    "landmark": ("参照物", "landmark"),
    "remarks": ("附注", "beside the address"),
    "unread": ("未识别", "not understood"),
    "refers_to": ("参见", "refers to"),
    "outside_division": ("市外区划代码", "division outside"),
}
KINDS = {
    "address": ("地址", "an address"),
    "outside": ("市外地址", "a place outside the city"),
    "same_as_other": ("同其他地址", "the same as another address"),
    "not_an_address": ("不是地址", "not an address"),
}
REFERENCES = {
    "registration": ("户籍地址", "the address of registration"),
    "above": ("上一栏地址", "the address above"),
    "residence": ("现住地址", "the address of residence"),
}


def show_address(text: str, home: Path | None, output: str, language: str, user: str | None = None) -> None:
    """Print the parts of the text; with a home also the dwellings that fit. Raises NoSnapshot."""
    parts = parse(text)
    place = None
    if home is not None:
        with passing(home, user, Request("address")), open_snapshot(home) as con:
            place = explain_text(con, text)
    if output == "json":
        answer = {"parts": asdict(parts)} | ({"place": asdict(place)} if place else {})
        sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")
        return
    table(("地址识别" if language == "zh" else "what was read"), ["", ""], rows(parts, language))
    if place is not None:
        _show_place(place, language)


def rows(parts: AddressParts, language: str) -> list[tuple[str, str]]:
    """Label and value of each level that the text names, in the order of the address."""
    words = vocabulary()
    pick = 0 if language == "zh" else 1
    values: dict[str, Any] = asdict(parts)
    values["kind"] = KINDS[parts.kind][pick]
    values["county"] = " / ".join(words.county_names[code] for code in parts.county_codes)
    values["township"] = words.township_names.get(parts.township_code or "")
    values["refers_to"] = REFERENCES[parts.refers_to][pick] if parts.refers_to else None
    return [(label[pick], values[name]) for name, label in LABELS.items() if values[name]]


def _show_place(place: TextPlace, language: str) -> None:
    titles = ("到达", "方式", "候选住房#") if language == "zh" else ("leads to", "method", "dwellings that fit#")
    table("住房" if language == "zh" else "dwellings", titles, [(place.level, place.method, place.candidates)])
    for code, address in place.offers:
        console.print(f"  {code}  {address}", markup=False)
