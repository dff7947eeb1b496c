"""`auto`: a model for tables that nobody described.

Belongs here: the order of the steps from `table_record` to a trained model with its reasons. Does not: the steps (profiling.py,
relations.py, proposal.py, learning.py, dependence.py, selection.py), linking with the model (engine.py).

Nothing of it knows a table or a language beforehand: what a column holds is told from its content, names of columns are only written down.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import duckdb
import numpy as np

from resolvers.tables import dependence, learning, selection
from resolvers.tables.blocking import possible_pairs
from resolvers.tables.comparing import MACROS
from resolvers.tables.conditions import Equal, Otherwise
from resolvers.tables.features import Feature
from resolvers.tables.preparing import prepare
from resolvers.tables.profiling import Content, Profile, profile_tables
from resolvers.tables.proposal import features_of, slug
from resolvers.tables.reading import SourceTable, TableRefused
from resolvers.tables.relations import common_words, relate
from resolvers.tables.spec import (
    BlockingRule,
    Clustering,
    Column,
    Comparison,
    Key,
    Kind,
    Level,
    Model,
    Prior,
    TrainingReport,
)

THRESHOLD = 0.5
THRESHOLD_REASON = (
    "a pair links when it is more likely one than two, and clusters join while the mean evidence between them is for it: "
    "with calibrated probabilities that maximises the expected F1 of a linkage that is nearly right"
)
LOWEST_WEIGHT = -20.0
"""Pairs down to here are kept, because they speak against a cluster."""
ABSENT_WEIGHT = -1.0
"""Of a pair that no rule proposed: slightly more likely two than one."""
MOST_INSIDE = 0.02
"""Share of likely matches inside of single tables up to which tables count as free of duplicates."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A trained model, and in sentences why it is as it is (counts only, no values)."""

    model: Model
    reasons: tuple[str, ...]


def propose(con: duckdb.DuckDBPyConnection, tables: Sequence[SourceTable], *, date: str) -> Proposal:
    """A trained model from `table_record` (reading.py). date: the day written into the training report, ISO.

    Raises TableRefused where there is no column besides the id. Tables of which no column says anything get a model that links nothing.
    """
    for macro in MACROS:
        con.execute(macro)
    rows = sum(table.rows for table in tables)
    profiles = profile_tables(con)
    if not profiles:
        raise TableRefused(
            "there is no column besides the id", ", ".join(table.name for table in tables), "give tables with columns to compare"
        )
    features, reasons = features_of(profiles, relate(con, profiles), _common(con, profiles), _reserved(con))
    if rows < 2 or not features:
        return Proposal(_silent(profiles[0]), (*reasons, "no column says anything that two rows could share: nothing is linked"))
    model = _skeleton(features)
    prepare(con, model)
    learning.count_frequencies(con, model)
    rules = selection.candidate_rules(selection.key_shares(con, model, features), rows, possible_pairs(con, model))
    if not rules:
        return Proposal(_silent(profiles[0]), (*reasons, "no two rows share enough to be compared: nothing is linked"))
    learned = _learn(con, model, rules, rows)
    probability = learning.probabilities(learning.weights(learned.model, learned.found, learned.seen))
    blocking, recall = selection.select_rules(rules, learned.pool, learned.seen, probability, rows)
    if not blocking:
        return Proposal(_silent(profiles[0]), (*reasons, *learned.reasons, "no pair of rows is likely to be one: nothing is linked"))
    for table in ("pool_pair", "learned_record"):
        con.execute(f"DROP TABLE IF EXISTS {table}")
    duplicates = len(tables) < 2 or _has_duplicates(tables, learned.seen, probability)
    finished = _finished(con, learned, blocking, duplicates, tables, date)
    kept = f"{len(rules)} candidate rules were weighed; {len(blocking)} are kept and find {recall:.2%} of the matches that all of them find"
    matches = f"about {learned.found.matches:,.0f} pairs of rows are expected to be one"
    once = () if duplicates else ("no table seems to hold anybody twice: only rows of different tables are compared, one of each at most",)
    return Proposal(finished, (*reasons, *learned.reasons, matches, kept, *once, THRESHOLD_REASON))


@dataclass(frozen=True, slots=True)
class _Learned:
    model: Model
    found: learning.Parameters
    pool: selection.Pool
    seen: learning.Observed
    reasons: tuple[str, ...]


def _learn(con: duckdb.DuckDBPyConnection, model: Model, rules: Sequence[selection.Candidate], rows: int) -> _Learned:
    """Learned with the dependences that are evident beforehand; where learning shows more, they are added and all is learned again."""
    pool = selection.draw_pool(con, model, rules, rows)
    seen = learning.observe(con, model, pool.relation)
    sample = learning.observe(con, model, learning.random_pairs(con, model, learning.sample_size(possible_pairs(con, model))))
    base = learning.gather(con, model, sample)
    drawn = dependence.draw_sharing(con, model, [n for n, share in enumerate(base.equal) if share and share < dependence.MOST_SHARED])
    found = learning.start(model, base)
    u = found.u
    first = {place: drawn[place] for place in dependence.evident(base.equal, base.total, base.rows)}
    whole, kin = dependence.split(model, ()), dependence.kin_of(model)
    tree = dependence.dependences(whole, found, u, first, (), kin)
    while True:
        divided = dependence.split(model, tree)
        pairs = dependence.split_pairs(divided, seen)
        evidence = learning.gather(con, divided.model, dependence.split_pairs(divided, sample))
        as_seen = {n: replace(one, pairs=dependence.split_pairs(divided, one.pairs)) for n, one in drawn.items()}
        found = learning.learn(divided.model, evidence, pairs, pool.scale, _corrections(divided, evidence, as_seen))
        more = dependence.dependences(divided, found, u, drawn, tree, kin)
        if not more:
            break
        tree = [*tree, *more]
    names = [comparison.name for comparison in model.comparisons]
    reasons = tuple(
        f"{names[one.child]}: hangs together with {names[one.parent]} ({one.bits:.1f} bits), so it counts apart where that one agrees"
        for one in tree
    )
    return _Learned(divided.model, found, pool, pairs, reasons)


def _has_duplicates(tables: Sequence[SourceTable], seen: learning.Observed, probability: learning.Floats) -> bool:
    """Whether tables hold somebody twice: of the likely matches of the pool more than a few lie inside one table."""
    ends = np.cumsum([table.rows for table in tables])
    within = np.searchsorted(ends, seen.left, side="left") == np.searchsorted(ends, seen.right, side="left")
    likely = probability >= learning.LIKELY
    inside = float(probability[likely & within].sum())
    return inside > MOST_INSIDE * float(probability[likely & ~within].sum())


def _finished(
    con: duckdb.DuckDBPyConnection,
    learned: _Learned,
    blocking: tuple[BlockingRule, ...],
    duplicates: bool,
    tables: Sequence[SourceTable],
    date: str,
) -> Model:
    """The model as it is written: rules, parameters, threshold, clustering, report."""
    model = learned.model.model_copy(update={"duplicates": duplicates})
    found = learned.found
    found.total = possible_pairs(con, model)
    report = TrainingReport(
        date=date,
        tables=tuple(table.name for table in tables),
        records=sum(table.rows for table in tables),
        random_pairs=learning.sample_size(found.total),
        notes=(f"{len(learned.seen.left):,} pairs of {len(blocking)} and more candidate rules; {found.matches:,.0f} matches expected",),
    )
    return learning.with_parameters(model, found).model_copy(
        update={
            "about": "made by looking at the tables; change what you know better and give this file as --model",
            "blocking": blocking,
            "threshold": THRESHOLD,
            "threshold_reason": THRESHOLD_REASON,
            "clustering": Clustering(method="average", absent_weight=ABSENT_WEIGHT, lowest_weight=LOWEST_WEIGHT),
            "trained": report,
        }
    )


def _silent(profile: Profile) -> Model:
    """A model that is well-formed and links nothing."""
    name = slug(profile.column, 1, set())
    column = Column(name=name, kind=Kind.TEXT, sources=(profile.column,), optional=True)
    levels = (Level(label="equal", when=Equal(column=name), m=0.5, u=0.5), Level(label="different", when=Otherwise(), m=0.5, u=0.5))
    return Model(
        name="auto",
        about="no column says anything that two rows could share",
        columns=(column,),
        comparisons=(Comparison(name=name, needs=(name,), levels=levels),),
        blocking=(BlockingRule(keys=(Key(column=name),), max_pairs=1, why="nothing to compare"),),
        prior=Prior(probability=1e-9),
        threshold=THRESHOLD,
    )


def _corrections(divided: dependence.Split, evidence: learning.Evidence, drawn: dict[int, dependence.Sharing]) -> learning.Corrections:
    """u of conditional comparisons, and of those that speak elsewhere: their equal values less those where the parent agrees."""

    def correct(found: learning.Parameters) -> dict[int, learning.Floats]:
        corrected = {}
        for place, (role, parent) in enumerate(zip(divided.role, divided.parent, strict=True)):
            if role != 2:
                continue
            corrected[place] = dependence.conditional_u(divided.model, found, drawn[parent], place, divided.origin.index(parent))
            elsewhere, share = found.u[place - 1].copy(), evidence.equal[place - 1]
            if share is not None:
                agreeing = evidence.equal[divided.origin.index(parent)] or 0.0
                elsewhere[0] = max(elsewhere[0] - agreeing * float(corrected[place][0]), elsewhere[0] * learning.OWN_SHARE)
            corrected[place - 1] = elsewhere
        return corrected

    return correct


def _reserved(con: duckdb.DuckDBPyConnection) -> set[str]:
    """Words of SQL, which stand for columns without quotes in conditions."""
    return {str(row[0]) for row in con.execute("SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category = 'reserved'").fetchall()}


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
