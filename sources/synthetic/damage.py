"""Rates of the defects, and one category under damage.

Belongs here: which rows a defect hits, and helpers of the rules. Does not: what it leaves in a cell (defects.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from sources.catalogue import Catalogue
from sources.catalogue.models import Contract

WIDE = {str(digit): chr(0xFF10 + digit) for digit in range(10)}
NUMERALS = {str(number): word for number, word in enumerate("〇一二三四五六七八九")}
NUMBER_CELL = "\x01"
"""Mark of a cell that a workbook keeps as a number."""
Change = tuple[pl.Expr, pl.Expr]


@dataclass(frozen=True)
class DefectRates:
    """Shares of the defects: those of the catalogue times `scale`, or the override of one (category, defect)."""

    scale: float = 1.0
    overrides: dict[tuple[str, str], float] = field(default_factory=dict)

    def share(self, category: str, defect: str, stated: float) -> float:
        return min(1.0, self.overrides.get((category, defect), stated * self.scale))


@dataclass
class Damage:
    """One category under damage: its rows, its rules, its chance."""

    contract: Contract
    catalogue: Catalogue
    people: pl.DataFrame
    rng: np.random.Generator
    rates: DefectRates
    lost: pl.Expr = field(default_factory=lambda: pl.lit(0))
    """Parts of the address that the rule just asked leaves out (bits of addresses.py)."""
    away: pl.Expr = field(default_factory=lambda: pl.lit(False))
    """Where the rule just asked means no place of the city."""

    def words(self, frame: pl.DataFrame, choices: list[str]) -> pl.Expr:
        return pl.lit(pl.Series(np.array(choices)[self.rng.integers(0, len(choices), frame.height)]))

    def integers(self, frame: pl.DataFrame, low: int, high: int) -> pl.Series:
        return pl.Series(self.rng.integers(low, high, frame.height))

    def role_of(self, column: str) -> str | None:
        return next(
            (role.role for role in self.contract.person_roles if column in {role.name, role.id_number, role.phone, role.birth_date}),
            None,
        )

    def hit(self, frame: pl.DataFrame, eligible: pl.Expr, share: float) -> pl.Series:
        """Rows to hit: `share` of all rows, drawn among the eligible ones."""
        fits = frame.with_columns(eligible.fill_null(False).alias("_fits"))["_fits"]
        count = int(fits.sum())
        if not count or share <= 0:
            return pl.repeat(False, frame.height, dtype=pl.Boolean, eager=True)
        return fits & pl.Series(self.rng.random(frame.height) < share * frame.height / count)


def filled(column: str) -> pl.Expr:
    """Cells that hold something."""
    return pl.col(column).is_not_null()


def wide(column: str) -> pl.Expr:
    """The cell with full-width digits."""
    return pl.col(column).str.replace_many(list(WIDE), list(WIDE.values()))
