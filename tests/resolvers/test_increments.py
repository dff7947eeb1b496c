"""Increments: whatever comes, goes and is corrected, run by run, the result is that of one run for everything."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resolvers import linkage
from resolvers.linkage import assignment, increments, scoring
from resolvers.mentions import MENTION_COLUMNS, ROLES_PER_RECORD
from resolvers.names import standardise_names
from sources.tables import create_table

NUMBERS = {
    "421099196503127217": date(1965, 3, 12),
    "421099196708034521": date(1967, 8, 3),
    "421099201105069236": date(2011, 5, 6),
    "421099201301091234": date(2013, 1, 9),
}
NAMES = ("王大海", "王秀英", "王小海", "陈金花")
EXAMPLES = int(os.environ.get("INCREMENT_EXAMPLES", "6"))
"""Histories per run of the tests; each is four runs of the linkage."""

PLACE_IN_RECORD = {"holder": 0, "father": 1, "mother": 2, "contact": 3, "spouse_a": 0, "spouse_b": 1, "owner": 0}
COMPARED = (
    "unit_mention",
    "unit",
    "pair",
    "unit_cluster",
    "mention_cluster",
    "relative_cluster",
    "clustered",
    "cluster_confidence",
    "shared_value",
    "nucleus",
    "claim_form",
    "blocking_load",
    "dropped_key",
    "sighting",
    "person_about",
    "link_edge",
    "cut",
)


@dataclass(frozen=True)
class Mention:
    """One row of `mention`; only what matters is stated."""

    record: int
    key: str
    category: str = "health_records"
    role: str = "holder"
    name: str | None = None
    number: str | None = None
    typed: str | None = None
    birth: date | None = None
    sex: str | None = None
    phone: str | None = None
    dwelling: str | None = None
    household: str | None = None
    keys: tuple[str, ...] = ()

    def row(self) -> dict[str, Any]:
        empty: dict[str, Any] = dict.fromkeys(MENTION_COLUMNS)
        return empty | {
            "mention_id": self.record * ROLES_PER_RECORD + PLACE_IN_RECORD[self.role],
            "record_id": self.record,
            "category": self.category,
            "natural_key": self.key,
            "role": self.role,
            "subject": self.role not in ("father", "mother", "contact"),
            "name": self.name,
            "id_number": self.number,
            "id_state": "valid" if self.number else None,
            "id_typed": self.typed,
            "sex": self.sex,
            "birth_date": self.birth,
            "phone": self.phone,
            "dwelling_code": self.dwelling,
            "household": self.household,
            "own_keys": list(self.keys),
            "is_self": False,
        }


def a_store(path: Path | str = ":memory:") -> duckdb.DuckDBPyConnection:
    con = duckdb.connect(str(path), config={"threads": 2})
    con.execute(create_table("mention", MENTION_COLUMNS))
    standardise_names(con)
    return con


def deliver(con: duckdb.DuckDBPyConnection, mentions: Sequence[Mention]) -> None:
    """The store's mentions are these, and no others."""
    con.execute("DELETE FROM mention")
    if mentions:
        rows = [mention.row() for mention in mentions]
        names = ", ".join(MENTION_COLUMNS)
        con.executemany(
            f"INSERT INTO mention ({names}) VALUES ({', '.join('?' * len(MENTION_COLUMNS))})",
            [[row[name] for name in MENTION_COLUMNS] for row in rows],
        )
    standardise_names(con)


def partition(con: duckdb.DuckDBPyConnection) -> set[frozenset[tuple[str, str, str]]]:
    persons: dict[str, set[tuple[str, str, str]]] = {}
    for person, *key in con.execute("SELECT person_id, category, natural_key, role FROM mention_person").fetchall():
        persons.setdefault(person, set()).add((key[0], key[1], key[2]))
    return {frozenset(members) for members in persons.values()}


def assert_same(increment: duckdb.DuckDBPyConnection, whole: duckdb.DuckDBPyConnection) -> None:
    """Persons, and everything that a run keeps, are the same in two stores."""
    assert partition(increment) == partition(whole)
    for table in COMPARED:
        columns = [row[0] for row in whole.execute(f"DESCRIBE {table}").fetchall()]
        query = f"SELECT {', '.join(columns)} FROM {table} ORDER BY ALL"
        assert increment.execute(query).fetchall() == whole.execute(query).fetchall(), table
    query = "SELECT known_from, match_confidence, count(*) FROM everybody GROUP BY ALL ORDER BY ALL"
    assert increment.execute(query).fetchall() == whole.execute(query).fetchall()


def of_whole(tmp_path: Path, mentions: Sequence[Mention], decided: Sequence[tuple[int, int, str]] = ()) -> duckdb.DuckDBPyConnection:
    con = a_store()
    deliver(con, mentions)
    decide(con, decided)
    assert linkage.resolve(con, tmp_path, 1).everything == "first run"
    return con


def decide(con: duckdb.DuckDBPyConnection, decided: Sequence[tuple[int, int, str]]) -> None:
    assignment.create_tables(con)
    con.execute("DELETE FROM decided")
    for row in decided:
        con.execute("INSERT INTO decided VALUES (?, ?, ?)", row)


@st.composite
def records(draw: st.DrawFn) -> list[Mention]:
    """Mentions of one record about a small town of four people, some of it wrong, missing or shared."""
    number = draw(st.sampled_from([*NUMBERS, *NUMBERS, None, None]))
    owner = number or draw(st.sampled_from(list(NUMBERS)))
    born = draw(st.sampled_from([NUMBERS[owner], NUMBERS[owner], NUMBERS[owner], None, date(1990, 2, 3)]))
    right_name = NAMES[list(NUMBERS).index(owner)]
    name = draw(st.sampled_from([right_name, right_name, right_name, *NAMES, "王?海"]))
    category = draw(st.sampled_from(["health_records", "household_registration", "care_followups", "marriage_registration"]))
    phone = draw(st.sampled_from([None, None, "13900000001", "13900000002"]))
    typed = None if number else draw(st.sampled_from([None, None, owner[:-1] + "0", "无"]))
    home = {"dwelling": draw(st.sampled_from([None, "d1", "d2"]))}
    if category == "household_registration":
        home["household"] = draw(st.sampled_from([None, "household|1", "household|2"]))
    first = "spouse_a" if category == "marriage_registration" else "holder"
    keys = ("archive|1",) if draw(st.integers(0, 5)) == 0 else ()
    sex = draw(st.sampled_from([None, "1" if int(owner[16]) % 2 else "2"]))
    found = [Mention(0, "", category, first, name, number, typed, born, sex, phone, keys=keys, **home)]
    if first == "spouse_a":
        found.append(Mention(0, "", category, "spouse_b", draw(st.sampled_from(NAMES)), draw(st.sampled_from([None, *NUMBERS]))))
    else:
        for role in ("father", "mother", "contact"):
            if draw(st.booleans()):
                named = draw(st.sampled_from(NAMES))
                found.append(
                    Mention(
                        0,
                        "",
                        category,
                        role,
                        named,
                        draw(st.sampled_from([None, None, *NUMBERS])),
                        phone=draw(st.sampled_from([None, phone])),
                    )
                )
    return found


@st.composite
def histories(draw: st.DrawFn) -> list[list[Mention]]:
    """Three runs' mentions: a record is there in some of them; a record that comes back corrected has a new number and the old key."""
    runs: list[list[Mention]] = [[], [], []]
    for position, record in enumerate(draw(st.lists(records(), min_size=4, max_size=14))):
        present = draw(st.sampled_from([(0, 1, 2), (0, 1, 2), (0, 1, 2), (1, 2), (2,), (0,), (0, 1), (0, 2)]))
        corrected = draw(records()) if draw(st.integers(0, 3)) == 0 else None
        for run in present:
            version = corrected if corrected and run == present[-1] else record
            number = position * 2 + 1 + (version is corrected)
            for mention in version:
                runs[run].append(replace(mention, record=number, key=f"k{position:03d}"))
    return runs


@settings(max_examples=EXAMPLES)
@given(histories())
def test_increments_leave_what_one_run_for_everything_leaves(
    tmp_path_factory: pytest.TempPathFactory, history: list[list[Mention]]
) -> None:
    models = tmp_path_factory.mktemp("models")
    con = a_store()
    for run, mentions in enumerate(history, start=1):
        deliver(con, mentions)
        linkage.resolve(con, models, run)
    assert_same(con, of_whole(models, history[-1]))


def family(record: int = 1) -> list[Mention]:
    """A household of three whose child names its father without a number, and a record of the mother at a doctor's."""
    numbers = list(NUMBERS)
    home: dict[str, Any] = {"dwelling": "d1", "household": "household|1", "category": "household_registration"}
    return [
        Mention(record, "r1", name="王大海", number=numbers[0], birth=NUMBERS[numbers[0]], sex="1", **home),
        Mention(record + 1, "r2", name="王秀英", number=numbers[1], birth=NUMBERS[numbers[1]], sex="2", **home),
        Mention(record + 2, "r3", name="王小海", number=numbers[2], birth=NUMBERS[numbers[2]], sex="1", **home),
        Mention(record + 2, "r3", category="household_registration", role="father", name="王大海"),
        Mention(record + 3, "h1", name="王秀英", birth=NUMBERS[numbers[1]], sex="2", dwelling="d1"),
    ]


@pytest.fixture
def town(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A store after its first run on a family and some strangers."""
    con = a_store()
    deliver(con, [*family(), *strangers()])
    linkage.resolve(con, tmp_path, 1)
    yield con
    con.close()


def strangers(count: int = 12) -> list[Mention]:
    return [
        Mention(
            100 + place,
            f"s{place}",
            name="刘洋",
            number=f"4210991980{place:02d}15001{place % 10}"[:18],
            birth=date(1980, 1 + place % 12, 15),
        )
        for place in range(count)
    ]


def linked(con: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], str]:
    return {(key, role): person for key, role, person in con.execute("SELECT natural_key, role, person_id FROM mention_person").fetchall()}


def test_nothing_new_is_nothing_to_do(town: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    before = linked(town)
    found = linkage.resolve(town, tmp_path, 2)
    assert (found.everything, found.new, found.gone, found.units_touched) == (None, 0, 0, 0)
    assert linked(town) == before


def test_a_new_record_touches_its_person_and_who_is_named_with_it(town: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    before = linked(town)
    number = next(iter(NUMBERS))
    deliver(town, [*family(), *strangers(), Mention(50, "n1", name="王大海", number=number)])
    found = linkage.resolve(town, tmp_path, 2)
    assert (found.everything, found.new, found.gone, found.units_touched) == (None, 1, 0, 1)
    assert linked(town) == before | {("n1", "holder"): before["r1", "holder"]}


def test_a_correction_takes_a_person_apart(town: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    before = linked(town)
    assert before["h1", "holder"] == before["r2", "holder"]
    corrected = [*family()[:-1], Mention(60, "h1", name="赵芳", birth=date(1971, 2, 3), sex="2", dwelling="d1"), *strangers()]
    deliver(town, corrected)
    found = linkage.resolve(town, tmp_path, 2)
    assert (found.new, found.gone) == (1, 1)
    after = linked(town)
    assert after["h1", "holder"] != after["r2", "holder"]
    assert_same(town, of_whole(tmp_path, corrected))


def test_a_relative_loses_its_place_with_the_father(town: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    placed = "SELECT cluster > 0 FROM relative_cluster WHERE mention_id = ?"
    assert town.execute(placed, [FATHER_OF_R3]).fetchall() == [(True,)]
    rest = [*family()[1:], *strangers()]
    deliver(town, rest)
    linkage.resolve(town, tmp_path, 2)
    assert town.execute(placed, [FATHER_OF_R3]).fetchall() == [(False,)]
    assert_same(town, of_whole(tmp_path, rest))


def test_everything_is_deleted_and_comes_back_with_its_ids(town: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    before = linked(town)
    deliver(town, [])
    assert linkage.resolve(town, tmp_path, 2).persons == 0
    deliver(town, [*family(200), *strangers()])
    linkage.resolve(town, tmp_path, 3)
    assert linked(town) == before
    assert_same(town, of_whole(tmp_path, [*family(200), *strangers()]))


@pytest.mark.parametrize("carriers", [(7, 9), (9, 7)], ids=["becomes shared", "ceases to be shared"])
def test_a_telephone_crosses_its_bound(tmp_path: Path, carriers: tuple[int, int]) -> None:
    def callers(count: int) -> list[Mention]:
        return [replace(mention, phone="13911111111") for mention in strangers(count)]

    con = a_store()
    deliver(con, [*family(), *callers(carriers[0])])
    linkage.resolve(con, tmp_path, 1)
    deliver(con, [*family(), *callers(carriers[1])])
    assert linkage.resolve(con, tmp_path, 2).everything is None
    assert_same(con, of_whole(tmp_path, [*family(), *callers(carriers[1])]))


HOLDER = {"r1": 1 * ROLES_PER_RECORD, "r2": 2 * ROLES_PER_RECORD, "r3": 3 * ROLES_PER_RECORD, "h1": 4 * ROLES_PER_RECORD}
FATHER_OF_R3 = HOLDER["r3"] + PLACE_IN_RECORD["father"]


@pytest.mark.parametrize(
    ("decision", "apart"),
    [
        pytest.param((HOLDER["r2"], HOLDER["h1"], "different"), True, id="two units apart"),
        pytest.param((HOLDER["r1"], FATHER_OF_R3, "different"), True, id="a relative out of a person"),
        pytest.param((HOLDER["r1"], HOLDER["r2"], "different"), True, id="two who are two anyway"),
    ],
)
def test_a_decision_keeps_two_apart_until_it_is_taken_back(
    town: duckdb.DuckDBPyConnection, tmp_path: Path, decision: tuple[int, int, str], apart: bool
) -> None:
    before = linked(town)
    decide(town, [decision])
    assert linkage.resolve(town, tmp_path, 2).everything is None
    persons = {
        row[0]
        for row in town.execute(
            "SELECT person_id FROM clustered JOIN person_of_cluster USING (cluster) WHERE mention_id IN (?, ?)", decision[:2]
        ).fetchall()
    }
    assert (len(persons) == 2) == apart
    assert_same(town, of_whole(tmp_path, [*family(), *strangers()], [decision]))
    decide(town, [])
    linkage.resolve(town, tmp_path, 3)
    assert linked(town) == before


def test_a_reviewer_takes_a_mention_out_of_a_nucleus(tmp_path: Path) -> None:
    mentions = [*family(), replace(family()[0], record=70, key="x1", category="health_records", household=None)]
    con = a_store()
    deliver(con, mentions)
    linkage.resolve(con, tmp_path, 1)
    assert linked(con)["x1", "holder"] == linked(con)["r1", "holder"]
    decision = (HOLDER["r1"], 70 * ROLES_PER_RECORD, "different")
    decide(con, [decision])
    linkage.resolve(con, tmp_path, 2)
    assert linked(con)["x1", "holder"] != linked(con)["r1", "holder"]
    assert con.execute("SELECT number FROM unit_mention WHERE mention_id = ?", [70 * ROLES_PER_RECORD]).fetchall() == [(None,)]
    assert_same(con, of_whole(tmp_path, mentions, [decision]))


def test_a_reviewer_says_whose_relative_it_is(town: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    decision = (FATHER_OF_R3, 100 * ROLES_PER_RECORD, "same")
    decide(town, [decision])
    linkage.resolve(town, tmp_path, 2)
    after = linked(town)
    assert after["r3", "father"] == after["s0", "holder"] != after["r1", "holder"]
    assert_same(town, of_whole(tmp_path, [*family(), *strangers()], [decision]))


@pytest.mark.parametrize(
    "damage",
    [
        "DROP TABLE pair",
        "ALTER TABLE unit_cluster DROP cluster",
        "DELETE FROM linkage_state",
        "DELETE FROM clustered WHERE role = 'father'",
    ],
)
def test_a_memory_that_does_not_fit_is_not_built_upon(town: duckdb.DuckDBPyConnection, tmp_path: Path, damage: str) -> None:
    before = linked(town)
    town.execute(damage)
    assert linkage.resolve(town, tmp_path, 2).everything is not None
    assert linked(town) == before


def test_a_newer_year_makes_everything_new(town: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    deliver(town, [*family(), *strangers(), Mention(80, "b1", name="王小小", birth=date(2024, 5, 5))])
    assert linkage.resolve(town, tmp_path, 2).everything == "changed: reference date"


def test_a_death_that_a_corrected_record_states_takes_a_person_apart(tmp_path: Path) -> None:
    """The same record with another date of death: nothing that mentions state has changed."""
    con = a_store()
    con.execute("CREATE TABLE current_health_records (record_id BIGINT, death_date DATE)")
    con.execute("INSERT INTO current_health_records VALUES (1, NULL)")
    same: dict[str, Any] = {"name": "王秀英", "birth": date(1990, 5, 1), "sex": "2", "dwelling": "d1", "phone": "19900000001"}
    deliver(con, [Mention(1, "a", **same), Mention(2, "b", **same), *strangers()])
    linkage.resolve(con, tmp_path, 1)
    before = linked(con)
    con.execute("UPDATE current_health_records SET death_date = DATE '1985-01-01'")
    found = linkage.resolve(con, tmp_path, 2)
    assert (found.everything, found.new, found.gone) == (None, 1, 1)
    after = linked(con)
    assert before["a", "holder"] == before["b", "holder"]
    assert after["a", "holder"] != after["b", "holder"]


def test_two_current_records_of_one_key_are_refused(tmp_path: Path) -> None:
    con = a_store()
    deliver(con, [Mention(1, "same", name="王大海"), Mention(2, "same", name="陈金花")])
    with pytest.raises(assignment.IdCollision, match="1 units share an id"):
        linkage.resolve(con, tmp_path, 1)


@pytest.mark.parametrize("count", [0, 1], ids=["an empty table", "one row"])
def test_hardly_any_mentions(tmp_path: Path, count: int) -> None:
    found = linkage.resolve(of_whole(tmp_path, strangers(count)), tmp_path, 2)
    assert (found.mentions, found.persons, found.pairs) == (count, count, 0)


def a_crowd(count: int, **same: Any) -> list[Mention]:
    """People with names and birth dates of their own."""
    return [
        replace(
            Mention(
                place,
                f"c{place}",
                name=f"{'王李张刘陈'[place % 5]}{chr(0x4E00 + place % 997)}{chr(0x5E00 + place % 991)}",
                birth=date(1950 + place % 60, 1 + place % 12, 1 + place % 28),
            ),
            **same,
        )
        for place in range(1, count + 1)
    ]


def test_one_telephone_on_ten_thousand_records_joins_nobody(tmp_path: Path) -> None:
    con = a_store()
    deliver_many(con, a_crowd(10_000, phone="13900000000"))
    found = linkage.resolve(con, tmp_path, 1)
    assert con.execute("SELECT count(*) FROM unit WHERE phones IS NOT NULL").fetchone() == (0,)
    assert found.pairs < 10_000


def test_one_name_on_a_twentieth_of_the_records(tmp_path: Path) -> None:
    crowd = a_crowd(4_000)
    named = [replace(mention, name="王伟") if place % 20 == 0 else mention for place, mention in enumerate(crowd)]
    con = a_store()
    deliver_many(con, named)
    assert linkage.resolve(con, tmp_path, 1).pairs < 4_000


def deliver_many(con: duckdb.DuckDBPyConnection, mentions: Sequence[Mention]) -> None:
    import pyarrow as pa  # noqa: PLC0415

    rows = [mention.row() for mention in mentions]
    con.register("_many", pa.Table.from_pylist(rows, schema=con.execute("SELECT * FROM mention LIMIT 0").to_arrow_table().schema))
    con.execute("INSERT INTO mention BY NAME FROM _many")
    con.unregister("_many")
    standardise_names(con)


def test_a_rule_that_proposes_too_much_leaves_out_its_most_frequent_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoring, "MIN_PAIRS_ALLOWED", 400)
    monkeypatch.setattr(scoring, "PAIRS_PER_UNIT", 1)
    flood = [replace(mention, name="王伟", birth=date(1970, 1, 1)) for mention in a_crowd(60)]
    some = [*family(), *strangers()]
    con = a_store()
    deliver(con, some)
    assert linkage.resolve(con, tmp_path, 1).degraded == ()
    deliver(con, [*some, *flood])
    found = linkage.resolve(con, tmp_path, 2)
    assert {rule.bound for rule in found.degraded} == {32}
    assert found.pairs < 400
    assert_same(con, of_whole(tmp_path, [*some, *flood]))
    deliver(con, [*some, *flood[:5]])
    assert linkage.resolve(con, tmp_path, 3).degraded == ()
    assert_same(con, of_whole(tmp_path, [*some, *flood[:5]]))


def test_all_numbers_missing(tmp_path: Path) -> None:
    mentions = [replace(mention, number=None) for mention in [*family(), *strangers()]]
    found = linkage.resolve(of_whole(tmp_path, mentions), tmp_path, 2)
    assert (found.mentions, found.everything) == (len(mentions), None)


def test_the_program_has_a_digest() -> None:
    assert len(increments.code_digest()) == 16
