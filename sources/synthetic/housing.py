"""Who lives in which dwelling, where people are registered, whom a dwelling belongs to.

Belongs here: joining families and ground. Does not: the wording of an address in a register (defects.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sources.synthetic import tables
from sources.synthetic.geography import Ground
from sources.synthetic.people import EXTERNAL, RESIDENT, Families

Array = NDArray[Any]


@dataclass(frozen=True)
class City:
    """Everything true: people (index = pid), dwellings (index = dwelling), communities, reference date, seed."""

    people: pl.DataFrame
    dwellings: pl.DataFrame
    communities: pl.DataFrame
    as_of: date
    seed: int
    residents: int


def settle(
    rng: np.random.Generator,
    families: Families,
    frame: pl.DataFrame,
    ground: Ground,
    as_of: date,
    seed: int,
    residents: int,
) -> City:
    """Dwellings for households; one household in eight is registered elsewhere, one in thirty moved last year."""
    households = int(families.household.max()) + 1
    stock = ground.dwellings.height
    order = rng.permutation(stock)
    home = order[np.arange(households) % stock]
    spare = order[households % stock :] if households < stock else order
    county = ground.dwellings["county"].to_numpy()
    registered = np.where(rng.random(households) < 0.12, _elsewhere(rng, home, spare, county), home)
    moved = rng.random(households) < 0.035
    before = np.where(moved, _elsewhere(rng, home, spare, county), home)
    moved_days = rng.integers(5, 500, households)
    household = np.maximum(frame["household"].to_numpy(), 0)
    known = pl.Series(frame["household"].to_numpy() >= 0)
    external = pl.col("population") == EXTERNAL
    lives = (pl.col("population").is_in([RESIDENT, EXTERNAL])) & pl.col("alive")
    owner = rng.random(households) < 0.7
    stay = np.where(moved & (county[before] != county[home]), moved_days, _stays(rng, households))
    people = frame.with_columns(
        pl.when(lives & known).then(pl.Series(home[household])).alias("dwelling"),
        pl.when(known & ~external).then(pl.Series(registered[household])).alias("hukou"),
        pl.when(known).then(pl.Series(home[household])).alias("seat"),
        pl.Series("former_seat", before[household]),
        pl.Series("moved", moved[household]),
        moved_on=pl.lit(as_of) - pl.duration(days=pl.lit(pl.Series(moved_days[household]))),
        owns=pl.Series(owner[household]),
        stay_since=pl.max_horizontal("birth", pl.lit(as_of) - pl.duration(days=pl.lit(pl.Series(stay[household])))),
    )
    people = _origins(rng, people, household, ground)
    occupants = people.filter(pl.col("dwelling").is_not_null()).group_by("dwelling").agg(occupants=pl.len().cast(pl.Int64))
    people = people.join(occupants, on="dwelling", how="left", maintain_order="left")
    return City(people, _owned(rng, people, ground, occupants), ground.communities, as_of, seed, residents)


def _elsewhere(rng: np.random.Generator, home: Array, spare: Array, county: Array) -> Array:
    """Another dwelling for each home: in the same county unit for nearly half of them, anywhere else."""
    chosen: Array = spare[rng.integers(0, len(spare), len(home))]
    near = rng.random(len(home)) < 0.42
    for unit in np.unique(county[home]):
        here = spare[county[spare] == unit]
        ids = np.flatnonzero(near & (county[home] == unit))
        if len(here):
            chosen[ids] = here[rng.integers(0, len(here), len(ids))]
    return chosen


def _stays(rng: np.random.Generator, count: int) -> Array:
    """Days since the present stay in the county unit began: short stays are common, a tenth is younger than half a year."""
    return np.minimum(5 + rng.exponential(1500, count), 7000).astype(int)


def _origins(rng: np.random.Generator, people: pl.DataFrame, household: Array, ground: Ground) -> pl.DataFrame:
    """Places of registration outside the city for people from elsewhere, the county unit for everybody else."""
    outside = [entry.split(":") for entry in tables.words("outside")]
    choice = rng.integers(0, len(outside), int(household.max()) + 1)[household]
    number = rng.integers(1, 12, int(household.max()) + 1)[household]
    codes = pl.Series(np.array([entry[0] for entry in outside])[choice])
    stems = pl.Series(np.array([entry[1] for entry in outside])[choice])
    county = ground.dwellings["county"]
    external = people["population"] == EXTERNAL
    hukou = county.gather(people["hukou"].fill_null(0))
    return people.with_columns(
        pl.when(external).then(codes).when(people["hukou"].is_not_null()).then(hukou).alias("hukou_county"),
        pl.when(external).then(stems + pl.Series(number).cast(pl.String) + pl.lit("组")).alias("origin_address"),
    )


def _owned(rng: np.random.Generator, people: pl.DataFrame, ground: Ground, occupants: pl.DataFrame) -> pl.DataFrame:
    """Owner, occupancy, type and occupants of each dwelling."""
    stock = ground.dwellings.height
    heads = (
        people.filter((pl.col("age") > 24) & pl.col("dwelling").is_not_null())
        .sort("dwelling", "slot", "pid")
        .group_by("dwelling", maintain_order=True)
        .agg(pl.col("pid").first().alias("head"), pl.col("owns").first())
    )
    adults = people.filter((pl.col("age") > 30) & (pl.col("population") <= 1))["pid"].to_numpy()
    landlord = adults[rng.integers(0, len(adults), stock)]
    draw = rng.random(stock)
    frame = ground.dwellings.with_row_index("dwelling").with_columns(pl.col("dwelling").cast(pl.Int64))
    frame = frame.join(heads, on="dwelling", how="left", maintain_order="left").join(
        occupants, on="dwelling", how="left", maintain_order="left"
    )
    village = pl.col("village")
    organisation = pl.Series(draw < 0.035)
    own = pl.col("owns").fill_null(False) | (village & pl.col("head").is_not_null())
    area = np.round(
        np.where(ground.dwellings["village"].to_numpy(), rng.normal(160, 45, stock), rng.normal(98, 24, stock)).clip(32, 400),
        2,
    )
    return frame.with_columns(
        occupants=pl.col("occupants").fill_null(0),
        organisation=organisation,
        owner=pl.when(organisation).then(None).when(own).then(pl.col("head")).otherwise(pl.Series(landlord)),
        occupancy=pl.when(pl.col("head").is_null())
        .then(pl.lit("3"))
        .when(own)
        .then(pl.lit("1"))
        .when(pl.Series(draw < 0.9))
        .then(pl.lit("2"))
        .otherwise(pl.lit("4")),
        house_type=pl.when(village)
        .then(pl.lit("06"))
        .when(organisation)
        .then(pl.Series(np.where(draw < 0.012, "07", np.where(draw < 0.016, "08", "04"))))
        .when(pl.Series(draw > 0.85))
        .then(pl.lit("02"))
        .when(pl.Series(draw > 0.78))
        .then(pl.lit("03"))
        .when(pl.Series(draw > 0.74))
        .then(pl.lit("05"))
        .otherwise(pl.lit("01")),
        area=pl.Series(area),
    )
