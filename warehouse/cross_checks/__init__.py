"""Cross-checks between and inside departments: found conditions become alerts with an identity.

Belongs here: evaluating the checks of the catalogue, the identity of an alert (check, person or subject, records), its facts, and what
each recipient is told.
Does not: what a check says (sources/catalogue/checks, one file each: words, recipients, SQL over the views of views.py, examples), the
life of alerts from run to run, their assignment and answers (warehouse/alerts), sending them (warehouse/outbox).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import duckdb

from sources.catalogue import load_catalogue
from sources.catalogue.cross_checks import CrossCheck, in_order
from sources.tables import SHARED_TABLES, create_table, literal
from warehouse.cross_checks.facts import state_facts
from warehouse.cross_checks.recipients import address
from warehouse.cross_checks.rows import parameters, rows_of, stated
from warehouse.cross_checks.views import create_views
from warehouse.office.sealing import keyed_digest_sql


def evaluate(con: duckdb.DuckDBPyConnection, as_of: date, key: bytes, checks: Mapping[str, CrossCheck] | None = None) -> int:
    """Evaluate every check (or those given); fills `alert`, `alert_record` and `alert_addressee`, returns the number of alerts.

    An alert found again has its id again: a digest, keyed with `key` (32 bytes of the installation), of check, subject and natural keys.
    `facts` is a keyed digest of what the check looks at in the records involved. State and days are those of an alert that is new on
    as_of; the book of alerts (warehouse/alerts) knows the others. Needs `profile`'s attr_* tables, `number_conflict`, `place` and the
    current tables. Checks that wait for categories (`waiting_for`) find nothing.
    """
    checks = load_catalogue().checks if checks is None else checks
    waiting = waiting_for(con, checks)
    prepare(con, as_of)
    con.execute(f"CREATE OR REPLACE TEMP MACRO keyed(stated) AS {keyed_digest_sql('stated', key)}")
    for check in in_order(checks):
        if check.name not in waiting:
            find(con, check, as_of)
    _identify(con)
    _urgent(con, as_of, checks)
    state_facts(con, checks)
    _alerts(con, as_of, checks)
    address(con, checks)
    row = con.execute("SELECT count(*) FROM alert").fetchone()
    return int(row[0]) if row else 0


def waiting_for(con: duckdb.DuckDBPyConnection, checks: Mapping[str, CrossCheck] | None = None) -> dict[str, list[str]]:
    """Checks that are not evaluated yet, with the categories that have never been delivered: before the first enrolments have come, every
    child would be one without a school."""
    delivered = {category for (category,) in con.execute("SELECT DISTINCT category FROM ledger WHERE stage = 'applied'").fetchall()}
    checks = load_catalogue().checks if checks is None else checks
    return {name: sorted(check.categories - delivered) for name, check in checks.items() if check.waits and check.categories - delivered}


def prepare(con: duckdb.DuckDBPyConnection, as_of: date) -> None:
    """The views that the checks read, and `found_record` empty."""
    create_views(con, as_of)
    con.execute("""CREATE OR REPLACE TEMP TABLE found_record ("check" VARCHAR, person_id VARCHAR, subject_key VARCHAR,
                                                              alert_group VARCHAR, record_id BIGINT, detail VARCHAR)""")


def find(con: duckdb.DuckDBPyConnection, check: CrossCheck, as_of: date) -> None:
    """The rows of one check into `found_record`. Needs `prepare`, and the rows of the checks named in `after`."""
    con.execute(f"""INSERT INTO found_record
                    SELECT {literal(check.name)}, person_id, subject_key, alert_group, record_id, detail FROM ({rows_of(check)})""",
                parameters(check.sql, as_of))


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


def _urgent(con: duckdb.DuckDBPyConnection, as_of: date, checks: Mapping[str, CrossCheck]) -> None:
    """`urgent_alert`: alerts whose severity a check raises to high."""
    con.execute("CREATE OR REPLACE TEMP TABLE urgent_alert (alert_id VARCHAR)")
    for check in checks.values():
        if check.urgent is not None:
            con.execute(f"""
                INSERT INTO urgent_alert SELECT DISTINCT alert_id FROM (SELECT alert_id, unnest(record_ids) AS record_id
                                                                        FROM found_alert WHERE "check" = {literal(check.name)})
                SEMI JOIN ({stated(check, check.urgent)}) AS urgent USING (record_id)""", parameters(check.urgent, as_of))


def _alerts(con: duckdb.DuckDBPyConnection, as_of: date, checks: Mapping[str, CrossCheck]) -> None:
    """`alert`: one row per alert found, as if it were new."""
    con.execute("CREATE OR REPLACE TEMP TABLE severity AS SELECT unnest($names) AS \"check\", unnest($severities) AS severity",
                {"names": list(checks), "severities": [check.severity for check in checks.values()]})
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
