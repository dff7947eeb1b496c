"""Units: what the model compares. A unit is a nucleus (all mentions that certainly own one number) or one other
mention.

Belongs here: gathering what the mentions of a unit state. Values that many people share (the telephone of an office)
are left out,
because sharing them says nothing. Does not: comparing units (model.py).
Reads `mention`, `name_form`, `shared_value` and an assignment of mentions to units; writes a table of units.
"""

from __future__ import annotations

from datetime import date

import duckdb

from resolvers.linkage.assignment import create_tables
from resolvers.linkage.comparisons import rarity_of
from resolvers.linkage.nuclei import date_in_number, sex_in_number

_SHARED = "SELECT value FROM shared_value WHERE field = '{0}'"


def _lists(con: duckdb.DuckDBPyConnection, assignment: str, mentions: str) -> None:
    """Temporary tables list_<field>: unit_id and the distinct values that its mentions state."""
    stated = f"SELECT unit_id, {{0}} AS value FROM {assignment} JOIN {mentions} USING (mention_id) WHERE {{0}} IS NOT NULL"
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE named_beside AS
        SELECT DISTINCT unit_id, other.id_number, name_form.plain
        FROM {assignment} JOIN {mentions} AS own USING (mention_id)
        JOIN {mentions} AS other ON other.record_id = own.record_id AND other.mention_id <> own.mention_id
        LEFT JOIN name_form ON name_form.raw = other.name
        WHERE NOT own.is_self AND NOT other.is_self""")
    sources = {
        "names": f"""SELECT unit_id, plain AS value FROM {assignment} JOIN {mentions} USING (mention_id) JOIN name_form
            ON raw = name WHERE NOT damaged
                     UNION SELECT unit_id, plain FROM {assignment} JOIN {mentions} USING (mention_id) JOIN name_form ON
                         raw = former_name""",
        "births": stated.format("birth_date"),
        "phones": stated.format("phone"),
        "dwellings": stated.format("dwelling_code"),
        "communities": stated.format("community_code"),
        "townships": stated.format("township_code"),
        "households": stated.format("household"),
        "relative_numbers": "SELECT unit_id, id_number AS value FROM named_beside",
        "relative_names": "SELECT unit_id, plain AS value FROM named_beside",
    }
    shared = {"phones": "phone", "dwellings": "dwelling"}
    for field, source in sources.items():
        distinct = f"SELECT DISTINCT unit_id, value FROM ({source}) WHERE value IS NOT NULL"
        if field in shared:
            distinct += f" AND value NOT IN ({_SHARED.format(shared[field])})"
        con.execute(f"""CREATE OR REPLACE TEMP TABLE list_{field} AS
                        SELECT unit_id, list(value ORDER BY value) AS {field} FROM ({distinct}) GROUP BY unit_id""")


GROWN_UP_ROLES = (
    "owner",
    "borrower",
    "guardian",
    "spouse_a",
    "spouse_b",
    "mother",
    "father",
    "co_borrower",
    "payer",
    "representative",
)
"""Roles that a child does not have."""


def reference_date(con: duckdb.DuckDBPyConnection) -> date:
    """First of January of the year of the newest birth date."""
    row = con.execute("SELECT date_trunc('year', max(birth_date))::DATE FROM mention").fetchone()
    return row[0] if row and row[0] else date(1900, 1, 1)


NAME_DIGEST = "md5_number_lower({0})"
"""SQL: how `name_frequency` (name, share) and the model's file know a name, so that they do not spell it out."""

RARITY = f"""CASE WHEN {{0}} IS NOT NULL AND (SELECT count(*) FROM name_frequency) > 0
    THEN {rarity_of("coalesce(name_frequency.share, 0)")} END"""
"""SQL: the step of rarity of a name by the frequencies that were frozen at training; NULL where no model was trained."""

FAMILY = ("phones", "dwellings", "households", "relative_numbers")
"""Fields of which a common value says that two units belong to one family, or are one person."""


def of_one_family(left: str, right: str) -> str:
    """SQL: two units (by table alias) share a telephone, dwelling, household, or a relative by number or by name."""
    lists = [(f"{left}.{name}", f"{right}.{name}") for name in FAMILY]
    lists.append((f"list_filter({left}.relative_names, lambda one: one <> {left}.plain)", f"{right}.relative_names"))
    return "(" + " OR ".join(f"coalesce(list_has_any({one}, {other}), false)" for one, other in lists) + ")"


FIELDS = (
    "names",
    "births",
    "phones",
    "dwellings",
    "communities",
    "townships",
    "households",
    "relative_numbers",
    "relative_names",
)


def build(con: duckdb.DuckDBPyConnection, assignment: str, table: str, *, reference: date | None = None, mentions: str = "mention") -> None:
    """Write `table`: one row per unit of `assignment` (mention_id, unit_id, number). Missing lists are NULL.

    The birth date is the number's where a mention states it; otherwise the one that most mentions state, of equally many the one that is
    written most like the number's (an old card may have a wrong digit), and without any the number's.

    reference: the date at which somebody below 16 is a minor; without it, `reference_date`. mentions: table with the mentions of
    `assignment` and of their records.
    """
    create_tables(con)
    con.execute("CREATE TABLE IF NOT EXISTS name_frequency (name UBIGINT, share DOUBLE)")
    reference = reference or reference_date(con)
    _lists(con, assignment, mentions)
    in_number = date_in_number("stated.number")
    birth_date = (
        f"coalesce(CASE WHEN list_contains(births, {in_number}) THEN {in_number} END, stated.birth_date, {in_number})"
    )
    joins = " ".join(f"LEFT JOIN list_{field} USING (unit_id)" for field in FIELDS)
    con.execute(f"""
        CREATE OR REPLACE TABLE {table} AS
        WITH counted AS (
            SELECT unit_id, number, form.plain, form.surname, form.sound, form.own_form, form.damaged, form.nameless,
                sex, birth_date, id_typed,
                   mention.id_number AS typed_number, mention.subject,
                   mention.role IN {GROWN_UP_ROLES} AS grown_up
            FROM {assignment} JOIN {mentions} AS mention USING (mention_id) LEFT JOIN name_form AS form ON form.raw = mention.name),
        named AS (
            SELECT unit_id, plain, min(surname) AS surname, min(sound) AS sound, min(own_form) AS
                own_form, damaged
            FROM counted WHERE plain IS NOT NULL OR sound IS NOT NULL GROUP BY unit_id, plain, damaged, CASE WHEN
                plain IS NULL THEN sound END
            QUALIFY row_number() OVER (PARTITION BY unit_id ORDER BY damaged, count(*) DESC, plain, min(sound))
                = 1),
        stated AS (
            SELECT unit_id, any_value(number) AS number, min(sex) FILTER (subject) AS sex,
                   mode(birth_date ORDER BY levenshtein(strftime(birth_date, '%Y%m%d'), substr(number, 7, 8)), birth_date) AS birth_date,
                   min(id_typed) AS id_typed, bool_or(subject) AS subject, min(typed_number) FILTER (number IS NULL)
                       AS foreign_number,
                   bool_or(grown_up) AS grown_up
            FROM counted GROUP BY unit_id)
        SELECT stated.unit_id AS unique_id, stated.number IS NOT NULL AS anchored, stated.subject, stated.grown_up,
            stated.number, stated.foreign_number,
               CASE WHEN stated.number IS NULL AND stated.id_typed NOT IN ({_SHARED.format("id_typed")})
                    THEN stated.id_typed END AS id_typed,
               named.plain, named.surname, named.sound, named.own_form, coalesce(named.damaged, false) AS damaged,
               coalesce({sex_in_number("stated.number")}, stated.sex) AS sex,
               {birth_date} AS birth_date,
               {birth_date} > DATE '{reference.isoformat()}' - INTERVAL 16 YEAR AS minor, {", ".join(FIELDS)},
               {RARITY.format("named.plain")} AS rarity
        FROM stated LEFT JOIN named USING (unit_id) LEFT JOIN name_frequency ON name_frequency.name = {NAME_DIGEST.format("named.plain")}
        {joins}
        ORDER BY unique_id""")
