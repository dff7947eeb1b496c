"""Comparing: the tests of a model file as SQL, and the comparisons as Splink settings.

Belongs here: the SQL of each test (conditions.py) over `<column>_l` and `<column>_r`. Does not: which pairs are compared (blocking.py).
"""

from __future__ import annotations

from typing import Any

import duckdb

from resolvers.tables.conditions import (
    Among,
    Condition,
    Contained,
    Crossed,
    DateParts,
    Days,
    Digits,
    Equal,
    Every,
    Missing,
    Near,
    Not,
    Otherwise,
    Overlap,
    SameStart,
    Similar,
    Some,
    Sql,
    Swapped,
)
from resolvers.tables.spec import Comparison, Level, Model, ModelFileError
from sources.tables import literal

_SINGLE_BYTES = "".join(chr(code) for code in range(1, 128))
_MEASURES = ("jaro_winkler_similarity", "levenshtein", "damerau_levenshtein")

MACROS = (
    """CREATE OR REPLACE TEMP MACRO distinct_characters(a, b) AS
       array_to_string(list_sort(list_distinct(string_split(a || b, ''))), '')""",
    f"""CREATE OR REPLACE TEMP MACRO single_bytes(a, b) AS
        translate(a, distinct_characters(a, b), left({literal(_SINGLE_BYTES)}, length(distinct_characters(a, b))::BIGINT))""",
    *(
        f"""CREATE OR REPLACE TEMP MACRO {measure}_of_characters(a, b) AS
            CASE WHEN strlen(a) = length(a) AND strlen(b) = length(b) OR length(distinct_characters(a, b)) > {len(_SINGLE_BYTES)}
                 THEN {measure}(a, b) ELSE {measure}(single_bytes(a, b), single_bytes(b, a)) END"""
        for measure in _MEASURES
    ),
    """CREATE OR REPLACE TEMP MACRO one_way_alike(a, b, least) AS
       len(list_filter(a, lambda x: len(list_filter(b, lambda y: jaro_winkler_similarity_of_characters(x, y) >= least)) > 0))""",
    "CREATE OR REPLACE TEMP MACRO count_alike(a, b, least) AS least(one_way_alike(a, b, least), one_way_alike(b, a, least))",
    "CREATE OR REPLACE TEMP MACRO count_shared(a, b) AS len(list_intersect(a, b))",
    "CREATE OR REPLACE TEMP MACRO count_of(a) AS len(a)",
)
"""Lambdas stay in macros, because Splink parses the conditions with a parser that does not know them; on Spark they are functions
(spark_scoring.py).

DuckDB measures the distance of texts in bytes, of which a Chinese character has three. `..._of_characters` gives each character of a pair
a byte of its own first; two texts with more than 127 different characters between them are compared in bytes.
"""


def condition_sql(condition: Condition, model: Model) -> str:
    """A test as SQL; it is never true where a value is missing."""
    match condition:
        case Every() | Some() | Not():
            return _joined_sql(condition, model)
        case Sql(sql=raw):
            sql = f"({raw})"
        case Otherwise():
            sql = "ELSE"
        case Missing(column=name):
            sql = f"({name}_l IS NULL OR {name}_r IS NULL)"
        case Days() | DateParts() | Digits() | Near():
            sql = _number_sql(condition, model)
        case Overlap() | Among():
            sql = _list_sql(condition)
        case _:
            sql = _text_sql(condition)
    return sql


def _joined_sql(condition: Every | Some | Not, model: Model) -> str:
    match condition:
        case Every(of=parts):
            return "(" + " AND ".join(condition_sql(part, model) for part in parts) + ")"
        case Some(of=parts):
            return "(" + " OR ".join(f"coalesce({condition_sql(part, model)}, false)" for part in parts) + ")"
        case Not(of=part):
            return f"NOT coalesce({condition_sql(part, model)}, false)"


def _text_sql(condition: Equal | Similar | Swapped | Crossed | Contained | SameStart) -> str:
    match condition:
        case Equal(column=name):
            sql = f"{name}_l = {name}_r"
        case Similar(column=name, other=None):
            sql = _similar(condition, f"{name}_l", f"{name}_r")
        case Similar(column=name, other=other):
            one_way, other_way = _similar(condition, f"{name}_l", f"{other}_r"), _similar(condition, f"{other}_l", f"{name}_r")
            sql = f"(coalesce({one_way}, false) OR {other_way})"
        case Swapped(columns=(a, b), jaro_winkler=least):
            pairs = ((f"{a}_l", f"{b}_r"), (f"{b}_l", f"{a}_r"))
            measure = "jaro_winkler_similarity_of_characters"
            tests = [f"{left} = {right}" if least >= 1 else f"{measure}({left}, {right}) >= {least}" for left, right in pairs]
            sql = f"({' AND '.join(tests)})"
        case Crossed(columns=(a, b)):
            sql = f"(coalesce({a}_l = {b}_r, false) OR {b}_l = {a}_r)"
        case Contained(column=name, letters=letters, beginning=beginning):
            word = "starts_with" if beginning else "contains"
            long_enough = f"least(length({name}_l), length({name}_r)) >= {letters}"
            sql = f"({long_enough} AND (coalesce({word}({name}_l, {name}_r), false) OR {word}({name}_r, {name}_l)))"
        case SameStart(column=name, letters=letters):
            sql = f"left({name}_l, {letters}) = left({name}_r, {letters})"
    return sql


def _similar(condition: Similar, left: str, right: str) -> str:
    if condition.jaro_winkler is not None:
        return f"jaro_winkler_similarity_of_characters({left}, {right}) >= {condition.jaro_winkler}"
    if condition.jaccard is not None:
        return f"jaccard({left}, {right}) >= {condition.jaccard}"
    if condition.levenshtein is not None:
        return f"levenshtein_of_characters({left}, {right}) <= {condition.levenshtein}"
    return f"damerau_levenshtein_of_characters({left}, {right}) <= {condition.damerau_levenshtein}"


def _list_sql(condition: Overlap | Among) -> str:
    if isinstance(condition, Among):
        name, words, least = condition.column, condition.words, condition.jaro_winkler
        sides = ((f"{name}_l", f"{words}_r"), (f"{name}_r", f"{words}_l"))
        alike = "list_contains({list}, {one})" if least >= 1 else "count_alike([{one}], {list}, {least}) >= 1"
        found = [alike.format(one=one, list=several, least=least) for one, several in sides]
        return f"(coalesce({found[0]}, false) OR {found[1]})"
    pairs = [(f"{condition.column}_l", f"{condition.other or condition.column}_r")]
    if condition.other:
        pairs.append((f"{condition.other}_l", f"{condition.column}_r"))
    tests = []
    for left, right in pairs:
        exact = condition.jaro_winkler >= 1
        shared = f"count_shared({left}, {right})" if exact else f"count_alike({left}, {right}, {condition.jaro_winkler})"
        test = f"{shared} >= {condition.count}"
        if condition.share is not None:
            test = f"({test} AND {shared} >= {condition.share} * least(count_of({left}), count_of({right})))"
        tests.append(test)
    return tests[0] if len(tests) == 1 else "(" + " OR ".join(f"coalesce({test}, false)" for test in tests) + ")"


_PARTS = {
    "same_year": "year({l}) = year({r})",
    "same_year_month": "(year({l}) = year({r}) AND month({l}) = month({r}))",
    "same_month_day": "(month({l}) = month({r}) AND day({l}) = day({r}))",
    "same_year_day": "(year({l}) = year({r}) AND day({l}) = day({r}))",
    "day_month_swapped": "(year({l}) = year({r}) AND month({l}) = day({r}) AND day({l}) = month({r}))",
}


def _number_sql(condition: Days | DateParts | Digits | Near, model: Model) -> str:
    left, right = f"{condition.column}_l", f"{condition.column}_r"
    match condition:
        case Days(at_most=days):
            return f"abs(date_diff('day', {left}, {right})) <= {days}"
        case DateParts(relation=relation):
            return _PARTS[relation].format(l=left, r=right)
        case Digits(at_most=slips):
            column = next(column for column in model.columns if column.name == condition.column)
            if column.is_date:
                left, right = f"strftime({left}, '%Y%m%d')", f"strftime({right}, '%Y%m%d')"
            return f"damerau_levenshtein({left}, {right}) <= {slips}"
        case Near(at_most=None, relative=share):
            return f"abs({left} - {right}) <= {share} * greatest(abs({left}), abs({right}))"
        case Near(at_most=distance):
            return f"abs({left} - {right}) <= {distance}"


def missing_sql(comparison: Comparison, model: Model) -> str:
    """When a pair says nothing."""
    if comparison.missing is not None:
        return condition_sql(comparison.missing, model)
    return " OR ".join(f"{name}_{side} IS NULL" for name in comparison.needs for side in "lr")


def _level(level: Level, comparison: Comparison, model: Model) -> dict[str, Any]:
    row: dict[str, Any] = {"sql_condition": condition_sql(level.when, model), "label_for_charts": level.label}
    if level.m is not None:
        row["m_probability"] = max(level.m, 1e-9)
    if level.u is not None:
        row["u_probability"] = max(level.u, 1e-12)
    if level.fixed:
        row |= {"fix_m_probability": True, "fix_u_probability": True}
    if level.term_frequency:
        row |= {"tf_adjustment_column": level.term_frequency, "tf_adjustment_weight": 1.0}
        if not any(isinstance(other.when, Equal) and other.when.column == level.term_frequency for other in comparison.levels):
            row["disable_tf_exact_match_detection"] = True
    return row


def comparison_settings(comparison: Comparison, model: Model) -> dict[str, Any]:
    """A comparison as Splink wants it."""
    nothing = {"sql_condition": missing_sql(comparison, model), "label_for_charts": "missing", "is_null_level": True}
    levels = [_level(level, comparison, model) for level in comparison.levels]
    return {"output_column_name": comparison.name, "comparison_levels": [nothing, *levels]}


def check_comparisons(con: duckdb.DuckDBPyConnection, model: Model, model_file: str) -> None:
    """Raise ModelFileError for a test that the database refuses (a text compared as a date, unknown SQL), naming comparison and level."""
    sides = (", ".join(f"{column.name} AS {column.name}_{side}" for column in model.columns) for side in "lr")
    pairs = " CROSS JOIN ".join(f"(SELECT {fields} FROM table_prepared LIMIT 0)" for fields in sides)
    for comparison in model.comparisons:
        tests = [("missing", missing_sql(comparison, model))]
        tests += [(level.label, condition_sql(level.when, model)) for level in comparison.levels if not isinstance(level.when, Otherwise)]
        for label, sql in tests:
            try:
                con.execute(f"SELECT CASE WHEN {sql} THEN 1 END FROM {pairs}")
            except (duckdb.BinderException, duckdb.ParserException, duckdb.CatalogException) as wrong:
                reason = str(wrong).splitlines()[0]
                raise ModelFileError(f"comparison {comparison.name}, level {label}: {reason}", model_file, "correct the test") from wrong
