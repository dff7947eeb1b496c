"""The model of a table as a file: what is prepared, compared, blocked, learned and decided.

Belongs here: the shape of a model file (JSON), reading it, writing it, checking it in itself. Does not: SQL (preparing.py),
looking at tables (profiling.py), learning (training.py).

A model file is meant to be read and edited by people. Everything is declarative; only `sql` conditions and columns are SQL, as a way out.
A file is frozen once read, and a key that nobody knows is refused.
"""

from __future__ import annotations

import enum
import json
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, model_validator

from resolvers.tables.conditions import (
    Among,
    Condition,
    Contained,
    Crossed,
    DateParts,
    Days,
    Digits,
    Equal,
    Every,
    Missing,
    Name,
    Near,
    Not,
    Otherwise,
    Overlap,
    SameStart,
    Share,
    Similar,
    Some,
    Sql,
    Strict,
    Swapped,
    columns_of,
)
from resolvers.tables.steps import LIST_STEPS, STEPS, check_step, step_parts
from sources.errors import OneGridError

__all__ = [
    "STEPS",
    "Among",
    "BlockingRule",
    "Clustering",
    "Column",
    "Combine",
    "Comparison",
    "Condition",
    "Contained",
    "Crossed",
    "DateParts",
    "Days",
    "Digits",
    "Equal",
    "Every",
    "Key",
    "Kind",
    "Level",
    "Missing",
    "Model",
    "ModelFileError",
    "Name",
    "Near",
    "Not",
    "Otherwise",
    "Overlap",
    "Prior",
    "SameStart",
    "Share",
    "Similar",
    "Some",
    "Sql",
    "Swapped",
    "Training",
    "TrainingReport",
    "as_data",
    "columns_of",
    "columns_used",
    "find_model",
    "is_trained",
    "named_models",
    "read_model",
    "step_parts",
    "write_model",
]

LINE = 130
"""Characters of a line in a model file."""

FORMAT = 1
"""Version of the file format; raised when a key changes its meaning."""


class ModelFileError(OneGridError):
    """A model file that cannot be used: what is wrong, in which file, what to do."""


class Kind(enum.StrEnum):
    """What a column holds, in the words of people who know the list."""

    GIVEN_NAME = "given_name"
    SURNAME = "surname"
    FULL_NAME = "full_name"
    DATE = "date"
    YEAR = "year"
    NUMBER = "number"
    CODE = "code"
    ADDRESS = "address"
    POSTCODE = "postcode"
    PHONE = "phone"
    EMAIL = "email"
    SEX = "sex"
    CATEGORY = "category"
    PLACE = "place"
    TEXT = "text"


class Combine(enum.StrEnum):
    """What becomes of several source columns."""

    FIRST = "first"
    """the first that is not missing"""
    JOIN = "join"
    """all of them in their order, with a blank between"""
    LIST = "list"
    """a list of the different values"""


class Column(Strict):
    """A prepared column: one value, or one list of values, per record.

    `steps` (STEPS) are applied to each source, then several sources are combined; the list steps are applied after combining.
    """

    name: Name
    kind: Kind
    sources: tuple[str, ...] = Field(default=(), description="columns of the tables")
    combine: Combine = Combine.FIRST
    steps: tuple[str, ...] = ()
    sql: str | None = Field(default=None, description="DuckDB expression over the columns of the table, instead of sources and steps")
    optional: bool = Field(default=False, description="a table may lack every source; the value is then missing")

    @model_validator(mode="after")
    def _one_origin(self) -> Column:
        if bool(self.sources) == bool(self.sql):
            raise ValueError(f"column {self.name}: give either sources or sql")
        for step in self.steps:
            check_step(step)
        if any(step_parts(step)[0] in LIST_STEPS for step in self.steps[:-1]):
            raise ValueError(f"column {self.name}: words and qgrams come last")
        return self

    @property
    def is_list(self) -> bool:
        """Whether a record states several values; a column of `sql` is taken for one value unless its name ends with `_list`."""
        if self.sql:
            return self.name.endswith("_list")
        return self.combine is Combine.LIST or (bool(self.steps) and step_parts(self.steps[-1])[0] in LIST_STEPS)

    @property
    def is_date(self) -> bool:
        """Whether the values are dates (to be compared by days)."""
        return not self.is_list and any(step_parts(step)[0] == "date" for step in self.steps) and "year" not in self.steps


class Level(Strict):
    """A grade of agreement. m: its share among pairs of one person; u: its share among random pairs; None: to be learned."""

    label: str
    when: Condition
    m: Share | None = None
    u: Share | None = None
    term_frequency: Name | None = Field(default=None, description="column whose rare values weigh more and frequent values less")
    fixed: bool = Field(default=False, description="m and u are stated, and training leaves them alone")


class Comparison(Strict):
    """Graded agreement on one thing; the first level that holds counts. The pair says nothing where a needed column is missing."""

    name: Name
    needs: tuple[Name, ...] = Field(default=(), description="columns that both sides must state")
    missing: Condition | None = Field(default=None, description="instead of needs: when the pair says nothing")
    levels: tuple[Level, ...] = Field(min_length=2)

    @model_validator(mode="after")
    def _ends_with_else(self) -> Comparison:
        labels = [level.label for level in self.levels]
        if len(set(labels)) < len(labels):
            raise ValueError(f"comparison {self.name}: two levels of one label")
        places = [place for place, level in enumerate(self.levels) if isinstance(level.when, Otherwise)]
        if places != [len(self.levels) - 1]:
            raise ValueError(f'comparison {self.name}: the last level, and only it, must be {{"test": "else"}}')
        if not self.needs and self.missing is None:
            raise ValueError(f"comparison {self.name}: say in needs which columns both sides must state")
        return self


class Key(Strict):
    """What both records of a pair must share. A list column is taken apart: one shared value is enough."""

    column: Name
    first: int | None = Field(default=None, ge=1, description="only so many characters from the beginning")
    last: int | None = Field(default=None, ge=1, description="only so many characters at the end")
    other: Name | None = Field(default=None, description="the column on the other side, where it is another one (swapped names)")


class BlockingRule(Strict):
    """Pairs that are compared: those that share all keys. Keys so frequent that the pairs would pass `max_pairs` are left out."""

    keys: tuple[Key, ...] = Field(min_length=1)
    max_pairs: int = Field(default=20_000_000, ge=1)
    why: str = Field(default="", description="which true pairs the rule is there for")


class Prior(Strict):
    """How likely two random records are one person: stated, or estimated from rules that hardly ever join two people."""

    probability: Share | None = None
    rules: tuple[tuple[Key, ...], ...] = Field(default=(), description="records that share all keys of a rule are nearly always one person")
    recall: Share = Field(default=0.7, description="share of the true pairs that these rules find, by estimate")


class Training(Strict):
    """How m and u are learned where levels do not state them. Each rule blocks one round of expectation maximisation, in which the
    comparisons of other columns learn m."""

    rules: tuple[tuple[Key, ...], ...] = ()
    random_pairs: int = Field(default=2_000_000, ge=1000)
    seed: int = 1


class Clustering(Strict):
    """How pairs become clusters (resolvers/clustering). `components`: everything that links connect. `average`: clusters join while the
    mean evidence between them is for it. `correlation`: the sum of evidence inside clusters is largest."""

    method: Literal["components", "average", "correlation"] = "average"
    absent_weight: float = Field(default=-0.5, le=0, description="log2 odds of a pair that no blocking rule proposed")
    min_density: Share = Field(default=0.0, description="least share of linked pairs in a cluster of three or more")
    lowest_weight: float = Field(default=-10.0, le=0, description="pairs below are not kept and count as never compared")


class TrainingReport(Strict):
    """What the parameters were learned from; counts only."""

    date: str = Field(description="the day that the caller gave, ISO")
    tables: tuple[str, ...]
    records: int
    random_pairs: int = 0
    rounds: tuple[dict[str, Any], ...] = Field(default=(), description="per rule: pairs, iterations, comparisons that learned from it")
    notes: tuple[str, ...] = ()


class Model(Strict):
    """All of it: a model file."""

    format: Literal[1] = FORMAT  # type: ignore[assignment]
    name: str
    about: str = ""
    duplicates: bool = Field(default=True, description="false: no table holds a person twice, so only pairs across tables are compared")
    columns: tuple[Column, ...] = Field(min_length=1)
    comparisons: tuple[Comparison, ...] = Field(min_length=1)
    blocking: tuple[BlockingRule, ...] = Field(min_length=1)
    prior: Prior = Prior()
    threshold: Share = Field(default=0.95, description="probability from which a pair is a link")
    threshold_reason: str = ""
    clustering: Clustering = Clustering()
    training: Training = Training()
    trained: TrainingReport | None = None

    @model_validator(mode="after")
    def _names_are_known(self) -> Model:
        columns = [column.name for column in self.columns]
        comparisons = [comparison.name for comparison in self.comparisons]
        for what, names in (("columns", columns), ("comparisons", comparisons)):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"{what}: twice {', '.join(twice)}")
        unknown = sorted(columns_used(self) - set(columns))
        if unknown:
            raise ValueError(f"used but not among the prepared columns: {', '.join(unknown)}; prepared are {', '.join(columns)}")
        return self


def columns_of_keys(keys: tuple[Key, ...]) -> set[str]:
    return {name for key in keys for name in (key.column, key.other) if name}


def columns_used(model: Model) -> set[str]:
    """Every prepared column that comparisons, blocking, prior and training name."""
    used: set[str] = set()
    for comparison in model.comparisons:
        used |= set(comparison.needs) | (columns_of(comparison.missing) if comparison.missing else set())
        for level in comparison.levels:
            used |= columns_of(level.when) | ({level.term_frequency} if level.term_frequency else set())
    for rule in model.blocking:
        used |= columns_of_keys(rule.keys)
    for keys in (*model.prior.rules, *model.training.rules):
        used |= columns_of_keys(keys)
    return used


def is_trained(model: Model) -> bool:
    """Whether every level states m and u."""
    return all(level.m is not None and level.u is not None for comparison in model.comparisons for level in comparison.levels)


def read_model(path: Path) -> Model:
    """A model file. Raises ModelFileError naming the file and every fault in it."""
    try:
        loaded = json.loads(path.read_text("utf-8"))
    except FileNotFoundError as missing:
        raise ModelFileError("there is no such model", str(path), f"give a file or one of {', '.join(named_models())}, auto") from missing
    except (json.JSONDecodeError, UnicodeDecodeError) as broken:
        raise ModelFileError(f"not JSON: {broken}", str(path), "correct the file") from broken
    try:
        return Model.model_validate(loaded)
    except ValidationError as invalid:
        faults = "; ".join(f"{'.'.join(str(part) for part in fault['loc']) or 'file'}: {fault['msg']}" for fault in invalid.errors())
        raise ModelFileError(faults, str(path), "correct the file") from invalid


def write_model(model: Model, path: Path) -> None:
    """The model as indented JSON, at once or not at all; what has its default is left out."""
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_text(_readable(as_data(model)) + "\n", "utf-8")
    unfinished.replace(path)


def _readable(data: Any, indent: str = "") -> str:
    """JSON in which whatever fits into a line stands in one."""
    line = json.dumps(data, ensure_ascii=False)
    if len(indent) + len(line) <= LINE or not isinstance(data, dict | list):
        return line
    inner = indent + "  "
    if isinstance(data, dict):
        parts = [f"{json.dumps(key, ensure_ascii=False)}: {_readable(value, inner)}" for key, value in data.items()]
        return "{\n" + inner + f",\n{inner}".join(parts) + f"\n{indent}}}"
    return "[\n" + inner + f",\n{inner}".join(_readable(value, inner) for value in data) + f"\n{indent}]"


def as_data(model: Model) -> dict[str, Any]:
    """What stands in the file: keys of the format in their order, defaults left out except the words that make it readable."""
    kept = {"format": FORMAT, **model.model_dump(mode="json", exclude_defaults=True)}
    data: dict[str, Any] = _with_tests(kept, model.model_dump(mode="json"))
    return data


def _with_tests(kept: Any, whole: Any) -> Any:
    """The name of each test is a default and still has to be written."""
    if isinstance(kept, dict):
        again = {key: _with_tests(value, whole[key]) for key, value in kept.items()}
        return {"test": whole["test"], **again} if "test" in whole else again
    if isinstance(kept, list | tuple):
        return [_with_tests(one, other) for one, other in zip(kept, whole, strict=True)]
    return kept


MODELS = Path(__file__).parent / "models"


def named_models() -> tuple[str, ...]:
    """Models that are shipped."""
    return tuple(sorted(path.stem for path in MODELS.glob("*.json")))


def find_model(name_or_file: str) -> Model:
    """A shipped model by its name, or a model file. Raises ModelFileError."""
    shipped = MODELS / f"{name_or_file}.json"
    return read_model(shipped if name_or_file in named_models() else Path(name_or_file))
