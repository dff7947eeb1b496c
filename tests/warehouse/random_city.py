"""Small random cities for property tests: any records about few people, with typed values of every type.

Belongs here: the hypothesis strategy and writing its records. Not here: properties.
"""

from __future__ import annotations

from typing import Any

import duckdb
from hypothesis import strategies as st

from sources.catalogue import load_catalogue
from sources.catalogue.models import Column, Contract
from tests.factories import a_record, an_empty_city, insert

PEOPLE = ("P01", "P02", "P03", "P04")
DAYS = ("1950-03-01", "1962-11-30", "2010-09-01", "2018-08-31", "2023-06-08", "2025-05-20")
UPDATES = ("2024-12-31", "2025-03-01", "2025-03-02")
TEXTS = {
    "name": ("陈秀英", "周子轩"),
    "phone": ("19900000123", "07168260123"),
    "address": ("园林路18号2-1-301", "绿化村三组12号"),
    "month": ("2024-12", "2025-05"),
    "string": ("一", "二"),
    "id_number": ("421099193803121266", "421099201409032182"),
}

Records = list[tuple[str, dict[str, str], dict[str, Any]]]


def canonical_codes(column: Column) -> tuple[str, ...]:
    """The codes that the typed column can hold."""
    codes = load_catalogue().lists[column.codes or ""]
    return tuple(dict.fromkeys(value.maps_to or value.code for value in codes.values))


def cells(column: Column) -> st.SearchStrategy[Any]:
    """A typed value of the column, or None."""
    if column.codes is not None:
        one = st.sampled_from(canonical_codes(column))
        return st.none() | (st.lists(one, max_size=2, unique=True) if column.multiple else one)
    if column.type in ("date", "datetime"):
        return st.none() | st.sampled_from(DAYS)
    if column.type in ("integer", "decimal"):
        return st.none() | st.integers(0, 300)
    if column.type == "year":
        return st.sampled_from((2024, 2025))
    return st.none() | st.sampled_from(TEXTS[column.type])


@st.composite
def records(draw: st.DrawFn) -> Records:
    """Up to eight records of any categories about PEOPLE; every role is a different person."""
    made: Records = []
    for number in range(draw(st.integers(1, 8))):
        contract = load_catalogue().contracts[draw(st.sampled_from(tuple(load_catalogue().contracts)))]
        people = draw(st.permutations(PEOPLE))
        roles = {role.role: people[place] for place, role in enumerate(contract.person_roles)}
        values = {column.name: draw(cells(column)) for column in contract.data_columns if column.name not in _SYSTEM}
        values |= {
            f"{column.name}_state": "valid"
            for column in contract.data_columns
            if column.type == "id_number" and values.get(column.name)
        }
        values[contract.delta.order_by] = values["updated_on"] = draw(st.sampled_from(UPDATES))
        made.append((contract.category, roles, values | {"natural_key": f"k{number}", "record_id": number + 1}))
    return made


_SYSTEM = frozenset({"natural_key", "record_id"})


def written(made: Records) -> duckdb.DuckDBPyConnection:
    """A city with these records; everybody is known."""
    con = an_empty_city()
    for person in PEOPLE:
        insert(con, "everybody", person_id=person, known_from="open", match_confidence=1.0)
    for category, roles, values in made:
        a_record(con, category, _roles_present(load_catalogue().contracts[category], roles), **values)
    return con


def _roles_present(contract: Contract, roles: dict[str, str]) -> dict[str, str]:
    return {role.role: roles[role.role] for role in contract.person_roles}
