"""An invented city that ships with the product: deliveries of all 17 categories, and what is true beside them.

Belongs here: the one public function. docs/synthetic_city.md says what is realistic in it
and where its tables come from.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from sources.catalogue import load_catalogue
from sources.synthetic import addresses, boundaries, deliveries, geography, housing, lives, people, truth, visits, writers
from sources.synthetic.calendar import delivery_dates
from sources.synthetic.damage import DefectRates

__all__ = ["CitySummary", "DefectRates", "generate"]
REFERENCE = date(2025, 6, 1)


@dataclass(frozen=True)
class CitySummary:
    """Counts of a generated city."""

    residents: int
    persons: int
    dwellings: int
    deliveries: int
    rows: int
    mentions: int
    quarantined: int
    rows_by_category: dict[str, int]


def generate(
    residents: int, seed: int, out: Path, deltas: int = 2, defects: DefectRates | None = None, as_of: date = REFERENCE, visited: float = 0.0
) -> CitySummary:
    """Write a city of about `residents` registered people to `out`; the same arguments give the same bytes.

    `visited`: share of the people in grids of whom grid workers deliver a form; it changes no other delivery.
    """
    if residents < 500:
        raise ValueError("a city needs at least 500 residents")
    if not 0 <= deltas <= 4:
        raise ValueError("deltas must be between 0 and 4")
    catalogue = load_catalogue()
    rng = np.random.default_rng(seed)
    rates = defects or DefectRates()
    ground = geography.build(rng, catalogue, residents)
    areas = boundaries.draw(ground.communities, ground.dwellings, geography.CENTRES, catalogue)
    misplaced = rates.share("house_registry", "coordinates_wrong", boundaries.WRONG_COORDINATES)
    ground = replace(ground, dwellings=boundaries.settled(ground.dwellings, areas, seed, misplaced))
    families = people.build(rng, residents)
    city = housing.settle(rng, families, lives.people_frame(rng, families, as_of), ground, as_of, seed, residents)
    same = rates.share("house_registry", "address_shared", addresses.SAME_ADDRESS)
    city = replace(city, dwellings=addresses.doubled(city.dwellings, seed, same))
    out.mkdir(parents=True, exist_ok=True)
    contracts = list(catalogue.contracts.values())
    made = [
        deliveries.make(city, catalogue, contract, delivery_dates(contract.category, as_of, deltas), out, rates) for contract in contracts
    ]
    exchange = [contract for contract in contracts if contract.delivery.format == "postgres"]
    (out / "postgres" / "schema.sql").write_text(writers.schema_sql(exchange), encoding="utf-8")
    counts = [count for part in made for count in part.counts]
    told, refused = [part.mentions for part in made], [part.quarantine for part in made]
    houses = made[[contract.category for contract in contracts].index("house_registry")].present
    registered = city.dwellings["dwelling_code"].is_in(houses.implode())
    truth.write(out / "truth", city, told, refused, [part.addresses for part in made], registered, counts, contracts)
    pl.concat([part.organisations for part in made]).write_parquet(out / "truth" / "organisations.parquet")
    boundaries.truth(city.dwellings).write_parquet(out / "truth" / "dwellings.parquet")
    first_day = delivery_dates("house_registry", as_of, deltas)[0]
    boundaries.write(out / "boundaries" / f"boundaries-{first_day}.geojson", areas)
    if visited:
        visits.deliver(out, visited, seed, as_of)
    per_category = {
        contract.category: sum(int(str(count["rows"])) for count in part.counts) for contract, part in zip(contracts, made, strict=True)
    }
    return CitySummary(
        residents,
        city.people.height,
        city.dwellings.height,
        len(counts),
        sum(per_category.values()),
        sum(part.mentions.height for part in made),
        sum(part.quarantine.height for part in made),
        per_category,
    )
