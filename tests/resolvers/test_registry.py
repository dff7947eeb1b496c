"""Person ids: kept, merged, split and returned with their cause, independent of the order of rows and of what was looked at."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resolvers.registry import ChurnBounds, UnknownPerson, assign_ids, churn, churn_exceeds, history_of, next_run

HOUSEHOLDS = "household_registration"


def number_of(keys: str) -> int:
    """A cluster number that depends on the members only, as those of the linkage do."""
    return ord(min(keys))


def put(con: duckdb.DuckDBPyConnection, clusters: Sequence[str], *, corrected: str = "", seed: int = 0) -> None:
    """clusters: letters of natural keys; a mention_id is the letter's number, another one where the record is corrected."""
    con.execute("""CREATE OR REPLACE TABLE clustered (mention_id BIGINT, record_id BIGINT, category VARCHAR, natural_key VARCHAR,
                   role VARCHAR, subject BOOLEAN, cluster BIGINT)""")
    con.execute("CREATE OR REPLACE TABLE mention (mention_id BIGINT, name VARCHAR)")
    rows = [(ord(key), ord(key), HOUSEHOLDS, key, "holder", True, number_of(keys)) for keys in clusters for key in keys]
    random.Random(seed).shuffle(rows)
    if rows:
        con.execute(f"INSERT INTO clustered VALUES {', '.join(map(repr, rows))}")
        names = [(row[0], "new" if row[3] in corrected else "old") for row in rows]
        con.execute(f"INSERT INTO mention VALUES {', '.join(map(repr, names))}")


def ids(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    return dict(con.execute("SELECT natural_key, person_id FROM clustered JOIN person_of_cluster USING (cluster) ORDER BY 1").fetchall())


def resolve(con: duckdb.DuckDBPyConnection, run: int, *clusters: str, corrected: str = "", seed: int = 0) -> dict[str, str]:
    """One run over these clusters; returns the person id of each natural key."""
    put(con, clusters, corrected=corrected, seed=seed)
    assign_ids(con, run)
    return ids(con)


def changes(con: duckdb.DuckDBPyConnection, run: int, kind: str) -> list[tuple[object, ...]]:
    return con.execute(
        """SELECT person_id, other_person_id, natural_key_l, natural_key_r, weight, reason, decision_id
           FROM person_change WHERE run = ? AND kind = ? ORDER BY ALL""",
        [run, kind],
    ).fetchall()


def quick() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={"threads": 1})


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    return quick()


def test_ids_are_numbered_by_the_smallest_key(con: duckdb.DuckDBPyConnection) -> None:
    assert resolve(con, 1, "cb", "da") == {"a": "P00000000001", "d": "P00000000001", "b": "P00000000002", "c": "P00000000002"}


def test_ids_stay(con: duckdb.DuckDBPyConnection) -> None:
    before = resolve(con, 1, "ab", "c")
    assert resolve(con, 2, "0", "c", "ab") | before == resolve(con, 3, "0", "c", "ab")


def test_a_merge_keeps_the_smaller_id(con: duckdb.DuckDBPyConnection) -> None:
    before = resolve(con, 1, "a", "bcd")
    assert set(resolve(con, 2, "abcd").values()) == {before["a"]}
    assert changes(con, 2, "merged") == [(before["b"], before["a"], "b", "a", None, "model", None)]


def test_the_larger_part_of_a_split_keeps_the_id(con: duckdb.DuckDBPyConnection) -> None:
    before = resolve(con, 1, "abc")
    after = resolve(con, 2, "a", "bc")
    assert after["b"] == after["c"] == before["a"]
    assert after["a"] not in before.values()


def test_of_equal_parts_the_one_with_the_smaller_key_keeps_the_id(con: duckdb.DuckDBPyConnection) -> None:
    before = resolve(con, 1, "ab")
    assert resolve(con, 2, "b", "a")["a"] == before["a"]


def test_a_part_is_large_by_records_not_by_roles(con: duckdb.DuckDBPyConnection) -> None:
    before = resolve(con, 1, "abc")["a"]
    put(con, ["a", "bc"])
    con.execute("""INSERT INTO clustered SELECT 900 + number, record_id, category, natural_key, 'other' || number, subject, cluster
                   FROM clustered, range(3) AS more(number) WHERE natural_key = 'a'""")
    con.execute(
        "INSERT INTO person_member SELECT category, natural_key, role, ?, 1, NULL, NULL FROM clustered WHERE role <> 'holder'", [before]
    )
    assign_ids(con, 2)
    assert ids(con)["b"] == before


def test_a_record_that_comes_back_finds_its_person(con: duckdb.DuckDBPyConnection) -> None:
    before = resolve(con, 1, "a", "b")
    resolve(con, 2, "b")
    assert changes(con, 2, "retired") == [(before["a"], None, "a", None, None, "record deleted", None)]
    assert resolve(con, 3, "b", "a") == before
    assert changes(con, 3, "returned") == [(before["a"], None, "a", None, None, "record returned", None)]


def test_an_id_is_never_given_twice(con: duckdb.DuckDBPyConnection) -> None:
    first = resolve(con, 1, "a")
    resolve(con, 2, "b")
    assert len({*first.values(), *resolve(con, 3, "b", "c").values()}) == 3


def test_a_merge_that_is_undone_gives_both_ids_back(con: duckdb.DuckDBPyConnection) -> None:
    before = resolve(con, 1, "ab", "cd")
    resolve(con, 2, "abcd")
    assert resolve(con, 3, "ab", "cd") == before
    assert [row[:2] for row in changes(con, 3, "returned")] == [(before["c"], before["a"])]


def test_the_rule_of_the_larger_part_holds_for_an_undone_merge_too(con: duckdb.DuckDBPyConnection) -> None:
    before = resolve(con, 1, "a", "bcd")
    resolve(con, 2, "abcd")
    after = resolve(con, 3, "a", "bcd")
    assert after["b"] == before["a"]
    assert after["a"] not in before.values()


def test_a_returned_id_needs_the_larger_part_of_what_it_had(con: duckdb.DuckDBPyConnection) -> None:
    before = resolve(con, 1, "abcd", "efg")
    resolve(con, 2, "abcdefg")
    assert resolve(con, 3, "abcdfg", "e")["e"] not in before.values()


def test_records_that_are_gone_follow_a_merge(con: duckdb.DuckDBPyConnection) -> None:
    before = resolve(con, 1, "ab", "cd")
    resolve(con, 2, "ab", "c")
    resolve(con, 3, "abc")
    assert resolve(con, 4, "abcd")["d"] == before["a"]


def test_an_empty_run(con: duckdb.DuckDBPyConnection) -> None:
    assert resolve(con, 1) == {}
    assert churn(con, 1).ids_after == 0


# causes -----------------------------------------------------------------------------------------------------------------


def links(con: duckdb.DuckDBPyConnection, *edges: tuple[str, str, float, str]) -> None:
    con.execute("CREATE OR REPLACE TABLE link_edge (mention_l BIGINT, mention_r BIGINT, weight DOUBLE, probability DOUBLE, reason VARCHAR)")
    for left, right, weight, reason in edges:
        con.execute("INSERT INTO link_edge VALUES (?, ?, ?, 0.99, ?)", [ord(left), ord(right), weight, reason])


def units(con: duckdb.DuckDBPyConnection, *groups: str, numbers: dict[str, str] | None = None) -> None:
    """groups: letters of the mentions of a unit; the first letter's number is the unit's."""
    con.execute("CREATE OR REPLACE TABLE unit_mention (mention_id BIGINT, unit_id BIGINT, number VARCHAR)")
    for group in groups:
        for key in group:
            con.execute("INSERT INTO unit_mention VALUES (?, ?, ?)", [ord(key), ord(group[0]), (numbers or {}).get(group[0])])


def decided(con: duckdb.DuckDBPyConnection, left: str, right: str, verdict: str) -> None:
    con.execute("CREATE OR REPLACE TABLE decision_applied (decision_id VARCHAR, mention_l BIGINT, mention_r BIGINT, verdict VARCHAR)")
    con.execute("INSERT INTO decision_applied VALUES ('D1', ?, ?, ?)", [ord(left), ord(right), verdict])


def test_a_merge_tells_the_strongest_edge_between_the_parts(con: duckdb.DuckDBPyConnection) -> None:
    resolve(con, 1, "ab", "cd")
    units(con, "a", "b", "c", "d")
    links(con, ("a", "b", 30.0, "model"), ("b", "d", 9.0, "model"), ("a", "c", 12.5, "archive"))
    resolve(con, 2, "abcd")
    assert [row[2:] for row in changes(con, 2, "merged")] == [("c", "a", 12.5, "archive", None)]


def test_a_merge_over_a_new_mention_tells_the_edge_that_reached_the_id(con: duckdb.DuckDBPyConnection) -> None:
    resolve(con, 1, "a", "c")
    units(con, "a", "b", "c")
    links(con, ("a", "b", 8.0, "model"), ("b", "c", 7.0, "model"))
    resolve(con, 2, "abc")
    assert [row[2:] for row in changes(con, 2, "merged")] == [("c", "b", 7.0, "model", None)]


def test_a_merge_inside_a_nucleus_is_caused_by_the_number(con: duckdb.DuckDBPyConnection) -> None:
    resolve(con, 1, "ab", "cd")
    units(con, "ab", "cd")
    units(con, "abcd", numbers={"a": "N"})
    resolve(con, 2, "abcd")
    assert [row[2:] for row in changes(con, 2, "merged")] == [("c", "a", None, "number", None)]


def test_a_reviewers_decision_outranks_other_evidence(con: duckdb.DuckDBPyConnection) -> None:
    resolve(con, 1, "ab", "cd")
    links(con, ("a", "c", 12.5, "model"))
    decided(con, "d", "b", "same")
    resolve(con, 2, "abcd")
    assert [row[2:] for row in changes(con, 2, "merged")] == [("d", "b", None, "decision", "D1")]
    decided(con, "b", "d", "different")
    resolve(con, 3, "ab", "cd")
    assert [row[2:] for row in changes(con, 3, "split")] == [("d", "b", None, "decision", "D1")]


def test_a_part_that_a_decision_pulls_away_tells_the_decision(con: duckdb.DuckDBPyConnection) -> None:
    resolve(con, 1, "abc", "de")
    decided(con, "c", "d", "same")
    resolve(con, 2, "ab", "cde")
    assert [row[2:] for row in changes(con, 2, "split")] == [("c", "d", None, "decision", "D1")]


def test_a_decision_that_was_taken_back_is_a_cause(con: duckdb.DuckDBPyConnection) -> None:
    resolve(con, 1, "ab", "cd")
    decided(con, "a", "c", "same")
    resolve(con, 2, "abcd")
    con.execute("ALTER TABLE decision_applied RENAME TO decision_withdrawn")
    resolve(con, 3, "ab", "cd")
    assert [row[2:] for row in changes(con, 3, "split")] == [("c", "a", None, "decision withdrawn", "D1")]


def test_a_split_tells_the_strongest_cut(con: duckdb.DuckDBPyConnection) -> None:
    resolve(con, 1, "abcd")
    units(con, "ab", "cd")
    con.execute("CREATE TABLE cut (unit_l BIGINT, unit_r BIGINT, weight DOUBLE, reason VARCHAR, method VARCHAR)")
    con.execute("INSERT INTO cut VALUES (?, ?, 11.0, 'two numbers', 'exact')", [ord("c"), ord("a")])
    resolve(con, 2, "ab", "cd")
    assert [row[2:] for row in changes(con, 2, "split")] == [("c", "a", 11.0, "two numbers", None)]


def test_a_split_after_a_deletion_names_the_record_that_is_gone(con: duckdb.DuckDBPyConnection) -> None:
    resolve(con, 1, "abc")
    resolve(con, 2, "a", "c")
    assert [row[2:] for row in changes(con, 2, "split")] == [("b", None, None, "record deleted", None)]


def test_a_split_after_a_correction_names_the_record(con: duckdb.DuckDBPyConnection) -> None:
    resolve(con, 1, "abc")
    resolve(con, 2, "ab", "c", corrected="c")
    assert [row[2:] for row in changes(con, 2, "split")] == [("c", None, None, "record corrected", None)]


# churn ------------------------------------------------------------------------------------------------------------------


def test_the_figures_of_a_run(con: duckdb.DuckDBPyConnection) -> None:
    resolve(con, 1, "ab", "cd", "ef", "g")
    resolve(con, 2, "abcd", "e", "f", "h", "i")
    found = churn(con, 2)
    assert (found.ids_before, found.ids_after, found.ids_new, found.ids_gone) == (4, 5, 3, 2)
    assert (found.ids_merged, found.ids_split, found.ids_members_changed, found.mentions_changed) == (1, 1, 2, 3)
    assert churn(con, 1).first
    assert not found.first


def test_the_first_run_is_exempt_and_a_quiet_run_keeps_the_bounds(con: duckdb.DuckDBPyConnection) -> None:
    resolve(con, 1, "ab", "cd")
    resolve(con, 2, "ab", "cd")
    assert churn_exceeds(churn(con, 1)) == {} == churn_exceeds(churn(con, 2))


def test_merges_without_new_records_break_the_bound(con: duckdb.DuckDBPyConnection) -> None:
    resolve(con, 1, "ab", "cd")
    resolve(con, 2, "abcd")
    assert set(churn_exceeds(churn(con, 2))) == {"ids_members_changed", "ids_merged"}
    assert churn_exceeds(churn(con, 2), ChurnBounds(slack=1.0)) == {}


def test_moves_by_decisions_keep_the_bound(con: duckdb.DuckDBPyConnection) -> None:
    resolve(con, 1, "ab", "cd")
    con.execute("CREATE TABLE decision_changed AS SELECT 'D1' AS decision_id")
    resolve(con, 2, "abcd")
    assert churn(con, 2).decisions_changed == 1
    assert churn_exceeds(churn(con, 2)) == {}


def test_a_run_that_is_not_known_has_no_figures(con: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(LookupError, match="no run 7"):
        churn(con, 7)


def test_runs_are_numbered_on_even_when_nothing_changes(con: duckdb.DuckDBPyConnection) -> None:
    assert next_run(con) == 1
    resolve(con, 1, "a")
    resolve(con, 2, "a")
    assert next_run(con) == 3


# history ----------------------------------------------------------------------------------------------------------------


def test_the_story_follows_merges_in_both_directions(con: duckdb.DuckDBPyConnection) -> None:
    before = resolve(con, 1, "ab", "cd", "e")
    resolve(con, 2, "abcd", "e")
    resolve(con, 3, "abcde")
    resolve(con, 4, "abcd", "e")
    survivor, absorbed = history_of(con, before["a"]), history_of(con, before["c"])
    assert [(event.run, event.kind) for event in survivor] == [
        (1, "given"),
        (1, "given"),
        (1, "given"),
        (2, "members"),
        (2, "merged"),
        (3, "members"),
        (3, "merged"),
        (4, "returned"),
        (4, "members"),
        (4, "split"),
    ]
    assert {(event.run, event.kind, event.person_id) for event in absorbed if event.kind == "merged"} == {
        (2, "merged", before["c"]),
        (3, "merged", before["e"]),
    }
    told = next(event for event in survivor if event.kind == "merged" and event.run == 2)
    assert told.words_zh == f"{before['c']} 并入 {before['a']}(依据:模型证据)"
    assert told.words_en == f"{before['c']} merged into {before['a']}, because of the evidence of the model"
    assert told.between == (f"{HOUSEHOLDS}/c/holder", f"{HOUSEHOLDS}/a/holder")


def test_an_id_that_nobody_had_has_no_story(con: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(UnknownPerson):
        history_of(con, "P99999999999")


def test_the_first_layout_is_brought_forward(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("""
        CREATE TABLE person_member (category VARCHAR, natural_key VARCHAR, role VARCHAR, person_id VARCHAR, run BIGINT);
        CREATE TABLE person_registry (person_id VARCHAR, first_run BIGINT, run BIGINT);
        CREATE TABLE person_change (run BIGINT, kind VARCHAR, person_id VARCHAR, other_person_id VARCHAR);
        INSERT INTO person_registry VALUES ('P00000000001', 1, 2), ('P00000000002', 1, 1), ('P00000000003', 1, 1);
        INSERT INTO person_change VALUES (2, 'merged', 'P00000000002', 'P00000000001');
        INSERT INTO person_member VALUES ('household_registration', 'a', 'holder', 'P00000000001', 2),
            ('household_registration', 'b', 'holder', 'P00000000001', 2), ('household_registration', 'z', 'holder', 'P00000000003', 1);
    """)
    assert next_run(con) == 3
    assert resolve(con, 3, "ab", "z") == {"a": "P00000000001", "b": "P00000000001", "z": "P00000000003"}
    assert churn(con, 3).ids_before == 1
    assert [event.kind for event in history_of(con, "P00000000002")] == ["given", "given", "merged"]


def test_a_withdrawn_record_leaves_no_key(con: duckdb.DuckDBPyConnection) -> None:
    put(con, ["ab", "c"])
    con.execute("UPDATE clustered SET category = 'resettlement_support' WHERE natural_key IN ('a', 'c')")
    assign_ids(con, 1)
    put(con, ["b"])
    assign_ids(con, 2)
    kept = json.dumps([con.execute(f"SELECT * FROM {table}").fetchall() for table in TABLES], default=str)
    assert '"b"' in kept
    assert '"a"' not in kept
    assert '"c"' not in kept
    assert churn(con, 2).ids_gone == 1


# properties -------------------------------------------------------------------------------------------------------------

KEYS = "abcdefgh"


@st.composite
def partitions(draw: st.DrawFn) -> list[str]:
    """Some of the keys, parted somehow."""
    labels = draw(st.lists(st.sampled_from([None, 0, 1, 2, 3]), min_size=len(KEYS), max_size=len(KEYS)))
    groups: dict[int, str] = {}
    for key, label in zip(KEYS, labels, strict=True):
        if label is not None:
            groups[label] = groups.get(label, "") + key
    return list(groups.values())


TABLES = ("person_of_cluster", "person_member", "person_past", "person_registry", "person_change", "person_run")


def content(con: duckdb.DuckDBPyConnection) -> list[list[tuple[object, ...]]]:
    return [con.execute(f"SELECT * FROM {table} ORDER BY ALL").fetchall() for table in TABLES]


@settings(max_examples=6, deadline=None)
@given(st.lists(partitions(), min_size=2, max_size=4), st.integers(1, 99))
def test_the_order_of_rows_changes_nothing(runs: list[list[str]], seed: int) -> None:
    one, other = quick(), quick()
    for run, clusters in enumerate(runs, 1):
        resolve(one, run, *clusters)
        resolve(other, run, *reversed(clusters), seed=seed)
    assert content(one) == content(other)


@settings(max_examples=10, deadline=None)
@given(st.lists(partitions(), min_size=2, max_size=4))
def test_looking_at_what_was_touched_equals_looking_at_everything(runs: list[list[str]]) -> None:
    whole, part = quick(), quick()
    before: set[str] = set()
    for run, clusters in enumerate(runs, 1):
        resolve(whole, run, *clusters)
        put(part, clusters)
        now = {"".join(sorted(keys)) for keys in clusters}
        part.execute("CREATE OR REPLACE TABLE touched (cluster BIGINT)")
        for keys in now ^ before:
            part.execute("INSERT INTO touched VALUES (?)", [number_of(keys)])
        assign_ids(part, run, "touched")
        before = now
    assert content(part) == content(whole)


@settings(max_examples=10, deadline=None)
@given(st.lists(partitions(), min_size=1, max_size=4))
def test_an_id_is_one_cluster_and_a_number_is_given_once(runs: list[list[str]]) -> None:
    con, ever, given_before = quick(), dict[str, set[str]](), set[str]()
    for run, clusters in enumerate(runs, 1):
        found = resolve(con, run, *clusters)
        for keys in clusters:
            assert len({found[key] for key in keys}) == 1
        assert len(set(found.values())) == len(clusters)
        fresh = {row[0] for row in con.execute("SELECT person_id FROM person_change WHERE kind = 'given' AND run = ?", [run]).fetchall()}
        assert not fresh & given_before
        assert set(found.values()) <= given_before | fresh
        given_before |= fresh
        for key, person in found.items():
            ever.setdefault(person, set()).add(key)
    assert next_run(con) == len(runs) + 1


@settings(max_examples=6, deadline=None)
@given(st.sets(st.sampled_from(KEYS), min_size=2), st.randoms(use_true_random=False))
def test_an_undone_merge_gives_both_ids_back_unless_the_larger_part_had_lost_its_id(keys: set[str], chance: random.Random) -> None:
    con = quick()
    ordered = sorted(keys)
    chance.shuffle(ordered)
    place = chance.randint(1, len(ordered) - 1)
    parts = sorted(("".join(ordered[:place]), "".join(ordered[place:])), key=min)
    before = resolve(con, 1, *parts)
    resolve(con, 2, "".join(ordered))
    after = resolve(con, 3, *parts)
    if len(parts[0]) >= len(parts[1]):
        assert after == before
    else:
        assert after[min(parts[1])] == before[min(parts[0])]
        assert after[min(parts[0])] not in before.values()
