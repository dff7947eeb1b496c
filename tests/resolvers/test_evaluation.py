"""Figures counted by cluster sizes agree with listing pairs and mentions; intervals are held against the truth."""

from __future__ import annotations

import itertools
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resolvers import quality
from resolvers.evaluation import PARTS, Coverage, coverage, evaluate_links


def city(tmp_path: Path, mentions: list[tuple[int, int, bool]]) -> tuple[duckdb.DuckDBPyConnection, Path]:
    """mentions: (found person, true person, subject)."""
    con = duckdb.connect()
    con.execute(
        """CREATE TABLE mention_person (record_id BIGINT, category VARCHAR, natural_key VARCHAR, role VARCHAR,
                                       subject BOOLEAN, person_id VARCHAR)"""
    )
    con.execute(
        """CREATE TABLE truth (category VARCHAR, natural_key VARCHAR, role VARCHAR, true_person VARCHAR,
                              removed_date DATE)"""
    )
    for number, (found, true, subject) in enumerate(mentions):
        con.execute(
            "INSERT INTO mention_person VALUES (?, 'c', ?, 'holder', ?, ?)", [number, str(number), subject, f"P{found}"]
        )
        con.execute("INSERT INTO truth VALUES ('c', ?, 'holder', ?, NULL)", [str(number), f"T{true}"])
    con.execute(f"COPY truth TO '{tmp_path / 'mentions.parquet'}' (FORMAT parquet)")
    return con, tmp_path


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.booleans()), min_size=1, max_size=9))
def test_figures_agree_with_listing_pairs(tmp_path: Path, mentions: list[tuple[int, int, bool]]) -> None:
    evaluation = evaluate_links(*city(tmp_path, mentions))
    subjects = [(found, true) for found, true, subject in mentions if subject]
    pairs = [(a[0] == b[0], a[1] == b[1]) for a, b in itertools.combinations(subjects, 2)]
    part = evaluation.part("subject roles")
    assert part.wrong_pairs == sum(found and not true for found, true in pairs)
    assert part.missed_pairs == sum(true and not found for found, true in pairs)
    everything = evaluation.part("all")
    assert everything.wrong_pairs == evaluation.part("pairs with a relative").wrong_pairs + part.wrong_pairs


def test_nothing_to_judge_has_no_figure(tmp_path: Path) -> None:
    part = evaluate_links(*city(tmp_path, [(1, 1, True)])).part("subject roles")
    assert (part.precision, part.recall, part.mentions) == (None, None, 1)


def test_a_person_that_holds_two_people_is_counted(tmp_path: Path) -> None:
    evaluation = evaluate_links(*city(tmp_path, [(1, 1, True), (1, 2, True), (2, 3, True)]))
    assert (evaluation.mixed, evaluation.part("subject roles").wrong_pairs) == (1, 1)


def test_removed_records_are_left_out(tmp_path: Path) -> None:
    con, truth = city(tmp_path, [(1, 1, True), (1, 2, True)])
    con.execute(
        f"""COPY (SELECT * REPLACE (DATE '2025-01-01' AS removed_date) FROM truth)
            TO '{tmp_path / "mentions.parquet"}' (FORMAT parquet)"""
    )
    assert evaluate_links(con, truth).part("all").mentions == 0


@pytest.mark.parametrize(
    "name", ["subject roles", "relatives", "pairs with a relative", "all", "subject roles without these owners", *PARTS]
)
def test_parts_are_there(tmp_path: Path, name: str) -> None:
    assert evaluate_links(*city(tmp_path, [(1, 1, True)])).part(name).name == name


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.booleans()), min_size=1, max_size=9))
def test_whole_persons_agree_with_listing_mentions(tmp_path: Path, mentions: list[tuple[int, int, bool]]) -> None:
    whole = next(one for one in evaluate_links(*city(tmp_path, mentions)).whole if one.name == "all")
    found, stated = [mention[0] for mention in mentions], [mention[1] for mention in mentions]
    precision = recall = 0.0
    for own in mentions:
        both = sum(mention[:2] == own[:2] for mention in mentions)
        precision += both / found.count(own[0]) / len(mentions)
        recall += both / stated.count(own[1]) / len(mentions)
    assert whole.bcubed_precision == pytest.approx(precision)
    assert whole.bcubed_recall == pytest.approx(recall)
    assert whole.bcubed == pytest.approx(2 * precision * recall / (precision + recall))
    assert whole.mixed == sum(len({one[1] for one in mentions if one[0] == person}) > 1 for person in set(found))
    assert whole.spread == sum(len({one[0] for one in mentions if one[1] == person}) > 1 for person in set(stated))
    assert (whole.persons, whole.people) == (len(set(found)), len(set(stated)))


@pytest.mark.parametrize(
    ("category", "subject", "id_state", "part"),
    [
        pytest.param("c", False, "valid", "pairs with a relative, number", id="a relative with a number"),
        pytest.param("c", False, "missing", "pairs with a relative, no number", id="a relative without"),
        pytest.param("c", False, "guardian", "pairs with a relative, no number", id="a relative with the number of another"),
        pytest.param("house_registry", True, "invalid", "pairs with an owner, no number or birth date", id="an owner without"),
    ],
)
def test_a_missed_link_counts_where_it_belongs(tmp_path: Path, category: str, subject: bool, id_state: str, part: str) -> None:
    """Three mentions of one person; the third, of the kind that the part is about, stays alone."""
    con, truth = city(tmp_path, [(1, 1, True), (1, 1, True), (2, 1, subject)])
    role = "owner" if category == "house_registry" else "holder"
    con.execute("UPDATE mention_person SET category = $1, role = $2 WHERE record_id = 2", [category, role])
    con.execute(
        f"""COPY (SELECT * REPLACE (CASE natural_key WHEN '2' THEN '{category}' ELSE category END AS category,
                                    CASE natural_key WHEN '2' THEN '{role}' ELSE role END AS role),
                         CASE natural_key WHEN '2' THEN '{id_state}' ELSE 'valid' END AS id_state FROM truth)
            TO '{truth / "mentions.parquet"}' (FORMAT parquet)"""
    )
    evaluation = evaluate_links(con, truth)
    assert {name: evaluation.part(name).missed_pairs for name in PARTS} == {name: 2 * (name == part) for name in PARTS}
    assert evaluation.part("all").missed_pairs == 2


def a_judged_city(tmp_path: Path) -> tuple[duckdb.DuckDBPyConnection, Path]:
    """A woman of three mentions, one without number left alone, and a man of two, held to be one with her second mention."""
    con = duckdb.connect()
    con.execute("""CREATE TABLE mention AS SELECT * FROM (VALUES
            (1, 'c', 'a', 'holder', '421002198001010028'), (2, 'c', 'b', 'holder', '421002198001010028'), (3, 'c', 'd', 'holder', NULL),
            (4, 'c', 'e', 'holder', '421002198001010036'), (5, 'c', 'f', 'holder', '421002198001010036'))
        AS rows (mention_id, category, natural_key, role, number)""")
    for column, kind in (("name", "VARCHAR"), ("birth_date", "DATE"), ("sex", "VARCHAR"), ("community_code", "VARCHAR"),
                         ("township_code", "VARCHAR"), ("dwelling_code", "VARCHAR"), ("subject", "BOOLEAN")):
        con.execute(f"ALTER TABLE mention ADD COLUMN {column} {kind}")
    con.execute("UPDATE mention SET subject = true")
    con.execute("CREATE TABLE name_form (raw VARCHAR, plain VARCHAR)")
    con.execute("CREATE TABLE unit_mention AS SELECT mention_id, mention_id AS unit_id, number FROM mention")
    con.execute("ALTER TABLE mention DROP COLUMN number")
    con.execute("""CREATE TABLE mention_cluster AS
                   SELECT mention_id, CASE mention_id WHEN 3 THEN 3 WHEN 1 THEN 1 ELSE 2 END AS cluster FROM mention""")
    con.execute(f"""COPY (SELECT category, natural_key, role, CASE WHEN mention_id < 4 THEN 'T1' ELSE 'T2' END AS true_person,
                                 NULL::DATE AS removed_date FROM mention) TO '{tmp_path / "mentions.parquet"}' (FORMAT parquet)""")
    con.execute(quality._TABLES)
    con.execute("""INSERT INTO link_quality BY NAME SELECT 7 AS run, *
                   FROM (VALUES ('all', 'all'), ('id_number', 'without'), ('sex', 'male')) AS rows (subgroup, value),
                   (SELECT 0.5 AS precision_estimate, 0.2 AS precision_low, 0.6 AS precision_high,
                   0.3 AS recall_estimate, 0.2 AS recall_low, 0.4 AS recall_high)""")
    return con, tmp_path


def test_coverage_counts_a_pair_for_each_of_its_mentions(tmp_path: Path) -> None:
    """Found: the three pairs of mentions 2, 4, 5, one of them right. True: three pairs of hers, one of his."""
    rows = {(row.subgroup, row.value): row for row in coverage(*a_judged_city(tmp_path), 7)}
    total, without = rows["all", "all"], rows["id_number", "without"]
    assert total.mentions == 5
    assert total.true_precision == pytest.approx(1 / 3)
    assert total.true_recall == pytest.approx(1 / 4)
    assert (total.precision_covered, total.recall_covered) == (True, True)
    assert (without.mentions, without.true_precision, without.true_recall) == (1, None, 0)
    assert (without.precision_covered, without.recall_covered) == (None, False)


def test_coverage_leaves_no_tables(tmp_path: Path) -> None:
    con, truth = a_judged_city(tmp_path)
    before = con.execute("SELECT table_name FROM duckdb_tables() ORDER BY ALL").fetchall()
    coverage(con, truth, 7)
    after = con.execute("SELECT table_name FROM duckdb_tables() WHERE NOT temporary ORDER BY ALL").fetchall()
    assert after == before


@pytest.mark.parametrize(
    ("value", "covered"),
    [(None, None), (0.1, False), (0.2, True), (0.6, True), (0.61, False)],
    ids=["no pair", "below", "low", "high", "above"],
)
def test_covered(value: float | None, covered: bool | None) -> None:
    row = Coverage("all", "all", 1, value, (0.5, 0.2, 0.6), value, (0.5, 0.2, 0.6))
    assert (row.precision_covered, row.recall_covered) == (covered, covered)
