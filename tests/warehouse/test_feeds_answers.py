"""Reading products: everybody gets the own rows, one request is about one person, case numbers are kept sealed for their time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from sqlalchemy import select

from tests.warehouse.feed_cases import AS_OF, NOW, fill, publish
from warehouse import audit, snapshots
from warehouse.access import AccessRefused, Grant, Reader, Role
from warehouse.access.rules import GRID_CENTRE
from warehouse.feeds import consents
from warehouse.feeds.answers import Answer, Incomplete, Question, read
from warehouse.feeds.compatibility import kept_schema
from warehouse.feeds.products import NoProduct
from warehouse.feeds.tables import FeedRequest
from warehouse.keys import ensure_key
from warehouse.office.database import office
from warehouse.store import open_working

GRID, COMMUNITY = "421002001001003", "421002001001"
OTHER_GRID, OTHER_COMMUNITY = "421002001001004", "421002001002"


def account(role: Role, holder: str, *areas: str, person: str | None = None) -> Reader:
    grant = Grant(role, holder, areas or ("421000",), person_id=person)
    return Reader("li.na", holder, (grant,))


GRID_WORKER = account(Role.GRID_WORKER, GRID_CENTRE, GRID)
CLERK = account(Role.COMMUNITY_CLERK, "civil_affairs", COMMUNITY)
BUREAU = account(Role.CASE_WORKER, "civil_affairs")
HOUSING = account(Role.CASE_WORKER, "housing_fund")
PENSIONS = account(Role.CASE_WORKER, "human_resources")
PROCURATORATE = account(Role.SERVICE, "procuratorate")
RESIDENT = account(Role.RESIDENT, "resident", person="P02")
STEWARD = account(Role.STEWARD, "human_resources")
OPERATOR = account(Role.OPERATOR, "operator")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A published snapshot with its products."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("ONEGRID_KEY", raising=False)
        patch.delenv("ONEGRID_OFFICE_DSN", raising=False)
        made = tmp_path_factory.mktemp("home")
        ensure_key(made)
        with open_working(made) as con:
            fill(con)
            for profile in ("profile", "profile_open"):
                con.execute(f"UPDATE {profile} SET id_number = '421099199003071234' WHERE person_id = 'P02'")
            snapshots.publish(con, made, AS_OF, "run")
            publish(con, made)
        yield made


def ask(home: Path, reader: Reader, module: str, **values: Any) -> Answer:
    return read(home, reader, Question(module, **values), now=NOW)


def persons(answer: Answer) -> list[str]:
    return list(answer.rows["person_id"].to_pylist())


@pytest.mark.parametrize(("reader", "module", "expected"), [
    (BUREAU, "special_group_care_ledger", ["P01", "P03"]), (CLERK, "special_group_care_ledger", ["P01"]),
    (account(Role.COMMUNITY_CLERK, "civil_affairs", OTHER_COMMUNITY), "special_group_care_ledger", []),
    (account(Role.CASE_WORKER, "civil_affairs", "421088"), "special_group_care_ledger", ["P03"]),
    (BUREAU, "aixin_one_touch", ["P01", "P03"]), (GRID_WORKER, "aixin_one_touch", ["P01"]),
    (account(Role.GRID_WORKER, GRID_CENTRE, OTHER_GRID), "aixin_one_touch", []),
    (account(Role.HEALTH_CENTRE, "health", "421087001"), "songzi_medication_support", ["P04", "P05"]),
    (account(Role.HEALTH_CENTRE, "health", "421087002"), "songzi_medication_support", []),
    (account(Role.CASE_WORKER, "health", "421087"), "songzi_medication_support", ["P04", "P05"]),
    (PENSIONS, "employment_matching", ["P02"]), (STEWARD, "department_alerts", ["P02"]),
    (account(Role.STEWARD, "civil_affairs"), "department_alerts", []),
])
def test_reader_of_a_file_gets_the_own_rows(reader: Reader, module: str, expected: list[str], home: Path) -> None:
    assert persons(ask(home, reader, module)) == expected


@pytest.mark.parametrize(("reader", "module", "values"), [
    (BUREAU, "employment_matching", {}), (GRID_WORKER, "special_group_care_ledger", {}), (OPERATOR, "special_group_care_ledger", {}),
    (CLERK, "grid_information", {}), (BUREAU, "grid_information", {}), (Reader("nobody"), "media_statistics", {}),
    (account(Role.HEALTH_CENTRE, "health", "421002001"), "songzi_medication_support", {}),
    (RESIDENT, "community_self_service", {"person": "P01"}), (RESIDENT, "community_agency_service", {"person": "P02"}),
    (HOUSING, "house_lookup", {"purpose": "social_insurance", "person": "P02", "case_number": "7"}),
    (PENSIONS, "house_lookup", {"person": "P02", "case_number": "7"}),
    (PROCURATORATE, "house_lookup", {"person": "P02", "case_number": "7"}),
])
def test_who_is_no_recipient_gets_nothing_and_is_recorded(reader: Reader, module: str, values: dict[str, Any], home: Path) -> None:
    with pytest.raises(AccessRefused):
        ask(home, reader, module, **values)
    assert audit.entries(home)[-1].outcome == "refused"


def test_grid_worker_sees_the_own_grid_only(home: Path) -> None:
    answer = ask(home, GRID_WORKER, "grid_information")
    assert set(answer.rows["residence_grid"].to_pylist()) == {GRID}
    assert answer.rows.num_rows == 14
    assert persons(ask(home, account(Role.GRID_WORKER, GRID_CENTRE, OTHER_GRID), "grid_information")) == []
    assert not (home / "products" / "grid_information").exists()


def test_resident_reads_the_own_row(home: Path) -> None:
    answer = ask(home, RESIDENT, "community_self_service", person="P02")
    assert persons(answer) == ["P02"]
    assert "residence_address" not in answer.rows.column_names
    entry = audit.entries(home)[-1]
    assert (entry.purpose, entry.persons, entry.rows, entry.outcome) == ("social_insurance", ("P02",), 1, "answered")


@pytest.mark.parametrize(("person", "expected"), [("P02", ["P02"]), ("421099199003071234", ["P02"]), ("P03", []), ("P06", []), ("P99", [])],
                         ids=["id", "number", "of another community", "dead", "unknown"])
def test_clerk_helps_residents_of_the_own_community(person: str, expected: list[str], home: Path) -> None:
    assert persons(ask(home, CLERK, "community_agency_service", person=person)) == expected


def test_each_department_has_its_own_columns_of_a_lookup(home: Path) -> None:
    funds = ask(home, HOUSING, "house_lookup", person="421099199003071234", case_number="GJJ-7")
    assert (persons(funds), "dwelling_area" in funds.rows.column_names) == (["P02"], True)
    pensions = ask(home, PENSIONS, "house_lookup", purpose="social_insurance", person="P02", case_number="RS-7")
    assert pensions.rows.column_names == ["person_id", "name", "residence_address", "residence_county", "vital_status"]


ARROW = {"VARCHAR": pa.string(), "BIGINT": pa.int64(), "BOOLEAN": pa.bool_(), "DATE": pa.date32(), "DECIMAL(18,2)": pa.decimal128(18, 2),
         "VARCHAR[]": pa.list_(pa.string())}  # fmt: skip


@pytest.mark.parametrize(("reader", "module", "values"), [
    (GRID_WORKER, "grid_information", {}), (RESIDENT, "community_self_service", {"person": "P02"}),
    (CLERK, "community_agency_service", {"person": "P02"}), (HOUSING, "house_lookup", {"person": "P02", "case_number": "7"}),
    (PENSIONS, "house_lookup", {"purpose": "social_insurance", "person": "P02", "case_number": "7"}),
])
def test_answer_is_what_its_schema_promises(reader: Reader, module: str, values: dict[str, Any], home: Path) -> None:
    """Exactly the promised columns in their order and types, one row per key."""
    promised = kept_schema(module) or {}
    variant = next((one for one in promised.get("variants", []) if one["purpose"] == values.get("purpose")), promised)
    found = ask(home, reader, module, **values).rows
    assert [(field.name, field.type) for field in found.schema] == [(one["name"], ARROW[one["type"]]) for one in variant["columns"]]
    assert 0 < found.num_rows == len(set(found["person_id"].to_pylist()))


@pytest.mark.parametrize(("name", "address", "matches"), [
    ("李明", "园林路18号", True), ("李明", " 园林路１８号", True), ("李明", "园林路19号", False), ("王强", "园林路18号", False),
    ("查无此人", "园林路18号", False),
])
def test_procuratorate_learns_yes_or_no(name: str, address: str, matches: bool, home: Path) -> None:
    answer = ask(home, PROCURATORATE, "house_lookup", purpose="legal_service", case_number="检-7", name=name, address=address)
    assert (answer.matches, answer.rows.num_rows, answer.rows.num_columns) == (matches, 0, 0)


@pytest.mark.parametrize(("reader", "values"), [
    (HOUSING, {"person": "P02"}), (HOUSING, {"case_number": "7"}), (HOUSING, {"person": "P02", "case_number": " "}),
    (PROCURATORATE, {"purpose": "legal_service", "case_number": "7", "name": "李明"}),
    (PROCURATORATE, {"purpose": "legal_service", "name": "李明", "address": "园林路18号"}),
])
def test_lookup_without_case_or_person_is_no_request(reader: Reader, values: dict[str, Any], home: Path) -> None:
    with pytest.raises(Incomplete):
        ask(home, reader, "house_lookup", **values)


def test_case_numbers_are_sealed_and_forgotten_in_time(home: Path) -> None:
    ask(home, HOUSING, "house_lookup", person="P02", case_number="GJJ-2025-88")
    with office(home) as session:
        kept = session.scalars(select(FeedRequest).order_by(FeedRequest.number.desc())).first()
        assert kept is not None
        assert (kept.account, kept.keep_until.isoformat()) == ("li.na", "2028-06-02")
        assert "GJJ-2025-88" not in f"{kept.case_digest}{kept.case_sealed}"
    read(home, HOUSING, Question("house_lookup", person="P02", case_number="n"), now=NOW + timedelta(days=1200))
    with office(home) as session:
        assert len(session.scalars(select(FeedRequest)).all()) == 1
    log = (home / audit.LOG_FILE).read_text()
    assert all(text not in log for text in ("GJJ", "李明", "园林路", "421099199003071234"))


def test_published_figures_are_open_to_every_account(home: Path) -> None:
    assert ask(home, RESIDENT, "media_statistics").rows.num_rows > 0


def test_product_of_another_day_and_its_changes(home: Path) -> None:
    with pytest.raises(NoProduct, match=str(AS_OF)):
        ask(home, BUREAU, "aixin_one_touch", as_of=AS_OF - timedelta(days=1))
    with pytest.raises(NoProduct, match="continues no other"):
        ask(home, BUREAU, "aixin_one_touch", changes=True)
    with pytest.raises(NoProduct, match="all rows only"):
        ask(home, GRID_WORKER, "aixin_one_touch", changes=True)


def test_nothing_is_returned_when_the_entry_cannot_be_written(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_space(*_: Any, **__: Any) -> None:
        raise audit.AuditProblem(what="no space", where="audit.log", remedy="make some")

    monkeypatch.setattr(audit, "record", no_space)
    with pytest.raises(audit.AuditProblem):
        ask(home, BUREAU, "aixin_one_touch")


def test_grid_worker_without_a_grid_gets_nothing(home: Path) -> None:
    limitless = replace(GRID_WORKER, grants=(replace(GRID_WORKER.grants[0], areas=("421000",)),))
    with pytest.raises(AccessRefused):
        ask(home, limitless, "grid_information")


def test_committee_supplies_the_list_of_its_own_community_only(home: Path) -> None:
    committee = account(Role.COMMUNITY_CLERK, "civil_affairs", "421088100001")
    assert consents.supply(home, committee, "jianli_mutual_aid", "421088100001", ["P03", "P03"], now=NOW) == 1
    assert (audit.entries(home)[-1].outcome, audit.entries(home)[-1].persons) == ("decided", ("P03",))
    with pytest.raises(AccessRefused):
        consents.supply(home, committee, "jianli_mutual_aid", "421088100002", ["P03"], now=NOW)
    with pytest.raises(AccessRefused):
        consents.supply(home, CLERK, "jianli_mutual_aid", COMMUNITY, ["P01"], now=NOW)
