"""Messages from a run: what each department has to be told that it was not told before.

Belongs here: `enqueue`. Everything is decided in DuckDB over all alerts at once and written in one transaction of the office.
Does not: what a message says (rendering.py).
"""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
from sqlalchemy import func, insert, select

from sources.catalogue import load_catalogue
from sources.tables import literal
from warehouse.alerts.states import Cause
from warehouse.alerts.tables import AlertEvent
from warehouse.office.bulk import batches, load_rows
from warehouse.office.database import office
from warehouse.office.sealing import derived_key, keyed_digest_sql
from warehouse.outbox.tables import OutboxMessage

OPENED, REOPENED, AGAIN, SEVERITY, CLOSED, COUNT = "opened", "reopened", "again", "severity", "closed", "count"
QUIET = ("rejected", "closed")
"""States in which a department is not told again."""
MOST_IN_A_BATCH = 100_000
"""A department that is told more by one run gets several folders: a sheet ends at 1,048,576 rows, and people open these files."""
COLUMNS = ("message_id", "alert_id", "department", "step", "check", "severity", "event")


def enqueue(con: duckdb.DuckDBPyConnection, home: Path, as_of: date, run: str) -> int:
    """Write the messages of a run from `alert` and `alert_addressee`; returns how many are new.

    The same alerts again give none, whatever the run is called; an earlier day than the newest message gives none. Counts per township
    go out once per run. Raises OfficeProblem; then nothing is written.
    """
    with office(home) as session:
        newest = session.scalar(select(func.max(OutboxMessage.as_of)))
        if newest is not None and as_of < newest:
            return 0
        one = OutboxMessage
        rows = session.execute(select(one.alert_id, one.department, one.step, one.check, one.severity, one.event, one.run)).all()
        kinds = (pa.string(), pa.string(), pa.int64(), pa.string(), pa.string(), pa.string(), pa.string())
        names = ("alert_id", "department", "step", "check", "severity", "event", "run")
        again = select(AlertEvent.alert_id, AlertEvent.department, func.count()).where(
            AlertEvent.cause.in_((Cause.FACTS, Cause.STILL))).group_by(AlertEvent.alert_id, AlertEvent.department)
        load_rows(con, "opened_again", session.execute(again).all(),
                  {"alert_id": pa.string(), "department": pa.string(), "times": pa.int64()})
        arrays = [pa.array([row[place] for row in rows], kind) for place, kind in enumerate(kinds)]
        con.register("told_rows", pa.table(arrays, names=list(names)))
        try:
            found = con.execute(_new_messages(home), {"run": run}).fetchall()
        finally:
            con.unregister("told_rows")
        batch = (session.scalar(select(func.max(one.batch))) or 0) + 1
        fixed = {"as_of": as_of, "run": run, "sent_at": None}
        queued: Counter[str] = Counter()
        messages = []
        for row in found:
            message = dict(zip(COLUMNS, row, strict=True)) | fixed
            messages.append(message | {"batch": batch + queued[message["department"]] // MOST_IN_A_BATCH})
            queued[message["department"]] += 1
        for part in batches(messages):
            session.execute(insert(one), part)
    return len(found)


def _new_messages(home: Path) -> str:
    """SQL for COLUMNS of the messages to write, in the order of alert and department."""
    quiet = ", ".join(literal(state) for state in QUIET)
    counted = [f"SELECT {literal('count ' + check.name)}, {literal(recipient.department)}, {literal(check.name)}"
               for check in load_catalogue().checks.values() for recipient in check.recipients if recipient.form == "count_per_township"]
    text = "alert_id || '|' || department || '|' || event || '|' || step::VARCHAR || '|' || $run"
    counts = " UNION ALL ".join(counted) or "SELECT NULL, NULL, NULL WHERE false"
    return f"""
        WITH last AS (
            SELECT alert_id, department, max(step) AS step, arg_max("check", step) AS "check", arg_max(severity, step) AS severity,
                   arg_max(event, step) AS event, arg_max(run, step) AS run, count(*) FILTER (event = '{AGAIN}') AS again_told
            FROM told_rows GROUP BY ALL),
        present AS (
            SELECT told.alert_id, told.department, alert."check", alert.severity, told.state
            FROM alert_addressee AS told JOIN alert USING (alert_id)),
        news AS (
            SELECT present.alert_id, present.department, coalesce(last.step, 0) + 1 AS step, present."check", present.severity,
                   CASE WHEN last.event IS NULL THEN '{OPENED}' WHEN last.event = '{CLOSED}' THEN '{REOPENED}'
                        WHEN opened_again.times > last.again_told THEN '{AGAIN}'
                        WHEN last.severity <> present.severity THEN '{SEVERITY}' END AS event
            FROM present LEFT JOIN last USING (alert_id, department) LEFT JOIN opened_again USING (alert_id, department)
            WHERE present.state NOT IN ({quiet})
            UNION ALL
            SELECT last.alert_id, last.department, last.step + 1, last."check", last.severity, '{CLOSED}'
            FROM last ANTI JOIN present USING (alert_id, department) WHERE last.event NOT IN ('{CLOSED}', '{COUNT}')
            UNION ALL
            SELECT c.alert_id, c.department, coalesce(last.step, 0) + 1, c."check", found.severity, '{COUNT}'
            FROM ({counts}) AS c(alert_id, department, "check")
            JOIN (SELECT "check", max(severity) AS severity FROM alert WHERE state NOT IN ({quiet}) GROUP BY ALL) AS found USING ("check")
            LEFT JOIN last USING (alert_id, department) WHERE last.run IS DISTINCT FROM $run)
        SELECT {keyed_digest_sql(text, derived_key(home, "outbox"))} AS message_id, alert_id, department, step, "check", severity, event
        FROM news WHERE event IS NOT NULL ORDER BY alert_id, department"""
