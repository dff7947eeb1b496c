"""Every cross-check by the examples of its file; identity of alerts; what a recipient is told; a new check is one file."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import date
from importlib.resources import as_file
from pathlib import Path

import duckdb
import pytest

from sources.catalogue import load_catalogue
from sources.catalogue.checks_page import render
from sources.catalogue.cross_checks import FOLDER, CrossCheck, Example
from tests.factories import insert
from tests.warehouse.check_world import (
    AS_OF,
    DEAD,
    ER,
    FA,
    HE,
    HO,
    HR,
    KEY,
    PI,
    RP,
    a_city_for_a_moment,
    a_world,
    evaluate_example,
)
from warehouse.cross_checks import evaluate, prepare, waiting_for
from warehouse.cross_checks.recipients import counts_by_department, lines_for
from warehouse.cross_checks.rows import parameters, rows_of, stated

CHECKS = load_catalogue().checks
EXAMPLES = [(name, example) for name, check in CHECKS.items() for example in check.examples]
NEW_CHECK = """
name: two_fund_accounts
title_zh: 一人两个公积金账户
title_en: Two housing fund accounts
kind: rule
severity: high
departments: [housing_fund]
columns: [fund_accounts.account_no, fund_accounts.status]
attributes: [fund_account_status]
condition: One person_id has two FA records with status 1, in a dwelling nobody has heard of.
tolerance: none
recipients:
  - {department: housing_fund, sees: [fund_accounts.account_no], told: {zh: 同一人有两个账户, en: one person has two accounts}}
example: Two accounts after a change of employer.
alert: {per: person}
details: {" accounts": 个账户}
sql: |
  SELECT person_id, record_id, count(*) OVER (PARTITION BY person_id) || ' accounts' AS detail
  FROM check_fund_accounts WHERE status = '1' QUALIFY count(*) OVER (PARTITION BY person_id) >= 2
examples:
  - shows: two in force
    kind: true
    records:
      - {category: fund_accounts, person: P1, values: {status: '1', account_no: A1}}
      - {category: fund_accounts, person: P1, values: {status: '1', account_no: A2}}
    alerts: [[fund_accounts, fund_accounts]]
    severity: high
    detail: 2 accounts
  - shows: one closed
    kind: false
    records:
      - {category: fund_accounts, person: P1, values: {status: '1'}}
      - {category: fund_accounts, person: P1, values: {status: '3'}}
  - shows: status of one missing
    kind: missing
    records:
      - {category: fund_accounts, person: P1, values: {status: '1'}}
      - {category: fund_accounts, person: P1}
"""


def alerts_of(con: duckdb.DuckDBPyConnection, check: str) -> list[tuple[list[str], str, str | None]]:
    """The categories of the records of each alert, its severity and detail."""
    return con.execute("""SELECT list_sort(list(category)), alert.severity, alert.detail FROM alert JOIN alert_record USING (alert_id)
                          WHERE "check" = ? AND state = 'open' GROUP BY alert_id, alert.severity, alert.detail ORDER BY ALL""",
                       [check]).fetchall()


def holds(name: str, example: Example, checks: Mapping[str, CrossCheck]) -> None:
    with a_city_for_a_moment() as con:
        needed = evaluate_example(con, name, example, checks)
        found = alerts_of(con, name)
        assert [categories for categories, _, _ in found] == sorted(sorted(categories) for categories in example.alerts)
        assert {severity for _, severity, _ in found} <= {example.severity or checks[name].severity}
        assert {detail for _, _, detail in found} <= {example.detail}
        nothing_but_what_is_granted(con, checks[name], needed)


def nothing_but_what_is_granted(con: duckdb.DuckDBPyConnection, check: CrossCheck, checks: Mapping[str, CrossCheck]) -> None:
    """From the dictionary alone: own keys, granted columns, and of restricted categories only to their own department."""
    contracts = load_catalogue().contracts
    for recipient in check.recipients:
        for line in lines_for(con, recipient.department, checks):
            if line.check != check.name:
                continue
            shown = {source for source in line.evidence if source != "count"}
            assert shown <= set(recipient.sees)
            assert {contracts[key.split(" ")[0]].department for key in line.own_records} <= {recipient.department}
            assert all(contracts[source.split(".")[0]].department == recipient.department for source in shown
                       if contracts[source.split(".")[0]].sensitivity == "restricted")
            assert "resettlement_support" not in str(line)


@pytest.mark.parametrize(("check", "example"), EXAMPLES, ids=[f"{name}: {example.shows}" for name, example in EXAMPLES])
def test_a_check_fires_exactly_when_its_condition_holds(check: str, example: Example) -> None:
    holds(check, example, CHECKS)


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
def test_sql_binds_against_the_views_of_an_empty_city(check: CrossCheck) -> None:
    with a_city_for_a_moment() as con:
        prepare(con, AS_OF)
        rows = rows_of(check)
        assert con.execute(f"SELECT person_id, subject_key, alert_group, record_id, detail FROM ({rows})",
                           parameters(rows, AS_OF)).fetchall() == []
        if check.urgent:
            urgent = stated(check, check.urgent)
            assert con.execute(f"SELECT record_id FROM ({urgent})", parameters(urgent, AS_OF)).fetchall() == []


def test_a_new_check_is_one_file(tmp_path: Path) -> None:
    with as_file(FOLDER) as folder:
        shutil.copytree(folder, tmp_path / "checks")
    (tmp_path / "checks" / "two_fund_accounts.yaml").write_text(NEW_CHECK, encoding="utf-8")
    catalogue = load_catalogue(tmp_path / "checks")
    assert set(catalogue.checks) - set(CHECKS) == {"two_fund_accounts"}
    for example in catalogue.checks["two_fund_accounts"].examples:
        holds("two_fund_accounts", example, catalogue.checks)
    con = a_world({}, [(FA, "P1", {"status": "1", "account_no": number, "natural_key": number}) for number in ("A1", "A2")])
    assert evaluate(con, AS_OF, KEY, catalogue.checks) == 1
    assert con.execute("SELECT department FROM alert_addressee").fetchall() == [("housing_fund",)]
    (line,) = lines_for(con, "housing_fund", catalogue.checks)
    assert (line.told, line.told_zh) == ("one person has two accounts [2 accounts]", "同一人有两个账户（2个账户）")
    assert (line.evidence, len(line.own_records)) == ({"fund_accounts.account_no": ["A1", "A2"]}, 2)
    assert catalogue.checks["two_fund_accounts"].condition in render(catalogue)


def test_a_check_waits_until_every_category_of_its_columns_has_been_delivered() -> None:
    """Before the first enrolments every child would be one without a school; a record that contradicts itself needs no other."""
    con = a_world({"P1": {"no_enrolment_at_school_age": True}}, [(HR, "P1", {"status": "1"})])
    con.execute("DELETE FROM ledger WHERE category = 'student_enrolment'")
    waiting = waiting_for(con)
    assert waiting["school_age_not_enrolled"] == ["student_enrolment"]
    assert {check.name for check in load_catalogue().checks.values() if not check.waits} & set(waiting) == set()
    evaluate(con, AS_OF, KEY)
    assert alerts_of(con, "school_age_not_enrolled") == []
    insert(con, "ledger", category="student_enrolment", kind="full", stage="applied", delivery_date="2025-04-01")
    assert waiting_for(con) == {}
    evaluate(con, AS_OF, KEY)
    assert len(alerts_of(con, "school_age_not_enrolled")) == 1


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


def test_a_record_delivered_again_with_the_same_values_is_no_new_fact() -> None:
    insured = {"insured_year": 2025, "status": "1", "updated_at": "2025-05-12 08:00:00"}
    con = a_world({}, [(HR, "P1", DEAD), ("medical_insurance", "P1", insured)])
    evaluate(con, AS_OF, KEY)
    first = con.execute("SELECT alert_id, facts FROM alert").fetchall()
    assert len(first) == 1
    con.execute("UPDATE current_medical_insurance SET updated_at = '2025-05-25 09:00:00'")
    evaluate(con, AS_OF, KEY)
    assert con.execute("SELECT alert_id, facts FROM alert").fetchall() == first


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


def test_the_account_that_shows_the_contributions_is_not_told() -> None:
    con = a_world({}, [(ER, "P1", {"registration_type": "2", "unemployment_date": "2024-09-10"}),
                       (PI, "P1", {"scheme": "1", "status": "1", "last_contribution_month": "2025-05"}),
                       (FA, "P1", {"status": "1", "last_deposit_month": "2025-05", "account_no": "canary"})])
    evaluate(con, AS_OF, KEY)
    (line,) = lines_for(con, "human_resources")
    assert line.told.endswith("[pension, housing fund]")
    assert line.told_zh.endswith("（养老保险、公积金）")
    assert "canary" not in str(line)
    assert lines_for(con, "housing_fund") == []


def test_the_number_of_people_of_a_crowded_dwelling_is_told() -> None:
    con = a_world({"P1": {"dwelling_id": "D1", "dwelling_occupants": 9}},
                  [(HO, None, {"dwelling_code": "D1", "dwelling_type": "1", "floor_area": 32})])
    evaluate(con, AS_OF, KEY)
    (line,) = lines_for(con, "public_security")
    assert (line.told.endswith("[9 people]"), line.told_zh.endswith("（9人）")) == (True, True)


@pytest.mark.parametrize(("stating", "told"), [(RP, ["public_security"]), (HE, ["health"])])
def test_an_address_that_differs_is_told_to_the_department_that_stated_it(stating: str, told: list[str]) -> None:
    con = a_world({}, [(HR, "P1", {"status": "1", "move_in_date": "2019-05-01"}), (stating, "P1", {"updated_at": "2025-01-01"})])
    for table, column, code in ((HR, "address", "D1"), (stating, "hukou_address", "D2")):
        (record_id,) = con.execute(f"SELECT record_id FROM current_{table}").fetchone() or ()
        insert(con, "place", record_id=record_id, column_name=column, dwelling_code=code)
    evaluate(con, AS_OF, KEY)
    assert [categories for categories, _, _ in alerts_of(con, "registered_address_differs")] == [sorted([HR, stating])]
    assert [department for department in ("public_security", "health") if lines_for(con, department)] == told
