"""Checks about schools, insurance schemes and employment (clarifications 36, 38, 42, 44)."""

from __future__ import annotations

from warehouse.cross_checks.deaths import death_not_in_registration
from warehouse.cross_checks.rule import Rule, of_records, together
from warehouse.cross_checks.views import months_after


def school_age_not_enrolled() -> str:
    """Between 1 October and 30 June; the registration record, or that of residence where there is none."""
    return together(f"""
        WITH children AS (
            SELECT person_id FROM attr_no_enrolment_at_school_age
            WHERE value AND month($as_of::DATE) NOT IN (7, 8, 9)
              AND person_id NOT IN (SELECT person_id FROM ({death_not_in_registration()}))
        ),
        permits AS (
            SELECT person_id, record_id FROM check_residence_permits WHERE role = 'holder'
            QUALIFY row_number() OVER (PARTITION BY person_id ORDER BY (permit_status IS NOT DISTINCT FROM '1') DESC,
                                       residence_start DESC NULLS LAST, natural_key DESC) = 1
        )
        SELECT children.person_id, coalesce(hr.record_id, permits.record_id) AS record_id
        FROM children
        LEFT JOIN check_hr AS hr ON hr.person_id = children.person_id
        LEFT JOIN permits ON permits.person_id = children.person_id
        WHERE coalesce(hr.record_id, permits.record_id) IS NOT NULL""")


def two_schools() -> str:
    return together("""
        SELECT person_id, record_id FROM check_student_enrolment
        WHERE role = 'holder' AND status = '1' AND NOT left_out
        QUALIFY min(school_code) OVER (PARTITION BY person_id) <> max(school_code) OVER (PARTITION BY person_id)""")


def two_medical_schemes() -> str:
    """Periods that overlap by more than 31 days; a missing end is 31 December of the year."""
    return together("""
        WITH insured AS (
            SELECT person_id, record_id, scheme, insured_year, start_date, coalesce(end_date, make_date(insured_year, 12, 31)) AS end_date
            FROM check_medical_insurance
            WHERE role = 'holder' AND status = '1'
        ),
        pairs AS (
            SELECT employee.person_id, employee.record_id AS employee_record, resident.record_id AS resident_record
            FROM insured AS employee
            JOIN insured AS resident USING (person_id, insured_year)
            WHERE employee.scheme = '1' AND resident.scheme = '2'
              AND least(employee.end_date, resident.end_date) - greatest(employee.start_date, resident.start_date) + 1 > 31
        )
        SELECT person_id, employee_record AS record_id FROM pairs UNION ALL SELECT person_id, resident_record FROM pairs""")


def two_pensions_paid() -> str:
    return together("""
        SELECT person_id, record_id FROM check_pension_insurance
        WHERE payment_status = '1'
        QUALIFY count(*) OVER (PARTITION BY person_id) >= 2""")


def student_registered_unemployed() -> str:
    """A registration of the last 31 days gives no alert; a student left out of a full delivery raises none."""
    return of_records("""
        SELECT unemployed.person_id, unemployed.record_id
        FROM check_employment_registration AS unemployed
        JOIN attr_enrolment_status AS enrolment ON enrolment.person_id = unemployed.person_id AND enrolment.value = '1'
        JOIN attr_school_stage AS stage ON stage.person_id = unemployed.person_id AND stage.value IN ('2', '3', '4', '5')
        WHERE unemployed.registration_type = '2' AND unemployed.cancel_date IS NULL
          AND unemployed.unemployment_date < $as_of::DATE - 31
          AND unemployed.person_id IN (SELECT person_id FROM check_student_enrolment
                                       WHERE role = 'holder' AND status = '1' AND NOT left_out)""", "record_id")


def unemployed_with_employer_contribution() -> str:
    """Whether pension or housing fund shows the employer is told (detail), the account is not."""
    return f"""
        WITH unemployed AS (
            SELECT person_id, record_id, unemployment_date FROM check_employment_registration
            WHERE registration_type = '2' AND cancel_date IS NULL
        )
        SELECT person_id, NULL::VARCHAR AS subject_key, record_id::VARCHAR AS alert_group, record_id,
               string_agg(DISTINCT source, ', ' ORDER BY source DESC) AS detail
        FROM (
            SELECT unemployed.person_id, unemployed.record_id, 'pension' AS source
            FROM unemployed JOIN check_pension_insurance AS pension USING (person_id)
            WHERE pension.scheme IN ('1', '2') AND pension.status = '1'
              AND {months_after('pension.last_contribution_month', 'unemployed.unemployment_date')} > 2
            UNION ALL
            SELECT unemployed.person_id, unemployed.record_id, 'housing fund' AS source
            FROM unemployed JOIN check_fund_accounts AS account USING (person_id)
            WHERE account.status = '1' AND {months_after('account.last_deposit_month', 'unemployed.unemployment_date')} > 2
        )
        GROUP BY person_id, record_id"""


def unemployment_benefit_still_paid() -> str:
    """Employment records whose benefit ends on or after as_of: the alert is urgent."""
    return "SELECT record_id FROM current_employment_registration WHERE benefit_end >= $as_of::DATE"


RULES = (
    *(Rule(query.__name__, query) for query in (
        school_age_not_enrolled, two_schools, two_medical_schemes, two_pensions_paid, student_registered_unemployed)),
    Rule("unemployed_with_employer_contribution", unemployed_with_employer_contribution, unemployment_benefit_still_paid),
)
