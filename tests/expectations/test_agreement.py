"""Suite and acceptance agree, and on the sample exactly the rows of its truth are refused."""

from __future__ import annotations

import random
from pathlib import Path

import duckdb
import pytest

from expectations.acceptance import accept
from expectations.suites import build_data_docs, suite_for, validate
from sources.catalogue import load_catalogue
from sources.catalogue.bounds import load_bounds
from sources.deliveries import discover
from sources.landing import land
from tests.expectations.landed import DAY, a_delivery
from tests.factories import an_empty_city

CONTRACTS = load_catalogue().contracts
IN_SET = "expect_column_values_to_be_in_set"
CELLS = [None, "", "无", "-", "19380312", "1938/3/12", "20230230", "1900-01-01", "421099193803121266", "421099193803121260", "4.2E+17",
         "9" * 18, "13000000000", "123", "陈□英", "I", "1", "01", "110", "2025", "男", "999", "1,5"]
SAMPLE = Path(__file__).parents[2].parent / "shared" / "deliveries"


@pytest.mark.parametrize("kind", ["full", "delta"])
@pytest.mark.parametrize("category", CONTRACTS)
def test_expectations_fail_exactly_where_acceptance_quarantines_or_flags(category: str, kind: str, tmp_path: Path) -> None:
    contract, chance, con = CONTRACTS[category], random.Random(category + kind), an_empty_city()
    rows = [{column.name: chance.choice(CELLS) for column in contract.data_columns if column.name != contract.natural_key[0]}
            for _ in range(40)]
    a_delivery(con, category, rows, kind=kind)
    verdict = validate(con, contract, DAY, tmp_path)
    outcome = accept(con, contract, DAY)
    flagged = dict(con.execute("SELECT column_name, count(DISTINCT position) FROM cell_flags GROUP BY 1").fetchall())
    of_columns = {name.removesuffix(f": {IN_SET}"): rows for name, rows in verdict.failed.items() if name.endswith(IN_SET)}
    assert of_columns == flagged | ({"record": outcome.quarantined} if outcome.quarantined else {})
    assert verdict.passed == (not flagged and not outcome.quarantined)


def test_every_later_delivery_gets_its_page(tmp_path: Path) -> None:
    con = an_empty_city()
    for category in ("legal_aid", "health_records"):
        a_delivery(con, category, [{}])
        validate(con, CONTRACTS[category], DAY, tmp_path)
        build_data_docs(tmp_path)
    pages = [str(page.relative_to(tmp_path)) for page in (tmp_path / "site" / "validations").rglob("*.html")]
    assert sorted(page.split("/")[2] for page in pages) == ["health_records_full", "legal_aid_full"]
    index = (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    assert all(name in index for name in ("health_records_full", "legal_aid_full"))


def test_row_bounds_stand_for_every_category_and_enter_the_suite() -> None:
    assert set(load_bounds()) == set(load_catalogue().deliverable)
    contract = CONTRACTS["legal_aid"]
    (rows,) = [entry for entry in suite_for(contract, "full").expectations if hasattr(entry, "max_value")]
    assert rows.max_value == load_bounds()["legal_aid"].most_rows(contract.rows_city_scale, "full") == 22500


def test_a_suite_has_no_value_of_a_delivery_to_show(tmp_path: Path) -> None:
    con = an_empty_city()
    a_delivery(con, "legal_aid", [{"applicant_name": "canary-name", "applicant_id": "canary-id", "phone": "canary-phone"}] * 2)
    validate(con, CONTRACTS["legal_aid"], DAY, tmp_path)
    build_data_docs(tmp_path)
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"canary" in path.read_bytes()]


@pytest.mark.skipif(not SAMPLE.is_dir(), reason="the sample deliveries are not beside the checkout")
@pytest.mark.parametrize("category", [name for name, contract in CONTRACTS.items() if contract.delivery.format != "postgres"])
def test_exactly_the_unreadable_rows_of_the_sample_are_quarantined(category: str) -> None:
    con, contract = an_empty_city(), CONTRACTS[category]
    con.execute("ALTER TABLE ledger ADD COLUMN IF NOT EXISTS manifest_hash VARCHAR")
    for delivery in discover(SAMPLE).of(category):
        land(con, contract, delivery)
        accept(con, contract, delivery.delivery_date)
    with duckdb.connect() as truth:
        must = truth.execute("SELECT delivery_date::DATE, row FROM read_parquet($1) WHERE category = $2 ORDER BY ALL",
                             [str(SAMPLE / "truth" / "quarantine.parquet"), category]).fetchall()
    assert con.execute("SELECT delivery_date, position FROM quarantine ORDER BY ALL").fetchall() == must
