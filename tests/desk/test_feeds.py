"""`onegrid feeds` as a user calls it: list, show, check, build, read, consents; words, formats, refusals."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result

from desk import feeds
from desk.cli import app
from sources.errors import OneGridError
from tests.accounts import an_account
from tests.warehouse.feed_cases import AS_OF, fill
from warehouse import audit, snapshots
from warehouse.access import AccessRefused, Grant, Role
from warehouse.access.rules import GRID_CENTRE
from warehouse.feeds import compatibility, products
from warehouse.feeds.compatibility import Comparison
from warehouse.feeds.declared import load_feeds
from warehouse.keys import VARIABLE, ensure_key
from warehouse.store import open_working

GRID = "421002001001003"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in (VARIABLE, "ONEGRID_OFFICE_DSN", "ONEGRID_USER", "ONEGRID_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "home"
    folder.mkdir()
    ensure_key(folder)
    with open_working(folder) as con:
        fill(con)
        snapshots.publish(con, folder, AS_OF, "run")
    an_account(folder, "operator-1", Grant(Role.OPERATOR, "operator"))
    an_account(folder, "bureau", Grant(Role.CASE_WORKER, "civil_affairs"), holder="civil_affairs")
    an_account(folder, "grid-7", Grant(Role.GRID_WORKER, GRID_CENTRE, (GRID,)), holder=GRID_CENTRE)
    an_account(folder, "committee", Grant(Role.COMMUNITY_CLERK, "civil_affairs", ("421088100001",)), holder="civil_affairs")
    an_account(folder, "procurator", Grant(Role.SERVICE, "procuratorate"), holder="procuratorate")
    return folder


def onegrid(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["feeds", *(str(argument) for argument in arguments)])


def done(*arguments: str | Path) -> str:
    result = onegrid(*arguments)
    assert result.exit_code == 0, result.output
    return result.output


def built(home: Path) -> Path:
    done("build", "--home", home, "--user", "operator-1")
    return home


@pytest.mark.parametrize(("language", "word"), [("zh", "数据产品"), ("en", "data products")])
def test_list_names_every_module(language: str, word: str) -> None:
    text = done("list", "--lang", language)
    assert word in text
    assert all(module in text for module in load_feeds())


@pytest.mark.parametrize("module", list(load_feeds()))
def test_show_says_who_gets_what_for_what(module: str) -> None:
    text = done("show", module, "--lang", "en")
    declared = load_feeds()[module]
    assert declared.feed.purpose in text
    assert all(column.name in text for column in declared.columns)


def test_check_reports_what_would_break(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "0 incompatible" in done("check", "--lang", "en")
    broken = Comparison("media_statistics", "2.0", ("column visitors is gone",), ())
    monkeypatch.setattr(compatibility, "compare_all", lambda: [broken])
    result = onegrid("check", "--lang", "en")
    assert result.exit_code == 1
    assert "column visitors is gone" in result.output


def test_build_publishes_what_is_due_and_is_for_operators(home: Path) -> None:
    with pytest.raises(AccessRefused):
        feeds.build_feeds(home, [], force=True, user="bureau", language="zh")
    assert not (home / "products").exists()
    text = done("build", "--home", home, "--user", "operator-1", "--lang", "en")
    assert "published" in text
    assert "陈秀英" not in text
    again = done("build", "--home", home, "--user", "operator-1", "--all", "--lang", "en")
    assert "published" not in again
    assert done("list", "--home", home).count("2025-06-02") == sum(declared.feed.is_file for declared in load_feeds().values())


def test_read_gives_the_own_rows_in_every_format(home: Path, tmp_path: Path) -> None:
    built(home)
    lines = done("read", "aixin_one_touch", "--home", home, "--user", "grid-7", "--format", "json").splitlines()
    assert [json.loads(line)["person_id"] for line in lines] == ["P01"]
    out = tmp_path / "ledger.parquet"
    done("read", "special_group_care_ledger", "--home", home, "--user", "bureau", "--format", "parquet", "--out", out)
    assert pq.read_table(out)["person_id"].to_pylist() == ["P01", "P03"]
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    csv = done("read", "special_group_care_ledger", "--home", home, "--user", "bureau", "--format", "csv").splitlines()
    assert len(csv) == 3
    assert ",1;3," in csv[1]
    assert "2 rows" in done("read", "special_group_care_ledger", "--home", home, "--user", "bureau")
    assert [entry.user for entry in audit.entries(home) if entry.command == "feeds"] == ["grid-7", "bureau", "bureau", "bureau"]


def test_read_answers_a_request_about_people(home: Path) -> None:
    text = done("read", "grid_information", "--home", home, "--user", "grid-7", "--format", "json")
    assert {json.loads(line)["residence_grid"] for line in text.splitlines()} == {GRID}
    lookup = ["read", "house_lookup", "--purpose", "legal_service", "--case", "7", "--name", "李明", "--home", str(home), "--user",
              "procurator"]
    assert "一致" in done(*lookup, "--address", "园林路18号")
    assert json.loads(done(*lookup, "--address", "园林路20号", "--format", "json")) == {"matches": False}


@pytest.mark.parametrize(("module", "user", "more"), [
    ("employment_matching", "bureau", []), ("no_such_module", "bureau", []), ("aixin_one_touch", "nobody", []),
    ("house_lookup", "procurator", ["--purpose", "legal_service", "--case", "7"]),
    ("aixin_one_touch", "bureau", ["--format", "parquet"]), ("aixin_one_touch", "bureau", ["--as-of", "2025-01-01"]),
])
def test_refusals_print_no_row(module: str, user: str, more: list[str], home: Path) -> None:
    built(home)
    result = onegrid("read", module, "--home", home, "--user", user, *more)
    assert isinstance(result.exception, OneGridError)
    assert result.stdout == ""


@pytest.mark.parametrize("text", ["P03\n", "person_id,name\nP03,x\n", "\ufeffperson_id\nP03\n"], ids=["lines", "csv", "marked"])
def test_consents_fill_the_product(text: str, home: Path, tmp_path: Path) -> None:
    built(home)
    assert products.newest(home, "jianli_mutual_aid").rows == 0
    (tmp_path / "list.csv").write_text(text, encoding="utf-8")
    assert "1 persons" in done("consents", "jianli_mutual_aid", tmp_path / "list.csv", "--home", home, "--community", "421088100001",
                               "--user", "committee")
    built(home)
    assert products.newest(home, "jianli_mutual_aid").rows == 1
