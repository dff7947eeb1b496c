"""Clusters of units: each kind of cannot-link knowledge, decisions, rivals, and increments that equal a full run."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resolvers import mentions
from resolvers.linkage import assignment, cannot_link, clusters, nuclei, units
from sources.catalogue import load_catalogue
from tests.factories import a_record, an_empty_city

FATHER, MOTHER, CHILD, TWIN = "421099196503127217", "421099196708034521", "421099201105069236", "421099201105068620"
OTHER_MOTHER, FATHERS_OLD = "421099193506114873", "421099196503124518"

Record = tuple[str, dict[str, Any]]
Side = tuple[int, str]


def typed(values: dict[str, Any]) -> dict[str, Any]:
    """Numbers given as valid ones."""
    columns = [column for column in values if column.endswith("id_number") or column.endswith("_id")]
    return values | {f"{column}_state": "valid" for column in columns if values[column]}


def registered(name: str, **values: Any) -> Record:
    return "household_registration", typed({"name": name, **values})


def born(name: str, **values: Any) -> Record:
    return "birth_family_support", typed({"child_name": name, **values})


def in_health(name: str, **values: Any) -> Record:
    return "health_records", typed({"name": name, **values})


def married(man: str, number: str, woman: str) -> Record:
    return "marriage_registration", typed({"man_name": man, "man_id": number, "man_birth": "1965-03-12", "woman_name": woman})


class Town:
    """A few records, their units, and pairs with the weights that a test states."""

    def __init__(self, records: list[Record]) -> None:
        self.con: duckdb.DuckDBPyConnection = an_empty_city()
        self.position = {}
        for position, (category, values) in enumerate(records):
            self.position[a_record(self.con, category, natural_key=f"k{position:03d}", **values)] = position
        for category in sorted({category for category, _ in records} or {"health_records"}):
            mentions.build(self.con, load_catalogue().contracts[category])
        nuclei.build(self.con)
        assignment.assign(self.con)
        assignment.share(self.con)
        units.build(self.con, "unit_mention", "unit")
        self.con.execute("CREATE TABLE pair (unit_l BIGINT, unit_r BIGINT, weight DOUBLE, probability DOUBLE, reason VARCHAR)")
        rows = self.con.execute("SELECT record_id, role, unit_id, mention_id FROM mention JOIN unit_mention USING (mention_id)").fetchall()
        self.unit = {(self.position[record], role): unit for record, role, unit, _ in rows}
        self.mention = {(self.position[record], role): mention for record, role, _, mention in rows}

    def pair(self, left: Side, right: Side, weight: float = 20.0, reason: str = "model") -> None:
        one, other = sorted((self.unit[left], self.unit[right]))
        self.con.execute("INSERT INTO pair VALUES (?, ?, ?, 0.999, ?)", [one, other, weight, reason])

    def decide(self, left: Side, right: Side, verdict: str) -> None:
        self.con.execute("INSERT INTO decided VALUES (?, ?, ?)", [self.mention[left], self.mention[right], verdict])

    def together(self, *sides: Side) -> bool:
        rows = dict(self.con.execute("SELECT unit_id, cluster FROM unit_cluster").fetchall())
        return len({rows.get(self.unit[side], self.unit[side]) for side in sides}) == 1

    def cuts(self) -> set[str]:
        return {reason for (reason,) in self.con.execute("SELECT reason FROM cut").fetchall()}


HOLDER = "holder"
A, B = (0, HOLDER), (1, HOLDER)
FAMILY = {"household_type": "1", "household_no": "421002000000001"}
BABY = {"child_birth": "2011-05-06", "child_sex": "1"}

TWO_PEOPLE: list[Any] = [
    pytest.param(
        [("marriage_registration", {"man_name": "王伟", "woman_name": "王伟", "man_birth": "1965-03-12", "woman_birth": "1965-03-12"})],
        (0, "spouse_a"),
        (0, "spouse_b"),
        "one_record",
        id="both spouses of a marriage",
    ),
    pytest.param(
        [
            ("social_assistance", typed({"name": "王伟", "case_no": "c1", "birth_date": "1965-03-12"})),
            ("social_assistance", typed({"name": "王伟", "case_no": "c1", "birth_date": "1965-03-12"})),
        ],
        A,
        B,
        "one_household",
        id="two members of one case",
    ),
    pytest.param(
        [
            registered("王芳", id_number=CHILD, birth_date="2011-05-06", **FAMILY),
            registered("王芳", id_number=TWIN, birth_date="2011-05-06", **FAMILY),
        ],
        A,
        B,
        "one_household",
        id="two registered members of one household, of one name",
    ),
    pytest.param(
        [in_health("王伟", id_number=FATHER, birth_date="1965-03-12"), in_health("王伟", id_number=OTHER_MOTHER, birth_date="1935-06-11")],
        A,
        B,
        "two_numbers",
        id="two valid numbers without a common birth date and family",
    ),
    *(
        pytest.param(
            [
                registered("王伟", id_number=FATHER, birth_date="1965-03-12", spouse_name=wife, father_name="王伟"),
                married("王伟", FATHERS_OLD, other),
            ],
            A,
            (1, "spouse_a"),
            "two_numbers",
            id=f"namesakes born on one day, {shows}",
        )
        for shows, wife, other in (("with wives of two names", "李静", "陈金花"), ("with one name in their own families", "李静", "王伟"))
    ),
    pytest.param(
        [registered("王大海", id_number=FATHER, birth_date="1965-03-12"), in_health("王小海", id_number=FATHER, birth_date="2011-05-06")],
        A,
        B,
        "number_of_another",
        id="a son who carries the number of his father",
    ),
    pytest.param(
        [registered("王芳", birth_date="2011-05-06", household_no="1"), registered("王芳", birth_date="2011-05-06", household_no="2")],
        A,
        B,
        "two_registrations",
        id="two registrations of one name and birth date",
    ),
    pytest.param(
        [born("未取名", birth_cert_no="T420000001", **BABY), born("未取名", birth_cert_no="T429999992", **BABY)],
        (0, "child"),
        (1, "child"),
        "two_births",
        id="two birth certificates",
    ),
    pytest.param(
        [
            born("王芳", woman_name="陈金花", woman_id=MOTHER, **BABY),
            registered("王芳", mother_name="李秀英", mother_id=OTHER_MOTHER, birth_date="2011-05-06"),
        ],
        (0, "child"),
        B,
        "two_mothers",
        id="two mothers, by number and name",
    ),
    pytest.param(
        [
            registered("王芳", birth_date="2011-05-06", status="3", cancel_date="2012-01-01"),
            in_health("王芳", birth_date="2013-05-06"),
        ],
        A,
        B,
        "born_after_death",
        id="born after the other's death",
    ),
    pytest.param(
        [
            in_health("王芳", birth_date="2011-05-06", guardian_name="陈金花", guardian_id=MOTHER),
            in_health("王英", birth_date="2011-05-06", guardian_name="陈金花", guardian_id=MOTHER),
        ],
        A,
        B,
        "twins",
        id="twins",
    ),
]


@pytest.mark.parametrize(("records", "left", "right", "reason"), TWO_PEOPLE)
def test_two_people_are_not_joined_by_any_weight(records: list[Record], left: Side, right: Side, reason: str) -> None:
    town = Town(records)
    assert town.unit[left] != town.unit[right]
    assert reason in reasons_between(town, left, right)
    town.pair(left, right, 99.0)
    clusters.cluster(town.con)
    assert not town.together(left, right)
    assert town.cuts() <= set(cannot_link.REASONS)


def reasons_between(town: Town, left: Side, right: Side) -> set[str]:
    """Every reason that `collect` knows for two units to be two people."""
    town.con.execute("CREATE TEMP TABLE component_unit AS SELECT DISTINCT unit_id, 0::BIGINT AS component FROM unit_mention")
    known = cannot_link.collect(town.con, [])
    one, other = town.unit[left], town.unit[right]
    rows = zip(known.left.tolist(), known.right.tolist(), known.code.tolist(), strict=True)
    found = {known.reasons[code] for a, b, code in rows if {a, b} == {one, other}}
    for rule in known.exclusions:
        stated = list(zip(rule.nodes.tolist(), rule.values.tolist(), strict=True))
        mine, theirs = ({value for node, value in stated if node == unit} for unit in (one, other))
        if mine and theirs and (not mine.isdisjoint(theirs) if rule.exclude_same else mine != theirs):
            found.add(rule.reason)
    return found


def test_two_sexes_need_more_than_a_number_or_one_typing() -> None:
    boy = [("pension_insurance", {"sex": "1"}), ("health_records", {"sex": "1"})]
    records = [(category, typed({"name": "王芳", "id_number": FATHER, "birth_date": "1965-03-12", **values})) for category, values in boy]
    girl = in_health("王芳", id_number=MOTHER, birth_date="1967-08-03", sex="2")
    town = Town([*records, girl])
    assert "two_sexes" in reasons_between(town, A, (2, HOLDER))
    slip = Town([*records, in_health("王芳", birth_date="1965-03-12", sex="2")])
    assert reasons_between(slip, A, (2, HOLDER)) == set()


ONE_PERSON: list[Any] = [
    pytest.param(
        [registered("王芳", birth_date="2011-05-06", status="3", cancel_date="2012-01-01"), in_health("王芳", birth_date="2011-05-06")],
        A,
        B,
        id="a register that has not heard of the death",
    ),
    pytest.param(
        [
            in_health("王伟", id_number=FATHER, birth_date="1965-03-12", phone="13900000001"),
            ("pension_insurance", typed({"name": "王伟", "id_number": MOTHER, "birth_date": "1965-03-12", "phone": "13900000001"})),
        ],
        A,
        B,
        id="two numbers with name, birth date and telephone",
    ),
    pytest.param(
        [registered("王伟", id_number=FATHER, birth_date="1965-03-12", spouse_name="李静"), married("王伟", FATHERS_OLD, "李静")],
        A,
        (1, "spouse_a"),
        id="two numbers with name, birth date and a relative's name",
    ),
    pytest.param(
        [born("未取名", birth_cert_no="T420000001", **BABY), born("未取名", birth_cert_no="T420000007", **BABY)],
        (0, "child"),
        (1, "child"),
        id="a slip in the number of the birth certificate",
    ),
]


@pytest.mark.parametrize(("records", "left", "right"), ONE_PERSON)
def test_what_is_no_knowledge_prevents_nothing(records: list[Record], left: Side, right: Side) -> None:
    town = Town(records)
    town.pair(left, right)
    outcome = clusters.cluster(town.con)
    assert town.together(left, right)
    assert (outcome.links, outcome.cuts) == (1, 0)


def three() -> Town:
    """Two people with numbers and a record without one."""
    return Town(
        [
            in_health("王伟", id_number=FATHER, birth_date="1965-03-12"),
            in_health("王伟", id_number=OTHER_MOTHER, birth_date="1935-06-11"),
            in_health("王伟", birth_date="1965-03-12"),
        ]
    )


C = (2, HOLDER)


def test_of_birth_dates_that_contradict_the_number_the_one_written_most_like_it_counts() -> None:
    """A card with a wrong year; of two dates stated once each, one is the year's slip, the other has nothing to do with it."""
    year_late = FATHER.replace("1965", "1966")
    town = Town([in_health("王伟", id_number=year_late, birth_date="1965-01-30"),
                 ("pension_insurance", typed({"name": "王伟", "id_number": year_late, "birth_date": "1965-03-12"}))])  # fmt: skip
    assert town.unit[A] == town.unit[B]
    assert town.con.execute("SELECT birth_date::VARCHAR FROM unit").fetchall() == [("1965-03-12",)]


def test_a_rival_of_nearly_the_same_weight_prevents_a_link() -> None:
    town = three()
    town.pair(A, C, 12.0)
    town.pair(B, C, 10.0)
    clusters.cluster(town.con)
    assert not town.together(A, C)
    assert town.cuts() == {"rival"}


def test_a_clear_lead_joins_and_the_rest_is_cut_with_its_reason() -> None:
    town = three()
    town.pair(A, C, 20.0)
    town.pair(B, C, 10.0)
    clusters.cluster(town.con)
    assert town.together(A, C)
    assert town.con.execute("SELECT weight, reason, method FROM cut").fetchall() == [(10.0, "two_numbers", "exact")]
    assert town.con.execute("SELECT count(*), min(weight) FROM link_edge").fetchone() == (1, 20.0)
    assert town.con.execute("SELECT cluster FROM cluster_confidence").fetchall() == [(min(town.unit[A], town.unit[C]),)]


def test_names_that_disagree_are_never_joined_by_weight() -> None:
    town = Town([in_health("王伟", birth_date="1965-03-12"), in_health("陈金花", birth_date="1965-03-12")])
    town.pair(A, B, 60.0)
    assert clusters.cluster(town.con).links == 0


@pytest.mark.parametrize("weight", [12.0, None], ids=["with a pair", "without any"])
def test_decisions_join_and_part(weight: float | None) -> None:
    for verdict in ("same", "different"):
        town = three()
        if weight:
            town.pair(A, C, weight)
        town.decide(A, C, verdict)
        outcome = clusters.cluster(town.con)
        assert town.together(A, C) is (verdict == "same")
        assert outcome.contradictions == ()


def test_a_decision_overrules_two_numbers() -> None:
    town = three()
    town.decide(A, B, "same")
    clusters.cluster(town.con)
    assert town.together(A, B)


def test_decisions_that_contradict_are_reported_and_not_applied() -> None:
    town = three()
    town.decide(A, B, "same")
    town.decide(B, C, "same")
    town.decide(A, C, "different")
    outcome = clusters.cluster(town.con)
    assert not town.together(A, B)
    assert not town.together(B, C)
    assert {(one.verdict, one.reason) for one in outcome.contradictions} == {("same", "decided_different")}
    assert len(outcome.contradictions) == 2


def test_a_contradiction_is_told_until_it_is_settled() -> None:
    town = three()
    town.decide(A, B, "same")
    town.decide(A, B, "different")
    town.con.execute("INSERT INTO decided VALUES ($1, 12345, 'same')", [town.mention[C]])
    told = {("same", "decided_different"), ("same", clusters.NO_UNIT)}
    assert {(one.verdict, one.reason) for one in clusters.cluster(town.con).contradictions} == told
    town.con.execute("CREATE TABLE nothing (unit_id BIGINT)")
    assert {(one.verdict, one.reason) for one in clusters.cluster(town.con, touched="nothing").contradictions} == told
    town.con.execute("DELETE FROM decided")
    assert clusters.cluster(town.con, touched="nothing").contradictions == ()


def test_every_reason_speaks_both_languages() -> None:
    assert all(reason.zh and reason.en and code == reason.code for code, reason in cannot_link.REASONS.items())


def test_nothing_to_cluster_leaves_empty_tables() -> None:
    town = Town([])
    assert clusters.cluster(town.con) == clusters.Outcome(0, 0, 0, ())
    assert town.con.execute("SELECT count(*) FROM unit_cluster").fetchone() == (0,)


Pairs = list[tuple[int, int, float]]
Decisions = list[tuple[int, int, str]]
PEOPLE = [
    ("王伟", FATHER),
    ("王伟", None),
    ("王伟", None),
    ("王伟", MOTHER),
    ("王伟", OTHER_MOTHER),
    ("王芳", None),
    ("王伟", None),
    ("王伟", None),
]
BIRTHS = {FATHER: "1965-03-12", MOTHER: "1967-08-03", OTHER_MOTHER: "1935-06-11", None: None}


@functools.cache
def a_town() -> Town:
    """Eight records, three with numbers; built once, tests lay pairs and decisions anew."""
    return Town([in_health(name, id_number=number, birth_date=BIRTHS[number]) for name, number in PEOPLE])


@st.composite
def days(draw: st.DrawFn) -> tuple[Pairs, Pairs, Decisions]:
    """Pairs of a first day, of a second day, and decisions of the second day."""
    every = list(itertools.combinations(range(len(PEOPLE)), 2))

    def pairs() -> Pairs:
        return [(a, b, draw(st.integers(0, 100)) / 4) for a, b in draw(st.lists(st.sampled_from(every), unique=True, max_size=12))]

    decisions = [(*pair, draw(st.sampled_from(["same", "different"]))) for pair in draw(st.lists(st.sampled_from(every), max_size=2))]
    return pairs(), pairs(), decisions


STATE = ("unit_cluster", "link_edge", "cut", "cluster_confidence", "refused_decision")


def state(town: Town) -> dict[str, list[Any]]:
    return {table: sorted(town.con.execute(f"FROM {table}").fetchall(), key=repr) for table in STATE}


def lay(town: Town, pairs: Iterable[tuple[int, int, float]]) -> None:
    town.con.execute("DELETE FROM pair")
    for a, b, weight in pairs:
        if town.unit[a, HOLDER] != town.unit[b, HOLDER]:
            town.pair((a, HOLDER), (b, HOLDER), weight)
    town.con.execute(
        "CREATE OR REPLACE TABLE pair AS SELECT unit_l, unit_r, max(weight) AS weight, 0.99 AS probability, 'model' AS reason "
        "FROM pair GROUP BY ALL"
    )


@settings(max_examples=20)
@given(days())
def test_an_increment_equals_a_full_run_and_holds_no_cannot_link(given_days: tuple[Pairs, Pairs, Decisions]) -> None:
    before, after, decisions = given_days
    town = a_town()
    town.con.execute("CREATE OR REPLACE TABLE decided (mention_l BIGINT, mention_r BIGINT, verdict VARCHAR)")
    lay(town, before)
    clusters.cluster(town.con)
    first = set(town.con.execute("SELECT unit_l, unit_r, weight FROM pair").fetchall())
    lay(town, after)
    changed = first ^ set(town.con.execute("SELECT unit_l, unit_r, weight FROM pair").fetchall())
    touched = {unit for left, right, _ in changed for unit in (left, right)}
    for a, b, verdict in decisions:
        town.decide((a, HOLDER), (b, HOLDER), verdict)
        touched |= {town.unit[a, HOLDER], town.unit[b, HOLDER]}
    town.con.execute("CREATE OR REPLACE TEMP TABLE changed AS SELECT unnest($1::BIGINT[]) AS unit_id", [sorted(touched)])
    clusters.cluster(town.con, touched="changed")
    found = state(town)
    clusters.cluster(town.con)
    assert found == state(town)
    same = {frozenset((town.unit[a, HOLDER], town.unit[b, HOLDER])) for a, b, verdict in decisions if verdict == "same"}
    numbers = dict(town.con.execute("SELECT DISTINCT unit_id, number FROM unit_mention WHERE number IS NOT NULL").fetchall())
    cluster_of = dict(found["unit_cluster"])
    for left, right in itertools.combinations([unit for unit in cluster_of if unit in numbers], 2):
        assert cluster_of[left] != cluster_of[right] or same


def test_a_gone_unit_leaves_its_cluster_and_its_edges() -> None:
    town = three()
    town.pair(A, C, 20.0)
    clusters.cluster(town.con)
    gone = town.unit[C]
    town.con.execute("DELETE FROM unit_mention WHERE unit_id = $1", [gone])
    town.con.execute("DELETE FROM unit WHERE unique_id = $1", [gone])
    town.con.execute("DELETE FROM pair")
    town.con.execute("CREATE TABLE changed AS SELECT $1::BIGINT AS unit_id", [gone])
    clusters.cluster(town.con, touched="changed")
    assert state(town) == {table: [] for table in STATE}
