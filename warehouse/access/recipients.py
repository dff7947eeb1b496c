"""Which product of feeds.yaml goes to whom, and to which rows of it each is limited: the sentences of the dictionary as data.

Belongs here: recipients by role and holder, with their row scope. Does not: rows, columns and purposes (feeds.yaml).
A test reads the sentences of feeds.yaml again and compares.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sources.catalogue import load_catalogue
from warehouse.access.model import Grant, Role
from warehouse.access.rules import FIRE_RESCUE, GRID_CENTRE


class Scope(StrEnum):
    """Which rows a recipient gets."""

    ALL = "all"
    AREA = "area"
    """Residents of the areas of the grant."""
    RECORDS = "records"
    """Persons with an open alert on the department's own records."""
    RESIDENT = "resident"
    """The resident who asks."""
    PRESENT = "present"
    """The resident who stands before the clerk, of the clerk's community."""
    YES_NO = "yes_no"
    """No row at all: whether an address is the one on record."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """`roles` of a holder (None: any) that receive a product; `below`: only with areas that begin so; `variant`: the purpose of the
    variant of the product that this recipient gets, else the product's own."""

    roles: tuple[Role, ...]
    holder: str | None
    scope: Scope
    below: str = ""
    variant: str = ""


_OFFICE = (Role.CASE_WORKER, Role.SERVICE)
"""A department reads a product by its people or by its machine."""
SONGZI, JIANLI = "421087", "421088"
PUBLIC = (Recipient(tuple(Role), None, Scope.ALL),)

RECIPIENTS: dict[str, tuple[Recipient, ...]] = {
    "grid_information": (Recipient((Role.GRID_WORKER,), GRID_CENTRE, Scope.AREA),),
    "public_appeals": (Recipient((Role.SERVICE,), "appeals_centre", Scope.ALL),),
    "special_group_care_ledger": (
        Recipient(_OFFICE, "civil_affairs", Scope.ALL), Recipient((Role.COMMUNITY_CLERK,), None, Scope.AREA)),
    "community_self_service": (Recipient((Role.RESIDENT,), "resident", Scope.RESIDENT),),
    "community_agency_service": (Recipient((Role.COMMUNITY_CLERK,), None, Scope.PRESENT),),
    "convenience_website": PUBLIC,
    "aixin_one_touch": (Recipient(_OFFICE, "civil_affairs", Scope.ALL), Recipient((Role.GRID_WORKER,), GRID_CENTRE, Scope.AREA)),
    "employment_matching": (Recipient(_OFFICE, "human_resources", Scope.ALL),),
    "fire_command_gis": (Recipient(_OFFICE, FIRE_RESCUE, Scope.ALL),),
    "house_lookup": (
        Recipient(_OFFICE, "housing_fund", Scope.ALL),
        Recipient(_OFFICE, "human_resources", Scope.ALL, variant="social_insurance"),
        Recipient((Role.SERVICE,), "procuratorate", Scope.YES_NO, variant="legal_service")),
    "songzi_medication_support": (
        Recipient(_OFFICE, "health", Scope.AREA, below=SONGZI), Recipient((Role.HEALTH_CENTRE,), "health", Scope.AREA, below=SONGZI)),
    "jianli_mutual_aid": (Recipient((Role.COMMUNITY_CLERK,), None, Scope.AREA, below=JIANLI),),
    "community_business": (Recipient((Role.SERVICE,), "market_supervision", Scope.ALL),),
    "party_building_grid_statistics": (
        Recipient((Role.COMMUNITY_CLERK,), None, Scope.ALL), Recipient((Role.SERVICE,), "subdistrict_office", Scope.ALL)),
    "media_statistics": PUBLIC,
    "department_alerts": tuple(Recipient((Role.STEWARD, Role.SERVICE), department, Scope.RECORDS)
                               for department in load_catalogue().departments),
}


def scope_of(module: str, grant: Grant, purpose: str = "") -> Scope | None:
    """Which rows of a product this grant receives, None: none. `purpose` names the variant where a product has several."""
    own = load_catalogue().feeds[module].purpose
    for one in RECIPIENTS.get(module, ()):
        if grant.role not in one.roles or one.holder not in (None, grant.holder):
            continue
        if (purpose or one.variant or own) != (one.variant or own):
            continue
        if one.below and not all(area.startswith(one.below) for area in grant.areas):
            continue
        return one.scope
    return None
