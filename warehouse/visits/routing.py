"""Which part of the form goes to which register: routing.yaml, read strictly and checked against the catalogue.

Belongs here: the shape of the table and the department's purposes. Does not: comparing what is said (comparing.py).
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from sources.catalogue import load_catalogue
from sources.catalogue.models import Contract

FORM = "grid_visits"
GRID_PURPOSE = "grid_service"


class RoutingError(ValueError):
    """The routing table contradicts the form, the contracts or the purposes; the message lists every problem."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Register(_Frozen):
    """A column of a category that a department owns."""

    category: str
    column: str

    @property
    def department(self) -> str:
        return load_catalogue().contracts[self.category].department


class Fact(_Frozen):
    """One fact of the form; routing.yaml says what the fields mean."""

    fact: str
    title_zh: str
    title_en: str
    states: tuple[str, ...] = Field(min_length=1)
    attribute: str
    to: tuple[Register, ...] = Field(min_length=1)
    consent: str | None = None
    without_record: Literal["asked"] | bool = False
    age: tuple[int, int] | None = None
    request: bool = False

    @property
    def is_open(self) -> bool:
        """Whether the purpose of grid workers opens the attribute: only then may they learn how it compares."""
        return self.attribute in load_catalogue().purposes[GRID_PURPOSE].attributes


class _Routing(_Frozen):
    facts: tuple[Fact, ...]
    local: dict[str, str]


def form() -> Contract:
    """The contract of the form."""
    return load_catalogue().forms[FORM]


@cache
def load_routing() -> dict[str, Fact]:
    """The facts by name in the order of the table. Raises RoutingError."""
    routing = _read()
    problems = _problems(routing)
    if problems:
        raise RoutingError("; ".join(problems))
    return {fact.fact: fact for fact in routing.facts}


def local_columns() -> dict[str, str]:
    """Columns of the form that go nowhere, with the reason."""
    return dict(_read().local)


def held_purposes(department: str, *, own_record: bool) -> tuple[str, ...]:
    """The purposes for which a department may learn of a fact: those it holds, and data_quality where it has a record of the person."""
    held = [purpose.name for purpose in load_catalogue().purposes.values()
            if department in {part.strip() for part in purpose.holder.split(",")}]
    return (*held, "data_quality") if own_record else tuple(held)


def _read() -> _Routing:
    return _Routing.model_validate(yaml.safe_load(files(__package__).joinpath("routing.yaml").read_text(encoding="utf-8")))


def _problems(routing: _Routing) -> list[str]:
    """Columns of the form that nobody thought of, registers that do not exist, and attributes that the purposes do not list."""
    known = set(form().by_name)
    stated = {column for fact in routing.facts for column in fact.states} | set(routing.local)
    problems = [f"column {name} is neither routed nor local" for name in sorted(known - stated)]
    problems += [f"unknown column {name}" for name in sorted(stated - known)]
    for fact in routing.facts:
        if fact.consent is not None and fact.consent not in known:
            problems.append(f"{fact.fact}: unknown consent {fact.consent}")
        for register in fact.to:
            contract = load_catalogue().contracts.get(register.category)
            if contract is None or register.column not in contract.by_name:
                problems.append(f"{fact.fact}: unknown register {register.category}.{register.column}")
            elif not _listed(fact, register.department, own_record=fact.without_record is not True):
                problems.append(f"{fact.fact}: no purpose of {register.department} lists {fact.attribute}")
    return problems


def _listed(fact: Fact, department: str, *, own_record: bool) -> bool:
    purposes = load_catalogue().purposes
    return any(fact.attribute in purposes[name].attributes for name in held_purposes(department, own_record=own_record))
