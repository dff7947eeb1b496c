"""Who may be contacted about a dwelling: its owner, the adults who live there, the next of kin of an owner who has died.

Belongs here: persons around one dwelling, with the attributes that the purpose holds and nothing else.
Does not: whether the purpose may look at all (looking.py), which dwelling is meant (finding.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

import duckdb

from sources.tables import has_table
from warehouse.houses.register import Dwelling
from warehouse.purposes import Reading

REACHED_BY = ("name", "contact_phone", "vital_status")
"""What is shown of an owner and of kin; each only where the purpose holds it."""
SHOWN = (*REACHED_BY, "emergency_contact_phone", "age", "relation_to_head", "living_alone")
"""What is shown of who lives there: it helps to take care of who opens the door."""
ADDRESS = "residence_address"
"""Shown of an owner who lives elsewhere and has no telephone."""
ADULT = 18
HEAD, DEAD = "02", "2"
LET, VACANT, LENT = "2", "3", "4"
"""Canonical values of dwelling_occupancy."""


class Home(StrEnum):
    """Where the owner lives, seen from the dwelling."""

    HERE = "here"
    ELSEWHERE = "elsewhere"
    UNKNOWN = "unknown"


class Kind(StrEnum):
    """Who owns the dwelling."""

    PERSON = "person"
    ORGANISATION = "organisation"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Contact:
    """One person: `values` holds attributes of the purpose, those without a value left out."""

    person_id: str
    values: dict[str, Any]
    tie: str | None = None
    """`spouse` or `child` of the owner."""


@dataclass(frozen=True, slots=True)
class Owner:
    """The registered owner. `phone` is the number that the register states for an organisation.

    `dead` and `home` are None where the purpose does not hold vital_status or dwelling_id. `kin` is asked for when the owner
    is dead or has no telephone: `kin_open` says whether the purpose may know of kin at all.
    """

    kind: Kind
    registered_on: date | None
    contact: Contact | None = None
    name: str | None = None
    phone: str | None = None
    dead: bool | None = None
    home: Home | None = None
    kin: tuple[Contact, ...] = ()
    kin_open: bool = False


@dataclass(frozen=True, slots=True)
class Contacts:
    """Everybody who may be contacted about one dwelling. `minors` live there and are not named.

    `use` is `vacant`, `let` or `lent` as the register says and the purpose may know; None: in own use, or not known.
    """

    dwelling: Dwelling
    owner: Owner
    residents: tuple[Contact, ...] = ()
    minors: int = 0
    use: str | None = None

    @property
    def persons(self) -> list[str]:
        """The ids of everybody shown, each once."""
        shown = [self.owner.contact, *self.owner.kin, *self.residents]
        return list(dict.fromkeys(one.person_id for one in shown if one is not None))


@dataclass(frozen=True, slots=True)
class _Facts:
    """What is read of one person; `held` is what the purpose opens of it."""

    held: dict[str, Any] = field(default_factory=dict)

    def get(self, name: str) -> Any:
        return self.held.get(name)

    @property
    def adult(self) -> bool:
        """Not known to be a minor."""
        age = self.held.get("age")
        return age is None or age >= ADULT

    def contact(self, person_id: str, shown: tuple[str, ...], tie: str | None = None) -> Contact:
        values = {name: self.held[name] for name in shown if self.held.get(name) is not None}
        if values.get("vital_status") != DEAD:
            values.pop("vital_status", None)
        if not values.get("living_alone"):
            values.pop("living_alone", None)
        return Contact(person_id, values, tie)


def contacts_of(con: duckdb.DuckDBPyConnection, reading: Reading, dwelling: Dwelling) -> Contacts:
    """Who may be contacted about a dwelling of the register. `reading` must open dwelling_id and contact_phone."""
    opened = set(reading.purpose.attributes)
    row = con.execute(
        """SELECT h.owner_name, h.owner_phone, h.occupancy, h.updated_on, m.person_id
           FROM current_house_registry AS h
           LEFT JOIN mention_person AS m ON m.record_id = h.record_id AND m.role = 'owner'
           WHERE h.record_id = ? ORDER BY m.person_id LIMIT 1""",
        [dwelling.record_id],
    ).fetchone()
    name, phone, occupancy, day, owner_id = row if row is not None else (None, None, None, None, None)
    people = _people(con, reading, "p.dwelling_id = ?", [dwelling.code])
    facts = people | (_named(con, reading, [owner_id]) if owner_id and owner_id not in people else {})
    residents = [person for person in people if people[person].adult]
    return Contacts(
        dwelling,
        _owner(con, reading, dwelling, facts, (name, phone, day, owner_id)),
        tuple(people[person].contact(person, SHOWN) for person in sorted(residents, key=lambda one: _order(one, people[one]))),
        len(people) - len(residents),
        _use(occupancy, opened) if not people else _use(occupancy if occupancy != VACANT else None, opened),
    )


def _order(person_id: str, facts: _Facts) -> tuple[bool, int, str]:
    """The head first, then the older; what the purpose does not hold orders nothing."""
    return facts.get("relation_to_head") != HEAD, -(facts.get("age") or 0), person_id


def _use(occupancy: str | None, opened: set[str]) -> str | None:
    """What the register says of the use, as far as the attributes that tell it are open."""
    if occupancy == VACANT and "dwelling_occupants" in opened:
        return "vacant"
    if "dwelling_tenure" in opened:
        return {LET: "let", LENT: "lent"}.get(occupancy or "")
    return None


def _owner(con: duckdb.DuckDBPyConnection, reading: Reading, dwelling: Dwelling, facts: dict[str, _Facts],
           registered: tuple[str | None, str | None, date | None, str | None]) -> Owner:  # fmt: skip
    name, phone, day, person = registered
    if person is None:
        kind = Kind.ORGANISATION if name else Kind.UNKNOWN
        return Owner(kind, day, name=name if "name" in reading.purpose.attributes else None, phone=phone)
    if person not in facts:  # known to others only
        return Owner(Kind.UNKNOWN, day)
    opened = set(reading.purpose.attributes)
    known = facts[person]
    dead = known.get("vital_status") == DEAD if "vital_status" in opened else None
    place = known.get("dwelling_id")
    home = Home.HERE if place == dwelling.code else Home.ELSEWHERE if place or known.get(ADDRESS) else Home.UNKNOWN
    unreachable = bool(dead) or known.get("contact_phone") is None
    extra = (ADDRESS,) if known.get("contact_phone") is None and home is Home.ELSEWHERE else ()
    contact = known.contact(person, REACHED_BY + extra)
    if dead:
        contact.values.pop("contact_phone", None)
    kin = _kin(con, reading, person) if unreachable else ()
    return Owner(Kind.PERSON, day, contact, dead=dead, home=None if dead else home, kin=kin, kin_open="spouse_person" in opened)


def _people(con: duckdb.DuckDBPyConnection, reading: Reading, where: str, values: list[Any]) -> dict[str, _Facts]:
    """What the purpose may see of the persons for whom a condition on the profile holds, by id."""
    wanted = [name for name in (*SHOWN, ADDRESS, "dwelling_id") if name in reading.purpose.attributes]
    rows = con.execute(
        f"""SELECT p.person_id, {", ".join(reading.expression(name) for name in wanted)} FROM {reading.tables}
            WHERE {reading.condition} AND {where} ORDER BY p.person_id""",
        values,
    ).fetchall()
    return {row[0]: _Facts(dict(zip(wanted, row[1:], strict=True))) for row in rows}


def _named(con: duckdb.DuckDBPyConnection, reading: Reading, persons: Iterable[str]) -> dict[str, _Facts]:
    return _people(con, reading, "list_contains(?::VARCHAR[], p.person_id)", [sorted(persons)])


def _kin(con: duckdb.DuckDBPyConnection, reading: Reading, person: str) -> tuple[Contact, ...]:
    """The living spouse, then the living adult children, as far as the purpose holds what tells of them."""
    opened = set(reading.purpose.attributes)
    ties: dict[str, str] = {}
    if "children_count" in opened:
        ties |= dict.fromkeys(_children(con, person), "child")
    if "spouse_person" in opened:
        ties |= dict.fromkeys(_spouses(con, reading, person), "spouse")
    ties.pop(person, None)
    facts = _named(con, reading, ties) if ties else {}
    alive = [one for one, known in facts.items() if known.get("vital_status") != DEAD and known.adult]
    order = sorted(alive, key=lambda one: (ties[one] != "spouse", -(facts[one].get("age") or 0), one))
    return tuple(facts[one].contact(one, REACHED_BY, ties[one]) for one in order)


def _spouses(con: duckdb.DuckDBPyConnection, reading: Reading, person: str) -> list[str]:
    """By the attribute of either of the two: a widow may state the dead, or the dead the widow."""
    spouse = reading.expression("spouse_person")
    rows = con.execute(
        f"""SELECT CASE WHEN p.person_id = $1 THEN {spouse} ELSE p.person_id END FROM {reading.tables}
            WHERE (p.person_id = $1 AND {spouse} IS NOT NULL) OR {spouse} = $1 ORDER BY 1""",
        [person],
    ).fetchall()
    return [one for (one,) in rows]


def _children(con: duckdb.DuckDBPyConnection, person: str) -> list[str]:
    """By the family ties of the snapshot; without them by the registers of households and of births."""
    if has_table(con, "family_tie"):
        rows = con.execute(
            "SELECT DISTINCT relative FROM family_tie WHERE person_id = ? AND tie = 'child' AND state = 'holds' ORDER BY 1", [person]
        )
    else:
        rows = con.execute(
            """SELECT DISTINCT child.person_id FROM mention_person AS parent
               JOIN mention_person AS child ON child.record_id = parent.record_id
                AND (child.category, child.role) IN (('household_registration', 'holder'), ('birth_family_support', 'child'))
               WHERE parent.person_id = ? AND parent.role IN ('father', 'mother')
                 AND parent.category IN ('household_registration', 'birth_family_support') ORDER BY 1""",
            [person],
        )
    return [one for (one,) in rows.fetchall()]
