"""Which unit a mention belongs to, and which values are too widely shared to say anything.

Belongs here: ids of units, the assignment of mentions to units, mentions that a reviewer took out of a nucleus, and the bounds on values
that many units state. Does not: what a unit states (units.py), which mentions own a number (nuclei.py).

An id is a digest of what the unit is (a number, or one mention's key), so that it is the same in every run, whatever was loaded before.
Every step works on a scope (a table of mentions, or values) and replaces exactly what belongs to it; without a scope, everything.
"""

from __future__ import annotations

import duckdb

MAX_UNITS_PER_PHONE = 8
"""A telephone that more units carry belongs to an office, not to a family (the register's own bound for one household's telephone)."""

MAX_UNITS_PER_DWELLING = 60
"""A dwelling that more units state is a dormitory or a collective household."""

MAX_UNITS_PER_TYPED_NUMBER = 8
"""A text in the cell of the number that more units share is a filler."""

MAX_UNITS_PER_KEY = 20
"""A register's own key that more units carry is no key of a person."""

_FIELDS = {
    "phone": ("phone", MAX_UNITS_PER_PHONE, "true"),
    "dwelling": ("dwelling_code", MAX_UNITS_PER_DWELLING, "true"),
    "id_typed": ("id_typed", MAX_UNITS_PER_TYPED_NUMBER, "number IS NULL"),
    "own_key": ("unnest(own_keys)", MAX_UNITS_PER_KEY, "true"),
}
"""Field of `shared_value`: expression over `mention`, most units that may state one value, which assignments count."""


class IdCollision(RuntimeError):
    """Two units have one id; with 62 bits that is so unlikely that two equal keys are the likelier cause."""


def content_id(text: str) -> str:
    """SQL: a positive 62-bit id of a text expression; doubled, it still fits."""
    return f"(md5_number_lower({text}) >> 2)::BIGINT"


def mention_key(alias: str = "mention") -> str:
    """SQL: the key of a mention that stays the same when the record is loaded again."""
    return f"concat_ws('|', 'mention', {alias}.category, {alias}.natural_key, {alias}.role)"


def within(column: str, scope: str | None, key: str | None = None) -> str:
    """SQL condition: the column is in the scope (a table with that column, or `key`); true where there is no scope."""
    return "true" if scope is None else f"{column} IN (SELECT {key or column.rsplit('.', 1)[-1]} FROM {scope})"


def create_tables(con: duckdb.DuckDBPyConnection) -> None:
    """The tables of this module and the decisions, when missing."""
    con.execute("""
        CREATE TABLE IF NOT EXISTS unit_mention (mention_id BIGINT, unit_id BIGINT, number VARCHAR);
        CREATE TABLE IF NOT EXISTS shared_value (field VARCHAR, value VARCHAR);
        CREATE TABLE IF NOT EXISTS decided (mention_l BIGINT, mention_r BIGINT, verdict VARCHAR)""")


def assign(con: duckdb.DuckDBPyConnection, scope: str | None = None, mentions: str = "mention") -> None:
    """Bring `unit_mention` up to date: one row per mention that is a unit or part of one, `number` NULL where it is alone.

    scope: table with mention_id; mentions that are gone may be among them. mentions: table with the others. Raises IdCollision.
    """
    create_tables(con)
    _take_out(con, scope)
    con.execute(f"DELETE FROM unit_mention WHERE {within('mention_id', scope)}")
    con.execute(f"""
        INSERT INTO unit_mention
        WITH anchored AS (
            SELECT mention_id, number FROM nucleus ANTI JOIN taken_out USING (mention_id) WHERE {within("mention_id", scope)})
        SELECT mention_id, {content_id("'number|' || number")}, number FROM anchored
        UNION ALL
        SELECT mention_id, {content_id(mention_key())}, NULL FROM {mentions} AS mention
        WHERE {within("mention_id", scope)} AND mention_id NOT IN (SELECT mention_id FROM anchored)
          AND (subject OR mention_id IN (SELECT mention_id FROM taken_out))""")
    _check_ids(con, scope)


def _take_out(con: duckdb.DuckDBPyConnection, scope: str | None) -> None:
    """`taken_out`: of two mentions of one nucleus whom a reviewer called different people, the one that is not the holder of a
    household registration, then the one with the larger key."""
    holder = "{0}.category = 'household_registration' AND {0}.role = 'holder'"
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE taken_out AS
        SELECT DISTINCT CASE WHEN ({holder.format("l")}, {mention_key("r")}) > ({holder.format("r")}, {mention_key("l")})
                             THEN r.mention_id ELSE l.mention_id END AS mention_id
        FROM decided JOIN nucleus AS a ON a.mention_id = mention_l JOIN nucleus AS b ON b.mention_id = mention_r
        JOIN mention AS l ON l.mention_id = mention_l JOIN mention AS r ON r.mention_id = mention_r
        WHERE verdict = 'different' AND a.number = b.number AND mention_l <> mention_r AND {within("mention_l", scope, "mention_id")}""")


def _check_ids(con: duckdb.DuckDBPyConnection, scope: str | None) -> None:
    row = con.execute(f"""
        SELECT count(*) FROM (
            SELECT unit_id FROM unit_mention
            WHERE {"true" if scope is None else f"unit_id IN (SELECT unit_id FROM unit_mention WHERE {within('mention_id', scope)})"}
            GROUP BY unit_id HAVING count(DISTINCT number) + count(*) FILTER (number IS NULL) > 1)""").fetchone()
    if row and row[0]:
        raise IdCollision(
            f"{row[0]} units share an id with another; look for several current records of one category with the same natural key"
        )


def share(con: duckdb.DuckDBPyConnection, touched: str | None = None, mentions: str = "mention") -> None:
    """Bring `shared_value` (field, value) up to date: values that more units state than their field allows.

    touched: table with mention_id of mentions that are new or changed their unit; the values of mentions that are gone stand in the
    table `gone`. Writes `crossed` (unit_id): units that state a value which became or ceased to be shared.
    """
    con.execute("CREATE OR REPLACE TEMP TABLE crossed (unit_id BIGINT)")
    for field, (expression, bound, condition) in _FIELDS.items():
        values = None if touched is None else _touched_values(con, expression, touched, mentions)
        stated = f"SELECT mention_id, {expression} AS value FROM mention"
        con.execute(f"""
            CREATE OR REPLACE TEMP TABLE newly_shared AS
            SELECT value FROM (SELECT * FROM ({stated}) WHERE value IS NOT NULL AND {within("value", values)})
            JOIN unit_mention USING (mention_id) WHERE {condition}
            GROUP BY value HAVING count(DISTINCT unit_id) > {bound}""")
        con.execute(f"""
            CREATE OR REPLACE TEMP TABLE crossing AS
            WITH known AS (SELECT value FROM shared_value WHERE field = '{field}' AND {within("value", values)})
            (SELECT value FROM newly_shared EXCEPT SELECT value FROM known)
            UNION ALL (SELECT value FROM known EXCEPT SELECT value FROM newly_shared)""")
        row = con.execute("SELECT count(*) FROM crossing").fetchone()
        if not row or not row[0]:
            continue
        if touched is not None:
            con.execute(f"""
                INSERT INTO crossed SELECT DISTINCT unit_id FROM ({stated})
                JOIN unit_mention USING (mention_id) WHERE value IN (SELECT value FROM crossing)""")
        con.execute(f"DELETE FROM shared_value WHERE field = '{field}' AND {within('value', values)}")
        con.execute(f"INSERT INTO shared_value SELECT '{field}', value FROM newly_shared ORDER BY value")


def _touched_values(con: duckdb.DuckDBPyConnection, expression: str, touched: str, mentions: str) -> str:
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE touched_value AS
        SELECT DISTINCT value FROM (
            SELECT {expression} AS value FROM {mentions} AS mention WHERE {within("mention_id", touched)}
            UNION ALL SELECT {expression} FROM gone) WHERE value IS NOT NULL""")
    return "touched_value"
