"""What the SQL of the checks may read, beside tables of the working store: views and macros that several checks share.

Tables: `current_<category>`, `attr_<attribute>`, `mention_person`, `everybody`, `place`, `number_conflict`, `disowned_number`.

| name | one row is |
| --- | --- |
| `check_<category>` | one current record and person of a subject role: person_id, role, the columns of the category |
| `check_record` | one current record of any category: record_id, category, natural_key, updated_on |
| `check_hr` | the registration record of a person (clarification 37) |
| `check_id_number` | one number of an identity card on a record and role, with birth date and sex of the role; any of them may be NULL |
| `check_birth_date`, `check_phone` | one birth date or telephone number of the person whom a record is about |
| `check_event` | one valid marriage event and spouse, with the other spouse and the status that results |
| `check_last_event`, `check_event_at_loan` | the last event of a person; the last one on or before the issue of a loan |
| `check_low_income`, `check_low_income_member` | one case of type 1 or 2 in force; one of its members |
| `check_insurance_year` | the only row: the insurance year of as_of |
| `found_record` | one record that a check named in `after` has found: check, person_id, record_id |

`column_name` of check_id_number, check_birth_date and check_phone is category.column, for `column_name IN $columns` (the check's own).
Macros: month_of(day), months_after(month, day), birth_date_in(number), check_digit_is_wrong(number).
Belongs here: what more than one check reads. Does not: conditions of single checks (sources/catalogue/checks).
"""

from __future__ import annotations

from datetime import date

import duckdb

from sources.catalogue import load_catalogue
from sources.catalogue.models import Contract, PersonRole
from sources.tables import literal, quoted

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
"""Of ISO 7064 MOD 11-2 (GB 11643)."""


def create_views(con: duckdb.DuckDBPyConnection, as_of: date) -> None:
    """Everything that the module lists but found_record, for one reference date."""
    _macros(con)
    _person_records(con)
    _record(con)
    _hr_record(con)
    _statements(con)
    _insurance_year(con, as_of)
    _marriage_events(con)
    _event_views(con)
    _low_income(con)


def _macros(con: duckdb.DuckDBPyConnection) -> None:
    """Months are YYYY-MM, comparable with month columns (clarification 50). A check digit is that of 18 characters of the right shape.

    birth_date_in is a timestamp: a condition with a cast, which could fail, is not read before the persons are joined.
    """
    total = " + ".join(f"{weight} * substr(number, {place}, 1)::INT" for place, weight in enumerate(WEIGHTS, start=1))
    con.execute("CREATE OR REPLACE TEMP MACRO month_of(day) AS strftime(day, '%Y-%m')")
    con.execute("""CREATE OR REPLACE TEMP MACRO months_after(month, day) AS
        (left(month, 4)::INT - year(day)) * 12 + right(month, 2)::INT - month(day)""")
    con.execute("CREATE OR REPLACE TEMP MACRO birth_date_in(number) AS try_strptime(substr(number, 7, 8), '%Y%m%d')")
    con.execute(f"""CREATE OR REPLACE TEMP MACRO check_digit_is_wrong(number) AS
        CASE WHEN regexp_full_match(number, '[0-9]{{17}}[0-9X]')
             THEN substr('10X98765432', ({total}) % 11 + 1, 1) <> right(number, 1) END""")


def _person_records(con: duckdb.DuckDBPyConnection) -> None:
    for contract in load_catalogue().contracts.values():
        roles = ", ".join(literal(role.role) for role in contract.person_roles if role.subject)
        con.execute(f"""
            CREATE OR REPLACE TEMP VIEW {quoted('check_' + contract.category)} AS
            SELECT mentions.person_id, mentions.role, records.*
            FROM {quoted('current_' + contract.category)} AS records
            JOIN mention_person AS mentions ON mentions.record_id = records.record_id AND mentions.role IN ({roles})""")


def _record(con: duckdb.DuckDBPyConnection) -> None:
    parts = [f"SELECT record_id, {literal(category)} AS category, natural_key, updated_on FROM {quoted('current_' + category)}"
             for category in load_catalogue().contracts]
    con.execute(f"CREATE OR REPLACE TEMP VIEW check_record AS {' UNION ALL '.join(parts)}")


def _hr_record(con: duckdb.DuckDBPyConnection) -> None:
    """Active before cancelled, then updated last, or cancelled last."""
    con.execute("""
        CREATE OR REPLACE TEMP TABLE check_hr AS
        SELECT * FROM check_household_registration
        QUALIFY row_number() OVER (PARTITION BY person_id ORDER BY (status IS NOT DISTINCT FROM '1') DESC,
            CASE WHEN status = '1' THEN updated_at ELSE cancel_date END DESC NULLS LAST, updated_at DESC NULLS LAST,
            natural_key DESC) = 1""")


def _statements(con: duckdb.DuckDBPyConnection) -> None:
    """`check_id_number`, `check_birth_date`, `check_phone`."""
    roles = [(contract, role) for contract in load_catalogue().contracts.values() for role in contract.person_roles]
    holders = [(contract, role) for contract, role in roles if role.role == "holder"]
    for name, parts in {
        "check_id_number": [_numbers(contract, role, role.id_number) for contract, role in roles if role.id_number],
        "check_birth_date": [_of_holder(contract, role.birth_date, "birth_date") for contract, role in holders if role.birth_date],
        "check_phone": [_of_holder(contract, role.phone, "phone") for contract, role in holders if role.phone],
    }.items():
        con.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {' UNION ALL '.join(parts)}")


def _numbers(contract: Contract, role: PersonRole, column: str) -> str:
    """Numbers of other documents than identity cards are left out; without a type column every number is one."""
    return f"""
        SELECT {literal(f'{contract.category}.{column}')} AS column_name, mentions.person_id, {literal(role.role)} AS role, r.record_id,
               r.{quoted(column)} AS number, r.{quoted(column + '_state')} AS state,
               {f'r.{quoted(role.birth_date)}' if role.birth_date else 'NULL::DATE'} AS birth_date,
               {f'r.{quoted(role.sex)}' if role.sex else 'NULL::VARCHAR'} AS sex
        FROM {quoted('current_' + contract.category)} AS r
        LEFT JOIN mention_person AS mentions ON mentions.record_id = r.record_id AND mentions.role = {literal(role.role)}
        WHERE {f"coalesce(r.{quoted(role.id_type)}, '111') = '111'" if role.id_type else 'true'}"""


def _of_holder(contract: Contract, column: str, name: str) -> str:
    return f"""
        SELECT {literal(f'{contract.category}.{column}')} AS column_name, person_id, record_id, {quoted(column)} AS {name}
        FROM {quoted('check_' + contract.category)} WHERE role = 'holder'"""


def _insurance_year(con: duckdb.DuckDBPyConnection, as_of: date) -> None:
    """The year of as_of once its full delivery has come, before that the year before (clarification 44)."""
    con.execute("""
        CREATE OR REPLACE TEMP TABLE check_insurance_year AS
        SELECT year($1::DATE) - (count(*) = 0)::INT AS year
        FROM ledger
        WHERE category = 'medical_insurance' AND kind = 'full' AND stage = 'applied'
          AND year(delivery_date) = year($1::DATE) AND delivery_date <= $1::DATE""", [as_of])


def _marriage_events(con: duckdb.DuckDBPyConnection) -> None:
    """`check_event` (clarifications 22 and 40).

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


def _event_views(con: duckdb.DuckDBPyConnection) -> None:
    """Events of one day: the one entered last, then the larger certificate. A loan without an event before it has no row."""
    last = "ORDER BY event.event_date DESC, event.entry_date DESC NULLS LAST, event.natural_key DESC) = 1"
    con.execute(f"""
        CREATE OR REPLACE TEMP VIEW check_last_event AS
        SELECT event.* FROM check_event AS event WHERE event.event_date IS NOT NULL
        QUALIFY row_number() OVER (PARTITION BY event.person_id {last}""")
    con.execute(f"""
        CREATE OR REPLACE TEMP VIEW check_event_at_loan AS
        SELECT loan.record_id AS loan, event.*
        FROM check_fund_loans AS loan JOIN check_event AS event ON event.person_id = loan.person_id AND event.event_date <= loan.issue_date
        WHERE loan.role = 'borrower'
        QUALIFY row_number() OVER (PARTITION BY loan.record_id {last}""")


def _low_income(con: duckdb.DuckDBPyConnection) -> None:
    """Every row of role holder is a covered member; the record of a case is that of the smallest member_no (clarifications 30, 36)."""
    members = "FROM check_social_assistance WHERE role = 'holder' AND status = '1' AND assistance_type IN ('1', '2')"
    con.execute(f"CREATE OR REPLACE TEMP VIEW check_low_income_member AS SELECT DISTINCT case_no, person_id {members}")
    con.execute(f"""
        CREATE OR REPLACE TEMP VIEW check_low_income AS
        SELECT case_no, max(household_members) AS household_members, max(income_per_head) AS income_per_head,
               arg_min(record_id, member_no) AS record_id, arg_min(person_id, member_no) AS person_id
        {members} GROUP BY case_no""")
