"""Resolved organisations compared with what is true: pairs of cells.

Belongs here: pairwise precision and recall. Does not: anything that decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from resolvers.organisations.cells import CELLS
from sources.tables import literal, quoted


@dataclass(frozen=True, slots=True)
class OrganisationEvaluation:
    """Pairs of cells, and pairs of distinct spellings (name and truth), which large employers do not outweigh."""

    cells: int
    precision: float
    recall: float
    spelling_precision: float
    spelling_recall: float


def evaluate(con: duckdb.DuckDBPyConnection, truth: str) -> OrganisationEvaluation:
    """In: `organisation_mention` and a table `truth` (category, record_id, column_name, true_organisation)."""
    pairs = "sum(n * (n - 1) // 2)"
    values: list[float] = []
    for grain in ("cell", "(SELECT DISTINCT name, organisation_id, true_organisation FROM cell)"):
        both, found, true = con.execute(f"""
            WITH cell AS (SELECT mention.name, coalesce(organisation_id, 'none' || record_id) AS organisation_id, true_organisation
                          FROM organisation_mention mention JOIN {truth} USING (category, record_id, column_name))
            SELECT (SELECT {pairs} FROM (SELECT count(*) n FROM {grain} GROUP BY organisation_id, true_organisation)),
                   (SELECT {pairs} FROM (SELECT count(*) n FROM {grain} GROUP BY organisation_id)),
                   (SELECT {pairs} FROM (SELECT count(*) n FROM {grain} GROUP BY true_organisation))""").fetchone() or (0, 0, 0)
        values += [float(both / found) if found else 1.0, float(both / true) if true else 1.0]
    row = con.execute(f"SELECT count(*) FROM organisation_mention JOIN {truth} USING (category, record_id, column_name)").fetchone()
    return OrganisationEvaluation(row[0] if row else 0, *values)


def evaluate_city(con: duckdb.DuckDBPyConnection, truth: Path) -> OrganisationEvaluation:
    """In: `organisation_mention`, current_<c> of CELLS, and truth/organisations.parquet of a synthetic city."""
    records = " UNION ALL ".join(
        f"SELECT {literal(category)} AS category, natural_key, record_id FROM {quoted(f'current_{category}')}"
        for category in sorted({cell.category for cell in CELLS})
    )
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE organisation_true AS
        SELECT category, record_id, "column" AS column_name, true_organisation
        FROM read_parquet($1) JOIN ({records}) USING (category, natural_key)""", [str(truth / "organisations.parquet")])
    found = evaluate(con, "temp.organisation_true")
    con.execute("DROP TABLE temp.organisation_true")
    return found
