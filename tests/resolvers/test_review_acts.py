"""Decisions act from the next run on: through the linkage, into the ids, and out again when they are taken back."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from resolvers import linkage, mentions
from resolvers.registry import churn, history_of, next_run
from resolvers.review import MentionKey, Verdict, bring_to_mentions, create_tables, next_items, record
from resolvers.review.bringing import unheld
from sources.catalogue import load_catalogue
from tests.factories import a_record, an_empty_city

NOW = datetime(2025, 6, 1)
MOTHER, FATHER = "421099196708034521", "421099196503127217"


def registered(con: duckdb.DuckDBPyConnection, name: str, **values: Any) -> None:
    a_record(con, "household_registration", natural_key=name, name=name, **values)


def in_health(con: duckdb.DuckDBPyConnection, name: str, **values: Any) -> None:
    a_record(con, "health_records", natural_key=name, name=name, **values)


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    """Two people who share nothing, and two records of a third with one number."""
    con = an_empty_city()
    con.execute("ATTACH ':memory:' AS decisions")
    create_tables(con)
    registered(con, "王秀英", id_number=MOTHER, id_number_state="valid", birth_date="1967-08-03")
    in_health(con, "王秀英", id_number=MOTHER, id_number_state="valid", birth_date="1967-08-03")
    in_health(con, "赵铁柱", birth_date="1950-01-02")
    in_health(con, "钱冬梅", birth_date="1951-11-12")
    return con


TOGETHER = MentionKey("household_registration", "王秀英", "holder"), MentionKey("health_records", "王秀英", "holder")
APART = MentionKey("health_records", "赵铁柱", "holder"), MentionKey("health_records", "钱冬梅", "holder")


def run(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> dict[MentionKey, str]:
    """One run as the pipeline makes it; returns the person of every mention."""
    for contract in load_catalogue().contracts.values():
        mentions.build(con, contract)
    bring_to_mentions(con)
    linkage.resolve(con, tmp_path / "models", next_run(con))
    rows = con.execute("SELECT category, natural_key, role, person_id FROM mention_person").fetchall()
    return {MentionKey(*row[:3]): row[3] for row in rows}


def say(con: duckdb.DuckDBPyConnection, pair: tuple[MentionKey, MentionKey], verdict: Verdict, minutes: int = 0) -> str:
    return record(con, pair, verdict, by="wang", at=NOW + timedelta(minutes=minutes), why="seen the file")[0].decision_id


def test_a_decision_joins_and_its_withdrawal_parts_again(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    before = run(con, tmp_path)
    assert before[APART[0]] != before[APART[1]]
    decision = say(con, APART, Verdict.SAME)
    joined = run(con, tmp_path)
    assert joined[APART[0]] == joined[APART[1]] == min(before[APART[0]], before[APART[1]])
    assert churn(con, 2).ids_merged == 1
    say(con, APART, Verdict.UNSURE, minutes=1)
    assert run(con, tmp_path) == before
    told = {(event.run, event.kind, event.reason, event.decision_id) for event in history_of(con, max(before[key] for key in APART))}
    assert {(2, "merged", "decision", decision), (3, "split", "decision withdrawn", decision)} <= told


def test_a_decision_parts_what_a_number_joins(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    before = run(con, tmp_path)
    assert before[TOGETHER[0]] == before[TOGETHER[1]]
    decision = say(con, TOGETHER, Verdict.DIFFERENT)
    parted = run(con, tmp_path)
    assert parted[TOGETHER[0]] != parted[TOGETHER[1]]
    assert unheld(con) == []
    assert (2, "split", "decision", decision) in {
        (event.run, event.kind, event.reason, event.decision_id) for event in history_of(con, before[TOGETHER[0]])
    }


def test_a_decision_acts_again_when_the_record_is_back_and_corrected(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    run(con, tmp_path)
    say(con, APART, Verdict.SAME)
    joined = run(con, tmp_path)
    con.execute("DELETE FROM current_health_records WHERE natural_key = '钱冬梅'")
    assert APART[1] not in run(con, tmp_path)
    in_health(con, "钱冬梅", birth_date="1951-12-11", phone="13900000001")
    assert run(con, tmp_path) == joined


def test_a_decision_outlives_a_new_model(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    run(con, tmp_path / "one")
    say(con, APART, Verdict.SAME)
    again = run(con, tmp_path / "another")
    assert again[APART[0]] == again[APART[1]]


def test_what_is_decided_leaves_the_queue_of_the_next_run(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    run(con, tmp_path)
    say(con, APART, Verdict.SAME)
    run(con, tmp_path)
    assert {(item.left, item.right) for item in next_items(con, 10, now=NOW)} & {APART, APART[::-1]} == set()
