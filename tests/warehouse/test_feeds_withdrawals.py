"""Withdrawn records leave kept products with the next run, and those who took them are told."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from tests.factories import a_record, insert
from tests.warehouse.feed_cases import AS_OF, HOUSE, a_city_with_feeds, fill, publish
from warehouse import audit, snapshots
from warehouse.feeds import products, withdrawals
from warehouse.feeds.withdrawals import Noted
from warehouse.keys import ensure_key
from warehouse.store import open_working

LEDGER = "special_group_care_ledger"
WEEK, TWO_WEEKS = AS_OF + timedelta(days=7), AS_OF + timedelta(days=14)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("ONEGRID_KEY", raising=False)
    monkeypatch.delenv("ONEGRID_OFFICE_DSN", raising=False)
    ensure_key(tmp_path)
    return tmp_path


def told(home: Path, module: str, name: str, day: object = AS_OF) -> dict[str, dict[str, object]]:
    rows = pq.read_table(home / "products" / module / str(day) / f"{name}.parquet").to_pylist()
    return {next(value for key, value in row.items() if key in {"person_id", "dwelling_id"}): row for row in rows}


def without_disability(con: duckdb.DuckDBPyConnection, *, gone: bool = False) -> None:
    """P01 after the record of the disability was withdrawn; `gone`: no other record named the person."""
    for profile in ("profile", "profile_open"):
        con.execute(f"UPDATE {profile} SET disability_level = NULL, contact_phone = NULL WHERE person_id = 'P01'")
        if gone:
            con.execute(f"DELETE FROM {profile} WHERE person_id = 'P01'")


@pytest.mark.parametrize("gone", [False, True], ids=["other records remain", "nothing remains"])
def test_kept_products_and_their_changes_say_nothing_of_it(gone: bool, home: Path) -> None:
    con = a_city_with_feeds()
    publish(con, home)
    con.execute("UPDATE profile_open SET contact_phone = '13800000009' WHERE person_id = 'P01'")
    publish(con, home, WEEK, snapshot=2)
    assert told(home, LEDGER, f"changes-since-{AS_OF}", WEEK)["P01"]["contact_phone"] == "13800000009"
    without_disability(con, gone=gone)
    assert withdrawals.clean(con, home, WEEK + timedelta(days=1), 3, Noted(("P01",), (HOUSE,))) > 0
    for day in (AS_OF, WEEK):
        rows = told(home, LEDGER, LEDGER, day)
        assert "P03" in rows
        assert rows.get("P01", {}).get("contact_phone") is None
        manifest = products.of_day(home, LEDGER, day if day == AS_OF else WEEK)
        assert (manifest.rows, manifest.cleaned) == (len(rows), 1)
    change = told(home, LEDGER, f"changes-since-{AS_OF}", WEEK)["P01"]
    assert change["contact_phone"] is None
    assert change["change"] == ("removed" if gone else "changed")
    assert (told(home, "fire_command_gis", "fire_command_gis", WEEK)[HOUSE]["severely_disabled"]) == 0


@pytest.mark.parametrize("gone", [False, True], ids=["other records remain", "nothing remains"])
def test_next_changes_name_the_row_to_whoever_took_the_product_before(gone: bool, home: Path) -> None:
    con = a_city_with_feeds()
    publish(con, home)
    without_disability(con, gone=gone)
    withdrawals.clean(con, home, AS_OF + timedelta(days=1), 2, Noted(("P01",), (HOUSE,)))
    publish(con, home, WEEK, snapshot=3)
    changes = told(home, LEDGER, f"changes-since-{AS_OF}", WEEK)
    assert set(changes) == {"P01"}
    assert changes["P01"]["change"] == ("removed" if gone else "changed")


def test_products_of_the_same_snapshot_and_of_others_stay_as_they_are(home: Path) -> None:
    con = a_city_with_feeds()
    publish(con, home)
    before = {path: path.read_bytes() for path in (home / "products").rglob("*") if path.is_file()}
    assert withdrawals.clean(con, home, AS_OF, 1, Noted(("P01",), (HOUSE,))) == 0
    assert withdrawals.clean(con, home, AS_OF, 2, Noted(("P07",), ())) == 0
    assert withdrawals.clean(con, home, AS_OF, 2, Noted(("P01",), (HOUSE,))) == 0
    assert withdrawals.clean(con, home, AS_OF, 2, Noted()) == 0
    assert {path: path.read_bytes() for path in (home / "products").rglob("*") if path.is_file()} == before
    assert audit.verify(home).findings == ()


def test_whom_a_withdrawn_record_named_is_noted_until_the_products_are_clean(home: Path) -> None:
    """Before the new snapshot is published: older ones lose the names of those persons afterwards."""
    category = "social_assistance"
    with open_working(home) as con:
        fill(con)
        for name in (category,):
            con.execute(f"CREATE TABLE current_{name} (record_id BIGINT, natural_key VARCHAR, delivery_date DATE)")
            con.execute(f"CREATE TABLE history_{name} (natural_key VARCHAR, valid_from DATE, valid_to DATE)")
        insert(con, f"current_{category}", record_id=77, natural_key="k", delivery_date=AS_OF)
        insert(con, "mention_person", record_id=77, category=category, natural_key="k", role="member", person_id="P01")
        insert(con, f"history_{category}", natural_key="k", valid_from=AS_OF)
        insert(con, "ledger", category=category, stage="applied", delivery_date=AS_OF)
        assert withdrawals.note(con, home) == 0
        snapshots.publish(con, home, AS_OF, "run")
        con.execute(f"UPDATE history_{category} SET valid_to = ?", [WEEK])
        insert(con, "ledger", category=category, stage="applied", delivery_date=WEEK)
        assert withdrawals.note(con, home) == withdrawals.note(con, home) == 1
        assert withdrawals.noted(con) == Noted(("P01",), (HOUSE,))
        withdrawals.forget(con)
        assert withdrawals.noted(con) == Noted()


def test_record_of_a_house_names_no_more_than_its_owner(home: Path) -> None:
    """The dwelling of persons who are not named by the record stays in the products."""
    con = a_city_with_feeds()
    a_record(con, "house_registry", "P02", dwelling_code="4210020010010010009")
    publish(con, home)
    con.execute("UPDATE profile_open SET unemployment_registered = NULL WHERE person_id = 'P02'")
    assert withdrawals.clean(con, home, AS_OF, 2, Noted(("P02",), ("4210020010010010009",))) == 1
    assert set(told(home, "public_appeals", "public_appeals")) == {HOUSE}
