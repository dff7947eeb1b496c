"""`onegrid export`: whole tables for the operator who holds the key (checking, migration); no product for departments.

Belongs here: the columns of each export and writing it as Parquet.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from desk.render import console
from sources.catalogue import load_catalogue
from sources.tables import literal, quoted
from warehouse.provenance import export_provenance
from warehouse.snapshots import open_snapshot


def _statement(table: str) -> str:
    attributes = ", ".join(quoted(name) for name in load_catalogue().attributes)
    return {
        "mentions": "SELECT category, natural_key, role, person_id FROM mention_person ORDER BY ALL",
        "profiles": f"SELECT {attributes} FROM profile ORDER BY person_id",
        "quarantine": 'SELECT category, delivery_date, position AS "row", reason FROM quarantine ORDER BY ALL',
        "deliveries": """SELECT category, delivery_date, department, kind, stage, delivered AS "rows", accepted, quarantined,
                                * EXCLUDE (category, delivery_date, department, kind, stage, delivered, accepted, quarantined)
                         FROM ledger ORDER BY category, delivery_date, stage""",
        "alerts": """SELECT alert_id, "check", person_id, category, natural_key, state
                     FROM alert JOIN alert_record USING (alert_id) ORDER BY ALL""",
    }[table]


def export_table(home: Path, table: str, out: Path, as_of: date | None) -> None:
    """Write one export as Parquet; the file is complete or not there."""
    unfinished = out.with_name(out.name + ".part")
    with open_snapshot(home, as_of) as con:
        statement = export_provenance(con) if table == "provenance" else _statement(table)
        con.execute(f"COPY ({statement}) TO {literal(str(unfinished))} (FORMAT parquet, COMPRESSION zstd)")
    unfinished.replace(out)
    console.print(f"wrote {out}")
