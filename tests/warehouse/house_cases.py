"""A street of dwellings for the tests of the house lookup: hand-made, so that every number means something."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from sources.catalogue import load_catalogue
from sources.tables import SHARED_TABLES, category_tables, create_table
from tests.factories import a_record, insert
from tests.warehouse.profiles import a_person, create_profiles
from warehouse.houses.looking import Answer, Question, answer_from, authorise_look
from warehouse.snapshots import publish
from warehouse.store import open_working

AS_OF = date(2025, 6, 1)
STREET, GREEN, LAKE, VILLAGE = "421002001", "421002001001", "421002001002", "421002103206"
NAMES = {GREEN: "绿化村社区", LAKE: "月亮湖社区", VILLAGE: "江河村"}
WRITTEN = {GREEN: "沙市区中山街道绿化村社区", LAKE: "沙市区中山街道月亮湖社区", VILLAGE: "沙市区关沮镇江河村"}
OLD = "园林路18号2栋1单元"


def create_street(con: duckdb.DuckDBPyConnection, *, published: bool = True) -> None:
    """The tables that a lookup reads, empty."""
    create_profiles(con, published=published)
    for category in ("house_registry", "household_registration"):
        for name, columns in category_tables(load_catalogue().contracts[category]).items():
            con.execute(create_table(name, columns))
    con.execute(create_table("mention_person", SHARED_TABLES["mention_person"]))
    if published:
        con.execute("CREATE TABLE published AS SELECT ?::DATE AS as_of", [AS_OF])


def a_house(con: duckdb.DuckDBPyConnection, address: str, *, community: str = GREEN, owner: str | None = None, **values: Any) -> str:
    """A dwelling of the register at an address behind the community's name; returns its code."""
    (number,) = con.execute("SELECT count(*) FROM current_house_registry").fetchone() or (0,)
    code = str(values.pop("dwelling_code", None) or f"{community}{number + 1:07d}")
    stated = {"standard_address": WRITTEN[community] + address, "township_code": community[:9], "community_code": community,
              "community_name": NAMES[community], "occupancy": "1", "updated_on": "2024-03-01"} | values  # fmt: skip
    record = a_record(con, "house_registry", None, natural_key=code, dwelling_code=code, **stated)
    if owner is not None:
        insert(con, "mention_person", record_id=record, category="house_registry", natural_key=code, role="owner", subject=True,
               person_id=owner)  # fmt: skip
    return code


def people(con: duckdb.DuckDBPyConnection, code: str, **names: dict[str, Any]) -> None:
    """Persons who live in a dwelling, by id."""
    for person, values in names.items():
        a_person(con, person, dwelling_id=code, **({"name": f"姓名{person}", "contact_phone": None} | values))


def seed_story(con: duckdb.DuckDBPyConnection, *, published: bool = True) -> dict[str, str]:
    """Water comes through the ceiling of an 82-year-old in 301; the owner of 401 lives elsewhere and has let it."""
    codes = {room: a_house(con, f"{OLD}{room}室", owner=owner, occupancy=use) for room, owner, use in (
        ("201", "P201", "1"), ("301", "P301", "1"), ("302", None, "3"), ("401", "P900", "2"), ("501", "P501", "1"))}  # fmt: skip
    a_person(con, "P301", name="周桂英", age=82, contact_phone="13900000301", dwelling_id=codes["301"], living_alone=True,
             relation_to_head="02", emergency_contact_phone="13900000999", published=published)  # fmt: skip
    a_person(con, "P900", name="李国富", age=55, contact_phone="13900000900", dwelling_id="4210020010020000777",
             residence_address="沙市区中山街道月亮湖社区月亮湖路13号", living_alone=True, published=published)  # fmt: skip
    a_person(con, "P401", name="陈租客", age=34, contact_phone="13900000401", dwelling_id=codes["401"], published=published)
    a_person(con, "P402", name="陈小宝", age=0, dwelling_id=codes["401"], published=published)
    a_person(con, "P501", name="王楼上", age=40, contact_phone="13900000501", dwelling_id=codes["501"], published=published)
    a_person(con, "P201", name="赵楼下", age=61, dwelling_id=codes["201"], published=published)
    return codes


def put_home(home: Path) -> dict[str, str]:
    """A home whose only snapshot tells the seed story; the key must be there."""
    with open_working(home) as con:
        create_street(con, published=False)
        codes = seed_story(con, published=False)
        publish(con, home, AS_OF, "run", "a street")
    return codes


def answer(con: duckdb.DuckDBPyConnection, asked: str, purpose: str = "grid_service", **options: bool) -> Answer:
    """The answer for a purpose, without audit."""
    return answer_from(con, authorise_look(purpose), Question(asked, purpose, **options))
