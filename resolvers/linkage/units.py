"""Units: what the model compares. A unit is a nucleus (all mentions that certainly own one number) or one other
mention.

Belongs here: gathering what the mentions of a unit state. Values that many people share (the telephone of an office)
are left out,
because sharing them says nothing. Does not: comparing units (model.py).
Reads `mention`, `name_form` and an assignment of mentions to units; writes a table of units.
"""

from __future__ import annotations

import duckdb

from resolvers.linkage.nuclei import date_in_number, sex_in_number

MAX_UNITS_PER_PHONE = 8
"""A telephone that more units carry belongs to an office, not to a family (the register's own bound for one
household's telephone)."""

MAX_UNITS_PER_DWELLING = 60
"""A dwelling that more units state is a dormitory or a collective household."""


def assign(con: duckdb.DuckDBPyConnection) -> None:
    """Write `unit_mention`: one row per mention that is a unit or part of one, `number` NULL where it is alone.

    Unit ids follow the numbers and then the keys of the mentions, so that the order of rows changes nothing.
    """
    con.execute("""
        CREATE OR REPLACE TABLE unit_mention AS
        WITH anchored AS (SELECT mention_id, number, dense_rank() OVER (ORDER BY number) AS unit_id FROM nucleus),
             alone AS (SELECT mention_id, row_number() OVER (ORDER BY category, natural_key, role) AS place
                       FROM mention ANTI JOIN nucleus USING (mention_id) WHERE subject)
        SELECT mention_id, unit_id, number FROM anchored
        UNION ALL
        SELECT mention_id, place + (SELECT coalesce(max(unit_id), 0) FROM anchored), NULL FROM alone""")


def _lists(con: duckdb.DuckDBPyConnection, assignment: str) -> None:
    """Temporary tables list_<field>: unit_id and the distinct values that its mentions state."""
    stated = f"SELECT unit_id, {{0}} AS value FROM {assignment} JOIN mention USING (mention_id) WHERE {{0}} IS NOT NULL"
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE named_beside AS
        SELECT DISTINCT unit_id, other.id_number, name_form.plain
        FROM {assignment} JOIN mention AS own USING (mention_id)
        JOIN mention AS other ON other.record_id = own.record_id AND other.mention_id <> own.mention_id
        LEFT JOIN name_form ON name_form.raw = other.name
        WHERE NOT own.is_self AND NOT other.is_self""")
    sources = {
        "names": f"""SELECT unit_id, plain AS value FROM {assignment} JOIN mention USING (mention_id) JOIN name_form
            ON raw = name WHERE NOT damaged
                     UNION SELECT unit_id, plain FROM {assignment} JOIN mention USING (mention_id) JOIN name_form ON
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
    bounds = {"phones": MAX_UNITS_PER_PHONE, "dwellings": MAX_UNITS_PER_DWELLING}
    for field, source in sources.items():
        distinct = f"SELECT DISTINCT unit_id, value FROM ({source}) WHERE value IS NOT NULL"
        if field in bounds:
            distinct += f" QUALIFY count(*) OVER (PARTITION BY value) <= {bounds[field]}"
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


def build(con: duckdb.DuckDBPyConnection, assignment: str, table: str) -> None:
    """Write `table`: one row per unit of `assignment`. Missing lists are NULL."""
    _lists(con, assignment)
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
            FROM {assignment} JOIN mention USING (mention_id) LEFT JOIN name_form AS form ON form.raw = mention.name),
        named AS (
            SELECT unit_id, plain, any_value(surname) AS surname, any_value(sound) AS sound, any_value(own_form) AS
                own_form, damaged
            FROM counted WHERE plain IS NOT NULL OR sound IS NOT NULL GROUP BY unit_id, plain, damaged, CASE WHEN
                plain IS NULL THEN sound END
            QUALIFY row_number() OVER (PARTITION BY unit_id ORDER BY damaged, count(*) DESC, plain, any_value(sound))
                = 1),
        stated AS (
            SELECT unit_id, any_value(number) AS number, min(sex) FILTER (subject) AS sex, mode(birth_date ORDER BY
                birth_date) AS birth_date,
                   min(id_typed) AS id_typed, bool_or(subject) AS subject, min(typed_number) FILTER (number IS NULL)
                       AS foreign_number,
                   bool_or(grown_up) AS grown_up
            FROM counted GROUP BY unit_id),
        newest AS (SELECT max(birth_date) AS birth_date FROM mention)
        SELECT stated.unit_id AS unique_id, stated.number IS NOT NULL AS anchored, stated.subject, stated.grown_up,
            stated.number, stated.foreign_number,
               CASE WHEN stated.number IS NULL AND count(*) OVER (PARTITION BY stated.id_typed) <= {MAX_UNITS_PER_PHONE}
                    THEN stated.id_typed END AS id_typed,
               named.plain, named.surname, named.sound, named.own_form, coalesce(named.damaged, false) AS damaged,
               coalesce({sex_in_number("stated.number")}, stated.sex) AS sex,
               {birth_date} AS birth_date,
               {birth_date} > (SELECT birth_date FROM newest) - INTERVAL 16 YEAR AS minor, {", ".join(FIELDS)}
        FROM stated LEFT JOIN named USING (unit_id) {joins}
        ORDER BY unique_id""")
