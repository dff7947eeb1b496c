"""Model files: what is refused, and with which words; what is written can be read again."""

from __future__ import annotations

import json
import typing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.tables.conditions import Condition, Equal, Every, Not, Otherwise, Similar, Some, columns_of
from resolvers.tables.spec import Model, ModelFileError, as_data, find_model, named_models, read_model, write_model
from resolvers.tables.steps import STEPS, check_step, step_parts

ALL_TESTS = {
    variant.model_fields["test"].default for variant in typing.get_args(typing.get_args(Condition)[0]) if "test" in variant.model_fields
}


def changed(tmp_path: Path, change: Any) -> Path:
    data = as_data(find_model("febrl3"))
    change(data)
    path = tmp_path / "model.json"
    path.write_text(json.dumps(data), "utf-8")
    return path


@pytest.mark.parametrize("name", ["febrl3", "febrl4", "historical"])
def test_writing_and_reading_a_model_gives_the_same_model(name: str, tmp_path: Path) -> None:
    write_model(find_model(name), tmp_path / "saved.json")
    assert read_model(tmp_path / "saved.json") == find_model(name)


def test_a_written_model_has_lines_that_a_person_can_read(tmp_path: Path) -> None:
    write_model(find_model("historical"), tmp_path / "saved.json")
    assert max(len(line) for line in (tmp_path / "saved.json").read_text("utf-8").splitlines()) < 320


def _rename_column(data: dict[str, Any]) -> None:
    data["columns"][0]["name"] = "first"


def _no_else(data: dict[str, Any]) -> None:
    data["comparisons"][0]["levels"].pop()


def _unknown_step(data: dict[str, Any]) -> None:
    data["columns"][0]["steps"] = ["shout"]


def _unknown_key(data: dict[str, Any]) -> None:
    data["colour"] = "blue"


def _unknown_test(data: dict[str, Any]) -> None:
    data["comparisons"][0]["levels"][0]["when"] = {"test": "feels_right", "column": "surname"}


def _two_origins(data: dict[str, Any]) -> None:
    data["columns"][0]["sql"] = "1"


def _no_probability(data: dict[str, Any]) -> None:
    data["comparisons"][0]["levels"][0]["m"] = 1.5


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param(_rename_column, "not among the prepared columns: given_name", id="a comparison of a column that is not prepared"),
        pytest.param(_no_else, "the last level", id="a comparison without the level for everything else"),
        pytest.param(_unknown_step, "unknown step 'shout'", id="a step that nobody knows"),
        pytest.param(_unknown_key, "colour", id="a key that nobody knows"),
        pytest.param(_unknown_test, "feels_right", id="a test that nobody knows"),
        pytest.param(_two_origins, "either sources or sql", id="sources and SQL at once"),
        pytest.param(_no_probability, "less than or equal to 1", id="a probability above one"),
    ],
)
def test_a_wrong_model_file_is_refused_with_its_name_and_the_fault(change: Any, words: str, tmp_path: Path) -> None:
    path = changed(tmp_path, change)
    with pytest.raises(ModelFileError) as refused:
        read_model(path)
    assert words in str(refused.value)
    assert str(path) in str(refused.value)


def test_a_model_that_is_not_there_names_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError) as refused:
        find_model(str(tmp_path / "none.json"))
    assert all(name in str(refused.value) for name in named_models())


def test_a_file_that_is_not_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text("{", "utf-8")
    with pytest.raises(ModelFileError, match="not JSON"):
        read_model(tmp_path / "broken.json")


@pytest.mark.parametrize("step", ["first", "first:0", "first:x", "fold:2", "qgrams", "replace:a", "word:--1", "nothing"])
def test_steps_that_make_no_sense_are_refused(step: str) -> None:
    with pytest.raises(ValueError, match="step"):
        check_step(step)


@given(st.sampled_from(sorted(STEPS)))
def test_every_documented_step_is_accepted(step: str) -> None:
    word, argument = step_parts(step)
    check_step(word if argument is None else f"{word}:{argument.replace('A', 'a').replace('B', 'b').replace('N', '2')}")


def test_columns_of_nested_tests_are_found() -> None:
    nested = Every(of=(Equal(column="a"), Some(of=(Not(of=Similar(column="b", other="c", jaro_winkler=0.9)), Otherwise()))))
    assert columns_of(nested) == {"a", "b", "c"}


def test_the_guide_names_every_step_every_test_and_every_key() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "any-table.md").read_text("utf-8")
    tests = {name for name in ALL_TESTS if f"`{name}`" not in guide}
    steps = {step for step in STEPS if f"`{step}`" not in guide}
    keys = {key for key in Model.model_fields if key not in {"format", "name", "about", "threshold_reason"} and key not in guide}
    assert (tests, steps, keys) == (set(), set(), set())
