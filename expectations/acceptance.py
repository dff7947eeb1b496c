"""Acceptance: every landed record is either typed or quarantined with a reason; doubtful cells are flagged, never refused.

Belongs here: the four reasons of clarification 1, release from quarantine, the counts of the ledger.
Does not: how a cell is read (sources/values), which cells are doubtful (flags.py), whole deliveries that are refused (sources/landing.py).

Two decisions where the dictionary leaves room. An empty operation in a delta of a category with a marker is an unknown operation:
nobody can say whether the record is still there. A filled marker in a full delivery says nothing (the delivery states the present
records), so it is flagged `operation_in_full` and not read.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import duckdb

from expectations.flags import flag_conditions
from sources.catalogue.models import Contract
from sources.tables import TYPED_SYSTEM_COLUMNS, literal, quoted, typed_columns
from sources.values.reading import Reading, code_unknown, natural_key, part, reading_of, stepped, system_values, typed_values

SENTENCES = {
    "torn_line": "记录残缺，无法分列 The line is torn: it does not have the cells of a record.",
    "natural_key_missing": "缺少主键 The record does not carry its natural key.",
    "operation_unknown": "操作标志缺失或无法识别 The operation is none of the category's list.",
    "key_code_unknown": "主键代码无法识别 A code inside the natural key is in no list.",
}
JUDGED = "judged"
"""Temporary table of one delivery: typed columns, the reason of a refused record, the flags of its cells."""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What became of one delivery; accepted + quarantined = delivered. `flags` counts doubtful cells by flag."""

    delivered: int
    accepted: int
    quarantined: int
    flags: dict[str, int]


class AccountingBroken(AssertionError):
    """accepted + quarantined is not delivered: a bug, never a property of the data."""


def accept(con: duckdb.DuckDBPyConnection, contract: Contract, delivery_date: date) -> Acceptance:
    """Fill typed_<category>, quarantine and cell_flags from the landed rows of one delivery, in one transaction.

    Afterwards the ledger line has stage `accepted` and its counts. Doing it twice gives the same result.
    Raises LookupError when the ledger knows no such delivery.
    """
    con.execute("BEGIN")
    try:
        _judge(con, contract, delivery_date)
        _clear(con, contract, delivery_date)
        _keep(con, contract)
        _release(con, contract, delivery_date)
        outcome = _count(con, contract, delivery_date)
        con.execute(f"DROP TABLE temp.{JUDGED}")
        con.execute("COMMIT")
    except BaseException:
        con.execute("ROLLBACK")
        raise
    return outcome


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


def _judge(con: duckdb.DuckDBPyConnection, contract: Contract, delivery_date: date) -> None:
    found = con.execute("SELECT kind FROM ledger WHERE category = ? AND delivery_date = ? AND stage <> 'refused'",
                        [contract.category, delivery_date]).fetchone()
    if found is None:
        raise LookupError(f"no landed delivery {contract.category} of {delivery_date}")
    kind = str(found[0])
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


def _clear(con: duckdb.DuckDBPyConnection, contract: Contract, delivery_date: date) -> None:
    con.execute(f"DELETE FROM {quoted('typed_' + contract.category)} WHERE delivery_date = ?", [delivery_date])
    for table in ("quarantine", "cell_flags"):
        con.execute(f"DELETE FROM {table} WHERE category = ? AND delivery_date = ?", [contract.category, delivery_date])


def _keep(con: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    """Accepted rows with their flags, refused rows with reason and sentence. The key of a refused row is kept where it can be read."""
    columns = [name for name in (*TYPED_SYSTEM_COLUMNS, *typed_columns(contract)) if name not in {"delivery_date", "position"}]
    names = ", ".join(map(quoted, columns))
    con.execute(f"""INSERT INTO {quoted('typed_' + contract.category)} (delivery_date, position, {names})
                    SELECT "judged.date", "judged.position", {names} FROM temp.{JUDGED} WHERE "judged.reason" IS NULL""")
    con.execute(f"""
        INSERT INTO cell_flags (category, delivery_date, position, column_name, flag)
        SELECT {literal(contract.category)}, "judged.date", "judged.position", split_part(entry, ' ', 1), split_part(entry, ' ', 2)
        FROM (SELECT "judged.date", "judged.position", unnest("judged.flags") AS entry
              FROM temp.{JUDGED} WHERE "judged.reason" IS NULL AND len("judged.flags") > 0)""")
    sentences = " ".join(f"WHEN {literal(reason)} THEN {literal(sentence)}" for reason, sentence in SENTENCES.items())
    con.execute(f"""
        INSERT INTO quarantine (category, delivery_date, position, reason, sentence, natural_key, released_on)
        SELECT {literal(contract.category)}, "judged.date", "judged.position", "judged.reason", CASE "judged.reason" {sentences} END,
               CASE "judged.reason" WHEN 'operation_unknown' THEN natural_key WHEN 'torn_line' THEN "judged.torn_key" END, NULL
        FROM temp.{JUDGED} WHERE "judged.reason" IS NOT NULL ORDER BY "judged.position" """)


def _release(con: duckdb.DuckDBPyConnection, contract: Contract, delivery_date: date) -> None:
    """A quarantined record whose key a later delivery carries readable is released."""
    con.execute(f"""
        UPDATE quarantine SET released_on = $day
        WHERE category = $category AND delivery_date < $day AND released_on IS NULL AND natural_key IN (
            SELECT natural_key FROM {quoted('typed_' + contract.category)} WHERE delivery_date = $day)""",
                {"category": contract.category, "day": delivery_date})


def _count(con: duckdb.DuckDBPyConnection, contract: Contract, delivery_date: date) -> Acceptance:
    delivered, quarantined = con.execute(f'SELECT count(*), count("judged.reason") FROM temp.{JUDGED}').fetchone() or (0, 0)
    accepted, keys = con.execute(f"SELECT count(*), count(DISTINCT natural_key) FROM {quoted('typed_' + contract.category)} "
                                 "WHERE delivery_date = ?", [delivery_date]).fetchone() or (0, 0)
    if accepted + quarantined != delivered:
        raise AccountingBroken(f"{contract.category} {delivery_date}: {accepted} + {quarantined} is not {delivered}")
    con.execute("""UPDATE ledger SET stage = 'accepted', delivered = ?, accepted = ?, quarantined = ?, duplicate_keys = ?
                   WHERE category = ? AND delivery_date = ? AND stage <> 'refused'""",
                [delivered, accepted, quarantined, accepted - keys, contract.category, delivery_date])
    flags = con.execute("SELECT flag, count(*) FROM cell_flags WHERE category = ? AND delivery_date = ? GROUP BY flag ORDER BY flag",
                        [contract.category, delivery_date]).fetchall()
    return Acceptance(delivered, accepted, quarantined, dict(flags))
