"""Training is deterministic and says when there is nothing to learn from; model files are refused with words; a former one is kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from resolvers.linkage import model, training
from resolvers.linkage.comparisons import COMPARISONS, CONDITIONAL, RARITY_TYPICAL, rarity_label
from tests.resolvers import linkage_city


@pytest.fixture(scope="module")
def city() -> duckdb.DuckDBPyConnection:
    con = linkage_city.build(1_500)
    con.execute("""CREATE TABLE ledger AS SELECT 'fund_loans' AS category, DATE '2025-05-05' AS delivery_date, 'abc' AS content_hash,
                   'applied' AS stage""")
    return con


@pytest.fixture(scope="module")
def trained(city: duckdb.DuckDBPyConnection) -> model.Model:
    return training.train(city)


def test_training_the_same_data_gives_the_same_model(city: duckdb.DuckDBPyConnection, trained: model.Model) -> None:
    assert training.train(city) == trained


def test_training_does_not_depend_on_the_order_of_rows(city: duckdb.DuckDBPyConnection, trained: model.Model) -> None:
    city.execute("CREATE OR REPLACE TABLE mention AS FROM mention ORDER BY md5(natural_key)")
    again = training.train(city)
    for name, levels in trained.parameters.items():
        for label, (m, u) in levels.items():
            assert again.parameters[name][label][0] == pytest.approx(m)
            assert again.parameters[name][label][1] == pytest.approx(u, rel=0.5)  # Splink's random pairs follow the order of rows
    assert again.threshold_weight == trained.threshold_weight


def test_a_model_tells_where_it_comes_from(trained: model.Model) -> None:
    assert trained.trained_on["pairs"] >= training.MIN_TRAINING_PAIRS
    assert trained.trained_on["mentions"] == 4_500
    assert trained.trained_on["as_of"] == "2025-05-05"
    assert len(trained.trained_on["deliveries"]) == 64
    assert trained.report["threshold"]["rule"]
    assert trained.prior == pytest.approx(1 / trained.trained_on["units"])


def test_m_sums_to_one_in_every_case(trained: model.Model) -> None:
    for name, levels in trained.parameters.items():
        if name in training.FIXED:
            continue
        for case in CONDITIONAL.get(name, (tuple(levels),)):
            if len(case) > 1 and name != "name":
                assert sum(levels[label][0] for label in case) == pytest.approx(1.0)


def test_rarer_names_weigh_more() -> None:
    learned = {rarity_label(step): (0.18, 0.1) for step in RARITY_TYPICAL} | {"equal": (0.1, 0.1)}
    found = training._equal_names(learned, {2: (0.5, 0.0001), 0: (0.5, 0.05)})
    weight = {label: m / u for label, (m, u) in found.items()}
    steps = [weight[rarity_label(step)] for step in sorted(RARITY_TYPICAL)]
    assert steps == sorted(steps)
    assert found["equal"] == pytest.approx((0.9, 0.0501))


@pytest.mark.usefixtures("trained")
def test_frequencies_of_names_carry_no_name(city: duckdb.DuckDBPyConnection) -> None:
    assert [row[:2] for row in city.execute("DESCRIBE name_frequency").fetchall()] == [("name", "UBIGINT"), ("share", "DOUBLE")]
    assert city.execute("SELECT count(*) FROM unit WHERE plain IS NOT NULL AND rarity IS NULL").fetchone() == (0,)


def test_without_numbers_the_defaults_hold_and_no_file_is_written(tmp_path: Path) -> None:
    con = linkage_city.build(500, numbers=False)
    found = model.load_or_train(con, tmp_path)
    assert found.trained_on == {"origin": "default"}
    assert "default" in found.report["note"]
    assert not list(tmp_path.iterdir())
    assert con.execute("SELECT count(*) FROM unit WHERE rarity IS NOT NULL").fetchone() == (0,)
    with pytest.raises(ValueError, match="fewer than 400 people"):
        training.train_and_save(con, tmp_path)


@pytest.mark.usefixtures("trained")
def test_training_leaves_no_working_tables(city: duckdb.DuckDBPyConnection) -> None:
    tables = {name for (name,) in city.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    assert not {name for name in tables if name.startswith(("training_", "held_", "__splink", "near_pair", "family_pair"))}


def test_a_model_file_comes_back_as_it_was_and_is_never_trained_again(city: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    report = training.train_and_save(city, tmp_path)
    first = (tmp_path / model.MODEL_FILE).read_bytes()
    loaded = model.load_or_train(city, tmp_path)
    assert loaded == model.read(tmp_path / model.MODEL_FILE)
    assert (tmp_path / model.MODEL_FILE).read_bytes() == first
    assert report["trained_on"] == loaded.trained_on
    assert json.loads(json.dumps(loaded.for_people()))["version"] == model.VERSION


def test_a_former_model_is_kept(city: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    training.train_and_save(city, tmp_path)
    first = (tmp_path / model.MODEL_FILE).read_bytes()
    training.train_and_save(city, tmp_path)
    training.train_and_save(city, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "persons.1.json", "persons.1.names.parquet", "persons.2.json", "persons.2.names.parquet", "persons.json", "persons.names.parquet",
    ]  # fmt: skip
    assert (tmp_path / "persons.1.json").read_bytes() == first


def test_frequencies_of_another_model_are_refused(city: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    training.train_and_save(city, tmp_path)
    (tmp_path / model.NAMES_FILE).write_bytes(b"PAR1")
    with pytest.raises(model.ModelMismatch, match="put it back"):
        model.load_or_train(city, tmp_path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param(lambda loaded: loaded.update(version=1), "version 1, this program has version", id="version"),
        pytest.param(lambda loaded: loaded.update(colour="red"), "unknown key: colour", id="unknown column"),
        pytest.param(lambda loaded: loaded.pop("prior"), "missing key: prior", id="missing column"),
        pytest.param(lambda loaded: loaded["parameters"].pop("sex"), "missing comparison: sex", id="missing comparison"),
        pytest.param(lambda loaded: loaded["parameters"].update(shoe_size={}), "unknown comparison: shoe_size", id="unknown comparison"),
        pytest.param(
            lambda loaded: loaded["parameters"]["sex"].update(other=[0.5, 0.5]), "unknown level of sex: other", id="unknown level"
        ),
        pytest.param(lambda loaded: loaded["parameters"]["sex"].pop("equal"), "missing level of sex: equal", id="missing level"),
        pytest.param(lambda loaded: loaded["parameters"]["sex"].update(equal=[0.5, 0]), "sex, equal: m and u must be", id="u of zero"),
        pytest.param(lambda loaded: loaded["parameters"]["sex"].update(equal=["a", 1]), "sex, equal: m and u must be", id="m is text"),
        pytest.param(lambda loaded: loaded.update(calibration=[-1, 0]), "slope above 0", id="slope below zero"),
        pytest.param(lambda loaded: loaded.update(threshold_weight="high"), "must be numbers", id="threshold is text"),
        pytest.param(lambda loaded: loaded.update(trained_on={}), "trained_on with origin", id="no origin"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_with_words(
    change: Callable[[dict[str, Any]], object], words: str, city: duckdb.DuckDBPyConnection, trained: model.Model, tmp_path: Path
) -> None:
    path = model.save(city, tmp_path, trained)
    loaded = json.loads(path.read_text("utf-8"))
    change(loaded)
    path.write_text(json.dumps(loaded), "utf-8")
    with pytest.raises(model.ModelMismatch, match=words):
        model.read(path)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b"{}"], ids=["empty", "cut", "list", "no text", "no keys"])
def test_a_file_that_is_no_model_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / model.MODEL_FILE
    path.write_bytes(content)
    with pytest.raises(model.ModelMismatch, match="move the file away"):
        model.read(path)


def test_settings_carry_the_calibration_in_their_parameters(trained: model.Model) -> None:
    slope, intercept = 0.5, -1.0
    bent = model.settings(model.Model(trained.parameters, trained.trained_on, 0.001, calibration=(slope, intercept)))
    straight = model.settings(model.Model(trained.parameters, trained.trained_on, 0.001))
    odds = [
        found["probability_two_random_records_match"] / (1 - found["probability_two_random_records_match"]) for found in (bent, straight)
    ]
    assert odds[0] == pytest.approx(odds[1] ** slope * 2**intercept)
    for one, other in zip(bent["comparisons"], straight["comparisons"], strict=True):
        for left, right in zip(one["comparison_levels"][1:], other["comparison_levels"][1:], strict=True):
            ratio = right["m_probability"] / right["u_probability"]
            assert left["m_probability"] / left["u_probability"] == pytest.approx(ratio**slope)
            assert 0 < left["u_probability"] <= 1


def test_every_level_of_the_defaults_is_stated() -> None:
    assert {name: list(levels) for name, levels in model.default_model().parameters.items()} == {
        name: [label for label, *_ in levels] for name, (_, levels) in COMPARISONS.items()
    }
