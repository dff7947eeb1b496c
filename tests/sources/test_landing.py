"""One delivery lands as a whole or not at all."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sources import landing
from sources.deliveries import discover
from sources.errors import DeliveryRefused
from sources.extensions import connect_memory
from sources.landing import land
from sources.ledger import create_tables
from tests.sources.delivered import as_csv, contract_of, csv_lines, deliver

LOANS, BENEFITS = "fund_loans", "elderly_disability_benefits"
ROWS = [{"contract_no": "K1", "borrower_name": "甲某"}, {"contract_no": "K2", "borrower_name": "乙某"}]


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    connection = connect_memory()
    create_tables(connection)
    return connection


def _state(con: duckdb.DuckDBPyConnection, category: str = LOANS) -> tuple[object, object]:
    landed = con.execute(f"SELECT * FROM landed_{category} ORDER BY ALL").fetchall()
    return landed, con.execute("SELECT * FROM ledger WHERE stage <> 'refused' ORDER BY ALL").fetchall()


def _loans() -> bytes:
    return as_csv(LOANS, csv_lines(LOANS, ROWS))


def test_a_delivery_lands_as_sent_and_the_same_again_changes_nothing(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    delivery = deliver(tmp_path, LOANS, "2025-01-01", _loans(), 2)
    first = land(con, contract_of(LOANS), delivery)
    before = _state(con)
    second = land(con, contract_of(LOANS), delivery)
    assert (first.is_new, first.rows, second.is_new) == (True, 2, False)
    assert _state(con) == before
    cells = con.execute("SELECT position, contract_no, borrower_name FROM landed_fund_loans ORDER BY 1").fetchall()
    assert cells == [(1, "K1", "甲某"), (2, "K2", "乙某")]


def test_a_different_file_under_a_known_date_is_refused_and_the_first_one_stays(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    land(con, contract_of(LOANS), deliver(tmp_path, LOANS, "2025-01-01", _loans(), 2))
    before = _state(con)
    other = deliver(tmp_path, LOANS, "2025-01-01", as_csv(LOANS, csv_lines(LOANS, ROWS[:1])), 1)
    with pytest.raises(DeliveryRefused, match="another file is known"):
        land(con, contract_of(LOANS), other)
    assert _state(con) == before


@pytest.mark.parametrize(
    ("data", "manifest", "reason"),
    [
        pytest.param(b"", {}, "empty", id="an empty file"),
        pytest.param(
            as_csv(LOANS, csv_lines(LOANS, [])), {"rows": 0}, "without a single record", id="a full delivery of nothing"
        ),
        pytest.param(_loans().removeprefix(b"\xef\xbb\xbf"), {}, "byte order mark", id="no byte order mark"),
        pytest.param(
            _loans().decode("utf-8-sig").encode("gb18030"), {}, "byte order mark", id="GB18030 instead of UTF-8"
        ),
        pytest.param(
            b"\xef\xbb\xbf" + _loans().decode("utf-8-sig").encode("gb18030"),
            {},
            "columns are missing",
            id="GB18030 behind a mark",
        ),
        pytest.param(
            as_csv(LOANS, csv_lines(LOANS, ROWS, {"contract_no": "编号"})),
            {},
            "columns are missing: ",
            id="a renamed required column",
        ),
        pytest.param(
            as_csv(LOANS, csv_lines(LOANS, ROWS, {"co_borrower_name": "某某"})),
            {},
            "renamed columns",
            id="a renamed optional column",
        ),
        pytest.param(_loans(), {"sha256": "0" * 64}, "sha256", id="a manifest that lies about the hash"),
        pytest.param(
            _loans(), {"rows": 3}, "2 records, but the manifest says 3", id="a manifest that lies about the rows"
        ),
        pytest.param(_loans(), {"encoding": "UTF-8"}, "encoding", id="a manifest with another encoding"),
        pytest.param(_loans(), {"format": "xlsx"}, "format", id="a manifest with another format"),
        pytest.param(_loans(), {"category": "legal_aid"}, "category", id="a manifest with another category"),
        pytest.param(_loans(), {"delivery_date": "2025-01-02"}, "delivery_date", id="a manifest with another date"),
        pytest.param(_loans(), {"schema_version": "2.0"}, "major number", id="another major version"),
        pytest.param(_loans(), {"kind": "delta"}, "before the first full", id="a delta before the first full delivery"),
        pytest.param(_loans(), {"kind": "half"}, "wrong or incomplete in: kind", id="an unknown kind"),
        pytest.param(_loans(), {"rows": "2"}, "wrong or incomplete in: rows", id="rows as text"),
    ],
)
def test_a_delivery_that_breaks_its_contract_changes_nothing_and_can_be_corrected(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, data: bytes, manifest: dict[str, object], reason: str
) -> None:
    before = _state(con)
    broken = deliver(tmp_path, LOANS, "2025-01-01", data, 2, **manifest)
    with pytest.raises(DeliveryRefused) as refused:
        land(con, contract_of(LOANS), broken)
    assert reason in str(refused.value)
    assert _state(con) == before
    assert con.execute("SELECT stage FROM ledger").fetchall() == [("refused",)]
    assert land(con, contract_of(LOANS), deliver(tmp_path, LOANS, "2025-01-01", _loans(), 2)).is_new
    assert con.execute("SELECT stage FROM ledger").fetchall() == [("landed",)]


def test_all_problems_of_a_delivery_are_told_together_and_none_holds_a_value(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    broken = deliver(tmp_path, LOANS, "2025-01-01", _loans(), 2, encoding="GBK", schema_version="3.0", sha256=None)
    with pytest.raises(DeliveryRefused) as refused:
        land(con, contract_of(LOANS), broken)
    assert len(refused.value.problems) == 3
    assert not any(word in str(refused.value) for word in ("甲某", "K1"))


def test_a_file_that_grows_while_it_is_read_is_refused(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery = deliver(tmp_path, LOANS, "2025-01-01", _loans(), 2)
    file = delivery.folder / "fund_loans.csv"
    read = landing.READERS["csv_utf8_bom"]

    def read_while_it_grows(*arguments: object) -> object:
        reading = read(*arguments)  # type: ignore[arg-type]
        with file.open("ab") as stream:
            stream.write(b"more\n")
        return reading

    monkeypatch.setitem(landing.READERS, "csv_utf8_bom", read_while_it_grows)
    with pytest.raises(DeliveryRefused, match="changed while it was read"):
        land(con, contract_of(LOANS), delivery)
    assert con.execute("SELECT count(*) FROM landed_fund_loans").fetchone() == (0,)


def test_additional_columns_of_a_higher_minor_version_are_ignored_and_reported(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    lines = [line + tail for line, tail in zip(csv_lines(LOANS, ROWS), (",新列", ",1", ",2"), strict=True)]
    landed = land(
        con, contract_of(LOANS), deliver(tmp_path, LOANS, "2025-01-01", as_csv(LOANS, lines), 2, schema_version="1.1")
    )
    assert landed.extra_columns == ("新列",)
    assert con.execute("SELECT extra_columns FROM ledger").fetchall() == [(["新列"],)]


def test_discovery_reports_what_lies_in_the_wrong_place_and_counts_what_is_not_yet_delivered(tmp_path: Path) -> None:
    deliver(tmp_path, LOANS, "2025-02-01", _loans(), 2)
    deliver(tmp_path, LOANS, "2025-01-01", _loans(), 2)
    for folder in (
        "housing_fund/parking",
        "justice/fund_loans/2025-01-01",
        "housing_fund/fund_loans/2025-03-01",
        "housing_fund/fund_loans/soon",
        "fire/brigade",
        "truth",
        "postgres",
    ):
        (tmp_path / folder).mkdir(parents=True)
    found = discover(tmp_path)
    assert [delivery.delivery_date for delivery in found.deliveries] == [date(2025, 1, 1), date(2025, 2, 1)]
    assert (len(found.problems), found.unfinished) == (4, 1)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(keys=st.lists(st.text(alphabet="ABC123中文", min_size=1, max_size=6), min_size=1, max_size=8), data=st.data())
def test_the_order_of_the_rows_changes_only_positions(
    keys: list[str], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    landed = []
    for order in (keys, data.draw(st.permutations(keys))):
        con = connect_memory()
        create_tables(con)
        rows = as_csv(BENEFITS, csv_lines(BENEFITS, [{"benefit_no": key} for key in order]))
        land(con, contract_of(BENEFITS), deliver(tmp_path_factory.mktemp("d"), BENEFITS, "2025-01-01", rows, len(keys)))
        landed.append(con.execute(f"SELECT benefit_no FROM landed_{BENEFITS} ORDER BY 1").fetchall())
    assert landed[0] == landed[1]
