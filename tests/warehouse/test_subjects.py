"""What residents ask: the report about one person, requests, their way to the owning department and their answers."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from sqlalchemy import text

from sources.catalogue import load_catalogue
from tests.factories import a_record, an_empty_city
from warehouse import audit, profile
from warehouse.audit import Look, Outcome
from warehouse.keys import ensure_key
from warehouse.office.database import office
from warehouse.subjects import requests
from warehouse.subjects.report import UnknownSubject, report_of
from warehouse.subjects.requests import RequestRefused, Wish
from warehouse.subjects.routing import NothingToRoute, Owner, owner_of_category, owners_of_statements, owners_of_value

AS_OF = date(2025, 6, 8)
NOW = datetime(2025, 6, 9, 8, 0, tzinfo=UTC)
WISH = Wish("correct", "P1", "birth_date", "身份证上是三月", "1950-03-02")
OWNERS = [Owner("public_security", "household_registration")]


@pytest.fixture(scope="module")
def city() -> duckdb.DuckDBPyConnection:
    """P1 registered, pensioned and in care; her child P2 at school, P1 the guardian in the child's record."""
    con = an_empty_city()
    a_record(con, "household_registration", "P1", natural_key="HR1", delivery_date="2025-01-01", status="1", sex="2",
             birth_date="1950-03-01", name="陈秀英", spouse_name="王德发")
    a_record(con, "pension_insurance", "P1", natural_key="PI1", sex="2", scheme="3", status="4", payment_status="1", monthly_benefit=168.5)
    a_record(con, "care_followups", "P1", natural_key="HTN1", sex="2", programme="1", status="1", next_followup="2025-07-01")
    a_record(con, "student_enrolment", {"holder": "P2", "guardian": "P1"}, natural_key="G421099201409032182", status="1",
             school_name="一小", stage="2", guardian_name="陈秀英", guardian_phone="19900000001")
    profile.build(con, AS_OF)
    con.execute("CREATE TABLE published AS SELECT DATE '2025-06-08' AS as_of")
    return con


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("ONEGRID_KEY", raising=False)
    ensure_key(tmp_path)
    return tmp_path


def test_report_holds_every_value_with_its_origin(city: duckdb.DuckDBPyConnection, home: Path) -> None:
    report = report_of(city, home, "P1")
    origins = {value.attribute: (value.category, value.natural_key) for value in report.values}
    assert origins["birth_date"] == ("household_registration", "HR1")
    assert origins["next_followup_due"] == ("care_followups", "HTN1")
    (row,) = city.execute(f"SELECT {', '.join(load_catalogue().attributes)} FROM profile WHERE person_id = 'P1'").fetchall()
    assert len(report.values) == sum(value is not None for value in row)


def test_report_shows_own_cells_and_nothing_of_others(city: duckdb.DuckDBPyConnection, home: Path) -> None:
    held = {(one.category, one.role): one for one in report_of(city, home, "P1").records}
    registered, school = held["household_registration", "holder"], held["student_enrolment", "guardian"]
    assert registered.cells["name"] == "陈秀英"
    assert "spouse_name" not in registered.cells
    assert school.cells == {"guardian_name": "陈秀英", "guardian_phone": "19900000001"} | {
        name: value for name, value in school.cells.items() if name == "updated_at"}
    assert school.natural_key is None
    child = {(one.category, one.role): one for one in report_of(city, home, "P2").records}["student_enrolment", "holder"]
    assert child.natural_key == "G421099201409032182"
    assert "guardian_phone" not in child.cells


def test_report_says_who_looked_and_why(city: duckdb.DuckDBPyConnection, home: Path) -> None:
    many = tuple(f"P{number}" for number in range(500))
    looks = [("lin", "elderly_care", ("P1",)), ("wu", "housing", ("P2",)), ("he", "data_quality", many)]
    for step, (user, purpose, persons) in enumerate(looks):
        audit.record(home, Look(user, purpose, "query", "digest:0", Outcome.ANSWERED, persons, 1), now=NOW + timedelta(minutes=step))
    assert [(seen.user, seen.purpose) for seen in report_of(city, home, "P1").seen] == [("he", "data_quality"), ("lin", "elderly_care")]


def test_unknown_person_is_refused(city: duckdb.DuckDBPyConnection, home: Path) -> None:
    with pytest.raises(UnknownSubject):
        report_of(city, home, "P9")


@pytest.mark.parametrize(("attribute", "categories"), [
    ("birth_date", ["household_registration"]), ("age", ["household_registration"]), ("pension_scheme", ["pension_insurance"]),
    ("next_followup_due", ["care_followups"]), ("school_name", ["student_enrolment"]),
], ids=["stated", "derived", "one-source", "restricted", "missing"])
def test_request_goes_to_the_owner_of_the_value(city: duckdb.DuckDBPyConnection, attribute: str, categories: list[str]) -> None:
    assert [owner.category for owner in owners_of_value(city, "P1", attribute)] == categories


def test_restriction_goes_to_everybody_who_states_it(city: duckdb.DuckDBPyConnection) -> None:
    assert {owner.department for owner in owners_of_statements(city, "P1", "sex")} >= {"public_security", "human_resources"}
    assert owner_of_category(city, "P1", "pension_insurance") == [Owner("human_resources", "pension_insurance")]
    for wrong in ("no_category", "fund_loans"):
        with pytest.raises(NothingToRoute):
            owner_of_category(city, "P1", wrong)
    with pytest.raises(NothingToRoute):
        owners_of_value(city, "P1", "no_attribute")


def test_request_lives_until_it_is_answered(office_home: Path) -> None:
    (made,) = requests.make(office_home, WISH, OWNERS, "clerk", now=NOW)
    assert (made.state, made.due_on) == ("received", date(2025, 7, 9))
    assert requests.requests(office_home, overdue_on=date(2025, 7, 9)) == []
    assert len(requests.requests(office_home, overdue_on=date(2025, 7, 10))) == 1
    answered = requests.answer(office_home, made.request_id, "accepted", 1, "officer", "public_security", "查实", now=NOW)
    assert (answered.state, answered.version, answered.answer) == ("accepted", 2, "查实")
    (listed,) = requests.requests(office_home, department="public_security")
    assert (listed.says, listed.why, listed.answer) == ("1950-03-02", "身份证上是三月", "查实")
    assert requests.requests(office_home, department="health") == []


@pytest.mark.parametrize(("wish", "says"), [
    (Wish("correct", "P1", "birth_date", "", "1950-03-02"), "what and why"), (Wish("correct", "P1", "birth_date", "why"), "what and why"),
    (Wish("erase", "P1", None, "why"), "what and why"), (Wish("restrict", "P1", None, "长" * 2001), "characters"),
], ids=["no-reason", "no-value", "other-kind", "too-long"])
def test_wish_that_says_too_little_or_too_much_is_refused(office_home: Path, wish: Wish, says: str) -> None:
    with pytest.raises(RequestRefused, match=says):
        requests.make(office_home, wish, OWNERS, "clerk", now=NOW)
    assert requests.requests(office_home) == []


@pytest.mark.parametrize(("to", "version", "department", "words", "says"), [
    ("done", 1, "public_security", "好", "cannot become"), ("accepted", 2, "public_security", "好", "somebody changed"),
    ("accepted", 1, "health", "好", "no such request"), ("refused", 1, "public_security", " ", "needs a reason"),
], ids=["not-a-step", "changed-since", "other-department", "no-reason"])
def test_wrong_answers_are_refused(office_home: Path, to: str, version: int, department: str, words: str, says: str) -> None:
    (made,) = requests.make(office_home, WISH, OWNERS, "clerk", now=NOW)
    with pytest.raises(RequestRefused, match=says):
        requests.answer(office_home, made.request_id, to, version, "officer", department, words, now=NOW)
    assert requests.requests(office_home)[0].state == "received"


def test_of_two_clerks_at_once_one_is_told(office_home: Path) -> None:
    (made,) = requests.make(office_home, WISH, OWNERS, "clerk", now=NOW)
    told: list[str] = []
    together = threading.Barrier(2)

    def decide(to: str) -> None:
        together.wait()
        try:
            requests.answer(office_home, made.request_id, to, 1, to, "public_security", "好", now=NOW)
            told.append("done")
        except RequestRefused:
            told.append("refused")

    clerks = [threading.Thread(target=decide, args=(to,)) for to in ("accepted", "refused")]
    for clerk in clerks:
        clerk.start()
    for clerk in clerks:
        clerk.join()
    assert sorted(told) == ["done", "refused"]


def test_accepted_correction_is_done_when_the_value_arrives(office_home: Path, city: duckdb.DuckDBPyConnection) -> None:
    (made,) = requests.make(office_home, WISH, OWNERS, "clerk", now=NOW)
    requests.answer(office_home, made.request_id, "accepted", 1, "officer", "public_security", "查实", now=NOW)
    assert requests.close_fulfilled(city, office_home, now=NOW) == 0
    later = duckdb.connect()
    later.execute("CREATE TABLE profile AS SELECT 'P1' AS person_id, DATE '1950-03-02' AS birth_date")
    assert requests.close_fulfilled(later, office_home, now=NOW) == 1
    assert [one.state for one in requests.requests(office_home, person_id="P1")] == ["done"]
    assert requests.close_fulfilled(later, office_home, now=NOW) == 0


def test_what_people_write_is_sealed_in_the_office(office_home: Path) -> None:
    requests.make(office_home, WISH, OWNERS, "clerk", now=NOW)
    with office(office_home) as session:
        stored = " ".join(str(row) for table in ("subject_request", "subject_event")
                          for row in session.execute(text(f"SELECT * FROM {table}")))
    assert "三月" not in stored
    assert "1950" not in stored
