"""Code lists as lookup tables: every spelling that occurs, with the department's own code and the canonical one.

Belongs here: which spellings lead to which code. A spelling that could mean two codes leads to none.
Does not: reading cells (reading.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

import duckdb
import pyarrow as pa

from sources.catalogue import load_catalogue
from sources.catalogue.models import CodeList, CodeValue
from sources.tables import literal

TOWNSHIP_LIST, COUNTY_LIST, RETIRED_LIST, ETHNIC_LIST = "jz_township", "gbt_2260_jingzhou", "gbt_2260_retired", "gbt_3304_ethnic"
TOWNSHIP_ENDINGS = ("街道办事处", "街道", "街", "镇", "乡", "管理区", "农场")


@dataclass(frozen=True, slots=True)
class Spelling:
    """One way to write a value: half-width, trimmed. `own` is the code of the list itself, `canonical` None where it carries no meaning."""

    text: str
    own: str
    canonical: str | None


def canonical_list(codes: str) -> str:
    """The national or canonical list that a list maps to; itself when it is one."""
    found = load_catalogue().lists[codes]
    return found.maps_to or codes


def _canonical(codes: CodeList, value: CodeValue) -> str | None:
    return value.maps_to if codes.kind == "private" else value.code


@cache
def spellings(codes: str) -> dict[str, Spelling]:
    """Every spelling of a list. Earlier layers win: own codes, own words and aliases, words of the canonical list, lost zeros, extras."""
    found = load_catalogue().lists[codes]
    table: dict[str, Spelling] = {}
    layers: list[Iterable[Spelling]] = [
        [Spelling(value.code, value.code, _canonical(found, value)) for value in found.values],
        [Spelling(word, value.code, _canonical(found, value)) for value in found.values for word in (value.zh, *value.aliases)],
        _canonical_words(found),
        [Spelling(value.code.lstrip("0"), value.code, _canonical(found, value)) for value in found.values
         if value.code.startswith("0") and value.code.strip("0")],
        _extra_spellings(codes, found),
    ]
    for layer in layers:
        for text, candidates in _by_text(layer).items():
            if text not in table and len({(one.own, one.canonical) for one in candidates}) == 1:
                table[text] = candidates[0]
    return table


def _by_text(layer: Iterable[Spelling]) -> dict[str, list[Spelling]]:
    grouped: dict[str, list[Spelling]] = {}
    for spelling in layer:
        grouped.setdefault(spelling.text, []).append(spelling)
    return grouped


def _canonical_words(found: CodeList) -> Iterator[Spelling]:
    """Words of the canonical list, where exactly one own code maps there."""
    if found.maps_to is None:
        return
    for target in load_catalogue().lists[found.maps_to].values:
        own = [value.code for value in found.values if value.maps_to == target.code]
        if len(own) == 1:
            for word in (target.zh, *target.aliases):
                yield Spelling(word, own[0], target.code)


def _extra_spellings(codes: str, found: CodeList) -> Iterator[Spelling]:
    if codes == TOWNSHIP_LIST:
        yield from _township_spellings(found)
    if COUNTY_LIST in {codes, found.maps_to}:
        yield from _retired_counties(found)
    if codes == ETHNIC_LIST:
        yield from (Spelling(value.zh.removesuffix("族"), value.code, value.code) for value in found.values)


def _township_spellings(found: CodeList) -> Iterator[Spelling]:
    """Codes with a retired county part, and names without their ending."""
    for value in found.values:
        county = value.county or value.code[:6]
        for old in (old.code for old in load_catalogue().lists[RETIRED_LIST].values if old.successor == county):
            yield Spelling(old + value.code[6:], value.code, value.code)
        ending = next((ending for ending in TOWNSHIP_ENDINGS if value.zh.endswith(ending) and len(value.zh) > len(ending) + 1), None)
        if ending is not None:
            yield Spelling(value.zh.removesuffix(ending), value.code, value.code)
            if ending == "街道":
                stem = value.zh.removesuffix(ending)
                yield from (Spelling(stem + other, value.code, value.code) for other in ("街", "街道办事处", "办事处"))


def _retired_counties(found: CodeList) -> Iterator[Spelling]:
    """Retired divisions by code and name, where the list knows the successor."""
    own_of = {_canonical(found, value): value.code for value in found.values}
    for value in load_catalogue().lists[RETIRED_LIST].values:
        if value.successor in own_of:
            yield from (Spelling(text, own_of[value.successor], value.successor) for text in (value.code, value.zh))


def create_lookup(con: duckdb.DuckDBPyConnection, codes: str) -> str:
    """The lookup of a list as a temporary table code_<list>(text, own, canonical); returns its name."""
    name = f"code_{codes}"
    if con.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = ? AND temporary", [name]).fetchone() == (0,):
        table = list(spellings(codes).values())
        arrow = pa.table({"text": [one.text for one in table], "own": [one.own for one in table],
                          "canonical": pa.array([one.canonical for one in table], pa.string())})
        con.register("code_rows", arrow)
        con.execute(f"CREATE TEMP TABLE {name} AS SELECT text, own, canonical FROM code_rows")
        con.unregister("code_rows")
    return name


def lookup_literal(codes: str) -> str:
    """The lookup of a list as a MAP literal from spelling to {own, canonical}, for cells that hold several codes."""
    table = list(spellings(codes).values())
    texts = ", ".join(literal(one.text) for one in table)
    found = ", ".join(f"{{'own': {literal(one.own)}, 'canonical': {'NULL::VARCHAR' if one.canonical is None else literal(one.canonical)}}}"
                      for one in table)
    return f"map([{texts}], [{found}])"
