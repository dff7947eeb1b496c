"""Mentions: one row per current record and role that names a person, with the fields by which persons are told apart.

Belongs here: which cells of a record speak of which of its persons, and which keys of a register point at a person.
The rows of a
category are read from its contract; what only one category has (a household number, the archive a follow-up belongs
to) stands in the
tables of this module. Does not: comparing mentions (resolvers/linkage), reading values (expectations), reading
addresses (places).

Every column of `mention` is as typed by the contract. `id_number` is set only when the number can be a key: valid,
and not the number of a document that is no resident card. Any other text of the cell, placeholders apart, stays in
`id_typed`. `own_keys` are keys of registers that belong to one person (`archive|...`), in the spelling of this module;
two mentions that share one speak of one person unless their names disagree.
"""

from __future__ import annotations

import duckdb

from resolvers.names import standardise_names
from sources.catalogue.models import Contract, PersonRole
from sources.tables import create_table, literal, quoted

MENTION_COLUMNS = {
    "mention_id": "BIGINT",
    "record_id": "BIGINT",
    "category": "VARCHAR",
    "natural_key": "VARCHAR",
    "role": "VARCHAR",
    "subject": "BOOLEAN",
    "name": "VARCHAR",
    "former_name": "VARCHAR",
    "id_number": "VARCHAR",
    "id_state": "VARCHAR",
    "id_typed": "VARCHAR",
    "sex": "VARCHAR",
    "birth_date": "DATE",
    "phone": "VARCHAR",
    "address": "VARCHAR",
    "township_code": "VARCHAR",
    "community_code": "VARCHAR",
    "dwelling_code": "VARCHAR",
    "household": "VARCHAR",
    "relation": "VARCHAR",
    "own_keys": "VARCHAR[]",
    "is_self": "BOOLEAN",
}
"""`mention_id` is unique in a run; `household` is the household or case whose members the record lists; `is_self`:
the role repeats the
holder of the record (a payer who pays alone, an applicant who is this member)."""

ROLES_PER_RECORD = 8
"""Room for roles in a mention_id; the catalogue has at most four roles per record."""

_RESIDENT_CARD = "('111', '113', '990')"
"""GA/T 517: resident card, household register, other. Passports and permits of other places have numbers of their
own."""

_ORGANISATION = "8"
"""Unified social credit code; it is no document of a person, so the typed code is missing where the list says so."""

_ORGANISATION_NAME = "(公司|学校|小学|中学|幼儿园|大学|中心|委员会|医院|银行|合作社|管理局|办公室|居委会|村委会|厂)$"

_HOUSEHOLDS = {
    "household_registration": "CASE WHEN r.household_type = '1' THEN 'household|' || r.household_no END",
    "social_assistance": "'case|' || r.case_no",
}

_BIRTH_CERTIFICATE = "CASE WHEN regexp_matches({0}, '^[A-Z][0-9]{{9}}$') THEN 'birth|' || {0} END"

_OWN_KEYS: dict[tuple[str, str], tuple[str, ...]] = {
    ("household_registration", "holder"): (_BIRTH_CERTIFICATE.format("r.id_number"),),
    ("fund_accounts", "holder"): ("'account|' || r.account_no",),
    ("fund_loans", "borrower"): ("'account|' || r.borrower_account_no",),
    ("pension_insurance", "holder"): ("'insured|' || r.person_no",),
    ("medical_insurance", "holder"): ("'insured|' || r.person_no", _BIRTH_CERTIFICATE.format("r.id_number")),
    ("health_records", "holder"): ("'archive|' || r.archive_no", _BIRTH_CERTIFICATE.format("r.id_number")),
    ("care_followups", "holder"): ("'archive|' || r.archive_no",),
    ("marriage_registration", "spouse_a"): ("'marriage|a|' || coalesce(r.original_cert_no, r.cert_no)",),
    ("marriage_registration", "spouse_b"): ("'marriage|b|' || coalesce(r.original_cert_no, r.cert_no)",),
    ("birth_family_support", "child"): ("'birth|' || r.birth_cert_no", _BIRTH_CERTIFICATE.format("r.child_id")),
}
"""Keys of registers that belong to one person, by category and role."""

_IS_SELF = {
    ("medical_insurance", "payer"): "r.payer_relation = '0'",
    ("social_assistance", "applicant"): "r.relation = '01'",
}

_PLACE_COLUMNS = {
    "household_registration": ("r.township_code", "NULL", "r.dwelling_code"),
    "residence_permits": ("r.township", "NULL", "r.dwelling_code"),
    "house_registry": ("r.township_code", "r.community_code", "r.dwelling_code"),
    "employment_registration": ("left(r.community_code, 9)", "r.community_code", "NULL"),
    "social_assistance": ("r.township", "NULL", "NULL"),
    "elderly_disability_benefits": ("r.township", "NULL", "NULL"),
    "care_followups": ("r.township", "NULL", "NULL"),
    "birth_family_support": ("r.township", "NULL", "NULL"),
}
"""Township, community and dwelling that the record states beside its address."""

_PLACES_OF_ROLES = {"holder", "borrower", "owner", "mother", "father", "child", "spouse_a", "spouse_b"}
"""Roles that live (or own) at the address of their record; relatives who are only named may live anywhere."""


def _column(name: str | None) -> str:
    return f"r.{quoted(name)}" if name else "NULL"


def _id_expressions(role: PersonRole) -> tuple[str, str, str]:
    """id_number, id_state, id_typed of a role."""
    if role.id_number is None:
        return "NULL", "NULL", "NULL"
    number, state = _column(role.id_number), f"r.{quoted(role.id_number + '_state')}"
    usable = f"{state} IN ('valid', 'valid_15')"
    if role.id_type is not None:
        usable += f" AND coalesce({_column(role.id_type)}, '111') IN {_RESIDENT_CARD}"
    return (
        f"CASE WHEN {usable} THEN {number} END",
        state,
        f"CASE WHEN {usable} OR {state} = 'placeholder' THEN NULL ELSE {number} END",
    )


def _condition(contract: Contract, role: PersonRole) -> str:
    """A mention needs a name or a number; an organisation is no person."""
    named = [_column(name) for name in (role.name, role.id_number) if name]
    condition = "(" + " OR ".join(f"{name} IS NOT NULL" for name in named) + ")"
    if contract.category == "house_registry" and role.id_type and role.id_number:
        kind, state = _column(role.id_type), f"r.{quoted(role.id_number + '_state')}"
        condition += f""" AND {kind} IS DISTINCT FROM {literal(_ORGANISATION)}
            AND NOT ({kind} IS NULL AND coalesce({state} IN ('malformed', 'invalid'), false))
            AND NOT coalesce(regexp_matches({_column(role.name)}, {literal(_ORGANISATION_NAME)}), false)"""
    return condition


def _select(contract: Contract, position: int, role: PersonRole) -> str:
    """The mentions of one role of a category."""
    category = contract.category
    id_number, id_state, id_typed = _id_expressions(role)
    township, community, dwelling = _PLACE_COLUMNS.get(category, ("NULL", "NULL", "NULL"))
    address = role.address or (contract.role("mother").address if category == "birth_family_support" else None)
    if role.role not in _PLACES_OF_ROLES:
        township, community, dwelling, address = "NULL", "NULL", "NULL", None
    keys = _OWN_KEYS.get((category, role.role), ())
    own_keys = f"list_filter([{', '.join(keys)}]::VARCHAR[], lambda key: key IS NOT NULL)" if keys else "[]::VARCHAR[]"
    former = "r.former_name" if (category, role.role) == ("household_registration", "holder") else "NULL"
    sex = literal(role.sex_constant) if role.sex_constant else _column(role.sex)
    return f"""
        SELECT r.record_id * {ROLES_PER_RECORD} + {position}, r.record_id, {literal(category)}, r.natural_key,
            {literal(role.role)},
               {role.subject}, {_column(role.name)}, {former}, {id_number}, {id_state}, {id_typed},
               CASE WHEN {sex} IN ('1', '2') THEN {sex} END, {_column(role.birth_date)}, {_column(role.phone)},
                   {_column(address)},
               coalesce(place.township_code, {township}), coalesce(place.community_code, {community}),
               coalesce({dwelling}, place.dwelling_code),
               {_HOUSEHOLDS.get(category, "NULL")}, {_column(role.relation)}, {own_keys},
               coalesce({_IS_SELF.get((category, role.role), "false")}, false)
        FROM {quoted("current_" + category)} AS r
        LEFT JOIN place ON place.record_id = r.record_id AND place.column_name = {literal(address or "")}
        WHERE {_condition(contract, role)}"""


def build(con: duckdb.DuckDBPyConnection, contract: Contract) -> int:
    """Rebuild the mentions of a category from its current records and `place`; returns their number."""
    con.execute(create_table("mention", MENTION_COLUMNS))
    con.execute("DELETE FROM mention WHERE category = ?", [contract.category])
    for position, role in enumerate(contract.person_roles):
        con.execute(f"INSERT INTO mention {_select(contract, position, role)}")
    standardise_names(con)
    row = con.execute("SELECT count(*) FROM mention WHERE category = ?", [contract.category]).fetchone()
    return int(row[0]) if row else 0
