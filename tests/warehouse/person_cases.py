"""Cases of attributes that look at several records, persons, places and dwellings at once.

Belongs here: a city for all cases of a module in which every case has its own people and keys: text that begins with @
is made the case's own. Not here: the cases.
"""

from __future__ import annotations

from datetime import date
from types import ModuleType
from typing import Any

import duckdb

from sources.catalogue import load_catalogue
from sources.tables import quoted
from tests.factories import a_record, an_empty_city, insert
from tests.warehouse.attribute_cases import AS_OF, ME, Case
from warehouse.attributes.records import value_type
from warehouse.build import ProfileBuild

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def id_number(born: str, place: int) -> str:
    """A number of nobody: division 421099 does not exist. `place` tells people of one birthday apart."""
    body = f"421099{born}{place:03d}"
    return body + "10X98765432"[sum(w * int(c) for w, c in zip(WEIGHTS, body, strict=True)) % 11]


def numbered(value: str, column: str = "id_number", state: str = "valid") -> dict[str, Any]:
    """The two typed columns of an ID number."""
    return {column: value, f"{column}_state": state}


def a_city_of_people(
    modules: tuple[ModuleType, ...], cases: tuple[Case, ...], as_of: date = AS_OF, without: frozenset[str] = frozenset()
) -> duckdb.DuckDBPyConnection:
    """A city with all cases in which `modules` have been built. The value `place` of a record is its row of `place`,
    and `column_name` in it names the address column; the value `known_from` is that of its person."""
    con = an_empty_city()
    assert len({case.id for case in cases}) == len(cases), "two cases have one id"
    made = {name for module in modules for name in module.ATTRIBUTES}
    for name, item in load_catalogue().attributes.items():
        if name not in made:
            body = f"(person_id VARCHAR, value {value_type(item)}, record_id BIGINT)"
            con.execute(f"CREATE TABLE {quoted('attr_' + name)} {body}")
    con.execute(
        'CREATE TABLE IF NOT EXISTS number_conflict ("check" VARCHAR, id_number VARCHAR, record_id BIGINT,'
        " role VARCHAR, person_id VARCHAR, holder BOOLEAN)"
    )
    for case in cases:
        _populate(con, case)
    for module in modules:
        module.build(con, ProfileBuild(as_of, without=without))
    return con


def own(case: Case, value: Any) -> Any:
    """Text that begins with @ belongs to the case: a key, a code, or another person of the case."""
    if isinstance(value, str) and value.startswith("@"):
        return case.person(value[1:])
    return value


def expected(case: Case) -> Any:
    return own(case, case.expected)


def _populate(con: duckdb.DuckDBPyConnection, case: Case) -> None:
    for one in case.records:
        values = {name: own(case, value) for name, value in one.values.items()}
        place = values.pop("place", None)
        persons = {role: case.person(name) for role, name in one.roles.items()}
        record_id = a_record(con, one.category, persons, **values)
        if place is not None:
            row = {"column_name": "address", "outside_city": False} | {k: own(case, v) for k, v in place.items()}
            insert(con, "place", record_id=record_id, category=one.category, **row)
    for name, known in ({ME: case.known} | case.others).items():
        values = dict(known)
        known_from = values.pop("known_from", None)
        if not con.execute("SELECT 1 FROM everybody WHERE person_id = ?", [case.person(name)]).fetchone():
            insert(con, "everybody", person_id=case.person(name), known_from="open", match_confidence=1.0)
        if known_from:
            con.execute(
                "UPDATE everybody SET known_from = ? WHERE person_id = ?", [known_from, case.person(name)]
            )
        for attribute, value in values.items():
            insert(con, "attr_" + attribute, person_id=case.person(name), value=own(case, value))
