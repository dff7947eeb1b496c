"""The Splink model as an artefact: its parameters, its file, and Splink's settings made of it.

Belongs here: what a model is, reading, checking and writing it. Does not: what is compared (comparisons.py), learning (training.py), the
threshold and the calibration (calibration.py), scoring (scoring.py), deciding on clusters (clusters.py).

`models/persons.json` holds m and u by comparison and level, prior, calibration and threshold, with the version of the comparisons, the
date and the data that it was trained on, and the report of its training. `persons.names.parquet` beside it holds how frequent names were
(digests, no names); the JSON names its digest. A model is trained in the first run, when there is none, and by
`training.train_and_save`; never else. Settings are built fresh for each linker, because Splink configures them in place.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from resolvers.linkage.comparisons import COMPARISONS, blocking_rules
from resolvers.linkage.units import NAME_DIGEST, RARITY

VERSION = 2
"""Raised when a comparison or level changes its meaning; a model file of another version is refused."""

MODEL_FILE = "persons.json"
NAMES_FILE = "persons.names.parquet"

DEFAULT_THRESHOLD = 6.64
"""Match weight from which two units are one person where nothing was learned: a probability of 0.99."""
DEFAULT_LEAD = 6.64
"""Lead over a rival that cannot be the same person: odds of a hundred to one."""
LOWEST_WEIGHT = 0.0
"""Even odds: a pair below is neither a link nor the rival of one."""

_KEYS = {"version", "trained_on", "prior", "threshold_weight", "lead", "calibration", "names_digest", "parameters", "report"}


class ModelMismatch(ValueError):
    """A model file does not fit the comparisons of this version, or cannot be read."""


@dataclass(frozen=True, slots=True)
class Model:
    """m and u by comparison and level, and what makes a decision of a weight."""

    parameters: dict[str, dict[str, tuple[float, float]]]
    trained_on: dict[str, Any]
    """`origin` (`default`, or what the pairs were), pairs, units, mentions, as_of, deliveries"""
    prior: float | None = None
    """probability that two random units are one person; None: by the size of the city"""
    threshold_weight: float = DEFAULT_THRESHOLD
    """match weight (log2 odds, calibrated) of a link"""
    lead: float = DEFAULT_LEAD
    calibration: tuple[float, float] = (1.0, 0.0)
    """slope and intercept of calibrated over added-up log2 odds; `settings` applies them"""
    names_digest: str | None = None
    report: dict[str, Any] = field(default_factory=dict)
    version: int = VERSION

    def for_people(self) -> dict[str, Any]:
        """What `onegrid model show` prints: everything but the single parameters."""
        return {
            name: getattr(self, name) for name in ("version", "trained_on", "prior", "threshold_weight", "lead", "calibration", "report")
        }


def default_model() -> Model:
    """The model that holds where there is too little to learn from."""
    return Model(
        {name: {label: (m, u) for label, _, m, u in levels} for name, (_, levels) in COMPARISONS.items()},
        {"origin": "default"},
        report={"note": "defaults; too few people with valid numbers to learn from"},
    )


def calibrated(m: float, u: float, slope: float) -> tuple[float, float]:
    """m and u whose log2 ratio is `slope` times that of the given ones; Splink reads nothing else of them."""
    ratio = (m / u) ** slope
    return (m, m / ratio) if ratio >= m else (ratio, 1.0)


def calibrated_prior(prior: float, calibration: tuple[float, float]) -> float:
    """The prior that goes with calibrated levels: odds to the power of the slope, shifted by the intercept (bits)."""
    odds = (prior / (1 - prior)) ** calibration[0] * 2 ** calibration[1]
    return float(odds / (1 + odds))


def _comparison(name: str, model: Model) -> dict[str, Any]:
    missing, levels = COMPARISONS[name]
    rows: list[dict[str, Any]] = [{"sql_condition": missing, "label_for_charts": "missing", "is_null_level": True}]
    for label, condition, _, _ in levels:
        m, u = calibrated(*model.parameters[name][label], model.calibration[0])
        rows.append({"sql_condition": condition, "label_for_charts": label, "m_probability": m, "u_probability": u})
    return {"output_column_name": name, "comparison_levels": rows}


def settings(model: Model, prior: float | None = None) -> dict[str, Any]:
    """Splink settings, fresh; prior: the probability that two random units are one person, where the model has none."""
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": "unique_id",
        "probability_two_random_records_match": calibrated_prior(prior or model.prior or 1e-5, model.calibration),
        "comparisons": [_comparison(name, model) for name in COMPARISONS],
        "blocking_rules_to_generate_predictions": blocking_rules(),
        "retain_matching_columns": False,
        "retain_intermediate_calculation_columns": False,
    }


def load_or_train(con: duckdb.DuckDBPyConnection, models: Path) -> Model:
    """The model of this installation, with its frequencies of names in the store; trained on its data and saved only when there is none
    yet and there is enough to learn from."""
    if (models / MODEL_FILE).exists():
        return load(con, models)
    from resolvers.linkage import training  # noqa: PLC0415  (training scores pairs, which needs this module)

    model = training.train(con)
    if model.trained_on["origin"] == "default":
        use_names(con, None, "")
        return model
    save(con, models, model)
    return load(con, models)


def load(con: duckdb.DuckDBPyConnection, models: Path) -> Model:
    """The model of the file, with its frequencies of names brought into the store. Raises ModelMismatch, FileNotFoundError."""
    model = read(models / MODEL_FILE)
    names = models / NAMES_FILE
    if model.names_digest is not None:
        found = hashlib.sha256(names.read_bytes()).hexdigest() if names.exists() else "missing"
        if found != model.names_digest:
            raise ModelMismatch(f"{NAMES_FILE} is missing or is not the file that {MODEL_FILE} was trained with; put it back")
    use_names(con, None if model.names_digest is None else names, model.names_digest or "")
    return model


def use_names(con: duckdb.DuckDBPyConnection, names: Path | None, digest: str) -> None:
    """Bring `name_frequency` to the given file (none: empty) and `rarity` of `unit` with it; nothing to do when it is there already."""
    con.execute("""
        CREATE TABLE IF NOT EXISTS name_frequency (name UBIGINT, share DOUBLE);
        CREATE TABLE IF NOT EXISTS name_frequency_origin (digest VARCHAR)""")
    if con.execute("SELECT digest FROM name_frequency_origin").fetchall() == [(digest,)]:
        return
    con.execute("DELETE FROM name_frequency")
    if names is not None:
        con.execute("INSERT INTO name_frequency SELECT name, share FROM read_parquet($1)", [str(names)])
    con.execute("DELETE FROM name_frequency_origin")
    con.execute("INSERT INTO name_frequency_origin VALUES ($1)", [digest])
    set_rarity(con)


def set_rarity(con: duckdb.DuckDBPyConnection) -> None:
    """Bring `rarity` of `unit`, when there is one, up to date with `name_frequency`."""
    if con.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'unit' AND NOT temporary").fetchone() != (1,):
        return
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE rarity_now AS
        SELECT unique_id, {RARITY.format("unit.plain")} AS now FROM unit
        LEFT JOIN name_frequency ON name_frequency.name = {NAME_DIGEST.format("unit.plain")};
        UPDATE unit SET rarity = now FROM rarity_now
        WHERE rarity_now.unique_id = unit.unique_id AND rarity IS DISTINCT FROM now;
        DROP TABLE temp.rarity_now""")


def save(con: duckdb.DuckDBPyConnection, models: Path, model: Model) -> Path:
    """Write the model and the frequencies of names in the store; a former model is kept as persons.<n>.json. Each file is written whole or
    not at all; the JSON last, because it names the other."""
    models.mkdir(parents=True, exist_ok=True)
    path = models / MODEL_FILE
    if path.exists():
        number = 1 + max(
            (int(old.name.split(".")[1]) for old in models.glob("persons.*.json") if old.name.split(".")[1].isdigit()), default=0
        )
        path.replace(models / f"persons.{number}.json")
        if (models / NAMES_FILE).exists():
            (models / NAMES_FILE).replace(models / f"persons.{number}.names.parquet")
    unfinished = models / f"{NAMES_FILE}.part"
    con.execute(
        f"COPY (SELECT name, share FROM name_frequency ORDER BY name) TO '{str(unfinished).replace(chr(39), chr(39) * 2)}' (FORMAT parquet)"
    )
    digest = hashlib.sha256(unfinished.read_bytes()).hexdigest()
    unfinished.replace(models / NAMES_FILE)
    content = {key: getattr(model, key) for key in sorted(_KEYS)} | {"names_digest": digest}
    unfinished = path.with_suffix(".part")
    unfinished.write_text(json.dumps(content, indent=1, ensure_ascii=False), "utf-8")
    unfinished.replace(path)
    return path


def read(path: Path) -> Model:
    """A model file. Raises ModelMismatch naming what does not fit: unknown or missing keys, comparisons, levels, values out of range."""
    try:
        loaded = json.loads(path.read_text("utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as problem:
        raise ModelMismatch(
            f"linkage model {path.name}: no JSON ({type(problem).__name__}); move the file away to train a new one"
        ) from None
    problems = list(_problems(loaded))
    if problems:
        raise ModelMismatch(f"linkage model {path.name}: {'; '.join(problems)}; move the file away to train a new one")
    parameters = {name: {label: (float(m), float(u)) for label, (m, u) in levels.items()} for name, levels in loaded["parameters"].items()}
    slope, intercept = loaded["calibration"]
    return Model(
        parameters,
        loaded["trained_on"],
        loaded["prior"],
        float(loaded["threshold_weight"]),
        float(loaded["lead"]),
        (float(slope), float(intercept)),
        loaded["names_digest"],
        loaded["report"],
    )


def _problems(loaded: object) -> list[str]:
    if not isinstance(loaded, dict):
        return ["not an object"]
    if loaded.get("version") != VERSION:
        return [f"version {loaded.get('version')}, this program has version {VERSION}"]
    found = _differences("key", _KEYS, loaded)
    if found:
        return found
    if not isinstance(loaded["parameters"], dict) or not isinstance(loaded["trained_on"], dict) or "origin" not in loaded["trained_on"]:
        return ["parameters and trained_on must be objects, trained_on with origin"]
    found = _differences("comparison", set(COMPARISONS), loaded["parameters"])
    for name, (_, levels) in COMPARISONS.items():
        stated = loaded["parameters"].get(name)
        if isinstance(stated, dict):
            found += _differences(f"level of {name}", {label for label, *_ in levels}, stated)
            found += [
                f"{name}, {label}: m and u must be two numbers above 0 and not above 1"
                for label in stated
                if not _probabilities(stated[label])
            ]
        elif stated is not None:
            found.append(f"{name}: levels must be an object")
    numbers = [loaded["threshold_weight"], loaded["lead"]]
    pair = loaded["calibration"]
    if not all(_is_number(value) for value in numbers) or not (loaded["prior"] is None or _probabilities([loaded["prior"], 1.0])):
        found.append("prior, threshold_weight and lead must be numbers, prior above 0 and not above 1")
    if not isinstance(pair, list) or len(pair) != 2 or not all(_is_number(value) for value in pair) or pair[0] <= 0:
        found.append("calibration must be a slope above 0 and an intercept")
    return found


def _differences(what: str, expected: set[str], found: Mapping[str, Any]) -> list[str]:
    unknown, missing = sorted(set(found) - expected), sorted(expected - set(found))
    return [f"unknown {what}: {', '.join(unknown)}"] * bool(unknown) + [f"missing {what}: {', '.join(missing)}"] * bool(missing)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _probabilities(pair: object) -> bool:
    return isinstance(pair, list) and len(pair) == 2 and all(_is_number(value) and 0 < value <= 1 for value in pair)
