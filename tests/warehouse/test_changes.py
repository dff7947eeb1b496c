"""Mutual updates: what is offered, how much of it is said, and the life of an offer."""

from __future__ import annotations

import csv
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest
from sqlalchemy import text

from sources.catalogue import load_catalogue
from tests.factories import a_record, an_empty_city
from warehouse import profile
from warehouse.changes import lifecycle
from warehouse.changes.answers import TITLES, bring
from warehouse.changes.building import build
from warehouse.changes.lifecycle import ChangeRefused, State
from warehouse.changes.recording import Recorded, record_run
from warehouse.changes.rules import EVERYBODY, OFFERED, WITHHELD, Mode, held_by, mode
from warehouse.office.database import office
from warehouse.outbox.returned import Fate

MAY, JUNE, JULY = (date(2025, month, 1) for month in (5, 6, 7))
NOW = datetime(2025, 6, 2, 8, 0, tzinfo=UTC)
KEY = bytes(range(32))
DEPARTMENTS = load_catalogue().departments


@pytest.fixture
def city() -> duckdb.DuckDBPyConnection:
    """P1 changed her name and telephone, which pensions do not know; P2 died, which only the register of households knows."""
    con = an_empty_city()
    common = {"status": "1", "sex": "2", "birth_date": "1950-03-01"}
    a_record(con, "household_registration", "P1", natural_key="HR1", updated_on="2025-04-01", name="陈秀英", **common)
    a_record(con, "pension_insurance", "P1", natural_key="PI1", updated_on="2025-02-01", name="陈秀美", sex="1", birth_date="1950-03-02",
             scheme="3", status="1", phone="19900000001")
    a_record(con, "residence_permits", "P1", natural_key="RP1", updated_on="2025-03-01", name="陈秀英", phone="19900000002",
             permit_status="1")
    a_record(con, "household_registration", "P2", natural_key="HR2", updated_on="2025-04-01", name="王德发", status="3",
             cancel_date="2025-03-10")
    a_record(con, "fund_accounts", "P2", natural_key="FA2", updated_on="2025-02-01", name="王德发", status="1")
    a_record(con, "pension_insurance", "P2", natural_key="PI2", updated_on="2025-02-01", name="王德发", status="1", scheme="1")
    return con


def run(con: duckdb.DuckDBPyConnection, home: Path, as_of: date) -> Recorded:
    profile.build(con, as_of)
    build(con, as_of, KEY)
    return record_run(con, home, as_of, f"run of {as_of}", now=NOW)


def offers(con: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], tuple[str | None, str | None]]:
    rows = con.execute("SELECT natural_key, attribute, held, offered FROM change_offer").fetchall()
    return {(key, attribute): (held, offered) for key, attribute, held, offered in rows}


def test_better_values_of_others_are_offered_as_far_as_may_be_said(city: duckdb.DuckDBPyConnection) -> None:
    profile.build(city, JUNE)
    build(city, JUNE, KEY)
    found = offers(city)
    assert found["PI1", "name"] == ("陈秀美", "陈秀英")
    assert found["PI1", "contact_phone"] == ("19900000001", "19900000002")
    assert found["PI1", "birth_date"] == ("1950-03-02", None)
    assert found["PI2", "death_date"] == (None, "2025-03-10")
    assert found["FA2", "vital_status"] == (None, "2")
    assert not [key for key in found if key[0].startswith(("HR", "RP"))]


def test_what_a_column_states_of_something_else_is_no_mistake() -> None:
    """The village of a resident's pension is no employer, nor is the last one of somebody unemployed; a passport has no ID number."""
    con = an_empty_city()
    a_record(con, "fund_accounts", "P1", updated_on="2025-04-01", employer_name="荆州某纺织厂", status="1")
    a_record(con, "pension_insurance", "P1", updated_on="2025-01-01", employer_name="三里村", scheme="3", status="1")
    a_record(con, "employment_registration", "P1", updated_on="2025-01-01", employer_name="某机械厂", registration_type="2")
    a_record(con, "medical_insurance", "P1", natural_key="MI1", updated_on="2025-01-01", employer_name="某水厂", scheme="1", status="1")
    a_record(con, "household_registration", "P1", updated_on="2025-04-01", status="1", id_number="421002195003010024",
             id_number_state="valid")
    a_record(con, "residence_permits", "P1", updated_on="2025-01-01", id_type="414", id_number="E12345678", id_number_state="other")
    profile.build(con, JUNE)
    build(con, JUNE, KEY)
    assert {key: found for key, found in offers(con).items() if key[1] in ("employer_name", "id_number")} == {
        ("MI1", "employer_name"): ("某水厂", "荆州某纺织厂")}


def test_a_marriage_keeps_the_name_and_the_telephone_of_its_day() -> None:
    con = an_empty_city()
    a_record(con, "household_registration", "P1", updated_on="2025-04-01", status="1", name="陈秀英", former_name="陈丫头")
    a_record(con, "residence_permits", "P1", updated_on="2025-04-01", name="陈秀英", phone="19900000002", permit_status="1")
    for key, name in (("MA1", "陈丫头"), ("MA2", "陈秀莹")):
        a_record(con, "marriage_registration", {"spouse_b": "P1"}, natural_key=key, updated_on="2005-01-01", woman_name=name,
                 woman_phone="19900000001")
        profile.build(con, JUNE)
        build(con, JUNE, KEY)
        assert {at: found for at, found in offers(con).items() if at[0] == key} == (
            {} if key == "MA1" else {(key, "name"): (name, "陈秀英")})
        con.execute("DELETE FROM current_marriage_registration")


def test_ids_are_stable_keyed_and_of_one_value(city: duckdb.DuckDBPyConnection) -> None:
    profile.build(city, JUNE)
    ids = []
    for key in (KEY, KEY, KEY[::-1]):
        build(city, JUNE, key)
        ids.append(sorted(one for (one,) in city.execute("SELECT change_id FROM change_offer").fetchall()))
    assert ids[0] == ids[1]
    assert not set(ids[0]) & set(ids[2])


def test_restricted_categories_give_nothing_and_people_known_from_them_alone_are_not_named() -> None:
    con = an_empty_city()
    a_record(con, "pension_insurance", "P1", natural_key="PI1", updated_on="2025-01-01", name="陈秀英", phone="19900000001", status="1")
    a_record(con, "health_records", "P1", natural_key="HE1", updated_on="2025-05-01", name="陈秀英", phone="19900000002", status="1")
    profile.build(con, JUNE)
    build(con, JUNE, KEY)
    assert ("PI1", "contact_phone") not in offers(con)


@pytest.mark.parametrize("department", DEPARTMENTS)
@pytest.mark.parametrize("attribute", OFFERED)
def test_nothing_is_said_that_purposes_or_a_check_withhold(attribute: str, department: str) -> None:
    """From the dictionary alone: the purposes that the department holds, and checks addressed to it whose evidence hides the value."""
    catalogue = load_catalogue()
    purposes = [purpose for purpose in catalogue.purposes.values()
                if purpose.granularity == "row" and department in purpose.holder.split(", ")]
    listed = {name for purpose in purposes or [catalogue.purposes["data_quality"]] for name in purpose.attributes}
    if attribute not in listed:
        assert mode(attribute, department) is Mode.NOTHING
        return
    hiding = [check.name for check in catalogue.checks.values() for recipient in check.recipients
              if recipient.department == department and check.kind == "value_mismatch" and check.attributes[0] == attribute
              and not any(source.split(".")[1] in _columns(attribute) and catalogue.contracts[source.split(".")[0]].department != department
                          for source in recipient.sees)]
    if hiding:
        assert mode(attribute, department) is Mode.VERIFY, hiding


def _columns(attribute: str) -> set[str]:
    return {column for _, column in load_catalogue().attributes[attribute].source_columns}


@pytest.mark.parametrize(("attribute", "department"), WITHHELD)
def test_what_is_withheld_names_a_check_that_is_about_it(attribute: str, department: str) -> None:
    check = load_catalogue().checks[WITHHELD[attribute, department]]
    stated = {".".join(source) for source in load_catalogue().attributes[attribute].source_columns}
    assert attribute in check.attributes or stated & set(check.columns)
    assert department == EVERYBODY or department in {recipient.department for recipient in check.recipients}


def test_department_without_a_purpose_corrects_by_data_quality() -> None:
    assert held_by("public_security") == frozenset(load_catalogue().purposes["data_quality"].attributes)


def test_offer_is_accepted_and_done_by_the_delivery(office_home: Path, city: duckdb.DuckDBPyConnection) -> None:
    assert run(city, office_home, MAY).offered == len(offers(city))
    (name_id,) = city.execute("SELECT change_id FROM change_offer WHERE attribute = 'name'").fetchone() or ("",)
    accepted = lifecycle.answer(office_home, name_id, "human_resources", 1, State.ACCEPTED, "lin", None, now=NOW)
    assert (accepted.state, accepted.version) == (State.ACCEPTED, 2)
    assert run(city, office_home, MAY) == Recorded(found=len(offers(city)))
    city.execute("UPDATE current_pension_insurance SET name = '陈秀英' WHERE natural_key = 'PI1'")
    assert run(city, office_home, JUNE).done == 1
    assert lifecycle.standings(office_home)[name_id].state is State.DONE
    assert [one.to_state for one in lifecycle.history(office_home, name_id, "human_resources")] == ["offered", "accepted", "done"]


def test_offer_whose_reason_is_gone_is_withdrawn(office_home: Path, city: duckdb.DuckDBPyConnection) -> None:
    run(city, office_home, MAY)
    city.execute("DELETE FROM current_residence_permits")
    assert run(city, office_home, JUNE).withdrawn == 1


def test_rejected_offer_stays_quiet_until_its_facts_change(office_home: Path, city: duckdb.DuckDBPyConnection) -> None:
    run(city, office_home, MAY)
    (one,) = city.execute("SELECT change_id FROM change_offer WHERE attribute = 'birth_date'").fetchone() or ("",)
    lifecycle.answer(office_home, one, "human_resources", 1, State.REJECTED, "lin", "证件如此", now=NOW)
    assert run(city, office_home, JUNE) == Recorded(found=len(offers(city)))
    city.execute("UPDATE current_pension_insurance SET birth_date = DATE '1950-03-03' WHERE natural_key = 'PI1'")
    assert run(city, office_home, JULY).offered == 1
    assert lifecycle.standings(office_home)[one].state is State.OFFERED


def test_wrong_answers_are_refused(office_home: Path, city: duckdb.DuckDBPyConnection) -> None:
    run(city, office_home, MAY)
    (one,) = city.execute("SELECT change_id FROM change_offer WHERE attribute = 'name'").fetchone() or ("",)
    for department, version, to, words, says in (
        ("health", 1, State.ACCEPTED, None, "no such offer"), ("human_resources", 2, State.ACCEPTED, None, "somebody changed"),
        ("human_resources", 1, State.REJECTED, " ", "without a reason"), ("human_resources", 1, State.DONE, None, "cannot become"),
    ):  # fmt: skip
        with pytest.raises(ChangeRefused, match=says):
            lifecycle.answer(office_home, one, department, version, to, "lin", words, now=NOW)
    assert lifecycle.standings(office_home)[one].version == 1


def test_office_holds_no_value_and_no_key(office_home: Path, city: duckdb.DuckDBPyConnection) -> None:
    run(city, office_home, MAY)
    with office(office_home) as session:
        stored = str(session.execute(text("SELECT * FROM change")).all()) + str(session.execute(text("SELECT * FROM change_event")).all())
    assert not any(value in stored for value in ("陈秀", "1990000000", "PI1", "1950-03"))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_every_line_of_a_returned_file_is_accounted_for(
    office_home: Path, city: duckdb.DuckDBPyConnection, tmp_path: Path, encoding: str,
) -> None:
    run(city, office_home, MAY)
    mine = [one.change_id for one in lifecycle.standings(office_home, "human_resources").values()]
    (other,) = [one.change_id for one in lifecycle.standings(office_home, "housing_fund").values()]
    identity, version, answer, reason = *TITLES.needed, TITLES.reason
    rows = [[reason, answer, identity, version], ["", "接受", mine[0], "1"], ["证件如此", "不采纳", mine[1], "1"],
            ["", "不采纳", mine[2], "1"], ["", "", mine[3], "1"], ["", "也许", mine[3], "1"], ["", "接受", other, "1"],
            ["", "rejected", mine[0], "1"], ["", "accepted", mine[0], "1"]]
    file = tmp_path / "back.csv"
    with file.open("w", encoding=encoding, newline="") as out:
        csv.writer(out).writerows(rows)
    taken = bring(office_home, file, "human_resources", "lin", now=NOW)
    assert [(line.number, line.fate) for line in taken] == [
        (2, Fate.APPLIED), (3, Fate.APPLIED), (4, Fate.REFUSED), (5, Fate.UNCHANGED), (6, Fate.REFUSED), (7, Fate.REFUSED),
        (8, Fate.REFUSED), (9, Fate.UNCHANGED)]
    for line, words in zip([taken[2], taken[4], taken[5], taken[6]], ["without a reason", "none of", "no such offer", "without a reason"],
                           strict=True):
        assert words in line.why
    standings = lifecycle.standings(office_home)
    assert [standings[one].state for one in (*mine[:3], other)] == [State.ACCEPTED, State.REJECTED, State.OFFERED, State.OFFERED]
    assert [one.words for one in lifecycle.history(office_home, mine[1], "human_resources")][-1] == "证件如此"
    again = [line.fate for line in bring(office_home, file, "human_resources", "lin", now=NOW)]
    assert Fate.APPLIED not in again


def test_a_file_whose_taking_fails_on_the_way_changes_nothing(office_home: Path, city: duckdb.DuckDBPyConnection) -> None:
    run(city, office_home, MAY)
    mine = [one.change_id for one in lifecycle.standings(office_home, "human_resources").values()]
    with suppress(KeyboardInterrupt), lifecycle.answering(office_home, "human_resources", mine, "lin", now=NOW) as book:
        book.answer(mine[0], 1, State.ACCEPTED, None)
        raise KeyboardInterrupt
    assert {one.state for one in lifecycle.standings(office_home).values()} == {State.OFFERED}
