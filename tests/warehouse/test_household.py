"""Households, guardians and children, rule by rule (clarifications 13, 24, 25, 48)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from tests.warehouse.attribute_cases import Case, Record, value_of
from tests.warehouse.attribute_cases import record as r
from tests.warehouse.person_cases import a_city_of_people, expected
from warehouse.attributes import household

HR, RP, ST, MI, HE, CF, LA, BF = (
    "household_registration", "residence_permits", "student_enrolment", "medical_insurance", "health_records",
    "care_followups", "legal_aid", "birth_family_support",
)
HOME = {"dwelling_id": "@d", "vital_status": "1"}
CHILD = HOME | {"age": 10}
KID = {"age": 10}


def member(who: str, **values: Any) -> Record:
    return r(HR, {"holder": who}, **({"status": "1", "household_no": "@h", "household_type": "1"} | values))


def child_of(parent: str, child: str = "me", role: str = "father", **values: Any) -> Record:
    return r(HR, {"holder": child, role: parent}, **({"status": "1"} | values))


def together(name: str, records: tuple[Record, ...], size: int | None, **people: dict[str, Any]) -> Case:
    me = people.pop("me", HOME)
    return Case(name, "household_size", size, records, known=me, others=people)


HOUSEHOLDS = (
    together("one household_no in one dwelling", (member("me"), member("a")), 2, a=HOME),
    together("not in another dwelling", (member("me"), member("a")), 1, a=HOME | {"dwelling_id": "@e"}),
    together("not by a collective household", (member("me", household_type="2"), member("a", household_type="2")), 1,
             a=HOME),
    together("not by a cancelled registration", (member("me"), member("a", status="2")), 1, a=HOME),
    together("neighbours in one dwelling", (), 1, a=HOME),
    together("the spouse joins", (), 2, me=HOME | {"spouse_person": "@a"}, a=HOME),
    together("named only by the other", (), 2, a=HOME | {"spouse_person": "@me"}),
    together("a spouse elsewhere does not", (), 1, me=HOME | {"spouse_person": "@a"},
             a=HOME | {"dwelling_id": "@e"}),
    together("a minor child joins", (child_of("a"),), 2, me=CHILD, a=HOME),
    together("a grown child does not", (child_of("a"),), 1, me=HOME | {"age": 18}, a=HOME),
    together("joined groups become one", (member("me"), member("a"), member("b", household_no="@i"),
                                          member("c", household_no="@i")), 4,
             a=HOME | {"spouse_person": "@b"}, b=HOME, c=HOME),
    together("through a chain", (child_of("a", "c"), child_of("b", "c", "mother")), 4,
             me=HOME | {"spouse_person": "@a"}, a=HOME, b=HOME, c=CHILD),
    together("who is unknown does not count", (member("me"), member("a")), 1, a=HOME | {"vital_status": "9"}),
    together("missing without a dwelling", (member("me"),), None, me={"vital_status": "1"}),
    Case("the smallest person_id of the members", "household_id", "@a", (member("me"), member("a")), known=HOME,
         others={"a": HOME}),
    Case("alone the own", "household_id", "@me", known=HOME),
    Case("missing without a dwelling", "household_id", None, (member("me"),)),
    Case("of the active registration", "relation_to_head", "20",
         (member("me", relation_to_head="20"), member("me", status="2", relation_to_head="02",
                                                     updated_at="2025-05-01", updated_on="2025-05-01"))),
    Case("missing without one", "relation_to_head", None, (member("me", status="2", relation_to_head="02"),)),
)


def pupil(guardian: str, relation: str = "51", **values: Any) -> Record:
    return r(ST, {"holder": "me", "guardian": guardian}, guardian_relation=relation, **values)


def guarded(rule: str, guardian: str | None, *records: Record, age: int = 10, **people: dict[str, Any]) -> Case:
    return Case(rule, "guardian_person", guardian, records, known={"age": age, "dwelling_id": "@d"}, others=people)


PARENTS = r(HR, {"holder": "me", "father": "father", "mother": "mother"}, status="1")
HERE, AWAY = {"dwelling_id": "@d"}, {"dwelling_id": "@e"}
INSURED = {"holder": "me", "payer": "father"}
GUARDIANS = (
    guarded("the school first", "@aunt", PARENTS, pupil("aunt", "97"), father=HERE),
    guarded("the school's guardian who died does not count", "@father", PARENTS, pupil("aunt"), father=HERE,
            aunt={"vital_status": "2"}),
    guarded("the parent in the same dwelling", "@father", PARENTS, father=HERE, mother=AWAY),
    guarded("both: the mother", "@mother", PARENTS, father=HERE, mother=HERE),
    guarded("no parent in the same dwelling", None, PARENTS, father=AWAY, mother=AWAY),
    guarded("who pays for a child", "@father", r(MI, INSURED, payer_relation="2")),
    guarded("who pays for a grandchild", "@father", r(MI, INSURED, payer_relation="4")),
    guarded("who pays for a sibling is none", None, r(MI, INSURED, payer_relation="7")),
    guarded("health records before legal aid", "@a", r(LA, {"holder": "me", "representative": "b"}),
            r(HE, {"holder": "me", "guardian": "a"})),
    guarded("a follow-up before legal aid", "@a", r(LA, {"holder": "me", "representative": "b"}),
            r(CF, {"holder": "me", "guardian": "a"})),
    guarded("legal aid before permits", "@a", r(RP, {"holder": "me", "guardian": "b"}),
            r(LA, {"holder": "me", "representative": "a"})),
    guarded("a permit before family records", "@a", r(BF, {"child": "me", "mother": "b"}),
            r(RP, {"holder": "me", "guardian": "a"})),
    guarded("of a family record the mother", "@b", r(BF, {"child": "me", "mother": "b", "father": "a"})),
    guarded("then the father", "@a", r(BF, {"child": "me", "mother": "b", "father": "a"}), b={"vital_status": "2"}),
    guarded("the father of a family record has no guardian in it", None, r(BF, {"father": "me", "mother": "b"})),
    guarded("17 counts", "@a", pupil("a"), age=17),
    guarded("18 does not", None, pupil("a"), age=18),
    guarded("adults have one by a follow-up", "@a", r(CF, {"holder": "me", "guardian": "a"}), pupil("b"), age=60),
    guarded("adults have none by health records", None, r(HE, {"holder": "me", "guardian": "a"}), age=60),
    Case("unknown age", "guardian_person", None, (pupil("a"),)),
)


def counted(rule: str, number: int | None, *records: Record, **people: dict[str, Any]) -> Case:
    return Case(rule, "children_count", number, records, others=people)


def family(*, children: int | None = None, child: str | None = "kid", **values: Any) -> Record:
    return r(BF, {"mother": "me"} | ({"child": child} if child else {}), children_count=children, **values)


HEAD = member("me", relation_to_head="02")
CHILDREN = (
    counted("by father in the registration", 2, child_of("me", "a"), child_of("me", "b")),
    counted("by mother in the registration", 1, child_of("me", "a", "mother")),
    counted("of any age", 1, child_of("me", "a"), a={"age": 50}),
    counted("named twice counts once", 1, child_of("me", "a"), family(child="a")),
    counted("a child who died does not count", 0, child_of("me", "a"), a={"vital_status": "2"}),
    counted("a child of whom nothing is heard counts", 1, child_of("me", "a"), a={"vital_status": "9"}),
    *(counted(f"relation {code} to the head", number, HEAD, member("a", relation_to_head=code))
      for code, number in (("20", 1), ("27", 1), ("29", 1), ("30", 1), ("37", 1), ("39", 1), ("28", 0), ("38", 0),
                           ("41", 0), ("51", 0))),
    *(counted(f"the spouse of the head ({code})", 1, member("me", relation_to_head=code),
              member("a", relation_to_head="20")) for code in ("10", "11", "12")),
    counted("another member of the household", 0, member("me", relation_to_head="51"),
            member("a", relation_to_head="20")),
    counted("only of the own household", 0, HEAD, member("a", household_no="@i", relation_to_head="20")),
    counted("only of active registrations", 0, HEAD, member("a", relation_to_head="20", status="3")),
    counted("father of a pupil", 1, r(ST, {"holder": "a", "guardian": "me"}, guardian_relation="51")),
    counted("mother of a pupil", 1, r(ST, {"holder": "a", "guardian": "me"}, guardian_relation="52")),
    counted("grandfather of a pupil", None, r(ST, {"holder": "a", "guardian": "me"}, guardian_relation="61")),
    counted("of a family record", 1, family()),
    counted("the larger number of the latest family record", 3, family(children=3)),
    counted("not a smaller one", 2, child_of("me", "a"), family(children=1)),
    counted("of the record updated last", 2, family(children=4, child=None, updated_on="2020-01-01"),
            family(children=2, child=None, updated_on="2024-01-01")),
    counted("the number speaks of mother and father, not of the child", None,
            r(BF, {"mother": "mother", "child": "me"}, children_count=3)),
    counted("registered without children", 0, member("me")),
    counted("nothing known", None, r(HE, {"holder": "me"})),
    Case("under 18", "minor_children_count", 1, (child_of("me", "a"), child_of("me", "b")),
         others={"a": {"age": 17}, "b": {"age": 18}}),
    Case("the number of a family record is not used", "minor_children_count", 1, (family(children=3),),
         others={"kid": {"age": 3}}),
    Case("a child who died does not count", "minor_children_count", 0, (child_of("me", "a"),),
         others={"a": {"age": 3, "vital_status": "2"}}),
    Case("registered without children", "minor_children_count", 0, (member("me"),)),
    Case("nothing known", "minor_children_count", None, (r(HE, {"holder": "me"}),)),
)
CASES = HOUSEHOLDS + GUARDIANS + CHILDREN


@pytest.fixture(scope="module")
def city() -> Iterator[duckdb.DuckDBPyConnection]:
    with a_city_of_people((household,), CASES) as con:
        yield con


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_rule(city: duckdb.DuckDBPyConnection, case: Case) -> None:
    assert value_of(city, case) == expected(case)


def test_the_guardian_of_a_follow_up_is_for_public_health_only() -> None:
    case = guarded("by a follow-up", "@a", r(CF, {"holder": "me", "guardian": "a"}), age=60)
    with a_city_of_people((household,), (case,)) as con:
        assert value_of(con, case) == expected(case)
    with a_city_of_people((household,), (case,), without=frozenset({CF})) as con:
        assert value_of(con, case) is None


def test_the_order_of_rows_changes_nothing() -> None:
    with a_city_of_people((household,), CASES) as one, a_city_of_people((household,), CASES[::-1]) as other:
        for name in ("household_id", "guardian_person", "children_count"):
            query = f"SELECT person_id, value FROM attr_{name} ORDER BY ALL"
            assert one.execute(query).fetchall() == other.execute(query).fetchall()
