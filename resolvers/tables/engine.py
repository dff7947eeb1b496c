"""The engine: from tables and a model to clusters.

Belongs here: the order of the steps, scoring, the report of a run. Does not: the steps themselves.

Tables that it writes: `table_record` (reading.py), `table_prepared` (preparing.py), `table_pair` (unique_id_l, unique_id_r, weight in log2
odds, probability), `table_cluster` (table, record_id, cluster_id).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import duckdb

from resolvers.tables import auto, blocking, spark_scoring, training
from resolvers.tables.comparing import MACROS, check_comparisons
from resolvers.tables.grouping import group, publish
from resolvers.tables.preparing import check_columns, prepare
from resolvers.tables.reading import SourceTable
from resolvers.tables.spec import Model, find_model


@dataclass(frozen=True, slots=True)
class Linked:
    """What a run found; counts only, and the model with all that it learned."""

    model: Model
    records: int
    rules: tuple[blocking.RuleReport, ...]
    pairs: int
    links: int
    clusters: int
    notes: tuple[str, ...]
    reasons: tuple[str, ...] = ()
    """why a proposed model is as it is"""


AUTO = "auto"
KEYS = "table_key"
"""Keys of the blocking rules by record, between the guard and the joins."""


def link_by_name(
    con: duckdb.DuckDBPyConnection, tables: Sequence[SourceTable], name: str, *, date: str, spark_master: str | None = None
) -> Linked:
    """`link` with a shipped model, a model file, or `auto`: one that is made by looking at the tables."""
    if name != AUTO:
        return link(con, tables, find_model(name), date=date, model_file=name, spark_master=spark_master)
    proposal = auto.propose(con, tables, date=date)
    linked = link(con, tables, proposal.model, date=date, model_file=AUTO, spark_master=spark_master)
    return replace(linked, reasons=proposal.reasons)


def link(
    con: duckdb.DuckDBPyConnection,
    tables: Sequence[SourceTable],
    model: Model,
    *,
    date: str,
    model_file: str = "",
    spark_master: str | None = None,
) -> Linked:
    """Write `table_cluster` from `table_record`: every record once, cluster_id from 1 in the order of the records.

    date: the day written into a training report. spark_master: score on Spark (`local[2]` or a URL) instead of DuckDB. Raises
    ModelFileError when the tables lack what the model names.
    """
    check_columns(model, tables, model_file or model.name)
    for macro in MACROS:
        con.execute(macro)
    prepare(con, model)
    check_comparisons(con, model, model_file or model.name)
    records = sum(table.rows for table in tables)
    notes = [f"{table.name}: no rows" for table in tables if table.rows == 0] + _empty_columns(con, model, records)
    prior = training.estimate_prior(con, model)
    trained = training.train(con, model, prior, [table.name for table in tables], date)
    rules = blocking.fill_keys(con, trained, [(rule.keys, rule.max_pairs) for rule in trained.blocking], KEYS)
    if spark_master is None:
        score(con, trained, prior)
    else:
        spark_scoring.score_on_spark(con, trained, training.settings(trained, prior), KEYS, spark_master)
    con.execute(f"DROP TABLE {KEYS}")
    pairs, links = con.execute(
        f"SELECT count(*), count(*) FILTER (probability >= {trained.threshold}) FROM table_pair"
    ).fetchone() or (0, 0)
    clusters = group(con, trained)
    publish(con)
    notes += [rule.sentence() for rule in rules if rule.dropped_keys]
    return Linked(trained, records, rules, int(pairs), int(links), clusters, tuple(notes))


def _empty_columns(con: duckdb.DuckDBPyConnection, model: Model, records: int) -> list[str]:
    """Columns that state nothing in any row; comparisons of them stay silent."""
    if records == 0:
        return []
    counts = con.execute(f"SELECT {', '.join(f'count({column.name})' for column in model.columns)} FROM table_prepared").fetchone() or ()
    return [f"column {column.name}: no row states a value" for column, count in zip(model.columns, counts, strict=True) if count == 0]


def score(con: duckdb.DuckDBPyConnection, model: Model, prior: float) -> None:
    """Write `table_pair` from the keys: pairs from the clustering's lowest weight on."""
    con.execute(f"""CREATE OR REPLACE TEMP TABLE blocked_pair AS
                    SELECT l AS join_key_l, r AS join_key_r, '0' AS match_key FROM ({blocking.pairs_sql(model, KEYS)})""")
    scorer = training.linker(con, "table_prepared", model, prior)
    scorer.table_management.register_blocked_pairs_for_predict(scorer._db_api.register("blocked_pair"))
    predictions = scorer.inference.predict(threshold_match_weight=model.clustering.lowest_weight)
    con.execute(f"""
        CREATE OR REPLACE TABLE table_pair AS
        SELECT unique_id_l, unique_id_r, match_weight AS weight, match_probability AS probability
        FROM {predictions.physical_name} ORDER BY unique_id_l, unique_id_r""")
    training.forget(scorer)
    con.execute("DROP TABLE IF EXISTS blocked_pair")
