"""Cells by the contract of their category: codes, keys, dates in the category's style, operations."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from sources.catalogue import load_catalogue
from sources.tables import quoted
from sources.values.codes import spellings
from sources.values.reading import natural_key, reading_of, stepped, typed_values
from tests.factories import an_empty_city, insert

VALID_1949 = "421099194910010013"


def read(category: str, **cells: str | None) -> dict[str, Any]:
    """The typed row of one landed row."""
    contract = load_catalogue().contracts[category]
    con = an_empty_city()
    insert(con, f"landed_{category}", delivery_date="2025-01-01", position=1, torn=False, **cells)
    reading = reading_of(con, contract)
    columns = typed_values(contract, reading) | {"natural_key": natural_key(contract, reading)}
    selected = ", ".join(f"{expression} AS {quoted(name)}" for name, expression in columns.items())
    cursor = con.execute(f"SELECT {selected} FROM {stepped(reading, quoted('landed_' + category))} AS step")
    names = [column[0] for column in cursor.description or []]
    return dict(zip(names, cursor.fetchone() or (), strict=True))


@pytest.mark.parametrize(("category", "column", "cell", "value"), [
    pytest.param("household_registration", "sex", "1", "1", id="a national code"),
    pytest.param("household_registration", "sex", "１", "1", id="a full-width code"),
    pytest.param("household_registration", "sex", "女", "2", id="a word for a national code"),
    pytest.param("household_registration", "ethnic_group", "1", "01", id="a lost zero"),
    pytest.param("household_registration", "ethnic_group", "土家族", "15", id="an ethnic group by name"),
    pytest.param("household_registration", "ethnic_group", "土家", "15", id="an ethnic group without its ending"),
    pytest.param("household_registration", "county_code", "421023", "421088", id="a retired division"),
    pytest.param("household_registration", "township_code", "421023100", "421088100", id="a township under a retired division"),
    pytest.param("household_registration", "sex", "7", None, id="a value in no list"),
    pytest.param("fund_accounts", "sex", "0", "1", id="the housing fund writes 0 for male"),
    pytest.param("birth_family_support", "child_sex", "0", "2", id="family planning writes 0 for female"),
    pytest.param("health_records", "sex", "F", "2", id="health writes F"),
    pytest.param("social_assistance", "county", "沙市", "421002", id="an alias"),
    pytest.param("social_assistance", "county", "监利县", "421088", id="a retired name"),
    pytest.param("social_assistance", "support_mode", "无", "0", id="a null word that the list knows"),
    pytest.param("social_assistance", "support_mode", "/", "0", id="a slash that the list knows"),
    pytest.param("social_assistance", "support_mode", "不详", None, id="a null word that the list does not know"),
    pytest.param("social_assistance", "township", "中山街道", "421002001", id="a township by name"),
    pytest.param("social_assistance", "township", "中山", "421002001", id="a township without its ending"),
    pytest.param("social_assistance", "township", "中山街道办事处", "421002001", id="a township by the name of its office"),
    pytest.param("health_records", "conditions", "02;03", ["1", "2"], id="several codes"),
    pytest.param("health_records", "conditions", "03, 02", ["1", "2"], id="several codes by comma, in another order"),
    pytest.param("health_records", "conditions", "０２；０３", ["1", "2"], id="several codes in full width"),
    pytest.param("health_records", "conditions", "02;02", ["1"], id="a code twice"),
    pytest.param("health_records", "conditions", "01", None, id="a code that says there is none"),
    pytest.param("health_records", "conditions", "02;77", ["1"], id="a known and an unknown code"),
    pytest.param("resettlement_support", "needs", "就业、租房", ["1", "2"], id="several words with an alias"),
    pytest.param("resettlement_support", "needs", "无", ["0"], id="a null word that the list of several knows"),
    pytest.param("household_registration", "birth_date", "19380312", date(1938, 3, 12), id="digits"),
    pytest.param("household_registration", "birth_date", "1938/3/12", date(1938, 3, 12), id="another style"),
    pytest.param("household_registration", "birth_date", "19000101", None, id="the placeholder 1900"),
    pytest.param("household_registration", "birth_date", "99991231", None, id="the placeholder 9999"),
    pytest.param("household_registration", "birth_date", "19491001", None, id="the placeholder 1949"),
    pytest.param("household_registration", "updated_at", "20250106093015", datetime(2025, 1, 6, 9, 30, 15), id="a moment in digits"),
    pytest.param("residence_permits", "updated_at", "2025-02-21 10:11:12", datetime(2025, 2, 21, 10, 11, 12), id="a moment"),
    pytest.param("residence_permits", "updated_at", "2025/2/21 9:05", datetime(2025, 2, 21, 9, 5), id="a moment by hand"),
    pytest.param("residence_permits", "updated_at", "2025-02-21", datetime(2025, 2, 21), id="a moment without time"),
    pytest.param("marriage_registration", "register_date", "45292", date(2024, 1, 1), id="days of a workbook"),
    pytest.param("marriage_registration", "register_date", "2024年1月1日", date(2024, 1, 1), id="typed by hand into a workbook"),
    pytest.param("marriage_registration", "register_date", "18172", None, id="the placeholder 1949 as days"),
    pytest.param("marriage_registration", "register_date", "2958465", None, id="the placeholder 9999 as days"),
    pytest.param("social_assistance", "last_paid_month", "2025年5月", "2025-05", id="a month"),
    pytest.param("fund_loans", "balance", "212,480.55", Decimal("212480.550000"), id="a decimal"),
    pytest.param("fund_loans", "term_months", "240", 240, id="an integer"),
    pytest.param("fund_loans", "term_months", "240.5", None, id="an integer with a fraction"),
    pytest.param("birth_family_support", "start_year", "2019", 2019, id="a year"),
    pytest.param("residence_permits", "name", " 赵 敏　", "赵 敏", id="a name is trimmed, inside as delivered"),
    pytest.param("residence_permits", "current_address", "郢都路６６号", "郢都路６６号", id="an address keeps its widths"),
    pytest.param("house_registry", "owner_name", "-", None, id="a null word for a name"),
    pytest.param("elderly_disability_benefits", "disability_cert_no", '="421"', "421", id="a guarded text"),
])
def test_cells_by_the_contract(category: str, column: str, cell: str, value: object) -> None:
    assert read(category, **{column: cell})[column] == value


@pytest.mark.parametrize(("number", "day"), [
    pytest.param(VALID_1949, date(1949, 10, 1), id="the record's own valid number says so"),
    pytest.param("421099193803121266", None, id="the number says another day"),
    pytest.param(None, None, id="no number"),
])
def test_1949_10_01_is_a_birth_date_only_with_the_number(number: str | None, day: date | None) -> None:
    row = read("household_registration", birth_date="19491001", id_number=number)
    assert row["id_number_state"] in {"valid", None}
    assert row["birth_date"] == day


@pytest.mark.parametrize(("category", "cells", "key"), [
    pytest.param("household_registration", {"record_no": " ４２１００２010000123456 "}, "421002010000123456", id="half-width and trimmed"),
    pytest.param("legal_aid", {"case_no": "荆法援字［2025］第0123号"}, "荆法援字[2025]第0123号", id="full-width brackets"),
    pytest.param("medical_insurance", {"person_no": "A1", "scheme": "390", "insured_year": "2025"}, "A1|390|2025", id="code and year"),
    pytest.param("medical_insurance", {"person_no": "A1", "scheme": "391", "insured_year": "2025"}, "A1|391|2025",
                 id="codes of one canonical value stay different keys"),
    pytest.param("pension_insurance", {"person_no": "A1", "scheme": "城乡居民养老保险"}, "A1|170", id="a word in the key"),
    pytest.param("marriage_registration", {"cert_no": "J1", "event_type": "协议离婚"}, "J1|离婚登记", id="an alias in the key"),
    pytest.param("social_assistance", {"case_no": "D1", "member_no": "02"}, "D1|2", id="a number in the key"),
    pytest.param("pension_insurance", {"person_no": "A1", "scheme": "99"}, None, id="an unknown code in the key"),
    pytest.param("pension_insurance", {"person_no": None, "scheme": "110"}, None, id="half a key"),
    pytest.param("legal_aid", {"case_no": "无"}, None, id="a null word as key"),
])
def test_natural_keys(category: str, cells: dict[str, str | None], key: str | None) -> None:
    assert read(category, **cells)["natural_key"] == key


@pytest.mark.parametrize("codes", sorted({column.codes for contract in load_catalogue().contracts.values()
                                          for column in contract.columns if column.codes}))
def test_every_own_code_leads_to_itself(codes: str) -> None:
    found = spellings(codes)
    assert {value.code: found[value.code].own for value in load_catalogue().lists[codes].values} == {
        value.code: value.code for value in load_catalogue().lists[codes].values}
