"""Folders that appear whole or not at all.

Belongs here: writing beside, syncing, renaming, the manifest. Does not: what the files say (rendering.py).
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from warehouse.locking import waiting_lock
from warehouse.outbox.rendering import write_files

MANIFEST = "manifest.json"


def outbox_folder(home: Path) -> Path:
    return home / "outbox"


@contextmanager
def sending_alone(home: Path) -> Iterator[None]:
    """Held while one process sends; another one waits."""
    folder = outbox_folder(home)
    folder.mkdir(mode=0o700, exist_ok=True)
    with waiting_lock(folder / ".lock"):
        yield


def prepare(target: Path, lines: list[dict[str, Any]], facts: dict[str, Any]) -> Path:
    """Write the files and the manifest beside their place, synced; what an earlier attempt left there is replaced."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = target.parent / f".{target.name}.part"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(mode=0o700)
    write_files(part, lines)
    files = {path.name: _digest(path) for path in sorted(part.iterdir())}
    (part / MANIFEST).write_text(json.dumps(facts | {"rows": len(lines), "sha256": files}, ensure_ascii=False, indent=1), encoding="utf-8")
    for path in part.iterdir():
        path.chmod(0o600)
        _sync(path)
    _sync(part)
    return part


def appear(part: Path, target: Path) -> None:
    """Give the folder its name, durably."""
    part.rename(target)
    _sync(target.parent)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
