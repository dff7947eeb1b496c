"""What the assets about persons do: decisions, linkage, quality of the links, the model.

Belongs here: the hand-over of counts between review, linkage, registry and quality. No dagster. Does not: rules about data, nor the stages
before and after (stages.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from pipelines.progress import stage
from pipelines.stages import MODELS
from resolvers import linkage, quality, registry
from resolvers.linkage.model import load_or_train
from resolvers.review.bringing import Brought, bring_to_mentions
from warehouse.decisions import attach_decisions

QUALITY_REPORT = Path("reports") / "links"


@dataclass(slots=True)
class Persons:
    """Counts of a linkage run, and what its checks look at; no values of anybody."""

    counts: dict[str, int | str]
    churn: dict[str, int | float | bool]
    churn_exceeded: dict[str, tuple[int, int]]
    decisions: Brought
    degraded: list[str] = field(default_factory=list)


@dataclass(slots=True)
class LinkQuality:
    """Estimates of a run, the verdicts on them, and the page."""

    counts: dict[str, int | float]
    verdicts: list[quality.Verdict]
    page: Path


def resolve_persons(con: duckdb.DuckDBPyConnection, home: Path, spark_master: str | None = None) -> Persons:
    """Decide who is who: what reviewers decided first, then what changed since the last run, then the ids.

    spark_master: where a run for everything joins and scores pairs; None: here.
    """
    with stage("persons") as event:
        run = registry.next_run(con)
        attach_decisions(con, home)
        decisions = bring_to_mentions(con)
        resolution = linkage.resolve(con, home / MODELS, run, spark_master=spark_master)
        churn = registry.churn(con, run)
        exceeded = registry.churn_exceeds(churn)
        degraded = [one.sentence() for one in resolution.degraded]
        event.rows = resolution.persons
        event.notes = {"mentions": resolution.mentions, "new": resolution.new, "gone": resolution.gone}
        event.warnings = [*degraded, *_words_of(decisions), *_words_of_churn(exceeded)]
    counts: dict[str, int | str] = {
        "rows": resolution.persons,
        "mentions": resolution.mentions,
        "new_mentions": resolution.new,
        "gone_mentions": resolution.gone,
        "units_touched": resolution.units_touched,
        "pairs": resolution.pairs,
        "links": resolution.links,
        "linked_anew": resolution.everything or "only what changed",
        "decisions_applied": decisions.applied,
        "decisions_dormant": decisions.dormant,
    }
    return Persons(counts, churn.as_metadata(), exceeded, decisions, degraded)


def _words_of(decisions: Brought) -> list[str]:
    if not decisions.conflicts:
        return []
    return [f"{decisions.conflicting} decisions of reviewers contradict each other and do not act: see `onegrid review conflicts`"]


def _words_of_churn(exceeded: dict[str, tuple[int, int]]) -> list[str]:
    return [f"person ids: {name} is {found}, and the changed mentions explain {most}" for name, (found, most) in exceeded.items()]


def estimate_link_quality(con: duckdb.DuckDBPyConnection, home: Path) -> LinkQuality:
    """Precision, recall and unlinkable share of this run's links per subgroup, without labels; table, page and verdicts."""
    with stage("link quality") as event:
        run = registry.next_run(con) - 1
        found = quality.estimate(con, load_or_train(con, home / MODELS), run)
        verdicts = quality.verdicts(con, run)
        page = quality.write_report(con, home / QUALITY_REPORT, run, verdicts)
        event.rows = found.subgroups
    counts: dict[str, int | float] = {"rows": found.subgroups, "hidden_mentions": found.hidden, "unlinkable_share": found.unlinkable_share}
    for name, (estimate, low, high) in (("precision", found.precision), ("recall", found.recall)):
        counts |= {name: estimate, f"{name}_low": low, f"{name}_high": high}
    return LinkQuality(counts, verdicts, page)


def train_model(con: duckdb.DuckDBPyConnection, home: Path) -> dict[str, Any]:
    """Train a new model on the mentions of the last run; it links everything anew from the next run on."""
    from resolvers.linkage.training import train_and_save  # noqa: PLC0415

    with stage("link model"):
        return dict(train_and_save(con, home / MODELS))
