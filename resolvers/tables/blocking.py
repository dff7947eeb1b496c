"""Blocking: which pairs of records are compared, and the guard against too many.

Belongs here: keys of the rules, pairs counted before they are made, keys left out because they are too frequent, the pairs themselves.
Does not: scoring them (engine.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from resolvers.tables.spec import Key, Model, columns_of_keys
from sources.tables import quoted


@dataclass(frozen=True, slots=True)
class RuleReport:
    """What a rule proposes: pairs before the guard, pairs kept, keys left out and the rows that carry them. Counts only."""

    rule: str
    pairs: int
    kept_pairs: int
    dropped_keys: int = 0
    dropped_rows: int = 0

    def sentence(self) -> str:
        if not self.dropped_keys:
            return f"{self.rule}: {self.kept_pairs:,} pairs"
        return (
            f"{self.rule}: {self.kept_pairs:,} of {self.pairs:,} pairs; {self.dropped_keys:,} too frequent values "
            f"(in {self.dropped_rows:,} rows) are left out"
        )


def rule_name(keys: Sequence[Key]) -> str:
    """A rule in words."""
    words = " + ".join(
        key.column + (f" (first {key.first})" if key.first else "") + (f" (last {key.last})" if key.last else "") for key in keys
    )
    return f"{words}, also as {' + '.join(key.other or key.column for key in keys)}" if any(key.other for key in keys) else words


def _part(key: Key, column: str, *, is_list: bool) -> str:
    """The values of a key as a list of text."""

    def cut(value: str) -> str:
        text = f"{value}::VARCHAR"
        if key.first:
            text = f"CASE WHEN length({text}) >= {key.first} THEN left({text}, {key.first}) END"
        if key.last:
            text = f"CASE WHEN length({text}) >= {key.last} THEN right({text}, {key.last}) END"
        return text

    name = quoted(column)
    return f"list_transform({name}, lambda value: {cut('value')})" if is_list else f"[{cut(name)}]"


def keys_sql(keys: Sequence[Key], lists: frozenset[str]) -> str:
    """Rows (unique_id, table_name, key) of a rule over `table_prepared`; a row without one of the values has no key."""
    straight = [_part(key, key.column, is_list=key.column in lists) for key in keys]
    variants = [straight]
    if any(key.other for key in keys):
        variants.append([_part(key, key.other or key.column, is_list=(key.other or key.column) in lists) for key in keys])
    selects = []
    for parts in variants:
        unnested = ", ".join(f"unnest({part}) AS part_{place}" for place, part in enumerate(parts))
        source = "table_prepared"
        if len(parts) > 1 and any(name in lists for name in columns_of_keys(tuple(keys))):
            source = " , ".join(["table_prepared", *(f"LATERAL (SELECT unnest({part}) AS part_{n})" for n, part in enumerate(parts))])
            unnested = ", ".join(f"part_{place}" for place in range(len(parts)))
        selects.append(f"SELECT unique_id, table_name, {unnested} FROM {source}")
    stated = " AND ".join(f"part_{place} IS NOT NULL" for place in range(len(keys)))
    together = ", chr(31), ".join(f"part_{place}" for place in range(len(keys)))
    return f"SELECT DISTINCT unique_id, table_name, concat({together}) AS key FROM ({' UNION ALL '.join(selects)}) WHERE {stated}"


def fill_keys(
    con: duckdb.DuckDBPyConnection, model: Model, rules: Sequence[tuple[Sequence[Key], int]], table: str
) -> tuple[RuleReport, ...]:
    """Write `table` (rule, unique_id, table_name, key) for rules with their limits of pairs. Keys of one row only are left out too.

    The guard: values in order of the pairs that they make, the rarest first; those from which on the sum passes the limit are left out.
    """
    lists = frozenset(column.name for column in model.columns if column.is_list)
    con.execute(f"CREATE OR REPLACE TEMP TABLE {table} (rule INTEGER, unique_id BIGINT, table_name VARCHAR, key VARCHAR)")
    reports = []
    pairs = "sum(n * (n - 1)) / 2" if model.duplicates else "(sum(n) * sum(n) - sum(n * n)) / 2"
    for place, (keys, limit) in enumerate(rules):
        con.execute(f"CREATE OR REPLACE TEMP TABLE rule_key AS {keys_sql(keys, lists)}")
        group = "" if model.duplicates else ", table_name"
        con.execute(f"""
            CREATE OR REPLACE TEMP TABLE key_pairs AS
            SELECT key, rows, pairs, sum(pairs) OVER (ORDER BY pairs) <= {limit} AS kept
            FROM (SELECT key, sum(n)::BIGINT AS rows, ({pairs})::BIGINT AS pairs
                  FROM (SELECT key, count(*)::HUGEINT AS n FROM rule_key GROUP BY key{group}) GROUP BY key)
            WHERE pairs > 0""")
        con.execute(f"INSERT INTO {table} SELECT {place}, unique_id, table_name, key FROM rule_key SEMI JOIN "
                    "(FROM key_pairs WHERE kept) USING (key)")
        row = con.execute("""
            SELECT coalesce(sum(pairs), 0), coalesce(sum(pairs) FILTER (kept), 0), count(*) FILTER (NOT kept),
                   coalesce(sum(rows) FILTER (NOT kept), 0) FROM key_pairs""").fetchone() or (0, 0, 0, 0)
        reports.append(RuleReport(rule_name(keys), int(row[0]), int(row[1]), int(row[2]), int(row[3])))
    con.execute("DROP TABLE IF EXISTS rule_key")
    con.execute("DROP TABLE IF EXISTS key_pairs")
    return tuple(reports)


def pairs_sql(model: Model, keys_table: str) -> str:
    """Rows (l, r): each pair of records that shares a key once, the smaller id first."""
    across = "" if model.duplicates else " AND l.table_name <> r.table_name"
    return f"""SELECT DISTINCT l.unique_id AS l, r.unique_id AS r
               FROM {keys_table} AS l JOIN {keys_table} AS r
                 ON l.rule = r.rule AND l.key = r.key AND l.unique_id < r.unique_id{across}"""


def possible_pairs(con: duckdb.DuckDBPyConnection, model: Model) -> float:
    """All pairs that could be compared."""
    rows = [int(row[0]) for row in con.execute("SELECT count(*) FROM table_record GROUP BY table_name").fetchall()]
    total = sum(rows)
    return total * (total - 1) / 2 if model.duplicates else (total * total - sum(n * n for n in rows)) / 2
