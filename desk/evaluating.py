"""`onegrid evaluate`: the last run beside the truth of a synthetic city.

Belongs here: what is compared, and how it is printed; counts and shares only. Does not: counting (resolvers/evaluation.py,
resolvers/linkage/calibration.py, warehouse/evaluation.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from desk.render import console, table
from resolvers import registry
from resolvers.evaluation import Coverage, Evaluation, coverage, evaluate_links
from resolvers.linkage.calibration import against_truth
from resolvers.organisations.evaluation import evaluate_city
from resolvers.places import evaluation as located
from warehouse.cross_checks.evaluation import evaluate_alerts
from warehouse.evaluation import evaluate_answers
from warehouse.households import evaluation as living
from warehouse.snapshots import open_snapshot
from warehouse.store import open_working

SHOWN_PARTS = ("all", "category", "level")
"""Parts of the evaluation of addresses that are printed; `resolvers.places.evaluation` has them by column, defect and method, too."""


def report_evaluation(home: Path, truth: Path) -> None:
    """Links, persons, quarantine and example queries of the published snapshot; estimates and calibration of the last run.

    Raises StoreInUse while a run is under way, StoreProblem before the first.
    """
    with open_snapshot(home) as con:
        _show_links(evaluate_links(con, truth))
        _show_quarantine(con, truth)
        _show_places(con, truth)
        _show_organisations(con, truth)
        _show_living(con, truth)
        _show_alerts(con, truth)
        answers = evaluate_answers(con, truth)
    with open_working(home) as con:
        _show_estimates(coverage(con, truth, registry.next_run(con) - 1))
        _show_calibration(con, truth)
    table("Example queries 示例查询 (differences by cause: our links, or what the registers do not know)",
          ["query", "answered#", "rightly linked#", "link missing#", "link extra#", "truth#", "register missing#", "register extra#"],
          [[a.name, a.answered, a.rightly_linked, a.link_missing, a.link_extra, a.true, a.register_missing, a.register_extra]
           for a in answers])


def _show_links(evaluation: Evaluation) -> None:
    table("Links against the truth 关联质量", ["mentions of", "mentions#", "precision#", "recall#", "wrong pairs#", "missed pairs#"],
          [[part.name, part.mentions, part.precision, part.recall, part.wrong_pairs, part.missed_pairs] for part in evaluation.parts])
    table("Whole persons 整人 (mixed: holds several true people; spread: one true person in several of ours)",
          ["mentions of", "persons#", "true people#", "mixed#", "mixed per 100,000#", "spread#", "B-cubed#"],
          [[whole.name, whole.persons, whole.people, whole.mixed, round(whole.mixed_per_100_000, 2), whole.spread, whole.bcubed]
           for whole in evaluation.whole])


def _show_alerts(con: duckdb.DuckDBPyConnection, truth: Path) -> None:
    found = evaluate_alerts(con, truth)
    if found:
        table("Planted violations 植入的不一致 (rows; checks without exact rows are not judged)",
              ["check", "exact#", "found#", "recall#", "ours#", "in the truth#", "precision#"],
              [[one.check, one.exact, one.found, one.recall, one.ours, one.planted, one.precision] for one in found])


def _show_quarantine(con: duckdb.DuckDBPyConnection, truth: Path) -> None:
    missing, extra = con.execute("""
        WITH expected AS (SELECT category, delivery_date, "row" FROM read_parquet($1) WHERE must),
             found AS (SELECT category, delivery_date, position AS "row" FROM quarantine)
        SELECT (SELECT count(*) FROM expected ANTI JOIN found USING (category, delivery_date, "row")),
               (SELECT count(*) FROM found ANTI JOIN expected USING (category, delivery_date, "row"))""",
                                 [str(truth / "quarantine.parquet")]).fetchone() or (0, 0)
    console.print(f"quarantine against the truth: {missing} rows missing, {extra} rows too many")


def _show_places(con: duckdb.DuckDBPyConnection, truth: Path) -> None:
    """Located addresses beside the dwellings meant; nothing for a city that does not state them."""
    if not (truth / "addresses.parquet").exists():
        return
    table("Addresses against the truth 地址匹配 (deciding: text and columns lead to one dwelling)", list(located.HEADERS),
          [row for row in located.rows(located.evaluate(con, truth)) if row[0] in SHOWN_PARTS])


def _show_organisations(con: duckdb.DuckDBPyConnection, truth: Path) -> None:
    """Organisations beside the truth; nothing for a city that does not state it."""
    if not (truth / "organisations.parquet").exists():
        return
    found = evaluate_city(con, truth)
    table("Organisations against the truth 法人单位 (pairs of cells, and of distinct spellings)",
          ["cells#", "precision#", "recall#", "of spellings: precision#", "recall#"],
          [[found.cells, found.precision, found.recall, found.spelling_precision, found.spelling_recall]])


def _show_living(con: duckdb.DuckDBPyConnection, truth: Path) -> None:
    """Dwellings, living alone and households, of our links and of the rightly linked records; differences by cause."""
    ours = living.evaluate(con, truth)
    table("How people live 居住与家庭 (persons alive, living in the city and known to a register)",
          ["links", "persons#", "dwelling right#", "wrong#", "none#", "right of those located#", "alone precision#", "alone recall#",
           "whole households#"],
          [[name, found.persons, found.right, found.wrong, found.none, found.right / max(found.right + found.wrong, 1),
            found.alone_precision, found.alone_recall, found.whole_share]
           for name, found in (("ours", ours), ("right ones", ours.rightly_linked)) if found is not None])
    table("Differences by cause 差异原因", list(living.HEADERS), living.rows(ours))


def _interval(interval: tuple[float, float, float]) -> str:
    return f"{interval[0]:.5f} [{interval[1]:.5f}, {interval[2]:.5f}]"


def _answer(covered: bool | None) -> str:
    return "" if covered is None else "yes" if covered else "NO"


def _show_estimates(found: list[Coverage]) -> None:
    """The estimates that were made without the truth, and whether it lies in them."""
    rows: list[list[Any]] = [
        [f"{one.subgroup}: {one.value}" if one.subgroup != one.value else one.value, one.mentions,
         _interval(one.precision), one.true_precision, _answer(one.precision_covered),
         _interval(one.recall), one.true_recall, _answer(one.recall_covered)]
        for one in found
    ]
    table("Quality estimated without labels, beside the truth 无标注估计与真值",
          ["subgroup", "mentions#", "precision estimated", "true#", "inside", "recall estimated", "true#", "inside"], rows)
    judged = [covered for one in found for covered in (one.precision_covered, one.recall_covered) if covered is not None]
    console.print(f"{sum(judged)} of {len(judged)} intervals hold the truth")


def _show_calibration(con: duckdb.DuckDBPyConnection, truth: Path) -> None:
    """Predicted probabilities of the scored pairs beside the share that is true."""
    table("Calibration of the scored pairs 概率校准", ["probability", "pairs#", "mean probability#", "share true#"],
          [[f"{one.low} to {one.high}", one.pairs, one.expected, one.observed] for one in against_truth(con, truth) if one.pairs])
