"""`onegrid household` as a user calls it: both households, what each purpose opens, refusals, the log."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from desk import household
from desk.cli import app
from sources.catalogue import load_catalogue
from tests.accounts import ALL, an_account
from tests.warehouse.attribute_cases import AS_OF
from tests.warehouse.test_households import D1, D2, a_city, built, lives
from warehouse import audit
from warehouse.households.looking import NoHousehold, purposes_that_look
from warehouse.keys import VARIABLE, ensure_key
from warehouse.purposes import PurposeRefused
from warehouse.snapshots import publish
from warehouse.store import open_working


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A couple with a child in D1, registered with the man's mother, who lives in D2; one member known from health records only."""
    home = tmp_path_factory.mktemp("installation") / "home"
    ensure_key(home)
    con = a_city()
    lives(con, "M1", D2, household_no="1", relation_to_head="02", sex="2", birth_date="1950-01-01", name="赵母")
    lives(con, "F1", None, household_no="1", relation_to_head="20", mother="M1", birth_date="1985-01-01", name="周父", at={
        "community_code": None, "township_code": None, "county_code": None})
    lives(con, "W1", D1, household_no="2", relation_to_head="02", spouse="F1", sex="2", birth_date="1986-01-01", name="王妻")
    lives(con, "K1", D1, household_no="2", relation_to_head="20", father="F1", mother="W1", birth_date="2019-01-01", name="周小")
    lives(con, "H1", D1, household_no="2", relation_to_head="97", name="陈隐")
    built(con)
    con.execute("UPDATE profile_open SET known_from = 'health' WHERE person_id = 'H1'")
    con.execute("UPDATE profile SET known_from = 'health' WHERE person_id = 'H1'")
    with open_working(home) as store:
        for (table,) in con.execute("SELECT table_name FROM duckdb_tables() WHERE NOT temporary ORDER BY 1").fetchall():
            rows = con.execute(f'FROM "{table}"').to_arrow_table()
            store.register("handed_over", rows)
            store.execute(f'CREATE OR REPLACE TABLE "{table}" AS FROM handed_over')
            store.unregister("handed_over")
        publish(store, home, AS_OF, "run", "one family")
    con.close()
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(VARIABLE, raising=False)
        an_account(home, "worker-1", *ALL)
    return home


@pytest.fixture
def home(published: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv(VARIABLE, raising=False)
    return published


def ask(home: Path, asked: str, *more: str, purpose: str = "elderly_care") -> Result:
    return CliRunner().invoke(app, ["household", asked, "--purpose", purpose, "--by", "worker-1", "--home", str(home), *more])


def told(result: Result) -> Any:
    assert result.exception is None, result.exception
    return json.loads(result.stdout)["households"]


def names(one: dict[str, Any]) -> dict[str, str | None]:
    return {member["person_id"]: member["relation"] for member in one["members"]}


def test_both_households_side_by_side(home: Path) -> None:
    living, registered = told(ask(home, "W1", "--format", "json"))
    assert (living["kind"], living["dwelling_code"], names(living)) == ("residence", D1, {"W1": "02", "K1": "20"})
    assert (registered["kind"], names(registered)) == ("registration", {"W1": "02", "K1": "20"})


def test_who_is_registered_with_others_than_lived_with(home: Path) -> None:
    households = told(ask(home, "F1", "--format", "json"))
    assert {one["kind"]: names(one) for one in households}["registration"] == {"M1": "02", "F1": "20"}


@pytest.mark.parametrize(("language", "words"), [
    ("zh", ("居住家庭", "户籍家庭", "户主", "同一户号", "人户一致", "查询对象")),
    ("en", ("household of residence", "household of registration", "one household number", "lives where registered", "asked for")),
])
def test_words(home: Path, language: str, words: tuple[str, ...]) -> None:
    shown = ask(home, "W1", "--lang", language)
    assert shown.exit_code == 0
    for word in words:
        assert word in shown.stdout


def test_a_dwelling_shows_its_families(home: Path) -> None:
    (family,) = told(ask(home, D2, "--format", "json", purpose="grid_service"))
    assert list(names(family)) == ["M1", "F1"]


def test_registers_and_relations_only_for_purposes_that_open_them(home: Path) -> None:
    (living,) = told(ask(home, "W1", "--format", "json", purpose="grid_service"))
    assert (living["kind"], set(names(living).values())) == ("residence", {None})
    assert not any(member["head"] for member in living["members"])
    assert "本用途不能查看户籍家庭" in ask(home, "W1", purpose="grid_service").stdout


@pytest.mark.parametrize("purpose", ["elderly_care", "social_assistance", "housing", "grid_service", "data_quality"])
def test_values_only_of_the_purpose(home: Path, purpose: str) -> None:
    opened = set(load_catalogue().purposes[purpose].attributes)
    for one in told(ask(home, "W1", "--format", "json", purpose=purpose)):
        assert one["dwelling_code"] is None or "dwelling_id" in opened
        assert (one["size"] is not None) == ("household_size" in opened)
        for member in one["members"]:
            assert set(member["values"]) <= opened


def test_somebody_known_from_restricted_records_is_not_mentioned(home: Path) -> None:
    assert "H1" not in ask(home, "W1", "--format", "json").stdout
    assert isinstance(ask(home, "H1").exception, NoHousehold)


def test_a_dwelling_is_no_way_in_for_a_purpose_without_dwellings(home: Path) -> None:
    assert isinstance(ask(home, D1, purpose="social_assistance").exception, NoHousehold)


@pytest.mark.parametrize("purpose", ["schooling", "public_health", "statistics", "curiosity"])
def test_refused(home: Path, purpose: str) -> None:
    assert isinstance(ask(home, "W1", purpose=purpose).exception, PurposeRefused)
    assert audit.entries(home)[-1].outcome == "refused"


@pytest.mark.parametrize("asked", ["", "nobody", "'; DROP TABLE household; --", "户" * 2000, "4210020010010000099"], ids=[
    "empty", "unknown", "quotes", "long", "no such dwelling"])
def test_nothing_found_is_said(home: Path, asked: str) -> None:
    assert isinstance(ask(home, asked).exception, NoHousehold)


def test_every_look_is_recorded(home: Path) -> None:
    before = len(audit.entries(home))
    ask(home, "W1")
    entry = audit.entries(home)[-1]
    assert len(audit.entries(home)) == before + 1
    assert (entry.user, entry.command, entry.persons) == ("worker-1", "household", ("W1", "K1"))
    assert "W1" not in entry.asked


def test_only_purposes_that_open_households_look() -> None:
    assert purposes_that_look() == ["elderly_care", "social_assistance", "housing", "grid_service", "data_quality"]


def test_every_code_has_words() -> None:
    assert set(household.JOINED) == {"household_no", "spouse", "minor_child", "parent_of_minor"}
    assert set(household.DWELLING_BY) == {"own_address", "family_or_ownership"}
