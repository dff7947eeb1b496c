"""What the tests of the desk share: the command line as a user calls it, exports to compare, deliveries that arrive later."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import duckdb

from desk.exports import export_table
from sources.catalogue import load_catalogue

ROOT = Path(__file__).parents[2]


def onegrid(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """`onegrid` in a process of its own."""
    return subprocess.run([sys.executable, "-m", "desk.cli", *map(str, arguments)], cwd=ROOT, capture_output=True, text=True,
                          encoding="utf-8", timeout=280, check=False)


def exported(home: Path, table: str, out: Path) -> list[tuple[object, ...]]:
    """All rows of an export of the current snapshot, in its own order."""
    out.mkdir(parents=True, exist_ok=True)
    file = out / f"{table}.parquet"
    export_table(home, table, file, None)
    return duckdb.read_parquet(str(file)).fetchall()


def folder_of(deliveries: Path, category: str, day: str) -> Path:
    return deliveries / load_catalogue().contracts[category].department / category / day


def deliver(deliveries: Path, category: str, day: str, data: bytes, rows: int, kind: str = "delta", **stated: object) -> Path:
    """A delivery of a file category with a manifest that fits, but for what `stated` says otherwise."""
    contract = load_catalogue().contracts[category]
    folder = folder_of(deliveries, category, day)
    folder.mkdir(parents=True)
    assert contract.delivery.file is not None
    (folder / contract.delivery.file).write_bytes(data)
    manifest = {"department": contract.department, "category": category, "delivery_date": day, "kind": kind, "rows": rows,
                "sha256": hashlib.sha256(data).hexdigest(), "encoding": contract.delivery.encoding, "format": contract.delivery.format,
                "schema_version": "1.0"}
    (folder / "manifest.json").write_text(json.dumps(manifest | stated), encoding="utf-8")
    return folder


def turn_around(deliveries: Path) -> set[str]:
    """Deliver the CSV files with their rows in the opposite order; returns the categories of which a file was turned."""
    turned = set()
    for manifest in list(deliveries.glob("*/*/*/manifest.json")):
        stated = json.loads(manifest.read_text(encoding="utf-8"))
        if stated["format"] != "csv_gb18030" or stated["rows"] < 2:
            continue
        day, category = manifest.parent.name, manifest.parent.parent.name
        file = next(manifest.parent.glob("*.csv"))
        header, *rows = file.read_bytes().decode("gb18030").removesuffix("\r\n").split("\r\n")
        if len(rows) != stated["rows"]:
            continue  # a record that spans lines
        file.unlink()
        manifest.unlink()
        manifest.parent.rmdir()
        data = "\r\n".join([header, *rows[::-1]]) + "\r\n"
        deliver(deliveries, category, day, data.encode("gb18030"), len(rows), stated["kind"])
        turned.add(category)
    return turned
