"""`onegrid export`: whole tables for the operator who holds the key (checking, migration); no product for departments.

Belongs here: the columns of each export and writing it as Parquet.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb

from desk.access import passing
from desk.render import console
from sources.catalogue import load_catalogue
from sources.errors import OneGridError
from sources.tables import literal, quoted
from warehouse.access import Request
from warehouse.configuration import load_configuration
from warehouse.provenance import export_provenance
from warehouse.snapshots import open_snapshot


class ExportSwitchedOff(OneGridError):
    """The operator has switched export off (clarification 54)."""


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


def export_table(home: Path, table: str, out: Path, as_of: date | None, user: str | None = None) -> None:
    """Write one export as Parquet; the file is complete, recorded, or not there. Raises AccessRefused, ExportSwitchedOff."""
    unfinished = out.with_name(out.name + ".part")
    try:
        with passing(home, user, Request("export", asked=table)) as pass_:
            if not load_configuration(home).export:
                raise ExportSwitchedOff(what="export is switched off in this installation", where="config.toml, export",
                                        remedy="set export = true for the time of a check or migration")
            with open_snapshot(home, as_of) as con:
                statement = export_provenance(con) if table == "provenance" else _statement(table)
                con.execute(f"COPY ({statement}) TO {literal(str(unfinished))} (FORMAT parquet, COMPRESSION zstd)")
                pass_.saw(*_exported(con, unfinished))
        unfinished.replace(out)
    finally:
        unfinished.unlink(missing_ok=True)
    console.print(f"wrote {out}")


def _exported(con: duckdb.DuckDBPyConnection, file: Path) -> tuple[list[str], int]:
    """Whom a written file names, each once, and its number of rows."""
    source = f"read_parquet({literal(str(file))})"
    (rows,) = con.execute(f"SELECT count(*) FROM {source}").fetchone() or (0,)
    columns = {column for column, *_ in con.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()}
    if "person_id" not in columns:
        return [], rows
    named = con.execute(f"SELECT DISTINCT person_id FROM {source} WHERE person_id IS NOT NULL ORDER BY 1").to_arrow_table()
    return named["person_id"].to_pylist(), rows
