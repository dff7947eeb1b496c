"""Tables on Spark: the same pairs and the same partition as on DuckDB."""

from __future__ import annotations

import importlib.util
import shutil

import pytest

from resolvers.tables import engine
from resolvers.tables.conditions import Among, Equal, Every, Otherwise, Overlap
from resolvers.tables.reading import register_tables
from resolvers.tables.spec import BlockingRule, Column, Comparison, Key, Kind, Level, Model, Prior
from sources.extensions import connect_memory
from tests.resolvers.tables_data import people
from tests.resolvers.test_tables_engine import a_model

pytestmark = pytest.mark.skipif(
    shutil.which("java") is None or not importlib.util.find_spec("pyspark"),
    reason="PySpark (pip install 'onegrid[spark]') or Java 17 is missing",
)


def with_words() -> Model:
    """The small model, and lists: what DuckDB and Spark write differently."""
    model = a_model()
    words = Column(name="words", kind=Kind.FULL_NAME, sources=("name",), steps=("fold", "words"))
    levels = (
        Level(label="both", when=Every(of=(Overlap(column="words", count=2), Equal(column="birth"))), m=0.6, u=0.0001),
        Level(label="alike", when=Overlap(column="words", count=2, share=0.5, jaro_winkler=0.85), m=0.3, u=0.001),
        Level(label="among", when=Among(column="name", words="words"), m=0.01, u=0.001),
        Level(label="other", when=Otherwise(), m=0.09, u=0.99),
    )
    return model.model_copy(
        update={
            "columns": (*model.columns, words),
            "comparisons": (*model.comparisons[1:], Comparison(name="words", needs=("words",), levels=levels)),
            "blocking": (*model.blocking, BlockingRule(keys=(Key(column="words"),))),
            "prior": Prior(probability=0.001),
        }
    )


def found(model: Model, master: str | None) -> tuple[list[tuple[str, str, int]], list[tuple[int, int, float]]]:
    rows = people(60)
    with connect_memory() as con:
        con.execute("CREATE TABLE list (id VARCHAR, name VARCHAR, birth VARCHAR, phone VARCHAR)")
        con.executemany("INSERT INTO list VALUES (?, ?, ?, ?)", [list(row.values()) for row in rows])
        engine.link(con, register_tables(con, {"list": "list"}, "id"), model, date="2026-01-01", spark_master=master)
        pairs = con.execute("SELECT unique_id_l, unique_id_r, weight FROM table_pair ORDER BY ALL").fetchall()
        return con.execute("FROM table_cluster ORDER BY ALL").fetchall(), pairs


def test_spark_finds_the_pairs_weights_and_clusters_of_duckdb() -> None:
    here, pairs_here = found(with_words(), None)
    there, pairs_there = found(with_words(), "local[2]")
    assert here == there
    assert len({cluster for _, _, cluster in here}) == 60
    assert [pair[:2] for pair in pairs_here] == [pair[:2] for pair in pairs_there]
    assert [pair[2] for pair in pairs_here] == pytest.approx([pair[2] for pair in pairs_there])
