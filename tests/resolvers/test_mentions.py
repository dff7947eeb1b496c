"""Mentions: which cells speak of whom."""

from __future__ import annotations

from typing import Any

import pytest

from resolvers import mentions
from sources.catalogue import load_catalogue
from tests.factories import a_record, an_empty_city, insert

NUMBER, MOTHERS = "421099199003073366", "421099196502142584"


def mentions_of(category: str, **values: Any) -> dict[str, dict[str, Any]]:
    """The mentions of one record by role."""
    con = an_empty_city()
    a_record(con, category, **values)
    mentions.build(con, load_catalogue().contracts[category])
    found = con.execute("SELECT * FROM mention")
    names = [column[0] for column in found.description]
    return {row[names.index("role")]: dict(zip(names, row, strict=True)) for row in found.fetchall()}


def test_every_role_that_is_named_is_a_mention() -> None:
    found = mentions_of(
        "household_registration", name="刘秀英", father_name="刘大海", mother_id=MOTHERS, mother_id_state="valid"
    )
    assert set(found) == {"holder", "father", "mother"}
    assert [found[role]["subject"] for role in ("holder", "father", "mother")] == [True, False, False]


@pytest.mark.parametrize(
    ("state", "id_type", "key"),
    [
        pytest.param("valid", "111", NUMBER, id="a resident card"),
        pytest.param("valid_15", None, NUMBER, id="fifteen digits brought to eighteen"),
        pytest.param("invalid", "111", None, id="a wrong check digit is no key"),
        pytest.param("placeholder", "111", None, id="an invented number is no key"),
        pytest.param("malformed", "414", None, id="a passport"),
        pytest.param("valid", "414", None, id="a passport whose number looks like a card"),
    ],
)
def test_only_valid_numbers_of_resident_cards_are_keys(state: str, id_type: str | None, key: str | None) -> None:
    holder = mentions_of("residence_permits", name="王芳", id_number=NUMBER, id_number_state=state, id_type=id_type)[
        "holder"
    ]
    assert (holder["id_number"], holder["id_typed"]) == (key, None if key or state == "placeholder" else NUMBER)


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"owner_id_type": "8", "owner_name": "王伟"}, id="by the type of its number"),
        pytest.param(
            {"owner_name": "王伟", "owner_id": "91421022B2D5MQ81FA", "owner_id_state": "malformed"},
            id="by a number that is no person's, of a type that is no document of a person",
        ),
        pytest.param({"owner_name": "公安县第二中心小学"}, id="by its name"),
    ],
)
def test_an_organisation_is_no_person(values: dict[str, Any]) -> None:
    assert mentions_of("house_registry", **values) == {}


def test_an_owner_without_number_is_a_person() -> None:
    assert set(mentions_of("house_registry", owner_name="王伟", owner_id_type="111")) == {"owner"}


def test_a_sex_stated_by_the_role_counts() -> None:
    found = mentions_of("marriage_registration", man_name="王伟", woman_name="李娜", cert_no="J1")
    assert (found["spouse_a"]["sex"], found["spouse_b"]["sex"]) == ("1", "2")


@pytest.mark.parametrize(("relation", "is_self"), [("0", True), ("2", False), (None, False)])
def test_a_payer_who_pays_alone_repeats_the_holder(relation: str | None, is_self: bool) -> None:
    assert (
        mentions_of("medical_insurance", name="王伟", payer_name="王伟", payer_relation=relation)["payer"]["is_self"]
        is is_self
    )


@pytest.mark.parametrize(
    ("category", "role", "values", "keys"),
    [
        pytest.param(
            "care_followups",
            "holder",
            {"name": "王伟", "archive_no": "42"},
            ["archive|42"],
            id="the archive of a follow-up",
        ),
        pytest.param(
            "birth_family_support",
            "child",
            {"child_name": "王小", "birth_cert_no": "S421000001"},
            ["birth|S421000001"],
            id="certificate of birth",
        ),
        pytest.param(
            "medical_insurance",
            "holder",
            {"name": "王小", "person_no": "7", "id_number": "S421000001", "id_number_state": "malformed"},
            ["insured|7", "birth|S421000001"],
            id="certificate of birth in the cell of the number",
        ),
        pytest.param(
            "marriage_registration",
            "spouse_a",
            {"man_name": "王伟", "cert_no": "J2", "original_cert_no": "J1"},
            ["marriage|a|J1"],
            id="a reissue points at its marriage",
        ),
        pytest.param("health_records", "holder", {"name": "王伟"}, [], id="a record without keys"),
    ],
)
def test_keys_of_registers(category: str, role: str, values: dict[str, Any], keys: list[str]) -> None:
    assert mentions_of(category, **values)[role]["own_keys"] == keys


def test_a_place_is_taken_from_the_address_of_the_role() -> None:
    con = an_empty_city()
    record = a_record(con, "health_records", name="王伟", address="某路1号")
    insert(con, "place", record_id=record, column_name="address", township_code="421002005", dwelling_code="D1")
    insert(con, "place", record_id=record, column_name="hukou_address", township_code="421002006", dwelling_code="D2")
    mentions.build(con, load_catalogue().contracts["health_records"])
    assert con.execute("SELECT township_code, dwelling_code FROM mention").fetchall() == [("421002005", "D1")]


def test_a_collective_household_is_no_family() -> None:
    assert (
        mentions_of("household_registration", name="王伟", household_type="2", household_no="1")["holder"]["household"]
        is None
    )
    assert (
        mentions_of("household_registration", name="王伟", household_type="1", household_no="1")["holder"]["household"]
        == "household|1"
    )


def test_building_twice_is_building_once() -> None:
    con = an_empty_city()
    a_record(con, "health_records", name="王伟")
    contract = load_catalogue().contracts["health_records"]
    assert mentions.build(con, contract) == mentions.build(con, contract) == 1


@pytest.mark.parametrize("category", list(load_catalogue().contracts))
def test_an_empty_category_has_no_mentions(category: str) -> None:
    assert mentions.build(an_empty_city(), load_catalogue().contracts[category]) == 0
