"""What a department withdrew leaves the products that are kept, too (clarification 45).

Belongs here: who was named by records withdrawn since the last snapshot, and kept products without what those records said.
Does not: snapshots (warehouse/withdrawal.py), history (sources/history.py), figures: a count shows no record.

A run notes the persons before older snapshots are cleaned, in the working store, where a killed run leaves the note for the next
one. In every kept product of persons or dwellings their rows are then those of the current snapshot, or gone. The keys are kept
beside the product (`.cleaned`), so that the next changes name them to whoever took the product before. A product that only counts
alerts per person is cleaned in its newest edition.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import duckdb

from sources.tables import has_table, quoted
from warehouse.feeds import changes, consents, files, products, recipients, rows
from warehouse.feeds.declared import DeclaredFeed, load_feeds
from warehouse.feeds.products import Changes, Manifest
from warehouse.feeds.terms import Rows
from warehouse.keys import read_key
from warehouse.purposes import reading
from warehouse.snapshots import list_snapshots, snapshot_file
from warehouse.store import attach
from warehouse.withdrawal import KEPT_NAME, find_withdrawn

NOTED = "feed_withdrawn"
"""Table of the working store (person_id, dwelling_id): named by a withdrawn record, and the dwelling lived in at that time."""
PRESENT = "feed_present"
AFFECTED = "feed_affected"
VISIBLE = "feed_visible"


@dataclass(frozen=True, slots=True)
class Noted:
    """Whom withdrawn records named, and where they lived."""

    persons: tuple[str, ...] = ()
    dwellings: tuple[str, ...] = ()


def note(con: duckdb.DuckDBPyConnection, home: Path) -> int:
    """Note whom the records name that are in the last snapshot and were withdrawn since; returns how many are noted in all.

    `con` is the working state (open_working). To be called before a new snapshot is published.
    """
    con.execute(f"CREATE TABLE IF NOT EXISTS {NOTED} (person_id VARCHAR, dwelling_id VARCHAR)")
    kept = list_snapshots(home)
    newest = {max(kept, key=lambda one: one.number).number, max(kept, key=lambda one: (one.as_of, one.number)).number} if kept else set()
    for number in sorted(newest):
        attach(con, snapshot_file(home, number), KEPT_NAME, read_key(home), read_only=True)
        try:
            if find_withdrawn(con):
                con.execute(f"""
                    INSERT INTO {NOTED}
                    SELECT DISTINCT named.person_id, lived.dwelling_id
                    FROM {KEPT_NAME}.mention_person AS named SEMI JOIN withdrawn_record USING (record_id)
                    LEFT JOIN {KEPT_NAME}.profile AS lived ON lived.person_id = named.person_id
                    ANTI JOIN {NOTED} AS known ON known.person_id = named.person_id""")
        finally:
            con.execute(f"DETACH {KEPT_NAME}")
    row = con.execute(f"SELECT count(*) FROM {NOTED}").fetchone()
    return int(row[0]) if row else 0


def noted(con: duckdb.DuckDBPyConnection) -> Noted:
    """What is noted in the working state."""
    if not has_table(con, NOTED):
        return Noted()
    found = con.execute(f"SELECT DISTINCT person_id, dwelling_id FROM {NOTED} ORDER BY ALL").fetchall()
    return Noted(tuple(sorted({person for person, _ in found})), tuple(sorted({dwelling for _, dwelling in found if dwelling})))


def forget(con: duckdb.DuckDBPyConnection) -> None:
    """The products are clean."""
    if has_table(con, NOTED):
        con.execute(f"DELETE FROM {NOTED}")


def clean(con: duckdb.DuckDBPyConnection, home: Path, as_of: date, snapshot: int, named: Noted) -> int:
    """Bring the rows of the persons noted in every kept product to what the current snapshot says; returns how many rows changed.

    `con` is open on the current snapshot. Takes the lock of the products.
    """
    if not named.persons:
        return 0
    cleaned = 0
    with products.products_lock(home):
        for declared in load_feeds().values():
            if not declared.feed.is_file or declared.feed.grain == "aggregate":
                continue
            kept = [manifest for manifest in products.list_products(home, declared.module) if manifest.snapshot != snapshot]
            if kept:
                _prepare(con, home, as_of, declared, named)
            for manifest in kept[-1:] if declared.is_parted else kept:
                cleaned += _clean_product(con, home, as_of, declared, manifest, named)
    return cleaned


def _prepare(con: duckdb.DuckDBPyConnection, home: Path, as_of: date, declared: DeclaredFeed, named: Noted) -> None:
    """What all products of a module are cleaned with: who is visible now, and the present rows (of parts: for each part anew)."""
    source = reading(declared.feed.purpose)
    con.execute(f"CREATE OR REPLACE TEMP TABLE {VISIBLE} AS SELECT p.person_id AS key FROM {source.tables} WHERE {source.condition}")
    if declared.scope.rows is Rows.CONSENTED:
        consents.fill_consented(con, home, declared.module)
    if declared.is_parted:
        recipients.fill_addressed(con)
    else:
        _fill_present(con, as_of, declared, None, named)


def _clean_product(con: duckdb.DuckDBPyConnection, home: Path, as_of: date, declared: DeclaredFeed, manifest: Manifest,
                   named: Noted) -> int:
    """One product anew, in place of the former one; untouched when none of its rows is concerned."""
    building = products.begin(home, declared.module, manifest.day)
    shutil.copytree(products.product_folder(home, declared.module, manifest.day), building, dirs_exist_ok=True)
    parts = [building / part for part in manifest.parts] or [building]
    changed = sum(_clean_files(con, as_of, declared, part, named) for part in parts)
    if not changed:
        products.discard(building)
        return 0
    if manifest.parts:
        total = sum(products.read_manifest(part).rows for part in parts)
        products.write_manifest(building, replace(manifest, rows=total, cleaned=manifest.cleaned + changed))
    products.finish(building)
    return changed


def _clean_files(con: duckdb.DuckDBPyConnection, as_of: date, declared: DeclaredFeed, folder: Path, named: Noted) -> int:
    """The files of a product or part: rows that are concerned become what they are now, or go."""
    manifest = products.read_manifest(folder)
    types = {column.name: column.type for column in declared.columns if column.name in manifest.columns}
    full = folder / f"{declared.module}.{declared.feed.delivery}"
    affected = _affected(con, declared, [full, *([folder / manifest.changes.file] if manifest.changes else [])], named)
    if not affected:
        return 0
    if declared.is_parted:
        _fill_present(con, as_of, declared, manifest.recipient, named)
    rows_left = _rewrite_full(con, declared, full, types)
    told = _rewrite_changes(con, declared, folder, manifest.changes, types) if manifest.changes else None
    digest = files.sha256_of(full)
    if (digest, told) == (manifest.sha256, manifest.changes):
        return 0
    products.keep_cleaned(folder, affected)
    products.write_manifest(folder, replace(manifest, rows=rows_left, sha256=digest, changes=told,
                                            cleaned=manifest.cleaned + len(affected)))
    return len(affected)


def _rewrite_full(con: duckdb.DuckDBPyConnection, declared: DeclaredFeed, path: Path, types: dict[str, str]) -> int:
    """Every row that is not concerned, and those that are as they are now; returns the rows."""
    key, columns = quoted(declared.feed.key[0]), ", ".join(map(quoted, types))
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE feed_product AS
        SELECT {columns} FROM {files.reading_of(path)} WHERE {key} NOT IN (SELECT key FROM {AFFECTED})
        UNION ALL SELECT {columns} FROM {PRESENT}
        WHERE {key} IN (SELECT key FROM {AFFECTED}) AND {key} IN (SELECT {key} FROM {files.reading_of(path)})
        ORDER BY {key}""")
    files.write(con, "feed_product", _written(declared, types), path)
    row = con.execute("SELECT count(*) FROM feed_product").fetchone()
    return int(row[0]) if row else 0


def _rewrite_changes(con: duckdb.DuckDBPyConnection, declared: DeclaredFeed, folder: Path, stated: Changes,
                     types: dict[str, str]) -> Changes:
    """Rows that are concerned say what they are now; where there is none any more, they are removed rows."""
    path, key = folder / stated.file, quoted(declared.feed.key[0])
    columns = ", ".join(map(quoted, types))
    now = ", ".join(f"old.{quoted(name)}" if quoted(name) == key else f"now.{quoted(name)}" for name in types)
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE {changes.TABLE} AS
        SELECT {changes.COLUMN}, {columns} FROM {files.reading_of(path)} WHERE {key} NOT IN (SELECT key FROM {AFFECTED})
        UNION ALL
        SELECT CASE WHEN now.{key} IS NULL THEN 'removed' ELSE old.{changes.COLUMN} END, {now}
        FROM {files.reading_of(path)} AS old
        LEFT JOIN {PRESENT} AS now ON now.{key} = old.{key} AND old.{changes.COLUMN} <> 'removed'
        WHERE old.{key} IN (SELECT key FROM {AFFECTED}) ORDER BY {key}""")
    files.write(con, changes.TABLE, {changes.COLUMN: "VARCHAR"} | _written(declared, types), path)
    counted = dict(con.execute(f"SELECT {changes.COLUMN}, count(*) FROM {changes.TABLE} GROUP BY ALL").fetchall())
    return replace(stated, sha256=files.sha256_of(path), **{kind: counted.get(kind, 0) for kind in changes.KINDS})


def _written(declared: DeclaredFeed, types: dict[str, str]) -> dict[str, str]:
    """CSV files are read back as text."""
    return dict.fromkeys(types, "VARCHAR") if declared.feed.delivery == "csv" else types


def _named_keys(declared: DeclaredFeed, named: Noted) -> list[str]:
    return list(named.persons if declared.feed.key == ("person_id",) else named.dwellings)


def _affected(con: duckdb.DuckDBPyConnection, declared: DeclaredFeed, sources: Sequence[Path], named: Noted) -> list[str]:
    """Temporary table AFFECTED and its keys: rows of those noted, and of persons whom the current snapshot knows no more."""
    key = declared.feed.key[0]
    stated = " UNION ".join(f"SELECT {quoted(key)} AS key FROM {files.reading_of(path)}" for path in sources)
    gone = f"OR key NOT IN (SELECT key FROM {VISIBLE})" if key == "person_id" else ""
    con.execute(f"CREATE OR REPLACE TEMP TABLE {AFFECTED} AS SELECT key FROM ({stated}) WHERE key IN (SELECT unnest(?::VARCHAR[])) {gone}",
                [_named_keys(declared, named)])
    return [found for (found,) in con.execute(f"SELECT key FROM {AFFECTED} ORDER BY key").fetchall()]


def _fill_present(con: duckdb.DuckDBPyConnection, as_of: date, declared: DeclaredFeed, part: str | None, named: Noted) -> None:
    """Temporary table PRESENT: the rows of the product as they are now, of those noted, as its file writes them."""
    types = {column.name: column.type for column in declared.columns}
    now = rows.rows_of(declared, as_of, part=part)
    columns = files.as_text(types) if declared.feed.delivery == "csv" else ", ".join(map(quoted, types))
    con.execute(f"CREATE OR REPLACE TEMP TABLE {PRESENT} AS SELECT {columns} FROM ({now.sql}) "
                f"WHERE {quoted(declared.feed.key[0])} IN (SELECT unnest(?::VARCHAR[]))", [*now.parameters, _named_keys(declared, named)])
