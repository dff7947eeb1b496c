"""Provenance: the delivery, the record and the rule behind every value, and how many categories agree.

Belongs here: the provenance of one person for a purpose, of everybody for the operator, the lineage of attributes to
columns.
Does not: choosing values (warehouse/attributes), recording who read them.

A category agrees when one of its current records states the value, and disagrees when its records state only other
values; nobody disagrees with a merged list. Counts are given for attributes that several categories state and that are not
derived; a derived value names its inputs instead.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

import duckdb

from sources.catalogue import load_catalogue
from sources.catalogue.models import Attribute
from sources.tables import has_table, literal, quoted
from warehouse.profile import HIDDEN, recorded_attributes
from warehouse.purposes import HEALTH, JUSTICE, ONLY_WITHOUT_CARE, authorise, reading
from warehouse.statements import categories_stating, is_compared

MAY_KNOW_HIDDEN = frozenset({HEALTH, JUSTICE})
"""Purposes that may be told that a record exists in the restricted categories of clarification 47."""

MERGED = "list_union"
"""The rule that keeps every value stated: nobody disagrees with a list."""


@dataclass(frozen=True, slots=True)
class ValueProvenance:
    """One value and where it comes from. category, natural_key and delivery_date are None when no single record gives
    the value, natural_key also when the record is another department's; agree and disagree are None for derived values."""

    attribute: str
    value: Any
    rule: str
    category: str | None = None
    natural_key: str | None = None
    delivery_date: date | None = None
    agree: int | None = None
    disagree: int | None = None
    inputs: tuple[str, ...] = ()


def provenance_of(
    con: duckdb.DuckDBPyConnection, person_id: str, purpose: str, own: Collection[str] = ()
) -> list[ValueProvenance]:
    """The values of one person that `purpose` opens, each with its provenance, in the order of the dictionary;
    missing values are left out. Empty when the purpose may not see the person. Natural keys are those of records of
    the departments `own`, for which the reader acts; of others the category is named and the key is None.

    Raises PurposeRefused for an unknown purpose and for one that opens no rows.
    """
    stated = authorise(purpose, (), rows=True)
    source = reading(purpose)
    names = [name for name in load_catalogue().attributes if name in stated.attributes]
    row = con.execute(
        f"""
        SELECT {", ".join(source.expression(name) for name in names)} FROM {source.tables}
        WHERE {source.expression("person_id")} = $1 AND {source.condition}""",
        [person_id],
    ).fetchone()
    if row is None:
        return []
    return _told(con, dict(zip(names, row, strict=True)), _Reader(person_id, purpose, frozenset(own)))


def provenance_for_the_subject(con: duckdb.DuckDBPyConnection, person_id: str) -> list[ValueProvenance]:
    """Every value that is held about a person, with its provenance, for the person: nothing is held back, whatever the purpose.

    Empty when nobody has this id. Only for callers that made sure who asks (warehouse/subjects).
    """
    names = list(load_catalogue().attributes)
    row = con.execute(f"SELECT {', '.join(map(quoted, names))} FROM profile WHERE person_id = $1", [person_id]).fetchone()
    if row is None:
        return []
    return _told(con, dict(zip(names, row, strict=True)), _Reader(person_id, HEALTH, frozenset(), subject=True))


def _told(con: duckdb.DuckDBPyConnection, values: dict[str, Any], reader: _Reader) -> list[ValueProvenance]:
    _gather_own_records(con, reader.person_id)
    return [_provenance(con, name, value, reader) for name, value in values.items() if value is not None]


@dataclass(frozen=True, slots=True)
class _Reader:
    """Who reads about whom, for which departments; `subject`: the person reads about themselves."""

    person_id: str
    purpose: str
    own: frozenset[str]
    subject: bool = False

    @property
    def hidden(self) -> frozenset[str]:
        """The categories of which this reader may not know."""
        return frozenset() if self.purpose in MAY_KNOW_HIDDEN else HIDDEN

    def shown_key(self, category: str, natural_key: str) -> str | None:
        """The natural key, if it is one of the reader's own records."""
        return natural_key if self.subject or load_catalogue().contracts[category].department in self.own else None


def _provenance(con: duckdb.DuckDBPyConnection, name: str, value: Any, reader: _Reader) -> ValueProvenance:
    attribute = load_catalogue().attributes[name]
    category, natural_key, delivered = _winner(con, attribute, reader)
    agree, disagree = _agreement(con, attribute, value, reader.hidden, category)
    return ValueProvenance(
        attribute=name,
        value=value,
        rule=attribute.rule,
        category=category,
        natural_key=reader.shown_key(category, natural_key) if category and natural_key else None,
        delivery_date=delivered,
        agree=agree,
        disagree=disagree,
        inputs=attribute.inputs if attribute.rule == "derived" else (),
    )


def _winner(
    con: duckdb.DuckDBPyConnection, attribute: Attribute, reader: _Reader
) -> tuple[str | None, str | None, date | None]:
    if attribute.name not in recorded_attributes():
        return None, None, None
    open_only = bool(reader.hidden) or (reader.purpose == JUSTICE and attribute.name in ONLY_WITHOUT_CARE)
    found = con.execute(
        f"""
        SELECT own.category, own.natural_key, own.delivery_date
        FROM profile_record{"_open" if open_only else ""} AS records
        JOIN own_record AS own ON own.record_id = records.{quoted(attribute.name)}
        WHERE records.person_id = $1""",
        [reader.person_id],
    ).fetchone()
    if found is None or found[0] in reader.hidden:
        return None, None, None
    category, natural_key, delivered = found
    return category, natural_key, delivered


def _agreement(
    con: duckdb.DuckDBPyConnection, attribute: Attribute, value: Any, hidden: frozenset[str], winner: str | None
) -> tuple[int | None, int | None]:
    if attribute.rule == "derived":
        return None, None
    if not is_compared(attribute):
        return (1 if winner or value else 0), 0
    wanted = value if isinstance(value, list) else [value]
    row = con.execute(
        f"""
        WITH stated AS ({categories_stating(attribute, "own_", hidden)})
        SELECT count(DISTINCT category) FILTER (WHERE list_contains($1::VARCHAR[], value)), count(DISTINCT category)
            FROM stated
    """,
        [[str(one) for one in wanted]],
    ).fetchone()
    agree, stating = row or (0, 0)
    return agree, 0 if attribute.rule == MERGED else stating - agree


def _gather_own_records(con: duckdb.DuckDBPyConnection, person_id: str) -> None:
    """Temporary tables with the records of one person: own_<category>, own_mention, own_place, own_record."""
    con.execute(
        """CREATE OR REPLACE TEMP TABLE own_mine AS
           SELECT record_id, category, role, person_id FROM mention_person WHERE person_id = $1""",
        [person_id],
    )
    con.execute("""CREATE OR REPLACE TEMP TABLE own_mention AS
                   SELECT record_id, role, person_id FROM mention_person WHERE record_id IN (SELECT record_id FROM
                       own_mine)""")
    con.execute("""CREATE OR REPLACE TEMP TABLE own_place AS
                   SELECT record_id, column_name, standard_address FROM place WHERE record_id IN (SELECT record_id
                       FROM own_mine)""")
    con.execute(f"""CREATE OR REPLACE TEMP TABLE own_organisation AS
                    FROM ({_spellings(con)}) WHERE record_id IN (SELECT record_id FROM own_mine)""")
    for category in load_catalogue().contracts:
        con.execute(f"""
            CREATE OR REPLACE TEMP TABLE {quoted("own_" + category)} AS
            SELECT mine.person_id, mine.role, records.*
            FROM {quoted("current_" + category)} AS records JOIN own_mine AS mine ON mine.record_id =
                records.record_id""")
    directory = " UNION ALL ".join(
        f"SELECT DISTINCT record_id, {literal(category)} AS category, natural_key, delivery_date "
        f"FROM {quoted('own_' + category)}"
        for category in load_catalogue().contracts
    )
    con.execute(f"CREATE OR REPLACE TEMP TABLE own_record AS {directory}")


def _spellings(con: duckdb.DuckDBPyConnection) -> str:
    """SQL: record_id, column_name, spelling: every name of the organisation that a cell names; none where there is no registry."""
    if not has_table(con, "organisation_mention"):
        return "SELECT NULL::BIGINT AS record_id, NULL::VARCHAR AS column_name, NULL::VARCHAR AS spelling WHERE false"
    return """SELECT record_id, column_name, unnest(organisation.names) AS spelling
              FROM organisation_mention JOIN organisation USING (organisation_id)"""


def export_provenance(con: duckdb.DuckDBPyConnection) -> str:
    """A query over everybody and every value of `profile`: person_id, attribute, category, natural_key,
    delivery_date, rule, agree, disagree. For the operator who holds the key (clarification 54): keys are in clear."""
    for category in load_catalogue().contracts:
        con.execute(f"""
            CREATE OR REPLACE TEMP VIEW {quoted("all_" + category)} AS
            SELECT mentions.person_id, mentions.role, records.*
            FROM {quoted("current_" + category)} AS records JOIN mention_person AS mentions ON mentions.record_id =
                records.record_id""")
    con.execute("CREATE OR REPLACE TEMP VIEW all_mention AS SELECT record_id, role, person_id FROM mention_person")
    con.execute("CREATE OR REPLACE TEMP VIEW all_place AS SELECT record_id, column_name, standard_address FROM place")
    con.execute(f"CREATE OR REPLACE TEMP VIEW all_organisation AS {_spellings(con)}")
    directory = " UNION ALL ".join(
        f"SELECT record_id, {literal(category)} AS category, natural_key, delivery_date "
        f"FROM {quoted('current_' + category)}"
        for category in load_catalogue().contracts
    )
    con.execute(f"CREATE OR REPLACE TEMP TABLE all_record AS {directory}")
    return " UNION ALL ".join(_exported(attribute) for attribute in load_catalogue().attributes.values())


def _exported(attribute: Attribute) -> str:
    name, compared = attribute.name, attribute.rule != "derived" and is_compared(attribute)
    record = quoted(name) if name in recorded_attributes() else "NULL::BIGINT"
    present = (
        f"len(profile.{quoted(name)}) > 0"
        if attribute.type.endswith("_list")
        else f"profile.{quoted(name)} IS NOT NULL"
    )
    if compared:
        agree = "coalesce(counts.agree, 0)"
        disagree = "0" if attribute.rule == MERGED else "coalesce(counts.stating - counts.agree, 0)"
        matches = (
            f"list_contains(profile.{quoted(name)}, stated.value)"
            if attribute.type.endswith("_list")
            else f"profile.{quoted(name)}::VARCHAR = stated.value"
        )
        counts = f"""LEFT JOIN (
            SELECT stated.person_id, count(DISTINCT stated.category) FILTER (WHERE {matches}) AS agree,
                   count(DISTINCT stated.category) AS stating
            FROM ({categories_stating(attribute, "all_", frozenset())}) AS stated JOIN profile USING (person_id)
            GROUP BY stated.person_id) AS counts ON counts.person_id = profile.person_id"""
    else:
        stated = "true" if attribute.type.endswith("_list") else "winners.record_id IS NOT NULL"
        agree, disagree, counts = ("NULL", "NULL", "") if attribute.rule == "derived" else (f"({stated})", "0", "")
    return f"""
        SELECT profile.person_id, {literal(name)} AS attribute, records.category, records.natural_key,
            records.delivery_date,
               {literal(attribute.rule)} AS rule, {agree}::BIGINT AS agree, {disagree}::BIGINT AS disagree
        FROM profile
        LEFT JOIN (SELECT person_id, {record} AS record_id FROM profile_record) AS winners ON winners.person_id =
            profile.person_id
        LEFT JOIN all_record AS records ON records.record_id = winners.record_id
        {counts}
        WHERE {present}"""


@cache
def column_lineage() -> dict[str, list[tuple[str, str]]]:
    """For every attribute the (category, column) pairs it comes from, through its inputs too; the key comes from the
    columns by which the entity resolution knows people."""
    return {name: sorted(_columns(name, set())) for name in load_catalogue().attributes}


def _columns(name: str, seen: set[str]) -> set[tuple[str, str]]:
    if name in seen:
        return set()
    seen.add(name)
    attribute = load_catalogue().attributes[name]
    found = set(attribute.source_columns) if name != "person_id" else set(_identifying_columns())
    for required in attribute.inputs:
        found |= _columns(required, seen)
    return found


def _identifying_columns() -> Iterable[tuple[str, str]]:
    for contract in load_catalogue().contracts.values():
        for role in contract.person_roles:
            for column in (role.name, role.id_number, role.birth_date):
                if column is not None:
                    yield contract.category, column
