"""Small worlds for the cross-checks: an empty city, the examples of the checks in it, and a few records that other tests start from."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from functools import cache
from typing import Any

import duckdb

from sources.catalogue import load_catalogue
from sources.catalogue.cross_checks import CrossCheck, Example, ExampleRecord
from tests.factories import a_record, an_empty_city, insert
from warehouse import numbers
from warehouse.cross_checks import evaluate

Persons = dict[str, str] | str | None
Record = tuple[str, Persons, dict[str, Any]]

HR, RP, HO, FA = "household_registration", "residence_permits", "house_registry", "fund_accounts"
PI, ER, HE = "pension_insurance", "employment_registration", "health_records"
DEAD = {"status": "3", "cancel_date": "2025-01-10"}
AS_OF = date(2025, 6, 1)
KEY = bytes(range(32))
ATTRIBUTE_TABLES = {
    "birth_date": "DATE", "death_date": "DATE", "id_number_status": "VARCHAR", "vital_status": "VARCHAR", "id_number": "VARCHAR",
    "enrolment_status": "VARCHAR", "school_stage": "VARCHAR", "household_id": "VARCHAR", "dwelling_id": "VARCHAR",
    "residence_address": "VARCHAR", "no_enrolment_at_school_age": "BOOLEAN", "dwelling_occupants": "BIGINT",
}


def a_city() -> duckdb.DuckDBPyConnection:
    """All tables that the checks read, empty; every category has been delivered, medical insurance the full delivery of the year."""
    con = an_empty_city()
    for category in load_catalogue().contracts:
        insert(con, "ledger", category=category, kind="full", stage="applied",
               delivery_date="2025-03-01" if category == "medical_insurance" else "2025-01-01")
    for name, sql_type in ATTRIBUTE_TABLES.items():
        con.execute(f"CREATE TABLE attr_{name} (person_id VARCHAR, value {sql_type}, record_id BIGINT)")
    con.execute("""CREATE TABLE number_conflict ("check" VARCHAR, id_number VARCHAR, record_id BIGINT, role VARCHAR, person_id VARCHAR,
                                                 holder BOOLEAN)""")
    return con


def a_world(attributes: dict[str, dict[str, Any]], records: Iterable[Record]) -> duckdb.DuckDBPyConnection:
    con = a_city()
    for person, values in attributes.items():
        for name, value in values.items():
            insert(con, f"attr_{name}", person_id=person, value=value)
    for category, persons, values in records:
        a_record(con, category, persons, **values)
    return con


@cache
def _shared_city() -> duckdb.DuckDBPyConnection:
    return a_city()


@contextmanager
def a_city_for_a_moment() -> Iterator[duckdb.DuckDBPyConnection]:
    """The same city for many cases; what a case does to it is rolled back."""
    con = _shared_city().cursor()
    con.begin()
    try:
        yield con
    finally:
        con.rollback()
        con.close()


def evaluate_example(
    con: duckdb.DuckDBPyConnection, name: str, example: Example, checks: Mapping[str, CrossCheck]
) -> dict[str, CrossCheck]:
    """The example in a city, and the check evaluated with those that it reads; returns these."""
    for people, values in example.people.items():
        for person, (attribute, value) in itertools.product(people.split(), values.items()):
            insert(con, f"attr_{attribute}", person_id=person, value=value)
    for record in example.records:
        for person in record.person.split() if record.person else [record.persons or None]:
            _insert(con, record, person)
    needed = _with_those_before(name, checks)
    if any("number_conflict" in check.sql or "disowned_number" in check.sql for check in needed.values()):
        numbers.build(con, example.as_of)
    evaluate(con, example.as_of, KEY, needed)
    return needed


def _insert(con: duckdb.DuckDBPyConnection, record: ExampleRecord, persons: Persons) -> None:
    record_id = a_record(con, record.category, persons, **record.values)
    for attribute, value in record.gives.items():
        insert(con, f"attr_{attribute}", person_id=record.person, value=value, record_id=record_id)
    for column, dwelling in record.places.items():
        insert(con, "place", record_id=record_id, column_name=column, dwelling_code=dwelling)


def _with_those_before(name: str, checks: Mapping[str, CrossCheck]) -> dict[str, CrossCheck]:
    found = {name: checks[name]}
    for other in checks[name].after:
        found |= _with_those_before(other, checks)
    return found
