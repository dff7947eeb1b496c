"""The facts of an alert: a keyed digest of what its check looks at in the records involved.

Belongs here: `alert_facts`. Equal digests mean that nothing the check looks at has changed since: a rejected alert stays quiet as long.
When a record was last touched (order_by of its delivery) is no fact: delivered again with the same values, it says nothing new.
Does not: what follows from that (warehouse/alerts).
"""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from sources.catalogue import load_catalogue
from sources.catalogue.cross_checks import CrossCheck
from sources.tables import literal, quoted


def state_facts(con: duckdb.DuckDBPyConnection, checks: Mapping[str, CrossCheck]) -> None:
    """`alert_facts`: alert_id, facts; from `found_alert` and the columns that each check names. Needs macro keyed."""
    con.execute("""
        CREATE OR REPLACE TEMP TABLE alert_involved AS
        SELECT DISTINCT alert_id, "check", unnest(record_ids) AS record_id FROM found_alert""")
    con.execute("CREATE OR REPLACE TEMP TABLE stated_fact (alert_id VARCHAR, fact VARCHAR)")
    for check in checks.values():
        by_category: dict[str, list[str]] = {}
        for column in check.columns:
            category, name = column.split(".")
            if name != load_catalogue().contracts[category].delta.order_by:
                by_category.setdefault(category, []).append(name)
        for category, names in by_category.items():
            values = ", ".join(f"coalesce({quoted(name)}::VARCHAR, '')" for name in names)
            con.execute(f"""
                INSERT INTO stated_fact
                SELECT involved.alert_id, concat_ws('|', {literal(category)}, r.natural_key, {values})
                FROM alert_involved AS involved JOIN {quoted('current_' + category)} AS r USING (record_id)
                WHERE involved."check" = {literal(check.name)}""")
    con.execute("""
        CREATE OR REPLACE TEMP TABLE alert_facts AS
        SELECT found.alert_id, keyed(concat_ws('#', max(found.detail), string_agg(stated.fact, '#' ORDER BY stated.fact))) AS facts
        FROM (SELECT alert_id, max(detail) AS detail FROM found_alert GROUP BY alert_id) AS found
        LEFT JOIN stated_fact AS stated USING (alert_id)
        GROUP BY found.alert_id""")
