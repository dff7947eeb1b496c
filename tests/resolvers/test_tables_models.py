"""The shipped models reach their figures, and read nothing that they should not."""

from __future__ import annotations

import duckdb
import pytest

from resolvers.tables import engine
from resolvers.tables.measures import measure
from resolvers.tables.reading import register_tables
from resolvers.tables.spec import columns_used, find_model, is_trained, named_models
from sources.extensions import connect_memory
from tests.resolvers.tables_data import FEBRL_TRUTH, HISTORICAL, febrl, figures, without_parameters


def test_three_models_are_shipped_trained_and_say_why_their_threshold_holds() -> None:
    assert named_models() == ("febrl3", "febrl4", "historical")
    for name in named_models():
        model = find_model(name)
        assert model.name == name
        assert is_trained(model)
        assert model.trained is not None
        assert model.threshold_reason
        assert all(rule.why for rule in model.blocking)


def test_febrl_3_clusters() -> None:
    found = figures(find_model("febrl3"), febrl("dataset3"), "rec_id", FEBRL_TRUTH)
    assert found.f1 >= 0.999
    assert found.b3_f1 >= 0.999


def test_febrl_4_links() -> None:
    found = figures(find_model("febrl4"), febrl("dataset4a", "dataset4b"), "rec_id", FEBRL_TRUTH)
    assert found.f1 >= 0.9995
    assert found.precision >= 0.9995


def test_a_model_without_parameters_learns_them_from_the_table() -> None:
    model = find_model("febrl3")
    assert figures(without_parameters(model), febrl("dataset3"), "rec_id", FEBRL_TRUTH).f1 >= 0.999


def test_historical_figures_and_no_look_at_the_truth() -> None:
    if not HISTORICAL.exists():
        pytest.skip("the table of historical figures is not beside this checkout")
    model = find_model("historical")
    assert not {"cluster", "unique_id"} & {source for column in model.columns for source in column.sources}
    with connect_memory() as con:
        con.execute(f"CREATE VIEW figures AS SELECT * EXCLUDE (cluster) FROM '{HISTORICAL}'")
        engine.link(con, register_tables(con, {"figures": "figures"}, "unique_id"), model, date="2026-01-01")
        con.execute(f"CREATE VIEW truth AS SELECT unique_id AS record_id, cluster AS truth FROM '{HISTORICAL}'")
        found = measure(con, "(SELECT truth, cluster_id AS found FROM table_cluster JOIN truth USING (record_id))")
    assert found.f1 >= 0.92
    assert found.b3_f1 >= 0.93


def test_every_prepared_column_of_a_shipped_model_is_used() -> None:
    for name in named_models():
        model = find_model(name)
        assert {column.name for column in model.columns} == columns_used(model)


def test_measures_of_a_hand_made_partition() -> None:
    with duckdb.connect() as con:
        con.execute("CREATE TABLE labelled AS SELECT * FROM (VALUES ('a', 1), ('a', 1), ('a', 2), ('b', 2)) AS t(truth, found)")
        found = measure(con, "labelled")
    assert (found.true_pairs, found.found_pairs) == (3, 2)
    assert found.precision == pytest.approx(1 / 2)
    assert found.recall == pytest.approx(1 / 3)
    assert found.b3_precision == pytest.approx((1 + 1 + 0.5 + 0.5) / 4)
    assert found.b3_recall == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1) / 4)
