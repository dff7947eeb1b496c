"""Bringing the offers of a run into the office: new ones, those that were carried out, those whose reason is gone.

Belongs here: `record_run`. Does not: finding offers (building.py), answers (lifecycle.py).
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

from sources.catalogue import load_catalogue
from sources.tables import has_table, literal, quoted
from warehouse.changes.lifecycle import State
from warehouse.changes.tables import Change, ChangeEvent, ChangeRun
from warehouse.office.bulk import batches, load_rows, rows_of, update_many
from warehouse.office.database import office
from warehouse.office.sealing import derived_key, keyed_digest_sql

BEFORE = "change_offer_before"
"""Working store: the offers of the run before, to tell what was carried out from what is simply gone."""
ACCOUNT = "onegrid"


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a run changed, in offers."""

    found: int
    offered: int = 0
    done: int = 0
    withdrawn: int = 0
    behind: bool = False


def record_run(con: duckdb.DuckDBPyConnection, home: Path, as_of: date, run: str, *, now: datetime) -> Recorded:
    """Bring `change_offer` into the office. The same run again changes nothing, a run of an earlier day neither.

    An offer that is there no more is done when the department's record now states what was offered (or, where no value was said, states
    something else than before), else withdrawn. One that comes back, or that was rejected and whose facts changed, is offered again.
    """
    with office(home) as session:
        newest = session.scalar(select(func.max(ChangeRun.as_of)))
        (found,) = con.execute("SELECT count(DISTINCT change_id) FROM change_offer").fetchone() or (0,)
        if newest is not None and as_of < newest:
            return Recorded(int(found), behind=True)
        known = session.execute(select(Change.change_id, Change.state, Change.facts)).all()
        load_rows(con, "change_known", known, {"change_id": pa.string(), "state": pa.string(), "facts": pa.string()})
        _decide(con, home)
        recorded = _write(con, session, as_of, run, now, int(found))
    con.execute(f"CREATE OR REPLACE TABLE {BEFORE} AS FROM change_offer")
    return recorded


def _decide(con: duckdb.DuckDBPyConnection, home: Path) -> None:
    """change_step: change_id, from_state, to_state; change_present: the offers with their facts."""
    con.execute(f"CREATE OR REPLACE TEMP MACRO keyed_facts(stated) AS {keyed_digest_sql('stated', derived_key(home, 'change facts'))}")
    con.execute("""
        CREATE OR REPLACE TEMP TABLE change_present AS
        SELECT DISTINCT ON (change_id) *, keyed_facts(concat_ws('|', coalesce(held, '-'), coalesce(offered, '-'), told_en)) AS facts
        FROM change_offer ORDER BY change_id, natural_key""")
    carried_out = _carried_out(con)
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE change_step AS
        SELECT present.change_id, known.state AS from_state, '{State.OFFERED}' AS to_state
        FROM change_present AS present LEFT JOIN change_known AS known USING (change_id)
        WHERE known.state IS NULL OR known.state IN ('{State.DONE}', '{State.WITHDRAWN}')
           OR (known.state = '{State.REJECTED}' AND known.facts <> present.facts)
        UNION ALL
        SELECT known.change_id, known.state, CASE WHEN out.change_id IS NULL THEN '{State.WITHDRAWN}' ELSE '{State.DONE}' END
        FROM change_known AS known ANTI JOIN change_present USING (change_id)
        LEFT JOIN ({carried_out}) AS out ON out.change_id = known.change_id
        WHERE known.state NOT IN ('{State.DONE}', '{State.WITHDRAWN}')""")


def _carried_out(con: duckdb.DuckDBPyConnection) -> str:
    """SQL: ids of former offers whose record now states what was offered, or no longer what it held."""
    if not has_table(con, BEFORE):
        return "SELECT NULL::VARCHAR AS change_id WHERE false"
    parts = []
    for category, column in con.execute(f"SELECT DISTINCT category, column_name FROM {BEFORE} WHERE column_name IS NOT NULL "
                                        "ORDER BY ALL").fetchall():
        if category in load_catalogue().contracts and column in load_catalogue().contracts[category].by_name:
            parts.append(f"""
                SELECT former.change_id FROM {BEFORE} AS former
                JOIN {quoted('current_' + category)} AS r ON r.natural_key = former.natural_key
                WHERE former.category = {literal(category)} AND former.column_name = {literal(column)}
                  AND CASE WHEN former.offered IS NULL OR {literal(column)} LIKE '%address%'
                           THEN r.{quoted(column)}::VARCHAR IS DISTINCT FROM former.held
                           ELSE r.{quoted(column)}::VARCHAR IS NOT DISTINCT FROM former.offered END""")
    return " UNION ".join(parts) or "SELECT NULL::VARCHAR AS change_id WHERE false"


def _write(con: duckdb.DuckDBPyConnection, session: Session, as_of: date, run: str, now: datetime, found: int) -> Recorded:
    moment = now.astimezone(UTC).replace(tzinfo=None)
    steps = rows_of(con, """SELECT step.*, present.origin, present.department, present.category, present.attribute, present.person_id,
                                   present.facts
                            FROM change_step AS step LEFT JOIN change_present AS present USING (change_id) ORDER BY change_id""")
    new = [step for step in steps if step["from_state"] is None]
    shared = ("change_id", "origin", "department", "category", "attribute", "person_id", "facts")
    for batch in batches([{name: step[name] for name in shared} | {"state": State.OFFERED, "version": 1, "offered_on": as_of,
                                                                  "ended_on": None} for step in new]):  # fmt: skip
        session.execute(insert(Change), batch)
    again = [step for step in steps if step["from_state"] is not None and step["to_state"] == State.OFFERED]
    update_many(session, update(Change).where(Change.change_id == bindparam("b_id")).values(
        state=State.OFFERED, version=Change.version + 1, facts=bindparam("b_facts"), offered_on=as_of, ended_on=None),
        [{"b_id": step["change_id"], "b_facts": step["facts"]} for step in again])
    ended = [step for step in steps if step["to_state"] != State.OFFERED]
    update_many(session, update(Change).where(Change.change_id == bindparam("b_id")).values(
        state=bindparam("b_state"), version=Change.version + 1, ended_on=as_of),
        [{"b_id": step["change_id"], "b_state": step["to_state"]} for step in ended])
    events: list[dict[str, Any]] = [{"change_id": step["change_id"], "happened_at": moment, "as_of": as_of, "account": ACCOUNT,
                                     "from_state": step["from_state"], "to_state": step["to_state"], "words": None} for step in steps]
    for batch in batches(events):
        session.execute(insert(ChangeEvent), batch)
    if session.get(ChangeRun, run) is None:
        session.add(ChangeRun(run=run, as_of=as_of))
    done = sum(step["to_state"] == State.DONE for step in ended)
    return Recorded(found, len(new) + len(again), done, len(ended) - done)
