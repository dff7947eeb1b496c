"""Which cells of an accepted record are doubtful.

Belongs here: flag names (those of the dictionary's vocabulary of defects where it has one) and the condition of each.
Does not: harmless variants (15 digits, guards, full-width, separators), which the reading removes; judging records (acceptance.py).
"""

from __future__ import annotations

from sources.catalogue.models import Column, Contract
from sources.tables import literal
from sources.values.reading import Reading, code_unknown, part, said_nothing

FLAGS = {
    "required_missing": "必填项缺失 a required cell is empty or holds a null word",
    "null_word": "空值词 a word for missing (无, 不详, -) stands in the cell",
    "id_typing": "证件号码校验错 check digit or date of an ID number is wrong",
    "id_placeholder": "证件号码为虚构 an invented number",
    "id_precision_lost": "证件号码精度丢失 a spreadsheet destroyed the number",
    "id_malformed": "证件号码形式不符 no ID number at all",
    "code_unknown": "代码无法识别 a value in no list",
    "date_impossible": "日期不存在 a date that does not exist or cannot be read",
    "date_placeholder": "日期为占位值 1900-01-01, 1949-10-01 or 9999-12-31",
    "date_other_style": "日期写法不同 another style than the category's",
    "number_unreadable": "数值无法识别 a number, month or year that cannot be read",
    "phone_placeholder": "电话为占位值 an invented telephone number",
    "phone_unreadable": "电话无法识别 no telephone number can be read",
    "name_rare_char": "姓名有缺字 a character of the name was replaced",
    "operation_in_full": "全量中有操作标志 the marker is filled in a full delivery",
}
"""Every flag, and what it says in Chinese and English."""

STYLES = {
    "YYYYMMDD": "[0-9]{8}",
    "YYYY-MM-DD": "[0-9]{4}-[0-9]{2}-[0-9]{2}",
    "YYYY/M/D": "[0-9]{4}/[0-9]{1,2}/[0-9]{1,2}",
    "YYYY年M月D日": "[0-9]{4}年[0-9]{1,2}月[0-9]{1,2}日",
    "excel_serial": "[0-9]{1,7}(\\.0*)?",
}
"""Date styles of the contracts as patterns; true dates of a database or a Parquet file have none."""


def flag_conditions(contract: Contract, reading: Reading, kind: str) -> dict[tuple[str, str], str]:
    """(column, flag) -> condition over the last step of the reading. One cell can carry several flags."""
    conditions: dict[tuple[str, str], str] = {}
    for column in contract.data_columns:
        for flag, condition in _of_column(contract, column, reading, kind).items():
            conditions[column.name, flag] = condition
    return conditions


def _of_column(contract: Contract, column: Column, reading: Reading, kind: str) -> dict[str, str]:
    x, nothing = part(column.name, "x"), said_nothing(column)
    flags: dict[str, str] = {}
    if column.name == contract.delta.marker:
        return {"operation_in_full": f"NOT {nothing}"} if kind == "full" else {}
    if column.required and column.name not in contract.natural_key:
        flags["required_missing"] = nothing
    flags["null_word"] = f"({nothing} AND is_null_word({x}))"
    return flags | _of_type(contract, column, reading, f"NOT {nothing}")


def _of_type(contract: Contract, column: Column, reading: Reading, said: str) -> dict[str, str]:
    value = reading.values[column.name]
    flags: dict[str, str] = {}
    match column.type:
        case "id_number":
            state = part(column.name, "state")
            flags = {"id_typing": f"{state} = 'invalid'", "id_placeholder": f"{state} = 'placeholder'",
                     "id_precision_lost": f"{state} = 'precision_lost'", "id_malformed": f"{state} = 'malformed'"}
        case "code":
            flags = {"code_unknown": code_unknown(column)}
        case "date" | "datetime":
            flags = _of_date(contract, column, value, said)
        case "month" | "year" | "integer" | "decimal":
            flags = {"number_unreadable": f"{said} AND ({value}) IS NULL"}
        case "phone":
            placeholder = f"phone_is_placeholder({part(column.name, 'pieces')})"
            flags = {"phone_placeholder": f"{said} AND {value} IS NULL AND {placeholder}",
                     "phone_unreadable": f"{said} AND {value} IS NULL AND NOT {placeholder}"}
        case "name":
            flags = {"name_rare_char": f"regexp_matches({part(column.name, 'x')}, '[?？□\ufffd]')"}
    return flags


def _of_date(contract: Contract, column: Column, value: str, said: str) -> dict[str, str]:
    d, x = part(column.name, "d"), part(column.name, "x")
    flags = {"date_placeholder": f"({value}) IS NULL AND date_is_placeholder({d})", "date_impossible": f"{said} AND {d} IS NULL"}
    style = STYLES.get(column.format or contract.delivery.date_format)
    if style is not None and column.type == "date":
        flags["date_other_style"] = f"{d} IS NOT NULL AND NOT regexp_full_match({x}, {literal(style)})"
    return flags


def flag_names(contract: Contract, kind: str) -> dict[str, list[str]]:
    """The flags that each column can get, in the order of FLAGS; columns without any are left out."""
    unread = Reading(values={name: "NULL" for column in contract.data_columns for name in (column.name, f"{column.name}_state")})
    names: dict[str, list[str]] = {}
    for column, flag in flag_conditions(contract, unread, kind):
        names.setdefault(column, []).append(flag)
    order = list(FLAGS)
    return {column: sorted(flags, key=order.index) for column, flags in names.items()}
