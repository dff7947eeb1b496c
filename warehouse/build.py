"""One computation of the profile: its reference date, the categories it may use, and the claims that its records make.

Belongs here: ProfileBuild, and the SQL of the claims that the source list of an attribute states.
Does not: which claim survives (warehouse/survivorship.py), conditions of single attributes (warehouse/attributes).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from sources.catalogue import load_catalogue
from sources.catalogue.models import Contract
from sources.tables import literal, quoted

RESETTLEMENT_KEPT_MONTHS = 24
"""Clarification 28: a resettlement period that ended longer ago is removed before any rule."""


@dataclass(frozen=True, slots=True)
class ProfileBuild:
    """What a profile is computed for. `without`: categories that give no claim and no link between persons."""

    as_of: date
    without: frozenset[str] = field(default_factory=frozenset)

    def usable(self, category: str) -> bool:
        """False when nothing of `category` may be used."""
        return category not in self.without

    @property
    def day(self) -> str:
        """as_of as an SQL literal."""
        return f"DATE '{self.as_of.isoformat()}'"


def in_force(category: str, build: ProfileBuild) -> str:
    """SQL condition (alias r) that a record of `category` may be used at all."""
    if category == "resettlement_support":
        return f"coalesce(r.support_end >= ({build.day} - INTERVAL {RESETTLEMENT_KEPT_MONTHS} MONTH)::DATE, true)"
    return "true"


def roles_of(contract: Contract, column: str) -> tuple[str, ...]:
    """The roles that a column speaks of: its own, else every subject (the rule at the head of attributes.yaml)."""
    role = contract.column(column).person_role
    return (role,) if role else tuple(one.role for one in contract.person_roles if one.subject)


def claims(
    attribute: str,
    *,
    build: ProfileBuild,
    where: Mapping[str, str] | None = None,
    value: Mapping[str, str] | None = None,
) -> str:
    """SQL: person_id, value, record_id, category, ordinal, updated_on, natural_key; one row per person and record.

    The ordinal is the position of the source in the attribute's list. `where` adds a condition and `value` replaces the
    value expression, each by `category.column` or by `category`; r is the record, m the mention of the person.
    """
    conditions, expressions = where or {}, value or {}
    parts = []
    for ordinal, (category, column) in enumerate(load_catalogue().attributes[attribute].source_columns, start=1):
        if not build.usable(category):
            continue
        contract, source = load_catalogue().contracts[category], f"{category}.{column}"
        roles = ", ".join(literal(role) for role in roles_of(contract, column))
        expression = expressions.get(source, expressions.get(category, f"r.{quoted(column)}"))
        condition = conditions.get(source, conditions.get(category, "true"))
        parts.append(f"""
            SELECT m.person_id, {expression} AS value, r.record_id, {literal(category)} AS category,
                   {ordinal} AS ordinal, r.updated_on, r.natural_key
            FROM {quoted("current_" + category)} AS r
            JOIN mention_person AS m ON m.record_id = r.record_id AND m.role IN ({roles})
            WHERE ({condition}) AND {in_force(category, build)}""")
    return " UNION ALL ".join(parts)
