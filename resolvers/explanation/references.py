"""What an explanation is asked about: a record (category, key, role) or a person.

Belongs here: understanding `category:natural_key[:role]` and `P...`, and finding the mentions behind them. Does not: why
they belong together (paths.py, evidence.py, facts.py). Messages never repeat a key: keys of registers can be numbers of people.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import duckdb

from resolvers.linkage import restricted_categories
from sources.catalogue import load_catalogue
from sources.errors import OneGridError

_PERSON = re.compile(r"P\d+")
SHAPE = "state a record as CATEGORY:KEY or CATEGORY:KEY:ROLE, or a person as P and digits"


class ExplanationProblem(OneGridError):
    """What was asked cannot be explained; says what, where and what to do."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two things that are compared. `mention_ids`: one of a record, all of a person; `cluster`: of the run's
    `mention_cluster` or `relative_cluster`, minus the mention where it stands alone."""

    kind: str
    category: str | None
    natural_key: str | None
    role: str | None
    subject: bool
    person_id: str
    mention_ids: tuple[int, ...]
    cluster: int

    @property
    def restricted(self) -> bool:
        """Whether nothing that the record states may be shown."""
        return self.category in restricted_categories()


def find_side(con: duckdb.DuckDBPyConnection, text: str, where: str) -> Side:
    """The side that `text` names. `where` (`A`, `B`) stands in messages. Raises ExplanationProblem."""
    stated = text.strip()
    if _PERSON.fullmatch(stated):
        return _find_person(con, stated, where)
    category, colon, rest = stated.partition(":")
    if not colon or not rest or not category:
        raise ExplanationProblem(what="this is neither a record nor a person", where=where, remedy=SHAPE)
    contracts = load_catalogue().contracts
    if category not in contracts:
        raise ExplanationProblem(
            what=f"there is no category {category!r}" if category.isidentifier() else "there is no such category",
            where=where,
            remedy=f"state one of: {', '.join(sorted(contracts))}",
        )
    return _find_record(con, category, rest, where)


_MENTIONS = """
    SELECT mention.mention_id, mention.role, mention.subject, mention_person.person_id,
           coalesce(mention_cluster.cluster, relative_cluster.cluster, -mention.mention_id)
    FROM mention
    LEFT JOIN mention_person USING (category, natural_key, role)
    LEFT JOIN mention_cluster USING (mention_id) LEFT JOIN relative_cluster USING (mention_id)
    WHERE {} ORDER BY mention.mention_id"""


def _find_record(con: duckdb.DuckDBPyConnection, category: str, rest: str, where: str) -> Side:
    """Keys may hold colons, so the whole rest is tried as key before its last part is taken for a role."""
    roles = {role.role for role in load_catalogue().contracts[category].person_roles}
    key, role = rest, None
    found = _mentions_of(con, category, key)
    head, colon, last = rest.rpartition(":")
    if not found and colon and head:
        if last not in roles:
            raise ExplanationProblem(
                what=f"{category} has no such record, or no role of that name",
                where=where,
                remedy=f"check the key; roles are: {', '.join(sorted(roles))}",
            )
        key, role = head, last
        found = _mentions_of(con, category, key)
    if not found:
        raise ExplanationProblem(
            what=f"{category} has no current record with this key that names a person",
            where=where,
            remedy="check the key, and whether the record was withdrawn, quarantined or came after the last run",
        )
    chosen = _chosen(found, role, where)
    mention_id, role, subject, person_id, cluster = chosen
    if person_id is None:
        raise ExplanationProblem(what="this record came after persons were last resolved", where=where, remedy="run `onegrid run` first")
    return Side("record", category, key, role, subject, person_id, (mention_id,), cluster)


def _mentions_of(con: duckdb.DuckDBPyConnection, category: str, key: str) -> list[tuple[int, str, bool, str | None, int]]:
    return con.execute(_MENTIONS.format("mention.category = $1 AND mention.natural_key = $2"), [category, key]).fetchall()


def _chosen(found: list[tuple[int, str, bool, str | None, int]], role: str | None, where: str) -> tuple[int, str, bool, str | None, int]:
    """The mention of the stated role; without one the only subject of the record."""
    named = [row[1] for row in found]
    if role is not None:
        for row in found:
            if row[1] == role:
                return row
        raise ExplanationProblem(what=f"this record names nobody as {role}", where=where, remedy=f"roles it names: {', '.join(named)}")
    subjects = [row for row in found if row[2]] or found
    if len(subjects) > 1:
        raise ExplanationProblem(
            what=f"this record speaks of {len(subjects)} people",
            where=where,
            remedy=f"add the role after the key: {', '.join(row[1] for row in subjects)}",
        )
    return subjects[0]


def _find_person(con: duckdb.DuckDBPyConnection, person_id: str, where: str) -> Side:
    rows = con.execute(_MENTIONS.format("mention_person.person_id = $1"), [person_id]).fetchall()
    if not rows:
        known = con.execute("SELECT count(*) FROM person_registry WHERE person_id = $1", [person_id]).fetchone()
        if known and known[0]:
            raise ExplanationProblem(
                what="this person id is no longer in use: merged into another, or all its records are gone",
                where=where,
                remedy="`onegrid person history` tells which id took its place",
            )
        raise ExplanationProblem(what="there is no person with this id", where=where, remedy="check the id; " + SHAPE)
    return Side("person", None, None, None, any(row[2] for row in rows), person_id, tuple(row[0] for row in rows), rows[0][4])


_NEEDED = (
    "mention",
    "name_form",
    "mention_person",
    "person_registry",
    "unit",
    "unit_mention",
    "pair",
    "link_edge",
    "mention_cluster",
    "relative_cluster",
)


def require_state(con: duckdb.DuckDBPyConnection, where: str) -> None:
    """Raises ExplanationProblem when the store does not hold what a run leaves behind for explanations."""
    present = {row[0] for row in con.execute("SELECT table_name FROM duckdb_tables() WHERE database_name = current_database()").fetchall()}
    missing = [name for name in _NEEDED if name not in present]
    if missing:
        raise ExplanationProblem(
            what=f"the working store holds no finished resolution (missing: {', '.join(missing)})",
            where=where,
            remedy="run `onegrid run --again` once to the end",
        )
