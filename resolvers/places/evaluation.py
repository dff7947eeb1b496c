"""Located addresses compared with the truth of a synthetic city.

Belongs here: per address cell, whether the dwelling found is the one meant: of cells that decide, and of those that do
not. Does not: anything that the product uses to decide; the truth (sources/synthetic/addresses.py) is read here only.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from sources.tables import has_table, literal, quoted

HEADERS = ("by", "cells of", "deciding#", "right#", "another#", "none#", "right share", "another share",
           "undecided#", "located right#", "located wrong#")
"""Headers of `rows`; a # marks a count."""


@dataclass(frozen=True, slots=True)
class PlacePart:
    """Cells of one part. Deciding: text and columns lead to one dwelling; `another`: found, and not the one meant."""

    by: str
    name: str
    deciding: int
    right: int
    another: int
    none: int
    undecided: int
    located_right: int
    located_wrong: int

    @property
    def right_share(self) -> float | None:
        """Of the deciding cells, found right; None without any."""
        return self.right / self.deciding if self.deciding else None

    @property
    def another_share(self) -> float | None:
        """Of the deciding cells, found another; None without any."""
        return self.another / self.deciding if self.deciding else None


@dataclass(frozen=True, slots=True)
class PlaceEvaluation:
    """The parts (the whole first), and cells of columns that `place` does not read."""

    parts: list[PlacePart]
    unread: int

    @property
    def whole(self) -> PlacePart:
        return self.parts[0]


def evaluate(con: duckdb.DuckDBPyConnection, truth: Path) -> PlaceEvaluation:
    """In: `place`, `current_<category>` (or `mention_person`) and truth/addresses.parquet. Nothing stays behind.

    A cell that the product does not know (its record is missing) counts as not found.
    """
    _judge(con, truth)
    columns = {name for name, *_ in con.execute("DESCRIBE place_judged").fetchall()}
    parts = _parts(con, "all", "'all'")
    for by in ("category", "column_name", "defect", "level", "method", "dwelling_from"):
        if by in columns:
            parts += _parts(con, by, f"coalesce({by}, 'nothing')" if by != "column_name" else "category || '.' || column_name")
    (unread,) = con.execute("""
        SELECT count(*) FROM place_true t
        WHERE NOT EXISTS (FROM place_read r WHERE r.category = t.category AND r.column_name = t.column_name)""").fetchone() or (0,)
    for table in ("place_judged", "place_true", "place_read"):
        con.execute(f"DROP TABLE temp.{table}")
    return PlaceEvaluation(parts, int(unread))


def rows(evaluation: PlaceEvaluation) -> list[list[Any]]:
    """The parts as rows under `HEADERS`."""
    return [
        [part.by, part.name, part.deciding, part.right, part.another, part.none, part.right_share, part.another_share,
         part.undecided, part.located_right, part.located_wrong]
        for part in evaluation.parts
    ]


def _judge(con: duckdb.DuckDBPyConnection, truth: Path) -> None:
    """Temporary `place_judged`: the cells of the truth whose column is read, with what was found."""
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE place_true AS
        SELECT category, natural_key, "column" AS column_name, dwelling_code AS meant, defect, decides
        FROM read_parquet($1)""",
        [str(truth / "addresses.parquet")],
    )
    con.execute("CREATE OR REPLACE TEMP TABLE place_read AS SELECT DISTINCT category, column_name FROM place")
    optional = [name for name, *_ in con.execute("DESCRIBE place").fetchall() if name in {"level", "method", "dwelling_from"}]
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE place_judged AS
        WITH record AS ({_records(con)}),
        found AS (SELECT category, natural_key, column_name, dwelling_code, {", ".join(optional)}
                  FROM place JOIN record USING (category, record_id))
        SELECT t.*, found.dwelling_code, {", ".join(f"found.{name}" for name in optional)}
        FROM place_true t SEMI JOIN place_read USING (category, column_name)
        LEFT JOIN found USING (category, natural_key, column_name)""")


def _records(con: duckdb.DuckDBPyConnection) -> str:
    """SQL: category, record_id, natural_key of every record that has an address cell."""
    categories = [name for (name,) in con.execute("SELECT DISTINCT category FROM place_true ORDER BY category").fetchall()]
    tables = [name for name in categories if has_table(con, f"current_{name}")]
    selects = [f"SELECT {literal(name)} AS category, record_id, natural_key FROM {quoted(f'current_{name}')}" for name in tables]
    if len(tables) < len(categories):
        others = ", ".join(literal(name) for name in categories if name not in tables)
        selects.append(f"SELECT DISTINCT category, record_id, natural_key FROM mention_person WHERE category IN ({others})")
    return " UNION ALL ".join(selects)


def _parts(con: duckdb.DuckDBPyConnection, by: str, name: str) -> list[PlacePart]:
    counts = con.execute(f"""
        WITH cells AS (SELECT *, dwelling_code IS NOT NULL AS located, coalesce(dwelling_code = meant, false) AS same FROM place_judged)
        SELECT {name} AS name, count(*) FILTER (decides), count(*) FILTER (decides AND same),
               count(*) FILTER (decides AND located AND NOT same), count(*) FILTER (decides AND NOT located),
               count(*) FILTER (NOT decides), count(*) FILTER (NOT decides AND same),
               count(*) FILTER (NOT decides AND located AND NOT same)
        FROM cells GROUP BY name ORDER BY name""").fetchall()
    return [PlacePart(by, *row) for row in counts] or [PlacePart(by, "all", 0, 0, 0, 0, 0, 0, 0)][: by == "all"]
