"""SQL macros that read one text cell: text, ID numbers, dates, months, numbers, telephones.

Belongs here: what a cell of a type means whatever the category (docs/architecture.md, "Typed values"; defects of the dictionary).
Does not: code lists (codes.py), which column is of which type and in which order the macros are applied (reading.py).

A macro repeats its argument wherever it uses it, so macros are never nested over whole cells: reading.py gives each the finished
column of the step before. `x` stands for text after `cell_trim(cell_half(...))` and `cell_unguard`, `n` for a tidied ID number.

Sources: GB 11643 (ID numbers; check character ISO 7064 MOD 11-2), the dictionary's vocabulary of defects and clarifications 3, 51.
"""

from __future__ import annotations

import duckdb

from sources.tables import literal

BLANKS = " \t\r\n\x0b\x0c\x00\u00a0\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u200b\u202f\u3000\ufeff"
FULL_WIDTH = "".join(chr(code) for code in range(0xFF01, 0xFF5F)) + "\u3000\u00a0"
HALF_WIDTH = "".join(chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)) + "  "
NULL_WORDS = ("NULL", "null", "空", "-", "--", "—", "/", "无", "不详", "未提供", "暂无")
CHECK_CHARACTERS_LOOKING_LIKE_X = "χΧ×✕✖ⅹⅩхХ╳"
GUARDS = "'’‘`"
PLACEHOLDER_NUMBER = "123456789012345678"
PLACEHOLDER_DATES = ("1900-01-01", "1949-10-01", "9999-12-31")
PLACEHOLDER_PHONES = ("13000000000", "11111111111")
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
AREA_CODE = "0716"
"""Area code of Jingzhou, added to landlines without one."""
FIRST_YEAR, LAST_YEAR = 1850, 2100
"""Nobody and nothing of these registers is dated outside; such a date is impossible."""
LAST_SERIAL = 2958465
"""9999-12-31 as a workbook counts days."""

_BLANKS = literal(BLANKS.replace("\x00", "")) + " || chr(0)"
_BLANK = "[" + "".join(f"\\x{{{ord(blank):X}}}" for blank in BLANKS) + "]"
_WIDE = "[\\x{FF01}-\\x{FF5E}\\x{3000}\\x{A0}]"
_CHECK_SUM = " + ".join(f"{weight} * ascii(substr(n, {place}, 1)) - {weight * 48}" for place, weight in enumerate(WEIGHTS, start=1))
_PLACEHOLDER_DATES = ", ".join(f"DATE '{day}'" for day in PLACEHOLDER_DATES)
_PLACEHOLDER_PHONES = ", ".join(map(literal, PLACEHOLDER_PHONES))
_GUARD = "[" + GUARDS.replace("'", "''") + _BLANK[1:]
_ONE_DIGIT_REPEATED = "|".join(f"{digit}+" for digit in range(10))

TEXT_MACROS = (
    # translate() and trim() with long lists are slow, so a pattern first says whether there is anything to do.
    f"""cell_half(t) AS CASE WHEN strlen(t) = length(t) OR NOT regexp_matches(t, '{_WIDE}') THEN t
        ELSE translate(t, {literal(FULL_WIDTH)}, {literal(HALF_WIDTH)}) END""",
    f"cell_trim(t) AS CASE WHEN regexp_matches(t, '^{_BLANK}|{_BLANK}$') THEN trim(t, {_BLANKS}) ELSE t END",
    f"""cell_unguard(t) AS nullif(CASE
        WHEN regexp_matches(t, '^{_GUARD}*="') THEN regexp_replace(regexp_replace(t, '^({_GUARD}|=")+', ''), '(["]|{_BLANK})+$', '')
        WHEN regexp_matches(t, '^{_GUARD}') THEN regexp_replace(t, '^{_GUARD}+', '') ELSE t END, '')""",
    # A pattern, because DuckDB turns IN over many constants into one hash join per cell.
    f"is_null_word(x) AS length(x) <= {max(map(len, NULL_WORDS))} AND regexp_full_match(x, {literal('|'.join(NULL_WORDS))})",
    "cell_null(x) AS CASE WHEN is_null_word(x) THEN NULL ELSE x END",
)
ID_MACROS = (
    f"check_character(n) AS substr('10X98765432', ({_CHECK_SUM}) % 11 + 1, 1)",
    f"""number_date(n) AS CASE WHEN substr(n, 7, 4) BETWEEN '{FIRST_YEAR}' AND '{LAST_YEAR}'
        THEN try_strptime(substr(n, 7, 8), '%Y%m%d')::DATE END""",
    f"""id_tidy(x) AS CASE WHEN length(x) = 18 AND regexp_full_match(x, '[0-9]{{17}}[0-9X]') THEN x
        ELSE cell_null(nullif(translate(upper(regexp_replace(translate(x, {literal(CHECK_CHARACTERS_LOOKING_LIKE_X)},
        '{'X' * len(CHECK_CHARACTERS_LOOKING_LIKE_X)}'), '[\\s\\x00{GUARDS.replace("'", "''")}="-]', '', 'g')),
        {literal(BLANKS.replace(chr(0), ''))}, ''), '')) END""",
    f"id_is_placeholder(n) AS n = '{PLACEHOLDER_NUMBER}' OR regexp_full_match(n, '0{{15,}}|1{{15,}}|9{{15,}}')",
    # 15 digits: 19 after the division, only when that makes a real date; the check character follows in id_18.
    """id_base(n) AS CASE WHEN length(n) = 15 AND regexp_full_match(n, '[0-9]{15}') AND NOT id_is_placeholder(n)
            AND try_strptime('19' || substr(n, 7, 6), '%Y%m%d') IS NOT NULL
        THEN left(n, 6) || '19' || right(n, 9) ELSE n END""",
    """id_check(base, n) AS CASE WHEN length(n) = 18 AND regexp_full_match(n, '[0-9]{17}[0-9X]') OR length(base) = 17 AND length(n) = 15
        THEN check_character(base) END""",
    "id_18(base, n, check_is) AS CASE WHEN length(n) = 15 AND length(base) = 17 THEN base || check_is ELSE n END",
    # `check_is`: the right check character where the text has the shape of a number, else NULL.
    """id_state(n, check_is) AS CASE
        WHEN n IS NULL THEN NULL
        WHEN id_is_placeholder(n) THEN 'placeholder'
        WHEN length(n) = 15 AND check_is IS NOT NULL THEN 'valid_15'
        WHEN check_is = right(n, 1) THEN CASE WHEN number_date(n) IS NOT NULL THEN 'valid' ELSE 'invalid' END
        WHEN check_is IS NOT NULL THEN CASE WHEN right(n, 4) = '0000' THEN 'placeholder' ELSE 'invalid' END
        WHEN regexp_full_match(n, '[0-9]+(\\.[0-9]*)?E\\+?[0-9]+|[0-9]{15,18}\\.0*') THEN 'precision_lost'
        ELSE 'malformed' END""",
)
DATE_MACROS = (
    # One spelling of all styles: digits with single hyphens; the time of day is cut off.
    """date_spelling(x) AS CASE WHEN regexp_full_match(x, '[0-9]{8}|[0-9]{4}-[0-9]{2}-[0-9]{2}') THEN x
        ELSE regexp_replace(regexp_replace(regexp_replace(regexp_replace(x, '\\s*([年月./-])\\s*', '\\1', 'g'), '[年月./]', '-', 'g'),
        '\\s*(日|号).*$', ''), '[ T]\\s*[0-9]{1,2}:.*$', '') END""",
    f"""date_of_serial(days) AS CASE WHEN days BETWEEN 1 AND 59 THEN DATE '1899-12-31' + days
        WHEN days BETWEEN 61 AND {LAST_SERIAL} THEN DATE '1899-12-30' + days END""",
    # `serials`: the category writes days as a workbook counts them; elsewhere only five digits are taken for such a count.
    """date_stated(s, serials) AS CASE
        WHEN length(s) = 8 AND regexp_full_match(s, '[0-9]{8}') THEN try_strptime(s, '%Y%m%d')::DATE
        WHEN regexp_full_match(s, '[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}') THEN try_strptime(s, '%Y-%m-%d')::DATE
        WHEN regexp_full_match(s, '[0-9]{14}') THEN try_strptime(s, '%Y%m%d%H%M%S')::DATE
        WHEN regexp_full_match(s, '[1-9][0-9]{4}([.-][0-9]*)?') OR serials AND regexp_full_match(s, '[1-9][0-9]{0,6}([.-][0-9]*)?')
            THEN date_of_serial(try_cast(regexp_extract(s, '^[0-9]+') AS INTEGER)) END""",
    f"date_is_placeholder(d) AS d IN ({_PLACEHOLDER_DATES})",
    f"date_in_range(d) AS CASE WHEN year(d) BETWEEN {FIRST_YEAR} AND {LAST_YEAR} OR date_is_placeholder(d) THEN d END",
    "date_real(d) AS CASE WHEN date_is_placeholder(d) THEN NULL ELSE d END",
    # `d`: the date of the same cell, for cells that state a day without its time.
    """moment_of(x, d) AS CASE WHEN d IS NULL OR date_is_placeholder(d) THEN NULL
        WHEN regexp_full_match(x, '[0-9]{14}') THEN try_strptime(x, '%Y%m%d%H%M%S')
        ELSE coalesce(try_cast(d::VARCHAR || ' ' || regexp_extract(x, '[0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]+)?)?') AS TIMESTAMP),
                      d::TIMESTAMP) END""",
)
NUMBER_MACROS = (
    """month_parts(x) AS regexp_extract(x, '^([0-9]{4})(?:([0-9]{2})|\\s*[年/.-]\\s*([0-9]{1,2}))\\s*月?$', ['y', 'm', 'n'])""",
    # `d`: the date, where the cell states a whole day.
    f"""month_said(p, d) AS CASE WHEN p.y <> '' AND try_cast(p.m || p.n AS INTEGER) BETWEEN 1 AND 12
            AND p.y BETWEEN '{FIRST_YEAR}' AND '{LAST_YEAR}' THEN p.y || '-' || lpad(p.m || p.n, 2, '0')
        WHEN d IS NOT NULL AND NOT date_is_placeholder(d) THEN strftime(d, '%Y-%m') END""",
    "month_real(m) AS CASE WHEN m = '1900-01' THEN NULL ELSE m END",
    # A comma is a thousands separator where it stands as one; anything else with a comma cannot be read.
    """number_of(x) AS CASE WHEN regexp_full_match(x, '[+-]?[0-9]+(\\.[0-9]*)?|[+-]?\\.[0-9]+|[+-]?[0-9.]+[eE][+-]?[0-9]+')
            THEN try_cast(x AS DECIMAL(18,6))
        WHEN regexp_full_match(x, '[+-]?[0-9]{1,3}([,，][0-9]{3})+(\\.[0-9]*)?')
            THEN try_cast(regexp_replace(x, '[,，]', '', 'g') AS DECIMAL(18,6)) END""",
    "whole_number(v) AS CASE WHEN v = trunc(v) THEN CAST(v AS BIGINT) END",
    f"""year_of(x) AS CASE WHEN regexp_full_match(x, '[0-9]{{4}}(年|\\.0*)?') AND left(x, 4) BETWEEN '{FIRST_YEAR}' AND '{LAST_YEAR}'
        THEN left(x, 4)::INTEGER END""",
)
PHONE_MACROS = (
    # Numbers of one cell: separators between numbers kept, everything else but digits and + removed, the country's prefix cut.
    """phone_pieces(x) AS CASE WHEN regexp_full_match(x, '[0-9]{11}') THEN [x]
        ELSE list_transform(regexp_split_to_array(x, '[/、,;，；|]'),
        lambda p: regexp_replace(regexp_replace(regexp_replace(p, '[^0-9+]', '', 'g'), '^(\\+86|0086|\\+)', ''),
                                 '^86(1[0-9]{10}|0[1-9][0-9]{8,10})$', '\\1')) END""",
    f"""phone_mobile(pieces) AS list_filter(pieces,
        lambda p: length(p) = 11 AND starts_with(p, '1') AND p NOT IN ({_PLACEHOLDER_PHONES}))[1]""",
    f"""phone_landline(pieces) AS list_transform(list_filter(list_transform(pieces,
            lambda p: regexp_replace(p, '^(?:86)?{AREA_CODE.lstrip("0")}([2-8][0-9]{{6}})$', '{AREA_CODE}\\1')),
            lambda p: regexp_full_match(p, '[2-8][0-9]{{6,7}}|0[1-9][0-9]{{1,2}}[2-8][0-9]{{6,7}}')
                AND NOT regexp_full_match(p, '(0[1-9][0-9]{{1,2}})?({_ONE_DIGIT_REPEATED})')),
        lambda p: CASE WHEN starts_with(p, '0') THEN p ELSE '{AREA_CODE}' || p END)[1]""",
    f"""phone_is_placeholder(pieces) AS len(pieces) > 0 AND len(list_filter(pieces,
        lambda p: NOT (p IN ({_PLACEHOLDER_PHONES}) OR regexp_full_match(p, '(0[1-9][0-9]{{1,2}})?({_ONE_DIGIT_REPEATED})')))) = 0""",
)
MACROS = (*TEXT_MACROS, *ID_MACROS, *DATE_MACROS, *NUMBER_MACROS, *PHONE_MACROS)


def register(con: duckdb.DuckDBPyConnection) -> None:
    """Define the macros on a connection, once (temporary, so read-only stores can use them too)."""
    if con.execute("SELECT count(*) FROM duckdb_functions() WHERE function_name = 'phone_is_placeholder'").fetchone() != (0,):
        return
    for macro in MACROS:
        con.execute(f"CREATE OR REPLACE TEMP MACRO {macro}")
