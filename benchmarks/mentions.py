"""The mentions of a synthetic city as a file, so that the linkage can be measured alone.

    python -m benchmarks.mentions --residents 300000 --seed 3 --defects 1.5 --home DIR

Belongs here: city -> stages up to the mentions -> DIR/mentions.duckdb (tables mention, name_form, place; not encrypted, so only for
cities that nobody lives in), with the truth in DIR/deliveries/truth. Does not: measuring (linkage.py, increments.py).
"""

from __future__ import annotations

import argparse
import time
from datetime import date
from pathlib import Path

from desk.exchange import embedded_exchange
from pipelines import place_stages, stages
from sources.catalogue import load_catalogue
from sources.ledger import create_tables
from sources.synthetic import generate
from sources.synthetic.defects import DefectRates
from sources.synthetic.exchange import load
from warehouse.keys import ensure_key
from warehouse.store import open_working

MENTIONS_FILE = "mentions.duckdb"
TABLES = ("mention", "name_form", "place")


def make_mentions(home: Path, residents: int, seed: int, defects: float, until: date | None = None, name: str = MENTIONS_FILE) -> Path:
    """City, stages up to the mentions (deliveries until `until`), and the file; what is already there is kept."""
    deliveries, installation, out = home / "deliveries", home / "home", home / name
    if not (deliveries / "truth" / "persons.parquet").exists():
        generate(residents, seed, deliveries, deltas=2, defects=DefectRates(scale=defects))
    installation.mkdir(parents=True, exist_ok=True)
    ensure_key(installation)
    contracts = list(load_catalogue().contracts.values())
    with embedded_exchange((home / "postgres").absolute()) as dsn, open_working(installation) as con:
        load(deliveries, dsn)
        create_tables(con)
        for contract in contracts:
            stages.land(con, contract, deliveries, until)
            stages.accept(con, contract, installation)
            stages.apply_history(con, contract)
        for contract in contracts:
            stages.materialise_current(con, contract, until)
        place_stages.build_places(con, until)
        for contract in contracts:
            stages.build_mentions(con, contract)
        out.unlink(missing_ok=True)
        con.execute(f"ATTACH '{out}' AS copied")
        for table in TABLES:
            con.execute(f"CREATE TABLE copied.{table} AS FROM {table}")
        con.execute("DETACH copied")
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--residents", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--defects", type=float, default=1.0)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--until", type=date.fromisoformat, default=None)
    parser.add_argument("--name", default=MENTIONS_FILE, help="file name below --home")
    chosen = parser.parse_args()
    started = time.perf_counter()
    out = make_mentions(chosen.home, chosen.residents, chosen.seed, chosen.defects, chosen.until, chosen.name)
    print(f"{out}  {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
