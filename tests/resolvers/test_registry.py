"""Person ids: kept, merged, split, and independent of the order of rows."""

from __future__ import annotations

import duckdb
import pytest

from resolvers.registry import assign_ids


def resolve(con: duckdb.DuckDBPyConnection, run: int, clusters: dict[str, str]) -> dict[str, str]:
    """clusters: letters of natural keys by cluster name; returns the person id of each natural key."""
    con.execute(
        "CREATE OR REPLACE TABLE clustered (category VARCHAR, natural_key VARCHAR, role VARCHAR, cluster BIGINT)"
    )
    for number, keys in enumerate(clusters.values()):
        for key in keys:
            con.execute("INSERT INTO clustered VALUES ('household_registration', ?, 'holder', ?)", [key, number])
    assign_ids(con, run)
    return dict(
        con.execute(
            "SELECT natural_key, person_id FROM clustered JOIN person_of_cluster USING (cluster) ORDER BY 1"
        ).fetchall()
    )


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def test_ids_are_numbered_by_the_smallest_key(con: duckdb.DuckDBPyConnection) -> None:
    ids = resolve(con, 1, {"second": "cb", "first": "da"})
    assert ids == {"a": "P00000000001", "d": "P00000000001", "b": "P00000000002", "c": "P00000000002"}


def test_ids_stay(con: duckdb.DuckDBPyConnection) -> None:
    before = resolve(con, 1, {"x": "ab", "y": "c"})
    assert resolve(con, 2, {"new": "0", "y": "c", "x": "ab"}) | before == resolve(
        con, 3, {"new": "0", "y": "c", "x": "ab"}
    )


def test_a_merge_keeps_the_smaller_id(con: duckdb.DuckDBPyConnection) -> None:
    before = resolve(con, 1, {"x": "a", "y": "bcd"})
    assert set(resolve(con, 2, {"xy": "abcd"}).values()) == {before["a"]}
    assert con.execute("SELECT kind, person_id, other_person_id FROM person_change").fetchall() == [
        ("merged", before["b"], before["a"])
    ]


def test_the_larger_part_of_a_split_keeps_the_id(con: duckdb.DuckDBPyConnection) -> None:
    before = resolve(con, 1, {"x": "abc"})
    after = resolve(con, 2, {"small": "a", "large": "bc"})
    assert after["b"] == after["c"] == before["a"]
    assert after["a"] not in before.values()


def test_of_equal_parts_the_one_with_the_smaller_key_keeps_the_id(con: duckdb.DuckDBPyConnection) -> None:
    before = resolve(con, 1, {"x": "ab"})
    assert resolve(con, 2, {"later": "b", "earlier": "a"})["a"] == before["a"]


def test_a_record_that_comes_back_finds_its_person(con: duckdb.DuckDBPyConnection) -> None:
    before = resolve(con, 1, {"x": "a", "y": "b"})
    resolve(con, 2, {"y": "b"})
    assert resolve(con, 3, {"y": "b", "x": "a"}) == before


def test_an_id_is_never_given_twice(con: duckdb.DuckDBPyConnection) -> None:
    first = resolve(con, 1, {"x": "a"})
    resolve(con, 2, {"y": "b"})
    assert len({*first.values(), *resolve(con, 3, {"y": "b", "z": "c"}).values()}) == 3
