"""Decisions of reviewers: kept for ever, applied when their mentions exist, held back when they contradict each other; the queue."""

from __future__ import annotations

import csv
import json
import stat
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import fastexcel
import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resolvers.review import Brought, MentionKey, ReviewProblem, Verdict, bring_to_mentions, next_items, record
from resolvers.review import exchange as files
from resolvers.review.bringing import judge_decisions, unheld
from resolvers.review.conflicts import Status, judge
from resolvers.review.decisions import Decision, ShownItem, active, find_item, item_name, read_decisions, remember_items
from resolvers.review.queue import UNSURE_DAYS
from resolvers.review.sides import masked_numbers, sides_of
from tests.resolvers.review_state import HEALTH, key, put_mentions, put_run, with_decisions

NOW = datetime(2025, 6, 1, 8, 30)


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    return with_decisions()


def say(con: duckdb.DuckDBPyConnection, pair: str, verdict: str, by: str = "wang", minutes: int = 0, **more: Any) -> Decision:
    return record(
        con, (key(pair[0]), key(pair[1])), Verdict(verdict), by=by, at=NOW + timedelta(minutes=minutes), why="seen the file", **more
    )[0]


def decided(con: duckdb.DuckDBPyConnection) -> set[tuple[str, str, str]]:
    rows = con.execute("SELECT mention_l, mention_r, verdict FROM decided").fetchall()
    return {(chr(left), chr(right), verdict) for left, right, verdict in rows}


# decisions --------------------------------------------------------------------------------------------------------------


def test_a_decision_reaches_its_mentions(con: duckdb.DuckDBPyConnection) -> None:
    put_mentions(con, "abcd")
    one = say(con, "ba", "same")
    say(con, "cd", "different")
    brought = bring_to_mentions(con)
    assert decided(con) == {("a", "b", "same"), ("c", "d", "different")}
    assert (brought.made, brought.applied) == (2, 2)
    assert con.execute("SELECT decided_by, why, decided_at FROM decision_applied WHERE decision_id = ?", [one.decision_id]).fetchall() == [
        ("wang", "seen the file", NOW)
    ]


def test_a_decision_is_dormant_while_its_record_is_gone_and_acts_again(con: duckdb.DuckDBPyConnection) -> None:
    say(con, "ab", "same")
    put_mentions(con, "a")
    assert bring_to_mentions(con) == Brought(1, 0, 0, 1, 0, 0, ())
    assert decided(con) == set()
    put_mentions(con, "ab")
    assert bring_to_mentions(con).applied == 1
    assert decided(con) == {("a", "b", "same")}


def test_before_the_first_run_every_decision_is_dormant(con: duckdb.DuckDBPyConnection) -> None:
    one = say(con, "ab", "same")
    assert judge_decisions(con)[1].statuses == {one.decision_id: Status.DORMANT}


def test_a_corrected_record_is_still_decided(con: duckdb.DuckDBPyConnection) -> None:
    put_mentions(con, "ab")
    say(con, "ab", "same")
    put_mentions(con, "ab", b={"mention_id": ord("z"), "record_id": ord("z"), "name": "李铭"})
    bring_to_mentions(con)
    assert decided(con) == {("a", "z", "same")}


def test_the_later_word_of_one_reviewer_supersedes(con: duckdb.DuckDBPyConnection) -> None:
    put_mentions(con, "ab")
    first, second = say(con, "ab", "same"), say(con, "ab", "different", minutes=1)
    assert second.supersedes == (first.decision_id,)
    brought = bring_to_mentions(con)
    assert decided(con) == {("a", "b", "different")}
    assert (brought.made, brought.superseded, brought.applied) == (2, 1, 1)


def test_what_is_taken_back_is_known_in_the_next_run(con: duckdb.DuckDBPyConnection) -> None:
    put_mentions(con, "abc")
    say(con, "ab", "same")
    say(con, "bc", "same")
    bring_to_mentions(con)
    assert con.execute("SELECT count(*) FROM decision_withdrawn").fetchone() == (0,)
    say(con, "ab", "unsure", minutes=1)
    bring_to_mentions(con)
    assert con.execute("SELECT mention_l, mention_r FROM decision_withdrawn").fetchall() == [(ord("a"), ord("b"))]
    assert con.execute("SELECT count(*) FROM decision_changed").fetchone() == (1,)
    bring_to_mentions(con)
    assert con.execute("SELECT count(*) FROM decision_changed").fetchone() == (0,)


def test_a_decision_that_the_run_could_not_keep_to_is_told(con: duckdb.DuckDBPyConnection) -> None:
    put_mentions(con, "abcd")
    one = say(con, "ab", "same")
    say(con, "cd", "same")
    bring_to_mentions(con)
    put_run(con, ["a", "b", "cd"])
    assert [conflict.decisions for conflict in unheld(con)] == [(one.decision_id,)]
    assert asked(con) == [("ab", ("conflict",))]


def test_the_same_word_twice_is_one_decision(con: duckdb.DuckDBPyConnection) -> None:
    first = say(con, "ab", "same")
    assert say(con, "ba", "same", minutes=5) == first
    assert len(read_decisions(con)) == 1


def test_unsure_takes_a_decision_back(con: duckdb.DuckDBPyConnection) -> None:
    put_mentions(con, "ab")
    say(con, "ab", "same")
    say(con, "ab", "unsure", minutes=1)
    assert bring_to_mentions(con) == Brought(2, 1, 0, 0, 1, 0, ())


@pytest.mark.parametrize(
    ("pair", "by", "why", "at"),
    [
        pytest.param("aa", "wang", "seen", NOW, id="one mention twice"),
        pytest.param("ab", " ", "seen", NOW, id="nobody"),
        pytest.param("ab", "wang", "", NOW, id="no reason"),
    ],
)
def test_a_decision_needs_two_mentions_a_name_and_a_reason(
    con: duckdb.DuckDBPyConnection, pair: str, by: str, why: str, at: datetime
) -> None:
    with pytest.raises(ReviewProblem):
        record(con, (key(pair[0]), key(pair[1])), Verdict.SAME, by=by, at=at, why=why)
    assert read_decisions(con) == []


# contradictions ---------------------------------------------------------------------------------------------------------


def test_two_reviewers_who_differ_are_reported_and_do_not_act(con: duckdb.DuckDBPyConnection) -> None:
    put_mentions(con, "abc")
    say(con, "ab", "same", by="wang")
    say(con, "ab", "different", by="li")
    say(con, "bc", "same")
    brought = bring_to_mentions(con)
    assert decided(con) == {("b", "c", "same")}
    assert brought.conflicting == 2
    assert con.execute("SELECT kind, count(*) FROM decision_conflict GROUP BY kind").fetchall() == [("reviewers", 2)]


def test_two_reviewers_who_agree_act_once(con: duckdb.DuckDBPyConnection) -> None:
    put_mentions(con, "ab")
    say(con, "ab", "same", by="wang")
    say(con, "ab", "same", by="li")
    say(con, "ab", "unsure", by="zhao")
    assert bring_to_mentions(con).applied == 2
    assert con.execute("SELECT count(*) FROM decided").fetchone() == (1,)


def test_a_chain_that_contradicts_itself_is_held_back_but_not_what_hangs_on_it(con: duckdb.DuckDBPyConnection) -> None:
    put_mentions(con, "abcdefg")
    for pair in ("ab", "bc", "cd", "fg"):
        say(con, pair, "same")
    say(con, "ac", "different")
    say(con, "ae", "different")
    brought = bring_to_mentions(con)
    assert [conflict.kind for conflict in brought.conflicts] == ["chain"]
    assert decided(con) == {("c", "d", "same"), ("f", "g", "same"), ("a", "e", "different")}
    assert brought.conflicting == 3


def test_a_chain_over_a_record_that_is_gone_contradicts_nothing(con: duckdb.DuckDBPyConnection) -> None:
    put_mentions(con, "ac")
    say(con, "ab", "same")
    say(con, "bc", "same")
    say(con, "ac", "different")
    assert bring_to_mentions(con).conflicts == ()
    assert decided(con) == {("a", "c", "different")}


def test_two_roles_of_one_record_cannot_be_one_person(con: duckdb.DuckDBPyConnection) -> None:
    put_mentions(con, "ab", b={"record_id": ord("a")})
    say(con, "ab", "same")
    assert [conflict.kind for conflict in bring_to_mentions(con).conflicts] == ["record"]
    put_mentions(con, "ab", b={"record_id": ord("a"), "is_self": True})
    assert bring_to_mentions(con).conflicts == ()


def test_overruling_settles_a_contradiction(con: duckdb.DuckDBPyConnection) -> None:
    put_mentions(con, "ab")
    say(con, "ab", "same", by="wang")
    say(con, "ab", "different", by="li")
    last = say(con, "ab", "different", by="head", minutes=2, overrule=True)
    assert len(last.supersedes) == 2
    assert bring_to_mentions(con).conflicts == ()
    assert decided(con) == {("a", "b", "different")}
    assert len(read_decisions(con)) == 3


LETTERS = "abcde"
said = st.tuples(
    st.sampled_from(LETTERS), st.sampled_from(LETTERS), st.sampled_from(list(Verdict)), st.sampled_from(["wang", "li"])
).filter(lambda one: one[0] < one[1])


@settings(max_examples=60, deadline=None)
@given(st.lists(said, max_size=12, unique_by=lambda one: (one[0], one[1], one[3])), st.sets(st.sampled_from(LETTERS)), st.randoms())
def test_what_acts_is_consistent_and_every_decision_is_accounted_for(said: list[Any], present: set[str], chance: Any) -> None:
    decisions = [Decision(f"D{n:02}", key(a), key(b), verdict, by, NOW, "why") for n, (a, b, verdict, by) in enumerate(said)]
    known = {key(letter): (ord(letter), ord(letter), False) for letter in present}
    judgement = judge(decisions, active(decisions), known)
    assert set(judgement.statuses) == {one.decision_id for one in decisions}
    applied = [one for one in decisions if judgement.statuses[one.decision_id] is Status.APPLIED]
    group = {letter: letter for letter in LETTERS}
    for one in applied:
        if one.verdict is Verdict.SAME:
            old, new = group[one.left.natural_key], group[one.right.natural_key]
            group = {letter: new if name == old else name for letter, name in group.items()}
    for one in applied:
        assert {one.left.natural_key, one.right.natural_key} <= present
        if one.verdict is Verdict.DIFFERENT:
            assert group[one.left.natural_key] != group[one.right.natural_key]
    shuffled = list(decisions)
    chance.shuffle(shuffled)
    assert judge(shuffled, active(shuffled), known) == judgement


# queue ------------------------------------------------------------------------------------------------------------------


def asked(con: duckdb.DuckDBPyConnection, n: int = 10, now: datetime = NOW) -> list[tuple[str, tuple[str, ...]]]:
    return [("".join(sorted(item.left.natural_key + item.right.natural_key)), item.kinds) for item in next_items(con, n, now=now)]


def test_without_a_finished_run_the_queue_says_what_to_do(con: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(ReviewProblem, match="onegrid run"):
        next_items(con, 1, now=NOW)


def test_an_empty_run_asks_nothing(con: duckdb.DuckDBPyConnection) -> None:
    put_mentions(con, "")
    put_run(con, [])
    assert asked(con) == []


def test_evidence_near_the_threshold_and_cuts_are_asked_first(con: duckdb.DuckDBPyConnection) -> None:
    put_mentions(con, "abcdefghij")
    put_run(
        con,
        ["a", "b", "c", "d", "e", "f", "gh", "ij"],
        pairs=[("a", "b", 6.0), ("c", "d", 1.0), ("a", "f", -5.0)],
        cuts=[("e", "f", 9.0, "two roles of one record")],
        edges=[("g", "h", 7.0), ("i", "j", 30.0)],
    )
    assert asked(con) == [("ef", ("cut",)), ("gh", ("weak",)), ("ab", ("near",)), ("cd", ("near",))]


def test_a_decision_that_moves_more_records_is_asked_first(con: duckdb.DuckDBPyConnection) -> None:
    put_mentions(con, "abcdef")
    put_run(con, ["a", "b", "cd", "ef"], pairs=[("a", "b", 6.0), ("c", "e", 5.0)], edges=[("c", "d", 40.0), ("e", "f", 40.0)])
    con.execute("UPDATE link_edge SET reason = 'archive'")
    assert [item.records for item in next_items(con, 5, now=NOW)] == [2, 1]


def test_one_question_per_pair_of_clusters(con: duckdb.DuckDBPyConnection) -> None:
    put_mentions(con, "abc")
    put_run(con, ["ab", "c"], pairs=[("a", "c", 5.0), ("b", "c", 6.0)], cuts=[("a", "c", 8.0, "rival")], edges=[("a", "b", 40.0)])
    con.execute("UPDATE link_edge SET reason = 'archive'")
    assert asked(con) == [("ac", ("cut", "near"))]


def test_a_cluster_with_little_evidence_is_asked_at_its_weakest_edge(con: duckdb.DuckDBPyConnection) -> None:
    put_mentions(con, "abcdef")
    put_run(con, ["abcdef"], edges=[("a", "b", 50.0), ("b", "c", 40.0), ("c", "d", 30.0), ("d", "e", 60.0), ("e", "f", 70.0)])
    assert asked(con) == [("cd", ("loose", "weak"))]


def test_what_is_decided_is_not_asked_again(con: duckdb.DuckDBPyConnection) -> None:
    put_mentions(con, "abcd")
    put_run(con, ["a", "bd", "c"], pairs=[("a", "b", 6.0), ("a", "c", 6.0), ("a", "d", 6.0)], edges=[("b", "d", 40.0)])
    con.execute("UPDATE link_edge SET reason = 'archive'")
    say(con, "ab", "different")
    assert asked(con) == [("ac", ("near",))]


def test_contradictions_are_asked_before_all(con: duckdb.DuckDBPyConnection) -> None:
    put_mentions(con, "abcd")
    put_run(con, ["a", "b", "c", "d"], cuts=[("c", "d", 9.0, "rival")])
    say(con, "ab", "same", by="wang")
    say(con, "ab", "different", by="li")
    bring_to_mentions(con)
    assert asked(con) == [("ab", ("conflict",)), ("cd", ("cut",))]


def test_unsure_waits_for_new_evidence_or_a_quarter(con: duckdb.DuckDBPyConnection) -> None:
    put_mentions(con, "ab")
    put_run(con, ["a", "b"], pairs=[("a", "b", 6.0)])
    item = next_items(con, 1, now=NOW)[0]
    say(con, "ab", "unsure", evidence=item.evidence)
    assert asked(con) == []
    assert asked(con, now=NOW + timedelta(days=UNSURE_DAYS, minutes=1)) == [("ab", ("near",))]
    put_mentions(con, "ab", b={"phone": "13900000000"})
    assert asked(con) == [("ab", ("near",))]


def test_a_unit_of_restricted_records_only_is_not_asked(con: duckdb.DuckDBPyConnection) -> None:
    put_mentions(con, "abc", b={"category": HEALTH})
    put_run(con, ["a", "b", "c"], pairs=[("a", "b", 6.0)])
    assert asked(con) == []


def test_the_order_of_rows_changes_no_question(con: duckdb.DuckDBPyConnection) -> None:
    put_mentions(con, "abcdef")
    put_run(con, list("abcdef"), pairs=[(left, right, 6.0) for left in "abc" for right in "def"])
    before = next_items(con, 5, now=NOW)
    for table in ("pair", "mention", "clustered", "unit_mention"):
        con.execute(f"CREATE OR REPLACE TABLE {table} AS SELECT * FROM {table} ORDER BY hash({table}::VARCHAR) DESC")
    assert next_items(con, 5, now=NOW) == before


# what a reviewer sees ---------------------------------------------------------------------------------------------------


def test_values_of_restricted_records_are_never_shown(con: duckdb.DuckDBPyConnection) -> None:
    put_mentions(con, "abc", c={"category": HEALTH, "name": "不可见", "phone": "13811112222"})
    put_run(con, ["ac", "b"], pairs=[("a", "b", 6.0)])
    con.execute("UPDATE unit_mention SET unit_id = ? WHERE mention_id = ?", [ord("a"), ord("c")])
    items = next_items(con, 1, now=NOW)
    rows = files.rows_of(items, sides_of(con, items))
    text = json.dumps(rows, ensure_ascii=False)
    assert "不可见" not in text
    assert "13811112222" not in text
    assert HEALTH not in text
    assert "限制类记录 1 条" in text


def test_relatives_stand_beside_and_only_those_of_open_records(con: duckdb.DuckDBPyConnection) -> None:
    put_mentions(
        con, "abrs", r={"record_id": ord("a"), "name": "王芳", "role": "mother"}, s={"record_id": ord("b"), "name": "赵六", "role": "x"}
    )
    put_run(con, list("abrs"), pairs=[("a", "b", 6.0)])
    ((left, right),) = sides_of(con, next_items(con, 1, now=NOW))
    assert {left.text("relatives"), right.text("relatives")} == {"王芳", "赵六"}
    assert left.text("births") == "1980-02-03"


@pytest.mark.parametrize(
    ("left", "right", "shown"),
    [
        pytest.param(
            ["421002198002030011"], ["421002198002030038"], ("****************11", "****************38"), id="the differing places"
        ),
        pytest.param(["421002198002030011"], ["421002198002030011"], ("**************0011", "**************0011"), id="one number"),
        pytest.param(["421002198002030011"], [], ("**************0011", None), id="nothing to compare with"),
        pytest.param(["421002198002030011"], ["421002800203001"], ("**************0011", "***********3001"), id="15 and 18 places"),
    ],
)
def test_numbers_are_masked_where_they_agree(left: list[str], right: list[str], shown: tuple[str, str | None]) -> None:
    masked = masked_numbers(left, right)
    assert (masked[0][0], masked[1][0] if masked[1] else None) == shown


# files ------------------------------------------------------------------------------------------------------------------


def exported(con: duckdb.DuckDBPyConnection, file: Path) -> list[str]:
    """An export of two items; returns their names."""
    put_mentions(con, "abcd", a={"name": "=HYPERLINK(1)", "phone": "+8613900000000"})
    put_run(con, list("abcd"), pairs=[("a", "b", 6.0), ("c", "d", 5.0)])
    items = next_items(con, 10, now=NOW)
    remember_items(con, [ShownItem(item.item, item.left, item.right, item.evidence) for item in items])
    files.write_file(files.rows_of(items, sides_of(con, items)), file)
    return [item.item for item in items]


def fill_in(file: Path, verdicts: list[tuple[str, str]]) -> None:
    """Type verdict and reason into the lines of an exported file, as a reviewer does."""
    if file.suffix == ".xlsx":
        book = openpyxl.load_workbook(file)
        sheet = book.active
        assert sheet is not None
        titles = [cell.value for cell in sheet[1]]
        for row, (verdict, why) in enumerate(verdicts, 2):
            sheet.cell(row, titles.index(files.VERDICT) + 1).value = verdict
            sheet.cell(row, titles.index(files.WHY) + 1).value = why
        book.save(file)
        return
    if file.suffix == ".json":
        rows = json.loads(file.read_text(encoding="utf-8"))
    else:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))
    for row, (verdict, why) in zip(rows, verdicts, strict=True):
        row |= {files.VERDICT: verdict, files.WHY: why}
    if file.suffix == ".json":
        file.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
        return
    with file.open("w", encoding="gb18030", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@pytest.mark.parametrize("suffix", [".xlsx", ".csv", ".json"])
def test_a_file_goes_out_and_comes_back(con: duckdb.DuckDBPyConnection, tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"items{suffix}"
    names = exported(con, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    fill_in(file, [("同一人 same", "同一住址"), ("different", "two birth dates")])
    outcomes = files.apply_lines(con, files.read_file(file), by="wang", at=NOW)
    assert [(line.item, line.outcome) for line in outcomes] == [(names[0], "accepted"), (names[1], "accepted")]
    assert {(one.verdict, one.why) for one in read_decisions(con)} == {(Verdict.SAME, "同一住址"), (Verdict.DIFFERENT, "two birth dates")}
    again = files.apply_lines(con, files.read_file(file), by="wang", at=NOW + timedelta(days=1))
    assert [line.outcome for line in again] == ["known", "known"]
    assert len(read_decisions(con)) == 2


@pytest.mark.parametrize("suffix", [".xlsx", ".csv"])
def test_no_cell_is_a_formula(con: duckdb.DuckDBPyConnection, tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"items{suffix}"
    exported(con, file)
    if suffix == ".xlsx":
        table = fastexcel.read_excel(str(file)).load_sheet(0, dtypes="string").to_arrow().to_pylist()
        cells = [cell for row in table for cell in row.values() if cell]
    else:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            cells = [cell for row in csv.reader(stream) for cell in row]
    assert any("HYPERLINK" in cell for cell in cells)
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


@pytest.mark.parametrize(
    ("verdict", "why", "outcome", "told"),
    [
        pytest.param("maybe", "seen", "refused", "none of", id="an unknown verdict"),
        pytest.param("same", "", "refused", "why", id="no reason"),
        pytest.param("", "", "empty", "", id="not filled in"),
        pytest.param("", "seen", "refused", "none of", id="a reason without verdict"),
        pytest.param("不确定", "需上门核实", "accepted", "", id="unsure in Chinese"),
    ],
)
def test_every_line_is_accounted_for(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, verdict: str, why: str, outcome: str, told: str
) -> None:
    names = exported(con, tmp_path / "items.json")
    lines = [{files.ITEM: names[0], files.VERDICT: verdict, files.WHY: why}, {files.ITEM: "R0", files.VERDICT: "same", files.WHY: "x"}]
    outcomes = files.apply_lines(con, lines, by="wang", at=NOW)
    assert [line.outcome for line in outcomes] == [outcome, "refused"]
    assert told in outcomes[0].reason
    assert len(read_decisions(con)) == (outcome == "accepted")


def test_lines_of_one_file_that_contradict_each_other_are_both_refused(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    names = exported(con, tmp_path / "items.json")
    lines = [{files.ITEM: names[0], files.VERDICT: verdict, files.WHY: "seen"} for verdict in ("same", "different")]
    assert [line.outcome for line in files.apply_lines(con, lines, by="wang", at=NOW)] == ["refused", "refused"]
    assert read_decisions(con) == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("items.xlsx", b"no workbook", id="no workbook"),
        pytest.param("items.json", b"{", id="broken json"),
        pytest.param("items.json", b"[]", id="no line"),
        pytest.param("items.csv", "甲,乙\n1,2\n".encode(), id="other columns"),
        pytest.param("items.txt", b"x", id="another kind of file"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_message(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ReviewProblem):
        files.read_file(tmp_path / name)


def test_the_name_of_an_item_finds_its_mentions(con: duckdb.DuckDBPyConnection) -> None:
    left, right = key("a"), MentionKey(HEALTH, "b", "holder")
    name = item_name(right, left)
    assert name == item_name(left, right)
    remember_items(con, [ShownItem(name, left, right, "e")] * 2)
    assert find_item(con, f" {name} ").right == right
    with pytest.raises(ReviewProblem):
        find_item(con, "R000000000000")
