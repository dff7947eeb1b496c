"""What the current records of a person state about an attribute, column by column: the claims that a value can come
from.

Belongs here: for every source column of the dictionary the value it states, in the form of the profile.
Does not: which of them counts (warehouse/attributes): a statement of a record that is not in force is still a
statement.
"""

from __future__ import annotations

from resolvers.organisations.cells import CELLS
from sources.catalogue import load_catalogue
from sources.catalogue.models import Attribute, Contract
from sources.tables import literal, quoted

ZONE = "421071"
"""The development zone: registered under another county, told by the township code (remark of hukou_division)."""

SPEAKS_OF_HOLDER = frozenset({"emergency_contact_phone"})
"""The columns of the contact's role say something about the holder."""

NAMES_ORGANISATION = frozenset((cell.category, cell.column) for cell in CELLS)
"""Columns whose statement is every spelling of the organisation that the record names, so that two spellings agree."""

CONDITIONS = {
    ("death_date", "household_registration"): "r.status = '3'",
    ("hukou_address", "household_registration"): "r.status = '1'",
    ("hukou_division", "household_registration"): "r.status = '1'",
    ("employer_name", "pension_insurance"): "r.scheme IN ('1', '2')",
    ("id_number", "residence_permits"): "r.id_type = '111'",
    ("sex", "*"): "value NOT IN ('0', '9')",
    ("chronic_conditions", "*"): "value <> '6'",
}
"""Where a column states something only sometimes: a resident's pension names the village, a permit the number of a passport."""


def is_compared(attribute: Attribute) -> bool:
    """True when several categories state the attribute, so that they can agree or not."""
    return len({category for category, _ in attribute.source_columns}) > 1


def categories_stating(attribute: Attribute, prefix: str, hidden: frozenset[str]) -> str:
    """A query person_id, category, value (text): what each category states, `hidden` categories left out.

    Reads <prefix><category> (current records with person_id and role), <prefix>mention, <prefix>place and <prefix>organisation
    (record_id, column_name, spelling).
    """
    parts = [
        f"""SELECT person_id, category, value FROM ({statements(attribute, category, column, prefix)})
            WHERE value IS NOT NULL"""
        for category, column in attribute.source_columns
        if category not in hidden
    ]
    if attribute.name == "sex":
        parts += _sex_constants(prefix)
    return " UNION ALL ".join(parts)


def statements(attribute: Attribute, category: str, column: str, prefix: str) -> str:
    """A query person_id, category, value, record_id: what one source column states."""
    contract = load_catalogue().contracts[category]
    table = quoted(prefix + category)
    condition = CONDITIONS.get((attribute.name, category), "true")
    if attribute.type == "person_ref":
        return _persons_named(contract, column, prefix)
    value = _value(attribute, contract, column)
    roles = ", ".join(literal(role) for role in _roles(attribute, contract, column))
    more = ""
    if attribute.type == "address":
        more = f"""
            UNION ALL
            SELECT r.person_id, {literal(category)}, p.standard_address, r.record_id
            FROM {table} AS r LEFT JOIN {quoted(prefix + "place")} AS p
                ON p.record_id = r.record_id AND p.column_name = {literal(column)}
            WHERE r.role IN ({roles}) AND ({condition})"""
    elif (category, column) in NAMES_ORGANISATION:
        more = f"""
            UNION ALL
            SELECT r.person_id, {literal(category)}, o.spelling, r.record_id
            FROM {table} AS r JOIN {quoted(prefix + "organisation")} AS o
                ON o.record_id = r.record_id AND o.column_name = {literal(column)}
            WHERE r.role IN ({roles}) AND ({condition})"""
    stated = f"""
        SELECT r.person_id, {literal(category)} AS category, {value} AS value, r.record_id
        FROM {table} AS r WHERE r.role IN ({roles}) AND ({condition}){more}"""
    everywhere = CONDITIONS.get((attribute.name, "*"))
    return f"SELECT * FROM ({stated}) WHERE {everywhere}" if everywhere else stated


def _value(attribute: Attribute, contract: Contract, column: str) -> str:
    """The column in the form of the profile, as text."""
    cell = f"r.{quoted(column)}"
    if contract.column(column).multiple:
        return f"unnest({cell})"
    if attribute.name == "hukou_division":
        return _division(contract, column)
    if attribute.type == "boolean":
        return f"({cell} = '1')::VARCHAR"
    return f"{cell}::VARCHAR"


def _division(contract: Contract, column: str) -> str:
    """Retired codes replaced; in household_registration the township decides for the development zone."""
    cell = f"r.{quoted(column)}"
    if contract.category == "household_registration":
        cell = f"CASE WHEN starts_with(r.township_code, '{ZONE}') THEN '{ZONE}' ELSE {cell} END"
    retired = {
        value.code: value.successor for value in load_catalogue().lists["gbt_2260_retired"].values if value.successor
    }
    cases = " ".join(f"WHEN {literal(code)} THEN {literal(successor)}" for code, successor in retired.items())
    return f"(CASE ({cell}) {cases} ELSE ({cell}) END)"


def _roles(attribute: Attribute, contract: Contract, column: str) -> tuple[str, ...]:
    """The roles that a column speaks of: its own, else every subject (the rule at the head of attributes.yaml)."""
    role = contract.column(column).person_role
    if attribute.name in SPEAKS_OF_HOLDER:
        return ("holder",)
    return (role,) if role else tuple(one.role for one in contract.person_roles if one.subject)


def _persons_named(contract: Contract, column: str, prefix: str) -> str:
    """Who is named by the role of the column; stated about every other person of the record."""
    role = contract.column(column).person_role or contract.person_roles[0].role
    return f"""
        SELECT r.person_id, {literal(contract.category)} AS category, named.person_id AS value, r.record_id
        FROM {quoted(prefix + contract.category)} AS r
        JOIN {quoted(prefix + "mention")} AS named ON named.record_id = r.record_id AND named.role = {literal(role)}
        WHERE r.role <> {literal(role)}"""


def _sex_constants(prefix: str) -> list[str]:
    return [
        f"""SELECT person_id, {literal(contract.category)} AS category, {literal(role.sex_constant)} AS value
                FROM {quoted(prefix + contract.category)} WHERE role = {literal(role.role)}"""
        for contract in load_catalogue().contracts.values()
        for role in contract.person_roles
        if role.sex_constant
    ]
