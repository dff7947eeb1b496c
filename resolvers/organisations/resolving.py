"""The tables `organisation`, `organisation_mention` and `organisation_registry`.

Belongs here: cells to nodes, clusters to organisations, ids that stay. Does not: evidence (`linking`), reading names (`naming`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa

from resolvers.organisations.cells import CELLS, KINDS
from resolvers.organisations.credit_codes import read_code
from resolvers.organisations.linking import WEIGHTS, Node, clusters
from resolvers.organisations.naming import EITHER, read_name
from sources.tables import has_table, literal, quoted


@dataclass(frozen=True)
class OrganisationCounts:
    """cells: filled cells; no_organisation: placeholders and communities; invalid_codes: distinct credit codes that fail their check."""

    cells: int
    no_organisation: int
    names: int
    organisations: int
    invalid_codes: int


_STEPS = ("organisation_cell", "organisation_read", "organisation_code", "organisation_node", "organisation_keyed", "organisation_group",
          "organisation_ids", "organisation_arrow")


def build(con: duckdb.DuckDBPyConnection) -> OrganisationCounts:
    """In: current_<c> of CELLS. Out: `organisation`, one row each; `organisation_mention`, one row per record and filled cell
    (organisation_id NULL where the cell names none); `organisation_registry`, the id of every standard name, kept over runs."""
    _create_cells(con)
    _read(con)
    _create_nodes(con)
    _group(con)
    _keep_ids(con)
    _fill(con)
    counts = con.execute("""
        SELECT (SELECT count(*) FROM organisation_mention), (SELECT count(*) FROM organisation_mention WHERE organisation_id IS NULL),
               (SELECT count(*) FROM organisation_node), (SELECT count(*) FROM organisation),
               (SELECT count(*) FROM organisation_code WHERE NOT valid)""").fetchone()
    for table in _STEPS:
        con.execute(f"DROP TABLE IF EXISTS temp.{table}")
    return OrganisationCounts(*(counts or (0, 0, 0, 0, 0)))


def _create_cells(con: duckdb.DuckDBPyConnection) -> None:
    selects = [f"""SELECT record_id, {literal(cell.category)} AS category, {literal(cell.column)} AS column_name,
                          {literal(cell.kind)} AS kind, {quoted(cell.column)} AS name,
                          {quoted(cell.number) if cell.number else 'NULL::VARCHAR'} AS number,
                          {cell.county or 'NULL::VARCHAR'} AS beside, {cell.code or 'NULL::VARCHAR'} AS code
                   FROM {quoted(f"current_{cell.category}")} WHERE {quoted(cell.column)} IS NOT NULL AND {cell.where}""" for cell in CELLS]
    con.execute("CREATE OR REPLACE TEMP TABLE organisation_cell AS " + " UNION ALL ".join(selects))


def _load(con: duckdb.DuckDBPyConnection, table: str, columns: dict[str, Any]) -> None:
    """A temporary table from columns of Python values."""
    con.register("organisation_arrow", pa.table(columns))
    con.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT * FROM organisation_arrow")
    con.unregister("organisation_arrow")


def _read(con: duckdb.DuckDBPyConnection) -> None:
    """Temporary `organisation_read` and `organisation_code`: every distinct name and code, read once."""
    names = [name for (name,) in con.execute("SELECT DISTINCT name FROM organisation_cell ORDER BY name").fetchall()]
    read = [read_name(name) for name in names]
    text = pa.string()
    _load(con, "organisation_read", {
        "name": pa.array(names, text), "county": pa.array([one.county for one in read], text),
        "body": pa.array([one.body for one in read], text), "branch": pa.array([one.branch for one in read], text),
        "ordinals": pa.array([one.ordinals for one in read], text), "former": pa.array([one.former for one in read], text),
        "problem": pa.array([one.problem for one in read], text)})
    codes = [code for (code,) in con.execute("SELECT DISTINCT code FROM organisation_cell WHERE code IS NOT NULL ORDER BY code").fetchall()]
    checked = [read_code(code) for code in codes]
    _load(con, "organisation_code", {"code": pa.array(codes, text), "tidy": pa.array([one.code for one in checked], text),
                                     "valid": pa.array([one.valid for one in checked], pa.bool_())})


def _create_nodes(con: duckdb.DuckDBPyConnection) -> None:
    """Temporary `organisation_keyed`: cells with the key of their standard name; `organisation_node`: the keys.

    A name without a county is one organisation only within one number of one department, or within one credit code; where several
    counties have an organisation of that name it names none.
    """
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE organisation_keyed AS
        SELECT *, concat_ws('|', coalesce(county, ''), body, branch, apart) AS key
        FROM (SELECT cell.*,
                     coalesce(nullif(named.county, {literal(EITHER)}), cell.beside, named.county) AS county, body, branch, ordinals, former,
                     cell.category || ':' || cell.number AS own_number, CASE WHEN checked.valid THEN checked.tidy END AS uscc,
                     CASE WHEN coalesce(nullif(named.county, {literal(EITHER)}), cell.beside) IS NULL
                          THEN coalesce(CASE WHEN checked.valid THEN checked.tidy END, cell.category || ':' || cell.number, '')
                          ELSE coalesce(CASE WHEN checked.valid THEN checked.tidy END, '') END AS apart
              FROM organisation_cell cell JOIN organisation_read named USING (name)
              LEFT JOIN organisation_code checked ON checked.code = cell.code
              WHERE named.problem IS NULL)""")
    con.execute("""
        DELETE FROM organisation_keyed WHERE county IS NULL AND apart = '' AND (body, branch) IN (
            SELECT (body, branch) FROM organisation_keyed WHERE county IS NOT NULL
            GROUP BY body, branch HAVING count(DISTINCT county) > 1)""")
    con.execute("""
        CREATE OR REPLACE TEMP TABLE organisation_node AS
        SELECT row_number() OVER (ORDER BY key) - 1 AS node, * FROM (
            SELECT key, min(county) AS county, min(body) AS body, min(branch) AS branch, min(ordinals) AS ordinals, count(*) AS records,
                   list_sort(list(DISTINCT uscc) FILTER (uscc IS NOT NULL)) AS codes,
                   list_sort(list(DISTINCT former) FILTER (former IS NOT NULL)) AS formers
            FROM organisation_keyed GROUP BY key)""")


def _group(con: duckdb.DuckDBPyConnection) -> None:
    """Temporary `organisation_group` (key, head, how): the cluster of every key."""
    numbers: dict[str, list[tuple[str, int]]] = {}
    for key, number, records in con.execute("""SELECT key, own_number, count(*) FROM organisation_keyed WHERE own_number IS NOT NULL
                                               GROUP BY ALL ORDER BY ALL""").fetchall():
        numbers.setdefault(key, []).append((number, records))
    rows = con.execute("""SELECT key, county, body, branch, ordinals, records, coalesce(codes, []), coalesce(formers, [])
                          FROM organisation_node ORDER BY node""").fetchall()
    nodes = [Node(row[1], row[2], row[3], row[4], row[5], tuple(numbers.get(row[0], ())), tuple(row[6]), tuple(row[7])) for row in rows]
    cluster, how = clusters(nodes)
    _load(con, "organisation_group", {"key": pa.array([row[0] for row in rows], pa.string()),
                                      "head": pa.array([cluster.get(place, place) for place in range(len(rows))], pa.int64()),
                                      "how": pa.array([how.get(place, "name") for place in range(len(rows))], pa.string())})


def _keep_ids(con: duckdb.DuckDBPyConnection) -> None:
    """Temporary `organisation_ids` (head, organisation_id): the id that most of its names had before, once; else a digest of its first."""
    if not has_table(con, "organisation_registry"):
        con.execute("CREATE TABLE organisation_registry (key VARCHAR PRIMARY KEY, organisation_id VARCHAR NOT NULL)")
    con.execute("""
        CREATE OR REPLACE TEMP TABLE organisation_ids AS
        WITH claim AS (SELECT head, organisation_id, count(*) AS names FROM organisation_group JOIN organisation_registry USING (key)
                       GROUP BY ALL),
        chosen AS (SELECT * FROM claim QUALIFY row_number() OVER (PARTITION BY head ORDER BY names DESC, organisation_id) = 1),
        kept AS (SELECT * FROM chosen QUALIFY row_number() OVER (PARTITION BY organisation_id ORDER BY names DESC, head) = 1),
        fresh AS (SELECT head, arg_min(key, key) AS first FROM organisation_group WHERE head NOT IN (SELECT head FROM kept) GROUP BY head)
        SELECT head, organisation_id FROM kept
        UNION ALL
        SELECT head, 'O' || left(md5(first || CASE WHEN 'O' || left(md5(first), 15) IN (SELECT organisation_id FROM organisation_registry)
                                                   THEN '|again|' || (SELECT count(*) FROM organisation_registry) ELSE '' END), 15)
        FROM fresh""")
    con.execute("""INSERT OR REPLACE INTO organisation_registry
                   SELECT key, organisation_id FROM organisation_group JOIN organisation_ids USING (head) ORDER BY key""")


def _fill(con: duckdb.DuckDBPyConnection) -> None:
    """`organisation_mention` and `organisation`; a branch has as parent the one organisation of its county named without the branch."""
    score = " ".join(f"WHEN {literal(how)} THEN {1 - 2.0 ** -weight}" for how, weight in WEIGHTS.items())
    con.execute(f"""
        CREATE OR REPLACE TABLE organisation_mention AS
        SELECT cell.record_id, cell.category, cell.column_name, cell.name, ids.organisation_id,
               coalesce(grouped.how, named.problem, 'several_counties') AS how,
               CASE WHEN ids.organisation_id IS NOT NULL THEN CASE grouped.how {score} ELSE 1.0 END END::DOUBLE AS score
        FROM organisation_cell cell JOIN organisation_read named USING (name)
        LEFT JOIN organisation_keyed keyed USING (record_id, category, column_name)
        LEFT JOIN organisation_group grouped USING (key) LEFT JOIN organisation_ids ids USING (head)
        ORDER BY cell.category, cell.column_name, cell.record_id""")
    kinds = "[" + ", ".join(literal(kind) for kind in KINDS) + "]"
    con.execute(f"""
        CREATE OR REPLACE TABLE organisation AS
        WITH whole AS (
            SELECT organisation_id, {kinds}[min(list_position({kinds}, kind))] AS kind, min(uscc) AS uscc,
                   min(nullif(county, {literal(EITHER)})) AS county_code,
                   list_sort(list(DISTINCT name)) AS names,
                   coalesce(list_sort(list(DISTINCT own_number) FILTER (own_number IS NOT NULL)), []) AS numbers, count(*) AS records
            FROM organisation_keyed JOIN organisation_group USING (key) JOIN organisation_ids USING (head) GROUP BY organisation_id),
        called AS (SELECT organisation_id, name FROM organisation_mention WHERE organisation_id IS NOT NULL GROUP BY organisation_id, name
                   QUALIFY row_number() OVER (PARTITION BY organisation_id ORDER BY count(*) DESC, length(name) DESC, name) = 1),
        part AS (SELECT DISTINCT organisation_id, county, body, branch
                 FROM organisation_node JOIN organisation_group USING (key) JOIN organisation_ids USING (head)),
        parent AS (SELECT part.organisation_id, min(head.organisation_id) AS parent_id
                   FROM part JOIN part head ON part.branch <> '' AND head.branch = '' AND head.body = part.body
                                            AND head.county = part.county
                   WHERE head.organisation_id <> part.organisation_id
                   GROUP BY part.organisation_id HAVING count(DISTINCT head.organisation_id) = 1)
        SELECT organisation_id, called.name, kind, uscc, county_code, parent_id, names, numbers, records
        FROM whole JOIN called USING (organisation_id) LEFT JOIN parent USING (organisation_id) ORDER BY organisation_id""")
