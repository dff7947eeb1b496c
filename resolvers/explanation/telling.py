"""An explanation in sentences and tables of words.

Belongs here: sentences in Chinese or English, from the general to the particular. Does not: single phrases (words.py), pages
(charts.py).
"""

from __future__ import annotations

import math

from resolvers.explanation import Explanation, Party, Step, words
from resolvers.explanation.evidence import CALIBRATION, Level, Rule, Weighing
from resolvers.explanation.facts import Constraint, Placement, Shown
from resolvers.explanation.words import Language, choose, phrase
from sources.catalogue import load_catalogue


def tell(explanation: Explanation, language: Language) -> list[str]:
    """The explanation as sentences: verdict, ground, path, constraints, decisions, relatives, weights, blocking rules."""
    lines = [_verdict(explanation, language), _ground(explanation, language)]
    lines += [step(place, one, language) for place, one in enumerate(explanation.path, start=1)]
    lines += [_constraint(one, language) for one in explanation.constraints]
    lines += [_decision(one.verdict, one.direct, (one.who, one.when, one.why), language) for one in explanation.decisions]
    lines += [_placement(one, language) for one in explanation.placements]
    if explanation.weighing is not None:
        lines.append(_weighed(explanation, explanation.weighing, language))
    if explanation.ground == "not_compared":
        lines += [blocking(rule, language) for rule in explanation.rules]
    elif explanation.rules and not any(rule.met for rule in explanation.rules):
        lines.append(
            choose(
                (
                    "没有任何分组规则把两者放在一起，上次运行未比较过这一对。",
                    "No blocking rule brings them together: the last run did not compare this pair.",
                ),
                language,
            )
        )
    return lines


def party(one: Party, language: Language) -> str:
    """A side by the name it was asked with."""
    letter = words.TITLES["left" if one.name == "A" else "right"]
    side = one.side
    if side.kind == "person":
        return choose(
            (
                f"{letter[0]}（{side.person_id}，{len(side.mention_ids)}条记录）",
                f"{letter[1]} ({side.person_id}, {len(side.mention_ids)} records)",
            ),
            language,
        )
    named = record(side.category or "", side.natural_key or "", side.role or "", language)
    return choose((f"{letter[0]}（{named}）", f"{letter[1]} ({named})"), language)


def record(category: str, natural_key: str, role: str, language: Language) -> str:
    """A record by category, key and role."""
    contract = load_catalogue().contracts[category]
    return choose((f"{contract.title_zh} {natural_key} {contract.role(role).title_zh}", f"{category} {natural_key} {role}"), language)


def unit(one: Shown, language: Language) -> str:
    """A unit by one of its records."""
    name = record(*one.record, language) if one.record else choose(words.TITLES["restricted"], language)
    if one.records == 1:
        return name
    number = choose(("同一证件号码", "one ID number"), language)
    return choose((f"{name} 等{one.records}条记录（{number}）", f"{name} and {one.records - 1} more ({number})"), language)


def step(place: int, one: Step, language: Language) -> str:
    """One link of the path."""
    reason = phrase(words.LINK_REASONS, one.link.reason, language)
    left, right = unit(one.left, language), unit(one.right, language)
    hidden = one.left.restricted + one.right.restricted
    also = (
        choose((f"；其中{hidden}条为受限类别记录，内容不显示", f"; {hidden} of them of restricted categories, not shown"), language)
        if hidden
        else ""
    )
    weight, chance = f"{one.link.weight:.1f}", _probability(one.link.probability)
    weighed = choose((f"，权重 {weight}，概率 {chance}", f", weight {weight}, probability {chance}"), language)
    if math.isinf(one.link.weight):
        weighed = ""
    return choose(
        (f"第{place}步：{left} — {right}：{reason}{weighed}{also}。", f"Step {place}: {left} - {right}: {reason}{weighed}{also}."), language
    )


def rows(explanation: Explanation, weighing: Weighing, language: Language) -> list[list[str]]:
    """The weighing as a table: comparison, value of A, value of B, what it says, weight; first the prior, last the total."""
    a, b = explanation.a.values, explanation.b.values

    def bare(name: str, weight: float) -> list[str]:
        return [phrase(words.COMPARISONS, name, language), "", "", "", f"{weight:+.2f}"]

    told = [
        [
            phrase(words.COMPARISONS, one.comparison, language),
            words.value(one.comparison, a.get(one.comparison, ""), language),
            words.value(one.comparison, b.get(one.comparison, ""), language),
            contribution(one, language),
            "" if one.silent else f"{one.weight + one.rarity:+.2f}",
        ]
        for one in weighing.levels
    ]
    calibration = [bare(CALIBRATION, weighing.calibration)] if weighing.calibration else []
    return [bare("prior", weighing.prior), *told, *calibration, bare("final", weighing.weight)]


def contribution(one: Level, language: Language) -> str:
    """What one comparison says and adds."""
    said = words.level(one.comparison, one.label, one.silent, language)
    rare = ""
    if one.rarity:
        rare = choose(("；", "; "), language) + choose(words.RARITY[0 if one.rarity > 0 else 1], language) + f" ({one.rarity:+.1f})"
    return said + rare


def blocking(rule: Rule, language: Language) -> str:
    """A blocking rule: all it needs, and what is lacking."""

    def listed(met: bool) -> list[str]:
        return list(dict.fromkeys(phrase(words.FIELDS, need.column, language) for need in rule.needs if need.met is met))

    join = choose(("、", ", "), language)
    lacking = join.join(listed(False))
    held = join.join(one for one in listed(True) if one not in listed(False)) or "—"
    if rule.left_out:
        return choose(
            (
                f"分组规则虽满足（{held}），但相同取值的单位过多，上次运行为避免候选对激增而略去。",
                f"This rule holds ({held}), but so many units share the value that the last run left it out, to bound the number of pairs.",
            ),
            language,
        )
    if not lacking:
        return choose((f"分组规则满足：{held}。", f"This rule brings them together: {held}."), language)
    return choose((f"分组规则缺少：{lacking}（已满足：{held}）。", f"This rule lacks: {lacking} (it has: {held})."), language)


def _verdict(explanation: Explanation, language: Language) -> str:
    a, b = party(explanation.a, language), party(explanation.b, language)
    left, right = explanation.a.side.person_id, explanation.b.side.person_id
    if explanation.joined:
        return choose((f"{a}与{b}被认定为同一人 {left}。", f"{a} and {b} are one person, {left}."), language)
    return choose((f"{a}与{b}被认定为不同的人：{left}、{right}。", f"{a} and {b} are two people: {left}, {right}."), language)


_GROUNDS: dict[str, words.Words] = {
    "nucleus": (
        "依据：登记了同一个有效证件号码，且姓名或出生日期与号码的主人一致（同号核心）。",
        "Ground: they carry one valid ID number, and names or birth dates agree with its owner (nucleus).",
    ),
    "links": (
        "依据：在群组内由下列连接相连，每一步都高于阈值。",
        "Ground: the links below join them inside the cluster, each above the threshold.",
    ),
    "family": (
        "依据：亲属没有可用的证件号码，按家庭关系归并到唯一符合姓名、性别与辈分的家庭成员。",
        "Ground: a relative without usable ID number is placed with the one member of the family whose name, sex and generation fit.",
    ),
    "family_group": (
        "依据：家庭中没有可归并的成员；在同一家庭旁以相同姓名和角色出现的亲属视为同一人。",
        "Ground: no member of the family fits; relatives of one name beside the same family count as one person.",
    ),
    "unnamed": (
        "上次运行没有留下说明依据的连接；请重新运行后再解释。",
        "The last run left no link or cut that gives the ground; run again and explain then.",
    ),
    "decision": ("依据：人工审核判定为不同的人。", "Ground: a reviewer decided that they are two people."),
    "constraint": (
        "依据：已知为两个人，模型分数再高也不合并。",
        "Ground: they are known to be two people; no weight of the model can join them.",
    ),
    "relative": (
        "依据：亲属没有可用的证件号码，只能按家庭关系归并，而家庭关系没有指向对方。",
        "Ground: a relative without usable ID number is placed by family only, and the family does not point at the other side.",
    ),
    "not_compared": (
        "依据：从未比较。没有任何分组规则把两者放在一起；各规则所缺如下。",
        "Ground: never compared. No blocking rule brings them together; what each lacks is listed below.",
    ),
    "not_acceptable": (
        "依据：证据达到阈值，但姓名不一致（或双方各有号码而无共同的电话、住房、户或亲属），这样的一对不能成为连接。",
        "Ground: the evidence reaches the threshold, but names do not agree (or two numbers have no telephone, dwelling, household or "
        "relative in common); such a pair makes no link.",
    ),
    "weak": ("依据：比较过，但证据低于合并阈值。", "Ground: they were compared, and the evidence stays below the threshold."),
}


def _ground(explanation: Explanation, language: Language) -> str:
    return phrase(_GROUNDS, explanation.ground, language)


def _constraint(one: Constraint, language: Language) -> str:
    around = (
        choose(("两者之间", "between the two"), language)
        if one.direct
        else choose(("两者所在群组之间", "between the clusters around them"), language)
    )
    cut = ""
    if one.weight is not None:
        by = f", {phrase(words.METHODS, one.method, language)}" if one.method else ""
        cut = choose(
            (f"；因此未采用权重 {one.weight:.1f} 的连接{by}", f"; a link of weight {one.weight:.1f} was not used for it{by}"), language
        )
    said = phrase(words.REASONS, one.code, language)
    return choose((f"约束（{around}）：{said}{cut}。", f"Constraint {around}: {said}{cut}."), language)


def _decision(verdict: str, direct: bool, told: tuple[str | None, ...], language: Language) -> str:
    said = choose({"same": ("同一人", "one person"), "different": ("不同的人", "two people")}.get(verdict, (verdict, verdict)), language)
    around = "" if direct else choose(("（所在群组的其他记录之间）", " (between other records of the clusters around them)"), language)
    more = ", ".join(part for part in told if part)
    return (
        choose((f"人工审核{around}：{said}", f"Decided by a reviewer{around}: {said}"), language)
        + (f" ({more})" if more else "")
        + choose(("。", "."), language)
    )


def _placement(one: Placement, language: Language) -> str:
    side = choose(words.TITLES["left" if one.side == "A" else "right"], language)
    role = phrase(words.ROLES, one.role, language)
    number = choose(("其登记的号码属于他人；", "the number on it belongs to somebody else; "), language) if one.foreign_number else ""
    if not one.placed:
        return choose(
            (
                f"{side}是记录中的{role}：{number}家庭中没有、或不止一个符合的成员，未归并。",
                f"{side} is the {role} of the record: {number}no member of the family fits, or more than one does; not placed.",
            ),
            language,
        )
    tie = phrase(words.TIES, one.tie, language) if one.tie else choose(("属于同一家庭", "belongs to the same family"), language)
    return choose(
        (
            f"{side}是记录中的{role}：{number}按家庭归并，该人{tie}。",
            f"{side} is the {role} of the record: {number}placed by family; the person {tie}.",
        ),
        language,
    )


def _weighed(explanation: Explanation, weighing: Weighing, language: Language) -> str:
    total = f"{weighing.weight:.1f}"
    chance, threshold = _probability(weighing.probability), f"{explanation.threshold:.2f}"
    if explanation.alone:
        return choose(
            (
                f"仅供参考：若两条记录都没有证件号码，其余各项的权重合计为 {total}（概率 {chance}，阈值 {threshold}）。",
                f"For orientation: without ID numbers all the rest would weigh {total} (probability {chance}, threshold {threshold}).",
            ),
            language,
        )
    pairs = len(explanation.weights)
    above, worst = sum(weight >= explanation.threshold for weight in explanation.weights), f"{min(explanation.weights):.1f}"
    best = (
        choose(
            (
                f"（共{pairs}对中最强的一对；最弱 {worst}，{above}对达到阈值）",
                f" (the strongest of {pairs} pairs; the weakest weighs {worst}, {above} reach the threshold)",
            ),
            language,
        )
        if pairs > 1
        else ""
    )
    return choose(
        (
            f"模型权重合计 {total}{best}，概率 {chance}；合并阈值为 {threshold}。",
            f"The model weighs {total}{best}, probability {chance}; links are made from {threshold} on.",
        ),
        language,
    )


def _probability(value: float) -> str:
    """Never shown as certain."""
    return ">0.9999" if value > 0.9999 else "<0.0001" if value < 0.0001 else f"{value:.4f}"
