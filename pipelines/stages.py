"""What each asset does: the functions of the rooms, called in order, with their counts.

Belongs here: loops over pending deliveries and the hand-over of counts. No dagster, so that a run can be tried without it.
Does not: rules about data.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb

from expectations.acceptance import accept as accept_delivery
from expectations.suites import build_data_docs as render_data_docs
from expectations.suites import validate
from pipelines.progress import stage
from resolvers import mentions
from resolvers.linkage.model import MODEL_FILE
from resolvers.review.decisions import read_decisions
from sources import history
from sources.catalogue import load_catalogue
from sources.catalogue.models import Contract
from sources.deliveries import discover
from sources.errors import DeliveryRefused
from sources.landing import land as land_delivery
from sources.tables import has_table
from warehouse import cross_checks, profile, snapshots
from warehouse.alerts.recording import record_run
from warehouse.decisions import attach_decisions
from warehouse.feeds import withdrawals as feed_withdrawals
from warehouse.office.sealing import derived_key
from warehouse.withdrawal import purge_withdrawn

MODELS = "models"
"""Folder of a home that holds model files."""


@dataclass(slots=True)
class Landed:
    """Counts of one category's new deliveries; `refusals` say what, where and what to do, without values."""

    counts: dict[str, int] = field(default_factory=dict)
    refusals: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Accepted:
    """Counts, the accounting over all deliveries of the category, and failed expectations by name."""

    counts: dict[str, int] = field(default_factory=dict)
    accounting: dict[str, int] = field(default_factory=dict)
    failed_expectations: dict[str, int] = field(default_factory=dict)

    @property
    def accounts_balance(self) -> bool:
        return self.accounting["delivered"] == self.accounting["accepted"] + self.accounting["quarantined"]


def _count(con: duckdb.DuckDBPyConnection, statement: str, parameters: list[Any] | None = None) -> int:
    row = con.execute(statement, parameters or []).fetchone()
    return int(row[0]) if row and row[0] is not None else 0


def land(con: duckdb.DuckDBPyConnection, contract: Contract, deliveries: Path, until: date | None) -> Landed:
    """Land every delivery of the category that is not known yet, in date order; a refused one is reported and changes nothing."""
    outcome = Landed(counts={"rows": 0, "new_deliveries": 0})
    with stage("landed", contract.category) as event:
        for delivery in discover(deliveries).of(contract.category):
            if until is not None and delivery.delivery_date > until:
                continue
            try:
                landed = land_delivery(con, contract, delivery)
            except DeliveryRefused as refused:
                outcome.refusals.append(str(refused))
                continue
            if landed.is_new:
                outcome.counts["new_deliveries"] += 1
                event.rows += landed.rows
        outcome.counts["rows"] = event.rows
        event.notes = {"deliveries": outcome.counts["new_deliveries"]}
        event.warnings = list(outcome.refusals)
    return outcome


def accept(con: duckdb.DuckDBPyConnection, contract: Contract, home: Path) -> Accepted:
    """Judge every landed delivery row by row and against the suite."""
    outcome = Accepted(counts={"rows": 0})
    with stage("accepted", contract.category) as event:
        pending = con.execute("SELECT delivery_date FROM ledger WHERE category = ? AND stage = 'landed' ORDER BY delivery_date",
                              [contract.category]).fetchall()
        for (delivery_date,) in pending:
            verdict = validate(con, contract, delivery_date, data_docs_folder(home))
            for name, failed in verdict.failed.items():
                outcome.failed_expectations[name] = outcome.failed_expectations.get(name, 0) + failed
            accepted = accept_delivery(con, contract, delivery_date)
            event.rows += accepted.accepted
        outcome.counts["rows"] = event.rows
        totals = con.execute("SELECT sum(delivered), sum(accepted), sum(quarantined) FROM ledger WHERE category = ? AND stage <> 'refused'",
                             [contract.category]).fetchone() or (0, 0, 0)
        outcome.accounting = dict(zip(("delivered", "accepted", "quarantined"), (int(total or 0) for total in totals), strict=True))
        event.notes = outcome.accounting
    return outcome


def apply_history(con: duckdb.DuckDBPyConnection, contract: Contract) -> dict[str, int]:
    """Bring accepted deliveries into the history of the category."""
    with stage("history", contract.category) as event:
        applied = history.apply_pending(con, contract)
        event.rows = _count(con, f"SELECT count(*) FROM history_{contract.category}")
        event.notes = {"applied": len(applied)}
    return {"rows": event.rows, "applied": len(applied)}


def as_of(con: duckdb.DuckDBPyConnection, until: date | None) -> date:
    """The newest delivery date loaded, not after `until`. Forms do not count: what is said at a door changes no profile, and no age."""
    row = con.execute("""SELECT max(delivery_date) FROM ledger WHERE stage = 'applied' AND ($1 IS NULL OR delivery_date <= $1)
                         AND category NOT IN (SELECT unnest($2::VARCHAR[]))""", [until, list(load_catalogue().forms)]).fetchone()
    if row is None or row[0] is None:
        raise LookupError("no delivery has been applied: check the deliveries folder and the refusals reported above")
    found: date = row[0]
    return found


def materialise_current(con: duckdb.DuckDBPyConnection, contract: Contract, until: date | None) -> dict[str, int]:
    """The records of the category in force on the reference date."""
    with stage("current", contract.category) as event:
        event.rows = history.materialise_current(con, contract, as_of(con, until))
    return {"rows": event.rows}


def build_mentions(con: duckdb.DuckDBPyConnection, contract: Contract) -> dict[str, int]:
    """One mention per current record and role."""
    with stage("mentions", contract.category) as event:
        event.rows = mentions.build(con, contract)
    return {"rows": event.rows}


def build_profiles(con: duckdb.DuckDBPyConnection, until: date | None) -> dict[str, int]:
    """The 115 attributes of everybody."""
    with stage("profiles") as event:
        profile.build(con, as_of(con, until))
        event.rows = _count(con, "SELECT count(*) FROM profile")
    return {"rows": event.rows}


def evaluate_checks(con: duckdb.DuckDBPyConnection, home: Path, until: date | None, run_id: str) -> dict[str, int]:
    """Alerts of this reference date, brought into the book of alerts; then their count per person."""
    with stage("alerts") as event:
        reference = as_of(con, until)
        event.rows = cross_checks.evaluate(con, reference, derived_key(home, "alert"))
        waiting = cross_checks.waiting_for(con)
        if waiting:
            lacking = sorted({category for categories in waiting.values() for category in categories})
            event.warnings.append(f"{len(waiting)} checks wait for a first delivery of {', '.join(lacking)}")
        recorded = record_run(con, home, reference, run_id, now=datetime.now(UTC))
        profile.fill_open_mismatches(con)
        event.notes = {"opened": recorded.opened, "reopened": recorded.reopened, "closed": recorded.closed, "checks_waiting": len(waiting)}
    return {"rows": event.rows, **event.notes}


def data_docs_folder(home: Path) -> Path:
    return home / "reports" / "data_docs"


def build_data_docs(home: Path) -> Path:
    """Render the results of the suites; returns the index page."""
    with stage("data docs"):
        return render_data_docs(data_docs_folder(home))


def publish(con: duckdb.DuckDBPyConnection, home: Path, until: date | None, run_id: str) -> dict[str, Any]:
    """Publish the snapshot and say what it was made of, so that the next run can tell whether anything is new."""
    with stage("snapshot") as event:
        reference = as_of(con, until)
        feed_withdrawals.note(con, home)
        published = snapshots.publish(con, home, reference, run_id, made_of=fingerprint(con, home, until))
        cleaned = purge_withdrawn(con, home)
        event.rows = _count(con, "SELECT count(*) FROM profile")
        event.notes = {"snapshot": published.number, "older_snapshots_cleaned": len(cleaned)}
    return {"rows": event.rows, "number": published.number, "as_of": reference.isoformat(), "older_snapshots_cleaned": len(cleaned)}


def fingerprint(con: duckdb.DuckDBPyConnection, home: Path, until: date | None) -> str:
    """Identity of what a snapshot is made of: the applied deliveries (not after `until`), reviewers' decisions, the linkage model
    and the boundaries."""
    rows = con.execute("""SELECT category, delivery_date::VARCHAR, content_hash FROM ledger
                          WHERE stage = 'applied' AND ($1 IS NULL OR delivery_date <= $1) ORDER BY ALL""", [until]).fetchall()
    attach_decisions(con, home)
    decided = [decision.decision_id for decision in read_decisions(con)]
    model = home / MODELS / MODEL_FILE
    parts = [rows, sorted(decided), hashlib.sha256(model.read_bytes()).hexdigest() if model.exists() else None, _boundaries(con)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _boundaries(con: duckdb.DuckDBPyConnection) -> str | None:
    """Digest of every version of every boundary; None where none were ever loaded."""
    if not has_table(con, "boundary"):
        return None
    row = con.execute("""SELECT md5(string_agg(concat_ws('|', area_code, valid_from, valid_to, md5(geometry)), ';'
                                               ORDER BY area_code, valid_from)) FROM boundary""").fetchone()
    return row[0] if row else None


def fingerprint_of_deliveries(deliveries: Path) -> str:
    """Identity of what lies in the deliveries folder, from its manifests alone."""
    digest = hashlib.sha256()
    for manifest in sorted(deliveries.glob("*/*/*/manifest.json")):
        digest.update(str(manifest.relative_to(deliveries)).encode())
        digest.update(manifest.read_bytes())
    return digest.hexdigest()
