"""Grouping: from scored pairs to clusters of records.

Belongs here: how a model's choice of clustering becomes edges and constraints of resolvers/clustering. Does not: clustering itself.
"""

from __future__ import annotations

import math
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from resolvers.clustering import CannotLinks, Edges, Exclusion, Options, partition
from resolvers.tables.spec import Model

SAME_TABLE = "two rows of one table without duplicates"


def weight_of(probability: float) -> float:
    """Match weight (log2 odds) of a probability; certainty is cut off at odds of 2^50."""
    bounded = min(max(probability, 2.0**-50), 1 - 2.0**-50)
    return math.log2(bounded / (1 - bounded))


def group(con: duckdb.DuckDBPyConnection, model: Model, pairs: str = "table_pair") -> int:
    """Write `record_cluster` (unique_id, cluster: the smallest unique_id of its cluster) from `pairs`; the number of clusters."""
    threshold, wanted = weight_of(model.threshold), model.clustering
    lowest = threshold if wanted.method == "components" else wanted.lowest_weight
    left, right, weight = _arrays(
        con, f"SELECT unique_id_l, unique_id_r, weight FROM {pairs} WHERE weight >= {lowest} ORDER BY unique_id_l, unique_id_r"
    )
    edges = Edges(left.astype(np.int64), right.astype(np.int64), weight.astype(np.float64), np.ones(len(weight), np.bool_))
    options = Options(threshold=threshold, min_density=wanted.min_density)
    if wanted.method != "components":
        options = Options(threshold, absent_weight=wanted.absent_weight, method=wanted.method, min_density=wanted.min_density)
    clusters = partition(edges, cannot=None if model.duplicates else _one_per_table(con), options=options)
    con.register("_cluster", pa.table({"unique_id": clusters.node, "cluster": clusters.cluster}))
    con.execute("""
        CREATE OR REPLACE TABLE record_cluster AS
        SELECT unique_id, coalesce(cluster, unique_id) AS cluster
        FROM table_record LEFT JOIN _cluster USING (unique_id) ORDER BY unique_id""")
    con.unregister("_cluster")
    return int((con.execute("SELECT count(DISTINCT cluster) FROM record_cluster").fetchone() or (0,))[0])


def _arrays(con: duckdb.DuckDBPyConnection, query: str) -> list[NDArray[Any]]:
    """The columns of a query, none of which may be missing."""
    return [np.asarray(column) for column in con.execute(query).fetchnumpy().values()]


def _one_per_table(con: duckdb.DuckDBPyConnection) -> CannotLinks:
    """Rows of one table are different persons."""
    records, place = _arrays(con, "SELECT unique_id, dense_rank() OVER (ORDER BY table_name) FROM table_record ORDER BY unique_id")
    return CannotLinks(exclusions=(Exclusion(SAME_TABLE, records.astype(np.int64), place.astype(np.int64), exclude_same=True),))


def publish(con: duckdb.DuckDBPyConnection) -> None:
    """Write `table_cluster` (table, record_id, cluster_id) from `record_cluster`: cluster_id from 1 in the order of the first records."""
    con.execute("""
        CREATE OR REPLACE TABLE table_cluster AS
        SELECT table_name AS "table", record_id, dense_rank() OVER (ORDER BY cluster) AS cluster_id
        FROM table_record JOIN record_cluster USING (unique_id) ORDER BY unique_id""")
