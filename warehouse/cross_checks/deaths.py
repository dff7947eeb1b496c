"""Checks about deaths and departures: benefits paid after a death or a move, deaths that the register does not know."""

from __future__ import annotations

from warehouse.cross_checks.rule import Rule, of_records, together
from warehouse.cross_checks.views import INSURANCE_YEAR, month_of, months_after


def _after_death(category: str, condition: str) -> str:
    """The record of a dead person that fulfils a condition, and the registration record with the date of death."""
    return of_records(f"""
        SELECT hr.person_id, r.record_id AS paying, hr.record_id AS registration
        FROM check_hr AS hr
        JOIN check_{category} AS r ON r.person_id = hr.person_id AND r.role = 'holder'
        WHERE hr.status = '3' AND hr.cancel_date IS NOT NULL AND {condition}""", "paying", "registration")


def deceased_pension_paid() -> str:
    return _after_death("pension_insurance", f"r.payment_status = '1' AND r.last_paid_month > {month_of('hr.cancel_date')}")


def deceased_allowance_paid() -> str:
    return _after_death("elderly_disability_benefits", f"""r.benefit_type IN ('1', '2', '3') AND r.status = '1'
        AND r.last_paid_month > {month_of('hr.cancel_date')}""")


def deceased_in_assistance() -> str:
    return _after_death("social_assistance", f"r.status = '1' AND {months_after('r.last_paid_month', 'hr.cancel_date')} >= 2")


def deceased_medical_active() -> str:
    return _after_death("medical_insurance", f"""r.insured_year = {INSURANCE_YEAR} AND r.status = '1'
        AND r.updated_at::DATE > hr.cancel_date + 60""")


def deceased_fund_active() -> str:
    return _after_death("fund_accounts", f"r.status = '1' AND {months_after('r.last_deposit_month', 'hr.cancel_date')} >= 3")


def deceased_student_enrolled() -> str:
    return _after_death("student_enrolment", "r.status IN ('1', '2') AND NOT r.left_out AND r.delivery_date > hr.cancel_date + 30")


def followup_of_deceased() -> str:
    return _after_death("care_followups", "r.status = '1' AND r.next_followup > hr.cancel_date")


def death_not_in_registration() -> str:
    """The registration record alone: neither the stating department nor the date is told."""
    return together("""
        SELECT hr.person_id, hr.record_id
        FROM check_hr AS hr
        WHERE hr.status = '1' AND hr.person_id IN (
            SELECT person_id FROM check_health_records WHERE status = '2' AND death_date < $as_of::DATE - 30
            UNION ALL
            SELECT person_id FROM check_pension_insurance WHERE suspend_reason = '1')""")


def moved_out_local_benefit() -> str:
    return of_records(f"""
        WITH paid AS (
            SELECT person_id, record_id, last_paid_month FROM check_social_assistance WHERE role = 'holder' AND status = '1'
            UNION ALL
            SELECT person_id, record_id, last_paid_month FROM check_elderly_disability_benefits
            WHERE status = '1' AND benefit_type IN ('1', '2', '3')
        )
        SELECT hr.person_id, paid.record_id AS paying, hr.record_id AS registration
        FROM check_hr AS hr
        JOIN paid USING (person_id)
        WHERE hr.status = '2' AND hr.cancel_date < $as_of::DATE - 90 AND paid.last_paid_month > {month_of('(hr.cancel_date + 90)')}""",
                      "paying", "registration")


RULES = tuple(Rule(query.__name__, query) for query in (
    deceased_pension_paid, deceased_allowance_paid, deceased_in_assistance, deceased_medical_active, deceased_fund_active,
    deceased_student_enrolled, death_not_in_registration, followup_of_deceased, moved_out_local_benefit))
