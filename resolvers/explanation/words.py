"""The words of explanations, in Chinese and English.

Belongs here: one phrase per comparison, level, reason, field and ground. Does not: which of them hold (the rest of the room),
sentences around them (telling.py). What has no words yet is shown by its own label, in brackets, so that it is seen.
"""

from __future__ import annotations

import re
from typing import Literal

from resolvers.clustering import DECIDED, OVER_MERGED, RIVAL
from resolvers.linkage import cannot_link

Language = Literal["zh", "en"]
Words = tuple[str, str]
"""Chinese, English."""


def choose(words: Words, language: Language) -> str:
    return words[0] if language == "zh" else words[1]


COMPARISONS: dict[str, Words] = {
    "prior": ("起始", "prior"),
    "name": ("姓名", "name"),
    "birth_date": ("出生日期", "birth date"),
    "sex": ("性别", "sex"),
    "number": ("证件号码", "ID number"),
    "age": ("年龄", "age"),
    "phone": ("电话", "telephone"),
    "place": ("住址", "address"),
    "family": ("家庭成员", "family"),
    "calibration": ("校准", "calibration"),
    "final": ("合计", "total"),
}

LEVELS: dict[tuple[str, str], Words] = {
    ("name", "one character apart, in one family"): (
        "同一家庭，同姓，名字差一个字，可能是兄弟姐妹",
        "one family and surname, the given names differ in one character, as those of brothers and sisters do",
    ),
    ("name", "given name in another order"): (
        "同姓，名字用字相同而次序不同",
        "same surname, the characters of the given name in another order",
    ),
    ("birth_date", "equal, in one family, by another name"): (
        "出生日期相同，但属同一家庭而名字不同，可能是双胞胎，证据较弱",
        "the birth dates are equal, but in one family and under another name, as twins have them",
    ),
    ("birth_date", "day and month exchanged"): ("出生日期月日颠倒", "day and month of the birth dates are exchanged"),
    ("birth_date", "one digit"): ("出生日期差一位数字", "the birth dates differ in one digit"),
    ("number", "one slip, birth date equal"): (
        "证件号码只差一处录入错误，且出生日期相同",
        "the ID numbers differ by one typing slip, and the birth dates are equal",
    ),
    ("number", "birth part contradicts"): (
        "证件号码中的出生日期与对方的出生日期矛盾",
        "the birth date inside an ID number contradicts that of the other side",
    ),
    ("phone", "shared, in one dwelling or family"): (
        "电话号码相同，但本属同一住房或家庭，证据较弱",
        "they share a telephone number, as people of one dwelling or family do anyway",
    ),
    ("phone", "different, in one dwelling or family"): (
        "同一住房或家庭，但电话号码不同",
        "one dwelling or family, but different telephone numbers",
    ),
    ("place", "same dwelling, in one family"): ("同一住房，但本属同一家庭，证据较弱", "the same dwelling, as a family has anyway"),
    ("place", "elsewhere, in one family"): ("同一家庭，但住址不同", "one family, but different addresses"),
    ("name", "equal"): ("姓名完全相同", "the names are equal"),
    ("name", "equal to another name of the person"): (
        "与该人另一姓名（如曾用名）相同",
        "the name equals another name of the person, such as a former one",
    ),
    ("name", "damaged or typed in pinyin"): (
        "一方姓名有缺损字符或以拼音录入，其余一致",
        "one name is damaged or typed in pinyin; what is left agrees",
    ),
    ("name", "same sound"): ("姓名读音相同、用字不同", "the names sound alike but are written differently"),
    ("name", "husband's surname in front"): ("一方姓名前冠夫姓", "one name carries the husband's surname in front"),
    ("name", "one character apart"): ("同姓，名字差一个字", "same surname, the given names differ in one character"),
    ("name", "different"): ("姓名不同", "the names are different"),
    ("birth_date", "equal"): ("出生日期相同", "the birth dates are equal"),
    ("birth_date", "15 to 55 days apart (traditional calendar)"): (
        "出生日期相差15至55天，可能是公历与农历之别",
        "the birth dates lie 15 to 55 days apart, as between solar and lunar calendar",
    ),
    ("birth_date", "one digit, or day and month exchanged"): (
        "出生日期差一位数字，或月日颠倒",
        "the birth dates differ in one digit, or day and month are exchanged",
    ),
    ("birth_date", "same year"): ("仅出生年份相同", "only the year of birth is the same"),
    ("birth_date", "different"): ("出生日期不同", "the birth dates are different"),
    ("sex", "equal"): ("性别相同", "the sex is the same"),
    ("sex", "different"): ("性别不同", "the sex is different"),
    ("number", "two valid numbers"): ("双方各有一个有效证件号码，且互不相同", "each side has a valid ID number of its own"),
    ("number", "one slip"): ("证件号码只差一处录入错误", "the ID numbers differ by one typing slip"),
    ("number", "cut by a spreadsheet"): (
        "证件号码末三位被电子表格截成000，其余相同",
        "the last three digits were cut to 000 by a spreadsheet; the rest is equal",
    ),
    ("number", "different"): ("证件号码不同", "the ID numbers are different"),
    ("age", "grown up, as the role says"): ("年龄与记录中的角色（成年人）相符", "the age fits the role of a grown-up"),
    ("age", "a minor in the role of a grown-up"): ("未成年人却处于成年人的角色", "a minor stands in the role of a grown-up"),
    ("phone", "shared"): ("有相同的电话号码", "they share a telephone number"),
    ("phone", "different"): ("电话号码不同", "the telephone numbers are different"),
    ("place", "same dwelling"): ("同一住房", "the same dwelling"),
    ("place", "same community"): ("同一社区（村）", "the same community"),
    ("place", "same township"): ("同一乡镇街道", "the same township"),
    ("place", "different"): ("住址不在同一乡镇街道", "addresses in different townships"),
    ("family", "same household or relative's number"): (
        "同一户，或亲属证件号码相同",
        "one household, or a relative with the same ID number",
    ),
    ("family", "relative of the same name"): ("有同名亲属", "a relative of the same name"),
    ("family", "different"): ("家庭成员不同", "different families"),
}

MISSING: Words = ("没有可供比较的信息，不计分", "there is nothing to compare; it does not count")
RARITY: tuple[Words, Words] = (
    ("该姓名较少见，证据加强", "the name is rare, so it says more"),
    ("该姓名很常见，证据减弱", "the name is frequent, so it says less"),
)

REASONS: dict[str, Words] = {code: (reason.zh, reason.en) for code, reason in cannot_link.REASONS.items()} | {
    RIVAL: (
        "另有一人以几乎相同的证据与之匹配，无法确定是谁，故不合并",
        "somebody else claims it with nearly the same evidence, so it goes to neither",
    ),
    OVER_MERGED: (
        "合并后群组内部的反面证据超过该连接的证据",
        "inside one cluster the evidence against it would outweigh this link",
    ),
    DECIDED: ("人工审核判定为不同的人", "a reviewer decided that they are two people"),
}
"""Why two clusters are two people, or why a link was not used: what is known of people, and what clustering weighs."""

LINK_REASONS: dict[str, Words] = {
    "model": ("模型评分", "weighed by the model"),
    "decision": ("人工审核判定为同一人", "a reviewer decided that they are one person"),
    "restricted": ("受限类别登记的编号相同且姓名一致", "the same key of a restricted register, and names agree"),
    "account": ("公积金账号相同且姓名一致", "the same housing fund account, and names agree"),
    "insured": ("参保人编号相同且姓名一致", "the same number of an insured person, and names agree"),
    "marriage": ("结婚证号相同且为同一方", "the same side of one marriage certificate"),
    "birth": ("出生医学证明编号相同", "the same birth certificate"),
}
"""What a link rests on: the model, a decision, or a register's own key by its kind."""

FIELDS: dict[str, Words] = {
    "birth_date": ("出生日期相同", "the same birth date"),
    "sound": ("姓名读音相同", "names that sound alike"),
    "plain": ("姓名相同", "the same name"),
    "surname": ("姓氏相同", "the same surname"),
    "phones": ("有相同电话", "a telephone in common"),
    "dwellings": ("有相同住房", "a dwelling in common"),
    "communities": ("在同一社区（村）", "a community in common"),
    "townships": ("在同一乡镇街道", "a township in common"),
    "households": ("在同一户", "a household in common"),
    "relative_numbers": ("亲属证件号码相同", "a relative with the same ID number"),
    "relative_names": ("有同名亲属", "a relative of the same name"),
    "number": ("证件号码相同", "the same ID number"),
    "id_typed": ("录入的证件号码相同", "the same ID number as typed"),
    "l.anchored": ("双方均有有效证件号码", "valid ID numbers on both sides"),
    "r.anchored": ("双方均有有效证件号码", "valid ID numbers on both sides"),
    "NOT (l.anchored AND r.anchored)": ("至少一方没有有效证件号码", "a side without valid ID number"),
}
"""Conditions of blocking rules, by column or by the condition itself."""

METHODS: dict[str, Words] = {
    "exact": ("相关聚类精确求解", "correlation clustering, exact"),
    "contraction_kernighan_lin": (
        "相关聚类：贪心收缩与 Kernighan-Lin 移动",
        "correlation clustering by edge contraction and Kernighan-Lin moves",
    ),
    "average_linkage": ("平均连接聚类", "average linkage"),
    "density": ("按密度切分", "cut by density"),
    "components": ("连通分量", "connected components"),
    "lead": ("因领先不足而弃权", "abstention for want of a lead"),
}
"""Algorithms that cut links."""

TIES: dict[str, Words] = {
    "self": ("就是记录本人", "is the very person beside whom the relative stands"),
    "phone": ("使用记录中该亲属的电话", "has the telephone that the record states for the relative"),
    "record": ("与记录本人在同一条记录中出现", "is named in one record with the person beside whom the relative stands"),
    "household": ("与记录本人同户", "is of one household with the person beside whom the relative stands"),
    "dwelling": ("与记录本人户籍登记在同一住房", "is registered at one dwelling with the person beside whom the relative stands"),
}

ROLES: dict[str, Words] = {
    "father": ("父亲", "father"),
    "mother": ("母亲", "mother"),
    "spouse": ("配偶", "spouse"),
    "guardian": ("监护人", "guardian"),
    "contact": ("联系人", "contact"),
    "payer": ("缴费人", "payer"),
    "applicant": ("申请人", "applicant"),
    "co_borrower": ("共同借款人", "co-borrower"),
    "representative": ("代理人", "representative"),
}

TITLES: dict[str, Words] = {
    "page": ("关联解释", "Why joined or apart"),
    "chart": ("匹配权重瀑布图", "Match weights, waterfall"),
    "chart_sub": ("每一项比较对总分（log2 比值）的贡献", "What every comparison adds to the total (log2 odds)"),
    "weight": ("匹配权重", "match weight"),
    "probability": ("概率", "probability"),
    "comparison": ("比较项", "comparison"),
    "meaning": ("说明", "what it says"),
    "rarity": ("（常见度）", " (how frequent)"),
    "path": ("群组内的连接路径", "Path of links inside the cluster"),
    "rules": ("分组规则：要比较这两方需要什么", "Blocking rules: what each needs to bring them together"),
    "restricted": ("受限类别的记录（内容不显示）", "a record of a restricted category (not shown)"),
    "rule": ("规则", "rule"),
    "met": ("已满足", "met"),
    "lacking": ("缺少", "lacking"),
    "left": ("甲", "A"),
    "right": ("乙", "B"),
    "step": ("第{}步", "Step {}"),
}


SEXES: dict[str, Words] = {"1": ("男", "male"), "2": ("女", "female")}


def value(comparison: str, stated: str, language: Language) -> str:
    """A value as it is read; codes of sex as words."""
    return ", ".join(phrase(SEXES, code, language) for code in stated.split(", ")) if comparison == "sex" and stated else stated


_RARE = re.compile(r"equal, a name that (more than )?one in ([\d,]+) has( at most)?")
"""Labels of equal names by how frequent the name is."""


def _rare(label: str) -> Words | None:
    found = _RARE.fullmatch(label)
    if not found:
        return None
    if found[1]:
        return (
            f"姓名完全相同，但很常见（每{found[2]}人中多于1人）",
            f"the names are equal, but frequent: more than one person in {found[2]} has it",
        )
    return (
        f"姓名完全相同，每{found[2]}人中至多1人叫此名",
        f"the names are equal, and at most one person in {found[2]} has it",
    )


def level(comparison: str, label: str, silent: bool, language: Language) -> str:
    """What a level says; its own label in brackets where it has no words."""
    if silent:
        return choose(MISSING, language)
    found = LEVELS.get((comparison, label)) or (_rare(label) if comparison == "name" else None)
    return choose(found, language) if found else f"[{comparison}: {label}]"


def phrase(table: dict[str, Words], code: str, language: Language) -> str:
    """Words of a code; the code itself in brackets where it has none."""
    found = table.get(code)
    return choose(found, language) if found else f"[{code}]"
