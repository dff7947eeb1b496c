"""What a reviewer sees of an item: what both sides state, side by side.

Belongs here: values of the records that a data steward may read, and masking. Does not: choosing items (queue.py).

Records of restricted categories show no value, no category and no key, only how many there are; nor does anything that only such a
record says about others. Of ID numbers the reviewer sees where the two sides differ, not the rest.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import duckdb

from resolvers.linkage import restricted_categories
from resolvers.review.queue import Item, visible_category
from resolvers.review.words import FIELDS, RESTRICTED, SEX
from sources.tables import has_table

MOST_VALUES = 6
"""Values shown of a field; more are counted."""

SHOWN_END = 4
"""Last characters of a number that has nothing to be compared with."""


@dataclass(frozen=True, slots=True)
class Side:
    """Values by field (see FIELDS), the most frequent first, and the number of records that may not be shown."""

    values: dict[str, tuple[str, ...]]
    restricted: int

    def text(self, field: str) -> str:
        """The values of a field in one line."""
        stated = self.values.get(field, ())
        shown = "; ".join(stated[:MOST_VALUES]) + (f"; … (+{len(stated) - MOST_VALUES})" if len(stated) > MOST_VALUES else "")
        if field == "records" and self.restricted:
            shown = "; ".join(filter(None, [shown, f"{RESTRICTED[0]} {self.restricted} 条 {RESTRICTED[1]}"]))
        return shown


def sides_of(con: duckdb.DuckDBPyConnection, items: Sequence[Item], *, closed: Collection[str] | None = None) -> list[tuple[Side, Side]]:
    """Both sides of every item, in order. closed: categories that may not be shown; those of the catalogue by default."""
    closed = restricted_categories() if closed is None else closed
    units = sorted({unit for item in items for unit in (item.unit_l, item.unit_r)})
    con.execute("CREATE OR REPLACE TEMP TABLE rev_unit AS SELECT unnest($1::BIGINT[]) AS unit_id", [units])
    con.execute("CREATE OR REPLACE TEMP TABLE rev_own AS SELECT unit_id, mention.* FROM unit_mention SEMI JOIN rev_unit USING (unit_id) "
                "JOIN mention USING (mention_id)")  # fmt: skip
    stated: dict[int, dict[str, list[str]]] = {unit: {} for unit in units}
    for unit, field, value in con.execute(_statement(con, visible_category(closed))).fetchall():
        stated[unit].setdefault(field, []).append(value)
    hidden = dict(
        con.execute(
            f"SELECT unit_id, count(DISTINCT record_id) FROM rev_own WHERE NOT ({visible_category(closed)}) GROUP BY unit_id"
        ).fetchall()
    )
    shown = []
    for item in items:
        left, right = stated[item.unit_l], stated[item.unit_r]
        masked = masked_numbers(left.get("numbers", []), right.get("numbers", []))
        both = ({**left, "numbers": masked[0]}, {**right, "numbers": masked[1]})
        shown.append((_side(both[0], hidden.get(item.unit_l, 0)), _side(both[1], hidden.get(item.unit_r, 0))))
    return shown


def _side(stated: dict[str, list[str]], restricted: int) -> Side:
    values = {field: tuple(stated.get(field, ())) for field in FIELDS}
    return Side(values | {"sexes": tuple(SEX.get(code, code) for code in values["sexes"])}, restricted)


def _statement(con: duckdb.DuckDBPyConnection, visible: str) -> str:
    """SQL: unit_id, field, value; the value that most mentions state first."""
    own = f"FROM rev_own WHERE {visible}"
    fields = {
        "names": f"SELECT unit_id, unnest([name, former_name]) AS value {own}",
        "numbers": f"SELECT unit_id, coalesce(id_number, id_typed) AS value {own}",
        "births": f"SELECT unit_id, birth_date::VARCHAR AS value {own}",
        "sexes": f"SELECT unit_id, sex AS value {own}",
        "phones": f"SELECT unit_id, phone AS value {own}",
        "addresses": f"SELECT unit_id, address AS value {own}",
        "records": f"SELECT unit_id, category AS value {own}",
        "relatives": f"""SELECT own.unit_id, other.name AS value
                         FROM (SELECT * {own}) AS own JOIN mention AS other ON other.record_id = own.record_id
                         WHERE other.mention_id <> own.mention_id AND NOT own.is_self AND NOT other.is_self""",
    }
    if has_table(con, "person_of_cluster"):
        fields["persons"] = f"""SELECT unit_id, person_id AS value FROM (SELECT unit_id, mention_id {own})
                                JOIN clustered USING (mention_id) JOIN person_of_cluster USING (cluster)"""
    parts = [f"SELECT unit_id, '{field}' AS field, value, count(*) AS said FROM ({query}) WHERE value IS NOT NULL GROUP BY ALL"
             for field, query in fields.items()]  # fmt: skip
    return f"SELECT unit_id, field, value FROM ({' UNION ALL '.join(parts)}) ORDER BY unit_id, field, said DESC, value"


def masked_numbers(left: Sequence[str], right: Sequence[str]) -> tuple[list[str], list[str]]:
    """Numbers of both sides with * in every place where all of them agree.

    Numbers of another length than the rest, and those of a side whose other side has none, show their last characters only. Where all
    agree the end shows that it is one number.
    """
    if not left or not right:
        return [_ended(number) for number in left], [_ended(number) for number in right]
    length = len(left[0])
    same_length = [number for number in (*left, *right) if len(number) == length]
    agreed = [len(set(characters)) == 1 for characters in zip(*same_length, strict=True)]
    if all(agreed):
        return [_ended(number) for number in left], [_ended(number) for number in right]

    def masked(number: str) -> str:
        if len(number) != length:
            return _ended(number)
        return "".join("*" if same else character for character, same in zip(number, agreed, strict=True))

    return [masked(number) for number in left], [masked(number) for number in right]


def _ended(number: str) -> str:
    return "*" * max(0, len(number) - SHOWN_END) + number[-SHOWN_END:]
