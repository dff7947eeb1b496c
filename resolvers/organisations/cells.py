"""Which cells of the categories name an organisation.

Belongs here: the columns, the departments' own numbers beside them, and the county where the record states that of the organisation.
Does not: reading names.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Cell:
    """A column that names an organisation. number: the department's own; county, code: SQL over the row; where: SQL condition.

    county is only given where it is the organisation's, not the person's: people work in another county than they live in.
    """

    category: str
    column: str
    kind: str
    number: str | None = None
    county: str | None = None
    code: str | None = None
    where: str = "true"


CELLS = (
    Cell("residence_permits", "employer_name", "employer"),
    Cell("fund_accounts", "employer_name", "employer", number="employer_no"),
    Cell("pension_insurance", "employer_name", "employer"),
    Cell("medical_insurance", "employer_name", "employer"),
    Cell("employment_registration", "employer_name", "employer"),
    Cell("student_enrolment", "school_name", "school", number="school_code", county="school_county"),
    Cell("health_records", "org_name", "health_institution"),
    Cell("care_followups", "org_name", "health_institution", county="left(township, 6)"),
    Cell("legal_aid", "office", "office"),
    Cell("marriage_registration", "office", "office"),
    Cell("house_registry", "owner_name", "owner", code="owner_id", where="owner_id_type = '8'"),
)
KINDS = ("school", "health_institution", "office", "employer", "owner")
"""An organisation named in several roles is of the first of these."""
