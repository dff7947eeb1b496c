"""Calibration takes evidence back and never adds any; the threshold follows its rule; a truth is measured in bins."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resolvers.linkage import calibration
from resolvers.linkage.calibration import HeldOut
from tests.resolvers import linkage_city


def held_out(weight: list[float], true: list[bool], hidden: list[int] | None = None, acceptable: list[bool] | None = None) -> HeldOut:
    count = len(weight)
    return HeldOut(
        np.array(weight, np.float64),
        np.array(true, bool),
        np.array(hidden if hidden is not None else range(count), np.int64),
        np.array(acceptable if acceptable is not None else [True] * count, bool),
        np.ones(count, bool),
    )


def drawn(count: int, scale: float, shift: float = 0.0, seed: int = 1) -> HeldOut:
    """Pairs whose true log odds are `scale` times the weight plus `shift`."""
    draw = np.random.default_rng(seed)
    weight = draw.uniform(-10, 15, count)
    true = draw.uniform(size=count) < calibration.probability(scale * weight + shift)
    return held_out(weight.tolist(), true.tolist())


def test_weights_that_are_right_stay_as_they_are() -> None:
    assert calibration.fit(drawn(20_000, 1.0)) == (1.0, 0.0)


@pytest.mark.parametrize("scale", [0.5, 0.7])
def test_evidence_counted_twice_is_taken_back(scale: float) -> None:
    slope, intercept = calibration.fit(drawn(20_000, scale))
    assert slope == pytest.approx(scale, abs=0.08)
    assert intercept == pytest.approx(0, abs=0.5)


def test_calibration_lowers_the_error_of_pairs_that_could_be_links() -> None:
    found = drawn(20_000, 0.5)
    after = calibration.recalibrated(found, *calibration.fit(found))
    errors = [calibration.expected_error(calibration.bins(calibration.probability(one.weight), one.true)) for one in (found, after)]
    assert errors[1] < errors[0] / 2


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.floats(-19, 40), st.booleans()), max_size=60))
def test_calibration_is_monotone_and_never_adds_evidence(pairs: list[tuple[float, bool]]) -> None:
    slope, intercept = calibration.fit(held_out([weight for weight, _ in pairs], [true for _, true in pairs]))
    assert 0 < slope <= 1
    assert intercept <= 0


@pytest.mark.parametrize("true", [[], [True] * 50, [False] * 50], ids=["no pairs", "only matches", "no match"])
def test_with_one_kind_of_pair_nothing_is_fitted(true: list[bool]) -> None:
    assert calibration.fit(held_out([5.0] * len(true), true)) == (1.0, 0.0)


def test_pairs_whose_names_forbid_a_link_do_not_bend_the_fit() -> None:
    sound = drawn(5_000, 1.0)
    twins = held_out([14.0] * 200, [False] * 200, acceptable=[False] * 200)
    both = HeldOut(
        *(np.concatenate([getattr(sound, name), getattr(twins, name)]) for name in ("weight", "true", "hidden", "acceptable", "dated"))
    )
    assert calibration.fit(both) == calibration.fit(sound)


def test_the_threshold_is_the_smallest_that_meets_the_target() -> None:
    weight = [7.0] * 1_000 + [9.0] * 5_000
    true = [False] * 20 + [True] * 980 + [True] * 5_000
    found = calibration.choose_threshold(held_out(weight, true), 0.001)
    assert found.threshold == pytest.approx(7.14)
    assert (found.rule, found.links, found.wrong) == ("trial", 5_000, 0)
    assert found.upper <= 0.001
    assert calibration.choose_threshold(held_out(weight, true), 0.01).threshold == calibration.MIN_THRESHOLD


def test_a_stricter_target_never_lowers_the_threshold() -> None:
    found = drawn(30_000, 0.6)
    thresholds = [calibration.choose_threshold(found, target).threshold for target in (0.02, 0.01, 0.005, 0.001)]
    assert thresholds == sorted(thresholds)


def test_a_small_trial_rests_on_probabilities_and_says_so() -> None:
    found = calibration.choose_threshold(held_out([12.0] * 50, [True] * 50), 0.001)
    assert found.rule.startswith("probabilities")
    assert found.threshold == calibration.MIN_THRESHOLD
    assert found.expected <= 0.001


@pytest.mark.parametrize("pairs", [[], [(3.0, True)], [(30.0, False)]], ids=["no pair", "nothing above", "all wrong"])
def test_without_a_weight_that_meets_the_target_it_says_so(pairs: list[tuple[float, bool]]) -> None:
    found = calibration.choose_threshold(held_out([weight for weight, _ in pairs], [true for _, true in pairs]), 0.001)
    assert found.rule.startswith("no weight meets the target")
    assert found.threshold >= calibration.MIN_THRESHOLD


def test_rivals_and_forbidden_names_are_no_links() -> None:
    rivals = held_out([12.0, 11.0], [True, False], hidden=[1, 1])
    leader = held_out([19.0, 11.0], [True, False], hidden=[1, 1])
    forbidden = held_out([19.0], [False], acceptable=[False])
    assert [len(calibration._best_links(one)[0]) for one in (rivals, leader, forbidden)] == [0, 1, 0]


@pytest.mark.parametrize(
    ("wrong", "links", "low", "high"), [(0, 0, 1, 1), (0, 1_000, 0.002, 0.0035), (5, 1_000, 0.005, 0.012), (3, 3, 0.99, 1)]
)
def test_the_upper_bound_lies_above_the_share(wrong: int, links: int, low: float, high: float) -> None:
    assert low <= calibration.upper_bound(wrong, links) <= high


def test_bins_hold_every_pair_once_and_empty_ones_fall_out() -> None:
    table = calibration.bins(np.array([0.0, 0.0005, 0.95, 1.0]), np.array([False, False, True, True]))
    assert [(one.low, one.pairs, one.observed) for one in table] == [(0.0, 2, 0.0), (0.9, 1, 1.0), (0.9999, 1, 1.0)]
    assert calibration.expected_error(()) == 0.0
    assert calibration.bins(np.array([]), np.array([], bool)) == ()


def test_a_truth_is_measured_in_bins(tmp_path: Path) -> None:
    con = linkage_city.build(4)
    con.execute(f"COPY (SELECT category, natural_key, role, name AS true_person FROM mention) TO '{tmp_path / 'mentions.parquet'}'")
    units = [unit for (unit,) in con.execute("SELECT DISTINCT unit_id FROM unit_mention ORDER BY unit_id").fetchall()]
    con.execute("CREATE TABLE pair (unit_l BIGINT, unit_r BIGINT, weight DOUBLE, probability DOUBLE, reason VARCHAR)")
    con.execute(
        "INSERT INTO pair VALUES ($1, $2, 10, 0.9995, 'model'), ($1, $1, 10, 0.9995, 'model'), ($1, $2, 40, 1, 'archive')", units[:2]
    )
    same = con.execute(
        "SELECT count(DISTINCT name) FROM unit_mention JOIN mention USING (mention_id) WHERE unit_id IN ($1, $2)", units[:2]
    ).fetchone() == (1,)
    table = calibration.against_truth(con, tmp_path)
    assert [(one.low, one.pairs, one.observed) for one in table] == [(0.999, 2, 1.0 if same else 0.5)]


def test_the_target_is_shared_out_to_what_the_model_places() -> None:
    con = duckdb.connect()
    con.execute("""
        CREATE TABLE mention AS SELECT range AS mention_id, true AS subject FROM range(100);
        CREATE TABLE unit_mention AS SELECT range AS mention_id, CASE WHEN range >= 10 THEN 'n' END AS number FROM range(100)""")
    assert calibration.target_share(con) == pytest.approx(calibration.WRONG_IN_ALL * 10)
