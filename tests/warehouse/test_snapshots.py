"""Snapshots: whole or not at all, kept, chosen by day, and still readable while the next one is built."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path

import duckdb
import pytest

from tests.warehouse.profiles import a_person, create_profiles
from warehouse.keys import VARIABLE, ensure_key
from warehouse.snapshots import NoSnapshot, activate, current, list_snapshots, open_snapshot, publish, snapshots_folder
from warehouse.store import open_working

JUNE, JULY = date(2025, 6, 1), date(2025, 7, 1)
CANARY = "CANARYWANGXIAOMING"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv(VARIABLE, raising=False)
    folder = tmp_path / "home"
    ensure_key(folder)
    with open_working(folder) as con:
        create_profiles(con, published=False)
        a_person(con, "p1", published=False, name=CANARY, residence_township="421002001")
        con.execute("CREATE TABLE landed_legal_aid AS SELECT 1 AS x")
        con.execute("CREATE TABLE current_legal_aid AS SELECT 1 AS record_id")
    return folder


def persons(home: Path, as_of: date | None = None) -> list[str]:
    with open_snapshot(home, as_of) as con:
        return [name for (name,) in con.execute("SELECT person_id FROM profile ORDER BY person_id").fetchall()]


def add_and_publish(home: Path, person_id: str, as_of: date, *, switch: bool | None = None) -> int:
    with open_working(home) as con:
        a_person(con, person_id, published=False)
        return publish(con, home, as_of, "run", "deliveries", switch=switch).number


def test_a_published_snapshot_holds_the_tables_of_readers_only(home: Path) -> None:
    with open_working(home) as con:
        published = publish(con, home, JUNE, "run 1", "abc")
        assert con.execute("SELECT current_database()").fetchone() == ("warehouse",)
    assert current(home) == published
    assert (published.number, published.as_of, published.run, published.made_of) == (1, JUNE, "run 1", "abc")
    assert published.rows == {"current_legal_aid": 1, "everybody": 1, "profile": 1, "profile_open": 1}
    with open_snapshot(home) as con:
        assert con.execute("SELECT person_id, known_from FROM profile").fetchall() == [("p1", "open")]
        with pytest.raises(duckdb.Error):
            con.execute("DELETE FROM profile")


def test_a_snapshot_and_its_manifest_say_nothing_in_clear(home: Path) -> None:
    add_and_publish(home, "p2", JUNE)
    files = [path for path in snapshots_folder(home).rglob("*") if path.is_file()]
    assert {path.name for path in files} == {"current", "snapshot.duckdb", "manifest.json"}
    assert not any(CANARY.encode() in path.read_bytes() for path in files)
    manifest = json.loads((snapshots_folder(home) / "1" / "manifest.json").read_text(encoding="utf-8"))
    assert set(manifest) == {"number", "as_of", "run", "made_of", "rows", "withdrawn"}


def test_readers_of_the_old_snapshot_are_not_disturbed(home: Path) -> None:
    add_and_publish(home, "p2", JUNE)
    with open_snapshot(home) as con:
        add_and_publish(home, "p3", JULY)
        assert con.execute("SELECT count(*) FROM profile").fetchone() == (2,)
    assert persons(home) == ["p1", "p2", "p3"]


def test_any_kept_snapshot_can_be_chosen_by_day_or_made_current(home: Path) -> None:
    add_and_publish(home, "p2", JUNE)
    add_and_publish(home, "p3", JULY)
    assert persons(home, JUNE) == ["p1", "p2"]
    activate(home, 1)
    assert persons(home) == ["p1", "p2"]
    assert persons(home, JULY) == ["p1", "p2", "p3"]
    with pytest.raises(NoSnapshot, match=r"no snapshot 7.*1 \(as of 2025-06-01\), 2 \(as of 2025-07-01\)"):
        activate(home, 7)
    with pytest.raises(NoSnapshot, match=r"run --until 2025-06-15.*1 \(as of 2025-06-01\)"):
        persons(home, date(2025, 6, 15))


@pytest.mark.parametrize(
    ("as_of", "switch", "now_current"),
    [
        pytest.param(JULY, None, 2, id="the same day replaces"),
        pytest.param(JUNE, None, 1, id="an earlier day is only kept"),
        pytest.param(JUNE, True, 2, id="an earlier day switches when asked"),
        pytest.param(date(2025, 8, 1), False, 1, id="a later day stays back when asked"),
    ],
)
def test_which_snapshot_becomes_current(home: Path, as_of: date, switch: bool | None, now_current: int) -> None:
    add_and_publish(home, "p2", JULY)
    add_and_publish(home, "p3", as_of, switch=switch)
    present = current(home)
    assert present is not None
    assert present.number == now_current


def test_the_last_ones_and_the_current_one_are_kept(home: Path) -> None:
    (home / "config.toml").write_text("keep_snapshots = 2\n", encoding="utf-8")
    add_and_publish(home, "p2", JULY)
    for day in range(1, 5):
        add_and_publish(home, f"q{day}", date(2025, 6, day))
    assert [snapshot.number for snapshot in list_snapshots(home)] == [1, 4, 5]
    add_and_publish(home, "p9", date(2025, 8, 1))
    assert [snapshot.number for snapshot in list_snapshots(home)] == [5, 6]


def test_without_a_snapshot_the_error_says_how_to_make_one(tmp_path: Path) -> None:
    assert current(tmp_path) is None
    assert list_snapshots(tmp_path) == []
    with pytest.raises(NoSnapshot, match="onegrid run"), open_snapshot(tmp_path):
        pass


def test_a_disk_that_is_full_leaves_the_old_snapshot_and_no_half_one(home: Path) -> None:
    """A limit on the size of files stands for the disk: the system refuses to write on, as it does when space ends."""
    add_and_publish(home, "p2", JUNE)
    script = f"""
import resource, signal
from datetime import date
from pathlib import Path
from sources.errors import OneGridError
from warehouse.snapshots import publish
from warehouse.store import open_working
home = Path({str(home)!r})
with open_working(home) as con:
    con.execute("CREATE TABLE current_big AS SELECT i, md5(i::VARCHAR) AS t FROM range(400000) r(i)")
    con.execute("CHECKPOINT")
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, resource.RLIM_INFINITY))
    try:
        publish(con, home, date(2025, 7, 1), "full")
    except OneGridError as problem:
        print(problem)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
"""
    full = subprocess.run(
        [sys.executable, "-c", script], cwd=Path(__file__).parents[2], check=True, capture_output=True, text=True
    )
    assert "could not be written; readers keep the current one" in full.stdout
    assert persons(home) == ["p1", "p2"]
    assert {path.name for path in snapshots_folder(home).iterdir()} == {"1", "current"}
    assert add_and_publish(home, "p3", JULY) == 2


@pytest.mark.parametrize("moment", ["copy_tables", "write_manifest", "sync", "activate", "_delete_old"])
def test_a_kill_leaves_a_whole_snapshot_current_and_the_next_publish_cleans_up(home: Path, moment: str) -> None:
    add_and_publish(home, "p2", JUNE)
    script = f"""
import os, signal
from datetime import date
from pathlib import Path
from warehouse import snapshots
from warehouse.store import open_working
home = Path({str(home)!r})
before = snapshots.{moment}
def killed(*args, **kwargs):
    if {moment!r} == "copy_tables":
        before(*args, **kwargs)
    os.kill(os.getpid(), signal.SIGKILL)
snapshots.{moment} = killed
with open_working(home) as con:
    con.execute("DELETE FROM profile")
    snapshots.publish(con, home, date(2025, 7, 1), "killed")
"""
    killed = subprocess.run(
        [sys.executable, "-c", script], cwd=Path(__file__).parents[2], check=False, env=dict(os.environ)
    )
    assert killed.returncode == -signal.SIGKILL
    assert persons(home) == ([] if moment == "_delete_old" else ["p1", "p2"])
    with open_working(home) as con:
        number = publish(con, home, JULY, "next").number
    assert number in {2, 3}
    assert persons(home) == []
    assert not [path for path in snapshots_folder(home).iterdir() if path.name.startswith(".building")]
