"""Cells in which values are counted: bands of numbers, months of dates, codes.

Belongs here: the cell of a value as SQL, and its words. Does not: counting (answering.py, warehouse/rollup.py).
"""

from __future__ import annotations

from sources.catalogue import load_catalogue
from sources.catalogue.models import AttributeClass
from sources.tables import literal

BANDS = {"age": (5, 100), "residence_months": (12, 120)}
"""Width of the bands in which a number is counted, and the first value of the open band at the end."""


def cell_of(klass: AttributeClass, attribute: str, column: str) -> str:
    """SQL of the cell that a value falls into, as text that sorts in its natural order."""
    if attribute in BANDS:
        width, last = BANDS[attribute]
        low = f"{column} // {width} * {width}"
        band = f"printf('%03d-%03d', {low}, {low} + {width - 1})"
        return f"CASE WHEN {column} >= {last} THEN '{last}+' ELSE {band} END"
    if klass.kind == "range":
        return f"printf('%03d', {column})"
    if klass.kind == "date":
        return f"strftime({column}, '%Y-%m')"
    return f"{column}::VARCHAR"


def cell_value(attribute: str) -> str:
    """A list counts once per code; an empty one in a cell of its own, a missing one as missing."""
    if load_catalogue().attributes[attribute].type != "code_list":
        return "value"
    return f"unnest(CASE WHEN stated IS NULL THEN [NULL] WHEN len(stated) = 0 THEN [{literal('')}] ELSE stated END)"


def words_of(attribute: str) -> dict[str, str]:
    """Chinese words of the cells of an attribute, as far as its cells are codes."""
    codes = load_catalogue().attributes[attribute].codes
    words = {"": "无"} if load_catalogue().attributes[attribute].type == "code_list" else {"true": "是", "false": "否"}
    if codes is not None:
        words |= {entry.code: entry.zh for entry in load_catalogue().lists[codes].values}
    return words
