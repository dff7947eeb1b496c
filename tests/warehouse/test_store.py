"""The store on disk: nothing readable, one writer, clear errors."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from warehouse.configuration import ConfigurationError, load_configuration
from warehouse.keys import VARIABLE, KeyProblem, ensure_key
from warehouse.store import StoreInUse, StoreProblem, WrongKey, open_working

CANARY = "CANARYWANGXIAOMING"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv(VARIABLE, raising=False)
    folder = tmp_path / "home"
    ensure_key(folder)
    return folder


def test_what_is_written_comes_back_and_stands_nowhere_in_clear(home: Path) -> None:
    with open_working(home) as con:
        con.execute(f"CREATE TABLE t AS SELECT '{CANARY}' || i AS name FROM range(50000) r(i)")
        con.execute(f"CREATE TEMP TABLE scratch AS SELECT '{CANARY}' AS name")
        con.execute(f"INSERT INTO t VALUES ('{CANARY}WAL')")
        assert not any(CANARY.encode() in path.read_bytes() for path in home.rglob("*") if path.is_file())
    with open_working(home) as con:
        assert con.execute("SELECT count(*) FROM t").fetchone() == (50001,)
    assert not any(CANARY.encode() in path.read_bytes() for path in home.rglob("*") if path.is_file())


def test_spilled_rows_stand_nowhere_in_clear_and_leave_with_the_writer(home: Path) -> None:
    with open_working(home, threads=2, memory_limit="100MB") as con:
        con.execute(
            f"CREATE TEMP TABLE big AS SELECT '{CANARY}' || i || md5(i::VARCHAR) AS name FROM range(4000000) r(i)"
        )
        spilled = list((home / "tmp").glob("duckdb_temp_*"))
        assert spilled
        assert not any(CANARY.encode() in path.read_bytes() for path in spilled)
    (home / "tmp").mkdir(exist_ok=True)
    (home / "tmp" / "duckdb_temp_storage_left_by_a_kill.tmp").touch()
    with open_working(home):
        assert not list((home / "tmp").glob("duckdb_temp_*"))


def test_nothing_is_downloaded_and_the_file_is_no_plain_database(home: Path) -> None:
    with open_working(home) as con:
        assert con.execute(
            "SELECT current_setting('autoinstall_known_extensions'), current_setting('temp_file_encryption')"
        ).fetchone() == (False, True)
    with pytest.raises(duckdb.Error):
        duckdb.connect(str(home / "warehouse.duckdb"))


def test_a_wrong_key_is_a_clear_error_without_the_key(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_working(home) as con:
        con.execute("CREATE TABLE t (x INTEGER)")
    monkeypatch.setenv(VARIABLE, "another key that is long enough")
    with pytest.raises(WrongKey, match="does not open") as caught, open_working(home):
        pass
    assert "another key" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_file_that_is_no_store_is_a_clear_error(home: Path) -> None:
    (home / "warehouse.duckdb").write_bytes(b"not a database at all" * 1000)
    with pytest.raises(StoreProblem, match=r"warehouse\.duckdb"), open_working(home):
        pass


def test_a_plain_database_is_no_store(home: Path) -> None:
    duckdb.connect(str(home / "warehouse.duckdb")).close()
    with pytest.raises(StoreProblem), open_working(home):
        pass


def test_a_second_writer_is_told_who_writes(home: Path) -> None:
    with open_working(home), pytest.raises(StoreInUse, match=f"process {os.getpid()}"), open_working(home):
        pass
    with open_working(home):
        pass


def test_the_lock_of_a_killed_writer_is_no_problem(home: Path) -> None:
    script = f"""
import time
from pathlib import Path
from warehouse.store import open_working
with open_working(Path({str(home)!r})) as con:
    con.execute("CREATE TABLE t AS SELECT 1 AS x")
    con.execute("BEGIN"); con.execute("INSERT INTO t VALUES (2)")
    print("writing", flush=True); time.sleep(60)
"""
    writer = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    )
    assert writer.stdout is not None
    assert writer.stdout.readline() == "writing\n"
    with pytest.raises(StoreInUse), open_working(home):
        pass
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    writer.stdout.close()
    with open_working(home) as con:
        assert con.execute("SELECT x FROM t").fetchall() == [(1,)]


def test_the_configuration_has_defaults_and_refuses_what_it_does_not_know(home: Path) -> None:
    assert load_configuration(home).keep_snapshots == 5
    (home / "config.toml").write_text('threads = 1\nmemory_limit = "1GB"\n', encoding="utf-8")
    with open_working(home) as con:
        assert con.execute("SELECT current_setting('threads')").fetchone() == (1,)
    (home / "config.toml").write_text("thread = 1\nkeep_snapshots = 0\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"keep_snapshots: .*thread: .*allowed settings: threads"):
        load_configuration(home)


def test_without_a_key_nothing_opens(home: Path) -> None:
    (home / "key").unlink()
    with pytest.raises(KeyProblem, match=VARIABLE), open_working(home):
        pass
