"""What an increment of the linkage costs, beside a run for everything, and whether it leaves the same.

    python -m benchmarks.increments MENTIONS.duckdb [--share 0.01] [--by record|person] [--models FOLDER] [--threads 2]

MENTIONS.duckdb: a store with the tables `mention` and `name_form`: a working store, or what `benchmarks.mentions` writes.
It is copied, never changed. The share of records is held back (`record`: of the city's records, each of another person as a rule; `person`:
all records of a share of the persons), the rest is linked, then the increment comes and is linked. Prints seconds, also of processor, of a
run for everything with the same model, those of the increment, their ratio, how many units the increment touched, and in how many rows each
table differs from that of the run for everything: 0 everywhere, or the increment is wrong.

A share of the records touches several times that share of the units, because most people have several records; that, beside scans of narrow
columns of the whole city, is what an increment pays for.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from pathlib import Path

import duckdb

from resolvers import linkage

TABLES = ("unit", "pair", "unit_cluster", "mention_cluster", "relative_cluster", "clustered", "cluster_confidence", "link_edge")


def opened(source: Path, target: Path, threads: int) -> duckdb.DuckDBPyConnection:
    """A copy of the mentions without anything that an earlier run left."""
    con = duckdb.connect(str(target), config={"threads": threads, "memory_limit": "4GB"})
    con.execute(f"ATTACH '{source}' AS source (READ_ONLY)")
    for table in ("mention", "name_form"):
        con.execute(f"CREATE TABLE {table} AS FROM source.{table}")
    con.execute("DETACH source")
    return con


def timed(con: duckdb.DuckDBPyConnection, models: Path, run: int, label: str) -> tuple[float, float, linkage.Resolution]:
    wall, processor = time.perf_counter(), time.process_time()
    found = linkage.resolve(con, models, run)
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    print(
        f"{label}: {wall:.1f} s, {processor:.1f} s of processor, {found.mentions:,} mentions, {found.persons:,} persons, "
        f"{found.units_touched:,} units touched, {found.everything or 'increment'}",
        flush=True,
    )
    return wall, processor, found


def hold_back(con: duckdb.DuckDBPyConnection, share: float, by: str, whole: Path) -> None:
    """`held`: the mentions of the increment, taken out of `mention`."""
    con.execute(f"ATTACH '{whole}' AS whole (READ_ONLY)")
    chosen = f"hash(record_id, 7) % 1000000 < {round(share * 1_000_000)}"
    if by == "person":
        persons = f"SELECT cluster FROM whole.clustered WHERE subject AND hash(cluster, 7) % 1000000 < {round(share * 1_000_000)}"
        chosen = f"record_id IN (SELECT record_id FROM whole.clustered WHERE subject AND cluster IN ({persons}))"
    con.execute(f"CREATE TABLE held AS SELECT * FROM mention WHERE {chosen}")
    con.execute("DELETE FROM mention WHERE record_id IN (SELECT record_id FROM held)")
    con.execute("DETACH whole")


def differences(whole: Path, increment: Path) -> dict[str, int]:
    """Rows of each table that only one of the two stores has."""
    found = {}
    with duckdb.connect() as con:
        con.execute(f"ATTACH '{whole}' AS a (READ_ONLY); ATTACH '{increment}' AS b (READ_ONLY)")
        for table in TABLES:
            columns = ", ".join(row[0] for row in con.execute(f"DESCRIBE a.{table}").fetchall())
            one, other = (f"SELECT {columns} FROM {side}.{table}" for side in "ab")
            row = con.execute(
                f"SELECT (SELECT count(*) FROM ({one} EXCEPT ALL {other})) + (SELECT count(*) FROM ({other} EXCEPT ALL {one}))"
            )
            found[table] = int((row.fetchone() or (0,))[0])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mentions", type=Path)
    parser.add_argument("--share", type=float, default=0.01)
    parser.add_argument("--by", choices=("record", "person"), default="record")
    parser.add_argument("--models", type=Path, help="folder of the model; without it, one is trained first")
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="increments"))
    models = asked.models or folder / "models"
    if asked.models is None:
        with opened(asked.mentions, folder / "training.duckdb", asked.threads) as con:
            timed(con, models, 1, "training and everything")
    with opened(asked.mentions, folder / "whole.duckdb", asked.threads) as con:
        wall, processor, _ = timed(con, models, 1, "everything")
    with opened(asked.mentions, folder / "increment.duckdb", asked.threads) as con:
        hold_back(con, asked.share, asked.by, folder / "whole.duckdb")
        timed(con, models, 1, "without the increment")
        con.execute("INSERT INTO mention FROM held")
        con.execute("DROP TABLE held")
        part, part_processor, _ = timed(con, models, 2, "the increment")
    print(f"ratio: {part / wall:.1%} of the time, {part_processor / processor:.1%} of the processor's")
    for table, rows in differences(folder / "whole.duckdb", folder / "increment.duckdb").items():
        print(f"{table}: {rows} rows differ")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
