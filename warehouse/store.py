"""The encrypted store: opening its files with the key, and the lock of the one writer.

Belongs here: connections. Every file of the store is attached here, encrypted, with encrypted temporary files, and no
extension is ever downloaded.
Does not: the key itself (keys.py), what snapshots hold (snapshots.py), tables.
"""

from __future__ import annotations

import fcntl
import importlib.resources
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from sources.errors import OneGridError
from sources.tables import literal, quoted
from warehouse.configuration import load_configuration
from warehouse.keys import read_key

WORKING_FILE = "warehouse.duckdb"
WORKING_NAME = "warehouse"


class StoreProblem(OneGridError):
    """A file of the store cannot be opened."""


class WrongKey(StoreProblem):
    """The key is not the one the file was written with."""


class StoreInUse(StoreProblem):
    """Another process writes."""


def open_connection(
    home: Path, *, threads: int | None = None, memory_limit: str | None = None
) -> duckdb.DuckDBPyConnection:
    """A connection without files yet: cryptography loaded, temporary files encrypted below home/tmp."""
    settings = load_configuration(home)
    con = duckdb.connect(config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"})
    extension = importlib.resources.files("duckdb_extension_httpfs") / "extensions" / f"v{duckdb.__version__}"
    con.execute(f"LOAD {literal(str(extension / 'httpfs.duckdb_extension'))}")
    con.execute("SET temp_file_encryption = true")
    con.execute(f"SET temp_directory = {literal(str(home.absolute() / 'tmp'))}")
    con.execute(f"SET threads = {int(threads or settings.threads)}")
    con.execute(f"SET memory_limit = {literal(memory_limit or settings.memory_limit)}")
    con.execute("SET preserve_insertion_order = true")
    return con


def attach(con: duckdb.DuckDBPyConnection, file: Path, name: str, key: str, *, read_only: bool) -> None:
    """Attach an encrypted file under `name`. Raises WrongKey or StoreProblem; neither message carries the key."""
    options = f"ENCRYPTION_KEY {literal(key)}, ENCRYPTION_CIPHER 'GCM'" + (", READ_ONLY" if read_only else "")
    try:
        con.execute(f"ATTACH {literal(str(file))} AS {quoted(name)} ({options})")
    except duckdb.Error as problem:
        raise _explained(problem, file) from None


def _explained(problem: duckdb.Error, file: Path) -> StoreProblem:
    text = str(problem)
    where = str(file)
    if "encryption key" in text.lower():
        return WrongKey(
            what="the key does not open this file",
            where=where,
            remedy="state the key that this installation was made with (ONEGRID_KEY, or the file key in the home)",
        )
    if "lock" in text.lower():
        return StoreInUse(
            what="another process has this file open", where=where, remedy="wait until it has finished, or end it"
        )
    if "not encrypted" in text.lower() or "unencrypted" in text.lower():
        return StoreProblem(
            what="the file is not encrypted, so it is none of this store", where=where, remedy="remove it from the home"
        )
    return StoreProblem(
        what=f"the file cannot be opened ({type(problem).__name__})",
        where=where,
        remedy="put the file back from a backup; for warehouse.duckdb: remove it and run again over all deliveries",
    )


@contextmanager
def writer_lock(home: Path) -> Iterator[None]:
    """Held by the one writer. The system frees it when the process ends, however it ends. Raises StoreInUse."""
    home.mkdir(parents=True, exist_ok=True)
    path = home / "lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip() or "unknown"
            raise StoreInUse(
                what=f"another run is writing (process {holder})",
                where=str(path),
                remedy="wait until it has finished, or end that process; the lock goes with it",
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def open_working(
    home: Path, *, threads: int | None = None, memory_limit: str | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The working state, for writing; unqualified names are its tables. The arguments override config.toml.

    Raises KeyProblem, WrongKey, StoreInUse, StoreProblem, ConfigurationError.
    """
    key = read_key(home)
    with writer_lock(home):
        remove_leftover_temporary_files(home)
        con = open_connection(home, threads=threads, memory_limit=memory_limit)
        try:
            attach(con, home / WORKING_FILE, WORKING_NAME, key, read_only=False)
            con.execute(f"USE {quoted(WORKING_NAME)}")
            yield con
        finally:
            con.close()


def remove_leftover_temporary_files(home: Path) -> None:
    """Spilled files of a killed writer; only called under the writer's lock."""
    for leftover in (home / "tmp").glob("duckdb_temp_*"):
        leftover.unlink(missing_ok=True)
