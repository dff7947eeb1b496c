"""The cross-checks, one YAML file each in `checks/`: words, recipients, condition in SQL, how its rows become alerts, examples.

Belongs here: the shape of such a file, reading the folder, contradictions. The order of checks is that of their names.
The SQL speaks of the views and tables of the working store (warehouse/cross_checks/views.py names them), `$as_of` is the reference
date and `$columns` the list of the check's columns; that it binds is a test of the warehouse.
Does not: evaluating (warehouse/cross_checks).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from graphlib import CycleError, TopologicalSorter
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, model_validator

from sources.catalogue.models import Contract, Frozen

FOLDER = files(__package__).joinpath("checks")
EXCLUDED = "resettlement_support"
"""Takes part in no check."""
STANDING = frozenset({"natural_key", "updated_on", "delivery_date", "left_out"})
"""Columns of every current table that a record of an example may state."""


class Told(Frozen):
    """What a recipient is told; `dictionary` is the sentence of the data dictionary where it is another one."""

    zh: str
    en: str
    dictionary: str | None = None

    @property
    def agreed(self) -> str:
        """The sentence of the data dictionary."""
        return self.dictionary or self.en


class Recipient(Frozen):
    """Who is told: in which words, with which columns of the records involved as evidence."""

    department: str
    sees: tuple[str, ...]
    told: Told
    form: Literal["records", "count_per_township"] = "records"


class AlertForm(Frozen):
    """How the rows of the SQL become alerts.

    row       person_id and the columns named in `records`: one alert per row, told apart by the first of them (and by the column `role`,
              where a record can raise one alert per role); records that are NULL do not belong to it
    person    person_id, record_id: one alert per person, with all its rows
    dwelling  dwelling_code, record_id: one alert per dwelling, which names no person
    value     record_id, person_id (may be NULL) and the column named in `value`: one alert per value, which appears nowhere
    """

    per: Literal["row", "person", "dwelling", "value"]
    records: tuple[str, ...] = Field(default=("record_id",), min_length=1)
    role: bool = False
    value: str | None = None

    @model_validator(mode="after")
    def _fits(self) -> AlertForm:
        if (self.per == "value") != (self.value is not None) or (self.per != "row" and (self.role or self.records != ("record_id",))):
            raise ValueError(f"an alert per {self.per} is not described by these keys")
        return self


class ExampleRecord(Frozen):
    """One current record; several names in `person` stand for one such record each.

    `gives` are attributes of the person whose value comes from this record, `places` the dwelling that an address column leads to.
    """

    category: str
    person: str | None = None
    persons: dict[str, str] = Field(default_factory=dict)
    values: dict[str, Any] = Field(default_factory=dict)
    gives: dict[str, Any] = Field(default_factory=dict)
    places: dict[str, str] = Field(default_factory=dict)


class Example(Frozen):
    """A small world and the alerts that the check raises in it, each as the categories of its records.

    true: the condition holds. false: it does not. missing: a value that the condition needs is missing.
    `people` are attributes of persons (names of several persons may share one entry); severity and detail are those of every alert.
    """

    shows: str
    kind: Literal[True, False, "missing"]
    as_of: date = date(2025, 6, 1)
    people: dict[str, dict[str, Any]] = Field(default_factory=dict)
    records: tuple[ExampleRecord, ...] = ()
    alerts: tuple[tuple[str, ...], ...] = ()
    severity: Literal["high", "medium", "low"] | None = None
    detail: str | None = None


class CrossCheck(Frozen):
    """One check. `after` names checks that are evaluated before it, because its SQL reads what they find.

    `urgent` is SQL for the records (record_id) whose alert has severity high. `details` are the phrases that the column `detail` of the
    SQL is made of, with their Chinese: classes or numbers of people that the dictionary lets a recipient know, never a value.
    `waits`: it is evaluated once every category of its columns has been delivered; not where each record is judged by itself, or against
    whichever others there are.
    """

    name: str = Field(pattern=r"^[a-z][a-z_]*$")
    title_zh: str
    title_en: str
    kind: Literal["value_mismatch", "rule"]
    severity: Literal["high", "medium", "low"]
    departments: tuple[str, ...]
    columns: tuple[str, ...]
    attributes: tuple[str, ...]
    condition: str
    tolerance: str
    recipients: tuple[Recipient, ...] = Field(min_length=1)
    example: str
    alert: AlertForm
    after: tuple[str, ...] = ()
    waits: bool = True
    details: dict[str, str] = Field(default_factory=dict)
    sql: str
    urgent: str | None = None
    examples: tuple[Example, ...]

    @property
    def categories(self) -> frozenset[str]:
        """The categories of its columns."""
        return frozenset(column.split(".")[0] for column in self.columns)

    @model_validator(mode="after")
    def _has_examples_of_every_kind(self) -> CrossCheck:
        kinds = {example.kind for example in self.examples}
        lacking = [name for name, kind in (("true", True), ("false", False), ("missing", "missing")) if kind not in kinds]
        if lacking:
            raise ValueError(f"check {self.name} lacks an example of: {', '.join(lacking)}")
        wrong = [example.shows for example in self.examples if example.kind != "missing" and example.kind != bool(example.alerts)]
        if wrong:
            raise ValueError(f"check {self.name}: true examples have alerts, false ones have none: {'; '.join(wrong)}")
        return self


def load_checks(folder: Path | None = None) -> dict[str, CrossCheck]:
    """The checks of a folder (the product's own when none is named) by name. Raises pydantic's ValidationError for a wrong shape."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    where: Traversable = folder or FOLDER
    found = sorted((entry.name.removesuffix(".yaml"), entry) for entry in where.iterdir() if entry.name.endswith(".yaml"))
    return {name: CrossCheck.model_validate(yaml.load(entry.read_text(encoding="utf-8"), Loader=loader)) for name, entry in found}


def in_order(checks: Mapping[str, CrossCheck]) -> list[CrossCheck]:
    """Each check after those that it reads, otherwise by name."""
    sorter = TopologicalSorter({name: check.after for name, check in checks.items()})
    return [checks[name] for name in sorter.static_order()]


def check_problems(checks: Mapping[str, CrossCheck], contracts: Mapping[str, Contract], attributes: Collection[str]) -> list[str]:
    """References of the checks that lead nowhere."""
    known = {f"{contract.category}.{column.name}" for contract in contracts.values() for column in contract.columns}
    departments = {contract.department for contract in contracts.values()}
    problems: list[str] = []
    for name, check in checks.items():
        where = f"check {name}"
        named = [*check.columns, *(column for recipient in check.recipients for column in recipient.sees)]
        problems += [f"{where}: its file names {check.name}"] * (name != check.name)
        problems += [f"{where}: unknown column {column}" for column in named if column not in known]
        problems += [f"{where}: unknown attribute {attribute}" for attribute in check.attributes if attribute not in attributes]
        problems += [f"{where}: unknown department {recipient.department}" for recipient in check.recipients
                     if recipient.department not in departments]
        problems += [f"{where}: unknown check {other} in after" for other in check.after if other not in checks]
        problems += [f"{where}: found_record holds what the checks in after find"] * (("found_record" in check.sql) != bool(check.after))
        used = EXCLUDED in " ".join((*named, check.sql, check.urgent or ""))
        problems += [f"{where}: {EXCLUDED} takes part in no check"] * used
        for example in check.examples:
            problems += [f"{where}, {example.shows}: unknown {what}" for what in _unknown(example, contracts, known, attributes)]
    try:
        TopologicalSorter({name: check.after for name, check in checks.items()}).prepare()
    except CycleError:
        problems.append("checks: after leads back to where it started")
    return problems


def _unknown(example: Example, contracts: Mapping[str, Contract], known: Collection[str], attributes: Collection[str]) -> list[str]:
    stated = [attribute for values in (*example.people.values(), *(record.gives for record in example.records)) for attribute in values]
    unknown = [f"attribute {attribute}" for attribute in stated if attribute not in attributes]
    for record in example.records:
        if record.category not in contracts:
            unknown.append(f"category {record.category}")
            continue
        unknown += [f"role {role}" for role in record.persons if role not in {one.role for one in contracts[record.category].person_roles}]
        unknown += [f"column {record.category}.{column}" for column in (*record.values, *record.places)
                    if column not in STANDING and f"{record.category}.{column.removesuffix('_state')}" not in known]
    return unknown
