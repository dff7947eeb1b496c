"""Acceptance: nothing is lost, four reasons refuse a record, doubtful cells are flagged."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expectations.acceptance import SENTENCES, accept
from sources.catalogue import load_catalogue
from tests.expectations.landed import DAY, a_delivery, flags_of
from tests.factories import an_empty_city

CONTRACTS = load_catalogue().contracts
VALID, WRONG = "421099193803121266", "421099193803121260"


@pytest.mark.parametrize(("category", "kind", "row", "reason"), [
    pytest.param("health_records", "full", {"torn": True, "raw_line": "421,", "archive_no": None}, "torn_line", id="torn"),
    pytest.param("health_records", "full", {"archive_no": None}, "natural_key_missing", id="no key"),
    pytest.param("health_records", "full", {"archive_no": "　"}, "natural_key_missing", id="a blank key"),
    pytest.param("health_records", "full", {"archive_no": "无"}, "natural_key_missing", id="a null word as key"),
    pytest.param("social_assistance", "full", {"member_no": "第一"}, "natural_key_missing", id="a key number that is none"),
    pytest.param("pension_insurance", "full", {"scheme": None}, "natural_key_missing", id="no code in the key"),
    pytest.param("pension_insurance", "full", {"scheme": "999"}, "key_code_unknown", id="an unknown code in the key"),
    pytest.param("pension_insurance", "full", {"person_no": None, "scheme": "999"}, "natural_key_missing", id="half a key"),
    pytest.param("household_registration", "delta", {"op_flag": "X"}, "operation_unknown", id="an unknown operation"),
    pytest.param("household_registration", "delta", {"op_flag": None}, "operation_unknown", id="no operation in a delta"),
    pytest.param("household_registration", "delta", {"op_flag": "Ｉ"}, None, id="a full-width operation"),
    pytest.param("household_registration", "delta", {"op_flag": "新增"}, None, id="an operation as word"),
    pytest.param("household_registration", "full", {"op_flag": None}, None, id="no operation in a full delivery"),
    pytest.param("household_registration", "full", {"op_flag": "X"}, None, id="a full delivery has no operations"),
    pytest.param("employment_registration", "delta", {}, None, id="a category without marker"),
    pytest.param("household_registration", "full", {"sex": "7", "birth_date": "20232001", "id_number": WRONG}, None, id="defects"),
])
def test_reasons(category: str, kind: str, row: dict[str, Any], reason: str | None) -> None:
    con = an_empty_city()
    if category == "social_assistance":
        row = {"member_no": "1"} | row
    a_delivery(con, category, [row], kind=kind)
    outcome = accept(con, CONTRACTS[category], DAY)
    assert con.execute("SELECT reason, sentence FROM quarantine").fetchall() == ([] if reason is None else [(reason, SENTENCES[reason])])
    assert (outcome.delivered, outcome.accepted, outcome.quarantined) == (1, int(reason is None), int(reason is not None))
    assert con.execute("SELECT stage, delivered, accepted, quarantined FROM ledger").fetchall() == [
        ("accepted", 1, outcome.accepted, outcome.quarantined)]


@pytest.mark.parametrize(("category", "column", "cell", "flags"), [
    pytest.param("household_registration", "id_number", VALID, set(), id="a valid number"),
    pytest.param("household_registration", "id_number", "421099380312126", set(), id="15 digits are harmless"),
    pytest.param("household_registration", "id_number", WRONG, {"id_typing"}, id="wrong check digit"),
    pytest.param("household_registration", "id_number", "9" * 18, {"id_placeholder"}, id="invented number"),
    pytest.param("household_registration", "id_number", "4.21E+17", {"id_precision_lost"}, id="precision lost"),
    pytest.param("household_registration", "id_number", "T420123456", {"id_malformed"}, id="birth certificate"),
    pytest.param("household_registration", "id_number", "不详", {"null_word"}, id="null word in an optional cell"),
    pytest.param("household_registration", "former_name", None, set(), id="an optional cell may be empty"),
    pytest.param("household_registration", "name", "陈？英", {"name_rare_char"}, id="damaged name"),
    pytest.param("household_registration", "sex", None, {"required_missing"}, id="required code missing"),
    pytest.param("household_registration", "sex", "-", {"required_missing", "null_word"}, id="required code is a null word"),
    pytest.param("household_registration", "sex", "女", set(), id="a word for a code is harmless"),
    pytest.param("household_registration", "sex", "7", {"code_unknown"}, id="unknown code"),
    pytest.param("household_registration", "birth_date", "20230230", {"date_impossible"}, id="impossible date"),
    pytest.param("household_registration", "birth_date", "19000101", {"date_placeholder"}, id="placeholder date"),
    pytest.param("household_registration", "birth_date", "1938-03-12", {"date_other_style"}, id="another style"),
    pytest.param("household_registration", "phone", "13000000000", {"phone_placeholder"}, id="placeholder phone"),
    pytest.param("household_registration", "phone", "123", {"phone_unreadable"}, id="no phone"),
    pytest.param("household_registration", "phone", "+86 199-0000-0123", set(), id="a phone in another form"),
    pytest.param("household_registration", "op_flag", "U", {"operation_in_full"}, id="an operation in a full delivery"),
    pytest.param("health_records", "conditions", "02;77", {"code_unknown"}, id="one of several codes unknown"),
    pytest.param("health_records", "conditions", "02;03", set(), id="several codes"),
    pytest.param("resettlement_support", "needs", "无", set(), id="a null word that is a value of the list"),
    pytest.param("social_assistance", "support_mode", "/", set(), id="a slash that is a value of the list"),
    pytest.param("fund_loans", "balance", "约20万", {"number_unreadable"}, id="no number"),
])
def test_flags(category: str, column: str, cell: str | None, flags: set[str]) -> None:
    con = an_empty_city()
    a_delivery(con, category, [{column: cell} | ({"member_no": "1"} if category == "social_assistance" else {})])
    accept(con, CONTRACTS[category], DAY)
    assert flags_of(con, column).get(1, set()) == flags


@pytest.mark.parametrize(("category", "row"), [
    pytest.param("household_registration", {"record_no": "R1", "op_flag": "X"}, id="an unknown operation"),
    pytest.param("health_records", {"archive_no": None, "torn": True, "raw_line": "R1,陈"}, id="a torn line of a CSV"),
    pytest.param("residence_permits", {"permit_no": None, "torn": True, "raw_line": '{"登记编号": "R1", "姓'}, id="a torn JSON line"),
])
def test_a_record_that_comes_again_readable_is_released(category: str, row: dict[str, Any]) -> None:
    contract = CONTRACTS[category]
    if contract.delivery.format == "jsonl":
        row = row | {"raw_line": row["raw_line"].replace("登记编号", contract.column("permit_no").header)}
    con = an_empty_city()
    a_delivery(con, category, [row], day=date(2025, 1, 1), kind="delta")
    accept(con, contract, date(2025, 1, 1))
    again = {contract.natural_key[0]: "R1", str(contract.delta.marker): _an_operation(category)}
    a_delivery(con, category, [again], day=date(2025, 2, 1), kind="delta")
    accept(con, contract, date(2025, 2, 1))
    assert con.execute("SELECT released_on FROM quarantine").fetchall() == [(date(2025, 2, 1),)]


def _an_operation(category: str) -> str:
    codes = CONTRACTS[category].delta.codes
    assert codes is not None
    return load_catalogue().lists[codes].values[0].code


def test_an_unknown_delivery_is_an_error() -> None:
    with pytest.raises(LookupError):
        accept(an_empty_city(), CONTRACTS["legal_aid"], DAY)


def test_duplicate_keys_are_counted() -> None:
    con = an_empty_city()
    a_delivery(con, "legal_aid", [{"case_no": "A"}, {"case_no": " A"}, {"case_no": "B"}])
    accept(con, CONTRACTS["legal_aid"], DAY)
    assert con.execute("SELECT duplicate_keys FROM ledger").fetchone() == (1,)


WORDS = ["无", "-", "19380312", VALID, WRONG, "I", "1", "01", "110", "2025", "'1", '="1"']
CELL = st.one_of(st.none(), st.text(max_size=12), st.sampled_from(WORDS))


@settings(max_examples=12, deadline=None)
@given(data=st.data(), category=st.sampled_from(sorted(CONTRACTS)), kind=st.sampled_from(["full", "delta"]))
def test_accepted_and_quarantined_are_delivered(data: st.DataObject, category: str, kind: str) -> None:
    contract = CONTRACTS[category]
    names = [column.name for column in contract.data_columns]
    row = st.fixed_dictionaries({"torn": st.booleans(), **dict.fromkeys(names, CELL)})
    rows = [{name: cell.replace("\x00", "") if isinstance(cell, str) else cell for name, cell in one.items()}
            for one in data.draw(st.lists(row, min_size=1, max_size=6))]
    con = an_empty_city()
    a_delivery(con, category, rows, kind=kind)
    first = accept(con, contract, DAY)
    assert first.accepted + first.quarantined == first.delivered == len(rows)
    tables = (f"typed_{category}", "quarantine", "cell_flags")
    before = [con.execute(f"FROM {table} ORDER BY ALL").fetchall() for table in tables]
    assert accept(con, contract, DAY) == first
    assert [con.execute(f"FROM {table} ORDER BY ALL").fetchall() for table in tables] == before


def test_the_module_knows_no_clock() -> None:
    assert "current_date" not in (Path(__file__).parents[2] / "expectations" / "acceptance.py").read_text(encoding="utf-8")
