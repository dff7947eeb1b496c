"""The builders of the 17 categories by name."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from sources.synthetic.categories import civil, fund, health, insurance, police, support
from sources.synthetic.records import Context

BUILDERS: dict[str, Callable[[Context], pl.DataFrame]] = {
    builder.__name__: builder
    for builder in (
        police.household_registration,
        police.residence_permits,
        police.house_registry,
        fund.fund_accounts,
        fund.fund_loans,
        insurance.pension_insurance,
        insurance.medical_insurance,
        insurance.employment_registration,
        civil.marriage_registration,
        civil.social_assistance,
        civil.elderly_disability_benefits,
        health.health_records,
        health.care_followups,
        support.legal_aid,
        support.resettlement_support,
        support.birth_family_support,
        support.student_enrolment,
    )
}
