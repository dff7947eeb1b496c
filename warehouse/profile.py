"""The profile: 115 attributes of everybody, computed in the order of clarification 11 and laid side by side.

Belongs here: the order of the attribute modules, what has to be computed again for readers who may not know of the
restricted categories, the wide tables, the count of open alerts.
Does not: rules of single attributes (warehouse/attributes), provenance (warehouse/provenance.py).

    profile, profile_open                  one row per person: 115 attributes in the order of the dictionary, known_from
    profile_record, profile_record_open    one row per person: the winning record of every attribute that has sources
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from types import ModuleType

import duckdb

from sources.catalogue import load_catalogue
from sources.tables import quoted
from warehouse.attributes import (
    assistance,
    contact,
    demographics,
    dwelling,
    education,
    employment,
    family,
    family_support,
    health,
    household,
    housing_fund,
    identity,
    justice,
    record_quality,
    registration,
    residence,
    service_needs,
    social_insurance,
    stay,
)
from warehouse.build import ProfileBuild

HIDDEN = frozenset({"care_followups", "resettlement_support"})
"""Clarification 47: that a record exists in these is told to no purpose but public_health and legal_service."""

MODULES: tuple[ModuleType, ...] = (
    identity,
    demographics,
    registration,
    residence,
    stay,
    family,
    household,
    dwelling,
    contact,
    education,
    employment,
    social_insurance,
    housing_fund,
    assistance,
    health,
    justice,
    family_support,
    service_needs,
    record_quality,
)
"""In the order of clarification 11: every module finds the attributes that it needs."""

READ_BESIDES: dict[str, tuple[str, ...]] = {
    "death_date": ("vital_status", "birth_date"),
    "spouse_person": ("vital_status",),
    "children_count": ("vital_status",),
    "guardian_person": ("vital_status", "dwelling_id", "age"),
    "emergency_contact_phone": ("contact_phone",),
    "hukou_address": ("residence_address",),
    "residence_permit_status": ("vital_status",),
    "residence_reason": ("residence_start_date",),
}
"""Attributes that a remark or clarification makes depend on others, beyond their `inputs`, which only inform
(clarification 11)."""

READ_EVERY_CATEGORY = frozenset({"source_count", "last_confirmed_date", "vital_status"})

BATCH = 16
"""Attributes joined in one statement; more make the hash tables outgrow the memory of the smallest machine."""

Report = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class ProfileCounts:
    """What was built: persons, values that are not missing, attributes computed again without the restricted
    categories."""

    persons: int
    values: int
    computed_again: int


def build(con: duckdb.DuckDBPyConnection, as_of: date, on_step: Report | None = None) -> ProfileCounts:
    """Make attr_*, profile, profile_open and their records from the current tables. attr_* hold the values of
    `profile` afterwards."""
    report = on_step or (lambda _step, _rows: None)
    touched = touched_by(HIDDEN)
    steady = _batches("steady", [name for name in stored_attributes() if name not in touched])
    changing = _batches("changing", [name for name in stored_attributes() if name in touched])
    hidden = _has_records(con, HIDDEN)
    _compute(con, MODULES, ProfileBuild(as_of, without=HIDDEN if hidden else frozenset()), report)
    _fill(con, steady | changing)
    _assemble(con, "_open" if hidden else "", steady | changing)
    if hidden:
        _compute(con, [one for one in MODULES if touched & set(one.ATTRIBUTES)], ProfileBuild(as_of), report)
        _fill(con, changing)
        _assemble(con, "", steady | changing)
    else:
        for table in ("profile", "profile_record"):
            con.execute(f"CREATE OR REPLACE TABLE {table}_open AS FROM {table}")
    for batch in steady | changing:
        con.execute(f"DROP TABLE {batch}")
    persons, values = _count(con, "profile"), sum(_count(con, "attr_" + name) for name in stored_attributes())
    report("profile", persons)
    return ProfileCounts(persons, values, len(touched) if hidden else 0)


def fill_open_mismatches(con: duckdb.DuckDBPyConnection) -> None:
    """Count the alerts of each person that are not rejected into open_mismatches; the last step of the order of computation."""
    con.execute("""
        CREATE OR REPLACE TABLE attr_open_mismatches AS
        SELECT everybody.person_id, count(alert.alert_id) AS value, NULL::BIGINT AS record_id
        FROM everybody LEFT JOIN alert ON alert.person_id = everybody.person_id AND alert.state IN ('open', 'acknowledged', 'corrected')
        GROUP BY everybody.person_id""")
    for table in ("profile", "profile_open"):
        con.execute(f"""
            UPDATE {table} SET open_mismatches = found.value
            FROM attr_open_mismatches AS found
            WHERE found.person_id = {table}.person_id AND {table}.open_mismatches IS DISTINCT FROM found.value""")


def stored_attributes() -> tuple[str, ...]:
    """The attributes with a table attr_<name>: all but the key."""
    return tuple(name for name in load_catalogue().attributes if name != "person_id")


def recorded_attributes() -> tuple[str, ...]:
    """The attributes whose value can come from one record: those with sources."""
    return tuple(name for name in stored_attributes() if load_catalogue().attributes[name].sources)


def touched_by(categories: Iterable[str]) -> frozenset[str]:
    """Every attribute that reads one of `categories`, or another attribute that does."""
    attributes, hidden = load_catalogue().attributes, set(categories)
    touched = {name for name, item in attributes.items() if hidden & {category for category, _ in item.source_columns}}
    touched |= READ_EVERY_CATEGORY
    while True:
        more = {
            name for name, item in attributes.items() if touched & {*item.inputs, *READ_BESIDES.get(name, ())}
        } - touched
        if not more:
            return frozenset(touched)
        touched |= more


def _has_records(con: duckdb.DuckDBPyConnection, categories: Iterable[str]) -> bool:
    return any(_count(con, "current_" + category) for category in sorted(categories))


def _compute(
    con: duckdb.DuckDBPyConnection, modules: Iterable[ModuleType], build: ProfileBuild, report: Report
) -> None:
    for module in modules:
        module.build(con, build)
        report(module.__name__.rpartition(".")[2], sum(_count(con, "attr_" + name) for name in module.ATTRIBUTES))


def _batches(name: str, attributes: list[str]) -> dict[str, tuple[str, ...]]:
    """Names of temporary tables and the attributes that each holds."""
    starts = range(0, len(attributes), BATCH)
    return {f"profile_{name}_{number}": tuple(attributes[start : start + BATCH]) for number, start in enumerate(starts)}


def _fill(con: duckdb.DuckDBPyConnection, batches: dict[str, tuple[str, ...]]) -> None:
    """Each batch: values and winning records of its attributes, one row per person."""
    recorded = frozenset(recorded_attributes())
    for batch, names in batches.items():
        tables = {name: quoted("attr_" + name) for name in names}
        values = [f"{table}.value AS {quoted(name)}" for name, table in tables.items()]
        records = [f"{table}.record_id AS {_record_of(name)}" for name, table in tables.items() if name in recorded]
        joins = "\n".join(f"LEFT JOIN {table} ON {table}.person_id = everybody.person_id" for table in tables.values())
        con.execute(f"""
            CREATE OR REPLACE TEMP TABLE {batch} AS
            SELECT everybody.person_id, {", ".join(values + records)}
            FROM everybody {joins}""")


def _assemble(con: duckdb.DuckDBPyConnection, suffix: str, batches: dict[str, tuple[str, ...]]) -> None:
    """profile<suffix> and profile_record<suffix>: the batches side by side."""
    persons = "(SELECT person_id, known_from FROM everybody)"
    joins = "\n".join(f"JOIN {batch} USING (person_id)" for batch in batches)
    values = ", ".join(quoted(name) for name in stored_attributes())
    con.execute(
        f"CREATE OR REPLACE TABLE profile{suffix} AS SELECT person_id, {values}, known_from FROM {persons} {joins}"
    )
    records = ", ".join(f"{_record_of(name)} AS {quoted(name)}" for name in recorded_attributes())
    con.execute(f"CREATE OR REPLACE TABLE profile_record{suffix} AS SELECT person_id, {records} FROM {persons} {joins}")


def _record_of(attribute: str) -> str:
    return quoted("record of " + attribute)


def _count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    row = con.execute(f"SELECT count(*) FROM {quoted(table)}").fetchone()
    return row[0] if row else 0
