"""Names of invented people: surnames by published shares, given names by sex and year of birth.

Belongs here: drawing surnames and given names. Does not: damaged names (defects.py).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sources.synthetic import tables

Array = NDArray[Any]
FORMER_FIRST, RARE_SHARE = ("桂", "金", "小", "大", "春", "银"), 0.006
SINGLE_SHARE = {1900: 0.08, 1950: 0.12, 1965: 0.28, 1980: 0.34, 1995: 0.2, 2010: 0.08}
"""Share of one-character given names by cohort; highest around 1980."""


def surnames(rng: np.random.Generator, count: int) -> Array:
    """Surnames in the published proportions."""
    table = tables.rows("surnames")
    weights = np.array([float(line[1]) for line in table])
    drawn: Array = np.array([line[0] for line in table], dtype=object)[rng.choice(len(table), count, p=weights / weights.sum())]
    return drawn


def given_names(rng: np.random.Generator, sex: Array, birth_year: Array) -> Array:
    """Given names of one or two characters; the first characters of a cohort's list are the most common."""
    cohorts = sorted({int(line[0]) for line in tables.rows("given")})
    lists = {(int(line[0]), line[1]): np.array(list(line[2]), dtype=object) for line in tables.rows("given")}
    out = np.empty(len(sex), dtype=object)
    index = np.searchsorted(cohorts, birth_year, side="right") - 1
    for position, cohort in enumerate(cohorts):
        for code in ("1", "2"):
            where = np.flatnonzero((index == position) & (sex == int(code)))
            characters = lists[cohort, code]
            weights = 1.0 / (np.arange(len(characters)) + 4.0)
            weights /= weights.sum()
            first = characters[rng.choice(len(characters), len(where), p=weights)]
            second = characters[rng.choice(len(characters), len(where), p=rng.permutation(weights))]
            single = rng.random(len(where)) < SINGLE_SHARE[cohort]
            out[where] = np.where(single, first, first + second)
    return _with_rare_characters(rng, out, sex)


def _with_rare_characters(rng: np.random.Generator, given: Array, sex: Array) -> Array:
    for code in (1, 2):
        rare = np.array([line[0] for line in tables.rows("rare") if line[3] == str(code)], dtype=object)
        where = np.flatnonzero((sex == code) & (rng.random(len(sex)) < RARE_SHARE))
        given[where] = rare[rng.integers(0, len(rare), len(where))]
    return given


def minority_names(rng: np.random.Generator, count: int) -> Array:
    """Names with a dot between given and father's name."""
    first = np.array(tables.words("minority_first"), dtype=object)
    last = np.array(tables.words("minority_last"), dtype=object)
    drawn: Array = first[rng.integers(0, len(first), count)] + "·" + last[rng.integers(0, len(last), count)]
    return drawn


def former_names(rng: np.random.Generator, surname: Array, given: Array) -> Array:
    """A childhood name with the same surname, never the present one."""
    first = np.array(FORMER_FIRST, dtype=object)[rng.integers(0, len(FORMER_FIRST), len(surname))]
    last = np.array([text[-1] for text in given], dtype=object)
    last = np.where(first + last == given, "毛", last)
    former: Array = surname + first + last
    return former
