"""`auto`: a model for tables that nobody described.

Belongs here: the order of the steps from `table_record` to a trained model with its reasons. Does not: the steps (profiling.py, relations.py,
proposal.py, learning.py, selection.py), linking with the model (engine.py).

Nothing of it knows a table or a language beforehand: what a column holds is told from its content, names of columns are only written down.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from resolvers.tables import dependence, learning, selection
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
    rules = selection.candidate_rules(selection.key_shares(con, model, features), rows, possible_pairs(con, model))
    pool = selection.draw_pool(con, model, rules, rows)
    seen = learning.observe(con, model, pool.relation)
    sample = learning.observe(con, model, learning.random_pairs(con, model, learning.RANDOM_PAIRS))
    evidence = learning.gather(con, model, sample)
    found = learning.learn(model, evidence, seen, pool.scale, lambda _: {})
    divided, drawn, hanging = _divide(con, model, evidence, found)
    if hanging:
        model, seen = divided.model, dependence.split_pairs(divided, seen)
        evidence = learning.gather(con, model, dependence.split_pairs(divided, sample))
        found = learning.learn(model, evidence, seen, pool.scale, _corrections(divided, evidence, drawn))
    probability = learning.probabilities(learning.weights(model, found, seen))
    blocking, recall = selection.select_rules(rules, pool, seen, probability, rows)
    trained = learning.with_parameters(model, found).model_copy(update={"blocking": blocking, "threshold": 0.5})
    return Proposal(trained, (*reasons, *hanging, f"{len(rules)} candidate rules, {len(blocking)} kept, recall {recall:.4f}, {found.matches:.0f} expected matches"))


def _divide(
    con: duckdb.DuckDBPyConnection, model: Model, evidence: learning.Evidence, found: learning.Parameters
) -> tuple[dependence.Split, dict[int, dependence.Sharing], tuple[str, ...]]:
    """The model with comparisons that hang together split, the pairs that tell so (as the split model sees them), and why."""
    shared = [share if share is not None else 1.0 for share in evidence.equal]
    places = [place for place, share in enumerate(shared) if 0 < share < dependence.MOST_SHARED]
    drawn = dependence.draw_sharing(con, model, places)
    tree = dependence.dependences(model, found, drawn)
    names = [comparison.name for comparison in model.comparisons]
    reasons = tuple(f"{names[one.child]}: depends on {names[one.parent]} ({one.bits:.1f} bits among pairs of two)" for one in tree)
    divided = dependence.split(model, tree)
    wanted = {one.parent for one in tree}
    as_seen = {
        place: dependence.Sharing(place, dependence.split_pairs(divided, sharing.pairs), sharing.weight)
        for place, sharing in drawn.items()
        if place in wanted
    }
    return divided, as_seen, reasons


def _corrections(
    divided: dependence.Split, evidence: learning.Evidence, drawn: dict[int, dependence.Sharing]
) -> learning.Corrections:
    """u of conditional comparisons, and of those that speak elsewhere: their equal values less those where the parent agrees."""

    def correct(found: learning.Parameters) -> dict[int, learning.Floats]:
        corrected = {}
        for place, (role, parent) in enumerate(zip(divided.role, divided.parent, strict=True)):
            if role != 2:
                continue
            corrected[place] = dependence.conditional_u(divided.model, found, drawn[parent], place)
            elsewhere, share = found.u[place - 1].copy(), evidence.equal[place - 1]
            if share is not None:
                agreeing = evidence.equal[divided.origin.index(parent)] or 0.0
                elsewhere[0] = max(elsewhere[0] - agreeing * float(corrected[place][0]), elsewhere[0] * learning.OWN_SHARE)
            corrected[place - 1] = elsewhere
        return corrected

    return correct


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
