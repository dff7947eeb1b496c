"""Which dwelling a question means, and which dwellings lie above, below and beside it.

Belongs here: the choice of exactly one dwelling, or the honest answer how far the question leads. Better silent than wrong.
Does not: reading texts (register.py), persons (contacts.py).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from warehouse.houses.register import Address, Dwelling, Register, road_name
from warehouse.houses.rooms import next_floor, read_room

LONGEST_QUESTION = 200
"""Characters; the longest standard address has fewer than 80."""
MOST_OFFERED = 200
CODE, BUILDING_CODE = re.compile(r"\d{19}"), re.compile(r"\d{16}")
_PARTS = ("village_group", "road", "door_no", "building", "unit", "room")


class Reach(StrEnum):
    """How far a question leads."""

    DWELLING = "dwelling"
    SEVERAL = "several"
    """Several dwellings are registered under one address."""
    CHOICE = "choice"
    """A building, or several dwellings that fit: one has to be chosen."""
    AREA = "area"
    GONE = "gone"
    OUTSIDE = "outside"
    UNKNOWN = "unknown"
    """An address of the city that no dwelling is registered under."""
    WIDE = "wide"
    NOWHERE = "nowhere"
    """Nothing that names a place."""


class Side(StrEnum):
    """What is known of the dwelling above, below or beside."""

    FOUND = "found"
    SEVERAL = "several"
    HOUSE = "house"
    """A house of its own: nobody lives above or below."""
    END = "end"
    """The highest (or lowest) registered floor."""
    FLOOR = "floor"
    """That floor has dwellings, none in the same position."""
    GAP = "gap"
    """Nothing is registered on that floor, but further on."""
    UNREAD = "unread"
    """The room number does not tell the floor."""


@dataclass(frozen=True, slots=True)
class Found:
    """`dwellings` are meant; `offers` only fit, to choose from."""

    reach: Reach
    dwellings: tuple[Dwelling, ...] = ()
    offers: tuple[Dwelling, ...] = ()
    gone_on: date | None = None


@dataclass(frozen=True, slots=True)
class Neighbours:
    """`dwellings` lie there for certain; `offers` may."""

    side: Side
    dwellings: tuple[Dwelling, ...] = ()
    offers: tuple[Dwelling, ...] = ()


def find(register: Register, asked: str) -> Found:
    """The dwelling that a code or an address means. Never guesses between two."""
    text = unicodedata.normalize("NFKC", asked).strip()
    bare = re.sub(r"\s", "", text)
    if CODE.fullmatch(bare):
        return _coded(register.by_code(bare), register)
    if BUILDING_CODE.fullmatch(bare):
        return _offered(Reach.CHOICE, register.by_building(bare), Reach.UNKNOWN)
    if len(text) > LONGEST_QUESTION or not re.search(r"[^\W\d_]", text):
        return Found(Reach.NOWHERE)
    exact = register.by_text(text)
    if exact:
        return _settled(exact)
    address = register.read(text)
    if address.outside:
        return Found(Reach.OUTSIDE)
    return _by_words(register, address)


def _coded(found: list[Dwelling], register: Register) -> Found:
    if not found:
        return Found(Reach.UNKNOWN)
    if found[0].gone_on is None:
        return Found(Reach.DWELLING, tuple(found))
    today = [one for one in register.by_text(found[0].address.text) if one.gone_on is None]
    return Found(Reach.GONE, offers=tuple(today), gone_on=found[0].gone_on)


def _by_words(register: Register, address: Address) -> Found:
    candidates = register.by_words(address)
    if candidates is None:
        return Found(Reach.WIDE)
    chosen = _chosen(address, candidates)
    if chosen is not None:
        return chosen
    if not address.complete and address.room is not None:  # what was not understood may have looked like a room
        return _by_words(register, replace(address, room=None))
    gone = _chosen(address, register.by_words(address, gone=True) or [])
    if gone is not None and gone.reach in (Reach.DWELLING, Reach.SEVERAL):
        days = [one.gone_on for one in gone.dwellings if one.gone_on is not None]
        return Found(Reach.GONE, gone_on=max(days))
    if address.road and address.door_no:
        elsewhere = [one for one in register.by_words(address, anywhere=True) or [] if _fits(address, one.address)]
        if elsewhere:
            return _offered(Reach.UNKNOWN, elsewhere, Reach.UNKNOWN)
    named = address.community or address.township or address.counties
    place = address.road or address.door_no or address.village_group
    return Found(Reach.UNKNOWN if place else Reach.AREA if named else Reach.NOWHERE)


def _readings(address: Address) -> list[Address]:
    """The ways to read a question: 1-301 names the building or the unit."""
    if address.either and address.unit is None:
        return [address, replace(address, building=None, unit=address.building)]
    return [address]


def _chosen(address: Address, candidates: list[Dwelling]) -> Found | None:
    """The dwelling, the dwellings under one address, or those to choose from; None when nothing fits."""
    readings = _readings(address)
    fitting = [one for one in candidates if any(_fits(reading, one.address) for reading in readings)]
    same_road = [one for one in fitting if one.address.road == address.road]
    fitting = same_road or fitting
    if not fitting:
        return None
    if not address.complete:
        return _offered(Reach.CHOICE, fitting, Reach.CHOICE)
    if address.floor is not None and address.room is None:
        there = [one for one in fitting if str(getattr(read_room(one.address.room), "floor", "")) == address.floor]
        return _offered(Reach.CHOICE, there or fitting, Reach.CHOICE)
    if len(readings) == 1:
        whole = [one for one in fitting if one.address.complete and _same(address, one.address)]
        fitting = whole or fitting
        if not whole and address.room is None:
            return _offered(Reach.CHOICE, fitting, Reach.CHOICE)
    return _settled(fitting)


def _settled(fitting: list[Dwelling]) -> Found:
    """One dwelling; several when they share one address; else a choice."""
    places = {(one.township, one.community, *(getattr(one.address, part) for part in _PARTS)) for one in fitting}
    if len(places) > 1:
        return _offered(Reach.CHOICE, fitting, Reach.CHOICE)
    return Found(Reach.DWELLING if len(fitting) == 1 else Reach.SEVERAL, tuple(fitting))


def _offered(reach: Reach, offers: list[Dwelling], without: Reach) -> Found:
    return Found(reach, offers=tuple(offers[:MOST_OFFERED])) if offers else Found(without)


def _part(address: Address, part: str) -> str | None:
    value: str | None = getattr(address, part)
    return road_name(value) if part == "road" else value


def _same(asked: Address, registered: Address) -> bool:
    return all(_part(asked, part) == _part(registered, part) for part in _PARTS)


def _fits(asked: Address, registered: Address) -> bool:
    """Every part that the question states is the same in the register."""
    stated = all(_part(asked, part) in (None, _part(registered, part)) for part in _PARTS)
    named = asked.road or asked.village_group or asked.door_no or (asked.estate and asked.estate == registered.estate)
    return stated and bool(named)


def beyond(register: Register, dwelling: Dwelling, step: int) -> Neighbours:
    """The dwelling one floor up (`step` 1) or down (-1), in the same position of the same entrance."""
    entrance = register.around(dwelling)
    if dwelling.address.room is None:
        alone = all(one.address.room is None for one in entrance) and dwelling.address.complete
        return Neighbours(Side.HOUSE if alone else Side.UNREAD)
    room = read_room(dwelling.address.room)
    rooms = {one.code: read_room(one.address.room) for one in entrance}
    if room is None or _cellar_or_block(room.position, list(rooms.values())):
        return Neighbours(Side.UNREAD)
    floor = next_floor(room.floor, step)
    there = [one for one in entrance if rooms[one.code] == room.on(floor)]
    if there:
        return Neighbours(Side.FOUND if len(there) == 1 else Side.SEVERAL, tuple(there))
    return _without_position(entrance, {code: read.floor for code, read in rooms.items() if read is not None}, room.floor, step)


def _without_position(entrance: list[Dwelling], floors: dict[str, int], floor: int, step: int) -> Neighbours:
    further = [other for other in floors.values() if (other - floor) * step > 0]
    if not further:
        unread = any(one.code not in floors for one in entrance)
        return Neighbours(Side.UNREAD if unread else Side.END)
    nearest = min(further, key=lambda other: abs(other - floor))
    offers = tuple(one for one in entrance if floors.get(one.code) == nearest)
    return Neighbours(Side.FLOOR if nearest == next_floor(floor, step) else Side.GAP, offers=offers)


def _cellar_or_block(position: str, rooms: list[object]) -> bool:
    """B101 beside 101: a cellar or a block B? Nobody knows unless block B has upper floors."""
    if not position.startswith("B|"):
        return False
    floors = {getattr(room, "floor", 0) for room in rooms if getattr(room, "position", "").startswith("B|")}
    return max(floors) <= 2 and any(not getattr(room, "position", "B|").startswith("B|") for room in rooms if room is not None)


def beside(register: Register, dwelling: Dwelling) -> Neighbours:
    """The other dwellings on the same floor of the same entrance."""
    room = read_room(dwelling.address.room)
    if room is None:
        return Neighbours(Side.HOUSE if dwelling.address.room is None else Side.UNREAD)
    others = [one for one in register.around(dwelling) if one.code != dwelling.code]
    found = tuple(one for one in others if (read := read_room(one.address.room)) is not None and read.floor == room.floor)
    return Neighbours(Side.FOUND if len(found) == 1 else Side.SEVERAL if found else Side.END, found)
