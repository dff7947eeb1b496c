"""Steps that clean a value, by name: what may stand in the columns of a model file.

Belongs here: the list of steps and the check of their arguments. Does not: their SQL (preparing.py).
"""

from __future__ import annotations

STEPS: dict[str, str] = {
    "fold": "small letters without accents, blanks at the ends and doubled blanks away",
    "lower": "small letters",
    "unaccent": "letters without accents",
    "plain": "punctuation becomes a blank, doubled blanks become one",
    "letters": "only letters, of any script",
    "digits": "only digits",
    "alphanumeric": "only letters and digits, of any script",
    "missing:A|B": "these values (after the steps before) mean that nothing is stated",
    "replace:A|B": "every A inside becomes B",
    "first:N": "the first N characters",
    "last:N": "the last N characters",
    "word:N": "the N-th word, from the end when N is negative",
    "at_least:N": "shorter than N characters: missing",
    "no_zeros": "leading zeros away",
    "date": "a date: ISO, yyyymmdd, dd/mm/yyyy; or as date:FORMAT with the format of strptime. What is no date is missing",
    "number": "a number; what is none is missing",
    "year": "the year of a date (a number)",
    "sorted": "words in alphabetical order",
    "words": "a list of the words (words:N only those of N characters or more)",
    "qgrams:N": "a list of all runs of N characters",
}
"""The steps of a column and what each does. `words` and `qgrams` make a list and come last."""


LIST_STEPS = frozenset({"words", "qgrams"})


def step_parts(step: str) -> tuple[str, str | None]:
    """Word and argument of a step."""
    word, colon, argument = step.partition(":")
    return word, argument if colon else None


_ARGUMENTS = {
    "missing": True,
    "replace": True,
    "first": True,
    "last": True,
    "word": True,
    "at_least": True,
    "qgrams": True,
    "date": None,
    "words": None,
}
"""Whether a step takes an argument: always (True), if wanted (None)."""


def check_step(step: str) -> None:
    """Raise ValueError for a step that nobody knows or an argument that is none."""
    word, argument = step_parts(step)
    if word not in {step_parts(known)[0] for known in STEPS}:
        raise ValueError(f"unknown step {step!r}; known are {', '.join(STEPS)}")
    needs = _ARGUMENTS.get(word, False)
    if needs is not None and needs != bool(argument):
        raise ValueError(f"step {step!r}: {'an argument is missing' if needs else 'takes no argument'}")
    if word in {"first", "last", "word", "at_least", "qgrams"} or (word == "words" and argument):
        number = (argument or "").removeprefix("-" if word == "word" else "\0")
        if not number.isdigit() or int(number) < 1:
            raise ValueError(f"step {step!r}: the argument must be a number from 1")
    if word == "replace" and (argument or "").count("|") != 1:
        raise ValueError(f"step {step!r}: write replace:old|new")
