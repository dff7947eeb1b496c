"""The house lookup: which dwelling an address means, what lies above it, whom a purpose may contact there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.catalogue import load_catalogue
from tests.factories import a_record, insert
from tests.warehouse.house_cases import GREEN, LAKE, OLD, VILLAGE, WRITTEN, a_house, answer, create_street, people, put_home, seed_story
from tests.warehouse.profiles import a_person
from warehouse import audit
from warehouse.access import AccessRefused, Grant, Reader, Role
from warehouse.access.founding import founding_grants
from warehouse.audit import AuditProblem, Outcome
from warehouse.houses import Question, gone, look, purposes_that_look
from warehouse.houses.contacts import Contacts, Home, Kind
from warehouse.houses.finding import Reach, Side, find
from warehouse.houses.register import Register, open_register
from warehouse.houses.rooms import Room, next_floor, read_room
from warehouse.keys import VARIABLE, ensure_key
from warehouse.purposes import PurposeRefused
from warehouse.snapshots import NoSnapshot, publish
from warehouse.store import open_working

NOW = datetime(2025, 6, 2, 9, 0, tzinfo=UTC)
LOOKING = sorted(purposes_that_look())


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        create_street(connection)
        yield connection


@pytest.fixture(scope="module")
def street() -> Iterator[tuple[Register, dict[str, str]]]:
    """The seed story with its register open, for questions that change nothing."""
    with duckdb.connect() as connection:
        create_street(connection)
        codes = seed_story(connection)
        with open_register(connection) as register:
            yield register, codes


@pytest.fixture(scope="module")
def asked_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One home for all purposes; the log is read by user."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(VARIABLE, raising=False)
        folder = tmp_path_factory.mktemp("asked") / "home"
        ensure_key(folder)
        put_home(folder)
        yield folder


@pytest.fixture
def codes(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    return seed_story(con)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv(VARIABLE, raising=False)
    folder = tmp_path / "home"
    ensure_key(folder)
    return folder


# Rooms


@pytest.mark.parametrize(("text", "room"), [
    ("301", Room(3, "|01|")), ("1001", Room(10, "|01|")), ("1101", Room(11, "|01|")), ("3A", Room(3, "||A")), ("12B", Room(12, "||B")),
    ("301A", Room(3, "|01|A")), ("A301", Room(3, "A|01|")), ("-101", Room(-1, "|01|")), ("-201", Room(-2, "|01|")),
    ("5", None), ("12", None), ("ABC", None), ("001", None), ("99901", None), ("", None), (None, None), ("A5", None), ("12AB", None),
])  # fmt: skip
def test_rooms_tell_floor_and_position(text: str | None, room: Room | None) -> None:
    assert read_room(text) == room


@pytest.mark.parametrize(("floor", "step", "further"), [(3, 1, 4), (3, -1, 2), (-1, 1, 1), (1, -1, -1), (-1, -1, -2)])
def test_there_is_no_floor_zero(floor: int, step: int, further: int) -> None:
    assert next_floor(floor, step) == further


@given(floor=st.integers(1, 98), position=st.integers(0, 99), before=st.sampled_from(["", "A", "CD"]), behind=st.sampled_from(["", "A"]))
def test_the_room_above_has_the_same_position_one_floor_up(floor: int, position: int, before: str, behind: str) -> None:
    here, above = (read_room(f"{before}{number}{position:02d}{behind}") for number in (floor, floor + 1))
    assert here is not None
    assert above == here.on(next_floor(here.floor, 1))


# Which dwelling is meant


@pytest.mark.parametrize("asked", [
    "沙市区中山街道绿化村社区园林路18号2栋1单元301室", "湖北省荆州市沙市区中山街道绿化村社区园林路18号2栋1单元301室",
    "绿化村社区园林路18号2-1-301", "园林路18号2栋1单元301", "园林路十八号二栋一单元三〇一室", "园林路１８号２幢１单元３０１",
    "中山街道园林路18号2号楼1单元301室", "沙市园林路18号2栋301",
    " 绿化村社区 园林路18号 2栋1单元301室 ", "园林路18号2栋1单元301室🏠", "园林街18号2栋1单元301室", "园林路18号1-301",
    "园林路18号2栋1单元301室(租住)",
])  # fmt: skip
def test_every_way_to_write_an_address_finds_its_dwelling(street: tuple[Register, dict[str, str]], asked: str) -> None:
    register, codes = street
    found = find(register, asked)
    assert (found.reach, [one.code for one in found.dwellings]) == (Reach.DWELLING, [codes["301"]])


@pytest.mark.parametrize("form", ["{}", " {} ", "full-width"])
def test_a_code_finds_its_dwelling(con: duckdb.DuckDBPyConnection, codes: dict[str, str], form: str) -> None:
    wide = codes["301"].translate({48 + digit: 0xFF10 + digit for digit in range(10)})
    asked = wide if form == "full-width" else form.format(codes["301"])
    assert [one.dwelling.code for one in answer(con, asked).here] == [codes["301"]]


@pytest.mark.parametrize(("asked", "reach"), [
    ("", Reach.NOWHERE), ("   ", Reach.NOWHERE), ("12345", Reach.NOWHERE), ("同上", Reach.NOWHERE), ("不详", Reach.NOWHERE),
    ("👍👍👍", Reach.NOWHERE), ("园" * 2000, Reach.NOWHERE), ("园林路18号2栋1单元301室" * 150, Reach.NOWHERE),
    ("' OR 1=1 --", Reach.NOWHERE), ("%_%", Reach.NOWHERE), ("\x00\x1b[31m", Reach.NOWHERE),
    ("北京市朝阳区建国路1号", Reach.OUTSIDE), ("湖北省武汉市江汉区解放路1号301室", Reach.OUTSIDE),
    ("沙市区", Reach.AREA), ("沙市区中山街道", Reach.AREA), ("中山街道绿化村社区", Reach.AREA),
    ("绿化村社区园林路18号2栋1单元901室", Reach.UNKNOWN), ("绿化村社区解放路18号", Reach.UNKNOWN), ("9999999999999999999", Reach.UNKNOWN),
    ("9999999999999999", Reach.UNKNOWN), ("园林路8号2栋1单元301室", Reach.UNKNOWN),
])  # fmt: skip
def test_what_leads_to_no_dwelling_gets_a_clear_answer(street: tuple[Register, dict[str, str]], asked: str, reach: Reach) -> None:
    found = find(street[0], asked)
    assert (found.reach, found.dwellings) == (reach, ())


@pytest.mark.parametrize("asked", ["园林路18号2栋", "绿化村社区园林路18号", "园林路18号2栋1单元", "园林路18号2栋老周家"])
def test_a_building_offers_its_dwellings_and_no_persons(con: duckdb.DuckDBPyConnection, codes: dict[str, str], asked: str) -> None:
    told = answer(con, asked)
    assert told.found.reach is Reach.CHOICE
    assert [one.code for one in told.found.offers] == sorted(codes.values())
    assert told.persons == ()


@pytest.mark.parametrize("asked", ["园林路18号2栋1单元301室对面", "园林路18号2栋1单元301室旁边小卖部"])
def test_what_stands_beside_a_dwelling_is_not_the_dwelling(street: tuple[Register, dict[str, str]], asked: str) -> None:
    assert find(street[0], asked).dwellings == ()


def test_a_floor_offers_its_dwellings(con: duckdb.DuckDBPyConnection, codes: dict[str, str]) -> None:
    assert [one.code for one in answer(con, "园林路18号2栋1单元3楼").found.offers] == [codes["301"], codes["302"]]


def test_a_register_text_that_is_read_in_part_is_not_taken_for_what_was_read(con: duckdb.DuckDBPyConnection) -> None:
    a_house(con, f"{OLD}西头第二间")
    told = answer(con, f"绿化村社区{OLD}")
    assert told.found.reach is not Reach.DWELLING
    assert told.persons == ()


def test_a_building_code_offers_its_dwellings(con: duckdb.DuckDBPyConnection) -> None:
    inside = [a_house(con, f"{OLD}{room}室", building_code="4210020010010012") for room in (101, 201)]
    assert [one.code for one in answer(con, "4210020010010012").found.offers] == inside


def test_one_address_in_two_communities_is_a_choice_until_the_community_is_said(con: duckdb.DuckDBPyConnection) -> None:
    here, there = a_house(con, "园林路18号101室"), a_house(con, "园林路18号101室", community=LAKE)
    told = answer(con, "园林路18号101室")
    assert (told.found.reach, [one.code for one in told.found.offers]) == (Reach.CHOICE, [here, there])
    assert [one.dwelling.code for one in answer(con, "月亮湖社区园林路18号101室").here] == [there]


def test_an_address_in_the_wrong_community_is_not_answered_but_offered(con: duckdb.DuckDBPyConnection, codes: dict[str, str]) -> None:
    a_house(con, "月亮湖路13号", community=LAKE)
    told = answer(con, "月亮湖社区园林路18号2栋1单元301室")
    assert (told.found.reach, [one.code for one in told.found.offers]) == (Reach.UNKNOWN, [codes["301"]])
    assert told.persons == ()


@pytest.mark.parametrize(("unit", "reach"), [("", Reach.CHOICE), ("2单元", Reach.DWELLING)], ids=["not-said", "said"])
def test_a_room_of_two_units_is_a_choice(con: duckdb.DuckDBPyConnection, unit: str, reach: Reach) -> None:
    for number in (1, 2):
        a_house(con, f"园林路18号2栋{number}单元301室")
    assert answer(con, f"园林路18号2栋{unit}301室").found.reach is reach


def test_two_dwellings_under_one_address_are_both_shown_and_said(con: duckdb.DuckDBPyConnection) -> None:
    twins = [a_house(con, f"{OLD}301室") for _ in range(2)]
    above = [a_house(con, f"{OLD}401室") for _ in range(2)]
    told = answer(con, f"{OLD}301室")
    assert (told.found.reach, [one.dwelling.code for one in told.here]) == (Reach.SEVERAL, twins)
    assert [(side.side, [one.dwelling.code for one in side.contacts]) for side in told.around] == [(Side.SEVERAL, above)]


def test_a_street_and_its_namesake_are_not_confused(con: duckdb.DuckDBPyConnection) -> None:
    road, street = a_house(con, "建设路5号101室"), a_house(con, "建设街5号101室")
    assert [one.dwelling.code for one in answer(con, "建设路5号101室").here] == [road]
    assert [one.dwelling.code for one in answer(con, "建设街5号101室").here] == [street]


def test_a_register_text_that_nobody_can_parse_is_found_as_it_stands(con: duckdb.DuckDBPyConnection) -> None:
    code = a_house(con, "(老)粮库后院#西头%第二间")
    assert [one.dwelling.code for one in answer(con, WRITTEN[GREEN] + "(老)粮库后院#西头%第二间").here] == [code]


def test_scratch_tables_go_and_the_database_in_use_stays(con: duckdb.DuckDBPyConnection, codes: dict[str, str]) -> None:
    before = con.execute("SELECT current_database()").fetchone()
    answer(con, codes["301"])
    assert con.execute("SELECT current_database()").fetchone() == before
    assert con.execute("SELECT table_name FROM duckdb_tables() WHERE temporary").fetchall() == []


# Above, below, beside


def around(con: duckdb.DuckDBPyConnection, rooms: list[str], room: str, before: str = OLD) -> dict[str, tuple[Side, list[str], list[str]]]:
    """What is said of above, below and beside: side, rooms that lie there, rooms offered."""
    for one in rooms:
        a_house(con, f"{before}{one}室")
    told = answer(con, f"绿化村社区{before}{room}室", below=True, beside=True)
    assert told.found.reach is Reach.DWELLING
    return {side.where: (side.side, [str(one.dwelling.address.room) for one in side.contacts],
                         [str(one.address.room) for one in side.offers]) for side in told.around}  # fmt: skip


@pytest.mark.parametrize(("rooms", "room", "above"), [
    pytest.param(["301", "401", "402"], "301", (Side.FOUND, ["401"], []), id="one-floor-up"),
    pytest.param(["1001", "1101"], "1001", (Side.FOUND, ["1101"], []), id="tenth-floor"),
    pytest.param(["901", "1001"], "901", (Side.FOUND, ["1001"], []), id="from-nine-to-ten"),
    pytest.param(["3A", "4A", "4B"], "3A", (Side.FOUND, ["4A"], []), id="letters"),
    pytest.param(["A301", "A401", "401"], "A301", (Side.FOUND, ["A401"], []), id="block-letter"),
    pytest.param(["301", "302"], "301", (Side.END, [], []), id="top-floor"),
    pytest.param(["301", "402", "403"], "301", (Side.FLOOR, [], ["402", "403"]), id="other-cut-above"),
    pytest.param(["301", "501", "601"], "301", (Side.GAP, [], ["501"]), id="floor-not-registered"),
    pytest.param(["负101", "101", "201"], "负101", (Side.FOUND, ["101"], []), id="below-ground"),
    pytest.param(["5", "6"], "5", (Side.UNREAD, [], []), id="room-without-floor"),
    pytest.param(["301", "东"], "301", (Side.UNREAD, [], []), id="odd-room-in-the-house"),
    pytest.param(["101", "201", "B101"], "B101", (Side.UNREAD, [], []), id="cellar-or-block"),
])  # fmt: skip
def test_above(con: duckdb.DuckDBPyConnection, rooms: list[str], room: str, above: tuple[Side, list[str], list[str]]) -> None:
    assert around(con, rooms, room)["above"] == above


def test_below_and_beside(con: duckdb.DuckDBPyConnection) -> None:
    told = around(con, ["201", "301", "302", "303", "401"], "301")
    assert told["below"] == (Side.FOUND, ["201"], [])
    assert told["beside"] == (Side.SEVERAL, ["302", "303"], [])


def test_the_lowest_floor_has_nobody_below(con: duckdb.DuckDBPyConnection) -> None:
    told = around(con, ["101", "201"], "101")
    assert told["below"] == (Side.END, [], [])
    assert told["beside"] == (Side.END, [], [])


@pytest.mark.parametrize("before", ["园林路18号1栋", "园林路18号", "园林路18-1号2栋1单元"], ids=["no-unit", "no-building", "door-branch"])
def test_incomplete_addresses_of_the_register_have_floors_too(con: duckdb.DuckDBPyConnection, before: str) -> None:
    assert around(con, ["301", "401"], "301", before)["above"] == (Side.FOUND, ["401"], [])


def test_another_unit_building_or_community_is_not_above(con: duckdb.DuckDBPyConnection) -> None:
    for other in ("园林路18号2栋2单元", "园林路18号3栋1单元", "园林路118号2栋1单元", "园林街18号2栋1单元"):
        a_house(con, f"{other}401室")
    a_house(con, f"{OLD}401室", community=LAKE)
    assert around(con, ["301"], "301")["above"] == (Side.END, [], [])


@pytest.mark.parametrize("number", [1, 2], ids=["one-house", "two-houses-under-one-number"])
def test_nobody_lives_above_a_village_house(con: duckdb.DuckDBPyConnection, number: int) -> None:
    for _ in range(number):
        a_house(con, "1组19号", community=VILLAGE)
    told = answer(con, "沙市区关沮镇江河村1组19号")
    assert told.found.reach is (Reach.DWELLING if number == 1 else Reach.SEVERAL)
    assert [side.side for side in told.around] == [Side.HOUSE]


def test_below_ground_and_ground_floor_are_two_dwellings(con: duckdb.DuckDBPyConnection) -> None:
    cellar, ground = a_house(con, f"{OLD}-101室"), a_house(con, f"{OLD}101室")
    assert [one.dwelling.code for one in answer(con, f"{OLD}负101室").here] == [cellar]
    assert [one.dwelling.code for one in answer(con, f"{OLD}101室").here] == [ground]


# Dwellings that are gone


def a_past(con: duckdb.DuckDBPyConnection, code: str, address: str, until: str | None, since: str = "2025-01-01") -> None:
    (position,) = con.execute("SELECT count(*) FROM typed_house_registry").fetchone() or (0,)
    insert(con, "typed_house_registry", delivery_date=since, position=position, natural_key=code, dwelling_code=code,
           standard_address=address, township_code=GREEN[:9], community_code=GREEN)  # fmt: skip
    insert(con, "history_house_registry", natural_key=code, valid_from=since, valid_to=until, delivery_date=since, position=position)


@pytest.mark.usefixtures("codes")
def test_a_demolished_dwelling_is_said_with_the_day(con: duckdb.DuckDBPyConnection) -> None:
    address = WRITTEN[GREEN] + f"{OLD}601室"
    a_past(con, "4210020010010009999", address, "2025-03-10")
    assert gone.build(con, date(2025, 6, 1)) == 1
    for asked in ("4210020010010009999", address, f"绿化村社区{OLD}601"):
        told = answer(con, asked)
        assert (told.found.reach, told.found.gone_on, told.persons) == (Reach.GONE, date(2025, 3, 10), ())


def test_a_code_merged_into_another_leads_to_the_dwelling_of_today(con: duckdb.DuckDBPyConnection, codes: dict[str, str]) -> None:
    a_past(con, "4210020010010009999", WRITTEN[GREEN] + f"{OLD}301室", "2025-03-10")
    gone.build(con, date(2025, 6, 1))
    assert [one.code for one in answer(con, "4210020010010009999").found.offers] == [codes["301"]]
    assert answer(con, f"{OLD}301室").found.reach is Reach.DWELLING


def test_gone_is_who_was_gone_on_the_day_and_is_not_back(con: duckdb.DuckDBPyConnection) -> None:
    back = a_house(con, f"{OLD}101室")
    a_past(con, back, "x", "2025-02-01")
    a_past(con, "later", "x", "2025-07-01")
    a_past(con, "present", "x", None)
    a_past(con, "twice", "first", "2025-02-01")
    a_past(con, "twice", "second", "2025-04-01", since="2025-03-01")
    assert gone.build(con, date(2025, 6, 1)) == 1
    assert con.execute("SELECT dwelling_code, standard_address, gone_on FROM dwelling_gone").fetchall() == [
        ("twice", "second", date(2025, 4, 1))]  # fmt: skip


# Whom to contact


def only(con: duckdb.DuckDBPyConnection, code: str, purpose: str = "grid_service") -> Contacts:
    (here,) = answer(con, code, purpose).here
    return here


def test_the_seed_story(con: duckdb.DuckDBPyConnection, codes: dict[str, str]) -> None:
    told = answer(con, "绿化村社区园林路18号2栋1单元301室")
    (here,) = told.here
    (above,) = told.around
    (upstairs,) = above.contacts
    assert here.residents[0].values == {"name": "周桂英", "contact_phone": "13900000301", "age": 82, "living_alone": True}
    assert (above.side, upstairs.dwelling.code, upstairs.use) == (Side.FOUND, codes["401"], "let")
    assert upstairs.owner.contact is not None
    assert upstairs.owner.contact.values == {"name": "李国富", "contact_phone": "13900000900"}
    assert (upstairs.owner.home, upstairs.owner.dead) == (Home.ELSEWHERE, False)
    assert [one.values["name"] for one in upstairs.residents] == ["陈租客"]
    assert upstairs.minors == 1
    assert told.persons == ("P301", "P900", "P401")


@pytest.mark.parametrize("purpose", LOOKING)
def test_nothing_is_shown_that_the_purpose_does_not_hold(con: duckdb.DuckDBPyConnection, codes: dict[str, str], purpose: str) -> None:
    opened = set(load_catalogue().purposes[purpose].attributes)
    told = answer(con, codes["301"], purpose)
    everybody = [one for place in [*told.here, *(one for side in told.around for one in side.contacts)]
                 for one in (place.owner.contact, *place.owner.kin, *place.residents) if one is not None]  # fmt: skip
    assert everybody
    assert {name for one in everybody for name in one.values} <= opened
    assert ("living_alone" in told.here[0].residents[0].values) == ("living_alone" in opened)
    assert ("emergency_contact_phone" in told.here[0].residents[0].values) == ("emergency_contact_phone" in opened)
    assert (told.around[0].contacts[0].use == "let") == ("dwelling_tenure" in opened)


def test_the_head_stands_first_only_for_purposes_that_may_know_the_head(con: duckdb.DuckDBPyConnection) -> None:
    code = a_house(con, f"{OLD}101室")
    people(con, code, P1={"age": 70, "relation_to_head": "50"}, P2={"age": 44, "relation_to_head": "02"}, P3={"relation_to_head": "10"})
    assert [one.person_id for one in only(con, code, "elderly_care").residents] == ["P2", "P1", "P3"]
    assert [one.person_id for one in only(con, code, "grid_service").residents] == ["P1", "P2", "P3"]


def test_minors_are_counted_and_not_named(con: duckdb.DuckDBPyConnection) -> None:
    code = a_house(con, f"{OLD}101室")
    people(con, code, P1={"age": 17}, P2={"age": 0}, P3={"age": 18})
    here = only(con, code)
    assert ([one.person_id for one in here.residents], here.minors) == (["P3"], 2)


@pytest.mark.parametrize(("purpose", "kin"), [
    ("elderly_care", [("P2", "spouse"), ("P3", "child")]), ("housing", [("P2", "spouse")]), ("grid_service", [])])  # fmt: skip
def test_a_dead_owner_is_said_and_the_living_kin_offered_where_the_purpose_may(
    con: duckdb.DuckDBPyConnection, purpose: str, kin: list[tuple[str, str]]
) -> None:
    code = a_house(con, f"{OLD}101室", owner="P1")
    a_person(con, "P1", name="已故人", vital_status="2", contact_phone="13900000001", spouse_person="P2")
    a_person(con, "P2", name="遗孀", age=80, contact_phone="13900000002")
    children: dict[str, dict[str, Any]] = {"P3": {"age": 50}, "P4": {"age": 12}, "P5": {"age": 52, "vital_status": "2"}}
    for person, values in children.items():
        a_person(con, person, name="子女", **values)
        a_record(con, "household_registration", {"holder": person, "father": "P1"})
    owner = only(con, code, purpose).owner
    assert owner.dead is True
    assert owner.contact is not None
    assert "contact_phone" not in owner.contact.values
    assert [(one.person_id, one.tie) for one in owner.kin] == kin
    assert owner.kin_open == (purpose != "grid_service")


def test_a_widow_who_names_the_dead_is_found_too_and_ties_of_the_snapshot_are_used(con: duckdb.DuckDBPyConnection) -> None:
    code = a_house(con, f"{OLD}101室", owner="P1")
    a_person(con, "P1", vital_status="2")
    a_person(con, "P2", age=80, spouse_person="P1")
    a_person(con, "P3", age=50)
    a_person(con, "P4", age=51)
    con.execute("""CREATE TABLE family_tie AS SELECT 'P1' AS person_id, 'child' AS tie, *
                   FROM (VALUES ('P3', 'holds'), ('P4', 'contradicted')) AS t (relative, state)""")
    assert [(one.person_id, one.tie) for one in only(con, code, "elderly_care").owner.kin] == [("P2", "spouse"), ("P3", "child")]


def test_an_organisation_is_named_with_the_number_that_it_stated(con: duckdb.DuckDBPyConnection) -> None:
    code = a_house(con, f"{OLD}101室", owner_name="荆州市测试物业有限公司", owner_phone="07161234567", ownership="4")
    owner = only(con, code).owner
    assert (owner.kind, owner.name, owner.phone, owner.contact) == (Kind.ORGANISATION, "荆州市测试物业有限公司", "07161234567", None)


def test_an_owner_without_a_number_is_said_where_he_lives(con: duckdb.DuckDBPyConnection) -> None:
    code = a_house(con, f"{OLD}101室", owner="P1", owner_phone="13900000000")
    a_person(con, "P1", name="无电话", dwelling_id="elsewhere", residence_address="沙市区中山街道月亮湖社区月亮湖路13号")
    contact = only(con, code).owner.contact
    assert contact is not None
    assert contact.values == {"name": "无电话", "residence_address": "沙市区中山街道月亮湖社区月亮湖路13号"}


@pytest.mark.parametrize(("occupancy", "lived_in", "use"), [
    ("3", False, "vacant"), ("3", True, None), ("4", False, "lent"), ("1", False, None)])  # fmt: skip
def test_what_is_said_of_an_empty_dwelling(con: duckdb.DuckDBPyConnection, *, occupancy: str, lived_in: bool, use: str | None) -> None:
    code = a_house(con, f"{OLD}101室", occupancy=occupancy)
    if lived_in:
        people(con, code, P1={"age": 40})
    here = only(con, code)
    assert (here.use, len(here.residents), here.owner.kind) == (use, int(lived_in), Kind.UNKNOWN)


@pytest.mark.parametrize("purpose", LOOKING)
def test_who_is_known_only_from_restricted_registers_is_not_there(con: duckdb.DuckDBPyConnection, purpose: str) -> None:
    code = a_house(con, f"{OLD}101室", owner="P1")
    for person, known_from in (("P1", "health"), ("P3", "justice"), ("P4", "health_justice"), ("P5", "relative")):
        a_person(con, person, known_from=known_from, name="不可见", age=40, dwelling_id=code, contact_phone="13900000001")
    a_person(con, "P2", name="可见", age=40, only_restricted={"contact_phone": "13911111111", "living_alone": True}, dwelling_id=code)
    told = answer(con, code, purpose)
    assert told.persons == ("P2",)
    assert "13911111111" not in str(asdict(told.here[0]))
    assert told.here[0].owner.kind is Kind.UNKNOWN


# Purposes and the audit entry


def asker(name: str = "grid-7") -> Reader:
    """Somebody who may do everything."""
    return Reader(name, grants=founding_grants())


@pytest.mark.parametrize("purpose", sorted(load_catalogue().purposes))
def test_a_purpose_may_look_exactly_where_the_catalogue_holds_what_is_shown(asked_home: Path, purpose: str) -> None:
    stated = load_catalogue().purposes[purpose]
    may = stated.granularity == "row" and {"dwelling_id", "contact_phone"} <= set(stated.attributes)
    question = Question("绿化村社区园林路18号2栋1单元301室", purpose)
    reader = asker(f"user of {purpose}")
    if may:
        assert look(asked_home, reader, question, now=NOW).found.reach is Reach.DWELLING
    else:
        with pytest.raises(PurposeRefused):
            look(asked_home, reader, question, now=NOW)
    (entry,) = audit.entries(asked_home, user=reader.user)
    assert (entry.purpose, entry.outcome) == (purpose, Outcome.ANSWERED if may else Outcome.REFUSED)
    assert bool(entry.persons) == may


def test_the_entry_names_dwellings_and_persons_and_holds_no_value(home: Path) -> None:
    codes = put_home(home)
    look(home, asker(), Question(f"绿化村社区{OLD}301", "grid_service"), now=NOW)
    (entry,) = audit.entries(home)
    assert entry.asked == f"{codes['301']} above:{codes['401']}"
    assert (entry.persons, entry.rows) == (("P301", "P900", "P401"), 3)
    text = (home / audit.LOG_FILE).read_text(encoding="utf-8")
    assert text.isascii()
    assert not any(value in text for value in ("13900000", "age", "\\u"))


@pytest.mark.parametrize("asked", ["绿化村社区园林路18号2栋", "周桂英的电话", "北京市朝阳区建国路1号"])
def test_a_question_that_leads_nowhere_is_logged_as_a_digest(asked_home: Path, asked: str) -> None:
    user = f"asks {asked}"
    look(asked_home, asker(user), Question(asked, "grid_service"), now=NOW)
    (entry,) = audit.entries(asked_home, user=user)
    assert (entry.asked, entry.outcome, entry.persons) == (audit.digest(asked_home, asked), Outcome.NOTHING, ())


def test_an_unknown_purpose_is_refused_and_its_text_not_kept(home: Path) -> None:
    put_home(home)
    with pytest.raises(PurposeRefused, match="no purpose"):
        look(home, asker(), Question("x", "周桂英"), now=NOW)
    assert audit.entries(home)[0].purpose == "(unknown)"


def test_no_answer_without_an_entry(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_home(home)

    def fails(*_: Any, **__: Any) -> None:
        raise AuditProblem(what="full", where="audit.log", remedy="")

    monkeypatch.setattr(audit, "record", fails)
    with pytest.raises(AuditProblem):
        look(home, asker(), Question(f"绿化村社区{OLD}301", "grid_service"), now=NOW)


def test_who_looks_must_be_said(home: Path) -> None:
    put_home(home)
    with pytest.raises(AuditProblem):
        look(home, asker(" "), Question("x", "grid_service"), now=NOW)
    assert audit.verify(home).entries == 0


def test_before_the_first_run_there_is_nothing_to_look_at(home: Path) -> None:
    with pytest.raises(NoSnapshot):
        look(home, asker(), Question("x", "grid_service"), now=NOW)


# Areas of a reader


@pytest.fixture(scope="module")
def gridded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The street with its rooms 2xx and 3xx in grid 001 and those above in grid 002 (no real house is cut so)."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(VARIABLE, raising=False)
        folder = tmp_path_factory.mktemp("gridded") / "home"
        ensure_key(folder)
        with open_working(folder) as con:
            create_street(con, published=False)
            seed_story(con, published=False)
            con.execute(f"""UPDATE current_house_registry
                            SET grid_code = '{GREEN}' || CASE WHEN standard_address < '{WRITTEN[GREEN]}{OLD}4' THEN '001' ELSE '002' END""")
            publish(con, folder, date(2025, 6, 1), "run", "a street")
        yield folder


def in_grid(number: str) -> Reader:
    return Reader("grid-7", grants=(Grant(Role.GRID_WORKER, "grid_service_centre", (f"{GREEN}{number}",), ("grid_service",)),))


def test_a_grid_worker_reaches_the_dwellings_of_the_own_grid_only(gridded: Path) -> None:
    own = look(gridded, in_grid("001"), Question(f"绿化村社区{OLD}301", "grid_service"), now=NOW)
    assert own.persons == ("P301",)
    assert [(side.side, side.contacts) for side in own.around] == [(Side.END, ())]
    other = look(gridded, in_grid("002"), Question(f"绿化村社区{OLD}301", "grid_service"), now=NOW)
    assert (other.found.reach, other.persons, other.found.offers) == (Reach.UNKNOWN, (), ())


def test_the_owner_of_a_dwelling_in_the_own_grid_is_reached_wherever_the_owner_lives(gridded: Path) -> None:
    told = look(gridded, in_grid("002"), Question(f"绿化村社区{OLD}401", "grid_service"), now=NOW)
    assert set(told.persons) == {"P900", "P401", "P501"}


def test_a_grid_worker_may_not_state_another_purpose(gridded: Path) -> None:
    with pytest.raises(AccessRefused):
        look(gridded, in_grid("001"), Question(f"绿化村社区{OLD}301", "elderly_care"), now=NOW)
    assert audit.entries(gridded)[-1].outcome == "refused"
