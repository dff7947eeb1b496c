"""Reading a product: the own rows of a file, or one request about people that is answered and not stored.

Belongs here: the question, what each feed asks for, the rows within the limits of the reader's pass, the record of case numbers.
Does not: who receives what (warehouse/access), making files (building.py), printing (desk).

Limits of area and person are part of the SQL. The audit entry is on the disk before an answer is returned.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from sources.catalogue.models import FeedVariant
from sources.errors import OneGridError
from sources.tables import literal, quoted
from warehouse import audit
from warehouse.access import Pass, Reader, Request, gate
from warehouse.feeds import products, requests
from warehouse.feeds.declared import DeclaredFeed, columns_of, feed_of
from warehouse.feeds.files import reading_of
from warehouse.feeds.lookups import is_on_record, person_rows
from warehouse.feeds.rows import rows_of
from warehouse.feeds.terms import Rows
from warehouse.purposes import AREA_ATTRIBUTES
from warehouse.queries.answering import reference_date
from warehouse.snapshots import open_snapshot

COMMAND = "feeds"


class Incomplete(OneGridError):
    """The request does not say what this feed needs to be told."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a module. `purpose` chooses a variant, empty: the feed's own; `person` is a person_id or an ID number.

    `name` and `address` are for the answer yes or no; `as_of` chooses a file product, None: the newest; `changes` asks for its changes.
    """

    module: str
    purpose: str = ""
    person: str | None = None
    case_number: str | None = None
    name: str | None = None
    address: str | None = None
    as_of: date | None = None
    changes: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """The rows of the reader, in the columns of the feed or variant; for a yes-or-no variant `matches` and no row."""

    module: str
    purpose: str
    as_of: date
    rows: pa.Table
    matches: bool | None = None


def read(home: Path, reader: Reader, question: Question, *, now: datetime) -> Answer:
    """Answer within the limits of the reader, recorded. Raises AccessRefused, Incomplete, NoProduct, NoSnapshot, UnknownFeed."""
    declared = feed_of(question.module)
    variant = _variant(declared, question)
    purpose = variant.purpose if variant else declared.feed.purpose
    columns = variant.columns if variant else declared.attributes
    asked = json.dumps(asdict(question) | {"as_of": str(question.as_of)}, ensure_ascii=False, sort_keys=True)
    request = Request(COMMAND, purpose, columns, rows=declared.feed.grain != "aggregate", feed=declared.module, person_id=question.person,
                      asked=audit.digest(home, asked))
    with gate.passing(home, reader, request, now=now) as pass_:
        if declared.feed.is_file:
            return _from_file(home, declared, question, pass_)
        _require(declared, variant, question)
        with open_snapshot(home) as con:
            if question.case_number is not None:
                requests.note(home, declared, purpose, reader.user, question.case_number, now=now)
            return _answered(con, declared, variant, question, pass_)


def _variant(declared: DeclaredFeed, question: Question) -> FeedVariant | None:
    """The variant that has the stated purpose; None: the feed as such. The policy refuses a purpose that is neither."""
    return next((one for one in declared.feed.variants if one.purpose == question.purpose), None)


def _require(declared: DeclaredFeed, variant: FeedVariant | None, question: Question) -> None:
    """Raises Incomplete with everything that is missing."""
    needed = {"--person": question.person} if declared.scope.rows is Rows.RESIDENT or declared.feed.variants else {}
    if declared.feed.variants:
        needed["--case"] = question.case_number
    if variant is not None and variant.answer == "yes_no":
        needed = {"--case": question.case_number, "--name": question.name, "--address": question.address}
    missing = [option for option, value in needed.items() if value is None or not value.strip()]
    if missing:
        raise Incomplete(what="the request does not say enough", where=f"feed {declared.module}", remedy=f"state {' and '.join(missing)}")


def _answered(con: duckdb.DuckDBPyConnection, declared: DeclaredFeed, variant: FeedVariant | None, question: Question,
              pass_: Pass) -> Answer:
    """Rows of one request, or yes or no."""
    purpose = variant.purpose if variant else declared.feed.purpose
    as_of = reference_date(con, declared.rows)
    if variant is not None and variant.answer == "yes_no":
        compared = is_on_record(con, declared, variant, str(question.name), str(question.address), as_of)
        pass_.saw(compared.persons, 1)
        return Answer(declared.module, purpose, as_of, pa.table({}), compared.matches)
    if question.person is not None or declared.scope.rows is Rows.RESIDENT or declared.feed.variants:
        columns = columns_of(variant) if variant else declared.columns
        found = person_rows(con, declared, purpose, columns, pass_.person_id or str(question.person), pass_.areas, as_of)
    else:
        if not pass_.areas:
            raise Incomplete(what="this account has no area of its own", where=f"feed {declared.module}",
                             remedy="ask as an account whose grant names the area")
        statement = rows_of(declared, as_of, areas=pass_.areas)
        found = con.execute(statement.sql, statement.parameters).to_arrow_table()
    pass_.saw(found["person_id"].to_pylist(), found.num_rows)
    return Answer(declared.module, purpose, as_of, found)


def _from_file(home: Path, declared: DeclaredFeed, question: Question, pass_: Pass) -> Answer:
    """The rows of a published product that are the reader's own."""
    module = declared.module
    manifest = products.newest(home, module) if question.as_of is None else products.of_day(home, module, question.as_of)
    folder = products.product_folder(home, module, manifest.day)
    folders = [folder / part for part in manifest.parts if not pass_.departments or part in pass_.departments] or [folder]
    if declared.is_parted and (not pass_.departments or folders == [folder]):
        raise products.NoProduct(what=f"no part of {module} is this account's", where="products", remedy="ask as a steward of a department")
    conditions, columns = "true", [column.name for column in declared.columns]
    if pass_.areas:
        if question.changes:
            raise products.NoProduct(what="removed rows say no area, so changes are for readers of all rows only", where=f"feed {module}",
                                     remedy="leave out --changes")
        places = [name for name in AREA_ATTRIBUTES.values() if name in columns]
        inside = " OR ".join(f"starts_with({quoted(name)}, {literal(area)})" for name in places for area in pass_.areas)
        conditions = inside or "false"
    names = [folder / f"{module}.{declared.feed.delivery}" for folder in folders]
    if question.changes:
        names = [folder / one.changes.file for folder in folders for one in (products.read_manifest(folder),) if one.changes is not None]
        if not names:
            raise products.NoProduct(what=f"the product of {manifest.as_of} continues no other one", where=f"feed {module}",
                                     remedy="read it in full")
    con = duckdb.connect(config={"threads": "2"})
    try:
        statement = " UNION ALL ".join(f"SELECT * FROM {reading_of(name)} WHERE {conditions}" for name in names)
        rows = con.execute(statement).to_arrow_table()
    finally:
        con.close()
    pass_.saw(rows["person_id"].to_pylist() if declared.feed.grain == "person" else (), rows.num_rows)
    return Answer(module, declared.feed.purpose, manifest.day, rows)
