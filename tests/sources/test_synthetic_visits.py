"""Visits of the invented city: lines of people who live where they say, delivered like any other category."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from sources.catalogue import load_catalogue
from sources.deliveries import discover
from sources.synthetic.visits import deliver

DAY = date(2025, 6, 2)
HEADERS = {column.header: column.name for column in load_catalogue().forms["grid_visits"].columns}
WIDE = str.maketrans("０１２３４５６７８９", "0123456789")


@pytest.fixture
def city(tmp_path: Path) -> Path:
    """The truth of 300 people, of whom two thirds live in two grids."""
    (tmp_path / "truth").mkdir()
    rows = [{"true_person": f"P{number:08d}", "name": "陈秀英", "id_number": f"4210991938031{number:05d}", "sex": "2",
             "birth_date": date(1938 + number % 80, 3, 12), "alive": number % 10 > 0, "in_registers": True, "living_alone": False,
             "grid": None if number % 3 == 0 else f"42100200100100{number % 3}", "dwelling_key": f"421002001001{number // 3:07d}",
             "residence_start": None} for number in range(300)]
    schema = {"birth_date": pl.Date, "residence_start": pl.Date, "grid": pl.String}
    pl.DataFrame(rows, schema_overrides=schema).write_parquet(tmp_path / "truth" / "persons.parquet")
    return tmp_path


def lines_of(city: Path) -> list[dict[str, Any]]:
    (delivery,) = discover(city).deliveries
    text = (delivery.folder / "grid_visits.jsonl").read_text(encoding="utf-8")
    return [{HEADERS[header]: value for header, value in json.loads(line).items() if value} for line in text.splitlines()]


def test_living_people_in_grids_say_where_they_live(city: Path) -> None:
    count = deliver(city, 0.5, 7, DAY)
    people = {row["true_person"]: row for row in pl.read_parquet(city / "truth" / "persons.parquet").to_dicts()}
    who = dict(pl.read_parquet(city / "truth" / "visits.parquet").select("visit_no", "true_person").iter_rows())
    lines = lines_of(city)
    assert 60 < len(lines) == count < 120
    for line in lines:
        person = people[who[line["visit_no"]]]
        assert person["alive"]
        assert (line["grid_code"], line["dwelling_code"].translate(WIDE)) == (person["grid"], person["dwelling_key"])
        assert "person_id" not in line
        assert line.get("id_number") in (None, person["id_number"])


def test_visits_lie_in_the_week_before_the_delivery_and_some_agree_to_nothing(city: Path) -> None:
    deliver(city, 1.0, 7, DAY)
    lines = lines_of(city)
    days = {date(*map(int, line["visit_date"].replace("/", "-").split("-"))) for line in lines}
    assert {DAY - timedelta(days=6), DAY} <= days <= {DAY - timedelta(days=back) for back in range(7)}
    assert 0 < sum("consent_services" not in line for line in lines) < len(lines) / 2


def test_the_same_arguments_give_the_same_bytes(city: Path) -> None:
    deliver(city, 0.5, 7, DAY)
    first = lines_of(city)
    deliver(city, 0.5, 7, DAY)
    assert lines_of(city) == first
    deliver(city, 0.5, 8, DAY)
    assert lines_of(city) != first


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_a_share_that_is_none_is_refused(city: Path, share: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        deliver(city, share, 7, DAY)


def test_nobody_visited_delivers_nothing(city: Path) -> None:
    assert deliver(city, 0.0, 7, DAY) == 0
    assert discover(city).deliveries == ()
