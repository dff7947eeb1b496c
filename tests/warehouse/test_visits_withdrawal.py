"""A line of the form that is taken back leaves nothing: not in the working state, and not in kept snapshots (clarification 45)."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest

from expectations.acceptance import accept
from sources import history
from sources.catalogue import load_catalogue
from sources.landing import land
from sources.ledger import create_tables
from tests.factories import a_record
from tests.sources.test_forms import GRID, HOME, Line, deliver
from tests.warehouse.profiles import a_person, create_profiles
from warehouse.keys import ensure_key
from warehouse.snapshots import open_snapshot, publish
from warehouse.store import open_working
from warehouse.visits import build
from warehouse.withdrawal import purge_withdrawn

FORM = load_catalogue().forms["grid_visits"]
TABLES = {"current_grid_visits": "visit_no", "visit_statement": "visit_no", "visit": "dwelling_code"}
NEXT_DOOR = f"{HOME[:-1]}9"


def taken_in(con: duckdb.DuckDBPyConnection, home: Path, lines: list[Line], day: str, kind: str = "full") -> None:
    delivery = deliver(home / "in", lines, "jsonl", day, kind=kind)
    land(con, FORM, delivery)
    accept(con, FORM, delivery.delivery_date)
    history.apply_pending(con, FORM)
    history.materialise_current(con, FORM, delivery.delivery_date)
    build(con, home)


def held(con: duckdb.DuckDBPyConnection) -> dict[str, set[str]]:
    return {table: {row[0] for row in con.execute(f"SELECT {column} FROM {table}").fetchall()} for table, column in TABLES.items()}


def test_a_line_taken_back_leaves_kept_snapshots_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ONEGRID_KEY", raising=False)
    ensure_key(tmp_path)
    said: Line = {"visit_date": "2025-06-01", "lives_here": "是", "phone": "19900000009", "consent_registration": "是"}
    first: Line = {**said, "visit_no": "V-1", "name": "陈秀英", "person_id": "chen"}
    second: Line = {**said, "visit_no": "V-2", "name": "李国富", "person_id": "li", "dwelling_code": NEXT_DOOR}
    with open_working(tmp_path) as con:
        create_tables(con)
        create_profiles(con, published=False)
        for code, person, name in ((HOME, "chen", "陈秀英"), (NEXT_DOOR, "li", "李国富")):
            a_record(con, "house_registry", dwelling_code=code, grid_code=GRID, natural_key=code)
            a_person(con, person, published=False, name=name, dwelling_id=code, residence_grid=GRID)
        taken_in(con, tmp_path, [first, second], "2025-06-02")
        publish(con, tmp_path, date(2025, 6, 2), "run", "both")
        taken_in(con, tmp_path, [{**first, "change_type": "作废"}], "2025-06-03", "delta")
        left = {"current_grid_visits": {"V-2"}, "visit_statement": {"V-2"}, "visit": {NEXT_DOOR}}
        assert held(con) == left
        assert [one.records for one in purge_withdrawn(con, tmp_path)] == [1]
        assert purge_withdrawn(con, tmp_path) == []
    with open_snapshot(tmp_path) as con:
        assert held(con) == left
