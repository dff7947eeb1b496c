"""The shapes of the catalogue: contracts, code lists, attributes, classes, purposes and feeds (checks: cross_checks.py).

Belongs here: frozen pydantic models that forbid unknown keys. The data are the YAML files beside this module; each fact stands
in exactly one of them, and everything else (tables, suites, assets, documentation) is derived.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

ColumnType = Literal["string", "name", "id_number", "code", "date", "datetime", "month", "year", "integer", "decimal", "phone", "address"]
DeliveryFormat = Literal["csv_gb18030", "csv_utf8_bom", "xlsx", "parquet", "fixed_width_gbk", "jsonl", "postgres"]


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Column(Frozen):
    """One column of a category as the department delivers it."""

    name: str
    header: str
    type: ColumnType
    required: bool
    description: str
    example: Any = None
    codes: str | None = None
    code_form: Literal["code", "name"] = "code"
    multiple: str | None = None
    format: str | None = None
    unit: str | None = None
    person_role: str | None = None
    key_is_value: bool = False
    db_column: str | None = None
    start: int | None = None
    width: int | None = None


class PersonRole(Frozen):
    """One person that a record names; the fields are column names of the contract."""

    role: str
    title_zh: str
    subject: bool
    name: str
    id_number: str | None = None
    id_type: str | None = None
    sex: str | None = None
    birth_date: str | None = None
    phone: str | None = None
    address: str | None = None
    relation: str | None = None
    relation_to: str | None = None
    sex_constant: str | None = None


class Cadence(Frozen):
    full: str
    delta: str | None


class DeltaRule(Frozen):
    """How later deliveries change earlier ones."""

    marker: str | None
    codes: str | None
    meaning: str
    order_by: str
    full_absence: Literal["delete", "keep"]
    full_marker: str | None


class Header(Frozen):
    rows: int
    header_row: int | None = None
    title_row: int | None = None
    note_row: int | None = None
    footer: str | None = None
    sheets: str | None = None


class DeliveryForm(Frozen):
    """How the bytes arrive."""

    format: DeliveryFormat
    encoding: str
    header: Header
    date_format: str
    code_style: str
    file: str | None = None
    table: str | None = None
    batch_column: str | None = None
    record_bytes: int | None = None
    also: tuple[DeliveryForm, ...] = ()
    """Other forms in which the same columns may arrive; the manifest says which."""


class KnownDefect(Frozen):
    defect: str
    columns: tuple[str, ...]
    share: float


class Contract(Frozen):
    """What one category promises to contain: the single definition from which tables, suites, assets and docs come."""

    department: str
    category: str
    title_zh: str
    purpose: str
    grain: str
    natural_key: tuple[str, ...]
    cadence: Cadence
    delta: DeltaRule
    delivery: DeliveryForm
    rows_city_scale: int
    sensitivity: Literal["internal", "sensitive", "restricted"]
    notes: tuple[str, ...]
    person_roles: tuple[PersonRole, ...]
    columns: tuple[Column, ...]
    known_defects: tuple[KnownDefect, ...]

    @cached_property
    def by_name(self) -> dict[str, Column]:
        """Columns by their name."""
        return {column.name: column for column in self.columns}

    def column(self, name: str) -> Column:
        return self.by_name[name]

    def role(self, name: str) -> PersonRole:
        return next(role for role in self.person_roles if role.role == name)

    @property
    def data_columns(self) -> tuple[Column, ...]:
        """All columns but the batch column of an exchange table, which only selects the rows."""
        return tuple(column for column in self.columns if column.name != self.delivery.batch_column)

    def sent_as(self, delivery_format: str) -> Contract:
        """The contract for a delivery in one of the other formats that it allows; itself for every other format."""
        form = next((form for form in self.delivery.also if form.format == delivery_format), None)
        return self if form is None else self.model_copy(update={"delivery": form})

    @property
    def header_of_first_column(self) -> str:
        return self.columns[0].header


class CodeValue(Frozen):
    code: str
    zh: str
    en: str | None = None
    aliases: tuple[str, ...] = ()
    maps_to: str | None = None
    county: str | None = None
    gridded: bool | None = None
    alpha: str | None = None
    rank: int | None = None
    successor: str | None = None
    used_from: str | None = None
    used_until: str | None = None


class CodeList(Frozen):
    """A national, canonical or private list. Private values map to a national or canonical one by `maps_to`."""

    title: str
    title_zh: str
    kind: Literal["national", "canonical", "private"]
    values: tuple[CodeValue, ...]
    standard: str | None = None
    note: str | None = None
    owner: str | None = None
    maps_to: str | None = None

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(value.code for value in self.values)


class CountyUnit(Frozen):
    code: str
    zh: str
    gridded_townships: int
    communities: int
    grids: int
    residents: int


class Attribute(Frozen):
    """One of the 115 items of a profile; `sources` are (category, column) in order of trust."""

    name: str
    title_zh: str
    group: str
    type: str
    description: str
    sources: tuple[str, ...]
    rule: str
    sensitivity: Literal["internal", "sensitive", "restricted"]
    purposes: tuple[str, ...]
    codes: str | None = None
    unit: str | None = None
    inputs: tuple[str, ...] = ()
    derivation: str | None = None
    remark: str | None = None

    @property
    def source_columns(self) -> tuple[tuple[str, str], ...]:
        return tuple((source.split(".")[0], source.split(".")[1]) for source in self.sources)


class AttributeGroup(Frozen):
    name: str
    title_zh: str
    attributes: int


class Purpose(Frozen):
    """Why a reader may see attributes; `aggregate` purposes get counts only, cells below `min_cell` suppressed."""

    name: str
    title_zh: str
    description: str
    granularity: Literal["row", "aggregate"]
    holder: str
    attributes: tuple[str, ...]
    min_cell: int | None = None


class AttributeClass(Frozen):
    """One of the 30 classes that queries combine."""

    name: str
    title_zh: str
    kind: Literal["range", "code", "flag", "hierarchy", "date"]
    attributes: tuple[str, ...]
    operators: tuple[str, ...]
    aliases: dict[str, list[dict[str, Any]]]
    example: dict[str, Any]
    note: str | None = None


class WorkedQuery(Frozen):
    name: str
    purpose: str
    query: dict[str, Any]
    text_zh: str | None = None
    note: str | None = None


class Measure(Frozen):
    """A number of a product: the persons of its rows for whom the query is true as well."""

    name: str
    title_zh: str
    query: dict[str, Any]


class RestrictedFilter(Frozen):
    """A limit by a restricted attribute, which no class query can state."""

    attribute: str
    op: Literal["is"]
    value: bool


class FeedVariant(Frozen):
    """The same lookup for another recipient, for a purpose and with columns of its own."""

    recipient: str
    purpose: str
    columns: tuple[str, ...] = Field(min_length=1)
    answer: Literal["row", "yes_no"]
    rule: str | None = None


class Feed(Frozen):
    """A data product: its rows by a class query, its columns, and the terms on which it leaves.

    `retention` and `row_scope` are sentences; `warehouse.feeds.terms` reads them strictly.
    """

    module: str = Field(pattern=r"^[a-z][a-z_]*$")
    title_zh: str
    description: str
    purpose: str
    grain: Literal["person", "dwelling", "aggregate"]
    rows: dict[str, Any]
    columns: tuple[str, ...] = Field(min_length=1)
    cadence: Literal["daily", "weekly", "monthly", "quarterly", "on request"]
    delivery: Literal["api", "parquet", "csv"]
    recipient: str
    retention: str
    row_scope: str | None = None
    restricted_filter: RestrictedFilter | None = None
    group_by: tuple[str, ...] = ()
    measures: tuple[Measure, ...] = ()
    min_cell: int | None = Field(default=None, ge=2)
    variants: tuple[FeedVariant, ...] = ()

    @property
    def is_file(self) -> bool:
        """Written as a file by runs; the others are answered one request at a time."""
        return self.delivery != "api"

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that tell one row from another."""
        return {"person": ("person_id",), "dwelling": ("dwelling_id",)}.get(self.grain, self.group_by)

    @property
    def measure_names(self) -> tuple[str, ...]:
        return tuple(measure.name for measure in self.measures)
