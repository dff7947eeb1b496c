"""Cells of a type, whatever the category."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sources.values.macros import BLANKS, FULL_WIDTH, GUARDS, WEIGHTS, register


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        register(connection)
        yield connection


def evaluated(con: duckdb.DuckDBPyConnection, expression: str, cell: str | None) -> Any:
    (value,) = con.execute(f"SELECT {expression} FROM (SELECT $1::VARCHAR AS t)", [cell]).fetchone() or (None,)
    return value


def tidied(con: duckdb.DuckDBPyConnection, cell: str | None) -> Any:
    return evaluated(con, "cell_unguard(cell_trim(cell_half(t)))", cell)


def with_check(first_17: str) -> str:
    """The number with its check character, by the sum of GB 11643."""
    return first_17 + "10X98765432"[sum(weight * int(digit) for weight, digit in zip(WEIGHTS, first_17, strict=True)) % 11]


def read_number(con: duckdb.DuckDBPyConnection, cell: str | None) -> tuple[str | None, str | None]:
    row = con.execute("""
        WITH a AS (SELECT id_tidy(cell_unguard(cell_trim(cell_half($1::VARCHAR)))) AS n), b AS (SELECT n, id_base(n) AS base FROM a),
             c AS (SELECT n, base, id_check(base, n) AS check_is FROM b)
        SELECT id_18(base, n, check_is), id_state(n, check_is) FROM c""", [cell]).fetchone()
    assert row is not None
    return row[0], row[1]


@pytest.mark.parametrize(("cell", "text"), [
    pytest.param("abc", "abc", id="clean"),
    pytest.param("  abc\t", "abc", id="spaces and tabs around"),
    pytest.param("\u3000abc\u3000", "abc", id="ideographic spaces around"),
    pytest.param("\u00a0abc\ufeff", "abc", id="no-break space and byte order mark around"),
    pytest.param("ａｂｃ１２３", "abc123", id="full-width letters and digits"),
    pytest.param("（二期）", "(二期)", id="full-width brackets"),
    pytest.param("园林路　１８号", "园林路 18号", id="full-width inside Chinese text"),
    pytest.param("'123", "123", id="apostrophe before"),
    pytest.param("\t123", "123", id="tab before"),
    pytest.param('="123"', "123", id="a formula that is a text"),
    pytest.param("＇123", "123", id="full-width apostrophe"),
    pytest.param("   ", None, id="only blanks"),
    pytest.param("", None, id="empty"),
    pytest.param(None, None, id="no cell"),
    pytest.param("a\x00", "a", id="NUL at the end"),
    pytest.param("=1", "=1", id="an equals sign that guards nothing stays"),
])
def test_text_is_tidied(con: duckdb.DuckDBPyConnection, cell: str | None, text: str | None) -> None:
    assert tidied(con, cell) == text


VALID = with_check("42109919380312126")
ENDING_IN_X = next(number for number in (with_check(f"4210991938031{serial:04d}") for serial in range(1000, 1100)) if number.endswith("X"))
FIFTEEN = "421099380312126"
WRONG = VALID[:-1] + ("1" if VALID[-1] != "1" else "2")
RIGHT_AND_0000 = next(number for number in (with_check(f"42109919{year}0101000") for year in range(10, 99)) if number.endswith("0"))
WRONG_AND_0000 = next(number[:-1] + "0" for number in (with_check(f"42109919{year}0101000") for year in range(10, 99)) if number[-1] != "0")
WRONG_AND_000 = next(number for number in ("42109919380312" + f"{digit}000" for digit in range(1, 10)) if with_check(number[:-1]) != number)


@pytest.mark.parametrize(("cell", "number", "state"), [
    pytest.param(VALID, VALID, "valid", id="a valid number"),
    pytest.param(ENDING_IN_X.replace("X", "x"), ENDING_IN_X, "valid", id="lower-case x"),
    pytest.param(ENDING_IN_X.replace("X", "χ"), ENDING_IN_X, "valid", id="Greek chi"),
    pytest.param(ENDING_IN_X.replace("X", "Χ"), ENDING_IN_X, "valid", id="Greek capital chi"),
    pytest.param(ENDING_IN_X.replace("X", "×"), ENDING_IN_X, "valid", id="multiplication sign"),
    pytest.param(ENDING_IN_X.replace("X", "Ｘ"), ENDING_IN_X, "valid", id="full-width X"),
    pytest.param(ENDING_IN_X.replace("X", "ｘ"), ENDING_IN_X, "valid", id="full-width x"),
    pytest.param(VALID.translate({ord(str(d)): 0xFF10 + d for d in range(10)}), VALID, "valid", id="full-width digits"),
    pytest.param(f"{VALID[:6]} {VALID[6:14]} {VALID[14:]}", VALID, "valid", id="spaces between the groups"),
    pytest.param(f"'{VALID}", VALID, "valid", id="leading apostrophe"),
    pytest.param(f"\t{VALID}", VALID, "valid", id="leading tab"),
    pytest.param(f'="{VALID}"', VALID, "valid", id="guarded as a formula"),
    pytest.param(FIFTEEN, VALID, "valid_15", id="15 digits become 18"),
    pytest.param("421099380230126", "421099380230126", "malformed", id="15 digits without a real date stay"),
    pytest.param(WRONG, WRONG, "invalid", id="wrong check digit"),
    pytest.param(with_check("42109919380230126"), with_check("42109919380230126"), "invalid", id="right check digit, no real date"),
    pytest.param("9" * 18, "9" * 18, "placeholder", id="all nines"),
    pytest.param("0" * 18, "0" * 18, "placeholder", id="all zeros"),
    pytest.param("1" * 18, "1" * 18, "placeholder", id="all ones"),
    pytest.param("1" * 15, "1" * 15, "placeholder", id="fifteen ones"),
    pytest.param("123456789012345678", "123456789012345678", "placeholder", id="counting up"),
    pytest.param(WRONG_AND_0000, WRONG_AND_0000, "placeholder", id="ends in 0000 with a wrong check digit"),
    pytest.param(RIGHT_AND_0000, RIGHT_AND_0000, "valid", id="ends in 0000 with a right check digit"),
    pytest.param(WRONG_AND_000, WRONG_AND_000, "invalid", id="ends in 000 with a wrong check digit"),
    pytest.param("4.21002E+17", "4.21002E+17", "precision_lost", id="exponent"),
    pytest.param("4.21002e+17", "4.21002E+17", "precision_lost", id="small exponent"),
    pytest.param("421002199103000000.0", "421002199103000000.0", "precision_lost", id="a number with decimals"),
    pytest.param("T420123456", "T420123456", "malformed", id="number of a birth certificate"),
    pytest.param("无", None, None, id="null word"),
    pytest.param("-", None, None, id="a dash"),
    pytest.param("  ", None, None, id="blank"),
    pytest.param(None, None, None, id="no cell"),
])
def test_id_numbers(con: duckdb.DuckDBPyConnection, cell: str | None, number: str | None, state: str | None) -> None:
    assert read_number(con, cell) == (number, state)


@pytest.mark.parametrize(("cell", "day"), [
    pytest.param("19380312", date(1938, 3, 12), id="digits only"),
    pytest.param("1938-03-12", date(1938, 3, 12), id="hyphens"),
    pytest.param("1938/3/12", date(1938, 3, 12), id="slashes without zeros"),
    pytest.param("1938.3.12", date(1938, 3, 12), id="dots"),
    pytest.param("1938年3月12日", date(1938, 3, 12), id="Chinese"),
    pytest.param("1938年3月12号", date(1938, 3, 12), id="Chinese, spoken"),
    pytest.param("１９３８年３月１２日", date(1938, 3, 12), id="full-width digits"),
    pytest.param("1938 年 3 月 12 日", date(1938, 3, 12), id="Chinese with spaces"),
    pytest.param("2025-02-13 00:00:00", date(2025, 2, 13), id="with a time"),
    pytest.param("2025-02-13T08:01:02", date(2025, 2, 13), id="with a time after T"),
    pytest.param("20250213080102", date(2025, 2, 13), id="fourteen digits"),
    pytest.param("45292", date(2024, 1, 1), id="days of a workbook"),
    pytest.param("9999-12-31", date(9999, 12, 31), id="the last placeholder is seen as one"),
    pytest.param("2023-02-30", None, id="30 February"),
    pytest.param("20232001", None, id="month 20"),
    pytest.param("12/03/1938", None, id="day or month first: ambiguous"),
    pytest.param("38-03-12", None, id="two digits for the year"),
    pytest.param("1938", None, id="only a year"),
    pytest.param("1938-03", None, id="only a month"),
    pytest.param("0001-01-01", None, id="before anybody"),
    pytest.param("2938-03-12", None, id="after anybody"),
    pytest.param("昨天", None, id="a word"),
])
def test_dates(con: duckdb.DuckDBPyConnection, cell: str, day: date | None) -> None:
    text = tidied(con, cell)
    assert evaluated(con, "date_in_range(date_stated(date_spelling(t), false))", text) == day


@pytest.mark.parametrize(("cell", "day"), [
    pytest.param("1", date(1900, 1, 1), id="the first day"),
    pytest.param("60", None, id="29 February 1900 did not exist"),
    pytest.param("61", date(1900, 3, 1), id="from here on one less"),
    pytest.param("45292.0", date(2024, 1, 1), id="with decimals"),
    pytest.param("45292.75", date(2024, 1, 1), id="with a time of day"),
    pytest.param("2958465", date(9999, 12, 31), id="the last day"),
    pytest.param("2958466", None, id="after the last day"),
])
def test_days_of_a_workbook(con: duckdb.DuckDBPyConnection, cell: str, day: date | None) -> None:
    assert evaluated(con, "date_stated(date_spelling(t), true)", cell) == day


@pytest.mark.parametrize(("cell", "month"), [
    pytest.param("202505", "2025-05", id="digits"),
    pytest.param("2025/5", "2025-05", id="slash"),
    pytest.param("2025年5月", "2025-05", id="Chinese"),
    pytest.param("2025-05", "2025-05", id="hyphen"),
    pytest.param("２０２５年５月", "2025-05", id="full-width"),
    pytest.param("2025-05-12", "2025-05", id="a whole day"),
    pytest.param("45292", "2024-01", id="days of a workbook"),
    pytest.param("202513", None, id="month 13"),
    pytest.param("190001", None, id="placeholder"),
    pytest.param("999912", None, id="year 9999"), pytest.param("五月", None, id="a word"),
])
def test_months(con: duckdb.DuckDBPyConnection, cell: str, month: str | None) -> None:
    text = tidied(con, cell)
    assert evaluated(con, "month_real(month_said(month_parts(t), date_in_range(date_stated(date_spelling(t), false))))", text) == month


@pytest.mark.parametrize(("cell", "number"), [
    pytest.param("286,400.00", 286400, id="thousands separator"),
    pytest.param("1,234,567", 1234567, id="two separators"),
    pytest.param("１２．５", 12.5, id="full-width"),
    pytest.param("000000520000", 520000, id="padded with zeros"),
    pytest.param("-3", -3, id="negative"),
    pytest.param("1,2", None, id="a comma that separates no thousands"),
    pytest.param("12a", None, id="letters"),
    pytest.param("", None, id="empty"),
])
def test_numbers(con: duckdb.DuckDBPyConnection, cell: str, number: float | None) -> None:
    value = evaluated(con, "number_of(t)", tidied(con, cell))
    assert (None if value is None else float(value)) == number


@pytest.mark.parametrize(("cell", "phone"), [
    pytest.param("19900000123", "19900000123", id="mobile"),
    pytest.param("+86 19900000123", "19900000123", id="+86"),
    pytest.param("+86-199-0000-0123", "19900000123", id="+86 and hyphens"),
    pytest.param("8619900000123", "19900000123", id="86"),
    pytest.param("008619900000123", "19900000123", id="0086"),
    pytest.param("199-0000-0123", "19900000123", id="hyphens"),
    pytest.param("199 0000 0123", "19900000123", id="spaces"),
    pytest.param("１９９０００００１２３", "19900000123", id="full-width"),
    pytest.param("19900000123/19900000124", "19900000123", id="two by slash"),
    pytest.param("19900000123、19900000124", "19900000123", id="two by 、"),
    pytest.param("8260123/19900000124", "19900000124", id="the mobile counts before a landline"),
    pytest.param("13000000000/19900000124", "19900000124", id="a placeholder does not count"),
    pytest.param("8260123", "07168260123", id="landline without area code"),
    pytest.param("0716-8260123", "07168260123", id="landline"),
    pytest.param("(0716)8260123", "07168260123", id="area code in brackets"),
    pytest.param("86-716-8260123", "07168260123", id="86 and area code"),
    pytest.param("027-87654321", "02787654321", id="landline of another city"),
    pytest.param("13000000000", None, id="placeholder"),
    pytest.param("11111111111", None, id="ones"), pytest.param("0", None, id="zero"),
    pytest.param("0716-8888888", None, id="one digit repeated"),
    pytest.param("无", None, id="word"), pytest.param("1990000012", None, id="one digit short"),
])
def test_phones(con: duckdb.DuckDBPyConnection, cell: str, phone: str | None) -> None:
    assert evaluated(con, "coalesce(phone_mobile(phone_pieces(t)), phone_landline(phone_pieces(t)))", tidied(con, cell)) == phone


LETTERS = [*"0123456789Xx=\"abc沙市区-/、+E. ", *GUARDS, *BLANKS, *FULL_WIDTH]
CELLS = st.text(alphabet=st.sampled_from(LETTERS), max_size=24)


PHONE = "coalesce(phone_mobile(phone_pieces(x)), phone_landline(phone_pieces(x)))"
ALL_READINGS = f"""
    WITH cell AS (SELECT unnest($1::VARCHAR[]) AS t, generate_subscripts($1::VARCHAR[], 1) AS place),
         a AS (SELECT place, cell_unguard(cell_trim(cell_half(t))) AS x FROM cell),
         b AS (SELECT *, id_tidy(x) AS n FROM a), c AS (SELECT *, id_base(n) AS base FROM b),
         d AS (SELECT *, id_check(base, n) AS check_is FROM c)
    SELECT x, id_18(base, n, check_is), id_state(n, check_is), {PHONE} FROM d ORDER BY place"""


@settings(max_examples=60, deadline=None)
@given(cells=st.lists(CELLS, min_size=1, max_size=60))
def test_reading_twice_is_reading_once(con: duckdb.DuckDBPyConnection, cells: list[str]) -> None:
    def readings(texts: list[str | None]) -> list[tuple[str | None, ...]]:
        return con.execute(ALL_READINGS, [texts]).fetchall()

    once = readings(list(cells))
    assert len(once) == len(cells)
    assert [row[0] for row in readings([row[0] for row in once])] == [row[0] for row in once]
    assert [row[1:3] for row in readings([row[1] for row in once])] == [
        (number, "valid" if state == "valid_15" else state) for _, number, state, _ in once]
    assert [row[3] for row in readings([row[3] for row in once])] == [row[3] for row in once]
