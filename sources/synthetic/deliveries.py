"""From the draft of a category to its files: second records, damage, the full delivery and the later ones, manifests.

Belongs here: the order of these steps. Does not: the content of a category, the bytes of a format.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from sources.catalogue import Catalogue
from sources.catalogue.models import Column, Contract
from sources.synthetic import addresses, defects, organisation_names, truth, workbooks, writers
from sources.synthetic.categories import BUILDERS
from sources.synthetic.damage import NUMBER_CELL, Damage, DefectRates
from sources.synthetic.housing import City
from sources.synthetic.records import Context, stamp

STYLES = {
    "YYYYMMDD": "%Y%m%d",
    "YYYY-MM-DD": "%Y-%m-%d",
    "YYYY/M/D": "%Y/%-m/%-d",
    "YYYY年M月D日": "%Y年%-m月%-d日",
    "native": "%Y-%m-%d",
}
TIMES = {"YYYYMMDDHHMMSS": "%Y%m%d%H%M%S"}
SECOND_NUMBER = {
    "household_registration": 10,
    "residence_permits": 9,
    "fund_accounts": 8,
    "pension_insurance": 12,
    "medical_insurance": 12,
    "employment_registration": 6,
    "social_assistance": 5,
    "elderly_disability_benefits": 8,
    "health_records": 8,
    "care_followups": 8,
    "birth_family_support": 7,
}
"""Digits of the running number at the end of a key; a second record of a person begins it with 9."""
BROKEN = {"torn_line": 0.0003, "natural_key_missing": 0.0001, "unknown_operation": 0.003}
"""Shares of rows that cannot be read; the first in files of lines, the last in deltas with a marker."""
ENDING = {
    "residence_permits": ("permit_status", "注销", "注销"),
    "elderly_disability_benefits": ("status", "停止发放", "停发"),
}
"""Categories whose marker has a word of its own for a change that ends the record: column, value, marker."""
LINES = ("csv_gb18030", "csv_utf8_bom", "jsonl", "fixed_width_gbk")


@dataclass
class Made:
    """What one category added to the city."""

    mentions: pl.DataFrame
    addresses: pl.DataFrame
    organisations: pl.DataFrame
    present: pl.Series
    quarantine: pl.DataFrame
    counts: list[dict[str, object]]


def make(city: City, catalogue: Catalogue, contract: Contract, dates: list[date], out: Path, rates: DefectRates) -> Made:
    """All deliveries of one category."""
    rng = np.random.default_rng([city.seed, int.from_bytes(hashlib.sha256(contract.category.encode()).digest()[:4], "big")])
    context = Context(city, contract, dates, rng, rates)
    frame = stamp(_slim(contract, addresses.meant(contract.category, BUILDERS[contract.category](context))), rng)
    frame = _with_order(contract, _second_records(contract, frame, rng, rates))
    frame = frame.with_columns(_key=pl.concat_str([pl.col(name) for name in contract.natural_key], separator="|")).unique(
        "_key", keep="first", maintain_order=True
    )
    frame = frame.drop("_row", strict=False).with_row_index("_row")
    damage = Damage(contract, catalogue, city.people, rng, rates)
    frame = _old_numbers(contract, frame, city, rng)
    frame = defects.apply(damage, defects.apply(damage, frame, "stale"), "dates")
    frame = organisation_names.spelled(contract, frame, city.seed, min(rates.scale, 1.0))
    frame = defects.apply(damage, _as_text(contract, frame), "cells")
    marker = {value.maps_to: value.code for value in reversed(catalogue.lists[contract.delta.codes].values)} if contract.delta.codes else {}
    writer = _Deliveries(contract, rng, rates, marker, out)
    for k, day in enumerate(dates):
        writer.deliver(frame, k, day)
    seen = (
        pl.concat(writer.seen)
        .group_by("_row")
        .agg(_seen=pl.col("_seen").min())
        .join(pl.concat(writer.removed).unique("_row"), on="_row", how="left", maintain_order="left")
        .sort("_row")
    )
    mentions = truth.mentions(contract, frame, seen, city.people["name"])
    gone = pl.concat(writer.removed).unique("_row")
    present = frame.join(seen.filter(pl.col("_removed").is_null()), on="_row", how="semi")["_key"]
    named = organisation_names.truth(contract, frame, seen)
    return Made(mentions, addresses.truth(contract, writer.cells, gone), named, present, pl.concat(writer.quarantine), writer.counts)


def _slim(contract: Contract, frame: pl.DataFrame) -> pl.DataFrame:
    """Only the columns that later steps read: the contract's, the system columns of a draft, birth and former name."""
    marks = ("_p_", "_b_", "_s_", "_m_", "_l_", "_n_")
    keep = {column.name for column in contract.columns} | {
        "_first",
        "_upd",
        "_del",
        "_on",
        "_on_before",
        "_guardian_id",
        "birth",
        "former_name",
    }
    return frame.select(name for name in frame.columns if name in keep or name.startswith(marks))


def _second_records(contract: Contract, frame: pl.DataFrame, rng: np.random.Generator, rates: DefectRates) -> pl.DataFrame:
    """duplicate_person: the same person under another natural key."""
    known = next((entry for entry in contract.known_defects if entry.defect == "duplicate_person"), None)
    if known is None:
        return frame
    share = rates.share(contract.category, "duplicate_person", known.share)
    copies = frame.filter((pl.col("_first") == 0) & pl.Series(rng.random(frame.height) < share))
    key = contract.natural_key[0]
    if contract.category == "student_enrolment":
        number = pl.lit("L") + pl.int_range(1, pl.len() + 1).cast(pl.String).str.zfill(18)
    else:
        digits = SECOND_NUMBER[contract.category]
        number = pl.col(key).str.head(-digits) + "9" + pl.int_range(1, pl.len() + 1).cast(pl.String).str.zfill(digits - 1)
    return pl.concat(
        [
            frame,
            copies.with_columns(number.alias(key), _upd=pl.lit(0, frame.schema["_upd"]), _del=pl.lit(0, frame.schema["_del"])),
        ]
    )


def _with_order(contract: Contract, frame: pl.DataFrame) -> pl.DataFrame:
    """The column that says when a record was changed last."""
    column = contract.column(contract.delta.order_by)
    now, before = ("_at", "_at_before") if column.type == "datetime" else ("_on", "_on_before")
    if column.name not in frame.columns or contract.category != "marriage_registration":
        frame = frame.with_columns(pl.col(now).alias(column.name))
    marker = [pl.lit(None, dtype=pl.String).alias(contract.delta.marker)] if contract.delta.marker else []
    return frame.with_columns(pl.col(before).alias(f"_b_{column.name}"), *marker)


def _old_numbers(contract: Contract, frame: pl.DataFrame, city: City, rng: np.random.Generator) -> pl.DataFrame:
    """Corrected ID numbers live on in some records of other departments."""
    if contract.category == "household_registration":
        return frame
    old = city.people["old_id"]
    for role in contract.person_roles:
        if role.id_number:
            pid = frame[f"_p_{role.role}"]
            known = old.gather(pid.fill_null(0)).alias("old")
            use = pid.is_not_null() & known.is_not_null() & pl.Series(rng.random(frame.height) < 0.35)
            frame = frame.with_columns(
                pl.when(use & pl.col(role.id_number).is_not_null())
                .then(pl.lit(known))
                .otherwise(pl.col(role.id_number))
                .alias(role.id_number)
            )
    return frame


def _as_text(contract: Contract, frame: pl.DataFrame) -> pl.DataFrame:
    """Dates and times in the style of the category; a Parquet file keeps native ones."""
    if contract.delivery.format == "parquet" and contract.delivery.date_format == "native":
        return frame
    changed = []
    for column in contract.data_columns:
        for name in (column.name, f"_b_{column.name}"):
            if name in frame.columns and frame.schema[name] in {pl.Date(), pl.Datetime("us")}:
                changed.append(_text(contract, column, name).alias(name))
    keep = [
        pl.col(column.name).alias(f"_t_{column.name}")
        for column in contract.data_columns
        if column.type == "date" and column.name in frame.columns
    ]
    return frame.with_columns(*changed, *keep)


def _text(contract: Contract, column: Column, name: str) -> pl.Expr:
    if column.type == "datetime":
        return pl.col(name).dt.strftime(TIMES.get(column.format or "", "%Y-%m-%d %H:%M:%S"))
    if contract.delivery.date_format == "excel_serial":
        serial = (pl.col(name) - pl.lit(date(1899, 12, 30))).dt.total_days()
        return pl.lit(NUMBER_CELL) + serial.cast(pl.String)
    return pl.col(name).dt.strftime(STYLES[contract.delivery.date_format])


class _Deliveries:
    """Writes one delivery after the other and remembers what became of every record."""

    def __init__(self, contract: Contract, rng: np.random.Generator, rates: DefectRates, marker: dict[str | None, str], out: Path) -> None:
        self.contract, self.rng, self.rates, self.marker, self.out = contract, rng, rates, marker, out
        self.seen: list[pl.DataFrame] = []
        self.removed: list[pl.DataFrame] = []
        self.cells: list[pl.DataFrame] = []
        self.quarantine: list[pl.DataFrame] = []
        self.counts: list[dict[str, object]] = []

    def deliver(self, frame: pl.DataFrame, k: int, day: date) -> None:
        contract = self.contract
        only_full = contract.cadence.delta is None
        rows = self._rows(frame, k, only_full)
        rows = self._repeated(rows)
        if contract.category == "legal_aid":
            rows = rows.sort("office", maintain_order=True)
        rows = rows.with_row_index("_position", offset=1).with_columns(pl.col("_position").cast(pl.Int64))
        rows, refused = self._broken(rows, k)
        rows = self._dressed(rows)
        names = [column.name for column in contract.data_columns]
        torn = (refused.filter(pl.col("reason") == "torn_line")["row"] - 1).to_list() if refused.height else []
        kind = "full" if k == 0 or only_full else "delta"
        self._file(rows.select(names), k, day, torn, kind)
        readable = rows.join(refused.select(_position="row"), on="_position", how="anti")
        gone = readable.filter(pl.col("_state") == "D")
        self.seen.append(readable.select("_row", _seen=pl.lit(day)))
        self.removed.append(gone.select("_row", _removed=pl.lit(day)))
        self.cells.append(addresses.delivered(contract, readable))
        self.quarantine.append(
            refused.select(
                category=pl.lit(contract.category),
                delivery_date=pl.lit(day),
                row="row",
                reason="reason",
                natural_key="natural_key",
                must=pl.lit(True),
            )
        )
        distinct = rows["_row"].n_unique()
        self.counts.append(
            {
                "category": contract.category,
                "delivery_date": day,
                "kind": kind,
                "rows": rows.height,
                "distinct_records": distinct,
                "duplicate_keys": rows.height - distinct,
            }
        )

    def _rows(self, frame: pl.DataFrame, k: int, only_full: bool) -> pl.DataFrame:
        befores = [name for name in frame.columns if name.startswith("_b_")]
        if k == 0 or only_full:
            rows = frame.filter(pl.col("_first") <= k).with_columns(_state=pl.lit("F"))
            earlier = pl.col("_upd") > 0
            rows = rows.with_columns(pl.when(earlier).then(pl.col(name)).otherwise(pl.col(name[3:])).alias(name[3:]) for name in befores)
        else:
            insert, update = pl.col("_first") == k, pl.col("_upd") == k
            rows = frame.filter(insert | update | (pl.col("_del") == k)).with_columns(
                _state=pl.when(insert).then(pl.lit("I")).when(update).then(pl.lit("U")).otherwise(pl.lit("D"))
            )
            later = insert & (pl.col("_upd") > k)
            rows = rows.with_columns(pl.when(later).then(pl.col(name)).otherwise(pl.col(name[3:])).alias(name[3:]) for name in befores)
        if self.contract.category in {"social_assistance", "house_registry"}:
            return rows.sort("_key")
        shuffled: pl.DataFrame = rows[self.rng.permutation(rows.height).tolist()]
        return shuffled

    def _repeated(self, rows: pl.DataFrame) -> pl.DataFrame:
        """duplicate_key: an older copy of a record in the same file."""
        known = next((entry for entry in self.contract.known_defects if entry.defect == "duplicate_key"), None)
        if known is None:
            return rows
        share = self.rates.share(self.contract.category, "duplicate_key", known.share)
        copies = rows.filter(pl.Series(self.rng.random(rows.height) < share))
        both = pl.concat([rows, copies])
        place = np.r_[np.arange(rows.height, dtype=float), self.rng.uniform(0, rows.height, copies.height)]
        mixed: pl.DataFrame = both[np.argsort(place, kind="stable").tolist()]
        return mixed

    def _broken(self, rows: pl.DataFrame, k: int) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Rows that must go to quarantine, each for one reason."""
        contract, category = self.contract, self.contract.category
        once = pl.len().over("_row") == 1
        free = once & (pl.col("_state") != "D")
        reasons = {}
        draw = pl.Series(self.rng.random(rows.height))
        steps = [
            ("torn_line", contract.delivery.format in LINES),
            ("natural_key_missing", True),
            ("unknown_operation", k > 0 and bool(self.marker)),
        ]
        floor = 0.0
        reason = pl.lit(None, dtype=pl.String)
        for name, possible in steps:
            share = self.rates.share(category, name, BROKEN[name]) if possible else 0.0
            reasons[name] = share
            reason = pl.when((pl.lit(draw) >= floor) & (pl.lit(draw) < floor + share) & free).then(pl.lit(name)).otherwise(reason)
            floor += share
        if "_d_scheme" in rows.columns:
            reason = pl.when(pl.col("_d_scheme") == "code_unknown").then(pl.lit("unknown_code_in_key")).otherwise(reason)
        rows = rows.with_columns(_reason=reason)
        refused = rows.filter(pl.col("_reason").is_not_null()).select(
            row="_position",
            reason="_reason",
            natural_key=pl.when(pl.col("_reason").is_in(["natural_key_missing", "unknown_code_in_key"])).then(pl.col("_key")),
        )
        key = contract.natural_key[0]
        rows = rows.with_columns(pl.when(pl.col("_reason") == "natural_key_missing").then(None).otherwise(pl.col(key)).alias(key))
        return rows, refused

    def _dressed(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The marker column, and amounts with thousands separators."""
        contract = self.contract
        if contract.delta.marker:
            word = pl.col("_state").replace_strict(
                {"I": self.marker.get("I"), "U": self.marker.get("U"), "D": self.marker.get("D")},
                default=None,
                return_dtype=pl.String,
            )
            if contract.category in ENDING:
                column, value, ending = ENDING[contract.category]
                word = pl.when((pl.col("_state") == "U") & (pl.col(column) == value)).then(pl.lit(ending)).otherwise(word)
            unknown = pl.when(pl.col("_reason") == "unknown_operation").then(
                pl.lit("7" if contract.delivery.format == "fixed_width_gbk" else "Q")
            )
            rows = rows.with_columns(pl.coalesce(unknown, word).alias(contract.delta.marker))
            if contract.delta.full_marker == "empty string":
                rows = rows.with_columns(pl.col(contract.delta.marker).fill_null(""))
        if contract.category == "fund_loans":
            use = pl.Series(self.rng.random(rows.height) < 0.3)
            rows = rows.with_columns(
                pl.when(use)
                .then(pl.col("balance").str.replace(r"^(\d{1,3})(\d{3}\.\d+)$", "${1},${2}"))
                .otherwise(pl.col("balance"))
                .alias("balance")
            )
        return rows

    def _file(self, rows: pl.DataFrame, k: int, day: date, torn: list[int], kind: str) -> None:
        contract = self.contract
        delivery = contract.delivery
        folder = self.out / contract.department / contract.category / day.isoformat()
        folder.mkdir(parents=True, exist_ok=True)
        manifest: dict[str, Any] = {
            "department": contract.department,
            "category": contract.category,
            "delivery_date": day.isoformat(),
            "kind": kind,
            "rows": rows.height,
            "sha256": None,
            "encoding": delivery.encoding,
            "format": delivery.format,
            "schema_version": "1.0",
        }
        if delivery.format == "postgres":
            batch = day.strftime("%Y%m%d")
            writers.exchange(self.out / "postgres" / (delivery.table or ""), contract, rows, batch)
            manifest |= {"table": delivery.table, "batch": batch}
        else:
            path = folder / (delivery.file or "")
            self._bytes(path, rows, k, day, torn)
            with path.open("rb") as data:
                manifest["sha256"] = hashlib.file_digest(data, "sha256").hexdigest()
        (folder / "manifest.json").write_text(json.dumps(manifest, ensure_ascii=False, indent=1), encoding="utf-8")

    def _bytes(self, path: Path, rows: pl.DataFrame, k: int, day: date, torn: list[int]) -> None:
        contract = self.contract
        match contract.delivery.format:
            case "csv_gb18030" | "csv_utf8_bom":
                writers.csv(path, contract, rows, k, torn)
            case "jsonl":
                writers.jsonl(path, contract, rows, torn, self.rng)
            case "fixed_width_gbk":
                writers.fixed_width(path, contract, rows, torn)
            case "parquet":
                writers.parquet(path, contract, rows)
            case _:
                workbooks.write(path, workbooks.sheets_of(contract, rows, writers.headers(contract, k), day.isoformat()))
