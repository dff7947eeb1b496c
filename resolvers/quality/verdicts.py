"""Verdicts on the quality of a run, for the checks of the orchestration.

Belongs here: bounds and what is compared with them. Does not: estimating, or any word of dagster.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import duckdb

SMALL_CELL = 10
"""Subgroups of fewer mentions are neither shown nor judged."""


class Severity(StrEnum):
    WARN = "warn"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a run has to keep; an installation states its own.

    min_precision, min_recall: of the total, compared with the upper end of the interval (worse is then certain: error) and with the
    estimate (warning). max_recall_gap: by how much the recall of a subgroup of persons may certainly lie below the total's.
    max_unlinkable: share of mentions. max_excess_wrong: by how much the expected wrong links by the edges' probabilities may exceed those
    that the trial allows.
    """

    min_precision: float = 0.9995
    min_recall: float = 0.97
    max_recall_gap: float = 0.02
    max_unlinkable: float = 0.05
    max_excess_wrong: float = 10.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """facts: counts and shares only."""

    name: str
    passed: bool
    severity: Severity
    facts: dict[str, float | int | str]


def verdicts(con: duckdb.DuckDBPyConnection, run: int, bounds: Bounds | None = None) -> list[Verdict]:
    """The verdicts on `run` in a fixed order; raises LookupError when the run was not estimated."""
    limits = bounds or Bounds()
    total = con.execute("""SELECT precision_estimate, precision_low, precision_high, recall_estimate, recall_low, recall_high,
                                  unlinkable_share FROM link_quality WHERE run = $1 AND subgroup = 'all'""", [run]).fetchone()
    if total is None:
        raise LookupError(f"link quality: run {run} has no estimate; the step that estimates it comes after the linkage")
    precision, recall = total[0:3], total[3:6]
    return [
        _at_least("link_precision", precision, limits.min_precision),
        _at_least("link_recall", recall, limits.min_recall),
        _gaps(con, run, recall, limits.max_recall_gap),
        Verdict("unlinkable_mentions", total[6] <= limits.max_unlinkable, Severity.WARN,
                {"share": round(total[6], 6), "bound": limits.max_unlinkable}),
        _cross_check(con, run, limits.max_excess_wrong),
    ]


def _at_least(name: str, interval: tuple[float, float, float], bound: float) -> Verdict:
    estimate, low, high = interval
    facts: dict[str, float | int | str] = {"estimate": round(estimate, 6), "low": round(low, 6), "high": round(high, 6), "bound": bound}
    return Verdict(name, estimate >= bound, Severity.ERROR if high < bound else Severity.WARN, facts)


def _gaps(con: duckdb.DuckDBPyConnection, run: int, total: tuple[float, float, float], bound: float) -> Verdict:
    """Subgroups of persons whose whole interval lies further below the total than the bound; mentions without number are no such subgroup,
    because they are always harder."""
    rows = con.execute("""SELECT subgroup, value, recall_high FROM link_quality
                          WHERE run = $1 AND subgroup NOT IN ('all', 'id_number') AND mentions >= $2 AND recall_high < $3 - $4
                          ORDER BY recall_high, subgroup, value""", [run, SMALL_CELL, total[0], bound]).fetchall()
    facts: dict[str, float | int | str] = {"subgroups_behind": len(rows), "bound": bound}
    facts |= {f"{subgroup}: {value}": round(high, 6) for subgroup, value, high in rows}
    return Verdict("subgroups_alike", not rows, Severity.WARN, facts)


def _cross_check(con: duckdb.DuckDBPyConnection, run: int, bound: float) -> Verdict:
    """Two ways to count wrong links: the probabilities of the edges in use, and the hidden mentions that found somebody else (upper end of
    Jeffreys' interval, by its normal approximation with one added), scaled to the mentions without number."""
    trial = {name: float(value) for name, value in con.execute("SELECT figure, value FROM link_trial WHERE run = $1", [run]).fetchall()}
    placed = max(trial["right"] + trial["wrong"], 1.0)
    allowed = (trial["wrong"] + 1 + 2 * (trial["wrong"] + 1) ** 0.5) / placed * trial["mentions without number"]
    expected = trial["expected wrong edges"]
    return Verdict("probabilities_agree_with_trial", expected <= allowed + bound, Severity.WARN,
                   {"expected_wrong_by_probabilities": round(expected, 2), "allowed_by_trial": round(allowed, 2), "bound": bound})
