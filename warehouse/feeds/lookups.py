"""Requests about one person: the row of a feed, or whether an address is the one on record.

Belongs here: finding the one person within the limits of the reader, comparing addresses. Does not: who may ask (answers.py).
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace
from datetime import date

import duckdb
import pyarrow as pa

from resolvers.places.explain import explain_text
from sources.catalogue.models import FeedVariant
from warehouse.feeds.declared import DeclaredFeed, FeedColumn
from warehouse.feeds.rows import typed
from warehouse.purposes import authorise, reading
from warehouse.queries.compiling import compile_condition


@dataclass(frozen=True, slots=True)
class Compared:
    """Whether the address is on record of somebody of that name, and whose records were compared."""

    matches: bool
    persons: tuple[str, ...]


def person_rows(con: duckdb.DuckDBPyConnection, declared: DeclaredFeed, purpose: str, columns: tuple[FeedColumn, ...], person: str,
                areas: tuple[str, ...], as_of: date) -> pa.Table:
    """One row, or none: the person of this id or ID number, if the feed means the person and the reader's areas hold them.

    An ID number that two persons carry finds nobody.
    """
    authorise(purpose, [*(column.name for column in columns), "id_number", "person_id"])
    source = reading(purpose, areas)
    condition, parameters = compile_condition(replace(declared.rows, purpose=purpose, areas=areas), source, as_of)
    shown = ", ".join(typed(source.expression(column.name), column) for column in columns)
    return con.execute(
        f"""SELECT {shown} FROM {source.tables}
            WHERE {condition} AND (p.person_id = ? OR p.id_number = upper(?))
            QUALIFY count(*) OVER () = 1""",
        [*parameters, person.strip(), person.strip()],
    ).to_arrow_table()


def is_on_record(con: duckdb.DuckDBPyConnection, declared: DeclaredFeed, variant: FeedVariant, name: str, address: str,
                 as_of: date) -> Compared:
    """Whether `address` is the residence of a person of this name: in the same words, or because both lead to the same dwelling."""
    authorise(variant.purpose, [*variant.columns, "name"])
    source = reading(variant.purpose)
    condition, parameters = compile_condition(replace(declared.rows, purpose=variant.purpose), source, as_of)
    place = explain_text(con, address)
    standard = con.execute("SELECT min(standard_address) FROM current_house_registry WHERE dwelling_code = ?",
                           [place.dwelling_code]).fetchone() if place.dwelling_code else None
    wordings = {_plain(text) for text in (address, standard[0] if standard else None) if text}
    rows = con.execute(
        f"""SELECT p.person_id, {source.expression(variant.columns[0])} FROM {source.tables}
            WHERE {condition} AND {source.expression("name")} = ? ORDER BY p.person_id""",
        [*parameters, name.strip()],
    ).fetchall()
    return Compared(any(_plain(lived_at or "") in wordings for _, lived_at in rows), tuple(person for person, _ in rows))


def _plain(text: str) -> str:
    """Half-width and without blanks."""
    return "".join(unicodedata.normalize("NFKC", text).split())
