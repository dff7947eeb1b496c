"""Which pairs of units are compared, and their weights.

Belongs here: candidates of the blocking rules, the guard against an explosion of pairs, scoring by Splink, pairs by a register's own key.
Does not: the model and what it compares (model.py, comparisons.py), deciding on clusters (clusters.py).

Candidates are found here and registered with Splink (`register_blocked_pairs_for_predict`), which scores exactly those: a full run and an
increment then block, order and weigh a pair by the same statements, only the left side differs (all units, or the changed ones). Splink's
`predict_between` would unnest and hash both sides, the whole city among them, for each rule and each increment.

Reads `unit`, `unit_mention`, `mention`, `shared_value`; writes `pair` and the state of the guard (`blocking_load`, `dropped_key`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
from splink import DuckDBAPI, Linker

from resolvers.linkage.assignment import within
from resolvers.linkage.comparisons import blocking_rules
from resolvers.linkage.increments import city_scale
from resolvers.linkage.model import LOWEST_WEIGHT, Model, settings
from resolvers.linkage.nuclei import date_relation
from resolvers.linkage.spark_scoring import score_on_spark

KEY_WEIGHT = 40.0
"""Weight of a register's own key (archive, account, insured person, certificate) between units whose names agree."""

MIN_PAIRS_ALLOWED = 5_000_000
PAIRS_PER_UNIT = 20
"""A blocking rule may propose as many pairs as the larger of these allows; a good rule proposes less than one pair per unit."""

MODEL_REASON = "model"


@dataclass(frozen=True, slots=True)
class Degraded:
    """A rule that would have proposed too many pairs; keys that more units than `bound` share were left out."""

    rule: str
    bound: int
    keys_left_out: int

    def sentence(self) -> str:
        """For logs and checks; no key is named."""
        return f"blocking rule [{self.rule}]: {self.keys_left_out} keys that more than {self.bound} units share were left out"


@dataclass(frozen=True, slots=True)
class Rule:
    """A blocking rule in parts: equal columns, the one that is a list, and what else must hold."""

    text: str
    columns: tuple[str, ...]
    exploded: str | None
    one_alone: bool
    where: str

    def keys(self, table: str) -> str:
        """Query (unit_id, key, anchored): one row per unit and key; the key is a digest of the equal columns."""
        parts = ", ".join(self.columns)
        source = table
        if self.exploded:
            source = f"(SELECT * REPLACE (unnest({self.exploded}) AS {self.exploded}) FROM {table} WHERE {self.exploded} IS NOT NULL)"
        filled = " AND ".join(f"{column} IS NOT NULL" for column in self.columns)
        return f"SELECT unique_id AS unit_id, hash({parts}) AS key, anchored FROM {source} WHERE {filled} AND {self.where}"

    def load(self) -> str:
        """SQL: pairs that a key with n units, a of them alone, proposes."""
        return "(a * (n - a) + a * (a - 1) // 2)" if self.one_alone else "(n * (n - 1) // 2)"


_ONE_ALONE = "NOT (l.anchored AND r.anchored)"
_EQUAL = re.compile(r"l\.(\w+) = r\.(\w+)")


def read_rule(rule: dict[str, Any]) -> Rule:
    """Parts of a rule as Splink's settings state it. Raises ValueError where a part is none of: l.x = r.x, the condition that one of the
    two is alone, and conditions that both sides state alike."""
    text: str = rule["blocking_rule"]
    one_alone = _ONE_ALONE in text
    parts = [part.strip() for part in text.replace(_ONE_ALONE, "true").split(" AND ") if part.strip() != "true"]
    equal = [match for part in parts if (match := _EQUAL.fullmatch(part))]
    rest = [part for part in parts if not _EQUAL.fullmatch(part)]
    left, right = ({part[2:] for part in rest if part.startswith(side)} for side in ("l.", "r."))
    if not equal or left != right or len(left) + len(right) != len(rest) or any(match[1] != match[2] for match in equal):
        raise ValueError(f"blocking rule cannot be read: {text}")
    exploded = rule.get("arrays_to_explode") or [None]
    return Rule(text, tuple(match[1] for match in equal), exploded[0], one_alone, " AND ".join(sorted(left)) or "true")


def create_tables(con: duckdb.DuckDBPyConnection) -> None:
    """The tables of this module, when missing."""
    con.execute("""
        CREATE TABLE IF NOT EXISTS pair (unit_l BIGINT, unit_r BIGINT, weight DOUBLE, probability DOUBLE, reason VARCHAR);
        CREATE TABLE IF NOT EXISTS blocking_load (rule VARCHAR, pairs BIGINT, bound BIGINT);
        CREATE TABLE IF NOT EXISTS dropped_key (rule VARCHAR, key UBIGINT)""")


def score_all(con: duckdb.DuckDBPyConnection, model: Model, spark_master: str | None = None) -> list[Degraded]:
    """Write `pair` anew: unit ids (smaller first), match weight (log2 odds), probability, reason; from LOWEST_WEIGHT on.

    spark_master: join and score on that Spark master instead of here.
    """
    create_tables(con)
    for table in ("pair", "blocking_load", "dropped_key"):
        con.execute(f"DELETE FROM {table}")
    rules = [read_rule(rule) for rule in blocking_rules()]
    degraded = [found for rule in rules if (found := _weigh_rule(con, rule))]
    if spark_master is None:
        _block(con, rules, "unit", "unit")
        _score(con, model, "unit", LOWEST_WEIGHT, "scored_pair")
    else:
        score_on_spark(con, model, rules, min_weight=LOWEST_WEIGHT, prior=prior(con, model), master=spark_master)
    con.execute(f"INSERT INTO pair SELECT *, '{MODEL_REASON}' FROM scored_pair ORDER BY unit_l, unit_r")
    con.execute("DROP TABLE temp.scored_pair")
    _pair_by_keys(con, None)
    return degraded


def score_touched(con: duckdb.DuckDBPyConnection, model: Model, touched: str, before: str) -> list[Degraded]:
    """Bring `pair` up to date for units whose rows changed.

    touched: table with unit_id of new, changed and gone units and of units whose mentions changed; `changed_unit` names those whose row
    differs. before: table with the rows of `unit` that they had. Adds the former partners in `pair` to the table `parted` (unit_id).
    """
    create_tables(con)
    rules = [read_rule(rule) for rule in blocking_rules()]
    con.execute("CREATE OR REPLACE TEMP TABLE scored_unit AS FROM changed_unit")
    degraded = [found for number, rule in enumerate(rules) if (found := _reweigh_rule(con, rule, before, f"near_key_{number}"))]
    con.execute("CREATE OR REPLACE TEMP TABLE scored_row AS SELECT unit.* FROM unit WHERE unique_id IN (SELECT unit_id FROM scored_unit)")
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE parted AS
        WITH rescored AS (SELECT unit_id FROM {touched} UNION FROM scored_unit)
        SELECT unit_id FROM scored_unit UNION SELECT unit_l FROM pair WHERE {within("unit_r", "rescored", "unit_id")}
        UNION SELECT unit_r FROM pair WHERE {within("unit_l", "rescored", "unit_id")}""")
    con.execute(f"""
        DELETE FROM pair WHERE reason = '{MODEL_REASON}'
        AND ({within("unit_l", "scored_unit", "unit_id")} OR {within("unit_r", "scored_unit", "unit_id")})""")
    grown = _count(con, "SELECT count(*) FROM scored_unit") > _count(con, "SELECT count(*) FROM changed_unit")
    _block(con, rules, "scored_row", "unit", None if grown else "near_key_{0}")
    con.execute("""
        CREATE OR REPLACE TEMP TABLE blocked_row AS SELECT unit.* FROM unit
        WHERE unique_id IN (SELECT join_key_l FROM blocked_pair UNION SELECT join_key_r FROM blocked_pair)""")
    _score(con, model, "blocked_row", LOWEST_WEIGHT, "scored_pair")
    con.execute(f"INSERT INTO pair SELECT *, '{MODEL_REASON}' FROM scored_pair ORDER BY unit_l, unit_r")
    _pair_by_keys(con, touched)
    for table in ("scored_unit", "scored_row", "blocked_row", "scored_pair"):
        con.execute(f"DROP TABLE IF EXISTS temp.{table}")
    return degraded


def score_between(con: duckdb.DuckDBPyConnection, model: Model, left_table: str, right_table: str, out_table: str) -> int:
    """Write the temporary `out_table` (unit_l, unit_r, weight, probability; unit_l of the left table): every pair that a blocking rule
    proposes between two tables of units, whatever its weight. No unique_id may stand in both tables. Returns the number of pairs."""
    rules = [read_rule(rule) for rule in blocking_rules()]
    create_tables(con)
    _block(con, rules, left_table, right_table)
    con.execute(f"CREATE OR REPLACE TEMP TABLE both_sides AS SELECT * FROM {left_table} UNION ALL BY NAME SELECT * FROM {right_table}")
    _score(con, model, "both_sides", None, "scored_pair")
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE {out_table} AS
        SELECT CASE WHEN turned THEN unit_r ELSE unit_l END AS unit_l, CASE WHEN turned THEN unit_l ELSE unit_r END AS unit_r,
               weight, probability
        FROM (SELECT *, unit_r IN (SELECT unique_id FROM {left_table}) AS turned FROM scored_pair) ORDER BY unit_l, unit_r""")
    con.execute("DROP TABLE temp.both_sides")
    con.execute("DROP TABLE temp.scored_pair")
    return _count(con, f"SELECT count(*) FROM {out_table}")


def prior(con: duckdb.DuckDBPyConnection, model: Model) -> float:
    """Probability that two random units are one person: that of the model, or by the size of the city where it has none."""
    learned = model.prior or 1 / max(model.trained_on.get("units", 0), 1)
    return learned if learned < 1 else 1 / max(city_scale(con) // 4, 2)


def _count(con: duckdb.DuckDBPyConnection, query: str, parameters: Sequence[Any] = ()) -> int:
    row = con.execute(query, parameters).fetchone()
    return int(row[0] or 0) if row else 0


def pairs_allowed(units: int) -> int:
    """How many pairs one rule may propose among so many units."""
    return max(MIN_PAIRS_ALLOWED, PAIRS_PER_UNIT * units)


def _weigh_rule(con: duckdb.DuckDBPyConnection, rule: Rule) -> Degraded | None:
    """Count what a rule proposes, over all units. Above the allowance, the most frequent keys are dropped: the bound is the largest power
    of two that keeps the rest within it, so that it seldom moves from run to run."""
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE key_size AS
        SELECT key, count(*) AS n, count(*) FILTER (NOT anchored) AS a FROM ({rule.keys("unit")}) GROUP BY key HAVING count(*) > 1""")
    pairs, allowed = _count(con, f"SELECT sum({rule.load()}) FROM key_size"), pairs_allowed(_count(con, "SELECT count(*) FROM unit"))
    bound = None
    if pairs > allowed:
        bound = 2 ** max(_count(con, "SELECT floor(log2(max(n))) FROM key_size"), 0)
        while bound > 1 and _count(con, f"SELECT sum({rule.load()}) FROM key_size WHERE n <= $1", [bound]) > allowed:
            bound //= 2
        con.execute("INSERT INTO dropped_key SELECT $1, key FROM key_size WHERE n > $2", [rule.text, bound])
    con.execute("INSERT INTO blocking_load VALUES ($1, $2, $3)", [rule.text, pairs, bound])
    con.execute("DROP TABLE temp.key_size")
    if bound is None:
        return None
    return Degraded(rule.text, bound, _count(con, "SELECT count(*) FROM dropped_key WHERE rule = $1", [rule.text]))


def _reweigh_rule(con: duckdb.DuckDBPyConnection, rule: Rule, before: str, near: str) -> Degraded | None:
    """Bring the count of a rule up to date by the keys of changed units. Only a rule that is degraded, or becomes so, is counted anew;
    units with a key that was dropped or came back then join `scored_unit`. `near` becomes the table of all that have such a key."""
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE key_change AS
        SELECT key, sum(change) AS n, sum(change) FILTER (NOT anchored) AS a FROM (
            SELECT *, 1 AS change FROM ({rule.keys("(SELECT * FROM unit WHERE unique_id IN (SELECT unit_id FROM scored_unit))")})
            UNION ALL SELECT *, -1 FROM ({rule.keys(f"(SELECT * FROM {before} WHERE unique_id IN (SELECT unit_id FROM scored_unit))")})
        ) GROUP BY key""")
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE {near} AS
        SELECT * FROM ({rule.keys("unit")}) WHERE key IN (SELECT key FROM key_change)""")
    change = _count(
        con,
        f"""
        WITH now AS (SELECT key, count(*) AS n, count(*) FILTER (NOT anchored) AS a FROM {near} GROUP BY key),
        after AS (SELECT key, coalesce(now.n, 0) AS n, coalesce(now.a, 0) AS a FROM key_change LEFT JOIN now USING (key)),
        former AS (SELECT key, after.n - key_change.n AS n, after.a - coalesce(key_change.a, 0) AS a
                   FROM after JOIN key_change USING (key))
        SELECT (SELECT coalesce(sum({rule.load()}), 0) FROM after) - (SELECT coalesce(sum({rule.load()}), 0) FROM former)""",
    )
    con.execute("DROP TABLE temp.key_change")
    known = con.execute("SELECT pairs, bound FROM blocking_load WHERE rule = $1", [rule.text]).fetchone()
    pairs, bound = known or (0, None)
    if known and bound is None and pairs + change <= pairs_allowed(_count(con, "SELECT count(*) FROM unit")):
        con.execute("UPDATE blocking_load SET pairs = pairs + $2 WHERE rule = $1", [rule.text, change])
        return None
    con.execute("CREATE OR REPLACE TEMP TABLE formerly_dropped AS SELECT key FROM dropped_key WHERE rule = $1", [rule.text])
    con.execute("DELETE FROM dropped_key WHERE rule = $1", [rule.text])
    con.execute("DELETE FROM blocking_load WHERE rule = $1", [rule.text])
    degraded = _weigh_rule(con, rule)
    con.execute(
        f"""INSERT INTO scored_unit
            SELECT DISTINCT unit_id FROM ({rule.keys("unit")}) WHERE key IN (
                (SELECT key FROM dropped_key WHERE rule = $1 EXCEPT FROM formerly_dropped)
                UNION ALL (FROM formerly_dropped EXCEPT SELECT key FROM dropped_key WHERE rule = $1))
            EXCEPT FROM scored_unit""",
        [rule.text],
    )
    con.execute("DROP TABLE temp.formerly_dropped")
    return degraded


def _block(con: duckdb.DuckDBPyConnection, rules: Sequence[Rule], left: str, right: str, keys: str | None = None) -> None:
    """`blocked_pair` as Splink reads it: pairs between two tables of units (or within one), smaller id first, that a rule proposes.

    keys: name of the tables that hold the keys of the right side, by number of the rule.
    """
    proposals = []
    for number, rule in enumerate(rules):
        dropped = f"key NOT IN (SELECT key FROM dropped_key WHERE rule = $rule{number})"
        left_where = "NOT anchored" if left == right and rule.one_alone else "true"
        condition = "l.unit_id <> r.unit_id"
        if left != right and rule.one_alone:
            condition += f" AND {_ONE_ALONE}"
        elif not rule.one_alone and left == right:
            condition = "l.unit_id < r.unit_id"
        proposals.append(f"""
            SELECT least(l.unit_id, r.unit_id) AS join_key_l, greatest(l.unit_id, r.unit_id) AS join_key_r
            FROM (SELECT * FROM ({rule.keys(left)}) WHERE {left_where} AND {dropped}) AS l
            JOIN ({f"FROM {keys.format(number)}" if keys else rule.keys(right)}) AS r ON l.key = r.key WHERE {condition}""")
    parameters = {f"rule{number}": rule.text for number, rule in enumerate(rules)}
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE blocked_pair AS
            SELECT DISTINCT '0' AS match_key, join_key_l, join_key_r FROM ({" UNION ALL ".join(proposals)})""",
        parameters,
    )


def _score(con: duckdb.DuckDBPyConnection, model: Model, table: str, min_weight: float | None, out_table: str) -> None:
    """`out_table` (unit_l, unit_r, weight, probability) of the pairs in `blocked_pair`, whose units stand in `table`."""
    if _count(con, "SELECT count(*) FROM blocked_pair") == 0:
        con.execute(f"CREATE OR REPLACE TEMP TABLE {out_table} (unit_l BIGINT, unit_r BIGINT, weight DOUBLE, probability DOUBLE)")
        return
    database = DuckDBAPI(connection=con)
    linker = Linker(database.register(table), settings(model, prior(con, model)), log_level=None, validate_settings=False)
    linker.table_management.register_blocked_pairs_for_predict(database.register("blocked_pair"))
    predictions = linker.inference.predict(threshold_match_weight=min_weight)
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE {out_table} AS
        SELECT unique_id_l AS unit_l, unique_id_r AS unit_r, match_weight AS weight, match_probability AS probability
        FROM {predictions.physical_name}""")
    linker._db_api.delete_tables_created_by_splink_from_db()  # type: ignore[no-untyped-call,unused-ignore]
    con.execute("DROP TABLE IF EXISTS temp.blocked_pair")


def _pair_by_keys(con: duckdb.DuckDBPyConnection, touched: str | None) -> None:
    """Add to `pair` the units that share a register's own key and whose birth dates do not contradict each other."""
    mine = within("unit_l", touched, "unit_id"), within("unit_r", touched, "unit_id")
    near = "true" if touched is None else "key IN (SELECT unnest(own_keys) FROM beside_mention)"
    con.execute(f"DELETE FROM pair WHERE reason <> '{MODEL_REASON}' AND ({mine[0]} OR {mine[1]})")
    con.execute(f"""
        INSERT INTO pair
        WITH stated AS (
            SELECT mention_id, key FROM (SELECT mention_id, unnest(own_keys) AS key FROM mention)
            WHERE key NOT IN (SELECT value FROM shared_value WHERE field = 'own_key') AND {near}),
        carried AS (SELECT DISTINCT unit_id, key FROM stated JOIN unit_mention USING (mention_id)),
        started AS (SELECT * FROM carried WHERE {within("unit_id", touched)})
        SELECT least(a.unit_id, b.unit_id), greatest(a.unit_id, b.unit_id), {KEY_WEIGHT}, 1.0, min(split_part(a.key, '|', 1))
        FROM started AS a JOIN carried AS b ON a.key = b.key AND a.unit_id <> b.unit_id
        JOIN unit AS l ON l.unique_id = a.unit_id JOIN unit AS r ON r.unique_id = b.unit_id
        WHERE coalesce({date_relation("l.birth_date", "r.birth_date")}, 'fit') <> 'contradiction'
        GROUP BY 1, 2 ORDER BY 1, 2""")
