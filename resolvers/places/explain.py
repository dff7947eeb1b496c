"""How one address text leads to dwellings: the rules of the run on a text and the part of the registry that it may mean.

Belongs here: `explain_text` and its answer. Does not: the rules (they run as they are), sentences and printing (desk).
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from resolvers.places import dwellings, matching
from resolvers.places.parsing import create_word_tables, parse_texts
from sources.catalogue import load_catalogue
from sources.errors import OneGridError
from sources.tables import category_tables, create_table, has_table, quoted

OFFERED = 20
"""Dwellings named at most; `candidates` counts all."""
_REGISTRY = ("natural_key", "dwelling_code", "standard_address", "county_code", "township_code", "community_code", "community_name")
_PARTS = ("village_group", "road", "door_no", "building", "unit", "room")


class UnknownCommunity(OneGridError):
    """No dwelling of the registry has this community code."""


@dataclass(frozen=True, slots=True)
class TextPlace:
    """Where a text leads: level, method, candidates as in `place`; `offers` are (dwelling code, standard address) of those that still
    fit, at most OFFERED, empty where it leads no further than a community."""

    text: str
    level: str
    method: str
    score: float | None
    candidates: int | None
    dwelling_code: str | None
    standard_address: str
    township_code: str | None
    community_code: str | None
    parts: dict[str, str]
    offers: tuple[tuple[str, str], ...]


def explain_text(con: duckdb.DuckDBPyConnection, text: str, *, community: str | None = None) -> TextPlace:
    """In: current_house_registry, and `place` for the score of the method where it is there; `community`: a code that stands beside the
    text. Raises UnknownCommunity. Nothing is written to `con`."""
    if community is not None and not con.execute(
        "SELECT 1 FROM current_house_registry WHERE community_code = ? LIMIT 1", [community]
    ).fetchone():
        raise UnknownCommunity(what="no dwelling has this community code", where="community",
                               remedy="state a code of twelve digits, or leave it out")
    small = duckdb.connect(config={"threads": 2})
    try:
        _registry_for(con, small, text, community)
        category = "pension_insurance" if community is None else "employment_registration"
        small.execute(f"""INSERT INTO {quoted(f"current_{category}")} BY NAME
                          SELECT 0 AS record_id, ? AS address{"" if community is None else ", ? AS community_code"}""",
                      [text] if community is None else [text, community])
        matching.locate(small)
        return _answer(con, small, text)
    finally:
        small.close()


def _registry_for(con: duckdb.DuckDBPyConnection, small: duckdb.DuckDBPyConnection, text: str, community: str | None) -> None:
    """The tables that `locate` reads, with the dwellings that the text may mean and one of every community (for its name)."""
    for category in sorted({cell.category for cell in matching.CELLS} | {"house_registry"}):
        name = f"current_{category}"
        small.execute(create_table(name, category_tables(load_catalogue().contracts[category])[name]))
    columns = ", ".join(_REGISTRY)
    one_each = f"""SELECT {columns} FROM current_house_registry
                   QUALIFY row_number() OVER (PARTITION BY community_code, community_name, township_code ORDER BY dwelling_code) = 1"""
    _copy(con, small, one_each, [])
    where, values = _narrowed(small, text, community)
    small.execute("DELETE FROM current_house_registry")
    _copy(con, small, f"SELECT {columns} FROM current_house_registry WHERE {where} UNION ({one_each})", values)


def _copy(con: duckdb.DuckDBPyConnection, small: duckdb.DuckDBPyConnection, query: str, values: list[str]) -> None:
    found = con.execute(query, values).to_arrow_table()
    small.register("found_dwellings", found)
    small.execute("INSERT INTO current_house_registry BY NAME SELECT * FROM found_dwellings")
    small.unregister("found_dwellings")


def _narrowed(small: duckdb.DuckDBPyConnection, text: str, community: str | None) -> tuple[str, list[str]]:
    """The condition for the dwellings that can matter: those of the township, else of townships that have the community, else those
    whose address holds the road."""
    create_word_tables(small)
    dwellings.create_communities(small)
    small.execute("CREATE OR REPLACE TEMP TABLE one_text AS SELECT 1 AS text_id, ?::VARCHAR AS text", [text])
    parse_texts(small, "one_text", "one_parsed")
    township, name, road = small.execute("SELECT township_code, community_name, road FROM one_parsed").fetchone() or (None, None, None)
    if community is not None or township is not None:
        return "township_code IN (?, ?)", [township or (community or "")[:9], (community or township or "")[:9]]
    if name is not None:
        return "township_code IN (SELECT township_code FROM current_house_registry WHERE community_name IN (?, ?))", [name, f"{name}社区"]
    if road is not None:
        return "contains(standard_address, ?)", [road]
    return "false", []


def _answer(con: duckdb.DuckDBPyConnection, small: duckdb.DuckDBPyConnection, text: str) -> TextPlace:
    names = ("level", "method", "score", "candidates", "dwelling_code", "standard_address", "township_code", "community_code",
             "county_code")
    row = small.execute(f"SELECT {', '.join((*names, *_PARTS))} FROM place").fetchone()
    if row is None:  # the text is empty
        return TextPlace(text, "nowhere", "not_an_address", None, None, None, text, None, None, {}, ())
    found = dict(zip((*names, *_PARTS), row, strict=True))
    parts = {part: found.pop(part) for part in _PARTS if found[part] is not None}
    for part in _PARTS:
        found.pop(part, None)
    if found["score"] is None and has_table(con, "place"):
        same = "SELECT max(score) FROM place WHERE method = ? AND level = ?"
        scored = con.execute(same, [found["method"], found["level"]]).fetchone()
        found["score"] = scored[0] if scored else None
    if found["level"] == "county":  # the small registry does not hold all of it
        county = "SELECT count(*) FROM current_house_registry WHERE left(township_code, 6) = ?"
        counted = con.execute(county, [found["county_code"]]).fetchone()
        found["candidates"] = counted[0] if counted else None
    found.pop("county_code")
    return TextPlace(text=text, parts=parts, offers=_offers(small, found["level"]), **found)


def _offers(small: duckdb.DuckDBPyConnection, level: str) -> tuple[tuple[str, str], ...]:
    """The dwellings that fit the parts that the registry knows, down to the level reached."""
    if level in {"nowhere", "county", "township", "community", "outside"}:
        return ()
    if level == "dwelling":
        rows = small.execute("SELECT dwelling_code, standard_address FROM place").fetchall()
        return tuple((code, address) for code, address in rows)
    known = {"group": 1, "road": 2, "door": 3, "building": 4, "unit": 5}[level]
    fits = " AND ".join(f"coalesce(d.{part} = p.{part}, true)" for part in _PARTS[:known])
    room = "true" if level in {"group", "road"} else "coalesce(d.room = p.room, true)"
    query = """SELECT d.dwelling_code, d.standard_address FROM dwelling d, place p
               WHERE coalesce(d.township_code = p.township_code, true) AND coalesce(d.community_code = p.community_code, true)
                 AND {} ORDER BY d.standard_address, d.dwelling_code LIMIT {}"""
    rows = small.execute(query.format(f"{fits} AND {room}", OFFERED)).fetchall()
    return tuple(rows or small.execute(query.format(fits, OFFERED)).fetchall())
