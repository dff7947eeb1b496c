"""Withdrawn records leave the kept snapshots too (clarification 45).

Belongs here: finding records of kept snapshots that were withdrawn since, and writing those snapshots anew.
Does not: history, landed text and quarantine of the working store (sources.history).

A snapshot is never changed in place: readers may have it open, and freed blocks would still hold the values. The new
file takes its place by rename. In it the record and its alerts are gone; of the persons that it named every attribute
that can depend on its category is missing, and who is named by no other record is gone. The manifest counts the records
and forgets what the snapshot was made of, so that `onegrid run --until D` computes that day again, exactly.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from sources.catalogue import load_catalogue
from sources.tables import literal, quoted
from warehouse import rollup
from warehouse.disclosure import write_seed
from warehouse.keys import read_key
from warehouse.profile import touched_by
from warehouse.snapshots import (
    PREFIXES,
    Snapshot,
    copy_tables,
    list_snapshots,
    snapshot_file,
    snapshots_folder,
    sync,
    table_names,
    write_manifest,
)
from warehouse.store import attach, open_connection

KEPT_NAME, WORKING = "kept", "working"
BY_RECORD = frozenset({"mention_person", "place", "disowned_number"})
BY_NAMED = {
    "household_member": ("person_id",),
    "family_tie": ("person_id", "relative"),
    "residence_claim": ("person_id",),
    "residence_history": ("person_id",),
    "change_offer": ("person_id",),
}
"""Tables whose rows can depend on any record of the persons in these columns: of persons whom a withdrawn record names they go."""
BY_PERSON = frozenset({"profile", "profile_open", "profile_record", "profile_record_open", "everybody"})


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A snapshot that was written anew, and how many records left it."""

    number: int
    records: int


def purge_withdrawn(con: duckdb.DuckDBPyConnection, home: Path) -> list[Cleaned]:
    """Remove from every kept snapshot the records that are in force no more. `con` is the working state (open_working).

    Only what the working state knows of counts: a category whose newest applied delivery is older than the snapshot's
    says nothing about withdrawals.
    """
    cleaned = []
    for snapshot in list_snapshots(home):
        file = snapshot_file(home, snapshot.number)
        key = read_key(home)
        attach(con, file, KEPT_NAME, key, read_only=True)
        try:
            found = find_withdrawn(con)
        finally:
            con.execute(f"DETACH {KEPT_NAME}")
        if found:
            _write_anew(con, home, snapshot, key)
            cleaned.append(Cleaned(snapshot.number, found))
    return cleaned


def find_withdrawn(con: duckdb.DuckDBPyConnection) -> int:
    """Fill withdrawn_record with the records of the attached snapshot that have gone; returns their number."""
    con.execute(
        "CREATE OR REPLACE TEMP TABLE withdrawn_record (category VARCHAR, record_id BIGINT, natural_key VARCHAR)"
    )
    in_snapshot = {
        name
        for (name,) in con.execute(
            "SELECT table_name FROM duckdb_tables() WHERE database_name = ?", [KEPT_NAME]
        ).fetchall()
    }
    here = set(table_names(con))
    for category in load_catalogue().deliverable:
        if f"current_{category}" in in_snapshot and f"history_{category}" in here:
            con.execute(
                f"""
                INSERT INTO withdrawn_record
                SELECT {literal(category)}, kept.record_id, kept.natural_key
                FROM {KEPT_NAME}.{quoted("current_" + category)} AS kept
                ANTI JOIN (SELECT natural_key FROM {quoted("history_" + category)} WHERE valid_to IS NULL) AS in_force
                    ON in_force.natural_key = kept.natural_key
                WHERE (SELECT max(delivery_date) FROM ledger WHERE category = {literal(category)} AND stage = 'applied')
                      >= (SELECT max(delivery_date) FROM {KEPT_NAME}.{quoted("current_" + category)})
                """
            )
    (found,) = con.execute("SELECT count(*) FROM withdrawn_record").fetchone() or (0,)
    return int(found)


def _write_anew(con: duckdb.DuckDBPyConnection, home: Path, snapshot: Snapshot, key: str) -> None:
    """The snapshot without the records of withdrawn_record, in place of the old file."""
    file = snapshot_file(home, snapshot.number)
    unfinished = file.with_name("snapshot.duckdb.part")
    unfinished.unlink(missing_ok=True)
    records = con.execute("SELECT category, record_id, natural_key FROM withdrawn_record ORDER BY ALL").to_arrow_table()
    other = open_connection(home)
    try:
        attach(other, file, KEPT_NAME, key, read_only=True)
        other.register("withdrawn", records)
        other.execute("CREATE TEMP TABLE withdrawn_record AS FROM withdrawn")
        other.execute(f"USE {KEPT_NAME}")
        _name_persons(other)
        rows = copy_tables(other, unfinished, key, snapshot.as_of, _remaining)
        attach(other, unfinished, WORKING, key, read_only=False)
        for name in sorted(BY_PERSON & set(rows) - {"everybody"}):
            _blank(other, name)
        if "household" in rows:
            _recount_households(other)
        if "area_count" in rows:
            rows |= _recount_areas(other)
        write_seed(other, WORKING, key)
        other.execute(f"CHECKPOINT {WORKING}")
    finally:
        other.close()
    sync(unfinished)
    write_manifest(
        snapshots_folder(home) / str(snapshot.number) / "manifest.json",
        replace(snapshot, rows=rows, withdrawn=snapshot.withdrawn + records.num_rows, made_of=""),
    )
    unfinished.replace(file)  # after the manifest: a kill between the two is repaired by the next purge
    sync(file.parent)


def _name_persons(con: duckdb.DuckDBPyConnection) -> None:
    """Temporary tables: who is named by which withdrawn category, and who by nothing else."""
    con.execute(
        """
        CREATE TEMP TABLE named_person AS
        SELECT DISTINCT person_id, withdrawn_record.category
        FROM mention_person JOIN withdrawn_record USING (record_id)
        """
    )
    con.execute(
        """
        CREATE TEMP TABLE gone_person AS
        SELECT DISTINCT person_id FROM named_person
        ANTI JOIN (SELECT person_id FROM mention_person
                   ANTI JOIN withdrawn_record USING (record_id)) AS otherwise_named USING (person_id)
        """
    )


def _remaining(name: str) -> str:
    """SQL condition of the rows of a table (alias t) that stay."""
    if name in BY_RECORD or name.startswith(PREFIXES[0]):
        condition = "t.record_id NOT IN (SELECT record_id FROM withdrawn_record)"
    elif name in BY_NAMED:
        condition = " AND ".join(f"t.{column} NOT IN (SELECT person_id FROM named_person)" for column in BY_NAMED[name])
    elif name in BY_PERSON:
        condition = "t.person_id NOT IN (SELECT person_id FROM gone_person)"
    elif name in _BY_CONTENT:
        condition = _BY_CONTENT[name]
    else:
        condition = "true"
    return condition


def _not_its_key(category: str, natural_key: str) -> str:
    return f"""NOT EXISTS (SELECT 1 FROM withdrawn_record AS w
                           WHERE w.category = {category} AND w.natural_key = {natural_key})"""


_OF_ALERTS = f"""t.alert_id NOT IN (SELECT alert_id FROM alert_record AS r
                                    WHERE NOT ({_not_its_key("r.category", "r.natural_key")}))"""
_BY_CONTENT = {
    "quarantine": _not_its_key("t.category", "t.natural_key"),
    "alert": _OF_ALERTS,
    "alert_record": _OF_ALERTS,
    "alert_addressee": _OF_ALERTS,
    "household": """EXISTS (SELECT 1 FROM household_member AS m WHERE m.kind = t.kind AND m.household_key = t.household_key
                            AND m.person_id NOT IN (SELECT person_id FROM named_person))""",
    "visit": """NOT EXISTS (SELECT 1 FROM current_grid_visits AS v JOIN withdrawn_record AS w USING (record_id)
                            WHERE v.dwelling_code = t.dwelling_code AND v.grid_code = t.grid AND v.visit_date = t.visited_on)""",
    "visit_statement": f"""{_not_its_key("'grid_visits'", "t.visit_no")}
                           AND (t.person_id IS NULL OR t.person_id NOT IN (SELECT person_id FROM named_person))""",
}


def _recount_households(con: duckdb.DuckDBPyConnection) -> None:
    """Sizes of the members that stayed; a head who is no longer a member is missing."""
    member = f"{WORKING}.household_member"
    con.execute(f"""
        UPDATE {WORKING}.household AS house SET
            size = (SELECT count(*) FROM {member} AS m WHERE m.kind = house.kind AND m.household_key = house.household_key AND m.counted),
            head = CASE WHEN head NOT IN (SELECT person_id FROM named_person) THEN head END
        WHERE household_key IN (SELECT household_key FROM {KEPT_NAME}.household_member SEMI JOIN named_person USING (person_id))""")


def _recount_areas(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """The roll-up anew, from the profiles as they are now; returns the rows of its tables."""
    con.execute(f"USE {WORKING}")
    try:
        rollup.build(con)
        return {table: (con.execute(f"SELECT count(*) FROM {table}").fetchone() or (0,))[0] for table in rollup.TABLES}
    finally:
        con.execute(f"USE {KEPT_NAME}")


def _blank(con: duckdb.DuckDBPyConnection, table: str) -> None:
    """What can depend on a withdrawn record of a person becomes missing."""
    columns = [column for column, *_ in con.execute(f"DESCRIBE {WORKING}.{quoted(table)}").fetchall()]
    for (category,) in con.execute("SELECT DISTINCT category FROM named_person ORDER BY category").fetchall():
        touched = [name for name in columns if name in touched_by([category]) and name != "person_id"]
        con.execute(
            f"""UPDATE {WORKING}.{quoted(table)} SET {", ".join(f"{quoted(name)} = NULL" for name in touched)}
                WHERE person_id IN (SELECT person_id FROM named_person WHERE category = ?)""",
            [category],
        )
