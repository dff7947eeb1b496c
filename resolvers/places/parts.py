"""One parsed address text: its record, the parser of a single text, and the standard wording of parts.

Belongs here: what explanation and tests use. Does not: the steps (`parsing`), which this runs on a table of one row.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cache

import duckdb

from resolvers.places.parsing import PARTS, WORDS, create_word_tables, parse_texts
from resolvers.places.vocabulary import vocabulary

_LATER = ("floor", "landmark", "remarks", "unread", "kind", "refers_to", "outside_division")
_COLUMNS = ("outside_city", "county_codes", "township_code", "community_name", *PARTS, "complete", *_LATER)


@dataclass(frozen=True)
class AddressParts:
    """One address text: numbers are Arabic without their words; `complete`: understood to its end.

    `kind`: 'address', 'outside', 'same_as_other', 'not_an_address'. `refers_to`: 'registration', 'above', 'residence' or
    None, for same_as_other. `landmark`: what the place is near. `remarks`: words beside the address. `unread`: what was
    not understood; a text is never cut without leaving it here. `outside_division`: code of the place outside.
    """

    outside_city: bool = False
    county_codes: tuple[str, ...] = ()
    township_code: str | None = None
    community: str | None = None
    village_group: str | None = None
    road: str | None = None
    door_no: str | None = None
    estate: str | None = None
    building: str | None = None
    unit: str | None = None
    room: str | None = None
    complete: bool = True
    floor: str | None = None
    landmark: str | None = None
    remarks: str | None = None
    unread: str | None = None
    kind: str = "address"
    refers_to: str | None = None
    outside_division: str | None = None


@cache
def _parser() -> tuple[duckdb.DuckDBPyConnection, threading.Lock]:
    con = duckdb.connect(config={"threads": 1})
    con.execute("CREATE TEMP TABLE community (name VARCHAR, code VARCHAR, township_code VARCHAR)")
    create_word_tables(con)
    return con, threading.Lock()


def parse(text: str) -> AddressParts:
    """One text, read by the rules of the run; without house_registry a community is known only by its word."""
    con, lock = _parser()
    with lock:
        con.execute("CREATE OR REPLACE TEMP TABLE one_text AS SELECT 1 AS text_id, CAST(? AS VARCHAR) AS text", [text])
        parse_texts(con, "one_text", "one_parsed")
        row = con.execute(f"SELECT {', '.join(_COLUMNS)} FROM one_parsed").fetchone()
    assert row is not None
    outside, counties, township, *rest = row
    codes = (township[:6],) if township else tuple(counties)
    return AddressParts(outside, codes, township, *rest)


def standard_form(parts: AddressParts) -> str:
    """The wording of house_registry for the parts; parsing it gives the same parts (of places in the city)."""
    words = vocabulary()
    county = words.county_wording if parts.township_code else words.county_names
    pieces = [
        county[parts.county_codes[0]] if parts.county_codes else "",
        words.township_names[parts.township_code] if parts.township_code else "",
        parts.community or "",
    ]
    worded = ((getattr(parts, part), word) for part, word in WORDS.items())
    return "".join(pieces) + "".join(f"{value}{word}" for value, word in worded if value)
