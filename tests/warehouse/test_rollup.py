"""The roll-up agrees with queries, its parts sum to their area, and statistics tells no small number."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sources.catalogue import load_catalogue
from sources.tables import category_tables, create_table
from tests.warehouse.profiles import a_person, create_profiles, publish
from warehouse import rollup
from warehouse.areas_told import UnknownArea, find_area, tell
from warehouse.purposes import PurposeRefused
from warehouse.queries import Count, count, count_by, parse

PLACES = ("421002001001001", "421002001001002", "421002001002", "421002002", "421003", "421003100201", None)
LEVELS = {"county": 6, "township": 9, "community": 12, "grid": 15}


def empty_city() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    create_profiles(con)
    contract = load_catalogue().contracts["house_registry"]
    con.execute(create_table("current_house_registry", category_tables(contract)["current_house_registry"]))
    publish(con, date(2025, 6, 1))
    return con


def settle(con: duckdb.DuckDBPyConnection, number: int, place: str | None, **known: Any) -> None:
    where = {f"residence_{level}": (place or "")[:digits] for level, digits in LEVELS.items() if len(place or "") >= digits}
    a_person(con, f"P{number:03}", **{"vital_status": "1", **where, **known})


def a_house(con: duckdb.DuckDBPyConnection, number: int, community: str, grid: str | None, name: str = "绿化村社区") -> None:
    con.execute("""INSERT INTO current_house_registry (record_id, dwelling_code, township_code, community_code, community_name, grid_code)
                   VALUES ($1, $2, left($3, 9), $3, $5, $4)""", [number, f"{community}{number:07}", community, grid, name])


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    dice = random.Random(4)
    with empty_city() as connection:
        for number in range(90):
            place = dice.choice(PLACES)
            settle(connection, number, place, age=dice.randint(0, 99), vital_status=dice.choice("1112"), sex=dice.choice("12"),
                   living_alone=dice.choice((True, False, None)), known_from=dice.choice(("open", "open", "health", "relative")),
                   assistance_types=dice.choice(([], ["1"], ["1", "5"])), household_id=f"H{dice.randint(0, 20)}{place}")
        for number, (community, grid) in enumerate([("421002001001", "421002001001001"), ("421002001001", None),
                                                    ("421002001001", "421002001002001"), ("421003100201", None)]):
            a_house(connection, number, community, grid)
        rollup.build(connection)
        yield connection


def query_of(purpose: str, area: str) -> Any:
    return parse({"purpose": purpose, "query": {"class": "residence_area", "op": "within", "value": area}})


@pytest.mark.parametrize("purpose", ["grid_service", "public_health"])
def test_residents_are_the_people_whom_a_query_counts(con: duckdb.DuckDBPyConnection, purpose: str) -> None:
    areas = [code for (code,) in con.execute("SELECT code FROM area WHERE level <> 'city'").fetchall()] + ["421000"]
    assert len(areas) > 100
    for area in areas:
        (told,) = con.execute("""SELECT coalesce(sum(people), 0) FROM area_count
                                 WHERE readers = $1 AND area_code = $2 AND measure = 'residents'""",
                              [rollup.readers_of(purpose), area]).fetchone() or (None,)
        assert told == count(con, query_of(purpose, area)).persons


@pytest.mark.parametrize("attribute", ["age", "sex", "living_alone", "assistance_types"])
@pytest.mark.parametrize("area", ["421000", "421002", "421002001001001", "421003"])
def test_values_of_a_class_are_those_that_a_query_breaks_down(con: duckdb.DuckDBPyConnection, attribute: str, area: str) -> None:
    asked = count_by(con, query_of("social_assistance", area), attribute)
    assert tell(con, area, "social_assistance", [attribute]).classes[attribute] == asked.cells


def test_every_class_is_counted() -> None:
    assert {*rollup.measured().values(), "residence_area"} == set(load_catalogue().classes)


def test_a_household_counts_where_its_members_live(con: duckdb.DuckDBPyConnection) -> None:
    (expected,) = con.execute("""SELECT count(DISTINCT household_id) FROM profile_open
                                 WHERE vital_status = '1' AND known_from = 'open' AND residence_county = '421002'""").fetchone() or (0,)
    counted = tell(con, "421002", "grid_service").totals.counts["households"]
    assert counted is not None
    assert counted.persons == expected


def test_a_dwelling_counts_in_its_community_and_only_in_a_grid_of_it(con: duckdb.DuckDBPyConnection) -> None:
    told = tell(con, "421002001001", "grid_service")
    assert [count and count.persons for count in (told.totals.counts["dwellings"], told.not_below["dwellings"])] == [3, 2]


people = st.lists(st.tuples(st.sampled_from(PLACES), st.sampled_from("12"), st.sampled_from([None, 3, 40, 80]),
                            st.sampled_from([None, "H1", "H2"])), max_size=12)


@given(people)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_parts_and_those_not_known_below_sum_to_the_area(residents: list[tuple[str | None, str, int | None, str | None]]) -> None:
    """Every measure, every value, every level: nothing is counted twice or lost on the way up."""
    with empty_city() as con:
        for number, (place, vital, age, household) in enumerate(residents):
            settle(con, number, place, vital_status=vital, age=age, household_id=household and f"{household}{place}")
        rollup.build(con)
        lost = con.execute("""
            WITH parts AS (SELECT readers, parent, measure, value, sum(people) AS people
                           FROM area_count JOIN area ON code = area_code WHERE parent IS NOT NULL GROUP BY ALL)
            FROM parts LEFT JOIN area_count AS whole ON whole.area_code = parts.parent AND whole.readers = parts.readers
                AND whole.measure = parts.measure AND whole.value IS NOT DISTINCT FROM parts.value
            WHERE coalesce(whole.people, 0) < parts.people""").fetchall()
        assert lost == []
        at_county = con.execute("""SELECT readers, measure, value, sum(people) FROM area_count WHERE length(area_code) = 6
                                   AND area_code <> '421000' GROUP BY ALL ORDER BY ALL""").fetchall()
        whole = con.execute("""SELECT readers, measure, value, people FROM area_count WHERE area_code = '421000'
                               ORDER BY ALL""").fetchall()
        assert at_county == whole


def test_statistics_is_told_an_area_as_the_queries_for_it_are_answered() -> None:
    """Or else two ways of asking would give two draws of noise for one number."""
    with empty_city() as con:
        for number in range(240):
            settle(con, number, PLACES[number % 3 if number < 200 else 3], age=number % 4 * 20, sex="12"[number % 2])
        rollup.build(con)
        exact, told = tell(con, "421002001", "grid_service"), tell(con, "421002001", "statistics", ["age", "sex", "vital_status"])
        for one, other in zip((exact.totals, *exact.parts), (told.totals, *told.parts), strict=True):
            assert other.counts["residents"] == replace(count(con, query_of("statistics", one.area.code)), note=None)
        for attribute, cells in told.classes.items():
            assert cells == count_by(con, query_of("statistics", "421002001"), attribute).cells
            assert cells
        assert told.not_below["residents"] == Count(None)
        assert "±20" in (told.note or "")
        assert exact.note is None


@pytest.mark.parametrize(("asked", "code"), [("421002", "421002"), ("沙市区", "421002"), (" 421002001001 ", "421002001001"),
                                             ("421023", "421088"), ("第1网格", "421002001001001")])
def test_an_area_is_found_by_code_former_code_and_name(con: duckdb.DuckDBPyConnection, asked: str, code: str) -> None:
    assert find_area(con, asked).code == code


@pytest.mark.parametrize("asked", ["", "999999", "绿化村社区", "某某镇", "421002999", "😀", "4210020010010019"])
def test_an_area_that_is_unknown_or_ambiguous_is_refused_with_a_way_on(con: duckdb.DuckDBPyConnection, asked: str) -> None:
    with pytest.raises(UnknownArea) as refused:
        tell(con, asked, "grid_service")
    assert "4210" in refused.value.remedy


def test_a_purpose_sees_what_it_opens(con: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(PurposeRefused):
        tell(con, "421002001001001", "social_insurance")
    with pytest.raises(PurposeRefused):
        tell(con, "421002", "schooling", ["pension"])
    with pytest.raises(UnknownArea):
        tell(con, "421002", "grid_service", ["shoe_size"])
    assert tell(con, "421002", "employment_service").totals.counts["dwellings"] is None


def test_who_is_known_to_the_clinic_only_counts_for_public_health_alone(con: duckdb.DuckDBPyConnection) -> None:
    counts = {purpose: tell(con, "421000", purpose).totals.counts["residents"] for purpose in ("grid_service", "public_health")}
    clinic = con.execute("""SELECT count(*) FROM profile WHERE known_from = 'health' AND vital_status = '1'
                            AND residence_county IS NOT NULL""").fetchone()
    assert clinic
    assert clinic[0] > 0
    assert counts["public_health"] is not None
    assert counts["grid_service"] is not None
    assert (counts["public_health"].persons or 0) - (counts["grid_service"].persons or 0) == clinic[0]
