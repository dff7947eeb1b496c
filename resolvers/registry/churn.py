"""How much a run changed the ids.

Belongs here: the figures of a run and the bounds that they should keep. Does not: what an operator does about it
(pipelines make a check of it).

The bounds are relative to the mentions that were new, gone or corrected in the run, because a run that learned nothing
should change nothing:

- Each such mention leaves at most one id and enters at most one: members change for at most twice as many ids.
- A merge or split needs a mention that joins or no longer joins two units. Nine mentions in ten carry a valid number and
  say nothing new about who is who: at most one such mention in five may move an id.
- A decision of a reviewer that is new or taken back speaks of two mentions, and may move both.
- `slack` allows for knock-on effects (names that became rarer, rivals that appeared): one id in a thousand.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import duckdb

from resolvers.registry.tables import create_tables
from sources.tables import has_table


@dataclass(frozen=True, slots=True)
class Churn:
    """Figures of one run; counts of ids unless they say mentions. Shares are of the ids before the run.

    ids_gone: in use before and not now, merged ones included. ids_members_changed: in use before and now, with other
    mentions. ids_split: ids that lost a part to another id.
    """

    run: int
    first: bool
    mentions: int
    mentions_changed: int
    ids_before: int
    ids_after: int
    ids_new: int
    ids_gone: int
    ids_members_changed: int
    ids_merged: int
    ids_split: int
    ids_returned: int
    decisions_changed: int

    @property
    def share_mentions_changed(self) -> float:
        return self.mentions_changed / max(1, self.mentions)

    @property
    def share_members_changed(self) -> float:
        return self.ids_members_changed / max(1, self.ids_before)

    @property
    def share_merged(self) -> float:
        return self.ids_merged / max(1, self.ids_before)

    @property
    def share_split(self) -> float:
        return self.ids_split / max(1, self.ids_before)

    def as_metadata(self) -> dict[str, int | float | bool]:
        """Counts and shares by name."""
        shares = ("mentions_changed", "members_changed", "merged", "split")
        return asdict(self) | {f"share_{name}": round(getattr(self, f"share_{name}"), 6) for name in shares}


@dataclass(frozen=True, slots=True)
class ChurnBounds:
    """Ids that may change per changed mention, and the share of all ids that may change besides."""

    members_per_changed_mention: float = 2.0
    moves_per_changed_mention: float = 0.2
    slack: float = 0.001


def churn_exceeds(churn: Churn, bounds: ChurnBounds = ChurnBounds()) -> dict[str, tuple[int, int]]:
    """What exceeds its bound: name to (found, allowed); empty when all is well. The first run is exempt."""
    if churn.first:
        return {}
    slack = bounds.slack * churn.ids_before
    decided = 2 * churn.decisions_changed
    moves = int(bounds.moves_per_changed_mention * churn.mentions_changed + decided + slack)
    allowed = {
        "ids_members_changed": int(bounds.members_per_changed_mention * (churn.mentions_changed + decided) + slack),
        "ids_merged": moves,
        "ids_split": moves,
    }
    return {name: (getattr(churn, name), most) for name, most in allowed.items() if getattr(churn, name) > most}


def record_run(con: duckdb.DuckDBPyConnection, run: int, *, first: bool) -> Churn:
    """Count what assignment found (before the registry is written) into `person_run`; a repeated run replaces itself."""
    con.execute("DELETE FROM person_run WHERE run = ?", [run])
    decided = con.execute("SELECT count(*) FROM decision_changed").fetchone() if has_table(con, "decision_changed") else None
    con.execute(
        """
        INSERT INTO person_run
        WITH used AS (SELECT count(*) AS ids FROM person_registry WHERE state = 'current'),
        looked_at AS (
            SELECT person_id, any_value(state = 'current') AS before, bool_or(origin IS NOT NULL) AS after,
                   bool_or(origin = 'given') AS given, bool_or(altered.person_id IS NOT NULL) AS altered
            FROM (SELECT person_id FROM reg_affected UNION SELECT person_id FROM reg_assigned) AS ids
            LEFT JOIN person_registry USING (person_id) LEFT JOIN reg_assigned USING (person_id)
            LEFT JOIN reg_altered AS altered USING (person_id) GROUP BY person_id),
        counted AS (
            SELECT count(*) FILTER (given) AS new, count(*) FILTER (before AND NOT after) AS gone,
                   count(*) FILTER (before AND after AND altered) AS changed,
                   count(*) FILTER (after AND NOT given AND NOT before) AS returned
            FROM looked_at)
        SELECT $run, $first, (SELECT count(*) FROM clustered),
               (SELECT count(*) FILTER (old IS NULL OR gone_run IS NOT NULL OR corrected) FROM reg_mention)
                   + (SELECT count(*) FROM reg_gone),
               ids, ids + new + returned - gone, new, gone, changed,
               (SELECT count(DISTINCT old) FROM reg_move WHERE kind = 'merged'),
               (SELECT count(DISTINCT old) FROM reg_move WHERE kind = 'split'), returned, $decisions
        FROM used, counted""",
        {"run": run, "first": first, "decisions": decided[0] if decided else 0},
    )
    return churn(con, run)


def churn(con: duckdb.DuckDBPyConnection, run: int) -> Churn:
    """The figures of a run. Raises LookupError for a run that the registry does not know."""
    create_tables(con)
    row = con.execute("SELECT * FROM person_run WHERE run = ?", [run]).fetchone()
    if row is None:
        raise LookupError(f"the registry knows no run {run}")
    return Churn(int(row[0]), bool(row[1]), *(int(value or 0) for value in row[2:]))
