"""How many rows a delivery of a category may have: bounds with the reason for each number.

Belongs here: the shape of bounds.yaml and its loading. Does not: judging a delivery (expectations/suites.py).
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from sources.catalogue import load_catalogue


class RowBounds(BaseModel):
    """Bounds of one category; shares are of `rows_city_scale` of its contract."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    full_most_share: float = Field(gt=0)
    delta_most_share: float = Field(gt=0)
    reason: str

    @model_validator(mode="after")
    def _delta_is_no_larger_than_full(self) -> RowBounds:
        if self.delta_most_share > self.full_most_share:
            raise ValueError("a delta holds no more than a full delivery")
        return self

    def most_rows(self, rows_city_scale: int, kind: str) -> int:
        """The most rows that a full delivery or a delta may have."""
        return round(rows_city_scale * (self.full_most_share if kind == "full" else self.delta_most_share))


@cache
def load_bounds() -> dict[str, RowBounds]:
    """Bounds of every category. Raises ValueError when a category has none, or one is unknown."""
    stated = yaml.safe_load(files(__package__).joinpath("bounds.yaml").read_text(encoding="utf-8"))["row_bounds"]
    if set(stated) != set(load_catalogue().deliverable):
        raise ValueError(f"bounds.yaml and the contracts differ in: {', '.join(sorted(set(stated) ^ set(load_catalogue().deliverable)))}")
    return {category: RowBounds.model_validate(bounds) for category, bounds in stated.items()}
