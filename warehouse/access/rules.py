"""What each role may do and who may use each command: data, the only place where it stands. What is not here is refused.

Belongs here: roles with their holders, areas and grain of answers; commands with their roles. Purposes are not repeated: who holds
one is read from attributes.yaml, who receives a feed from recipients.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from sources.catalogue import load_catalogue
from warehouse.access.model import Role

OPERATING, GRID_CENTRE, FIRE_RESCUE = "operator", "grid_service_centre", "fire_rescue"
EVERY_DEPARTMENT = "every_department"
"""The holder of whom all departments together have commissioned: reviewers of links, whose pairs cross departments."""
ORGANISATIONS = {
    GRID_CENTRE: "grid service centre (网格化管理服务中心)",
    FIRE_RESCUE: "fire rescue service",
    EVERY_DEPARTMENT: "",
    OPERATING: "",
    "appeals_centre": "",
    "market_supervision": "",
    "subdistrict_office": "",
    "procuratorate": "",
    "resident": "",
}
"""Holders that are no department, with the words of attributes.yaml that name them as holder of a purpose."""
STEWARDS = "data stewards of each department, for their own records"
"""The holder of data_quality in attributes.yaml."""


class Uses(StrEnum):
    """Which purposes a role may be granted, of those that its holder holds."""

    ROWS = "rows"
    COUNTS = "counts"
    STEWARDSHIP = "stewardship"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class RoleRule:
    """`holders`: for whom the role exists (empty: every department and organisation); `digits`: how long the codes of its areas
    are (empty: only the whole city)."""

    uses: Uses
    holders: tuple[str, ...] = ()
    digits: tuple[int, ...] = ()
    whole_city: bool = True


ROLES: dict[Role, RoleRule] = {
    Role.OPERATOR: RoleRule(Uses.NONE, (OPERATING,)),
    Role.STEWARD: RoleRule(Uses.STEWARDSHIP, load_catalogue().departments),
    Role.CASE_WORKER: RoleRule(Uses.ROWS, (*load_catalogue().departments, GRID_CENTRE, FIRE_RESCUE), (6, 9, 12, 15)),
    Role.ANALYST: RoleRule(Uses.COUNTS, (GRID_CENTRE,)),
    Role.GRID_WORKER: RoleRule(Uses.ROWS, (GRID_CENTRE,), (15,), whole_city=False),
    Role.COMMUNITY_CLERK: RoleRule(Uses.ROWS, ("civil_affairs", "family_planning", GRID_CENTRE), (12,), whole_city=False),
    Role.HEALTH_CENTRE: RoleRule(Uses.ROWS, ("health",), (9,), whole_city=False),
    Role.REVIEWER: RoleRule(Uses.STEWARDSHIP, (EVERY_DEPARTMENT,)),
    Role.AUDITOR: RoleRule(Uses.STEWARDSHIP, (EVERY_DEPARTMENT,)),
    Role.SERVICE: RoleRule(Uses.NONE, digits=(6, 9, 12)),
    Role.RESIDENT: RoleRule(Uses.NONE, ("resident",)),
}
"""data_quality is for stewards, reviewers and auditors; an auditor may state it for the log only, since no other command opens."""


@dataclass(frozen=True, slots=True)
class CommandRule:
    """`roles` that may use the command; `purpose`: it must be stated; `department`: it is about one department, the grant's own;
    `implied`: the purpose that the command serves by itself, for the log; `recorded`: every use is in it (a refusal always is)."""

    roles: tuple[Role, ...]
    purpose: bool = False
    department: bool = False
    implied: str = ""
    recorded: bool = True


_PEOPLE = (Role.CASE_WORKER, Role.STEWARD, Role.GRID_WORKER, Role.COMMUNITY_CLERK, Role.HEALTH_CENTRE)
_COUNTING = (*_PEOPLE, Role.ANALYST)
_RUNNING = (Role.OPERATOR,)
_STEWARDS = (Role.STEWARD,)
_ANYBODY = tuple(role for role in Role if role is not Role.RESIDENT)
CORRECTING = "data_quality"

COMMANDS: dict[str, CommandRule] = {
    "query": CommandRule(_COUNTING, purpose=True),
    "area": CommandRule(_COUNTING, purpose=True),
    "profile": CommandRule(_PEOPLE, purpose=True),
    "house": CommandRule(_PEOPLE, purpose=True),
    "household": CommandRule(_PEOPLE, purpose=True),
    "residence": CommandRule(_PEOPLE, purpose=True),
    "explain": CommandRule((Role.REVIEWER,), purpose=True),
    "review next": CommandRule((Role.REVIEWER,), purpose=True),
    "review export": CommandRule((Role.REVIEWER,), purpose=True),
    "review list": CommandRule((Role.REVIEWER,), purpose=True),
    "review conflicts": CommandRule((Role.REVIEWER,), purpose=True),
    "review decide": CommandRule((Role.REVIEWER,), purpose=True),
    "review import": CommandRule((Role.REVIEWER,), purpose=True),
    "person history": CommandRule((Role.REVIEWER,), purpose=True),
    "audit show": CommandRule((Role.AUDITOR,), purpose=True),
    "audit summary": CommandRule((Role.AUDITOR,), purpose=True),
    "alerts": CommandRule(_STEWARDS, department=True, implied=CORRECTING),
    "alerts summary": CommandRule((Role.OPERATOR, Role.STEWARD, Role.AUDITOR), recorded=False),
    "alerts decide": CommandRule(_STEWARDS, department=True, implied=CORRECTING),
    "alerts import": CommandRule((Role.STEWARD, Role.SERVICE), department=True, implied=CORRECTING),
    "changes import": CommandRule((Role.STEWARD, Role.SERVICE), department=True, implied=CORRECTING),
    "changes": CommandRule(_STEWARDS, department=True, implied=CORRECTING),
    "changes decide": CommandRule(_STEWARDS, department=True, implied=CORRECTING),
    "outbox": CommandRule((Role.OPERATOR, Role.STEWARD), department=True, implied=CORRECTING),
    "outbox send": CommandRule(_RUNNING),
    "visits submit": CommandRule((Role.GRID_WORKER, Role.CASE_WORKER)),
    "visits results": CommandRule((Role.GRID_WORKER, Role.CASE_WORKER), purpose=True),
    "feeds": CommandRule(tuple(Role)),
    "feeds build": CommandRule(_RUNNING),
    "subject report": CommandRule((Role.AUDITOR, Role.RESIDENT)),
    "subject correct": CommandRule((Role.AUDITOR, Role.RESIDENT)),
    "subject restrict": CommandRule((Role.AUDITOR, Role.RESIDENT)),
    "subject requests": CommandRule(_STEWARDS, department=True),
    "subject answer": CommandRule(_STEWARDS, department=True),
    "export": CommandRule(_RUNNING),
    "users": CommandRule(_RUNNING),
    "organisation": CommandRule(_ANYBODY),
    "address": CommandRule(_ANYBODY, recorded=False),
    "boundaries export": CommandRule(_ANYBODY, recorded=False),
    "boundaries check": CommandRule(_RUNNING, recorded=False),
    "boundaries load": CommandRule(_RUNNING, recorded=False),
    "run": CommandRule(_RUNNING, recorded=False),
    "evaluate": CommandRule(_RUNNING, recorded=False),
    "snapshots": CommandRule(_RUNNING, recorded=False),
    "model": CommandRule(_RUNNING, recorded=False),
    "ui": CommandRule(_RUNNING, recorded=False),
    "serve": CommandRule(_RUNNING, recorded=False),
}
"""Commands of one subject that differ in nothing share one name: `users add` is `users`, `alerts reject` is `alerts decide`."""

OPEN = {
    "city": "writes an invented city; reads no installation",
    "demo": "makes an invented city and an installation of its own",
    "link": "works on files of the caller; reads no installation",
    "visits form": "the empty form reads no installation; with --grid it passes the gate as a reader of grid_information",
    "feeds list": "tells of products what the dictionary says, and numbers of rows",
    "feeds show": "tells of a product what the dictionary says, and its columns",
    "feeds check": "compares the dictionary with kept schemas; reads no installation",
    "audit verify": "says whether the log is whole, not what is in it; needs the key",
}
"""Commands that pass no gate, and why."""


def holders_of(purpose: str) -> tuple[str, ...]:
    """The departments or the organisation that hold a purpose, as attributes.yaml says; for data_quality every department."""
    stated = load_catalogue().purposes[purpose].holder
    if stated == STEWARDS:
        return load_catalogue().departments
    named = tuple(part.strip() for part in stated.split(","))
    if set(named) <= set(load_catalogue().departments):
        return named
    return tuple(name for name, words in ORGANISATIONS.items() if words == stated)


@cache
def purposes_of(role: Role, holder: str) -> tuple[str, ...]:
    """The purposes that a grant of this role for this holder may state, in the order of the dictionary; none for a wrong holder."""
    rule = ROLES[role]
    if rule.uses is Uses.NONE or holder not in rule.holders:
        return ()
    found = []
    for purpose in load_catalogue().purposes.values():
        stewardship = purpose.holder == STEWARDS
        if rule.uses is Uses.STEWARDSHIP:
            fits = stewardship
        else:
            grain = "aggregate" if rule.uses is Uses.COUNTS else "row"
            fits = not stewardship and purpose.granularity == grain and holder in holders_of(purpose.name)
        if fits:
            found.append(purpose.name)
    return tuple(found)
