"""The dwelling and what is owned: rules of the dictionary by examples (clarifications 15, 26)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from tests.warehouse.attribute_cases import Case, Record, record, value_of
from tests.warehouse.person_cases import a_city_of_people, expected
from warehouse.attributes import dwelling

HERE = {"vital_status": "1", "dwelling_id": "@here"}
HOUSEHOLD = {"household_id": "@me"}


def house(owner: str = "stranger", code: str = "@here", **values: Any) -> Record:
    return record("house_registry", {"owner": owner}, dwelling_code=code, **values)


def permit(tenure: str, status: str = "1", **values: Any) -> Record:
    return record("residence_permits", {"holder": "me"}, dwelling_tenure=tenure, permit_status=status, **values)


def tenure(rule: str, result: str | None, *records: Record, known: dict[str, Any] | None = None,
           **others: dict[str, Any]) -> Case:
    return Case(rule, "dwelling_tenure", result, records, HERE | (known or {}), others)


CASES = (
    Case("of the dwelling", "dwelling_type", "4", (house(dwelling_type="4"),), HERE),
    Case("without a dwelling", "dwelling_type", None, (house(dwelling_type="4"),)),
    Case("of the dwelling", "dwelling_area", Decimal("88.50"), (house(floor_area="88.5"),), HERE),
    Case("under 5 is missing", "dwelling_area", None, (house(floor_area="4.9"),), HERE),
    Case("5 counts", "dwelling_area", Decimal(5), (house(floor_area="5"),), HERE),
    Case("2000 counts", "dwelling_area", Decimal(2000), (house(floor_area="2000"),), HERE),
    Case("over 2000 is missing", "dwelling_area", None, (house(floor_area="2000.1"),), HERE),
    tenure("own", "1", house("me", dwelling_type="2")),
    tenure("of the spouse", "1", house("wife"), known={"spouse_person": "@wife"}),
    tenure("of a member of the household", "1", house("son"), known=HOUSEHOLD, son=HOUSEHOLD),
    tenure("of a stranger, nothing else known", None, house()),
    tenure("public rental", "3", house(dwelling_type="2"), permit("2")),
    tenure("of the employer", "5", house(dwelling_type="3"), permit("2")),
    tenure("dormitory", "5", house(dwelling_type="5"), permit("2")),
    tenure("as the valid residence registration says", "2", house(dwelling_type="1", occupancy="4"), permit("2")),
    tenure("not as a cancelled one says", "4", house(occupancy="4"), permit("2", status="3")),
    tenure("let", "2", house(occupancy="2")),
    tenure("lent", "4", house(occupancy="4")),
    tenure("used by the owner, who is somebody else", None, house(occupancy="1")),
    Case("the dead have none", "dwelling_tenure", None, (permit("2"),), {"vital_status": "2"}),
    Case("the living, the person included", "dwelling_occupants", 2, (), HERE, {"a": HERE}),
    Case("people of unknown fate do not count", "dwelling_occupants", 1, (), HERE,
         {"a": HERE | {"vital_status": "9"}}),
    Case("the number in the register is not used", "dwelling_occupants", 1, (house(registered_occupants=7),), HERE),
    Case("missing without a dwelling", "dwelling_occupants", None, (), {"vital_status": "1"}, {"a": HERE}),
    Case("as owner", "owned_dwellings", 2, (house("me"), house("me", "@there"), house())),
    Case("none", "owned_dwellings", 0, (house(),), HERE),
)


@pytest.fixture(scope="module")
def city() -> Iterator[duckdb.DuckDBPyConnection]:
    with a_city_of_people((dwelling,), CASES) as con:
        yield con


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_rule(city: duckdb.DuckDBPyConnection, case: Case) -> None:
    assert value_of(city, case) == expected(case)
