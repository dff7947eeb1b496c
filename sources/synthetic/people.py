"""The families of the city: who belongs to whom, how old, of which sex.

Belongs here: household types, members, parents, spouses, twins. Does not: what happens to them later (lives.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
NOBODY = -1
SLOTS = ("A", "B", "C1", "C2", "G", "H")
RESIDENT, AWAY, EXTERNAL, MOVED_OUT, OUTSIDE = 0, 1, 2, 3, 4
POPULATIONS = ("resident", "away", "external", "moved_out", "outside")
TYPES = {  # share of households, members, ages of the first adult from and to
    "single": (0.09, ("A",), 20, 60),
    "single_elder": (0.075, ("A",), 60, 96),
    "couple": (0.08, ("A", "B"), 24, 58),
    "elder_couple": (0.135, ("A", "B"), 60, 90),
    "one_child": (0.155, ("A", "B", "C1"), 24, 50),
    "two_children": (0.11, ("A", "B", "C1", "C2"), 27, 50),
    "lone_parent": (0.045, ("A", "C1"), 26, 50),
    "three_generations": (0.19, ("A", "B", "C1", "C2", "G", "H"), 25, 48),
    "skipped_generation": (0.04, ("A", "B", "C1", "G", "H"), 26, 42),
    "grown_child": (0.08, ("A", "B", "C1", "G", "H"), 48, 66),
}
KINDS = tuple(TYPES)
MEAN_MEMBERS = 3.03
EXTERNAL_KINDS = ("single", "couple", "one_child")


@dataclass
class Families:
    """Arrays with one entry per person, and the slots of every household."""

    household: Array
    slot: Array
    sex: Array
    age: Array
    population: Array
    kind: Array
    father: Array
    mother: Array
    spouse: Array
    former_spouse: Array
    twin: Array
    members: dict[str, Array] = field(default_factory=dict)
    registered: int = 0

    @property
    def count(self) -> int:
        return len(self.sex)


def build(rng: np.random.Generator, residents: int) -> Families:
    """Registered families and families from elsewhere; relatives outside come later."""
    local = max(10, round(residents * 0.985 / MEAN_MEMBERS))
    foreign = max(2, round(residents * 310 / 6450 * 0.86 / 1.75))
    kind = np.r_[
        rng.choice(len(KINDS), local, p=[TYPES[name][0] for name in KINDS]),
        rng.choice([KINDS.index(name) for name in EXTERNAL_KINDS], foreign, p=[0.55, 0.25, 0.2]),
    ]
    present = _present(rng, kind)
    members, cursor = {}, 0
    for slot in SLOTS:
        members[slot] = np.where(present[slot], np.cumsum(present[slot]) - 1 + cursor, NOBODY)
        cursor += int(present[slot].sum())
    ages = _ages(rng, kind, present)
    families = _people(rng, kind, members, ages, cursor, local)
    _parents(rng, families, members, kind)
    return families


def _present(rng: np.random.Generator, kind: Array) -> dict[str, Array]:
    present = {slot: np.isin(kind, [index for index, name in enumerate(KINDS) if slot in TYPES[name][1]]) for slot in SLOTS}
    three = kind == KINDS.index("three_generations")
    present["C2"] &= ~three | (rng.random(len(kind)) < 0.45)
    keep = rng.random(len(kind))
    present["G"] &= ~three | (keep < 0.75)
    present["H"] &= ~three | (keep > 0.2)
    grown = kind == KINDS.index("grown_child")
    present["G"] &= ~grown | (keep < 0.35)
    present["H"] &= ~grown | ((keep > 0.1) & (keep < 0.72))
    return present


def _within(rng: np.random.Generator, ages: Array, low: Array | float, high: Array | float) -> Array:
    """Ages inside the bounds; those outside are spread over some years inside, never heaped on one day."""
    spread = rng.uniform(0, 4, len(ages))
    return np.where(ages < low, low + spread, np.where(ages > high, high - spread, ages))


def _ages(rng: np.random.Generator, kind: Array, present: dict[str, Array]) -> dict[str, Array]:
    low = np.array([TYPES[name][2] for name in KINDS])[kind]
    high = np.array([TYPES[name][3] for name in KINDS])[kind]
    size = len(kind)
    share = np.where(low >= 60, rng.beta(1.0, np.where(low + high > 152, 1.5, 1.2), size), rng.random(size))
    head = low + (high - low) * share
    wife = _within(rng, head - rng.normal(2, 2.6, size), 20.5, 98)
    grown = kind == KINDS.index("grown_child")
    first = np.where(grown, wife - rng.uniform(22, 30, size), wife - rng.uniform(21, 31, size))
    lone = kind == KINDS.index("lone_parent")
    first = np.where(lone, head - rng.uniform(22, 31, size), first)
    first = np.where(first < 0.02, rng.uniform(0.02, 3, size), first)
    first = np.where(
        grown,
        _within(rng, first, 18.5, 60),
        _within(rng, first, 0, np.where(kind == KINDS.index("skipped_generation"), 17, 25)),
    )
    second = first - rng.uniform(1.3, 7, size)
    young = (second < 0.02) & present["C2"]
    second = np.where(young, rng.uniform(0.02, 2.0, size), second)
    first = np.where(young, second + rng.uniform(1.3, 4, size), first)
    wife = np.where(present["C1"] & (wife < first + 19), first + 19 + rng.uniform(0, 2, size), wife)
    head = np.where(present["C1"] & ~present["B"] & (head < first + 19.5), first + 19.5 + rng.uniform(0, 2, size), head)
    grandfather = _within(rng, head + rng.uniform(21, 31, size), 45, 103)
    grandmother = _within(rng, np.maximum(grandfather - rng.normal(2, 2, size), head + 18), 44, 103)
    return {"A": head, "B": wife, "C1": first, "C2": second, "G": grandfather, "H": grandmother}


def _people(rng: np.random.Generator, kind: Array, members: dict[str, Array], ages: dict[str, Array], count: int, local: int) -> Families:
    nobody = np.full(count, NOBODY, dtype=np.int64)
    families = Families(
        nobody.copy(),
        np.zeros(count, dtype=np.int8),
        rng.integers(1, 3, count),
        np.zeros(count),
        np.zeros(count, dtype=np.int8),
        np.zeros(count, dtype=np.int8),
        nobody.copy(),
        nobody.copy(),
        nobody.copy(),
        nobody.copy(),
        np.zeros(count, dtype=bool),
        members,
    )
    for index, slot in enumerate(SLOTS):
        where = np.flatnonzero(members[slot] >= 0)
        ids = members[slot][where]
        families.household[ids], families.slot[ids], families.age[ids], families.kind[ids] = (
            where,
            index,
            ages[slot][where],
            kind[where],
        )
        if slot in "BH":
            families.sex[ids] = 2
        if slot == "G":
            families.sex[ids] = 1
    single = np.isin(families.kind, [KINDS.index("single"), KINDS.index("single_elder"), KINDS.index("lone_parent")])
    heads = (families.slot == 0) & ~single
    families.sex[heads] = 1
    widow = (families.slot == 0) & (families.kind == KINDS.index("single_elder"))
    families.sex[widow] = np.where(rng.random(int(widow.sum())) < 0.66, 2, 1)
    families.population[families.household >= local] = EXTERNAL
    families.registered = local
    for first, second in (("A", "B"), ("G", "H")):
        pair = np.flatnonzero((members[first] >= 0) & (members[second] >= 0))
        families.spouse[members[first][pair]] = members[second][pair]
        families.spouse[members[second][pair]] = members[first][pair]
    twins = np.flatnonzero((members["C1"] >= 0) & (members["C2"] >= 0) & (rng.random(len(kind)) < 0.03))
    first_child, second_child = members["C1"][twins], members["C2"][twins]
    families.age[first_child] = families.age[second_child]
    families.sex[second_child] = np.where(rng.random(len(twins)) < 0.65, families.sex[first_child], families.sex[second_child])
    families.twin[first_child] = families.twin[second_child] = True
    return families


def _parents(rng: np.random.Generator, families: Families, members: dict[str, Array], kind: Array) -> None:
    for child in ("C1", "C2"):
        where = np.flatnonzero(members[child] >= 0)
        lone = kind[where] == KINDS.index("lone_parent")
        head, ids = members["A"][where], members[child][where]
        male = families.sex[head] == 1
        families.father[ids] = np.where(~lone | male, head, NOBODY)
        families.mother[ids] = np.where(lone, np.where(male, NOBODY, head), members["B"][where])
    where = np.flatnonzero((members["A"] >= 0) & ((members["G"] >= 0) | (members["H"] >= 0)))
    families.father[members["A"][where]] = members["G"][where]
    families.mother[members["A"][where]] = members["H"][where]
    _parents_elsewhere(rng, families, members, kind)


def _parents_elsewhere(rng: np.random.Generator, families: Families, members: dict[str, Array], kind: Array) -> None:
    """Adults whose parents live as elders in a household of their own."""
    elders = np.flatnonzero(np.isin(kind, [KINDS.index("elder_couple"), KINDS.index("single_elder")]))
    elders = elders[elders < families.registered]
    adults = np.flatnonzero(
        (families.father < 0)
        & (families.mother < 0)
        & (families.age < 62)
        & (families.slot <= 1)
        & (families.household < families.registered)
        & (families.age > 20)
    )
    if not len(elders):
        return
    for _ in range(3):
        adults = adults[(families.father[adults] < 0) & (families.mother[adults] < 0)]
        choice = elders[rng.integers(0, len(elders), len(adults))]
        first, second = members["A"][choice], members["B"][choice]
        gap = np.minimum(families.age[first], np.where(second >= 0, families.age[second], 200)) - families.age[adults]
        fits = (gap > 19) & (gap < 38) & (families.age[first] - families.age[adults] < 45)
        ids, first, second = adults[fits], first[fits], second[fits]
        male = families.sex[first] == 1
        families.father[ids] = np.where(male, first, NOBODY)
        families.mother[ids] = np.where(male, second, first)


def add_outside(families: Families, rng: np.random.Generator) -> None:
    """Relatives in no register: dead and former spouses of singles, parents of adults who have none in the city."""
    single = np.isin(families.kind, [KINDS.index("single"), KINDS.index("single_elder"), KINDS.index("lone_parent")]) & (families.slot == 0)
    draw = rng.random(families.count)
    with_former = np.flatnonzero(single & (families.age > 29) & (draw < np.where(families.age > 60, 0.85, 0.55)))
    first = families.count
    _append(
        families,
        3 - families.sex[with_former],
        _within(rng, families.age[with_former] + rng.normal(1, 3, len(with_former)), 23, 104),
        families.household[with_former],
    )
    former = first + np.arange(len(with_former))
    families.former_spouse[with_former], families.former_spouse[former] = former, with_former
    orphans = np.flatnonzero(
        (families.father[:first] < 0)
        & (families.mother[:first] < 0)
        & (families.slot[:first] <= 1)
        & (families.age[:first] < 66)
        & (rng.random(first) < 0.3)
    )
    for sex in (1, 2):
        start = families.count
        _append(
            families,
            np.full(len(orphans), sex),
            _within(rng, families.age[orphans] + rng.uniform(21, 32, len(orphans)), 42, 104),
            np.full(len(orphans), NOBODY),
        )
        column = families.father if sex == 1 else families.mother
        column[orphans] = start + np.arange(len(orphans))


def _append(families: Families, sex: Array, age: Array, household: Array) -> None:
    count = len(sex)
    nobody = np.full(count, NOBODY, dtype=np.int64)
    additions: dict[str, Array] = {
        "household": household,
        "slot": np.full(count, 9),
        "sex": sex,
        "age": age,
        "population": np.full(count, OUTSIDE),
        "kind": np.full(count, 99),
        "father": nobody,
        "mother": nobody,
        "spouse": nobody,
        "former_spouse": nobody,
        "twin": np.zeros(count, dtype=bool),
    }
    for name, values in additions.items():
        setattr(families, name, np.concatenate([getattr(families, name), values.astype(getattr(families, name).dtype)]))
