"""Numbers that belong to somebody else: the two checks and what they take away (clarifications 4, 39)."""

from __future__ import annotations

from datetime import date

import duckdb
import pytest

from resolvers.names import name_form
from tests.factories import a_record, an_empty_city
from tests.warehouse.person_cases import id_number, numbered
from warehouse import numbers

AS_OF = date(2025, 6, 8)
N = id_number("19800101", 1)


@pytest.mark.parametrize(("one", "other", "together"), [
    pytest.param("陈秀英", "陈秀英", True, id="equal"),
    pytest.param("陈 秀英", "陈秀英(女)", True, id="after spaces and titles"),
    pytest.param("陳秀英", "陈秀英", True, id="traditional characters"),
    pytest.param("李军", "李俊", True, id="the same sound"),
    pytest.param("Chen Xiuying", "陈秀英", True, id="typed in pinyin"),
    pytest.param("陈秀英", "陈桂英", True, id="one character differs"),
    pytest.param("陈？英", "陈秀英", True, id="a replaced character"),
    pytest.param("帕提古丽买买", "帕提古丽·买买提", True, id="cut at the field width"),
    pytest.param("陈秀英", "王德发", False, id="other names"),
    pytest.param("陈秀英", "王秀梅", False, id="two characters differ"),
    pytest.param("未取名", "陈秀英", False, id="a name that is nobody's"),
])
def test_names_are_compatible(one: str, other: str, together: bool) -> None:
    assert numbers.compatible(name_form(one), name_form(other)) is together
    assert numbers.compatible(name_form(other), name_form(one)) is together


def _found(con: duckdb.DuckDBPyConnection, check: str) -> list[tuple[str, bool]]:
    query = 'SELECT person_id, holder FROM number_conflict WHERE "check" = ? ORDER BY ALL'
    return con.execute(query, [check]).fetchall()


CHEN = {"name": "陈秀英", "birth_date": "1980-01-01"}
WANG = {"name": "王德发", "birth_date": "1951-07-02"}


@pytest.mark.parametrize(("mine", "theirs", "found"), [
    pytest.param(("household_registration", CHEN), ("health_records", WANG), ("me", "other"), id="the registered holds"),
    pytest.param(("health_records", CHEN), ("pension_insurance", WANG | {"birth_date": None}), ("other", "me"),
                 id="else the order of id_number; a birth date is missing on one side"),
    pytest.param(("health_records", CHEN), ("pension_insurance", WANG), ("me", "other"),
                 id="in which a record that contradicts the number comes last"),
    pytest.param(("household_registration", CHEN), ("health_records", WANG | {"birth_date": "1980-01-01"}), None,
                 id="one birth date is no alert"),
    pytest.param(("household_registration", CHEN), ("health_records", WANG | {"name": "陈秀瑛"}), None,
                 id="compatible names are no alert"),
    pytest.param(("household_registration", CHEN | {"former_name": "王德发"}), ("health_records", WANG), None,
                 id="the former name is no alert"),
    pytest.param(("household_registration", WANG), ("household_registration", CHEN), ("other", "me"),
                 id="two registered: the one whose birth date fits the number"),
])
def test_two_people_with_one_number(mine, theirs, found) -> None:  # type: ignore[no-untyped-def]
    with an_empty_city() as con:
        for person, (category, values) in (("me", mine), ("other", theirs)):
            a_record(con, category, person, **values, **numbered(N))
        numbers.build(con, AS_OF)
        expected = [] if found is None else sorted([(found[0], True), (found[1], False)])
        assert _found(con, "id_two_people") == expected
        disowned = con.execute("SELECT reason FROM disowned_number").fetchall()
        assert disowned == ([] if found is None else [("id_two_people",)])


def test_neither_birth_date_fits_the_smaller_natural_key_holds() -> None:
    with an_empty_city() as con:
        a_record(con, "household_registration", "b", natural_key="k1", **(WANG | numbered(N)))
        a_record(con, "household_registration", "a", natural_key="k2",
                 **(CHEN | {"birth_date": "1979-09-09"} | numbered(N)))
        numbers.build(con, AS_OF)
        assert _found(con, "id_two_people") == [("a", False), ("b", True)]


@pytest.mark.parametrize(("category", "values", "adult", "found"), [
    pytest.param("health_records", {}, "guardian_id", True, id="guardian"),
    pytest.param("medical_insurance", {"payer_relation": "2"}, "payer_id", True, id="payer"),
    pytest.param("medical_insurance", {"payer_relation": "0"}, "payer_id", False, id="a person who pays alone"),
    pytest.param("social_assistance", {"relation": "20"}, "applicant_id", True, id="applicant"),
    pytest.param("social_assistance", {"relation": "01"}, "applicant_id", False, id="the applicant's own row"),
    pytest.param("student_enrolment", {}, "guardian_id", True, id="school"),
    pytest.param("residence_permits", {}, "guardian_id", True, id="permit"),
])
@pytest.mark.parametrize(("born", "minor"), [("2010-01-01", True), ("2007-06-09", True), ("2007-06-08", False)])
def test_a_child_with_the_number_of_an_adult(category, values, adult, found, born, minor) -> None:  # type: ignore[no-untyped-def]
    with an_empty_city() as con:
        a_record(con, category, "child", birth_date=born, **values, **numbered(N), **numbered(N, adult))
        numbers.build(con, AS_OF)
        assert _found(con, "guardian_number_on_child") == ([("child", False)] if found and minor else [])


def test_both_parents_numbers_of_a_birth_registration() -> None:
    with an_empty_city() as con:
        for column in ("woman_id", "man_id"):
            a_record(con, "birth_family_support", {"child": column}, child_birth="2025-01-01",
                     **numbered(N, "child_id"), **numbered(N, column))
        numbers.build(con, AS_OF)
        assert _found(con, "guardian_number_on_child") == [("man_id", False), ("woman_id", False)]
