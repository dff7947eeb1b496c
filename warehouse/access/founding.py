"""The grants of the founding account: one person on one machine can do everything at once.

Who holds the key file can read the store anyway. Whoever lets others in makes narrower accounts and retires this one.
"""

from __future__ import annotations

from sources.catalogue import load_catalogue
from warehouse.access.model import Grant, Role
from warehouse.access.rules import OPERATING, ROLES, purposes_of

FOUNDING_ROLES = (Role.OPERATOR, Role.CASE_WORKER, Role.STEWARD, Role.ANALYST, Role.REVIEWER, Role.AUDITOR)


def founding_grants() -> tuple[Grant, ...]:
    """The operator's grant and, over the whole city, every purpose for every holder of it."""
    operator = Grant(Role.OPERATOR, OPERATING)
    others = [Grant(role, holder, purposes=purposes) for role in FOUNDING_ROLES[1:] for holder in ROLES[role].holders
              if (purposes := purposes_of(role, holder))]
    return (operator, *others)


def covers_every_purpose() -> bool:
    """Whether every purpose of the dictionary is in some grant: a purpose whose holder nobody knows would be closed to all."""
    return {name for grant in founding_grants() for name in grant.purposes} == set(load_catalogue().purposes)
