"""Grid worker loop: whom a line speaks of, what differs, and to whom it goes."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from sources.catalogue import load_catalogue
from sources.tables import category_tables, create_table
from tests.factories import a_record, an_empty_city, insert
from tests.warehouse.profiles import a_person, create_profiles
from warehouse.keys import ensure_key
from warehouse.visits import build
from warehouse.visits.comparing import sayings
from warehouse.visits.routing import form, load_routing, local_columns

City = duckdb.DuckDBPyConnection

GRID, ELSEWHERE = "421002001001001", "421002001001002"
HOME, OTHER, FAR = "4210020010010000001", "4210020010010000002", "4210020010010000003"
DAY = date(2025, 6, 1)
NUMBER = {"id_number": "421099195503121266", "id_number_state": "valid"}
CONSENTS = {"consent_registration": "1", "consent_services": "1"}


@pytest.fixture
def city(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> City:
    """Two dwellings of one grid and one of another; Chen lives in the first, aged 70, registered there."""
    monkeypatch.delenv("ONEGRID_KEY", raising=False)
    ensure_key(tmp_path)
    con = an_empty_city()
    create_profiles(con, published=False)
    for name, columns in category_tables(form()).items():
        con.execute(create_table(name, columns))
    for code, grid in ((HOME, GRID), (OTHER, GRID), (FAR, ELSEWHERE)):
        a_record(con, "house_registry", dwelling_code=code, grid_code=grid, standard_address=f"address {code[-1]}", natural_key=code)
    chen(con)
    return con


def chen(con: City, **values: Any) -> None:
    facts: dict[str, Any] = {"name": "陈秀英", "birth_date": "1955-03-12", "age": 70, "id_number": NUMBER["id_number"],
                             "residence_grid": GRID, "dwelling_id": HOME,
                             "contact_phone": "19900000001", "living_alone": False, "relation_to_head": "02",
                             "elderly_living_type": "4", "one_touch_service": False}
    a_person(con, "chen", published=False, **(facts | values))
    a_record(con, "household_registration", "chen", natural_key="HR1", household_no="H1", relation_to_head="02", phone="19900000001",
             address="own words", status="1", updated_on="2025-01-01")


def a_line(con: City, **values: Any) -> None:
    said = {"natural_key": "v1", "delivery_date": DAY, "visit_date": DAY, "grid_code": GRID, "dwelling_code": HOME, "name": "陈秀英",
            "person_id": "chen", "lives_here": "1"} | CONSENTS | values
    insert(con, "current_grid_visits", **(said | {"visit_no": said["natural_key"]}))


def outcomes(con: City, home: Path) -> dict[str, str]:
    build(con, home)
    return dict(con.execute("SELECT coalesce(fact, 'line'), outcome FROM visit_statement").fetchall())


def offers(con: City) -> list[dict[str, Any]]:
    rows = con.execute("SELECT * FROM change_offer WHERE origin = 'visit' ORDER BY category, attribute")
    names = [column[0] for column in rows.description or ()]
    return [dict(zip(names, row, strict=True)) for row in rows.fetchall()]


FINDING = {
    "prefilled": ({}, "person_id"),
    "spaces in the name": ({"name": "陈 秀 英"}, "person_id"),
    "number and name": ({"person_id": None, **NUMBER}, "id_number"),
    "name, birth date and dwelling": ({"person_id": None, "birth_date": "1955-03-12"}, "name_birth_dwelling"),
    "the number of somebody else": ({"person_id": None, "name": "王五", **NUMBER}, "unclear"),
    "an id of another grid": ({"grid_code": ELSEWHERE, "dwelling_code": FAR}, "unclear"),
    "another name over a printed id": ({"name": "王五"}, "unclear"),
    "name only": ({"person_id": None}, "unclear"),
    "same name and birth date, other dwelling": ({"person_id": None, "birth_date": "1955-03-12", "dwelling_code": OTHER}, "unclear"),
    "same name in the dwelling, other birth date": ({"person_id": None, "birth_date": "1956-03-12"}, "unclear"),
    "another name, but born on that day in that dwelling": ({"person_id": None, "name": "陈小英", "birth_date": "1955-03-12"}, "unclear"),
    "nobody knows": ({"person_id": None, "name": "赵敏", "birth_date": "1991-05-18"}, "nobody"),
    "nobody knows, a bad number": ({"person_id": None, "name": "赵敏", "birth_date": "1991-05-18", "id_number": None,
                                     "id_number_state": "invalid"}, "unclear"),
}


@pytest.mark.parametrize(("line", "found"), FINDING.values(), ids=FINDING)
def test_a_person_is_looked_up_exactly_or_not_at_all(city: City, tmp_path: Path, line: dict[str, Any], found: str) -> None:
    a_line(city, **line)
    visits = build(city, tmp_path)
    assert (visits.found, visits.nobody, visits.unclear) == {"nobody": (0, 1, 0), "unclear": (0, 0, 1)}.get(found, (1, 0, 0))
    assert city.execute("SELECT person_id FROM visit").fetchall() == ([("chen",)] if visits.found else [])


def test_somebody_known_only_to_a_care_programme_is_not_found(city: City, tmp_path: Path) -> None:
    a_person(city, "hidden", published=False, known_from="health", name="周某", dwelling_id=HOME, residence_grid=GRID)
    a_line(city, person_id="hidden", name="周某")
    assert build(city, tmp_path).unclear == 1


SAID = {
    "lives where the profile says": ({}, "residence", "same", None),
    "lives in another dwelling": ({"dwelling_code": OTHER, "lives_here_since": "2025-03-01"}, "residence", "differs",
                                  "address 2 自2025-03-01起"),
    "has left": ({"lives_here": "0", "left_to": "2"}, "residence", "differs", "不在此居住: address 1 去向: 市外"),
    "never lived at that door": ({"lives_here": "0", "dwelling_code": OTHER}, "residence", "same", None),
    "a dwelling that is in no register": ({"dwelling_code": "999"}, "residence", "unclear", None),
    "no consent": ({"dwelling_code": OTHER, "consent_registration": None}, "residence", "no_consent", None),
    "said to have died": ({"lives_here": "0", "deceased_reported": "1", "consent_registration": None}, "vital_status", "differs",
                          "死亡(请核实)"),
    "alive": ({}, "vital_status", "same", None),
    "another telephone": ({"phone": "19900000009"}, "phone", "differs", "19900000009"),
    "the same telephone": ({"phone": "19900000001"}, "phone", "same", None),
    "another household": ({"household_no": "H2"}, "household", "differs", "H2"),
    "another relation": ({"relation_to_head": "12"}, "relation_to_head", "differs", "妻"),
    "lives alone": ({"living_alone": "1"}, "living_alone", "differs", "独居"),
    "needs the call service": ({"one_touch_wanted": "1"}, "one_touch", "new", "需要"),
    "needs no call service": ({"one_touch_wanted": "0"}, "one_touch", None, None),
    "needs a school at seventy": ({"school_place_wanted": "1"}, "school_place", "not_asked", None),
    "needs a family doctor": ({"family_doctor_wanted": "1"}, "family_doctor", "new", "需要"),
    "needs, but does not agree": ({"family_doctor_wanted": "1", "consent_services": "0"}, "family_doctor", "no_consent", None),
}


@pytest.mark.parametrize(("line", "fact", "outcome", "offered"), SAID.values(), ids=SAID)
def test_what_is_said_is_compared_and_only_differences_are_passed_on(
    city: City, tmp_path: Path, line: dict[str, Any], fact: str, outcome: str | None, offered: str | None
) -> None:
    a_line(city, **line)
    assert outcomes(city, tmp_path).get(fact) == outcome
    found = {row["change_id"]: row["offered"] for row in offers(city)}
    (ids,) = city.execute("SELECT list(change_id) FROM visit_statement WHERE fact = ?", [fact]).fetchone() or (None,)
    assert [found[change] for change in ids or [] if change] == ([offered] if offered else [])


def test_a_proposal_goes_to_the_owner_with_its_own_record_and_says_that_it_is_not_verified(
    city: City, tmp_path: Path
) -> None:
    a_line(city, dwelling_code=OTHER)
    build(city, tmp_path)
    (offer,) = offers(city)
    told = {name: value for name, value in offer.items() if name not in {"change_id", "origin", "offered", "told_zh", "told_en"}}
    assert told == {
        "department": "public_security", "category": "household_registration", "natural_key": "HR1", "person_id": "chen",
        "attribute": "residence_address", "column_name": "address", "held": "own words", "since": DAY}
    assert "2025-06-01" in offer["told_zh"]
    assert "核实" in offer["told_zh"]
    assert "verif" in offer["told_en"]


def test_the_residence_permit_comes_before_the_household_registration(city: City, tmp_path: Path) -> None:
    a_record(city, "residence_permits", "chen", natural_key="RP1", permit_status="1", current_address="permit words")
    a_line(city, dwelling_code=OTHER)
    build(city, tmp_path)
    assert [(row["category"], row["natural_key"], row["held"]) for row in offers(city)] == [("residence_permits", "RP1", "permit words")]


def test_codes_of_the_owner_are_told_in_words(city: City, tmp_path: Path) -> None:
    a_line(city, deceased_reported="1", lives_here="0")
    build(city, tmp_path)
    assert [(row["held"], row["offered"]) for row in offers(city)] == [("正常", "死亡(请核实)")]


@pytest.mark.parametrize(("updated", "outcome"), [("2025-05-31", "differs"), ("2025-06-02", "register_newer")])
def test_a_visit_older_than_the_owners_record_proposes_nothing(
    city: City, tmp_path: Path, updated: str, outcome: str
) -> None:
    city.execute("UPDATE current_household_registration SET updated_on = ?", [updated])
    a_line(city, phone="19900000009")
    assert outcomes(city, tmp_path)["phone"] == outcome


def test_only_the_newest_visit_counts_for_each_fact_by_itself(city: City, tmp_path: Path) -> None:
    a_line(city, visit_date="2025-05-01", phone="19900000008", household_no="H2")
    a_line(city, natural_key="v2", phone="19900000009")
    build(city, tmp_path)
    found = city.execute("SELECT visit_no, fact, outcome FROM visit_statement WHERE fact IN ('phone', 'household') ORDER BY ALL").fetchall()
    assert found == [("v1", "household", "differs"), ("v1", "phone", "older_visit"), ("v2", "phone", "differs")]


def test_a_newer_visit_takes_back_a_report_of_a_death(city: City, tmp_path: Path) -> None:
    a_line(city, visit_date="2025-05-01", lives_here="0", deceased_reported="1")
    a_line(city, natural_key="v2")
    build(city, tmp_path)
    assert offers(city) == []


def test_somebody_unknown_becomes_a_proposal_for_residence_registration_only_with_consent(
    city: City, tmp_path: Path
) -> None:
    a_line(city, person_id=None, name="赵敏", birth_date="1991-05-18", phone="19900000077", job_wanted="1")
    a_line(city, natural_key="v2", person_id=None, name="孙某", birth_date="1992-05-18", consent_registration=None)
    build(city, tmp_path)
    (offer,) = offers(city)
    assert (offer["department"], offer["category"], offer["natural_key"], offer["person_id"], offer["held"], offer["offered"]) == (
        "public_security", "residence_permits", None, None, None, "赵敏 address 1")


def test_a_newborn_goes_to_family_planning_and_not_to_public_security(city: City, tmp_path: Path) -> None:
    a_line(city, person_id=None, name="陈小宝", birth_date="2025-04-18")
    build(city, tmp_path)
    assert [(row["department"], row["attribute"]) for row in offers(city)] == [("family_planning", "birth_service_status")]


def test_found_again_it_is_the_same_proposal_and_the_order_of_lines_changes_nothing(city: City, tmp_path: Path) -> None:
    a_line(city, phone="19900000009", one_touch_wanted="1")
    a_line(city, natural_key="v2", dwelling_code=OTHER, visit_date="2025-05-20")
    build(city, tmp_path)
    before = offers(city)
    city.execute("CREATE OR REPLACE TABLE current_grid_visits AS FROM current_grid_visits ORDER BY natural_key DESC")
    build(city, tmp_path)
    assert len(before) == 2
    assert offers(city) == before


def test_a_line_taken_back_leaves_nothing(city: City, tmp_path: Path) -> None:
    a_line(city, phone="19900000009")
    build(city, tmp_path)
    city.execute("DELETE FROM current_grid_visits")
    build(city, tmp_path)
    assert [city.execute(f"FROM {table}").fetchall() for table in ("visit", "visit_statement", "change_offer")] == [[]] * 3


def test_offers_of_registers_stay_as_they_are(city: City, tmp_path: Path) -> None:
    build(city, tmp_path)
    insert(city, "change_offer", change_id="r", origin="register")
    build(city, tmp_path)
    assert city.execute("SELECT change_id FROM change_offer").fetchall() == [("r",)]


def test_every_column_of_the_form_is_routed_or_local_and_every_fact_is_read() -> None:
    routed = {column for fact in load_routing().values() for column in fact.states}
    assert routed | set(local_columns()) == set(form().by_name)
    assert routed & set(local_columns()) == set()
    assert list(sayings()) == list(load_routing())


@pytest.mark.parametrize("fact", load_routing().values(), ids=lambda fact: fact.fact)
def test_a_department_gets_only_what_its_purposes_list(fact: Any) -> None:
    """Computed from the dictionary alone; data_quality is every department's for its own records, and counts where the fact needs one."""
    for register in fact.to:
        department = load_catalogue().contracts[register.category].department
        opened = set()
        for purpose in load_catalogue().purposes.values():
            own = purpose.name == "data_quality" and fact.without_record is not True
            if department in purpose.holder.replace(" ", "").split(",") or own:
                opened |= set(purpose.attributes)
        assert fact.attribute in opened
        assert fact.consent is not None or fact.without_record is False


def test_without_a_record_only_a_consenting_resident_reaches_a_department_without_a_purpose() -> None:
    """Public security holds no purpose of its own: everything for it but the registration that a resident asks for needs its own record."""
    loose = [fact.fact for fact in load_routing().values() if fact.without_record is not False
             and any(register.department == "public_security" for register in fact.to)]
    assert loose == ["newcomer"]
