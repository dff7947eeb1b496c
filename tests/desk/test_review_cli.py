"""The commands of the review and of person ids, on a tiny home."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from desk.cli import app
from resolvers.registry import assign_ids
from resolvers.review import bring_to_mentions
from sources.errors import OneGridError
from tests.accounts import ALL, an_account
from tests.resolvers.review_state import HEALTH, put_mentions, put_run
from warehouse.decisions import DECISIONS_FILE, attach_decisions, open_review
from warehouse.keys import ensure_key
from warehouse.store import StoreInUse, WrongKey, open_working, writer_lock

NAME, HIDDEN = "欧阳测雀鸟", "不可见之人"


def onegrid(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def work(home: Path, clusters: list[str], run: int) -> None:
    """One run that ended so, with the registry brought up to date."""
    with open_working(home) as con:
        put_mentions(con, "abcde", a={"name": NAME}, e={"category": HEALTH, "name": HIDDEN})
        put_run(con, clusters, pairs=[("a", "b", 6.0), ("c", "d", 5.0), ("b", "e", 6.5)], cuts=[("a", "c", 9.0, "rival")])
        assign_ids(con, run)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("ONEGRID_KEY", raising=False)
    folder = tmp_path / "home"
    ensure_key(folder)
    work(folder, list("abcde"), 1)
    for name in ("wang", "li", "head", "w"):
        an_account(folder, name, *ALL)
    return folder


def told(result: Result) -> str:
    return result.output + (str(result.exception) if result.exception else "")


def next_items(home: Path) -> list[dict[str, str]]:
    done = onegrid("review", "next", "--home", home, "--format", "json")
    assert done.exit_code == 0, told(done)
    items: list[dict[str, str]] = json.loads(done.stdout)
    return items


def decisions(home: Path) -> list[dict[str, str]]:
    done = onegrid("review", "list", "--home", home, "--format", "json")
    assert done.exit_code == 0, told(done)
    rows: list[dict[str, str]] = json.loads(done.stdout)
    return rows


def test_asking_deciding_and_listing(home: Path) -> None:
    items = next_items(home)
    assert len(items) == 3
    assert NAME in json.dumps(items, ensure_ascii=False)
    shown = onegrid("review", "next", "-n", "1", "--home", home)
    assert "姓名 name" in shown.stdout
    done = onegrid("review", "decide", items[0]["item 编号"], "different", "--by", "wang", "--why", "两份档案", "--home", home)
    assert done.exit_code == 0, told(done)
    assert "from the next run on" in done.output
    assert [(row["verdict"], row["by"], row["status"]) for row in decisions(home)] == [("different", "wang", "applied")]
    assert items[0]["item 编号"] not in {item["item 编号"] for item in next_items(home)}
    assert "两份档案" in onegrid("review", "list", "--home", home).stdout


def test_contradictions_are_told(home: Path) -> None:
    item = next_items(home)[0]["item 编号"]
    for by, verdict in (("wang", "same"), ("li", "different")):
        done = onegrid("review", "decide", item, verdict, "--by", by, "--why", "seen", "--home", home)
        assert done.exit_code == 0, told(done)
    assert "does not act" in done.output
    rows = json.loads(onegrid("review", "conflicts", "--home", home, "--format", "json").stdout)
    assert {(row["kind"], row["by"]) for row in rows} == {("reviewers", "wang"), ("reviewers", "li")}
    assert "互相矛盾" in onegrid("review", "conflicts", "--home", home).stdout
    onegrid("review", "decide", item, "same", "--by", "head", "--why", "seen both", "--overrule", "--home", home)
    assert json.loads(onegrid("review", "conflicts", "--home", home, "--format", "json").stdout) == []


@pytest.mark.parametrize("suffix", [".xlsx", ".csv", ".json"])
def test_export_and_import(home: Path, tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"items{suffix}"
    done = onegrid("review", "export", "--out", out, "--home", home)
    assert done.exit_code == 0, told(done)
    assert HEALTH.encode() not in out.read_bytes()
    filled = tmp_path / "filled.json"
    names = [item["item 编号"] for item in next_items(home)]
    lines = [{"item": names[0], "verdict": "same", "reason": "seen"}, {"item": names[1], "verdict": "perhaps", "reason": NAME},
             {"item": names[2], "verdict": "", "reason": ""}]  # fmt: skip
    filled.write_text(json.dumps(lines), encoding="utf-8")
    done = onegrid("review", "import", filled, "--by", "wang", "--home", home)
    assert done.exit_code == 1
    assert "line 3" in done.output
    assert NAME not in done.output
    assert len(decisions(home)) == 1
    again = onegrid("review", "import", filled, "--by", "wang", "--home", home)
    assert "known" in again.output
    assert len(decisions(home)) == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param(("review", "next", "--purpose", "elderly_care"), "data_quality", id="another purpose"),
        pytest.param(("review", "next", "--purpose", "curiosity"), "curiosity", id="no purpose"),
        pytest.param(
            ("review", "export", "--out", "x.csv", "--purpose", "public_health"), "data_quality", id="export, another purpose"
        ),
        pytest.param(("review", "decide", "R1", "same", "--by", "w", "--why", "x"), "no item", id="an unknown item"),
        pytest.param(("review", "import", "nowhere.csv", "--by", "w"), "cannot be read", id="a file that is not there"),
        pytest.param(("review", "export", "--out", "x.doc"), "none of these", id="another kind of file"),
        pytest.param(("person", "history", "P99999999999"), "no person", id="an unknown person"),
        pytest.param(("person", "history", "P00000000001", "--purpose", "schooling"), "data_quality", id="history, another purpose"),
    ],
)
def test_refusals_say_what_to_do(home: Path, arguments: tuple[str, ...], words: str) -> None:
    done = onegrid(*arguments, "--home", home)
    assert done.exit_code == 1
    assert isinstance(done.exception, OneGridError)
    assert words in str(done.exception)


def test_while_a_run_is_under_way_it_is_said(home: Path) -> None:
    with writer_lock(home):
        done = onegrid("review", "next", "--home", home)
    assert isinstance(done.exception, StoreInUse)
    assert "a run is under way" in str(done.exception)


def test_before_the_first_run_nothing_is_made(tmp_path: Path) -> None:
    done = onegrid("review", "next", "--home", tmp_path / "nowhere")
    assert "no installation" in str(done.exception)
    assert not (tmp_path / "nowhere").exists()


def test_decisions_outlive_the_working_state_and_act_in_the_next_run(home: Path) -> None:
    item = next_items(home)[0]["item 编号"]
    onegrid("review", "decide", item, "same", "--by", "wang", "--why", "seen", "--home", home)
    for file in home.glob("warehouse.duckdb*"):
        file.unlink()
    with open_working(home) as con:
        put_mentions(con, "ac")
        attach_decisions(con, home)
        attach_decisions(con, home)
        assert bring_to_mentions(con).applied == 1
        assert con.execute("SELECT mention_l, mention_r, verdict FROM decided").fetchall() == [(ord("a"), ord("c"), "same")]


def test_the_file_of_decisions_is_encrypted(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    item = next_items(home)[0]["item 编号"]
    onegrid("review", "decide", item, "same", "--by", "wang", "--why", NAME, "--home", home)
    for file in home.glob(f"{DECISIONS_FILE}*"):
        assert NAME.encode() not in file.read_bytes()
    monkeypatch.setenv("ONEGRID_KEY", "a wrong key of more than sixteen characters")
    with pytest.raises(WrongKey), open_review(home):
        pass


def test_the_working_state_is_not_changed_by_reviewing(home: Path) -> None:
    before = (home / "warehouse.duckdb").read_bytes()
    item = next_items(home)[0]["item 编号"]
    onegrid("review", "decide", item, "same", "--by", "wang", "--why", "seen", "--home", home)
    assert (home / "warehouse.duckdb").read_bytes() == before


def test_the_story_of_a_person(home: Path) -> None:
    work(home, ["ab", "c", "d", "e"], 2)
    done = onegrid("person", "history", "P00000000002", "--home", home, "--format", "json")
    assert done.exit_code == 0, told(done)
    events = json.loads(done.stdout)
    assert [(event["run"], event["kind"]) for event in events if event["kind"] != "given"] == [(2, "members"), (2, "merged")]
    table = onegrid("person", "history", "P00000000002", "--home", home)
    assert "并入" in table.stdout
    assert "merged into" in table.stdout


def test_the_story_tells_no_restricted_record(home: Path) -> None:
    work(home, ["ae", "b", "c", "d"], 2)
    done = onegrid("person", "history", "P00000000001", "--home", home, "--format", "json")
    assert done.exit_code == 0, told(done)
    assert HEALTH not in done.stdout
    assert all(key.startswith("household_registration/") for event in json.loads(done.stdout) for key in event["between"])
