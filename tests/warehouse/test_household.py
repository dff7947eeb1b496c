"""Household, guardian and children: rules of the dictionary by examples (clarifications 24, 25, 48)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from tests.warehouse.attribute_cases import Case, Record, record, value_of
from tests.warehouse.person_cases import a_city_of_people, expected
from warehouse.attributes import household

HERE, THERE = {"vital_status": "1", "dwelling_id": "@here"}, {"vital_status": "1", "dwelling_id": "@there"}
DEAD = {"vital_status": "2"}
ADULT, MINOR = {"vital_status": "1", "age": 18}, {"vital_status": "1", "age": 17}
CHILD_HERE = MINOR | HERE
LIVING = {"vital_status": "1", "age": 40}


def registered(name: str, relation: str = "02", kind: str = "1", status: str = "1", **roles: str) -> Record:
    return record("household_registration", {"holder": name} | roles, household_no="@no", household_type=kind,
                  relation_to_head=relation, status=status)


def size(rule: str, result: int | None, *records: Record, known: dict[str, Any], **others: dict[str, Any]) -> Case:
    return Case(rule, "household_size", result, records, known, others)


def guardian(rule: str, result: str | None, *records: Record, known: dict[str, Any] | None = None,
             **others: dict[str, Any]) -> Case:
    return Case(rule, "guardian_person", result, records, known if known is not None else CHILD_HERE, others)


def children(rule: str, result: int | None, *records: Record, **others: dict[str, Any]) -> Case:
    return Case(rule, "children_count", result, records, LIVING, others)


def enrolled(child: str, relation: str = "52", **values: Any) -> Record:
    return record("student_enrolment", {"holder": child, "guardian": values.pop("guardian", "me")},
                  guardian_relation=relation, **values)


def birth(**values: Any) -> Record:
    return record("birth_family_support", values.pop("roles", {"mother": "me", "father": "man"}), **values)


SAME_NUMBER = (registered("me"), registered("other", "20"))
HOUSEHOLDS = (
    size("one number and one dwelling", 2, *SAME_NUMBER, known=HERE, other=HERE),
    size("one number, another dwelling", 1, *SAME_NUMBER, known=HERE, other=THERE),
    size("without a dwelling missing", None, *SAME_NUMBER, known={"vital_status": "1"}, other=HERE),
    size("collective households do not join", 1, registered("me", kind="2"), registered("other", kind="2"), known=HERE,
         other=HERE),
    size("cancelled registrations do not join", 1, registered("me"), registered("other", status="2"), known=HERE,
         other=HERE),
    size("a dwelling shared by strangers", 1, known=HERE, other=HERE),
    size("the spouse in the same dwelling joins", 2, known=HERE | {"spouse_person": "@wife"}, wife=HERE),
    size("the spouse elsewhere does not", 1, known=HERE | {"spouse_person": "@wife"}, wife=THERE),
    size("a minor child in the same dwelling joins", 2, enrolled("child"), known=HERE, child=CHILD_HERE),
    size("a child of age does not", 1, enrolled("child"), known=HERE, child=ADULT | HERE),
    size("joining is transitive", 4, *SAME_NUMBER, enrolled("child", guardian="wife"),
         known=HERE | {"spouse_person": "@wife"}, other=HERE, wife=HERE, child=CHILD_HERE),
    size("joined groups become one from the far end", 4, registered("child"), registered("uncle", "70"),
         enrolled("child", guardian="wife"), known=HERE | {"spouse_person": "@wife"}, wife=HERE, child=CHILD_HERE,
         uncle=HERE),
    size("people of unknown fate are no members", 1, *SAME_NUMBER, known=HERE, other=HERE | {"vital_status": "9"}),
    Case("the smallest person_id of the members", "household_id", "@a wife", (),
         HERE | {"spouse_person": "@a wife"}, {"a wife": HERE}),
    Case("alone: the own person_id", "household_id", "@me", (), HERE),
    Case("of the active registration", "relation_to_head", "20",
         (registered("me", "20"), registered("me", "30", status="2"))),
    Case("missing without one", "relation_to_head", None, (registered("me", "20", status="3"),)),
)

PARENTS = {"mother": "mother", "father": "father"}
GUARDIANS = (
    guardian("of the school first", "@aunt", enrolled("me", "97", guardian="aunt"), registered("me", "20", **PARENTS),
             mother=HERE, father=HERE),
    guardian("the mother when both parents live there", "@mother", registered("me", "20", **PARENTS), mother=HERE,
             father=HERE),
    guardian("the parent who lives there", "@father", registered("me", "20", **PARENTS), mother=THERE, father=HERE),
    guardian("no parent who lives elsewhere", None, registered("me", "20", **PARENTS), mother=THERE, father=THERE),
    guardian("who pays for a child", "@payer",
             record("medical_insurance", {"holder": "me", "payer": "payer"}, payer_relation="2")),
    guardian("not who pays for a spouse", None,
             record("medical_insurance", {"holder": "me", "payer": "payer"}, payer_relation="1")),
    guardian("the dead do not count", "@father", birth(roles={"mother": "mother", "father": "father", "child": "me"}),
             mother=DEAD),
    guardian("of a birth the mother first", "@mother",
             birth(roles={"mother": "mother", "father": "father", "child": "me"})),
    guardian("of the health record", "@g", record("health_records", {"holder": "me", "guardian": "g"})),
    guardian("the representative in legal aid", "@g", record("legal_aid", {"holder": "me", "representative": "g"})),
    guardian("of the residence registration", "@g", record("residence_permits", {"holder": "me", "guardian": "g"})),
    guardian("adults have none", None, enrolled("me", guardian="mother"), known=ADULT),
    guardian("but of a care programme", "@g", record("care_followups", {"holder": "me", "guardian": "g"}),
             known=ADULT),
)

CHILDREN = (
    children("by the registration of the child", 1, registered("child", "20", mother="me"), child=LIVING),
    children("one child of two links counts once", 1, registered("child", "20", mother="me"), enrolled("child"),
             child=LIVING),
    children("the dead do not count", 0, registered("child", "20", mother="me"), child=DEAD),
    children("of unknown fate is not dead", 1, registered("child", "20", mother="me"), child={"vital_status": "9"}),
    children("children of the head", 2, registered("me"), registered("son", "21"), registered("daughter", "39"),
             son=LIVING, daughter=LIVING),
    children("children of the spouse of the head", 1, registered("me", "12"), registered("man"),
             registered("son", "20"), son=LIVING),
    children("a daughter-in-law is no child", 0, registered("me"), registered("wife", "38"), wife=LIVING),
    children("ward of a parent", 1, enrolled("child", "51"), child=LIVING),
    children("ward of a grandmother", None, enrolled("child", "62"), child=LIVING),
    children("born", 1, birth(roles={"mother": "me", "father": "man", "child": "child"}), child=LIVING),
    children("the number of the latest family record when larger", 3,
             birth(roles={"mother": "me", "father": "man", "child": "child"}, children_count=5,
                   updated_on="2020-01-01"),
             birth(children_count=3, updated_on="2024-01-01"), child=LIVING),
    children("not when smaller", 1, registered("child", "20", mother="me"), birth(children_count=0), child=LIVING),
    children("0 for somebody registered", 0, registered("me")),
    children("missing without registration and links", None, enrolled("me", guardian="somebody")),
    Case("only under 18", "minor_children_count", 1, (registered("a", "20", mother="me"),
         registered("b", "20", mother="me")), LIVING, {"a": ADULT, "b": MINOR}),
    Case("the number of the family record is not used", "minor_children_count", None, (birth(children_count=2),),
         LIVING),
    Case("0 for somebody registered", "minor_children_count", 0, (registered("me"),), LIVING),
)

CASES = (*HOUSEHOLDS, *GUARDIANS, *CHILDREN)


@pytest.fixture(scope="module")
def city() -> Iterator[duckdb.DuckDBPyConnection]:
    with a_city_of_people((household,), CASES) as con:
        yield con


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_rule(city: duckdb.DuckDBPyConnection, case: Case) -> None:
    assert value_of(city, case) == expected(case)


def test_without_care_programmes_their_guardian_is_unknown() -> None:
    case = next(case for case in GUARDIANS if case.rule == "but of a care programme")
    with a_city_of_people((household,), (case,), without=frozenset({"care_followups"})) as con:
        assert value_of(con, case) is None
