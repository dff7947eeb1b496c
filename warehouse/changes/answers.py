"""What a department answers to offers by the returned file of `onegrid changes export`.

Belongs here: handing the answers of a file to the book, with an account of every line. Does not: reading files
(warehouse/outbox/returned.py), steps (lifecycle.py).
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from warehouse.changes import lifecycle
from warehouse.changes.lifecycle import WORDS, Answering, ChangeRefused, State
from warehouse.outbox.returned import Fate, Line, Stated, Titles, judged, read

TITLES = Titles("change_id", "编号", "版本", "答复", "理由")
STATES = {"接受": State.ACCEPTED, "accept": State.ACCEPTED, "reject": State.REJECTED} | {
    word: state for state in (State.ACCEPTED, State.REJECTED) for word in (*WORDS[state], state.value)}
"""What may stand in the column of the answer."""


def bring(home: Path, file: Path, department: str, account: str, *, now: datetime) -> list[Line]:
    """Take the answers of a file in one transaction; every line that is not blank is in the result. Raises AnswersRefused, OfficeProblem.

    The same file again changes nothing. An answer on an older version than the book's is refused, and so is an offer to another department.
    """
    stated = read(file, TITLES)
    with lifecycle.answering(home, department, [one.identity for one in stated], account, now=now) as book:
        return [_taken(book, one) for one in stated]


def _taken(book: Answering, stated: Stated) -> Line:
    standing = book.standing(stated.identity)
    if standing is None:
        return stated.line(Fate.REFUSED, "this department has no such offer 本部门没有此建议")
    fate, why, to = judged(stated, STATES, standing.state)
    if to is not None:
        try:
            book.answer(stated.identity, int(stated.version), to, stated.reason or None)
            why = WORDS[to][0]
        except ChangeRefused as problem:
            fate, why = Fate.REFUSED, problem.what
    return stated.line(fate, why, standing.person_id)
