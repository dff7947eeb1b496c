"""DuckDB extensions from the installed wheels; nothing is downloaded at run time.

Belongs here: finding and loading them, and a connection in memory that has the same settings everywhere.
Does not: the encrypted store (warehouse.store).
"""

from __future__ import annotations

import importlib.resources

import duckdb

from sources.tables import literal

WHEELS = {
    "encodings": "duckdb_extension_encodings",
    "excel": "duckdb_extension_excel",
    "httpfs": "duckdb_extension_httpfs",
    "postgres_scanner": "duckdb_extension_postgres_scanner",
}
"""Wheel of each extension."""


def load_extension(con: duckdb.DuckDBPyConnection, name: str) -> None:
    """Load one extension from its wheel. Loading it again does nothing."""
    folder = importlib.resources.files(WHEELS[name]) / "extensions" / f"v{duckdb.__version__}"
    con.execute(f"LOAD {literal(str(folder / f'{name}.duckdb_extension'))}")


def connect_memory(threads: int = 2, memory_limit: str = "3GB") -> duckdb.DuckDBPyConnection:
    """A database in memory that fetches nothing from anywhere."""
    return duckdb.connect(
        config={
            "threads": threads,
            "memory_limit": memory_limit,
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        }
    )
