"""What is known of two units that makes them two people.

Belongs here: each kind of knowledge with its code, its words and its query. Does not: what follows from it (resolvers/clustering), evidence
in weights (model.py).

Only what is certain by how registers work stands here, or what both sides state independently. A register that has not heard of a death
proves nothing; one typed sex proves nothing. All queries look at units of one component only (table `component_unit`), because only those
could meet in a cluster.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import numpy as np

from resolvers.clustering import CannotLinks, Exclusion
from resolvers.linkage.nuclei import agreeing_names, sex_in_number


@dataclass(frozen=True, slots=True)
class Reason:
    """Why two units are two people, in the words of those who review."""

    code: str
    zh: str
    en: str


_ALL = (
    Reason("decided_different", "人工审核判定为不同的人", "a reviewer decided that they are different people"),
    Reason("one_record", "同一条记录中的两个角色是两个人", "two roles of one record are two people"),
    Reason("one_household", "同一户（同一救助家庭）登记的两名成员是两个人", "two members listed in one household or case are two people"),
    Reason(
        "two_numbers",
        "两个有效身份证号码，姓名、出生日期和家庭信息不能同时吻合",
        "two valid ID numbers without a common name, birth date and something of the family",
    ),
    Reason("number_of_another", "所填身份证号码属于另一个人", "the ID number that it carries belongs to the other person"),
    Reason("two_registrations", "户籍登记中有两个不同的户籍人口", "two people registered in the register of households"),
    Reason("two_births", "两个不同的出生医学证明", "two different birth certificates"),
    Reason("two_mothers", "登记的母亲是两个人", "their mothers are two people"),
    Reason("two_fathers", "登记的父亲是两个人", "their fathers are two people"),
    Reason("two_sexes", "性别不同，双方均有充分依据", "two sexes, each on strong evidence"),
    Reason("born_after_death", "一方在另一方死亡之后出生", "one was born after the other had died"),
    Reason("twins", "双胞胎：父母或家庭相同、出生日期相同、名字不同", "twins: one family and birth date, different given names"),
)
REASONS = {reason.code: reason for reason in _ALL}
"""By code; codes stand in the table `cut`."""

_PAIRS = ("decided_different", "number_of_another", "two_births", "two_mothers", "two_fathers", "born_after_death", "twins")
"""Kinds that are listed pair by pair; the others exclude by a value of the units."""

STRONG_SEX_REGISTERS = 2
"""Registers that must state a sex, and none the other, before it counts without a number."""


def collect(con: duckdb.DuckDBPyConnection, allowed: list[tuple[int, int]]) -> CannotLinks:
    """Cannot-links of the units in `component_unit` (unit_id, component).

    allowed: pairs of units with two numbers (or registrations) that may be one person all the same, by evidence or decision.
    Reads `unit`, `unit_mention`, `mention`, `decided`; where they exist, the current records that state deaths.
    """
    _describe(con)
    con.execute(
        "CREATE OR REPLACE TEMP TABLE allowed_pair AS SELECT unnest($1::BIGINT[]) AS unit_l, unnest($2::BIGINT[]) AS unit_r",
        [[left for left, _ in allowed], [right for _, right in allowed]],
    )
    queries = {
        "decided_different": _decided("different"),
        "number_of_another": _NUMBER_OF_ANOTHER,
        "two_births": _TWO_BIRTHS,
        "two_mothers": _two_parents("mother"),
        "two_fathers": _two_parents("father"),
        "born_after_death": _born_after_death(con),
        "twins": _twins(),
    }
    found = con.execute(
        "SELECT DISTINCT unit_l, unit_r, code FROM ("
        + " UNION ALL ".join(f"SELECT unit_l, unit_r, {_PAIRS.index(code)} AS code FROM ({query})" for code, query in queries.items())
        + f") WHERE code = 0 OR (unit_l, unit_r) NOT IN ({_decided('same')}) ORDER BY ALL"
    ).fetchnumpy()
    left, right, code = (np.ma.getdata(found[name]).astype(np.int64) for name in ("unit_l", "unit_r", "code"))
    return CannotLinks(left, right, code, _PAIRS, _exclusions(con))


def _describe(con: duckdb.DuckDBPyConnection) -> None:
    """`component_mention`: what these queries read of the mentions of the units."""
    con.execute("""
        CREATE OR REPLACE TEMP TABLE component_mention AS
        SELECT component, unit_id, number, mention_id, record_id, category, role, subject, is_self, id_number, household, sex, birth_date,
               own_keys
        FROM component_unit JOIN unit_mention USING (unit_id) JOIN mention USING (mention_id)""")


def _decided(verdict: str) -> str:
    """Query (unit_l, unit_r), smaller first, of pairs that reviewers decided."""
    return f"""
        SELECT least(l.unit_id, r.unit_id) AS unit_l, greatest(l.unit_id, r.unit_id) AS unit_r
        FROM decided JOIN component_mention AS l ON l.mention_id = mention_l JOIN component_mention AS r ON r.mention_id = mention_r
        WHERE verdict = '{verdict}' AND l.unit_id <> r.unit_id"""


_NUMBER_OF_ANOTHER = """
    SELECT DISTINCT least(owner.unit_id, bearer.unit_id) AS unit_l, greatest(owner.unit_id, bearer.unit_id) AS unit_r
    FROM component_mention AS owner JOIN component_mention AS bearer
        ON owner.component = bearer.component AND owner.number = bearer.id_number AND owner.unit_id <> bearer.unit_id
    WHERE bearer.number IS DISTINCT FROM bearer.id_number"""

_TWO_BIRTHS = """
    WITH certificate AS (SELECT DISTINCT component, unit_id, birth_date, own_keys[1] AS key FROM component_mention
                         WHERE category = 'birth_family_support' AND role = 'child' AND own_keys[1] LIKE 'birth|%')
    SELECT a.unit_id AS unit_l, b.unit_id AS unit_r FROM certificate AS a JOIN certificate AS b USING (component)
    WHERE a.unit_id < b.unit_id AND damerau_levenshtein(a.key, b.key) > 1"""


def _twins() -> str:
    """Query of units with one birth date and family, and two given names of which neither is the other written differently."""
    shares = " OR ".join(f"coalesce(list_has_any(l.{name}, r.{name}), false)" for name in ("relative_numbers", "households", "dwellings"))
    slip = "coalesce(length(l.id_typed) = 18 AND damerau_levenshtein(l.id_typed, r.number) <= 1, false)"
    return f"""
        WITH named AS (
            SELECT component, unit_id, birth_date, surname, plain FROM component_unit JOIN unit ON unique_id = unit_id
            WHERE NOT damaged AND birth_date IS NOT NULL AND surname IS NOT NULL AND plain IS NOT NULL),
        candidate AS (
            SELECT a.unit_id AS unit_l, b.unit_id AS unit_r FROM named AS a JOIN named AS b USING (component, birth_date, surname)
            WHERE a.unit_id < b.unit_id AND a.plain <> b.plain AND length(a.plain) = length(b.plain))
        SELECT unit_l, unit_r FROM candidate JOIN unit AS l ON l.unique_id = unit_l JOIN unit AS r ON r.unique_id = unit_r
        WHERE NOT coalesce({agreeing_names("l", "r", former=False)}, false) AND NOT coalesce(list_has_any(l.names, r.names), false)
          AND ({shares}) AND NOT {slip} AND NOT {slip.replace("l.", "#.").replace("r.", "l.").replace("#.", "r.")}"""


def _two_parents(role: str) -> str:
    """Query of units whose records of birth or registration name two mothers (fathers), who differ in valid number and in name."""
    return f"""
        WITH stated AS (
            SELECT DISTINCT child.component, child.unit_id, parent.id_number, form.plain, form.sound, form.own_form, form.damaged
            FROM component_mention AS child JOIN mention AS parent ON parent.record_id = child.record_id AND parent.role = '{role}'
            JOIN name_form AS form ON form.raw = parent.name
            WHERE child.subject AND child.role IN ('holder', 'child') AND form.plain IS NOT NULL AND parent.id_number IS NOT NULL
              AND child.category IN ('household_registration', 'birth_family_support'))
        SELECT l.unit_id AS unit_l, r.unit_id AS unit_r FROM stated AS l JOIN stated AS r USING (component)
        WHERE l.unit_id < r.unit_id AND l.id_number <> r.id_number AND NOT coalesce({agreeing_names("l", "r", former=False)}, false)"""


_DEATHS = {
    "current_household_registration": "SELECT record_id, cancel_date AS death_date FROM current_household_registration WHERE status = '3'",
    "current_health_records": "SELECT record_id, death_date FROM current_health_records",
}
"""Where a death stands with its date."""


def stated_deaths(con: duckdb.DuckDBPyConnection) -> str:
    """Query (record_id, death_date) of current records that state a death of their holder; no rows where there are no such records."""
    there = {name for (name,) in con.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    sources = [query for table, query in _DEATHS.items() if table in there]
    if not sources:
        return "SELECT 0::BIGINT AS record_id, NULL::DATE AS death_date WHERE false"
    return f"SELECT record_id, death_date FROM ({' UNION ALL '.join(sources)}) WHERE death_date IS NOT NULL"


def _born_after_death(con: duckdb.DuckDBPyConnection) -> str:
    """Query of units of which one was born after the other's death."""
    return f"""
        WITH died AS (SELECT component, unit_id, max(death_date) AS death_date
                      FROM component_mention JOIN ({stated_deaths(con)}) USING (record_id)
                      WHERE subject AND role = 'holder' GROUP BY component, unit_id)
        SELECT least(died.unit_id, other.unit_id) AS unit_l, greatest(died.unit_id, other.unit_id) AS unit_r
        FROM died JOIN component_unit AS other USING (component) JOIN unit ON unique_id = other.unit_id
        WHERE died.unit_id <> other.unit_id AND unit.birth_date > died.death_date"""


def _exclusions(con: duckdb.DuckDBPyConnection) -> tuple[Exclusion, ...]:
    """Knowledge by a value of units: what excludes those that share it, and what excludes those that differ in it."""
    numbers = frozenset(
        (min(pair), max(pair))
        for pair in con.execute(f"""
            SELECT {_whole("l.number")}, {_whole("r.number")}
            FROM allowed_pair JOIN unit AS l ON l.unique_id = unit_l JOIN unit AS r ON r.unique_id = unit_r
            WHERE l.number IS NOT NULL AND r.number IS NOT NULL""").fetchall()
    )
    units = frozenset((min(pair), max(pair)) for pair in con.execute("SELECT unit_l, unit_r FROM allowed_pair").fetchall())
    members = f"household IS NOT NULL AND ({_REGISTERED} AND number IS NOT NULL OR category = 'social_assistance' AND role = 'holder')"
    return (
        _exclusion(con, "one_record", True, "SELECT component, unit_id, record_id AS value FROM component_mention WHERE NOT is_self"),
        _exclusion(
            con, "one_household", True, f"SELECT component, unit_id, {_whole('household')} AS value FROM component_mention WHERE {members}"
        ),
        _exclusion(
            con,
            "two_numbers",
            False,
            f"SELECT component, unit_id, {_whole('number')} AS value FROM component_mention WHERE number IS NOT NULL",
            numbers,
        ),
        _exclusion(
            con,
            "two_registrations",
            False,
            f"SELECT component, unit_id, unit_id AS value FROM component_mention WHERE {_REGISTERED}",
            units,
        ),
        _exclusion(con, "two_sexes", False, _SEXES),
    )


_REGISTERED = "category = 'household_registration' AND role = 'holder'"


def _whole(text: str) -> str:
    """SQL: a text as a whole number; equal texts the same one."""
    return f"(hash({text}) >> 1)::BIGINT"


_SEXES = f"""
    SELECT any_value(component) AS component, unit_id, min(sex)::BIGINT AS value FROM component_mention
    WHERE subject AND sex IS NOT NULL GROUP BY unit_id
    HAVING min(sex) = max(sex)
       AND (count(DISTINCT category) >= {STRONG_SEX_REGISTERS} OR min(sex) = {sex_in_number("any_value(number)")})"""
"""Registers state one sex, and either the number says the same or there are several of them. The number alone is not enough: one that was
issued with the wrong digit is replaced, and the person then has two."""


def _exclusion(
    con: duckdb.DuckDBPyConnection, code: str, exclude_same: bool, query: str, allowed: frozenset[tuple[int, int]] = frozenset()
) -> Exclusion:
    """Of rows (component, unit_id, value) those that can forbid anything: a value of two units, or a component with two values."""
    window, key = ("component, value", "unit_id") if exclude_same else ("component", "value")
    found = con.execute(f"""
        SELECT DISTINCT unit_id, value FROM ({query})
        QUALIFY min({key}) OVER (PARTITION BY {window}) <> max({key}) OVER (PARTITION BY {window}) ORDER BY ALL""").fetchnumpy()
    nodes, values = (np.ma.getdata(found[name]).astype(np.int64) for name in ("unit_id", "value"))
    return Exclusion(code, nodes, values, exclude_same, allowed)
