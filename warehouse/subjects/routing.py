"""Which departments own what is held about a person: where a request goes.

Belongs here: from an attribute or a category to departments. Does not: requests themselves (requests.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from sources.catalogue import load_catalogue
from sources.errors import OneGridError
from sources.tables import literal, quoted
from warehouse.profile import recorded_attributes


class NothingToRoute(OneGridError):
    """No department holds what the request is about."""


@dataclass(frozen=True, slots=True)
class Owner:
    """A department and the category in which it holds what is meant."""

    department: str
    category: str


def owners_of_value(con: duckdb.DuckDBPyConnection, person_id: str, attribute: str) -> list[Owner]:
    """Who gave the value that the profile shows: the department of the winning record, for a derived value those of its inputs.

    Where no record gives it (the value is missing), the department of the most trusted source. Raises NothingToRoute.
    """
    _known(attribute)
    found = _winners(con, person_id, attribute, set())
    if not found:
        found = [source for name in _with_inputs(attribute) for source, _ in load_catalogue().attributes[name].source_columns][:1]
    return _owners(found, attribute)


def owners_of_statements(con: duckdb.DuckDBPyConnection, person_id: str, attribute: str) -> list[Owner]:
    """Every department with a record of the person in a category that states the attribute or an input of it. Raises NothingToRoute."""
    _known(attribute)
    stating = {category for name in _with_inputs(attribute) for category, _ in load_catalogue().attributes[name].source_columns}
    rows = con.execute(f"""SELECT DISTINCT category FROM mention_person WHERE person_id = ?
                           AND category IN ({", ".join(map(literal, sorted(stating))) or "''"})""", [person_id]).fetchall()
    return _owners([category for (category,) in rows], attribute)


def owner_of_category(con: duckdb.DuckDBPyConnection, person_id: str, category: str) -> list[Owner]:
    """The department of a category that has a record of the person. Raises NothingToRoute."""
    contracts = load_catalogue().contracts
    if category not in contracts:
        raise NothingToRoute(what=f"there is no category {category!r}", where="--category", remedy=f"state one of: {', '.join(contracts)}")
    (records,) = con.execute("SELECT count(*) FROM mention_person WHERE person_id = ? AND category = ?",
                             [person_id, category]).fetchone() or (0,)
    return _owners([category] if records else [], category)


def _known(attribute: str) -> None:
    if attribute not in load_catalogue().attributes:
        raise NothingToRoute(what=f"there is no attribute {attribute!r}", where="--attribute",
                             remedy="the names stand in the report (`onegrid subject report`)")


def _owners(categories: list[str], asked: str) -> list[Owner]:
    contracts = load_catalogue().contracts
    owners = {Owner(contracts[category].department, category) for category in categories}
    if not owners:
        raise NothingToRoute(what=f"no department holds a record of this person for {asked}", where="request",
                             remedy="ask for the report first: it names every record and its department")
    return sorted(owners, key=lambda owner: list(contracts).index(owner.category))


def _winners(con: duckdb.DuckDBPyConnection, person_id: str, attribute: str, seen: set[str]) -> list[str]:
    """Categories of the records that give the value, through inputs where the value itself has no record."""
    if attribute in seen:
        return []
    seen.add(attribute)
    if attribute in recorded_attributes():
        rows = con.execute(f"""SELECT DISTINCT named.category FROM profile_record AS winner
                               JOIN mention_person AS named ON named.record_id = winner.{quoted(attribute)}
                               WHERE winner.person_id = ?""", [person_id]).fetchall()
        if rows:
            return [category for (category,) in rows]
    return [category for name in load_catalogue().attributes[attribute].inputs for category in _winners(con, person_id, name, seen)]


def _with_inputs(attribute: str) -> list[str]:
    """The attribute and everything it is computed from, nearest first."""
    found, waiting = [], [attribute]
    while waiting:
        name = waiting.pop(0)
        if name not in found:
            found.append(name)
            waiting += load_catalogue().attributes[name].inputs
    return found
