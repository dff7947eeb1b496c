"""Learning the model without labels: m from people whose number was hidden, u from random pairs and from counting.

Belongs here: which people are taken, m, u, frequencies of names, the prior. Does not: the model file (model.py), calibration and threshold
(calibration.py, on the half of the people that nothing was learned from).

Of people whose records carry a valid number, one record is compared with the others as if it had none (`label` is then known). u comes from
random pairs (Splink); where a level is so rare that random pairs miss it, from counting; where a level holds within a case that another
comparison decides, from pairs of two people in that case (comparisons.py). Draws are digests of keys, so that the same data give the same
model.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
from splink import DuckDBAPI, Linker

from resolvers.linkage import calibration, units
from resolvers.linkage.comparisons import COMPARISONS, CONDITIONAL, RARITY_TYPICAL, rarity_label
from resolvers.linkage.model import Model, default_model, save, set_rarity, settings
from resolvers.linkage.nuclei import characters_apart
from resolvers.linkage.units import NAME_DIGEST
from sources.tables import has_table

MIN_TRAINING_PAIRS = 400
"""Fewer pairs cannot tell levels of one percent apart; then the defaults hold, and no model file is written."""
MAX_TRAINING_PAIRS = 20_000
RANDOM_PAIRS = 3_000_000
MAX_SHARED_VALUES = 50_000
"""So many dwellings and relatives are looked at to count what two people of one dwelling or family have in common."""
SMALLEST = 2e-4
"""Floor of m: nothing that can happen is impossible."""
ALONE = 0.98
"""m of a level that is alone in its case."""
FIXED = frozenset({"number", "age"})
"""Comparisons that cannot be learned by hiding numbers; their parameters are stated: shares of typing errors, of minors."""

Learned = dict[str, dict[str, tuple[float | None, float | None]]]
_WORK_TABLES = ("training_mention", "training_unit", "near_pair", "family_pair")


def train(con: duckdb.DuckDBPyConnection) -> Model:
    """A model of the mentions and units in the store; the default model when there are too few people with valid numbers.

    Writes `name_frequency`, and `rarity` of `unit`.
    """
    people = _hide_numbers(con)
    if people < MIN_TRAINING_PAIRS:
        _tidy(con)
        return default_model()
    _freeze_names(con)
    units.build(con, "training_mention", "training_unit")
    con.execute("ALTER TABLE training_unit ADD COLUMN label BIGINT")
    con.execute("UPDATE training_unit SET label = abs(unique_id)")
    parameters = _merged(default_model().parameters, _learn_m(con), _learn_u(con), _counted(con), _names(con))
    trained_on: dict[str, Any] = {
        "origin": "records of people with valid numbers",
        "pairs": people,
        "units": _count(con, "SELECT count(*) FROM unit"),
        "mentions": _count(con, "SELECT count(*) FROM mention"),
    } | _data_trained_on(con)
    model = Model(parameters, trained_on, prior=1 / max(trained_on["units"], 2))
    held_out = calibration.measure(con, model)
    slope, intercept = calibration.fit(held_out)
    choice = calibration.choose_threshold(calibration.recalibrated(held_out, slope, intercept), calibration.target_share(con))
    model = replace(
        model,
        calibration=(slope, intercept),
        threshold_weight=choice.threshold,
        report=calibration.report(held_out, (slope, intercept), choice),
    )
    _tidy(con)
    return model


def _data_trained_on(con: duckdb.DuckDBPyConnection) -> dict[str, str | None]:
    """Newest delivery and fingerprint of all applied ones, for the record; nothing where the store knows no deliveries."""
    if not has_table(con, "ledger"):
        return {"as_of": None, "deliveries": None}
    rows = con.execute("""SELECT category, delivery_date::VARCHAR AS day, content_hash FROM ledger WHERE stage = 'applied'
                          ORDER BY ALL""").fetchall()
    newest = max((day for _, day, _ in rows), default=None)
    return {"as_of": newest, "deliveries": hashlib.sha256(json.dumps(rows).encode()).hexdigest()}


def train_and_save(con: duckdb.DuckDBPyConnection, models: Path) -> dict[str, Any]:
    """Train and write the model file; a former one is kept as persons.<n>.json. Returns the training report.

    Raises ValueError when there is too little to learn from; the former model then stays.
    """
    model = train(con)
    if model.trained_on["origin"] == "default":
        raise ValueError(f"fewer than {MIN_TRAINING_PAIRS} people with valid numbers in two records; there is nothing to learn from")
    path = save(con, models, model)
    return {"file": path.name, "trained_on": model.trained_on, "threshold_weight": model.threshold_weight, **model.report}


def _hide_numbers(con: duckdb.DuckDBPyConnection) -> int:
    """`training_mention`: of sampled people one record hidden (a unit of its own, id below zero) and the rest; `half` 0 is learned from,
    1 is held out. Hidden records come from the categories in the proportions in which records without a usable number do, because those
    are the ones that the model has to place."""
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE training_mention AS
        WITH alone AS (SELECT category, role, count(*) AS n FROM unit_mention JOIN mention USING (mention_id) WHERE
            number IS NULL GROUP BY ALL),
        candidate AS (
            SELECT mention_id, unit_id, category, role, md5(concat_ws('|', 'training', category, natural_key, role)) AS draw
            FROM unit_mention JOIN mention USING (mention_id)
            WHERE number IS NOT NULL AND subject
            QUALIFY count(*) OVER (PARTITION BY unit_id) > 1),
        hidden AS (
            SELECT mention_id, unit_id, md5_number_lower('half' || draw) % 2 AS half
            FROM (SELECT candidate.*, alone.n FROM candidate JOIN alone USING (category, role)
                  QUALIFY row_number() OVER (PARTITION BY category, role ORDER BY draw, mention_id)
                          <= greatest(1, n * {MAX_TRAINING_PAIRS} / (SELECT sum(n) FROM alone)))
            QUALIFY row_number() OVER (PARTITION BY unit_id ORDER BY n DESC, draw, mention_id) = 1)
        SELECT unit_mention.mention_id, hidden.mention_id = unit_mention.mention_id AS is_hidden, half,
               CASE WHEN is_hidden THEN -unit_mention.unit_id ELSE unit_mention.unit_id END AS unit_id,
               CASE WHEN NOT is_hidden THEN number END AS number
        FROM unit_mention JOIN hidden USING (unit_id)""")
    return _count(con, "SELECT count(*) FROM training_mention WHERE is_hidden")


def _freeze_names(con: duckdb.DuckDBPyConnection) -> None:
    """`name_frequency` from the people with a number, and `rarity` of `unit` with it."""
    con.execute(f"""
        CREATE TABLE IF NOT EXISTS name_frequency (name UBIGINT, share DOUBLE);
        CREATE TABLE IF NOT EXISTS name_frequency_origin (digest VARCHAR);
        DELETE FROM name_frequency_origin;
        DELETE FROM name_frequency;
        INSERT INTO name_frequency
        SELECT {NAME_DIGEST.format("plain")} AS name, count(*) / sum(count(*)) OVER () AS share
        FROM unit WHERE anchored AND plain IS NOT NULL GROUP BY name ORDER BY name""")
    set_rarity(con)


def _linker(con: duckdb.DuckDBPyConnection, table: str) -> Linker:
    return Linker(DuckDBAPI(connection=con).register(table), settings(default_model(), 0.001), log_level=None, validate_settings=False)


def _forget(linker: Linker) -> None:
    """Drop Splink's own tables from the shared connection."""
    linker._db_api.delete_tables_created_by_splink_from_db()  # type: ignore[no-untyped-call,unused-ignore]


def _learn_m(con: duckdb.DuckDBPyConnection) -> Learned:
    con.execute("""
        CREATE OR REPLACE TEMP TABLE learned_unit AS FROM training_unit
        WHERE unique_id IN (SELECT unit_id FROM training_mention WHERE half = 0)""")
    learner = _linker(con, "learned_unit")
    learner.training.estimate_m_from_label_column("label")
    learned = _parameters(learner.misc.save_model_to_json())
    _forget(learner)
    con.execute("DROP TABLE temp.learned_unit")
    return learned


def _learn_u(con: duckdb.DuckDBPyConnection) -> Learned:
    sampler = _linker(con, "unit")
    sampler.training.estimate_u_using_random_sampling(max_pairs=RANDOM_PAIRS, seed=1, min_count_per_level=None, num_chunks=1)
    learned = _parameters(sampler.misc.save_model_to_json())
    _forget(sampler)
    return learned


def _parameters(saved: dict[str, Any]) -> Learned:
    """m and u of Splink's settings by comparison and level; None where a level was not observed."""
    return {
        comparison["output_column_name"]: {
            level["label_for_charts"]: (level.get("m_probability"), level.get("u_probability"))
            for level in comparison["comparison_levels"]
            if not level.get("is_null_level")
        }
        for comparison in saved["comparisons"]
    }


def _counted(con: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], float]:
    """u of levels that random pairs miss, and of levels within a case."""
    _two_people_sharing(con, "near_pair", ("dwellings", "relative_numbers"))
    _two_people_sharing(con, "family_pair", ("relative_numbers",))
    phone = _share_among(con, "near_pair", "phones", "l.phones IS NOT NULL AND r.phones IS NOT NULL", 0.2)
    dwelling = _share_among(con, "family_pair", "dwellings", "l.dwellings IS NOT NULL AND r.dwellings IS NOT NULL", 0.5)
    birthday = _share_among(con, "family_pair", "births", "l.births IS NOT NULL AND r.births IS NOT NULL", 0.02)
    return {
        ("phone", "shared"): _share(con, "phones"),
        ("place", "same dwelling"): _share(con, "dwellings"),
        ("family", "same household or relative's number"): _share(con, "households") + _share(con, "relative_numbers"),
        ("phone", "shared, in one dwelling or family"): phone,
        ("phone", "different, in one dwelling or family"): 1 - phone,
        ("place", "same dwelling, in one family"): dwelling,
        ("place", "elsewhere, in one family"): 1 - dwelling,
        ("birth_date", "equal, in one family, by another name"): birthday,
        ("name", "one character apart, in one family"): _names_alike(con),
    }


def _share(con: duckdb.DuckDBPyConnection, field: str) -> float:
    """Share of pairs, among units that state anything, that share a value."""
    row = con.execute(f"""
        SELECT (SELECT sum(n * (n - 1)) FROM (SELECT count(*) AS n FROM (SELECT unnest({field}) AS value FROM unit)
            GROUP BY value)),
               (SELECT count(*) FROM unit WHERE {field} IS NOT NULL)""").fetchone() or (0, 0)
    return float(row[0] or 0) / max(float(row[1]) ** 2, 1.0)


def _two_people_sharing(con: duckdb.DuckDBPyConnection, table: str, fields: tuple[str, ...]) -> None:
    """`table` (unit_l, unit_r): pairs of units with two valid numbers that share a value of one of the fields, of a sample of values."""
    stated = " UNION ALL ".join(f"SELECT unique_id, '{field}|' || unnest({field}) AS value FROM unit WHERE anchored" for field in fields)
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE {table} AS
        WITH stated AS ({stated}),
        value AS (SELECT value FROM stated GROUP BY value HAVING count(*) BETWEEN 2 AND 60
                  ORDER BY md5(value) LIMIT {MAX_SHARED_VALUES}),
        chosen AS (SELECT * FROM stated SEMI JOIN value USING (value))
        SELECT DISTINCT l.unique_id AS unit_l, r.unique_id AS unit_r
        FROM chosen AS l JOIN chosen AS r ON l.value = r.value AND l.unique_id < r.unique_id""")


def _share_among(con: duckdb.DuckDBPyConnection, pairs: str, field: str, both: str, expected: float) -> float:
    """Share of the pairs, among those that state it, that share a value of the field; drawn to what is expected by ten pairs."""
    row = con.execute(f"""
        SELECT count(*) FILTER (list_has_any(l.{field}, r.{field})), count(*)
        FROM {pairs} JOIN unit AS l ON l.unique_id = unit_l JOIN unit AS r ON r.unique_id = unit_r WHERE {both}""").fetchone() or (0, 0)
    return float((row[0] + 10 * expected) / (row[1] + 10))


def _names_alike(con: duckdb.DuckDBPyConnection) -> float:
    """Share of pairs of two people in one family whose names differ in one character; drawn to one in twenty by ten pairs."""
    row = con.execute(f"""
        SELECT count(*) FILTER (l.surname = r.surname AND length(l.plain) = length(r.plain) AND length(l.plain) >= 3
                                AND {characters_apart("l.plain", "r.plain")} = 1), count(*)
        FROM family_pair JOIN unit AS l ON l.unique_id = unit_l JOIN unit AS r ON r.unique_id = unit_r
        WHERE l.plain IS NOT NULL AND r.plain IS NOT NULL""").fetchone() or (0, 0)
    return float((row[0] + 0.5) / (row[1] + 10))


def _names(con: duckdb.DuckDBPyConnection) -> dict[int, tuple[float, float]]:
    """By step of rarity: the share of people with such a name, and the chance that two people share one."""
    rows = con.execute(f"""
        SELECT {units.RARITY.format("share")} AS step, sum(share), sum(share * share) FROM name_frequency GROUP BY step""").fetchall()
    return {int(step): (float(once), float(twice)) for step, once, twice in rows}


def _merged(
    default: Mapping[str, Mapping[str, tuple[float, float]]],
    m: Learned,
    u: Learned,
    counted: Mapping[tuple[str, str], float],
    names: Mapping[int, tuple[float, float]],
) -> dict[str, dict[str, tuple[float, float]]]:
    """Learned parameters with floors; m and u sum to one per comparison, or per case where a comparison has several."""
    merged: dict[str, dict[str, tuple[float, float]]] = {}
    for name, levels in default.items():
        if name in FIXED:
            merged[name] = dict(levels)
            continue
        raw_m = {label: max(m[name][label][0] or 0.0, SMALLEST) for label in levels}
        raw_u = {label: counted.get((name, label)) or u[name][label][1] or 1 / RANDOM_PAIRS for label in levels}
        merged[name] = {}
        for case in CONDITIONAL.get(name, (tuple(levels),)):
            total = sum(raw_m[label] for label in case)
            merged[name] |= {label: (raw_m[label] / total if len(case) > 1 else ALONE, min(raw_u[label], 1.0)) for label in case}
        merged[name] = {label: merged[name][label] for label in levels}
    merged["name"] |= _equal_names(merged["name"], names)
    assert list(merged) == list(COMPARISONS)
    return merged


def _equal_names(learned: Mapping[str, tuple[float, float]], names: Mapping[int, tuple[float, float]]) -> dict[str, tuple[float, float]]:
    """Levels of equal names: m by the share of people with such a name, u by the chance that two share one; `equal` for all together."""
    labels = {step: rarity_label(step) for step in RARITY_TYPICAL}
    equal = sum(learned[label][0] for label in labels.values())
    found = {}
    for step, typical in RARITY_TYPICAL.items():
        once, twice = names.get(step, (typical, typical * typical))
        found[labels[step]] = (equal * once, twice)
    found["equal"] = (equal, sum(twice for _, twice in names.values()))
    return found


def _tidy(con: duckdb.DuckDBPyConnection) -> None:
    for table in _WORK_TABLES:
        con.execute(f"DROP TABLE IF EXISTS {table}")


def _count(con: duckdb.DuckDBPyConnection, query: str) -> int:
    row = con.execute(query).fetchone()
    return int(row[0] or 0) if row else 0
