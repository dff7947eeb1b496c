"""The words of the review queue, Chinese with English.

Belongs here: titles of fields, why an item is asked, verdicts. Does not: values of records.
"""

from __future__ import annotations

from resolvers.clustering.graph import OVER_MERGED, RIVAL
from resolvers.linkage.cannot_link import REASONS
from resolvers.review.decisions import Verdict
from resolvers.review.queue import Item

FIELDS = {
    "names": ("姓名", "name"),
    "numbers": ("证件号码", "ID number"),
    "births": ("出生日期", "birth date"),
    "sexes": ("性别", "sex"),
    "phones": ("电话", "phone"),
    "addresses": ("住址", "address"),
    "relatives": ("同记录亲属", "relatives in the same record"),
    "records": ("记录", "records"),
    "persons": ("现人员主键", "person id at present"),
}
"""Fields shown of a side, in this order."""

KINDS = {
    "conflict": ("人工裁定互相矛盾", "decisions contradict each other"),
    "cut": ("证据足够但未合并", "enough evidence, yet not joined"),
    "near": ("证据接近合并界限", "evidence near the threshold"),
    "weak": ("仅凭较弱证据合并", "joined by weak evidence only"),
    "loose": ("组内多数记录之间无证据", "little evidence inside the person's records"),
}

VERDICTS = {
    Verdict.SAME: ("同一人", "same"),
    Verdict.DIFFERENT: ("不同人", "different"),
    Verdict.UNSURE: ("不确定", "unsure"),
}

CUTS = {code: (reason.zh, reason.en) for code, reason in REASONS.items()} | {
    RIVAL: ("另有相近的候选人", "another candidate is nearly as likely"),
    OVER_MERGED: ("其余证据不支持", "the rest of the evidence is against it"),
}
"""Why an edge was cut, by its code; another code is shown as it is written."""

RESTRICTED = ("另有限制类记录", "further restricted records")
SEX = {"1": "男 male", "2": "女 female"}


def verdict_of(text: str) -> Verdict | None:
    """The verdict that a cell states, in either language; None where it states none of them."""
    said = text.strip().lower()
    return next((verdict for verdict, words in VERDICTS.items() if said in (*words, " ".join(words))), None)


def title(field: str) -> str:
    return " ".join(FIELDS[field])


def reasons(item: Item) -> str:
    """Why the item is asked, in words with figures."""
    parts = [" ".join(KINDS[kind]) for kind in item.kinds]
    if item.reason is not None:
        parts.append(f"未用原因 reason: {' '.join(CUTS.get(item.reason, (item.reason,)))}")
    if item.weight is not None:
        parts.append(f"证据权重 weight: {item.weight:.1f}")
    parts.append(f"涉及记录 records concerned: {item.records}")
    parts.append("现为同一人 one person at present" if item.joined else "现为两人 two persons at present")
    return "; ".join(parts)
