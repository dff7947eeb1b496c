"""How two units are compared, and which pairs are compared at all.

Belongs here: comparisons with their levels and default parameters, and blocking rules, each with the true pairs it is there for. Does not:
learning parameters (training.py), the model file (model.py), scoring (scoring.py).

Splink adds the weights of comparisons as if they were independent. Where one follows from another, the later one has levels of its own for
that case, whose u is counted among pairs of two people who already share the first ("levels conditional on what is counted"):

    number       contains birth date and sex: a slip in a number weighs less when the birth date agrees, which its digits repeat
    phone        families share telephones: `shared` is another level when a dwelling or the family is shared too
    place        families share dwellings: `same dwelling` is another level when the family is shared too; dwelling, community and
                 township are levels of one comparison, so that only the finest counts
    birth date   twins share family and birth date: under another name, an equal birth date in one family weighs what it does among siblings
    name         brothers and sisters share the surname and often a character: one character apart is another level in one family
    rarity       how rare a name is belongs to its level; the frequency is frozen with the model (`rarity` of a unit), so that a pair weighs
                 the same in a full run and in an increment

What is left of dependence is measured on held-out people and taken back by the slope of the calibration (calibration.py).
"""

from __future__ import annotations

from typing import Any

from resolvers.linkage.nuclei import characters_apart, like_pattern


def _either(condition: str) -> str:
    """A condition that may hold with left and right exchanged."""
    swapped = condition.replace("_l", "_\0").replace("_r", "_l").replace("_\0", "_r")
    return f"(({condition}) OR ({swapped}))"


_DAYS = "abs(date_diff('day', birth_date_l, birth_date_r))"
_TEXT_DATES = "strftime(birth_date_l, '%Y%m%d'), strftime(birth_date_r, '%Y%m%d')"
_SWAPPED = "year(birth_date_l) = year(birth_date_r) AND month(birth_date_l) = day(birth_date_r) AND day(birth_date_l) = month(birth_date_r)"


_NUMBER_L, _NUMBER_R = "coalesce(number_l, id_typed_l)", "coalesce(number_r, id_typed_r)"
_BIRTH_EQUAL = "coalesce(birth_date_l = birth_date_r OR list_has_any(births_l, births_r), false)"
_SAME_DWELLING = "list_has_any(dwellings_l, dwellings_r)"
_SAME_FAMILY = "(list_has_any(households_l, households_r) OR list_has_any(relative_numbers_l, relative_numbers_r))"
_NEAR = f"(coalesce({_SAME_DWELLING}, false) OR coalesce({_SAME_FAMILY}, false))"
_OTHER_CHILD = f"(coalesce({_SAME_FAMILY}, false) AND NOT damaged_l AND NOT damaged_r AND plain_l <> plain_r AND sound_l <> sound_r)"
_ONE_APART = (
    f"surname_l = surname_r AND length(plain_l) = length(plain_r) AND length(plain_l) >= 3 AND {characters_apart('plain_l', 'plain_r')} = 1"
)
_NO_FAMILY = "relative_numbers_{0} IS NULL AND relative_names_{0} IS NULL AND households_{0} IS NULL"

Level = tuple[str, str, float, float]
"""Label, SQL condition, default m, default u."""

RARITY_BOUNDS = (1 / 500, 1 / 2_000, 1 / 8_000, 1 / 32_000)
"""Shares of people with one name, descending, between which names are equally rare; a step is two bits of weight."""

RARITY_TYPICAL = {4: 1 / 100_000, 3: 1 / 16_000, 2: 1 / 4_000, 1: 1 / 1_000, 0: 1 / 250}
"""A share within each step, from the rarest."""


def rarity_label(step: int) -> str:
    """Label of the level of equal names in a step of `rarity`: 0 is the most common."""
    if step == 0:
        return f"equal, a name that more than one in {round(1 / RARITY_BOUNDS[0]):,} has"
    return f"equal, a name that one in {round(1 / RARITY_BOUNDS[step - 1]):,} has at most"


def rarity_of(share: str) -> str:
    """SQL: the step of the share of people with a name; a name that nobody had at training is of the rarest step."""
    steps = " ".join(f"WHEN {share} > {bound} THEN {step}" for step, bound in enumerate(RARITY_BOUNDS))
    return f"CASE {steps} ELSE {len(RARITY_BOUNDS)} END"


COMPARISONS: dict[str, tuple[str, tuple[Level, ...]]] = {
    "name": (
        "sound_l IS NULL OR sound_r IS NULL",
        (
            *(
                (rarity_label(step), f"plain_l = plain_r AND rarity_l = {step}", 0.93 / 5, 0.93 / 5 * typical)
                for step, typical in RARITY_TYPICAL.items()
            ),
            ("equal", "plain_l = plain_r", 0.93, 0.002),
            ("equal to another name of the person", "list_has_any(names_l, names_r)", 0.008, 0.0005),
            (
                "damaged or typed in pinyin",
                f"(damaged_l OR damaged_r) AND (sound_l = sound_r OR {_either('plain_l LIKE ' + like_pattern('plain_r'))})",
                0.02,
                0.001,
            ),
            ("same sound", "sound_l = sound_r", 0.02, 0.001),
            (
                "husband's surname in front",
                _either("own_form_l = plain_r OR (own_form_l LIKE '%~' AND plain_r LIKE " + like_pattern("own_form_l") + ")"),
                0.004,
                0.002,
            ),
            (
                "given name in another order",
                "surname_l = surname_r AND length(plain_l) = length(plain_r) AND plain_l <> plain_r "
                "AND length(plain_l) - length(surname_l) = 2 AND right(plain_l, 2) = reverse(right(plain_r, 2))",
                0.001,
                0.00002,
            ),
            ("one character apart, in one family", f"{_ONE_APART} AND coalesce({_SAME_FAMILY}, false)", 0.002, 0.05),
            ("one character apart", _ONE_APART, 0.004, 0.004),
            ("different", "ELSE", 0.01, 0.98),
        ),
    ),
    "birth_date": (
        "birth_date_l IS NULL OR birth_date_r IS NULL",
        (
            ("equal, in one family, by another name", f"{_BIRTH_EQUAL} AND {_OTHER_CHILD}", 0.98, 0.02),
            ("equal", "birth_date_l = birth_date_r OR list_has_any(births_l, births_r)", 0.965, 0.00005),
            ("15 to 55 days apart (traditional calendar)", f"{_DAYS} BETWEEN 15 AND 55", 0.012, 0.003),
            ("day and month exchanged", _SWAPPED, 0.002, 0.00003),
            ("one digit", f"levenshtein({_TEXT_DATES}) = 1", 0.006, 0.0015),
            ("same year", "year(birth_date_l) = year(birth_date_r)", 0.003, 0.012),
            ("different", "ELSE", 0.005, 0.98),
        ),
    ),
    "sex": (
        "sex_l IS NULL OR sex_r IS NULL",
        (("equal", "sex_l = sex_r", 0.995, 0.5), ("different", "ELSE", 0.005, 0.5)),
    ),
    "number": (
        f"{_NUMBER_L} IS NULL OR {_NUMBER_R} IS NULL OR length({_NUMBER_L}) <> 18 OR length({_NUMBER_R}) <> 18",
        (
            ("two valid numbers", "number_l IS NOT NULL AND number_r IS NOT NULL", 0.003, 1.0),
            ("one slip, birth date equal", f"damerau_levenshtein({_NUMBER_L}, {_NUMBER_R}) <= 1 AND {_BIRTH_EQUAL}", 0.85, 0.01),
            ("one slip", f"damerau_levenshtein({_NUMBER_L}, {_NUMBER_R}) <= 1", 0.85, 1e-6),
            (
                "cut by a spreadsheet",
                f"left({_NUMBER_L}, 15) = left({_NUMBER_R}, 15) AND '000' IN (right({_NUMBER_L}, 3), right({_NUMBER_R}, 3))",
                0.05,
                0.002,
            ),
            (
                "birth part contradicts",
                f"levenshtein(substr({_NUMBER_L}, 7, 8), substr({_NUMBER_R}, 7, 8)) > 1",
                0.05,
                0.98,
            ),
            ("different", "ELSE", 0.05, 0.5),
        ),
    ),
    "age": (
        f"NOT {_either('grown_up_l AND birth_date_l IS NULL AND birth_date_r IS NOT NULL')}",
        (
            ("grown up, as the role says", "NOT coalesce(minor_l, false) AND NOT coalesce(minor_r, false)", 0.998, 0.8),
            ("a minor in the role of a grown-up", "ELSE", 0.002, 0.2),
        ),
    ),
    "phone": (
        "phones_l IS NULL OR phones_r IS NULL",
        (
            (
                "shared, in one dwelling or family",
                f"list_has_any(phones_l, phones_r) AND {_NEAR}",
                0.5,
                0.2,
            ),
            ("different, in one dwelling or family", _NEAR, 0.5, 0.8),
            ("shared", "list_has_any(phones_l, phones_r)", 0.5, 0.0002),
            ("different", "ELSE", 0.5, 0.9998),
        ),
    ),
    "place": (
        "(townships_l IS NULL OR townships_r IS NULL) AND (dwellings_l IS NULL OR dwellings_r IS NULL)",
        (
            ("same dwelling, in one family", f"{_SAME_DWELLING} AND coalesce({_SAME_FAMILY}, false)", 0.7, 0.5),
            (
                "elsewhere, in one family",
                f"coalesce({_SAME_FAMILY}, false) AND dwellings_l IS NOT NULL AND dwellings_r IS NOT NULL",
                0.3,
                0.5,
            ),
            ("same dwelling", _SAME_DWELLING, 0.45, 0.0003),
            ("same community", "list_has_any(communities_l, communities_r)", 0.28, 0.01),
            ("same township", "list_has_any(townships_l, townships_r)", 0.15, 0.04),
            ("different", "ELSE", 0.12, 0.95),
        ),
    ),
    "family": (
        f"({_NO_FAMILY.format('l')}) OR ({_NO_FAMILY.format('r')})",
        (
            (
                "same household or relative's number",
                _SAME_FAMILY,
                0.4,
                0.0003,
            ),
            ("relative of the same name", "list_has_any(relative_names_l, relative_names_r)", 0.3, 0.002),
            ("different", "ELSE", 0.3, 0.998),
        ),
    ),
}
"""By comparison: when it says nothing, and its levels from the strongest; the defaults hold where there is too little
to learn from."""

_COMPARISON_LABELS = {name: tuple(label for label, *_ in levels) for name, (_, levels) in COMPARISONS.items()}


def _rest(name: str, *alone: str) -> tuple[tuple[str, ...], ...]:
    """Cases of a comparison: levels that are a case of their own, and all others."""
    return (*((label,) for label in alone), tuple(label for label in _COMPARISON_LABELS[name] if label not in alone))


CONDITIONAL: dict[str, tuple[tuple[str, ...], ...]] = {
    "name": _rest("name", "equal"),
    "number": _rest("number", "one slip, birth date equal"),
    "birth_date": _rest("birth_date", "equal, in one family, by another name"),
    "phone": (("shared, in one dwelling or family", "different, in one dwelling or family"), ("shared", "different")),
    "place": (
        ("same dwelling, in one family", "elsewhere, in one family"),
        ("same dwelling", "same community", "same township", "different"),
    ),
}
"""Comparisons whose levels fall into cases that another comparison decides: m holds within the case, and sums to one there unless the
case is one level. Equal names without a step of rarity (no model was trained) are such a case."""

_ONE_ALONE = "NOT (l.anchored AND r.anchored)"


def blocking_rules() -> list[dict[str, Any]]:
    """Which pairs are compared. All but the last leave out pairs of two people with different valid numbers."""
    return [
        # Most true pairs: the name as said, on the same birthday. Fails for renamed, damaged and married names
        # and for wrong birthdays.
        {"blocking_rule": f"l.birth_date = r.birth_date AND l.sound = r.sound AND {_ONE_ALONE}"},
        # Rare characters lost, newborns named later by another given name: the same birthday and surname.
        {"blocking_rule": f"l.birth_date = r.birth_date AND l.surname = r.surname AND {_ONE_ALONE}"},
        # Newborns without a name, names typed in pinyin, husband's surname in front: the birthday with a relative's
        # number or a dwelling.
        {
            "blocking_rule": f"l.birth_date = r.birth_date AND l.relative_numbers = r.relative_numbers AND {_ONE_ALONE}",
            "arrays_to_explode": ["relative_numbers"],
        },
        {
            "blocking_rule": f"l.birth_date = r.birth_date AND l.dwellings = r.dwellings AND {_ONE_ALONE}",
            "arrays_to_explode": ["dwellings"],
        },
        # Owners of dwellings without number or birthday, birthdays by the traditional calendar: the name and a
        # telephone or dwelling.
        {
            "blocking_rule": f"l.sound = r.sound AND l.phones = r.phones AND {_ONE_ALONE}",
            "arrays_to_explode": ["phones"],
        },
        {
            "blocking_rule": f"l.sound = r.sound AND l.dwellings = r.dwellings AND {_ONE_ALONE}",
            "arrays_to_explode": ["dwellings"],
        },
        # Old marriages: both spouses by name, a birthday by the traditional calendar or none.
        {
            "blocking_rule": f"l.sound = r.sound AND l.relative_names = r.relative_names AND {_ONE_ALONE}",
            "arrays_to_explode": ["relative_names"],
        },
        # Owners in a village: the name inside one community, where nobody else has it.
        {
            "blocking_rule": f"l.plain = r.plain AND l.communities = r.communities AND {_ONE_ALONE}",
            "arrays_to_explode": ["communities"],
        },
        # A number that was corrected: two valid numbers, one name and birthday.
        {"blocking_rule": "l.birth_date = r.birth_date AND l.plain = r.plain AND l.anchored AND r.anchored"},
    ]
