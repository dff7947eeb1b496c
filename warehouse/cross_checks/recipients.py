"""What each department is told about an alert: its own keys, the granted columns, the words; nothing else.

Belongs here: who receives which alert (clarification 49) and the evidence that `recipients` of the catalogue grants.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import duckdb

from sources.catalogue import load_catalogue
from sources.catalogue.cross_checks import CrossCheck, Recipient
from sources.tables import SHARED_TABLES, create_table, literal, quoted


@dataclass(frozen=True, slots=True)
class AlertLine:
    """One alert as one department sees it."""

    alert_id: str
    check: str
    title_zh: str
    severity: str
    opened_on: str
    own_records: list[str]
    told: str
    evidence: dict[str, Any]
    told_zh: str = ""
    person_id: str | None = None


IDENTIFYING_COLUMNS = {"name", "id_number", "address"}
"""A recipient without a record of its own gets a line only when one of these is granted (clarification 49)."""


def own_categories(department: str) -> tuple[str, ...]:
    return tuple(contract.category for contract in load_catalogue().contracts.values() if contract.department == department)


def address(con: duckdb.DuckDBPyConnection, checks: Mapping[str, CrossCheck]) -> None:
    """`alert_addressee`: one row per alert and department that is told of it, alone and by its own line (not by a count)."""
    con.execute("DROP TABLE IF EXISTS alert_addressee")
    con.execute(create_table("alert_addressee", SHARED_TABLES["alert_addressee"]))
    for check in checks.values():
        for recipient in check.recipients:
            if recipient.form == "records":
                statement, parameters = _eligible(check, recipient)
                con.execute(f"""INSERT INTO alert_addressee (alert_id, department, state)
                                SELECT alert_id, {literal(recipient.department)}, 'open' FROM ({statement})""", parameters)


def counts_by_department(con: duckdb.DuckDBPyConnection) -> list[tuple[str, int]]:
    """Open alert lines per department."""
    return [(department, sum(_count_lines(con, check, recipient) for check in load_catalogue().checks.values()
                             for recipient in check.recipients if recipient.department == department))
            for department in load_catalogue().departments]


def lines_for(con: duckdb.DuckDBPyConnection, department: str, checks: Mapping[str, CrossCheck] | None = None) -> list[AlertLine]:
    """All lines of a department, ordered by severity, check and id."""
    lines = []
    for check in (load_catalogue().checks if checks is None else checks).values():
        for recipient in check.recipients:
            if recipient.department == department:
                lines += _lines(con, check, recipient)
    order = {"high": 0, "medium": 1, "low": 2}
    return sorted(lines, key=lambda line: (order[line.severity], line.check, line.alert_id))


def _eligible(check: CrossCheck, recipient: Recipient) -> tuple[str, list[Any]]:
    """SQL for (alert_id, opened_on, own record keys) of the alerts this recipient is told of.

    Words about granted columns need a record that has them: without a registration of residence among the records, public security is
    not told that the one of the health record differs.
    """
    own = own_categories(recipient.department)
    identifies = any(column.split(".")[1] in IDENTIFYING_COLUMNS for column in recipient.sees)
    shown = ", ".join(sorted({literal(column.split(".")[0]) for column in recipient.sees}))
    has_shown = f"count(*) FILTER (r.category IN ({shown})) > 0" if shown else "true"
    marks = ", ".join("?" for _ in own)
    return f"""
        SELECT alert.alert_id, alert.opened_on, alert.severity, alert.detail,
               list_sort(list(r.category || ' ' || r.natural_key) FILTER (r.category IN ({marks}))) AS own_records, alert.person_id
        FROM alert JOIN alert_record AS r USING (alert_id)
        WHERE alert."check" = ?
        GROUP BY ALL
        HAVING (count(*) FILTER (r.category IN ({marks})) > 0 OR {str(identifies).lower()}) AND {has_shown}""", [*own, check.name, *own]


def _count_lines(con: duckdb.DuckDBPyConnection, check: CrossCheck, recipient: Recipient) -> int:
    if recipient.form == "count_per_township":
        return len(_township_lines(con, check, recipient))
    statement, parameters = _eligible(check, recipient)
    row = con.execute(f"SELECT count(*) FROM ({statement})", parameters).fetchone()
    return int(row[0]) if row else 0


def _lines(con: duckdb.DuckDBPyConnection, check: CrossCheck, recipient: Recipient) -> list[AlertLine]:
    if recipient.form == "count_per_township":
        return _township_lines(con, check, recipient)
    statement, parameters = _eligible(check, recipient)
    found = con.execute(f"{statement} ORDER BY alert.alert_id", parameters).fetchall()
    evidence = _evidence(con, check, recipient)
    return [AlertLine(alert_id, check.name, check.title_zh, severity, str(opened_on), own or [],
                      _told(check, recipient, detail, 1), evidence.get(alert_id, {}), _told(check, recipient, detail, 0), person)
            for alert_id, opened_on, severity, detail, own, person in found]


def _told(check: CrossCheck, recipient: Recipient, detail: str | None, words: int) -> str:
    """The sentence in Chinese (0) or English (1), with the detail that the catalogue lets this recipient know."""
    sentence = recipient.told.en if words else recipient.told.zh
    if not detail:
        return sentence
    if words:
        return f"{sentence} [{detail}]"
    for phrase, zh in check.details.items():
        detail = detail.replace(phrase, zh)
    return f"{sentence}（{detail.replace(', ', '、')}）"


def _evidence(con: duckdb.DuckDBPyConnection, check: CrossCheck, recipient: Recipient) -> dict[str, dict[str, Any]]:
    """Granted columns of the alert's own records, per alert."""
    evidence: dict[str, dict[str, Any]] = {}
    for source in recipient.sees:
        category, column = source.split(".")
        rows = con.execute(f"""
            SELECT alert.alert_id, list_sort(list(DISTINCT r.{quoted(column)}::VARCHAR))
            FROM alert
            JOIN alert_record AS involved ON involved.alert_id = alert.alert_id AND involved.category = ?
            JOIN {quoted('current_' + category)} AS r ON r.natural_key = involved.natural_key
            WHERE alert."check" = ? AND alert.state <> 'rejected' AND r.{quoted(column)} IS NOT NULL
            GROUP BY ALL""", [category, check.name]).fetchall()
        for alert_id, values in rows:
            evidence.setdefault(alert_id, {})[source] = values[0] if len(values) == 1 else values
    return evidence


def _township_lines(con: duckdb.DuckDBPyConnection, check: CrossCheck, recipient: Recipient) -> list[AlertLine]:
    """One line per township with the number of children, no record (clarification 49)."""
    category, column = recipient.sees[0].split(".")
    rows = con.execute(f"""
        SELECT r.{quoted(column)}, count(DISTINCT alert.alert_id), min(alert.opened_on)
        FROM alert
        JOIN alert_record AS involved ON involved.alert_id = alert.alert_id AND involved.category = ?
        JOIN {quoted('current_' + category)} AS r ON r.natural_key = involved.natural_key
        WHERE alert."check" = ? AND alert.state <> 'rejected' AND r.{quoted(column)} IS NOT NULL
        GROUP BY ALL ORDER BY ALL""", [category, check.name]).fetchall()
    return [AlertLine(f"{check.name}-{township}", check.name, check.title_zh, check.severity, str(opened_on), [],
                      _told(check, recipient, None, 1), {source_name: township, "count": count}, _told(check, recipient, None, 0))
            for township, count, opened_on in rows for source_name in (f"{category}.{column}",)]
