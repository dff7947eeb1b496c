"""Identity: ID number, its status, the document, names, sex and birth date.

Belongs here: the first attributes of the order of clarification 11, from records alone.
Does not: which numbers belong to somebody else (warehouse/numbers.py), telephone numbers (contact.py).
"""

from __future__ import annotations

import duckdb

from resolvers.names import standardise_names
from sources.catalogue import load_catalogue
from sources.catalogue.models import Contract, PersonRole
from sources.tables import literal, quoted
from warehouse import numbers
from warehouse.attributes.records import attribute, store, store_list
from warehouse.build import ProfileBuild, claims, in_force
from warehouse.survivorship import majority, trusted_order

ATTRIBUTES = ("id_number", "id_number_status", "id_document_type", "birth_date", "name", "name_variants", "sex")

OWN_ROLES = ("holder", "child")
"""Clarification 14: the number of another role of the record does not count for these."""

ONE_PERSON_IN_TWO_ROLES = {
    "social_assistance": "r.relation = '01'",
    "medical_insurance": "r.payer_relation = '0'",
}
DATE_INSIDE = "try_strptime(substr({number}, 7, 8), '%Y%m%d')::DATE"
DOTS = "[·•.．‧・･。﹒∙⋅᛫]"
SPACES = r"[\s\x{3000}\x{00a0}\x{200b}\x{feff}]+"


def build(con: duckdb.DuckDBPyConnection, build: ProfileBuild) -> None:
    """Needs the current tables and mention_person; makes number_conflict and disowned_number besides."""
    numbers.build(con, build.as_of)
    _numbers(con, build)
    store(con, "id_document_type", _document(build))
    store(con, "birth_date", _birth_date(build))
    _names(con, build)
    store(con, "sex", majority(_sex(build)))
    con.execute("DROP TABLE temp.number_claim")


def _numbers(con: duckdb.DuckDBPyConnection, build: ProfileBuild) -> None:
    """`number_claim`: every delivered number with the person of its role; then the surviving one and its status."""
    con.execute(f"CREATE OR REPLACE TEMP TABLE number_claim AS {_number_claims(build)}")
    store(con, "id_number", """
        SELECT person_id, value, record_id FROM number_claim
        WHERE counts
        QUALIFY row_number() OVER (PARTITION BY person_id ORDER BY contradicts, ordinal,
            coalesce(updated_on, DATE '0001-01-01') DESC, natural_key DESC, record_id) = 1""")
    store(con, "id_number_status", f"""
        WITH forms AS (
            SELECT person_id, value, bool_and(state = 'valid_15') AS only_15
            FROM number_claim WHERE counts GROUP BY ALL
        ),
        shared AS (SELECT value, count(*) AS persons FROM {attribute("id_number")} GROUP BY value)
        SELECT everybody.person_id,
               CASE WHEN own.value IS NULL THEN CASE WHEN any_number.person_id IS NULL THEN '3' ELSE '4' END
                    WHEN shared.persons > 1 THEN '5'
                    WHEN forms.only_15 THEN '2' ELSE '1' END AS value,
               own.record_id
        FROM everybody
        LEFT JOIN {attribute("id_number")} AS own USING (person_id)
        LEFT JOIN shared ON shared.value = own.value
        LEFT JOIN forms ON forms.person_id = own.person_id AND forms.value = own.value
        LEFT JOIN (SELECT DISTINCT person_id FROM number_claim) AS any_number
            ON any_number.person_id = everybody.person_id""")


def _number_claims(build: ProfileBuild) -> str:
    """One row per record and role with a number: does it count, does its date part contradict the record."""
    parts = []
    for ordinal, (category, column) in enumerate(load_catalogue().attributes["id_number"].source_columns, start=1):
        if not build.usable(category):
            continue
        contract = load_catalogue().contracts[category]
        role = next(one for one in contract.person_roles if one.id_number == column)
        number, state = f"r.{quoted(column)}", f"r.{quoted(column + '_state')}"
        inside = DATE_INSIDE.format(number=number)
        birth = f"r.{quoted(role.birth_date)}" if role.birth_date else "NULL::DATE"
        card = "r.id_type = '111'" if category == "residence_permits" else "true"
        parts.append(f"""
            SELECT m.person_id, {number} AS value, {state} AS state, r.record_id, {ordinal} AS ordinal, r.updated_on,
                   r.natural_key,
                   {state} IN {numbers.VALID} AND coalesce({inside} <= {build.day}, false)
                   AND NOT ({_of_another_role(contract, role)}) AND disowned.record_id IS NULL AS counts,
                   coalesce({birth} <= {build.day} AND {birth} <> {inside}, false) AS contradicts
            FROM {quoted("current_" + category)} AS r
            JOIN mention_person AS m ON m.record_id = r.record_id AND m.role = {literal(role.role)}
            LEFT JOIN disowned_number AS disowned ON disowned.record_id = r.record_id AND disowned.role = m.role
                AND disowned.id_number = {number}
            WHERE {state} <> 'placeholder' AND {card} AND {in_force(category, build)}""")
    return " UNION ALL ".join(parts)


def _of_another_role(contract: Contract, role: PersonRole) -> str:
    others = [one.id_number for one in contract.person_roles if one.id_number and one.role != role.role]
    if role.role not in OWN_ROLES or not others:
        return "false"
    same = " OR ".join(f"coalesce(r.{quoted(role.id_number or '')} = r.{quoted(other)}, false)" for other in others)
    excepted = ONE_PERSON_IN_TWO_ROLES.get(contract.category, "false")
    return f"({same}) AND NOT coalesce({excepted}, false)"


def _document(build: ProfileBuild) -> str:
    """111 whatever the sources say when there is an ID number."""
    return f"""
        SELECT coalesce(number.person_id, stated.person_id) AS person_id,
               CASE WHEN number.person_id IS NOT NULL THEN '111' ELSE stated.value END AS value,
               CASE WHEN number.person_id IS NULL OR stated.value = '111' THEN stated.record_id
                    ELSE number.record_id END AS record_id
        FROM {attribute("id_number")} AS number
        FULL JOIN ({trusted_order(claims("id_document_type", build=build))}) AS stated USING (person_id)"""


def _birth_date(build: ProfileBuild) -> str:
    """The date inside an undisputed number when a source gives it too, otherwise the trusted order."""
    stated = claims("birth_date", build=build)
    return f"""
        WITH stated AS ({stated})
        SELECT stated.person_id, stated.value, stated.record_id
        FROM stated
        LEFT JOIN {attribute("id_number_status")} AS status
            ON status.person_id = stated.person_id AND status.value IN ('1', '2')
        LEFT JOIN {attribute("id_number")} AS number ON number.person_id = status.person_id
        WHERE stated.value IS NOT NULL AND stated.value <= {build.day}
        QUALIFY row_number() OVER (PARTITION BY stated.person_id ORDER BY
            coalesce(stated.value = {DATE_INSIDE.format(number="number.value")}, false) DESC, ordinal,
            coalesce(updated_on, DATE '0001-01-01') DESC, natural_key DESC, stated.record_id) = 1"""


def _names(con: duckdb.DuckDBPyConnection, build: ProfileBuild) -> None:
    """The surviving name, and every other delivered form of it."""
    con.execute(f"CREATE OR REPLACE TEMP TABLE name_claim AS {claims('name', build=build)}")
    standardise_names(con, "SELECT value FROM name_claim")
    width = load_catalogue().contracts["fund_accounts"].column("name").width or 0
    store(con, "name", f"""
        SELECT claim.person_id, {_tidy("claim.value")} AS value, claim.record_id
        FROM name_claim AS claim JOIN name_form AS form ON form.raw = claim.value
        WHERE NOT form.nameless
        QUALIFY row_number() OVER (PARTITION BY person_id ORDER BY
            form.damaged OR form.plain IS NULL
            OR length(form.plain) <> length(regexp_replace(regexp_replace(claim.value, '{SPACES}', '', 'g'),
                                                           '{DOTS}', '', 'g'))
            OR (claim.category = 'fund_accounts' AND 2 * length(claim.value) >= {width - 1}),
            ordinal, coalesce(updated_on, DATE '0001-01-01') DESC, natural_key DESC, record_id) = 1""")
    con.execute("DROP TABLE temp.name_claim")
    variants = claims("name_variants", build=build)
    store_list(con, "name_variants", f"""
        SELECT stated.person_id, trim(stated.value) AS value
        FROM ({variants}) AS stated LEFT JOIN {attribute("name")} AS own USING (person_id)
        WHERE trim(stated.value) <> '' AND trim(stated.value) IS DISTINCT FROM own.value""")


def _tidy(name: str) -> str:
    """Without spaces between characters, the dot of a name written ·; names in letters stay as they are."""
    return f"""CASE WHEN regexp_matches({name}, '^[A-Za-z ]+$') THEN {name}
        ELSE regexp_replace(regexp_replace({name}, '{SPACES}', '', 'g'), '{DOTS}', '·', 'g') END"""


def _sex(build: ProfileBuild) -> str:
    """What columns state, and the constants of roles as votes of their category."""
    stated = claims("sex", build=build)
    sources = load_catalogue().attributes["sex"].source_columns
    places = {category: place for place, (category, _) in enumerate(sources, start=1)}
    parts = [f"SELECT * REPLACE (CASE WHEN value IN ('1', '2') THEN value END AS value) FROM ({stated})"]
    for contract in load_catalogue().contracts.values():
        for role in contract.person_roles:
            if role.sex_constant and build.usable(contract.category):
                parts.append(f"""
                    SELECT m.person_id, {literal(role.sex_constant)} AS value, r.record_id,
                           {literal(contract.category)} AS category,
                           {places.get(contract.category, len(sources) + 1)} AS ordinal, r.updated_on, r.natural_key
                    FROM {quoted("current_" + contract.category)} AS r
                    JOIN mention_person AS m ON m.record_id = r.record_id AND m.role = {literal(role.role)}""")
    return " UNION ALL ".join(parts)
