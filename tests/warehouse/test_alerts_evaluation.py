"""Planted violations: recall over exact rows, precision over all planted ones, by check."""

from __future__ import annotations

from pathlib import Path

import duckdb

from warehouse.cross_checks.evaluation import CheckQuality, evaluate_alerts


def test_rows_are_counted_by_check(tmp_path: Path) -> None:
    con = duckdb.connect()
    con.execute("""CREATE TABLE alert AS FROM (VALUES ('A1', 'two_schools'), ('A2', 'two_schools'), ('A3', 'two_pensions_paid'))
                   AS t(alert_id, "check")""")
    con.execute("""CREATE TABLE alert_record AS FROM (VALUES ('A1', 'student_enrolment', 'a'), ('A1', 'student_enrolment', 'b'),
                   ('A2', 'student_enrolment', 'c'), ('A3', 'pension_insurance', 'd')) AS t(alert_id, category, natural_key)""")
    con.execute(f"""COPY (FROM (VALUES ('two_schools', 'student_enrolment', 'a', 'exact'),
                    ('two_schools', 'student_enrolment', 'b', 'approximate'),
                    ('two_schools', 'student_enrolment', 'x', 'exact'),
                    ('allowance_paid_twice', 'elderly_disability_benefits', 'y', 'exact'))
                    AS t("check", category, natural_key, certainty)) TO '{tmp_path / "planted.parquet"}'""")
    found = {one.check: one for one in evaluate_alerts(con, tmp_path)}
    assert found["two_schools"] == CheckQuality("two_schools", exact=2, found=1, ours=3, planted=2)
    assert (found["two_schools"].recall, found["two_schools"].precision) == (0.5, 2 / 3)
    assert (found["allowance_paid_twice"].recall, found["allowance_paid_twice"].precision) == (0.0, None)
    assert (found["two_pensions_paid"].recall, found["two_pensions_paid"].precision) == (None, None)
    assert found["all"] == CheckQuality("all", 3, 1, 3, 2)


def test_truth_without_planted_violations_judges_nothing(tmp_path: Path) -> None:
    assert evaluate_alerts(duckdb.connect(), tmp_path) == []
