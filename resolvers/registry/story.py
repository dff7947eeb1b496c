"""The story of a person id: when it was given, what it gained and lost, what it was merged with or split from, and why.

Belongs here: ordered events with words, Chinese and English. Does not: showing them (desk), values of records.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import duckdb

from resolvers.registry.tables import TABLES, columns_of
from sources.errors import OneGridError
from sources.tables import has_table

KIND_WORDS = {
    "given": ("编号新给", "id given"),
    "merged": ("并入", "merged into"),
    "split": ("分出到", "a part left for"),
    "retired": ("停用(无记录)", "out of use, no record left"),
    "returned": ("恢复使用", "in use again"),
    "members": ("成员变化", "members changed"),
}
"""By kind of event: Chinese and English."""

REASON_WORDS = {
    "number": ("证件号码", "the ID number"),
    "model": ("模型证据", "the evidence of the model"),
    "family": ("家庭关系", "the family"),
    "decision": ("人工裁定", "a reviewer's decision"),
    "decision withdrawn": ("人工裁定已撤回", "a reviewer's decision was taken back"),
    "record deleted": ("记录已删除", "a record was deleted"),
    "record corrected": ("记录已更正", "a record was corrected"),
    "record returned": ("记录重新出现", "its records came back"),
}
"""By reason; another reason (a register's own key, a constraint) is shown as it is written."""


class UnknownPerson(OneGridError):
    """No person ever had this id."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event of the story. `between`: the mentions of the deciding edge, as category/natural key/role."""

    run: int
    kind: str
    person_id: str
    other_person_id: str | None
    mentions: int
    lost: int
    between: tuple[str, ...]
    weight: float | None
    reason: str | None
    decision_id: str | None
    reason_words: tuple[str, str] = ("", "")

    @property
    def words_zh(self) -> str:
        return self._words(0)

    @property
    def words_en(self) -> str:
        return self._words(1)

    def _words(self, language: int) -> str:
        if self.kind == "members":
            shown = f"新增 {self.mentions} 条,离开 {self.lost} 条" if language == 0 else f"{self.mentions} gained, {self.lost} lost"
            return f"{KIND_WORDS['members'][language]}: {shown}"
        text = f"{self.person_id} {KIND_WORDS[self.kind][language]}"
        if self.other_person_id is not None and self.kind in ("merged", "split"):
            text += f" {self.other_person_id}"
        if self.reason is not None:
            because = self.reason_words[language]
            text += f"(依据:{because})" if language == 0 else f", because of {because}"
        return text


def history_of(con: duckdb.DuckDBPyConnection, person_id: str, further_reasons: Mapping[str, tuple[str, str]] | None = None) -> list[Event]:
    """Events of the id and of every id that was ever merged into it or that it was merged into, by run, with the splits
    that left or reached them. Changes of members are told of the id itself only. Writes nothing. Raises UnknownPerson.

    further_reasons: Chinese and English words of reasons that the caller knows (codes of cuts).
    """
    if any(not has_table(con, name) or not set(columns) <= columns_of(con, name) for name, columns in TABLES.items()):
        raise UnknownPerson(what="the registry has no history yet", where="person registry", remedy="run `onegrid run` once")
    if con.execute("SELECT 1 FROM person_registry WHERE person_id = ?", [person_id]).fetchone() is None:
        raise UnknownPerson(what="no person ever had this id", where="person registry", remedy="check the id: P and eleven digits")
    rows = con.execute(_EVENTS, {"person": person_id}).fetchall()
    return [_event(row, {**(further_reasons or {}), **REASON_WORDS}) for row in rows]


_EVENTS = """
    WITH RECURSIVE line AS (
        SELECT $person AS person_id
        UNION
        SELECT CASE WHEN change.person_id = line.person_id THEN change.other_person_id ELSE change.person_id END
        FROM line JOIN person_change AS change
            ON (change.person_id = line.person_id OR change.other_person_id = line.person_id)
        WHERE change.kind = 'merged' AND change.other_person_id IS NOT NULL),
    gained AS (
        SELECT run, person_id FROM person_member WHERE person_id = $person AND (gone_run IS NULL OR gone_run > run)
        UNION ALL SELECT since_run, person_id FROM person_past WHERE person_id = $person),
    lost AS (
        SELECT until_run AS run FROM person_past WHERE person_id = $person
        UNION ALL SELECT gone_run FROM person_member WHERE person_id = $person AND gone_run IS NOT NULL),
    members AS (
        SELECT run, sum(gained) AS gained, sum(lost) AS lost
        FROM (SELECT run, 1 AS gained, 0 AS lost FROM gained UNION ALL SELECT run, 0, 1 FROM lost)
        WHERE run > (SELECT first_run FROM person_registry WHERE person_id = $person) GROUP BY run)
    SELECT * FROM (
    SELECT run, kind, person_id, other_person_id, mentions, 0 AS lost,
           [concat_ws('/', category_l, natural_key_l, role_l), concat_ws('/', category_r, natural_key_r, role_r)] AS between_,
           weight, reason, decision_id
    FROM person_change WHERE person_id IN (FROM line) OR other_person_id IN (FROM line)
    UNION ALL
    SELECT run, 'members', $person, NULL, gained, lost, [], NULL, NULL, NULL FROM members
    UNION ALL
    SELECT first_run, 'given', person_id, NULL, NULL, 0, [], NULL, NULL, NULL
    FROM person_registry SEMI JOIN line USING (person_id)
    WHERE person_id NOT IN (SELECT person_id FROM person_change WHERE kind = 'given'))
    ORDER BY run, CASE kind WHEN 'given' THEN 0 WHEN 'returned' THEN 1 WHEN 'members' THEN 2 WHEN 'merged' THEN 3
                            WHEN 'split' THEN 4 ELSE 5 END, person_id, other_person_id, between_"""


def _event(row: tuple[Any, ...], reasons: Mapping[str, tuple[str, str]]) -> Event:
    run, kind, person_id, other, mentions, lost, between, weight, reason, decision_id = row
    keys = tuple(key for key in between if key)
    words = reasons.get(reason, (reason, reason)) if reason else ("", "")
    return Event(run, kind, person_id, other, int(mentions or 0), int(lost or 0), keys, weight, reason, decision_id, words)
