"""History: what was known on which day, and the records in force.

Belongs here: applying accepted deliveries in date order (full, delta, late ones), and `current_<category>`.
Does not: reading values (expectations.acceptance), snapshots (warehouse).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import duckdb

from sources import withdrawals
from sources.catalogue import load_catalogue
from sources.catalogue.models import Contract
from sources.tables import CURRENT_SYSTEM_COLUMNS, create_table, quoted, typed_columns

RECORD_ID_BITS = 54
"""A record id is the number of its category in the catalogue and so many bits of a digest of its natural key: unique over all categories,
and the same from run to run whatever else is delivered, so that a run can tell what changed."""
CASE_ENDED, LEFT_SCHOOL = "3", "5"
SCHOOL_ENDS = ("3", "4", "6")
"""Canonical statuses of clarification 42."""


@dataclass(frozen=True, slots=True)
class AppliedDelivery:
    """What one delivery did to the history: counts of natural keys; `duplicate_keys` are rows that lost to another."""

    delivery_date: date
    kind: str
    duplicate_keys: int
    inserted: int
    updated: int
    deleted: int
    delete_of_unknown: int
    update_of_unknown: int
    insert_of_known: int
    older_order_value: int


def apply_pending(con: duckdb.DuckDBPyConnection, contract: Contract) -> list[AppliedDelivery]:
    """Apply every accepted delivery in date order, each in one transaction.

    A delivery dated before the newest applied one replays the category from its typed rows, in one transaction: the
    result is the same as in order.
    """
    rows = con.execute(
        "SELECT delivery_date, stage FROM ledger WHERE category = ? AND stage IN ('accepted', 'applied') "
        "ORDER BY delivery_date",
        [contract.category],
    ).fetchall()
    pending = [day for day, stage in rows if stage == "accepted"]
    newest = max((day for day, stage in rows if stage == "applied"), default=None)
    if not pending:
        return []
    if newest is not None and pending[0] < newest:
        return _in_one_transaction(con, contract, [day for day, _ in rows], replay=True)
    return [applied for day in pending for applied in _in_one_transaction(con, contract, [day], replay=False)]


def _in_one_transaction(
    con: duckdb.DuckDBPyConnection, contract: Contract, days: list[date], *, replay: bool
) -> list[AppliedDelivery]:
    con.execute("BEGIN")
    try:
        if replay:
            con.execute(f"DELETE FROM {quoted('history_' + contract.category)}")
        applied = [_apply(con, contract, day) for day in days]
        con.execute("COMMIT")
    except BaseException:
        con.execute("ROLLBACK")
        raise
    return applied


def _apply(con: duckdb.DuckDBPyConnection, contract: Contract, day: date) -> AppliedDelivery:
    """One delivery into the history, and its counts into the ledger."""
    kind = str(
        (
            con.execute(
                "SELECT kind FROM ledger WHERE category = ? AND delivery_date = ? AND stage <> 'refused'",
                [contract.category, day],
            ).fetchone()
            or ("",)
        )[0]
    )
    if withdrawals.purges(contract):
        withdrawals.drop_withdrawn_rows(con, contract, day)
    _state_changes(con, contract, day, kind)
    counts = _count_changes(con, contract, day, kind)
    _close_versions(con, contract, day, kind)
    con.execute(
        f"INSERT INTO {quoted('history_' + contract.category)} "
        "(natural_key, valid_from, valid_to, delivery_date, position) "
        "SELECT natural_key, $1, NULL, $1, position FROM temp.change WHERE NOT removes ORDER BY natural_key",
        [day],
    )
    if withdrawals.purges(contract) and kind == "delta":
        withdrawals.purge(con, contract, day)
    con.execute("DROP TABLE temp.change")
    con.execute(
        """
        UPDATE ledger SET stage = 'applied', duplicate_keys = ?, inserted = ?, updated = ?, deleted = ?,
               delete_of_unknown = ?, update_of_unknown = ?, insert_of_known = ?, older_order_value = ?
        WHERE category = ? AND delivery_date = ? AND stage <> 'refused'""",
        [*counts, contract.category, day],
    )
    return AppliedDelivery(day, kind, *counts)


def _state_changes(con: duckdb.DuckDBPyConnection, contract: Contract, day: date, kind: str) -> None:
    """temp.change: one row per key of the delivery, the row that counts, beside the version that it meets.

    In a full delivery the marker says nothing. In a delta D removes; everything else states the record.
    """
    operation = "operation" if kind == "delta" and contract.delta.marker is not None else "CAST(NULL AS VARCHAR)"
    con.execute("DROP TABLE IF EXISTS temp.change")
    con.execute(
        f"""
        CREATE TEMP TABLE change AS
        WITH counting_rows AS (
            SELECT natural_key, position, {operation} AS operation, order_value
            FROM {quoted("typed_" + contract.category)}
            WHERE delivery_date = $1
            QUALIFY row_number() OVER (PARTITION BY natural_key ORDER BY order_value DESC NULLS LAST, position DESC) = 1
        ),
        open_versions AS (
            SELECT history.natural_key, typed.order_value AS order_value_before
            FROM {quoted("history_" + contract.category)} AS history
            LEFT JOIN {quoted("typed_" + contract.category)} AS typed USING (delivery_date, position)
            WHERE history.valid_to IS NULL
        )
        SELECT rows.natural_key, rows.position, rows.operation, coalesce(rows.operation = 'D', FALSE) AS removes,
               versions.natural_key IS NOT NULL AS known,
               coalesce(rows.order_value < versions.order_value_before, FALSE) AS older
        FROM counting_rows AS rows LEFT JOIN open_versions AS versions USING (natural_key)""",
        [day],
    )


def _absent_keys(contract: Contract, kind: str) -> str:
    """Condition on an open version that a full delivery leaves out and thereby deletes."""
    if kind == "full" and contract.delta.full_absence == "delete":
        return "valid_to IS NULL AND natural_key NOT IN (SELECT natural_key FROM temp.change)"
    return "FALSE"


def _count_changes(con: duckdb.DuckDBPyConnection, contract: Contract, day: date, kind: str) -> tuple[int, ...]:
    """Counts of AppliedDelivery from `duplicate_keys` on, before anything is changed."""
    row = con.execute(
        f"""
        WITH absent AS (
                 SELECT count(*) AS keys FROM {quoted("history_" + contract.category)}
                 WHERE {_absent_keys(contract, kind)}
             ),
             delivered AS (SELECT count(*) AS rows FROM {quoted("typed_" + contract.category)} WHERE delivery_date = $1)
        SELECT (SELECT rows FROM delivered) - count(*),
               count(*) FILTER (WHERE NOT removes AND NOT known), count(*) FILTER (WHERE NOT removes AND known),
               count(*) FILTER (WHERE removes AND known) + (SELECT keys FROM absent),
               count(*) FILTER (WHERE removes AND NOT known),
               count(*) FILTER (WHERE operation = 'U' AND NOT known), count(*) FILTER (WHERE operation = 'I' AND known),
               count(*) FILTER (WHERE older)
        FROM temp.change""",
        [day],
    ).fetchone()
    return tuple(int(count) for count in row or ())


def _close_versions(con: duckdb.DuckDBPyConnection, contract: Contract, day: date, kind: str) -> None:
    """Versions that end with the delivery: replaced, removed, or left out where absence deletes."""
    history = quoted("history_" + contract.category)
    con.execute(f"UPDATE {history} SET valid_to = ? WHERE {_absent_keys(contract, kind)}", [day])
    con.execute(
        f"UPDATE {history} SET valid_to = ? WHERE valid_to IS NULL "
        "AND natural_key IN (SELECT natural_key FROM temp.change WHERE known)",
        [day],
    )


def materialise_current(con: duckdb.DuckDBPyConnection, contract: Contract, as_of: date) -> int:
    """Make `current_<category>`: one row per key in force on `as_of`, ordered by key. Returns the number of rows.

    A record that a later delta removed is in force on no day before (clarification 45).
    """
    number = list(load_catalogue().deliverable).index(contract.category) + 1
    table = quoted("current_" + contract.category)
    columns = [column for column in typed_columns(contract) if column not in CURRENT_SYSTEM_COLUMNS]
    values = ", ".join(_value(contract, column) for column in columns)
    con.execute("BEGIN")
    try:
        con.execute(f"DROP TABLE IF EXISTS {table}")
        con.execute(create_table("current_" + contract.category, CURRENT_SYSTEM_COLUMNS | typed_columns(contract)))
        con.execute(
            f"""
            INSERT INTO {table}
            WITH {_versions_in_force(contract)}
            SELECT {_record_id(number)}, in_force.natural_key,
                   in_force.delivery_date, in_force.position,
                   CASE WHEN typed.order_value IS NOT NULL THEN least(typed.order_value::DATE, $as_of) END,
                   {_left_out(contract)} AS is_left_out, {values}
            FROM in_force
            JOIN {quoted("typed_" + contract.category)} AS typed USING (delivery_date, position)
            CROSS JOIN latest_full
            {_case_join(contract)}
            ORDER BY in_force.natural_key""",
            {"as_of": as_of, "category": contract.category},
        )
        con.execute("COMMIT")
    except BaseException:
        con.execute("ROLLBACK")
        raise
    return int((con.execute(f"SELECT count(*) FROM {table}").fetchone() or (0,))[0])


def _record_id(category_number: int) -> str:
    """SQL: the record id of a key in force. Keys that share a digest (one pair in a thousand cities of six million) follow each other."""
    digest = f"md5_number_lower(in_force.natural_key) >> {64 - RECORD_ID_BITS}"
    return f"""{category_number << RECORD_ID_BITS} + ({digest})::BIGINT
                   + row_number() OVER (PARTITION BY {digest} ORDER BY in_force.natural_key) - 1"""


def _versions_in_force(contract: Contract) -> str:
    """CTEs `latest_full` (its day) and `in_force` (versions valid on as_of and not removed since)."""
    typed, history = quoted("typed_" + contract.category), quoted("history_" + contract.category)
    return f"""
            latest_full AS (
                SELECT max(delivery_date) AS day FROM ledger
                WHERE category = $category AND kind = 'full' AND stage = 'applied' AND delivery_date <= $as_of
            ),
            deltas AS (
                SELECT delivery_date FROM ledger WHERE category = $category AND kind = 'delta' AND stage = 'applied'
            ),
            removal_candidates AS (
                SELECT DISTINCT natural_key FROM {typed}
                WHERE operation = 'D' AND delivery_date IN (SELECT delivery_date FROM deltas)
            ),
            removals AS (
                SELECT natural_key, max(delivery_date) AS removed_on FROM (
                    SELECT natural_key, delivery_date, operation FROM {typed}
                    WHERE natural_key IN (SELECT natural_key FROM removal_candidates)
                      AND delivery_date IN (SELECT delivery_date FROM deltas)
                    QUALIFY row_number() OVER (PARTITION BY natural_key, delivery_date
                                               ORDER BY order_value DESC NULLS LAST, position DESC) = 1
                ) WHERE operation = 'D' GROUP BY natural_key
            ),
            in_force AS (
                SELECT history.natural_key, history.delivery_date, history.position
                FROM {history} AS history LEFT JOIN removals USING (natural_key)
                WHERE valid_from <= $as_of AND (valid_to IS NULL OR valid_to > $as_of)
                  AND (removed_on IS NULL OR removed_on <= valid_from)
            )"""


def _left_out(contract: Contract) -> str:
    """Whether the latest full delivery and all since left the record out; for members, the last one of their case."""
    if contract.category == "social_assistance":
        return "in_force.delivery_date < cases.last_delivery"
    return "coalesce(in_force.delivery_date < latest_full.day, FALSE)"


def _case_join(contract: Contract) -> str:
    if contract.category != "social_assistance":
        return ""
    return f"""JOIN (
                SELECT coalesce(typed.case_no, in_force.natural_key) AS case_no,
                       max(in_force.delivery_date) AS last_delivery
                FROM in_force JOIN {quoted("typed_" + contract.category)} AS typed USING (delivery_date, position)
                GROUP BY ALL
            ) AS cases ON cases.case_no = coalesce(typed.case_no, in_force.natural_key)"""


def _value(contract: Contract, column: str) -> str:
    """A typed column, with the statuses that follow from absence (clarification 42)."""
    name = f"typed.{quoted(column)}"
    if column == "status" and contract.category == "social_assistance":
        return f"CASE WHEN is_left_out THEN '{CASE_ENDED}' ELSE {name} END"
    if column == "status" and contract.category == "student_enrolment":
        ends = ", ".join(f"'{status}'" for status in SCHOOL_ENDS)
        return f"CASE WHEN is_left_out AND coalesce({name}, '') NOT IN ({ends}) THEN '{LEFT_SCHOOL}' ELSE {name} END"
    return name
