"""Blocking joins and scoring of tables on Apache Spark; reading, preparing, the guard, training and clustering stay where they are.

Belongs here: moving prepared records and keys to Spark as Parquet, DuckDB's function names that Spark lacks, the pairs back. Does not: the
session and the translation of conditions (resolvers/spark.py).
"""

from __future__ import annotations

import logging
import tempfile
import warnings
from pathlib import Path
from typing import Any

import duckdb

from resolvers.spark import session, translated
from resolvers.tables.blocking import pairs_sql
from resolvers.tables.spec import Model
from sources.tables import literal

FUNCTIONS = (
    "jaro_winkler_similarity_of_characters(a STRING, b STRING) RETURNS DOUBLE RETURN jaro_winkler(a, b)",
    "levenshtein_of_characters(a STRING, b STRING) RETURNS INT RETURN levenshtein(a, b)",
    "damerau_levenshtein_of_characters(a STRING, b STRING) RETURNS DOUBLE RETURN damerau_levenshtein(a, b)",
    "count_of(a ARRAY<STRING>) RETURNS INT RETURN size(a)",
    "count_shared(a ARRAY<STRING>, b ARRAY<STRING>) RETURNS INT RETURN size(array_intersect(a, b))",
    """one_way_alike(a ARRAY<STRING>, b ARRAY<STRING>, least DOUBLE) RETURNS INT
       RETURN size(filter(a, x -> exists(b, y -> jaro_winkler(x, y) >= least)))""",
    """count_alike(a ARRAY<STRING>, b ARRAY<STRING>, least DOUBLE) RETURNS INT
       RETURN least(one_way_alike(a, b, least), one_way_alike(b, a, least))""",
)
"""What the conditions call, in Spark's SQL; jaro_winkler comes with Splink's library."""


def score_on_spark(con: duckdb.DuckDBPyConnection, model: Model, settings: dict[str, Any], keys_table: str, master: str) -> None:
    """Write `table_pair` as engine.score does, with the joins and the scores made by Spark."""
    from splink import Linker  # noqa: PLC0415
    from splink.backends.spark import SparkAPI  # noqa: PLC0415

    logging.getLogger("py4j").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory(prefix="onegrid-exchange-") as folder:
        records, keys, out = (Path(folder) / name for name in ("records.parquet", "keys.parquet", "pairs"))
        con.execute(f"COPY table_prepared TO {literal(str(records))} (FORMAT parquet)")
        con.execute(f"COPY {keys_table} TO {literal(str(keys))} (FORMAT parquet)")
        with session(master) as spark, warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            api = SparkAPI(spark_session=spark)  # type: ignore[no-untyped-call]
            for function in FUNCTIONS:
                spark.sql(f"CREATE OR REPLACE TEMPORARY FUNCTION {function}")
            scorer = Linker(api.register(spark.read.parquet(str(records))), translated(settings), log_level=None, validate_settings=False)
            spark.read.parquet(str(keys)).createOrReplaceTempView(keys_table)
            pairs = spark.sql(f"SELECT l AS join_key_l, r AS join_key_r, '0' AS match_key FROM ({pairs_sql(model, keys_table)})")
            scorer.table_management.register_blocked_pairs_for_predict(api.register(pairs))
            predictions = scorer.inference.predict(threshold_match_weight=model.clustering.lowest_weight)
            found = spark.table(predictions.physical_name).select("unique_id_l", "unique_id_r", "match_weight", "match_probability")
            found.write.mode("overwrite").parquet(str(out))
        con.execute(f"""
            CREATE OR REPLACE TABLE table_pair AS
            SELECT unique_id_l, unique_id_r, match_weight AS weight, match_probability AS probability
            FROM read_parquet({literal(str(out / "*.parquet"))}) ORDER BY unique_id_l, unique_id_r""")
