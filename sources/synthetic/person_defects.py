"""What defects leave in ID numbers and names.

Belongs here: one rule per defect, each giving the cells that it can hit and what stands there afterwards.
Does not: telephones, addresses, dates, codes (defects.py).
"""

from __future__ import annotations

import polars as pl

from sources.synthetic import tables
from sources.synthetic.damage import NUMBER_CELL, Change, Damage, filled, wide


def id_15(_: Damage, __: pl.DataFrame, c: str) -> Change:
    return pl.col(c).str.contains(r"^\d{6}19\d{9}[\dX]$"), pl.col(c).str.slice(0, 6) + pl.col(c).str.slice(8, 9)


def lower_x(d: Damage, f: pl.DataFrame, c: str) -> Change:
    marks = ["x"] if d.contract.category == "fund_accounts" else ["x"] * 7 + ["χ", "×", "Ｘ"]
    return pl.col(c).str.ends_with("X"), pl.col(c).str.slice(0, 17) + d.words(f, marks)


def placeholder(d: Damage, f: pl.DataFrame, c: str) -> Change:
    fixed = d.words(f, ["9" * 18, "0" * 18, "1" * 18, "123456789012345678", ""])
    return filled(c), pl.when(fixed == "").then(pl.col(c).str.slice(0, 14) + "0000").otherwise(fixed)


def missing(d: Damage, f: pl.DataFrame, c: str) -> Change:
    word = d.words(f, ["", "", "", "", "", "", "无", "不详", "未提供", "暂无"])
    return filled(c), pl.when(word != "").then(word)


def newborn(d: Damage, f: pl.DataFrame, c: str) -> Change:
    certificate = d.words(f, ["S", "T", "U"]) + "42" + pl.lit(d.integers(f, 1000000, 9999999)).cast(pl.String)
    birth = next((role.birth_date for role in d.contract.person_roles if role.id_number == c and role.birth_date), "birth_date")
    source = "birth" if "birth" in f.columns and birth == "birth_date" else birth
    young = (
        pl.lit(True)
        if d.contract.category == "birth_family_support"
        else pl.col(source).cast(pl.Date) > f[source].cast(pl.Date).max() - pl.duration(days=420)
    )
    return filled(c) & young, pl.when(pl.lit(d.integers(f, 0, 10)) < 5).then(certificate)


def guardian(_: Damage, f: pl.DataFrame, c: str) -> Change:
    source = "_guardian_id" if "_guardian_id" in f.columns else "guardian_id"
    if source not in f.columns:
        return pl.lit(False), pl.col(c)
    return filled(c) & pl.col(source).str.contains(r"^\d{17}[\dX]$") & (pl.col(source) != pl.col(c)), pl.col(source)


def typing(d: Damage, f: pl.DataFrame, c: str) -> Change:
    position = pl.lit(d.integers(f, 6, 17))
    digit = pl.col(c).str.slice(position, 1).cast(pl.Int64, strict=False)
    other = ((digit + 1 + pl.lit(d.integers(f, 0, 9))) % 10).cast(pl.String)
    return pl.col(c).str.contains(r"^\d{17}[\dX]$"), pl.col(c).str.slice(0, position) + other + pl.col(c).str.slice(position + 1)


def two_people(_: Damage, f: pl.DataFrame, c: str) -> Change:
    holder = f.select(name for name in f.columns if name.startswith("_p_")).columns[0]
    return filled(c) & pl.col(c).shift(1).is_not_null() & (pl.col(holder) != pl.col(holder).shift(1)), pl.col(c).shift(1)


def precision(d: Damage, f: pl.DataFrame, c: str) -> Change:
    number = pl.lit(NUMBER_CELL) + pl.col(c).str.slice(0, 15) + "000"
    exponent = pl.col(c).str.slice(0, 1) + "." + pl.col(c).str.slice(1, 5) + "E+17"
    return pl.col(c).str.contains(r"^\d{17}[\dX]$"), pl.when(pl.lit(d.integers(f, 0, 2)) == 0).then(number).otherwise(exponent)


def guard(d: Damage, f: pl.DataFrame, c: str) -> Change:
    kind = pl.lit(d.integers(f, 0, 3))
    return filled(c), pl.when(kind == 0).then("'" + pl.col(c)).when(kind == 1).then("\t" + pl.col(c)).otherwise('="' + pl.col(c) + '"')


def wide_number(d: Damage, f: pl.DataFrame, c: str) -> Change:
    spaced = pl.col(c).str.slice(0, 6) + " " + pl.col(c).str.slice(6, 8) + " " + pl.col(c).str.slice(14)
    return filled(c), pl.when(pl.lit(d.integers(f, 0, 2)) == 0).then(wide(c)).otherwise(spaced)


def rare(d: Damage, f: pl.DataFrame, c: str) -> Change:
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


def traditional(_: Damage, __: pl.DataFrame, c: str) -> Change:
    table = tables.mapping("traditional")
    return pl.col(c).str.contains_any(list(table)), pl.col(c).str.replace_many(list(table), list(table.values()))


def dot(d: Damage, f: pl.DataFrame, c: str) -> Change:
    return pl.col(c).str.contains("·", literal=True), pl.col(c).str.split_exact("·", 1).struct.field("field_0") + d.words(
        f, ["•", ".", "．", "‧", ""]
    ) + pl.col(c).str.split_exact("·", 1).struct.field("field_1")


def title(d: Damage, f: pl.DataFrame, c: str) -> Change:
    if c == "child_name":
        named = pl.coalesce(pl.col("woman_name"), pl.col("man_name")) + d.words(f, ["之子", "之女"])
        return filled(c), pl.when(pl.lit(d.integers(f, 0, 2)) == 0).then(pl.lit("未取名")).otherwise(named)
    sexed = (
        pl.when(pl.col("sex").cast(pl.String).is_in(["1", "男", "M"]))
        .then(d.words(f, ["先生", "(代)", "大爷"]))
        .otherwise(d.words(f, ["女士", "(女)", "(代)"]))
        if "sex" in f.columns
        else d.words(f, ["(户主)", "(代)", "老师"])
    )
    return filled(c), pl.col(c) + sexed


def married(d: Damage, f: pl.DataFrame, c: str) -> Change:
    role = d.role_of(c)
    pid = f[f"_p_{role}"]
    own = d.people.select("sex", "age", "spouse", "former_spouse", "name").select(pl.all().gather(pid.fill_null(0)))
    partner = own.select(pl.coalesce("spouse", "former_spouse")).to_series()
    husband = d.people["name"].gather(partner.fill_null(0)).str.slice(0, 1)
    fits = (own["sex"] == 2) & (own["age"] > 55) & partner.is_not_null() & pid.is_not_null()
    old_form = pl.lit(husband) + pl.col(c).str.slice(0, 1) + "氏"
    return filled(c) & pl.lit(fits), pl.when(pl.lit(d.integers(f, 0, 2)) == 0).then(old_form).otherwise(pl.lit(husband) + pl.col(c))


def former(_: Damage, f: pl.DataFrame, c: str) -> Change:
    return (filled("former_name"), pl.col("former_name")) if "former_name" in f.columns else (pl.lit(False), pl.col(c))


def homophone(_: Damage, __: pl.DataFrame, c: str) -> Change:
    table = tables.mapping("homophones")
    last = pl.col(c).str.tail(1)
    return last.is_in(list(table)), pl.col(c).str.head(-1) + last.replace(table)


def spaced_name(d: Damage, f: pl.DataFrame, c: str) -> Change:
    gap = d.words(f, [" ", "\u3000", "  "])
    kind = pl.lit(d.integers(f, 0, 3))
    inside = pl.col(c).str.slice(0, 1) + gap + pl.col(c).str.slice(1)
    return filled(c), pl.when(kind == 0).then(pl.col(c) + gap).when(kind == 1).then(gap + pl.col(c)).otherwise(inside)


def truncated(_: Damage, __: pl.DataFrame, c: str) -> Change:
    return filled(c), pl.col(c) + pl.lit("（原荆州地区国营综合服务公司劳动服务部改制后第二分支机构驻沙市办事处临时人员代管科室）" * 2)
