"""What every category builder needs: choosing people, their places, and the life of a record over the deliveries.

A draft is a frame with the columns of the contract as clean values (dates as dates, everything else text) and system
columns: `_p_<role>` the person of a role, `_first` the delivery in which the record appears, `_upd` the delta that
changes it, `_del` the delta that removes it (0: none), `_b_<column>` the value before the change, `_s_<column>` an
older value for the defect stale, `_on` the last change.
Belongs here: the shared part. Does not: any category (categories/), damage (defects.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from sources.catalogue.models import Contract
from sources.synthetic.damage import DefectRates
from sources.synthetic.geography import CITY
from sources.synthetic.housing import City

PLACE_COLUMNS = (
    "county",
    "county_zh",
    "township",
    "township_zh",
    "community",
    "community_code",
    "grid_code",
    "dwelling_code",
    "local",
    "address",
    "standard_address",
    "village",
    "group",
)


@dataclass
class Context:
    """One category being made."""

    city: City
    contract: Contract
    dates: list[date]
    rng: np.random.Generator
    rates: DefectRates

    @property
    def target(self) -> int:
        """Rows of the category at this size of the city."""
        return max(6, round(self.contract.rows_city_scale * self.city.residents / CITY))

    @property
    def full(self) -> date:
        return self.dates[0]

    def chosen(self, frame: pl.DataFrame, count: int | None = None, weight: pl.Expr | None = None) -> pl.DataFrame:
        """`count` rows by chance (all when there are fewer), likelier with a higher weight."""
        count = self.target if count is None else count
        draw = self.rng.random(frame.height)
        if weight is not None:
            draw = draw ** (1.0 / np.maximum(frame.select(weight.cast(pl.Float64)).to_series().to_numpy(), 1e-6))
            draw = 1 - draw
        order = np.argsort(draw, kind="stable")[:count]
        picked: pl.DataFrame = frame[self.rng.permutation(order).tolist()]
        return picked

    def chance(self, frame: pl.DataFrame, share: float) -> pl.Series:
        return pl.Series(self.rng.random(frame.height) < share)

    def among(self, frame: pl.DataFrame, words: list[Any], shares: list[float] | None = None) -> pl.Series:
        """One of the words for each row."""
        chosen = self.rng.choice(len(words), frame.height, p=None if shares is None else np.array(shares) / sum(shares))
        return pl.Series(np.array(words)[chosen])

    def days_before(self, frame: pl.DataFrame, low: int, high: int, day: date | None = None) -> pl.Expr:
        """A date from `high` to `low` days before a day."""
        return pl.lit(day or self.full) - pl.duration(days=pl.lit(pl.Series(self.rng.integers(low, high, frame.height))))

    def number(self, frame: pl.DataFrame, low: float, high: float, digits: int = 0) -> pl.Series:
        values = np.round(self.rng.uniform(low, high, frame.height), digits)
        return pl.Series(values.astype(np.int64) if digits == 0 else values)

    def at(self, frame: pl.DataFrame, column: str, prefix: str, fields: tuple[str, ...] = PLACE_COLUMNS) -> pl.DataFrame:
        """The place of a dwelling index, as columns with a prefix; the frame keeps its order."""
        key = frame[column]
        filled = key.fill_null(0)
        places = self.city.dwellings.select(fields)
        gathered = (
            places.select(pl.all().gather(filled))
            .with_columns(pl.when(key.is_not_null()).then(pl.col(name)).alias(prefix + name) for name in fields)
            .select(prefix + name for name in fields)
        )
        return pl.concat([frame, gathered], how="horizontal")

    def person(self, frame: pl.DataFrame, column: str, *fields: str) -> pl.DataFrame:
        """Fields of the person whose pid a column holds, as `<column>_<field>`."""
        key = frame[column]
        gathered = (
            self.city.people.select(fields)
            .select(pl.all().gather(key.fill_null(0)))
            .with_columns(pl.when(key.is_not_null()).then(pl.col(name)).alias(f"{column}_{name}") for name in fields)
        )
        return pl.concat([frame, gathered.select(f"{column}_{name}" for name in fields)], how="horizontal")

    def timed(
        self,
        frame: pl.DataFrame,
        *,
        begins: pl.Expr | None = None,
        changes: pl.Expr | None = None,
        churn: float = 0.02,
        removed: float = 0.0,
        oldest: int = 1800,
    ) -> pl.DataFrame:
        """The life of each record: its first delivery, one change by an event or by chance, a few removals."""
        last = len(self.dates) - 1
        frame = frame.with_columns(
            _begin=begins if begins is not None else pl.lit(None, dtype=pl.Date),
            _event=changes if changes is not None else pl.lit(None, dtype=pl.Date),
        )
        days = np.array(self.dates, dtype="datetime64[D]")
        first = _index(frame["_begin"], days)
        event = _index(frame["_event"], days)
        chance = (
            np.where(self.rng.random(frame.height) < churn * last, self.rng.integers(1, last + 1, frame.height), 0)
            if last
            else np.zeros(frame.height, int)
        )
        update = np.where(event > 0, event, np.where(frame["_event"].is_not_null().to_numpy(), 0, chance))
        update = np.where((update > first) & (update <= last), update, 0)
        gone = np.where((self.rng.random(frame.height) < removed) & (update == 0) & (first < last), last, 0)
        touched = np.maximum(np.maximum(first, update), gone)
        window = np.r_[0, (days[1:] - days[:-1]).astype(int)]
        back = np.where(
            touched > 0,
            (self.rng.random(frame.height) * window[np.minimum(touched, last)]).astype(int),
            self.rng.integers(1, oldest, frame.height),
        )
        on = days[np.minimum(touched, last)] - back
        before = days[0] - self.rng.integers(1, oldest, frame.height)
        frame = frame.with_columns(
            pl.Series("_first", first),
            pl.Series("_upd", update),
            pl.Series("_del", gone),
            pl.Series("_on", on).cast(pl.Date),
            pl.Series("_on_before", before).cast(pl.Date),
        )
        begin = pl.col("_begin")
        return (
            frame.filter(pl.col("_first") <= last)
            .with_columns(
                pl.when(begin > pl.col("_on")).then(begin).otherwise(pl.col("_on")).alias("_on"),
                pl.when(begin > pl.col("_on_before")).then(begin).otherwise(pl.col("_on_before")).alias("_on_before"),
            )
            .drop("_begin", "_event")
        )

    def numbered(self, frame: pl.DataFrame, name: str = "_n") -> pl.DataFrame:
        """A running number from 1."""
        return frame.with_row_index(name, offset=1).with_columns(pl.col(name).cast(pl.Int64))


def _index(dates: pl.Series, days: Any) -> Any:
    """0 up to the full delivery, k for the delta that first sees the date, the number of deliveries for none."""
    values = dates.cast(pl.Date).to_numpy().astype("datetime64[D]")
    found = np.searchsorted(days, values, side="left")
    return np.where(np.isnat(values), 0, found)


def padded(column: str, width: int) -> pl.Expr:
    """A running number as text with leading zeros."""
    return pl.col(column).cast(pl.String).str.zfill(width)


def stamp(frame: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """`_at`, `_at_before`: the days of change with a time in office hours."""
    seconds = pl.Series(rng.integers(8 * 3600, 18 * 3600, frame.height))
    return frame.with_columns(
        (pl.col(day).cast(pl.Datetime("us")) + pl.duration(seconds=pl.lit(seconds))).alias(name)
        for day, name in (("_on", "_at"), ("_on_before", "_at_before"))
    )


def month_paid(c: Context, style: str) -> pl.Expr:
    """The last month paid: the month before the full delivery, or the month of the later change."""
    touched = (pl.col("_first") > 0) | (pl.col("_upd") > 0)
    return pl.when(touched).then(pl.col("_on")).otherwise(pl.lit(c.full) - pl.duration(days=20)).dt.strftime(style)
