"""`onegrid residence`: what a purpose is told about a person's addresses, and the sentences."""

from __future__ import annotations

import json
from typing import Any

import duckdb
import pytest

from desk import residence
from desk.residence import NobodyThere, as_json, residence_of, sentences
from resolvers import places
from resolvers.places.reach import LEVELS
from tests.warehouse.test_residences import AS_OF, AT_A, CODE, the_city
from warehouse import profile, residences
from warehouse.purposes import reading


@pytest.fixture(scope="module")
def city() -> duckdb.DuckDBPyConnection:
    con = the_city()
    places.build(con)
    profile.build(con, AS_OF)
    residences.build(con, AS_OF)
    return con


def told(con: duckdb.DuckDBPyConnection, person: str, purpose: str, words: int = 1) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(json.dumps(as_json(residence_of(con, person, reading(purpose)), words), default=str))
    return answer


def test_the_claim_that_counts_and_why(city: duckdb.DuckDBPyConnection) -> None:
    answer = told(city, "tenant", "data_quality")
    assert [(claim["category"], claim["wins"], claim["text"]) for claim in answer["claims"]] == [
        ("residence_permits", True, AT_A), ("pension_insurance", False, AT_A)]
    assert answer["sentences"] == [residence.REASONS["first"][1], residence.DWELLING_BY["claim"][1]]
    assert answer["dwelling_code"] == CODE["A"]
    assert [spell["claims"] for spell in answer["history"]] == [2]


def test_the_dwelling_that_the_owner_is_placed_in(city: duckdb.DuckDBPyConnection) -> None:
    answer = told(city, "owner", "data_quality", words=0)
    (claim,) = answer["claims"]
    assert (claim["level"], claim["placed_by"], claim["dwelling_code"]) == ("group", "owned", CODE["V17"])
    assert residence.PLACED["owned"][0] in claim["sentences"]
    assert answer["dwelling_by"] == "owned"


def test_who_else_lives_there(city: duckdb.DuckDBPyConnection) -> None:
    assert {other["person_id"] for other in told(city, "wife", "grid_service")["others"]} == {"head"}
    assert told(city, "wife", "public_health")["others"] == []


@pytest.mark.parametrize(("purpose", "seen"), [("public_health", True), ("grid_service", False), ("data_quality", False)])
def test_care_programmes_are_named_to_nobody_else(city: duckdb.DuckDBPyConnection, purpose: str, seen: bool) -> None:
    answer = json.dumps(told(city, "cared", purpose))
    assert ("care_followups" in answer) is seen
    assert (CODE["B"] in answer) is False or seen


@pytest.mark.parametrize(("purpose", "seen"), [("data_quality", True), ("grid_service", False)])
def test_the_registered_address_is_shown_where_the_purpose_opens_it(city: duckdb.DuckDBPyConnection, purpose: str, seen: bool) -> None:
    city.execute("BEGIN")
    try:
        city.execute("UPDATE residence_claim SET person_id = 'tenant' WHERE person_id = 'head'")
        (claim,) = [one for one in told(city, "tenant", purpose)["claims"] if one["category"] == "household_registration"]
    finally:
        city.execute("ROLLBACK")
    assert (claim["text"] is not None) is seen
    assert (claim["dwelling_code"] is not None) is seen
    assert (residence.CLOSED[1] in claim["sentences"]) is not seen


def test_a_person_whom_the_purpose_cannot_see_is_nobody(city: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(NobodyThere):
        residence_of(city, "nobody", reading("grid_service"))


def test_every_level_and_method_has_words_in_both_languages(city: duckdb.DuckDBPyConnection) -> None:
    assert {*LEVELS, "outside"} == residence.LEVELS.keys()
    methods = {method for (method,) in city.execute("SELECT DISTINCT method FROM place").fetchall()}
    assert methods <= residence.METHODS.keys()
    for table in (residence.LEVELS, residence.METHODS, residence.PLACED, residence.STANDINGS, residence.REASONS, residence.DWELLING_BY):
        assert all(zh and en and zh != en for zh, en in table.values())
    claim = residence_of(city, "moved", reading("data_quality")).claims[-1]
    assert sentences(claim, 0)[-1] == residence.STANDINGS["past"][0]
