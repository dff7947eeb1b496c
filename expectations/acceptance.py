"""Acceptance: every landed record is either typed or quarantined with a reason; doubtful cells are flagged, never refused.

Belongs here: storing what judging.py found, release from quarantine, the counts of the ledger.
Does not: how a cell is read (sources/values), reasons and flags (judging.py, flags.py), deliveries refused whole (sources/landing.py).

Two decisions where the dictionary leaves room. An empty operation in a delta of a category with a marker is an unknown operation:
nobody can say whether the record is still there. A filled marker in a full delivery says nothing (the delivery states the present
records), so it is flagged `operation_in_full` and not read.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import duckdb

from expectations.judging import JUDGED, forget, judge
from sources.catalogue.models import Contract
from sources.tables import TYPED_SYSTEM_COLUMNS, literal, quoted, typed_columns

SENTENCES = {
    "torn_line": "记录残缺，无法分列 The line is torn: it does not have the cells of a record.",
    "natural_key_missing": "缺少主键 The record does not carry its natural key.",
    "operation_unknown": "操作标志缺失或无法识别 The operation is none of the category's list.",
    "key_code_unknown": "主键代码无法识别 A code inside the natural key is in no list.",
}


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
    judge(con, contract, delivery_date)
    con.execute("BEGIN")
    try:
        _clear(con, contract, delivery_date)
        _keep(con, contract)
        _release(con, contract, delivery_date)
        outcome = _count(con, contract, delivery_date)
        con.execute("COMMIT")
    except BaseException:
        con.execute("ROLLBACK")
        raise
    finally:
        forget(con)
    return outcome


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
