"""Identity attributes, rule by rule (clarifications 14, 39)."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from tests.warehouse.attribute_cases import Case, value_of
from tests.warehouse.attribute_cases import record as r
from tests.warehouse.person_cases import a_city_of_people, id_number, numbered
from warehouse.attributes import identity

OLD, NEW = "2024-01-01", "2025-03-01"
HR, RP, PI, MI, ST, FA, HE, BF, SA, MA = (
    "household_registration", "residence_permits", "pension_insurance", "medical_insurance", "student_enrolment",
    "fund_accounts", "health_records", "birth_family_support", "social_assistance", "marriage_registration",
)
N = [id_number("19800101", place) for place in range(1, 200)]
CHILD = [id_number("20150505", place) for place in range(1, 50)]

NUMBERS = (
    Case("the registration comes first", "id_number", N[0],
         (r(PI, **numbered(N[1]), updated_on=NEW), r(HR, **numbered(N[0]), updated_on=OLD))),
    Case("of two records of one source the one updated last", "id_number", N[2],
         (r(PI, **numbered(N[3]), updated_on=OLD), r(PI, **numbered(N[2]), updated_on=NEW))),
    Case("same day: the larger natural key", "id_number", N[4],
         (r(PI, **numbered(N[5]), natural_key="a"), r(PI, **numbered(N[4]), natural_key="b"))),
    Case("a wrong check digit does not count", "id_number", N[6],
         (r(HR, **numbered("421099198001010000", state="invalid")), r(FA, **numbered(N[6])))),
    Case("15 digits converted count", "id_number", N[7], (r(HR, **numbered(N[7], state="valid_15")),)),
    Case("a date after as_of does not count", "id_number", None, (r(HR, **numbered(id_number("20990101", 1))),)),
    Case("of residence permits only identity cards", "id_number", None,
         (r(RP, id_type="414", **numbered(N[8])),)),
    Case("a residence permit with an identity card", "id_number", N[9], (r(RP, id_type="111", **numbered(N[9])),)),
    Case("a date part unlike the record's own birth date comes last", "id_number", N[10],
         (r(HR, **numbered(N[11]), birth_date="1981-02-02"), r(FA, **numbered(N[10]), birth_date="1980-01-01"))),
    Case("it still counts when it is the only one", "id_number", N[12],
         (r(HR, **numbered(N[12]), birth_date="1981-02-02"),)),
    Case("the guardian's number does not count for the child", "id_number", None,
         (r(HE, {"holder": "me", "guardian": "mother"}, **numbered(N[13]), **numbered(N[13], "guardian_id"),
            birth_date="2015-05-05"),)),
    Case("nor for a holder of any age", "id_number", None,
         (r(RP, {"holder": "me", "guardian": "son"}, id_type="111", **numbered(N[14]),
            **numbered(N[14], "guardian_id")),)),
    Case("the applicant's number does not count for the member", "id_number", None,
         (r(SA, {"holder": "me", "applicant": "head"}, relation="20", **numbered(N[15]),
            **numbered(N[15], "applicant_id")),)),
    Case("it does for the applicant's own row", "id_number", N[16],
         (r(SA, {"holder": "me", "applicant": "me"}, relation="01", **numbered(N[16]),
            **numbered(N[16], "applicant_id")),)),
    Case("a person who pays alone keeps the number", "id_number", N[17],
         (r(MI, {"holder": "me", "payer": "me"}, payer_relation="0", **numbered(N[17]),
            **numbered(N[17], "payer_id")),)),
    Case("the payer's number does not count otherwise", "id_number", None,
         (r(MI, {"holder": "me", "payer": "father"}, payer_relation="2", **numbered(N[18]),
            **numbered(N[18], "payer_id"), birth_date="2015-05-05"),)),
    Case("the mother's number does not count for the child", "id_number", None,
         (r(BF, {"child": "me", "mother": "mother"}, **numbered(N[19], "child_id"), **numbered(N[19], "woman_id"),
            child_birth="2025-01-05"),)),
    Case("it counts for the mother", "id_number", N[20],
         (r(BF, {"child": "child", "mother": "me"}, **numbered(N[20], "child_id"), **numbered(N[20], "woman_id"),
            child_birth="2025-01-05"),)),
    Case("a number named by a relative's record counts at its place in the order", "id_number", N[21],
         (r(HR, {"holder": "child", "father": "me"}, **numbered(N[21], "father_id")),)),
    Case("a number that belongs to another person does not count", "id_number", None,
         (r(HE, name="王德发", birth_date="1951-07-02", **numbered(N[22])),
          r(HR, {"holder": "owner"}, name="陈秀英", birth_date="1980-01-01", **numbered(N[22])))),
    Case("it counts for its holder", "id_number", N[23],
         (r(HE, {"holder": "other"}, name="王德发", birth_date="1951-07-02", **numbered(N[23])),
          r(HR, name="陈秀英", birth_date="1980-01-01", **numbered(N[23])))),
    Case("nobody's number", "id_number", None, (r(HR, name="陈秀英"),)),
    Case("1 when it is in order", "id_number_status", "1", (r(HR, **numbered(N[24])),)),
    Case("2 when only 15 digits were delivered", "id_number_status", "2",
         (r(HR, **numbered(N[25], state="valid_15")), r(PI, **numbered(N[25], state="valid_15")))),
    Case("1 when one source delivers 18", "id_number_status", "1",
         (r(HR, **numbered(N[26], state="valid_15")), r(PI, **numbered(N[26])))),
    Case("3 when no source has any number", "id_number_status", "3", (r(HR, name="陈秀英"),)),
    Case("3 when there are only placeholders", "id_number_status", "3",
         (r(HR, **numbered("000000000000000000", state="placeholder")),)),
    Case("4 when there are numbers but none counts", "id_number_status", "4",
         (r(HR, **numbered("421099198001010000", state="invalid")),)),
    Case("4 when a spreadsheet destroyed it", "id_number_status", "4",
         (r(SA, **numbered("4.21099E+17", state="precision_lost")),)),
    Case("5 when it survives for another person too", "id_number_status", "5",
         (r(HR, name="刘芳", birth_date="1980-01-01", **numbered(N[27])),
          r(HR, {"holder": "other"}, name="刘芳", birth_date="1980-01-01", **numbered(N[27])))),
    Case("a number of somebody else makes no dispute", "id_number_status", "1",
         (r(HR, name="陈秀英", birth_date="1980-01-01", **numbered(N[28])),
          r(PI, {"holder": "other"}, name="王德发", birth_date="1951-07-02", **numbered(N[28])))),
    Case("111 whatever the sources say", "id_document_type", "111",
         (r(HR, **numbered(N[29])), r(ST, id_type="414"))),
    Case("without a number the trusted order", "id_document_type", "414",
         (r(ST, id_type="113"), r(RP, id_type="414"))),
    Case("nothing stated", "id_document_type", None, (r(HR, name="陈秀英"),)),
)

NAMES = (
    Case("the registration comes first", "name", "陈秀英", (r(PI, name="陈秀瑛"), r(HR, name="陈秀英"))),
    *(Case(f"{what} counts only when no source has a whole name", "name", "李娟",
           (r(HR, name=damaged), r(FA, name="李娟")))
      for what, damaged in (("a replaced character ？", "李？"), ("a replaced character □", "李□"),
                            ("pinyin", "Li Juan"), ("half pinyin", "李juan"), ("a title in brackets", "李娟(女)"),
                            ("先生", "李娟先生"), ("a title instead of the name", "李大爷"))),
    Case("a name as long as the field of fund_accounts may be cut", "name", "阿布都热合曼·买买提明",
         (r(FA, name="阿布都热合曼·买买提明阿布都热"), r(HE, name="阿布都热合曼·买买提明"))),
    Case("a damaged name when there is no other", "name", "李？", (r(HR, name="李？"),)),
    Case("the middle dot is written ·", "name", "帕提古丽·买买提", (r(HR, name="帕提古丽•买买提"),)),
    Case("spaces inside are no part of it", "name", "李娟", (r(HR, name="李　娟"),)),
    Case("a child not yet named has none", "name", None,
         (r(BF, {"child": "me"}, child_name="未取名"),)),
    Case("of the role of the column", "name", "李娟",
         (r(MA, {"spouse_b": "me", "spouse_a": "man"}, man_name="王强", woman_name="李娟"),)),
    Case("former and other names, sorted, without the surviving one", "name_variants", ["李卷", "李捐"],
         (r(HR, name="李娟", former_name="李捐"), r(FA, name="李卷"), r(PI, name="李娟"))),
    Case("as the spouse's record writes it", "name_variants", ["李绢"],
         (r(HR, name="李娟"), r(HR, {"holder": "husband", "spouse": "me"}, name="王强", spouse_name="李绢"))),
    Case("names in resettlement_support take no part", "name_variants", [],
         (r(HR, name="李娟"), r("resettlement_support", name="李鹃"))),
    Case("none is an empty list", "name_variants", [], (r(HR, name="李娟"),)),
)

REST = (
    Case("most categories", "sex", "2", (r(HR, sex="1"), r(PI, sex="2"), r(MI, sex="2"))),
    Case("one vote per category, its record updated last", "sex", "1",
         (r(HR, sex="1"), r(PI, sex="2", updated_on=NEW), r(PI, sex="2", updated_on=OLD), r(MI, sex="1"))),
    Case("a tie goes to the order of the list", "sex", "1", (r(PI, sex="2"), r(HR, sex="1"))),
    Case("0 and 9 count as missing", "sex", "2", (r(HR, sex="9"), r(PI, sex="0"), r(MI, sex="2"))),
    Case("the constants of marriage roles are one vote", "sex", "2",
         (r(HR, sex="1"), r(MA, {"spouse_b": "me"}), r(MA, {"spouse_b": "me"}), r(BF, {"mother": "me"}))),
    Case("the constant alone", "sex", "1", (r(MA, {"spouse_a": "me"}),)),
    Case("the date inside the number survives when a source gives it", "birth_date", "1980-01-01",
         (r(HR, **numbered(N[40]), birth_date="1980-02-16"), r(HE, birth_date="1980-01-01"))),
    Case("nobody gives the date inside the number: the trusted order", "birth_date", "1980-02-16",
         (r(HE, birth_date="1980-03-03"), r(HR, **numbered(N[41]), birth_date="1980-02-16"))),
    Case("a disputed number decides nothing", "birth_date", "1980-02-16",
         (r(HR, name="刘芳", **numbered(N[42]), birth_date="1980-02-16"), r(HE, birth_date="1980-01-01"),
          r(HR, {"holder": "other"}, name="刘芳", **numbered(N[42]), birth_date="1980-02-16"))),
    Case("the school comes before pensions", "birth_date", "1990-01-01",
         (r(PI, birth_date="1990-02-02"), r(ST, birth_date="1990-01-01"))),
    Case("a date after as_of is missing", "birth_date", "1990-02-02",
         (r(HR, birth_date="2090-01-01"), r(PI, birth_date="1990-02-02"))),
    Case("the child of a birth registration", "birth_date", "2025-01-05",
         (r(BF, {"child": "me", "mother": "mother"}, child_birth="2025-01-05", woman_birth="1995-01-01"),)),
)
CASES = NUMBERS + NAMES + REST


@pytest.fixture(scope="module")
def city() -> Iterator[duckdb.DuckDBPyConnection]:
    with a_city_of_people((identity,), CASES) as con:
        yield con


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_rule(city: duckdb.DuckDBPyConnection, case: Case) -> None:
    value = value_of(city, case)
    assert (str(value) if case.attribute == "birth_date" and value else value) == case.expected


def test_restricted_categories_state_nothing_to_other_readers() -> None:
    cases = (Case("only a follow-up", "id_number", None, (r("care_followups", **numbered(N[60])),)),)
    with a_city_of_people((identity,), cases, without=frozenset({"care_followups"})) as con:
        assert value_of(con, cases[0]) is None
    with a_city_of_people((identity,), cases) as con:
        assert value_of(con, cases[0]) == N[60]
