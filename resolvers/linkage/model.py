"""The Splink model: its parameters, the model file, training and scoring.

Belongs here: learning m and u, and scoring pairs of units. Does not: what is compared (comparisons.py), deciding on
clusters (clusters.py).
Settings are built fresh for each linker, because Splink configures them in place.

A model file holds the m and u probabilities per comparison and level, with the version of the comparisons and what it
was trained on.
It is trained once per installation, when it is missing, and never again by itself. m is learned without any truth: of
people whose
records carry a valid number, one record is compared with the others as if it had none. u comes from random pairs;
where a level is so
rare that random pairs miss it, from counting.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from splink import DuckDBAPI, Linker

from resolvers.linkage import units
from resolvers.linkage.comparisons import COMPARISONS, blocking_rules

VERSION = 1
"""Raised when a comparison or level changes its meaning; a model file of another version is refused."""

MODEL_FILE = "persons.json"
MIN_TRAINING_PAIRS = 400
"""Fewer pairs cannot tell levels of one percent apart; then the defaults below hold, and no model file is written."""
MAX_TRAINING_PAIRS = 20_000
RANDOM_PAIRS = 3_000_000
SMALLEST = 2e-4
"""Floor of m: nothing that can happen is impossible."""
FIXED = frozenset({"number", "age"})
"""Comparisons that cannot be learned by hiding numbers; their parameters are stated: shares of typing errors, of
minors."""

log = logging.getLogger(__name__)


class ModelMismatch(ValueError):
    """A model file does not fit the comparisons of this version."""


@dataclass(frozen=True, slots=True)
class Model:
    """m and u by comparison and level, and where they come from (`default`, or the number of training pairs)."""

    parameters: dict[str, dict[str, tuple[float, float]]]
    trained_on: dict[str, Any]


_TERM_FREQUENCY = {("name", "equal"): "plain"}


def default_model() -> Model:
    return Model(
        {name: {label: (m, u) for label, _, m, u in levels} for name, (_, levels) in COMPARISONS.items()},
        {"origin": "default"},
    )


def _comparison(name: str, model: Model) -> dict[str, Any]:
    missing, levels = COMPARISONS[name]
    rows: list[dict[str, Any]] = [{"sql_condition": missing, "label_for_charts": "missing", "is_null_level": True}]
    for label, condition, _, _ in levels:
        m, u = model.parameters[name][label]
        row: dict[str, Any] = {
            "sql_condition": condition,
            "label_for_charts": label,
            "m_probability": m,
            "u_probability": u,
        }
        if (name, label) in _TERM_FREQUENCY:
            row["tf_adjustment_column"] = _TERM_FREQUENCY[name, label]
        rows.append(row)
    return {"output_column_name": name, "comparison_levels": rows}


def settings(model: Model, prior: float) -> dict[str, Any]:
    """Splink settings, fresh; prior: the probability that two random units are one person."""
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": "unique_id",
        "probability_two_random_records_match": prior,
        "comparisons": [_comparison(name, model) for name in COMPARISONS],
        "blocking_rules_to_generate_predictions": blocking_rules(),
        "retain_matching_columns": False,
        "retain_intermediate_calculation_columns": False,
    }


def _linker(con: duckdb.DuckDBPyConnection, table: str, model: Model, prior: float) -> Linker:
    return Linker(
        DuckDBAPI(connection=con).register(table), settings(model, prior), log_level=None, validate_settings=False
    )


def _forget(linker: Linker) -> None:
    """Drop Splink's own tables from the shared connection."""
    linker._db_api.delete_tables_created_by_splink_from_db()  # type: ignore[no-untyped-call,unused-ignore]


def _count(con: duckdb.DuckDBPyConnection, query: str) -> int:
    row = con.execute(query).fetchone()
    return int(row[0] or 0) if row else 0


def score(con: duckdb.DuckDBPyConnection, model: Model, min_weight: float) -> int:
    """Write `pair`: unit ids (smaller first), match weight (log2 odds) and probability of compared pairs from
    `min_weight` on."""
    persons = max(_count(con, "SELECT count(*) FROM unit"), 2)
    linker = _linker(con, "unit", model, 1 / persons)
    predictions = linker.inference.predict(threshold_match_weight=min_weight)
    con.execute(f"""
        CREATE OR REPLACE TABLE pair AS
        SELECT least(unique_id_l, unique_id_r) AS unit_l, greatest(unique_id_l, unique_id_r) AS unit_r,
               max(match_weight) AS weight, max(match_probability) AS probability, 'model' AS reason
        FROM {predictions.physical_name} GROUP BY ALL""")
    _forget(linker)
    return _count(con, "SELECT count(*) FROM pair")


def load_or_train(con: duckdb.DuckDBPyConnection, models: Path) -> Model:
    """The model of this installation; trained on its data and saved when there is none yet and there is enough to
    learn from."""
    path = models / MODEL_FILE
    if path.exists():
        return read(path)
    model = train(con)
    if model.trained_on["origin"] != "default":
        models.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".part")
        unfinished.write_text(
            json.dumps({"version": VERSION, "trained_on": model.trained_on, "parameters": model.parameters}, indent=1),
            "utf-8",
        )
        unfinished.replace(path)
    return model


def read(path: Path) -> Model:
    """A model file. Raises ModelMismatch when it was written for other comparisons."""
    loaded = json.loads(path.read_text("utf-8"))
    expected = {name: [label for label, *_ in levels] for name, (_, levels) in COMPARISONS.items()}
    found = {name: list(levels) for name, levels in loaded.get("parameters", {}).items()}
    if loaded.get("version") != VERSION or found != expected:
        raise ModelMismatch(
            f"linkage model {path.name}: version {loaded.get('version')}, this program has version {VERSION}; "
            "move the file away to train a new one"
        )
    parameters = {
        name: {label: (float(m), float(u)) for label, (m, u) in levels.items()}
        for name, levels in loaded["parameters"].items()
    }
    return Model(parameters, loaded["trained_on"])


def train(con: duckdb.DuckDBPyConnection) -> Model:
    """Learn m by hiding the number of one record of many people, u from random pairs and from counting."""
    pairs = _hide_numbers(con)
    if pairs < MIN_TRAINING_PAIRS:
        return default_model()
    units.build(con, "training_mention", "training_unit")
    con.execute("ALTER TABLE training_unit ADD COLUMN label BIGINT")
    con.execute("UPDATE training_unit SET label = unique_id // 2")
    learner = _linker(con, "training_unit", default_model(), 0.001)
    learner.training.estimate_m_from_label_column("label")
    learned_m = _parameters(learner.misc.save_model_to_json())
    _forget(learner)
    sampler = _linker(con, "unit", default_model(), 0.001)
    sampler.training.estimate_u_using_random_sampling(
        max_pairs=RANDOM_PAIRS, seed=1, min_count_per_level=None, num_chunks=1
    )
    learned_u = _parameters(sampler.misc.save_model_to_json())
    _forget(sampler)
    parameters = _merged(default_model().parameters, learned_m, learned_u, _counted(con))
    return Model(
        parameters,
        {
            "origin": "records of people with valid numbers",
            "pairs": pairs,
            "units": _count(con, "SELECT count(*) FROM unit"),
        },
    )


def _hide_numbers(con: duckdb.DuckDBPyConnection) -> int:
    """`training_mention`: of sampled people one record hidden (a unit of its own) and the rest. Hidden records come
    from the categories in
    the proportions in which records without a usable number do, because those are the ones that the model has to
    place."""
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE training_mention AS
        WITH alone AS (SELECT category, role, count(*) AS n FROM unit_mention JOIN mention USING (mention_id) WHERE
            number IS NULL GROUP BY ALL),
        candidate AS (
            SELECT mention_id, unit_id, category, role, hash(natural_key || category) AS draw
            FROM unit_mention JOIN mention USING (mention_id)
            WHERE number IS NOT NULL AND subject
            QUALIFY count(*) OVER (PARTITION BY unit_id) > 1),
        hidden AS (
            SELECT mention_id, unit_id
            FROM (SELECT candidate.*, alone.n FROM candidate JOIN alone USING (category, role)
                  QUALIFY row_number() OVER (PARTITION BY category, role ORDER BY draw, mention_id)
                          <= greatest(1, n * {MAX_TRAINING_PAIRS} / (SELECT sum(n) FROM alone)))
            QUALIFY row_number() OVER (PARTITION BY unit_id ORDER BY n DESC, draw, mention_id) = 1)
        SELECT unit_mention.mention_id, unit_mention.unit_id * 2 + CASE WHEN hidden.mention_id =
            unit_mention.mention_id THEN 1 ELSE 0 END AS unit_id,
               CASE WHEN hidden.mention_id <> unit_mention.mention_id THEN number END AS number, unit_mention.unit_id
                   AS label
        FROM unit_mention JOIN hidden USING (unit_id)""")
    return _count(con, "SELECT count(DISTINCT label) FROM training_mention")


def _parameters(saved: dict[str, Any]) -> dict[str, dict[str, tuple[float | None, float | None]]]:
    """m and u of Splink's settings by comparison and level; None where a level was not observed."""
    return {
        comparison["output_column_name"]: {
            level["label_for_charts"]: (level.get("m_probability"), level.get("u_probability"))
            for level in comparison["comparison_levels"]
            if not level.get("is_null_level")
        }
        for comparison in saved["comparisons"]
    }


_COUNTED = {
    ("phone", "shared"): "phones",
    ("place", "same dwelling"): "dwellings",
    ("family", "same household or relative's number"): "households",
}


def _counted(con: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], float]:
    """u of rare levels: the share of pairs, among units that state anything, that share a value."""
    counted = {}
    for level, field in _COUNTED.items():
        counted[level] = _share(con, field)
    counted["family", "same household or relative's number"] += _share(con, "relative_numbers")
    return counted


def _share(con: duckdb.DuckDBPyConnection, field: str) -> float:
    row = con.execute(f"""
        SELECT (SELECT sum(n * (n - 1)) FROM (SELECT count(*) AS n FROM (SELECT unnest({field}) AS value FROM unit)
            GROUP BY value)),
               (SELECT count(*) FROM unit WHERE {field} IS NOT NULL)""").fetchone() or (0, 0)
    return float(row[0] or 0) / max(float(row[1]) ** 2, 1.0)


def _merged(
    default: dict[str, dict[str, tuple[float, float]]],
    m: dict[str, dict[str, tuple[float | None, float | None]]],
    u: dict[str, dict[str, tuple[float | None, float | None]]],
    counted: dict[tuple[str, str], float],
) -> dict[str, dict[str, tuple[float, float]]]:
    """Learned parameters with floors; m sums to one per comparison."""
    merged: dict[str, dict[str, tuple[float, float]]] = {}
    for name, levels in default.items():
        if name in FIXED:
            merged[name] = dict(levels)
            continue
        raw_m = {label: max(m[name][label][0] or 0.0, SMALLEST) for label in levels}
        raw_u = {label: counted.get((name, label)) or u[name][label][1] or 1 / RANDOM_PAIRS for label in levels}
        total = sum(raw_m.values())
        merged[name] = {label: (raw_m[label] / total, raw_u[label]) for label in levels}
    return merged
