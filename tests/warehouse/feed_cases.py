"""A small city in which every feed has rows: who is in which product stands beside each person."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb

from sources.catalogue import load_catalogue
from sources.tables import SHARED_TABLES, category_tables, create_table
from tests.factories import a_record, an_empty_city, insert
from tests.warehouse.profiles import a_person, create_profiles
from warehouse.feeds.building import Built, Run, build

AS_OF = date(2025, 6, 2)
NOW = datetime(2025, 6, 2, 3, tzinfo=UTC)
SHASHI: dict[str, Any] = {"residence_county": "421002", "residence_township": "421002001", "residence_community": "421002001001",
          "residence_grid": "421002001001003"}  # fmt: skip
JIANLI: dict[str, Any] = {"residence_county": "421088", "residence_township": "421088100", "residence_community": "421088100001"}
SONGZI: dict[str, Any] = {"residence_county": "421087", "residence_township": "421087001"}
HOUSE = "4210020010010010001"


def a_city_with_feeds() -> duckdb.DuckDBPyConnection:
    """Profiles, a register of houses and alerts in memory, as a snapshot has them."""
    con = an_empty_city()
    fill(con)
    return con


def fill(con: duckdb.DuckDBPyConnection) -> None:
    """The tables that feeds read, with everybody named above each case."""
    for name, columns in (category_tables(load_catalogue().contracts["house_registry"]) | SHARED_TABLES).items():
        con.execute(create_table(name, columns))
    create_profiles(con)
    a_record(con, "house_registry", dwelling_code=HOUSE, standard_address="沙市区中山街道绿化村社区园林路18号")
    elder: dict[str, Any] = {"age": 82, "living_alone": True, "empty_nest": False, "lonely_elder": True, "name": "陈秀英", "sex": "2",
                             "assistance_types": ["1", "3"], "contact_phone": "13800000001", "unclaimed_entitlements": []}
    a_person(con, "P01", **elder, **SHASHI, dwelling_id=HOUSE, residence_address="陈秀英家", dwelling_type="1", dwelling_occupants=2,
             disability_level="1", resident_type="1")
    a_person(con, "P02", age=30, name="李明", **SHASHI, dwelling_id=HOUSE, residence_address="园林路18号", dwelling_type="1",
             dwelling_occupants=2, unemployment_registered=True, resident_type="1")
    a_person(con, "P03", **elder, **JIANLI, household_id="H3", residence_address="新建村1组")
    a_person(con, "P04", age=50, name="王强", **SONGZI, only_restricted={"medication_support": True, "guardian_person": "P02"})
    a_person(con, "P05", age=51, name="赵军", **SONGZI, known_from="health", only_restricted={"medication_support": True})
    a_person(con, "P06", **(elder | {"vital_status": "2"}))
    a_person(con, "P07", age=40, name="无处")
    insert(con, "alert", alert_id="A1", check="person_two_ids", severity="high", person_id="P02", state="open", opened_on=AS_OF)
    con.execute("CREATE TABLE IF NOT EXISTS alert_addressee (alert_id VARCHAR, department VARCHAR, state VARCHAR, due_on DATE)")
    insert(con, "alert_addressee", alert_id="A1", department="human_resources", state="open")
    for number in range(12):
        a_person(con, f"Q{number:02}", age=20 + 5 * number, **SHASHI)


def publish(con: duckdb.DuckDBPyConnection, home: Path, as_of: date = AS_OF, *, snapshot: int = 1, force: bool = False,
            modules: list[str] | None = None) -> dict[str, Built]:
    """The outcomes of one run, by module."""
    run = Run(home, as_of, snapshot, "operator", NOW, force)
    return {built.module: built for built in build(con, run, modules)}
