"""Distances of texts count characters, in whatever script."""

import duckdb
import pytest

from resolvers.tables.comparing import MACROS


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    for macro in MACROS:
        con.execute(macro)
    return con


@pytest.mark.parametrize(("one", "other", "slips", "swaps"), [
    ("abcd", "abdc", 2, 1), ("伍天增", "伍天怡", 1, 1), ("伍天增", "伍天墙", 1, 1), ("王小明", "王明小", 2, 1),
    ("", "é", 1, 1), ("O'Néill", "O'Neill", 1, 1), ("аб", "аб", 0, 0), ("丁一", "", 2, 2),
])
def test_a_character_counts_once(con: duckdb.DuckDBPyConnection, one: str, other: str, slips: int, swaps: int) -> None:
    found = con.execute("SELECT levenshtein_of_characters($1, $2), damerau_levenshtein_of_characters($1, $2)", [one, other]).fetchone()
    assert found == (slips, swaps)


@pytest.mark.parametrize(("one", "other"), [("马小花啊", "马小啊花"), ("éêèë", "éêëè")])
def test_resemblance_does_not_depend_on_the_script(con: duckdb.DuckDBPyConnection, one: str, other: str) -> None:
    (latin,) = con.execute("SELECT jaro_winkler_similarity('abcd', 'abdc')").fetchone() or (None,)
    assert con.execute("SELECT jaro_winkler_similarity_of_characters($1, $2)", [one, other]).fetchone() == (latin,)


def test_nothing_is_said_of_a_missing_text(con: duckdb.DuckDBPyConnection) -> None:
    found = con.execute("SELECT levenshtein_of_characters(NULL, '王'), jaro_winkler_similarity_of_characters('王', NULL)").fetchone()
    assert found == (None, None)


def test_more_characters_than_bytes_still_answer(con: duckdb.DuckDBPyConnection) -> None:
    text = "".join(chr(0x4E00 + number) for number in range(200))
    assert con.execute("SELECT levenshtein_of_characters($1, $1)", [text]).fetchone() == (0,)
