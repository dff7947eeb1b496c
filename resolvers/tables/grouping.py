"""Grouping: from scored pairs to clusters of records."""

from __future__ import annotations

import duckdb

from resolvers.tables.spec import Model


def group(con: duckdb.DuckDBPyConnection, model: Model) -> int:
    rows = con.execute(
        f"SELECT unique_id_l, unique_id_r FROM table_pair WHERE probability >= {model.threshold} ORDER BY weight DESC, 1, 2"
    ).fetchall()
    parent: dict[int, int] = {}

    def root(node: int) -> int:
        while parent.get(node, node) != node:
            parent[node] = parent.get(parent[node], parent[node])
            node = parent[node]
        return node

    for left, right in rows:
        a, b = sorted((root(left), root(right)))
        parent[b] = a
    con.execute("CREATE OR REPLACE TEMP TABLE record_root (unique_id BIGINT, root BIGINT)")
    if parent:
        con.execute("INSERT INTO record_root SELECT unnest($1), unnest($2)", [list(parent), [root(node) for node in parent]])
    con.execute("""CREATE OR REPLACE TABLE table_cluster AS
        SELECT table_name AS "table", record_id, dense_rank() OVER (ORDER BY coalesce(root, unique_id)) AS cluster_id
        FROM table_record LEFT JOIN record_root USING (unique_id) ORDER BY unique_id""")
    return int((con.execute("SELECT count(DISTINCT cluster_id) FROM table_cluster").fetchone() or (0,))[0])
