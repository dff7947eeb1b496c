"""Class queries: what is refused and how, what is answered to whom."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import duckdb
import pytest
import yaml

from sources.catalogue import load_catalogue
from tests.warehouse.profiles import a_person, create_profiles, publish
from warehouse.disclosure import LARGEST, SeedMissing
from warehouse.purposes import PurposeRefused
from warehouse.queries import QueryRefused, answer, count, count_by, parse, plain
from warehouse.queries.compiling import moved

AGE: dict[str, Any] = {"class": "age", "op": "ge", "value": 60}


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        create_profiles(connection)
        publish(connection, date(2025, 6, 1))
        yield connection


def asked(tree: dict[str, Any], purpose: str = "elderly_care") -> dict[str, Any]:
    return {"purpose": purpose, "query": tree}


def persons(con: duckdb.DuckDBPyConnection, tree: dict[str, Any], purpose: str = "elderly_care") -> list[str]:
    found: list[str] = answer(con, parse(asked(tree, purpose)), columns=["person_id"]).rows["person_id"].to_pylist()
    return found


@pytest.mark.parametrize("klass", load_catalogue().classes.values(), ids=lambda klass: klass.name)
def test_every_class_answers_its_example(con: duckdb.DuckDBPyConnection, klass: Any) -> None:
    attribute = klass.example.get("attribute", klass.attributes[0])
    for purpose in load_catalogue().attributes[attribute].purposes:
        query = parse(asked(klass.example, purpose))
        assert plain(query.tree) == klass.example
    assert not count(con, query).persons


@pytest.mark.parametrize("worked", load_catalogue().worked_queries, ids=lambda worked: worked.name)
def test_the_worked_queries_parse_in_json_and_yaml(worked: Any) -> None:
    stated = asked(worked.query, worked.purpose)
    assert plain(parse(stated).tree) == worked.query
    assert parse(json.dumps(stated)) == parse(stated) == parse(yaml.safe_dump(stated, allow_unicode=True))


REFUSED: list[Any] = [
    pytest.param(
        {"class": "colour", "op": "in", "value": ["1"]},
        r"query\.class: there is no class 'colour'; allowed: age, sex",
        id="class",
    ),
    pytest.param(
        {"class": "age", "op": "in", "value": [60]},
        r"query\.op: 'in' is not possible; age allows: eq, ne",
        id="operator",
    ),
    pytest.param({"class": "age", "value": 60}, r"query\.op: is missing; age allows", id="no operator"),
    pytest.param({"class": "age", "op": "ge"}, r"query\.value: is missing; ge needs one", id="no value"),
    pytest.param({"class": "age", "op": "ge", "value": "60"}, r"query\.value: is a number", id="text for a number"),
    pytest.param({"class": "age", "op": "ge", "value": True}, r"query\.value: is a number", id="true for a number"),
    pytest.param({"class": "age", "op": "between", "value": [100, 80]}, "first after its last", id="turned round"),
    pytest.param({"class": "age", "op": "between", "value": [80]}, "list of two", id="half a range"),
    pytest.param(
        {"class": "age", "op": "is_missing", "value": 1}, "left out with is_missing", id="value of is_missing"
    ),
    pytest.param({"class": "sex", "op": "in", "value": ["3"]}, r"no '3' in gbt_2261_1_sex; allowed: .*2 女", id="code"),
    pytest.param({"class": "sex", "op": "in", "value": [1]}, "codes as text: write '1'", id="number for a code"),
    pytest.param({"class": "sex", "op": "in", "value": []}, "at least one code", id="no code"),
    pytest.param({"class": "sex", "op": "in", "value": "1"}, "list with at least one code", id="code without list"),
    pytest.param(
        {"class": "disability", "op": "is_missing"},
        r"query\.attribute: is missing; disability has: disability_category",
        id="attribute missing",
    ),
    pytest.param(
        {"class": "disability", "attribute": "age", "op": "is_missing"},
        "'age' is none of the class",
        id="attribute of another",
    ),
    pytest.param(
        {"class": "residence_area", "attribute": "residence_county", "op": "is_missing"},
        "is left out in residence_area",
        id="attribute in a hierarchy",
    ),
    pytest.param(
        {"class": "residence_area", "op": "within", "value": "110105"},
        "no place of the city; county units: 421000",
        id="Beijing",
    ),
    pytest.param(
        {"class": "residence_area", "op": "within", "value": "4210"}, "6 .county unit., 9 .township.", id="four digits"
    ),
    pytest.param(
        {"class": "residence_area", "op": "within", "value": "421002999"},
        "in no township; townships of 421002: 421002001",
        id="township",
    ),
    pytest.param({"class": "residence_area", "op": "within", "value": 421002}, "as text", id="number for a place"),
    pytest.param({"class": "hukou_area", "op": "within", "value": "42"}, "six digits", id="two digits of a division"),
    pytest.param(
        {"class": "social_assistance", "attribute": "assistance_types", "op": "in", "value": ["1"]},
        "assistance_types allows: contains_any, contains_none, is_missing",
        id="in for a list",
    ),
    pytest.param(
        {"class": "pension", "attribute": "pension_scheme", "op": "contains_any", "value": ["1"]},
        "pension_scheme allows: in, not_in, is_missing",
        id="contains_any for a code",
    ),
    pytest.param(
        {"class": "living_arrangement", "attribute": "living_alone", "op": "is", "value": "true"},
        "is true or false",
        id="flag",
    ),
    pytest.param(
        {"class": "last_confirmed", "op": "before", "value": "2025-02-30"}, "no day of the calendar", id="30 February"
    ),
    pytest.param(
        {"class": "last_confirmed", "op": "before", "value": {"as_of_months": 1.5}}, "as_of_months: n", id="half months"
    ),
    pytest.param({"all": []}, r"query\.all: is a list with at least one part", id="empty all"),
    pytest.param({"all": [AGE], "any": [AGE]}, "exactly one of the keys", id="two keys"),
    pytest.param({"xor": [AGE]}, "exactly one of the keys all, any, not", id="unknown key"),
    pytest.param({"not": [AGE]}, r"query\.not: is an object", id="not of a list"),
    pytest.param(AGE | {"note": "x"}, "unknown key 'note'", id="leaf with a note"),
    pytest.param(
        {"all": [AGE, {"any": [{"class": "housing_fund", "attribute": "fund_loan_status", "op": "is_missing"}]}]},
        r"query\.all\[1\]\.any\[0\]: purpose .* does not open fund_loan_status of class housing_fund; it opens: age",
        id="closed to the purpose",
    ),
]


@pytest.mark.parametrize(("tree", "says"), REFUSED)
def test_a_wrong_query_is_refused_with_path_and_what_is_allowed(tree: dict[str, Any], says: str) -> None:
    purpose = "data_quality" if "last_confirmed" in str(tree) else "elderly_care"
    with pytest.raises(QueryRefused, match=says):
        parse(asked(tree, purpose))


def test_all_problems_are_reported_together() -> None:
    with pytest.raises(QueryRefused) as caught:
        parse(
            {"query": {"all": [{"class": "x"}, {"class": "age", "op": "is"}]}, "as_of": "June", "who": 1},
            purpose="elderly_care",
        )
    assert len(caught.value.problems) == 4


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("{purpose: elderly_care, query: [", r"neither JSON nor YAML \(line 1", id="torn"),
        pytest.param("purpose: a\npurpose: b\nquery: {}", "stands twice", id="key twice in YAML"),
        pytest.param('{"purpose": "a", "purpose": "b"}', "'purpose' stands twice", id="key twice in JSON"),
        pytest.param("a: &a [1]\nb: [*a, *a]", "aliases", id="alias"),
        pytest.param('{"query": ' + '{"not": ' * 5000 + "1" + "}" * 5001, "deep", id="very deep"),
        pytest.param("[1, 2]", "a query is an object", id="a list"),
        pytest.param("!!python/object:os.system x", "neither", id="a tag"),
        pytest.param("x" * 300_000, "at most", id="very long"),
        pytest.param("", "is an object", id="empty"),
    ],
)
def test_unreadable_text_is_refused(text: str, says: str) -> None:
    with pytest.raises(QueryRefused, match=says):
        parse(text, purpose="elderly_care")


def test_size_and_depth_are_limited() -> None:
    deep: dict[str, Any] = AGE
    for _ in range(25):
        deep = {"not": deep}
    with pytest.raises(QueryRefused, match="20 deep"):
        parse(asked(deep))
    with pytest.raises(QueryRefused, match="at most 500 nodes") as caught:
        parse(asked({"all": [AGE] * 5000}))
    assert len(caught.value.problems) == 1


def test_the_purpose_is_stated_once_or_agrees() -> None:
    assert parse({"query": AGE}, purpose="housing").purpose == "housing"
    with pytest.raises(QueryRefused, match="purpose is missing"):
        parse({"query": AGE})
    with pytest.raises(QueryRefused, match="the reader 'housing'"):
        parse(asked(AGE), purpose="housing")
    with pytest.raises(PurposeRefused, match="no purpose 'fun'"):
        parse({"query": AGE}, purpose="fun")


def test_what_each_purpose_sees_of_restricted_persons(con: duckdb.DuckDBPyConnection) -> None:
    for known_from in ("open", "health", "justice", "health_justice", "relative"):
        a_person(con, known_from, known_from=known_from, age=70, residence_county="421002")
    here = {"class": "residence_area", "op": "within", "value": "421000"}
    assert persons(con, here) == ["open"]
    assert persons(con, here, "public_health") == ["health", "health_justice", "open"]
    assert persons(con, here, "legal_service") == ["health_justice", "justice", "open"]


def test_columns_are_those_of_the_purpose_from_its_profile(con: duckdb.DuckDBPyConnection) -> None:
    a_person(
        con,
        "p1",
        age=70,
        only_restricted={"self_care_ability": "3", "guardian_person": "p9", "resettlement_support_active": True},
    )
    rows = answer(con, parse(asked(AGE))).rows
    assert rows.column_names == list(load_catalogue().purposes["elderly_care"].attributes)
    assert rows["self_care_ability"].to_pylist() == [None]
    assert answer(con, parse(asked(AGE, "public_health")), columns=["self_care_ability"]).rows.to_pylist() == [
        {"self_care_ability": "3"}
    ]
    legal = answer(
        con, parse(asked({"class": "vital_status", "op": "in", "value": ["1"]}, "legal_service"))
    ).rows.to_pylist()
    assert legal[0]["resettlement_support_active"] is True
    assert legal[0]["guardian_person"] is None
    with pytest.raises(PurposeRefused, match="pension_monthly_amount"):
        answer(con, parse(asked(AGE)), columns=["pension_monthly_amount"])


def test_the_limit_shortens_the_rows_and_not_the_count(con: duckdb.DuckDBPyConnection) -> None:
    for number in range(5):
        a_person(con, f"p{number}", age=70)
    answered = answer(con, parse(asked(AGE)), limit=2)
    assert (answered.rows["person_id"].to_pylist(), answered.count) == (["p0", "p1"], 5)


def test_another_day_than_the_snapshot_is_refused(con: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(QueryRefused, match="of 2025-06-01"):
        count(con, parse(asked(AGE) | {"as_of": "2025-05-01"}))
    assert count(con, parse(asked(AGE) | {"as_of": "2025-06-01"})).persons == 0


def test_statistics_tell_no_rows_and_no_small_numbers(con: duckdb.DuckDBPyConnection) -> None:
    for number in range(160):
        a_person(con, f"p{number}", age=70, sex="1" if number < 60 else "2", residence_county="421002" if number else "421003",
                 assistance_types=["1", "4"] if number < 75 else [])
    over_60 = parse(asked(AGE, "statistics"))
    with pytest.raises(PurposeRefused, match="counts only"):
        answer(con, over_60)
    told = count(con, over_60)
    assert told.persons is not None
    assert abs(told.persons - 160) <= LARGEST
    assert "±20" in (told.note or "")
    for place, persons in (("421003", 1), ("421087", 0)):
        few = count(con, parse(asked({"class": "residence_area", "op": "within", "value": place}, "statistics")))
        assert few.suppressed, persons
    by_sex = count_by(con, over_60, "sex")
    assert [(cell.value, cell.zh) for cell in by_sex.cells] == [("1", "男性"), ("2", "女性")]
    assert by_sex.total.persons == told.persons
    assert [cell.value for cell in count_by(con, over_60, "residence_area").cells] == ["421002"]
    assert {cell.value for cell in count_by(con, over_60, "social_assistance.assistance_types").cells} == {"", "1", "4"}
    assert [cell.value for cell in count_by(con, over_60, "age").cells] == ["070-074"]


def test_a_snapshot_without_a_seed_tells_no_statistics(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("CREATE OR REPLACE TABLE published AS SELECT DATE '2025-06-01' AS as_of")
    assert count(con, parse(asked(AGE))).persons == 0
    with pytest.raises(SeedMissing, match="before statistics were protected"):
        count(con, parse(asked(AGE, "statistics")))


def test_counts_by_class_without_suppression_for_other_purposes(con: duckdb.DuckDBPyConnection) -> None:
    a_person(con, "p1", age=70, residence_township="421002001")
    a_person(con, "p2", age=70)
    by_township = count_by(con, parse(asked(AGE)), "residence_township")
    assert [(cell.value, cell.zh, cell.count.persons) for cell in by_township.cells] == [
        ("421002001", "中山街道", 1),
        (None, None, 1),
    ]


@pytest.mark.parametrize(
    ("by", "says"),
    [
        pytest.param("disability", "choose one of disability_category, disability_level", id="several attributes"),
        pytest.param("colour", "no class 'colour' to count by; elderly_care opens: age", id="unknown"),
    ],
)
def test_what_cannot_be_counted_by_is_refused(con: duckdb.DuckDBPyConnection, by: str, says: str) -> None:
    with pytest.raises(QueryRefused, match=says):
        count_by(con, parse(asked(AGE)), by)


def test_counting_by_a_closed_attribute_is_refused(con: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(PurposeRefused, match="fund_loan_status"):
        count_by(con, parse(asked(AGE)), "fund_loan_status")


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        ("2025-05-31", -3, "2025-02-28"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2025-01-15", -1, "2024-12-15"),
        ("2025-12-01", 1, "2026-01-01"),
    ],
)
def test_a_day_moved_by_months_keeps_inside_the_month(day: str, months: int, expected: str) -> None:
    assert moved(date.fromisoformat(day), months) == date.fromisoformat(expected)


def test_text_of_a_reader_never_becomes_sql() -> None:
    with pytest.raises(QueryRefused):
        parse(asked({"class": "residence_area", "op": "within", "value": "421002' OR 1=1 --"}))
