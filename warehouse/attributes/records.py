"""Records of persons and tables of values: the two ends of every attribute module.

Belongs here: the current records of a category with the persons they speak of, writing `attr_<name>`, dates around
as_of.
Does not: rules of single attributes.
"""

from __future__ import annotations

from datetime import date

import duckdb

from sources.catalogue import load_catalogue
from sources.catalogue.models import Attribute
from sources.tables import literal, quoted
from warehouse.build import ProfileBuild, in_force

VALUE_TYPES = {
    "string": "VARCHAR",
    "name": "VARCHAR",
    "id_number": "VARCHAR",
    "code": "VARCHAR",
    "address": "VARCHAR",
    "phone": "VARCHAR",
    "person_ref": "VARCHAR",
    "month": "VARCHAR",
    "date": "DATE",
    "integer": "BIGINT",
    "decimal": "DECIMAL(18,2)",
    "boolean": "BOOLEAN",
    "code_list": "VARCHAR[]",
    "string_list": "VARCHAR[]",
}
CONFIDENCE_TYPE = "DECIMAL(9,6)"
"""Two decimals would make every match certain."""


def value_type(attribute: Attribute) -> str:
    """SQL type of the column `value` of attr_<name>, and of the profile's column."""
    return CONFIDENCE_TYPE if attribute.name == "match_confidence" else VALUE_TYPES[attribute.type]


def day(value: date) -> str:
    """A date as an SQL literal."""
    return f"DATE '{value.isoformat()}'"


def months_before(value: date, months: int) -> str:
    """The day `months` calendar months before, as SQL (clarification 50)."""
    return f"({day(value)} - INTERVAL {months} MONTH)::DATE"


def records(build: ProfileBuild, category: str, roles: tuple[str, ...] | None = None) -> str:
    """A relation of the current records of `category`, one row per record and person in one of `roles` (default: the
    subjects).

    Beside the columns of current_<category> it has person_id, role and `last_update`: the time that order_by states,
    not after the day as_of (clarification 12). Empty for a category that the build leaves out.
    """
    contract = load_catalogue().contracts[category]
    named = roles or tuple(role.role for role in contract.person_roles if role.subject)
    latest = f"({day(build.as_of)}::TIMESTAMP + INTERVAL '23:59:59.999999')"
    conditions = [f"mentions.role IN ({', '.join(literal(role) for role in named)})", in_force(category, build)]
    if not build.usable(category):
        conditions.append("false")
    return f"""(
        SELECT mentions.person_id, mentions.role, r.*,
               least(coalesce(r.{quoted(contract.delta.order_by)}::TIMESTAMP, r.updated_on::TIMESTAMP),
               {latest}) AS last_update
        FROM {quoted("current_" + category)} AS r
        JOIN mention_person AS mentions ON mentions.record_id = r.record_id
        WHERE {" AND ".join(conditions)})"""


def first_of(query: str, ranking: str) -> str:
    """One row of `query` per person: the first by `ranking`, then the record updated last, then the larger natural
    key."""
    return f"""
        SELECT * FROM ({query}) AS candidates
        QUALIFY row_number() OVER (PARTITION BY person_id ORDER BY {ranking}{", " if ranking else ""}
                                   last_update DESC NULLS LAST, natural_key DESC, record_id) = 1"""


def store(con: duckdb.DuckDBPyConnection, name: str, query: str) -> None:
    """Make attr_<name> from a query with person_id, value and record_id; rows without a value are no rows."""
    kind = value_type(load_catalogue().attributes[name])
    con.execute(f"""
        CREATE OR REPLACE TABLE {quoted("attr_" + name)} AS
        SELECT person_id, value::{kind} AS value, record_id::BIGINT AS record_id
        FROM ({query}) AS found
        WHERE value IS NOT NULL""")


def store_list(con: duckdb.DuckDBPyConnection, name: str, query: str) -> None:
    """Make attr_<name> from a query with person_id and value per statement: the distinct values sorted, an empty list
    for everybody else (clarification 29)."""
    con.execute(f"""
        CREATE OR REPLACE TABLE {quoted("attr_" + name)} AS
        WITH lists AS (
            SELECT person_id, list_sort(list_distinct(list(value))) AS value
            FROM ({query}) AS statements
            WHERE value IS NOT NULL
            GROUP BY person_id
        )
        SELECT everybody.person_id, coalesce(lists.value, []::VARCHAR[])::VARCHAR[] AS value, NULL::BIGINT AS record_id
        FROM everybody LEFT JOIN lists USING (person_id)""")


def any_true(con: duckdb.DuckDBPyConnection, name: str, of_category: str, makes_true: str) -> None:
    """Rule any_true over a relation of records: true when `makes_true` holds for one, false with a record otherwise
    (clarification 28)."""
    store(
        con,
        name,
        first_of(
            f"""
        SELECT person_id, coalesce({makes_true}, false) AS value, record_id, last_update, natural_key FROM
            {of_category}""",
            "value DESC",
        ),
    )


def attribute(name: str) -> str:
    """The table of an attribute that was built before."""
    return quoted("attr_" + name)


def codes_of(name: str) -> str:
    """The codes of the attribute's list, for `IN`."""
    codes = load_catalogue().attributes[name].codes
    assert codes is not None
    return "(" + ", ".join(literal(code) for code in load_catalogue().lists[codes].codes) + ")"
