"""Which department is told of which alert, for the product that counts alerts per person.

Belongs here: the temporary table that the product reads. Does not: what a department is told (warehouse/cross_checks/recipients.py).
"""

from __future__ import annotations

import duckdb

from sources.catalogue import load_catalogue
from sources.tables import has_table
from warehouse.cross_checks.recipients import lines_for
from warehouse.feeds.rows import ADDRESSED, QUIET

KNOWN = "alert_addressee"
"""Table (alert_id, department, state) of the snapshot; a department can have answered where another has not."""


def fill_addressed(con: duckdb.DuckDBPyConnection) -> None:
    """Fill ADDRESSED with the open alerts and the departments that get a line about them (clarification 49)."""
    con.execute(f"CREATE OR REPLACE TEMP TABLE {ADDRESSED} (alert_id VARCHAR, department VARCHAR)")
    if has_table(con, KNOWN):
        con.execute(f"INSERT INTO {ADDRESSED} SELECT DISTINCT alert_id, department FROM {KNOWN} WHERE {_asks(con)}")
        return
    for department in load_catalogue().departments:
        ids = sorted({line.alert_id for line in lines_for(con, department)})
        con.execute(f"INSERT INTO {ADDRESSED} SELECT unnest(?::VARCHAR[]), ?", [ids, department])


def _asks(con: duckdb.DuckDBPyConnection) -> str:
    """SQL: the alert asks the department for something."""
    states = {name for name, *_ in con.execute(f"DESCRIBE {KNOWN}").fetchall()} & {"state"}
    return f"coalesce(state, 'open') NOT IN ({QUIET})" if states else "true"
