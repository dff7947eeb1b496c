"""What the estimates are made of: counted cells and the pairs that hang on one event.

Belongs here: reading the trial, the mentions without number and the persons into arrays; collapsing cells that are too
thin. Does not: drawing (estimation.py).

A cell is what decides whether a mention is found: category and role, and which evidence it states. An event is one mention
that is missed or wrongly placed; its row of `pairs` says how many ordered pairs of mentions it costs in each subgroup.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt

from resolvers.quality import subgroups

Array = npt.NDArray[Any]

CELL = """concat_ws('|', mention.category, mention.role, u.birth_date IS NULL, u.phones IS NULL, u.damaged OR u.plain IS NULL,
    u.dwellings IS NULL, u.townships IS NULL, u.relative_numbers IS NULL AND u.relative_names IS NULL)"""
"""The finest cell; its first parts name the coarser ones."""

LEVELS = (8, 5, 4, 3, 2, 0)
"""Parts of a cell that are kept as it is collapsed: all evidence, then name and telephone, telephone, birth date, role, all."""

MIN_HIDDEN = 25
"""Fewer hidden mentions in a cell tell nothing of its own; a coarser one is used."""


@dataclass(frozen=True, slots=True)
class Labels:
    """The subgroups, as columns of the arrays: (subgroup, value), first the total."""

    names: tuple[tuple[str, str], ...]

    def index(self, dimension: str, value: str | None) -> int:
        return self.names.index((dimension, value)) if value is not None else -1


@dataclass(frozen=True, slots=True)
class Events:
    """Mentions as possible events. cell: finest cell; weight: mentions that it stands for; hit: it went wrong or stayed alone;
    pairs: ordered pairs per subgroup that the event costs."""

    cell: Array
    weight: Array
    outcome: Array
    pairs: Array


def labels(con: duckdb.DuckDBPyConnection) -> Labels:
    names: list[tuple[str, str]] = [("all", "all")]
    for dimension in subgroups.DIMENSIONS[:-1]:
        rows = con.execute(f"SELECT DISTINCT {dimension} FROM quality_cluster WHERE {dimension} IS NOT NULL ORDER BY 1").fetchall()
        names += [(dimension, value) for (value,) in rows]
    return Labels((*names, ("id_number", "with"), ("id_number", "without")))


def pairs_of(rows: dict[str, Array], known: Labels) -> Array:
    """Ordered pairs per subgroup between one mention and its person's other mentions.

    rows: `others` and `others_loose` (mentions of the person beside this one, and those without number), `loose` (this one),
    `own_<dimension>` and `their_<dimension>`.
    """
    count = len(rows["others"])
    found = np.zeros((count, len(known.names)))
    others, others_loose = rows["others"].astype(float), rows["others_loose"].astype(float)
    found[:, 0] = 2 * others
    for dimension in subgroups.DIMENSIONS[:-1]:
        for side in ("own", "their"):
            values = rows[f"{side}_{dimension}"]
            columns = np.array([known.index(dimension, value) if isinstance(value, str) else -1 for value in values], dtype=int)
            there = columns >= 0
            found[np.flatnonzero(there), columns[there]] += others[there]
    numbered, without = known.index("id_number", "with"), known.index("id_number", "without")
    loose = rows["loose"].astype(float)
    found[:, numbered] = (others - others_loose) + (1 - loose) * others
    found[:, without] = others_loose + loose * others
    return found


def collapsed(cells: Array, level: int) -> Array:
    """Cells with only their first `level` parts."""
    return np.array(["|".join(cell.split("|")[:level]) for cell in cells], dtype=object)


def hidden_events(con: duckdb.DuckDBPyConnection, known: Labels) -> Events:
    """The trial."""
    own = ", ".join(f"own.{name} AS own_{name}" for name in subgroups.DIMENSIONS[:-1])
    their = ", ".join(f"person.{name} AS their_{name}" for name in subgroups.DIMENSIONS[:-1])
    rows = columns_of(con, f"""
        WITH own AS (SELECT mention_id, {subgroups.own_values()} FROM quality_mention SEMI JOIN trial USING (mention_id))
        SELECT {CELL} AS cell, trial.chances AS weight, trial.outcome, person.size - 1 AS others,
               person.loose AS others_loose, 1 AS loose, {own}, {their}
        FROM trial JOIN quality_mention AS said USING (mention_id) JOIN mention USING (mention_id) JOIN own USING (mention_id)
        JOIN quality_cluster AS person ON person.cluster = said.cluster JOIN trial_left AS u ON u.unique_id = -trial.unit_id
        ORDER BY mention_id""")
    return Events(rows["cell"], rows["weight"].astype(float), rows["outcome"], pairs_of(rows, known))


def placed_events(con: duckdb.DuckDBPyConnection, known: Labels, limit: int) -> Events:
    """A sample of the mentions without number that were placed with others: what a wrong one among them would cost."""
    own = ", ".join(f"person.{name} AS own_{name}, person.{name} AS their_{name}" for name in subgroups.DIMENSIONS[:-1])
    rows = columns_of(con, f"""
        SELECT '' AS cell, 1 AS weight, 'placed' AS outcome, person.size - 1 AS others,
               person.loose - 1 AS others_loose, 1 AS loose, {own}
        FROM quality_mention AS said JOIN quality_cluster AS person USING (cluster)
        WHERE said.loose AND person.size > 1 ORDER BY md5('placed|' || mention_id), mention_id LIMIT {limit}""")
    return Events(rows["cell"], rows["weight"].astype(float), rows["outcome"], pairs_of(rows, known))


def numbered_events(con: duckdb.DuckDBPyConnection, known: Labels, limit: int) -> Array:
    """Ordered pairs that one foreign mention inside a person with a number would cost, for a sample of such persons."""
    own = ", ".join(f"{name} AS own_{name}, {name} AS their_{name}" for name in subgroups.DIMENSIONS[:-1])
    rows = columns_of(con, f"""
        SELECT size - 1 AS others, loose AS others_loose, 0 AS loose, {own} FROM quality_cluster
        WHERE numbers > 0 AND size > 1 AND size > loose ORDER BY md5('numbered|' || cluster), cluster LIMIT {limit}""")
    return pairs_of(rows, known)


def loose_cells(con: duckdb.DuckDBPyConnection) -> dict[str, Array]:
    """By finest cell: how many mentions without number share their person with another mention (`placed`) and how many
    stay alone."""
    return columns_of(con, f"""
        SELECT {CELL} AS cell, count(*) FILTER (person.size > 1) AS placed,
               count(*) FILTER (person.size = 1) AS alone
        FROM quality_mention AS said JOIN quality_cluster AS person USING (cluster) JOIN unit AS u ON u.unique_id = said.unit_id
        JOIN mention USING (mention_id) WHERE said.loose GROUP BY 1 ORDER BY 1""")


def columns_of(con: duckdb.DuckDBPyConnection, query: str) -> dict[str, Array]:
    table = con.execute(query).to_arrow_table()
    return {name: np.array(table.column(name).to_pylist(), dtype=object if table.schema.field(name).type == "string" else None)
            for name in table.column_names}
