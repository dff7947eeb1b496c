"""A small finished run of the linkage for tests of the review: persons by letter, each with records, pairs and cuts as stated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from resolvers.mentions import MENTION_COLUMNS
from resolvers.review.decisions import MentionKey, create_tables
from sources.tables import create_table, quoted

HOUSEHOLDS, HEALTH = "household_registration", "health_records"


def key(letter: str, category: str = HOUSEHOLDS) -> MentionKey:
    return MentionKey(category, letter, "holder")


def put_mentions(con: duckdb.DuckDBPyConnection, letters: str, **stated: Mapping[str, Any]) -> None:
    """One mention per letter, its own record; stated: columns by letter. The id is the letter's number."""
    con.execute(f"DROP TABLE IF EXISTS mention; {create_table('mention', MENTION_COLUMNS)}")
    for letter in letters:
        values = {
            "mention_id": ord(letter), "record_id": ord(letter), "category": HOUSEHOLDS, "natural_key": letter, "role": "holder",
            "subject": True, "name": "李明", "birth_date": "1980-02-03", "is_self": False, "own_keys": [],
        } | dict(stated.get(letter, {}))  # fmt: skip
        names = ", ".join(map(quoted, values))
        con.execute(f"INSERT INTO mention ({names}) VALUES ({', '.join('?' * len(values))})", list(values.values()))


def put_run(
    con: duckdb.DuckDBPyConnection,
    clusters: Sequence[str],
    pairs: Sequence[tuple[str, str, float]] = (),
    cuts: Sequence[tuple[str, str, float, str]] = (),
    edges: Sequence[tuple[str, str, float]] = (),
) -> None:
    """What a run leaves: every mention is a unit of its own; edges hold clusters together."""
    con.execute("""
        CREATE OR REPLACE TABLE unit_mention AS SELECT mention_id, mention_id AS unit_id, id_number AS number FROM mention;
        CREATE OR REPLACE TABLE pair (unit_l BIGINT, unit_r BIGINT, weight DOUBLE, probability DOUBLE, reason VARCHAR);
        CREATE OR REPLACE TABLE link_edge (mention_l BIGINT, mention_r BIGINT, weight DOUBLE, probability DOUBLE, reason VARCHAR);
        CREATE OR REPLACE TABLE cut (unit_l BIGINT, unit_r BIGINT, weight DOUBLE, reason VARCHAR, method VARCHAR);
        CREATE OR REPLACE TABLE placed (mention_id BIGINT, cluster BIGINT)""")
    for cluster in clusters:
        for letter in cluster:
            con.execute("INSERT INTO placed VALUES (?, ?)", [ord(letter), ord(min(cluster))])
    con.execute("""
        CREATE OR REPLACE TABLE clustered AS
        SELECT mention_id, record_id, category, natural_key, role, subject, cluster FROM mention JOIN placed USING (mention_id);
        CREATE OR REPLACE TABLE person_of_cluster AS SELECT DISTINCT cluster, 'P' || lpad(cluster::VARCHAR, 11, '0') AS person_id
        FROM clustered""")
    for left, right, weight in pairs:
        con.execute("INSERT INTO pair VALUES (?, ?, ?, 0.9, 'model')", [ord(left), ord(right), weight])
    for left, right, weight in edges:
        con.execute("INSERT INTO link_edge VALUES (?, ?, ?, 0.99, 'model')", [ord(left), ord(right), weight])
        con.execute("INSERT INTO pair VALUES (?, ?, ?, 0.99, 'model')", [ord(left), ord(right), weight])
    for left, right, weight, reason in cuts:
        con.execute("INSERT INTO cut VALUES (?, ?, ?, ?, 'exact')", [ord(left), ord(right), weight, reason])


def with_decisions() -> duckdb.DuckDBPyConnection:
    """A connection with an empty file of decisions attached."""
    con = duckdb.connect(config={"threads": 1})
    con.execute("ATTACH ':memory:' AS decisions")
    create_tables(con)
    return con
