"""The key of an installation: from the environment variable ONEGRID_KEY, else from home/key (mode 600).

Belongs here: reading and first making of the key. Does not: using it (store.py, snapshots.py).
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from sources.errors import OneGridError

VARIABLE = "ONEGRID_KEY"
SHORTEST_KEY = 16
"""Characters. DuckDB derives the AES key from the text; anything shorter than 16 characters could be tried out."""


class KeyProblem(OneGridError):
    """There is no usable key."""


def key_file(home: Path) -> Path:
    return home / "key"


def holds_data(home: Path) -> bool:
    """True when encrypted files exist that a new key could not open."""
    files = (home / "warehouse.duckdb", home / "decisions.duckdb")
    return any(file.exists() for file in files) or any((home / "snapshots").glob("*/snapshot.duckdb"))


def read_key(home: Path) -> str:
    """The key. Raises KeyProblem when there is none or it cannot be one."""
    stated = os.environ.get(VARIABLE)
    if stated is not None:
        return _checked(stated, f"environment variable {VARIABLE}")
    path = key_file(home)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise KeyProblem(
            what="the key of this installation is missing",
            where=f"environment variable {VARIABLE} or {path}",
            remedy=f"set {VARIABLE}, or put the key file back from where it is kept"
            if holds_data(home)
            else f"set {VARIABLE}, or let `onegrid run` make a key for a new home",
        ) from None
    except (OSError, UnicodeDecodeError):
        raise KeyProblem(
            what="the key file cannot be read",
            where=str(path),
            remedy="let the user of the installation read it (mode 600), or put it back from where it is kept",
        ) from None
    return _checked(text, str(path))


def ensure_key(home: Path) -> Path | None:
    """Make `home/key` for a home without key and data; returns its path, None when the environment states the key.

    A home with encrypted files never gets a new key: a lost key must be noticed, not replaced. Raises KeyProblem.
    """
    if os.environ.get(VARIABLE) is not None:
        read_key(home)
        return None
    path = key_file(home)
    if path.exists() or holds_data(home):
        read_key(home)
        return path
    home.mkdir(parents=True, exist_ok=True)
    unfinished = home / f".key.{os.getpid()}.{secrets.token_hex(4)}"
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(secrets.token_hex(32) + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(unfinished, path)  # fails when another process was faster: its key stays
        except FileExistsError:
            read_key(home)
    finally:
        unfinished.unlink(missing_ok=True)
    return path


def _checked(text: str, where: str) -> str:
    key = text.strip()
    if len(key) < SHORTEST_KEY or not key.isprintable():
        raise KeyProblem(
            what=f"the key has fewer than {SHORTEST_KEY} characters or unprintable ones",
            where=where,
            remedy="state the key of this installation; `openssl rand -hex 32` makes one for a new home",
        )
    return key
