"""What an area and a finding about one are, and the codes that areas carry.

Belongs here: types, levels, the check of a code. Does not: files, geometry, tables.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from shapely.geometry.base import BaseGeometry

from sources.catalogue import Catalogue
from sources.errors import OneGridError

LEVELS = ("city", "county", "township", "community", "grid")
Severity = Literal["refused", "repaired", "noted"]
DIGITS = {6: "county", 9: "township", 12: "community", 15: "grid"}


class BoundariesRefused(OneGridError):
    """A file of boundaries that cannot be loaded; nothing of it is."""


@dataclass(frozen=True)
class Area:
    """One area: code, level, name, code of the area around it, polygon in degrees CGCS2000 (EPSG:4490), longitude first."""

    code: str
    level: str
    name: str | None
    parent: str | None
    geometry: BaseGeometry


@dataclass(frozen=True)
class Finding:
    """One defect of a file: of the feature at `position` (from 1), or of the whole file (None)."""

    position: int | None
    code: str | None
    problem: str
    severity: Severity
    what: str
    remedy: str


@dataclass(frozen=True)
class Reading:
    """What a file holds. `areas` is empty when anything in it is refused: all or nothing."""

    areas: tuple[Area, ...]
    findings: tuple[Finding, ...]

    @property
    def refused(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.severity == "refused")


def city_code(catalogue: Catalogue) -> str:
    """The four digits that the county units share, and 00."""
    return catalogue.county_units[0].code[:4] + "00"


def level_of(code: str, catalogue: Catalogue) -> str | None:
    """The level by the number of digits (codes.yaml, code_structure); None for anything else."""
    if not re.fullmatch(r"[0-9]+", code):
        return None
    return "city" if code == city_code(catalogue) else DIGITS.get(len(code))


def parent_of(code: str, level: str, catalogue: Catalogue) -> str | None:
    """The area around: of a township the county unit that the catalogue names, else the code without its last part."""
    if level == "city":
        return None
    if level == "county":
        return city_code(catalogue)
    if level == "township":
        return next((v.county for v in catalogue.lists["jz_township"].values if v.code == code and v.county), code[:6])
    return code[:-3]


def fault_of_code(code: str, level: str, catalogue: Catalogue) -> str | None:
    """Why this code is none of the city's, or None."""
    if level == "city":
        return None
    if level == "county":
        return None if code in {unit.code for unit in catalogue.county_units} else "no county unit of the city has this code"
    township = next((v for v in catalogue.lists["jz_township"].values if v.code == code[:9]), None)
    if township is None:
        return "no township or street of the city has this code"
    return f"this code of a township is retired; its successor is {township.successor}" if township.successor else _fault_below(code, level)


def _fault_below(code: str, level: str) -> str | None:
    if level != "township" and not 1 <= int(code[9:12]) <= 399:
        return "communities are numbered 001 to 199, villages 200 to 399"
    if level == "grid" and code[12:] == "000":
        return "grids are numbered from 001"
    return None
