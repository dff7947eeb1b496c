"""From the SQL of a check to the rows of its alerts.

Belongs here: the query of a check as its file describes it. Does not: running it (the package), what it may read (views.py).
"""

from __future__ import annotations

from datetime import date

from sources.catalogue.cross_checks import CrossCheck
from sources.tables import literal


def rows_of(check: CrossCheck) -> str:
    """SQL with one row per record of an alert: person_id (NULL for dwellings and values), subject_key (dwelling code, or `value|name|`
    and the value, NULL for persons), alert_group (tells alerts of one person and check apart; empty for one alert per person or subject),
    record_id and detail."""
    form = check.alert
    detail = "detail" if check.details else "NULL::VARCHAR"
    subject, group, person = "NULL::VARCHAR", "''", "person_id"
    if form.per == "row":
        group = ("role || '|' || " if form.role else "") + f"{form.records[0]}::VARCHAR"
    elif form.per == "dwelling":
        subject, person = "dwelling_code", "NULL::VARCHAR"
    elif form.per == "value":
        subject = f"{literal(f'value|{form.value}|')} || {form.value}"
    parts = [f"SELECT {person} AS person_id, {subject} AS subject_key, {group} AS alert_group, {record} AS record_id, {detail} AS detail "
             f"FROM found WHERE {record} IS NOT NULL" for record in form.records]
    return f"WITH found AS (\n{stated(check, check.sql)}\n) SELECT DISTINCT * FROM ({' UNION ALL '.join(parts)})"


def stated(check: CrossCheck, sql: str) -> str:
    """SQL of a check with its own columns in the place of `$columns`."""
    return sql.replace("$columns", f"({', '.join(literal(column) for column in check.columns)})")


def parameters(sql: str, as_of: date) -> dict[str, date]:
    """What is bound to the names that the SQL uses."""
    return {"as_of": as_of} if "$as_of" in sql else {}
