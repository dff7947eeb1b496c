"""Everything held about one person: values with their origin, records, family, places, alerts, requests, and who looked.

Belongs here: gathering it from a snapshot, the office and the audit log. Does not: who may ask (warehouse/access), pages (desk).

The report is for the person alone, so no purpose holds anything of theirs back, restricted categories included. What belongs to
other people stays out: cells of their roles in a shared record, and keys that hold their numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from sources.catalogue import load_catalogue
from sources.catalogue.models import Column, Contract
from sources.errors import OneGridError
from sources.tables import has_table, quoted
from warehouse import audit
from warehouse.provenance import ValueProvenance, provenance_for_the_subject

KEPT_ASIDE = frozenset({"record_id", "natural_key", "delivery_date", "position", "updated_on", "left_out"})
LIFE = ("household", "family", "residences", "past_residences", "alerts", "changes", "visits")
"""Parts of the report beside values and records, in the order in which they are shown."""


class UnknownSubject(OneGridError):
    """Nobody in the published snapshot has this id."""


@dataclass(frozen=True, slots=True)
class Held:
    """One record in force that names the person: role, and the cells that speak of the person (typed values, by column)."""

    department: str
    category: str
    natural_key: str | None
    delivery_date: date
    role: str
    cells: dict[str, Any]
    others_named: int


@dataclass(frozen=True, slots=True)
class Seen:
    """One entry of the audit log that names the person."""

    time: str
    user: str
    purpose: str
    command: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Report:
    """The whole report; `life` holds the tables of LIFE that the snapshot has, rows as dicts."""

    person_id: str
    as_of: date
    values: tuple[ValueProvenance, ...]
    records: tuple[Held, ...]
    life: dict[str, list[dict[str, Any]]]
    seen: tuple[Seen, ...]


def report_of(con: duckdb.DuckDBPyConnection, home: Path, person_id: str) -> Report:
    """From an open snapshot. Raises UnknownSubject, AuditProblem when the log is not whole."""
    values = provenance_for_the_subject(con, person_id)
    if not values:
        raise UnknownSubject(what="nobody has this person id", where="published snapshot",
                             remedy="look the id up with `onegrid profile --id-number`, or ask after the next run")
    (as_of,) = con.execute("SELECT as_of FROM published").fetchone() or (None,)
    assert as_of is not None
    records = tuple(_records(con, person_id))
    return Report(person_id, as_of, _own_keys(values, records), records, _life(con, person_id), seen_by(home, person_id))


def _own_keys(values: list[ValueProvenance], records: tuple[Held, ...]) -> tuple[ValueProvenance, ...]:
    """A value that somebody else's record gives (the household's, the spouse's) names its register, not that record's key."""
    own = {(held.category, held.natural_key) for held in records}
    return tuple(value if (value.category, value.natural_key) in own else replace(value, natural_key=None) for value in values)


def seen_by(home: Path, person_id: str) -> tuple[Seen, ...]:
    """Who looked at the person, the newest first. Raises AuditProblem."""
    found = audit.entries(home, person=person_id)
    return tuple(Seen(one.time, one.user, one.purpose, one.command, one.outcome) for one in reversed(found))


def _records(con: duckdb.DuckDBPyConnection, person_id: str) -> list[Held]:
    named = con.execute("SELECT DISTINCT category, record_id, role FROM mention_person WHERE person_id = ? ORDER BY ALL", [person_id])
    held = []
    for category, record_id, role in named.fetchall():
        contract = load_catalogue().contracts.get(category)
        if contract is not None:
            held.append(_record(con, contract, record_id, role))
    return held


def _record(con: duckdb.DuckDBPyConnection, contract: Contract, record_id: int, role: str) -> Held:
    shown = [column for column in contract.data_columns if _is_theirs(contract, column, role)]
    columns = ", ".join(quoted(column.name) for column in shown)
    row = con.execute(f"SELECT natural_key, delivery_date{', ' + columns if columns else ''} FROM {quoted('current_' + contract.category)} "
                      "WHERE record_id = ?", [record_id]).fetchone()
    assert row is not None
    key_is_theirs = all(_is_theirs(contract, contract.column(name), role) for name in contract.natural_key)
    cells = {column.name: value for column, value in zip(shown, row[2:], strict=True) if value is not None}
    others = sum(other.role != role for other in contract.person_roles)
    return Held(contract.department, contract.category, row[0] if key_is_theirs else None, row[1], role, cells, others)


def _is_theirs(contract: Contract, column: Column, role: str) -> bool:
    """A cell of the person's own role, or of the record as a whole where the record is about them (a subject role)."""
    return column.person_role == role or (column.person_role is None and contract.role(role).subject)


def _life(con: duckdb.DuckDBPyConnection, person_id: str) -> dict[str, list[dict[str, Any]]]:
    """Further tables of the snapshot that name the person; other people in them appear by their tie, not by id."""
    statements = {
        "household": ("household_member", """SELECT m.kind, m.relation, h.size FROM household_member AS m
                                             JOIN household AS h USING (kind, household_key) WHERE m.person_id = $1 ORDER BY ALL"""),
        "family": ("family_tie", "SELECT tie, count(*) AS people FROM family_tie WHERE person_id = $1 GROUP BY tie ORDER BY ALL"),
        "residences": ("residence_claim", """SELECT category, column_name, level, dwelling_code, valid_from, valid_to, standing
                                             FROM residence_claim WHERE person_id = $1 ORDER BY ALL"""),
        "past_residences": ("residence_history", """SELECT valid_from, valid_to, township_code, community_code, dwelling_code
                                                    FROM residence_history WHERE person_id = $1 ORDER BY ALL"""),
        "alerts": ("alert", 'SELECT alert_id, "check", state, opened_on FROM alert WHERE person_id = $1 ORDER BY ALL'),
        "changes": ("change_offer", "SELECT department, category, attribute, since FROM change_offer WHERE person_id = $1 ORDER BY ALL"),
        "visits": ("visit", "SELECT * EXCLUDE (person_id) FROM visit WHERE person_id = $1 ORDER BY ALL"),
    }
    life = {}
    for part in LIFE:
        table, statement = statements[part]
        if has_table(con, table):
            cursor = con.execute(statement, [person_id])
            names = [column[0] for column in cursor.description or []]
            life[part] = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return life
