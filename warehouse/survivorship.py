"""Survivorship: choose one claim per person for an attribute.

Belongs here: the rules of the dictionary that rank claims, as SQL. A claims query has one row per person and stating record, with the
columns person_id, value, record_id, ordinal (position of the source in the attribute's list), updated_on (DATE, NULL is the oldest)
and natural_key; a NULL value is no claim.
Out, always: one row per person with a value: person_id, value, record_id (NULL where several records make the value).
Does not: deciding who is the same person, or which records an attribute may use (warehouse/attributes).
"""

from __future__ import annotations

OLDEST = "DATE '0001-01-01'"


def _best(claims: str, ranking: str) -> str:
    return f"""
        SELECT person_id, value, record_id
        FROM ({claims}) AS claims
        WHERE value IS NOT NULL
        QUALIFY row_number() OVER (PARTITION BY person_id ORDER BY {ranking}) = 1
    """


def trusted_order(claims: str) -> str:
    """First source of the list with a value; of several records of it the one updated last, then the larger natural key."""
    return _best(claims, f"ordinal, coalesce(updated_on, {OLDEST}) DESC, natural_key DESC")


def most_recent(claims: str) -> str:
    """The value of the record updated last over all sources; same day: the order of the list, then the larger natural key."""
    return _best(claims, f"coalesce(updated_on, {OLDEST}) DESC, ordinal, natural_key DESC")


def majority(claims: str) -> str:
    """The value stated by most categories, one vote each (needs the column `category`); a tie goes to the order of the list."""
    return f"""
        WITH votes AS (
            SELECT person_id, category, value, record_id, ordinal, updated_on, natural_key
            FROM ({claims}) AS claims
            WHERE value IS NOT NULL
            QUALIFY row_number() OVER (PARTITION BY person_id, category
                                       ORDER BY coalesce(updated_on, {OLDEST}) DESC, ordinal, natural_key DESC) = 1
        ),
        counts AS (
            SELECT person_id, value, count(*) AS n, min(ordinal) AS ordinal, arg_min(record_id, ordinal) AS record_id
            FROM votes GROUP BY ALL
        )
        SELECT person_id, value, record_id
        FROM counts
        QUALIFY row_number() OVER (PARTITION BY person_id ORDER BY n DESC, ordinal) = 1
    """


def smallest(claims: str) -> str:
    """Rule min: the smallest value."""
    return _best(claims, "value, ordinal, natural_key DESC")


def largest(claims: str) -> str:
    """Rule max: the largest value."""
    return _best(claims, "value DESC, ordinal, natural_key DESC")


def list_union(claims: str) -> str:
    """The distinct values, sorted; persons without any get no row here (the profile turns that into an empty list)."""
    return f"""
        SELECT person_id, list_sort(list_distinct(list(value))) AS value, NULL::BIGINT AS record_id
        FROM ({claims}) AS claims
        WHERE value IS NOT NULL
        GROUP BY person_id
    """
