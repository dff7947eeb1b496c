"""Cases of attribute rules: one city for all cases of a module, in which every case has its own people.

Belongs here: the shape of a case, building the city, reading the value. Not here: the cases (test_<group>.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from types import ModuleType
from typing import Any

import duckdb

from sources.catalogue import load_catalogue
from sources.tables import quoted
from tests.factories import a_record, an_empty_city, insert
from warehouse.attributes.records import value_type
from warehouse.build import ProfileBuild

AS_OF = date(2025, 6, 8)
ME = "me"
"""The person whose value a case is about; other names of a case are other people."""


@dataclass(frozen=True)
class Record:
    category: str
    roles: dict[str, str]
    values: dict[str, Any]


def record(category: str, roles: dict[str, str] | None = None, **values: Any) -> Record:
    """A current record; without `roles` it speaks of ME in the first role of the contract."""
    first = load_catalogue().contracts[category].person_roles[0].role
    return Record(category, roles or {first: ME}, values)


@dataclass(frozen=True)
class Case:
    """`attribute` of ME is `expected` when `records` are there and `known` holds earlier attributes (by person, for
    ME unnested)."""

    rule: str
    attribute: str
    expected: Any
    records: tuple[Record, ...] = ()
    known: dict[str, Any] = field(default_factory=dict)
    others: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return f"{self.attribute}: {self.rule}"

    def person(self, name: str) -> str:
        return f"{self.id}/{name}"


def build_city(
    modules: tuple[ModuleType, ...],
    cases: tuple[Case, ...],
    as_of: date = AS_OF,
    without: frozenset[str] = frozenset(),
    insurance_years: tuple[int, ...] = (2025,),
) -> duckdb.DuckDBPyConnection:
    """A city with the records of all cases in which `modules` have been built."""
    con = an_empty_city()
    assert len({case.id for case in cases}) == len(cases), "two cases have one id"
    made = {name for module in modules for name in module.ATTRIBUTES}
    for name, item in load_catalogue().attributes.items():
        if name not in made:
            con.execute(
                f"CREATE TABLE {quoted('attr_' + name)} (person_id VARCHAR, value {value_type(item)}, record_id BIGINT)"
            )
    for year in insurance_years:
        insert(
            con, "ledger", category="medical_insurance", kind="full", stage="applied", delivery_date=date(year, 3, 1)
        )
    for case in cases:
        _populate(con, case)
    for module in modules:
        module.build(con, ProfileBuild(as_of, without=without))
    return con


def _populate(con: duckdb.DuckDBPyConnection, case: Case) -> None:
    for one in case.records:
        a_record(con, one.category, {role: case.person(name) for role, name in one.roles.items()}, **one.values)
    for name, values in ({ME: case.known} | case.others).items():
        if not con.execute("SELECT 1 FROM everybody WHERE person_id = ?", [case.person(name)]).fetchone():
            insert(con, "everybody", person_id=case.person(name), known_from="open", match_confidence=1.0)
        for attribute, value in values.items():
            insert(con, "attr_" + attribute, person_id=case.person(name), value=value)


def value_of(con: duckdb.DuckDBPyConnection, case: Case) -> Any:
    """The value of the case's attribute for ME; None is missing. More than one row is an error."""
    rows = con.execute(
        f"SELECT value FROM {quoted('attr_' + case.attribute)} WHERE person_id = ?", [case.person(ME)]
    ).fetchall()
    assert len(rows) <= 1, "one row per person"
    return rows[0][0] if rows else None
