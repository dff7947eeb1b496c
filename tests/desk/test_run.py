"""The whole way of a small city: accounts that balance, second runs, later and refused deliveries, and the commands."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import duckdb
import pytest

from desk.run import run
from tests.desk.cities import deliver, exported, onegrid
from tests.desk.conftest import City
from warehouse import snapshots
from warehouse.snapshots import open_snapshot

CATEGORY = "resettlement_support"
TABLES = ("mentions", "profiles", "alerts", "quarantine")


def states(home: Path) -> dict[str, bytes]:
    """Everything readers get, as bytes."""
    folder = snapshots.snapshots_folder(home)
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


def test_applied_deliveries_balance(city: City) -> None:
    with open_snapshot(city.home) as con:
        ledger = con.execute("SELECT category, delivery_date::VARCHAR, delivered, accepted, quarantined FROM ledger "
                             "WHERE stage = 'applied'").fetchall()
    assert {row[0] for row in ledger} == {file.parent.parent.name for file in city.deliveries.glob("*/*/*/manifest.json")}
    for category, day, delivered, accepted, quarantined in ledger:
        assert delivered == accepted + quarantined, (category, day)


def test_every_delivery_is_applied_with_the_rows_of_its_manifest(city: City) -> None:
    with open_snapshot(city.home) as con:
        found = con.execute("SELECT category, delivery_date::VARCHAR, delivered FROM ledger WHERE stage = 'applied' ORDER BY ALL"
                            ).fetchall()
    manifests = [json.loads(file.read_text(encoding="utf-8")) for file in city.deliveries.glob("*/*/*/manifest.json")]
    assert found == sorted((stated["category"], stated["delivery_date"], stated["rows"]) for stated in manifests)


def test_quarantine_holds_exactly_the_rows_of_the_truth(city: City, tmp_path: Path) -> None:
    expected = duckdb.execute('SELECT category, delivery_date, "row" FROM read_parquet(?) WHERE must ORDER BY ALL',
                              [str(city.deliveries / "truth" / "quarantine.parquet")]).fetchall()
    assert expected
    assert sorted(row[:3] for row in exported(city.home, "quarantine", tmp_path)) == sorted(expected)


def test_a_second_run_finds_nothing_new_and_changes_nothing(city: City) -> None:
    before = states(city.home)
    report = run(city.home, city.deliveries)
    assert report.nothing_new
    assert not report.events
    assert states(city.home) == before


def test_publishing_again_gives_the_same_exports(city: City, tmp_path: Path) -> None:
    """Loading twice is loading once."""
    twice = city.copy(tmp_path)
    run(twice.home, twice.deliveries, again=True)
    current = snapshots.current(twice.home)
    assert current is not None
    assert current.number == 2
    for table in TABLES:
        assert exported(twice.home, table, tmp_path / "twice") == exported(city.home, table, tmp_path / "once"), table


def test_later_refused_and_earlier(city: City, tmp_path: Path) -> None:
    """A refused delivery changes no person; a new one gives a new snapshot; an earlier day is kept beside the current one."""
    later = city.copy(tmp_path)
    newest = max(file.parent.name for file in later.deliveries.glob(f"*/{CATEGORY}/*/manifest.json"))
    full = min(file.parent for file in later.deliveries.glob(f"*/{CATEGORY}/*/manifest.json"))
    whole = next(full.glob("*.csv")).read_bytes()
    deliver(later.deliveries, CATEGORY, "2025-06-20", whole[: len(whole) // 2], 6, sha256="0" * 64)
    refused = run(later.home, later.deliveries)
    assert newest < "2025-06-20"
    assert [warning for event in refused.events for warning in event.warnings if f"{CATEGORY}/2025-06-20" in warning]
    for table in TABLES:
        assert exported(later.home, table, tmp_path / "refused") == exported(city.home, table, tmp_path / "before"), table

    header = whole.split(b"\r\n")[0] + b"\r\n"
    deliver(later.deliveries, CATEGORY, "2025-06-21", header, 0)
    before = snapshots.current(later.home)
    run(later.home, later.deliveries)
    after = snapshots.current(later.home)
    assert before is not None
    assert after is not None
    assert after.number > before.number
    assert after.as_of == date(2025, 6, 21)

    done = onegrid("run", "--deliveries", later.deliveries, "--home", later.home, "--until", "2025-04-01")
    assert done.returncode == 0, done.stderr
    assert snapshots.current(later.home) == after
    assert any(kept.as_of <= date(2025, 4, 1) for kept in snapshots.list_snapshots(later.home))


def test_commands_that_answer(city: City, tmp_path: Path) -> None:
    asked = {"count": ("query", "--purpose", "grid_service", "--home", city.home, "--text", "沙市区独居老人", "--count"),
             "alerts": ("alerts", "--department", "civil_affairs", "--home", city.home),
             "export": ("export", "provenance", "--home", city.home, "--out", tmp_path / "provenance.parquet"),
             "evaluate": ("evaluate", "--home", city.home, "--truth", city.deliveries / "truth"),
             "snapshots": ("snapshots", "--home", city.home)}
    for name, arguments in asked.items():
        done = onegrid(*arguments)
        assert done.returncode == 0, f"{name}: {done.stderr}"
        assert done.stdout.strip(), name
    assert (tmp_path / "provenance.parquet").is_file()
    person = next(row[3] for row in exported(city.home, "mentions", tmp_path) if row[0] == "household_registration" and row[2] == "holder")
    done = onegrid("profile", str(person), "--purpose", "grid_service", "--home", city.home, "--format", "json")
    assert done.returncode == 0, done.stderr
    assert {"attribute": "person_id", "value": person}.items() <= json.loads(done.stdout)[0].items()


@pytest.mark.parametrize(("arguments", "told"), [
    pytest.param(("query", "--purpose", "curiosity", "--text", "沙市区独居老人", "--count"), "curiosity", id="unknown purpose"),
    pytest.param(("query", "--purpose", "grid_service", "--text", "沙市区会飞的猫", "--count"), "会飞 | 猫", id="unknown phrase"),
    pytest.param(("query", "--purpose", "grid_service", "--count"), "--text", id="nothing asked"),
    pytest.param(("alerts", "--department", "weather"), "weather", id="unknown department"),
    pytest.param(("snapshots", "--activate", "99"), "99", id="unknown snapshot"),
])
def test_refusals_are_one_message(city: City, arguments: tuple[str, ...], told: str) -> None:
    done = onegrid(*arguments, "--home", city.home)
    assert done.returncode == 1, done.stderr
    assert "error" in done.stderr
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_key_is_told(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONEGRID_KEY", "a wrong key of more than sixteen characters")
    done = onegrid("query", "--purpose", "grid_service", "--text", "沙市区独居老人", "--count", "--home", city.home)
    assert done.returncode == 1
    assert "key" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", [("snapshots",), ("alerts", "--department", "civil_affairs")], ids=["snapshots", "alerts"])
def test_a_missing_home_is_no_trace(command: tuple[str, ...], tmp_path: Path) -> None:
    done = onegrid(*command, "--home", tmp_path / "nowhere")
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "nowhere").exists()


def test_a_missing_deliveries_folder_is_told(tmp_path: Path) -> None:
    done = onegrid("run", "--deliveries", tmp_path / "nowhere", "--home", tmp_path / "home")
    assert done.returncode == 1
    assert "there is no folder" in done.stderr
    assert not (tmp_path / "home").exists()
