"""Clustering: what may never be, what is always best, and what must not matter."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resolvers.clustering import DECIDED, OVER_MERGED, RIVAL, CannotLinks, Edges, Exclusion, Options, Partition, partition

Rows = list[tuple[int, int, float]]
Pairs = list[tuple[int, int]]


def ids(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def clusters(found: Partition) -> set[frozenset[int]]:
    by_cluster: dict[int, set[int]] = {}
    for node, cluster in zip(found.node.tolist(), found.cluster.tolist(), strict=True):
        by_cluster.setdefault(cluster, set()).add(node)
    return {frozenset(nodes) for nodes in by_cluster.values()}


def labels(found: Partition) -> dict[int, int]:
    return dict(zip(found.node.tolist(), found.cluster.tolist(), strict=True))


def a_partition(rows: Rows, cannot: Pairs = (), must: Pairs = (), **options: object) -> Partition:  # type: ignore[assignment]
    return partition(
        Edges.of(rows),
        cannot=CannotLinks.of(cannot),
        must=np.array(must, np.int64).reshape(-1, 2),
        options=Options(**options),  # type: ignore[arg-type]
    )


@st.composite
def graphs(draw: st.DrawFn, most: int = 7, distinct: bool = True) -> tuple[int, Rows, list[bool], Pairs]:
    """Nodes, edges with weights of quarter bits (all different when `distinct`), which are acceptable, and cannot-links."""
    size = draw(st.integers(2, most))
    every = list(itertools.combinations(range(size), 2))
    pairs = draw(st.lists(st.sampled_from(every), unique=True, max_size=18))
    weights = draw(st.lists(st.integers(-40, 80), unique=distinct, min_size=len(pairs), max_size=len(pairs)))
    acceptable = draw(st.lists(st.sampled_from([True, True, True, False]), min_size=len(pairs), max_size=len(pairs)))
    cannot = draw(st.lists(st.sampled_from(every), unique=True, max_size=4))
    return size, [(a, b, weight / 4) for (a, b), weight in zip(pairs, weights, strict=True)], acceptable, cannot


def all_partitions(nodes: list[int]) -> Iterator[list[list[int]]]:
    if not nodes:
        yield []
        return
    for rest in all_partitions(nodes[1:]):
        yield [[nodes[0]], *rest]
        for place, part in enumerate(rest):
            yield [*rest[:place], [nodes[0], *part], *rest[place + 1 :]]


def value(parts: list[list[int]], gains: dict[tuple[int, int], float], forbidden: set[tuple[int, int]], absent: float) -> float:
    inside = [(min(a, b), max(a, b)) for part in parts for a, b in itertools.combinations(part, 2)]
    return -np.inf if forbidden.intersection(inside) else sum((gains.get(pair, absent) for pair in inside), start=0.0)


@given(graphs(), st.sampled_from([0.0, -0.5, -3.0]), st.sampled_from([0.0, 2.0]))
def test_small_components_are_solved_as_brute_force_would(
    graph: tuple[int, Rows, list[bool], Pairs], absent: float, threshold: float
) -> None:
    _, rows, acceptable, cannot = graph
    named = sorted({node for left, right, _ in rows for node in (left, right)})
    gains = {
        (a, b): w - threshold if ok and w >= threshold else min(w - threshold, 0) for (a, b, w), ok in zip(rows, acceptable, strict=True)
    }
    best = max((value(parts, gains, set(cannot), absent) for parts in all_partitions(named)), default=0.0)
    found = {
        exact: partition(
            Edges.of(rows, acceptable),
            cannot=CannotLinks.of(cannot),
            options=Options(threshold=threshold, absent_weight=absent, exact_nodes=exact),
        )
        for exact in (0, 12)
    }
    assert found[12].objective == pytest.approx(best, abs=1e-3)
    assert found[0].objective <= best + 1e-3
    parts = [sorted(part) for part in clusters(found[12])]
    assert value(parts, gains, set(cannot), absent) == pytest.approx(found[12].objective, abs=1e-3)


METHODS = [
    pytest.param({}, id="exact"),
    pytest.param({"exact_nodes": 0}, id="greedy"),
    pytest.param({"exact_nodes": 0, "absent_weight": -1.0}, id="greedy, absent pairs count"),
    pytest.param({"method": "average", "absent_weight": -0.25}, id="average"),
    pytest.param({"min_density": 0.8}, id="dense"),
    pytest.param({"lead": 3.0}, id="abstaining"),
]


@pytest.mark.parametrize("options", METHODS)
@settings(max_examples=60)
@given(
    graph=graphs(most=10),
    values=st.lists(st.integers(0, 3), min_size=10, max_size=10),
    must=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=2),
)
def test_no_cluster_holds_a_cannot_link_and_must_links_hold_or_are_refused(
    options: dict[str, object], graph: tuple[int, Rows, list[bool], Pairs], values: list[int], must: Pairs
) -> None:
    _, rows, acceptable, cannot = graph
    numbered = [(node, number) for node, number in enumerate(values) if number]
    exclusion = Exclusion("numbers", ids(*(n for n, _ in numbered)), ids(*(v for _, v in numbered)), False, frozenset({(1, 2)}))
    once = Exclusion("record", ids(0, 3, 5, 5), ids(7, 7, 8, 9), True)
    known = CannotLinks.of(cannot)
    known = CannotLinks(known.left, known.right, known.code, known.reasons, (exclusion, once))
    found = partition(
        Edges.of(rows, acceptable),
        cannot=known,
        must=np.array(must, np.int64).reshape(-1, 2),
        loose=ids(*(node for node, number in enumerate(values) if not number)),
        options=Options(**options),  # type: ignore[arg-type]
    )
    cluster_of = labels(found)
    for left, right in itertools.combinations(cluster_of, 2):
        if cluster_of[left] == cluster_of[right]:
            assert (left, right) not in cannot
            assert not (values[left] and values[right] and values[left] != values[right] and {values[left], values[right]} != {1, 2})
            assert (left, right) != (0, 3)
    refused = {one.must for one in found.refused}
    assert all(place in refused or cluster_of[a] == cluster_of[b] for place, (a, b) in enumerate(must))
    assert all(one.reason for one in found.refused)


@pytest.mark.parametrize("options", METHODS)
@settings(max_examples=60)
@given(graph=graphs(most=9), order=st.randoms(use_true_random=False))
def test_neither_the_order_of_edges_nor_the_numbers_of_nodes_matter(
    options: dict[str, object], graph: tuple[int, Rows, list[bool], Pairs], order: random.Random
) -> None:
    size, rows, acceptable, cannot = graph
    loose = [node for node in range(size) if node % 2]
    renamed = order.sample(range(100), size)
    together = list(zip(rows, acceptable, strict=True))
    order.shuffle(together)
    first = partition(Edges.of(rows, acceptable), cannot=CannotLinks.of(cannot), loose=ids(*loose), options=Options(**options))  # type: ignore[arg-type]
    again = partition(
        Edges.of([(renamed[b], renamed[a], w) for (a, b, w), _ in together], [ok for _, ok in together]),
        cannot=CannotLinks.of([(renamed[a], renamed[b]) for a, b in reversed(cannot)]),
        loose=ids(*(renamed[node] for node in loose)),
        options=Options(**options),  # type: ignore[arg-type]
    )
    assert {frozenset(renamed[node] for node in part) for part in clusters(first)} == clusters(again)


@pytest.mark.parametrize("options", METHODS)
@settings(max_examples=40)
@given(one=graphs(most=7), other=graphs(most=7))
def test_components_do_not_influence_each_other(
    options: dict[str, object], one: tuple[int, Rows, list[bool], Pairs], other: tuple[int, Rows, list[bool], Pairs]
) -> None:
    def solved(parts: list[tuple[int, tuple[int, Rows, list[bool], Pairs]]]) -> set[frozenset[int]]:
        rows = [(a + shift, b + shift, w) for shift, (_, rows, _, _) in parts for a, b, w in rows]
        acceptable = [ok for _, (_, _, flags, _) in parts for ok in flags]
        cannot = [(a + shift, b + shift) for shift, (_, _, _, pairs) in parts for a, b in pairs]
        loose = ids(*(shift + node for shift, (size, *_) in parts for node in range(0, size, 2)))
        return clusters(partition(Edges.of(rows, acceptable), cannot=CannotLinks.of(cannot), loose=loose, options=Options(**options)))  # type: ignore[arg-type]

    assert solved([(0, one), (100, other)]) == solved([(0, one)]) | solved([(100, other)])


@given(graphs(most=10, distinct=False))
def test_used_edges_span_the_clusters_and_cuts_name_the_rest(graph: tuple[int, Rows, list[bool], Pairs]) -> None:
    _, rows, acceptable, cannot = graph
    found = partition(Edges.of(rows, acceptable), cannot=CannotLinks.of(cannot), options=Options(threshold=2.0))
    cluster_of = labels(found)
    assert len(found.used) == len(cluster_of) - len(set(cluster_of.values()))
    assert all(acceptable[edge] and rows[edge][2] >= 2 for edge in found.used.tolist())
    left = {place for place, (a, b, w) in enumerate(rows) if acceptable[place] and w >= 2 and cluster_of[a] != cluster_of[b]}
    assert {cut.edge for cut in found.cuts} == left
    assert all(cut.reason in (DECIDED, OVER_MERGED) and cut.method in ("exact", "components") for cut in found.cuts)


def test_one_bad_edge_does_not_join_two_families() -> None:
    family = [(a, b, 9.0) for a, b in itertools.combinations(range(4), 2)]
    other = [(a, b, 9.0) for a, b in itertools.combinations(range(4, 8), 2)]
    found = a_partition([*family, *other, (3, 4, 6.0), (0, 5, -8.0)])
    assert clusters(found) == {frozenset(range(4)), frozenset(range(4, 8))}
    assert [(cut.edge, cut.reason, cut.method) for cut in found.cuts] == [(12, OVER_MERGED, "exact")]


def test_the_weaker_of_two_edges_to_two_people_is_cut() -> None:
    found = a_partition([(1, 2, 9.0), (2, 3, 7.0)], cannot=[(1, 3)])
    assert clusters(found) == {frozenset({1, 2}), frozenset({3})}
    assert [(cut.edge, cut.reason) for cut in found.cuts] == [(1, DECIDED)]


@pytest.mark.parametrize(
    ("weights", "joined"),
    [
        pytest.param((12.0, 10.0), False, id="nearly the same weight"),
        pytest.param((20.0, 10.0), True, id="a clear lead"),
        pytest.param((12.0, -1.0), True, id="a rival below the threshold and the lead"),
        pytest.param((3.0, -1.0), False, id="a rival below the threshold, within the lead"),
    ],
)
def test_a_loose_node_between_two_people_abstains(weights: tuple[float, float], joined: bool) -> None:
    edges = Edges.of([(1, 2, weights[0]), (1, 3, weights[1])])
    found = partition(edges, cannot=CannotLinks.of([(2, 3)]), loose=ids(1), options=Options(lead=6.64))
    assert (frozenset({1, 2}) in clusters(found)) is joined
    assert not any(cut.reason == RIVAL for cut in found.cuts) or not joined


def test_loose_nodes_abstain_together() -> None:
    edges = Edges.of([(1, 2, 40.0), (1, 3, 12.0), (2, 4, 11.0)])
    found = partition(edges, cannot=CannotLinks.of([(3, 4)]), loose=ids(1, 2), options=Options(lead=6.64))
    assert clusters(found) == {frozenset({1, 2}), frozenset({3}), frozenset({4})}
    assert [(cut.edge, cut.reason) for cut in found.cuts] == [(1, RIVAL), (2, RIVAL)]


def test_without_two_people_there_is_no_rival() -> None:
    found = partition(Edges.of([(1, 2, 12.0), (1, 3, 12.0)]), loose=ids(1), options=Options(lead=6.64))
    assert clusters(found) == {frozenset({1, 2, 3})}


def test_must_links_that_contradict_are_reported_and_not_applied() -> None:
    found = a_partition([(1, 5, 3.0), (7, 8, 1.0)], cannot=[(1, 3)], must=[(1, 2), (2, 3), (7, 9)])
    assert clusters(found) == {frozenset({1, 5}), frozenset({2}), frozenset({3}), frozenset({7, 8, 9})}
    assert [(one.must, one.reason) for one in found.refused] == [(0, DECIDED), (1, DECIDED)]


def test_a_must_link_weighs_more_than_evidence_against_it() -> None:
    assert clusters(a_partition([(1, 2, -50.0), (2, 3, 4.0)], must=[(1, 2)])) == {frozenset({1, 2, 3})}


def test_tables_without_duplicates_pair_one_to_one() -> None:
    source = Exclusion("same table", ids(1, 2, 11, 12), ids(0, 0, 1, 1), True)
    found = partition(Edges.of([(1, 11, 9.0), (1, 12, 8.0), (2, 11, 8.5), (2, 12, 2.0)]), cannot=CannotLinks(exclusions=(source,)))
    assert clusters(found) == {frozenset({1, 12}), frozenset({2, 11})}


def test_a_chain_falls_apart_where_density_is_asked_for() -> None:
    chain = [(n, n + 1, 5.0 + n / 8) for n in range(8)]
    assert len(clusters(a_partition(chain))) == 1
    assert all(len(part) <= 3 for part in clusters(a_partition(chain, min_density=0.6)))
    assert all(len(part) <= 2 for part in clusters(a_partition(chain, min_density=0.9)))


def test_of_two_rows_of_one_pair_the_stronger_acceptable_one_counts() -> None:
    found = partition(Edges.of([(1, 2, 3.0), (2, 1, 40.0), (1, 2, 50.0)], [True, True, False]))
    assert (found.used.tolist(), found.objective) == ([1], 40.0)


def test_statistics_tell_size_density_and_weakest_link() -> None:
    edges = Edges.of([(1, 2, 3.0), (2, 3, 4.0), (8, 9, 1.0), (9, 7, -1.0)])
    found = partition(edges, options=Options(threshold=0.5)).statistics(edges, 0.5)
    assert (found.cluster.tolist(), found.size.tolist(), found.weakest.tolist()) == ([1, 8], [3, 2], [3.0, 1.0])
    assert found.density.tolist() == pytest.approx([2 / 3, 1.0])


def test_nothing_gives_nothing() -> None:
    found = partition(Edges.of([]))
    assert (len(found.node), found.cuts, found.objective) == (0, (), 0.0)


def test_a_weight_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        Edges.of([(1, 2, float("nan"))])


def test_a_component_of_thousands_in_which_everything_conflicts_is_solved() -> None:
    """2,000 rows of 200 people in one component, by noisy edges between them; every person has a number."""
    draw = np.random.default_rng(3)
    people, size = 200, 10
    rows = [
        (person * size + a, person * size + b, float(draw.normal(8, 3)))
        for person in range(people)
        for a, b in itertools.combinations(range(size), 2)
    ]
    noise = draw.integers(0, people * size, (8_000, 2))
    rows += [(int(a), int(b), float(w)) for (a, b), w in zip(noise, draw.normal(0, 2, len(noise)), strict=True) if a != b]
    numbered = np.arange(0, people * size, 5)
    known = CannotLinks(exclusions=(Exclusion("number", numbered, numbered // size, False),))
    found = labels(partition(Edges.of(rows), cannot=known, options=Options(absent_weight=-0.5)))
    right = sum(1 for node in range(people * size) if found[node] == node // size * size)
    assert right >= people * size * 0.99
