"""Chinese phrases to class queries: 沙市区80至100岁独居老人.

Belongs here: cutting a phrase into known words and putting them together. What is not understood is refused.
Does not: the words themselves (vocabulary.py), purposes and values (queries/).

Statements that follow one another all have to hold. 或 joins its two neighbours: one of them has to hold.
和 与 及 、 list places (somebody lives in one of them) and statements that cannot hold together (丧偶、离异); between
others they could mean "both" or "one of them", so they are refused. A smaller place narrows a larger one before it:
沙市区中山街道.
"""

from __future__ import annotations

import difflib
import unicodedata
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from sources.errors import OneGridError
from warehouse.queries.values import present_division
from warehouse.vocabulary import CITY, PROVINCE, Kind, Word, fixed_words, words_at

LONGEST_PHRASE = 200


class PhraseNotUnderstood(OneGridError):
    """A part of the phrase has no meaning here; `unknown` are those parts, `understood` the others."""

    def __init__(self, unknown: list[str], understood: list[str], hint: str) -> None:
        self.unknown, self.understood = tuple(unknown), tuple(understood)
        known = f"; understood: {' | '.join(understood)}" if understood else ""
        super().__init__(what=f"not understood: {' | '.join(unknown)}{known}", where="phrase", remedy=hint)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of the phrase and what it was understood as."""

    text: str
    tree: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Understood:
    """The query tree of a phrase, ready for `queries.parse_tree`, and its pieces in the order of the phrase."""

    query: dict[str, Any]
    pieces: tuple[Piece, ...]


@dataclass(slots=True)
class _Group:
    """Neighbouring words that make one condition: alternatives, each of which is a place or leaves."""

    kind: Kind
    texts: list[str] = field(default_factory=list)
    alternatives: list[tuple[Any, ...]] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(self.texts)


def understand(text: str) -> Understood:
    """What a phrase asks for. Raises PhraseNotUnderstood with the exact parts."""
    tidied = "".join(unicodedata.normalize("NFKC", text).split()).strip(".。?!")
    if not tidied or len(tidied) > LONGEST_PHRASE:
        raise PhraseNotUnderstood(
            [text[:20]], [], f"a phrase has 1 to {LONGEST_PHRASE} characters; for instance 沙市区80至100岁独居老人"
        )
    words = _cut(tidied)
    groups = _grouped(words)
    if not groups:
        raise PhraseNotUnderstood([tidied], [], "say whom you look for, for instance 沙市区80至100岁独居老人")
    _refuse_two_places(groups)
    pieces = [Piece(group.text, _tree(group)) for group in groups]
    parts: list[Any] = []
    for group, piece in zip(groups, pieces, strict=True):
        single = group.kind is Kind.STATEMENT and len(group.alternatives) == 1
        parts += [part for part in (group.alternatives[0] if single else [piece.tree]) if part not in parts]
    return Understood({"all": parts}, tuple(pieces))


def _cut(text: str) -> list[Word]:
    """The words of the phrase: as much as possible is understood, in as few and then as long words as possible."""
    best: list[tuple[tuple[int, int, int], list[Word | str]]] = [((0, 0, 0), [])]
    for end in range(len(text) - 1, -1, -1):
        (unknown, count, squares), rest = best[0]
        choices: list[tuple[tuple[int, int, int], list[Word | str]]] = [
            ((unknown + 1, count, squares), [text[end], *rest])
        ]
        for word in words_at(text, end):
            (unknown, count, squares), rest = best[len(word.text) - 1]
            choices.append(((unknown, count + 1, squares - len(word.text) ** 2), [word, *rest]))
        best.insert(0, min(choices, key=lambda choice: choice[0]))
    cut = best[0][1]
    if any(isinstance(word, str) for word in cut):
        raise _not_understood(cut)
    return [word for word in cut if isinstance(word, Word)]


def _not_understood(cut: list[Word | str]) -> PhraseNotUnderstood:
    unknown: list[str] = []
    understood: list[str] = []
    joined = False
    for word in cut:
        if isinstance(word, str):
            unknown = [*unknown[:-1], unknown[-1] + word] if joined else [*unknown, word]
        elif word.kind is not Kind.FILLER:
            understood.append(word.text)
        joined = isinstance(word, str)
    return PhraseNotUnderstood(unknown, understood, _suggestions(unknown))


def _suggestions(unknown: list[str]) -> str:
    """Words near to what was not understood: similar ones, and ones that share two characters."""
    known = [text for text, word in fixed_words().items() if word.kind in {Kind.PLACE, Kind.STATEMENT}]
    near: dict[str, None] = {}
    for part in unknown:
        pairs = {part[start : start + 2] for start in range(len(part) - 1)}
        near |= dict.fromkeys(difflib.get_close_matches(part, known, n=4, cutoff=0.5))
        near |= dict.fromkeys(
            sorted((word for word in known if any(pair in word for pair in pairs)), key=lambda w: (len(w), w))[:6]
        )
    if near:
        return f"perhaps: {', '.join(near)}"
    return "use the aliases of the classes (docs/queries.md), places of the city and ages such as 80岁以上"


def _grouped(words: list[Word]) -> list[_Group]:
    groups: list[_Group] = []
    joint: Word | None = None
    position = 0
    while position < len(words):
        word = words[position]
        if word.kind in {Kind.OR, Kind.LISTING}:
            if joint is not None or not groups:
                raise PhraseNotUnderstood(
                    [word.text], [group.text for group in groups], "或 and 和 stand between two words"
                )
            joint = word
        elif word.kind is not Kind.FILLER:
            group, position = _next_group(words, position)
            if joint is not None:
                _join(groups[-1], joint, group)
            else:
                groups.append(group)
            joint = None
        position += 1
    if joint is not None:
        raise PhraseNotUnderstood([joint.text], [group.text for group in groups], "或 and 和 stand between two words")
    return groups


def _next_group(words: list[Word], position: int) -> tuple[_Group, int]:
    """A statement, or a chain of places that narrow one another; returns the position of its last word."""
    word = words[position]
    if word.kind is Kind.STATEMENT:
        return _Group(Kind.STATEMENT, [word.text], [word.leaves]), position
    chain, of_the = [word], 0
    for following, candidate in enumerate(words[position + 1 :], position + 1):
        if candidate.kind in {Kind.PLACE, Kind.PREFIX}:
            chain.append(candidate)
            position, of_the = following, 0
        elif candidate.text == "的" and not of_the:
            of_the = 1
        else:
            break
    for wider, narrower in pairwise(chain):
        if not _inside(narrower.codes, wider.codes):
            raise PhraseNotUnderstood(
                [wider.text + narrower.text],
                [],
                f"{narrower.text} is not inside {wider.text}; join several places by 、 or 和",
            )
    last = chain[-1]
    if last.kind is Kind.PREFIX:
        raise PhraseNotUnderstood(
            [last.text], [], "say 荆州市 (the whole city), 荆州区 (the district), or a place inside"
        )
    return _Group(Kind.PLACE, ["".join(part.text for part in chain)], [last.codes]), position


def _inside(narrower: tuple[str, ...], wider: tuple[str, ...]) -> bool:
    """Every place of the first lies in a place of the second."""

    def within(code: str, area: str) -> bool:
        return area == PROVINCE or (area == CITY and code != PROVINCE) or present_division(code).startswith(area)

    return all(any(within(code, area) for area in wider) for code in narrower)


def _join(group: _Group, joint: Word, following: _Group) -> None:
    """Add an alternative to a group."""
    if group.kind is not following.kind:
        raise PhraseNotUnderstood(
            [group.text + joint.text + following.text],
            [],
            f"{joint.text} joins two places or two statements about persons, not one of each",
        )
    if group.kind is Kind.STATEMENT and joint.kind is Kind.LISTING and not _exclusive(group, following):
        raise PhraseNotUnderstood(
            [group.text + joint.text + following.text],
            [],
            f"say {group.text}或{following.text} (one of the two) or {group.text}且{following.text} (both)",
        )
    if joint.kind is Kind.OR:
        _refuse_shared_ending(group.texts[-1], following.text)
    group.texts += [joint.text, *following.texts]
    group.alternatives += following.alternatives


def _refuse_shared_ending(before: str, after: str) -> None:
    """独居或空巢老人 can mean 独居老人或空巢老人: where both are aliases, the whole words have to be said."""
    for start in range(1, len(after)):
        ending = after[start:]
        if before + ending in fixed_words() and not before.endswith(ending):
            raise PhraseNotUnderstood(
                [f"{before}或{after}"],
                [],
                f"say {before}{ending}或{after} if {ending} belongs to both, otherwise {after}或{before}",
            )


def _exclusive(group: _Group, following: _Group) -> bool:
    """True when nobody can be both: single codes of one attribute without a code in common."""
    (new,) = following.alternatives
    for old in group.alternatives:
        pair = (*old, *new)
        if len(pair) != 2 or any(leaf.get("op") != "in" for leaf in pair):
            return False
        one, other = pair
        if (one["class"], one.get("attribute")) != (other["class"], other.get("attribute")) or set(one["value"]) & set(
            other["value"]
        ):
            return False
    return True


def _tree(group: _Group) -> dict[str, Any]:
    if group.kind is Kind.PLACE:
        codes = list(dict.fromkeys(code for alternative in group.alternatives for code in alternative))
        return {"class": "residence_area", "op": "within", "value": codes[0] if len(codes) == 1 else codes}
    parts = [
        alternative[0] if len(alternative) == 1 else {"all": list(alternative)} for alternative in group.alternatives
    ]
    return parts[0] if len(parts) == 1 else {"any": parts}


def _refuse_two_places(groups: list[_Group]) -> None:
    places = [group.text for group in groups if group.kind is Kind.PLACE]
    if len(places) > 1:
        raise PhraseNotUnderstood(
            [" … ".join(places)], [], "somebody lives in one place: join several places by 、 or 和"
        )
