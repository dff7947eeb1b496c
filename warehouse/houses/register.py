"""The house register as a lookup sees it: few dwellings, chosen by the words of one address, read by the rules of the run.

Belongs here: reading one question, the dwellings that could be meant (a scan of the register for its words), and the
dwellings that are gone. Does not: which of them is meant (finding.py), who lives there (contacts.py).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from typing import Any

import duckdb
import pyarrow as pa

from resolvers.places.dwellings import create_communities
from resolvers.places.parsing import create_word_tables, parse_texts
from sources.tables import has_table, literal, quoted

REGISTER, GONE = "current_house_registry", "dwelling_gone"
MOST_CANDIDATES = 20_000
"""More dwellings than one address can mean; a question that fits more is too wide to answer."""
_DESK = "house_desk"
_BELOW_GROUND = r"(?:负|地下|(?:单元|栋|幢|座|号)-)[0-9]+(?:室|号|房|户)?$"
_SIGN = r"(?:负|地下|-)([0-9]+(?:室|号|房|户)?)$"
_OF_A_PLACE = "[0-9栋幢座室号]|单元"
"""What a remark beside an address does not say: then the address was not understood to its end."""
_UNREADABLE = {"So", "Sk", "Cs", "Co", "Cn", "Cf", "Cc"}


@dataclass(frozen=True, slots=True)
class Address:
    """What a text says, number by number; `room` of a dwelling below ground begins with a minus."""

    text: str
    outside: bool
    counties: tuple[str, ...]
    township: str | None
    community: str | None
    village_group: str | None
    road: str | None
    door_no: str | None
    estate: str | None
    building: str | None
    unit: str | None
    room: str | None
    complete: bool
    """Understood to its end, and the place itself: not something beside it."""
    either: bool
    """`building` may be the unit: 1-301 names one of the two."""
    floor: str | None
    """A floor that stands in place of a room."""


@dataclass(frozen=True, slots=True)
class Dwelling:
    """One dwelling of the register; `gone_on` is the day since when it is registered no more."""

    code: str
    township: str | None
    community: str | None
    record_id: int | None
    address: Address
    gone_on: date | None = None


class _TooMany(Exception):
    """More dwellings than MOST_CANDIDATES."""


class Register:
    """Reads addresses and finds dwellings on one connection; made by `open_register`."""

    def __init__(self, con: duckdb.DuckDBPyConnection, areas: tuple[str, ...] = ()) -> None:
        self.con = con
        self._inside = f"({' OR '.join(map(_lies_in, areas))})" if areas else "true"
        self._gone = has_table(con, GONE)
        self._known: dict[str, Address] = {}

    def read(self, text: str) -> Address:
        """One question, as the addresses of deliveries are read; characters that are no writing are dropped."""
        plain = "".join(sign for sign in text if unicodedata.category(sign) not in _UNREADABLE)
        below = re.search(r"(?:负|地下)[0-9]+(?:室|号|房|户)?$", plain.strip()) is not None
        self.con.execute(
            "CREATE OR REPLACE TEMP TABLE house_text AS SELECT 1 AS text_id, $1 AS text, $1 AS standard_address, $2 AS below",
            [re.sub(_SIGN, r"\1", plain.strip()) if below else plain, below],
        )
        return self._parsed()[0]

    def by_code(self, code: str) -> list[Dwelling]:
        """The dwelling of a code, in force or gone; none or one."""
        found = [one for one in self._with_building("dwelling_code", code) if one.code == code]
        return found or self._dwellings(GONE, "dwelling_code = ?", [code])

    def by_building(self, code: str) -> list[Dwelling]:
        """The dwellings of a building code of the register."""
        return self._dwellings(REGISTER, "building_code = ?", [code])

    def by_words(self, asked: Address, *, anywhere: bool = False, gone: bool = False) -> list[Dwelling] | None:
        """Dwellings whose address holds the words of a question, inside its area or `anywhere`; None: too many."""
        # Inside a community the whole entrance is read at once: what lies above is asked next.
        where, values = _words(asked if asked.community is None else replace(asked, room=None))
        if not where:
            return []
        if not anywhere:
            area, more = self._area(asked)
            where += area
            values += more
        try:
            return self._dwellings(GONE if gone else REGISTER, " AND ".join(where), values)
        except _TooMany:
            return None

    def by_text(self, text: str) -> list[Dwelling]:
        """Dwellings registered under exactly this text."""
        return [one for one in self._with_building("standard_address", text.strip()) if one.address.text == text.strip()]

    def around(self, dwelling: Dwelling) -> list[Dwelling]:
        """The dwellings with the same group, road, door, building and unit in the same community, with itself."""
        where, values = _words(replace(dwelling.address, room=None))
        found = self._dwellings(REGISTER, " AND ".join([*where, "community_code IS NOT DISTINCT FROM ?"]), [*values, dwelling.community])
        return [one for one in found if same_entrance(one.address, dwelling.address)]

    def codes_of(self, community: str) -> set[str]:
        """Codes of the communities that are called so."""
        rows = self.con.execute("SELECT DISTINCT code FROM community WHERE name = ?", [community]).fetchall()
        return {code for (code,) in rows}

    def _area(self, asked: Address) -> tuple[list[str], list[Any]]:
        where: list[str] = []
        values: list[Any] = []
        if asked.community is not None:
            where.append("list_contains(?::VARCHAR[], community_code)")
            values.append(sorted(self.codes_of(asked.community)))
        if asked.township is not None:
            where.append("township_code = ?")
            values.append(asked.township)
        elif asked.counties:
            where.append("list_contains(?::VARCHAR[], left(township_code, 6))")
            values.append(list(asked.counties))
        return where, values

    def _with_building(self, column: str, value: str) -> list[Dwelling]:
        """The dwellings with a value, and those of the same building code: read at once, since their neighbours are asked next."""
        same = f"SELECT building_code FROM {REGISTER} WHERE {column} = ?"
        return self._dwellings(REGISTER, f"({column} = ? OR building_code IN ({same}))", [value, value])

    def _dwellings(self, table: str, where: str, values: list[Any]) -> list[Dwelling]:
        if table == GONE and (not self._gone or self._inside != "true"):  # where it lay is no more known to the grid
            return []
        day, record = ("gone_on", "NULL::BIGINT") if table == GONE else ("NULL::DATE", "record_id")
        rows = self.con.execute(
            f"""SELECT dwelling_code, standard_address, township_code, community_code, {record}, {day} FROM {table}
                WHERE standard_address IS NOT NULL AND {self._inside} AND {where} LIMIT {MOST_CANDIDATES + 1}""",
            values,
        ).fetchall()
        if len(rows) > MOST_CANDIDATES:
            raise _TooMany
        self._learn(sorted({row[1] for row in rows} - self._known.keys()))
        return [Dwelling(code, town, community, record_id, self._known[text], gone_on)
                for code, text, town, community, record_id, gone_on in sorted(rows, key=lambda row: str(row[0]))]  # fmt: skip

    def _learn(self, texts: list[str]) -> None:
        """Read standard addresses that were not read yet; a dwelling below ground is marked before its sign is dropped."""
        if not texts:
            return
        self.con.execute(
            """CREATE OR REPLACE TEMP TABLE house_text AS
               SELECT row_number() OVER (ORDER BY standard_address) AS text_id, standard_address,
                      regexp_matches(standard_address, $2) AS below,
                      CASE WHEN below THEN regexp_replace(standard_address, $3, '\\1') ELSE standard_address END AS text
               FROM (SELECT unnest($1::VARCHAR[]) AS standard_address)""",
            [texts, _BELOW_GROUND, _SIGN],
        )
        self._known |= {address.text: address for address in self._parsed()}

    def _parsed(self) -> list[Address]:
        parse_texts(self.con, "house_text", "house_parsed")
        rows = self.con.execute(f"""
            SELECT standard_address, coalesce(outside_city, false), county_codes, p.township_code, community_name, village_group, road,
                   door_no, estate, building, unit, CASE WHEN t.below THEN '-' || room ELSE room END,
                   coalesce(complete, false) AND landmark IS NULL AND NOT coalesce(regexp_matches(remarks, '{_OF_A_PLACE}'), false),
                   coalesce(unit_or_building, false), floor
            FROM house_text AS t JOIN house_parsed AS p USING (text_id)""").fetchall()
        return [Address(text, outside, (town[:6],) if town else tuple(counties), town, *rest)
                for text, outside, counties, town, *rest in rows]  # fmt: skip


@contextmanager
def open_register(con: duckdb.DuckDBPyConnection, areas: tuple[str, ...] = ()) -> Iterator[Register]:
    """The register on a connection to a snapshot, or its dwellings inside areas (codes of 6, 9, 12 or 15 digits). Temporary tables are
    made and taken away again."""
    row = con.execute("SELECT current_database()").fetchone()
    assert row is not None
    before = _temporary(con)
    for name, words in _word_tables().items():
        con.register("house_words", words)
        con.execute(f"CREATE OR REPLACE TEMP TABLE {quoted(name)} AS FROM house_words")
        con.unregister("house_words")
    con.execute(f"ATTACH ':memory:' AS {_DESK}")
    try:  # the names of the communities only: tidying the text of every dwelling would take seconds
        con.execute(f"""
            CREATE TABLE {_DESK}.main.{REGISTER} AS
            SELECT DISTINCT community_name, community_code, township_code, NULL::VARCHAR AS standard_address,
                   NULL::VARCHAR AS dwelling_code
            FROM {REGISTER}""")
        con.execute(f"USE {_DESK}")
        create_communities(con)
    finally:
        con.execute(f"USE {quoted(row[0])}")
        con.execute(f"DETACH {_DESK}")
    try:
        yield Register(con, areas)
    finally:
        for table in sorted(_temporary(con) - before):
            con.execute(f"DROP TABLE temp.{quoted(table)}")


@cache
def _word_tables() -> dict[str, pa.Table]:
    """The tables of `create_word_tables`, made once per process: they follow from the catalogue."""
    with duckdb.connect(config={"threads": 1}) as con:
        create_word_tables(con)
        return {name: con.execute(f"FROM {quoted(name)}").to_arrow_table() for name in sorted(_temporary(con))}


def _temporary(con: duckdb.DuckDBPyConnection) -> set[str]:
    return {name for (name,) in con.execute("SELECT table_name FROM duckdb_tables() WHERE temporary").fetchall()}


def _lies_in(area: str) -> str:
    """SQL: the dwelling lies in the area."""
    column = {6: "left(township_code, 6)", 9: "township_code", 12: "community_code", 15: "grid_code"}[len(area)]
    return f"{column} = {literal(area)}"


def road_name(road: str | None) -> str | None:
    """建设路 and 建设街 are one name: a street often changed its word, not its name."""
    return road if road is None else re.sub("(?<=.)[路街]$", "", road)


def same_entrance(one: Address, other: Address) -> bool:
    """Same group, road, door, building and unit."""
    return all(getattr(one, part) == getattr(other, part) for part in ("village_group", "road", "door_no", "estate", "building", "unit"))


def _words(asked: Address) -> tuple[list[str], list[Any]]:
    """Conditions on the text of the register that every dwelling that can be meant fulfils; none when nothing names a place."""
    named = road_name(asked.road) or (f"{asked.village_group}组" if asked.village_group else None) or asked.estate
    if named is None and (asked.community is None or asked.door_no is None):
        return [], []
    held = [named, asked.building, asked.unit, (asked.room or "").lstrip("-") or None]
    words: list[Any] = [word for word in held if word]
    where = ["contains(standard_address, ?)"] * len(words)
    if asked.door_no:
        door = asked.door_no.split("-")[0]
        where.append("(contains(standard_address, ?) OR contains(standard_address, ?))")
        words += [f"{door}号", f"{door}-"]
    return where, words

