"""The comparison with the truth: right, wrong and missing dwellings, living alone, whole households, and each cause."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.factories import a_record, insert
from tests.warehouse.attribute_cases import AS_OF
from tests.warehouse.test_households import D1, D2, D3, D4, a_city, lives
from warehouse import profile
from warehouse.households.evaluation import CAUSES, HEADERS, LivingQuality, evaluate, rows


def write(con: duckdb.DuckDBPyConnection, file: Path, **columns: list[Any]) -> None:
    con.execute("CREATE OR REPLACE TEMP TABLE written AS SELECT " + ", ".join(f"unnest(${name}) AS {name}" for name in columns), columns)
    con.execute(f"COPY written TO '{file}' (FORMAT parquet)")


PEOPLE = {  # where the registers place them (None: nowhere), where they live, with whom, whether alone
    "right": (D1, D1, "A", True),
    "unreported": (D2, D4, "B", True),  # no record knows of D4
    "husband": (D2, D3, "C", False),  # a family record leads his wife to D3
    "wife": (D2, D3, "C", False),
    "away": (D1, None, None, False),  # lives outside the city
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> LivingQuality:
    truth = tmp_path_factory.mktemp("truth")
    con = a_city()
    for number, (who, (registered, *_)) in enumerate(PEOPLE.items()):
        spouse = {"husband": "wife", "wife": "husband"}.get(who)
        lives(con, who, registered, household_no=str(number), relation_to_head="02", spouse=spouse, natural_key=who)
    record = a_record(con, "birth_family_support", {"mother": "wife"}, address="x", natural_key="bf")
    insert(con, "place", record_id=record, category="birth_family_support", column_name="address", outside_city=False, address="x",
           dwelling_code=D3)
    record = a_record(con, "residence_permits", {"holder": "right"}, permit_status="3", current_address="y", natural_key="unread")
    insert(con, "place", record_id=record, category="residence_permits", column_name="current_address", outside_city=False, address="y")
    profile.build(con, AS_OF)
    stated = con.execute("SELECT category, natural_key, role, person_id FROM mention_person").fetchall()
    write(con, truth / "mentions.parquet", category=[row[0] for row in stated], natural_key=[row[1] for row in stated],
          role=[row[2] for row in stated], true_person=[row[3] for row in stated])
    write(con, truth / "persons.parquet", true_person=list(PEOPLE), in_registers=[True] * 5, alive=[True] * 5,
          population=["away" if one[1] is None else "resident" for one in PEOPLE.values()],
          dwelling_key=[one[1] for one in PEOPLE.values()], household_key=[one[2] for one in PEOPLE.values()],
          living_alone=[one[3] for one in PEOPLE.values()])
    con.execute("CREATE TABLE published AS SELECT ?::DATE AS as_of", [AS_OF])
    con.execute("ATTACH ':memory:' AS snapshot")
    con.execute("COPY FROM DATABASE memory TO snapshot")
    con.execute("USE snapshot")
    return evaluate(con, truth)


def test_people_are_counted(found: LivingQuality) -> None:
    assert (found.persons, found.right, found.wrong, found.none) == (4, 2, 2, 0)
    assert found.rightly_linked is not None
    assert (found.rightly_linked.right, found.rightly_linked.wrong) == (2, 2)


def test_living_alone(found: LivingQuality) -> None:
    """`away` seems to live with `right`; the husband stays registered with `unreported`, and his wife seems to live alone."""
    assert (found.alone_right, found.alone_extra, found.alone_missing) == (0, 1, 2)
    assert (found.alone_precision, found.alone_recall) == (0, 0)


def test_whole_households(found: LivingQuality) -> None:
    """`right` is a household of one although somebody else seems to live there; `unreported` is one in another dwelling."""
    assert found.whole == 2
    assert found.whole_share == 0.5


CAUSED = {
    ("dwelling", "wrong"): {"family": 1, "register": 1},
    ("living_alone", "extra"): {"family": 1},
    ("living_alone", "missing"): {"family": 1, "register": 1},
    ("whole_household", "broken"): {"family": 2},
}


@pytest.mark.parametrize("difference", CAUSED, ids=" ".join)
def test_every_difference_has_a_cause(found: LivingQuality, difference: tuple[str, str]) -> None:
    told = {one.cause: one.persons for one in found.differences if (one.measure, one.kind) == difference}
    assert told == CAUSED[difference]


def test_the_table_sums_the_causes(found: LivingQuality) -> None:
    table = rows(found)
    assert len(HEADERS) == 3 + len(CAUSES)
    assert {(row[0], row[1]) for row in table} == set(CAUSED)
    for row in table:
        assert row[2] == sum(int(str(number)) for number in row[3:])


def test_nobody_lives_in_an_empty_truth() -> None:
    empty = LivingQuality(0, 0, 0, 0, 0, 0, 0, 0)
    assert (empty.alone_precision, empty.alone_recall, empty.whole_share) == (None, None, None)
