"""Cells to values: every step, lists, what the tables must have."""

from __future__ import annotations

from datetime import date
from typing import Any

import duckdb
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from resolvers.tables.preparing import check_columns, column_sql
from resolvers.tables.reading import SourceTable
from resolvers.tables.spec import Column, Combine, Kind, ModelFileError, find_model
from resolvers.tables.steps import STEPS, step_parts


def prepared(value: str | None, *steps: str, combine: Combine = Combine.FIRST, other: str | None = None) -> Any:
    column = Column(name="made", kind=Kind.TEXT, sources=("A", "B"), steps=steps, combine=combine)
    with duckdb.connect() as con:
        con.execute("CREATE TABLE cells (raw_a VARCHAR, raw_b VARCHAR)")
        con.execute("INSERT INTO cells VALUES (?, ?)", [value, other])
        row = con.execute(f"SELECT {column_sql(column, {'a', 'b'})} FROM cells").fetchone()
    assert row is not None
    return row[0]


@pytest.mark.parametrize(
    ("value", "steps", "made"),
    [
        pytest.param(" Žofie   NOVÁKOVÁ ", ["fold"], "zofie novakova", id="fold"),
        pytest.param("O'Brien-Smith, J.", ["lower", "plain"], "o brien smith j", id="punctuation"),
        pytest.param("王 小明（男）", ["letters"], "王小明男", id="letters of any script"),
        pytest.param("0042-17", ["digits", "no_zeros"], "4217", id="digits"),
        pytest.param("ab-12 cd", ["alphanumeric"], "ab12cd", id="letters and digits"),
        pytest.param("unknown", ["missing:unknown|n/a"], None, id="a word that means nothing"),
        pytest.param("known", ["missing:unknown|n/a"], "known", id="a word that means something"),
        pytest.param("st. mary", ["replace:st.|saint"], "saint mary", id="replacing"),
        pytest.param("ab12", ["first:2"], "ab", id="the beginning"),
        pytest.param("ab12", ["last:2"], "12", id="the end"),
        pytest.param("one two three", ["word:2"], "two", id="a word"),
        pytest.param("one two three", ["word:-1"], "three", id="the last word"),
        pytest.param("abc", ["at_least:4"], None, id="too short"),
        pytest.param("three one two", ["sorted"], "one three two", id="words in order"),
        pytest.param("31/12/1999", ["date"], date(1999, 12, 31), id="a date with the day first"),
        pytest.param("19991231", ["date"], date(1999, 12, 31), id="a date of digits"),
        pytest.param("1999年12月31日", ["date"], date(1999, 12, 31), id="a Chinese date"),
        pytest.param("12-31-1999", ["date:%m-%d-%Y"], date(1999, 12, 31), id="a date of a stated format"),
        pytest.param("1999-02-30", ["date"], None, id="no date"),
        pytest.param("1999-12-31", ["year"], 1999, id="the year of a text"),
        pytest.param("1999-12-31", ["date", "year"], 1999, id="the year of a date"),
        pytest.param("12.5", ["number"], 12.5, id="a number"),
        pytest.param("twelve", ["number"], None, id="no number"),
        pytest.param("to be or to", ["words:2"], ["be", "or", "to"], id="words once each"),
        pytest.param("abcd", ["qgrams:3"], ["abc", "bcd"], id="runs of characters"),
        pytest.param("ab", ["qgrams:3"], ["ab"], id="too short for a run"),
        pytest.param("...", ["plain"], None, id="nothing left"),
        pytest.param(None, ["fold", "words"], None, id="nothing stated"),
    ],
)
def test_steps(value: str | None, steps: list[str], made: Any) -> None:
    assert prepared(value, *steps) == made


@pytest.mark.parametrize(
    ("combine", "values", "made"),
    [
        pytest.param(Combine.FIRST, (None, "b"), "b", id="the first that is stated"),
        pytest.param(Combine.JOIN, ("a", "b"), "a b", id="both in their order"),
        pytest.param(Combine.JOIN, (None, None), None, id="none to join"),
        pytest.param(Combine.LIST, ("b", "a"), ["a", "b"], id="a list"),
        pytest.param(Combine.LIST, ("a", "a"), ["a"], id="a value once"),
        pytest.param(Combine.LIST, (None, None), None, id="an empty list is missing"),
    ],
)
def test_several_sources(combine: Combine, values: tuple[str | None, str | None], made: Any) -> None:
    assert prepared(values[0], "fold", combine=combine, other=values[1]) == made


_IDEMPOTENT = ("fold", "lower", "plain", "letters", "digits", "alphanumeric", "no_zeros", "sorted", "first:3", "last:3")


@given(st.text(max_size=12).filter(lambda text: "\x00" not in text), st.sampled_from(_IDEMPOTENT))
@example("\r", "fold")
def test_cleaning_twice_is_cleaning_once(value: str, step: str) -> None:
    assert step_parts(step)[0] in {step_parts(known)[0] for known in STEPS}
    once = prepared(value, step)
    assert prepared(once, step) == once


TABLE = SourceTable("list", ("given_name", "surname"), 2)


def test_a_model_for_other_columns_names_file_column_and_what_the_table_has() -> None:
    with pytest.raises(ModelFileError) as refused:
        check_columns(find_model("febrl3"), [TABLE], "mine.json")
    words = str(refused.value)
    assert "mine.json" in words
    assert "soc_sec_id" in words
    assert "list has given_name, surname" in words


def test_a_table_that_lacks_what_another_has_is_named() -> None:
    model = find_model("febrl3")
    whole = SourceTable("whole", tuple(source for column in model.columns for source in column.sources), 2)
    check_columns(model, [whole], "mine.json")
    with pytest.raises(ModelFileError, match="list has none of"):
        check_columns(model, [whole, TABLE], "mine.json")
