"""Cross-checks between and inside departments: found conditions become alerts with an identity.

Belongs here: every check of the catalogue as one rule in SQL, the identity of an alert (check, person or subject, records), its facts, and
what each recipient is told.
Does not: the life of alerts from run to run, their assignment and answers (warehouse/alerts), sending them (warehouse/outbox).

A new check: describe it in sources/catalogue/cross_checks.yaml and add its rule to one of the modules of this package; a test fails
while one of the two is missing.
"""

from __future__ import annotations

from datetime import date

import duckdb

from sources.catalogue import load_catalogue
from sources.tables import SHARED_TABLES, create_table, literal
from warehouse.cross_checks import benefits, deaths, dwellings, identity, marriage, work_and_school
from warehouse.cross_checks.facts import state_facts
from warehouse.cross_checks.recipients import address
from warehouse.cross_checks.rule import Rule
from warehouse.cross_checks.views import create_views
from warehouse.office.sealing import keyed_digest_sql

RULES: dict[str, Rule] = {rule.check: rule for module in (deaths, marriage, identity, benefits, work_and_school, dwellings)
                          for rule in module.RULES}

def evaluate(con: duckdb.DuckDBPyConnection, as_of: date, key: bytes) -> int:
    """Evaluate every check; fills `alert`, `alert_record` and `alert_addressee`, returns the number of alerts.

    An alert found again has its id again: a digest, keyed with `key` (32 bytes of the installation), of check, subject and natural keys.
    `facts` is a keyed digest of what the check looks at in the records involved. State and days are those of an alert that is new on
    as_of; the book of alerts (warehouse/alerts) knows the others. Needs `profile`'s attr_* tables, `number_conflict`, `place` and the
    current tables.
    """
    create_views(con, as_of)
    con.execute(f"CREATE OR REPLACE TEMP MACRO keyed(stated) AS {keyed_digest_sql('stated', key)}")
    con.execute("""CREATE OR REPLACE TEMP TABLE found_record ("check" VARCHAR, person_id VARCHAR, subject_key VARCHAR,
                                                              alert_group VARCHAR, record_id BIGINT, detail VARCHAR)""")
    for check in load_catalogue().checks:
        query = RULES[check].query()
        parameters = {"as_of": as_of} if "$as_of" in query else {}
        con.execute(f"INSERT INTO found_record SELECT '{check}', person_id, subject_key, alert_group, record_id, detail FROM ({query})",
                    parameters)
    _identify(con)
    _urgent(con, as_of)
    state_facts(con)
    _alerts(con, as_of)
    address(con)
    row = con.execute("SELECT count(*) FROM alert").fetchone()
    return int(row[0]) if row else 0


def _identify(con: duckdb.DuckDBPyConnection) -> None:
    """`found_alert` and `alert_record`: the id is a keyed digest of check, subject and the natural keys involved.

    A subject that is no dwelling code (a number, a telephone) is a value: a keyed digest stands for it too.
    """
    con.execute("""
        CREATE OR REPLACE TEMP TABLE found_alert AS
        WITH grouped AS (
            SELECT found."check", found.person_id,
                   CASE WHEN starts_with(found.subject_key, 'value|') THEN left(keyed(found.subject_key), 32) ELSE found.subject_key END
                       AS subject_key,
                   found.alert_group, max(found.detail) AS detail,
                   list_sort(list_distinct(list(r.category || '|' || r.natural_key))) AS keys, list(DISTINCT found.record_id) AS record_ids
            FROM found_record AS found JOIN check_record AS r USING (record_id)
            GROUP BY ALL
        )
        SELECT 'A' || left(keyed(concat_ws('|', "check", coalesce(subject_key, person_id, ''), array_to_string(keys, '|'),
                                           CASE WHEN contains(alert_group, '|') THEN split_part(alert_group, '|', 1) ELSE '' END)), 20)
               AS alert_id, * FROM grouped""")
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


def _alerts(con: duckdb.DuckDBPyConnection, as_of: date) -> None:
    """`alert`: one row per alert found, as if it were new."""
    con.execute("CREATE OR REPLACE TEMP TABLE severity AS SELECT unnest($names) AS \"check\", unnest($severities) AS severity",
                {"names": list(load_catalogue().checks), "severities": [check.severity for check in load_catalogue().checks.values()]})
    con.execute("DROP TABLE IF EXISTS alert")
    con.execute(create_table("alert", SHARED_TABLES["alert"]))
    con.execute("""
        INSERT INTO alert BY NAME
        SELECT found.alert_id, found."check",
               CASE WHEN found.alert_id IN (SELECT alert_id FROM urgent_alert) THEN 'high' ELSE severity.severity END AS severity,
               found.person_id, found.subject_key, 'open' AS state, $as_of::DATE AS opened_on, found.detail, facts.facts
        FROM (SELECT DISTINCT ON (alert_id) * FROM found_alert ORDER BY alert_id, alert_group) AS found
        JOIN severity USING ("check")
        JOIN alert_facts AS facts USING (alert_id)""", {"as_of": as_of})
