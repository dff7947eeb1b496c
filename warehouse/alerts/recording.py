"""Bringing a run into the book: alerts that are new, gone, back, or whose facts changed.

Belongs here: `record_run`. Everything is decided in DuckDB, over all alerts at once, and written in one transaction of the office.
Does not: what people answer (lifecycle.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from warehouse.alerts.due import due_on
from warehouse.alerts.states import LIVE, Cause, State
from warehouse.alerts.tables import Addressee, AlertEvent, BookedAlert, BookedRun
from warehouse.office.bulk import batches, load_rows, rows_of, update_many
from warehouse.office.database import office

ACCOUNT = "onegrid"
"""The account that stands for runs in the history of an alert."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a run changed in the book, in alerts (`opened`: new ones, `reopened`: back, with changed facts, or still found)."""

    found: int
    opened: int = 0
    reopened: int = 0
    closed: int = 0
    behind: bool = False


def record_run(con: duckdb.DuckDBPyConnection, home: Path, as_of: date, run: str, *, now: datetime) -> Recorded:
    """Bring `alert`, `alert_record` and `alert_addressee` of the working store into the book, then write states and days back into them.

    The same run again changes nothing. A run of an earlier day than the book's newest (`behind`) changes nothing in the book.
    Raises OfficeProblem; then neither the book nor the tables have changed.
    """
    with office(home) as session:
        newest = session.scalar(select(func.max(BookedRun.as_of)))
        _load_book(con, session)
        (found,) = con.execute("SELECT count(*) FROM alert").fetchone() or (0,)
        if newest is not None and as_of < newest:
            recorded = Recorded(int(found), behind=True)
        else:
            _decide(con, as_of)
            recorded = _write(con, session, as_of, run, now, int(found))
            session.flush()
            _load_book(con, session)
        _write_back(con)
    return recorded


def _load_book(con: duckdb.DuckDBPyConnection, session: Session) -> None:
    """Temporary tables book_alert and book_addressee: the book as it is."""
    alerts = select(BookedAlert.alert_id, BookedAlert.severity, BookedAlert.facts, BookedAlert.holds, BookedAlert.opened_on)
    addressees = select(Addressee.alert_id, Addressee.department, Addressee.state, Addressee.due_on, Addressee.answered_as_of,
                        Addressee.answered_facts)
    load_rows(con, "book_alert", session.execute(alerts).all(), {
        "alert_id": pa.string(), "severity": pa.string(), "facts": pa.string(), "holds": pa.bool_(), "opened_on": pa.date32()})
    load_rows(con, "book_addressee", session.execute(addressees).all(), {
        "alert_id": pa.string(), "department": pa.string(), "state": pa.string(), "due_on": pa.date32(), "answered_as_of": pa.date32(),
        "answered_facts": pa.string()})


def _decide(con: duckdb.DuckDBPyConnection, as_of: date) -> None:
    """`book_step`: one row per alert and department whose state changes, with its cause; `book_gone`: alerts whose condition is gone.

    A rejected alert stays quiet while its facts are those that were rejected. A corrected one is open again when a delivery of the
    department in a category of the alert has come since the answer and the condition still holds.
    """
    con.execute("""
        CREATE OR REPLACE TEMP TABLE delivered_since AS
        SELECT r.alert_id, ledger.department, max(ledger.delivery_date) AS newest
        FROM alert_record AS r JOIN ledger ON ledger.category = r.category AND ledger.stage = 'applied' AND ledger.delivery_date <= $as_of
        GROUP BY ALL""", {"as_of": as_of})
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE book_step AS
        SELECT * FROM (
            SELECT told.alert_id, told.department, known.state AS from_state, '{State.OPEN}' AS to_state,
                   CASE WHEN booked.alert_id IS NULL THEN '{Cause.FOUND}'
                        WHEN NOT booked.holds THEN '{Cause.RETURNED}'
                        WHEN known.state IS NULL OR known.state = '{State.CLOSED}' THEN '{Cause.ADDRESSED}'
                        WHEN known.state = '{State.REJECTED}' AND known.answered_facts IS DISTINCT FROM alert.facts THEN '{Cause.FACTS}'
                        WHEN known.state = '{State.CORRECTED}' AND since.newest > known.answered_as_of THEN '{Cause.STILL}' END AS cause
            FROM alert_addressee AS told JOIN alert USING (alert_id)
            LEFT JOIN book_alert AS booked ON booked.alert_id = told.alert_id
            LEFT JOIN book_addressee AS known ON known.alert_id = told.alert_id AND known.department = told.department
            LEFT JOIN delivered_since AS since ON since.alert_id = told.alert_id AND since.department = told.department)
        WHERE cause IS NOT NULL
        UNION ALL
        SELECT known.alert_id, known.department, known.state, '{State.CLOSED}',
               CASE WHEN alert.alert_id IS NULL THEN '{Cause.GONE}' ELSE '{Cause.ADDRESSED}' END
        FROM book_addressee AS known
        LEFT JOIN alert_addressee AS told ON told.alert_id = known.alert_id AND told.department = known.department
        LEFT JOIN alert ON alert.alert_id = known.alert_id
        WHERE told.alert_id IS NULL AND known.state <> '{State.CLOSED}'""")
    con.execute("CREATE OR REPLACE TEMP TABLE book_gone AS SELECT alert_id FROM book_alert ANTI JOIN alert USING (alert_id) WHERE holds")


def _write(con: duckdb.DuckDBPyConnection, session: Session, as_of: date, run: str, now: datetime, found: int) -> Recorded:
    moment = now.astimezone(UTC).replace(tzinfo=None)
    new = rows_of(con, """SELECT alert_id, "check", severity, person_id, facts, true AS holds, $1::DATE AS opened_on, NULL AS closed_on,
                               0 AS reopened FROM alert ANTI JOIN book_alert USING (alert_id) ORDER BY alert_id""", [as_of])
    for batch in batches(new):
        session.execute(insert(BookedAlert), batch)
    back = rows_of(con, """SELECT alert.alert_id AS b_id, $1::DATE AS b_opened FROM alert JOIN book_alert USING (alert_id)
                         WHERE NOT book_alert.holds ORDER BY 1""", [as_of])
    update_many(session, update(BookedAlert).where(BookedAlert.alert_id == bindparam("b_id")).values(
        holds=True, closed_on=None, opened_on=bindparam("b_opened"), reopened=BookedAlert.reopened + 1), back)
    other = rows_of(con, """SELECT alert.alert_id AS b_id, alert.severity AS b_severity, alert.facts AS b_facts
                          FROM alert JOIN book_alert AS booked USING (alert_id)
                          WHERE alert.severity <> booked.severity OR alert.facts <> booked.facts ORDER BY 1""")
    update_many(session, update(BookedAlert).where(BookedAlert.alert_id == bindparam("b_id")).values(
        severity=bindparam("b_severity"), facts=bindparam("b_facts")), other)
    gone = rows_of(con, "SELECT alert_id AS b_id, $1::DATE AS b_closed FROM book_gone ORDER BY 1", [as_of])
    update_many(session, update(BookedAlert).where(BookedAlert.alert_id == bindparam("b_id")).values(
        holds=False, closed_on=bindparam("b_closed")), gone)
    reopened = _steps(con, session, as_of, moment)
    if session.get(BookedRun, run) is None:
        session.add(BookedRun(run=run, as_of=as_of, happened_at=moment, found=found, opened=len(new), closed=len(gone)))
    return Recorded(found, len(new), reopened, len(gone))


def _steps(con: duckdb.DuckDBPyConnection, session: Session, as_of: date, moment: datetime) -> int:
    """Write the steps of departments and their events; returns how many alerts are open again."""
    steps = rows_of(con, """
        SELECT step.alert_id, step.department, step.from_state, step.to_state, step.cause, alert.severity,
               list_sort(list(DISTINCT r.category)) AS categories
        FROM book_step AS step LEFT JOIN alert USING (alert_id) LEFT JOIN alert_record AS r USING (alert_id)
        GROUP BY ALL ORDER BY ALL""")
    dues: dict[tuple[Any, ...], date] = {}
    for step in steps:
        if step["to_state"] == State.OPEN:
            asked = (step["severity"], step["department"], tuple(step["categories"]))
            step["due_on"] = dues[asked] if asked in dues else dues.setdefault(asked, due_on(*asked, as_of))
    unknown = [step for step in steps if step["from_state"] is None]
    for batch in batches([{"alert_id": step["alert_id"], "department": step["department"], "state": step["to_state"], "version": 1,
                            "due_on": step["due_on"], "assignee": None, "answered_as_of": None, "answered_facts": None}
                           for step in unknown]):  # fmt: skip
        session.execute(insert(Addressee), batch)
    where = (Addressee.alert_id == bindparam("b_id")) & (Addressee.department == bindparam("b_department"))
    open_again = [step for step in steps if step["from_state"] is not None and step["to_state"] == State.OPEN]
    update_many(session, update(Addressee).where(where).values(
        state=State.OPEN, version=Addressee.version + 1, due_on=bindparam("b_due"), answered_as_of=None, answered_facts=None),
        [{"b_id": step["alert_id"], "b_department": step["department"], "b_due": step["due_on"]} for step in open_again])
    closed = [step for step in steps if step["to_state"] == State.CLOSED]
    update_many(session, update(Addressee).where(where).values(state=State.CLOSED, version=Addressee.version + 1),
            [{"b_id": step["alert_id"], "b_department": step["department"]} for step in closed])
    for batch in batches([{"alert_id": step["alert_id"], "department": step["department"], "happened_at": moment, "as_of": as_of,
                            "account": ACCOUNT, "cause": step["cause"], "from_state": step["from_state"], "to_state": step["to_state"],
                            "words": None} for step in steps]):  # fmt: skip
        session.execute(insert(AlertEvent), batch)
    return len({step["alert_id"] for step in steps if step["cause"] in (Cause.RETURNED, Cause.FACTS, Cause.STILL)})


def _write_back(con: duckdb.DuckDBPyConnection) -> None:
    """State, days and due dates of the book into the tables that a snapshot takes along."""
    rank = " ".join(f"WHEN '{state}' THEN {place}" for place, state in enumerate(State))
    back = " ".join(f"WHEN {place} THEN '{state}'" for place, state in enumerate(State))
    con.execute("""UPDATE alert_addressee AS told SET state = known.state, due_on = known.due_on
                   FROM book_addressee AS known WHERE known.alert_id = told.alert_id AND known.department = told.department""")
    con.execute(f"""
        UPDATE alert SET opened_on = booked.opened_on, due_on = coming.due_on, state = coalesce(coming.state, '{State.OPEN}')
        FROM book_alert AS booked
        LEFT JOIN (SELECT alert_id, CASE min(CASE state {rank} END) {back} END AS state,
                          min(due_on) FILTER (state IN ({", ".join(f"'{state}'" for state in LIVE)})) AS due_on
                   FROM book_addressee GROUP BY alert_id) AS coming USING (alert_id)
        WHERE booked.alert_id = alert.alert_id""")
