"""Residence claims and residence history: dates, standing, by whom a claim was placed, spells, and what may be told of them."""

from __future__ import annotations

from datetime import date
from typing import Any

import duckdb
import pytest

from resolvers import places
from tests.factories import a_record, an_empty_city, insert
from warehouse import profile, residences

AS_OF = date(2025, 6, 8)
TOWN, GREEN, VILLAGE = "421002001", "421002001001", "421071001200"
HOUSES = {
    "A": (GREEN, "绿化村社区", "沙市区中山街道绿化村社区园林路18号2栋1单元301室"),
    "B": (GREEN, "绿化村社区", "沙市区中山街道绿化村社区园林路18号2栋2单元302室"),
    "V16": (VILLAGE, "连心村", "沙市区联合街道连心村3组16号"),
    "V17": (VILLAGE, "连心村", "沙市区联合街道连心村3组17号"),
    "V18": (VILLAGE, "连心村", "沙市区联合街道连心村3组18号"),
}
CODE = {name: f"{area}{number:07d}" for number, (name, (area, _, _)) in enumerate(HOUSES.items(), 1)}
HR, RP, PI, HE, CF, MI = ("household_registration", "residence_permits", "pension_insurance", "health_records", "care_followups",
                          "medical_insurance")  # fmt: skip
AT_A, AT_B, GROUP = "园林路18号2-1-301", "园林路18号2-2-302", "连心村3组"


def the_city() -> duckdb.DuckDBPyConnection:
    con = an_empty_city()
    for name, (area, community, address) in HOUSES.items():
        a_record(con, "house_registry", {"owner": "owner"} if name == "V17" else None, natural_key=CODE[name], dwelling_code=CODE[name],
                 standard_address=address, county_code=area[:6], township_code=area[:9], community_code=area, community_name=community)
    a_record(con, PI, "moved", natural_key="k-moved", address=AT_B, updated_on="2024-05-01")
    version(con, PI, "k-moved", 1, "2022-01-01", "2024-02-01", AT_A)
    version(con, PI, "k-moved", 2, "2024-02-01", None, AT_B)
    a_record(con, RP, "tenant", current_address=AT_A, permit_status="1", residence_start="2021-03-01", updated_on="2025-01-01")
    a_record(con, PI, "tenant", address=AT_A, updated_on="2023-01-01")
    a_record(con, RP, "left", current_address=AT_A, permit_status="3", residence_start="2019-01-01", deregister_date="2020-06-30")
    a_record(con, PI, "old", address=AT_A, updated_on="2018-01-01")
    a_record(con, HR, "dead", address=AT_A, status="3", cancel_date="2023-09-09", move_in_date="1990-01-01")
    a_record(con, PI, "dead", address=AT_B, updated_on="2022-01-01")
    a_record(con, PI, "owner", address=GROUP, updated_on="2024-01-01")
    for person, address, relation in (("wife", GROUP, "10"), ("head", "连心村3组18号", "02")):
        a_record(con, HR, person, address=address, status="1", household_no="h1", household_type="1", relation_to_head=relation,
                 updated_on="2024-01-01")
    a_record(con, MI, "vague", address=GROUP, updated_on="2025-01-01")
    a_record(con, PI, "abroad", address="湖南省邵阳市邵东市红旗村1组", updated_on="2025-01-01")
    a_record(con, PI, "nowhere", address="同上", updated_on="2025-01-01")
    a_record(con, PI, "cared", address=AT_A, updated_on="2024-01-01")
    a_record(con, CF, "cared", address=AT_B, status="1", updated_on="2025-01-01")
    return con


def version(con: duckdb.DuckDBPyConnection, category: str, key: str, position: int, start: str, end: str | None, address: str) -> None:
    insert(con, f"history_{category}", natural_key=key, valid_from=start, valid_to=end, delivery_date=start, position=position)
    insert(con, f"typed_{category}", natural_key=key, delivery_date=start, position=position, address=address)


@pytest.fixture(scope="module")
def city() -> duckdb.DuckDBPyConnection:
    con = the_city()
    places.build(con)
    profile.build(con, AS_OF)
    counts = residences.build(con, AS_OF)
    assert counts == {name: (con.execute(f"SELECT count(*) FROM {name}").fetchone() or (0,))[0] for name in residences.TABLES}
    return con


def claims(con: duckdb.DuckDBPyConnection, person: str, *columns: str) -> list[tuple[Any, ...]]:
    return con.execute(f"""SELECT {", ".join(columns)} FROM residence_claim WHERE person_id = ? ORDER BY valid_from, category""",
                       [person]).fetchall()


def spells(con: duckdb.DuckDBPyConnection, person: str) -> list[tuple[Any, ...]]:
    return con.execute("""SELECT dwelling_code, valid_from, valid_to, claims, present FROM residence_history WHERE person_id = ?
                          ORDER BY valid_from, dwelling_code""", [person]).fetchall()


def test_a_changed_address_is_a_past_claim_and_a_present_one(city: duckdb.DuckDBPyConnection) -> None:
    assert claims(city, "moved", "dwelling_code", "valid_from", "valid_to", "standing", "past_address") == [
        (CODE["A"], date(2022, 1, 1), date(2024, 2, 1), "past", AT_A), (CODE["B"], date(2024, 2, 1), None, "counts", None)]
    assert spells(city, "moved") == [(CODE["A"], date(2022, 1, 1), date(2024, 2, 1), 1, False),
                                     (CODE["B"], date(2024, 2, 1), None, 1, True)]


def test_a_registered_stay_has_the_dates_that_it_states(city: duckdb.DuckDBPyConnection) -> None:
    assert claims(city, "tenant", "category", "valid_from", "valid_to", "dated_by") == [
        (RP, date(2021, 3, 1), None, "record"), (PI, date(2023, 1, 1), None, "delivery")]
    assert spells(city, "tenant") == [(CODE["A"], date(2021, 3, 1), None, 2, True)]


STANDING = {
    "deregistered": ("left", [("ended", date(2019, 1, 1), date(2020, 6, 30))]),
    "not updated for five years": ("old", [("old", date(2018, 1, 1), None)]),
    "of the dead, until their death": (
        "dead", [("ended", date(1990, 1, 1), date(2023, 9, 9)), ("ended", date(2022, 1, 1), date(2023, 9, 9))]),
}


@pytest.mark.parametrize(("person", "expected"), STANDING.values(), ids=STANDING.keys())
def test_a_claim_says_how_it_stands(city: duckdb.DuckDBPyConnection, person: str, expected: list[tuple[Any, ...]]) -> None:
    assert claims(city, person, "standing", "valid_from", "valid_to") == expected
    assert not any(present for *_, present in spells(city, person))


PLACED = {
    "by the dwelling that the person owns": ("owner", CODE["V17"], "owned"),
    "by the household": ("wife", CODE["V18"], "family"),
    "by itself": ("head", CODE["V18"], "claim"),
    "by nothing": ("vague", None, None),
}


@pytest.mark.parametrize(("person", "code", "placed_by"), PLACED.values(), ids=PLACED.keys())
def test_a_claim_that_names_a_group_is_placed_as_the_profile_is(
    city: duckdb.DuckDBPyConnection, person: str, code: str | None, placed_by: str | None
) -> None:
    assert claims(city, person, "dwelling_code", "placed_by") == [(code, placed_by)]
    assert city.execute("SELECT dwelling_id FROM profile WHERE person_id = ?", [person]).fetchone() == (code,)
    if placed_by != "claim":
        assert claims(city, person, "level") == [("group",)]


def test_outside_is_a_place_and_nowhere_is_none(city: duckdb.DuckDBPyConnection) -> None:
    assert claims(city, "abroad", "outside_city", "level") == [(True, "outside")]
    assert [spell[0] for spell in spells(city, "abroad")] == [None]
    assert claims(city, "nowhere", "level") == [("nowhere",)]
    assert spells(city, "nowhere") == []


def test_the_history_knows_nothing_of_care_programmes(city: duckdb.DuckDBPyConnection) -> None:
    assert {category for (category,) in claims(city, "cared", "category")} == {PI, CF}
    assert [spell[0] for spell in spells(city, "cared")] == [CODE["A"]]


def test_claims_and_spells_agree(city: duckdb.DuckDBPyConnection) -> None:
    """No spell ends before it begins, spells of one place do not overlap, and every dwelling of a spell is claimed."""
    assert city.execute("SELECT count(*) FROM residence_history WHERE valid_to < valid_from").fetchone() == (0,)
    assert city.execute("""
        SELECT count(*) FROM residence_history a JOIN residence_history b ON a.person_id = b.person_id AND a.valid_from < b.valid_from
        AND a.dwelling_code = b.dwelling_code AND b.valid_from <= coalesce(a.valid_to, DATE '9999-12-31')""").fetchone() == (0,)
    assert city.execute("""SELECT count(*) FROM residence_history WHERE dwelling_code IS NOT NULL AND (person_id, dwelling_code) NOT IN
                           (SELECT (person_id, dwelling_code) FROM residence_claim)""").fetchone() == (0,)


def test_nothing_stays_behind(city: duckdb.DuckDBPyConnection) -> None:
    assert city.execute("SELECT count(*) FROM duckdb_tables() WHERE temporary").fetchone() == (0,)
