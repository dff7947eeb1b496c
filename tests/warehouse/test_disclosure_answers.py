"""Differencing attack: two statistics questions that differ by one person do not tell whether that person is counted.

The attacker knows the method, every other person and the published products; not the key. Each attack is played in many worlds, half of
them with the person, and measured by the advantage of the best rule: the distance between the two distributions of what is seen.
"""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from datetime import date

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.warehouse.profiles import a_person, create_profiles, publish
from warehouse.disclosure import LARGEST, STANDARD_DEVIATION, Perturbed, certainty, smallest_told
from warehouse.disclosure.noise import distribution, noise
from warehouse.disclosure.seed import made
from warehouse.queries import count, count_by, parse

MIN_CELL = 10
BOUND = 2 * certainty(1) - 1
"""Advantage over a guess that one answer gives who knows everybody else: 0.08 (right in 54 of 100 cases instead of 50)."""
WORLDS = 12_000
SLACK = 0.03
"""Of measuring a distance of distributions on so many worlds."""

Seen = Hashable
Teller = Callable[[bytes, frozenset[int], str], int | None]
"""(seed, the persons counted, the question) to what is told."""


def questions(seed: bytes, persons: frozenset[int], question: str) -> int | None:
    """The method."""
    return Perturbed(seed, MIN_CELL).told(len(persons), question)


def suppression(_seed: bytes, persons: frozenset[int], _question: str) -> int | None:
    """The former method: exact, small counts not told."""
    return None if 0 < len(persons) < MIN_CELL else len(persons)


def rounding(_seed: bytes, persons: frozenset[int], _question: str) -> int | None:
    """The former method of areas."""
    return None if 0 < len(persons) < MIN_CELL else (len(persons) + 5) // 10 * 10


def cell_keys(seed: bytes, persons: frozenset[int], _question: str) -> int | None:
    """The same noise, drawn by the persons counted (sum of record keys) instead of the question."""
    key = sum(int.from_bytes(hashlib.blake2b(seed + bytes([person]), digest_size=8).digest()) for person in persons)
    return Perturbed(seed, MIN_CELL).told(len(persons), str(key % 2**64))


def advantage(tell: Teller, others: int, attack: Callable[[Teller, bytes, int, bool], Seen], worlds: int = WORLDS) -> float:
    """Distance of what is seen with and without the person, over many keys: what the best rule gains over guessing, of 1."""
    seen: dict[bool, Counter[Seen]] = {True: Counter(), False: Counter()}
    for world in range(worlds):
        for present in (True, False):
            seed = hashlib.sha256(f"{world} {present}".encode()).digest()
            seen[present][attack(tell, seed, others, present)] += 1
    return sum(abs(seen[True][one] - seen[False][one]) for one in {*seen[True], *seen[False]}) / (2 * worlds)


def with_and_without(tell: Teller, seed: bytes, others: int, present: bool) -> Seen:
    """Everybody with the property, and everybody but whom a leaf excludes: the person. The difference decides."""
    without = frozenset(range(others))
    with_person = without | ({200} if present else frozenset())
    first, second = tell(seed, with_person, "property"), tell(seed, without, "property and not the person")
    return (first is None, second is None) if first is None or second is None else first - second


def against_the_truth(tell: Teller, seed: bytes, others: int, present: bool) -> Seen:
    """A published product, or knowing everybody else, gives the exact count without the person."""
    return tell(seed, frozenset(range(others + present)), "property")


def two_days(tell: Teller, seed: bytes, others: int, present: bool) -> Seen:
    """Yesterday without the person and today perhaps with; another snapshot has another seed."""
    yesterday = tell(made("key", date(2025, 5, 31), seed.hex()), frozenset(range(others)), "property")
    today = tell(made("key", date(2025, 6, 1), seed.hex()), frozenset(range(others + present)), "property")
    return (yesterday is None, today is None) if yesterday is None or today is None else today - yesterday


@pytest.mark.parametrize("others", [9, 10, 29, 30, 35, 120], ids=lambda n: f"{n}-others")
@pytest.mark.parametrize("attack", [with_and_without, against_the_truth, two_days], ids=lambda attack: attack.__name__)
def test_two_questions_that_differ_by_one_person_hardly_tell(attack: Callable[[Teller, bytes, int, bool], Seen], others: int) -> None:
    """Also at the border of what is told: being told or not is no better evidence."""
    assert advantage(questions, others, attack) <= BOUND + SLACK


@pytest.mark.parametrize(("method", "others"), [(suppression, 120), (suppression, 9), (rounding, 14), (cell_keys, 120)],
                         ids=["suppression", "suppression-at-the-border", "rounding", "cell-keys"])
def test_the_same_attack_succeeds_against_the_other_methods(method: Teller, others: int) -> None:
    assert advantage(method, others, with_and_without, worlds=2000) > 0.5


def test_many_questions_tell_as_much_as_the_formula_says() -> None:
    """An attacker who knows everybody else asks different questions that all turn on the person, and averages."""
    dice = random.Random(7)
    for answers in (1, 25, 100):
        right = 0
        for _ in range(1500):
            seed, present = dice.randbytes(8), dice.random() < 0.5
            excess = sum((questions(seed, frozenset(range(60 + present)), f"question {number}") or 0) - 60 for number in range(answers))
            right += (excess > answers / 2) == present
        assert abs(right / 1500 - certainty(answers)) < 0.06
    assert certainty(270) < 0.95 < certainty(272)


def test_noise_is_bounded_and_zero_in_the_mean() -> None:
    drawn = [noise(b"seed", f"question {number}") for number in range(40_000)]
    assert max(map(abs, drawn)) <= LARGEST
    assert abs(sum(drawn) / len(drawn)) < 4 * STANDARD_DEVIATION / len(drawn) ** 0.5
    assert abs(sum(one * one for one in drawn) / len(drawn) - STANDARD_DEVIATION**2) < 1
    weights = distribution()
    assert weights == weights[::-1]
    assert sum(weight for step, weight in zip(range(-LARGEST, LARGEST + 1), weights, strict=True) if abs(step) <= 10) > 0.95 * sum(weights)


@given(st.integers(0, 100), st.text(max_size=20))
def test_every_number_told_has_at_least_the_smallest_cell_behind_it(persons: int, asked: str) -> None:
    told = Perturbed(b"seed", MIN_CELL).told(persons, asked)
    assert told is None or (persons >= MIN_CELL and told >= smallest_told(MIN_CELL) and abs(told - persons) <= LARGEST)
    assert told == Perturbed(b"seed", MIN_CELL).told(persons, asked)


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """One person of 101, whom a leaf excludes, among 90 with the property; nobody else is so old."""
    dice = random.Random(3)
    with duckdb.connect() as connection:
        create_profiles(connection)
        publish(connection, date(2025, 6, 1))
        for number in range(90):
            a_person(connection, f"P{number:03}", age=dice.randint(60, 95), sex=dice.choice("12"), residence_county="421002",
                     living_alone=True)
        a_person(connection, "target", age=101, sex="1", residence_county="421002", living_alone=False)
        yield connection


def test_the_attack_on_the_real_answers(con: duckdb.DuckDBPyConnection) -> None:
    """Questions, breakdowns and totals of a snapshot under many keys, the person with and without the property."""
    alone = {"class": "living_arrangement", "attribute": "living_alone", "op": "is", "value": True}
    asked = parse({"purpose": "statistics", "query": alone})
    without = parse({"purpose": "statistics", "query": {"all": [alone, {"class": "age", "op": "lt", "value": 100}]}})
    exact = parse({"purpose": "grid_service", "query": alone})
    seen: dict[bool, list[int]] = {True: [], False: []}
    for present in (True, False):
        con.execute("UPDATE profile_open SET living_alone = ? WHERE person_id = 'target'", [present])
        assert count(con, exact).persons == 90 + present
        for world in range(150):
            publish(con, date(2025, 6, 1), f"{world} {present}".encode())
            first, second = count(con, asked).persons, count(con, without).persons
            assert first is not None
            assert second is not None
            assert count_by(con, asked, "sex").total.persons == first
            seen[present].append(first - second)
    equal = {present: differences.count(0) for present, differences in seen.items()}
    assert max(equal.values()) < 30, "equal answers are as rare without the person as with"
    right = sum(difference > 0.5 for difference in seen[True]) + sum(difference < 0.5 for difference in seen[False])
    assert right / 300 < certainty(1) + 0.1


SAME = [
    ({"class": "age", "op": "ge", "value": 60},
     {"not": {"any": [{"class": "age", "op": "lt", "value": 60}, {"class": "age", "op": "is_missing"}]}}),
    ({"class": "age", "op": "gt", "value": 59}, {"class": "age", "op": "ge", "value": 59.5}),
    ({"class": "age", "op": "between", "value": [60, 69]},
     {"all": [{"class": "age", "op": op, "value": value} for op, value in (("ge", 60), ("lt", 70), ("ge", 0))]}),
    ({"class": "sex", "op": "in", "value": ["2", "1"]}, {"any": [{"class": "sex", "op": "in", "value": [code]} for code in "12"]}),
    ({"class": "residence_area", "op": "within", "value": "421002"},
     {"class": "residence_area", "op": "within", "value": ["421002001", "421002"]}),
    ({"class": "sex", "op": "in", "value": ["1"]}, {"all": [{"all": [{"class": "sex", "op": "in", "value": ["1"]}]}, {
        "class": "vital_status", "op": "in", "value": ["1"]}]}),
]


@pytest.mark.parametrize(("one", "other"), SAME, ids=["not", "fractions", "limits", "any", "places", "alive"])
def test_ways_to_write_a_question_are_one_question(con: duckdb.DuckDBPyConnection, one: object, other: object) -> None:
    con.execute("UPDATE profile_open SET living_alone = false WHERE person_id = 'target'")
    for world in range(3):
        publish(con, date(2025, 6, 1), bytes([world]))
        first, second = (count(con, parse({"purpose": "statistics", "query": query})).persons for query in (one, other))
        assert first == second
