"""The engine on lists that are small, broken or one-sided."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resolvers.tables.conditions import Condition, Days, Digits, Equal, Otherwise, Similar, Sql
from resolvers.tables.spec import BlockingRule, Clustering, Column, Comparison, Key, Kind, Level, Model, ModelFileError, Prior, Training
from tests.resolvers.tables_data import link_rows, people

LIMIT = 50_000


def a_model(*, duplicates: bool = True, max_pairs: int = LIMIT) -> Model:
    """Name, birth date and telephone, with stated parameters."""

    def comparison(name: str, middle: Level | None, m: float, u: float) -> Comparison:
        levels = [Level(label="equal", when=Equal(column=name), m=m, u=u)]
        levels += [middle] if middle else []
        return Comparison(name=name, needs=(name,), levels=(*levels, Level(label="other", when=Otherwise(), m=0.02, u=0.99)))

    return Model(
        name="small",
        duplicates=duplicates,
        columns=(
            Column(name="name", kind=Kind.FULL_NAME, sources=("name",), steps=("fold",)),
            Column(name="birth", kind=Kind.DATE, sources=("birth",), steps=("date",)),
            Column(name="phone", kind=Kind.PHONE, sources=("phone",), steps=("digits",)),
        ),
        comparisons=(
            comparison("name", Level(label="near", when=Similar(column="name", jaro_winkler=0.9), m=0.1, u=0.001), 0.85, 0.001),
            comparison("birth", Level(label="slip", when=Digits(column="birth"), m=0.05, u=0.002), 0.92, 0.0001),
            comparison("phone", None, 0.6, 0.0001),
        ),
        blocking=tuple(BlockingRule(keys=(Key(column=name),), max_pairs=max_pairs) for name in ("name", "birth", "phone")),
        prior=Prior(probability=0.001),
        threshold=0.9,
    )


def untaught(model: Model) -> Model:
    comparisons = tuple(
        comparison.model_copy(update={"levels": tuple(level.model_copy(update={"m": None, "u": None}) for level in comparison.levels)})
        for comparison in model.comparisons
    )
    training = Training(rules=((Key(column="birth"),), (Key(column="phone"),)), random_pairs=20_000)
    return model.model_copy(update={"comparisons": comparisons, "training": training})


def pairs_of(clusters: dict[str, int]) -> set[frozenset[str]]:
    by_cluster: dict[int, list[str]] = {}
    for record, cluster in clusters.items():
        by_cluster.setdefault(cluster, []).append(record)
    return {frozenset((a, b)) for members in by_cluster.values() for a in members for b in members if a < b}


def test_duplicates_are_found_and_every_record_is_there_once() -> None:
    rows = people(60)
    clusters, linked = link_rows(a_model(), rows)
    assert set(clusters) == {row["id"] for row in rows}
    assert pairs_of(clusters) == {frozenset((f"{n}-a", f"{n}-b")) for n in range(60)}
    assert (linked.records, linked.clusters) == (120, 60)
    assert sorted(set(clusters.values())) == list(range(1, 61))


@given(st.randoms(use_true_random=False))
@settings(max_examples=5)
def test_the_order_of_rows_changes_nothing(order: random.Random) -> None:
    rows = people(20)
    shuffled = list(rows)
    order.shuffle(shuffled)
    assert link_rows(a_model(), rows)[0] == link_rows(a_model(), shuffled)[0]


def test_an_empty_table_gives_no_rows_and_a_note() -> None:
    clusters, linked = link_rows(a_model(), [])
    assert clusters == {}
    assert linked.records == 0
    assert any("no rows" in note for note in linked.notes)


def test_one_row_is_one_cluster() -> None:
    clusters, _ = link_rows(a_model(), people(1)[:1])
    assert list(clusters.values()) == [1]


@pytest.mark.parametrize("count", [0, 1])
def test_an_untaught_model_accepts_nothing_to_learn_from(count: int) -> None:
    clusters, linked = link_rows(untaught(a_model()), people(1)[:count])
    assert len(clusters) == count
    assert linked.links == 0


def test_training_finds_the_same_pairs_and_says_what_it_saw() -> None:
    rows = people(150)
    clusters, linked = link_rows(untaught(a_model()), rows)
    assert pairs_of(clusters) == {frozenset((f"{n}-a", f"{n}-b")) for n in range(150)}
    assert linked.model.trained is not None
    assert linked.model.trained.records == 300
    assert [one["rule"] for one in linked.model.trained.rounds] == ["birth", "phone"]
    assert link_rows(linked.model, rows)[0] == clusters


def test_training_twice_gives_the_same_parameters() -> None:
    rows = people(80)
    assert link_rows(untaught(a_model()), rows)[1].model == link_rows(untaught(a_model()), rows)[1].model


def test_rows_of_a_table_without_duplicates_never_join() -> None:
    rows = people(30)
    first, second = rows[::2], rows[1::2]
    twin = dict(first[0], id="twin")
    clusters, _ = link_rows(a_model(duplicates=False), [*first, twin], second)
    assert clusters["t0/0-a"] != clusters["t0/twin"]
    assert sum(clusters[f"t0/{n}-a"] == clusters[f"t1/{n}-b"] for n in range(1, 30)) == 29


def test_with_duplicates_two_tables_are_also_deduplicated() -> None:
    rows = people(30)
    clusters, _ = link_rows(a_model(), [*rows[::2], dict(rows[0], id="twin")], rows[1::2])
    assert clusters["t0/0-a"] == clusters["t0/twin"] == clusters["t1/0-b"]


def test_a_column_without_any_value_is_silent_and_named() -> None:
    rows = [dict(row, phone=None) for row in people(40)]
    clusters, linked = link_rows(a_model(), rows)
    assert pairs_of(clusters) == {frozenset((f"{n}-a", f"{n}-b")) for n in range(40)}
    assert any("phone" in note for note in linked.notes)


def test_one_telephone_on_ten_thousand_rows_makes_no_pairs_and_is_reported() -> None:
    rows = [dict(row, phone="13800000000") for row in people(5_000)]
    clusters, linked = link_rows(a_model(), rows)
    phone = next(rule for rule in linked.rules if rule.rule == "phone")
    assert (phone.kept_pairs, phone.dropped_keys, phone.dropped_rows) == (0, 1, 10_000)
    assert phone.pairs == 10_000 * 9_999 // 2
    assert any("too frequent" in note for note in linked.notes)
    assert "13800000000" not in "".join(linked.notes)
    assert all(clusters[f"{n}-a"] == clusters[f"{n}-b"] for n in range(0, 5_000, 97))


def test_one_name_on_five_percent_of_the_rows_leaves_the_other_names_to_block() -> None:
    rows = [dict(row, name="wei wang") if n % 20 < 2 else row for n, row in enumerate(people(4_000))]
    _, linked = link_rows(a_model(), rows)
    name = next(rule for rule in linked.rules if rule.rule == "name")
    assert name.dropped_keys == 1
    assert 0 < name.kept_pairs <= LIMIT


@pytest.mark.parametrize("limit", [1, 10, 1_000])
def test_no_rule_makes_more_pairs_than_its_limit(limit: int) -> None:
    rows = [dict(row, phone=f"1380000{n % 7:04d}") for n, row in enumerate(people(50))]
    _, linked = link_rows(a_model(max_pairs=limit), rows)
    assert all(rule.kept_pairs <= limit for rule in linked.rules)


def test_unicode_names_and_quotes_survive() -> None:
    rows = [
        {"id": "一", "name": "欧阳 修", "birth": "1007-08-01", "phone": "1"},
        {"id": "二", "name": "欧阳 修", "birth": "1007-08-01", "phone": "1"},
        {"id": "o'1", "name": "O'Neil “Zoë”", "birth": "1980-01-01", "phone": "2"},
        {"id": 'o"2', "name": "o'neil “zoe”", "birth": "1980-01-01", "phone": "2"},
    ]
    clusters, _ = link_rows(a_model(), rows)
    assert clusters["一"] == clusters["二"]
    assert clusters["o'1"] == clusters['o"2']
    assert clusters["一"] != clusters["o'1"]


def test_editing_a_model_changes_the_result() -> None:
    rows = people(40)
    strict = a_model().model_copy(update={"threshold": 1.0})
    assert pairs_of(link_rows(a_model(), rows)[0])
    assert not pairs_of(link_rows(strict, rows)[0])


def test_sql_conditions_are_a_way_out() -> None:
    model = a_model()
    loose = Comparison(
        name="name",
        needs=("name",),
        levels=(
            Level(label="equal", when=Sql(sql="length(name_l) = length(name_r)"), m=0.9, u=0.1),
            Level(label="other", when=Otherwise(), m=0.1, u=0.9),
        ),
    )
    clusters, _ = link_rows(model.model_copy(update={"comparisons": (loose, *model.comparisons[1:])}), people(10))
    assert len(clusters) == 20


def test_sql_that_the_database_does_not_understand_is_refused_with_the_column() -> None:
    column = Column(name="phone", kind=Kind.PHONE, sql="no_such_function(raw_phone)")
    model = a_model()
    with pytest.raises(ModelFileError, match="phone"):
        link_rows(model.model_copy(update={"columns": (*model.columns[:2], column)}), people(2))


@pytest.mark.parametrize(
    "when",
    [
        pytest.param(Sql(sql="no_such_function(name_l, name_r) > 1"), id="a function that does not exist"),
        pytest.param(Sql(sql="name_l = = name_r"), id="no SQL at all"),
        pytest.param(Sql(sql="nickname_l = name_r"), id="a column that is not prepared"),
        pytest.param(Days(column="name", at_most=3), id="days between two names"),
    ],
)
def test_a_test_that_the_database_does_not_understand_is_refused_with_comparison_and_level(when: Condition) -> None:
    model = a_model()
    first = model.comparisons[0]
    wrong = first.model_copy(update={"levels": (first.levels[0].model_copy(update={"when": when}), *first.levels[1:])})
    with pytest.raises(ModelFileError, match="comparison name, level equal"):
        link_rows(model.model_copy(update={"comparisons": (wrong, *model.comparisons[1:])}), people(3))


_CELLS = st.one_of(st.none(), st.sampled_from(["a", "ab c", "王小明", "'", "2000-01-01", "19991231", "13800000000"]))


@given(
    cells=st.lists(st.tuples(_CELLS, _CELLS, _CELLS), max_size=12),
    method=st.sampled_from(["components", "average", "correlation"]),
    duplicates=st.booleans(),
    taught=st.booleans(),
)
@settings(max_examples=15)
def test_whatever_a_small_table_holds_every_record_comes_out_once(
    cells: list[tuple[str | None, str | None, str | None]], method: Any, duplicates: bool, taught: bool
) -> None:
    rows = [{"id": str(n), "name": name, "birth": birth, "phone": phone} for n, (name, birth, phone) in enumerate(cells)]
    model = a_model(duplicates=duplicates) if taught else untaught(a_model(duplicates=duplicates))
    clusters, _ = link_rows(model.model_copy(update={"clustering": Clustering(method=method)}), rows[::2], rows[1::2])
    assert sorted(clusters) == sorted(f"t{n % 2}/{n}" for n in range(len(rows)))
    if not duplicates:
        assert all(len({name.split("/")[0] for name in pair}) == 2 for pair in pairs_of(clusters))
