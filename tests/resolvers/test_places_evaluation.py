"""Located addresses beside a truth: each outcome is counted where it belongs."""

from __future__ import annotations

from pathlib import Path

import duckdb
import polars as pl
import pytest

from benchmarks.houses import CITY_FILE, make
from resolvers.places import build
from resolvers.places.evaluation import HEADERS, PlaceEvaluation, evaluate, rows
from tests.factories import a_record, an_empty_city, insert

CELLS = {
    "decides, right": ("A", "A", True),
    "decides, another": ("A", "B", True),
    "decides, none": ("A", None, True),
    "undecided, right": ("A", "A", False),
    "undecided, wrong": ("A", "B", False),
    "undecided, none": ("A", None, False),
    "outside, located": (None, "B", False),
}


def judged(tmp_path: Path, cells: list[tuple[str, str | None, str | None, bool]]) -> tuple[duckdb.DuckDBPyConnection, PlaceEvaluation]:
    con = an_empty_city()
    truth = []
    for key, meant, found, decides in cells:
        record = a_record(con, "pension_insurance", natural_key=key, address="x")
        insert(con, "place", record_id=record, category="pension_insurance", column_name="address", dwelling_code=found)
        truth.append(("pension_insurance", key, "address", meant, "address_short", decides))
    truth.append(("fund_loans", "L", "property_address", "A", "none", True))
    schema = ["category", "natural_key", "column", "dwelling_code", "defect", "decides"]
    pl.DataFrame(truth, schema=schema, orient="row").write_parquet(tmp_path / "addresses.parquet")
    return con, evaluate(con, tmp_path)


@pytest.mark.parametrize(
    ("name", "counted"),
    [
        ("decides, right", ("deciding", "right")),
        ("decides, another", ("deciding", "another")),
        ("decides, none", ("deciding", "none")),
        ("undecided, right", ("undecided", "located_right")),
        ("undecided, wrong", ("undecided", "located_wrong")),
        ("undecided, none", ("undecided",)),
        ("outside, located", ("undecided", "located_wrong")),
    ],
)
def test_each_outcome_is_counted_once(tmp_path: Path, name: str, counted: tuple[str, ...]) -> None:
    whole = judged(tmp_path, [(name, *CELLS[name])])[1].whole
    fields = ("deciding", "right", "another", "none", "undecided", "located_right", "located_wrong")
    assert {field: getattr(whole, field) for field in fields} == {field: int(field in counted) for field in fields}


def test_shares_and_parts(tmp_path: Path) -> None:
    con, found = judged(tmp_path, [(name, *cell) for name, cell in CELLS.items()])
    assert found.whole.right_share == pytest.approx(1 / 3)
    assert found.whole.another_share == pytest.approx(1 / 3)
    assert found.unread == 1
    for by in ("category", "column_name", "defect"):
        parts = [part for part in found.parts if part.by == by]
        assert sum(part.deciding for part in parts) == 3
        assert sum(part.undecided for part in parts) == 4
    assert all(len(row) == len(HEADERS) for row in rows(found))
    assert con.execute("SELECT count(*) FROM duckdb_tables() WHERE temporary").fetchone() == (0,)


def test_a_record_that_the_product_lacks_is_not_found(tmp_path: Path) -> None:
    con, _ = judged(tmp_path, [("k", "A", "A", True)])
    con.execute("DELETE FROM current_pension_insurance")
    assert evaluate(con, tmp_path).whole.none == 1


def test_nothing_to_judge(tmp_path: Path) -> None:
    found = judged(tmp_path, [])[1]
    assert found.whole.deciding == 0
    assert found.whole.right_share is None
    assert found.whole.another_share is None


@pytest.mark.parametrize(("seed", "defects"), [(3, 0.0), (4, 1.0), (5, 2.0)], ids=["as registered", "as written", "twice the mess"])
def test_claims_of_a_whole_city(tmp_path: Path, seed: int, defects: float) -> None:
    """Of claims that decide at least 99 % are found and under 0.2 % lead elsewhere; of all others hardly any (better silent than wrong)."""
    make(tmp_path, 8_000, seed, defects)
    with duckdb.connect(str(tmp_path / CITY_FILE)) as con:
        build(con)
        found = evaluate(con, tmp_path)
        assert con.execute("SELECT count(*) FROM place").fetchone() == (found.whole.deciding + found.whole.undecided,)
    assert found.whole.deciding > 5_000
    assert (found.whole.right_share or 0) >= 0.99
    assert (found.whole.another_share or 0) < 0.002
    assert found.whole.located_wrong <= 0.002 * (found.whole.undecided + found.whole.deciding)
    assert found.unread == 0
    if not defects:
        assert found.whole.none == 0
