"""`onegrid visits`: the form empty and prefilled, and results that tell a grid worker no more than the purpose opens."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest
from typer.testing import CliRunner

from desk.cli import app
from desk.visits import OUTCOMES
from sources.catalogue import load_catalogue
from sources.ledger import create_tables
from tests.accounts import NOW, an_account
from tests.factories import a_record, insert
from tests.warehouse.profiles import a_person, create_profiles
from warehouse import audit
from warehouse.access import AccessRefused, Grant, Role, identify
from warehouse.access.identity import TOKEN_VARIABLE, USER_VARIABLE
from warehouse.keys import VARIABLE, ensure_key
from warehouse.snapshots import open_snapshot, publish
from warehouse.store import open_working
from warehouse.visits import build, forms
from warehouse.visits.results import PASSED_ON, results
from warehouse.visits.routing import form, load_routing

GRID, OTHER = "421002001001001", "421002001001002"
AREA: dict[str, Any] = {"residence_county": GRID[:6], "residence_township": GRID[:9], "residence_community": GRID[:12]}
HOME, NEXT_DOOR = f"{GRID[:12]}0000001", f"{GRID[:12]}0000002"
AS_OF, DAY = date(2025, 6, 1), date(2025, 6, 2)
SAID = {"job_wanted": "3", "family_doctor_wanted": "1"}
AGREES = {"lives_here": "1", "consent_registration": "1", "consent_services": "1"}


def a_city(con: duckdb.DuckDBPyConnection) -> None:
    """Chen and Li live in one dwelling of the grid, Wang in the neighbouring grid. Of Li every register says what Li will say."""
    create_tables(con)
    create_profiles(con, published=False)
    for code, grid in ((HOME, GRID), (NEXT_DOOR, OTHER)):
        a_record(con, "house_registry", dwelling_code=code, grid_code=grid, standard_address="园林路18号", natural_key=code)
    known: dict[str, Any] = {"job_seeking_intent": "3", "family_doctor_team": "1"}
    for person, name, grid, code, held in (("chen", "陈秀英", GRID, HOME, {}), ("wang", "=王五", OTHER, NEXT_DOOR, {}),
                                           ("li", "李国富", GRID, HOME, known)):
        a_person(con, person, published=False, name=name, age=50, dwelling_id=code, residence_grid=grid, residence_address="园林路18号",
                 contact_phone="19900000001", **AREA, **held)  # fmt: skip
    for key, person, name, phone in (("V-0", "chen", "陈秀英", "19900000002"), ("V-1", "li", "李国富", "19900000001")):
        insert(con, "current_grid_visits", natural_key=key, visit_no=key, delivery_date=DAY, visit_date=DAY, grid_code=GRID,
               dwelling_code=HOME, name=name, person_id=person, phone=phone, **AGREES, **SAID)
    strangers = {"V-8": {"name": "=王五", "id_number": "421099195503121266", "id_number_state": "valid"},
                 "V-9": {"name": "赵敏", "id_number": "421099199105185374", "id_number_state": "valid"}}
    for key, stranger in strangers.items():
        insert(con, "current_grid_visits", natural_key=key, visit_no=key, delivery_date=DAY, visit_date=DAY, grid_code=GRID,
               dwelling_code=HOME, birth_date="1991-05-18", phone="19900000001", **AGREES, **SAID, **stranger)  # fmt: skip
    con.execute("UPDATE profile_open SET id_number = '421099195503121266' WHERE person_id = 'wang'")
    a_record(con, "household_registration", "chen", natural_key="HR1", phone="19900000001", status="1")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        for name in (VARIABLE, TOKEN_VARIABLE, USER_VARIABLE):
            patch.delenv(name, raising=False)
        folder = tmp_path_factory.mktemp("visits") / "home"
        ensure_key(folder)
        with open_working(folder) as con:
            a_city(con)
            build(con, folder)
            publish(con, folder, AS_OF, "run", "a city")
        an_account(folder, "grid-1", Grant(Role.GRID_WORKER, "grid_service_centre", (GRID,), ("grid_service",)))
        an_account(folder, "grid-2", Grant(Role.GRID_WORKER, "grid_service_centre", (OTHER,), ("grid_service",)))
        yield folder


def sheet_of(file: Path) -> list[dict[str, str | None]]:
    sheet = openpyxl.load_workbook(file)["入户登记"]
    head, *rows = sheet.iter_rows(values_only=True)
    names = {column.header: column.name for column in form().columns}
    return [{names[str(header)]: str(cell) for header, cell in zip(head, row, strict=True) if cell is not None} for row in rows if any(row)]


def test_the_empty_form_has_every_header_and_a_list_for_every_code(tmp_path: Path) -> None:
    file = tmp_path / "form.xlsx"
    forms.write_workbook(file)
    book = openpyxl.load_workbook(file)
    assert [cell.value for cell in book["入户登记"][1]] == [column.header for column in form().columns]
    assert book["代码"].sheet_state == "hidden"
    assert len(book["入户登记"].data_validations.dataValidation) == sum(column.codes is not None for column in form().columns)


def test_the_schema_for_terminals_says_what_the_contract_says() -> None:
    schema = forms.json_schema()
    assert list(schema["properties"]) == [column.header for column in form().columns]
    assert schema["required"] == [column.header for column in form().columns if column.required]
    assert schema["properties"]["是否居住在此"]["enum"] == ["是", "否"]


def test_a_prefilled_form_holds_the_own_grid_and_only_what_finds_the_person(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "form.xlsx"
    done = CliRunner().invoke(app, ["visits", "form", "--grid", GRID, "--out", str(file), "--home", str(home), "--user", "grid-1"])
    assert done.exit_code == 0, done.output
    rows = sheet_of(file)
    assert [row["person_id"] for row in rows] == ["chen", "li"]
    assert {column for row in rows for column in row} == {"visit_no", "grid_worker", "grid_code", *forms.PREFILLED.values()}
    assert set(forms.PREFILLED) <= set(load_catalogue().feeds[forms.FEED].columns)
    entry = audit.entries(home)[-1]
    assert (entry.user, entry.purpose, sorted(entry.persons), entry.rows) == ("grid-1", "grid_service", ["chen", "li"], 2)


def test_a_name_like_a_formula_stays_a_name(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "form.xlsx"
    forms.write_workbook(file, forms.prefill(home, identify(home, "grid-2"), OTHER, now=NOW).lines)
    assert [row["name"] for row in sheet_of(file)] == ["=王五"]
    with zipfile.ZipFile(file) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")


@pytest.mark.parametrize("command", ["form", "results"])
@pytest.mark.parametrize("user", ["grid-2", "nobody"])
def test_another_grid_is_refused_and_the_attempt_is_recorded(home: Path, tmp_path: Path, command: str, user: str) -> None:
    out = ["--out", str(tmp_path / "form.xlsx")] if command == "form" else []
    done = CliRunner().invoke(app, ["visits", command, "--grid", GRID, "--home", str(home), "--user", user, *out])
    assert isinstance(done.exception, AccessRefused)
    assert list(tmp_path.iterdir()) == []
    assert audit.entries(home)[-1].outcome == "refused"


@pytest.mark.parametrize(("grid", "out"), [(None, "form.pdf"), (GRID, "form.json"), (GRID, "there.xlsx")])
def test_a_form_that_cannot_be_written_is_refused_before_a_look(home: Path, tmp_path: Path, grid: str | None, out: str) -> None:
    (tmp_path / "there.xlsx").write_text("mine", encoding="utf-8")
    before = len(audit.entries(home))
    options = ["--grid", grid, "--home", str(home), "--user", "grid-1"] if grid else []
    done = CliRunner().invoke(app, ["visits", "form", "--out", str(tmp_path / out), *options])
    assert isinstance(done.exception, forms.NoForm)
    assert (tmp_path / "there.xlsx").read_text(encoding="utf-8") == "mine"
    assert len(audit.entries(home)) == before


def told(home: Path, states: dict[str, str] | None = None) -> dict[tuple[str, str | None], str]:
    def states_of(_: Path, ids: Sequence[str]) -> dict[str, str]:
        return dict.fromkeys(ids, "accepted") if states is None else states

    found = results(home, identify(home, "grid-1"), GRID, states_of, now=NOW)
    return {(one.visit_no, one.fact): one.outcome for one in found}


def test_of_what_the_purpose_opens_the_worker_learns_what_became_of_it(home: Path) -> None:
    assert (told(home)["V-0", "phone"], told(home)["V-1", "phone"]) == ("accepted", "same")
    assert told(home, {})["V-0", "phone"] == "offered"


@pytest.mark.parametrize("fact", [name for name, fact in load_routing().items() if not fact.is_open])
def test_of_the_rest_the_answer_is_the_same_whatever_the_registers_say(home: Path, fact: str) -> None:
    """Chen's wishes are new to every register, Li's are known to all: the worker cannot tell the one from the other."""
    answers = told(home)
    assert {answers.get((line, fact), PASSED_ON) for line in ("V-0", "V-1")} == {PASSED_ON}
    if fact in {"job", "family_doctor"}:
        assert {(line, fact) for line in ("V-0", "V-1")} <= answers.keys()


def test_somebody_of_another_grid_cannot_be_told_from_somebody_whom_nobody_knows(home: Path) -> None:
    """Wang lives elsewhere and was found by the number; Zhao is in no register."""
    assert {key: outcome for key, outcome in told(home).items() if key[0] in {"V-8", "V-9"}} == {
        ("V-8", "residence"): PASSED_ON, ("V-9", "residence"): PASSED_ON}
    with open_snapshot(home) as con:
        assert con.execute("SELECT DISTINCT fact FROM visit_statement WHERE visit_no = 'V-9'").fetchall() == [("newcomer",)]


def test_results_name_nobody(home: Path) -> None:
    done = CliRunner().invoke(app, ["visits", "results", "--grid", GRID, "--home", str(home), "--user", "grid-1", "--format", "json"])
    assert {tuple(one) for one in json.loads(done.stdout)} == {("visit_no", "visited_on", "fact", "outcome", "department")}
    assert not any(word in done.stdout for word in ("chen", "陈秀英", "1990000", "HR1"))
    assert sorted(audit.entries(home)[-1].persons) == ["chen", "li", "wang"]


def test_a_city_without_the_form_answers_with_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(USER_VARIABLE, raising=False)
    ensure_key(tmp_path)
    with open_working(tmp_path) as con:
        create_tables(con)
        create_profiles(con, published=False)
        publish(con, tmp_path, AS_OF, "run", "before the form")
    assert results(tmp_path, identify(tmp_path, None), GRID, lambda *_: {}, now=NOW) == []


def test_every_outcome_has_words() -> None:
    assert {"same", "differs", "new", "older_visit", "register_newer", "no_consent", "no_owner", "not_asked", "unclear", PASSED_ON,
            "offered", "accepted", "rejected", "done", "withdrawn"} - {"differs", "new"} == set(OUTCOMES)
