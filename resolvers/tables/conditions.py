"""Tests of a pair: what may stand in the levels of a comparison in a model file.

Belongs here: the tests by name with their parameters. Does not: their SQL (preparing.py), the rest of the file (spec.py).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Name = Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]*$", max_length=60)]
"""Name of a prepared column or comparison: small letters, digits, underscores."""

Share = Annotated[float, Field(ge=0, le=1)]


class Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Equal(Strict):
    """Both sides state the same value (for a list: the same set)."""

    test: Literal["equal"] = "equal"
    column: Name


class Similar(Strict):
    """Two texts are nearly the same: similarity at least, or distance at most, a stated value."""

    test: Literal["similar"] = "similar"
    column: Name
    other: Name | None = Field(default=None, description="compare with this column of the other record; both directions count")
    jaro_winkler: Share | None = None
    jaccard: Share | None = None
    levenshtein: int | None = Field(default=None, ge=1)
    damerau_levenshtein: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _one_measure(self) -> Similar:
        given = [m for m in (self.jaro_winkler, self.jaccard, self.levenshtein, self.damerau_levenshtein) if m is not None]
        if len(given) != 1:
            raise ValueError("similar: give exactly one of jaro_winkler, jaccard, levenshtein, damerau_levenshtein")
        return self


class Swapped(Strict):
    """Two columns were exchanged on one side (given name and surname); with jaro_winkler below 1 each may be slightly damaged."""

    test: Literal["swapped"] = "swapped"
    columns: tuple[Name, Name]
    jaro_winkler: Share = 1.0


class Crossed(Strict):
    """A value of one column stands in another column of the other record."""

    test: Literal["crossed"] = "crossed"
    columns: tuple[Name, Name]


class Among(Strict):
    """The value stands in a list of the other record, in either direction; with jaro_winkler below 1 it only resembles a value there."""

    test: Literal["among"] = "among"
    column: Name
    words: Name = Field(description="a list column")
    jaro_winkler: Share = 1.0


class Contained(Strict):
    """One text is the beginning of the other or stands in it; at least `letters` long."""

    test: Literal["contained"] = "contained"
    column: Name
    letters: int = Field(default=3, ge=1)
    beginning: bool = False


class SameStart(Strict):
    """The first `letters` characters are the same (area of a postcode, year of a date written as text)."""

    test: Literal["same_start"] = "same_start"
    column: Name
    letters: int = Field(ge=1)


class Days(Strict):
    """Two dates lie at most so many days apart."""

    test: Literal["days"] = "days"
    column: Name
    at_most: int = Field(ge=0)


class DateParts(Strict):
    """Two dates share stated parts: day and month exchanged, the same year, the same day and month."""

    test: Literal["date_parts"] = "date_parts"
    column: Name
    relation: Literal["day_month_swapped", "same_year", "same_year_month", "same_month_day", "same_year_day"]


class Digits(Strict):
    """Two dates or numbers differ in at most so many slips (a digit, two neighbours exchanged)."""

    test: Literal["digits"] = "digits"
    column: Name
    at_most: int = Field(default=1, ge=1)


class Near(Strict):
    """Two numbers differ by at most `at_most`, or by at most the share `relative` of the larger one."""

    test: Literal["near"] = "near"
    column: Name
    at_most: float | None = None
    relative: float | None = None

    @model_validator(mode="after")
    def _one_measure(self) -> Near:
        if (self.at_most is None) == (self.relative is None):
            raise ValueError("near: give either at_most or relative")
        return self


class Overlap(Strict):
    """Two lists share at least `count` values, or the share `share` of the shorter list; with jaro_winkler below 1 values only resemble."""

    test: Literal["overlap"] = "overlap"
    column: Name
    other: Name | None = None
    count: int = Field(default=1, ge=1)
    share: Share | None = None
    jaro_winkler: Share = 1.0


class Missing(Strict):
    """A side states nothing."""

    test: Literal["missing"] = "missing"
    column: Name


class Sql(Strict):
    """Any SQL over `<column>_l` and `<column>_r`: a way out where no test of this list fits."""

    test: Literal["sql"] = "sql"
    sql: str


class Every(Strict):
    test: Literal["all"] = "all"
    of: tuple[Condition, ...] = Field(min_length=1)


class Some(Strict):
    test: Literal["any"] = "any"
    of: tuple[Condition, ...] = Field(min_length=1)


class Not(Strict):
    test: Literal["not"] = "not"
    of: Condition


class Otherwise(Strict):
    """Everything else; the last level of every comparison."""

    test: Literal["else"] = "else"


Condition = Annotated[
    Equal
    | Among
    | Similar
    | Swapped
    | Crossed
    | Contained
    | SameStart
    | Days
    | DateParts
    | Digits
    | Near
    | Overlap
    | Missing
    | Sql
    | Every
    | Some
    | Not
    | Otherwise,
    Field(discriminator="test"),
]


def columns_of(condition: Condition) -> set[str]:
    """Prepared columns that a condition names; `sql` is not looked into."""
    if isinstance(condition, Every | Some):
        return set().union(*(columns_of(part) for part in condition.of))
    if isinstance(condition, Not):
        return columns_of(condition.of)
    single = (getattr(condition, key, None) for key in ("column", "other", "words"))
    named = {*single, *getattr(condition, "columns", ())}
    return {name for name in named if name}
