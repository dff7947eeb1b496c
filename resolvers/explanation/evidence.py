"""What the model says of two units: the weight of every comparison, and which blocking rule brings them together.

Belongs here: scoring single pairs with Splink and the model of the installation, with everything that it computes on the way.
Does not: deciding, words. The rows that are compared are copied into a connection in memory of their own, because the store
is read only; term frequencies are those of all units.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
from splink import DuckDBAPI, Linker

from resolvers.explanation.references import ExplanationProblem
from resolvers.linkage import comparisons, model, scoring, units
from sources.tables import has_table

PRIOR = "prior"
CALIBRATION = "calibration"


@dataclass(frozen=True, slots=True)
class Level:
    """What one comparison says: the label of its level, its weight (log2 of m/u) and what a rare or frequent value adds."""

    comparison: str
    label: str
    weight: float
    rarity: float
    silent: bool
    """nothing to compare on one side"""


@dataclass(frozen=True, slots=True)
class Weighing:
    """One pair of units, weighed. `weight` = prior + levels + calibration, in log2 odds."""

    left: int
    right: int
    prior: float
    levels: tuple[Level, ...]
    calibration: float
    weight: float
    probability: float
    chart: dict[str, Any] = field(repr=False)
    """Splink's own waterfall of this pair as a Vega-Lite specification, without any value of a record"""


@dataclass(frozen=True, slots=True)
class Need:
    """A condition of a blocking rule: the column (or the condition itself where it is none) and whether the pair meets it."""

    column: str
    met: bool


@dataclass(frozen=True, slots=True)
class Rule:
    """A blocking rule and what the pair lacks for it. `left_out`: the pair meets it only by values that so many units share that
    the run left them out."""

    needs: tuple[Need, ...]
    left_out: bool = False

    @property
    def met(self) -> bool:
        return all(need.met for need in self.needs) and not self.left_out


class Scales:
    """Weighs pairs of units of one store. Close it, or use it as a context."""

    def __init__(self, con: duckdb.DuckDBPyConnection, models: Path) -> None:
        path = models / model.MODEL_FILE
        self._con = con
        try:
            self._model = model.read(path) if path.exists() else model.default_model()
        except ValueError as problem:
            raise ExplanationProblem(
                what=str(problem), where=str(path), remedy="put back the model file of the last run, or run again"
            ) from None
        self._prior = scoring.prior(con, self._model)
        self._memory = duckdb.connect(config={"temp_directory": "", "threads": 1})

    def __enter__(self) -> Scales:
        return self

    def __exit__(self, *_: object) -> None:
        self._memory.close()

    @property
    def threshold(self) -> float:
        """Match weight from which the run made links."""
        return self._model.threshold_weight

    def weigh(self, left: Collection[int], right: Collection[int]) -> tuple[Weighing, list[float]]:
        """Every unit of `left` with every one of `right`: the pair that weighs most (then the smallest units), and the weights of all,
        descending."""
        self._copy("explained_left", left)
        self._copy("explained_right", right)
        return self._weighed(_stored(self._con, [*left, *right]))

    def weigh_mentions(self, left: int, right: int) -> Weighing:
        """Two mentions as if each stood alone and had no usable number: what all the rest says of them."""
        self._memory.execute(
            "CREATE OR REPLACE TABLE assignment AS SELECT unnest([$1, $2]) AS mention_id, "
            "unnest([1, 2])::BIGINT AS unit_id, NULL::VARCHAR AS number",
            [left, right],
        )
        rows = self._con.execute(
            """
            SELECT DISTINCT mention.* FROM mention WHERE record_id IN (SELECT record_id FROM mention WHERE mention_id IN ($1, $2))
            UNION ALL SELECT * REPLACE (-1 AS mention_id, -1 AS record_id) FROM (FROM mention WHERE birth_date IS NOT NULL
                ORDER BY birth_date DESC, mention_id LIMIT 1)""",
            [left, right],
        ).to_arrow_table()
        self._memory.register("mention", rows)
        forms = self._con.execute(
            """
            SELECT name_form.* FROM name_form WHERE raw IN (
                SELECT unnest([name, former_name]) FROM mention WHERE record_id IN (
                    SELECT record_id FROM mention WHERE mention_id IN ($1, $2)))""",
            [left, right],
        ).to_arrow_table()
        self._memory.register("name_form", forms)
        for table in ("shared_value", "name_frequency"):
            if has_table(self._con, table):
                # a table, not a view: conditions on unsigned numbers overflow when they are pushed into Arrow
                self._memory.register("_rows", self._con.execute(f"FROM {table}").to_arrow_table())
                self._memory.execute(f"CREATE OR REPLACE TABLE {table} AS FROM _rows")
                self._memory.unregister("_rows")
        units.build(self._memory, "assignment", "alone")
        for name, unit in (("explained_left", 1), ("explained_right", 2)):
            self._memory.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT *, NULL::DOUBLE AS tf_none FROM alone WHERE unique_id = {unit}")
            for column in self._frequencies():
                self._memory.execute(f"ALTER TABLE {name} ADD COLUMN tf_{column} DOUBLE")
                for (value,) in self._memory.execute(f"SELECT DISTINCT {column} FROM {name} WHERE {column} IS NOT NULL").fetchall():
                    share = self._con.execute(
                        f"SELECT greatest(count(*) FILTER ({column} = $1), 1) / greatest(count({column}), 1) FROM unit", [value]
                    ).fetchone()
                    self._memory.execute(f"UPDATE {name} SET tf_{column} = $1", [share[0] if share else None])
        return self._weighed({})[0]

    def rules(self, left: Collection[int], right: Collection[int]) -> list[Rule]:
        """Every blocking rule with what the nearest pair of these units lacks for it."""
        self._copy("explained_left", left)
        self._copy("explained_right", right)
        return [self._rule(rule, left, right) for rule in comparisons.blocking_rules()]

    def _rule(self, rule: dict[str, Any], left: Collection[int], right: Collection[int]) -> Rule:
        lists = rule.get("arrays_to_explode") or []
        conditions = _split(rule["blocking_rule"])
        tests = [_as_test(condition, lists) for condition in conditions]
        found = self._memory.execute(f"""
            SELECT [{", ".join(f"coalesce({test}, false)" for test in tests)}] AS met
            FROM explained_left AS l CROSS JOIN explained_right AS r
            ORDER BY list_sum(list_transform(met, lambda one: one::INTEGER)) DESC, met DESC LIMIT 1""").fetchone()
        met = found[0] if found else [False] * len(tests)
        needs = tuple(Need(_column(condition), bool(one)) for condition, one in zip(conditions, met, strict=True))
        return Rule(needs, all(met) and self._left_out(rule, left, right))

    def _left_out(self, rule: dict[str, Any], left: Collection[int], right: Collection[int]) -> bool:
        """Whether all values by which a rule brings the units together were too frequent for the run."""
        if not has_table(self._con, "dropped_key"):
            return False
        keys = scoring.read_rule(rule).keys("(SELECT * FROM unit WHERE list_contains(${}::BIGINT[], unique_id))")
        shared, dropped = self._con.execute(
            f"""
            WITH common AS (SELECT key FROM ({keys.format(1)}) INTERSECT SELECT key FROM ({keys.format(2)}))
            SELECT count(*), count(dropped_key.key) FROM common LEFT JOIN dropped_key ON dropped_key.key = common.key AND rule = $3""",
            [list(left), list(right), rule["blocking_rule"]],
        ).fetchone() or (0, 0)
        return bool(shared) and shared == dropped

    def _frequencies(self) -> list[str]:
        return sorted(
            {
                level["tf_adjustment_column"]
                for one in model.settings(self._model, self._prior)["comparisons"]
                for level in one["comparison_levels"]
                if "tf_adjustment_column" in level
            }
        )

    def _copy(self, name: str, unit_ids: Collection[int]) -> None:
        """Rows of `unit` with the term frequencies of all units beside them."""
        shares = "".join(
            f", (SELECT count(*) FROM unit AS other WHERE other.{column} = chosen.{column})::DOUBLE"
            f" / greatest((SELECT count({column}) FROM unit), 1) AS tf_{column}"
            for column in self._frequencies()
        )
        rows = self._con.execute(
            f"SELECT *{shares} FROM unit AS chosen WHERE list_contains($1::BIGINT[], unique_id) ORDER BY unique_id", [sorted(unit_ids)]
        ).to_arrow_table()
        self._memory.register("_rows", rows)
        self._memory.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM _rows")
        self._memory.unregister("_rows")

    def _weighed(self, stored: dict[tuple[int, int], tuple[float, float]]) -> tuple[Weighing, list[float]]:
        api = DuckDBAPI(connection=self._memory)
        self._memory.execute("CREATE OR REPLACE TABLE explained AS SELECT * FROM explained_left UNION SELECT * FROM explained_right")
        # Splink configures settings in place, so every linker gets its own
        settings = model.settings(self._model, self._prior)
        settings |= {"retain_matching_columns": True, "retain_intermediate_calculation_columns": True}
        linker = Linker(api.register("explained"), settings, log_level=None, validate_settings=False)
        scored = linker.inference.score_pairs(api.register("explained_left"), api.register("explained_right"))
        records = sorted(scored.as_record_list(), key=lambda row: (-row["match_weight"], row["unique_id_l"], row["unique_id_r"]))
        kept = [stored.get(_ordered(row["unique_id_l"], row["unique_id_r"])) for row in records]
        weights = [known[0] if known else float(row["match_weight"]) for row, known in zip(records, kept, strict=True)]
        return _weighing(linker, records[0], kept[0]), sorted(weights, reverse=True)


def _ordered(left: int, right: int) -> tuple[int, int]:
    return (left, right) if left <= right else (right, left)


def _stored(con: duckdb.DuckDBPyConnection, unit_ids: Sequence[int]) -> dict[tuple[int, int], tuple[float, float]]:
    """Weight and probability of the pairs among units as the run wrote them."""
    rows = con.execute(
        """SELECT unit_l, unit_r, weight, probability FROM pair WHERE reason = 'model'
                          AND list_contains($1::BIGINT[], unit_l) AND list_contains($1::BIGINT[], unit_r)""",
        [list(unit_ids)],
    ).fetchall()
    return {_ordered(left, right): (weight, probability) for left, right, weight, probability in rows}


def _weighing(linker: Linker, record: dict[str, Any], stored: tuple[float, float] | None) -> Weighing:
    """The bars of Splink's waterfall as numbers, and the waterfall itself."""
    chart = linker.visualisations.waterfall_chart([record], filter_nulls=False, remove_sensitive_data=True).chart_dict
    bars = {bar["column_name"]: bar for bar in chart["data"]["values"]}
    names = [name for name in bars if name in comparisons.COMPARISONS]
    levels = tuple(
        Level(
            name,
            bars[name]["label_for_charts"],
            bars[name]["log2_bayes_factor"],
            bars.get(f"tf_{name}", {}).get("log2_bayes_factor", 0.0),
            record[f"gamma_{name}"] == -1,
        )
        for name in names
    )
    weight, probability = stored or (record["match_weight"], record["match_probability"])
    calibration = weight - record["match_weight"]
    return Weighing(
        record["unique_id_l"],
        record["unique_id_r"],
        bars["Prior"]["log2_bayes_factor"],
        levels,
        calibration if not math.isclose(calibration, 0, abs_tol=1e-6) else 0.0,
        weight,
        probability,
        chart,
    )


def conditions_of(rule: dict[str, Any]) -> list[str]:
    """What a blocking rule needs, by column, or by the condition itself where it compares no single column."""
    return [_column(condition) for condition in _split(rule["blocking_rule"])]


def _split(rule: str) -> list[str]:
    """The conditions of a rule: its text cut at every AND that stands in no bracket."""
    parts, depth, begin = [], 0, 0
    for found in re.finditer(r"[()]|\bAND\b", rule, re.IGNORECASE):
        if found.group() == "(":
            depth += 1
        elif found.group() == ")":
            depth -= 1
        elif depth == 0:
            parts.append(rule[begin : found.start()])
            begin = found.end()
    return [part.strip() for part in [*parts, rule[begin:]]]


_EQUAL = re.compile(r'l\."?(\w+)"?\s*=\s*r\."?\1"?')


def _as_test(condition: str, lists: Sequence[str]) -> str:
    """A condition for whole rows: where Splink compares the single elements of lists, the lists share an element."""
    return _EQUAL.sub(lambda found: f"list_has_any(l.{found[1]}, r.{found[1]})" if found[1] in lists else found[0], f"({condition})")


def _column(condition: str) -> str:
    found = _EQUAL.fullmatch(condition)
    return found[1] if found else condition
