"""The trial: numbers of a sample of mentions are hidden, and the linkage has to find their persons again.

Belongs here: which mentions are hidden, scoring them with the present model against everybody, and the placement by the
rules of production (names must agree, threshold, rivals, what is known to be two people). Does not: weighting the
outcome to the mentions that really have no number (estimation.py).

A hidden mention becomes a unit of its own, without number; its person's nucleus is rebuilt without it, so that nothing
that only the hidden record states can help to find it. One mention per person, so that the rest is as in production.
"""

from __future__ import annotations

import duckdb

from resolvers.linkage import scoring, units
from resolvers.linkage.model import LOWEST_WEIGHT, Model, settings
from resolvers.linkage.nuclei import agreeing_names

MAX_HIDDEN = 12_000
"""Bound of the cost; at this size a rate of one percent is known to 0.2 percent points."""

MAX_PER_LOOSE = 5
"""At most so many hidden mentions for one real mention without number, so that small registers do not pay for precision
that the mix of mentions cannot use."""

SEED = "quality"
"""Salt of the draw; training draws by another order, so the two samples are independent."""

OUTCOMES = ("right", "wrong", "nobody")


def run_trial(con: duckdb.DuckDBPyConnection, model: Model) -> int:
    """Write `trial` (mention_id, unit_id, cluster, outcome, found, weight, probability): one row per hidden mention, its
    own cluster and where it was placed. Returns their number."""
    _choose(con)
    units.build(con, "trial_mention", "trial_unit")
    _score(con, model)
    _place(con, model.threshold_weight, model.lead)
    row = con.execute("SELECT count(*) FROM trial").fetchone()
    return int(row[0]) if row else 0


def _choose(con: duckdb.DuckDBPyConnection) -> None:
    """`hidden` (mention_id, unit_id, chances) and `trial_mention`: the nuclei of the sample, the hidden mention under a unit id of
    its own (negative). One of the mentions of a person that came up is taken; it stands for all of them (`chances`)."""
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE hidden AS
        WITH loose AS (SELECT category, role, count(*) AS n FROM unit_mention JOIN mention USING (mention_id)
                       WHERE number IS NULL GROUP BY ALL),
        several AS (SELECT unit_id FROM unit_mention WHERE number IS NOT NULL GROUP BY unit_id HAVING count(*) > 1),
        candidate AS (
            SELECT mention_id, unit_id, loose.n, category, role,
                   md5_number_lower('{SEED}|' || category || '|' || natural_key || '|' || role) AS draw
            FROM mention JOIN loose USING (category, role) JOIN unit_mention USING (mention_id) SEMI JOIN several USING (unit_id)
            WHERE subject AND number IS NOT NULL),
        ranked AS (
            SELECT mention_id, unit_id, draw, row_number() OVER (PARTITION BY category, role ORDER BY draw, mention_id) / n AS place
            FROM candidate),
        affordable AS (SELECT * FROM ranked WHERE place <= {MAX_PER_LOOSE}
                       QUALIFY row_number() OVER (ORDER BY place, draw, mention_id) <= {MAX_HIDDEN})
        SELECT mention_id, unit_id, count(*) OVER (PARTITION BY unit_id) AS chances FROM affordable
        QUALIFY row_number() OVER (PARTITION BY unit_id ORDER BY draw, mention_id) = 1""")
    con.execute("""
        CREATE OR REPLACE TEMP TABLE trial_mention AS
        SELECT unit_mention.mention_id,
               CASE WHEN hidden.mention_id = unit_mention.mention_id THEN -unit_mention.unit_id ELSE unit_mention.unit_id END AS unit_id,
               CASE WHEN hidden.mention_id <> unit_mention.mention_id THEN number END AS number
        FROM unit_mention JOIN hidden USING (unit_id)""")


def _score(con: duckdb.DuckDBPyConnection, model: Model) -> None:
    """`trial_pair` (hidden, other, weight, probability): the hidden units against all others."""
    con.execute("UPDATE trial_unit SET foreign_number = NULL WHERE unique_id < 0")
    for field, values in (("phone", "phones"), ("dwelling", "dwellings")):
        _drop_shared(con, field, values)
    con.execute("CREATE OR REPLACE TEMP TABLE trial_left AS FROM trial_unit WHERE unique_id < 0")
    con.execute("""
        CREATE OR REPLACE TEMP VIEW trial_right AS
        SELECT * FROM unit ANTI JOIN hidden ON hidden.unit_id = unit.unique_id
        UNION ALL BY NAME SELECT * FROM trial_unit WHERE unique_id > 0""")
    scoring.score_between(con, model, "trial_left", "trial_right", "trial_scored")
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE trial_pair AS
        SELECT hidden, other, weight, 1 / (1 + pow(2, -weight)) AS probability
        FROM (SELECT unit_l AS hidden, unit_r AS other, weight + {_commonness(con, model)} AS weight FROM trial_scored
              JOIN trial_left AS l ON l.unique_id = unit_l JOIN trial_right AS r ON r.unique_id = unit_r)
        WHERE weight >= {LOWEST_WEIGHT}""")


def _commonness(con: duckdb.DuckDBPyConnection, model: Model) -> str:
    """SQL: what a pair's weight gains when names are as common as in production, where the mention without number is one unit more that
    states its name. Splink counts both sides of the trial together, which makes rare names rarer the more mentions are hidden."""
    levels = [level for comparison in settings(model, 0.1)["comparisons"] for level in comparison["comparison_levels"]]
    if not any(level.get("tf_adjustment_column") == "plain" for level in levels):
        return "0"
    con.execute("""
        CREATE OR REPLACE TEMP TABLE trial_name AS
        WITH named AS (SELECT plain, count(*) FILTER (unique_id > 0) AS others, count(*) AS both_sides
                       FROM (SELECT plain, unique_id FROM trial_left UNION ALL SELECT plain, unique_id FROM trial_right)
                       WHERE plain IS NOT NULL GROUP BY plain),
             total AS (SELECT sum(others) AS others, sum(both_sides) AS both_sides FROM named)
        SELECT plain, log2((named.both_sides / total.both_sides) / ((named.others + 1) / (total.others + 1))) AS gain
        FROM named, total""")
    return "CASE WHEN l.plain = r.plain THEN (SELECT gain FROM trial_name WHERE trial_name.plain = l.plain) ELSE 0 END"


def _drop_shared(con: duckdb.DuckDBPyConnection, field: str, values: str) -> None:
    """Values that too many units of the whole city state fall out of the trial's units, as they do in production."""
    con.execute("CREATE OR REPLACE TEMP TABLE too_common AS SELECT value FROM shared_value WHERE field = $1", [field])
    con.execute(f"""
        WITH stated AS (SELECT unique_id, unnest({values}) AS value FROM trial_unit),
             touched AS (SELECT DISTINCT unique_id FROM stated SEMI JOIN too_common USING (value)),
             kept AS (SELECT unique_id, list(value ORDER BY value) FILTER (value NOT IN (FROM too_common)) AS remaining
                      FROM stated SEMI JOIN touched USING (unique_id) GROUP BY unique_id)
        UPDATE trial_unit SET {values} = kept.remaining FROM kept WHERE kept.unique_id = trial_unit.unique_id""")


_TWO_PEOPLE = """
    SELECT -hidden.unit_id AS hidden, mention_cluster.cluster FROM hidden JOIN mention AS own USING (mention_id)
    JOIN mention AS other ON other.record_id = own.record_id AND other.mention_id <> own.mention_id AND NOT other.is_self
    JOIN mention_cluster ON mention_cluster.mention_id = other.mention_id
    UNION
    SELECT -hidden.unit_id, mention_cluster.cluster FROM hidden JOIN mention AS own USING (mention_id)
    JOIN mention AS other ON other.household = own.household AND other.category = own.category AND other.role = own.role
      AND other.record_id <> own.record_id
    JOIN mention_cluster ON mention_cluster.mention_id = other.mention_id"""
"""Clusters that hold somebody else than the hidden mention for certain: another role of its record, another member of its household."""


def _place(con: duckdb.DuckDBPyConnection, threshold: float, lead: float) -> None:
    agree = f"""(l.sound IS NULL OR r.sound IS NULL OR {agreeing_names("l", "r", former=False)}
                 OR coalesce(list_has_any(l.names, r.names), false))"""
    con.execute("""
        CREATE OR REPLACE TEMP TABLE trial_key AS
        WITH stated AS (SELECT unit_id, key FROM (SELECT unit_id, unnest(own_keys) AS key FROM unit_mention JOIN mention USING (mention_id)
                        ANTI JOIN hidden USING (mention_id))),
             asked AS (SELECT hidden.unit_id, unnest(own_keys) AS key FROM hidden JOIN mention USING (mention_id))
        SELECT DISTINCT -asked.unit_id AS hidden, stated.unit_id AS other FROM asked JOIN stated USING (key)
        WHERE key NOT IN (SELECT value FROM shared_value WHERE field = 'own_key')""")
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE trial_edge AS
        SELECT hidden, other, max(edge.weight) AS weight, max(edge.probability) AS probability, bool_or({agree}) AS acceptable
        FROM (SELECT * FROM trial_pair UNION ALL SELECT hidden, other, {scoring.KEY_WEIGHT}, 1.0 FROM trial_key) AS edge
        JOIN trial_left AS l ON l.unique_id = hidden JOIN trial_right AS r ON r.unique_id = other GROUP BY ALL""")
    con.execute("""
        CREATE OR REPLACE TEMP TABLE trial_cluster AS
        SELECT unit_id, any_value(cluster) AS cluster, any_value(number) AS number
        FROM unit_mention JOIN mention_cluster USING (mention_id) GROUP BY unit_id""")
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE trial AS
        WITH numbered AS (SELECT DISTINCT cluster FROM trial_cluster WHERE number IS NOT NULL),
        reached AS (
            SELECT hidden, cluster, max(weight) AS weight, max(probability) AS probability,
                   max(weight) FILTER (acceptable) AS usable, cluster IN (SELECT cluster FROM numbered) AS numbered
            FROM trial_edge JOIN trial_cluster ON unit_id = other GROUP BY ALL),
        beside AS ({_TWO_PEOPLE}),
        chosen AS (
            SELECT * FROM reached ANTI JOIN beside USING (hidden, cluster) WHERE usable >= {threshold}
            QUALIFY row_number() OVER (PARTITION BY hidden ORDER BY usable DESC, cluster) = 1),
        rivals AS (
            SELECT DISTINCT chosen.hidden FROM chosen JOIN reached ON reached.hidden = chosen.hidden
              AND reached.cluster <> chosen.cluster AND reached.weight >= chosen.usable - {lead}
              AND reached.numbered AND chosen.numbered),
        placed AS (SELECT * FROM chosen ANTI JOIN rivals USING (hidden))
        SELECT hidden.mention_id, hidden.unit_id, own.cluster, chances,
               CASE WHEN placed.cluster IS NULL THEN 'nobody' WHEN placed.cluster = own.cluster THEN 'right'
                    WHEN NOT placed.numbered THEN 'unknown' ELSE 'wrong' END AS outcome,
               placed.cluster AS found, placed.usable AS weight, placed.probability
        FROM hidden JOIN trial_cluster AS own USING (unit_id) LEFT JOIN placed ON placed.hidden = -hidden.unit_id
        ORDER BY hidden.mention_id""")
