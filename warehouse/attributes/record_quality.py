"""Record quality: how well the person is known.

Belongs here: the four attributes of the group. resettlement_support never counts (clarification 47 treats
care_followups alike for readers who may not know of it: the build without it).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from sources.catalogue import load_catalogue
from sources.tables import literal, quoted
from warehouse.attributes.records import day, store

if TYPE_CHECKING:
    from warehouse.build import ProfileBuild

ATTRIBUTES = ("source_count", "last_confirmed_date", "open_mismatches", "match_confidence")

UNCOUNTED = frozenset({"resettlement_support"})


def build(con: duckdb.DuckDBPyConnection, build: ProfileBuild) -> None:
    """open_mismatches is 0 until the checks have run (`warehouse.profile.fill_open_mismatches`)."""
    counted = [category for category in load_catalogue().contracts if category not in UNCOUNTED | build.without]
    names = ", ".join(literal(category) for category in counted)
    store(
        con,
        "source_count",
        f"""
        SELECT everybody.person_id, count(DISTINCT mentions.category) AS value, NULL AS record_id
        FROM everybody
        LEFT JOIN mention_person AS mentions ON mentions.person_id = everybody.person_id AND mentions.category IN
            ({names})
        GROUP BY everybody.person_id""",
    )
    store(con, "last_confirmed_date", _last_confirmed(counted, build))
    store(con, "open_mismatches", "SELECT person_id, 0 AS value, NULL AS record_id FROM everybody")
    store(con, "match_confidence", "SELECT person_id, match_confidence AS value, NULL AS record_id FROM everybody")


def _last_confirmed(counted: list[str], build: ProfileBuild) -> str:
    """The newest update of the person's records in subject roles; its record is the winner."""
    updates = " UNION ALL ".join(
        f"SELECT record_id, updated_on FROM {quoted('current_' + category)} WHERE updated_on IS NOT NULL"
        for category in counted
    )
    return f"""
        SELECT mentions.person_id, least(max(updates.updated_on), {day(build.as_of)}) AS value,
               arg_max(updates.record_id, (updates.updated_on, -updates.record_id)) AS record_id
        FROM ({updates}) AS updates
        JOIN mention_person AS mentions ON mentions.record_id = updates.record_id AND mentions.subject
        GROUP BY mentions.person_id"""
