"""The shape of a check's condition in SQL.

A rule's query has one row per record of an alert: person_id (NULL for dwellings and numbers), subject_key (dwelling code or hash of a
number, NULL for persons), alert_group (tells alerts of one person and check apart; empty for one alert per person), record_id and
detail (a class or a number of people that the catalogue lets the recipient know, never a value of a record). `$as_of` is the
reference date.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """Condition of one check of the catalogue."""

    check: str
    query: Callable[[], str]
    urgent: Callable[[], str] | None = None
    """Records (record_id) whose alert has severity high whatever the catalogue's severity is."""


def of_records(condition_rows: str, *records: str) -> str:
    """Rows of an alert from rows that name several record columns: one row per record, one alert per row given.

    `condition_rows` selects person_id and the columns named in `records`; the first of them tells alerts apart.
    """
    parts = [f"SELECT person_id, {records[0]}::VARCHAR AS alert_group, {record} AS record_id FROM found WHERE {record} IS NOT NULL"
             for record in records]
    return f"""
        WITH found AS ({condition_rows})
        SELECT DISTINCT person_id, NULL::VARCHAR AS subject_key, alert_group, record_id, NULL::VARCHAR AS detail
        FROM ({' UNION ALL '.join(parts)})"""


def together(condition_rows: str) -> str:
    """One alert per person over all rows (person_id, record_id)."""
    return f"""
        SELECT DISTINCT person_id, NULL::VARCHAR AS subject_key, '' AS alert_group, record_id, NULL::VARCHAR AS detail
        FROM ({condition_rows})"""
