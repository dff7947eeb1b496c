"""The gate at the command line: every command is refused without a grant, and what people with grants are shown."""

from __future__ import annotations

import enum
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
import typer
from typer.testing import CliRunner, Result

from desk.cli import app
from desk.commands.options import RoleName
from sources.catalogue import load_catalogue
from sources.tables import SHARED_TABLES, category_tables, create_table
from tests.accounts import ALL, NOW, an_account
from tests.factories import insert
from tests.warehouse.house_cases import AS_OF, GREEN, LAKE, create_street, seed_story
from tests.warehouse.profiles import a_person
from warehouse import audit
from warehouse.access import AccessRefused, Grant, Request, Role, gate, identify
from warehouse.access.identity import TOKEN_VARIABLE, USER_VARIABLE, login_name
from warehouse.access.rules import OPEN
from warehouse.audit.model import Entry
from warehouse.keys import VARIABLE, ensure_key
from warehouse.profile import recorded_attributes
from warehouse.snapshots import publish, table_names
from warehouse.store import open_working

OWN, NEIGHBOUR = f"{GREEN}001", f"{LAKE}001"
AT: dict[str, Any] = {"residence_county": GREEN[:6], "residence_township": GREEN[:9], "residence_community": GREEN, "residence_grid": OWN}
NEXT: dict[str, Any] = {"residence_county": LAKE[:6], "residence_township": LAKE[:9], "residence_community": LAKE,
                        "residence_grid": NEIGHBOUR}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The street of the house lookup, in one grid; two elders in the own grid, three in the neighbouring one; and people with grants."""
    with pytest.MonkeyPatch.context() as patch:
        for name in (VARIABLE, TOKEN_VARIABLE, USER_VARIABLE):
            patch.delenv(name, raising=False)
        folder = tmp_path_factory.mktemp("gate") / "home"
        ensure_key(folder)
        with open_working(folder) as con:
            create_street(con, published=False)
            seed_story(con, published=False)
            con.execute(f"UPDATE current_house_registry SET grid_code = '{OWN}'")
            for number, place in enumerate([AT, AT, NEXT, NEXT, NEXT]):
                a_person(con, f"E{number}", published=False, name=f"老人{number}", age=80 + number, id_number=f"42100219400101001{number}",
                         sex="1", contact_phone="13900000777", **place)  # fmt: skip
            for person, category in (("E0", "health_records"), ("E2", "health_records"), ("E1", "student_enrolment")):
                insert(con, "mention_person", record_id=int(person[1:]) + 900, category=category, natural_key=person, role="holder",
                       subject=True, person_id=person)  # fmt: skip
            the_other_tables(con)
            for person, dwelling in (("E0", "own"), ("E2", "next")):
                insert(con, "household", kind="residence", household_key=dwelling, dwelling_code=dwelling, size=1, head=person)
                insert(con, "household_member", kind="residence", household_key=dwelling, person_id=person, counted=True)
            for code, level, parent in ((GREEN, "community", GREEN[:9]), (OWN, "grid", GREEN), (NEIGHBOUR, "grid", LAKE)):
                insert(con, "area", code=code, level=level, name=f"区域{code}", parent=parent)
            publish(con, folder, AS_OF, "run", "a street")
        an_account(folder, "nobody")
        an_account(folder, "grid-7", Grant(Role.GRID_WORKER, "grid_service_centre", (OWN,), ("grid_service",)))
        an_account(folder, "centre", Grant(Role.CASE_WORKER, "grid_service_centre"))
        an_account(folder, "health-steward", Grant(Role.STEWARD, "health"))
        an_account(folder, "analyst", Grant(Role.ANALYST, "grid_service_centre"))
        an_account(folder, "operator", Grant(Role.OPERATOR, "operator"))
        an_account(folder, "everybody", *ALL)
        yield folder


DERIVED = {
    "household": "kind household_key household_no household_type dwelling_code township_code head size:BIGINT",
    "household_member": "kind household_key person_id relation joined_by:VARCHAR[] dwelling_by separated counted:BOOLEAN record_id:BIGINT",
    "residence_claim": "person_id record_id:BIGINT category column_name valid_from:DATE valid_to:DATE dated_by standing "
                       "outside_city:BOOLEAN township_code community_code dwelling_code level method score:DOUBLE placed_by past_address",
    "residence_history": "person_id outside_city:BOOLEAN township_code community_code dwelling_code valid_from:DATE valid_to:DATE "
                         "claims:BIGINT categories:VARCHAR[] registered_only:BOOLEAN present:BOOLEAN",
    "area": "code level name parent", "area_count": "readers area_code measure value people:BIGINT",
}  # fmt: skip
"""Tables that a run makes from others, by column; what has no type is text."""


def the_other_tables(con: duckdb.DuckDBPyConnection) -> None:
    """What a snapshot has beside the street, empty."""
    present = set(table_names(con))
    tables = dict(SHARED_TABLES) | {name: columns for contract in load_catalogue().contracts.values()
                                    for name, columns in category_tables(contract).items()}
    tables |= {f"profile_record{suffix}": {"person_id": "VARCHAR"} | dict.fromkeys(sorted(recorded_attributes()), "BIGINT")
               for suffix in ("", "_open")}
    for name, words in DERIVED.items():
        tables[name] = {column: kind or "VARCHAR" for column, _, kind in (word.partition(":") for word in words.split())}
    for name, columns in tables.items():
        if name not in present:
            con.execute(create_table(name, columns))


def onegrid(home: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--home", str(home)])


def last(home: Path) -> Entry:
    return audit.entries(home)[-1]


# Every command


def commands(group: Any, path: tuple[str, ...] = ()) -> list[tuple[str, Any]]:
    """Every leaf with the words that lead to it."""
    if not hasattr(group, "commands"):
        return [(" ".join(path), group)]
    return [found for name, one in group.commands.items() for found in commands(one, (*path, name))]


LEAVES = dict(commands(typer.main.get_command(app)))
STATED = {"purpose": "data_quality", "department": "civil_affairs", "person": "E0", "person_id": "E0", "module": "jianli_mutual_aid",
          "community": LAKE, "grid": OWN}  # fmt: skip
EXTRA = {"query": ["--text", "沙市区独居老人"], "profile": ["E0"], "subject restrict": ["--attribute", "name"]}
"""What a command needs beside its required parameters, so that it gets as far as the gate."""


def value_of(parameter: Any, folder: Path) -> str:
    """Something that a required parameter takes."""
    kind = parameter.type_descriptor.annotation
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return str(next(iter(kind)).value)
    if parameter.name == "out":
        return str(folder / "out.json")
    if kind is Path:
        file = folder / "given.csv"
        file.write_text("x\n1\n", encoding="utf-8")
        return str(file)
    return STATED.get(parameter.name, {int: "1", float: "1", datetime: "2025-01-01"}.get(kind, "x"))


def arguments_of(name: str, home: Path, folder: Path) -> list[str]:
    words = name.split(" ")
    for parameter in LEAVES[name].params:
        if parameter.name == "home":
            words += ["--home", str(home)]
        elif parameter.required:
            words += [*([] if parameter.param_type_name == "argument" else [parameter.opts[0]]), value_of(parameter, folder)]
    return [*words, *EXTRA.get(name, [])]


@pytest.mark.parametrize("name", sorted(LEAVES.keys() - OPEN.keys()))
def test_every_command_is_refused_without_a_grant_and_the_attempt_is_recorded(
    home: Path, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a new command only this has to be done: let it pass the gate, or say in OPEN why it need not."""
    before, files = len(audit.entries(home)), set(tmp_path.rglob("*"))
    monkeypatch.setenv(USER_VARIABLE, "nobody")
    words = arguments_of(name, home, tmp_path)
    files |= set(tmp_path.rglob("*"))
    result = CliRunner().invoke(app, [*words, *(["--by", "nobody"] if name == "audit show" else [])])
    assert isinstance(result.exception, AccessRefused), (words, result.exception, result.output)
    assert result.stdout == ""
    assert set(tmp_path.rglob("*")) == files
    added = audit.entries(home)[before:]
    assert [(entry.user, entry.outcome, entry.persons) for entry in added] == [("nobody", "refused", ())]


def test_what_is_open_is_a_command() -> None:
    assert OPEN.keys() <= LEAVES.keys()


def test_roles_of_the_command_line_are_those_of_the_policy() -> None:
    assert [one.value for one in RoleName] == [one.value for one in Role]


# Areas


def count(home: Path, user: str, purpose: str = "grid_service") -> int:
    """Men where the purpose opens the sex, else people of 80 and over."""
    leaf = {"class": "age", "op": "ge", "value": 80} if purpose != "data_quality" else {"class": "sex", "op": "in", "value": ["1"]}
    query = json.dumps({"query": {"all": [leaf]}})
    words = ["query", "-", "--purpose", purpose, "--count", "--format", "json", "--home", str(home), "--user", user]
    result = CliRunner().invoke(app, words, input=query)
    assert result.exception is None, result.exception
    return int(json.loads(result.stdout)[0]["count"])


def test_counts_are_of_the_own_grid(home: Path) -> None:
    assert count(home, "grid-7") == 2
    assert count(home, "centre") == 6  # with 周桂英, who has no place in the profile


def test_rows_are_of_the_own_grid_and_all_of_them_are_in_the_log(home: Path) -> None:
    query = json.dumps({"query": {"all": [{"class": "age", "op": "ge", "value": 80}]}})
    words = ["query", "-", "--purpose", "grid_service", "--format", "json", "--home", str(home), "--user", "grid-7"]
    result = CliRunner().invoke(app, words, input=query)
    assert {row["person_id"] for row in json.loads(result.stdout)} == {"E0", "E1"}
    entry = last(home)
    assert (entry.user, entry.purpose, entry.command, entry.outcome, entry.persons, entry.rows) == (
        "grid-7", "grid_service", "query", "answered", ("E0", "E1"), 2)


@pytest.mark.parametrize(("person", "seen"), [("E0", True), ("E2", False)], ids=["own grid", "neighbour grid"])
def test_a_profile_of_the_own_grid(home: Path, person: str, seen: bool) -> None:
    result = onegrid(home, "profile", person, "--purpose", "grid_service", "--user", "grid-7", "--format", "json")
    assert (result.exit_code == 0) is seen
    assert ("老人" in result.stdout) is seen
    assert (last(home).outcome, last(home).persons) == (("answered", (person,)) if seen else ("nothing", ()))


@pytest.mark.parametrize("command", ["residence", "household"])
@pytest.mark.parametrize(("person", "seen"), [("E0", True), ("E2", False)], ids=["own grid", "neighbour grid"])
def test_residences_and_households_of_the_own_grid(home: Path, command: str, person: str, seen: bool) -> None:
    result = onegrid(home, command, person, "--purpose", "grid_service", "--user", "grid-7", "--format", "json")
    assert (result.exit_code == 0) is seen, result.exception
    entry, told = last(home), ("answered", (person,)) if seen else ("nothing", ())
    assert (entry.command, entry.outcome, entry.persons) == (command, *told)
    assert onegrid(home, command, person, "--purpose", "grid_service", "--user", "centre").exit_code == 0


@pytest.mark.parametrize(("area", "seen"), [(OWN, True), (NEIGHBOUR, False), (GREEN, False)], ids=["own", "neighbour", "around it"])
def test_counts_of_the_own_area(home: Path, area: str, seen: bool) -> None:
    result = onegrid(home, "area", area, "--purpose", "grid_service", "--user", "grid-7")
    assert (result.exit_code == 0) is seen, result.exception
    assert isinstance(result.exception, AccessRefused) is not seen
    assert last(home).outcome == ("answered" if seen else "refused")
    assert isinstance(onegrid(home, "area", area, "--purpose", "data_quality", "--user", "health-steward").exception, AccessRefused)


def test_an_id_number_asked_for_is_not_in_the_log(home: Path) -> None:
    onegrid(home, "profile", "--id-number", "421002194001010010", "--purpose", "elderly_care", "--user", "everybody", "--format", "json")
    assert last(home).persons == ("E0",)
    assert "421002194001010010" not in (home / audit.LOG_FILE).read_text(encoding="utf-8")


@pytest.mark.parametrize("asked", ["421002194001010010", "周桂英", "call 13900000777"])
def test_the_gate_keeps_values_out_of_the_log_even_when_a_caller_does_not(home: Path, asked: str) -> None:
    with gate.passing(home, identify(home, "operator"), Request("export", asked=asked), now=NOW) as pass_:
        pass_.saw((), 0)
    assert last(home).asked == audit.digest(home, asked)


# Stewards, analysts, operators


def test_a_steward_sees_the_persons_of_the_own_departments_records(home: Path) -> None:
    assert count(home, "health-steward", "data_quality") == 2
    assert count(home, "everybody", "data_quality") == 5
    for person, seen in (("E0", True), ("E2", True), ("E1", False)):
        result = onegrid(home, "profile", person, "--purpose", "data_quality", "--user", "health-steward", "--format", "json")
        assert (result.exit_code == 0) is seen, person


def test_an_analyst_counts_and_sees_no_row(home: Path) -> None:
    for words in (("profile", "E0", "--purpose", "statistics"), ("profile", "E0", "--purpose", "grid_service"),
                  ("query", "--text", "独居老人", "--purpose", "grid_service", "--count")):  # fmt: skip
        result = onegrid(home, *words, "--user", "analyst")
        assert result.exit_code == 1
        assert result.stdout == ""
        assert last(home).outcome == "refused"


def test_export_is_recorded_with_everybody_in_it(home: Path, tmp_path: Path) -> None:
    out = tmp_path / "deliveries.parquet"
    assert isinstance(onegrid(home, "export", "profiles", "--out", str(out), "--user", "centre").exception, AccessRefused)
    assert list(tmp_path.iterdir()) == []
    assert onegrid(home, "export", "profiles", "--out", str(out), "--user", "operator").exit_code == 0
    entry = last(home)
    assert (entry.user, entry.asked, entry.outcome, entry.rows) == ("operator", "profiles", "answered", 11)
    assert {"E0", "E4", "P301"} <= set(entry.persons)


def test_export_can_be_switched_off(home: Path, tmp_path: Path) -> None:
    (home / "config.toml").write_text("export = false\n", encoding="utf-8")
    try:
        result = onegrid(home, "export", "profiles", "--out", str(tmp_path / "x.parquet"), "--user", "operator")
    finally:
        (home / "config.toml").unlink()
    assert "switched off" in str(result.exception)
    assert list(tmp_path.iterdir()) == []
    assert last(home).outcome == "nothing"


def test_alerts_are_the_departments_own_and_serve_data_quality(home: Path) -> None:
    assert isinstance(onegrid(home, "alerts", "--department", "justice", "--user", "health-steward").exception, AccessRefused)
    assert onegrid(home, "alerts", "--department", "health", "--user", "health-steward").exit_code == 0
    entry = last(home)
    assert (entry.user, entry.purpose, entry.command, entry.asked) == ("health-steward", "data_quality", "alerts", "health")


# Accounts by command


def test_the_life_of_an_account(home: Path) -> None:
    def users(*words: str) -> Result:
        return onegrid(home, "users", *words, "--user", "operator")

    assert users("add", "wang", "--department", "civil_affairs", "--login", login_name()).exit_code == 0
    assert isinstance(onegrid(home, "query", "--text", "独居老人", "--purpose", "elderly_care", "--user", "wang").exception, AccessRefused)
    granted = users("grant", "wang", "case_worker", "--for", "civil_affairs", "--area", GREEN[:6], "--purpose", "elderly_care")
    assert granted.exit_code == 0, granted.exception
    assert count(home, "wang", "elderly_care") == 5
    shown = json.loads(users("list", "--format", "json").stdout)
    (wang,) = [one for one in shown if one["account"] == "wang"]
    assert [(one["role"], one["areas"], one["purposes"]) for one in wang["grants"]] == [("case_worker", [GREEN[:6]], ["elderly_care"])]
    token = users("token", "wang").stdout.split("\n")[0]
    assert identify(home, None, token=token).user == "wang"
    assert token not in json.dumps([entry.asked for entry in audit.entries(home)])
    assert users("revoke", "wang", str(wang["grants"][0]["number"])).exit_code == 0
    assert isinstance(onegrid(home, "profile", "E0", "--purpose", "elderly_care", "--user", "wang").exception, AccessRefused)
    assert users("retire", "wang").exit_code == 0
    assert identify(home, None, token=token).grants == ()
    decided = [entry.asked for entry in audit.entries(home) if entry.user == "operator" and entry.outcome == "decided"]
    assert decided == ["add wang", f"grant wang case_worker civil_affairs {GREEN[:6]} elderly_care", "token wang",
                       f"revoke wang {wang['grants'][0]['number']}", "retire wang"]


def test_no_change_without_its_entry(home: Path) -> None:
    """A log that is not whole takes no entry: then the account must not be there either."""
    head = (home / audit.HEAD_FILE).read_bytes()
    (home / audit.HEAD_FILE).unlink()
    try:
        assert onegrid(home, "users", "add", "ghost", "--department", "health", "--user", "operator").exit_code == 1
    finally:
        (home / audit.HEAD_FILE).write_bytes(head)
    assert identify(home, "ghost").problem == "there is no such account"


def test_nobody_acts_under_the_name_of_another_login(home: Path) -> None:
    an_account(home, "of-another", *ALL, login="somebody-else")
    result = onegrid(home, "profile", "E0", "--purpose", "grid_service", "--user", "of-another")
    assert isinstance(result.exception, AccessRefused)
    assert last(home).user == f"of-another (login {login_name()})"
