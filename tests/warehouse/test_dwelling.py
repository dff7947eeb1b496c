"""Facts of the dwelling, rule by rule (clarifications 24, 26)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from tests.warehouse.attribute_cases import Case, Record, value_of
from tests.warehouse.attribute_cases import record as r
from tests.warehouse.person_cases import a_city_of_people
from warehouse.attributes import dwelling

RP = "residence_permits"
HOME = {"dwelling_id": "@d"}
ALIVE = {"dwelling_id": "@d", "vital_status": "1"}


def house(code: str = "@d", owner: str | None = None, **values: Any) -> Record:
    return Record("house_registry", {"owner": owner} if owner else {}, {"dwelling_code": code} | values)


def permit(**values: Any) -> Record:
    return r(RP, **({"permit_status": "1", "residence_start": "2024-01-01"} | values))


TENURE = tuple(
    Case(rule, "dwelling_tenure", kind, records, known=known, others=others)
    for rule, kind, records, known, others in (
        ("owned by the person", "1", (house(owner="me", dwelling_type="2"),), HOME, {}),
        ("owned by the spouse", "1", (house(owner="wife"),), HOME | {"spouse_person": "@wife"}, {}),
        ("owned by a member of the household", "1", (house(owner="son"),), HOME | {"household_id": "@h"},
         {"son": {"household_id": "@h"}}),
        ("owned by somebody of another household", "2", (house(owner="son", occupancy="2"),),
         HOME | {"household_id": "@h"}, {"son": {"household_id": "@other"}}),
        ("public housing", "3", (house(dwelling_type="2"), permit(dwelling_tenure="2")), HOME, {}),
        ("of the employer", "5", (house(dwelling_type="3"),), HOME, {}),
        ("a dormitory", "5", (house(dwelling_type="5"), permit(dwelling_tenure="2")), HOME, {}),
        ("as the valid registration says", "4", (house(dwelling_type="1", occupancy="2"), permit(dwelling_tenure="4")),
         HOME, {}),
        ("not as an expired one says", "2",
         (house(dwelling_type="1", occupancy="2"), permit(dwelling_tenure="4", permit_status="2")), HOME, {}),
        ("let", "2", (house(occupancy="2"),), HOME, {}),
        ("lent", "4", (house(occupancy="4"),), HOME, {}),
        ("nothing of it", None, (house(dwelling_type="1", occupancy="1"),), HOME, {}),
        ("without a dwelling by the registration", "2", (permit(dwelling_tenure="2"),), {}, {}),
        ("the dead", None, (permit(dwelling_tenure="2"),), {"vital_status": "2"}, {}),
    )
)
REST = (
    Case("of the dwelling", "dwelling_type", "4", (house(dwelling_type="4"),), known=HOME),
    Case("missing without a dwelling", "dwelling_type", None, (house(dwelling_type="4"),)),
    Case("of the dwelling", "dwelling_area", Decimal("88.50"), (house(floor_area="88.5"),), known=HOME),
    Case("under 5 is missing", "dwelling_area", None, (house(floor_area="4.99"),), known=HOME),
    Case("5 counts", "dwelling_area", Decimal("5.00"), (house(floor_area="5"),), known=HOME),
    Case("over 2000 is missing", "dwelling_area", None, (house(floor_area="2000.5"),), known=HOME),
    Case("2000 counts", "dwelling_area", Decimal("2000.00"), (house(floor_area="2000"),), known=HOME),
    Case("the person included", "dwelling_occupants", 2, (house(registered_occupants=9),), known=ALIVE,
         others={"other": ALIVE}),
    Case("alone", "dwelling_occupants", 1, (house(),), known=ALIVE,
         others={"other": ALIVE | {"dwelling_id": "@e"}}),
    Case("who is unknown does not count", "dwelling_occupants", 1, (house(),), known=ALIVE,
         others={"other": ALIVE | {"vital_status": "9"}}),
    Case("missing without a dwelling", "dwelling_occupants", None, known={"vital_status": "1"}),
    Case("each dwelling in role owner", "owned_dwellings", 2, (house("@a", "me"), house("@b", "me"))),
    Case("none", "owned_dwellings", 0, (house("@c", "other"),)),
)
CASES = TENURE + REST


@pytest.fixture(scope="module")
def city() -> Iterator[duckdb.DuckDBPyConnection]:
    with a_city_of_people((dwelling,), CASES) as con:
        yield con


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_rule(city: duckdb.DuckDBPyConnection, case: Case) -> None:
    assert value_of(city, case) == case.expected
