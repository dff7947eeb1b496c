"""What the checks look at: the records of each person, the HR record, marriage events, months and dates.

Belongs here: temporary views and tables that several checks share, and small SQL expressions for months and check digits.
Does not: conditions of single checks.
"""

from __future__ import annotations

from datetime import date

import duckdb

from sources.catalogue import load_catalogue
from sources.tables import literal, quoted

INSURANCE_YEAR = "(SELECT year FROM check_insurance_year)"


def month_of(day: str) -> str:
    """The month of a date as YYYY-MM, comparable with month columns (clarification 50)."""
    return f"strftime({day}, '%Y-%m')"


def months_after(month: str, day: str) -> str:
    """Calendar months from the month of `day` to `month` (YYYY-MM)."""
    return f"((left({month}, 4)::INT - year({day})) * 12 + right({month}, 2)::INT - month({day}))"


def check_digit_is_wrong(number: str) -> str:
    """True for 18 characters of the right shape whose check character fails ISO 7064 MOD 11-2 (GB 11643)."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = " + ".join(f"{weight} * substr({number}, {place}, 1)::INT" for place, weight in enumerate(weights, start=1))
    expected = f"substr('10X98765432', ({total}) % 11 + 1, 1)"
    return f"(CASE WHEN regexp_full_match({number}, '[0-9]{{17}}[0-9X]') THEN {expected} <> right({number}, 1) END)"


def create_views(con: duckdb.DuckDBPyConnection, as_of: date) -> None:
    """Everything below, for one reference date."""
    _person_records(con)
    _record(con)
    _hr_record(con)
    _insurance_year(con, as_of)
    _marriage_events(con)


def _person_records(con: duckdb.DuckDBPyConnection) -> None:
    """`check_<category>`: one row per current record and person of a subject role, with person_id and role."""
    for contract in load_catalogue().contracts.values():
        roles = ", ".join(literal(role.role) for role in contract.person_roles if role.subject)
        con.execute(f"""
            CREATE OR REPLACE TEMP VIEW {quoted('check_' + contract.category)} AS
            SELECT mentions.person_id, mentions.role, records.*
            FROM {quoted('current_' + contract.category)} AS records
            JOIN mention_person AS mentions ON mentions.record_id = records.record_id AND mentions.role IN ({roles})""")


def _record(con: duckdb.DuckDBPyConnection) -> None:
    """`check_record`: one row per current record of any category: its key and day of update."""
    parts = [f"SELECT record_id, {literal(category)} AS category, natural_key, updated_on FROM {quoted('current_' + category)}"
             for category in load_catalogue().contracts]
    con.execute(f"CREATE OR REPLACE TEMP VIEW check_record AS {' UNION ALL '.join(parts)}")


def _hr_record(con: duckdb.DuckDBPyConnection) -> None:
    """`check_hr`: the registration record of a person: active before cancelled, then updated last, or cancelled last (clarification 37)."""
    con.execute("""
        CREATE OR REPLACE TEMP TABLE check_hr AS
        SELECT * FROM check_household_registration
        QUALIFY row_number() OVER (PARTITION BY person_id ORDER BY (status IS NOT DISTINCT FROM '1') DESC,
            CASE WHEN status = '1' THEN updated_at ELSE cancel_date END DESC NULLS LAST, updated_at DESC NULLS LAST,
            natural_key DESC) = 1""")


def _insurance_year(con: duckdb.DuckDBPyConnection, as_of: date) -> None:
    """The year of as_of once its full delivery has come, before that the year before (clarification 44)."""
    con.execute("""
        CREATE OR REPLACE TEMP TABLE check_insurance_year AS
        SELECT year($1::DATE) - (count(*) = 0)::INT AS year
        FROM ledger
        WHERE category = 'medical_insurance' AND kind = 'full' AND stage = 'applied'
          AND year(delivery_date) = year($1::DATE) AND delivery_date <= $1::DATE""", [as_of])


def _marriage_events(con: duckdb.DuckDBPyConnection) -> None:
    """`check_event`: one row per valid marriage event and spouse, with the other spouse and the status that results.

    Clarifications 22 and 40.

    event_date is register_date, for reissues (3, 4) that of the event they restate. `status` is NULL where an annulled
    marriage leaves no known prior status.
    """
    con.execute("""
        CREATE OR REPLACE TEMP TABLE check_event AS
        WITH spouses AS (
            SELECT person_id, role, record_id, natural_key, cert_no, original_cert_no, event_type, register_date, entry_date,
                   CASE role WHEN 'spouse_a' THEN man_prior ELSE woman_prior END AS prior
            FROM check_marriage_registration
            WHERE validity = '1' AND event_type IS NOT NULL
        ),
        restated AS (
            SELECT again.record_id, again.role,
                   arg_min(named.register_date, (named.event_type::INT <> again.event_type::INT - 2, named.natural_key)) AS date
            FROM spouses AS again
            JOIN spouses AS named ON named.cert_no = again.original_cert_no AND named.role = again.role
                                 AND named.event_type IN ('1', '2')
            WHERE again.event_type IN ('3', '4')
            GROUP BY ALL
        ),
        annulled AS (
            SELECT annulment.record_id, annulment.role, max_by(named.prior, named.natural_key) AS prior
            FROM spouses AS annulment
            JOIN spouses AS named ON named.cert_no = annulment.original_cert_no AND named.role = annulment.role AND named.event_type = '1'
            WHERE annulment.event_type = '5'
            GROUP BY ALL
        )
        SELECT mine.person_id, mine.role, mine.record_id, mine.natural_key, mine.cert_no, mine.original_cert_no, mine.event_type,
               mine.entry_date,
               coalesce(restated.date, mine.register_date) AS event_date,
               other.person_id AS spouse,
               CASE mine.event_type WHEN '1' THEN '20' WHEN '3' THEN '20' WHEN '2' THEN '40' WHEN '4' THEN '40'
                    ELSE left(annulled.prior, 1) || '0' END AS status
        FROM spouses AS mine
        LEFT JOIN spouses AS other ON other.record_id = mine.record_id AND other.role <> mine.role
        LEFT JOIN restated ON restated.record_id = mine.record_id AND restated.role = mine.role
        LEFT JOIN annulled ON annulled.record_id = mine.record_id AND annulled.role = mine.role""")
