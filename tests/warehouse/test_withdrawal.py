"""A record that its department withdraws leaves the kept snapshots; everything else stays in them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest

from sources.catalogue import load_catalogue
from sources.tables import SHARED_TABLES, category_tables, create_table
from tests.factories import a_record, insert
from tests.warehouse.profiles import a_person, create_profiles
from warehouse.keys import VARIABLE, ensure_key
from warehouse.snapshots import list_snapshots, open_snapshot, publish
from warehouse.store import open_working
from warehouse.withdrawal import Cleaned, purge_withdrawn

JUNE, JULY = date(2025, 6, 1), date(2025, 7, 1)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Published in June: p1 is known from legal aid and resettlement support, p2 from the second only."""
    monkeypatch.delenv(VARIABLE, raising=False)
    folder = tmp_path / "home"
    ensure_key(folder)
    with open_working(folder) as con:
        create_city(con)
        for category, key, person in (
            ("legal_aid", "LA1", "p1"),
            ("resettlement_support", "RS1", "p1"),
            ("resettlement_support", "RS2", "p2"),
        ):
            a_record(con, category, person, natural_key=key, delivery_date=JUNE)
            insert(con, f"history_{category}", natural_key=key, valid_from=JUNE, delivery_date=JUNE, position=1)
        for category in ("legal_aid", "resettlement_support"):
            insert(con, "ledger", category=category, delivery_date=JUNE, stage="applied")
        con.execute("DELETE FROM everybody")
        for person in ("p1", "p2"):
            a_person(con, person, published=False, residence_county="421002", resettlement_support_active=True, age=50)
        insert(con, "alert", alert_id="a1", check="x", person_id="p2", state="open")
        insert(con, "alert_record", alert_id="a1", category="resettlement_support", natural_key="RS2")
        publish(con, folder, JUNE, "run", "made of June")
    return folder


def create_city(con: duckdb.DuckDBPyConnection) -> None:
    create_profiles(con, published=False)
    for contract in load_catalogue().contracts.values():
        for name, columns in category_tables(contract).items():
            con.execute(create_table(name, columns))
    for name, columns in SHARED_TABLES.items():
        con.execute(create_table(name, columns))


def rows(home: Path, statement: str) -> list[tuple[object, ...]]:
    with open_snapshot(home, JUNE) as con:
        return con.execute(statement).fetchall()


def test_nothing_withdrawn_changes_nothing(home: Path) -> None:
    before = (home / "snapshots" / "1" / "snapshot.duckdb").read_bytes()
    with open_working(home) as con:
        assert purge_withdrawn(con, home) == []
    assert (home / "snapshots" / "1" / "snapshot.duckdb").read_bytes() == before


@pytest.mark.parametrize("how", ["closed", "purged"])
def test_a_withdrawn_record_and_what_depends_on_it_leave_the_kept_snapshot(home: Path, how: str) -> None:
    with open_working(home) as con:
        change = "DELETE FROM" if how == "purged" else "UPDATE"
        closed = "" if how == "purged" else f"SET valid_to = DATE '{JULY}'"
        con.execute(f"{change} history_resettlement_support {closed}")
        insert(con, "ledger", category="resettlement_support", delivery_date=JULY, stage="applied")
        assert purge_withdrawn(con, home) == [Cleaned(1, 2)]
        assert purge_withdrawn(con, home) == []
    assert rows(home, "SELECT * FROM current_resettlement_support") == []
    assert rows(home, "SELECT natural_key FROM mention_person") == [("LA1",)]
    assert rows(home, "SELECT natural_key FROM current_legal_aid") == [("LA1",)]
    assert rows(home, "SELECT person_id FROM everybody") == [("p1",)]
    for profile in ("profile", "profile_open"):
        assert rows(home, f"SELECT person_id, resettlement_support_active FROM {profile}") == [("p1", None)]
    assert rows(home, "SELECT * FROM alert") == rows(home, "SELECT * FROM alert_record") == []
    (kept,) = list_snapshots(home)
    assert (kept.withdrawn, kept.made_of, kept.rows["everybody"]) == (2, "", 1)
    assert [path.name for path in (home / "snapshots" / "1").iterdir() if "part" in path.name] == []


def test_a_working_state_older_than_the_snapshot_says_nothing_about_withdrawals(home: Path) -> None:
    with open_working(home) as con:
        con.execute("DELETE FROM history_resettlement_support")
        con.execute("UPDATE ledger SET delivery_date = DATE '2025-05-01'")
        assert purge_withdrawn(con, home) == []


def test_households_ties_and_residences_of_named_persons_leave_with_the_record(home: Path) -> None:
    """p1 is named by the withdrawn record; p3 lives with p1, p4 with p5, and nothing withdrawn speaks of these three."""
    with open_working(home) as con:
        con.execute("""
            CREATE TABLE household AS FROM (VALUES ('residence', 'h1', 'p1', 2), ('residence', 'h2', 'p4', 2), ('residence', 'h3', 'p2', 1))
                AS t (kind, household_key, head, size);
            CREATE TABLE household_member AS FROM (VALUES ('residence', 'h1', 'p1', true), ('residence', 'h1', 'p3', true),
                ('residence', 'h2', 'p4', true), ('residence', 'h2', 'p5', true), ('residence', 'h3', 'p2', true))
                AS t (kind, household_key, person_id, counted);
            CREATE TABLE family_tie AS FROM (VALUES ('p1', 'p3'), ('p3', 'p1'), ('p4', 'p5')) AS t (person_id, relative);
            CREATE TABLE residence_claim AS FROM (VALUES ('p1'), ('p3')) AS t (person_id);
            CREATE TABLE residence_history AS FROM residence_claim""")
        publish(con, home, JUNE, "run", "made of June")
        con.execute("DELETE FROM history_resettlement_support")
        insert(con, "ledger", category="resettlement_support", delivery_date=JULY, stage="applied")
        assert len(purge_withdrawn(con, home)) == 2
    assert rows(home, "SELECT * FROM household ORDER BY ALL") == [("residence", "h1", None, 1), ("residence", "h2", "p4", 2)]
    assert rows(home, "SELECT person_id FROM household_member ORDER BY ALL") == [("p3",), ("p4",), ("p5",)]
    assert rows(home, "SELECT * FROM family_tie") == [("p4", "p5")]
    for table in ("residence_claim", "residence_history"):
        assert rows(home, f"SELECT * FROM {table}") == [("p3",)]
