"""The step of a run: from current_grid_visits to `visit`, `visit_statement` and the proposals in `change_offer`.

Belongs here: the order of the steps and the temporary tables. Does not: the steps (finding.py, comparing.py, offers.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from sources.tables import category_tables, create_table
from warehouse.visits import comparing, finding, offers
from warehouse.visits.routing import FORM, form

VISIT = {"person_id": "VARCHAR", "dwelling_code": "VARCHAR", "grid": "VARCHAR", "visited_on": "DATE"}
"""One row per person, dwelling, grid and day of a visit: `visited on`. It is no confirmation of a record and changes no attribute."""


@dataclass(frozen=True, slots=True)
class Visits:
    """Counts of a run: lines in force, how many speak of a known person, of nobody known, of somebody unclear; facts; proposals."""

    lines: int
    found: int
    nobody: int
    unclear: int
    facts: int
    proposals: int


def build(con: duckdb.DuckDBPyConnection, home: Path) -> Visits:
    """Make `visit` and `visit_statement` anew and replace the rows of origin `visit` in `change_offer`. In one transaction.

    Lines come from `current_grid_visits`; a city without the form gets empty tables. Call after profiles; who makes `change_offer` anew
    calls `append` after it.
    """
    name = f"current_{FORM}"
    con.execute(create_table(name, category_tables(form())[name]))
    con.execute("BEGIN")
    try:
        lines = finding.find(con)
        facts = comparing.compare(con)
        proposals = offers.propose(con, home)
        con.execute(f"CREATE OR REPLACE TABLE visit ({', '.join(f'{column} {kind}' for column, kind in VISIT.items())})")
        con.execute("""INSERT INTO visit SELECT DISTINCT person_id, dwelling_code, grid_code, visit_date FROM temp.visit_line
                       WHERE person_id IS NOT NULL ORDER BY ALL""")
        offers.append(con)
        by = dict(con.execute("SELECT found_by, count(*) FROM temp.visit_line GROUP BY found_by").fetchall())
        con.execute("COMMIT")
    except BaseException:
        con.execute("ROLLBACK")
        raise
    finally:
        for table in ("visit_person", "visit_line", "visit_own", "visit_known", "visit_house", "visit_fact"):
            con.execute(f"DROP TABLE IF EXISTS temp.{table}")
    nobody, unclear = int(by.get("nobody", 0)), int(by.get("unclear", 0))
    return Visits(lines, lines - nobody - unclear, nobody, unclear, facts, proposals)

