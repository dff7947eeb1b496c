"""The life of an alert: found, answered, gone, back, rejected and quiet, corrected and believed only by a delivery."""

from __future__ import annotations

import contextlib
import itertools
import threading
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest
from sqlalchemy import text

from tests.factories import insert
from tests.warehouse.check_world import DEAD, HR, KEY, PI, a_world
from warehouse.alerts import lifecycle
from warehouse.alerts.due import due_on, working_days_after
from warehouse.alerts.lifecycle import AlertChanged, AlertRefused, Asked, Standing
from warehouse.alerts.recording import Recorded, record_run
from warehouse.alerts.states import ANSWERS, Cause, State
from warehouse.cross_checks import evaluate
from warehouse.office.database import office

MAY, JUNE, JULY, AUGUST = (date(2025, month, 1) for month in (5, 6, 7, 8))
NOW = datetime(2025, 6, 2, 8, 0, tzinfo=UTC)
DEPARTMENT = "human_resources"
PAID = {"natural_key": "pi1", "payment_status": "1", "last_paid_month": "2025-04", "person_no": "n1"}


@pytest.fixture
def city() -> duckdb.DuckDBPyConnection:
    """A pension paid to a dead person."""
    return a_world({}, [(HR, "P1", DEAD), (PI, "P1", PAID)])


def run(con: duckdb.DuckDBPyConnection, home: Path, as_of: date, name: str | None = None) -> Recorded:
    evaluate(con, as_of, KEY)
    return record_run(con, home, as_of, name or f"run of {as_of}", now=NOW)


def standing(home: Path) -> Standing:
    (one,) = lifecycle.standings(home, DEPARTMENT).values()
    return one


def answer(home: Path, to: State, words: str | None = None) -> Standing:
    now = standing(home)
    return lifecycle.answer(home, Asked(now.alert_id, DEPARTMENT, now.version, "lin"), to, words, now=NOW)


def causes(home: Path) -> list[str]:
    return [one.cause for one in lifecycle.history(home, standing(home).alert_id, DEPARTMENT)]


def test_found_alert_is_open_and_has_its_due_day(office_home: Path, city: duckdb.DuckDBPyConnection) -> None:
    assert run(city, office_home, JUNE) == Recorded(found=1, opened=1)
    one = standing(office_home)
    assert (one.state, one.version, one.opened_on, one.person_id) == (State.OPEN, 1, JUNE, "P1")
    assert one.due_on == working_days_after(JUNE, 5)
    assert city.execute("SELECT state, opened_on, due_on FROM alert").fetchall() == [("open", JUNE, one.due_on)]


def test_same_run_again_changes_nothing(office_home: Path, city: duckdb.DuckDBPyConnection) -> None:
    run(city, office_home, JUNE)
    before = standing(office_home), causes(office_home)
    assert run(city, office_home, JUNE) == Recorded(found=1)
    assert run(city, office_home, JULY, "another run") == Recorded(found=1)
    assert (standing(office_home), causes(office_home)) == before


def test_gone_alert_is_closed_by_the_run_and_reopened_under_its_id(office_home: Path, city: duckdb.DuckDBPyConnection) -> None:
    run(city, office_home, MAY)
    first = standing(office_home)
    city.execute("UPDATE current_pension_insurance SET payment_status = '3'")
    assert run(city, office_home, JUNE) == Recorded(found=0, closed=1)
    assert standing(office_home).state is State.CLOSED
    city.execute("UPDATE current_pension_insurance SET payment_status = '1'")
    assert run(city, office_home, JULY) == Recorded(found=1, reopened=1)
    again = standing(office_home)
    assert (again.alert_id, again.state, again.opened_on) == (first.alert_id, State.OPEN, JULY)
    assert again.due_on == working_days_after(JULY, 5)
    assert causes(office_home) == [Cause.FOUND, Cause.GONE, Cause.RETURNED]


def test_rejected_alert_stays_quiet_until_its_facts_change(office_home: Path, city: duckdb.DuckDBPyConnection) -> None:
    run(city, office_home, MAY)
    answer(office_home, State.REJECTED, "两人同号,已核对")
    city.execute("UPDATE current_pension_insurance SET name = 'another'")  # not a column of the check
    insert(city, "ledger", category=PI, department=DEPARTMENT, stage="applied", delivery_date=JUNE)
    assert run(city, office_home, JUNE) == Recorded(found=1)
    assert city.execute("SELECT state FROM alert").fetchall() == [("rejected",)]
    city.execute("UPDATE current_pension_insurance SET last_paid_month = '2025-05'")
    assert run(city, office_home, JULY) == Recorded(found=1, reopened=1)
    assert causes(office_home) == [Cause.FOUND, Cause.ANSWERED, Cause.FACTS]


def test_correction_is_believed_until_a_delivery_still_shows_the_mismatch(office_home: Path, city: duckdb.DuckDBPyConnection) -> None:
    run(city, office_home, MAY)
    answer(office_home, State.CORRECTED)
    run(city, office_home, JUNE)
    assert standing(office_home).state is State.CORRECTED
    insert(city, "ledger", category=PI, department=DEPARTMENT, stage="applied", delivery_date=JULY)
    assert run(city, office_home, JULY).reopened == 1
    assert causes(office_home)[-1] == Cause.STILL


def test_earlier_day_changes_nothing_in_the_book(office_home: Path, city: duckdb.DuckDBPyConnection) -> None:
    run(city, office_home, JUNE)
    city.execute("UPDATE current_pension_insurance SET payment_status = '3'")
    assert run(city, office_home, MAY) == Recorded(found=0, behind=True)
    assert standing(office_home).state is State.OPEN


def test_run_that_fails_leaves_the_book_as_it_was(office_home: Path, city: duckdb.DuckDBPyConnection) -> None:
    run(city, office_home, MAY)
    before = standing(office_home), causes(office_home)
    city.execute("UPDATE current_pension_insurance SET payment_status = '3'")
    evaluate(city, JUNE, KEY)
    city.execute("ALTER TABLE alert RENAME COLUMN due_on TO elsewhere")
    with pytest.raises(duckdb.Error):
        record_run(city, office_home, JUNE, "run", now=NOW)
    assert (standing(office_home), causes(office_home)) == before
    city.execute("ALTER TABLE alert RENAME COLUMN elsewhere TO due_on")
    assert record_run(city, office_home, JUNE, "run", now=NOW).closed == 1


def test_only_declared_answers_are_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, city: duckdb.DuckDBPyConnection) -> None:
    monkeypatch.setenv("ONEGRID_KEY", "0123456789abcdef0123")
    run(city, tmp_path, MAY)
    taken = set()
    for before, to in itertools.product(State, State):
        with office(tmp_path) as session:
            session.execute(text("UPDATE alert_addressee SET state = :state"), {"state": before})
        with contextlib.suppress(AlertRefused):
            assert answer(tmp_path, to, "理由").state is to
            taken.add((before, to))
    assert taken == {(before, to) for before, answers in ANSWERS.items() for to in answers}


def test_rejecting_needs_a_reason_and_the_reason_is_sealed(office_home: Path, city: duckdb.DuckDBPyConnection) -> None:
    run(city, office_home, MAY)
    with pytest.raises(AlertRefused, match="without a reason"):
        answer(office_home, State.REJECTED, " ")
    answer(office_home, State.REJECTED, "同名两人")
    with office(office_home) as session:
        stored = str(session.execute(text("SELECT * FROM alert_event")).all()) + str(session.execute(text("SELECT * FROM alert")).all())
    assert not any(value in stored for value in ("同名两人", "pi1", "n1", "2025-04"))
    assert lifecycle.history(office_home, standing(office_home).alert_id, DEPARTMENT)[-1].words == "同名两人"


def test_other_departments_have_no_such_alert(office_home: Path, city: duckdb.DuckDBPyConnection) -> None:
    run(city, office_home, MAY)
    one = standing(office_home)
    with pytest.raises(AlertRefused, match="no such alert"):
        lifecycle.answer(office_home, Asked(one.alert_id, "health", 1, "wu"), State.ACKNOWLEDGED, None, now=NOW)
    assert lifecycle.standings(office_home, "health") == {}


def test_of_two_people_at_once_the_second_is_told(office_home: Path, city: duckdb.DuckDBPyConnection) -> None:
    run(city, office_home, MAY)
    one, told, together = standing(office_home), [], threading.Barrier(2)

    def decide(account: str, to: State) -> None:
        together.wait()
        try:
            lifecycle.answer(office_home, Asked(one.alert_id, DEPARTMENT, one.version, account), to, "理由", now=NOW)
            told.append("done")
        except AlertChanged as problem:
            told.append(str(problem))

    people = [threading.Thread(target=decide, args=one) for one in (("lin", State.ACKNOWLEDGED), ("wu", State.ACKNOWLEDGED))]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert sorted(words == "done" for words in told) == [False, True]


def test_second_answer_on_an_old_version_says_who_was_first(office_home: Path, city: duckdb.DuckDBPyConnection) -> None:
    run(city, office_home, MAY)
    one = standing(office_home)
    answer(office_home, State.ACKNOWLEDGED)
    with pytest.raises(AlertChanged, match="by lin at 2025-06-02"):
        lifecycle.answer(office_home, Asked(one.alert_id, DEPARTMENT, one.version, "wu"), State.CORRECTED, None, now=NOW)


def test_assigning_and_commenting_are_in_the_history(office_home: Path, city: duckdb.DuckDBPyConnection) -> None:
    run(city, office_home, MAY)
    one = standing(office_home)
    asked = Asked(one.alert_id, DEPARTMENT, one.version, "lin")
    assert lifecycle.assign(office_home, asked, "wu", now=NOW).assignee == "wu"
    lifecycle.comment(office_home, asked, "已电话联系", now=NOW)
    assert causes(office_home) == [Cause.FOUND, Cause.ASSIGNED, Cause.COMMENTED]
    assert lifecycle.standings(office_home, DEPARTMENT, overdue_on=one.due_on) == {}
    assert set(lifecycle.standings(office_home, DEPARTMENT, overdue_on=AUGUST)) == {one.alert_id}


@pytest.mark.parametrize(("severity", "opened", "expected"), [
    ("high", "2025-01-24", "2025-02-07"), ("high", "2025-06-02", "2025-06-09"), ("medium", "2025-06-03", "2025-07-01"),
    ("low", "2025-06-03", "2025-06-10"),
], ids=["spring-festival", "plain-week", "twenty-days", "next-delivery"])
def test_due_days(severity: str, opened: str, expected: str) -> None:
    """2025-01-26 and 2025-02-08 were working weekends around the Spring Festival; pensions are delivered on the 10th."""
    assert due_on(severity, DEPARTMENT, [PI], date.fromisoformat(opened)) == date.fromisoformat(expected)
