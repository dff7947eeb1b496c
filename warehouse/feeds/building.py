"""Making products of a snapshot: which are due, every row and what changed, shown whole or not at all.

Belongs here: the order of the work. All feeds are held against their schemas before the first one is published.
Does not: rows, files, terms (their own modules), single requests (answers.py).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path

import duckdb

from sources.catalogue import load_catalogue
from sources.tables import has_table, quoted
from warehouse import audit
from warehouse.audit import Look, Outcome
from warehouse.feeds import changes, consents, figures, files, products, recipients, retention, rows
from warehouse.feeds.compatibility import SchemaBroken, require_compatible
from warehouse.feeds.declared import DeclaredFeed, feed_of, load_feeds
from warehouse.feeds.products import Changes, Manifest
from warehouse.feeds.terms import Rows, is_due

COMMAND = "feeds build"
TABLE = "feed_product"


class State(StrEnum):
    """What became of a module in a run."""

    PUBLISHED = "published"
    SAME = "same"
    NOT_DUE = "not due"
    OLDER = "older"
    ON_REQUEST = "on request"


@dataclass(frozen=True, slots=True)
class Built:
    """One module after a run: the product of `as_of` when it was published, its rows, and how many differ from the one before."""

    module: str
    state: State
    as_of: date
    rows: int = 0
    inserted: int = 0
    changed: int = 0
    removed: int = 0
    withheld: int = 0
    schema_version: str = ""
    expired: int = 0


@dataclass(frozen=True, slots=True)
class Run:
    """What products are made of, by whom: a snapshot's number and day; `force` makes those too that are not due."""

    home: Path
    as_of: date
    snapshot: int
    user: str
    now: datetime
    force: bool = False


def build(con: duckdb.DuckDBPyConnection, run: Run, modules: Sequence[str] | None = None,
          on_module: Callable[[Built], None] | None = None) -> list[Built]:
    """Publish every product that is due (of `modules`, else of all); `con` is open on the snapshot.

    The same snapshot again changes nothing. Raises SchemaBroken before anything is published, UnknownFeed, AuditProblem.
    """
    versions = require_compatible()
    chosen = [feed_of(module) for module in (modules if modules is not None else load_feeds())]
    _require_continuity(run.home, chosen, versions)
    outcomes = []
    with products.products_lock(run.home):
        wanted = {declared.module for declared in chosen if _state(run, declared) is State.PUBLISHED}
        _prepare(con, run, wanted)
        for declared in chosen:
            outcome = _publish(con, run, declared, versions[declared.module]) if declared.module in wanted else \
                Built(declared.module, _state(run, declared), run.as_of, schema_version=versions[declared.module])
            outcome = replace(outcome, expired=retention.delete_expired(run.home, declared, run.as_of))
            outcomes.append(outcome)
            if on_module is not None:
                on_module(outcome)
    return outcomes


def _state(run: Run, declared: DeclaredFeed) -> State:
    """PUBLISHED: a product of this day is wanted. One of the same day is made again, since the snapshot may say something else."""
    if not declared.feed.is_file:
        return State.ON_REQUEST
    kept = products.list_products(run.home, declared.module)
    if not kept:
        return State.PUBLISHED
    last = kept[-1]
    if last.day > run.as_of:
        return State.OLDER
    if last.day == run.as_of:
        unmoved = last.snapshot == run.snapshot and declared.scope.rows is not Rows.CONSENTED
        return State.SAME if unmoved and not run.force else State.PUBLISHED
    return State.PUBLISHED if run.force or is_due(declared.feed.cadence, run.as_of, last.day) else State.NOT_DUE


def _require_continuity(home: Path, chosen: Collection[DeclaredFeed], versions: dict[str, str]) -> None:
    """A product continues the last one that this home published: its columns in front, unless the major version was raised."""
    broken = []
    for declared in chosen:
        kept = products.list_products(home, declared.module) if declared.feed.is_file else []
        names = [column.name for column in declared.columns]
        if kept and kept[-1].schema_version.split(".")[0] == versions[declared.module].split(".")[0] \
                and names[: len(kept[-1].columns)] != kept[-1].columns:
            broken.append(f"{declared.module}: the product of {kept[-1].as_of} has other columns in version {kept[-1].schema_version}")
    if broken:
        raise SchemaBroken(what="; ".join(broken), where="products",
                           remedy="undo the change, or raise the major version: `onegrid feeds check --accept --breaking`")


def _prepare(con: duckdb.DuckDBPyConnection, run: Run, wanted: Collection[str]) -> None:
    """Temporary tables that several products read, if a product that is wanted does."""
    feeds = [load_feeds()[module] for module in wanted]
    if any(declared.feed.grain == "aggregate" for declared in feeds):
        figures.count_cells(con, run.as_of)
    if any(declared.is_parted for declared in feeds):
        recipients.fill_addressed(con)


def _publish(con: duckdb.DuckDBPyConnection, run: Run, declared: DeclaredFeed, version: str) -> Built:
    """Make, record, show. A product that says the same as the one shown stays untouched."""
    if declared.scope.rows is Rows.CONSENTED:
        consents.fill_consented(con, run.home, declared.module)
    building = products.begin(run.home, declared.module, run.as_of)
    base = _base(run, declared)
    blank = Manifest(declared.module, declared.feed.purpose, run.as_of.isoformat(), 0, None,
                     [column.name for column in declared.columns], version, run.snapshot)
    persons: set[str] = set()
    if declared.is_parted:
        parts = []
        for department in load_catalogue().departments:
            folder = building / department
            folder.mkdir(mode=products.FOLDER_MODE)
            parts.append(_make(con, run, declared, folder, replace(blank, recipient=department), base and base / department))
            persons |= _persons(con, declared)
        manifest = replace(blank, rows=sum(part.rows for part in parts), parts=[str(part.recipient) for part in parts],
                           base=parts[0].base)
        products.write_manifest(building, manifest)
    else:
        parts = [_make(con, run, declared, building, blank, base)]
        persons = _persons(con, declared)
    withheld = _withheld(con, declared)
    shown = products.product_folder(run.home, declared.module, run.as_of)
    state = State.SAME if shown.exists() and _says_the_same(building, shown) else State.PUBLISHED
    if state is State.SAME:
        products.discard(building)
    else:
        rows_written = sum(part.rows for part in parts)
        audit.record(run.home, Look(run.user, declared.feed.purpose, COMMAND, declared.module, Outcome.SENT, tuple(sorted(persons)),
                                    rows_written), now=run.now)
        products.finish(building)
    counted = [part.changes for part in parts if part.changes is not None]
    return Built(declared.module, state, run.as_of, sum(part.rows for part in parts), sum(one.inserted for one in counted),
                 sum(one.changed for one in counted), sum(one.removed for one in counted), withheld, version)


def _base(run: Run, declared: DeclaredFeed) -> Path | None:
    """The folder of the product before this one."""
    before = [kept.day for kept in products.list_products(run.home, declared.module) if kept.day < run.as_of]
    return products.product_folder(run.home, declared.module, before[-1]) if before else None


def _make(con: duckdb.DuckDBPyConnection, run: Run, declared: DeclaredFeed, folder: Path, blank: Manifest, base: Path | None) -> Manifest:
    """The files of one product or part, and its manifest."""
    types = {column.name: column.type for column in declared.columns}
    if declared.feed.grain == "aggregate":
        con.execute(f"CREATE OR REPLACE TEMP TABLE {TABLE} AS {figures.figures_of(declared)}")
    else:
        found = rows.rows_of(declared, run.as_of, part=blank.recipient)
        con.execute(f"CREATE OR REPLACE TEMP TABLE {TABLE} AS {found.sql}", found.parameters)
    name = f"{declared.module}.{declared.feed.delivery}"
    files.write(con, TABLE, types, folder / name)
    manifest = replace(blank, rows=_count(con), sha256=files.sha256_of(folder / name))
    if base is not None and (base / name).exists():
        since = products.read_manifest(base).as_of
        found_changes = changes.compare(con, folder / name, base / name, declared.feed.key, types,
                                        products.cleaned_keys(base))
        path = folder / f"changes-since-{since}.{declared.feed.delivery}"
        files.write(con, changes.TABLE, _types_of_changes(declared, types), path)
        counted = Changes(path.name, since, files.sha256_of(path), found_changes.inserted, found_changes.changed, found_changes.removed)
        manifest = replace(manifest, base=since, changes=counted)
        con.execute(f"DROP TABLE {changes.TABLE}")
    products.write_manifest(folder, manifest)
    return manifest


def _types_of_changes(declared: DeclaredFeed, types: dict[str, str]) -> dict[str, str]:
    """CSV files are compared as text, so their lists are joined already."""
    if declared.feed.delivery == "csv":
        types = dict.fromkeys(types, "VARCHAR")
    return {changes.COLUMN: "VARCHAR"} | types


def _count(con: duckdb.DuckDBPyConnection) -> int:
    row = con.execute(f"SELECT count(*) FROM {TABLE}").fetchone()
    return int(row[0]) if row else 0


def _persons(con: duckdb.DuckDBPyConnection, declared: DeclaredFeed) -> set[str]:
    """Who is in the product just made, for the log; products without persons name nobody."""
    if declared.feed.grain != "person":
        return set()
    return set(con.execute(f"SELECT person_id FROM {TABLE}").fetchnumpy()["person_id"].tolist())


def _withheld(con: duckdb.DuckDBPyConnection, declared: DeclaredFeed) -> int:
    """How many counts of the product just made are not told."""
    if declared.feed.min_cell is None or not has_table(con, TABLE):
        return 0
    missing = " + ".join(f"count(*) FILTER ({quoted(name)} IS NULL)" for name in declared.feed.measure_names)
    row = con.execute(f"SELECT {missing} FROM {TABLE}").fetchone()
    return int(row[0]) if row else 0


def _says_the_same(building: Path, shown: Path) -> bool:
    """Whether two products of one day hold the same rows in the same schema; which of its snapshots they are of does not matter."""
    if not (shown / products.MANIFEST).exists():
        return False
    new, old = products.read_manifest(building), products.read_manifest(shown)
    if (new.sha256, new.parts, new.schema_version, new.columns) != (old.sha256, old.parts, old.schema_version, old.columns):
        return False
    return all(_says_the_same(building / part, shown / part) for part in new.parts)
