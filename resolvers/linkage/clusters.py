"""Clusters: units joined by evidence, never against what is known to be two people.

Belongs here: which pairs may join at all, the scope of a run, and the tables that keep clusters, their edges and the cuts. Does not:
weights (scoring.py), what is known of two people (cannot_link.py), the algorithm (resolvers/clustering).

A component is what pairs (rivals among them), decisions and former clusters connect. What is decided in it depends on nothing outside, so
a run for some units recomputes their components and leaves the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from resolvers.clustering import Edges, Options, Partition, partition
from resolvers.clustering.pairs import components
from resolvers.clustering.problem import LARGEST_WEIGHT
from resolvers.linkage import cannot_link
from resolvers.linkage.model import DEFAULT_LEAD, DEFAULT_THRESHOLD, LOWEST_WEIGHT
from resolvers.linkage.nuclei import agreeing_names
from resolvers.linkage.units import of_one_family


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A decision that does not hold: another decision, or what is known of the two, stands against it."""

    mention_l: int
    mention_r: int
    verdict: str
    reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What clustering found. units, links, cuts: in scope. contradictions: of the whole store, so that no increment forgets one."""

    units: int
    links: int
    cuts: int
    contradictions: tuple[Contradiction, ...]


NO_UNIT = "no_unit"
"""Reason of a decision about a mention that is gone, or a relative without number, who is placed by the family and not by pairs."""

_TABLES = """
    CREATE TABLE IF NOT EXISTS unit_cluster (unit_id BIGINT, cluster BIGINT);
    CREATE TABLE IF NOT EXISTS cluster_confidence (cluster BIGINT, probability DOUBLE);
    CREATE TABLE IF NOT EXISTS link_edge (mention_l BIGINT, mention_r BIGINT, weight DOUBLE, probability DOUBLE, reason VARCHAR);
    CREATE TABLE IF NOT EXISTS cut (unit_l BIGINT, unit_r BIGINT, weight DOUBLE, reason VARCHAR, method VARCHAR);
    CREATE TABLE IF NOT EXISTS refused_decision (mention_l BIGINT, mention_r BIGINT, verdict VARCHAR, reason VARCHAR);
    CREATE TABLE IF NOT EXISTS decided (mention_l BIGINT, mention_r BIGINT, verdict VARCHAR)"""


def cluster(
    con: duckdb.DuckDBPyConnection, *, threshold: float = DEFAULT_THRESHOLD, lead: float = DEFAULT_LEAD, touched: str | None = None
) -> Outcome:
    """Bring `unit_cluster`, `link_edge`, `cut`, `cluster_confidence` and `refused_decision` up to date; for everything without `touched`.

    threshold: match weight of a link. lead: what a link must have over a rival. touched: table with unit_id of units that are new, changed
    or gone, or whose pairs are; everything that hangs together with them is clustered anew, and the result is that of a run for everything.
    `unit_cluster` has a row for every unit that a pair or a decision names; the cluster is its smallest unit. A unit without a row is a
    cluster of its own, with its own id. Reads `pair`, `unit`, `unit_mention`, `mention`, `decided`.
    """
    con.execute(_TABLES)
    scope = None if touched is None else _reach(con, touched)
    pairs = _pairs(con, scope)
    must, decisions = _decided_same(con, scope)
    _register_components(con, pairs, must)
    found = partition(
        Edges(pairs["unit_l"], pairs["unit_r"], pairs["weight"], pairs["acceptable"]),
        cannot=cannot_link.collect(con, _agreeing_numbers(pairs, must)),
        must=must,
        loose=_loose(con),
        options=Options(threshold=threshold, against=min(threshold, LOWEST_WEIGHT), lead=lead),
    )
    _write(con, scope, pairs, found)
    _keep_refused(con, scope, [(*decisions[one.must], "same", one.reason) for one in found.refused])
    for table in ("component_unit", "component_mention", "component_row", "allowed_pair", "cluster_scope"):
        con.execute(f"DROP TABLE IF EXISTS temp.{table}")
    return Outcome(len(found.node), len(found.used), len(found.cuts), _contradictions(con))


def _contradictions(con: duckdb.DuckDBPyConnection) -> tuple[Contradiction, ...]:
    """Decisions of the whole store that do not hold."""
    rows = con.execute(f"""
        FROM refused_decision
        UNION ALL
        SELECT mention_l, mention_r, verdict, '{NO_UNIT}' FROM decided
        WHERE NOT (mention_l IN (SELECT mention_id FROM unit_mention) AND mention_r IN (SELECT mention_id FROM unit_mention))
        ORDER BY ALL""").fetchall()
    return tuple(Contradiction(*row) for row in rows)


def _reach(con: duckdb.DuckDBPyConnection, touched: str) -> str:
    """`cluster_scope` (unit_id): units that pairs, decisions and former clusters connect with the touched ones."""
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE cluster_scope AS SELECT DISTINCT unit_id FROM {touched};
        CREATE OR REPLACE TEMP TABLE frontier AS FROM cluster_scope;
        CREATE OR REPLACE TEMP TABLE decided_unit AS {_DECIDED_UNITS}""")
    while True:
        con.execute("""
            CREATE OR REPLACE TEMP TABLE frontier AS
            SELECT unit_id FROM (
                SELECT unit_r AS unit_id FROM pair WHERE unit_l IN (FROM frontier)
                UNION SELECT unit_l FROM pair WHERE unit_r IN (FROM frontier)
                UNION SELECT unit_r FROM decided_unit WHERE unit_l IN (FROM frontier)
                UNION SELECT unit_l FROM decided_unit WHERE unit_r IN (FROM frontier)
                UNION SELECT unit_id FROM unit_cluster
                      WHERE cluster IN (SELECT cluster FROM unit_cluster WHERE unit_id IN (FROM frontier)))
            WHERE unit_id NOT IN (FROM cluster_scope)""")
        row = con.execute("SELECT count(*) FROM frontier").fetchone()
        if not row or not row[0]:
            con.execute("DROP TABLE temp.frontier; DROP TABLE temp.decided_unit")
            return "cluster_scope"
        con.execute("INSERT INTO cluster_scope FROM frontier")


_DECIDED_UNITS = """
    SELECT mention_l, mention_r, verdict, l.unit_id AS unit_l, r.unit_id AS unit_r
    FROM decided JOIN unit_mention AS l ON l.mention_id = mention_l JOIN unit_mention AS r ON r.mention_id = mention_r"""


def _within(column: str, scope: str | None) -> str:
    return "true" if scope is None else f"{column} IN (FROM {scope})"


def _pairs(con: duckdb.DuckDBPyConnection, scope: str | None) -> dict[str, Any]:
    """Columns of `pair` from the lowest weight on, with the verdict on names and numbers; both_numbered: each has a valid number."""
    written = agreeing_names("l", "r", former=False)
    agree = f"(l.sound IS NULL OR r.sound IS NULL OR {written} OR coalesce(list_has_any(l.names, r.names), false))"
    slip = "coalesce(length(l.id_typed) = 18 AND damerau_levenshtein(l.id_typed, r.number) <= 1, false)"
    slips = f"({slip} OR {slip.replace('l.', '#.').replace('r.', 'l.').replace('#.', 'r.')})"
    rows = con.execute(f"""
        SELECT unit_l, unit_r, least(pair.weight, {LARGEST_WEIGHT}) AS weight, probability, reason,
               l.anchored AND r.anchored AS both_numbered,
               coalesce(CASE WHEN l.anchored AND r.anchored THEN {agree} AND ({of_one_family("l", "r")} OR reason <> 'model')
                             ELSE {agree} OR ({slips} AND l.birth_date = r.birth_date) END, false) AS acceptable
        FROM pair JOIN unit AS l ON l.unique_id = unit_l JOIN unit AS r ON r.unique_id = unit_r
        WHERE pair.weight >= {LOWEST_WEIGHT} AND {_within("unit_l", scope)} ORDER BY unit_l, unit_r, reason""").fetchnumpy()
    columns = {name: np.ma.getdata(column) for name, column in rows.items()}
    return columns | {name: columns[name].astype(np.int64) for name in ("unit_l", "unit_r")}


def _decided_same(con: duckdb.DuckDBPyConnection, scope: str | None) -> tuple[NDArray[np.int64], list[tuple[int, int]]]:
    """Pairs of units that reviewers called one person, and the mentions of each decision."""
    rows = con.execute(f"""
        SELECT unit_l, unit_r, mention_l, mention_r FROM ({_DECIDED_UNITS})
        WHERE verdict = 'same' AND unit_l <> unit_r AND {_within("unit_l", scope)} ORDER BY ALL""").fetchall()
    return np.array([row[:2] for row in rows], np.int64).reshape(-1, 2), [(left, right) for _, _, left, right in rows]


def _register_components(con: duckdb.DuckDBPyConnection, pairs: dict[str, Any], must: NDArray[np.int64]) -> None:
    """`component_unit` (unit_id, component): what pairs and decisions name, and what hangs together."""
    units, place = np.unique(np.concatenate([pairs["unit_l"], pairs["unit_r"], must[:, 0], must[:, 1]]), return_inverse=True)
    count = len(pairs["unit_l"])
    left = np.concatenate([place[:count], place[2 * count : 2 * count + len(must)]])
    right = np.concatenate([place[count : 2 * count], place[2 * count + len(must) :]])
    _, component = components(left, right, len(units))
    con.register("_components", pa.table({"unit_id": units, "component": component}))
    con.execute("CREATE OR REPLACE TEMP TABLE component_unit AS FROM _components")
    con.unregister("_components")


def _agreeing_numbers(pairs: dict[str, Any], must: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Units with two numbers that may be one person: name, birth date and something of the family agree, or a reviewer said so."""
    rows = pairs["acceptable"] & pairs["both_numbered"]
    return [*zip(pairs["unit_l"][rows].tolist(), pairs["unit_r"][rows].tolist(), strict=True), *map(tuple, must.tolist())]


def _loose(con: duckdb.DuckDBPyConnection) -> NDArray[np.int64]:
    """Units without a valid number of their own."""
    rows = con.execute("SELECT unique_id FROM component_unit JOIN unit ON unique_id = unit_id WHERE NOT anchored").fetchnumpy()
    return np.ma.getdata(rows["unique_id"]).astype(np.int64)


def _forget(con: duckdb.DuckDBPyConnection, scope: str | None) -> None:
    """Delete what was known of the clusters in scope; edges of mentions that are gone lie in scope too."""
    if scope is None:
        for table in ("unit_cluster", "cluster_confidence", "link_edge", "cut"):
            con.execute(f"DELETE FROM {table}")
        return
    con.execute(f"""
        DELETE FROM cluster_confidence WHERE cluster IN (SELECT cluster FROM unit_cluster WHERE unit_id IN (FROM {scope}));
        DELETE FROM unit_cluster WHERE unit_id IN (FROM {scope});
        DELETE FROM cut WHERE unit_l IN (FROM {scope}) OR unit_r IN (FROM {scope});
        CREATE OR REPLACE TEMP TABLE kept_mention AS
        SELECT mention_id, unit_id IN (FROM {scope}) AS anew FROM unit_mention
        WHERE mention_id IN (SELECT unnest([mention_l, mention_r]) FROM link_edge);
        DELETE FROM link_edge WHERE mention_l NOT IN (SELECT mention_id FROM kept_mention WHERE NOT anew)
            OR mention_r NOT IN (SELECT mention_id FROM kept_mention WHERE NOT anew);
        DROP TABLE temp.kept_mention""")


def _keep_refused(con: duckdb.DuckDBPyConnection, scope: str | None, refused: list[tuple[int, int, str, str]]) -> None:
    """Replace the decisions in scope that do not hold; those that were taken back, or whose mentions are gone, go too."""
    con.execute(f"""
        DELETE FROM refused_decision WHERE (mention_l, mention_r, verdict) NOT IN (SELECT (mention_l, mention_r, verdict) FROM decided)
            OR mention_l NOT IN (SELECT mention_id FROM unit_mention WHERE NOT {_within("unit_id", scope)})""")
    if refused:
        con.executemany("INSERT INTO refused_decision VALUES (?, ?, ?, ?)", sorted(refused))


def _write(con: duckdb.DuckDBPyConnection, scope: str | None, pairs: dict[str, Any], found: Partition) -> None:
    con.register("_clusters", pa.table({"unit_id": found.node, "cluster": found.cluster}))
    con.register("_used", pa.table({name: pairs[name][found.used] for name in ("unit_l", "unit_r", "weight", "probability", "reason")}))
    cut = np.array([one.edge for one in found.cuts], np.int64)
    con.register(
        "_cuts",
        pa.table(
            {name: pairs[name][cut] for name in ("unit_l", "unit_r", "weight")}
            | {
                "reason": pa.array([one.reason for one in found.cuts], pa.string()),
                "method": pa.array([one.method for one in found.cuts], pa.string()),
            }
        ),
    )
    _forget(con, scope)
    con.execute("""
        INSERT INTO unit_cluster FROM _clusters ORDER BY unit_id;
        INSERT INTO cut SELECT unit_l, unit_r, weight, reason, method FROM _cuts ORDER BY ALL;
        INSERT INTO cluster_confidence
        SELECT cluster, min(probability) FROM _used JOIN _clusters ON unit_id = unit_l GROUP BY cluster ORDER BY cluster;
        INSERT INTO link_edge
        WITH first_mention AS (
            SELECT unit_id, min(mention_id) AS mention_id FROM unit_mention SEMI JOIN _clusters USING (unit_id) GROUP BY unit_id)
        SELECT l.mention_id, r.mention_id, weight, probability, reason
        FROM _used JOIN first_mention AS l ON l.unit_id = unit_l JOIN first_mention AS r ON r.unit_id = unit_r ORDER BY ALL""")
    for view in ("_clusters", "_used", "_cuts"):
        con.unregister(view)
