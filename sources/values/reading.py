"""The typed reading of a category: one landed row in, one typed row out.

Belongs here: which column is read how, by the contract; natural keys (clarification 2), the operation, the order value.
Does not: what a type means (macros.py), which rows are refused (expectations/acceptance.py).

The statement is built in steps, each a subquery over the one before, so that no cell is tidied twice. Working columns are named
`<column>.<part>`: `.x` the tidied text, `.n` and `.long` an ID number as said and in 18 digits, `.d` a date before placeholders are
taken out, `.own` the department's own code, `.pieces` telephone numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import duckdb

from sources.catalogue.models import Column, Contract
from sources.tables import quoted, typed_type
from sources.values.codes import create_lookup, lookup_literal
from sources.values.macros import register

STEPS = 6
SEPARATORS = r"[;；、,，/|\s]+"
"""Separators of several codes in one cell; the contract names one, the others occur."""


@dataclass(slots=True)
class Reading:
    """How a category is read. `values`: the final expression of each typed column over the last step; `joins`: code lookups."""

    steps: list[dict[str, str]] = field(default_factory=lambda: [{} for _ in range(STEPS)])
    joins: list[str] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)


def part(column: str, name: str) -> str:
    """A working column of the steps, as an SQL identifier."""
    return quoted(f"{column}.{name}")


def reading_of(con: duckdb.DuckDBPyConnection, contract: Contract) -> Reading:
    """Make macros and lookups ready on `con` and say how each column is read."""
    register(con)
    reading = Reading()
    for column in contract.data_columns:
        cell, x = quoted(column.name), part(column.name, "x")
        whole = f"cell_trim({cell})" if column.type in {"name", "address"} else f"cell_trim(cell_half({cell}))"
        reading.steps[0][f"{column.name}.trimmed"] = whole
        reading.steps[1][f"{column.name}.x"] = f"cell_unguard({part(column.name, 'trimmed')})"
        if column.type == "code" and column.codes is not None:
            _read_code(con, column, reading)
        else:
            _read_plain(contract, column, x, reading)
    return reading


def _read_code(con: duckdb.DuckDBPyConnection, column: Column, reading: Reading) -> None:
    x = part(column.name, "x")
    if column.multiple:
        table = lookup_literal(column.codes or "")
        # The whole cell first: a word of the list can itself contain a separator.
        reading.steps[2][f"{column.name}.said"] = (
            f"CASE WHEN {table}[{x}] IS NOT NULL THEN [{x}] "
            f"ELSE list_filter(regexp_split_to_array({x}, '{SEPARATORS}'), lambda p: p <> '') END")
        reading.steps[3][f"{column.name}.found"] = f"list_transform({part(column.name, 'said')}, lambda p: {table}[p])"
        found = f"list_filter({part(column.name, 'found')}, lambda f: f.canonical IS NOT NULL)"
        reading.values[column.name] = f"nullif(list_sort(list_distinct(list_transform({found}, lambda f: f.canonical))), []::VARCHAR[])"
        return
    lookup = create_lookup(con, column.codes or "")
    alias = quoted(f"lookup_{column.name}")
    reading.joins.append(f"LEFT JOIN {lookup} AS {alias} ON {alias}.text = {x}")
    reading.steps[2][f"{column.name}.own"] = f"{alias}.own"
    reading.steps[2][f"{column.name}.canonical"] = f"{alias}.canonical"
    reading.values[column.name] = part(column.name, "canonical")


def _read_plain(contract: Contract, column: Column, x: str, reading: Reading) -> None:
    name, steps, values = column.name, reading.steps, reading.values
    match column.type:
        case "id_number":
            steps[2][f"{name}.n"] = f"id_tidy({x})"
            n, base, check = part(name, "n"), part(name, "base"), part(name, "check")
            steps[3][f"{name}.base"] = f"id_base({n})"
            steps[4][f"{name}.check"] = f"id_check({base}, {n})"
            steps[5][f"{name}.long"] = f"id_18({base}, {n}, {check})"
            steps[5][f"{name}.state"] = f"id_state({n}, {check})"
            values[name], values[f"{name}_state"] = part(name, "long"), part(name, "state")
        case "date" | "datetime" | "month":
            _read_date(contract, column, x, reading)
        case "year":
            values[name] = f"year_of({x})"
        case "integer" | "decimal":
            steps[2][f"{name}.number"] = f"number_of({x})"
            values[name] = f"whole_number({part(name, 'number')})" if column.type == "integer" else part(name, "number")
        case "phone":
            steps[2][f"{name}.pieces"] = f"phone_pieces({x})"
            values[name] = f"coalesce(phone_mobile({part(name, 'pieces')}), phone_landline({part(name, 'pieces')}))"
        case _:
            values[name] = f"cell_null({x})"


def _read_date(contract: Contract, column: Column, x: str, reading: Reading) -> None:
    name, d = column.name, part(column.name, "d")
    serials = "true" if "excel_serial" in {column.format, contract.delivery.date_format} and column.type == "date" else "false"
    reading.steps[2][f"{name}.spelling"] = f"date_spelling({x})"
    reading.steps[3][f"{name}.d"] = f"date_in_range(date_stated({part(name, 'spelling')}, {serials}))"
    if column.type == "datetime":
        reading.values[name] = f"moment_of({x}, {d})"
    elif column.type == "month":
        reading.steps[2][f"{name}.parts"] = f"month_parts({x})"
        reading.values[name] = f"month_real(month_said({part(name, 'parts')}, {d}))"
    else:
        reading.values[name] = f"CASE WHEN {_born_that_day(contract, column)} THEN {d} ELSE date_real({d}) END"


def _born_that_day(contract: Contract, column: Column) -> str:
    """1949-10-01 is a placeholder, but people are born on it: kept as a birth date that the record's own valid number carries."""
    role = next((role for role in contract.person_roles if role.birth_date == column.name and role.id_number), None)
    if role is None or role.id_number is None:
        return "false"
    return (f"({part(column.name, 'd')} = DATE '1949-10-01' AND {part(role.id_number, 'state')} IN ('valid', 'valid_15') "
            f"AND substr({part(role.id_number, 'long')}, 7, 8) = '19491001')")


def natural_key(contract: Contract, reading: Reading) -> str:
    """Key values after tidying, joined by |; NULL when one is missing or its code unknown."""
    parts = []
    for name in contract.natural_key:
        column = contract.column(name)
        if column.type == "code":
            parts.append(part(name, "own"))
        elif column.type in {"integer", "year"}:
            parts.append(f"({reading.values[name]})::VARCHAR")
        else:
            parts.append(f"cell_null({part(name, 'x')})")
    return " || '|' || ".join(parts)


def system_values(contract: Contract, reading: Reading, kind: str) -> dict[str, str]:
    """natural_key, operation (I, U, D; only deltas have one) and order_value, as expressions over the last step."""
    marker = contract.delta.marker
    return {"natural_key": natural_key(contract, reading),
            "operation": reading.values[marker] if marker and kind == "delta" else "NULL::VARCHAR",
            "order_value": f"({reading.values[contract.delta.order_by]})::TIMESTAMP"}


def typed_values(contract: Contract, reading: Reading) -> dict[str, str]:
    """The typed columns of the contract, casts included, as expressions over the last step."""
    typed: dict[str, str] = {}
    for column in contract.data_columns:
        typed[column.name] = f"CAST({reading.values[column.name]} AS {typed_type(column)})"
        if column.type == "id_number":
            typed[f"{column.name}_state"] = reading.values[f"{column.name}_state"]
    return typed


def stepped(reading: Reading, source: str) -> str:
    """The subquery with all working columns beside those of `source` (a landed table or a subquery)."""
    statement = source
    for number, step in enumerate(reading.steps):
        if not step:
            continue
        added = "".join(f", {expression} AS {quoted(name)}" for name, expression in step.items())
        joins = " ".join(reading.joins) if number == 2 else ""
        statement = f"(SELECT step.*{added} FROM {statement} AS step {joins})"
    return statement


def code_unknown(column: Column) -> str:
    """True where a code cell says something that the list does not know (over the last step)."""
    x = part(column.name, "x")
    if column.multiple:
        return f"(cell_null({x}) IS NOT NULL AND len(list_filter({part(column.name, 'found')}, lambda f: f IS NULL)) > 0)"
    return f"({part(column.name, 'own')} IS NULL AND cell_null({x}) IS NOT NULL)"


def said_nothing(column: Column) -> str:
    """True where a cell is empty or holds a null word; a null word that is a value of the column's list says something."""
    x = part(column.name, "x")
    if column.type == "code" and not column.multiple:
        return f"({part(column.name, 'own')} IS NULL AND cell_null({x}) IS NULL)"
    if column.type == "code":
        return f"(cell_null({x}) IS NULL AND len(list_filter({part(column.name, 'found')}, lambda f: f IS NOT NULL)) IS DISTINCT FROM 1)"
    if column.type == "id_number":
        return f"({part(column.name, 'n')} IS NULL)"
    return f"(cell_null({x}) IS NULL)"
