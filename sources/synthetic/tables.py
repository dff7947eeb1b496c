"""The word lists of this package, read once.

Belongs here: reading data/*.tsv. Does not: drawing from them.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def rows(name: str) -> list[list[str]]:
    """Rows of data/<name>.tsv without the header."""
    text = files(__package__).joinpath("data", f"{name}.tsv").read_text(encoding="utf-8")
    return [line.split("\t") for line in text.splitlines()[1:] if line]


@cache
def words(kind: str) -> list[str]:
    """The words of one kind of data/words.tsv."""
    return next(line[1].split() for line in rows("words") if line[0] == kind)


@cache
def mapping(name: str) -> dict[str, str]:
    """First column to second column of a table."""
    return {line[0]: line[1] for line in rows(name)}
