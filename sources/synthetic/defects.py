"""The mess of the registers: every defect of the vocabulary as an expression over a column.

Belongs here: which rows a defect hits and what it leaves in the cell. Does not: rows added or broken in the file (writers.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from sources.catalogue import Catalogue
from sources.catalogue.models import Contract
from sources.synthetic import tables

WIDE = {str(digit): chr(0xFF10 + digit) for digit in range(10)}
NUMERALS = {str(number): word for number, word in enumerate("〇一二三四五六七八九")}
NUMBER_CELL = "\x01"
"""Mark of a cell that a workbook keeps as a number."""
Change = tuple[pl.Expr, pl.Expr]


@dataclass(frozen=True)
class DefectRates:
    """Shares of the defects: those of the catalogue times `scale`, or the override of one (category, defect)."""

    scale: float = 1.0
    overrides: dict[tuple[str, str], float] = field(default_factory=dict)

    def share(self, category: str, defect: str, stated: float) -> float:
        return min(1.0, self.overrides.get((category, defect), stated * self.scale))


@dataclass
class Damage:
    """One category under damage: its rows, its rules, its chance."""

    contract: Contract
    catalogue: Catalogue
    people: pl.DataFrame
    rng: np.random.Generator
    rates: DefectRates

    def words(self, frame: pl.DataFrame, choices: list[str]) -> pl.Expr:
        return pl.lit(pl.Series(np.array(choices)[self.rng.integers(0, len(choices), frame.height)]))

    def integers(self, frame: pl.DataFrame, low: int, high: int) -> pl.Series:
        return pl.Series(self.rng.integers(low, high, frame.height))

    def role_of(self, column: str) -> str | None:
        return next((role.role for role in self.contract.person_roles if column in {role.name, role.id_number, role.phone, role.birth_date}), None)

    def hit(self, frame: pl.DataFrame, eligible: pl.Expr, share: float) -> pl.Series:
        """Rows to hit: `share` of all rows, drawn among the eligible ones."""
        fits = frame.select(eligible.fill_null(False).alias("fits")).to_series()
        count = int(fits.sum())
        if not count or share <= 0:
            return pl.repeat(False, frame.height, dtype=pl.Boolean, eager=True)
        return fits & pl.Series(self.rng.random(frame.height) < share * frame.height / count)


def apply(damage: Damage, frame: pl.DataFrame, stage: str) -> pl.DataFrame:
    """All known defects of one stage: `dates` before dates become text, `cells` after, `stale` before both."""
    for known in damage.contract.known_defects:
        if STAGES.get(known.defect) != stage:
            continue
        share = damage.rates.share(damage.contract.category, known.defect, known.share)
        if known.defect == "division_retired":
            frame = _retired(damage, frame, known.columns, share)
            continue
        for column in known.columns:
            if column in frame.columns and share > 0:
                frame = _one(damage, frame, known.defect, column, share)
    return frame


def _one(damage: Damage, frame: pl.DataFrame, defect: str, column: str, share: float) -> pl.DataFrame:
    if defect == "stale" and f"_s_{column}" not in frame.columns:
        return frame
    eligible, value = RULES[defect](damage, frame, column)
    untouched = pl.col(f"_d_{column}").is_null() if f"_d_{column}" in frame.columns else pl.lit(True)
    hit = damage.hit(frame, eligible & untouched, share)
    if not hit.any():
        return frame
    note = pl.when(hit).then(pl.lit(defect))
    note = note.otherwise(pl.col(f"_d_{column}")) if f"_d_{column}" in frame.columns else note.otherwise(None)
    frame = frame.with_columns(pl.when(hit).then(value).otherwise(pl.col(column)).alias(column), note.alias(f"_d_{column}"))
    before = f"_b_{column}"
    if before in frame.columns and defect not in {"stale"}:
        frame = frame.with_columns(pl.when(hit).then(pl.col(column)).otherwise(pl.col(before)).alias(before))
    return frame


def _retired(damage: Damage, frame: pl.DataFrame, columns: tuple[str, ...], share: float) -> pl.DataFrame:
    hit = damage.hit(frame, pl.any_horizontal(pl.col(name).str.starts_with("421088") for name in columns), share)
    return frame.with_columns(pl.when(hit).then(pl.col(name).str.replace("^421088", "421023")).otherwise(pl.col(name)) for name in columns)


def _filled(column: str) -> pl.Expr:
    return pl.col(column).is_not_null()


def _id_15(_: Damage, __: pl.DataFrame, c: str) -> Change:
    return pl.col(c).str.contains(r"^\d{6}19\d{9}[\dX]$"), pl.col(c).str.slice(0, 6) + pl.col(c).str.slice(8, 9)


def _lower_x(d: Damage, f: pl.DataFrame, c: str) -> Change:
    marks = ["x"] if d.contract.category == "fund_accounts" else ["x"] * 7 + ["χ", "×", "Ｘ"]
    return pl.col(c).str.ends_with("X"), pl.col(c).str.slice(0, 17) + d.words(f, marks)


def _placeholder(d: Damage, f: pl.DataFrame, c: str) -> Change:
    fixed = d.words(f, ["9" * 18, "0" * 18, "1" * 18, "123456789012345678", ""])
    return _filled(c), pl.when(fixed == "").then(pl.col(c).str.slice(0, 14) + "0000").otherwise(fixed)


def _missing(d: Damage, f: pl.DataFrame, c: str) -> Change:
    word = d.words(f, ["", "", "", "", "", "", "无", "不详", "未提供", "暂无"])
    return _filled(c), pl.when(word != "").then(word)


def _newborn(d: Damage, f: pl.DataFrame, c: str) -> Change:
    certificate = d.words(f, ["S", "T", "U"]) + "42" + pl.lit(d.integers(f, 1000000, 9999999)).cast(pl.String)
    birth = next((role.birth_date for role in d.contract.person_roles if role.id_number == c and role.birth_date), "birth_date")
    source = "birth" if "birth" in f.columns and birth == "birth_date" else birth
    young = pl.lit(True) if d.contract.category == "birth_family_support" else pl.col(source).cast(pl.Date) > f[source].cast(pl.Date).max() - pl.duration(days=420)
    return _filled(c) & young, pl.when(pl.lit(d.integers(f, 0, 10)) < 5).then(certificate)


def _guardian(_: Damage, f: pl.DataFrame, c: str) -> Change:
    source = "_guardian_id" if "_guardian_id" in f.columns else "guardian_id"
    if source not in f.columns:
        return pl.lit(False), pl.col(c)
    return _filled(c) & pl.col(source).str.contains(r"^\d{17}[\dX]$") & (pl.col(source) != pl.col(c)), pl.col(source)


def _typing(d: Damage, f: pl.DataFrame, c: str) -> Change:
    position = pl.lit(d.integers(f, 6, 17))
    digit = pl.col(c).str.slice(position, 1).cast(pl.Int64, strict=False)
    other = ((digit + 1 + pl.lit(d.integers(f, 0, 9))) % 10).cast(pl.String)
    return pl.col(c).str.contains(r"^\d{17}[\dX]$"), pl.col(c).str.slice(0, position) + other + pl.col(c).str.slice(position + 1)


def _two_people(_: Damage, f: pl.DataFrame, c: str) -> Change:
    holder = f.select(name for name in f.columns if name.startswith("_p_")).columns[0]
    return _filled(c) & pl.col(c).shift(1).is_not_null() & (pl.col(holder) != pl.col(holder).shift(1)), pl.col(c).shift(1)


def _precision(d: Damage, f: pl.DataFrame, c: str) -> Change:
    number = pl.lit(NUMBER_CELL) + pl.col(c).str.slice(0, 15) + "000"
    exponent = pl.col(c).str.slice(0, 1) + "." + pl.col(c).str.slice(1, 5) + "E+17"
    return pl.col(c).str.contains(r"^\d{17}[\dX]$"), pl.when(pl.lit(d.integers(f, 0, 2)) == 0).then(number).otherwise(exponent)


def _guard(d: Damage, f: pl.DataFrame, c: str) -> Change:
    kind = pl.lit(d.integers(f, 0, 3))
    return _filled(c), pl.when(kind == 0).then("'" + pl.col(c)).when(kind == 1).then("\t" + pl.col(c)).otherwise('="' + pl.col(c) + '"')


def _wide_number(d: Damage, f: pl.DataFrame, c: str) -> Change:
    spaced = pl.col(c).str.slice(0, 6) + " " + pl.col(c).str.slice(6, 8) + " " + pl.col(c).str.slice(14)
    return _filled(c), pl.when(pl.lit(d.integers(f, 0, 2)) == 0).then(_wide(c)).otherwise(spaced)


def _wide(column: str) -> pl.Expr:
    return pl.col(column).str.replace_many(list(WIDE), list(WIDE.values()))


def _rare(d: Damage, f: pl.DataFrame, c: str) -> Change:
    rare = tables.rows("rare")
    characters = [line[0] for line in rare]
    kind = pl.lit(d.integers(f, 0, 5))
    value = pl.col(c)
    marks = [("？", 0), ("?", 1), ("□", 2)]
    result = value.str.replace_many(characters, [f"({line[2]})" for line in rare])
    result = pl.when(kind == 3).then(value.str.replace_many(characters, [line[1] for line in rare])).otherwise(result)
    for mark, number in marks:
        result = pl.when(kind == number).then(value.str.replace_many(characters, [mark] * len(rare))).otherwise(result)
    return value.str.contains_any(characters), result


def _traditional(_: Damage, __: pl.DataFrame, c: str) -> Change:
    table = tables.mapping("traditional")
    return pl.col(c).str.contains_any(list(table)), pl.col(c).str.replace_many(list(table), list(table.values()))


def _dot(d: Damage, f: pl.DataFrame, c: str) -> Change:
    return pl.col(c).str.contains("·", literal=True), pl.col(c).str.split_exact("·", 1).struct.field("field_0") + d.words(f, ["•", ".", "．", "‧", ""]) + pl.col(
        c).str.split_exact("·", 1).struct.field("field_1")


def _title(d: Damage, f: pl.DataFrame, c: str) -> Change:
    if c == "child_name":
        named = pl.coalesce(pl.col("woman_name"), pl.col("man_name")) + d.words(f, ["之子", "之女"])
        return _filled(c), pl.when(pl.lit(d.integers(f, 0, 2)) == 0).then(pl.lit("未取名")).otherwise(named)
    sexed = pl.when(pl.col("sex").cast(pl.String).is_in(["1", "男", "M"])).then(d.words(f, ["先生", "(代)", "大爷"])).otherwise(
        d.words(f, ["女士", "(女)", "(代)"])) if "sex" in f.columns else d.words(f, ["(户主)", "(代)", "老师"])
    return _filled(c), pl.col(c) + sexed


def _married(d: Damage, f: pl.DataFrame, c: str) -> Change:
    role = d.role_of(c)
    pid = f[f"_p_{role}"]
    own = d.people.select("sex", "age", "spouse", "former_spouse", "name").select(pl.all().gather(pid.fill_null(0)))
    partner = own.select(pl.coalesce("spouse", "former_spouse")).to_series()
    husband = d.people["name"].gather(partner.fill_null(0)).str.slice(0, 1)
    fits = (own["sex"] == 2) & (own["age"] > 55) & partner.is_not_null() & pid.is_not_null()
    old_form = pl.lit(husband) + pl.col(c).str.slice(0, 1) + "氏"
    return _filled(c) & pl.lit(fits), pl.when(pl.lit(d.integers(f, 0, 2)) == 0).then(old_form).otherwise(pl.lit(husband) + pl.col(c))


def _former(_: Damage, f: pl.DataFrame, c: str) -> Change:
    return (_filled("former_name"), pl.col("former_name")) if "former_name" in f.columns else (pl.lit(False), pl.col(c))


def _homophone(_: Damage, __: pl.DataFrame, c: str) -> Change:
    table = tables.mapping("homophones")
    last = pl.col(c).str.tail(1)
    return last.is_in(list(table)), pl.col(c).str.head(-1) + last.replace(table)


def _spaced_name(d: Damage, f: pl.DataFrame, c: str) -> Change:
    gap = d.words(f, [" ", "\u3000", "  "])
    kind = pl.lit(d.integers(f, 0, 3))
    inside = pl.col(c).str.slice(0, 1) + gap + pl.col(c).str.slice(1)
    return _filled(c), pl.when(kind == 0).then(pl.col(c) + gap).when(kind == 1).then(gap + pl.col(c)).otherwise(inside)


def _truncated(_: Damage, __: pl.DataFrame, c: str) -> Change:
    return _filled(c), pl.col(c) + pl.lit("（原荆州地区国营综合服务公司劳动服务部改制后第二分支机构驻沙市办事处临时人员代管科室）" * 2)


def _shared_phone(d: Damage, f: pl.DataFrame, c: str) -> Change:
    role = d.role_of(c) or d.contract.person_roles[0].role
    pid = f[f"_p_{role}"]
    relative = d.people.select(pl.coalesce("spouse", "father", "mother")).to_series().gather(pid.fill_null(0))
    family = d.people["phone"].gather(relative.fill_null(0))
    family = family.zip_with(relative.is_not_null(), pl.Series([None] * f.height, dtype=pl.String))
    clerk = (pid.fill_null(0) % 97 + 19999000000).cast(pl.String)
    use_clerk = pl.Series(d.rng.random(f.height) < 0.04)
    value = pl.when(use_clerk).then(pl.lit(clerk)).otherwise(pl.lit(family))
    return value.is_not_null() & (value != pl.col(c).fill_null("")), value


def _phone_word(d: Damage, f: pl.DataFrame, c: str) -> Change:
    return pl.lit(True), d.words(f, ["13000000000", "11111111111", "0", "无"])


def _phone_form(d: Damage, f: pl.DataFrame, c: str) -> Change:
    kind, phone = pl.lit(d.integers(f, 0, 8)), pl.col(c)
    hyphens = phone.str.slice(0, 3) + "-" + phone.str.slice(3, 4) + "-" + phone.str.slice(7)
    spaces = phone.str.slice(0, 3) + " " + phone.str.slice(3, 4) + " " + phone.str.slice(7)
    landline = pl.lit("8") + phone.str.slice(5, 6)
    value = pl.when(kind == 0).then("+86" + phone).when(kind == 1).then("86" + phone).when(kind == 2).then(hyphens).when(kind == 3).then(spaces).when(
        kind == 4).then(_wide(c)).when(kind == 5).then("0716" + landline).when(kind == 6).then("0716-" + landline).otherwise(phone + "/0716" + landline)
    return phone.str.contains(r"^199\d{8}$"), value


def _short(_: Damage, __: pl.DataFrame, c: str) -> Change:
    place = pl.col(c)
    village = place.str.replace(r"^.*?(?:街道|镇|族乡|乡|管理区|天鹅洲开发区)", "")
    return _filled(c), pl.when(place.str.contains("社区")).then(place.str.replace(r"^.*?社区", "")).otherwise(village)


def _wording(d: Damage, f: pl.DataFrame, c: str) -> Change:
    place, kind = pl.col(c), pl.lit(d.integers(f, 0, 6))
    flat = place.str.replace(r"(\d+)栋(\d+)单元(\d+)室?", "${1}-${2}-${3}")
    value = pl.when(kind == 0).then(place.str.replace("栋", "幢")).when(kind == 1).then(place.str.replace("栋", "号楼").str.replace("单元", "门").str.replace("室", "")).when(
        kind == 2).then(place.str.replace("栋", "#").str.replace("室", "号")).when(kind == 3).then(flat).when(kind == 4).then(
        place.str.replace("室", "")).otherwise(place.str.replace("1单元", "一单元").str.replace("2单元", "二单元"))
    group = place.str.extract(r"(\d)组")
    rural = pl.when(kind < 3).then(place.str.replace(r"\d组", group.replace(NUMERALS) + "组")).otherwise(place.str.replace(r"(\d+)号$", "${1}"))
    return _filled(c), pl.when(place.str.contains("栋")).then(value).otherwise(rural)


def _old_place(_: Damage, __: pl.DataFrame, c: str) -> Change:
    place = pl.col(c)
    fits = place.str.contains_any(["监利市", "沙市区", "荆州区", "路"])
    value = place.str.replace("监利市", "监利县").str.replace("沙市区", "沙市市").str.replace("荆州区", "江陵县")
    return fits, pl.when(value != place).then(value).otherwise(place.str.replace("路", "大街"))


def _rural(_: Damage, __: pl.DataFrame, c: str) -> Change:
    return pl.col(c).str.contains(r"\d组\d+号?$"), pl.col(c).str.replace(r"(\d组)\d+号?$", "${1}")


def _date_placeholder(d: Damage, f: pl.DataFrame, c: str) -> Change:
    return _filled(c), d.words(f, ["1900-01-01", "1949-10-01", "9999-12-31"]).str.to_date("%Y-%m-%d")


def _lunar(d: Damage, f: pl.DataFrame, c: str) -> Change:
    return _filled(c), pl.col(c) - pl.duration(days=pl.lit(d.integers(f, 15, 56)))


def _impossible(_: Damage, __: pl.DataFrame, c: str) -> Change:
    text = pl.col(c)
    value = text.str.replace(r"^(\d{4})\d{4}$", "${1}0230").str.replace(r"^(\d{4})-\d\d-\d\d$", "${1}-02-30").str.replace(r"^(\d{4})/\d+/\d+$", "${1}/2/30")
    return _filled(c), value


def _other_style(d: Damage, f: pl.DataFrame, c: str) -> Change:
    day = pl.col(f"_t_{c}")
    kind = pl.lit(d.integers(f, 0, 3))
    plain = {"YYYY-MM-DD": "%Y/%-m/%-d", "YYYY/M/D": "%Y年%-m月%-d日", "YYYY年M月D日": "%Y-%m-%d"}.get(d.contract.delivery.date_format, "%Y-%m-%d")
    return day.is_not_null(), pl.when(kind == 0).then(day.dt.strftime("%Y.%-m.%-d")).when(kind == 1).then(day.dt.strftime("%Y%m%d")).otherwise(day.dt.strftime(plain))


def _word(d: Damage, f: pl.DataFrame, c: str) -> Change:
    codes = d.contract.column(c).codes
    values = d.catalogue.lists[codes].values if codes else ()
    table = {value.code: [word for word in (*value.aliases, value.zh) if word != value.code] for value in values}
    first = {code: options[0] for code, options in table.items() if options}
    last = {code: options[-1] for code, options in table.items() if options}
    chosen = pl.when(pl.lit(d.integers(f, 0, 2)) == 0).then(pl.col(c).replace(first)).otherwise(pl.col(c).replace(last))
    return pl.col(c).is_in(list(first)), chosen


def _null_word(d: Damage, f: pl.DataFrame, c: str) -> Change:
    return pl.col(c).is_null(), d.words(f, ["NULL", "空", "-", "/", "无"])


RULES: dict[str, Callable[[Damage, pl.DataFrame, str], Change]] = {
    "id_15_digit": _id_15, "id_lower_x": _lower_x, "id_placeholder": _placeholder, "id_missing": _missing, "id_newborn": _newborn,
    "id_guardian_used": _guardian, "id_typing": _typing, "id_two_people": _two_people, "id_precision_lost": _precision, "id_text_guard": _guard,
    "id_full_width": _wide_number, "name_rare_char": _rare, "name_traditional": _traditional, "name_middle_dot": _dot, "name_title": _title,
    "name_married": _married, "name_former": _former, "name_homophone": _homophone, "name_spaces": _spaced_name, "name_truncated": _truncated,
    "phone_shared": _shared_phone, "phone_placeholder": _phone_word, "phone_form": _phone_form, "address_short": _short, "address_wording": _wording,
    "address_old_name": _old_place, "address_rural": _rural, "date_placeholder": _date_placeholder, "date_lunar": _lunar, "date_impossible": _impossible,
    "date_other_style": _other_style, "code_as_word": _word, "null_word": _null_word,
    "code_unknown": lambda d, f, c: (_filled(c), d.words(f, ["88", "X9"])), "spaces": lambda d, f, c: (_filled(c), d.words(f, ["", " ", "  "]) + pl.col(c) + " "),
    "full_width": lambda d, f, c: (_filled(c), _wide(c)), "stale": lambda d, f, c: ((pl.col(f"_s_{c}").is_null() & _filled(c)) | (pl.col(f"_s_{c}") != pl.col(c)), pl.col(f"_s_{c}")),
}
STAGES = dict.fromkeys(RULES, "cells") | {"division_retired": "cells", "stale": "stale", "date_placeholder": "dates", "date_lunar": "dates"}
"""When a defect acts. duplicate_key and duplicate_person add rows (deliveries.py)."""
