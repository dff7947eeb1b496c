"""Preparing columns: the values that are compared, from the cells of the tables.

Belongs here: the SQL of the steps (steps.py), filling `table_prepared`, the check that the tables have what the model names.
Does not: comparing (comparing.py).
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from resolvers.tables.reading import RAW_PREFIX, SourceTable
from resolvers.tables.spec import Column, Combine, Model, ModelFileError, step_parts
from resolvers.tables.steps import LIST_STEPS
from sources.tables import literal, quoted

DATE_FORMATS = ("%Y-%m-%d", "%Y%m%d", "%Y/%m/%d", "%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%Y年%m月%d日", "%Y.%m.%d", "%Y-%m-%d %H:%M:%S")


def check_columns(model: Model, tables: Sequence[SourceTable], model_file: str) -> None:
    """Raise ModelFileError for sources that no table has, and for a table that lacks every source of a column."""
    problems = []
    has = {table.name: {column.lower() for column in table.columns} for table in tables}
    everywhere = set().union(*has.values()) if has else set()
    for column in model.columns:
        unknown = [source for source in column.sources if source.lower() not in everywhere]
        if column.optional:
            continue
        lacking = [name for name, known in has.items() if column.sources and not known & {source.lower() for source in column.sources}]
        problems += [f"column {column.name}: no table has {source}" for source in unknown]
        if lacking and len(unknown) < len(column.sources):
            problems.append(f"column {column.name}: {', '.join(lacking)} has none of {', '.join(column.sources)}")
    if problems:
        stated = "; ".join(f"{table.name} has {', '.join(table.columns) or 'no column besides the id'}" for table in tables)
        raise ModelFileError("; ".join(problems), model_file, f"change sources in the model file; {stated}")


def prepare(con: duckdb.DuckDBPyConnection, model: Model) -> None:
    """Write `table_prepared` from `table_record`: unique_id, table_name and every column of the model; an empty list is NULL."""
    known = {str(row[0]).removeprefix(RAW_PREFIX) for row in con.execute("DESCRIBE table_record").fetchall()}
    fields = ", ".join(f"{column_sql(column, known)} AS {quoted(column.name)}" for column in model.columns)
    try:
        con.execute(f"""CREATE OR REPLACE TABLE table_prepared AS
                        SELECT unique_id, table_name, {fields} FROM table_record ORDER BY unique_id""")
    except (duckdb.BinderException, duckdb.ParserException, duckdb.CatalogException) as wrong:
        own = ", ".join(column.name for column in model.columns if column.sql)
        raise ModelFileError("the SQL of a column is not understood", own, str(wrong).splitlines()[0]) from wrong


def column_sql(column: Column, known: set[str]) -> str:
    """The expression of a prepared column over the columns of `table_record`; `known` are the columns of the tables in small letters."""
    if column.sql:
        return f"({column.sql})"
    simple = [step for step in column.steps if step_parts(step)[0] not in LIST_STEPS]
    cells = [quoted(RAW_PREFIX + source.lower()) for source in column.sources if source.lower() in known]
    values = []
    for cell in cells:
        value = cell
        for step in simple:
            value = step_sql(step, value)
        values.append(value)
    if not values:
        values = ["NULL::VARCHAR"]
    if column.combine is Combine.LIST:
        together = f"list_filter([{', '.join(values)}], lambda value: value IS NOT NULL)"
    elif column.combine is Combine.JOIN:
        together = f"nullif(concat_ws(' ', {', '.join(values)}), '')"
    else:
        together = f"coalesce({', '.join(values)})" if len(values) > 1 else values[0]
    for step in column.steps:
        if step_parts(step)[0] in LIST_STEPS:
            together = list_sql(step, f"array_to_string({together}, ' ')" if column.combine is Combine.LIST else together)
    if not column.is_list:
        return together
    return f"CASE WHEN len({together}) > 0 THEN list_sort(list_distinct({together})) END"


def step_sql(step: str, value: str) -> str:
    """One step on a text; the result is NULL where nothing is left."""
    word, argument = step_parts(step)
    match word:
        case "fold":
            made = f"trim(regexp_replace(lower(strip_accents({value})), '\\s+', ' ', 'g'))"
        case "lower":
            made = f"lower({value})"
        case "unaccent":
            made = f"strip_accents({value})"
        case "plain":
            made = f"trim(regexp_replace({value}, '[\\s\\p{{P}}\\p{{S}}]+', ' ', 'g'))"
        case "letters":
            made = f"regexp_replace({value}, '[^\\p{{L}}]+', '', 'g')"
        case "digits":
            made = f"regexp_replace({value}, '[^0-9]+', '', 'g')"
        case "alphanumeric":
            made = f"regexp_replace({value}, '[^\\p{{L}}\\p{{N}}]+', '', 'g')"
        case "no_zeros":
            made = f"ltrim({value}, '0')"
        case "sorted":
            made = f"array_to_string(list_sort(string_split({value}, ' ')), ' ')"
        case "date" | "number" | "year":
            return _typed(word, argument, value)
        case _:
            made = _with_argument(word, argument or "", value)
    return f"nullif({made}, '')"


def _typed(word: str, argument: str | None, value: str) -> str:
    if word == "number":
        return f"try_cast({value} AS DOUBLE)"
    formats = ", ".join(literal(one) for one in ((argument,) if argument else DATE_FORMATS))
    date = f"try_strptime({value}, [{formats}])::DATE"
    return date if word == "date" else f"year({value if 'try_strptime' in value else date})"


def _with_argument(word: str, argument: str, value: str) -> str:
    match word:
        case "missing":
            listed = ", ".join(literal(one) for one in argument.split("|"))
            return f"CASE WHEN {value} NOT IN ({listed}) THEN {value} END"
        case "replace":
            old, new = argument.split("|")
            return f"replace({value}, {literal(old)}, {literal(new)})"
        case "first":
            return f"left({value}, {int(argument)})"
        case "last":
            return f"right({value}, {int(argument)})"
        case "word":
            return f"string_split({value}, ' ')[{int(argument)}]"
        case "at_least":
            return f"CASE WHEN length({value}) >= {int(argument)} THEN {value} END"
    raise ModelFileError(f"unknown step {word}", "columns", "see steps.py")


def list_sql(step: str, value: str) -> str:
    """A list of parts of a text."""
    word, argument = step_parts(step)
    if word == "words":
        return f"list_filter(string_split({value}, ' '), lambda word: length(word) >= {int(argument or 1)})"
    size = int(argument or 2)
    return f"list_transform(range(1, greatest(length({value}) - {size - 2}, 2)), lambda place: substr({value}, place, {size}))"
