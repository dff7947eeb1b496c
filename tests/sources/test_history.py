"""Full and delta deliveries become history; records in force on a day follow from it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resolvers.mentions import ROLES_PER_RECORD
from sources import history
from sources.catalogue import load_catalogue
from sources.ledger import create_tables
from tests.factories import an_empty_city, insert
from tests.sources.delivered import contract_of

ACCOUNTS, PERMITS, EMPLOYMENT = "fund_accounts", "residence_permits", "employment_registration"
ASSISTANCE, STUDENTS, SUPPORT = "social_assistance", "student_enrolment", "resettlement_support"


@dataclass
class Row:
    key: str
    operation: str | None = None
    day: str | None = "2025-01-01"
    values: tuple[tuple[str, Any], ...] = ()


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    return _city()


def _city() -> duckdb.DuckDBPyConnection:
    city = an_empty_city()
    create_tables(city)
    return city


def _accepted(con: duckdb.DuckDBPyConnection, category: str, day: str, kind: str, *rows: Row) -> None:
    insert(con, "ledger", category=category, delivery_date=day, kind=kind, stage="accepted", delivered=len(rows))
    for position, row in enumerate(rows, start=1):
        insert(
            con,
            f"typed_{category}",
            delivery_date=day,
            position=position,
            natural_key=row.key,
            operation=row.operation,
            order_value=row.day,
            **dict(row.values),
        )
        insert(con, f"landed_{category}", delivery_date=day, position=position, torn=False)


def _apply(con: duckdb.DuckDBPyConnection, category: str) -> list[history.AppliedDelivery]:
    return history.apply_pending(con, contract_of(category))


def _in_force(con: duckdb.DuckDBPyConnection, category: str, as_of: str) -> dict[str, tuple[str, int]]:
    """Natural key to delivery date and position."""
    history.materialise_current(con, contract_of(category), date.fromisoformat(as_of))
    rows = con.execute(
        f"SELECT natural_key, delivery_date::VARCHAR, position FROM current_{category} ORDER BY record_id"
    ).fetchall()
    return {key: (day, position) for key, day, position in rows}


def test_a_delta_with_a_marker_inserts_replaces_and_deletes_and_counts_each_surprise(
    con: duckdb.DuckDBPyConnection,
) -> None:
    _accepted(con, ACCOUNTS, "2025-01-01", "full", Row("a"), Row("b"), Row("c", day="2025-01-05"))
    _accepted(
        con,
        ACCOUNTS,
        "2025-02-01",
        "delta",
        Row("a", "D"),
        Row("b", "I"),
        Row("c", "U"),
        Row("x", "D"),
        Row("y", "U"),
        Row("z", "I"),
    )
    first, second = _apply(con, ACCOUNTS)
    assert (first.inserted, first.updated, first.deleted) == (3, 0, 0)
    assert (second.inserted, second.updated, second.deleted) == (2, 2, 1)
    assert (second.delete_of_unknown, second.update_of_unknown, second.insert_of_known, second.older_order_value) == (
        1,
        1,
        1,
        1,
    )
    assert set(_in_force(con, ACCOUNTS, "2025-02-01")) == {"b", "c", "y", "z"}
    assert _apply(con, ACCOUNTS) == []


@pytest.mark.parametrize(
    ("category", "left"),
    [pytest.param(ACCOUNTS, {"b"}, id="absence deletes"), pytest.param(PERMITS, {"a", "b"}, id="absence keeps")],
)
def test_a_later_full_delivery_that_leaves_a_key_out(
    con: duckdb.DuckDBPyConnection, category: str, left: set[str]
) -> None:
    _accepted(con, category, "2025-01-01", "full", Row("a"), Row("b"))
    _accepted(con, category, "2025-04-01", "full", Row("b"))
    _apply(con, category)
    assert set(_in_force(con, category, "2025-04-01")) == left
    assert set(_in_force(con, category, "2025-03-31")) == {"a", "b"}
    flags = con.execute(f"SELECT natural_key FROM current_{category} WHERE left_out").fetchall()
    assert flags == []


def test_without_a_marker_every_row_of_a_delta_replaces(con: duckdb.DuckDBPyConnection) -> None:
    _accepted(con, EMPLOYMENT, "2025-01-01", "full", Row("a"), Row("b"))
    _accepted(con, EMPLOYMENT, "2025-02-01", "delta", Row("b"), Row("c"))
    _apply(con, EMPLOYMENT)
    assert _in_force(con, EMPLOYMENT, "2025-02-01") == {
        "a": ("2025-01-01", 1),
        "b": ("2025-02-01", 1),
        "c": ("2025-02-01", 2),
    }


@pytest.mark.parametrize(
    ("days", "counts"),
    [
        pytest.param(("2025-01-02", "2025-01-01"), 1, id="the later order value counts"),
        pytest.param(("2025-01-01", "2025-01-01"), 2, id="of equal ones the later in the file"),
        pytest.param((None, "2025-01-01"), 2, id="a missing order value is the oldest"),
        pytest.param(("2025-01-01", None), 1, id="a missing order value is the oldest, also later in the file"),
    ],
)
def test_of_two_rows_with_one_key_one_counts(
    con: duckdb.DuckDBPyConnection, days: tuple[str | None, str | None], counts: int
) -> None:
    _accepted(con, ACCOUNTS, "2025-02-01", "full", Row("a", day=days[0]), Row("a", day=days[1]))
    (applied,) = _apply(con, ACCOUNTS)
    assert applied.duplicate_keys == 1
    assert _in_force(con, ACCOUNTS, "2025-02-01") == {"a": ("2025-02-01", counts)}


def test_a_record_that_a_later_delta_removed_is_in_force_on_no_earlier_day(con: duckdb.DuckDBPyConnection) -> None:
    _accepted(con, ACCOUNTS, "2025-01-01", "full", Row("a"), Row("b"))
    _accepted(con, ACCOUNTS, "2025-02-01", "delta", Row("a", "D"))
    _accepted(con, ACCOUNTS, "2025-03-01", "delta", Row("a", "I"))
    _apply(con, ACCOUNTS)
    assert set(_in_force(con, ACCOUNTS, "2025-01-15")) == {"b"}
    assert set(_in_force(con, ACCOUNTS, "2025-03-01")) == {"a", "b"}
    assert con.execute("SELECT count(*) FROM history_fund_accounts WHERE natural_key = 'a'").fetchone() == (2,)


def test_updated_on_is_never_after_the_reference_date(con: duckdb.DuckDBPyConnection) -> None:
    _accepted(con, ACCOUNTS, "2025-01-01", "full", Row("b", day="2030-01-01"), Row("a", day=None))
    _apply(con, ACCOUNTS)
    history.materialise_current(con, contract_of(ACCOUNTS), date(2025, 1, 2))
    assert con.execute("SELECT natural_key, updated_on FROM current_fund_accounts ORDER BY 1").fetchall() == [
        ("a", None),
        ("b", date(2025, 1, 2)),
    ]


def _record_ids(con: duckdb.DuckDBPyConnection, category: str, as_of: str) -> dict[str, int]:
    history.materialise_current(con, contract_of(category), date.fromisoformat(as_of))
    return dict(con.execute(f"SELECT natural_key, record_id FROM current_{category}").fetchall())


def test_record_ids_stay_the_same_whatever_else_is_delivered(con: duckdb.DuckDBPyConnection) -> None:
    _accepted(con, ACCOUNTS, "2025-01-01", "full", Row("b"), Row("d"))
    _apply(con, ACCOUNTS)
    before = _record_ids(con, ACCOUNTS, "2025-01-02")
    _accepted(con, ACCOUNTS, "2025-02-01", "delta", Row("a", "I"), Row("c", "I"), Row("d", "U", "2025-01-20"))
    _apply(con, ACCOUNTS)
    after = _record_ids(con, ACCOUNTS, "2025-02-02")
    assert set(after) == {"a", "b", "c", "d"}
    assert {key: after[key] for key in before} == before
    assert len(set(after.values())) == 4


def test_record_ids_leave_room_for_the_roles_of_a_record() -> None:
    last = len(load_catalogue().contracts)
    assert ((last + 1) << history.RECORD_ID_BITS) * ROLES_PER_RECORD < 2**63


def _member(case: str, member: str) -> Row:
    return Row(f"{case}|{member}", values=(("case_no", case), ("member_no", member), ("status", "1")))


def test_a_member_left_out_while_its_case_is_delivered_has_left_the_case(con: duckdb.DuckDBPyConnection) -> None:
    _accepted(con, ASSISTANCE, "2025-01-08", "full", _member("c1", "1"), _member("c1", "2"), _member("c2", "1"))
    _accepted(con, ASSISTANCE, "2025-02-08", "full", _member("c1", "1"))
    _apply(con, ASSISTANCE)
    history.materialise_current(con, contract_of(ASSISTANCE), date(2025, 2, 8))
    assert con.execute("SELECT natural_key, status, left_out FROM current_social_assistance ORDER BY 1").fetchall() == [
        ("c1|1", "1", False),
        ("c1|2", "3", True),
        ("c2|1", "1", False),
    ]


def test_a_student_left_out_of_the_latest_full_delivery_has_left_school(con: duckdb.DuckDBPyConnection) -> None:
    students = [
        Row(key, values=(("status", status),)) for key, status in (("a", "1"), ("b", "3"), ("c", "1"), ("d", "1"))
    ]
    _accepted(con, STUDENTS, "2025-03-01", "full", *students)
    _accepted(con, STUDENTS, "2025-09-20", "full", students[3])
    _accepted(con, STUDENTS, "2025-09-25", "delta", Row("c", "U", values=(("status", "1"),)))
    _apply(con, STUDENTS)
    history.materialise_current(con, contract_of(STUDENTS), date(2025, 9, 25))
    assert con.execute("SELECT natural_key, status, left_out FROM current_student_enrolment ORDER BY 1").fetchall() == [
        ("a", "5", True),
        ("b", "3", True),
        ("c", "1", False),
        ("d", "1", False),
    ]


def test_a_withdrawal_leaves_nothing_but_that_something_was_withdrawn_and_when(con: duckdb.DuckDBPyConnection) -> None:
    _accepted(con, SUPPORT, "2025-01-01", "full", Row("s1"), Row("s2"))
    insert(con, "quarantine", category=SUPPORT, delivery_date="2025-01-01", position=2, reason="x", natural_key="s2")
    insert(con, "cell_flags", category=SUPPORT, delivery_date="2025-01-01", position=2, column_name="name", flag="x")
    _accepted(con, SUPPORT, "2025-03-01", "delta", Row("s2", "D"))
    _apply(con, SUPPORT)
    _accepted(con, SUPPORT, "2025-02-01", "delta", Row("s2", "U"), Row("s3", "I"))
    _apply(con, SUPPORT)
    for table in (f"typed_{SUPPORT}", f"history_{SUPPORT}"):
        assert con.execute(f"SELECT DISTINCT natural_key FROM {table} ORDER BY 1").fetchall() == [("s1",), ("s3",)]
    assert con.execute(f"SELECT delivery_date, position FROM landed_{SUPPORT} ORDER BY ALL").fetchall() == [
        (date(2025, 1, 1), 1),
        (date(2025, 2, 1), 2),
    ]
    assert con.execute("SELECT (SELECT count(*) FROM quarantine) + (SELECT count(*) FROM cell_flags)").fetchone() == (
        0,
    )
    left = con.execute("SELECT * FROM withdrawn").fetchall()
    assert [(category, day) for category, _, day in left] == [(SUPPORT, date(2025, 3, 1))]
    assert "s2" not in str(left)


OPERATIONS = st.sampled_from(["I", "U", "D", None])
DELTAS = st.lists(st.lists(st.tuples(st.sampled_from("abcd"), OPERATIONS), max_size=5), min_size=1, max_size=4)


def _replayed(
    category: str, deltas: list[list[tuple[str, str | None]]], order: tuple[int, ...], at_once: bool
) -> list[Any]:
    city = _city()
    _accepted(city, category, "2025-01-01", "full", Row("a"), Row("b"))
    _apply(city, category)
    for number in order:
        _accepted(
            city,
            category,
            f"2025-02-{number + 1:02d}",
            "delta",
            *(Row(key, operation) for key, operation in deltas[number]),
        )
        if not at_once:
            _apply(city, category)
    _apply(city, category)
    rows = city.execute(f"SELECT * FROM history_{category} ORDER BY ALL").fetchall()
    return [rows, city.execute("SELECT * EXCLUDE (manifest_hash) FROM ledger ORDER BY ALL").fetchall()]


@settings(max_examples=20, deadline=None)
@given(deltas=DELTAS, data=st.data())
def test_late_deliveries_give_the_same_history_as_those_in_order(
    deltas: list[list[tuple[str, str | None]]], data: st.DataObject
) -> None:
    numbers = tuple(range(len(deltas)))
    shuffled = data.draw(st.sampled_from(list(itertools.permutations(numbers))))
    assert _replayed(ACCOUNTS, deltas, shuffled, at_once=False) == _replayed(ACCOUNTS, deltas, numbers, at_once=True)
