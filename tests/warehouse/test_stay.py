"""Resident type and the registration of the stay, rule by rule (clarifications 13, 15, 20, 50)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import duckdb
import pytest

from sources.catalogue import load_catalogue
from tests.warehouse.attribute_cases import AS_OF, Case, Record, value_of
from tests.warehouse.attribute_cases import record as r
from tests.warehouse.person_cases import a_city_of_people
from warehouse.attributes import residence, stay
from warehouse.attributes.records import value_type

RP, PI = "residence_permits", "pension_insurance"
SHASHI, JINGZHOU, GONGAN, ZONE, BEIJING = "421002", "421003", "421022", "421071", "110101"


def lives(county: str | None, **place: Any) -> Record:
    """An address in a county, by a pension record."""
    where = {"county_code": county, "township_code": f"{county}001"} if county else {}
    return r(PI, address="A", updated_on="2025-01-01", place=where | {"address": "A"} | place)


def permit(start: str | None, county: str = SHASHI, **values: Any) -> Record:
    where = {"column_name": "current_address", "address": "P", "county_code": county, "township_code": county + "001"}
    return r(RP, **({"permit_status": "1", "current_address": "P", "residence_start": start} | values), place=where)


def from_(division: str | None, **more: Any) -> dict[str, Any]:
    return ({"hukou_division": division} if division else {}) | more


TYPES = tuple(
    Case(rule, "resident_type", kind, (lives(county, **place),), known=from_(hukou, **more))
    for rule, hukou, county, place, more, kind in (
        ("registered where living", SHASHI, SHASHI, {}, {}, "1"),
        ("between the central districts", SHASHI, JINGZHOU, {}, {}, "2"),
        ("the development zone is central", ZONE, SHASHI, {}, {}, "2"),
        ("between other units", GONGAN, SHASHI, {}, {}, "3"),
        ("from a central district to a county", SHASHI, GONGAN, {}, {}, "3"),
        ("registered outside", BEIJING, SHASHI, {}, {}, "4"),
        ("living outside by the surviving address", SHASHI, None, {"outside_city": True}, {}, "5"),
        ("no division", None, SHASHI, {}, {}, "9"),
        ("no residence", SHASHI, None, {}, {}, "9"),
        ("registered and living outside", BEIJING, None, {"outside_city": True}, {}, "9"),
        ("the dead", SHASHI, SHASHI, {}, {"vital_status": "2"}, "9"),
        ("known only as a relative", SHASHI, SHASHI, {}, {"known_from": "relative"}, "9"),
    )
)
MIGRANT = from_(GONGAN)
STAYS = (
    Case("the latest start", "residence_start_date", date(2024, 3, 1),
         (permit("2023-01-01"), permit("2024-03-01")), known=MIGRANT),
    Case("only valid registrations", "residence_start_date", date(2023, 1, 1),
         (permit("2023-01-01"), permit("2024-03-01", permit_status="2")), known=MIGRANT),
    Case("only in the residence_county", "residence_start_date", date(2023, 1, 1),
         (permit("2023-01-01", updated_on="2025-03-01"), permit("2024-03-01", JINGZHOU)), known=MIGRANT),
    Case("not for people registered there", "residence_start_date", None, (permit("2023-01-01"),),
         known=from_(SHASHI)),
    Case("a central district counts", "residence_start_date", date(2023, 1, 1), (permit("2023-01-01"),),
         known=from_(JINGZHOU)),
    Case("missing without a start", "residence_start_date", None, (permit(None),), known=MIGRANT),
    Case("of the same registration", "residence_reason", "2",
         (permit("2023-01-01", residence_reason="1"), permit("2024-03-01", residence_reason="2")), known=MIGRANT),
    Case("not for people registered there", "residence_reason", None,
         (permit("2023-01-01", residence_reason="1"),), known=from_(SHASHI)),
    Case("the latest registration", "residence_permit_status", "3",
         (permit("2023-01-01"), permit("2024-03-01", permit_status="3"))),
    Case("expired by its date", "residence_permit_status", "2", (permit("2023-01-01", permit_expiry="2025-06-07"),)),
    Case("valid on its last day", "residence_permit_status", "1", (permit("2023-01-01", permit_expiry="2025-06-08"),)),
    Case("the dead have none", "residence_permit_status", None, (permit("2023-01-01"),),
         known={"vital_status": "2"}),
    Case("of migrants", "migrant_origin_division", GONGAN, (lives(SHASHI),), known=from_(GONGAN)),
    Case("of migrants from outside", "migrant_origin_division", BEIJING, (lives(SHASHI),), known=from_(BEIJING)),
    Case("not inside the central city", "migrant_origin_division", None, (lives(SHASHI),), known=from_(JINGZHOU)),
)
CASES = TYPES + STAYS


@pytest.fixture(scope="module")
def city() -> Iterator[duckdb.DuckDBPyConnection]:
    with a_city_of_people((residence, stay), CASES) as con:
        yield con


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_rule(city: duckdb.DuckDBPyConnection, case: Case) -> None:
    assert value_of(city, case) == case.expected


@pytest.mark.parametrize(("start", "as_of", "months"), [
    pytest.param("2025-05-08", AS_OF, 1, id="a full month"),
    pytest.param("2025-05-09", AS_OF, 0, id="a day short of it"),
    pytest.param("2024-06-08", AS_OF, 12, id="a year"),
    pytest.param("2025-01-31", date(2025, 2, 28), 1, id="the last day of a shorter month counts as reached"),
    pytest.param("2025-01-30", date(2025, 2, 27), 0, id="the day before it does not"),
    pytest.param("2025-06-08", AS_OF, 0, id="the first day"),
])
def test_full_calendar_months(start: str, as_of: date, months: int) -> None:
    case = Case("months", "residence_months", months, (permit(start),), known=MIGRANT)
    with a_city_of_people((residence, stay), (case,), as_of=as_of) as con:
        assert value_of(con, case) == months


def test_every_attribute_has_the_type_of_the_dictionary(city: duckdb.DuckDBPyConnection) -> None:
    for name in stay.ATTRIBUTES:
        column = city.execute(f"DESCRIBE attr_{name}").fetchall()[1]
        assert column[:2] == ("value", value_type(load_catalogue().attributes[name]))
