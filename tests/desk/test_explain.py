"""`onegrid explain` on a city that has run: answers, files, refusals; and it writes nothing into the home but the audit entry."""

from __future__ import annotations

import fcntl
import hashlib
import json
from pathlib import Path

import pytest

from desk.explaining import ExplainRequest, answer_explain, open_for_reading
from resolvers.explanation import ExplanationProblem
from tests.desk.cities import onegrid
from tests.desk.conftest import City
from warehouse.keys import ensure_key
from warehouse.purposes import PurposeRefused
from warehouse.store import StoreInUse, StoreProblem


@pytest.fixture(scope="module")
def linked(city: City) -> tuple[str, str]:
    """Two records of one number."""
    with open_for_reading(city.home) as con:
        row = con.execute("""
            SELECT list(concat_ws(':', category, natural_key, role) ORDER BY mention_id)
            FROM unit_mention JOIN mention USING (mention_id)
            WHERE number IS NOT NULL AND category IN ('household_registration', 'medical_insurance') AND subject
            GROUP BY unit_id HAVING count(DISTINCT category) = 2 ORDER BY min(mention_id) LIMIT 1""").fetchone()
    assert row is not None
    return row[0][0], row[0][-1]


def contents(home: Path) -> dict[str, str]:
    return {
        str(file.relative_to(home)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(home.rglob("*")) if file.is_file() and not file.name.startswith(("audit.", "office."))
    }


def test_the_command_answers_and_writes_its_files(city: City, linked: tuple[str, str], tmp_path: Path) -> None:
    before = contents(city.home)
    page, picture = tmp_path / "why.html", tmp_path / "why.png"
    done = onegrid("explain", *linked, "--home", city.home, "--html", page, "--png", picture, "--format", "json", "--language", "en")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert (answer["joined"], answer["ground"]) == (True, "nucleus")
    assert answer["sentences"][1].startswith("Ground: they carry one valid ID number")
    assert "are one person" in page.read_text(encoding="utf-8")
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert contents(city.home) == before


def test_words_are_chinese_unless_asked_otherwise(city: City, linked: tuple[str, str]) -> None:
    done = onegrid("explain", *linked, "--home", city.home)
    assert done.returncode == 0, done.stderr
    assert "被认定为同一人" in done.stdout
    assert "同号核心" in done.stdout


def test_two_persons(city: City, capsys: pytest.CaptureFixture[str]) -> None:
    with open_for_reading(city.home) as con:
        rows = con.execute("SELECT person_id FROM mention_person WHERE subject ORDER BY category, natural_key LIMIT 200").fetchall()
    first, second = sorted({row[0] for row in rows})[:2]
    answer_explain(city.home, ExplainRequest(first, second, output="json"))
    answer = json.loads(capsys.readouterr().out)
    assert not answer["joined"]
    assert {answer["a"]["person_id"], answer["b"]["person_id"]} == {first, second}


@pytest.mark.parametrize("purpose", ["elderly_care", "statistics", "public_health", "marketing"])
def test_other_purposes_are_refused(city: City, linked: tuple[str, str], purpose: str) -> None:
    done = onegrid("explain", *linked, "--home", city.home, "--purpose", purpose)
    assert done.returncode == 1
    assert purpose in done.stderr
    assert "Traceback" not in done.stderr
    assert not done.stdout


def test_bad_input_is_one_message(city: City, linked: tuple[str, str]) -> None:
    done = onegrid("explain", linked[0], "legal_aid:420000199901011234", "--home", city.home)
    assert done.returncode == 1
    assert "no current record" in done.stderr
    assert "420000199901011234" not in done.stderr
    with pytest.raises(ExplanationProblem, match="the same"):
        answer_explain(city.home, ExplainRequest(linked[0], linked[0]))


def test_a_run_under_way_is_told(city: City, linked: tuple[str, str], tmp_path: Path) -> None:
    lock = city.home / "lock"
    with lock.open("r+b") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(StoreInUse, match="a run is writing"):
            answer_explain(city.home, ExplainRequest(*linked))
    ensure_key(tmp_path)
    with pytest.raises(StoreProblem, match="no working store"):
        answer_explain(tmp_path, ExplainRequest(*linked))


def test_an_unknown_purpose_names_the_known_ones(city: City, linked: tuple[str, str]) -> None:
    with pytest.raises(PurposeRefused, match="data_quality"):
        answer_explain(city.home, ExplainRequest(*linked, purpose="marketing"))


def test_a_missing_folder_is_refused_before_any_work(city: City, linked: tuple[str, str], tmp_path: Path) -> None:
    done = onegrid("explain", *linked, "--home", city.home, "--html", tmp_path / "nowhere" / "why.html")
    assert done.returncode == 1
    assert "does not exist" in done.stderr
