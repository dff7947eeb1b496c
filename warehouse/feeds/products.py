"""Where products lie, their manifests, and how one appears whole.

Belongs here: folders, manifests, publishing by rename, repairing what a kill left, deleting. Does not: what is in a product.

    home/products/<module>/<as_of>/<module>.<parquet|csv>          every row
    home/products/<module>/<as_of>/changes-since-<as_of>.<...>     inserted, changed and removed rows since the product before
    home/products/<module>/<as_of>/manifest.json                   what the files hold; numbers and names only
    home/products/<module>/<as_of>/<department>/                   the same once more per department, where each gets its own
    home/products/<module>/.building-<as_of>, .leaving-<as_of>     of a writer at work, or killed; repaired by the next one

Folders have mode 700, files 600. A product of the same day that says something else takes the place of the former one.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from sources.errors import OneGridError
from warehouse.locking import waiting_lock
from warehouse.snapshots import replace_file, sync

MANIFEST = "manifest.json"
CLEANED = ".cleaned"
"""Keys of rows that changed after the product was shown, because a department withdrew a record; one per line."""
BUILDING, LEAVING = ".building-", ".leaving-"
FOLDER_MODE, FILE_MODE = 0o700, 0o600


class NoProduct(OneGridError):
    """There is no product of this module."""


@dataclass(frozen=True, slots=True)
class Changes:
    """The file of changes beside a product; `base` is the as_of of the product that it continues."""

    file: str
    base: str
    sha256: str
    inserted: int
    changed: int
    removed: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a product holds. `recipient` names the department of a part; `parts` the departments that have one.

    `cleaned` counts rows that lost values or went because a department withdrew a record since.
    """

    module: str
    purpose: str
    as_of: str
    rows: int
    sha256: str | None
    columns: list[str]
    schema_version: str
    snapshot: int
    kind: str = "full"
    base: str | None = None
    changes: Changes | None = None
    recipient: str | None = None
    parts: list[str] = field(default_factory=list)
    cleaned: int = 0

    @property
    def day(self) -> date:
        return date.fromisoformat(self.as_of)


def module_folder(home: Path, module: str) -> Path:
    return home / "products" / module


def product_folder(home: Path, module: str, as_of: date) -> Path:
    return module_folder(home, module) / as_of.isoformat()


def list_products(home: Path, module: str) -> list[Manifest]:
    """Every kept product of a module, by day."""
    found = []
    for path in sorted(module_folder(home, module).glob(f"[0-9]*/{MANIFEST}")):
        found.append(read_manifest(path.parent))
    return found


def newest(home: Path, module: str) -> Manifest:
    """Raises NoProduct."""
    kept = list_products(home, module)
    if not kept:
        raise NoProduct(what=f"nothing of {module} was published yet", where="products", remedy=f"`onegrid feeds build {module}`")
    return kept[-1]


def of_day(home: Path, module: str, as_of: date) -> Manifest:
    """Raises NoProduct with the kept days."""
    kept = list_products(home, module)
    found = next((manifest for manifest in kept if manifest.day == as_of), None)
    if found is None:
        raise NoProduct(what=f"there is no product of {module} as of {as_of}", where="products",
                        remedy=f"kept: {', '.join(manifest.as_of for manifest in kept) or 'none'}")
    return found


def read_manifest(folder: Path) -> Manifest:
    stated: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    changes = stated.pop("changes", None)
    return Manifest(**stated, changes=Changes(**changes) if changes else None)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Written last: a folder without one is not finished."""
    replace_file(folder / MANIFEST, json.dumps(asdict(manifest), ensure_ascii=False, indent=1) + "\n")
    (folder / MANIFEST).chmod(FILE_MODE)


@contextmanager
def products_lock(home: Path) -> Iterator[None]:
    """One writer of products at a time; the others wait. What a killed one left is repaired first."""
    folder = home / "products"
    folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
    with waiting_lock(folder / ".lock"):
        repair(home)
        yield


def begin(home: Path, module: str, as_of: date) -> Path:
    """An empty folder in which a product is made; nobody sees it yet."""
    building = module_folder(home, module) / f"{BUILDING}{as_of}"
    building.parent.mkdir(mode=FOLDER_MODE, exist_ok=True)
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(mode=FOLDER_MODE)
    return building


def finish(building: Path) -> Path:
    """Show the product under its day. A kill at any moment leaves the former one or the new one, after `repair` at the latest."""
    for path in sorted(building.rglob("*"), reverse=True):
        sync(path)
    sync(building)
    shown = building.with_name(building.name.removeprefix(BUILDING))
    leaving = building.with_name(f"{LEAVING}{shown.name}")
    if shown.exists():
        shown.rename(leaving)
    building.rename(shown)
    sync(shown.parent)
    shutil.rmtree(leaving, ignore_errors=True)
    return shown


def repair(home: Path) -> None:
    """Finish or undo what a killed writer left; the caller holds the lock."""
    for leaving in (home / "products").glob(f"*/{LEAVING}*"):
        shown = leaving.with_name(leaving.name.removeprefix(LEAVING))
        building = leaving.with_name(f"{BUILDING}{shown.name}")
        if not shown.exists() and (building / MANIFEST).exists():
            building.rename(shown)
        elif not shown.exists() and (leaving / MANIFEST).exists():
            leaving.rename(shown)
            continue
        shutil.rmtree(leaving)
    for building in (home / "products").glob(f"*/{BUILDING}*"):
        shutil.rmtree(building)


def delete(home: Path, module: str, as_of: date) -> None:
    """A product that is kept no more; it disappears at once, its files after that."""
    shown = product_folder(home, module, as_of)
    doomed = shown.with_name(f"{BUILDING}{shown.name}")
    shutil.rmtree(doomed, ignore_errors=True)
    shown.rename(doomed)
    shutil.rmtree(doomed)


def discard(building: Path) -> None:
    """A product that is not needed after all."""
    shutil.rmtree(building)


def keep_cleaned(folder: Path, keys: Sequence[str]) -> None:
    """Remember the keys of rows that changed after the product was shown."""
    path = folder / CLEANED
    path.write_text("".join(f"{key}\n" for key in sorted({*cleaned_keys(folder), *keys})), encoding="utf-8")
    path.chmod(FILE_MODE)


def cleaned_keys(folder: Path) -> list[str]:
    """Keys of rows that changed after the product was shown."""
    path = folder / CLEANED
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []
