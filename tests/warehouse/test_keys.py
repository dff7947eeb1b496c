"""Keys: made once, private, never replaced."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from warehouse.keys import VARIABLE, KeyProblem, ensure_key, read_key


@pytest.fixture(autouse=True)
def _no_key_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)


def test_a_new_home_gets_a_private_key_once(tmp_path: Path) -> None:
    path = ensure_key(tmp_path / "home")
    assert path is not None
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    key = read_key(tmp_path / "home")
    assert ensure_key(tmp_path / "home") == path
    assert read_key(tmp_path / "home") == key
    assert [entry.name for entry in path.parent.iterdir()] == ["key"]
    ensure_key(tmp_path / "other")
    assert read_key(tmp_path / "other") != key


def test_the_environment_comes_first_and_no_file_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "  a key from the environment\n")
    assert ensure_key(tmp_path) is None
    assert read_key(tmp_path) == "a key from the environment"
    assert not (tmp_path / "key").exists()


@pytest.mark.parametrize("data", ["warehouse.duckdb", "snapshots/1/snapshot.duckdb"])
def test_a_home_with_data_never_gets_a_new_key(tmp_path: Path, data: str) -> None:
    (tmp_path / data).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / data).touch()
    with pytest.raises(KeyProblem, match="put the key file back"):
        ensure_key(tmp_path)
    assert not (tmp_path / "key").exists()


@pytest.mark.parametrize("text", ["", "short", "x" * 20 + "\x00"], ids=["empty", "short", "unprintable"])
def test_what_cannot_be_a_key_is_refused_without_showing_it(tmp_path: Path, text: str) -> None:
    (tmp_path / "key").write_text(text, encoding="utf-8")
    with pytest.raises(KeyProblem, match="characters") as caught:
        read_key(tmp_path)
    assert not text or text not in str(caught.value)
