"""`onegrid demo` and `onegrid city`: a synthetic city, the whole job on it, and what it answers.

Belongs here: the order of the show. Does not: generating (sources/synthetic), running (desk/run.py), answering (desk/reading.py).
"""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path

from desk.alerts import show_alert_counts
from desk.area import AreaRequest, show_area
from desk.evaluating import report_evaluation
from desk.exchange import embedded_exchange
from desk.geography import load_file
from desk.reading import QueryRequest, answer_query
from desk.render import console
from desk.reports import report_run
from desk.run import run as run_job
from sources.synthetic import generate
from sources.synthetic.defects import DefectRates
from sources.synthetic.exchange import load

DEMO_SEED = 20250601
EXAMPLES = (
    ("elderly_care", "沙市区80至100岁独居老人"),
    ("grid_service", "荆州区居住半年以上的外来流动人口"),
)


def make_city(residents: int, seed: int, out: Path, deltas: int, defects: float, visited: float = 0.0) -> None:
    """Write deliveries and truth, and say where."""
    start = time.perf_counter()
    summary = generate(residents, seed, out, deltas=deltas, defects=DefectRates(scale=defects), visited=visited)
    console.print(f"city of {residents:,} residents: {summary.rows:,} records in {summary.deliveries} deliveries, "
                  f"{time.perf_counter() - start:.1f} s, below {out}")


def run_demo(residents: int, home: Path) -> None:
    """City, run, evaluation, both example queries, alerts, and how to look at it."""
    deliveries, installation = home / "deliveries", home / "home"
    console.rule("1 A synthetic city 模拟城市")
    if not (deliveries / "truth" / "persons.parquet").exists():
        make_city(residents, DEMO_SEED, deliveries, 2, 1.0)
    else:
        console.print(f"using the city below {deliveries}")
    with embedded_exchange((home / "postgres").absolute()) as dsn:
        load(deliveries, dsn)
        console.rule("2 The main job 主流程")
        load_boundaries(deliveries, installation)
        report_run(run_job, installation, deliveries, None)
    console.rule("3 Against the truth 对照真值")
    report_evaluation(installation, deliveries / "truth")
    console.rule("4 Two questions 两个问题")
    for purpose, text in EXAMPLES:
        answer_query(installation, QueryRequest(purpose=purpose, text=text, limit=5))
    console.rule("5 An area 一个区域")
    show_area(installation, AreaRequest("沙市区", "grid_service", ("living_alone",), "table", "zh"))
    console.rule("6 Alerts per department 各部门待核实事项")
    show_alert_counts(installation)
    console.rule("7 Look further 继续查看")
    console.print(f"""lineage, runs, checks:  onegrid ui --home {installation} --deliveries {deliveries}
Data Docs:              {installation}/reports/data_docs/site/index.html
for each department:    {installation}/outbox and {installation}/products
a department's alerts:  onegrid alerts --department civil_affairs --home {installation}
another question:       onegrid query --home {installation} --purpose grid_service --text '中心城区流动人口' --count
who lives upstairs:     onegrid house ADDRESS --purpose grid_service --home {installation}""")


def load_boundaries(deliveries: Path, installation: Path) -> None:
    """The map that comes with the city, in force from the day in its name."""
    for file in sorted((deliveries / "boundaries").glob("boundaries-*.geojson")):
        load_file(installation, file, date.fromisoformat(file.stem.removeprefix("boundaries-")), None, complete=False, first=True)
