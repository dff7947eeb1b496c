"""Purpose limitation: only the attributes, persons and grain of the purpose."""

from __future__ import annotations

import pytest

from sources.catalogue import load_catalogue
from warehouse.purposes import PurposeRefused, authorise, reading


@pytest.mark.parametrize("purpose", list(load_catalogue().purposes))
def test_a_purpose_opens_exactly_its_attributes(purpose: str) -> None:
    opened = set(load_catalogue().purposes[purpose].attributes)
    authorise(purpose, opened)
    for name in set(load_catalogue().attributes) - opened:
        with pytest.raises(PurposeRefused, match=name):
            authorise(purpose, [name])


def test_a_refusal_names_everything_closed_and_what_is_open() -> None:
    with pytest.raises(
        PurposeRefused, match=r"does not open: chronic_conditions, legal_aid_status.*ask only for: person_id, "
    ) as caught:
        authorise("elderly_care", ["age", "chronic_conditions", "legal_aid_status"])
    assert "age, chronic" not in str(caught.value)


def test_an_unknown_purpose_is_refused_with_the_known_ones() -> None:
    with pytest.raises(PurposeRefused, match=r"'marketing'.*elderly_care, .*data_quality"):
        authorise("marketing", [])


def test_statistics_never_give_rows() -> None:
    authorise("statistics", ["age"])
    with pytest.raises(PurposeRefused, match="counts only"):
        authorise("statistics", ["age"], rows=True)


@pytest.mark.parametrize(
    ("purpose", "table", "persons"),
    [
        pytest.param("elderly_care", "profile_open AS p", {"open"}, id="others read what the open categories say"),
        pytest.param("public_health", "profile AS p", {"open", "health", "health_justice"}, id="health reads all"),
        pytest.param("data_quality", "profile_open AS p", {"open"}, id="stewards read no restricted categories"),
    ],
)
def test_which_profile_and_whom_a_purpose_reads(purpose: str, table: str, persons: set[str]) -> None:
    source = reading(purpose)
    assert source.tables == table
    assert set(source.persons) == persons


def test_legal_service_sees_its_persons_but_no_guardian_out_of_a_care_programme() -> None:
    source = reading("legal_service")
    assert set(source.persons) == {"open", "justice", "health_justice"}
    assert source.expression("guardian_person") == 'o."guardian_person"'
    assert source.expression("resettlement_support_needs") == 'p."resettlement_support_needs"'


def test_nobody_sees_those_who_are_only_relatives() -> None:
    assert all("relative" not in reading(purpose).persons for purpose in load_catalogue().purposes)


def test_areas_limit_the_persons_of_a_reading() -> None:
    assert reading("grid_service").condition == reading("grid_service", ()).condition
    limited = reading("grid_service", ("421002001001001", "421003")).condition
    assert limited.endswith("AND (p.residence_grid = '421002001001001' OR p.residence_county = '421003')")


def test_departments_limit_a_reading_to_the_persons_of_their_records() -> None:
    limited = reading("data_quality", (), ("health",)).condition
    assert limited.endswith("IN (SELECT person_id FROM mention_person WHERE category IN ('health_records', 'care_followups'))")
    assert reading("data_quality", (), ("no_department",)).condition.endswith("category IN (NULL))")
