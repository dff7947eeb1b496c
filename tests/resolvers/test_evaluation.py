"""Pairwise figures counted by cluster sizes agree with counting pairs."""

from __future__ import annotations

import itertools
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resolvers.evaluation import evaluate_links


def city(tmp_path: Path, mentions: list[tuple[int, int, bool]]) -> tuple[duckdb.DuckDBPyConnection, Path]:
    """mentions: (found person, true person, subject)."""
    con = duckdb.connect()
    con.execute(
        """CREATE TABLE mention_person (record_id BIGINT, category VARCHAR, natural_key VARCHAR, role VARCHAR,
                                       subject BOOLEAN, person_id VARCHAR)"""
    )
    con.execute(
        """CREATE TABLE truth (category VARCHAR, natural_key VARCHAR, role VARCHAR, true_person VARCHAR,
                              removed_date DATE)"""
    )
    for number, (found, true, subject) in enumerate(mentions):
        con.execute(
            "INSERT INTO mention_person VALUES (?, 'c', ?, 'holder', ?, ?)", [number, str(number), subject, f"P{found}"]
        )
        con.execute("INSERT INTO truth VALUES ('c', ?, 'holder', ?, NULL)", [str(number), f"T{true}"])
    con.execute(f"COPY truth TO '{tmp_path / 'mentions.parquet'}' (FORMAT parquet)")
    return con, tmp_path


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.booleans()), min_size=1, max_size=9))
def test_figures_agree_with_listing_pairs(tmp_path: Path, mentions: list[tuple[int, int, bool]]) -> None:
    evaluation = evaluate_links(*city(tmp_path, mentions))
    subjects = [(found, true) for found, true, subject in mentions if subject]
    pairs = [(a[0] == b[0], a[1] == b[1]) for a, b in itertools.combinations(subjects, 2)]
    part = evaluation.part("subject roles")
    assert part.wrong_pairs == sum(found and not true for found, true in pairs)
    assert part.missed_pairs == sum(true and not found for found, true in pairs)
    everything = evaluation.part("all")
    assert everything.wrong_pairs == evaluation.part("pairs with a relative").wrong_pairs + part.wrong_pairs


def test_nothing_to_judge_has_no_figure(tmp_path: Path) -> None:
    part = evaluate_links(*city(tmp_path, [(1, 1, True)])).part("subject roles")
    assert (part.precision, part.recall, part.mentions) == (None, None, 1)


def test_a_person_that_holds_two_people_is_counted(tmp_path: Path) -> None:
    evaluation = evaluate_links(*city(tmp_path, [(1, 1, True), (1, 2, True), (2, 3, True)]))
    assert (evaluation.mixed, evaluation.part("subject roles").wrong_pairs) == (1, 1)


def test_removed_records_are_left_out(tmp_path: Path) -> None:
    con, truth = city(tmp_path, [(1, 1, True), (1, 2, True)])
    con.execute(
        f"""COPY (SELECT * REPLACE (DATE '2025-01-01' AS removed_date) FROM truth)
            TO '{tmp_path / "mentions.parquet"}' (FORMAT parquet)"""
    )
    assert evaluate_links(con, truth).part("all").mentions == 0


@pytest.mark.parametrize("name", ["subject roles", "relatives", "pairs with a relative", "all"])
def test_parts_are_there(tmp_path: Path, name: str) -> None:
    assert evaluate_links(*city(tmp_path, [(1, 1, True)])).part(name).name == name
