"""Tables of households: they agree with the attributes, strangers stay apart, heads and relations follow from the records."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.factories import a_record, an_empty_city, insert
from tests.warehouse.attribute_cases import AS_OF
from warehouse import households, profile
from warehouse.households.ties import OPPOSITE, TIE_OF

HR, MA, BF, ST, FL, MI, SA, CF = (
    "household_registration", "marriage_registration", "birth_family_support", "student_enrolment", "fund_loans",
    "medical_insurance", "social_assistance", "care_followups",
)
DWELLINGS = {f"42100200100100000{n:02d}": f"沙市区中山街道绿化村社区园林路{n}号" for n in range(1, 5)}
D1, D2, D3, D4 = DWELLINGS
OTHER_TOWNSHIP = {"township_code": "421002002", "community_code": "421002002001"}


def a_city() -> duckdb.DuckDBPyConnection:
    con = an_empty_city()
    con.execute(
        'CREATE TABLE IF NOT EXISTS number_conflict ("check" VARCHAR, id_number VARCHAR, record_id BIGINT,'
        " role VARCHAR, person_id VARCHAR, holder BOOLEAN)"
    )
    for code, text in DWELLINGS.items():
        a_record(con, "house_registry", {}, dwelling_code=code, standard_address=text, township_code="421002001",
                 community_code="421002001001", community_name="绿化村社区", dwelling_type="1", updated_at="2025-01-01")
    return con


def lives(con: duckdb.DuckDBPyConnection, who: str, dwelling: str | None = None, **values: Any) -> None:
    """An active registration at `dwelling`; keyword `at` replaces parts of the place, roles (spouse, father, mother) name others."""
    named = {role: values.pop(role, None) for role in ("spouse", "father", "mother")}
    roles = {role: other for role, other in named.items() if other}
    at = {"county_code": "421002", "township_code": "421002001", "community_code": "421002001001"} | values.pop("at", {})
    record = a_record(con, HR, {"holder": who} | roles, **({
        "status": "1", "household_type": "1", "birth_date": "1970-01-01", "sex": "1", "address": "园林路",
        "updated_at": "2025-01-01", "county_code": "421002", "township_code": at["township_code"]} | values))
    insert(con, "place", record_id=record, category=HR, column_name="address", outside_city=False, address="园林路",
           dwelling_code=dwelling, **at)


def built(con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    profile.build(con, AS_OF)
    households.build(con, AS_OF)
    return con


@pytest.fixture(scope="module")
def city() -> Iterator[duckdb.DuckDBPyConnection]:
    """One family with a grandchild in D1, a number used by two families, a lodger, a couple that divorced."""
    con = a_city()
    lives(con, "head", D1, household_no="1", relation_to_head="02", spouse="wife", birth_date="1960-01-01")
    lives(con, "wife", D1, household_no="1", relation_to_head="12", sex="2", birth_date="1962-01-01")
    lives(con, "son", D1, household_no="1", relation_to_head="20", birth_date="1990-01-01", father="head", mother="wife")
    lives(con, "bride", D1, household_no="9", relation_to_head="30", spouse="son", sex="2", birth_date="1991-01-01")
    lives(con, "kid", D1, household_no="9", relation_to_head="42", father="son", mother="bride", sex="2", birth_date="2020-01-01")
    lives(con, "lodger", D1, household_no="8", relation_to_head="02", birth_date="1980-01-01")
    lives(con, "moved", D2, household_no="1", relation_to_head="30", father="head", sex="2", birth_date="1993-01-01")
    for who, at, relation in (("one", {}, "02"), ("one child", {}, "20"), ("other", OTHER_TOWNSHIP, "02"),
                              ("other child", OTHER_TOWNSHIP, "20"), ("neither", {"township_code": "421002003"}, "97")):
        lives(con, who, None, household_no="7", relation_to_head=relation, at=at | ({"community_code": None} if who == "neither" else {}))
    lives(con, "named child", None, household_no="7", relation_to_head="20", father="one", at=OTHER_TOWNSHIP)
    lives(con, "dorm a", D3, household_no="6", household_type="2", relation_to_head="02")
    lives(con, "dorm b", D3, household_no="6", household_type="2", relation_to_head="02")
    a_record(con, MA, {"spouse_a": "lodger", "spouse_b": "former"}, validity="1", event_type="1", register_date="2001-01-01",
             entry_date="2001-01-01", updated_on="2001-01-01")
    a_record(con, MA, {"spouse_a": "lodger", "spouse_b": "former"}, validity="1", event_type="2", register_date="2011-01-01",
             entry_date="2011-01-01", updated_on="2011-01-01")
    a_record(con, BF, {"mother": "stepmother", "child": "son"})
    a_record(con, ST, {"holder": "kid", "guardian": "son"}, guardian_relation="51", status="1")
    a_record(con, MI, {"holder": "kid", "payer": "head"}, payer_relation="4", insured_year=2025)
    a_record(con, FL, {"borrower": "debtor", "co_borrower": "debtor wife"}, co_relation="1")
    a_record(con, FL, {"borrower": "debtor", "co_borrower": "debtor father"}, co_relation="5")
    a_record(con, BF, {"mother": "young mother", "father": "young father"}, marital_status="20")
    a_record(con, SA, {"holder": "lodger brother", "applicant": "lodger"}, relation="71", status="1")
    built(con)
    yield con
    con.close()


def rows(con: duckdb.DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    return con.execute(query).fetchall()


def members(con: duckdb.DuckDBPyConnection, kind: str, of: str) -> dict[str, Any]:
    found = rows(con, f"""SELECT other.person_id, other.relation FROM household_member AS mine JOIN household_member AS other
                          USING (kind, household_key) WHERE kind = '{kind}' AND mine.person_id = '{of}'""")
    assert len({who for who, _ in found}) == len(found)
    return dict(found)


REGISTERS = {
    "members wherever they live": ("head", {"head": "02", "wife": "12", "son": "20", "moved": "30"}),
    "one of two families with one number": ("one", {"one": "02", "one child": "20", "named child": "20"}),
    "the other of two families with one number": ("other child", {"other": "02", "other child": "20"}),
    "who belongs to neither of them": ("neither", {"neither": "97"}),
    "a collective household": ("dorm a", {"dorm a": "02", "dorm b": "02"}),
}


@pytest.mark.parametrize("rule", REGISTERS)
def test_household_of_registration(city: duckdb.DuckDBPyConnection, rule: str) -> None:
    of, expected = REGISTERS[rule]
    assert members(city, "registration", of) == expected


FAMILIES = {
    "joined by number, couple and minor child; relations to the head by ties": (
        "kid", {"head": "02", "wife": "12", "son": "20", "bride": "38", "kid": "40"}),
    "a lodger is no member": ("lodger", {"lodger": "02"}),
    "an adult child elsewhere is alone, without a head": ("moved", {"moved": None}),
    "a collective household joins nobody": ("dorm a", {"dorm a": None}),
}


@pytest.mark.parametrize("rule", FAMILIES)
def test_household_of_residence(city: duckdb.DuckDBPyConnection, rule: str) -> None:
    of, expected = FAMILIES[rule]
    assert members(city, "residence", of) == expected


TIES = {
    "a couple": ("head", "wife", "spouse", "holds", "household_registration"),
    "a couple that divorced": ("lodger", "former", "spouse", "ended", "marriage_registration"),
    "father": ("son", "head", "parent", "holds", "household_registration"),
    "mother by the registration": ("son", "wife", "parent", "holds", "household_registration"),
    "another mother is kept and contradicted": ("son", "stepmother", "parent", "contradicted", "birth_family_support"),
    "and from her side": ("stepmother", "son", "child", "contradicted", "birth_family_support"),
    "a payer who is a grandparent": ("kid", "head", "grandparent", "holds", "medical_insurance"),
    "a grandchild": ("head", "kid", "grandchild", "holds", "medical_insurance"),
    "a couple of a loan": ("debtor", "debtor wife", "spouse", "holds", "fund_loans"),
    "a father who lends": ("debtor", "debtor father", "parent", "holds", "fund_loans"),
    "a couple of a family record": ("young father", "young mother", "spouse", "holds", "birth_family_support"),
    "a brother": ("lodger", "lodger brother", "sibling", "holds", "social_assistance"),
}


@pytest.mark.parametrize("rule", TIES)
def test_tie(city: duckdb.DuckDBPyConnection, rule: str) -> None:
    person, relative, tie, state, category = TIES[rule]
    found = rows(city, f"SELECT tie, state, category FROM family_tie WHERE person_id = '{person}' AND relative = '{relative}'")
    assert found == [(tie, state, category)]


def test_a_tie_names_every_category_that_states_it(city: duckdb.DuckDBPyConnection) -> None:
    assert rows(city, "SELECT categories, statements FROM family_tie WHERE person_id = 'kid' AND relative = 'son'") == [
        (["household_registration", "student_enrolment"], 2)]


def test_every_tie_has_its_opposite(city: duckdb.DuckDBPyConnection) -> None:
    ties = {(one, other, tie) for one, other, tie in rows(city, "SELECT person_id, relative, tie FROM family_tie")}
    assert ties == {(other, one, OPPOSITE[tie]) for one, other, tie in ties}
    assert set(TIE_OF.values()) == set(OPPOSITE)


SEAT: dict[str, Any] = {"county_code": "421002", "township_code": "421002001", "community_code": "421002001001"}
APART: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {  # where registered, where another source places the person
    "none": (SEAT | {"dwelling_code": D1}, SEAT | {"dwelling_code": D1}),
    "dwelling": (SEAT | {"dwelling_code": D2}, SEAT | {"dwelling_code": D1}),
    "community": (SEAT | {"community_code": "421002001002"}, SEAT | {"dwelling_code": D1}),
    "township": (SEAT | OTHER_TOWNSHIP, SEAT | {"dwelling_code": D1}),
    "county": (SEAT | {"county_code": "421003", "township_code": "421003001", "community_code": None}, SEAT | {"dwelling_code": D1}),
    "out_of_city": (SEAT | {"dwelling_code": D1}, {"outside_city": True}),
    "missing": (SEAT, SEAT),
}


@pytest.fixture(scope="module")
def apart() -> Iterator[duckdb.DuckDBPyConnection]:
    con = a_city()
    for number, (who, (seat, home)) in enumerate(APART.items()):
        lives(con, who, seat.get("dwelling_code"), household_no=str(number), relation_to_head="02",
              at={name: code for name, code in seat.items() if name != "dwelling_code"})
        record = a_record(con, "residence_permits", {"holder": who}, permit_status="1", current_address="x", updated_on="2025-03-01")
        insert(con, "place", **({"record_id": record, "category": "residence_permits", "column_name": "current_address", "address": "x",
                                 "outside_city": False} | home))
    record = a_record(con, "residence_permits", {"holder": "in_city"}, permit_status="1", current_address="x", hukou_division="420100")
    insert(con, "place", record_id=record, category="residence_permits", column_name="current_address", outside_city=False, address="x",
           dwelling_code=D4, **SEAT)
    yield built(con)
    con.close()


@pytest.mark.parametrize("level", [*APART, "in_city"])
def test_registered_elsewhere_than_living(apart: duckdb.DuckDBPyConnection, level: str) -> None:
    told = dict(rows(apart, "SELECT person_id, separated FROM household_member ORDER BY kind"))
    assert told[level] == (None if level == "missing" else level)


def test_the_reader_learns_nothing_from_care_follow_ups() -> None:
    """Nobody is placed or joined by a category that only two purposes may know of."""
    con = a_city()
    lives(con, "mother", D1, household_no="1", relation_to_head="02", sex="2")
    record = a_record(con, CF, {"holder": "adult", "guardian": "mother"}, status="1", guardian_relation="5", address="x")
    insert(con, "place", record_id=record, category=CF, column_name="address", outside_city=False, address="x", dwelling_code=D1)
    built(con)
    assert rows(con, "SELECT dwelling_id FROM profile WHERE person_id = 'adult'") == [(D1,)]
    assert rows(con, "SELECT person_id FROM household_member WHERE person_id = 'adult'") == []
    assert rows(con, "FROM family_tie") == []


PEOPLE = tuple(f"P{n:02d}" for n in range(14))


@st.composite
def registrations(draw: st.DrawFn) -> list[dict[str, Any]]:
    made = []
    for who in PEOPLE:
        others = st.none() | st.sampled_from([one for one in PEOPLE if one != who])
        made.append({
            "who": who, "dwelling": draw(st.none() | st.sampled_from(tuple(DWELLINGS))),
            "household_no": draw(st.sampled_from(("1", "2", "3", "4"))), "household_type": draw(st.sampled_from("1112")),
            "relation_to_head": draw(st.sampled_from(("02", "02", "12", "20", "30", "51", "97"))),
            "status": draw(st.sampled_from("11113")), "birth_date": draw(st.sampled_from(("1950-01-01", "1990-01-01", "2015-01-01"))),
            "sex": draw(st.sampled_from("12")), "spouse": draw(others), "father": draw(others), "mother": draw(others),
            "at": draw(st.sampled_from(({}, OTHER_TOWNSHIP))),
        })
    return made


CONSISTENT = {
    "size counts the living members": """
        FROM household JOIN (SELECT kind, household_key, count(*) FILTER (counted) AS living FROM household_member GROUP BY ALL)
        USING (kind, household_key) WHERE size <> living""",
    "households and members name each other": """
        SELECT kind, household_key FROM household EXCEPT ALL SELECT DISTINCT kind, household_key FROM household_member
        UNION ALL (SELECT DISTINCT kind, household_key FROM household_member EXCEPT SELECT kind, household_key FROM household)""",
    "one household of each kind": "SELECT kind, person_id FROM household_member GROUP BY ALL HAVING count(*) > 1",
    "household_size is the size": """
        FROM household_member JOIN household USING (kind, household_key) JOIN profile_open USING (person_id)
        WHERE kind = 'residence' AND household_size <> size""",
    "everybody with a dwelling lives in a household": """
        SELECT person_id FROM profile_open WHERE dwelling_id IS NOT NULL
        EXCEPT SELECT person_id FROM household_member WHERE kind = 'residence'""",
    "members share the dwelling": """
        FROM household_member JOIN household USING (kind, household_key) JOIN profile_open USING (person_id)
        WHERE kind = 'residence' AND dwelling_id IS DISTINCT FROM household.dwelling_code""",
    "the head is a member or missing": """
        SELECT kind, household_key, head FROM household WHERE head IS NOT NULL
        EXCEPT SELECT kind, household_key, person_id FROM household_member WHERE relation = '02'""",
    "a single occupant is a household of one": """
        FROM household_member JOIN household USING (kind, household_key) JOIN profile_open USING (person_id)
        WHERE kind = 'residence' AND dwelling_occupants = 1 AND size > 1""",
    "occupants are at least the household": """
        FROM profile_open WHERE household_size > dwelling_occupants""",
    "alone by occupants": """
        FROM profile_open WHERE elderly_living_type IS NULL AND living_alone IS DISTINCT FROM (dwelling_occupants = 1)
            AND dwelling_occupants >= 1""",
    "two heads of one number are one family or one place": """
        SELECT one.household_key FROM household_member AS one JOIN household_member AS other USING (kind, household_key)
        JOIN place AS p1 ON p1.record_id = one.record_id JOIN place AS p2 ON p2.record_id = other.record_id
        JOIN household USING (kind, household_key)
        WHERE kind = 'registration' AND household_type = '1' AND one.relation = '02' AND other.relation = '02'
          AND p1.township_code <> p2.township_code
          AND NOT EXISTS (FROM mention_person AS m WHERE m.record_id = one.record_id AND m.person_id = other.person_id)
          AND NOT EXISTS (FROM mention_person AS m WHERE m.record_id = other.record_id AND m.person_id = one.person_id)""",
    "the dead live nowhere": """
        FROM household_member JOIN profile_open USING (person_id) WHERE kind = 'residence' AND vital_status = '2'""",
    "a child has one father and one mother": """
        FROM (SELECT person_id, count(*) AS n FROM family_tie WHERE tie = 'parent' AND state = 'holds' GROUP BY ALL) WHERE n > 2""",
    "a person has one spouse": """
        SELECT person_id FROM family_tie JOIN profile_open USING (person_id)
        WHERE tie = 'spouse' AND state = 'holds' AND spouse_person IS NOT NULL AND relative <> spouse_person""",
}


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck), phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(registrations())
def test_households_and_attributes_agree(made: list[dict[str, Any]]) -> None:
    with a_city() as con:
        for one in made:
            values: dict[str, Any] = {name: dict(value) if name == "at" else value for name, value in one.items()}
            lives(con, **values)
        built(con)
        assert {rule: rows(con, query) for rule, query in CONSISTENT.items()} == {rule: [] for rule in CONSISTENT}
        first = {table: sorted(map(repr, rows(con, f"FROM {table}"))) for table in households.TABLES}
        households.build(con, AS_OF)
        assert first == {table: sorted(map(repr, rows(con, f"FROM {table}"))) for table in households.TABLES}
