"""Exchange tables in PostgreSQL: the rows of one batch, in one snapshot, only reading.

Belongs here: the connection by the variable of the department, column names, one query per batch.
Does not: reading values. No message carries the connection string or a value.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import duckdb
import pyarrow as pa

from sources.catalogue.models import Contract
from sources.deliveries import Manifest
from sources.errors import SourceUnavailable
from sources.extensions import connect_memory, load_extension
from sources.readers.staging import Reading, Unreadable, add_batch
from sources.tables import literal, quoted

REMOTE = "exchange_database"
BATCH_ROWS = 200_000


def dsn_variable(department: str) -> str:
    """Environment variable that holds the connection string of a department."""
    return f"DEPT_PG_DSN_{department.upper()}"


def read_exchange(con: duckdb.DuckDBPyConnection, contract: Contract, manifest: Manifest, where: str) -> Reading:
    """Fill the stage with the batch. Raises SourceUnavailable when the server cannot be reached or goes away."""
    variable = dsn_variable(contract.department)
    dsn = os.environ.get(variable)
    if not dsn:
        raise SourceUnavailable(
            "the exchange database is not configured", where, f"set {variable} to its connection string"
        )
    reading = Reading()
    batches = _batches(contract, manifest, dsn, reading)
    while (batch := _next(batches, variable, where)) is not None:
        cells = [name for name in batch.column_names if name != "position"]
        add_batch(
            con,
            batch,
            {"position": quoted("position"), "torn": "FALSE"} | {name: f"nullif({quoted(name)}, '')" for name in cells},
        )
    return reading


def _next(batches: Iterator[pa.Table], variable: str, where: str) -> pa.Table | None:
    """The next rows from the server; only what the server does wrong becomes SourceUnavailable."""
    try:
        return next(batches, None)
    except (duckdb.Error, pa.ArrowException, OSError) as error:
        raise SourceUnavailable(
            f"the exchange database did not answer or went away ({type(error).__name__})",
            where,
            f"check the server and {variable}, then run again; nothing was changed",
        ) from None


def _batches(contract: Contract, manifest: Manifest, dsn: str, reading: Reading) -> Iterator[pa.Table]:
    """The rows of the batch. DuckDB reads in a transaction REPEATABLE READ, READ ONLY, apart from the working state."""
    remote = connect_memory(memory_limit="1GB")
    try:
        load_extension(remote, "postgres_scanner")
        remote.execute(f"ATTACH {literal(dsn)} AS {REMOTE} (TYPE postgres, READ_ONLY)")
        columns = _columns(remote, contract, manifest, reading)
        query = _query(contract, manifest, list(columns.values()))
        reader = remote.execute("FROM postgres_query(?, ?)", [REMOTE, query]).to_arrow_reader(BATCH_ROWS)
        for batch in reader:
            yield pa.Table.from_batches([batch]).rename_columns(["position", *columns])
    finally:
        remote.close()


def _table(contract: Contract) -> tuple[str, str]:
    schema, _, table = (contract.delivery.table or "").rpartition(".")
    return schema or "public", table


def _columns(
    remote: duckdb.DuckDBPyConnection, contract: Contract, manifest: Manifest, reading: Reading
) -> dict[str, str]:
    """Database columns by name of the contract. Raises Unreadable for missing required ones."""
    schema, table = _table(contract)
    query = (
        "SELECT column_name::text AS name FROM information_schema.columns "
        f"WHERE table_schema = {literal(schema)} AND table_name = {literal(table)}"
    )
    present = {
        str(row[0]) for row in remote.execute("SELECT name FROM postgres_query(?, ?)", [REMOTE, query]).fetchall()
    }
    if not present:
        raise Unreadable(f"there is no table {contract.delivery.table}")
    columns = {column.name: column.db_column or column.name for column in contract.data_columns}
    batch = contract.column(contract.delivery.batch_column or "").db_column or ""
    needed = {column.db_column or column.name for column in contract.data_columns if column.required} | {batch}
    if manifest.kind == "delta" and contract.delta.marker is not None:
        needed.add(columns[contract.delta.marker])
    lacking = sorted(needed - present)
    if lacking:
        raise Unreadable(f"{len(lacking)} columns are missing: {', '.join(lacking)}")
    reading.extra_columns |= present - set(columns.values()) - {batch}
    reading.missing_columns |= {name for name, column in columns.items() if column not in present}
    return {name: column for name, column in columns.items() if column in present}


def _query(contract: Contract, manifest: Manifest, columns: list[str]) -> str:
    """One statement, hence one snapshot; positions follow the order in which the rows lie in the table."""
    schema, table = _table(contract)
    batch = contract.column(contract.delivery.batch_column or "").db_column or ""
    cells = ", ".join(f"{quoted(column)}::text AS c{number}" for number, column in enumerate(columns))
    return (
        f"SELECT row_number() OVER (ORDER BY ctid) AS position, {cells} FROM {quoted(schema)}.{quoted(table)} "
        f"WHERE {quoted(batch)} = {literal(manifest.batch or '')}"
    )
