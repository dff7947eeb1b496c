"""Links compared with the truth of a synthetic city.

Belongs here: pairwise precision and recall and B-cubed, counted by the sizes of clusters and of their overlaps, never by listing pairs;
persons that hold several people and people spread over several persons; whether the truth lies in the intervals that were estimated
without it. Does not: anything that the product uses to decide; the truth is read here only.

B-cubed (Bagga and Baldwin 1998): the mean over mentions of the share of right ones in the mention's person, and of found ones among the
mentions of its true person.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from resolvers.quality import subgroups

NUMBERED = "('valid', 'valid_15', 'valid_form')"
"""States of a number in the truth under which the record carries the person's own right number."""

OWNERS = f"category = 'house_registry' AND role = 'owner' AND id_state NOT IN {NUMBERED}"
"""Owners of dwellings without a right number; that register states no birth dates either."""

PARTS = {
    "pairs with a relative, number": f"NOT subject AND id_state IN {NUMBERED}",
    "pairs with a relative, no number": f"NOT subject AND id_state NOT IN {NUMBERED}",
    "pairs with an owner, no number or birth date": f"subject AND {OWNERS}",
}
"""Parts of pairs that touch at least one such mention (the last: among subject roles)."""


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
class Persons:
    """Whole persons. persons, people: of ours and true ones among the mentions judged; mixed: persons of ours that hold mentions of more
    than one true person; spread: people whose mentions lie in more than one person of ours; bcubed: precision and recall."""

    name: str
    persons: int
    people: int
    mixed: int
    spread: int
    bcubed_precision: float | None
    bcubed_recall: float | None

    @property
    def bcubed(self) -> float | None:
        """Harmonic mean of the two."""
        if not self.bcubed_precision or not self.bcubed_recall:
            return None
        return 2 * self.bcubed_precision * self.bcubed_recall / (self.bcubed_precision + self.bcubed_recall)

    @property
    def mixed_per_100_000(self) -> float:
        return 100_000 * self.mixed / self.people if self.people else 0.0


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Parts in order: subject roles, relatives, pairs with a relative, all, those of PARTS, subject roles without the owners of PARTS,
    then each category's subject roles. whole: persons by subject roles and by all mentions.

    unmatched: mentions that only one of the two sides knows. mixed: as in `whole`, by all mentions.
    """

    parts: list[Part]
    unmatched: int
    mixed: int
    whole: list[Persons]

    def part(self, name: str) -> Part:
        return next(part for part in self.parts if part.name == name)


def evaluate_links(con: duckdb.DuckDBPyConnection, truth: Path) -> Evaluation:
    """Compare table `mention_person` with `truth/mentions.parquet`; mentions of removed records are left out."""
    _judge(con, truth)
    parts = [
        _part(con, "subject roles", "subject"),
        _part(con, "relatives", "NOT subject"),
        _touching(con, "pairs with a relative", "true", "NOT subject"),
        _part(con, "all", "true"),
        *(_touching(con, name, "subject" if "owner" in name else "true", condition) for name, condition in PARTS.items()),
        _part(con, "subject roles without these owners", f"subject AND NOT ({OWNERS})"),
    ]
    categories = con.execute("SELECT DISTINCT category FROM judged ORDER BY category").fetchall()
    parts += [_part(con, category, "subject AND category = $1", [category]) for (category,) in categories]
    unmatched = con.execute(
        """
        SELECT (SELECT count(*) FROM mention_person) + (SELECT count(*) FROM read_parquet($1) WHERE removed_date IS NULL)
               - 2 * (SELECT count(*) FROM judged)""",
        [str(truth / "mentions.parquet")],
    ).fetchone()
    whole = [_persons(con, "subject roles", "subject"), _persons(con, "all", "true")]
    con.execute("DROP TABLE judged")
    return Evaluation(parts, int((unmatched or [0])[0]), whole[1].mixed, whole)


def _judge(con: duckdb.DuckDBPyConnection, truth: Path) -> None:
    """`judged`: the mentions that both sides know; a truth without states of numbers has none."""
    path = str(truth / "mentions.parquet")
    columns = {name for name, *_ in con.execute("DESCRIBE FROM read_parquet($1)", [path]).fetchall()}
    state = "id_state" if "id_state" in columns else "NULL::VARCHAR"
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE judged AS
        SELECT found.category, found.role, found.subject, found.person_id, stated.true_person, coalesce(stated.state, '') AS id_state
        FROM mention_person AS found
        JOIN (SELECT *, {state} AS state FROM read_parquet($1) WHERE removed_date IS NULL) AS stated USING (category, natural_key, role)""",
        [path],
    )


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


def _touching(con: duckdb.DuckDBPyConnection, name: str, among: str, condition: str) -> Part:
    """Pairs among some mentions that touch at least one under a condition: all pairs less those of the others."""
    everything, others = _part(con, "", among), _part(con, "", f"{among} AND NOT ({condition})")
    right = everything.right_pairs - others.right_pairs
    found = right + everything.wrong_pairs - others.wrong_pairs
    stated = right + everything.missed_pairs - others.missed_pairs
    return _figures(name, everything.mentions - others.mentions, right, found, stated)


def _persons(con: duckdb.DuckDBPyConnection, name: str, condition: str) -> Persons:
    row = con.execute(
        f"""
        WITH cells AS (SELECT person_id, true_person, count(*) AS n FROM judged WHERE {condition} GROUP BY ALL),
             sized AS (SELECT *, sum(n) OVER (PARTITION BY person_id) AS person_size, sum(n) OVER (PARTITION BY true_person) AS people_size,
                              count(*) OVER (PARTITION BY person_id) AS people_in_person,
                              count(*) OVER (PARTITION BY true_person) AS persons_of_one
                       FROM cells)
        SELECT count(DISTINCT person_id), count(DISTINCT true_person), count(DISTINCT person_id) FILTER (people_in_person > 1),
               count(DISTINCT true_person) FILTER (persons_of_one > 1), sum(n * n / person_size) / sum(n), sum(n * n / people_size) / sum(n)
        FROM sized"""
    ).fetchone() or (0, 0, 0, 0, None, None)
    return Persons(name, *(int(count) for count in row[:4]), *row[4:])


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


@dataclass(frozen=True, slots=True)
class Coverage:
    """One subgroup of `link_quality` beside the truth: (estimate, low, high) and whether the truth lies between; None where the truth has
    no pair to judge."""

    subgroup: str
    value: str
    mentions: int
    true_precision: float | None
    precision: tuple[float, float, float]
    true_recall: float | None
    recall: tuple[float, float, float]

    @property
    def precision_covered(self) -> bool | None:
        return _inside(self.true_precision, self.precision)

    @property
    def recall_covered(self) -> bool | None:
        return _inside(self.true_recall, self.recall)


ROUNDING = 1e-9


def _inside(value: float | None, interval: tuple[float, float, float]) -> bool | None:
    return None if value is None else interval[1] - ROUNDING <= value <= interval[2] + ROUNDING


def coverage(con: duckdb.DuckDBPyConnection, truth: Path, run: int) -> list[Coverage]:
    """The intervals of a run beside the truth, in the order of `link_quality`; a pair counts once for each of its mentions in the subgroup.

    con: the working store with the linkage's state of that run (mention, name_form, unit_mention, mention_cluster, link_quality).
    """
    subgroups.describe(con)
    values = ", ".join(f"person.{name}" for name in subgroups.DIMENSIONS[:-1])
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE counted AS
        WITH judged AS (
            SELECT said.cluster, {values}, CASE WHEN said.loose THEN 'without' ELSE 'with' END AS id_number, 'all' AS "all", true_person
            FROM quality_mention AS said JOIN quality_cluster AS person USING (cluster) JOIN mention USING (mention_id)
            JOIN (SELECT category, natural_key, role, true_person FROM read_parquet($1) WHERE removed_date IS NULL) AS stated
              ON stated.category = mention.category AND stated.natural_key = mention.natural_key AND stated.role = mention.role)
        SELECT *, count(*) OVER (PARTITION BY cluster) - 1 AS found, count(*) OVER (PARTITION BY true_person) - 1 AS stated,
               count(*) OVER (PARTITION BY cluster, true_person) - 1 AS right_ones
        FROM judged""",
        [str(truth / "mentions.parquet")],
    )
    counts = " UNION ALL ".join(
        f"""SELECT '{name}' AS subgroup, "{name}" AS value, count(*) AS n, sum(right_ones) / nullif(sum(found), 0) AS precision,
                   sum(right_ones) / nullif(sum(stated), 0) AS recall FROM counted GROUP BY ALL"""
        for name in ("all", *subgroups.DIMENSIONS)
    )
    rows = con.execute(
        f"""
        SELECT subgroup, value, coalesce(n, 0), precision, precision_estimate, precision_low, precision_high,
               recall, recall_estimate, recall_low, recall_high
        FROM link_quality LEFT JOIN ({counts}) AS truth USING (subgroup, value) WHERE run = $1 ORDER BY link_quality.rowid""",
        [run],
    ).fetchall()
    for table in ("counted", "quality_mention", "quality_cluster"):
        con.execute(f"DROP TABLE {table}")
    con.execute("DROP TABLE IF EXISTS temp.long_name")
    return [Coverage(row[0], row[1], row[2], row[3], (row[4], row[5], row[6]), row[7], (row[8], row[9], row[10])) for row in rows]
