"""Linkage: which mentions speak of one person.

Belongs here: the steps from mentions to persons, in order: certain links by numbers (nuclei), which unit a mention belongs to (assignment),
what is compared (units), the Splink model (model, scoring), constrained clusters (clusters), relatives without number (relatives), person
ids (resolvers/registry) and the tables that the rest of the house reads. Does not: reading values (expectations) or addresses
(resolvers/places).

A run links what changed since the last run in the same store (increments.py) and leaves what a run for everything would leave.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from resolvers.linkage import assignment, clusters, increments, model, nuclei, persons, relatives, scoring
from resolvers.registry import assign_ids
from sources.catalogue import load_catalogue


@dataclass(frozen=True, slots=True)
class Resolution:
    """What one run of the linkage found; counts only."""

    mentions: int
    persons: int
    pairs: int
    links: int
    trained_on: dict[str, Any]
    everything: str | None = None
    """why the whole city was linked anew; None when only what changed was"""
    new: int = 0
    gone: int = 0
    units_touched: int = 0
    cuts: int = 0
    """pairs above the threshold that were not used"""
    contradictions: tuple[clusters.Contradiction, ...] = ()
    """decisions of reviewers that could not be applied; in an increment, those that hang together with what changed"""
    degraded: tuple[scoring.Degraded, ...] = field(default=())
    """blocking rules that left out keys, because they would have proposed too many pairs"""


HEALTH_CATEGORIES = persons.HEALTH_CATEGORIES
JUSTICE_CATEGORIES = persons.JUSTICE_CATEGORIES


def resolve(
    con: duckdb.DuckDBPyConnection, models: Path, run: int, *, why_everything: str | None = None, spark_master: str | None = None
) -> Resolution:
    """Write `mention_person` and `everybody` from `mention` and `decided`; ids come from the registry and stay the same from run to run.

    Links what changed since the last run in this store; everything, when there was none, when it cannot be built upon, or when the
    caller says why. spark_master: where a run for everything joins and scores; increments are small and always stay here.
    """
    before = increments.temporary_tables(con)
    assignment.create_tables(con)
    state = increments.expected_state(con, models)
    delta = increments.find_delta(con, state, why_everything)
    increments.begin(con)
    touched = _prepare(con, delta, state)
    used_model = model.load_or_train(con, models)
    state = increments.expected_state(con, models)
    if not increments.builds_upon(state, delta):
        return resolve(con, models, run, why_everything="a model was trained", spark_master=spark_master)
    degraded = _score(con, used_model, touched, spark_master)
    outcome = persons.group(con, touched, threshold=used_model.threshold_weight, lead=used_model.lead)
    relatives.place(con, state.persons, everything=delta.everything is not None)
    persons.settle(con, delta)
    assign_ids(con, run, delta.scope("touched_cluster"))
    found = persons.publish(con, delta)
    increments.remember(con, state)
    resolution = Resolution(
        mentions=_count(con, "mention_person"),
        persons=found,
        pairs=_count(con, "pair"),
        links=_count(con, "link_edge"),
        cuts=_count(con, "cut"),
        contradictions=outcome.contradictions,
        trained_on=used_model.trained_on,
        everything=delta.everything,
        new=delta.new,
        gone=delta.gone,
        units_touched=_count(con, touched or "unit"),
        degraded=tuple(degraded),
    )
    increments.tidy(con, before)
    return resolution


def _prepare(con: duckdb.DuckDBPyConnection, delta: increments.Delta, state: increments.State) -> str | None:
    """Nuclei, assignment and units of what changed; returns the scope of touched units."""
    near = "mention" if delta.everything else "near_mention"
    if not delta.everything:
        increments.touch_mentions(con)
    mentions = delta.scope("touched_mention")
    nuclei.build(con, delta.scope("touched_number"), near)
    assignment.assign(con, mentions, near)
    assignment.share(con, mentions, near)
    if not delta.everything:
        increments.touch_units(con)
    touched = delta.scope("touched_unit")
    increments.rebuild_units(con, touched, state.reference)
    return touched


def _score(
    con: duckdb.DuckDBPyConnection, used_model: model.Model, touched: str | None, spark_master: str | None
) -> list[scoring.Degraded]:
    if touched is None:
        return scoring.score_all(con, used_model, spark_master)
    return scoring.score_touched(con, used_model, touched, "unit_before")


def _count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    row = con.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(row[0]) if row else 0


def restricted_categories() -> frozenset[str]:
    """Categories whose contract says restricted; together the two groups above."""
    return frozenset(name for name, contract in load_catalogue().contracts.items() if contract.sensitivity == "restricted")
