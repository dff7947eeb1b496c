"""Cross-checks between and inside departments: found conditions become alerts with an identity.

Belongs here: every check of the catalogue as one rule in SQL, the identity of an alert (check, person or subject, records), opening and
closing from run to run, and what each recipient is told.
Does not: sending alerts, their assignment and answers.

A new check: describe it in sources/catalogue/cross_checks.yaml and add its rule to one of the modules of this package; a test fails
while one of the two is missing.
"""

from __future__ import annotations

from datetime import date

import duckdb

from sources.catalogue import load_catalogue
from sources.tables import SHARED_TABLES, create_table, literal
from warehouse.cross_checks import benefits, deaths, dwellings, identity, marriage, work_and_school
from warehouse.cross_checks.rule import Rule
from warehouse.cross_checks.views import create_views

RULES: dict[str, Rule] = {rule.check: rule for module in (deaths, marriage, identity, benefits, work_and_school, dwellings)
                          for rule in module.RULES}

ALERT_BOOK = {"alert_id": "VARCHAR", "opened_on": "DATE", "closed_on": "DATE"}
"""What outlives a run: when an alert was first found and when its condition went away; hashes and dates only."""


def evaluate(con: duckdb.DuckDBPyConnection, as_of: date) -> int:
    """Evaluate every check; fills `alert` and `alert_record`, returns the number of open alerts.

    An alert found again keeps its id and its opening date; one whose condition is gone is closed on as_of and reopens under the
    same id when it returns. Needs `profile`'s attr_* tables, `number_conflict`, `place` and the current tables.
    """
    create_views(con, as_of)
    con.execute("""CREATE OR REPLACE TEMP TABLE found_record ("check" VARCHAR, person_id VARCHAR, subject_key VARCHAR,
                                                              alert_group VARCHAR, record_id BIGINT, detail VARCHAR)""")
    for check in load_catalogue().checks:
        query = RULES[check].query()
        parameters = {"as_of": as_of} if "$as_of" in query else {}
        con.execute(f"INSERT INTO found_record SELECT '{check}', person_id, subject_key, alert_group, record_id, detail FROM ({query})",
                    parameters)
    _identify(con)
    _urgent(con, as_of)
    return _open_and_close(con, as_of)


def _identify(con: duckdb.DuckDBPyConnection) -> None:
    """`found_alert` and `alert_record`: the id is a hash of check, subject and the natural keys involved."""
    con.execute("""
        CREATE OR REPLACE TEMP TABLE found_alert AS
        WITH grouped AS (
            SELECT found."check", found.person_id, found.subject_key, found.alert_group, max(found.detail) AS detail,
                   list_sort(list_distinct(list(r.category || '|' || r.natural_key))) AS keys, list(DISTINCT found.record_id) AS record_ids
            FROM found_record AS found JOIN check_record AS r USING (record_id)
            GROUP BY ALL
        )
        SELECT 'A' || left(sha256(concat_ws('|', "check", coalesce(subject_key, person_id, ''), array_to_string(keys, '|'),
                                            CASE WHEN contains(alert_group, '|') THEN split_part(alert_group, '|', 1) ELSE '' END)), 20)
               AS alert_id, * FROM grouped""")
    con.execute(create_table("alert_record", SHARED_TABLES["alert_record"]))
    con.execute("""
        CREATE OR REPLACE TABLE alert_record AS
        SELECT DISTINCT alert_id, r.category, r.natural_key
        FROM (SELECT alert_id, unnest(record_ids) AS record_id FROM found_alert) JOIN check_record AS r USING (record_id)""")


def _urgent(con: duckdb.DuckDBPyConnection, as_of: date) -> None:
    """`urgent_alert`: alerts whose severity a rule raises to high."""
    con.execute("CREATE OR REPLACE TEMP TABLE urgent_alert (alert_id VARCHAR)")
    for rule in RULES.values():
        if rule.urgent is not None:
            con.execute(f"""
                INSERT INTO urgent_alert SELECT DISTINCT alert_id FROM (SELECT alert_id, unnest(record_ids) AS record_id
                                                                        FROM found_alert WHERE "check" = {literal(rule.check)})
                SEMI JOIN ({rule.urgent()}) AS urgent USING (record_id)""", {"as_of": as_of})


def _open_and_close(con: duckdb.DuckDBPyConnection, as_of: date) -> int:
    con.execute(create_table("alert_book", ALERT_BOOK))
    con.execute("CREATE OR REPLACE TEMP TABLE severity AS SELECT unnest($names) AS \"check\", unnest($severities) AS severity",
                {"names": list(load_catalogue().checks), "severities": [check.severity for check in load_catalogue().checks.values()]})
    con.execute("""
        CREATE OR REPLACE TEMP TABLE next_book AS
        SELECT alert_id, CASE WHEN known.closed_on IS NULL THEN least(known.opened_on, $as_of) ELSE $as_of END AS opened_on,
               NULL::DATE AS closed_on
        FROM (SELECT DISTINCT alert_id FROM found_alert) LEFT JOIN alert_book AS known USING (alert_id)
        UNION ALL
        SELECT alert_id, opened_on, coalesce(closed_on, $as_of)
        FROM alert_book WHERE alert_id NOT IN (SELECT alert_id FROM found_alert)""", {"as_of": as_of})
    con.execute("UPDATE next_book SET opened_on = $as_of WHERE opened_on IS NULL", {"as_of": as_of})
    con.execute("""
        CREATE OR REPLACE TABLE alert AS
        SELECT found.alert_id, found."check",
               CASE WHEN found.alert_id IN (SELECT alert_id FROM urgent_alert) THEN 'high' ELSE severity.severity END AS severity,
               found.person_id, found.subject_key, 'open' AS state,
               book.opened_on, book.closed_on, found.detail
        FROM (SELECT DISTINCT ON (alert_id) * FROM found_alert ORDER BY alert_id, alert_group) AS found
        JOIN next_book AS book USING (alert_id)
        JOIN severity USING ("check")""")
    con.execute("CREATE OR REPLACE TABLE alert_book AS SELECT * FROM next_book")
    row = con.execute("SELECT count(*) FROM alert").fetchone()
    return int(row[0]) if row else 0
