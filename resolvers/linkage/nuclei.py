"""Certain links: mentions that carry one valid number and agree with the person whom the number belongs to.

Belongs here: who a number belongs to, and which mentions that carry it speak of somebody else (a child with the
number of its guardian,
a row with the number of its neighbour, a number issued twice). Does not: links by anything but a number.
Reads `mention` and `name_form`; writes `claim_form` (one row per number, name and birth date, with the verdict) and
`nucleus` (one row per
mention that is certainly the owner of its number).
"""

from __future__ import annotations

import duckdb

from resolvers.linkage.assignment import within

MAX_YEARS_BETWEEN_DATES = 12
"""Two birth dates of one person differ by slips and calendars, not by a generation."""


_CHARACTERS = 8
"""Names are compared character by character up to here; the rest must be equal."""


def like_pattern(column: str) -> str:
    """LIKE pattern of a comparable name: ? is one character, ~ is a missing rest."""
    return f"replace(replace({column}, '?', '_'), '~', '%')"


def agreeing_names(left: str, right: str, *, former: bool = True) -> str:
    """SQL condition: the names of two rows (aliases) can be one name written differently. NULL where a name is missing.

    former: the rows have a column `former_plain`.
    """
    damaged = f"({left}.damaged OR {right}.damaged)"
    condition = f"""{left}.plain = {right}.plain OR {left}.sound = {right}.sound
        OR ({damaged} AND ({left}.plain LIKE {like_pattern(right + ".plain")}
                           OR {right}.plain LIKE {like_pattern(left + ".plain")}))
        OR {left}.own_form = {right}.plain OR {right}.own_form = {left}.plain
        OR ({left}.own_form LIKE '%~' AND {right}.plain LIKE {like_pattern(left + ".own_form")})
        OR ({right}.own_form LIKE '%~' AND {left}.plain LIKE {like_pattern(right + ".own_form")})"""
    if former:
        condition += f" OR {left}.former_plain = {right}.plain OR {right}.former_plain = {left}.plain"
    return f"({condition})"


def characters_apart(left: str, right: str) -> str:
    """SQL: at how many places two texts of one length differ. DuckDB's own distances count bytes; a Chinese character has three."""
    places = " + ".join(f"(substr({left}, {place}, 1) <> substr({right}, {place}, 1))::INTEGER" for place in range(1, _CHARACTERS + 1))
    rest = f"(substr({left}, {_CHARACTERS + 1}) <> substr({right}, {_CHARACTERS + 1}))::INTEGER * 2"
    return f"({places} + {rest})"


def date_in_number(number: str) -> str:
    """SQL: the birth date inside an 18-character number."""
    return f"try_strptime(substr({number}, 7, 8), '%Y%m%d')::DATE"


def sex_in_number(number: str) -> str:
    """SQL: sex code 1 or 2 from the 17th character."""
    return f"CASE try_cast(substr({number}, 17, 1) AS INTEGER) % 2 WHEN 1 THEN '1' WHEN 0 THEN '2' END"


def date_relation(left: str, right: str) -> str:
    """SQL: fit, near (calendar of the moon, one digit, day and month exchanged), contradiction, or NULL when one is
    missing."""
    days, text_left, text_right = (
        f"abs(date_diff('day', {left}, {right}))",
        f"strftime({left}, '%Y%m%d')",
        f"strftime({right}, '%Y%m%d')",
    )
    return f"""CASE WHEN {left} IS NULL OR {right} IS NULL THEN NULL
        WHEN {left} = {right} THEN 'fit'
        WHEN {days} BETWEEN 15 AND 55 OR levenshtein({text_left}, {text_right}) = 1
             OR (year({left}) = year({right}) AND month({left}) = day({right}) AND day({left}) = month({right})) THEN
                 'near'
        ELSE 'contradiction' END"""


def build(con: duckdb.DuckDBPyConnection, scope: str | None = None, mentions: str = "mention") -> None:
    """Bring `claim_form` and `nucleus` up to date for the numbers of `scope` (a table with number); for all numbers without one.

    Rows of `nucleus` whose mention is gone are those of numbers that `scope` names too. mentions: table with all that carry such a number.
    """
    con.execute(_TABLES)
    _collect_claims(con, scope, mentions)
    _choose_owners(con)
    _judge_claims(con)
    for table in ("claim_form", "nucleus"):
        con.execute(f"DELETE FROM {table} WHERE {within('number', scope)}")
    con.execute("INSERT INTO claim_form SELECT * FROM judged_claim")
    con.execute(f"""
        INSERT INTO nucleus
        SELECT mention.mention_id, mention.id_number AS number
        FROM {mentions} AS mention LEFT JOIN name_form ON name_form.raw = mention.name
        JOIN judged_claim AS claim_form ON claim_form.number = mention.id_number AND claim_form.plain IS NOT DISTINCT FROM
            name_form.plain
            AND claim_form.sound IS NOT DISTINCT FROM name_form.sound AND claim_form.birth_date IS NOT DISTINCT FROM
                mention.birth_date
            AND claim_form.is_registered = (mention.category = 'household_registration' AND mention.role = 'holder')
        WHERE claim_form.owner AND {within("mention.id_number", scope, "number")}""")
    for table in ("claim", "number_owner", "second_person", "judged_claim"):
        con.execute(f"DROP TABLE IF EXISTS temp.{table}")


_TABLES = """
    CREATE TABLE IF NOT EXISTS claim_form (number VARCHAR, plain VARCHAR, sound VARCHAR, birth_date DATE, is_registered BOOLEAN,
        surname VARCHAR, own_form VARCHAR, former_plain VARCHAR, damaged BOOLEAN, nameless BOOLEAN, named BOOLEAN, mentions BIGINT,
        date_relation VARCHAR, other_generation BOOLEAN, owner BOOLEAN);
    CREATE TABLE IF NOT EXISTS nucleus (mention_id BIGINT, number VARCHAR)"""


def _collect_claims(con: duckdb.DuckDBPyConnection, scope: str | None, mentions: str) -> None:
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE claim AS
        WITH claims AS (
            SELECT mention.id_number AS number, form.plain, form.sound, mention.birth_date,
                   mention.category = 'household_registration' AND mention.role = 'holder' AS is_registered,
                   min(form.surname) AS surname, min(form.own_form) AS own_form, min(former.plain) AS
                       former_plain,
                   coalesce(bool_or(form.damaged), false) AS damaged, coalesce(bool_or(form.nameless), false) AS
                       nameless,
                   bool_or(form.plain IS NOT NULL) AS named, count(*) AS mentions
            FROM {mentions} AS mention
            LEFT JOIN name_form AS form ON form.raw = mention.name
            LEFT JOIN name_form AS former ON former.raw = mention.former_name
            WHERE mention.id_number IS NOT NULL AND {within("mention.id_number", scope, "number")}
            GROUP BY ALL)
        SELECT *, {date_relation("birth_date", date_in_number("number"))} AS date_relation,
               abs(date_diff('year', birth_date, {date_in_number("number")})) > {MAX_YEARS_BETWEEN_DATES} AS
                   other_generation
        FROM claims""")


def _choose_owners(con: duckdb.DuckDBPyConnection) -> None:
    """The owner of a number is the name that the register of households states with a fitting date, then fitting
    dates, then the most mentions.

    A name that appears only with contradicting birth dates owns the number only when nothing else does and no
    generation lies between.
    """
    con.execute("""
        CREATE OR REPLACE TEMP TABLE number_owner AS
        SELECT number, plain, sound, surname, own_form, former_plain, damaged, nameless, registered
        FROM (
            SELECT number, plain, min(sound) AS sound, min(surname) AS surname, min(own_form) AS
                own_form,
                   min(former_plain) AS former_plain, bool_or(damaged) AS damaged, bool_or(nameless) AS nameless,
                       bool_or(is_registered) AS registered,
                   coalesce(bool_or(is_registered AND date_relation = 'fit'), false) AS registered_fit,
                   coalesce(bool_or(date_relation = 'fit'), false) AS fit, bool_and(coalesce(date_relation =
                       'contradiction', false)) AS contradicts,
                   bool_and(coalesce(other_generation, false)) AS other_generation, sum(mentions) AS mentions
            FROM claim GROUP BY number, plain, CASE WHEN plain IS NULL THEN sound END)
        WHERE NOT other_generation
        QUALIFY row_number() OVER (PARTITION BY number ORDER BY registered_fit DESC, contradicts, fit DESC, registered
            DESC, damaged,
                                   mentions DESC, plain, sound) = 1""")


_SOMETHING_IN_COMMON = """(claim.plain IS NULL OR number_owner.plain IS NULL OR claim.damaged OR number_owner.damaged
    OR list_has_any(string_split(claim.plain, ''), string_split(number_owner.plain, '')))"""
"""A number was issued twice when two whole names with no character in common carry it; its birth date then fits both."""


def _judge_claims(con: duckdb.DuckDBPyConnection) -> None:
    """Same number, and: names agree and no generation lies between the dates; or the birth date is that of the number,
    the name has something in common with the owner's and is not that of a second registered person; or a name without date that differs
    in one of at least three characters."""
    agree = f"coalesce({agreeing_names('claim', 'number_owner')}, false)"
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE second_person AS
        SELECT DISTINCT claim.number, claim.plain
        FROM claim JOIN number_owner USING (number)
        WHERE claim.is_registered AND number_owner.registered AND claim.plain IS NOT NULL AND
            number_owner.plain IS NOT NULL
          AND NOT {agree}""")
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE judged_claim AS
        SELECT claim.*, coalesce(
            ({agree} AND NOT coalesce(claim.other_generation, false))
            OR (claim.date_relation = 'fit' AND second_person.number IS NULL AND {_SOMETHING_IN_COMMON})
            OR (claim.date_relation = 'near' AND second_person.number IS NULL AND claim.surname =
                number_owner.surname)
            OR (claim.birth_date IS NULL AND NOT claim.named AND NOT claim.nameless AND
                claim.sound IS NULL)
            OR (claim.birth_date IS NULL AND length(claim.plain) = 3 AND length(number_owner.plain) = 3
                AND claim.surname = number_owner.surname AND {characters_apart("claim.plain", "number_owner.plain")} = 1), false) AS owner
        FROM claim LEFT JOIN number_owner USING (number)
        LEFT JOIN second_person ON second_person.number = claim.number AND second_person.plain =
            claim.plain""")
