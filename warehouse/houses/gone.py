"""Dwellings that are registered no more: demolished, or their code was merged into another.

Belongs here: the table `dwelling_gone` of the working store, for snapshots. It holds the address and the day, nothing of owners
(clarification 45 keeps the other values in the history). Does not: finding one by an address (register.py).
"""

from __future__ import annotations

from datetime import date

import duckdb


def build(con: duckdb.DuckDBPyConnection, as_of: date) -> int:
    """In: history_house_registry, typed_house_registry, current_house_registry as of the day. Out: `dwelling_gone`
    (dwelling_code, standard_address, township_code, community_code, gone_on), one row per code; returns its rows."""
    con.execute(
        """
        CREATE OR REPLACE TABLE dwelling_gone AS
        SELECT typed.dwelling_code, typed.standard_address, typed.township_code, typed.community_code, past.valid_to AS gone_on
        FROM history_house_registry AS past
        JOIN typed_house_registry AS typed USING (delivery_date, position)
        ANTI JOIN current_house_registry AS present ON present.natural_key = past.natural_key
        WHERE past.valid_to <= ? AND typed.standard_address IS NOT NULL AND typed.dwelling_code IS NOT NULL
        QUALIFY row_number() OVER (PARTITION BY past.natural_key ORDER BY past.valid_to DESC, past.valid_from DESC, typed.position DESC) = 1
        ORDER BY typed.dwelling_code""",
        [as_of],
    )
    (rows,) = con.execute("SELECT count(*) FROM dwelling_gone").fetchone() or (0,)
    return int(rows)
