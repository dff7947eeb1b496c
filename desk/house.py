"""`onegrid house`: whom to contact about a dwelling and the one above it.

Belongs here: words in Chinese and English, tables and JSON. Does not: finding, purposes, the audit entry (warehouse/houses).
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.markup import escape

from desk.render import console, table
from sources.catalogue import load_catalogue
from warehouse.access import identify
from warehouse.houses import Answer, Beside, Question, look
from warehouse.houses.contacts import Contact, Contacts, Kind
from warehouse.houses.finding import Side
from warehouse.houses.register import Dwelling

REACHES = {
    "dwelling": ("找到一处房屋", "one dwelling"),
    "several": ("同一标准地址登记有多处房屋,无法区分,全部列出", "several dwellings are registered under this address; all are shown"),
    "choice": ("只能确定到楼栋或多处房屋,请从下列房屋中选择后用编码再查",
               "this leads only to a building or to several dwellings; choose one and ask again by its code"),
    "area": ("只能确定到乡镇街道或社区,请补充路名、门牌号、楼栋和房号",
             "this leads only to a township or community; add road, number, building and room"),
    "gone": ("该房屋已拆除或编码已合并,不再登记,自", "this dwelling was demolished or its code merged into another; not registered since"),
    "outside": ("该地址不在本市", "this address is not in this city"),
    "unknown": ("房屋登记中没有这个地址或编码", "no dwelling is registered under this address or code"),
    "wide": ("符合的房屋太多,请补充社区或门牌号", "too many dwellings fit; add the community or the number"),
    "nowhere": ("看不出是哪个地方;房屋编码为19位数字", "nothing in this names a place; a dwelling code has 19 digits"),
}  # fmt: skip
PLACES = {"above": ("上一层", "above"), "below": ("下一层", "below"), "beside": ("同层", "same floor")}
SIDES = {
    "found": ("一处房屋", "one dwelling"),
    "several": ("多处房屋", "several dwellings"),
    "house": ("独立房屋,上下没有别的住户", "a house of its own: no dwelling above or below"),
    "floor": ("该层没有同一位置的房号,可能是下列房屋之一", "that floor has no room in the same position; it may be one of these"),
    "gap": ("相邻楼层没有登记,再往前登记的是下列房屋", "nothing is registered on the next floor; further on there are these"),
    "unread": ("从房号看不出楼层,无法判断", "the room number does not tell the floor, so nobody can say"),
}
ENDS = {
    "above": ("登记中没有更高的楼层,本房在顶层", "no higher floor is registered: this is the top one"),
    "below": ("登记中没有更低的楼层,本房在底层", "no lower floor is registered: this is the lowest one"),
    "beside": ("登记中同层没有别的房屋", "no other dwelling is registered on this floor"),
}  # fmt: skip
ROLES = {"owner": ("产权人", "owner"), "resident": ("居住人", "lives here"), "spouse": ("产权人配偶", "owner's spouse"),
         "child": ("产权人子女", "owner's child")}  # fmt: skip
USES = {"vacant": ("登记为闲置", "registered as vacant"), "let": ("登记为出租", "registered as let"),
        "lent": ("登记为借用", "registered as lent")}  # fmt: skip
HOMES = {"here": ("住在本房", "lives here"), "elsewhere": ("住在别处", "lives elsewhere"), "unknown": ("住处不详", "place unknown")}
NOTES = {
    "dead": ("已死亡", "has died"),
    "kin_closed": ("本用途不能查看亲属", "this purpose does not open the next of kin"),
    "kin_none": ("没有在世配偶或成年子女的记录", "no living spouse or adult child is on record"),
    "alone": ("独居", "lives alone"),
    "unknown": ("产权人不详", "owner unknown"),
    "organisation": ("单位", "organisation"),
    "nobody": ("没有已知的居住人", "nobody is known to live here"),
    "minors": ("未成年人(不列名)", "minors (not named)"),
    "registered": ("登记于", "registered on"),
    "no_phone": ("没有电话", "no telephone known"),
}
HEADERS = {"role": ("关系", "who"), "name": ("姓名", "name"), "contact_phone": ("联系电话", "telephone"),
           "emergency_contact_phone": ("紧急联系电话", "emergency contact"), "age": ("年龄", "age"), "relation": ("与户主关系", "relation"),
           "note": ("说明", "note")}  # fmt: skip


def show_house(home: Path, question: Question, output: str, language: str, user: str | None = None) -> None:
    """Look, record, then print. Nothing is printed before the audit entry is on the disk."""
    answer = look(home, identify(home, user), question, now=datetime.now(UTC))
    if output == "json":
        sys.stdout.write(json.dumps(as_json(answer, language), ensure_ascii=False, default=str) + "\n")
        return
    words = 0 if language == "zh" else 1
    gone = f" {answer.found.gone_on}" if answer.found.gone_on else ""
    console.print(escape(f"{REACHES[answer.found.reach][words]}{gone}  ({answer.as_of}, {question.purpose})"), soft_wrap=True)
    for one in answer.here:
        _show_contacts(one, "", words)
    for side in answer.around:
        _show_side(side, words)
    _show_offers(answer.found.offers, words)


def _show_side(side: Beside, words: int) -> None:
    place = PLACES[side.where][words]
    if not side.contacts:
        console.print(f"{place}: {_said(side, words)}", soft_wrap=True)
    for one in side.contacts:
        _show_contacts(one, f"{place} ", words)
    _show_offers(side.offers, words)


def _said(side: Beside, words: int) -> str:
    return (ENDS[side.where] if side.side is Side.END else SIDES[side.side])[words]


def _show_offers(offers: tuple[Dwelling, ...], words: int) -> None:
    if offers:
        table(("可选房屋", "dwellings to choose from")[words], (("房屋编码", "标准地址"), ("code", "address"))[words],
              [[one.code, one.address.text] for one in offers])  # fmt: skip


def _show_contacts(one: Contacts, place: str, words: int) -> None:
    """One table: the owner, the kin where the owner cannot be reached, the people who live there."""
    rows = [_owner_row(one, words), *(_row(kin, kin.tie or "", words) for kin in one.owner.kin)]
    rows += [_row(person, "resident", words) for person in one.residents]
    columns = [name for name in HEADERS if any(row.get(name) for row in rows)]
    title = f"{place}{one.dwelling.address.text}  {one.dwelling.code}"
    table(escape(title), [HEADERS[name][words] for name in columns], [[row.get(name) for name in columns] for row in rows])
    lines = [USES[one.use][words]] if one.use else []
    if not one.residents and not one.minors:
        lines.append(NOTES["nobody"][words])
    if one.minors:
        lines.append(f"{NOTES['minors'][words]}: {one.minors}")
    if lines:
        console.print("; ".join(lines), soft_wrap=True)


def _owner_row(one: Contacts, words: int) -> dict[str, Any]:
    owner = one.owner
    day = f"{NOTES['registered'][words]} {owner.registered_on}" if owner.registered_on else ""
    if owner.contact is None:
        note = NOTES["unknown" if owner.kind is Kind.UNKNOWN else "organisation"][words]
        told = "; ".join(filter(None, [note, day]))
        return {"role": ROLES["owner"][words], "name": owner.name, "contact_phone": owner.phone, "note": told}
    row = _row(owner.contact, "owner", words)
    notes = [row.get("note"), NOTES["dead"][words] if owner.dead else None, HOMES[owner.home][words] if owner.home else None]
    if not owner.dead and "contact_phone" not in owner.contact.values:
        notes.append(NOTES["no_phone"][words])
    if (owner.dead or "contact_phone" not in owner.contact.values) and not owner.kin:
        notes.append(NOTES["kin_none" if owner.kin_open else "kin_closed"][words])
    notes += [owner.contact.values.get("residence_address"), day]
    return row | {"note": "; ".join(str(note) for note in notes if note)}


def _row(person: Contact, role: str, words: int) -> dict[str, Any]:
    """Only what the contact holds; the purpose was asked before."""
    known = person.values
    note = NOTES["alone"][words] if known.get("living_alone") else None
    return {"role": ROLES[role][words], **{name: known.get(name) for name in ("name", "contact_phone", "emergency_contact_phone", "age")},
            "relation": _relation(known.get("relation_to_head"), words), "note": note}  # fmt: skip


def _relation(code: str | None, words: int) -> str | None:
    attribute = load_catalogue().attributes["relation_to_head"]
    values = load_catalogue().lists[attribute.codes or ""].values
    found = next((value for value in values if value.code == code), None)
    return code if found is None else found.zh if words == 0 else found.en or found.zh


def as_json(answer: Answer, language: str) -> dict[str, Any]:
    """The answer as plain values; the shape is docs/house_lookup.md."""
    words = 0 if language == "zh" else 1
    return {
        "as_of": answer.as_of.isoformat(), "purpose": answer.purpose, "reach": answer.found.reach.value,
        "message": REACHES[answer.found.reach][words], "gone_on": answer.found.gone_on,
        "dwellings": [_contacts_json(one) for one in answer.here],
        "around": [{"where": side.where, "side": side.side.value, "message": _said(side, words),
                    "dwellings": [_contacts_json(one) for one in side.contacts], "offers": _offers_json(side.offers)}
                   for side in answer.around],
        "offers": _offers_json(answer.found.offers),
    }  # fmt: skip


def _offers_json(offers: tuple[Dwelling, ...]) -> list[dict[str, Any]]:
    return [{"dwelling_code": one.code, "address": one.address.text} for one in offers]


def _person_json(person: Contact) -> dict[str, Any]:
    return {"person_id": person.person_id, **person.values, **({"tie": person.tie} if person.tie else {})}


def _contacts_json(one: Contacts) -> dict[str, Any]:
    owner = one.owner
    stated = {"kind": owner.kind.value, "registered_on": owner.registered_on, "dead": owner.dead,
              "home": owner.home.value if owner.home else None, "kin_open": owner.kin_open}  # fmt: skip
    known = _person_json(owner.contact) if owner.contact else {"name": owner.name, "contact_phone": owner.phone}
    return {"dwelling_code": one.dwelling.code, "address": one.dwelling.address.text, "use": one.use,
            "owner": stated | known | {"kin": [_person_json(kin) for kin in owner.kin]},
            "residents": [_person_json(person) for person in one.residents], "minors": one.minors}  # fmt: skip
