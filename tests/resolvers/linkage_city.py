"""A small made-up city of units and mentions for tests of training: people with numbers, some records without."""

from __future__ import annotations

import random
from datetime import date, timedelta

import duckdb

from resolvers.linkage import assignment, nuclei, units
from resolvers.mentions import MENTION_COLUMNS
from resolvers.names import standardise_names
from sources.tables import create_table

_SURNAMES = "王李张刘陈杨黄赵周吴"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂英华玉萍红玲建文辉力鹏"
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CATEGORIES = ("household_registration", "medical_insurance", "health_records")


def number_of(born: date, sequence: int) -> str:
    """A valid number."""
    digits = f"110101{born:%Y%m%d}{sequence:03d}"
    return digits + "10X98765432"[sum(int(digit) * weight for digit, weight in zip(digits, _WEIGHTS, strict=True)) % 11]


def build(people: int, *, numbers: bool = True, seed: int = 1) -> duckdb.DuckDBPyConnection:
    """A store with mentions, nuclei, unit_mention and unit: each person has a record in three registers; one in ten health records has no
    number. numbers: false leaves all numbers out."""
    chance = random.Random(seed)
    con = duckdb.connect()
    con.execute("SET threads=1")
    con.execute(create_table("mention", MENTION_COLUMNS))
    rows = []
    for person in range(people):
        born = date(1950, 1, 1) + timedelta(chance.randrange(25_000))
        number = number_of(born, person % 1_000) if numbers else None
        name = chance.choice(_SURNAMES) + "".join(chance.choices(_GIVEN, k=2))
        dwelling = f"d{person // 3}"
        for place, category in enumerate(_CATEGORIES):
            record = person * 3 + place
            hidden = category == "health_records" and person % 10 == 0
            row = dict.fromkeys(MENTION_COLUMNS) | {
                "mention_id": record * 8, "record_id": record, "category": category, "natural_key": f"k{record}", "role": "holder",
                "subject": True, "name": name, "id_number": None if hidden else number, "id_state": "missing" if hidden else "valid",
                "sex": "1" if not number or number[16] in "13579" else "2", "birth_date": born, "phone": f"p{person // 2}",
                "township_code": f"t{person % 7}", "community_code": f"c{person % 40}", "dwelling_code": dwelling, "own_keys": [],
                "is_self": False,
            }  # fmt: skip
            rows.append(tuple(row[name] for name in MENTION_COLUMNS))
    con.executemany(f"INSERT INTO mention VALUES ({', '.join('?' * len(MENTION_COLUMNS))})", rows)
    standardise_names(con)
    assignment.create_tables(con)
    nuclei.build(con)
    assignment.assign(con)
    assignment.share(con)
    units.build(con, "unit_mention", "unit")
    return con
