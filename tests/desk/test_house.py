"""`onegrid house` and `onegrid audit` as a user calls them: the seed story, words, refusals, the log."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from desk.cli import app
from sources.errors import OneGridError
from tests.accounts import ALL, an_account
from tests.desk.cities import onegrid as onegrid_process
from tests.desk.conftest import City
from tests.warehouse.house_cases import put_home
from warehouse import audit
from warehouse.audit import AuditProblem, Entry
from warehouse.keys import VARIABLE, ensure_key
from warehouse.purposes import PurposeRefused
from warehouse.snapshots import open_snapshot

ADDRESS = "沙市区中山街道绿化村社区园林路18号2栋1单元301室"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv(VARIABLE, raising=False)
    folder = tmp_path / "home"
    ensure_key(folder)
    put_home(folder)
    for name in ("grid-7", "a", "b", "c", "officer", "somebody"):
        an_account(folder, name, *ALL)
    return folder


def entries(home: Path) -> list[Entry]:
    """What was done after the accounts were made."""
    return [entry for entry in audit.entries(home) if entry.command != "users"]


def onegrid(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def house(home: Path, asked: str, *more: str, purpose: str = "grid_service", by: str = "grid-7") -> Result:
    return onegrid("house", asked, "--purpose", purpose, "--by", by, "--home", home, *more)


def as_json(result: Result) -> Any:
    assert result.exception is None, result.exception
    return json.loads(result.stdout)


def test_the_grid_worker_reaches_the_owner_upstairs(home: Path) -> None:
    result = house(home, ADDRESS)
    assert result.exit_code == 0
    for told in ("周桂英", "13900000301", "82", "独居", "上一层", "401室", "李国富", "13900000900", "住在别处", "登记为出租", "陈租客"):
        assert told in result.stdout
    assert "陈小宝" not in result.stdout
    assert onegrid("audit", "verify", "--home", home).exit_code == 0
    (entry,) = entries(home)
    assert (entry.user, entry.purpose, entry.persons) == ("grid-7", "grid_service", ("P301", "P900", "P401"))


def test_english_is_a_choice(home: Path) -> None:
    told = house(home, ADDRESS, "--lang", "en").stdout
    assert "lives elsewhere" in told
    assert "above" in told
    assert "独居" not in told


def test_json_has_the_documented_shape(home: Path) -> None:
    told = as_json(house(home, ADDRESS, "--below", "--beside", "--format", "json"))
    assert set(told) == {"as_of", "purpose", "reach", "message", "gone_on", "dwellings", "around", "offers"}
    assert [(side["where"], side["side"], [one["address"][-4:] for one in side["dwellings"]]) for side in told["around"]] == [
        ("above", "found", ["401室"]), ("below", "found", ["201室"]), ("beside", "found", ["302室"])]  # fmt: skip
    (upstairs,) = told["around"][0]["dwellings"]
    assert upstairs["owner"]["contact_phone"] == "13900000900"
    assert told["around"][2]["dwellings"][0]["use"] == "vacant"


@pytest.mark.parametrize(("asked", "told"), [
    ("园林路18号2栋", "只能确定到楼栋"), ("北京市朝阳区建国路1号", "不在本市"), ("同上", "看不出"), ("9" * 19, "没有这个地址"),
    ("沙市区中山街道", "只能确定到乡镇街道"), ("[red]x[/red]", "看不出"),
])  # fmt: skip
def test_what_leads_nowhere_is_said_in_words(home: Path, asked: str, told: str) -> None:
    result = house(home, asked)
    assert result.exit_code == 0
    assert told in result.stdout
    assert "1390000" not in result.stdout


def test_the_offered_code_leads_on(home: Path) -> None:
    offers = as_json(house(home, "园林路18号2栋", "--format", "json"))["offers"]
    code = next(one["dwelling_code"] for one in offers if one["address"].endswith("301室"))
    assert as_json(house(home, code, "--format", "json"))["dwellings"][0]["residents"][0]["name"] == "周桂英"


def refused(result: Result) -> OneGridError:
    assert result.exit_code != 0
    assert result.stdout == ""
    assert isinstance(result.exception, OneGridError)
    return result.exception


def test_a_closed_purpose_is_refused_and_logged(home: Path) -> None:
    problem = refused(house(home, ADDRESS, purpose="emergency_response"))
    assert isinstance(problem, PurposeRefused)
    assert "grid_service" in problem.remedy
    assert [entry.outcome for entry in entries(home)] == ["refused"]


def test_no_entry_no_answer(home: Path) -> None:
    house(home, ADDRESS)
    (home / audit.HEAD_FILE).unlink()
    assert isinstance(refused(house(home, ADDRESS)), AuditProblem)


def test_verify_names_the_fault(home: Path) -> None:
    for user in ("a", "b", "c"):
        house(home, ADDRESS, by=user)
    noted = audit.verify(home).newest
    assert onegrid("audit", "verify", "--home", home, "--since", noted).exit_code == 0
    assert onegrid("audit", "verify", "--home", home, "--since", "0" * 63 + "1").exit_code == 1
    log = home / audit.LOG_FILE
    log.write_bytes(log.read_bytes().replace(b'"user":"b"', b'"user":"x"'))
    result = onegrid("audit", "verify", "--home", home)
    assert result.exit_code == 1
    assert "内容被改动" in result.stdout


def test_the_officer_sees_who_looked_and_is_recorded(home: Path) -> None:
    house(home, ADDRESS, by="a")
    house(home, "同上", by="b")
    shown = as_json(onegrid("audit", "show", "--home", home, "--by", "officer", "--person", "P900", "--format", "json"))
    assert [entry["user"] for entry in shown] == ["a"]
    assert [(entry.user, entry.command) for entry in entries(home)] == [("a", "house"), ("b", "house"), ("officer", "audit show")]
    assert "P900" in onegrid("audit", "show", "--home", home, "--by", "officer", "--user", "a").stdout


@pytest.mark.parametrize("purpose", ["grid_service", "statistics", "nothing"])
def test_the_log_is_closed_to_other_purposes_and_the_attempt_is_recorded(home: Path, purpose: str) -> None:
    refused(onegrid("audit", "show", "--home", home, "--by", "somebody", "--purpose", purpose))
    (entry,) = entries(home)
    assert (entry.user, entry.outcome, entry.persons) == ("somebody", "refused", ())


def test_a_wrong_purpose_ends_with_one_line_and_exit_code_one(home: Path) -> None:
    result = onegrid_process("house", ADDRESS, "--purpose", "statistics", "--by", "grid-7", "--home", home)
    assert result.returncode == 1
    assert result.stdout == ""
    assert "error" in result.stderr
    assert "Traceback" not in result.stderr


def test_every_dwelling_of_a_loaded_city_is_found_by_its_address(city: City, tmp_path: Path) -> None:
    """A sample of all storeys: by the standard address the same dwelling as by its code, and the one above it is above."""
    copy = city.copy(tmp_path)
    an_account(copy.home, "grid-7", *ALL)
    before = audit.verify(copy.home).entries
    with open_snapshot(copy.home) as con:
        rows = con.execute("""SELECT dwelling_code, standard_address FROM current_house_registry
                              WHERE room LIKE '%室' QUALIFY count(*) OVER (PARTITION BY standard_address) = 1
                              ORDER BY hash(dwelling_code) LIMIT 6""").fetchall()
    assert rows
    for code, address in rows:
        by_code, by_text = (as_json(house(copy.home, asked, "--format", "json")) for asked in (code, address))
        assert by_code == by_text
        assert [one["dwelling_code"] for one in by_code["dwellings"]] == [code]
        for above in by_code["around"][0]["dwellings"]:
            assert above["address"].split("单元")[0] == address.split("单元")[0]
    assert audit.verify(copy.home).entries == before + 2 * len(rows)
