"""What else is known of two sides: constraints, decisions by people, where relatives were placed, what may be shown.

Belongs here: reading what the run left in the store. Does not: weights (evidence.py), paths (paths.py), words (words.py).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import duckdb

from resolvers.explanation.references import Side
from resolvers.linkage import cannot_link, restricted_categories
from sources.tables import has_table

MAX_VALUES = 3
"""Values of one field that are shown of a unit."""


RESTRICTED_KEYS = frozenset({"archive"})
"""Kinds of own keys (see resolvers/mentions.py) that only restricted registers state: even the kind would tell which register."""


@dataclass(frozen=True, slots=True)
class Constraint:
    """Why two clusters are two people. `direct`: it holds between what was asked about, not only between the clusters around
    it. `weight` and `method` where a link was cut for it."""

    code: str
    direct: bool
    weight: float | None = None
    method: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """A reviewer's verdict on two mentions; who, when and why where the store tells."""

    verdict: str
    direct: bool
    who: str | None = None
    when: str | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Placement:
    """What became of a relative without usable number. `tie`: how the person it was placed with belongs to the family of the
    person beside whom it is named (`self`, `record`, `household`, `dwelling`, `phone`); None where it was placed with nobody."""

    side: str
    role: str
    placed: bool
    tie: str | None
    foreign_number: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """A unit as it may be shown: one of its records that is not restricted, and how many records it has."""

    record: tuple[str, str, str] | None
    """category, natural key, role"""
    records: int
    restricted: int
    number: bool


def units_of(con: duckdb.DuckDBPyConnection, side: Side) -> list[int]:
    """Units of a side, ascending; none for a relative that only its family can place."""
    return units_among(con, side.mention_ids)


def units_among(con: duckdb.DuckDBPyConnection, mention_ids: Collection[int]) -> list[int]:
    """Units of these mentions, ascending."""
    rows = con.execute(
        "SELECT DISTINCT unit_id FROM unit_mention WHERE list_contains($1::BIGINT[], mention_id) ORDER BY 1", [list(mention_ids)]
    ).fetchall()
    return [row[0] for row in rows]


_KNOWN = """
    SELECT list(DISTINCT unit_mention.number) FILTER (unit_mention.number IS NOT NULL),
           list(DISTINCT id_number) FILTER (unit_mention.number IS NULL AND id_number IS NOT NULL),
           list(DISTINCT record_id) FILTER (NOT is_self),
           bool_or(category = 'household_registration' AND role = 'holder')
    FROM mention LEFT JOIN unit_mention USING (mention_id) WHERE list_contains($1::BIGINT[], mention_id)"""


def constraints(con: duckdb.DuckDBPyConnection, a: Side, b: Side) -> list[Constraint]:
    """Everything recorded or plainly seen that keeps two clusters apart; what was recorded with a cut comes first."""
    found = _cuts(con, a, b)
    members = _members(con, a), _members(con, b)
    direct = {*_known_between(con, a.mention_ids, b.mention_ids), *_known_of_units(con, units_of(con, a), units_of(con, b))}
    around = {
        *_known_between(con, *members),
        *_known_of_units(con, units_among(con, members[0]), units_among(con, members[1])),
    }
    seen = {one.code for one in found} | {"decided_different"}
    found += [Constraint(code, code in direct) for code in cannot_link.REASONS if code in direct | around and code not in seen]
    return sorted(found, key=lambda one: (one.weight is None, not one.direct))


def _known_of_units(con: duckdb.DuckDBPyConnection, left: Collection[int], right: Collection[int]) -> set[str]:
    """Codes of what the linkage itself knows of two groups of units."""
    if not left or not right or not (has_table(con, "decided") and has_table(con, "nucleus")):
        return set()
    con.execute(
        "CREATE OR REPLACE TEMP TABLE component_unit AS SELECT unnest($1::BIGINT[]) AS unit_id, 0::BIGINT AS component",
        [sorted({*left, *right})],
    )
    known = cannot_link.collect(con, [])
    for table in ("component_unit", "component_mention", "component_row", "allowed_pair"):
        con.execute(f"DROP TABLE IF EXISTS temp.{table}")
    pairs = zip(known.left.tolist(), known.right.tolist(), known.code.tolist(), strict=True)
    codes = {known.reasons[code] for one, other, code in pairs if (one in left and other in right) or (one in right and other in left)}
    for rule in known.exclusions:
        stated = list(zip(rule.nodes.tolist(), rule.values.tolist(), strict=True))
        one, other = ({value for node, value in stated if node in side} for side in (left, right))
        if (one & other) if rule.exclude_same else (one and other and len(one | other) > 1):
            codes.add(rule.reason)
    return codes


@dataclass(frozen=True, slots=True)
class _Known:
    """What a group of mentions carries: numbers it owns, numbers of others, records in which it stands, a registration."""

    numbers: frozenset[str]
    foreign: frozenset[str]
    records: frozenset[int]
    registered: bool


def _known(con: duckdb.DuckDBPyConnection, mention_ids: Collection[int]) -> _Known:
    numbers, foreign, records, registered = con.execute(_KNOWN, [list(mention_ids)]).fetchone() or (None, None, None, None)
    return _Known(frozenset(numbers or ()), frozenset(foreign or ()), frozenset(records or ()), bool(registered))


def _known_between(con: duckdb.DuckDBPyConnection, a: Collection[int], b: Collection[int]) -> list[str]:
    """Codes of what is plainly seen between two groups of mentions."""
    left, right = _known(con, a), _known(con, b)
    codes = {
        "one_record": bool(left.records & right.records),
        "number_of_another": bool(left.numbers & right.foreign or right.numbers & left.foreign),
        "two_numbers": bool(left.numbers and right.numbers and not left.numbers & right.numbers),
        "two_registrations": left.registered and right.registered,
    }
    return [code for code, holds in codes.items() if holds]


def _members(con: duckdb.DuckDBPyConnection, side: Side) -> list[int]:
    """All mentions of the cluster around a side."""
    rows = con.execute(
        "SELECT mention_id FROM mention_cluster WHERE cluster = $1 UNION SELECT unnest($2::BIGINT[])",
        [side.cluster, list(side.mention_ids)],
    ).fetchall()
    return [row[0] for row in rows]


def _cuts(con: duckdb.DuckDBPyConnection, a: Side, b: Side) -> list[Constraint]:
    if not has_table(con, "cut"):
        return []
    rows = con.execute(
        """
        WITH around AS (SELECT DISTINCT unit_id, cluster FROM unit_mention JOIN mention_cluster USING (mention_id)
                        WHERE cluster IN ($1, $2))
        SELECT reason, unit_l IN (SELECT unnest($3::BIGINT[])) AND unit_r IN (SELECT unnest($4::BIGINT[]))
               OR unit_r IN (SELECT unnest($3::BIGINT[])) AND unit_l IN (SELECT unnest($4::BIGINT[])) AS direct,
               max(weight), max_by(method, weight)
        FROM cut JOIN around AS l ON l.unit_id = unit_l JOIN around AS r ON r.unit_id = unit_r
        WHERE l.cluster <> r.cluster GROUP BY ALL ORDER BY direct DESC, max(weight) DESC, reason""",
        [a.cluster, b.cluster, units_of(con, a), units_of(con, b)],
    ).fetchall()
    seen: dict[str, Constraint] = {}
    for reason, direct, weight, method in rows:
        seen.setdefault(reason, Constraint(reason, bool(direct), weight, method))
    return list(seen.values())


def decisions(con: duckdb.DuckDBPyConnection, a: Side, b: Side) -> list[Decision]:
    """Verdicts between the two sides, then those between the clusters around them; who, when and why where it was kept."""
    if not has_table(con, "decided"):
        return []
    told = "applied.decided_by, applied.decided_at::DATE::VARCHAR, applied.why"
    kept = has_table(con, "decision_applied")
    rows = con.execute(
        f"""
        SELECT decided.verdict,
               (decided.mention_l IN (SELECT unnest($1::BIGINT[])) AND decided.mention_r IN (SELECT unnest($2::BIGINT[])))
               OR (decided.mention_r IN (SELECT unnest($1::BIGINT[])) AND decided.mention_l IN (SELECT unnest($2::BIGINT[]))) AS direct,
               {told if kept else "NULL, NULL, NULL"}
        FROM decided {
            '''LEFT JOIN decision_applied AS applied ON applied.verdict = decided.verdict
            AND least(applied.mention_l, applied.mention_r) = least(decided.mention_l, decided.mention_r)
            AND greatest(applied.mention_l, applied.mention_r) = greatest(decided.mention_l, decided.mention_r)'''
            if kept
            else ""
        }
        WHERE (decided.mention_l IN (SELECT unnest($3::BIGINT[])) AND decided.mention_r IN (SELECT unnest($4::BIGINT[])))
           OR (decided.mention_r IN (SELECT unnest($3::BIGINT[])) AND decided.mention_l IN (SELECT unnest($4::BIGINT[])))
        GROUP BY ALL ORDER BY ALL""",
        [list(a.mention_ids), list(b.mention_ids), _members(con, a), _members(con, b)],
    ).fetchall()
    found = [Decision(verdict, bool(direct), *told) for verdict, direct, *told in rows]
    return sorted(found, key=lambda one: not one.direct)


_TIES = """
    WITH this AS (FROM mention WHERE mention_id = $1),
    beside AS (
        SELECT cluster FROM mention_cluster JOIN mention USING (mention_id)
        WHERE record_id = (SELECT record_id FROM this) AND subject ORDER BY mention_id LIMIT 1),
    sighting AS (
        SELECT cluster, record_id, household, phone,
               CASE WHEN category = 'household_registration' AND role = 'holder' THEN dwelling_code END AS dwelling
        FROM mention JOIN mention_cluster USING (mention_id) WHERE cluster = $2 OR cluster = (FROM beside)),
    near AS (FROM sighting WHERE cluster = (FROM beside)),
    own AS (FROM sighting WHERE cluster = $2)
    SELECT $2 = (FROM beside), EXISTS (FROM near JOIN own USING (record_id)), EXISTS (FROM near JOIN own USING (household)),
           EXISTS (FROM near JOIN own USING (dwelling)), EXISTS (FROM own JOIN this USING (phone)),
           EXISTS (FROM own), EXISTS (FROM this WHERE id_number IS NOT NULL)"""


def placement(con: duckdb.DuckDBPyConnection, side: Side, name: str) -> Placement | None:
    """Where a record's relative without usable number was placed; None for everybody else."""
    if side.kind != "record" or side.role is None or units_of(con, side):
        return None
    found = con.execute(_TIES, [side.mention_ids[0], side.cluster]).fetchone() or (False,) * 7
    *held, placed, foreign = map(bool, found)
    ties = [tie for tie, holds in zip(("self", "record", "household", "dwelling", "phone"), held, strict=True) if holds]
    return Placement(name, side.role, placed, ties[0] if placed and ties else None, foreign)


def shown_units(con: duckdb.DuckDBPyConnection, unit_ids: Collection[int], asked: Collection[int]) -> dict[int, Shown]:
    """Each unit by one record that may be named, one of those asked about if it can be."""
    hidden = sorted(restricted_categories())
    rows = con.execute(
        """
        SELECT unit_id, min([CASE WHEN list_contains($3::BIGINT[], mention_id) THEN '0' ELSE '1' END, category, natural_key, role])
                   FILTER (NOT list_contains($2::VARCHAR[], category)),
               count(*), count(*) FILTER (list_contains($2::VARCHAR[], category)), bool_or(number IS NOT NULL)
        FROM unit_mention JOIN mention USING (mention_id) WHERE list_contains($1::BIGINT[], unit_id) GROUP BY unit_id""",
        [list(unit_ids), hidden, list(asked)],
    ).fetchall()
    return {unit: Shown((named[1], named[2], named[3]) if named else None, *rest) for unit, named, *rest in rows}


_FIELDS = {
    "name": ("name", "former_name"),
    "birth_date": ("birth_date",),
    "sex": ("sex",),
    "number": ("id_number", "id_typed"),
    "phone": ("phone",),
    "place": ("dwelling_code", "community_code", "township_code"),
}
"""Fields of a mention that are shown for a comparison. What speaks of third people (relatives, their numbers) never is."""


def shown_values(con: duckdb.DuckDBPyConnection, mention_ids: Collection[int]) -> dict[str, str]:
    """By comparison the values that mentions outside of restricted categories state, the most frequent first."""
    hidden = sorted(restricted_categories())
    values = {}
    for comparison, fields in _FIELDS.items():
        for field in fields:
            rows = con.execute(
                f"""
                SELECT {field}::VARCHAR AS value FROM mention
                WHERE list_contains($1::BIGINT[], mention_id) AND NOT list_contains($2::VARCHAR[], category) AND {field} IS NOT NULL
                GROUP BY value ORDER BY count(*) DESC, value""",
                [list(mention_ids), hidden],
            ).fetchall()
            if rows:
                more = " …" if len(rows) > MAX_VALUES else ""
                values[comparison] = ", ".join(row[0] for row in rows[:MAX_VALUES]) + more
                break
    return values


def mentions_of_units(con: duckdb.DuckDBPyConnection, unit_ids: Collection[int]) -> list[int]:
    """All mentions of these units, ascending."""
    return [
        row[0]
        for row in con.execute(
            "SELECT mention_id FROM unit_mention WHERE list_contains($1::BIGINT[], unit_id) ORDER BY 1", [list(unit_ids)]
        ).fetchall()
    ]
