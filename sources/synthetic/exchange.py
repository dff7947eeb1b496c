"""Fills the departments' exchange tables from the folder of a generated city.

Belongs here: COPY into PostgreSQL, for demonstrations and tests. Does not: reading them (sources.readers).
"""

from __future__ import annotations

from pathlib import Path

import psycopg
from psycopg import sql


def load(out: Path, dsn: str, append: bool = False) -> dict[str, int]:
    """Rows copied per table; without `append` the tables are emptied first."""
    base, loaded = out / "postgres", dict[str, int]()
    with psycopg.connect(dsn) as connection, connection.cursor() as cursor:
        cursor.execute((base / "schema.sql").read_bytes())
        for folder in sorted(entry for entry in base.iterdir() if entry.is_dir()):
            table = sql.SQL(".").join(map(sql.Identifier, folder.name.split(".")))
            if not append:
                cursor.execute(sql.SQL("TRUNCATE {}").format(table))
            for file in sorted(folder.glob("*.csv")):
                with file.open(encoding="utf-8") as text:
                    columns = sql.SQL(", ").join(map(sql.Identifier, text.readline().strip().split(",")))
                    text.seek(0)
                    with cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN WITH (FORMAT csv, HEADER true)").format(table, columns)) as copy:
                        while block := text.read(1 << 20):
                            copy.write(block)
                loaded[folder.name] = loaded.get(folder.name, 0) + cursor.rowcount
    return loaded
