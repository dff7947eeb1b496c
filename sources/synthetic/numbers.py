"""Numbers that belong to nobody: ID numbers of the division 421099, telephones 199....

Belongs here: allocation without collision, check characters. Does not: damaged numbers (defects.py).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

Array = NDArray[Any]
DIVISION = "421099"
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK = np.array(list("10X98765432"))


def check_characters(bodies: Array) -> Array:
    """ISO 7064 MOD 11-2 check characters of an array of 17-digit integers."""
    total = np.zeros(len(bodies), dtype=np.int64)
    rest = bodies.astype(np.int64)
    for weight in reversed(WEIGHTS):
        total += (rest % 10) * weight
        rest //= 10
    return CHECK[total % 11]


def day_numbers(birth: Array) -> Array:
    """YYYYMMDD integers of datetime64[D] values."""
    months = birth.astype("datetime64[M]")
    year = birth.astype("datetime64[Y]").astype(np.int64) + 1970
    month = months.astype(np.int64) % 12 + 1
    day = (birth - months).astype(np.int64) + 1
    numbers: Array = year * 10000 + month * 100 + day
    return numbers


def allocate(birth: Array, sex: Array) -> pl.Series:
    """18-character numbers, all different: the rank inside day and sex chooses the sequence, scattered by a step."""
    days = birth.astype("datetime64[D]").astype(np.int64)
    group = days * 2 + (sex == 1)
    order = np.argsort(group, kind="stable")
    ordered = group[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    rank = np.empty(len(group), dtype=np.int64)
    rank[order] = np.arange(len(group)) - np.repeat(starts, np.diff(np.r_[starts, len(group)]))
    if rank.max(initial=0) >= 499:
        raise ValueError("more births on one day than ID numbers can hold: choose fewer residents")
    place = (rank * 181 + days * 97) % 499
    sequence = np.where(sex == 1, place * 2 + 1, place * 2 + 2)
    body = int(DIVISION) * 10**11 + day_numbers(birth) * 1000 + sequence
    frame = pl.DataFrame({"body": body, "check": check_characters(body)})
    return frame.select(pl.col("body").cast(pl.String) + pl.col("check").cast(pl.String)).to_series()


def phones(rng: np.random.Generator, count: int) -> Array:
    """Telephones 199 and eight digits, all different: a permutation of the eight-digit numbers by an odd step."""
    offset = int(rng.integers(0, 10**8))
    return np.int64(19900000000) + (np.arange(count, dtype=np.int64) * 61803399 + offset) % 10**8
