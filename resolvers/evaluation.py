"""Links compared with the truth of a synthetic city.

Belongs here: pairwise precision and recall, counted by the sizes of clusters and of their overlaps, never by listing
pairs.
Does not: anything that the product uses to decide; the truth is read here only.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb


@dataclass(frozen=True, slots=True)
class Part:
    """Figures of one part of the mentions; precision and recall are None where there is no pair to judge."""

    name: str
    mentions: int
    precision: float | None
    recall: float | None
    wrong_pairs: int
    missed_pairs: int
    right_pairs: int


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Parts in order: subject roles, relatives, all, then each category's subject roles.

    unmatched: mentions that only one of the two sides knows. mixed: persons of ours that hold mentions of more than
    one true person.
    """

    parts: list[Part]
    unmatched: int
    mixed: int

    def part(self, name: str) -> Part:
        return next(part for part in self.parts if part.name == name)


def evaluate_links(con: duckdb.DuckDBPyConnection, truth: Path) -> Evaluation:
    """Compare table `mention_person` with `truth/mentions.parquet`; mentions of removed records are left out."""
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE judged AS
        SELECT found.category, found.role, found.subject, found.person_id, stated.true_person
        FROM mention_person AS found
        JOIN (SELECT * FROM read_parquet($1) WHERE removed_date IS NULL) AS stated USING (category, natural_key,
            role)""",
        [str(truth / "mentions.parquet")],
    )
    parts = [
        _part(con, "subject roles", "subject"),
        _part(con, "relatives", "NOT subject"),
        _relatives_part(con),
        _part(con, "all", "true"),
    ]
    categories = con.execute("SELECT DISTINCT category FROM judged ORDER BY category").fetchall()
    parts += [_part(con, category, "subject AND category = $1", [category]) for (category,) in categories]
    unmatched = con.execute(
        """
        SELECT (SELECT count(*) FROM mention_person) + (SELECT count(*) FROM read_parquet($1) WHERE removed_date IS
            NULL)
               - 2 * (SELECT count(*) FROM judged)""",
        [str(truth / "mentions.parquet")],
    ).fetchone()
    mixed = con.execute("""SELECT count(*) FROM (SELECT person_id FROM judged GROUP BY person_id HAVING count(DISTINCT
        true_person) > 1)
                        """).fetchone()
    con.execute("DROP TABLE judged")
    return Evaluation(parts, int((unmatched or [0])[0]), int((mixed or [0])[0]))


def _part(con: duckdb.DuckDBPyConnection, name: str, condition: str, parameters: list[str] | None = None) -> Part:
    """Pairs inside a part; a pair is right when one true person stands behind both mentions."""
    counts = con.execute(
        f"""
        WITH part AS (SELECT person_id, true_person FROM judged WHERE {condition}),
             cells AS (SELECT person_id, true_person, count(*) AS n FROM part GROUP BY ALL),
             found AS (SELECT sum(n) AS n FROM cells GROUP BY person_id), stated AS (SELECT sum(n) AS n FROM cells
                 GROUP BY true_person)
        SELECT (SELECT count(*) FROM part), (SELECT coalesce(sum(n * (n - 1) / 2), 0) FROM cells),
               (SELECT coalesce(sum(n * (n - 1) / 2), 0) FROM found), (SELECT coalesce(sum(n * (n - 1) / 2), 0) FROM
                   stated)
        """,
        parameters or [],
    ).fetchone() or (0, 0, 0, 0)
    return _figures(name, *(int(count) for count in counts))


def _relatives_part(con: duckdb.DuckDBPyConnection) -> Part:
    """Pairs that touch a relative: all pairs less those between two subject mentions."""
    everything, subjects = _part(con, "all", "true"), _part(con, "subject roles", "subject")
    right = everything.right_pairs - subjects.right_pairs
    found = right + everything.wrong_pairs - subjects.wrong_pairs
    stated = right + everything.missed_pairs - subjects.missed_pairs
    return _figures("pairs with a relative", everything.mentions - subjects.mentions, right, found, stated)


def _figures(name: str, mentions: int, right: int, found: int, stated: int) -> Part:
    return Part(
        name,
        mentions,
        right / found if found else None,
        right / stated if stated else None,
        found - right,
        stated - right,
        right,
    )
