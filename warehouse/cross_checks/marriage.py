"""Checks against the marriage register (clarifications 22, 23, 36, 40)."""

from __future__ import annotations

from warehouse.cross_checks.rule import Rule, of_records, together

LATEST = "row_number() OVER (PARTITION BY {key} ORDER BY event_date DESC, entry_date DESC NULLS LAST, natural_key DESC) = 1"


def marital_status_registration() -> str:
    """HR 30 after a marriage is a mismatch only when the spouse is registered here and active."""
    return of_records(f"""
        WITH latest AS (
            SELECT person_id, record_id, event_date, status, spouse FROM check_event
            WHERE event_date IS NOT NULL QUALIFY {LATEST.format(key='person_id')}
        )
        SELECT hr.person_id, hr.record_id AS registration, latest.record_id AS event
        FROM check_hr AS hr
        JOIN latest USING (person_id)
        LEFT JOIN check_hr AS spouse ON spouse.person_id = latest.spouse
        WHERE hr.status = '1' AND hr.marital_status <> '90' AND latest.event_date < $as_of::DATE - 90
          AND latest.status <> left(hr.marital_status, 1) || '0'
          AND NOT (latest.status = '20' AND hr.marital_status = '30' AND spouse.status IS DISTINCT FROM '1')""", "registration", "event")


def marital_status_loan() -> str:
    """The status on the day of the loan; a loan without any event before it is no mismatch."""
    return together(f"""
        WITH at_issue AS (
            SELECT loan.record_id, loan.person_id, loan.borrower_marital, event.status, event.spouse
            FROM check_fund_loans AS loan
            JOIN check_event AS event ON event.person_id = loan.person_id AND event.event_date <= loan.issue_date
            WHERE loan.role = 'borrower' AND loan.status IN ('1', '3', '4')
            QUALIFY {LATEST.format(key='loan.record_id').replace('natural_key', 'event.natural_key')}
        )
        SELECT at_issue.person_id, at_issue.record_id
        FROM at_issue
        LEFT JOIN check_hr AS spouse ON spouse.person_id = at_issue.spouse
        WHERE at_issue.borrower_marital <> '90' AND at_issue.status <> left(at_issue.borrower_marital, 1) || '0'
          AND NOT (at_issue.status = '20' AND at_issue.borrower_marital = '30' AND spouse.status IS DISTINCT FROM '1')""")


def two_current_marriages() -> str:
    """Two marriages with different spouses, the first neither ended nor annulled nor ended by the spouse's death before the second."""
    return together("""
        WITH marriages AS (SELECT * FROM check_event WHERE event_type = '1' AND spouse IS NOT NULL AND event_date IS NOT NULL),
        pairs AS (
            SELECT first.person_id, first.record_id AS first_record, second.record_id AS second_record
            FROM marriages AS first
            JOIN marriages AS second ON second.person_id = first.person_id AND second.spouse <> first.spouse
                                    AND (second.event_date, second.natural_key) > (first.event_date, first.natural_key)
            LEFT JOIN attr_death_date AS death ON death.person_id = first.spouse
            WHERE NOT coalesce(death.value <= second.event_date, false)
              AND NOT EXISTS (FROM check_event AS ended
                              WHERE ended.person_id = first.person_id AND ended.event_type IN ('2', '4', '5')
                                AND (ended.spouse = first.spouse OR ended.original_cert_no = first.cert_no)
                                AND ended.event_date <= second.event_date)
        )
        SELECT person_id, first_record AS record_id FROM pairs UNION ALL SELECT person_id, second_record FROM pairs""")


def co_borrower_not_spouse() -> str:
    """Only a co-borrower who is known from a record of the own counts as another person (better silent than wrong)."""
    return together(f"""
        WITH at_issue AS (
            SELECT loan.record_id, loan.person_id, event.spouse, event.status
            FROM check_fund_loans AS loan
            JOIN check_event AS event ON event.person_id = loan.person_id AND event.event_date <= loan.issue_date
            WHERE loan.role = 'borrower' AND loan.co_relation = '1'
            QUALIFY {LATEST.format(key='loan.record_id').replace('natural_key', 'event.natural_key')}
        )
        SELECT at_issue.person_id, at_issue.record_id
        FROM at_issue
        JOIN mention_person AS co ON co.record_id = at_issue.record_id AND co.role = 'co_borrower'
        JOIN everybody ON everybody.person_id = co.person_id AND everybody.known_from <> 'relative'
        WHERE at_issue.status = '20' AND at_issue.spouse <> co.person_id""")


RULES = tuple(Rule(query.__name__, query) for query in (
    marital_status_registration, marital_status_loan, two_current_marriages, co_borrower_not_spouse))
