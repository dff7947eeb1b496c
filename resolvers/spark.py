"""Scoring on Apache Spark: the pairs of a Splink model from Parquet to Parquet, for data that one machine is too small for.

Belongs here: the session, the translation of a model's conditions from DuckDB's to Spark's SQL, and Splink's own Spark backend around
`predict`. Does not: deciding (the same clustering as on DuckDB reads the pairs), training (a model file says all), choosing an engine.

Spark joins and scores all candidate pairs; what comes back is one row per pair above the threshold, about as many as records, so the
clustering stays on one machine. Files between the engines are plain Parquet in a folder that only this user can open and that is deleted at
once; on a cluster the storage below `exchange` has to be as protected as the home itself (docs/operations.md).
"""

from __future__ import annotations

import contextlib
import copy
import logging
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlglot
from sqlglot import exp

from sources.errors import OneGridError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

LOCAL_MASTER = "local[2]"
SHUFFLE_PARTITIONS_LOCAL = "8"
"""Spark's default of 200 serves clusters; on one machine it is 200 tiny tasks per join."""


class SparkUnavailable(OneGridError):
    """The Spark engine was asked for and cannot be started."""


def _arrays_overlap(node: exp.Expression) -> exp.Expression:
    """DuckDB's list_has_any has an operator in sqlglot that Spark does not know."""
    if isinstance(node, exp.ArrayOverlaps):
        return exp.Anonymous(this="arrays_overlap", expressions=[node.this, node.expression])
    return node


def to_spark(condition: str) -> str:
    """A condition of a comparison level or blocking rule in Spark's SQL. ELSE stays as it is."""
    if condition.strip().upper() == "ELSE":
        return condition
    return sqlglot.parse_one(condition, read="duckdb").transform(_arrays_overlap).sql(dialect="spark")


def translated(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Splink settings (as a dictionary, conditions in DuckDB's SQL) for the Spark backend; the original stays untouched."""
    found: dict[str, Any] = copy.deepcopy(dict(settings))
    for comparison in found["comparisons"]:
        for level in comparison["comparison_levels"]:
            level["sql_condition"] = to_spark(level["sql_condition"])
    found["blocking_rules_to_generate_predictions"] = [
        {**rule, "blocking_rule": to_spark(rule["blocking_rule"])} if isinstance(rule, dict) else to_spark(rule)
        for rule in found["blocking_rules_to_generate_predictions"]
    ]
    found.pop("sql_dialect", None)
    return found


@contextlib.contextmanager
def session(master: str = LOCAL_MASTER, memory: str = "4g") -> Iterator[SparkSession]:
    """A Spark session with Splink's functions, stopped at the end; its scratch files go with it.

    master: `local[N]` or the URL of a cluster. Raises SparkUnavailable when PySpark or Java is missing.
    """
    try:
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession
    except ImportError as missing:
        raise SparkUnavailable(
            "PySpark is not installed", "--engine spark", "install the extra: pip install 'onegrid[spark]' (and Java 17 or newer)"
        ) from missing
    from splink.internals.spark.jar_location import similarity_jar_location

    scratch = Path(tempfile.mkdtemp(prefix="onegrid-spark-"))
    builder = (
        SparkSession.builder.master(master)
        .appName("onegrid")
        .config("spark.jars", similarity_jar_location())
        .config("spark.ui.enabled", "false")
        .config("spark.driver.memory", memory)
        .config("spark.local.dir", str(scratch))
        .config("spark.sql.warehouse.dir", str(scratch / "warehouse"))
        .config("spark.log.level", "ERROR")
    )
    if master.startswith("local"):
        builder = (
            builder.config("spark.driver.host", "127.0.0.1")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.sql.shuffle.partitions", SHUFFLE_PARTITIONS_LOCAL)
        )
    try:
        try:
            spark = builder.getOrCreate()
        except (PySparkException, OSError, RuntimeError) as failed:
            raise SparkUnavailable(
                "Spark does not start", master, f"is Java 17 or newer on the PATH, or JAVA_HOME ({os.environ.get('JAVA_HOME', 'not set')})?"
            ) from failed
        spark.sparkContext.setCheckpointDir(str(scratch / "checkpoints"))
        try:
            yield spark
        finally:
            spark.stop()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def score(
    rows: Path,
    settings: Mapping[str, Any],
    out: Path,
    *,
    min_weight: float,
    master: str = LOCAL_MASTER,
    frequencies: Mapping[str, Path] | None = None,
) -> int:
    """Score the rows of a Parquet file with a Splink model and write `out`: unique_id_l, unique_id_r, match_weight, match_probability.

    settings: as for DuckDB. frequencies: Parquet files (column, tf_column) by column, where the model freezes term frequencies.
    Returns the number of pairs from `min_weight` (log2 odds) on. `out` is a folder of Parquet parts, as Spark writes it.
    """
    from splink import Linker
    from splink.backends.spark import SparkAPI

    logging.getLogger("py4j").setLevel(logging.ERROR)
    with session(master) as spark, warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        api = SparkAPI(spark_session=spark)  # type: ignore[no-untyped-call]
        linker = Linker(api.register(spark.read.parquet(str(rows))), translated(settings), log_level=None, validate_settings=False)
        for column, file in (frequencies or {}).items():
            linker.table_management.register_term_frequency_lookup(api.register(spark.read.parquet(str(file))), column)
        predictions = linker.inference.predict(threshold_match_weight=min_weight)
        pairs = spark.table(predictions.physical_name).select("unique_id_l", "unique_id_r", "match_weight", "match_probability")
        pairs.write.mode("overwrite").parquet(str(out))
        return int(spark.read.parquet(str(out)).count())
