"""Looking an organisation up by id or any of its names."""

from __future__ import annotations

import duckdb
import pytest

from desk.organisations import find
from resolvers.organisations import build
from sources.errors import OneGridError
from tests.factories import a_record, an_empty_city


def test_found_by_any_reading_with_small_counts_withheld() -> None:
    con = an_empty_city()
    for _ in range(10):
        a_record(con, "employment_registration", employer_name="洪湖市第一中学")
    a_record(con, "employment_registration", employer_name="洪湖市第二中学")
    build(con)
    (first,) = find(con, "洪湖一中")
    assert (first["name"], first["records"]) == ("洪湖市第一中学", 10)
    assert find(con, first["organisation_id"]) == [first]
    assert find(con, "洪湖二中")[0]["records"] is None


def test_unknown_names_and_a_snapshot_without_the_registry_have_a_clear_answer() -> None:
    con = an_empty_city()
    build(con)
    with pytest.raises(OneGridError, match="no organisation"):
        find(con, "洪湖一中")
    with pytest.raises(OneGridError, match="no registry"):
        find(duckdb.connect(), "洪湖一中")
