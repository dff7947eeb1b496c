"""`auto`: a model for tables that nobody described.

Belongs here: the order of the steps from `table_record` to a trained model with its reasons. Does not: the steps (profiling.py, relations.py,
proposal.py, learning.py, selection.py), linking with the model (engine.py).

Nothing of it knows a table or a language beforehand: what a column holds is told from its content, names of columns are only written down.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from resolvers.tables import learning, selection
from resolvers.tables.blocking import possible_pairs
from resolvers.tables.comparing import MACROS
from resolvers.tables.preparing import prepare
from resolvers.tables.profiling import Content, Profile, profile_tables
from resolvers.tables.proposal import Feature, features_of
from resolvers.tables.reading import SourceTable
from resolvers.tables.relations import Relations, common_words, relate
from resolvers.tables.spec import BlockingRule, Clustering, Model, TrainingReport


@dataclass(frozen=True, slots=True)
class Proposal:
    """A trained model, and in sentences why it is as it is (counts only, no values)."""

    model: Model
    reasons: tuple[str, ...]


def propose(con: duckdb.DuckDBPyConnection, tables: Sequence[SourceTable], *, date: str) -> Proposal:
    """A model from `table_record` (reading.py)."""
    profiles = profile_tables(con)
    relations = relate(con, profiles)
    features, reasons = features_of(profiles, relations, _common(con, profiles))
    model = _skeleton(features)
    for macro in MACROS:
        con.execute(macro)
    prepare(con, model)
    rows = sum(table.rows for table in tables)
    keys = selection.key_shares(con, model, features)
    rules = selection.candidate_rules(keys, rows, possible_pairs(con, model))
    pool = learning.observe(con, model, selection.pool_sql(con, model, rules))
    found = learning.learn(con, model, pool)
    probability = learning.probabilities(learning.weights(model, found, pool))
    blocking, recall = selection.select_rules(rules, pool, probability, rows)
    trained = learning.with_parameters(model, found).model_copy(update={"blocking": blocking, "threshold": 0.5})
    return Proposal(trained, (*reasons, f"{len(rules)} candidate rules, {len(blocking)} kept, recall {recall:.4f}, {found.matches:.0f} expected matches"))


def _common(con: duckdb.DuckDBPyConnection, profiles: Sequence[Profile]) -> dict[str, Sequence[str]]:
    return {
        profile.column: common_words(con, profile.column, share=0.03, at_most=60)
        for profile in profiles
        if profile.content is Content.TEXT and profile.share("has_han") < 0.5
    }


def _skeleton(features: Sequence[Feature]) -> Model:
    """The model before learning; the blocking is a stand-in until rules are chosen."""
    return Model(
        name="auto",
        columns=tuple(column for feature in features for column in feature.columns),
        comparisons=tuple(comparison for feature in features for comparison in (feature.comparison, *feature.helpers)),
        blocking=(BlockingRule(keys=(features[0].keys[0],)),),
    )
