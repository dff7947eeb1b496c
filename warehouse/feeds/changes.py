"""What changed in a product since the one before: inserted, changed and removed rows, by key.

Belongs here: comparing two files of one module. Does not: which one is the one before (building.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from sources.tables import quoted
from warehouse.feeds.files import reading_of

KINDS = ("inserted", "changed", "removed")
COLUMN = "change"
TABLE = "feed_changes"


@dataclass(frozen=True, slots=True)
class Changed:
    """Rows of a changes file by kind."""

    inserted: int
    changed: int
    removed: int


def compare(con: duckdb.DuckDBPyConnection, new: Path, old: Path, key: tuple[str, ...], types: dict[str, str],
            cleaned: Sequence[str] = ()) -> Changed:
    """Temporary table TABLE: `change` and the columns of the product, in the order of the key. Removed rows carry the key only.

    A column that the old file does not have (a compatible addition) counts as missing there. `cleaned` are keys of old rows that
    were changed after somebody may have taken them: they are told whatever the files say.
    """
    con.execute("CREATE OR REPLACE TEMP TABLE feed_cleaned AS SELECT unnest(?::VARCHAR[]) AS key", [list(cleaned)])
    told = f"OR coalesce(new.{quoted(key[0])}, old.{quoted(key[0])}) IN (SELECT key FROM feed_cleaned)" if cleaned else ""
    had = {name for name, *_ in con.execute(f"DESCRIBE SELECT * FROM {reading_of(old)}").fetchall()}
    before = {name: f"old.{quoted(name)}" if name in had else "NULL" for name in types}
    same_key = " AND ".join(f"new.{quoted(name)} IS NOT DISTINCT FROM old.{quoted(name)}" for name in key)
    differs = " OR ".join(f"new.{quoted(name)} IS DISTINCT FROM {before[name]}" for name in types if name not in key) or "false"
    columns = [f"coalesce(new.{quoted(name)}, old.{quoted(name)}) AS {quoted(name)}" if name in key else f"new.{quoted(name)}"
               for name in types]
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE {TABLE} AS
        SELECT CASE WHEN old.present IS NULL THEN 'inserted' WHEN new.present IS NULL THEN 'removed' ELSE 'changed' END AS {COLUMN},
               {", ".join(columns)}
        FROM (SELECT *, true AS present FROM {reading_of(new)}) AS new
        FULL OUTER JOIN (SELECT *, true AS present FROM {reading_of(old)}) AS old ON {same_key}
        WHERE old.present IS NULL OR new.present IS NULL OR {differs} {told}
        {_only_cleaned(new, old, key, types) if cleaned else ''}
        ORDER BY {", ".join(f"{quoted(name)} NULLS FIRST" for name in key)}""")
    counts = dict(con.execute(f"SELECT {COLUMN}, count(*) FROM {TABLE} GROUP BY ALL").fetchall())
    return Changed(*(counts.get(kind, 0) for kind in KINDS))


def _only_cleaned(new: Path, old: Path, key: tuple[str, ...], types: dict[str, str]) -> str:
    """Keys that are in neither file any more, as removed rows."""
    (name,) = key
    columns = ", ".join("key" if column == name else "NULL" for column in types)
    stated = f"SELECT {quoted(name)} FROM {reading_of(new)} UNION ALL SELECT {quoted(name)} FROM {reading_of(old)}"
    return f"UNION ALL SELECT 'removed', {columns} FROM feed_cleaned WHERE key NOT IN ({stated})"
