"""`onegrid residence`: every address that records state for a person, where it leads, which one counts and why.

Belongs here: what a purpose may see of it, the sentences in both languages, tables and JSON. Does not: claims and their places
(warehouse/residences.py, resolvers/places), rules (warehouse/attributes/residence.py).
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
from rich.markup import escape

from desk.access import passing
from desk.render import console, table
from sources.catalogue import load_catalogue
from sources.errors import OneGridError
from sources.tables import has_table
from warehouse import audit
from warehouse.access import Request
from warehouse.attributes.residence import LAST
from warehouse.profile import HIDDEN
from warehouse.provenance import MAY_KNOW_HIDDEN
from warehouse.purposes import Reading
from warehouse.snapshots import open_snapshot

LEVELS = {
    "dwelling": ("到户", "one dwelling"),
    "unit": ("到单元", "a unit"),
    "building": ("到楼栋", "a building"),
    "door": ("到门牌", "a door number"),
    "road": ("到街路巷", "a road"),
    "group": ("到村组", "a village group"),
    "community": ("到社区(村)", "a community"),
    "township": ("到乡镇街道", "a township"),
    "county": ("到县市区", "a county unit"),
    "outside": ("市外", "outside the city"),
    "nowhere": ("无法定位", "nowhere"),
}
METHODS = {
    "code": ("按房屋编码定位;文字较略,与编码不矛盾", "by the dwelling code; the text says less and does not contradict it"),
    "code_and_text": ("房屋编码与文字一致", "the dwelling code and the text agree"),
    "code_against_text": ("按房屋编码定位;文字指向别处", "by the dwelling code, although the text leads elsewhere"),
    "text": ("文字各部分与标准地址一致", "every part of the text is as in the house registry"),
    "text_part_missing": ("缺楼栋或单元,但只有一户相符", "the building or unit is missing, but only one dwelling fits"),
    "text_old_road": ("路名用旧称(路/街/大街),只有一户相符", "an earlier word of the road (路, 街, 大街); one dwelling fits"),
    "text_verbatim": ("整段文字与标准地址相同", "the whole text equals a standard address"),
    "text_learned_road": ("旧路名,由带房屋编码的记录得知今名", "an earlier road name, known from records that carry a dwelling code"),
    "text_slip": ("有笔误,只有一户明显最相符", "a slip of the pen; one dwelling fits clearly best"),
    "several": ("有多户相符,不能确定是哪一户", "several dwellings fit, and nothing tells which"),
    "ends": ("文字到此为止", "the text says no more"),
    "absent": ("房屋登记中没有所写的其余部分", "the house registry does not have the rest of what it names"),
    "demolished": ("所写房屋已不在房屋登记中(拆除或并号)", "the dwelling has left the house registry (demolished or merged)"),
    "unknown_area": ("所写社区(村)不在房屋登记中", "the community that it names is not in the house registry"),
    "unread": ("文字未能全部读懂", "the text was not understood to its end"),
    "same_as_other": ("写的是“同上”一类的话", "it only says: the same as another"),
    "not_an_address": ("不是地址", "it is no address"),
    "outside": ("写的是市外地址", "it names a place outside the city"),
}
PLACED = {
    "owned": ("在所写楼栋(村组)内,本人只有一处产权房屋", "inside the building or group it names, the person owns exactly one dwelling"),
    "family": ("在所写楼栋(村组)内,配偶、父母、子女或同户人员住在唯一一户",
               "inside the building or group it names, family lives in exactly one dwelling"),
}
STANDINGS = {
    "counts": ("参与比较", "counts"),
    "old": ("逾60个月未更新,不参与比较", "not updated for 60 months: does not count"),
    "ended": ("记录已失效,不参与比较", "no longer in force: does not count"),
    "past": ("该记录以前所写", "what the record said before"),
}
REASONS = {
    "first": ("按来源顺序居首", "the first by the order of trust"),
    "located": ("更靠前的来源不能定位到户,且与之不矛盾(说明17、52)",
                "sources before it lead to no dwelling and do not contradict it (clarifications 17, 52)"),
    "last": ("没有其他可用来源,采用户籍地址", "no other source counts, so the registered address does"),
    "none": ("没有可用的住址", "no address counts"),
}
DWELLING_BY = {
    "claim": ("住房由该地址直接确定", "the dwelling follows from the address"),
    "owned": PLACED["owned"],
    "family": PLACED["family"],
    "household": ("住房随同户人员确定(说明18)", "the dwelling is that of the registered household (clarification 18)"),
    "none": ("不能确定住房", "no dwelling is known"),
}
GROWN_UP = 18
CLOSED = ("本用途不能查看户籍地址", "this purpose does not open the registered address")


class NobodyThere(OneGridError):
    """The person is not visible to the purpose, or the snapshot has no claims."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim as the purpose may see it; `wins`: it is the residence_address."""

    category: str
    column: str
    text: str | None
    read_as: str | None
    level: str
    method: str
    score: float | None
    candidates: int | None
    dwelling_code: str | None
    placed_by: str | None
    valid_from: date | None
    valid_to: date | None
    standing: str
    wins: bool


@dataclass(frozen=True, slots=True)
class Residence:
    """The answer: claims, the surviving one's reason, the dwelling and who else lives there, spells of the past."""

    person_id: str
    address: str | None
    dwelling_code: str | None
    reason: str
    dwelling_by: str
    claims: list[Claim]
    others: list[dict[str, Any]]
    history: list[dict[str, Any]]

    @property
    def persons(self) -> list[str]:
        """Everybody shown."""
        return [self.person_id, *(str(other["person_id"]) for other in self.others)]


def show_residence(home: Path, person_id: str, purpose: str, output: str, language: str, user: str | None = None) -> None:
    """Record, then print the answer. Raises AccessRefused, PurposeRefused, NobodyThere and what opening a snapshot raises."""
    asked = person_id.strip()
    request = Request("residence", purpose, ("residence_address",), rows=True, asked=audit.digest(home, asked))
    with passing(home, user, request) as pass_:
        with open_snapshot(home) as con:
            answer = residence_of(con, asked, pass_.reading(purpose))
        pass_.saw(answer.persons, 1)
    words = 0 if language == "zh" else 1
    if output == "json":
        sys.stdout.write(json.dumps(as_json(answer, words), ensure_ascii=False, default=str) + "\n")
    else:
        _print(answer, words)


def residence_of(con: duckdb.DuckDBPyConnection, person_id: str, source: Reading) -> Residence:
    """From an open snapshot, what `source` opens. Raises NobodyThere."""
    opened = source.purpose.attributes
    shown = ["residence_address", *(["dwelling_id"] if "dwelling_id" in opened else [])]
    row = con.execute(
        f"""SELECT {", ".join(source.expression(name) for name in shown)} FROM {source.tables}
            WHERE {source.expression("person_id")} = $1 AND {source.condition}""", [person_id]).fetchone()
    if row is None or not has_table(con, "residence_claim"):
        raise NobodyThere(what="no residence of this person is visible to this purpose", where="published snapshot",
                          remedy="check the person id and the purpose; a snapshot of an earlier version needs a new run")
    records = "profile_record" if "profile AS p" in source.tables else "profile_record_open"
    winning = f"SELECT residence_address, dwelling_id FROM {records} WHERE person_id = ?"
    winner, own = con.execute(winning, [person_id]).fetchone() or (None, None)
    claims = _claims(con, person_id, source, winner)
    address, dwelling = row[0], row[1] if len(row) > 1 else None
    return Residence(
        person_id=person_id, address=address, dwelling_code=dwelling, reason=_reason(claims), claims=claims,
        dwelling_by=_dwelling_by(claims, dwelling, own) if "dwelling_id" in opened else "none",
        others=_others(con, person_id, source, dwelling), history=_history(con, person_id, source),
    )  # fmt: skip


def _claims(con: duckdb.DuckDBPyConnection, person_id: str, source: Reading, winner: int | None) -> list[Claim]:
    """Claims in the order of trust; text and place of the registered address only where the purpose opens hukou_address or it wins."""
    opened = source.purpose.attributes
    hidden = frozenset() if source.purpose.name in MAY_KNOW_HIDDEN else HIDDEN
    cursor = con.execute("""
        SELECT c.category, c.column_name AS "column", coalesce(p.address, c.past_address) AS text, p.standard_address AS read_as, c.level,
               c.method, c.score, p.candidates, c.dwelling_code, c.placed_by, c.valid_from, c.valid_to, c.standing, c.record_id
        FROM residence_claim c
        LEFT JOIN place p ON p.record_id = c.record_id AND p.column_name = c.column_name AND c.standing <> 'past'
        WHERE c.person_id = $1 ORDER BY c.standing = 'past', c.valid_from DESC, c.record_id""", [person_id])
    names = [column[0] for column in cursor.description or []]
    order = [f"{category}.{column}" for category, column in load_catalogue().attributes["residence_address"].source_columns]
    claims = []
    for values in cursor.fetchall():
        found = dict(zip(names, values, strict=True))
        wins = found.pop("record_id") == winner and found["standing"] == "counts"
        if found["category"] in hidden:
            continue
        if "dwelling_id" not in opened:
            found["dwelling_code"] = None
        if found["category"] == LAST and not wins and "hukou_address" not in opened:
            found |= {"text": None, "read_as": None, "dwelling_code": None, "candidates": None}
        claims.append(Claim(wins=wins, **found))
    return sorted(claims, key=lambda claim: order.index(f"{claim.category}.{claim.column}"))


def _reason(claims: list[Claim]) -> str:
    winner = next((claim for claim in claims if claim.wins), None)
    if winner is None:
        return "none"
    if winner.category == LAST:
        return "last" if not any(claim.standing == "counts" and claim.category != LAST for claim in claims) else "located"
    counting = [claim for claim in claims if claim.standing == "counts"]
    before = counting[: counting.index(winner)]
    return "located" if any(claim.level != "dwelling" for claim in before) and winner.level == "dwelling" else "first"


def _dwelling_by(claims: list[Claim], dwelling: str | None, own: int | None) -> str:
    if dwelling is None:
        return "none"
    winner = next((claim for claim in claims if claim.wins), None)
    if own is not None:
        return "claim"
    return winner.placed_by if winner is not None and winner.placed_by in ("owned", "family") else "household"


def _others(con: duckdb.DuckDBPyConnection, person_id: str, source: Reading, dwelling: str | None) -> list[dict[str, Any]]:
    """The living of the same dwelling whom the purpose may see, grown-ups with their names where it opens names."""
    opened = source.purpose.attributes
    if dwelling is None or "person_id" not in opened:
        return []
    names = ["person_id", *(["name"] if "name" in opened else [])]
    grown = f"CASE WHEN {source.expression('age')} >= {GROWN_UP} THEN {source.expression('name')} END"
    columns = ", ".join(grown if name == "name" else source.expression(name) for name in names)
    rows = con.execute(f"""
        SELECT {columns} FROM {source.tables}
        WHERE {source.expression("dwelling_id")} = $1 AND {source.expression("vital_status")} = '1' AND {source.condition}
          AND {source.expression("person_id")} <> $2 ORDER BY 1""", [dwelling, person_id]).fetchall()
    return [dict(zip(names, row, strict=True)) for row in rows]


def _history(con: duckdb.DuckDBPyConnection, person_id: str, source: Reading) -> list[dict[str, Any]]:
    """The spells, without what only the registration says where the purpose does not open it."""
    opened = source.purpose.attributes
    cursor = con.execute("""
        SELECT valid_from, valid_to, outside_city, township_code, community_code, dwelling_code, claims, categories, registered_only,
               present
        FROM residence_history WHERE person_id = ? ORDER BY valid_from, dwelling_code, community_code""", [person_id])
    names = [column[0] for column in cursor.description or []]
    spells = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    if "hukou_address" not in opened:
        spells = [spell for spell in spells if not spell["registered_only"] or spell["present"]]
    return [spell | ({} if "dwelling_id" in opened else {"dwelling_code": None}) for spell in spells]


def sentences(claim: Claim, words: int) -> list[str]:
    """How far the claim leads and why, who placed it, and whether it counts."""
    told = [LEVELS[claim.level][words], METHODS.get(claim.method, (claim.method, claim.method))[words]]
    if claim.placed_by in PLACED:
        told.append(PLACED[claim.placed_by][words])
    if claim.text is None and claim.category == LAST:
        told = [CLOSED[words]]
    return [*told, STANDINGS[claim.standing][words]]


def as_json(answer: Residence, words: int) -> dict[str, Any]:
    """Codes and numbers, and the sentences of the language."""
    return asdict(answer) | {
        "claims": [asdict(claim) | {"sentences": sentences(claim, words)} for claim in answer.claims],
        "sentences": [REASONS[answer.reason][words], DWELLING_BY[answer.dwelling_by][words]],
    }


def _print(answer: Residence, words: int) -> None:
    contracts = load_catalogue().contracts
    console.print(escape(f"{answer.person_id}  {answer.address or ''}  {answer.dwelling_code or ''}"), soft_wrap=True)
    console.print(escape("; ".join([REASONS[answer.reason][words], DWELLING_BY[answer.dwelling_by][words]])), soft_wrap=True)
    headers = (["", "来源", "原文", "读作", "说明", "可信度#", "相符户数#", "起", "止"],
               ["", "source", "as delivered", "read as", "why", "score#", "dwellings#", "from", "until"])[words]
    table(("住址记录", "addresses on record")[words], headers, [
        ["*" if claim.wins else "", contracts[claim.category].title_zh if words == 0 else claim.category, claim.text, claim.read_as,
         "; ".join(sentences(claim, words)), claim.score, claim.candidates, claim.valid_from, claim.valid_to] for claim in answer.claims])
    if answer.others:
        who = ", ".join(f"{other['person_id']} {other.get('name') or ''}".strip() for other in answer.others)
        console.print(escape(f"{('同住', 'also live there')[words]}: {who}"), soft_wrap=True)
    titles = (["起", "止", "社区(村)", "房屋", "记录数#", "来源"], ["from", "until", "community", "dwelling", "claims#", "sources"])[words]
    table(("居住历史", "where and when")[words], titles, [
        [spell["valid_from"], spell["valid_to"],
         ("市外", "outside")[words] if spell["outside_city"] else spell["community_code"] or spell["township_code"], spell["dwelling_code"],
         spell["claims"], [contracts[name].title_zh if words == 0 else name for name in spell["categories"]]] for spell in answer.history])
