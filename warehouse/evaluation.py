"""Answers compared with the truth of a synthetic city, each difference by its cause (clarification 55).

Belongs here: the profile computed once more with the rightly linked records, and the example queries on both and on the truth.
Does not: anything that the product uses to decide; the truth is read here and in resolvers/evaluation.py only.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from sources.catalogue import load_catalogue
from sources.tables import literal, quoted
from warehouse import profile
from warehouse.queries import Query, parse, statement

EXAMPLES = {
    "elders_living_alone_shashi": "alive AND county = '421002' AND living_alone AND age BETWEEN 80 AND 100",
    "migrants_half_year_jingzhou_district": "alive AND county = '421003' AND migrant AND residence_months >= 6",
}
"""Worked queries of the catalogue, and how the truth about persons states the same."""


@dataclass(frozen=True, slots=True)
class AnswerQuality:
    """One query: persons answered, persons that the rightly linked records give, persons of the truth, and the differences.

    link_missing, link_extra: the rightly linked records would answer otherwise (an error of ours).
    register_missing, register_extra: they would answer the same; the registers do not know how the person lives.
    """

    name: str
    answered: int
    rightly_linked: int
    true: int
    link_missing: int
    link_extra: int
    register_missing: int
    register_extra: int


def evaluate_answers(con: duckdb.DuckDBPyConnection, truth: Path) -> list[AnswerQuality]:
    """Compare the example queries. `con` reads a snapshot; everything is computed in its in-memory database."""
    (as_of,) = con.execute("SELECT as_of FROM published").fetchone() or (None,)
    reference = date.fromisoformat(str(as_of))
    published = con.execute("SELECT current_database()").fetchone() or ("",)
    queries = {name: _worked_query(name) for name in EXAMPLES}
    con.execute("""
        CREATE OR REPLACE TEMP TABLE true_of AS
        SELECT found.person_id, mode(stated.true_person) AS true_person
        FROM mention_person AS found JOIN read_parquet($1) AS stated USING (category, natural_key, role)
        GROUP BY found.person_id""", [str(truth / "mentions.parquet")])
    ours = {name: _answer(con, query, reference, "true_of") for name, query in queries.items()}
    con.execute("USE memory")
    try:
        rightly_linked(con, published[0], truth)
        profile.build(con, reference)
        con.execute("CREATE OR REPLACE TEMP TABLE themselves AS SELECT person_id, person_id AS true_person FROM everybody")
        right = {name: _answer(con, query, reference, "themselves") for name, query in queries.items()}
    finally:
        con.execute(f"USE {quoted(published[0])}")
    return [_compare(name, ours[name], right[name], _truth(con, truth, EXAMPLES[name], reference)) for name in queries]


def _worked_query(name: str) -> Query:
    worked = next(query for query in load_catalogue().worked_queries if query.name == name)
    return parse({"purpose": worked.purpose, "query": worked.query})


def rightly_linked(con: duckdb.DuckDBPyConnection, published: str, truth: Path) -> None:
    """Records, places and ledger as published; persons as they truly are. Mentions that the truth does not know stay alone."""
    source = quoted(published)
    for table in ("ledger", "place", *(f"current_{category}" for category in load_catalogue().contracts)):
        con.execute(f"CREATE OR REPLACE TABLE {quoted(table)} AS FROM {source}.{quoted(table)}")
    con.execute(f"""
        CREATE OR REPLACE TABLE mention_person AS
        SELECT found.record_id, category, natural_key, role, found.subject,
               coalesce(stated.true_person, 'X' || found.person_id) AS person_id
        FROM {source}.mention_person AS found
        LEFT JOIN (SELECT DISTINCT category, natural_key, role, true_person FROM read_parquet($1)) AS stated
        USING (category, natural_key, role)""", [str(truth / "mentions.parquet")])
    restricted = ", ".join(literal(name) for name, contract in load_catalogue().contracts.items() if contract.sensitivity == "restricted")
    con.execute(f"""
        CREATE OR REPLACE TABLE everybody AS
        SELECT person_id, CASE WHEN bool_or(subject AND category NOT IN ({restricted})) THEN 'open'
                               WHEN bool_or(subject) THEN 'health_justice' ELSE 'relative' END AS known_from, 1.0 AS match_confidence
        FROM mention_person GROUP BY person_id""")


def _answer(con: duckdb.DuckDBPyConnection, query: Query, as_of: date, names: str) -> set[str]:
    sql, parameters = statement(query, as_of, ["person_id"])
    rows = con.execute(f"SELECT coalesce(true_person, person_id) FROM ({sql}) LEFT JOIN {names} USING (person_id)", parameters)
    return {row[0] for row in rows.fetchall()}


def _truth(con: duckdb.DuckDBPyConnection, truth: Path, condition: str, as_of: date) -> set[str]:
    """Living residents and externals of whom a register knows, as the truth states them."""
    rows = con.execute(f"""
        WITH stated AS (SELECT *, date_diff('year', birth_date, $2::DATE)
                                  - (strftime($2::DATE, '%m%d') < strftime(birth_date, '%m%d'))::INT AS age
                        FROM read_parquet($1) WHERE population IN ('resident', 'external') AND in_registers)
        SELECT true_person FROM stated WHERE {condition}""", [str(truth / "persons.parquet"), as_of])
    return {row[0] for row in rows.fetchall()}


def _compare(name: str, ours: set[str], right: set[str], true: set[str]) -> AnswerQuality:
    return AnswerQuality(name, len(ours), len(right), len(true), len(right - ours), len(ours - right), len(true - right), len(right - true))
