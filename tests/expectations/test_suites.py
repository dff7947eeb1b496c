"""The suites: derived from the contracts, counting what they should, showing no value, and agreeing with the quarantine."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from expectations.acceptance import accept
from expectations.suites import build_data_docs, suite_for, validate
from sources.catalogue import load_catalogue
from tests.factories import an_empty_city, insert

CONTRACTS = load_catalogue().contracts
DAY = date(2025, 1, 1)
IN_SET = "expect_column_values_to_be_in_set"


def landed(con: duckdb.DuckDBPyConnection, category: str, rows: list[dict[str, Any]], kind: str = "full") -> None:
    """One landed delivery; a row that does not say otherwise has a readable key of its own and is not torn."""
    contract = CONTRACTS[category]
    insert(con, "ledger", department=contract.department, category=category, delivery_date=DAY, kind=kind, stage="landed")
    for position, row in enumerate(rows, start=1):
        usual: dict[str, Any] = {"torn": False} | {name: contract.column(name).example for name in contract.natural_key}
        if contract.column(contract.natural_key[0]).type != "code":
            usual[contract.natural_key[0]] = f"K{position:06d}"
        insert(con, f"landed_{category}", delivery_date=DAY, position=position, **usual | row)


def expected_columns(category: str, kind: str) -> set[str]:
    return {entry.column for entry in suite_for(CONTRACTS[category], kind).expectations if hasattr(entry, "column")}


@pytest.mark.parametrize("kind", ["full", "delta"])
@pytest.mark.parametrize("category", CONTRACTS)
def test_every_column_of_the_contract_has_an_expectation(category: str, kind: str) -> None:
    contract = CONTRACTS[category]
    judged_with_the_record = {contract.delta.marker} if kind == "delta" else set()
    assert {column.name for column in contract.data_columns} - judged_with_the_record <= expected_columns(category, kind)


@pytest.mark.parametrize("kind", ["full", "delta"])
@pytest.mark.parametrize("category", CONTRACTS)
def test_the_number_of_rows_is_bounded_with_a_reason(category: str, kind: str) -> None:
    (rows,) = [entry for entry in suite_for(CONTRACTS[category], kind).expectations if hasattr(entry, "min_value")]
    assert rows.configuration.kwargs["min_value"] == (1 if kind == "full" else 0)
    assert rows.configuration.kwargs["max_value"] > 0
    assert rows.notes


@pytest.mark.parametrize(("column", "cells", "wrong"), [
    pytest.param("name", ["张三", None, " ", "无", "李四"], 3, id="required cell empty, blank or a null word"),
    pytest.param("sex", ["1", "男", "7x", "2"], 1, id="code in no list"),
    pytest.param("birth_date", ["19600101", "19600230", "abc", "19610304"], 2, id="date that does not exist"),
    pytest.param("id_number", ["421002", None, "x"], 2, id="no ID number at all; an empty one is allowed"),
    pytest.param("phone", ["19900000123", "12", None], 1, id="no telephone number"),
])
def test_a_broken_rule_fails_the_expectation_of_its_column_with_the_number_of_rows(
        column: str, cells: list[str | None], wrong: int, tmp_path: Path) -> None:
    con = an_empty_city()
    landed(con, "household_registration", [{column: cell} for cell in cells])
    verdict = validate(con, CONTRACTS["household_registration"], DAY, tmp_path)
    assert not verdict.passed
    assert verdict.failed[f"{column}: {IN_SET}"] == wrong
    assert f"record: {IN_SET}" not in verdict.failed


def test_repeated_keys_and_an_empty_full_delivery_are_seen(tmp_path: Path) -> None:
    con = an_empty_city()
    landed(con, "household_registration", [{"record_no": "K1"}, {"record_no": "K1"}, {"record_no": "K2"}])
    landed(con, "legal_aid", [])
    assert validate(con, CONTRACTS["household_registration"], DAY, tmp_path).failed["natural_key: expect_column_values_to_be_unique"] == 2
    assert "expect_table_row_count_to_be_between" in validate(con, CONTRACTS["legal_aid"], DAY, tmp_path).failed


@pytest.mark.parametrize("category", CONTRACTS)
def test_the_suite_counts_exactly_the_records_that_acceptance_quarantines(category: str, tmp_path: Path) -> None:
    con, contract = an_empty_city(), CONTRACTS[category]
    without_key = {contract.natural_key[0]: None}
    landed(con, category, [{}, {"torn": True}, without_key, {}, without_key | {"torn": True}, {contract.natural_key[0]: " 无 "}, {}])
    verdict = validate(con, contract, DAY, tmp_path)
    outcome = accept(con, contract, DAY)
    refused = con.execute("SELECT position FROM quarantine WHERE category = ? ORDER BY position", [category]).fetchall()
    assert [position for (position,) in refused] == [2, 3, 5, 6]
    assert verdict.failed[f"record: {IN_SET}"] == outcome.quarantined == 4


CANARIES = {"record_no": "990011223344556677", "name": "欧阳鸩鹉", "id_number": "421002188802300099", "phone": "17099998888x",
            "birth_date": "18880230", "sex": "雄雌", "address": "鸩鹉里九千号", "household_no": "887766554433221"}


def test_no_value_of_a_delivery_reaches_a_result_or_a_page(tmp_path: Path) -> None:
    con = an_empty_city()
    landed(con, "household_registration", [CANARIES, CANARIES, CANARIES | {"torn": True, "raw_line": "".join(CANARIES.values())}])
    verdict = validate(con, CONTRACTS["household_registration"], DAY, tmp_path)
    index = build_data_docs(tmp_path)
    written = [path for path in tmp_path.rglob("*") if path.suffix in {".json", ".html"}]
    assert len([path for path in written if path.suffix == ".json"]) >= 1
    assert len([path for path in written if path.suffix == ".html"]) >= 2
    assert index.is_file()
    texts = [str(verdict)] + [text for path in written for text in _readings(path)]
    assert not [name for name, value in CANARIES.items() if any(value in text for text in texts)]


def _readings(path: Path) -> list[str]:
    """The text of a file as written, and with the escapes of JSON resolved."""
    text = path.read_text(encoding="utf-8")
    return [str(path), text] + ([json.dumps(json.loads(text), ensure_ascii=False)] if path.suffix == ".json" else [])


def test_a_site_exists_when_nothing_was_validated(tmp_path: Path) -> None:
    assert build_data_docs(tmp_path / "new").is_file()


def test_validating_twice_says_the_same_and_keeps_one_result(tmp_path: Path) -> None:
    con = an_empty_city()
    landed(con, "household_registration", [{"name": "张三"}, {"torn": True}])
    first = validate(con, CONTRACTS["household_registration"], DAY, tmp_path)
    assert validate(con, CONTRACTS["household_registration"], DAY, tmp_path) == first
    assert len(list(tmp_path.rglob("*.json"))) == 1
