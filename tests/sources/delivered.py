"""Small deliveries for tests, written as a department would."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from sources.catalogue import load_catalogue
from sources.catalogue.models import Contract
from sources.deliveries import Delivery, discover

Row = Mapping[str, str | None]


def contract_of(category: str) -> Contract:
    return load_catalogue().contracts[category]


def deliver(root: Path, category: str, day: str, data: bytes | None, rows: int, /, **manifest: Any) -> Delivery:
    """A delivery folder with a manifest that fits, but for what `manifest` says otherwise."""
    contract = contract_of(category)
    folder = root / contract.department / category / day
    folder.mkdir(parents=True, exist_ok=True)
    stated = {
        "department": contract.department,
        "category": category,
        "delivery_date": day,
        "kind": "full",
        "rows": rows,
        "sha256": None if data is None else hashlib.sha256(data).hexdigest(),
        "encoding": contract.delivery.encoding,
        "format": contract.delivery.format,
        "schema_version": "1.0",
    }
    if data is not None and contract.delivery.file is not None:
        (folder / contract.delivery.file).write_bytes(data)
    (folder / "manifest.json").write_text(json.dumps(stated | manifest), encoding="utf-8")
    return next(found for found in discover(root).of(category) if found.delivery_date == date.fromisoformat(day))


def csv_lines(category: str, rows: Sequence[Row], headers: Mapping[str, str] | None = None) -> list[str]:
    """Header and record lines; `headers` renames columns (None drops one)."""
    contract = contract_of(category)
    renamed = [(headers or {}).get(column.name, column.header) for column in contract.data_columns]
    return [",".join(renamed)] + [
        ",".join(row.get(column.name) or "" for column in contract.data_columns) for row in rows
    ]


def as_csv(category: str, lines: Sequence[str]) -> bytes:
    """Lines in the encoding and with the line ends of the category."""
    if contract_of(category).delivery.format == "csv_gb18030":
        return ("\r\n".join(lines) + "\r\n").encode("gb18030")
    return b"\xef\xbb\xbf" + ("\n".join(lines) + "\n").encode()


def fixed_line(values: Mapping[str, bytes]) -> bytes:
    """A line of fund_accounts; fields that are not named are blank."""
    contract = contract_of("fund_accounts")
    return b"".join(
        values.get(column.name, b"")[: column.width].ljust(column.width or 0) for column in contract.data_columns
    )
