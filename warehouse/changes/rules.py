"""What may be offered to which department, and how much of it is said.

Belongs here: the attributes that are offered, the departments that hold them, and what a cross-check on the same fact withholds
(clarification 49: a change offered says no more than the check would). Does not: finding values (building.py).
"""

from __future__ import annotations

from enum import StrEnum
from functools import cache

from sources.catalogue import load_catalogue
from sources.catalogue.models import Contract

OFFERED = ("id_number", "name", "sex", "birth_date", "contact_phone", "marital_status", "vital_status", "death_date", "hukou_address",
           "residence_address", "education_level", "employer_name")
"""Facts that several registers state of a person and that people and registers change."""
STEWARDSHIP = "data_quality"
"""A department without a purpose of its own corrects its own records by this purpose."""


class Mode(StrEnum):
    """How much an offer says: the value, only that it should be verified, or nothing at all."""

    VALUE = "value"
    VERIFY = "verify"
    NOTHING = "nothing"


EVERYBODY = "*"
WITHHELD: dict[tuple[str, str], str] = {
    ("id_number", EVERYBODY): "id_two_people",
    ("birth_date", EVERYBODY): "birth_date_conflict",
    ("sex", EVERYBODY): "id_sex_contradiction",
    ("hukou_address", EVERYBODY): "registered_address_differs",
    ("marital_status", "housing_fund"): "marital_status_loan",
    ("vital_status", "public_security"): "death_not_in_registration",
    ("death_date", "public_security"): "death_not_in_registration",
}
"""(attribute, department) whose value is not said, and the check that does not say it either."""


@cache
def held_by(department: str) -> frozenset[str]:
    """The attributes of the purposes that the department holds; of data_quality where it holds none of its own."""
    purposes = [purpose for purpose in load_catalogue().purposes.values() if purpose.granularity == "row"
                and department in {part.strip() for part in purpose.holder.split(",")}]
    if not purposes:
        purposes = [load_catalogue().purposes[STEWARDSHIP]]
    return frozenset(name for purpose in purposes for name in purpose.attributes)


def mode(attribute: str, department: str) -> Mode:
    """How much of an attribute may be offered to a department."""
    if attribute not in OFFERED or attribute not in held_by(department):
        return Mode.NOTHING
    withheld = (attribute, EVERYBODY) in WITHHELD or (attribute, department) in WITHHELD
    return Mode.VERIFY if withheld else Mode.VALUE


def gives(contract: Contract) -> bool:
    """Whether values of a category may be offered to other departments: never those of restricted ones."""
    return contract.sensitivity != "restricted"


def takes(contract: Contract) -> bool:
    """Whether offers about records of a category are made: not for care_followups and resettlement_support, whose records are known to
    their own department alone (clarification 47)."""
    return contract.category not in ("care_followups", "resettlement_support")
