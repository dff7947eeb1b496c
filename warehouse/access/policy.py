"""The one decision: may somebody with these grants do this? A pure function over data; deny by default.

Belongs here: `decide` and the limits it sets. Does not: data about roles and commands (rules.py), recipients of products
(recipients.py), recording (gate.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sources.catalogue import load_catalogue
from warehouse.access.model import CITY, Decision, Grant, Request, Role
from warehouse.access.recipients import Scope, scope_of
from warehouse.access.rules import COMMANDS, ROLES, CommandRule, purposes_of

DISTRICT = CITY[:4]
"""The first digits of every area of the city."""


class _No(Exception):
    """Refused, with the reason."""


def decide(grants: Sequence[Grant], request: Request) -> Decision:
    """Allowed, with the limits of area, department and person, or not, with the reason. Never raises for what it does not know."""
    try:
        rule = COMMANDS.get(request.command)
        if rule is None:
            raise _No(f"nothing is declared for {request.command!r}")
        able = _some((grant for grant in grants if grant.role in rule.roles and valid(grant)),
                     f"no grant of this account opens {request.command!r}")
        if request.feed is not None:
            return _for_feed(able, request)
        return _for_command(able, rule, request)
    except _No as reason:
        return Decision(False, str(reason))


def valid(grant: Grant) -> bool:
    """A grant that its role allows: holder, length of area codes, purposes. What is not valid allows nothing."""
    rule = ROLES[grant.role]
    if rule.holders and grant.holder not in rule.holders:
        return False
    if not set(grant.purposes) <= set(purposes_of(grant.role, grant.holder)):
        return False
    if (grant.role is Role.RESIDENT) != (grant.person_id is not None):
        return False
    return bool(grant.areas) and all(_area_fits(rule.digits, area, whole_city=rule.whole_city) for area in grant.areas)


def _area_fits(digits: tuple[int, ...], area: str, *, whole_city: bool) -> bool:
    if area == CITY:
        return whole_city
    return len(area) in digits and area.isascii() and area.isdigit() and area.startswith(DISTRICT)


def _some(grants: Iterable[Grant], why: str) -> list[Grant]:
    found = list(grants)
    if not found:
        raise _No(why)
    return found


def _for_command(able: list[Grant], rule: CommandRule, request: Request) -> Decision:
    if rule.purpose or request.purpose:
        stateable = ", ".join(dict.fromkeys(name for grant in able for name in grant.purposes)) or "none"
        able = _some((grant for grant in able if request.purpose in grant.purposes),
                     f"this account may not state the purpose {request.purpose} for {request.command!r}, but: {stateable}")
    _check_purpose(request)
    if rule.department:
        able = _some((grant for grant in able if _is_own(grant, request.department)), "this account has no grant for that department")
    person = _own_person(able, request)
    areas = _areas(able, request)
    return Decision(True, areas=areas, departments=() if rule.department else _departments(able), person_id=person,
                    holders=tuple(sorted({grant.holder for grant in able})))


def _check_purpose(request: Request) -> None:
    """The purpose must open every attribute, and rows where rows are asked for."""
    if not request.purpose:
        if request.attributes:
            raise _No("a purpose must be stated for these attributes")
        return
    purpose = load_catalogue().purposes.get(request.purpose)
    if purpose is None:
        raise _No("there is no such purpose")
    if any(name not in purpose.attributes for name in request.attributes):
        raise _No("the purpose does not open every attribute")
    if request.rows and purpose.granularity == "aggregate":
        raise _No("the purpose answers with counts only")


def _is_own(grant: Grant, department: str | None) -> bool:
    """An operator's grant is for no department in particular and serves all."""
    return grant.role is Role.OPERATOR or (department is not None and grant.holder == department)


def _own_person(able: list[Grant], request: Request) -> str | None:
    """The only person that a resident may see; None for everybody else."""
    persons = {grant.person_id for grant in able}
    if None in persons:
        return None
    if request.person_id is None or request.person_id not in persons:
        raise _No("a resident asks for the own person only")
    return request.person_id


def _areas(able: list[Grant], request: Request) -> tuple[str, ...]:
    """The areas of the grants together; empty when one of them is for the whole city."""
    if any(not grant.limits for grant in able):
        return ()
    areas = tuple(sorted({area for grant in able for area in grant.limits}))
    if any(not asked.startswith(areas) for asked in request.areas):  # codes begin with the code of the area around them
        raise _No("the area asked for is not one of this account")
    return areas


def _departments(able: list[Grant]) -> tuple[str, ...]:
    """The departments of whose records stewards may see the persons; empty: no such limit."""
    if any(grant.role is not Role.STEWARD for grant in able):
        return ()
    own = {grant.holder for grant in able}
    return () if own >= set(load_catalogue().departments) else tuple(sorted(own))


def _for_feed(able: list[Grant], request: Request) -> Decision:
    """A product goes to its recipients only, each within the row scope of the dictionary."""
    feed = load_catalogue().feeds.get(request.feed or "")
    if feed is None:
        raise _No("there is no such product")
    by_scope: dict[Scope, list[Grant]] = {}
    for grant in able:
        if (scope := _row_scope(feed.grain, grant, request)) is not None:
            by_scope.setdefault(scope, []).append(grant)
    if not by_scope:
        raise _No("this account is no recipient of the product")
    if by_scope.keys() & {Scope.ALL, Scope.YES_NO}:
        return Decision(True)
    if Scope.RECORDS in by_scope:
        return Decision(True, departments=tuple(sorted({grant.holder for grant in by_scope[Scope.RECORDS]})))
    if by_scope.keys() & {Scope.RESIDENT, Scope.PRESENT}:
        return _for_one_person(by_scope, request)
    return Decision(True, areas=_areas(by_scope[Scope.AREA], request))


def _row_scope(grain: str, grant: Grant, request: Request) -> Scope | None:
    """The row scope of the dictionary; an office that answers for a part of the city gets the rows of that part."""
    scope = scope_of(request.feed or "", grant, request.purpose)
    return Scope.AREA if scope is Scope.ALL and grain != "aggregate" and grant.limits else scope


def _for_one_person(by_scope: dict[Scope, list[Grant]], request: Request) -> Decision:
    """Of a resident the own person; of a clerk the one who is present, inside the own community."""
    if request.person_id is None:
        raise _No("the request names no person")
    if any(grant.person_id == request.person_id for grant in by_scope.get(Scope.RESIDENT, [])):
        return Decision(True, person_id=request.person_id)
    present = _some(by_scope.get(Scope.PRESENT, []), "a resident asks for the own person only")
    return Decision(True, areas=_areas(present, request), person_id=request.person_id)
