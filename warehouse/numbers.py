"""ID numbers that stand on a record of somebody else: what `guardian_number_on_child` and `id_two_people` find.

Belongs here: `number_conflict`, the facts of both checks, and `disowned_number`, the numbers that count for nobody's
profile (clarifications 4, 14, 39). Does not: the alerts (warehouse/cross_checks), the surviving number
(warehouse/attributes/identity.py).
"""

from __future__ import annotations

from datetime import date

import duckdb
import pyarrow as pa

from resolvers.names import REST, UNREADABLE, NameForm, name_form
from sources.catalogue import load_catalogue
from sources.tables import SHARED_TABLES, create_table, literal, quoted

ADULTS: dict[str, tuple[str, tuple[str, ...], str]] = {
    "residence_permits": ("holder", ("guardian_id",), "true"),
    "medical_insurance": ("holder", ("payer_id",), "r.payer_relation IS DISTINCT FROM '0'"),
    "health_records": ("holder", ("guardian_id",), "true"),
    "student_enrolment": ("holder", ("guardian_id",), "true"),
    "social_assistance": ("holder", ("applicant_id",), "r.relation IS DISTINCT FROM '01'"),
    "birth_family_support": ("child", ("woman_id", "man_id"), "true"),
}
"""By category: the role that should not carry the number, the adults' numbers in the record, and where it counts."""

VALID = "('valid', 'valid_15')"
MEANINGFUL = "('valid', 'valid_15', 'invalid', 'malformed')"
"""States of numbers that can equal one another: no placeholder, nothing that a spreadsheet destroyed."""


def build(con: duckdb.DuckDBPyConnection, as_of: date) -> None:
    """`number_conflict` (check, id_number, record_id, role, person_id, holder) and `disowned_number`, from the current
    tables and mention_person."""
    con.execute(f"""
        CREATE OR REPLACE TABLE number_conflict AS
        SELECT 'guardian_number_on_child' AS "check", id_number, record_id, role, person_id, false AS holder
        FROM ({_children_with_the_number_of_an_adult(as_of)})""")
    _carried(con)
    _incompatible(con)
    con.execute("""
        INSERT INTO number_conflict
        WITH holders AS (
            SELECT id_number, person_id, record_id, role FROM carried_number
            SEMI JOIN disputed_number USING (id_number)
            QUALIFY row_number() OVER (PARTITION BY id_number ORDER BY
                ordinal <> 1, CASE WHEN ordinal = 1 THEN NOT birth_fits ELSE of_adult END,
                CASE WHEN ordinal = 1 THEN natural_key END, contradicts, ordinal, updated_on DESC NULLS LAST,
                natural_key DESC, record_id) = 1
        )
        SELECT 'id_two_people', id_number, record_id, role, person_id, true FROM holders
        UNION ALL
        SELECT 'id_two_people', id_number, carried.record_id, carried.role, carried.person_id, false
        FROM carried_number AS carried JOIN holders USING (id_number)
        WHERE carried.person_id <> holders.person_id""")
    con.execute("DROP TABLE IF EXISTS disowned_number")
    con.execute(create_table("disowned_number", SHARED_TABLES["disowned_number"]))
    con.execute("""
        INSERT INTO disowned_number
        SELECT record_id, role, id_number, min("check") FROM number_conflict WHERE NOT holder GROUP BY ALL""")
    for table in ("carried_number", "disputed_number"):
        con.execute(f"DROP TABLE temp.{table}")


def number_columns(check: str) -> list[tuple[str, str]]:
    """The categories and ID number columns that a check of the catalogue looks at."""
    columns = [column.split(".") for column in load_catalogue().checks[check].columns]
    return [(category, column) for category, column in columns]


def _children_with_the_number_of_an_adult(as_of: date) -> str:
    parts = []
    for category, (role_name, adults, condition) in ADULTS.items():
        role = load_catalogue().contracts[category].role(role_name)
        number, birth = quoted(role.id_number or ""), quoted(role.birth_date or "")
        same = " OR ".join(f"r.{number} = r.{quoted(adult)}" for adult in adults)
        parts.append(f"""
            SELECT r.{number} AS id_number, r.record_id, {literal(role_name)} AS role, m.person_id
            FROM {quoted("current_" + category)} AS r
            LEFT JOIN mention_person AS m ON m.record_id = r.record_id AND m.role = {literal(role_name)}
            WHERE ({same}) AND r.{quoted((role.id_number or "") + "_state")} IN {MEANINGFUL} AND ({condition})
              AND r.{birth} > (DATE '{as_of.isoformat()}' - INTERVAL 18 YEAR)::DATE""")
    return " UNION ALL ".join(parts)


def _carried(con: duckdb.DuckDBPyConnection) -> None:
    """Temporary `carried_number`: one row per record with a valid number that more than one person carries."""
    parts = []
    for ordinal, (category, column) in enumerate(number_columns("id_two_people"), start=1):
        contract = load_catalogue().contracts[category]
        role = next(one for one in contract.person_roles if one.id_number == column)
        card = f"r.{quoted(role.id_type)} = '111'" if category == "residence_permits" and role.id_type else "true"
        parts.append(f"""
            SELECT r.{quoted(column)} AS id_number, m.person_id, r.record_id, m.role, r.{quoted(role.name)} AS name,
                   r.{quoted(role.birth_date or "")} AS birth_date, {ordinal} AS ordinal, r.updated_on, r.natural_key
            FROM {quoted("current_" + category)} AS r
            JOIN mention_person AS m ON m.record_id = r.record_id AND m.role = {literal(role.role)}
            WHERE r.{quoted(column + "_state")} IN {VALID} AND {card}""")
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE carried_number AS
        WITH carried AS ({" UNION ALL ".join(parts)}),
        several AS (SELECT id_number FROM carried GROUP BY id_number HAVING min(person_id) <> max(person_id))
        SELECT carried.*, found.record_id IS NOT NULL AS of_adult,
               coalesce(birth_date = try_strptime(substr(id_number, 7, 8), '%Y%m%d')::DATE, false) AS birth_fits,
               coalesce(birth_date <> try_strptime(substr(id_number, 7, 8), '%Y%m%d')::DATE, false) AS contradicts
        FROM carried
        LEFT JOIN (SELECT DISTINCT record_id, role, id_number FROM number_conflict) AS found
            USING (record_id, role, id_number)
        WHERE id_number IN (SELECT id_number FROM several)""")


def _incompatible(con: duckdb.DuckDBPyConnection) -> None:
    """Temporary `disputed_number`: numbers on two records of different persons whose names and birth dates do not go
    together."""
    pairs = con.execute("""
        WITH pairs AS (
            SELECT DISTINCT a.id_number, least(a.name, b.name) AS one, greatest(a.name, b.name) AS other
            FROM carried_number AS a
            JOIN carried_number AS b ON a.id_number = b.id_number AND a.person_id < b.person_id
            WHERE a.name IS NOT NULL AND b.name IS NOT NULL AND (a.birth_date = b.birth_date) IS DISTINCT FROM true
        ),
        former AS (
            SELECT least(name, former_name) AS one, greatest(name, former_name) AS other
            FROM current_household_registration WHERE former_name IS NOT NULL AND name IS NOT NULL
        )
        SELECT id_number, one, other FROM pairs ANTI JOIN former USING (one, other)
        ORDER BY ALL""").fetchall()
    forms: dict[str, NameForm] = {}
    disputed = sorted({
        number
        for number, one, other in pairs
        if not compatible(
            forms.setdefault(one, name_form(one)) if one not in forms else forms[one],
            forms.setdefault(other, name_form(other)) if other not in forms else forms[other],
        )
    })
    con.register("_disputed", pa.table({"id_number": pa.array(disputed, type=pa.string())}))
    con.execute("CREATE OR REPLACE TEMP TABLE disputed_number AS SELECT id_number FROM _disputed")
    con.unregister("_disputed")


def compatible(one: NameForm, other: NameForm) -> bool:
    """Whether two delivered names can be one person's, as the condition of id_two_people says."""
    if one.nameless or other.nameless:
        return False
    if one.sound and other.sound and _same_start(one.sound, other.sound, wild=False):
        return True
    if one.plain is None or other.plain is None:
        return False
    return _same_start(one.plain, other.plain, wild=True) or _one_character_differs(one.plain, other.plain)


def _same_start(one: str, other: str, *, wild: bool) -> bool:
    """Equal, or (of characters) one begins with the other; an unreadable character stands for any, ~ for any rest."""
    cut = wild and (len(one) != len(other) or REST in one + other)
    one, other = one.rstrip(REST), other.rstrip(REST)
    if not cut and len(one) != len(other):
        return False
    return all(a == b or UNREADABLE in (a, b) for a, b in zip(one, other, strict=False))


def _one_character_differs(one: str, other: str) -> bool:
    if len(one) != len(other):
        return False
    return sum(a != b and UNREADABLE not in (a, b) for a, b in zip(one, other, strict=True)) <= 1
