"""Joining and scoring the units of a city on Apache Spark; everything before and after stays where it is.

Belongs here: units and blocking keys to Spark as Parquet, the joins, Splink's Spark backend, the pairs back. Does not: the guard and the
rules (scoring.py), the session and the translation of conditions (resolvers/spark.py).
"""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from resolvers.linkage.model import Model, settings
from resolvers.spark import session, translated
from sources.tables import literal

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from resolvers.linkage.scoring import Rule

SELF_JOIN = """
    SELECT DISTINCT '0' AS match_key, least(l.unit_id, r.unit_id) AS join_key_l, greatest(l.unit_id, r.unit_id) AS join_key_r
    FROM blocking_key AS l JOIN blocking_key AS r ON l.rule = r.rule AND l.key = r.key
    WHERE CASE WHEN l.one_alone THEN NOT l.anchored AND l.unit_id <> r.unit_id ELSE l.unit_id < r.unit_id END"""
"""Pairs within one table of units, as scoring.py proposes them: a rule for people without a number starts from one of those."""


def score_on_spark(
    con: duckdb.DuckDBPyConnection, model: Model, rules: Sequence[Rule], *, min_weight: float, prior: float, master: str
) -> None:
    """Write the temporary `scored_pair` (unit_l, unit_r, weight, probability) of all units, as scoring.py does on DuckDB.

    Reads `unit` and `dropped_key`. Raises SparkUnavailable.
    """
    logging.getLogger("py4j").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory(prefix="onegrid-exchange-") as folder:
        units, keys, out = (Path(folder) / name for name in ("units.parquet", "keys.parquet", "pairs"))
        con.execute(f"COPY unit TO {literal(str(units))} (FORMAT parquet)")
        con.execute(f"COPY ({_keys(rules)}) TO {literal(str(keys))} (FORMAT parquet)")
        with session(master) as spark, warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            _predict(spark, model, units, keys, out, min_weight, prior)
        con.execute(f"""
            CREATE OR REPLACE TEMP TABLE scored_pair AS
            SELECT unique_id_l AS unit_l, unique_id_r AS unit_r, match_weight AS weight, match_probability AS probability
            FROM read_parquet({literal(str(out / "*.parquet"))})""")


def _keys(rules: Sequence[Rule]) -> str:
    """Query (rule, unit_id, key, anchored, one_alone) without the keys that the guard dropped; digests are signed, as Spark's are."""
    parts = [
        f"""SELECT {number}::INTEGER AS rule, unit_id, (key >> 1)::BIGINT AS key, anchored, {rule.one_alone} AS one_alone
            FROM ({rule.keys("unit")}) WHERE key NOT IN (SELECT key FROM dropped_key WHERE rule = {literal(rule.text)})"""
        for number, rule in enumerate(rules)
    ]
    return " UNION ALL ".join(parts)


def _predict(spark: SparkSession, model: Model, units: Path, keys: Path, out: Path, min_weight: float, prior: float) -> None:
    from splink import Linker  # noqa: PLC0415 - needs PySpark, an optional extra
    from splink.backends.spark import SparkAPI  # noqa: PLC0415

    api = SparkAPI(spark_session=spark)  # type: ignore[no-untyped-call]
    stated = translated(settings(model, prior))
    linker = Linker(api.register(spark.read.parquet(str(units))), stated, log_level=None, validate_settings=False)
    spark.read.parquet(str(keys)).createOrReplaceTempView("blocking_key")
    linker.table_management.register_blocked_pairs_for_predict(api.register(spark.sql(SELF_JOIN)))
    predictions = linker.inference.predict(threshold_match_weight=min_weight)
    found = spark.table(predictions.physical_name).select("unique_id_l", "unique_id_r", "match_weight", "match_probability")
    found.write.mode("overwrite").parquet(str(out))
