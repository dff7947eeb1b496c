"""Errors that hiding one number cannot show: numbers that disagree.

Belongs here: mentions that carry a valid number whose owner they do not seem to be, and people with two valid numbers. Does
not: mentions without number (cells.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import numpy as np

from resolvers.linkage.units import of_one_family
from resolvers.quality import subgroups
from resolvers.quality.cells import Array, Labels, columns_of, pairs_of


@dataclass(frozen=True, slots=True)
class Foreign:
    """Mentions that stay alone although they carry the valid number of somebody: `pairs` that are missed if they are the
    owner under another name. tested, shared: of those with a telephone on both sides, how many share it; usual: the share
    among mentions that are the owner."""

    pairs: Array
    tested: int
    shared: int
    usual: float


@dataclass(frozen=True, slots=True)
class TwoNumbers:
    """People found under two valid numbers: `pairs` between the two parts, and how many such people stay apart for each one
    that was found (`missed_per_found`)."""

    pairs: Array
    missed_per_found: Array


def two_names(con: duckdb.DuckDBPyConnection, known: Labels) -> Array:
    """Persons whose one valid number carries two undamaged names of different surnames, both with a fitting birth date: most took another
    name, some are two people to whom one number was issued. The pairs between the two parts."""
    names = ", ".join(f"any_value(person.{name}) AS own_{name}, NULL::VARCHAR AS their_{name}" for name in subgroups.DIMENSIONS[:-1])
    rows = columns_of(con, f"""
        WITH named AS (
            SELECT cluster, number, form.plain, any_value(form.surname) AS surname, any_value(form.own_form) AS own_form, count(*) AS n
            FROM quality_mention AS said JOIN mention USING (mention_id) JOIN name_form AS form ON form.raw = mention.name
            WHERE number IS NOT NULL AND form.plain IS NOT NULL AND NOT form.damaged GROUP BY cluster, number, form.plain
            QUALIFY count(*) OVER (PARTITION BY number) > 1),
        main AS (SELECT * FROM named QUALIFY row_number() OVER (PARTITION BY number ORDER BY n DESC, plain) = 1)
        SELECT max(main.n) AS larger, sum(named.n)::BIGINT AS smaller, {names}
        FROM main JOIN named ON named.number = main.number AND named.surname <> main.surname
          AND coalesce(named.own_form <> main.plain, true) AND coalesce(main.own_form <> named.plain, true)
        JOIN quality_cluster AS person ON person.cluster = main.cluster GROUP BY main.number ORDER BY main.number""")
    return _between(rows, known)


def _between(rows: dict[str, Array], known: Labels) -> Array:
    """Ordered pairs per subgroup between two numbered parts (`larger`, `smaller`) of one person."""
    count = len(rows["larger"])
    if not count:
        return np.zeros((0, len(known.names)))
    one_way = rows | {"others": rows["larger"], "others_loose": np.zeros(count), "loose": np.zeros(count)}
    found: Array = pairs_of(one_way, known) * rows["smaller"].astype(float)[:, None]
    found[:, _persons(known)] *= 2
    return found


def unanchored(con: duckdb.DuckDBPyConnection, known: Labels) -> Array:
    """Persons of several mentions of which none has a number, in the same city as persons with one: the pairs that are missed if
    the two are one person. The other part is taken to be as big as the average person and of the same subgroups."""
    names = ", ".join(f"{name} AS own_{name}, NULL::VARCHAR AS their_{name}" for name in subgroups.DIMENSIONS[:-1])
    rows = columns_of(con, f"""
        SELECT size, (SELECT avg(size) FROM quality_cluster WHERE numbers > 0) AS others, {names}
        FROM quality_cluster WHERE numbers = 0 AND size > 1 ORDER BY cluster""")
    count = len(rows["size"])
    if not count:
        return np.zeros((0, len(known.names)))
    found: Array = pairs_of(rows | {"others_loose": np.zeros(count), "loose": np.ones(count)}, known) * rows["size"].astype(float)[:, None]
    found[:, _persons(known)] *= 2
    return found


def _persons(known: Labels) -> list[int]:
    """Columns of subgroups that are the same for all mentions of a person."""
    return [index for index, (name, _) in enumerate(known.names) if name not in ("all", "id_number")]


def foreign(con: duckdb.DuckDBPyConnection, known: Labels) -> Foreign:
    own = ", ".join(f"own.{name} AS own_{name}" for name in subgroups.DIMENSIONS[:-1])
    their = ", ".join(f"person.{name} AS their_{name}" for name in subgroups.DIMENSIONS[:-1])
    rows = columns_of(con, f"""
        WITH owner AS (SELECT number, any_value(unit_id) AS unit_id, any_value(cluster) AS cluster FROM quality_mention
                       WHERE number IS NOT NULL GROUP BY number)
        SELECT person.size AS others, person.loose AS others_loose, 1 AS loose, {own}, {their},
               CASE WHEN l.phones IS NOT NULL AND r.phones IS NOT NULL THEN list_has_any(l.phones, r.phones) END AS shared
        FROM quality_mention AS said JOIN quality_cluster AS own USING (cluster) JOIN unit AS l ON l.unique_id = said.unit_id
        JOIN owner ON owner.number = l.foreign_number AND owner.cluster <> said.cluster
        JOIN quality_cluster AS person ON person.cluster = owner.cluster JOIN unit AS r ON r.unique_id = owner.unit_id
        WHERE said.loose AND own.size = 1 ORDER BY said.mention_id""")
    shared = [value for value in rows["shared"] if value is not None]
    usual = con.execute("""
        SELECT avg(list_has_any(l.phones, r.phones)::INT) FROM trial
        JOIN trial_left AS l ON l.unique_id = -trial.unit_id JOIN trial_right AS r ON r.unique_id = trial.unit_id
        WHERE l.phones IS NOT NULL AND r.phones IS NOT NULL""").fetchone()
    return Foreign(pairs_of(rows, known), len(shared), int(sum(shared)), float((usual or (None,))[0] or 1.0))


def two_numbers(con: duckdb.DuckDBPyConnection, known: Labels) -> TwoNumbers:
    """The chance that two parts of one person share a telephone, dwelling, household or relative, without which two numbers are
    not joined, is taken from the hidden mentions, and grows with the mentions of the smaller part."""
    seen = con.execute(f"""
        SELECT avg({of_one_family('l', 'r')}::INT) FROM trial JOIN trial_left AS l ON l.unique_id = -trial.unit_id
        JOIN trial_right AS r ON r.unique_id = trial.unit_id""").fetchone()
    chance = min(max(float((seen or (None,))[0] or 0.5), 0.05), 0.99)
    names = ", ".join(f"any_value(person.{name}) AS own_{name}, NULL::VARCHAR AS their_{name}" for name in subgroups.DIMENSIONS[:-1])
    rows = columns_of(con, f"""
        WITH part AS (SELECT cluster, number, count(*) AS n FROM quality_mention WHERE number IS NOT NULL GROUP BY ALL)
        SELECT max(n) AS larger, sum(n)::BIGINT - max(n) AS smaller, {names}
        FROM part JOIN quality_cluster AS person USING (cluster) WHERE person.numbers > 1 GROUP BY cluster ORDER BY cluster""")
    count = len(rows["larger"])
    detected = 1 - (1 - chance) ** np.maximum(rows["smaller"].astype(float), 1) if count else np.zeros(0)
    return TwoNumbers(_between(rows, known), (1 - detected) / detected if count else detected)
