"""The installation a run works on: home, deliveries and the one writing connection.

Belongs here: the Dagster resource that opens the encrypted working store once per run, under the writer's lock.
Does not: what is done with the connection.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
from pydantic import PrivateAttr

from sources.ledger import create_tables
from warehouse.store import open_working


class Installation(dg.ConfigurableResource):
    """Where the home and the deliveries are, and until which delivery date (YYYY-MM-DD) to load; empty means all. spark_master: the Spark
    master that joins and scores pairs in a run for everything; empty means DuckDB."""

    home: str
    deliveries: str
    until: str = ""
    spark_master: str = ""

    _con: duckdb.DuckDBPyConnection | None = PrivateAttr(default=None)

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Any]:  # noqa: ARG002
        with open_working(self.home_path) as con:
            create_tables(con)
            self._con = con
            try:
                yield self
            finally:
                self._con = None

    @property
    def con(self) -> duckdb.DuckDBPyConnection:
        if self._con is None:
            raise RuntimeError("the installation is used outside of a run")
        return self._con

    @property
    def home_path(self) -> Path:
        return Path(self.home)

    @property
    def deliveries_path(self) -> Path:
        return Path(self.deliveries)

    @property
    def until_date(self) -> date | None:
        return date.fromisoformat(self.until) if self.until else None
