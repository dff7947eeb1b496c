"""Checks about assistance, allowances and subsidies (clarifications 30, 36, 38, 53)."""

from __future__ import annotations

from warehouse.cross_checks.deaths import death_not_in_registration
from warehouse.cross_checks.rule import Rule, of_records, together
from warehouse.cross_checks.views import INSURANCE_YEAR

LOW_INCOME_CASES = """
    cases AS (
        SELECT case_no, max(household_members) AS household_members, max(income_per_head) AS income_per_head,
               arg_min(record_id, member_no) AS record_id, arg_min(person_id, member_no) AS person_id
        FROM check_social_assistance
        WHERE role = 'holder' AND status = '1' AND assistance_type IN ('1', '2')
        GROUP BY case_no
    ),
    members AS (
        SELECT DISTINCT case_no, person_id FROM check_social_assistance
        WHERE role = 'holder' AND status = '1' AND assistance_type IN ('1', '2')
    )"""


def low_income_high_deposit() -> str:
    """Contribution bases are delivered in fen; the limit is 1,500.00 yuan per head."""
    return together(f"""
        WITH {LOW_INCOME_CASES},
        bases AS (
            SELECT case_no, sum(deposit_base) / 100 AS yuan
            FROM members JOIN check_fund_accounts AS account USING (person_id)
            WHERE account.status = '1' GROUP BY case_no
        )
        SELECT person_id, record_id FROM cases JOIN bases USING (case_no)
        WHERE yuan / nullif(household_members, 0) > 1500""")


def low_income_dwellings() -> str:
    """Three dwellings of any type, or two of type 1."""
    return together(f"""
        WITH {LOW_INCOME_CASES},
        owned AS (
            SELECT case_no, count(DISTINCT dwelling_code) AS dwellings,
                   count(DISTINCT dwelling_code) FILTER (dwelling_type = '1') AS commercial
            FROM members JOIN check_house_registry USING (person_id) GROUP BY case_no
        )
        SELECT person_id, record_id FROM cases JOIN owned USING (case_no) WHERE dwellings >= 3 OR commercial >= 2""")


def low_income_pension_income() -> str:
    """Pensions per head above the declared income by more than 10 percent and more than 50 yuan."""
    return together(f"""
        WITH {LOW_INCOME_CASES},
        pensions AS (
            SELECT case_no, sum(monthly_benefit) AS yuan
            FROM members JOIN check_pension_insurance AS pension USING (person_id)
            WHERE pension.payment_status = '1' GROUP BY case_no
        )
        SELECT person_id, record_id FROM cases JOIN pensions USING (case_no)
        WHERE yuan / nullif(household_members, 0) > income_per_head * 1.10
          AND yuan / nullif(household_members, 0) > income_per_head + 50""")


def assistance_two_counties() -> str:
    return together("""
        SELECT person_id, record_id FROM check_social_assistance
        WHERE role = 'holder' AND status = '1' AND assistance_type IN ('1', '2', '3', '5') AND county IS NOT NULL
        QUALIFY min(county) OVER (PARTITION BY person_id) <> max(county) OVER (PARTITION BY person_id)""")


def allowance_paid_twice() -> str:
    return together("""
        SELECT person_id, record_id FROM check_elderly_disability_benefits
        WHERE benefit_type = '1' AND status = '1'
        QUALIFY count(*) OVER (PARTITION BY person_id) >= 2""")


def allowance_under_age() -> str:
    """The first day of the month of the 80th birthday counts as reached."""
    return of_records("""
        SELECT benefit.person_id, benefit.record_id
        FROM check_elderly_disability_benefits AS benefit
        JOIN attr_birth_date AS birth USING (person_id)
        JOIN attr_id_number_status AS number USING (person_id)
        WHERE benefit.benefit_type = '1' AND benefit.status = '1' AND number.value = '1'
          AND benefit.start_date < date_trunc('month', birth.value + INTERVAL 80 YEAR)""", "record_id")


def allowance_not_claimed() -> str:
    """From the 31st day after the 80th birthday; not for a person whose death is reported (clarification 38)."""
    return together(f"""
        SELECT hr.person_id, hr.record_id
        FROM check_hr AS hr
        JOIN attr_vital_status AS vital ON vital.person_id = hr.person_id AND vital.value = '1'
        JOIN attr_birth_date AS birth ON birth.person_id = hr.person_id
        WHERE hr.status = '1' AND birth.value + INTERVAL 80 YEAR + INTERVAL 31 DAY <= $as_of::DATE
          AND hr.person_id NOT IN (SELECT person_id FROM check_elderly_disability_benefits
                                   WHERE benefit_type = '1' AND status IN ('1', '2'))
          AND hr.person_id NOT IN (SELECT person_id FROM ({death_not_in_registration()}))""")


def care_subsidy_level() -> str:
    """Level 3 or 4, another level in the certificate (20th character), or a certificate of another number."""
    return of_records("""
        SELECT benefit.person_id, benefit.record_id
        FROM check_elderly_disability_benefits AS benefit
        LEFT JOIN attr_id_number AS number USING (person_id)
        WHERE benefit.benefit_type = '3' AND benefit.status = '1'
          AND coalesce(benefit.disability_level IN ('3', '4')
                       OR (length(benefit.disability_cert_no) >= 20
                           AND benefit.disability_level <> substr(benefit.disability_cert_no, 20, 1))
                       OR upper(left(benefit.disability_cert_no, 18)) <> number.value, false)""", "record_id")


def subsidised_insurance_missing() -> str:
    """Every assistance row in force and the insurance record of the year updated last; not for the dead or reported dead (38)."""
    return together(f"""
        WITH assisted AS (
            SELECT person_id, record_id FROM check_social_assistance
            WHERE role = 'holder' AND status = '1' AND assistance_type IN ('1', '2', '3') AND approval_date <= $as_of::DATE - 60
        ),
        insured AS (
            SELECT person_id, record_id, subsidy, bool_or(status = '1') OVER (PARTITION BY person_id) AS in_force
            FROM check_medical_insurance
            WHERE role = 'holder' AND insured_year = {INSURANCE_YEAR}
            QUALIFY row_number() OVER (PARTITION BY person_id ORDER BY updated_on DESC NULLS LAST, natural_key DESC) = 1
        ),
        missing AS (
            SELECT assisted.person_id, assisted.record_id AS assistance, insured.record_id AS insurance
            FROM assisted
            JOIN attr_vital_status AS vital ON vital.person_id = assisted.person_id AND vital.value = '1'
            LEFT JOIN insured ON insured.person_id = assisted.person_id
            WHERE (insured.subsidy = '0' OR NOT coalesce(insured.in_force, false))
              AND assisted.person_id NOT IN (SELECT person_id FROM ({death_not_in_registration()}))
        )
        SELECT person_id, assistance AS record_id FROM missing
        UNION ALL SELECT person_id, insurance FROM missing WHERE insurance IS NOT NULL""")


def newborn_without_registration() -> str:
    """The birth registration of a child that no household registration knows; the alert names the child where it is known."""
    return of_records("""
        SELECT child.person_id, birth.record_id
        FROM current_birth_family_support AS birth
        LEFT JOIN mention_person AS child ON child.record_id = birth.record_id AND child.role = 'child'
        WHERE birth.record_type = '1' AND birth.birth_status = '2' AND birth.child_birth < $as_of::DATE - 60
          AND coalesce(child.person_id, '') NOT IN (SELECT person_id FROM check_household_registration)""", "record_id")


RULES = tuple(Rule(query.__name__, query) for query in (
    low_income_high_deposit, low_income_dwellings, low_income_pension_income, assistance_two_counties, allowance_paid_twice,
    allowance_under_age, allowance_not_claimed, care_subsidy_level, subsidised_insurance_missing, newborn_without_registration))
