"""The catalogue: the 17 contracts, forms, code lists, 115 attributes, 30 classes, purposes, checks and feeds, read once and checked.

Belongs here: loading the YAML files of this folder and the checks that they agree with one another.
Does not: knowledge about single categories outside the YAML files.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from sources.catalogue.cross_checks import CrossCheck, check_problems, load_checks
from sources.catalogue.models import (
    Attribute,
    AttributeClass,
    AttributeGroup,
    CodeList,
    Contract,
    CountyUnit,
    Feed,
    Purpose,
    WorkedQuery,
)

FORM_CODES = "codes.yaml"
"""The words of the forms, in the folder of the forms."""


class CatalogueError(ValueError):
    """The catalogue contradicts itself; the message lists every problem found."""


@dataclass(frozen=True)
class Catalogue:
    """Everything the product knows about its inputs and outputs, by name, in the order of the files."""

    contracts: dict[str, Contract]
    lists: dict[str, CodeList]
    city_name: str
    county_units: tuple[CountyUnit, ...]
    defects: dict[str, str]
    attributes: dict[str, Attribute]
    groups: tuple[AttributeGroup, ...]
    purposes: dict[str, Purpose]
    classes: dict[str, AttributeClass]
    worked_queries: tuple[WorkedQuery, ...]
    checks: dict[str, CrossCheck]
    feeds: dict[str, Feed]
    abbreviations: dict[str, str]
    forms: dict[str, Contract]
    """What the grid service centre delivers: landed, judged and kept like a category, and source of no attribute."""

    @property
    def deliverable(self) -> dict[str, Contract]:
        """Everything that can be delivered: the 17 categories, then the forms."""
        return self.contracts | self.forms

    @property
    def departments(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(contract.department for contract in self.contracts.values()))


def _read(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.load(
        files(__package__).joinpath(name).read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    )
    return loaded


def _contracts(folder: str) -> list[Contract]:
    """The contracts of a folder by file name."""
    names = sorted(entry.name for entry in files(__package__).joinpath(folder).iterdir() if entry.name.endswith(".yaml"))
    return [Contract.model_validate(_read(f"{folder}/{name}")) for name in names if name != FORM_CODES]


@cache
def load_catalogue(checks: Path | None = None) -> Catalogue:
    """Read and check the catalogue, with the checks of another folder where one is named.

    Raises CatalogueError with every contradiction, pydantic's ValidationError for a wrong shape.
    """
    codes, attributes, classes, feeds = (_read(f"{name}.yaml") for name in ("codes", "attributes", "classes", "feeds"))
    contracts, forms = _contracts("categories"), _contracts("forms")
    lists = codes["lists"] | _read(f"forms/{FORM_CODES}")["lists"]
    catalogue = Catalogue(
        contracts={contract.category: contract for contract in contracts},
        lists={name: CodeList.model_validate(values) for name, values in lists.items()},
        city_name=codes["divisions"]["prefecture"]["zh"],
        county_units=tuple(CountyUnit.model_validate(unit) for unit in codes["divisions"]["units"]),
        defects={entry["name"]: entry["description"] for entry in codes["defects"]},
        attributes={entry["name"]: Attribute.model_validate(entry) for entry in attributes["attributes"]},
        groups=tuple(AttributeGroup.model_validate(entry) for entry in attributes["groups"]),
        purposes={entry["name"]: Purpose.model_validate(entry) for entry in attributes["purposes"]},
        classes={entry["name"]: AttributeClass.model_validate(entry) for entry in classes["classes"]},
        worked_queries=tuple(WorkedQuery.model_validate(entry) for entry in classes["queries"]),
        checks=load_checks(checks),
        feeds={entry["module"]: Feed.model_validate(entry) for entry in feeds["feeds"]},
        abbreviations=attributes["abbreviations"],
        forms={form.category: form for form in forms},
    )
    problems = list(_contradictions(catalogue))
    if problems:
        raise CatalogueError("; ".join(problems))
    return catalogue


def _contradictions(catalogue: Catalogue) -> list[str]:
    """Every reference that leads nowhere and every number that is not the stated one."""
    problems: list[str] = []
    known = {(contract.category, column.name) for contract in catalogue.contracts.values() for column in contract.columns}
    for contract in catalogue.deliverable.values():
        problems += _contract_problems(contract, catalogue)
    problems += [f"form {name}: its name or its department is one of the 17 categories'" for name, form in catalogue.forms.items()
                 if name in catalogue.contracts or form.department in catalogue.departments]
    for attribute in catalogue.attributes.values():
        problems += [f"{attribute.name}: unknown source {'.'.join(source)}" for source in attribute.source_columns if source not in known]
        problems += [f"{attribute.name}: unknown input {name}" for name in attribute.inputs if name not in catalogue.attributes]
        listed = {name for name, purpose in catalogue.purposes.items() if attribute.name in purpose.attributes}
        if listed != set(attribute.purposes):
            problems.append(f"{attribute.name}: its purposes and the purposes' attributes differ")
        if attribute.codes is not None and attribute.codes not in catalogue.lists:
            problems.append(f"{attribute.name}: unknown code list {attribute.codes}")
    for klass in catalogue.classes.values():
        problems += [f"class {klass.name}: unknown attribute {name}" for name in klass.attributes if name not in catalogue.attributes]
    problems += check_problems(catalogue.checks, catalogue.contracts, catalogue.attributes)
    for feed in catalogue.feeds.values():
        problems += _feed_problems(feed, catalogue)
    expected = {"contracts": 17, "attributes": 115, "classes": 30}
    problems += [f"{name}: {len(getattr(catalogue, name))} instead of {count}" for name, count in expected.items()
                 if len(getattr(catalogue, name)) != count]
    return problems


def _contract_problems(contract: Contract, catalogue: Catalogue) -> list[str]:
    where = contract.category
    problems = [f"{where}.{column.name}: unknown code list {column.codes}" for column in contract.columns
                if column.codes is not None and column.codes not in catalogue.lists]
    named = [contract.delta.order_by, *contract.natural_key, *([contract.delta.marker] if contract.delta.marker else [])]
    for role in contract.person_roles:
        fields = (role.name, role.id_number, role.id_type, role.sex, role.birth_date, role.phone, role.address, role.relation)
        named += [field for field in fields if field]
    problems += [f"{where}: unknown column {name}" for name in named if name not in contract.by_name]
    problems += [f"{where}: unknown defect {entry.defect}" for entry in contract.known_defects if entry.defect not in catalogue.defects]
    return problems


def _feed_problems(feed: Feed, catalogue: Catalogue) -> list[str]:
    """What a product promises against its purpose, its grain and itself. Its queries are read in warehouse.feeds."""
    where = f"feed {feed.module}"
    asked = [(feed.purpose, feed.columns), *((variant.purpose, variant.columns) for variant in feed.variants)]
    if feed.restricted_filter is not None:
        asked.append((feed.purpose, (feed.restricted_filter.attribute,)))
    problems = [f"{where}: unknown purpose {purpose}" for purpose, _ in asked if purpose not in catalogue.purposes]
    problems += [f"{where}: {name} does not list the purpose {purpose}" for purpose, columns in asked if purpose in catalogue.purposes
                 for name in columns if name not in catalogue.purposes[purpose].attributes]
    names = (*feed.columns, *feed.measure_names)
    # A measure may be called like an attribute of persons, as living_alone of fire_command_gis; not like a column of the product.
    problems += [f"{where}: {name} stands twice" for name in sorted({name for name in names if names.count(name) > 1})]
    problems += [f"{where}: group_by {name} is no column" for name in feed.group_by if name not in feed.columns]
    if feed.grain != "aggregate" and feed.key[0] not in feed.columns:
        problems.append(f"{where}: a row per {feed.grain} needs the column {feed.key[0]}")
    purpose = catalogue.purposes.get(feed.purpose)
    if feed.grain == "person" and (feed.measures or feed.group_by):
        problems.append(f"{where}: a row per person has no measures and no group_by")
    if feed.grain == "dwelling" and feed.group_by not in {(), feed.key}:
        problems.append(f"{where}: a row per dwelling is grouped by dwelling_id only")
    if feed.grain == "aggregate" and (not feed.measures or feed.group_by != feed.columns or feed.min_cell is None):
        problems.append(f"{where}: an aggregate has measures, a min_cell, and its columns are its group_by")
    if purpose is not None and (purpose.granularity == "aggregate") != (feed.grain == "aggregate"):
        problems.append(f"{where}: purpose {feed.purpose} answers with {purpose.granularity}s, the product has a row per {feed.grain}")
    if purpose is not None and purpose.min_cell is not None and (feed.min_cell or 0) < purpose.min_cell:
        problems.append(f"{where}: min_cell is below {purpose.min_cell} of purpose {feed.purpose}")
    if (feed.delivery == "api") != (feed.cadence == "on request") and not (feed.delivery == "api" and feed.row_scope):
        problems.append(f"{where}: delivered as {feed.delivery} and made {feed.cadence}")
    restricted = [name for _, columns in asked for name in columns
                  if name in catalogue.attributes and catalogue.attributes[name].sensitivity == "restricted"]
    if restricted and (len({purpose for purpose, _ in asked}) > 1 or feed.grain != "person"):
        problems.append(f"{where}: restricted attributes leave for one purpose only: {', '.join(restricted)}")
    return problems
