"""Names of counties and townships as people write them, and the patterns made of them.

Belongs here: everything that follows from the code lists of the catalogue about words for places of the city.
Does not: names of communities, which only house_registry knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from sources.catalogue import load_catalogue

COUNTIES = "gbt_2260_jingzhou"
RETIRED = "gbt_2260_retired"
COUNTY_WORDS = "ca_county_words"
TOWNSHIPS = "jz_township"
CITY, CITY_PREFIX = "421000", "4210"
ZONE, ZONE_PARENT = "421071", "421002"
"""The development zone, and the district it was formed in: what says the district may mean the zone."""

_COUNTY_ENDINGS = ("区", "县", "市")


@dataclass(frozen=True)
class Vocabulary:
    """Words and what they mean; a county word has one or two county codes, the first being today's meaning.

    `county_by_code`: the name for each code of a county unit in force or retired.
    """

    counties: dict[str, tuple[str, ...]]
    bare_counties: dict[str, tuple[str, ...]]
    townships: dict[str, tuple[str, ...]]
    short_streets: dict[str, tuple[str, ...]]
    county_names: dict[str, str]
    township_names: dict[str, str]

    county_by_code: dict[str, str]

    @property
    def county_wording(self) -> dict[str, str]:
        """County code to the word of standard addresses, which write the zone as its district (clarification 7)."""
        return self.county_names | {ZONE: self.county_names[ZONE_PARENT]}


def alternation(words: Iterable[str]) -> str:
    """A regular expression for any of the words, longest first."""
    return "|".join(re.escape(word) for word in sorted(set(words), key=lambda word: (-len(word), word)))


def _add(table: dict[str, tuple[str, ...]], word: str, *codes: str) -> None:
    table[word] = tuple(dict.fromkeys((*table.get(word, ()), *codes)))


def _counties() -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]:
    """Full and bare county words. Today's names come first; retired names add what they meant."""
    lists = load_catalogue().lists
    full: dict[str, tuple[str, ...]] = {}
    bare: dict[str, tuple[str, ...]] = {}
    for value in lists[COUNTIES].values:
        _add(full, value.zh, value.code)
    for value in lists[COUNTY_WORDS].values:
        for word in (value.zh, *value.aliases):
            _add(full if word.endswith(_COUNTY_ENDINGS) else bare, word, str(value.maps_to))
    for value in lists[RETIRED].values:
        if (value.successor or "").startswith(CITY_PREFIX):
            _add(full, re.sub(r"[(（].*", "", value.zh), str(value.successor))
    for table in (full, bare):
        for word, codes in table.items():
            if ZONE_PARENT in codes:
                _add(table, word, ZONE)
    return full, bare


def _townships() -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]:
    """Full and short township words: the name, 镇 and 乡 exchanged (a township that became a town), 街道 called 街."""
    full: dict[str, tuple[str, ...]] = {}
    short: dict[str, tuple[str, ...]] = {}
    values = load_catalogue().lists[TOWNSHIPS].values
    for value in values:
        _add(full, value.zh, value.code)
    for value in values:
        if value.zh.endswith("街道"):
            _add(short, value.zh.removesuffix("道"), value.code)
        elif value.zh.endswith(("镇", "乡")):
            other = value.zh[:-1] + ("乡" if value.zh.endswith("镇") else "镇")
            if other not in {township.zh for township in values}:
                _add(full, other, value.code)
    return full, short


@cache
def vocabulary() -> Vocabulary:
    """The vocabulary of the catalogue."""
    lists = load_catalogue().lists
    counties, bare = _counties()
    townships, short = _townships()
    return Vocabulary(
        counties=counties,
        bare_counties=bare,
        townships=townships,
        short_streets=short,
        county_by_code={value.code: value.zh for value in lists[COUNTIES].values if value.code != CITY} | {
            value.code: next(county.zh for county in lists[COUNTIES].values if county.code == value.successor)
            for value in lists[RETIRED].values
            if (value.successor or "").startswith(CITY_PREFIX)
        },
        county_names={value.code: value.zh for value in lists[COUNTIES].values},
        township_names={value.code: value.zh for value in lists[TOWNSHIPS].values},
    )
