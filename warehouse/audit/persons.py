"""The persons of an entry that names many: a set of ids in a file of its own, named by the digest of its content.

Belongs here: keeping such a set durably before its entry is written, finding a person in it, telling a set that was changed.
Does not: entries. Equal sets (the same product every night) are one file.
"""

from __future__ import annotations

import functools
import hashlib
import os
import secrets
import zlib
from collections.abc import Sequence
from pathlib import Path

from warehouse.audit.model import Fault

FOLDER = "audit.persons"
MOST_IN_AN_ENTRY = 200
"""Ids that an entry carries itself; a line of the log stays below 4 KB."""
MARK = "set:"
LEVEL = 1
"""Of zlib: ids hardly repeat, more effort saves little."""


def keep(home: Path, persons: Sequence[str]) -> tuple[str, ...]:
    """What the entry states: the ids, or one name for a set that is on the disk when this returns."""
    if len(persons) <= MOST_IN_AN_ENTRY:
        return tuple(persons)
    ids = sorted(set(persons))
    content = "".join(("\n", "\n".join(ids), "\n")).encode()
    name = hashlib.sha256(content).hexdigest()
    folder = home / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    if not (folder / name).exists():
        _write(folder / name, zlib.compress(content, LEVEL))
    return (f"{MARK}{name}:{len(ids)}",)


def _write(path: Path, data: bytes) -> None:
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    for place in (path.parent, path.parent.parent):
        descriptor = os.open(place, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def named(home: Path, persons: tuple[str, ...], person: str) -> bool:
    """True when an entry names this person, itself or by its set."""
    return person in persons or any(f"\n{person}\n".encode() in _content(home, name) for name in _sets(persons))


def all_named(home: Path, persons: tuple[str, ...]) -> list[str]:
    """Every id that an entry names; for sets as long as all of them."""
    listed = [one for one in persons if not one.startswith(MARK)]
    return listed + [one for name in _sets(persons) for one in _content(home, name).decode().split()]


def faulty(home: Path, persons: tuple[str, ...]) -> Fault | None:
    """MISSING or CHANGED when a set of an entry is not what was written; None when all are."""
    for name in _sets(persons):
        content = _content(home, name)
        if not content:
            return Fault.MISSING
        if hashlib.sha256(content).hexdigest() != name:
            return Fault.CHANGED
    return None


def _sets(persons: tuple[str, ...]) -> list[str]:
    return [one.split(":")[1] for one in persons if one.startswith(MARK)]


def _content(home: Path, name: str) -> bytes:
    path = home / FOLDER / Path(name).name
    try:
        return _decompressed(path, path.stat().st_mtime_ns)
    except (OSError, zlib.error):
        return b""


@functools.lru_cache(maxsize=4)
def _decompressed(path: Path, _: int) -> bytes:
    return zlib.decompress(path.read_bytes())
