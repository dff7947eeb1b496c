"""Snapshots: what readers see. Published whole, encrypted; the last ones are kept and any of them can be current.

Belongs here: copying the working tables into a snapshot, switching `snapshots/current`, listing, opening, deleting.
Does not: withdrawing records from kept snapshots (withdrawal.py), answering questions (queries/).

    home/snapshots/<number>/snapshot.duckdb, manifest.json     complete as soon as the folder has its number
    home/snapshots/current                                     text file with the number that readers get
    home/snapshots/.building-<number>                          left by a killed writer; removed by the next publish
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from sources.errors import OneGridError
from sources.tables import quoted
from warehouse.configuration import load_configuration
from warehouse.disclosure import write_seed
from warehouse.keys import read_key
from warehouse.store import StoreProblem, attach, open_connection

FIXED_TABLES = (
    "ledger",
    "quarantine",
    "cell_flags",
    "mention_person",
    "everybody",
    "place",
    "disowned_number",
    "alert",
    "alert_record",
    "alert_addressee",
    "change_offer",
    "household",
    "household_member",
    "family_tie",
    "residence_claim",
    "residence_history",
    "dwelling_gone",
    "area",
    "area_count",
    "organisation",
    "organisation_mention",
    "boundary",
    "dwelling_location",
    "visit",
    "visit_statement",
)
PREFIXES = ("current_", "profile")
"""Tables of a snapshot: these names, and every table whose name begins so (current records, profiles, provenance)."""

PROFILES = ("profile", "profile_open")
BUILT_NAME = "snapshot_built"


class NoSnapshot(OneGridError):
    """There is no snapshot that answers."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One published state. `rows` counts each table; `withdrawn` counts records removed from it later."""

    number: int
    as_of: date
    run: str
    made_of: str
    rows: dict[str, int] = field(default_factory=dict)
    withdrawn: int = 0


def snapshots_folder(home: Path) -> Path:
    return home / "snapshots"


def snapshot_file(home: Path, number: int) -> Path:
    return snapshots_folder(home) / str(number) / "snapshot.duckdb"


def list_snapshots(home: Path) -> list[Snapshot]:
    """Every kept snapshot, by number."""
    kept = []
    for folder in snapshots_folder(home).glob("*"):
        if folder.name.isdigit():
            with suppress(FileNotFoundError):  # deleted by the writer between the two looks
                kept.append(read_manifest(folder / "manifest.json"))
    return sorted(kept, key=lambda snapshot: snapshot.number)


def current(home: Path) -> Snapshot | None:
    """The snapshot that readers get; None before the first publish."""
    pointer = snapshots_folder(home) / "current"
    if not pointer.exists():
        return None
    number = int(pointer.read_text(encoding="utf-8"))
    return next((snapshot for snapshot in list_snapshots(home) if snapshot.number == number), None)


def activate(home: Path, number: int) -> Snapshot:
    """Make a kept snapshot current. Raises NoSnapshot with the kept ones."""
    chosen = next((snapshot for snapshot in list_snapshots(home) if snapshot.number == number), None)
    if chosen is None:
        raise NoSnapshot(
            what=f"there is no snapshot {number}",
            where=str(snapshots_folder(home)),
            remedy=f"choose one of: {_kept(home)}",
        )
    replace_file(snapshots_folder(home) / "current", f"{number}\n")
    return chosen


def publish(
    con: duckdb.DuckDBPyConnection, home: Path, as_of: date, run: str, made_of: str = "", *, switch: bool | None = None
) -> Snapshot:
    """Copy the working tables of `con` into a new snapshot and make it current. Only for the writer (open_working).

    A snapshot with an earlier as_of than the current one is kept without becoming current, unless `switch` is True.
    A kill at any moment leaves the old snapshot current.
    """
    folder = snapshots_folder(home)
    folder.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(folder)
    before = current(home)
    number = _next_number(folder)
    building = folder / f".building-{number}"
    building.mkdir()
    try:
        rows = copy_tables(con, building / "snapshot.duckdb", read_key(home), as_of)
    except (duckdb.IOException, duckdb.FatalException, OSError):
        shutil.rmtree(building, ignore_errors=True)
        raise StoreProblem(
            what="the snapshot could not be written; readers keep the current one",
            where=str(folder),
            remedy="look for free space (a snapshot needs as much as the last one), then run again",
        ) from None
    snapshot = Snapshot(number, as_of, run, made_of, rows)
    write_manifest(building / "manifest.json", snapshot)
    sync(building / "snapshot.duckdb")
    sync(building)
    building.rename(folder / str(number))
    sync(folder)
    if switch or (switch is None and (before is None or as_of >= before.as_of)):
        activate(home, number)
    _delete_old(home, load_configuration(home).keep_snapshots)
    return snapshot


@contextmanager
def open_snapshot(
    home: Path, as_of: date | None = None, *, threads: int | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A read-only connection to the current snapshot, or to the newest one with this as_of.

    Raises NoSnapshot, KeyProblem, WrongKey.
    """
    choose(home, as_of)
    key = read_key(home)
    con = open_connection(home, threads=threads)
    try:
        _attach_chosen(con, home, as_of, key)
        con.execute("USE snapshot")
        yield con
    finally:
        con.close()


def _attach_chosen(con: duckdb.DuckDBPyConnection, home: Path, as_of: date | None, key: str) -> None:
    """Attach what `choose` says; once more when the writer deleted it in between."""
    for attempt in (1, 2, 3):
        file = snapshot_file(home, choose(home, as_of).number)
        try:
            attach(con, file, "snapshot", key, read_only=True)
        except StoreProblem:
            if attempt == 3 or file.exists():
                raise
        else:
            return


def choose(home: Path, as_of: date | None = None) -> Snapshot:
    """The current snapshot, or the newest with this as_of. Raises NoSnapshot with the available days."""
    if as_of is None:
        chosen = current(home)
        if chosen is None:
            raise NoSnapshot(
                what="nothing has been published yet",
                where=str(snapshots_folder(home)),
                remedy="`onegrid run --deliveries DIR --home DIR`"
                + (f", or activate one of: {_kept(home)}" if _kept(home) else ""),
            )
        return chosen
    present = current(home)
    if present is not None and present.as_of == as_of:
        return present
    found = [snapshot for snapshot in list_snapshots(home) if snapshot.as_of == as_of]
    if not found:
        raise NoSnapshot(
            what=f"there is no snapshot as of {as_of}",
            where=str(snapshots_folder(home)),
            remedy=f"`onegrid run --until {as_of}` makes one; kept: {_kept(home) or 'none'}",
        )
    return found[-1]


def read_manifest(path: Path) -> Snapshot:
    stated: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return Snapshot(**(stated | {"as_of": date.fromisoformat(stated["as_of"])}))


def write_manifest(path: Path, snapshot: Snapshot) -> None:
    """Numbers and names of tables only; nothing about persons."""
    replace_file(path, json.dumps(asdict(snapshot) | {"as_of": snapshot.as_of.isoformat()}, indent=1) + "\n")


def replace_file(path: Path, text: str) -> None:
    """The file holds the old text or the new one, never a part."""
    unfinished = path.with_name(f".{path.name}.new")
    with unfinished.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    sync(path.parent)


def sync(path: Path) -> None:
    """Make a file or the entries of a folder survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _kept(home: Path) -> str:
    return ", ".join(f"{snapshot.number} (as of {snapshot.as_of})" for snapshot in list_snapshots(home))


def _remove_leftovers(folder: Path) -> None:
    for leftover in folder.glob(".building-*"):
        shutil.rmtree(leftover)
    for leftover in folder.glob("*/snapshot.duckdb.part*"):
        leftover.unlink()


def _next_number(folder: Path) -> int:
    """One more than every number used so far; the newest snapshot is never deleted, so numbers are not used twice."""
    return max((int(entry.name) for entry in folder.iterdir() if entry.name.isdigit()), default=0) + 1


def copy_tables(
    con: duckdb.DuckDBPyConnection,
    file: Path,
    key: str,
    as_of: date,
    remaining: Callable[[str], str] = lambda _: "true",
) -> dict[str, int]:
    """Every table of a snapshot from the current database into a new encrypted file; returns the rows of each.

    `remaining` gives, by table name, the SQL condition of the rows that go along. `published` says as_of.
    """
    names = table_names(con)
    rows: dict[str, int] = {}
    attach(con, file, BUILT_NAME, key, read_only=False)
    try:
        for name in names:
            if name in FIXED_TABLES or name.startswith(PREFIXES):
                rows_of_table = f"{_contents(con, name)} WHERE {remaining(name)}"
                con.execute(f"CREATE TABLE {BUILT_NAME}.{quoted(name)} AS {rows_of_table}")
                rows[name] = (con.execute(f"SELECT count(*) FROM {BUILT_NAME}.{quoted(name)}").fetchone() or (0,))[0]
        con.execute(f"CREATE TABLE {BUILT_NAME}.published AS SELECT ?::DATE AS as_of", [as_of])
        write_seed(con, BUILT_NAME, key)
        con.execute(f"CHECKPOINT {BUILT_NAME}")
    finally:
        con.execute(f"DETACH {BUILT_NAME}")
    return rows


def table_names(con: duckdb.DuckDBPyConnection) -> list[str]:
    """The tables of the current database, by name."""
    found = con.execute(
        """SELECT table_name FROM duckdb_tables()
           WHERE database_name = current_database() AND NOT temporary ORDER BY table_name"""
    ).fetchall()
    return [name for (name,) in found]


def _contents(con: duckdb.DuckDBPyConnection, name: str) -> str:
    """SELECT of a table; every query asks for known_from, so it stands in the profiles."""
    columns = {column for column, *_ in con.execute(f"DESCRIBE {quoted(name)}").fetchall()}
    if name not in PROFILES or "known_from" in columns:
        return f"SELECT t.* FROM {quoted(name)} AS t"
    return f"SELECT t.*, everybody.known_from FROM {quoted(name)} AS t LEFT JOIN everybody USING (person_id)"


def _delete_old(home: Path, keep: int) -> None:
    """Keep the `keep` newest snapshots and the current one."""
    present = current(home)
    for snapshot in list_snapshots(home)[:-keep]:
        if present is None or snapshot.number != present.number:
            doomed = snapshots_folder(home) / str(snapshot.number)
            leaving = doomed.with_name(f".building-{snapshot.number}")
            doomed.rename(leaving)
            shutil.rmtree(leaving)
