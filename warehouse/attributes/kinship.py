"""Links between persons that records state: spouses, parents and children, registered families.

Belongs here: temporary tables that residence, household and family attributes share, and the statements of parents that
warehouse/households/ties.py lays open.
Does not: attributes.

    parent_link    one row per parent and child: parent, child
    last_event     one row per person with a valid marriage event: record_id, event_type, day, spouse, status
    spouse_link    one row per person with a spouse: person_id, value, record_id
    registered     one row per person with an active registration: person_id, record_id, household_no, relation_to_head,
                   family. Where two registers carry one number, household_no holds more: see warehouse/attributes/registers.py
"""

from __future__ import annotations

import duckdb

from sources.tables import literal
from warehouse.attributes.demographics import registration
from warehouse.attributes.records import records
from warehouse.attributes.registers import tell_registers_apart
from warehouse.build import ProfileBuild

CHILD_RELATIONS = (*(f"{code}" for code in range(20, 28)), "29", *(f"{code}" for code in range(30, 38)), "39")
SPOUSE_RELATIONS = ("10", "11", "12")
HEAD = "02"


TABLES = ("registered", "parent_link", "last_event", "spouse_link")


def ensure_links(con: duckdb.DuckDBPyConnection, build: ProfileBuild) -> None:
    """The tables that an earlier module of the same run made, or new ones."""
    marks = ", ".join("?" for _ in TABLES)
    query = f"SELECT count(*) FROM duckdb_tables() WHERE temporary AND table_name IN ({marks})"
    found = con.execute(query, list(TABLES)).fetchone()
    if found != (len(TABLES),):
        create_links(con, build)


def drop_links(con: duckdb.DuckDBPyConnection) -> None:
    """The last module that needs them takes them away, so that no run sees those of another."""
    for table in TABLES:
        con.execute(f"DROP TABLE IF EXISTS temp.{table}")


def create_links(con: duckdb.DuckDBPyConnection, build: ProfileBuild) -> None:
    """All of them, from current records (clarifications 22 and 25)."""
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE registered AS
        SELECT person_id, record_id, household_no, relation_to_head, household_type IS NOT DISTINCT FROM '1' AS family
        FROM {records(build, "household_registration", ("holder",))} AS registrations
        WHERE status = '1'
        QUALIFY row_number() OVER (PARTITION BY person_id
                                   ORDER BY last_update DESC NULLS LAST, natural_key DESC, record_id) = 1""")
    tell_registers_apart(con)
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE parent_link AS
        SELECT DISTINCT parent, child FROM ({parent_statements(build)}) WHERE parent <> child""")
    con.execute(f"CREATE OR REPLACE TEMP TABLE last_event AS {_last_event(build)}")
    con.execute(f"CREATE OR REPLACE TEMP TABLE spouse_link AS {_spouse(build)}")


def _codes(codes: tuple[str, ...]) -> str:
    return "(" + ", ".join(literal(code) for code in codes) + ")"


def parent_statements(build: ProfileBuild) -> str:
    """SQL: parent, child, role of the parent (father, mother, NULL), record_id, category, ordinal; one row per statement.

    The links of children_count (clarification 25) in the order of trust: the registration, the family record, the school's
    guardian (51, 52), the relations inside one register.
    """
    sources = (
        ("household_registration", ("father", "mother"), "holder", "true", "parents.role"),
        ("birth_family_support", ("mother", "father"), "child", "true", "parents.role"),
        ("student_enrolment", ("guardian",), "holder", "guardian_relation IN ('51', '52')",
         "CASE guardian_relation WHEN '51' THEN 'father' ELSE 'mother' END"),
    )
    parts = [
        f"""SELECT parents.person_id AS parent, children.person_id AS child, {named} AS role, parents.record_id,
                   {literal(category)} AS category, {ordinal} AS ordinal
            FROM {records(build, category, roles)} AS parents
            JOIN mention_person AS children ON children.record_id = parents.record_id
                AND children.role = {literal(role)}
            WHERE {condition}"""
        for ordinal, (category, roles, role, condition, named) in enumerate(sources, start=1)
    ]
    parts.append(f"""
        SELECT parents.person_id, children.person_id, NULL, children.record_id, 'household_registration', {len(sources) + 1}
        FROM registered AS parents JOIN registered AS children USING (household_no)
        WHERE (parents.relation_to_head = {literal(HEAD)} OR parents.relation_to_head IN {_codes(SPOUSE_RELATIONS)})
          AND children.relation_to_head IN {_codes(CHILD_RELATIONS)}""")
    return " UNION ALL ".join(parts)


def _last_event(build: ProfileBuild) -> str:
    """The latest valid marriage event of each person, with the other spouse and the status that follows from it.

    Reissues (3, 4) have the date of the event that they restate. `status` after event 5 is the prior status of the
    annulled marriage, missing where nobody delivered it.
    """
    return f"""
        WITH spouses AS (
            SELECT person_id, role, record_id, natural_key, cert_no, original_cert_no, event_type, register_date,
                   entry_date, CASE role WHEN 'spouse_a' THEN man_prior ELSE woman_prior END AS prior
            FROM {records(build, "marriage_registration")}
            WHERE validity = '1' AND event_type IS NOT NULL
        ),
        restated AS (
            SELECT again.record_id, again.role,
                   arg_min(named.register_date, (named.event_type::INT <> again.event_type::INT - 2, named.natural_key))
                       AS date
            FROM spouses AS again
            JOIN spouses AS named ON named.cert_no = again.original_cert_no AND named.role = again.role
            WHERE again.event_type IN ('3', '4') AND named.event_type IN ('1', '2')
            GROUP BY ALL
        ),
        annulled AS (
            SELECT annulment.record_id, annulment.role, max_by(named.prior, named.natural_key) AS prior
            FROM spouses AS annulment
            JOIN spouses AS named ON named.cert_no = annulment.original_cert_no AND named.role = annulment.role
            WHERE annulment.event_type = '5' AND named.event_type = '1'
            GROUP BY ALL
        )
        SELECT mine.person_id, mine.record_id, mine.event_type, coalesce(restated.date, mine.register_date) AS day,
               nullif(other.person_id, mine.person_id) AS spouse,
               CASE WHEN mine.event_type IN ('1', '3') THEN '20' WHEN mine.event_type IN ('2', '4') THEN '40'
                    ELSE left(annulled.prior, 1) || '0' END AS status
        FROM spouses AS mine
        LEFT JOIN spouses AS other ON other.record_id = mine.record_id AND other.role <> mine.role
        LEFT JOIN restated ON restated.record_id = mine.record_id AND restated.role = mine.role
        LEFT JOIN annulled ON annulled.record_id = mine.record_id AND annulled.role = mine.role
        QUALIFY row_number() OVER (PARTITION BY mine.person_id ORDER BY day DESC NULLS LAST,
            mine.entry_date DESC NULLS LAST, mine.natural_key DESC, mine.record_id) = 1"""


def _spouse(build: ProfileBuild) -> str:
    """The other spouse of a marriage; after a divorce a spouse whom HR or BF names later; without events whoever is
    named by HR, a loan or BF; after an annulment nobody (clarification 22)."""
    return f"""
        WITH named AS ({named_spouses(build)})
        SELECT person_id, spouse AS value, record_id FROM last_event
        WHERE event_type IN ('1', '3') AND spouse IS NOT NULL
        UNION ALL
        SELECT named.person_id, named.spouse, named.record_id
        FROM named LEFT JOIN last_event AS event USING (person_id)
        WHERE named.spouse <> named.person_id
          AND (event.person_id IS NULL
               OR (event.event_type IN ('2', '4') AND named.may_follow AND named.last_update::DATE > event.day
                   AND named.spouse IS DISTINCT FROM event.spouse))
        QUALIFY row_number() OVER (PARTITION BY named.person_id ORDER BY ordinal, last_update DESC NULLS LAST,
            natural_key DESC, named.record_id, named.spouse) = 1"""


def named_spouses(build: ProfileBuild) -> str:
    """SQL: person_id, spouse and the record that says so, in the order of trust; a link holds in both directions."""
    parts = [f"""
        SELECT r.person_id, other.person_id AS spouse, r.record_id, r.last_update, r.natural_key, 1 AS ordinal,
               true AS may_follow
        FROM {registration(build)} AS r
        JOIN mention_person AS other ON other.record_id = r.record_id AND other.role = 'spouse'""", f"""
        SELECT other.person_id, r.person_id, r.record_id, r.last_update, r.natural_key, 2, true
        FROM {registration(build)} AS r
        JOIN mention_person AS other ON other.record_id = r.record_id AND other.role = 'spouse'"""]
    for one, other in (("borrower", "co_borrower"), ("co_borrower", "borrower")):
        parts.append(f"""
            SELECT r.person_id, other.person_id, r.record_id, r.last_update, r.natural_key, 3, false
            FROM {records(build, "fund_loans", (one,))} AS r
            JOIN mention_person AS other ON other.record_id = r.record_id AND other.role = '{other}'
            WHERE r.co_relation = '1'""")
    parts.append(f"""
        SELECT r.person_id, other.person_id, r.record_id, r.last_update, r.natural_key, 4, true
        FROM {records(build, "birth_family_support", ("mother", "father"))} AS r
        JOIN mention_person AS other ON other.record_id = r.record_id AND other.role IN ('mother', 'father')
            AND other.role <> r.role
        WHERE r.marital_status IN ('20', '21', '22', '23')""")
    return " UNION ALL ".join(parts)
