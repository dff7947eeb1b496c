"""Products: rows, files, manifests, changes, cadence, retention; whole or not at all."""

from __future__ import annotations

import hashlib
import json
import stat
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow.parquet as pq
import pytest

from tests.warehouse.feed_cases import AS_OF, HOUSE, NOW, a_city_with_feeds, publish
from tests.warehouse.profiles import a_person
from warehouse import audit
from warehouse.access import Grant, Reader, Role
from warehouse.feeds import consents, products
from warehouse.feeds.building import State
from warehouse.feeds.declared import feed_of, load_feeds
from warehouse.feeds.terms import is_due
from warehouse.keys import ensure_key

FILES = [module for module, declared in load_feeds().items() if declared.feed.is_file]
NEXT = AS_OF + timedelta(days=7)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("ONEGRID_KEY", raising=False)
    monkeypatch.delenv("ONEGRID_OFFICE_DSN", raising=False)
    ensure_key(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def city() -> duckdb.DuckDBPyConnection:
    return a_city_with_feeds()


def rows(home: Path, module: str, as_of: date = AS_OF, part: str = "", name: str = "") -> list[dict[str, Any]]:
    """The rows of a product as its consumer gets them."""
    kind = feed_of(module).feed.delivery
    path = products.product_folder(home, module, as_of) / part / f"{name or module}.{kind}"
    if kind == "parquet":
        found: list[dict[str, Any]] = pq.read_table(path).to_pylist()
        return found
    read = pd.read_csv(path, dtype=str, encoding="utf-8-sig", keep_default_na=False)
    return [{str(key): value for key, value in row.items()} for row in read.to_dict("records")]


@pytest.mark.parametrize(("module", "persons"), [
    ("special_group_care_ledger", ["P01", "P03"]), ("aixin_one_touch", ["P01", "P03"]), ("employment_matching", ["P02"]),
    ("songzi_medication_support", ["P04", "P05"]), ("jianli_mutual_aid", []),
])
def test_a_product_holds_the_persons_its_feed_means(module: str, persons: list[str], home: Path, city: duckdb.DuckDBPyConnection) -> None:
    """Nobody dead, nobody known only to restricted categories outside their purpose, nobody without consent where it is needed."""
    publish(city, home, modules=[module])
    assert [row["person_id"] for row in rows(home, module)] == persons


def test_dwelling_has_the_address_of_the_register_and_exact_counts(home: Path, city: duckdb.DuckDBPyConnection) -> None:
    publish(city, home)
    (appeal,) = rows(home, "public_appeals")
    assert (appeal["dwelling_id"], appeal["residence_address"]) == (HOUSE, "沙市区中山街道绿化村社区园林路18号")
    (fire,) = rows(home, "fire_command_gis")
    assert [fire[name] for name in ("dwelling_occupants", "aged_80_plus", "severely_disabled", "living_alone")] == [2, 1, 1, 1]


def test_figures_withhold_small_counts_and_keep_unknown_places(home: Path, city: duckdb.DuckDBPyConnection) -> None:
    """A row whose first measure is withheld has all withheld; persons without a place in the city are no residents of it."""
    publish(city, home)
    figures = rows(home, "convenience_website")
    by_place = {(row["residence_county"], row["residence_community"]): row for row in figures}
    assert set(by_place) == {("421002", "421002001001"), ("421087", ""), ("421088", "421088100001")}
    assert by_place["421002", "421002001001"]["residents"] == "14"
    assert by_place["421087", ""]["residents"] == by_place["421087", ""]["aged_under_18"] == ""
    assert b"421087,421087001,,,," in (products.product_folder(home, "convenience_website", AS_OF) / "convenience_website.csv").read_bytes()


def test_each_department_gets_its_own_alerts_only(home: Path, city: duckdb.DuckDBPyConnection) -> None:
    publish(city, home)
    assert rows(home, "department_alerts", part="human_resources") == [{"person_id": "P02", "open_mismatches": "1"}]
    assert rows(home, "department_alerts", part="civil_affairs") == []


def test_withheld_count_does_not_follow_from_another_product_of_the_day(home: Path) -> None:
    """Five residents of one community: the county of media_statistics less the other community must not tell them."""
    con = a_city_with_feeds()
    for number in range(5):
        a_person(con, f"R{number}", age=30, residence_county="421002", residence_township="421002001",
                 residence_community="421002001002")
    built = publish(con, home)
    assert built["convenience_website"].withheld > 0
    (county,) = [row["residents"] for row in rows(home, "media_statistics") if row["residence_county"] == "421002"]
    parts = {row["residence_community"]: row["residents"] for row in rows(home, "convenience_website")}
    assert parts["421002001002"] == ""
    assert county == "" or parts["421002001001"] == ""
    business = {row["residence_community"]: row["residents"] for row in rows(home, "community_business")}
    assert (business["421002001001"] == "") == (parts["421002001001"] == "")


@pytest.mark.parametrize("table", ["alert", "alert_addressee"])
@pytest.mark.parametrize(("state", "told"), [("open", 1), ("acknowledged", 1), ("corrected", 1), ("rejected", 0), ("closed", 0)])
def test_alert_counts_until_it_asks_for_nothing(state: str, told: int, table: str, home: Path) -> None:
    con = a_city_with_feeds()
    con.execute(f"UPDATE {table} SET state = ?", [state])
    assert publish(con, home, modules=["department_alerts"])["department_alerts"].rows == told


def test_consents_open_the_product_in_the_community_that_listed_them(home: Path, city: duckdb.DuckDBPyConnection) -> None:
    consents.supply(home, _committee("421088100002"), "jianli_mutual_aid", "421088100002", ["P03"], now=NOW)
    assert publish(city, home)["jianli_mutual_aid"].rows == 0
    consents.supply(home, _committee("421088100001"), "jianli_mutual_aid", "421088100001", ["P03", "P01"], now=NOW)
    assert publish(city, home)["jianli_mutual_aid"].state is State.PUBLISHED
    assert [row["person_id"] for row in rows(home, "jianli_mutual_aid")] == ["P03"]
    with pytest.raises(consents.NoConsents):
        consents.supply(home, _committee("421088100001"), "aixin_one_touch", "421088100001", ["P03"], now=NOW)


def _committee(area: str) -> Reader:
    return Reader("committee", "civil_affairs", (Grant(Role.COMMUNITY_CLERK, "civil_affairs", (area,)),))


@pytest.mark.parametrize("module", FILES)
def test_manifest_says_what_the_file_holds(module: str, home: Path, city: duckdb.DuckDBPyConnection) -> None:
    publish(city, home, modules=[module])
    folder = products.product_folder(home, module, AS_OF)
    parts = [folder / part for part in json.loads((folder / "manifest.json").read_text())["parts"]] or [folder]
    for part in parts:
        stated = json.loads((part / "manifest.json").read_text())
        content = (part / f"{module}.{feed_of(module).feed.delivery}").read_bytes()
        assert stated["sha256"] == hashlib.sha256(content).hexdigest()
        assert (stated["module"], stated["as_of"], stated["kind"], stated["base"]) == (module, "2025-06-02", "full", None)
        assert content.startswith(b"\xef\xbb\xbf") == (feed_of(module).feed.delivery == "csv")
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (home / "products").rglob("*") if path.is_file()}
    assert modes == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in (home / "products").rglob("*") if path.is_dir()} == {0o700}


def _state_of(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.rglob("*") if path.is_file()}


def test_same_snapshot_again_changes_nothing(home: Path, city: duckdb.DuckDBPyConnection) -> None:
    publish(city, home)
    before = _state_of(home / "products")
    for again in (publish(city, home), publish(city, home, snapshot=2), publish(city, home, snapshot=2, force=True)):
        assert {built.state for built in again.values()} == {State.SAME, State.ON_REQUEST}
    assert _state_of(home / "products") == before


@pytest.mark.parametrize("module", ["special_group_care_ledger", "fire_command_gis"])
def test_changes_bring_the_product_before_to_the_new_one(module: str, home: Path) -> None:
    """Applied to the former rows they give the new ones; rows that stayed are not in them."""
    con = a_city_with_feeds()
    publish(con, home, modules=[module])
    former = {row[feed_of(module).feed.key[0]]: row for row in rows(home, module)}
    for profile in ("profile", "profile_open"):
        con.execute(f"UPDATE {profile} SET lonely_elder = false, age = 79, dwelling_id = NULL, assistance_types = NULL, "
                    "disability_level = NULL WHERE person_id = 'P01'")
        con.execute(f"UPDATE {profile} SET name = '陈秀荣', dwelling_id = '{HOUSE[:-1]}2', age = 81 WHERE person_id = 'P03'")
        con.execute(f"UPDATE {profile} SET age = 83, lonely_elder = true WHERE person_id = 'Q11'")
    built = publish(con, home, NEXT, modules=[module])[module]
    changed = rows(home, module, NEXT, name=f"changes-since-{AS_OF}")
    assert (built.inserted, built.changed, built.removed) == tuple(
        sum(row["change"] == kind for row in changed) for kind in ("inserted", "changed", "removed"))
    assert built.inserted == 1
    assert built.inserted + built.changed + built.removed == len(changed)
    key = feed_of(module).feed.key[0]
    for row in changed:
        if row.pop("change") == "removed":
            assert [name for name, value in row.items() if value is not None] == [key]
            del former[row[key]]
        else:
            assert former.get(row[key]) != row
            former[row[key]] = row
    if module in {manifest.module for manifest in products.list_products(home, module)}:
        assert sorted(former.values(), key=lambda row: row[key]) == rows(home, module, NEXT)


@pytest.mark.parametrize(("cadence", "last", "as_of", "due"), [
    ("daily", "2025-06-01", "2025-06-02", True), ("daily", "2025-06-02", "2025-06-02", False),
    ("weekly", "2025-06-01", "2025-06-02", True), ("weekly", "2025-06-02", "2025-06-08", False),
    ("weekly", "2024-12-30", "2025-01-05", False), ("weekly", "2024-12-29", "2025-01-01", True),
    ("monthly", "2025-06-30", "2025-07-01", True), ("monthly", "2025-06-01", "2025-06-30", False),
    ("quarterly", "2025-03-31", "2025-04-01", True), ("quarterly", "2025-04-01", "2025-06-30", False),
    ("quarterly", "2024-12-31", "2025-01-01", True), ("daily", "2025-06-02", "2025-06-01", False),
    ("on request", None, "2025-06-02", False),
    ("monthly", None, "2025-06-02", True),
])
def test_due_once_per_period(cadence: str, last: str | None, as_of: str, due: bool) -> None:
    assert is_due(cadence, date.fromisoformat(as_of), date.fromisoformat(last) if last else None) is due


@pytest.mark.parametrize(("module", "days", "followed", "expires"), [
    ("public_appeals", 0, 7, 7), ("public_appeals", 0, None, None), ("employment_matching", 0, None, 180),
    ("special_group_care_ledger", 0, 7, 97), ("special_group_care_ledger", 0, None, None), ("songzi_medication_support", 0, 7, 30),
    ("community_business", 0, None, 365), ("media_statistics", 0, 7, None), ("department_alerts", 0, 1, 731),
])
def test_retention_ends_as_the_feed_says(module: str, days: int, followed: int | None, expires: int | None) -> None:
    start = date(2025, 6, 2) + timedelta(days=days)
    found = feed_of(module).retention.expires(start, None if followed is None else start + timedelta(days=followed))
    assert (None if found is None else (found - start).days) == expires


def test_expired_files_go_with_the_run_and_older_snapshots_publish_nothing(home: Path, city: duckdb.DuckDBPyConnection) -> None:
    publish(city, home)
    later = publish(city, home, NEXT)
    assert later["public_appeals"].expired == 1
    assert later["special_group_care_ledger"].expired == 0
    assert [one.as_of for one in products.list_products(home, "public_appeals")] == [NEXT.isoformat()]
    assert publish(city, home, NEXT + timedelta(days=1))["public_appeals"].state is State.NOT_DUE
    assert publish(city, home, AS_OF, force=True)["public_appeals"].state is State.OLDER
    publish(city, home, NEXT + timedelta(days=200))
    assert [one.as_of for one in products.list_products(home, "special_group_care_ledger")] == [
        NEXT.isoformat(), (NEXT + timedelta(days=200)).isoformat()]


@pytest.mark.parametrize("renamed", [0, 1, 2], ids=["before the first rename", "between the renames", "after them"])
def test_killed_writer_leaves_the_old_product_or_the_new_one(renamed: int, home: Path, city: duckdb.DuckDBPyConnection,
                                                            monkeypatch: pytest.MonkeyPatch) -> None:
    """A product of the same day is replaced; the process dies at each step of it."""
    module = "aixin_one_touch"
    publish(city, home, modules=[module])
    con = a_city_with_feeds()
    con.execute("UPDATE profile_open SET name = '改' WHERE person_id = 'P01'")
    left, rename = [renamed], Path.rename

    def dying(self: Path, target: Path) -> Path:
        if ".leaving" in f"{self}{target}" or ".building" in str(self):
            if left[0] == 0:
                raise KeyboardInterrupt
            left[0] -= 1
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", dying)
    if renamed < 2:
        with pytest.raises(KeyboardInterrupt):
            publish(con, home, snapshot=2, modules=[module])
    else:
        publish(con, home, snapshot=2, modules=[module])
    monkeypatch.undo()
    with products.products_lock(home):
        found = [row["name"] for row in rows(home, module)]
    assert found in (["陈秀英", "陈秀英"], ["改", "陈秀英"])
    assert [entry.name for entry in products.module_folder(home, module).iterdir()] == ["2025-06-02"]
    publish(con, home, snapshot=2, modules=[module])
    assert [row["name"] for row in rows(home, module)] == ["改", "陈秀英"]


def test_what_a_killed_writer_left_is_removed(home: Path, city: duckdb.DuckDBPyConnection) -> None:
    module = "employment_matching"
    left = products.module_folder(home, module) / ".building-2025-06-02"
    left.mkdir(parents=True)
    (left / f"{module}.parquet").write_bytes(b"PAR1 half")
    assert products.list_products(home, module) == []
    publish(city, home, modules=[module])
    assert [row["person_id"] for row in rows(home, module)] == ["P02"]
    assert not left.exists()


def test_every_product_of_persons_is_in_the_audit_log(home: Path, city: duckdb.DuckDBPyConnection) -> None:
    publish(city, home)
    sent = {entry.asked: entry for entry in audit.entries(home) if entry.command == "feeds build"}
    assert set(sent) == set(FILES)
    assert sent["special_group_care_ledger"].persons == ("P01", "P03")
    assert sent["special_group_care_ledger"].outcome == "sent"
    assert sent["department_alerts"].purpose == "data_quality"
    assert sent["fire_command_gis"].persons == ()
    assert audit.verify(home).findings == ()
