"""Linkage: which mentions speak of one person.

Belongs here: the steps from mentions to persons, in order: certain links by numbers (nuclei), what is compared
(units), the Splink model
(model), constrained clusters (clusters), relatives without number (relatives), person ids (resolvers/registry.py) and
the tables that
the rest of the house reads. Does not: reading values (expectations) or addresses (resolvers/places).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from resolvers.linkage import clusters, model, nuclei, relatives, units
from resolvers.registry import assign_ids
from sources.catalogue import load_catalogue
from sources.tables import SHARED_TABLES, create_table, literal


@dataclass(frozen=True, slots=True)
class Resolution:
    """What one run of the linkage found; counts only."""

    mentions: int
    persons: int
    pairs: int
    links: int
    trained_on: dict[str, Any]


HEALTH_CATEGORIES = ("health_records", "care_followups")
JUSTICE_CATEGORIES = ("resettlement_support",)
_WORKING_TABLES = (
    "claim_form",
    "nucleus",
    "unit_mention",
    "unit",
    "training_unit",
    "pair",
    "mention_cluster",
    "relative_cluster",
    "clustered",
    "person_of_cluster",
    "cluster_confidence",
)


def resolve(con: duckdb.DuckDBPyConnection, models: Path, run: int) -> Resolution:
    """Write `mention_person`, `everybody` and `link_edge` from `mention`; ids come from the registry and stay the
    same from run to run."""
    nuclei.build(con)
    units.assign(con)
    units.build(con, "unit_mention", "unit")
    used_model = model.load_or_train(con, models)
    pairs = model.score(con, used_model, clusters.LOWEST_WEIGHT)
    edges = clusters.collect_edges(con)
    roots, used = clusters.agglomerate(edges, clusters.collect_known(con, edges))
    _write_clusters(con, roots, used)
    relatives.place(con)
    con.execute("""
        CREATE OR REPLACE TABLE clustered AS
        SELECT mention.record_id, category, natural_key, role, subject,
               coalesce(mention_cluster.cluster, relative_cluster.cluster, -mention.mention_id) AS cluster
        FROM mention LEFT JOIN mention_cluster USING (mention_id) LEFT JOIN relative_cluster USING (mention_id)""")
    assign_ids(con, run)
    persons = _write_persons(con)
    mentions = con.execute("SELECT count(*) FROM mention_person").fetchone() or (0,)
    for table in _WORKING_TABLES:
        con.execute(f"DROP TABLE IF EXISTS {table}")
    return Resolution(int(mentions[0]), persons, pairs, len(used), used_model.trained_on)


def _write_clusters(con: duckdb.DuckDBPyConnection, roots: dict[int, int], used: list[clusters.Edge]) -> None:
    """`mention_cluster`, `cluster_confidence` and `link_edge` (the edges that hold the clusters together)."""
    con.register(
        "_roots",
        pa.table({"unit_id": pa.array(list(roots), pa.int64()), "root": pa.array(list(roots.values()), pa.int64())}),
    )
    con.execute("""
        CREATE OR REPLACE TABLE mention_cluster AS
        SELECT mention_id, coalesce(root, unit_id) AS cluster FROM unit_mention LEFT JOIN _roots USING (unit_id)""")
    con.register(
        "_edges",
        pa.table(
            {
                "unit_l": pa.array([edge.left for edge in used], pa.int64()),
                "unit_r": pa.array([edge.right for edge in used], pa.int64()),
                "weight": pa.array([edge.weight for edge in used], pa.float64()),
                "probability": pa.array([edge.probability for edge in used], pa.float64()),
                "reason": pa.array([edge.reason for edge in used], pa.string()),
            }
        ),
    )
    con.execute("""
        CREATE OR REPLACE TABLE link_edge AS
        WITH first_mention AS (SELECT unit_id, min(mention_id) AS mention_id FROM unit_mention GROUP BY unit_id)
        SELECT l.mention_id AS mention_l, r.mention_id AS mention_r, weight, probability, reason
        FROM _edges JOIN first_mention AS l ON l.unit_id = unit_l JOIN first_mention AS r ON r.unit_id = unit_r ORDER
            BY ALL""")
    con.execute("""
        CREATE OR REPLACE TABLE cluster_confidence AS
        SELECT coalesce(root, unit_l) AS cluster, min(probability) AS probability
        FROM _edges LEFT JOIN _roots ON unit_id = unit_l GROUP BY ALL""")
    con.unregister("_roots")
    con.unregister("_edges")


def _write_persons(con: duckdb.DuckDBPyConnection) -> int:
    """`mention_person` and `everybody` anew, in the order of their keys."""
    for table in ("mention_person", "everybody"):
        con.execute(f"DROP TABLE IF EXISTS {table}")
        con.execute(create_table(table, SHARED_TABLES[table]))
    con.execute("""INSERT INTO mention_person SELECT record_id, category, natural_key, role, subject, person_id
                   FROM clustered JOIN person_of_cluster USING (cluster) ORDER BY category, natural_key, role""")
    health, justice = (", ".join(literal(name) for name in names) for names in (HEALTH_CATEGORIES, JUSTICE_CATEGORIES))
    con.execute(f"""
        INSERT INTO everybody
        SELECT person_id,
               CASE WHEN bool_or(subject AND category NOT IN ({health}, {justice})) THEN 'open'
                    WHEN bool_or(subject AND category IN ({health})) AND bool_or(subject AND category IN ({justice}))
                        THEN 'health_justice'
                    WHEN bool_or(subject AND category IN ({health})) THEN 'health'
                    WHEN bool_or(subject AND category IN ({justice})) THEN 'justice' ELSE 'relative' END,
               coalesce(any_value(probability), 1.0)
        FROM clustered JOIN person_of_cluster USING (cluster) LEFT JOIN cluster_confidence USING (cluster)
        GROUP BY person_id ORDER BY person_id""")
    row = con.execute("SELECT count(*) FROM everybody").fetchone()
    return int(row[0]) if row else 0


def restricted_categories() -> frozenset[str]:
    """Categories whose contract says restricted; together the two groups above."""
    return frozenset(
        name for name, contract in load_catalogue().contracts.items() if contract.sensitivity == "restricted"
    )
