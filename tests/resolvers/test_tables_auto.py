"""The model that is proposed for tables that nobody described: what columns are taken for, what is linked, what never explodes."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from resolvers.tables import auto, engine
from resolvers.tables.learning import starting_m
from resolvers.tables.measures import Measures, measure
from resolvers.tables.profiling import Content, profile_tables
from resolvers.tables.reading import TableRefused, read_tables, register_tables
from resolvers.tables.relations import relate
from resolvers.tables.spec import Model, is_trained, read_model, write_model
from sources.extensions import connect_memory
from sources.tables import quoted
from tests.resolvers.tables_data import FEBRL_TRUTH, febrl

DATE = "2026-01-01"
Rows = Sequence[Mapping[str, str | None]]
LETTERS = "abcdefghijklmnopqrstuvwxyz"
HAN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰红建国文辉力志永健世广义兴良海山仁波宁贵福生龙元全胜学祥才发武新利清飞彬富"


def _word(draw: random.Random, least: int = 4, most: int = 9) -> str:
    return "".join(draw.choice("bdfgklmnprst") + draw.choice("aeiou") for _ in range(draw.randint(least // 2, most // 2)))


def _han_name(draw: random.Random) -> str:
    return draw.choice("王李张刘陈杨赵黄周吴") + "".join(draw.sample(HAN, draw.choice([1, 2, 2])))


_STREETS = [f"{_word(random.Random(n))} {kind}" for n, kind in enumerate(["road", "street", "lane"] * 40)]

CELLS: dict[str, tuple[Content, Callable[[random.Random, int], str | None]]] = {
    "one value everywhere": (Content.NOTHING, lambda _, __: "x"),
    "hardly a cell filled": (Content.NOTHING, lambda _, n: "x" if n == 3 else None),
    "numbering": (Content.ROW_KEY, lambda _, n: str(70_000 + n)),
    "hashes": (Content.ROW_KEY, lambda draw, _: f"{draw.getrandbits(128):032x}"),
    "moments": (
        Content.TIME,
        lambda draw, _: f"2024-0{draw.randint(1, 9)}-1{draw.randint(0, 9)} {draw.randint(10, 23)}:{draw.randint(10, 59)}:07",
    ),
    "ISO dates": (Content.DATE, lambda draw, _: f"19{draw.randint(30, 99)}-{draw.randint(1, 12):02}-{draw.randint(1, 28):02}"),
    "dates in eight digits": (Content.DATE, lambda draw, _: f"19{draw.randint(30, 99)}{draw.randint(1, 12):02}{draw.randint(1, 28):02}"),
    "dates with dots and Chinese dates": (
        Content.DATE,
        lambda draw, n: f"{draw.randint(1, 28)}.{draw.randint(1, 12)}.1985" if n % 2 else f"1985年{draw.randint(1, 12)}月3日",
    ),
    "years": (Content.YEAR, lambda draw, _: str(draw.randint(1930, 2005))),
    "long numbers": (Content.NUMBER, lambda draw, _: str(draw.randint(10**8, 10**9))),
    "telephones": (Content.NUMBER, lambda draw, _: f"0{draw.randint(100, 999)}-{draw.randint(10**6, 10**7)}"),
    "postcodes": (Content.CODE, lambda draw, _: str(draw.randint(2000, 2600))),
    "postcodes with letters": (Content.CODE, lambda draw, _: f"tq{draw.randint(1, 20)} {draw.randint(1, 9)}{draw.choice('abcd')}f"),
    "prices": (Content.QUANTITY, lambda draw, _: f"{draw.uniform(1, 900):.2f}"),
    "sexes": (Content.CATEGORY, lambda draw, _: draw.choice("mf")),
    "electronic mail": (Content.EMAIL, lambda draw, _: f"{_word(draw)}@{_word(draw)}.org"),
    "names in Chinese": (Content.HAN_NAME, lambda draw, _: _han_name(draw)),
    "names": (Content.WORD, lambda draw, _: _word(draw).title()),
    "streets with numbers": (Content.TEXT, lambda draw, _: f"{draw.randint(1, 99)} {draw.choice(_STREETS)}, {draw.choice(_STREETS)}"),
    "addresses in Chinese": (Content.TEXT, lambda draw, _: f"江陵县{_han_name(draw)}街道{draw.randint(1, 99)}号{draw.randint(1, 9)}栋"),
}


@pytest.mark.parametrize("cells", CELLS, ids=str)
def test_a_column_is_told_from_its_content(cells: str) -> None:
    content, make = CELLS[cells]
    draw = random.Random(5)
    rows = [{"id": str(n), "c": make(draw, n)} for n in range(600)]
    with connect_memory() as con:
        _register(con, [rows])
        assert profile_tables(con)[0].content is content


def test_a_value_far_too_frequent_stands_for_nothing() -> None:
    draw = random.Random(5)
    rows = [{"id": str(n), "c": "0000000" if n % 12 == 0 else str(draw.randint(10**6, 10**7))} for n in range(1200)]
    with connect_memory() as con:
        _register(con, [rows])
        assert profile_tables(con)[0].placeholders == ("0000000",)


def test_relations_between_columns_are_seen() -> None:
    draw = random.Random(3)
    rows = []
    for n in range(400):
        given, surname = _word(draw), _word(draw)
        given_cell, surname_cell = (surname, given) if n % 40 == 1 else (given, surname)
        for copy in range(2):
            names = (given, surname) if copy else (given_cell, surname_cell)
            row = {"id": f"{n}-{copy}", "a": names[0], "b": names[1], "whole": f"{given} {surname}", "year": str(draw.randint(1940, 2000))}
            rows.append(row | {"month": str(draw.randint(1, 12)), "day": str(draw.randint(1, 28))})
    with connect_memory() as con:
        _register(con, [rows])
        found = relate(con, profile_tables(con))
    assert found.swapped == (("a", "b"),)
    assert {("a", "whole"), ("b", "whole")} <= set(found.inside)
    assert found.dates == (("year", "month", "day"),)


def _register(con: object, tables: Sequence[Rows]) -> tuple[object, ...]:
    for place, rows in enumerate(tables):
        columns = list(rows[0]) if rows else ["id", "name"]
        con.execute(f"CREATE OR REPLACE TABLE t{place} ({', '.join(f'{quoted(name)} VARCHAR' for name in columns)})")  # type: ignore[attr-defined]
        if rows:
            values = [list(row.values()) for row in rows]
            con.executemany(f"INSERT INTO t{place} VALUES ({', '.join('?' for _ in columns)})", values)  # type: ignore[attr-defined]
    return register_tables(con, {f"t{place}": f"t{place}" for place in range(len(tables))}, "id")  # type: ignore[arg-type]


def _slip(draw: random.Random, text: str, share: float) -> str:
    if len(text) < 3 or draw.random() >= share:
        return text
    place = draw.randrange(len(text) - 1)
    return draw.choice([text[:place] + text[place + 1 :], text[:place] + draw.choice(LETTERS) + text[place + 1 :]])


def _persons(count: int, seed: int = 1) -> list[dict[str, str | None]]:
    """Invented persons with one to four rows each, with slips, holes, and columns that say nothing; id is person-row."""
    draw = random.Random(seed)
    names, places = [_word(draw) for _ in range(120)], [_word(draw, 5, 11) for _ in range(40)]
    rows: list[dict[str, str | None]] = []
    for person in range(count):
        given, surname, place, number = draw.choice(names), _word(draw, 6, 10), draw.choice(places), str(draw.randint(10**8, 10**9))
        birth = f"{draw.randint(1930, 2010)}-{draw.randint(1, 12):02}-{draw.randint(1, 28):02}"
        for copy in range(draw.choice([1, 1, 2, 2, 3, 4])):
            rows.append({
                "id": f"{person}-{copy}", "given": _slip(draw, given, 0.1), "surname": _slip(draw, surname, 0.1),
                "born": None if draw.random() < 0.1 else birth, "number": None if draw.random() < 0.3 else number,
                "town": None if draw.random() < 0.1 else _slip(draw, place, 0.05), "hash": f"{draw.getrandbits(64):016x}",
                "loaded": f"2024-03-{draw.randint(10, 28)} {draw.randint(10, 23)}:{draw.randint(10, 59)}:{draw.randint(10, 59)}",
                "row": str(len(rows) + 1000), "constant": "x",
            })  # fmt: skip
    return rows


def _linked(*tables: Rows) -> tuple[engine.Linked, Measures, dict[str, int]]:
    with connect_memory() as con:
        read = _register(con, tables)
        linked = engine.link_by_name(con, read, engine.AUTO, date=DATE)  # type: ignore[arg-type]
        found = measure(con, "(SELECT split_part(record_id, '-', 1) AS truth, cluster_id AS found FROM table_cluster)")
        clusters = {f"{table}/{record}": cluster for table, record, cluster in con.execute("FROM table_cluster").fetchall()}
    return linked, found, clusters


@pytest.fixture(scope="module")
def persons() -> tuple[engine.Linked, Measures, dict[str, int]]:
    return _linked(_persons(500))


def test_persons_with_slips_and_holes_are_found(persons: tuple[engine.Linked, Measures, dict[str, int]]) -> None:
    _, found, _ = persons
    assert found.precision >= 0.995
    assert found.f1 >= 0.98


def test_columns_that_say_nothing_are_not_compared(persons: tuple[engine.Linked, Measures, dict[str, int]]) -> None:
    linked, _, _ = persons
    sources = {source for column in linked.model.columns for source in column.sources}
    assert not sources & {"hash", "loaded", "row", "constant"}


def test_the_order_of_rows_changes_nothing(persons: tuple[engine.Linked, Measures, dict[str, int]]) -> None:
    rows = _persons(500)
    random.Random(9).shuffle(rows)
    linked, _, clusters = _linked(rows)
    assert linked.model == persons[0].model
    assert clusters == persons[2]


def test_names_of_columns_decide_nothing(persons: tuple[engine.Linked, Measures, dict[str, int]]) -> None:
    rows = [{"id": row["id"], **{f"c{place}": cell for place, cell in enumerate(list(row.values())[1:])}} for row in _persons(500)]
    linked, found, _ = _linked(rows)
    assert [column.kind for column in linked.model.columns] == [column.kind for column in persons[0].model.columns]
    assert len(linked.model.comparisons) == len(persons[0].model.comparisons)
    assert found == persons[1]


def test_the_model_is_a_file_that_links_the_same(tmp_path: Path, persons: tuple[engine.Linked, Measures, dict[str, int]]) -> None:
    linked, _, clusters = persons
    write_model(linked.model, tmp_path / "model.json")
    again = read_model(tmp_path / "model.json")
    assert is_trained(again)
    assert again == linked.model
    with connect_memory() as con:
        read = _register(con, [_persons(500)])
        engine.link(con, read, again, date=DATE)  # type: ignore[arg-type]
        assert {f"{table}/{record}": cluster for table, record, cluster in con.execute("FROM table_cluster").fetchall()} == clusters


def test_weights_fall_from_level_to_level(persons: tuple[engine.Linked, Measures, dict[str, int]]) -> None:
    for comparison in persons[0].model.comparisons:
        weights = [(level.m or 0) / (level.u or 1) for level in comparison.levels if level.when.test != "swapped"]
        assert all(left >= right * 0.999 for left, right in pairwise(weights)), comparison.name


def test_reasons_tell_counts_and_no_values(persons: tuple[engine.Linked, Measures, dict[str, int]]) -> None:
    linked, _, _ = persons
    text = " ".join(linked.reasons)
    assert "row key" in text
    assert not any(str(row["surname"]) in text for row in _persons(500))


def test_nobody_twice_links_hardly_anything() -> None:
    rows = [row for row in _persons(1500, seed=4) if str(row["id"]).endswith("-0")]
    _, _, clusters = _linked(rows)
    assert len(set(clusters.values())) >= len(rows) - 3


def test_tables_without_duplicates_are_linked_one_to_one() -> None:
    draw = random.Random(8)
    rows = _persons(900, seed=6)
    first = [row for row in rows if str(row["id"]).endswith("-0")]
    second = [row for row in rows if str(row["id"]).endswith("-1")]
    draw.shuffle(second)
    linked, found, clusters = _linked(first, second)
    assert not linked.model.duplicates
    assert found.f1 >= 0.97
    for table in ("t0/", "t1/"):
        inside = [cluster for record, cluster in clusters.items() if record.startswith(table)]
        assert len(set(inside)) == len(inside)


PATHOLOGICAL: dict[str, Rows] = {
    "no row": [],
    "one row": [{"id": "1", "name": "anna"}],
    "two rows": [{"id": "1", "name": "anna"}, {"id": "2", "name": "anna"}],
    "every cell empty": [{"id": str(n), "name": None, "town": None} for n in range(50)],
    "only hashes": [{"id": str(n), "h": f"{random.Random(n).getrandbits(128):032x}"} for n in range(300)],
    "one value everywhere": [{"id": str(n), "name": "anna"} for n in range(3000)],
    "two columns of few values": [{"id": str(n), "a": "mf"[n % 2], "b": "xyz"[n % 3]} for n in range(3000)],
    "a name on half of the rows": [
        {"id": str(n), "name": "anna" if n % 2 else _word(random.Random(n)), "town": "qrs"[n % 3]} for n in range(3000)
    ],
}


@pytest.mark.parametrize("rows", PATHOLOGICAL.values(), ids=PATHOLOGICAL.keys())
def test_strange_tables_neither_fail_nor_merge_nor_explode(rows: Rows) -> None:
    linked, _, clusters = _linked(rows)
    assert len(clusters) == len(rows)
    assert linked.pairs <= 100 * len(rows) + 200_000
    sizes = [list(clusters.values()).count(cluster) for cluster in set(clusters.values())] or [0]
    assert max(sizes) <= 60


def test_a_table_with_nothing_besides_the_id_is_refused() -> None:
    with connect_memory() as con:
        read = _register(con, [[{"id": "1"}, {"id": "2"}]])
        with pytest.raises(TableRefused, match="no column besides the id"):
            auto.propose(con, read, date=DATE)  # type: ignore[arg-type]


def test_starting_shares_sum_to_one(persons: tuple[engine.Linked, Measures, dict[str, int]]) -> None:
    for comparison in persons[0].model.comparisons:
        assert starting_m(comparison).sum() == pytest.approx(1.0)


def _febrl(*files: Path) -> tuple[Model, Measures]:
    with connect_memory() as con:
        linked = engine.link_by_name(con, read_tables(con, list(files), "rec_id"), engine.AUTO, date=DATE)
        return linked.model, measure(con, f"(SELECT {FEBRL_TRUTH} AS truth, cluster_id AS found FROM table_cluster)")


def _first(folder: Path, persons: int, *names: str) -> list[Path]:
    """The tables with the records of the first persons only."""
    parts = []
    for file in febrl(*names):
        head, *lines = file.read_text(encoding="utf-8").splitlines()
        parts.append(folder / file.name)
        parts[-1].write_text("\n".join([head, *(line for line in lines if int(line.split("-")[1]) < persons)]) + "\n", encoding="utf-8")
    return parts


def test_febrl_3_without_a_model(tmp_path: Path) -> None:
    """The first half of its persons; all of them are in `python -m benchmarks.tables --auto`."""
    _, found = _febrl(*_first(tmp_path, 1000, "dataset3"))
    assert found.f1 >= 0.993


def test_febrl_4_without_a_model_is_two_tables_without_duplicates(tmp_path: Path) -> None:
    """The first third of its persons; all of them are in `python -m benchmarks.tables --auto`."""
    model, found = _febrl(*_first(tmp_path, 1700, "dataset4a", "dataset4b"))
    assert not model.duplicates
    assert found.f1 >= 0.999


def test_names_of_columns_that_mean_something_in_sql_do_no_harm() -> None:
    names = {"given": "order", "surname": "select", "born": 'my "date"', "number": "black_list", "town": "姓名"}
    rows = [{"id": row["id"], **{new: row[old] for old, new in names.items()}, "姓 名": row["town"]} for row in _persons(300)]
    _, found, _ = _linked(rows)
    assert found.f1 >= 0.97


def test_whole_numbers_with_a_fraction_are_whole_numbers() -> None:
    draw = random.Random(2)
    rows = [{"id": str(n), "c": f"{draw.randint(1930, 2000)}.0"} for n in range(300)]
    with connect_memory() as con:
        _register(con, [rows])
        found = profile_tables(con)[0]
    assert found.content is Content.YEAR
    assert found.with_fraction
