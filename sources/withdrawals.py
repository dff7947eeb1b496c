"""Withdrawn records leave nothing but the fact (clarification 45).

Belongs here: 撤销 of `resettlement_support` purges landed text, typed rows, flags, quarantine and history.
Does not: kept snapshots (warehouse.withdrawal); deletions of other categories, which stay in the history.
"""

from __future__ import annotations

import secrets
from datetime import date

import duckdb

from sources.catalogue.models import Contract
from sources.tables import quoted

PURGED_CATEGORIES = frozenset({"resettlement_support"})


def purges(contract: Contract) -> bool:
    """Whether a delete of this category removes every value at once."""
    return contract.category in PURGED_CATEGORIES


def drop_withdrawn_rows(con: duckdb.DuckDBPyConnection, contract: Contract, day: date) -> None:
    """Rows of a late delivery whose record was withdrawn on a later day never come back."""
    salt = _salt(con)
    _purge_keys(
        con,
        contract,
        f"""
        SELECT DISTINCT natural_key FROM {quoted("typed_" + contract.category)} WHERE delivery_date = $day
        AND EXISTS (SELECT 1 FROM withdrawn WHERE category = $category AND withdrawn_on >= $day
                    AND key_hash = sha256($salt || natural_key))""",
        {"day": day, "category": contract.category, "salt": salt},
        day,
    )


def purge(con: duckdb.DuckDBPyConnection, contract: Contract, day: date) -> None:
    """Remove every value of the records that temp.change removes, in every delivery up to this day."""
    salt = _salt(con)
    con.execute(
        "INSERT INTO withdrawn SELECT ?, sha256(? || natural_key), ? FROM temp.change WHERE removes ORDER BY 2",
        [contract.category, salt, day],
    )
    _purge_keys(con, contract, "SELECT natural_key FROM temp.change WHERE removes", {}, day)


def _purge_keys(
    con: duckdb.DuckDBPyConnection, contract: Contract, keys: str, parameters: dict[str, object], day: date
) -> None:
    """Delete the keys that a query names, wherever they stand in deliveries up to `day`."""
    category = contract.category
    con.execute(f"CREATE OR REPLACE TEMP TABLE purged_key AS {keys}", parameters)
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE purged_row AS
        SELECT delivery_date, position FROM {quoted("typed_" + category)} SEMI JOIN temp.purged_key USING (natural_key)
        WHERE delivery_date <= $day
        UNION
        SELECT delivery_date, position FROM quarantine SEMI JOIN temp.purged_key USING (natural_key)
        WHERE category = $category AND delivery_date <= $day
        UNION
        SELECT delivery_date, position FROM {quoted("landed_" + category)} AS landed
        WHERE torn AND delivery_date <= $day
          AND EXISTS (SELECT 1 FROM temp.purged_key WHERE contains(landed.raw_line, natural_key))
        """,
        {"day": day, "category": category},
    )
    same_row = "(delivery_date, position) IN (SELECT (delivery_date, position) FROM temp.purged_row)"
    for table in (f"history_{category}", f"typed_{category}", f"landed_{category}"):
        con.execute(f"DELETE FROM {quoted(table)} WHERE {same_row}")
    for table in ("quarantine", "cell_flags"):
        con.execute(f"DELETE FROM {quoted(table)} WHERE category = ? AND {same_row}", [category])
    con.execute("DROP TABLE temp.purged_key")
    con.execute("DROP TABLE temp.purged_row")


def _salt(con: duckdb.DuckDBPyConnection) -> str:
    """The salt of this installation; it lies in the encrypted store only."""
    row = con.execute("SELECT salt FROM withdrawn_salt").fetchone()
    if row is None:
        con.execute("INSERT INTO withdrawn_salt VALUES (?)", [secrets.token_hex(32)])
        row = con.execute("SELECT salt FROM withdrawn_salt").fetchone()
    return str((row or ("",))[0])
