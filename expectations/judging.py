"""Judging one delivery: every landed row read once, with the reason of a refused record and the flags of its cells.

Belongs here: the four reasons of clarification 1, the temporary table that the suite (suites.py) and acceptance.py both look at,
so that they cannot disagree and no cell is read twice.
Does not: storing what was judged (acceptance.py), which cells are doubtful (flags.py).
"""

from __future__ import annotations

from datetime import date

import duckdb

from expectations.flags import flag_conditions
from sources.catalogue.models import Contract
from sources.tables import literal, quoted
from sources.values.reading import Reading, code_unknown, natural_key, part, reading_of, stepped, system_values, typed_values

JUDGED, JUDGED_OF = "judged", "judged_of"
"""Temporary tables: the rows of one delivery (typed columns, reason, flags), and which delivery they are of."""


def judge(con: duckdb.DuckDBPyConnection, contract: Contract, delivery_date: date) -> str:
    """Make temp.judged, unless it is already that of this delivery; returns the kind of the delivery.

    Raises LookupError when the ledger knows no such delivery.
    """
    found = con.execute("SELECT kind FROM ledger WHERE category = ? AND delivery_date = ? AND stage <> 'refused'",
                        [contract.category, delivery_date]).fetchone()
    if found is None:
        raise LookupError(f"no landed delivery {contract.category} of {delivery_date}")
    kind = str(found[0])
    rows = con.execute(f"SELECT count(*) FROM {quoted('landed_' + contract.category)} WHERE delivery_date = ?", [delivery_date]).fetchone()
    known = con.execute("SELECT count(*) FROM duckdb_tables() WHERE temporary AND table_name = ?", [JUDGED_OF]).fetchone()
    identity = (contract.category, delivery_date, kind, (rows or (0,))[0])
    if known == (1,) and con.execute(f"SELECT * FROM temp.{JUDGED_OF}").fetchone() == identity:
        return kind
    _judge(con, contract, delivery_date, kind)
    con.execute(f"CREATE OR REPLACE TEMP TABLE {JUDGED_OF} AS SELECT $1::VARCHAR AS category, $2::DATE AS delivery_date, "
                "$3::VARCHAR AS kind, $4::BIGINT AS rows", list(identity))
    return kind


def forget(con: duckdb.DuckDBPyConnection) -> None:
    """Drop the temporary tables of judging."""
    con.execute(f"DROP TABLE IF EXISTS temp.{JUDGED}")
    con.execute(f"DROP TABLE IF EXISTS temp.{JUDGED_OF}")


def reasons(contract: Contract, reading: Reading, kind: str) -> dict[str, str]:
    """Reason code -> condition over the last step of the reading, the first that holds counts. The suites test the same conditions."""
    keys = [contract.column(name) for name in contract.natural_key]
    unknown = [code_unknown(column) for column in keys if column.type == "code"]
    missing = f"(cell_null({part(keys[0].name, 'x')}) IS NULL"
    missing += "".join(f" OR {part(column.name, 'own')} IS NULL AND NOT {code_unknown(column)}" if column.type == "code"
                       else f" OR cell_null({part(column.name, 'x')}) IS NULL" for column in keys[1:]) + ")"
    conditions = {"torn_line": "coalesce(torn, false)", "natural_key_missing": missing, "key_code_unknown": " OR ".join(unknown) or "false",
                  "natural_key_unreadable": f"({natural_key(contract, reading)}) IS NULL"}
    if contract.delta.marker and kind == "delta":
        conditions["operation_unknown"] = f"{reading.values[contract.delta.marker]} IS NULL"
    return conditions


def _judge(con: duckdb.DuckDBPyConnection, contract: Contract, delivery_date: date, kind: str) -> None:
    reading = reading_of(con, contract)
    cases = " ".join(f"WHEN {condition} THEN {literal(reason.replace('unreadable', 'missing'))}"
                     for reason, condition in reasons(contract, reading, kind).items())
    entries = [f"CASE WHEN {condition} THEN {literal(column + ' ' + flag)} END"
               for (column, flag), condition in flag_conditions(contract, reading, kind).items()]
    columns = system_values(contract, reading, kind) | typed_values(contract, reading)
    selected = ", ".join(f"{expression} AS {quoted(name)}" for name, expression in columns.items())
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE {JUDGED} AS
        SELECT delivery_date AS "judged.date", position AS "judged.position", CASE {cases} END AS "judged.reason",
               CASE WHEN torn THEN {_key_of_torn_line(contract)} END AS "judged.torn_key",
               list_filter([{', '.join(entries)}], lambda entry: entry IS NOT NULL) AS "judged.flags", {selected}
        FROM {stepped(reading, f"(SELECT * FROM {quoted('landed_' + contract.category)} WHERE delivery_date = $day)")} AS step""",
                {"day": delivery_date})


def _key_of_torn_line(contract: Contract) -> str:
    """The natural key that a torn line still shows: its first cell, or its member of a JSON object. NULL where it cannot be known."""
    first = contract.data_columns[0]
    if contract.natural_key != (first.name,) or first.type != "string":
        return "NULL::VARCHAR"
    match contract.delivery.format:
        case "csv_gb18030" | "csv_utf8_bom":
            cell = "nullif(regexp_extract(raw_line, '^\"?([^,\"]+)\"?,', 1), '')"
        case "fixed_width_gbk":
            cell = f"nullif(substr(raw_line, 1, {first.width or 0}), '')" if first.start == 1 else "NULL::VARCHAR"
        case "jsonl":
            pattern = '"' + first.header + '"\\s*:\\s*"([^"\\\\]+)"'
            cell = f"nullif(regexp_extract(raw_line, {literal(pattern)}, 1), '')"
        case _:
            return "NULL::VARCHAR"
    return f"cell_null(cell_unguard(cell_trim(cell_half({cell}))))"
