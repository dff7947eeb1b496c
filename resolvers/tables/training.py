"""Training: m and u of a model's levels, learned without any truth.

Belongs here: the prior, u from random pairs, m by expectation maximisation, what is written back into the model with a report.
Does not: scoring (engine.py).

u: shares of each level among random pairs (seeded). m: one round of expectation maximisation per training rule, on the pairs that share the
rule's keys; comparisons of other columns learn from it, and the mean of the rounds holds. A level that no pair shows gets a floor.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import duckdb
from splink import DuckDBAPI, Linker

from resolvers.tables.blocking import fill_keys, pairs_sql, possible_pairs, rule_name
from resolvers.tables.comparing import comparison_settings
from resolvers.tables.spec import Key, Model, ModelFileError, TrainingReport, columns_of_keys, is_trained

SMALLEST_M = 1e-4
MAX_TRAINING_PAIRS = 2_000_000
"""Pairs of one round; more frequent values are left out of the round."""
DEFAULT_PRIOR = 1e-4
MIN_PRIOR_PAIRS = 5


def settings(model: Model, prior: float) -> dict[str, Any]:
    """Splink settings, fresh, because Splink configures them in place. Pairs are blocked by blocking.py."""
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": "unique_id",
        "probability_two_random_records_match": prior,
        "comparisons": [comparison_settings(comparison, model) for comparison in model.comparisons],
        "blocking_rules_to_generate_predictions": [{"blocking_rule": "l.unique_id = r.unique_id"}],
        "retain_matching_columns": False,
        "retain_intermediate_calculation_columns": False,
        "max_iterations": 60,
        "em_convergence": 1e-4,
    }


def _quiet() -> None:
    """Splink warns of levels without pairs; the training report names them."""
    logging.getLogger("splink").setLevel(logging.ERROR)


def linker(con: duckdb.DuckDBPyConnection, table: str, model: Model, prior: float) -> Linker:
    _quiet()
    return Linker(DuckDBAPI(connection=con).register(table), settings(model, prior), log_level=None, validate_settings=False)


def forget(used: Linker) -> None:
    """Drop Splink's own tables from the shared connection."""
    used._db_api.delete_tables_created_by_splink_from_db()  # type: ignore[no-untyped-call,unused-ignore]


def estimate_prior(con: duckdb.DuckDBPyConnection, model: Model) -> float:
    """The probability that two random records of these tables are one person: as stated, or pairs of the prior's rules over the recall
    that the model states for them. It depends on the size of the tables, so a model that states none is right for tables of any size."""
    if model.prior.probability is not None:
        return model.prior.probability
    total = possible_pairs(con, model)
    if not model.prior.rules or total == 0:
        return DEFAULT_PRIOR
    fill_keys(con, model, [(keys, MAX_TRAINING_PAIRS) for keys in model.prior.rules], "prior_key")
    row = con.execute(f"SELECT count(*) FROM ({pairs_sql(model, 'prior_key')})").fetchone() or (0,)
    con.execute("DROP TABLE prior_key")
    return min(max(int(row[0]), MIN_PRIOR_PAIRS) / max(model.prior.recall, 0.01) / total, 0.5)


def train(con: duckdb.DuckDBPyConnection, model: Model, prior: float, tables: Sequence[str], date: str) -> Model:
    """The model with m and u at every level, learned from `table_prepared`; what was stated stays as it is."""
    if is_trained(model):
        return model
    records = int((con.execute("SELECT count(*) FROM table_prepared").fetchone() or (0,))[0])
    if records < 2:
        return _merged(model, {}, None)
    guards = _guard_training(con, model)
    learner = linker(con, "training_record", _with_defaults(model), prior)
    pairs = model.training.random_pairs
    learner.training.estimate_u_using_random_sampling(max_pairs=pairs, seed=model.training.seed, min_count_per_level=None, num_chunks=1)
    rounds = [_round(learner, keys, guard, model) for keys, guard in zip(model.training.rules, guards, strict=True)]
    learned = _levels(learner)
    forget(learner)
    con.execute("DROP TABLE IF EXISTS training_record")
    report = TrainingReport(
        date=date, tables=tuple(tables), records=records, random_pairs=pairs, rounds=tuple(rounds), notes=tuple(_notes(model, learned))
    )
    return _merged(model, learned, report)


def _guard_training(con: duckdb.DuckDBPyConnection, model: Model) -> list[str]:
    """`training_record`: the prepared records with one guard column per training rule, empty where the rule's values are too frequent."""
    lists = {column.name for column in model.columns if column.is_list}
    for keys in model.training.rules:
        taken = sorted((columns_of_keys(keys) & lists) | {key.column for key in keys if key.other})
        if taken:
            raise ModelFileError(f"training rules cannot use lists or other columns: {', '.join(taken)}", model.name, "use single values")
    fill_keys(con, model, [(keys, MAX_TRAINING_PAIRS) for keys in model.training.rules], "training_key")
    guards = [f"guard_{place}" for place in range(len(model.training.rules))]
    columns = "".join(f", max(key) FILTER (rule = {place}) AS guard_{place}" for place in range(len(guards)))
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE training_record AS
        SELECT table_prepared.*, {", ".join(guards) or "NULL AS guard"}
        FROM table_prepared LEFT JOIN (SELECT unique_id{columns} FROM training_key GROUP BY unique_id) USING (unique_id)
        ORDER BY unique_id""")
    con.execute("DROP TABLE training_key")
    return guards


def _round(learner: Linker, keys: Sequence[Key], guard: str, model: Model) -> dict[str, Any]:
    """One round of expectation maximisation; counts of it. The guard decides, the columns tell Splink which comparisons learn nothing."""
    named = " AND ".join(f"l.{key.column} IS NOT NULL AND r.{key.column} IS NOT NULL" for key in keys)
    across = "" if model.duplicates else " AND l.table_name <> r.table_name"
    try:
        session = learner.training.estimate_parameters_using_expectation_maximisation(
            f"l.{guard} = r.{guard} AND {named}{across}", estimate_without_term_frequencies=True
        )
    except Exception as fault:
        if type(fault).__module__.startswith("splink"):
            return {"rule": rule_name(keys), "skipped": "no pairs to learn from"}
        raise
    return {
        "rule": rule_name(keys),
        "iterations": len(session._core_model_settings_history) - 1,
        "learned": [comparison.output_column_name for comparison in session.core_model_settings.comparisons],
        "matches": round(float(session.core_model_settings.probability_two_random_records_match), 4),
    }


def _with_defaults(model: Model) -> Model:
    """Where Splink starts: the upper levels hold among pairs of one person."""
    comparisons = []
    for comparison in model.comparisons:
        graded = len(comparison.levels) - 1
        levels = []
        for place, level in enumerate(comparison.levels):
            start = 0.05 if place == graded else 0.95 * 2.0 ** (graded - place - 1) / (2.0**graded - 1)
            levels.append(level.model_copy(update={"m": start if level.m is None else level.m}))
        comparisons.append(comparison.model_copy(update={"levels": tuple(levels)}))
    return model.model_copy(update={"comparisons": tuple(comparisons)})


Learned = dict[tuple[str, str], tuple[float | None, float | None]]
"""(comparison, level) -> m, u; None where nothing was observed."""


def _levels(learner: Linker) -> Learned:
    found: Learned = {}
    for comparison in learner.misc.save_model_to_json()["comparisons"]:
        for level in comparison["comparison_levels"]:
            if not level.get("is_null_level"):
                key = comparison["output_column_name"], level["label_for_charts"]
                found[key] = (level.get("m_probability"), level.get("u_probability"))
    return found


def _notes(model: Model, learned: Learned) -> list[str]:
    missing = [
        f"{comparison.name}: {level.label}"
        for comparison in model.comparisons
        for level in comparison.levels
        if level.m is None and learned.get((comparison.name, level.label), (None, None))[0] is None
    ]
    return [f"not observed, floors hold: {', '.join(missing)}"] if missing else []


def _merged(model: Model, learned: Learned, report: TrainingReport | None) -> Model:
    """m and u where the file does not state them, with floors; m sums to one per comparison."""
    start = {comparison.name: comparison for comparison in _with_defaults(model).comparisons}
    comparisons = []
    smallest_u = 0.5 / model.training.random_pairs
    for comparison in model.comparisons:
        untaught = all(learned.get((comparison.name, level.label), (None, None))[0] is None for level in comparison.levels)
        ms, us = [], []
        for place, level in enumerate(comparison.levels):
            m, u = learned.get((comparison.name, level.label), (None, None))
            fallback = (start[comparison.name].levels[place].m or SMALLEST_M) if untaught else SMALLEST_M
            ms.append(level.m if level.m is not None else max(m if m is not None else fallback, SMALLEST_M))
            us.append(level.u if level.u is not None else max(u if u is not None else 0.0, smallest_u))
        free = sum(m for m, level in zip(ms, comparison.levels, strict=True) if level.m is None)
        left = max(1.0 - sum(level.m for level in comparison.levels if level.m is not None), SMALLEST_M)
        levels = tuple(
            level.model_copy(update={"m": _rounded(level.m if level.m is not None else m * left / free), "u": _rounded(u)})
            for level, m, u in zip(comparison.levels, ms, us, strict=True)
        )
        comparisons.append(comparison.model_copy(update={"levels": levels}))
    return model.model_copy(update={"comparisons": tuple(comparisons), "trained": report})


def _rounded(share: float) -> float:
    return float(f"{share:.6g}")
