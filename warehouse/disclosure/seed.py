"""The seed of a snapshot: what its noise is drawn from.

Belongs here: making, storing, reading it. Does not: drawing (noise.py).

It is an HMAC under the key of the installation over the day and a digest of the profile that statistics reads, and stands in `published`,
inside the encrypted snapshot. Other data, other noise: two snapshots of one day, or a snapshot before and after a withdrawal, cannot be
subtracted. The same data of the same day give the same answers.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import date

import duckdb

from sources.errors import OneGridError

COLUMN = "statistics_seed"
PROFILE = "profile_open"


class SeedMissing(OneGridError):
    """The snapshot is older than the protection of statistics."""


def write_seed(con: duckdb.DuckDBPyConnection, database: str, key: str) -> None:
    """Set the seed in `published` of an attached database from its profile as it is now."""
    tables = con.execute("SELECT table_name FROM duckdb_tables() WHERE database_name = ?", [database]).fetchall()
    row = con.execute(f"SELECT bit_xor(hash(p)), count(*) FROM {database}.{PROFILE} AS p").fetchone() if (PROFILE,) in tables else None
    (as_of,) = con.execute(f"SELECT as_of FROM {database}.published").fetchone() or (None,)
    con.execute(f"ALTER TABLE {database}.published ADD COLUMN IF NOT EXISTS {COLUMN} BLOB")
    con.execute(f"UPDATE {database}.published SET {COLUMN} = ?", [made(key, as_of, str(row))])


def made(key: str, as_of: date | None, content: str) -> bytes:
    """32 bytes."""
    return hmac.new(key.encode(), f"onegrid statistics 1|{as_of}|{content}".encode(), hashlib.sha256).digest()


def seed_of(con: duckdb.DuckDBPyConnection) -> bytes:
    """The seed of the opened snapshot. Raises SeedMissing."""
    columns = [column for column, *_ in con.execute("DESCRIBE published").fetchall()]
    row = con.execute(f"SELECT {COLUMN} FROM published").fetchone() if COLUMN in columns else None
    if row is None or row[0] is None:
        raise SeedMissing(what="this snapshot was made before statistics were protected, so no counts are told from it", where="snapshot",
                          remedy="`onegrid run` makes a new one; ask without --as-of, or state a later day")
    return bytes(row[0])
