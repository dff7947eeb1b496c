"""Deliveries as they lie in the folder of the departments: discovery, manifests and hashes.

Belongs here: which deliveries there are, and what a manifest must say.
Does not: reading the data files (sources.readers), the ledger (sources.ledger).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sources.catalogue import load_catalogue
from sources.catalogue.models import Contract

MANIFEST = "manifest.json"
NO_DELIVERIES = frozenset({"boundaries", "postgres", "truth"})
"""Folders beside the departments that hold no deliveries."""
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
HASH_BLOCK = 1 << 22


class Manifest(BaseModel):
    """What the department says about a delivery. Unknown keys are allowed: a higher minor version may state more."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    department: str
    category: str
    delivery_date: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$")
    kind: Literal["full", "delta"]
    rows: int = Field(ge=0)
    sha256: str | None = Field(pattern=r"^[0-9a-f]{64}$")
    encoding: str
    format: str
    schema_version: str = Field(pattern=r"^\d+\.\d+$")
    table: str | None = None
    batch: str | None = Field(default=None, pattern=r"^[0-9A-Za-z_-]+$")

    @property
    def minor_version(self) -> int:
        return int(self.schema_version.split(".")[1])


@dataclass(frozen=True, slots=True)
class Delivery:
    """A folder with a manifest. `manifest_hash` changes when the manifest or the data file beside it does."""

    department: str
    category: str
    delivery_date: date
    folder: Path
    manifest_hash: str

    @property
    def where(self) -> str:
        return f"{self.department}/{self.category}/{self.delivery_date.isoformat()}"


@dataclass(frozen=True, slots=True)
class Discovery:
    """Deliveries by date, then by category in catalogue order; `unfinished` counts folders without a manifest."""

    deliveries: tuple[Delivery, ...] = ()
    problems: tuple[str, ...] = ()
    unfinished: int = 0

    def of(self, category: str) -> list[Delivery]:
        """The deliveries of one category by date."""
        return [delivery for delivery in self.deliveries if delivery.category == category]


@dataclass(slots=True)
class _Found:
    deliveries: list[Delivery] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    unfinished: int = 0


def discover(deliveries: Path) -> Discovery:
    """Every delivery below the folder. What is in the wrong place is a problem, never an exception."""
    catalogue = load_catalogue()
    order = {category: number for number, category in enumerate(catalogue.deliverable)}
    departments = dict.fromkeys(contract.department for contract in catalogue.deliverable.values())
    found = _Found()
    for department in _folders(deliveries):
        if department.name in NO_DELIVERIES:
            continue
        if department.name not in departments:
            found.problems.append(
                f"unknown department folder {department.name}: expected one of {', '.join(departments)}"
            )
            continue
        for category in _folders(department):
            _look_into(category, catalogue.deliverable.get(category.name), found)
    ordered = sorted(found.deliveries, key=lambda delivery: (delivery.delivery_date, order[delivery.category]))
    return Discovery(tuple(ordered), tuple(found.problems), found.unfinished)


def _look_into(folder: Path, contract: Contract | None, found: _Found) -> None:
    """The deliveries of one category folder."""
    place = f"{folder.parent.name}/{folder.name}"
    if contract is None:
        found.problems.append(f"unknown category folder {place}: it is not in the catalogue and was not read")
        return
    if contract.department != folder.parent.name:
        found.problems.append(
            f"category folder {place} is in the wrong department: it belongs to {contract.department}"
        )
        return
    for day in _folders(folder):
        delivery_date = _day(day.name)
        if delivery_date is None:
            found.problems.append(f"a folder of {place} is not named after a day (YYYY-MM-DD)")
        elif not (day / MANIFEST).is_file():
            found.unfinished += 1
        else:
            found.deliveries.append(
                Delivery(contract.department, contract.category, delivery_date, day, _manifest_hash(day))
            )


def _folders(folder: Path) -> Iterable[Path]:
    return sorted(entry for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith("."))


def _day(name: str) -> date | None:
    if DAY.fullmatch(name) is None:
        return None
    try:
        return date.fromisoformat(name)
    except ValueError:
        return None


def _manifest_hash(folder: Path) -> str:
    """Hash of the manifest and of size and time of the files beside it: tells cheaply that something was sent again."""
    digest = hashlib.sha256((folder / MANIFEST).read_bytes())
    for file in data_files(folder):
        state = file.stat()
        digest.update(f"{file.name}:{state.st_size}:{state.st_mtime_ns}".encode())
    return digest.hexdigest()


def data_files(folder: Path) -> list[Path]:
    """Files of a delivery beside its manifest."""
    return sorted(
        entry
        for entry in folder.iterdir()
        if entry.is_file() and entry.name != MANIFEST and not entry.name.startswith(".")
    )


def file_hash(file: Path) -> str:
    """SHA-256 of the bytes of a file."""
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while block := stream.read(HASH_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def read_manifest(delivery: Delivery) -> tuple[Manifest | None, list[str]]:
    """The manifest, or why it cannot be read. Messages name keys, never what stands there."""
    try:
        stated = json.loads((delivery.folder / MANIFEST).read_text(encoding="utf-8-sig"))
        return Manifest.model_validate(stated), []
    except ValidationError as error:
        keys = sorted({".".join(str(part) for part in entry["loc"]) or "the whole" for entry in error.errors()})
        return None, [f"the manifest is wrong or incomplete in: {', '.join(keys)}"]
    except (ValueError, OSError):
        return None, ["the manifest cannot be read as JSON in UTF-8"]


def manifest_problems(manifest: Manifest, delivery: Delivery, contract: Contract) -> list[str]:
    """Everything in the manifest that does not fit the place of the delivery or the contract."""
    form = contract.delivery
    expected = {
        "department": (manifest.department, delivery.department),
        "category": (manifest.category, delivery.category),
        "delivery_date": (manifest.delivery_date, delivery.delivery_date.isoformat()),
        "format": (manifest.format, form.format),
        "encoding": (manifest.encoding, form.encoding),
    }
    problems = [f"the manifest's {key} is not {right}" for key, (stated, right) in expected.items() if stated != right]
    if manifest.schema_version.split(".")[0] != "1":
        problems.append("the major number of schema_version is not 1: the contract must be renewed first")
    if form.format == "postgres":
        if manifest.sha256 is not None:
            problems.append("sha256 must be null for a delivery by database")
        if manifest.table != form.table:
            problems.append(f"the manifest's table is not {form.table}")
        if manifest.batch is None:
            problems.append("the manifest names no batch")
    elif manifest.sha256 is None:
        problems.append("the manifest states no sha256")
    if manifest.kind == "delta" and contract.cadence.delta is None:
        problems.append("the category has full deliveries only, this one is a delta")
    if manifest.kind == "full" and manifest.rows == 0:
        problems.append("a full delivery without a single record")
    return problems
