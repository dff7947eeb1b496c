"""Measures of a linkage against a truth: pairwise and B-cubed.

Belongs here: figures from two labels per record. Does not: reading truths; nothing of the linkage itself imports this.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb


@dataclass(frozen=True, slots=True)
class Measures:
    """Pairwise precision, recall and F1, and the same of B-cubed (Bagga and Baldwin 1998: means over records)."""

    precision: float
    recall: float
    f1: float
    b3_precision: float
    b3_recall: float
    b3_f1: float
    true_pairs: int
    found_pairs: int


def _harmonic(a: float, b: float) -> float:
    return 2 * a * b / (a + b) if a + b else 0.0


def measure(con: duckdb.DuckDBPyConnection, labelled: str) -> Measures:
    """Figures of a relation with one row per record: columns `truth` and `found`, neither missing. No pairs at all count as right."""
    pairs = "coalesce(sum(n * (n - 1)) / 2, 0)"
    row = con.execute(f"""
        WITH joint AS (SELECT truth, found, count(*)::DOUBLE AS n FROM {labelled} GROUP BY ALL),
             found AS (SELECT found, sum(n) AS n FROM joint GROUP BY found),
             truth AS (SELECT truth, sum(n) AS n FROM joint GROUP BY truth)
        SELECT (SELECT {pairs} FROM found), (SELECT {pairs} FROM truth), (SELECT {pairs} FROM joint),
               (SELECT sum(joint.n * joint.n / found.n) / sum(joint.n) FROM joint JOIN found USING (found)),
               (SELECT sum(joint.n * joint.n / truth.n) / sum(joint.n) FROM joint JOIN truth USING (truth))""").fetchone()
    found, truth, both, b3_precision, b3_recall = row or (0, 0, 0, 1, 1)
    precision = both / found if found else 1.0
    recall = both / truth if truth else 1.0
    b3 = float(b3_precision or 1.0), float(b3_recall or 1.0)
    return Measures(precision, recall, _harmonic(precision, recall), *b3, _harmonic(*b3), int(truth), int(found))
