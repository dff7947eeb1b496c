"""Cases for the cross-checks: the records of a small world and whether the check fires.

One entry: (check, what the case shows, attributes of persons, records, expected alerts as lists of categories). Records are
(category, persons by role or one person in the first role, values). The reference date is 2025-06-01.
"""

from __future__ import annotations

from typing import Any

Persons = dict[str, str] | str | None
Record = tuple[str, Persons, dict[str, Any]]
Case = tuple[str, str, dict[str, dict[str, Any]], list[Record], list[list[str]]]

HR, RP, HO, FA = "household_registration", "residence_permits", "house_registry", "fund_accounts"
FL, PI, MI, ER = "fund_loans", "pension_insurance", "medical_insurance", "employment_registration"
MA, SA, EB, HE = "marriage_registration", "social_assistance", "elderly_disability_benefits", "health_records"
CF, BF, ST = "care_followups", "birth_family_support", "student_enrolment"

DEAD = {"status": "3", "cancel_date": "2025-01-10"}
ALIVE = {"vital_status": "1"}
MOTHER_LATE = "421099194503121267"


def dead(category: str, **values: Any) -> list[Record]:
    return [(HR, "P1", DEAD), (category, "P1", values)]


def couple(event: str, day: str, man: str = "P1", woman: str = "P2", **values: Any) -> Record:
    return (MA, {"spouse_a": man, "spouse_b": woman}, {"event_type": event, "register_date": day, "validity": "1", **values})


DEATHS: list[Case] = [
    ("deceased_pension_paid", "paid after the month of death", {}, dead(PI, payment_status="1", last_paid_month="2025-02"), [[HR, PI]]),
    ("deceased_pension_paid", "the month of death may be paid", {}, dead(PI, payment_status="1", last_paid_month="2025-01"), []),
    ("deceased_pension_paid", "no month, no alert", {}, dead(PI, payment_status="1"), []),
    ("deceased_pension_paid", "an active record wins over a cancelled one", {},
     [(HR, "P1", {"status": "1"}), *dead(PI, payment_status="1", last_paid_month="2025-05")], []),
    ("deceased_allowance_paid", "allowance after death", {}, dead(EB, benefit_type="1", status="1", last_paid_month="2025-03"), [[EB, HR]]),
    ("deceased_allowance_paid", "the register of living alone pays nothing", {}, dead(EB, benefit_type="4", status="1", last_paid_month="2025-03"), []),
    ("deceased_in_assistance", "two months after the month of death", {}, dead(SA, status="1", last_paid_month="2025-03"), [[HR, SA]]),
    ("deceased_in_assistance", "one month is tolerated", {}, dead(SA, status="1", last_paid_month="2025-02"), []),
    ("deceased_medical_active", "updated 61 days after", {}, dead(MI, insured_year=2025, status="1", updated_at="2025-03-12"), [[HR, MI]]),
    ("deceased_medical_active", "updated 60 days after", {}, dead(MI, insured_year=2025, status="1", updated_at="2025-03-11 23:59:59"), []),
    ("deceased_medical_active", "another insurance year", {}, dead(MI, insured_year=2024, status="1", updated_at="2025-04-12"), []),
    ("deceased_fund_active", "deposit three months later", {}, dead(FA, status="1", last_deposit_month="2025-04"), [[FA, HR]]),
    ("deceased_fund_active", "two months are tolerated", {}, dead(FA, status="1", last_deposit_month="2025-03"), []),
    ("deceased_student_enrolled", "delivered as enrolled 31 days later", {}, dead(ST, status="1", delivery_date="2025-02-10"), [[HR, ST]]),
    ("deceased_student_enrolled", "30 days are tolerated", {}, dead(ST, status="1", delivery_date="2025-02-09"), []),
    ("deceased_student_enrolled", "left out of the full delivery", {}, dead(ST, status="1", delivery_date="2025-02-10", left_out=True), []),
    ("followup_of_deceased", "follow-up planned after death", {}, dead(CF, status="1", next_followup="2025-01-11"), [[CF, HR]]),
    ("followup_of_deceased", "closed programme", {}, dead(CF, status="4", next_followup="2025-07-11"), []),
    ("death_not_in_registration", "health states a death 31 days ago", {},
     [(HR, "P1", {"status": "1"}), (HE, "P1", {"status": "2", "death_date": "2025-05-01"})], [[HR]]),
    ("death_not_in_registration", "30 days are tolerated", {},
     [(HR, "P1", {"status": "1"}), (HE, "P1", {"status": "2", "death_date": "2025-05-02"})], []),
    ("death_not_in_registration", "pension suspended by death", {}, [(HR, "P1", {"status": "1"}), (PI, "P1", {"suspend_reason": "1"})], [[HR]]),
    ("death_not_in_registration", "registration cancelled already", {}, dead(PI, suspend_reason="1"), []),
    ("moved_out_local_benefit", "paid 90 days after moving out", {},
     [(HR, "P1", {"status": "2", "cancel_date": "2024-10-15"}), (SA, "P1", {"status": "1", "last_paid_month": "2025-05"})], [[HR, SA]]),
    ("moved_out_local_benefit", "within 90 days", {},
     [(HR, "P1", {"status": "2", "cancel_date": "2024-10-15"}), (SA, "P1", {"status": "1", "last_paid_month": "2025-01"})], []),
]

MARRIAGES: list[Case] = [
    ("marital_status_registration", "divorced, registered as married", {},
     [(HR, "P1", {"status": "1", "marital_status": "20"}), couple("2", "2023-06-12")], [[HR, MA]]),
    ("marital_status_registration", "22 equals 20", {}, [(HR, "P1", {"status": "1", "marital_status": "22"}), couple("1", "2020-06-12")], []),
    ("marital_status_registration", "event of the last 90 days", {},
     [(HR, "P1", {"status": "1", "marital_status": "10"}), couple("1", "2025-03-03")], []),
    ("marital_status_registration", "void event", {},
     [(HR, "P1", {"status": "1", "marital_status": "10"}), couple("1", "2020-03-03", validity="2")], []),
    ("marital_status_registration", "widowed while the spouse is registered", {},
     [(HR, "P1", {"status": "1", "marital_status": "30"}), (HR, "P2", {"status": "1", "marital_status": "20"}), couple("1", "2000-03-03")],
     [[HR, MA]]),
    ("marital_status_registration", "widowed, the spouse is in no register", {},
     [(HR, "P1", {"status": "1", "marital_status": "30"}), couple("1", "2000-03-03")], []),
    ("marital_status_registration", "a reissued certificate does not outrank the later divorce", {},
     [(HR, "P1", {"status": "1", "marital_status": "40"}), couple("1", "2001-01-01", cert_no="J1"), couple("2", "2010-01-01", cert_no="L1"),
      couple("3", "2015-01-01", cert_no="B1", original_cert_no="J1")], []),
    ("marital_status_registration", "annulment gives back the prior status", {},
     [(HR, "P1", {"status": "1", "marital_status": "20"}), couple("1", "2020-01-01", cert_no="J1", man_prior="10"),
      couple("5", "2021-01-01", cert_no="C1", original_cert_no="J1", man_prior="20")], [[HR, MA]]),
    ("marital_status_registration", "annulment without a known prior status", {},
     [(HR, "P1", {"status": "1", "marital_status": "20"}), couple("1", "2020-01-01", cert_no="J1"),
      couple("5", "2021-01-01", cert_no="C1", original_cert_no="J1")], []),
    ("marital_status_loan", "single on a loan after the marriage", {},
     [(FL, "P1", {"status": "1", "issue_date": "2022-01-01", "borrower_marital": "10"}), couple("1", "2019-01-01")], [[FL]]),
    ("marital_status_loan", "married after the loan", {},
     [(FL, "P1", {"status": "1", "issue_date": "2018-01-01", "borrower_marital": "10"}), couple("1", "2019-01-01")], []),
    ("marital_status_loan", "settled loan", {},
     [(FL, "P1", {"status": "2", "issue_date": "2022-01-01", "borrower_marital": "10"}), couple("1", "2019-01-01")], []),
    ("two_current_marriages", "no divorce between", {}, [couple("1", "2008-01-01"), couple("1", "2016-01-01", woman="P3")], [[MA, MA]]),
    ("two_current_marriages", "divorced between", {},
     [couple("1", "2008-01-01"), couple("2", "2010-01-01"), couple("1", "2016-01-01", woman="P3")], []),
    ("two_current_marriages", "first spouse dead before the second marriage", {"P2": {"death_date": "2015-01-01"}},
     [couple("1", "2008-01-01"), couple("1", "2016-01-01", woman="P3")], []),
    ("co_borrower_not_spouse", "another wife in the register", {},
     [(FL, {"borrower": "P1", "co_borrower": "P3"}, {"co_relation": "1", "issue_date": "2022-01-01"}), couple("1", "2019-01-01")], [[FL]]),
    ("co_borrower_not_spouse", "the wife herself", {},
     [(FL, {"borrower": "P1", "co_borrower": "P2"}, {"co_relation": "1", "issue_date": "2022-01-01"}), couple("1", "2019-01-01")], []),
    ("co_borrower_not_spouse", "no event in the register", {},
     [(FL, {"borrower": "P1", "co_borrower": "P3"}, {"co_relation": "1", "issue_date": "2022-01-01"})], []),
]

NUMBERS: list[Case] = [
    ("id_birth_date_contradiction", "class lunar", {},
     [(EB, "P1", {"id_number": MOTHER_LATE, "id_number_state": "valid", "birth_date": "1945-02-01"})], [[EB]]),
    ("id_birth_date_contradiction", "equal", {},
     [(EB, "P1", {"id_number": MOTHER_LATE, "id_number_state": "valid", "birth_date": "1945-03-12"})], []),
    ("id_birth_date_contradiction", "missing birth date", {}, [(EB, "P1", {"id_number": MOTHER_LATE, "id_number_state": "valid"})], []),
    ("id_birth_date_contradiction", "number of a passport", {},
     [(RP, "P1", {"id_type": "414", "id_number": MOTHER_LATE, "id_number_state": "valid", "birth_date": "1945-02-01"})], []),
    ("id_sex_contradiction", "even digit, male", {}, [(PI, "P1", {"id_number": MOTHER_LATE, "id_number_state": "valid", "sex": "1"})], [[PI]]),
    ("id_sex_contradiction", "even digit, female", {}, [(PI, "P1", {"id_number": MOTHER_LATE, "id_number_state": "valid", "sex": "2"})], []),
    ("id_check_digit", "wrong check digit", {}, [(PI, "P1", {"id_number": "421099193803121261", "id_number_state": "invalid"})], [[PI]]),
    ("id_check_digit", "placeholder", {}, [(PI, "P1", {"id_number": "999999999999999999", "id_number_state": "placeholder"})], []),
    ("id_check_digit", "right check digit, impossible date", {}, [(PI, "P1", {"id_number": "421099193802301265", "id_number_state": "invalid"})], []),
    ("id_check_digit", "the guardian's number of a student", {},
     [(ST, {"holder": "P1", "guardian": "P2"}, {"guardian_id": "421099193803121261", "guardian_id_state": "invalid"})], [[ST]]),
    ("person_two_ids", "another valid number in a pension", {},
     [(HR, "P1", {"id_number": "421099193803121266", "id_number_state": "valid"}),
      (PI, "P1", {"id_number": MOTHER_LATE, "id_number_state": "valid"})], [[HR, PI]]),
    ("person_two_ids", "an invalid second number", {},
     [(HR, "P1", {"id_number": "421099193803121266", "id_number_state": "valid"}),
      (PI, "P1", {"id_number": "421099193803121261", "id_number_state": "invalid"})], []),
    ("birth_date_conflict", "a pension states another year", {"P1": {"birth_date": "1951-07-02"}}, [(PI, "P1", {"birth_date": "1950-07-02"})], [[PI]]),
    ("birth_date_conflict", "equal", {"P1": {"birth_date": "1951-07-02"}}, [(PI, "P1", {"birth_date": "1951-07-02"})], []),
]

LOW_INCOME = {"case_no": "C1", "member_no": 1, "assistance_type": "1", "status": "1", "household_members": 2, "income_per_head": 168.5}
BENEFITS: list[Case] = [
    ("low_income_high_deposit", "above the limit", {}, [(SA, "P1", LOW_INCOME), (FA, "P1", {"status": "1", "deposit_base": 300_002})], [[SA]]),
    ("low_income_high_deposit", "exactly 1500.00 per head", {}, [(SA, "P1", LOW_INCOME), (FA, "P1", {"status": "1", "deposit_base": 300_000})], []),
    ("low_income_high_deposit", "frozen account", {}, [(SA, "P1", LOW_INCOME), (FA, "P1", {"status": "2", "deposit_base": 900_000})], []),
    ("low_income_dwellings", "two commercial flats of two members", {},
     [(SA, "P1", LOW_INCOME), (SA, "P2", LOW_INCOME | {"member_no": 2}), (HO, "P1", {"dwelling_code": "D1", "dwelling_type": "1"}),
      (HO, "P2", {"dwelling_code": "D2", "dwelling_type": "1"})], [[SA]]),
    ("low_income_dwellings", "a flat and a self-built house", {},
     [(SA, "P1", LOW_INCOME), (HO, "P1", {"dwelling_code": "D1", "dwelling_type": "1"}), (HO, "P1", {"dwelling_code": "D2", "dwelling_type": "4"})], []),
    ("low_income_pension_income", "pensions above the declared income", {},
     [(SA, "P1", LOW_INCOME), (PI, "P1", {"payment_status": "1", "monthly_benefit": 820})], [[SA]]),
    ("low_income_pension_income", "more than 10 percent but not 50 yuan", {},
     [(SA, "P1", LOW_INCOME), (PI, "P1", {"payment_status": "1", "monthly_benefit": 400})], []),
    ("assistance_two_counties", "two counties", {},
     [(SA, "P1", {"status": "1", "assistance_type": "2", "county": "421022"}), (SA, "P1", {"status": "1", "assistance_type": "1", "county": "421002"})],
     [[SA, SA]]),
    ("assistance_two_counties", "temporary assistance excepted", {},
     [(SA, "P1", {"status": "1", "assistance_type": "2", "county": "421022"}), (SA, "P1", {"status": "1", "assistance_type": "4", "county": "421002"})], []),
    ("allowance_paid_twice", "two allowances", {}, [(EB, "P1", {"benefit_type": "1", "status": "1"})] * 2, [[EB, EB]]),
    ("allowance_paid_twice", "one of them stopped", {},
     [(EB, "P1", {"benefit_type": "1", "status": "1"}), (EB, "P1", {"benefit_type": "1", "status": "3"})], []),
    ("allowance_under_age", "started at 78", {"P1": {"birth_date": "1946-09-03", "id_number_status": "1"}},
     [(EB, "P1", {"benefit_type": "1", "status": "1", "start_date": "2025-04-01"})], [[EB]]),
    ("allowance_under_age", "first day of the month of the birthday", {"P1": {"birth_date": "1945-04-20", "id_number_status": "1"}},
     [(EB, "P1", {"benefit_type": "1", "status": "1", "start_date": "2025-04-01"})], []),
    ("allowance_under_age", "number not verified", {"P1": {"birth_date": "1946-09-03", "id_number_status": "2"}},
     [(EB, "P1", {"benefit_type": "1", "status": "1", "start_date": "2025-04-01"})], []),
    ("allowance_not_claimed", "83 and no record", {"P1": {"birth_date": "1942-01-01", **ALIVE}}, [(HR, "P1", {"status": "1"})], [[HR]]),
    ("allowance_not_claimed", "suspended allowance is known", {"P1": {"birth_date": "1942-01-01", **ALIVE}},
     [(HR, "P1", {"status": "1"}), (EB, "P1", {"benefit_type": "1", "status": "2"})], []),
    ("allowance_not_claimed", "30 days after the birthday", {"P1": {"birth_date": "1945-05-02", **ALIVE}}, [(HR, "P1", {"status": "1"})], []),
    ("allowance_not_claimed", "reported dead", {"P1": {"birth_date": "1942-01-01", **ALIVE}},
     [(HR, "P1", {"status": "1"}), (PI, "P1", {"suspend_reason": "1"})], []),
    ("care_subsidy_level", "level 3", {}, [(EB, "P1", {"benefit_type": "3", "status": "1", "disability_level": "3"})], [[EB]]),
    ("care_subsidy_level", "certificate says another level", {},
     [(EB, "P1", {"benefit_type": "3", "status": "1", "disability_level": "1", "disability_cert_no": "42109919380312126642"})], [[EB]]),
    ("care_subsidy_level", "level and certificate fit", {"P1": {"id_number": "421099193803121266"}},
     [(EB, "P1", {"benefit_type": "3", "status": "1", "disability_level": "2", "disability_cert_no": "42109919380312126642"})], []),
    ("subsidised_insurance_missing", "insured as an ordinary resident", {"P1": ALIVE},
     [(SA, "P1", {"status": "1", "assistance_type": "2", "approval_date": "2019-01-01"}),
      (MI, "P1", {"insured_year": 2025, "status": "1", "subsidy": "0"})], [[MI, SA]]),
    ("subsidised_insurance_missing", "not insured at all", {"P1": ALIVE},
     [(SA, "P1", {"status": "1", "assistance_type": "2", "approval_date": "2019-01-01"})], [[SA]]),
    ("subsidised_insurance_missing", "two assistance rows in force are one alert", {"P1": ALIVE},
     [(SA, "P1", {"status": "1", "assistance_type": "1", "approval_date": "2019-01-01"}),
      (SA, "P1", {"status": "1", "assistance_type": "2", "approval_date": "2020-01-01"}),
      (SA, "P1", {"status": "1", "assistance_type": "2", "approval_date": "2025-05-01"})], [[SA, SA]]),
    ("subsidised_insurance_missing", "subsidised", {"P1": ALIVE},
     [(SA, "P1", {"status": "1", "assistance_type": "2", "approval_date": "2019-01-01"}),
      (MI, "P1", {"insured_year": 2025, "status": "1", "subsidy": "2"})], []),
    ("subsidised_insurance_missing", "approved 59 days ago", {"P1": ALIVE},
     [(SA, "P1", {"status": "1", "assistance_type": "2", "approval_date": "2025-04-03"})], []),
    ("newborn_without_registration", "born 61 days ago", {},
     [(BF, {"child": "P1"}, {"record_type": "1", "birth_status": "2", "child_birth": "2025-04-01"})], [[BF]]),
    ("newborn_without_registration", "registered", {},
     [(BF, {"child": "P1"}, {"record_type": "1", "birth_status": "2", "child_birth": "2025-04-01"}), (HR, "P1", {"status": "1"})], []),
    ("newborn_without_registration", "60 days are tolerated", {},
     [(BF, {"child": "P1"}, {"record_type": "1", "birth_status": "2", "child_birth": "2025-04-02"})], []),
]

EMPLOYEE = {"insured_year": 2025, "status": "1", "scheme": "1"}
RESIDENT = {"insured_year": 2025, "status": "1", "scheme": "2", "start_date": "2025-01-01"}
STUDENT = {"P1": {"enrolment_status": "1", "school_stage": "4"}}
WORK: list[Case] = [
    ("school_age_not_enrolled", "no school place", {"P1": {"no_enrolment_at_school_age": True}}, [(HR, "P1", {"status": "1"})], [[HR]]),
    ("school_age_not_enrolled", "known by a residence registration only", {"P1": {"no_enrolment_at_school_age": True}},
     [(RP, "P1", {"permit_status": "1"})], [[RP]]),
    ("school_age_not_enrolled", "enrolled", {"P1": {"no_enrolment_at_school_age": False}}, [(HR, "P1", {"status": "1"})], []),
    ("two_schools", "two schools", {}, [(ST, "P1", {"status": "1", "school_code": "1"}), (ST, "P1", {"status": "1", "school_code": "2"})], [[ST, ST]]),
    ("two_schools", "one left out", {},
     [(ST, "P1", {"status": "1", "school_code": "1"}), (ST, "P1", {"status": "1", "school_code": "2", "left_out": True})], []),
    ("two_schools", "one school twice", {}, [(ST, "P1", {"status": "1", "school_code": "1"})] * 2, []),
    ("two_medical_schemes", "overlap of ten months", {}, [(MI, "P1", EMPLOYEE | {"start_date": "2025-03-01"}), (MI, "P1", RESIDENT)], [[MI, MI]]),
    ("two_medical_schemes", "31 days of overlap", {},
     [(MI, "P1", EMPLOYEE | {"start_date": "2025-03-01"}), (MI, "P1", RESIDENT | {"end_date": "2025-03-31"})], []),
    ("two_pensions_paid", "two paid", {}, [(PI, "P1", {"payment_status": "1"})] * 2, [[PI, PI]]),
    ("two_pensions_paid", "one paid", {}, [(PI, "P1", {"payment_status": "1"}), (PI, "P1", {"payment_status": "0"})], []),
    ("student_registered_unemployed", "pupil with a certificate", STUDENT,
     [(ST, "P1", {"status": "1"}), (ER, "P1", {"registration_type": "2", "unemployment_date": "2025-04-30"})], [[ER]]),
    ("student_registered_unemployed", "registered 31 days ago", STUDENT,
     [(ST, "P1", {"status": "1"}), (ER, "P1", {"registration_type": "2", "unemployment_date": "2025-05-01"})], []),
    ("unemployed_with_employer_contribution", "contribution three months later", {},
     [(ER, "P1", {"registration_type": "2", "unemployment_date": "2024-09-10"}),
      (PI, "P1", {"scheme": "1", "status": "1", "last_contribution_month": "2024-12"})], [[ER]]),
    ("unemployed_with_employer_contribution", "two months are tolerated", {},
     [(ER, "P1", {"registration_type": "2", "unemployment_date": "2024-09-10"}),
      (PI, "P1", {"scheme": "1", "status": "1", "last_contribution_month": "2024-11"})], []),
    ("unemployed_with_employer_contribution", "housing fund deposit", {},
     [(ER, "P1", {"registration_type": "2", "unemployment_date": "2024-09-10"}), (FA, "P1", {"status": "1", "last_deposit_month": "2025-05"})], [[ER]]),
]
DWELLING: Record = (HO, None, {"dwelling_code": "D1", "dwelling_type": "1", "floor_area": 32, "occupancy": "3", "visit_date": "2024-01-01"})
PEOPLE = {"dwelling_id": "D1", "dwelling_occupants": 9}
DWELLINGS: list[Case] = [
    ("dwelling_overcrowded", "nine people in 32 square metres", {"P1": PEOPLE}, [DWELLING], [[HO]]),
    ("dwelling_overcrowded", "eight people", {"P1": PEOPLE | {"dwelling_occupants": 8}}, [DWELLING], []),
    ("dwelling_overcrowded", "a missing area counts as 60", {"P1": PEOPLE | {"dwelling_occupants": 15}},
     [(HO, None, DWELLING[2] | {"floor_area": None})], []),
    ("dwelling_overcrowded", "a dormitory is excepted", {"P1": PEOPLE}, [(HO, None, DWELLING[2] | {"dwelling_type": "5"})], []),
]

CASES = [*DEATHS, *MARRIAGES, *NUMBERS, *BENEFITS, *WORK, *DWELLINGS]
