"""Every cross-check by cases; identity, opening and closing of alerts; what a recipient is told."""

from __future__ import annotations

from datetime import date
from typing import Any

import duckdb
import pytest

from sources.catalogue import load_catalogue
from tests.factories import a_record, an_empty_city, insert
from tests.warehouse.check_cases import CASES, DEAD, DWELLING, ER, FA, HE, HR, PEOPLE, PI, RP, Record
from warehouse.cross_checks import RULES, evaluate
from warehouse.cross_checks.recipients import counts_by_department, lines_for

AS_OF = date(2025, 6, 1)
KEY = bytes(range(32))
ATTRIBUTE_TABLES = {
    "birth_date": "DATE", "death_date": "DATE", "id_number_status": "VARCHAR", "vital_status": "VARCHAR", "id_number": "VARCHAR",
    "enrolment_status": "VARCHAR", "school_stage": "VARCHAR", "household_id": "VARCHAR", "dwelling_id": "VARCHAR",
    "residence_address": "VARCHAR", "no_enrolment_at_school_age": "BOOLEAN", "dwelling_occupants": "BIGINT",
}


def a_world(attributes: dict[str, dict[str, Any]], records: list[Record]) -> duckdb.DuckDBPyConnection:
    con = an_empty_city()
    insert(con, "ledger", category="medical_insurance", kind="full", stage="applied", delivery_date="2025-03-01")
    for name, sql_type in ATTRIBUTE_TABLES.items():
        con.execute(f"CREATE TABLE attr_{name} (person_id VARCHAR, value {sql_type}, record_id BIGINT)")
    con.execute("""CREATE TABLE number_conflict ("check" VARCHAR, id_number VARCHAR, record_id BIGINT, role VARCHAR, person_id VARCHAR,
                                                 holder BOOLEAN)""")
    for person, values in attributes.items():
        for name, value in values.items():
            insert(con, f"attr_{name}", person_id=person, value=value)
    for category, persons, values in records:
        a_record(con, category, persons, **values)
    return con


def alerts_of(con: duckdb.DuckDBPyConnection, check: str) -> list[list[str]]:
    rows = con.execute("""SELECT list_sort(list(category)) FROM alert JOIN alert_record USING (alert_id)
                          WHERE "check" = ? AND state = 'open' GROUP BY alert_id""", [check]).fetchall()
    return sorted(row[0] for row in rows)


@pytest.mark.parametrize(("check", "shows", "attributes", "records", "expected"), CASES, ids=[f"{case[0]}: {case[1]}" for case in CASES])
def test_a_check_fires_exactly_when_its_condition_holds(
    check: str, shows: str, attributes: dict[str, dict[str, Any]], records: list[Record], expected: list[list[str]],  # noqa: ARG001
) -> None:
    con = a_world(attributes, records)
    evaluate(con, AS_OF, KEY)
    assert alerts_of(con, check) == sorted(sorted(categories) for categories in expected)
    if expected:
        nothing_but_what_is_granted(con, check)


def nothing_but_what_is_granted(con: duckdb.DuckDBPyConnection, check: str) -> None:
    """From the dictionary alone: own keys, granted columns, and of restricted categories only to their own department."""
    contracts = load_catalogue().contracts
    for recipient in load_catalogue().checks[check].recipients:
        for line in lines_for(con, recipient.department):
            if line.check != check:
                continue
            shown = {source for source in line.evidence if source != "count"}
            assert shown <= set(recipient.sees)
            assert {contracts[key.split(" ")[0]].department for key in line.own_records} <= {recipient.department}
            assert all(contracts[source.split(".")[0]].department == recipient.department for source in shown
                       if contracts[source.split(".")[0]].sensitivity == "restricted")
            assert "resettlement_support" not in str(line)


def test_every_check_of_the_catalogue_has_one_rule() -> None:
    assert set(RULES) == set(load_catalogue().checks)


def test_an_alert_found_again_is_the_same() -> None:
    con = a_world({}, [(HR, "P1", DEAD), (PI, "P1", {"payment_status": "1", "last_paid_month": "2025-04"})])
    evaluate(con, date(2025, 5, 1), KEY)
    first = con.execute("SELECT alert_id, facts FROM alert").fetchall()
    evaluate(con, AS_OF, KEY)
    assert con.execute("SELECT alert_id, facts FROM alert").fetchall() == first


def test_an_alert_that_returns_has_its_id_again_and_its_facts_are_those_of_the_records() -> None:
    con = a_world({}, [(HR, "P1", DEAD), (PI, "P1", {"payment_status": "1", "last_paid_month": "2025-04", "name": "x"})])
    evaluate(con, date(2025, 5, 1), KEY)
    first = con.execute("SELECT alert_id, facts FROM alert").fetchall()
    con.execute("UPDATE current_pension_insurance SET payment_status = '3'")
    evaluate(con, date(2025, 5, 10), KEY)
    assert con.execute("SELECT alert_id FROM alert").fetchall() == []
    con.execute("UPDATE current_pension_insurance SET payment_status = '1', name = 'y'")
    evaluate(con, AS_OF, KEY)
    assert con.execute("SELECT alert_id, facts FROM alert").fetchall() == first
    con.execute("UPDATE current_pension_insurance SET last_paid_month = '2025-05'")
    evaluate(con, AS_OF, KEY)
    ((again, facts),) = con.execute("SELECT alert_id, facts FROM alert").fetchall()
    assert (again, facts != first[0][1]) == (first[0][0], True)


def test_ids_cannot_be_tried_out_without_the_key() -> None:
    con = a_world({}, [(HR, "P1", DEAD), (PI, "P1", {"payment_status": "1", "last_paid_month": "2025-04"})])
    seen = []
    for key in (KEY, KEY[::-1]):
        evaluate(con, AS_OF, key)
        seen += con.execute("SELECT alert_id, facts FROM alert").fetchall()
    assert len({value for row in seen for value in row}) == 4


def test_a_recipient_sees_its_own_key_and_the_granted_columns_only() -> None:
    con = a_world({}, [(HR, "P1", DEAD | {"natural_key": "hr1", "name": "canary"}),
                       (PI, "P1", {"natural_key": "pi1", "payment_status": "1", "last_paid_month": "2025-04", "scheme": "3",
                                   "person_no": "n1"})])
    evaluate(con, AS_OF, KEY)
    (line,) = lines_for(con, "human_resources")
    assert line.own_records == ["pension_insurance pi1"]
    assert line.evidence == {"pension_insurance.person_no": "n1", "pension_insurance.scheme": "3",
                             "pension_insurance.last_paid_month": "2025-04", "household_registration.cancel_date": "2025-01-10"}
    assert dict(counts_by_department(con))["public_security"] == 0


def test_public_security_learns_of_newborns_by_township_and_number_only() -> None:
    con = a_world({}, [("birth_family_support", {"child": f"P{n}"}, {"record_type": "1", "birth_status": "2", "child_birth": "2025-01-01",
                                                                     "township": "421002001"}) for n in range(3)])
    evaluate(con, AS_OF, KEY)
    (line,) = lines_for(con, "public_security")
    assert (line.own_records, line.evidence) == ([], {"birth_family_support.township": "421002001", "count": 3})
    assert len(lines_for(con, "family_planning")) == 3


@pytest.mark.parametrize(("benefit_end", "severity"), [("2025-06-01", "high"), ("2025-05-31", "medium"), (None, "medium")],
                         ids=["benefit still paid", "benefit ended", "no benefit"])
def test_contributions_while_a_benefit_is_paid_are_urgent(benefit_end: str | None, severity: str) -> None:
    con = a_world({}, [(ER, "P1", {"registration_type": "2", "unemployment_date": "2024-09-10", "benefit_end": benefit_end}),
                       (PI, "P1", {"scheme": "1", "status": "1", "last_contribution_month": "2025-05"}),
                       (FA, "P1", {"status": "1", "last_deposit_month": "2025-05", "account_no": "canary"})])
    evaluate(con, AS_OF, KEY)
    (line,) = lines_for(con, "human_resources")
    assert (line.severity, line.told.endswith("[pension, housing fund]")) == (severity, True)
    assert "canary" not in str(line)
    assert lines_for(con, "housing_fund") == []


def test_the_number_of_people_of_a_crowded_dwelling_is_told() -> None:
    con = a_world({"P1": PEOPLE}, [DWELLING])
    evaluate(con, AS_OF, KEY)
    (line,) = lines_for(con, "public_security")
    assert line.told.endswith("[9 people]")


@pytest.mark.parametrize(("stating", "told"), [(RP, ["public_security"]), (HE, ["health"])])
def test_an_address_that_differs_is_told_to_the_department_that_stated_it(stating: str, told: list[str]) -> None:
    con = a_world({}, [(HR, "P1", {"status": "1"}), (stating, "P1", {"updated_at": "2025-01-01"})])
    for table, column, code in ((HR, "address", "D1"), (stating, "hukou_address", "D2")):
        (record_id,) = con.execute(f"SELECT record_id FROM current_{table}").fetchone() or ()
        insert(con, "place", record_id=record_id, column_name=column, dwelling_code=code)
    evaluate(con, AS_OF, KEY)
    assert alerts_of(con, "registered_address_differs") == [sorted([HR, stating])]
    assert [department for department in ("public_security", "health") if lines_for(con, department)] == told
