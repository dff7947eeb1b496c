"""Quality of the links without labels: estimated on every run, per subgroup, with an interval.

Belongs here: the estimate, its table, the page and the verdicts. Does not: comparing with a truth (resolvers/evaluation.py).

What is estimated. Pairs of subject mentions: of the pairs that we hold to be one person, how many are (precision); of the pairs that are
one person, how many we hold to be (recall). In a subgroup a pair counts once for each of its two mentions that belongs to it, so that a
subgroup's figure is the share among "the other mentions of these people", and the total is the ordinary pairwise figure.

How, without labels.
1. People with valid numbers are known. One mention of each of a sample of them loses its number and is placed again, with the present
   model, threshold and constraints (hiding.py): it finds its person, another one, or nobody. The sample is drawn where numbers are really
   missing (category and role), by another order than the training's.
2. The outcome is carried over to the mentions that really have no number by cells of equal evidence (post-stratification; Holt and Smith
   1979), thin cells being pulled to coarser ones. How many of a category and role have another record at all follows from how many were
   placed; so people of one record only do not count as missed, up to a stated share of the surplus that stays alone.
3. Numbers that disagree are judged apart (evidence.py): mentions under somebody's valid number with another name, and people under two
   numbers, by capture and recapture on shared telephones, dwellings and relatives (Lincoln 1930; Petersen 1896 for the idea).
4. Each draw of a predictive bootstrap (Rubin 1981 for the Bayesian bootstrap) makes up errors from these rates and adds the pairs that
   they cost per subgroup. The systematic part, which no data without labels tells, is part of every draw: mentions that lack a number may
   be missed more or less often than those whose number was hidden (estimation.SELECTION).
5. Cross-check: the expected number of wrong links by the probabilities of the edges in use, sum(1 - p), beside the trial's
   (`link_trial`).
Unlinkable mentions (unlinkable.py) count in recall like any missed mention; their share is stated beside it.

What it cannot see: errors inside nuclei, i.e. two people who share a valid number, a name and a birthday; errors that befall both the
sample and its target alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from resolvers.linkage import increments
from resolvers.linkage.model import Model
from resolvers.quality import cells, estimation, evidence, hiding, subgroups, unlinkable
from resolvers.quality.report import write_report
from resolvers.quality.verdicts import Bounds, Severity, Verdict, verdicts

__all__ = ["Bounds", "Estimate", "Severity", "Verdict", "estimate", "verdicts", "write_report"]

MAX_DONORS = 20_000
METHOD = "hidden numbers, post-stratified; predictive bootstrap; 98 percent interval"

_TABLES = """
    CREATE TABLE IF NOT EXISTS link_quality (run BIGINT, subgroup VARCHAR, value VARCHAR, mentions BIGINT, linkable BIGINT,
        precision_estimate DOUBLE, precision_low DOUBLE, precision_high DOUBLE,
        recall_estimate DOUBLE, recall_low DOUBLE, recall_high DOUBLE,
        unlinkable_share DOUBLE, method VARCHAR);
    CREATE TABLE IF NOT EXISTS link_trial (run BIGINT, figure VARCHAR, value DOUBLE);
"""
_SUBGROUPS = frozenset({"quality_mention", "quality_cluster"})


@dataclass(frozen=True, slots=True)
class Estimate:
    """What one run's estimate says; counts and shares only."""

    run: int
    hidden: int
    precision: tuple[float, float, float]
    recall: tuple[float, float, float]
    unlinkable_share: float
    subgroups: int


def estimate(con: duckdb.DuckDBPyConnection, model: Model, run: int, *, keep_subgroups: bool = False) -> Estimate:
    """Write the rows of `run` into `link_quality` (one per subgroup value, `all` first) and `link_trial` (what the trial counted).

    Reads the linkage's state of this run: mention, name_form, unit, unit_mention, mention_cluster, link_edge, shared_value.
    keep_subgroups: leave `quality_mention` and `quality_cluster` behind, so that a truth can be counted in the same subgroups.
    """
    con.execute(_TABLES)
    before = increments.temporary_tables(con)
    subgroups.describe(con)
    hidden = hiding.run_trial(con, model)
    unlinkable.find(con, model)
    known = cells.labels(con)
    given, mentions = _ingredients(con, known)
    figures = estimation.estimate(given)
    shares = _unlinkable_shares(con, known, mentions)
    con.execute("DELETE FROM link_quality WHERE run = $1", [run])
    con.executemany("INSERT INTO link_quality VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", [
        [run, subgroup, value, int(mentions[row]), round(mentions[row] * (1 - shares[row])), *map(float, figures.precision[row]),
         *map(float, figures.recall[row]), float(shares[row]), METHOD] for row, (subgroup, value) in enumerate(known.names)])
    _write_trial(con, run)
    con.execute("DROP TABLE trial_unit")
    increments.tidy(con, before | (_SUBGROUPS if keep_subgroups else frozenset()))
    return Estimate(run, hidden, estimation.as_row(figures.precision, 0), estimation.as_row(figures.recall, 0), float(shares[0]),
                    len(known.names) - 1)


def _ingredients(con: duckdb.DuckDBPyConnection, known: cells.Labels) -> tuple[estimation.Ingredients, cells.Array]:
    loose = cells.loose_cells(con)
    persons = cells.columns_of(con, "SELECT * EXCLUDE (cluster) FROM quality_cluster ORDER BY cluster")
    found, mentions = estimation.found_pairs(persons, known.names)
    given = estimation.Ingredients(
        hidden=cells.hidden_events(con, known), placed=cells.placed_events(con, known, MAX_DONORS), cells=loose["cell"],
        placed_count=loose["placed"].astype(float), alone=loose["alone"].astype(float), foreign=evidence.foreign(con, known),
        two_numbers=evidence.two_numbers(con, known), unanchored=evidence.unanchored(con, known),
        two_names=evidence.two_names(con, known), numbered=cells.numbered_events(con, known, MAX_DONORS),
        numbered_count=int((persons["numbers"] > 0).sum()), found=found)
    return given, mentions


def _unlinkable_shares(con: duckdb.DuckDBPyConnection, known: cells.Labels, mentions: cells.Array) -> cells.Array:
    """Share of unlinkable mentions per subgroup: the tested mentions without number stand for all of them."""
    rows = cells.columns_of(con, """
        SELECT person.* EXCLUDE (cluster, size, loose, numbers), count(*) AS size, count(*) AS loose
        FROM quality_unlinkable JOIN quality_mention USING (mention_id) JOIN quality_cluster AS person USING (cluster)
        WHERE unlinkable GROUP BY ALL ORDER BY ALL""")
    _, found = estimation.found_pairs(rows, known.names)
    row = con.execute("""SELECT (SELECT count(*) FROM quality_mention WHERE loose) / greatest(count(*), 1)
                         FROM quality_unlinkable""").fetchone()
    shares: cells.Array = found * float((row or (1.0,))[0]) / mentions.clip(min=1)
    return shares.clip(max=1.0)


def _write_trial(con: duckdb.DuckDBPyConnection, run: int) -> None:
    con.execute("DELETE FROM link_trial WHERE run = $1", [run])
    con.execute("""
        INSERT INTO link_trial
        SELECT $1, unnest(['hidden', 'right', 'wrong', 'nobody', 'expected wrong of the trial', 'mentions without number',
                           'edges of the model', 'expected wrong edges']),
               unnest([hidden, found, wrong, nobody, doubt, loose, edges, wrong_edges])
        FROM (SELECT count(*)::DOUBLE AS hidden, count(*) FILTER (outcome = 'right')::DOUBLE AS found,
                     count(*) FILTER (outcome IN ('wrong', 'unknown'))::DOUBLE AS wrong,
                     count(*) FILTER (outcome = 'nobody')::DOUBLE AS nobody,
                     coalesce(sum(1 - probability), 0) AS doubt FROM trial),
             (SELECT count(*)::DOUBLE AS loose FROM quality_mention WHERE loose),
             (SELECT count(*)::DOUBLE AS edges, coalesce(sum(1 - probability), 0) AS wrong_edges FROM link_edge WHERE reason = 'model')
        """, [run])
