"""Alerts compared with the violations that a synthetic city has planted; the truth is read here and never by what decides.

Belongs here: counting by check. Does not: printing (desk/evaluating.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

PLANTED = "planted.parquet"


@dataclass(frozen=True, slots=True)
class CheckQuality:
    """One check, in rows (record of an alert, clarification 36). `exact`: planted rows that follow from the records, `found` of them by us;
    `ours`: rows of our alerts, `planted` of them in the truth, exact or approximate. A check without planted rows is not judged."""

    check: str
    exact: int
    found: int
    ours: int
    planted: int

    @property
    def recall(self) -> float | None:
        return self.found / self.exact if self.exact else None

    @property
    def precision(self) -> float | None:
        return self.planted / self.ours if self.ours and self.exact else None


def evaluate_alerts(con: duckdb.DuckDBPyConnection, truth: Path) -> list[CheckQuality]:
    """By check, the whole last (named `all`); empty when the truth has no planted violations. `con` reads a snapshot."""
    if not (truth / PLANTED).is_file():
        return []
    rows = con.execute("""
        WITH planted AS (SELECT "check", category, natural_key, bool_or(certainty = 'exact') AS exact
                         FROM read_parquet($1) GROUP BY ALL),
             ours AS (SELECT DISTINCT "check", category, natural_key FROM alert JOIN alert_record USING (alert_id)),
             both_sides AS (SELECT coalesce(p."check", o."check") AS name, p.exact, o."check" IS NOT NULL AS is_ours,
                                   p."check" IS NOT NULL AS is_planted
                            FROM planted AS p FULL JOIN ours AS o USING ("check", category, natural_key))
        SELECT name, count(*) FILTER (exact), count(*) FILTER (exact AND is_ours), count(*) FILTER (is_ours),
               count(*) FILTER (is_ours AND is_planted)
        FROM both_sides GROUP BY name ORDER BY name""", [str(truth / PLANTED)]).fetchall()
    found = [CheckQuality(*row) for row in rows]
    judged = [one for one in found if one.exact]
    return [*found, CheckQuality("all", *(sum(getattr(one, name) for one in judged) for name in ("exact", "found", "ours", "planted")))]
