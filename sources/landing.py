"""Landing: one delivery into `landed_<category>` and the ledger, all or nothing.

Belongs here: identity of a delivery (department, category, date, content), the manifest's promises, the transaction.
Does not: formats (sources.readers), reading values (expectations.acceptance).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from sources import ledger
from sources.catalogue.models import Contract
from sources.deliveries import Delivery, Manifest, data_files, file_hash, manifest_problems, read_manifest
from sources.errors import DeliveryRefused
from sources.readers.columnar import read_parquet
from sources.readers.delimited import read_delimited
from sources.readers.exchange import read_exchange
from sources.readers.fixed_width import read_fixed_width
from sources.readers.json_lines import read_json_lines
from sources.readers.staging import STAGE, Reading, Unreadable, create_stage
from sources.readers.workbook import read_workbook
from sources.tables import quoted

FileReader = Callable[[duckdb.DuckDBPyConnection, Contract, Manifest, Path], Reading]
READERS: dict[str, FileReader] = {
    "csv_gb18030": read_delimited,
    "csv_utf8_bom": read_delimited,
    "xlsx": read_workbook,
    "parquet": read_parquet,
    "fixed_width_gbk": read_fixed_width,
    "jsonl": read_json_lines,
}
CORRECTION = "keep the first file; a correction is a delivery of a later date"


@dataclass(frozen=True, slots=True)
class LandedDelivery:
    """What became of a delivery; a known one changed nothing and has `is_new` False."""

    is_new: bool
    rows: int
    torn: int = 0
    extra_columns: tuple[str, ...] = ()
    missing_columns: tuple[str, ...] = ()


def land(con: duckdb.DuckDBPyConnection, contract: Contract, delivery: Delivery) -> LandedDelivery:
    """Land one delivery in one transaction.

    Raises DeliveryRefused with every problem found: nothing changes but a line `refused` of the ledger, and a
    corrected file of the same date is accepted later. Raises SourceUnavailable when an exchange table cannot be read:
    nothing changes.
    """
    con.execute("BEGIN")
    try:
        landed = _land(con, contract, delivery)
        con.execute("COMMIT")
    except BaseException as error:
        con.execute("ROLLBACK")
        if isinstance(error, DeliveryRefused):
            _record_refusal(con, delivery)
        raise
    return landed


def _land(con: duckdb.DuckDBPyConnection, contract: Contract, delivery: Delivery) -> LandedDelivery:
    known = ledger.known_hash(con, delivery.category, delivery.delivery_date)
    manifest, file, problems = _examine(contract, delivery)
    if manifest is None or problems:
        raise DeliveryRefused(problems, delivery.where)
    contract = contract.sent_as(manifest.format)
    by_database = contract.delivery.format == "postgres"
    if known is not None and by_database and known[1] == delivery.manifest_hash:
        return _known(con, delivery)
    content = "" if file is None else file_hash(file)
    if known is not None and not by_database:
        if known[0] != content:
            raise DeliveryRefused(["another file is known under this date"], delivery.where, CORRECTION)
        return _known(con, delivery)
    if file is not None and manifest.sha256 != content:
        raise DeliveryRefused(
            ["the data file does not have the sha256 of the manifest: it is truncated, changed or still growing"],
            delivery.where,
        )
    if manifest.kind == "delta" and not ledger.has_full_before(con, delivery.category, delivery.delivery_date):
        raise DeliveryRefused(
            ["a delta before the first full delivery"],
            delivery.where,
            "deliver the full state of an earlier date first",
        )
    create_stage(con, contract)
    reading = _read(con, contract, manifest, delivery, file)
    if file is None:
        content = _rows_hash(con, contract)
    if known is not None:
        if known[0] != content:
            raise DeliveryRefused(["another batch is known under this date"], delivery.where, CORRECTION)
        return _known(con, delivery)
    return _store(con, contract, manifest, delivery, content=content, reading=reading)


def _known(con: duckdb.DuckDBPyConnection, delivery: Delivery) -> LandedDelivery:
    """The same delivery again: nothing changes."""
    ledger.forget_refusals(con, delivery.category, delivery.delivery_date)
    ledger.confirm_manifest(con, delivery.category, delivery.delivery_date, delivery.manifest_hash)
    return LandedDelivery(is_new=False, rows=0)


def _examine(contract: Contract, delivery: Delivery) -> tuple[Manifest | None, Path | None, list[str]]:
    """Manifest and data file, and everything wrong with them before the data are read."""
    manifest, problems = read_manifest(delivery)
    if manifest is not None:
        contract = contract.sent_as(manifest.format)
        problems += manifest_problems(manifest, delivery, contract)
    if contract.delivery.format == "postgres":
        return manifest, None, problems
    files = data_files(delivery.folder)
    named = [file for file in files if file.name == contract.delivery.file]
    if len(files) != 1:
        problems.append(f"{len(files)} data files instead of one, {contract.delivery.file}")
        return manifest, None, problems
    if not named:
        problems.append(f"the data file is not named {contract.delivery.file}")
    return manifest, files[0], problems


def _read(
    con: duckdb.DuckDBPyConnection, contract: Contract, manifest: Manifest, delivery: Delivery, file: Path | None
) -> Reading:
    """Fill the stage, and compare it with the manifest."""
    try:
        if file is None:
            reading = read_exchange(con, contract, manifest, delivery.where)
        else:
            reading = READERS[contract.delivery.format](con, contract, manifest, file)
    except Unreadable as error:
        raise DeliveryRefused(error.problems, delivery.where) from None
    if file is not None and file_hash(file) != manifest.sha256:
        raise DeliveryRefused(
            ["the file changed while it was read"], delivery.where, "wait until it is complete, then run again"
        )
    (rows,) = con.execute(f"SELECT count(*) FROM temp.{STAGE}").fetchone() or (0,)
    if rows != manifest.rows:
        raise DeliveryRefused([f"{rows} records, but the manifest says {manifest.rows}"], delivery.where)
    return reading


def _rows_hash(con: duckdb.DuckDBPyConnection, contract: Contract) -> str:
    """Hash of the rows of a batch that does not depend on their order."""
    cells = ", ".join(f"coalesce(replace({quoted(column.name)}, '|', '||'), '~')" for column in contract.data_columns)
    row = con.execute(f"""
        WITH digests AS (SELECT md5(concat_ws('|;', {cells})) AS digest FROM temp.{STAGE})
        SELECT count(*), sum(md5_number_lower(digest)::HUGEINT), sum(md5_number_upper(digest)::HUGEINT)
        FROM digests""").fetchone()
    return hashlib.sha256(str(row).encode()).hexdigest()


def _store(
    con: duckdb.DuckDBPyConnection,
    contract: Contract,
    manifest: Manifest,
    delivery: Delivery,
    *,
    content: str,
    reading: Reading,
) -> LandedDelivery:
    names = ", ".join(
        quoted(name) for name in ("position", "torn", "raw_line", *(column.name for column in contract.data_columns))
    )
    con.execute(
        f"INSERT INTO {quoted('landed_' + contract.category)} (delivery_date, {names}) "
        f"SELECT ?, {names} FROM temp.{STAGE} ORDER BY position",
        [delivery.delivery_date],
    )
    (torn,) = con.execute(f"SELECT count(*) FROM temp.{STAGE} WHERE torn").fetchone() or (0,)
    con.execute(f"DROP TABLE temp.{STAGE}")
    ledger.forget_refusals(con, delivery.category, delivery.delivery_date)
    ledger.add_line(
        con,
        department=delivery.department,
        category=delivery.category,
        delivery_date=delivery.delivery_date,
        kind=manifest.kind,
        content_hash=content,
        schema_version=manifest.schema_version,
        stage="landed",
        delivered=manifest.rows,
        extra_columns=sorted(reading.extra_columns),
        manifest_hash=delivery.manifest_hash,
    )
    return LandedDelivery(
        True, manifest.rows, int(torn), tuple(sorted(reading.extra_columns)), tuple(sorted(reading.missing_columns))
    )


def _record_refusal(con: duckdb.DuckDBPyConnection, delivery: Delivery) -> None:
    """A line that only says that this delivery was refused; it never stands in the way of a corrected one."""
    con.execute("BEGIN")
    ledger.forget_refusals(con, delivery.category, delivery.delivery_date)
    ledger.add_line(
        con,
        department=delivery.department,
        category=delivery.category,
        delivery_date=delivery.delivery_date,
        stage="refused",
        manifest_hash=delivery.manifest_hash,
    )
    con.execute("COMMIT")
