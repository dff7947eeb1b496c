"""The command line `onegrid`.

Belongs here: arguments, the words for errors, exit codes (0 done, 1 refused or failed with a reason, 2 wrong usage).
Does not: the work itself; each command calls one function of another module.
"""

from __future__ import annotations

import enum
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
                  help="OneGrid: from eight departments' deliveries to one profile per resident.")

Home = Annotated[Path, typer.Option("--home", help="folder of the installation")]
PurposeOption = Annotated[str, typer.Option("--purpose", help="why you read: a purpose of the catalogue, for instance elderly_care")]
DAY = typer.Option(formats=["%Y-%m-%d"])

review_app = typer.Typer(no_args_is_help=True, help="Decide on pairs that the linkage is unsure of; decisions act from the next run on.")
person_app = typer.Typer(no_args_is_help=True, help="Person ids.")
app.add_typer(review_app, name="review")
app.add_typer(person_app, name="person")
StewardPurpose = Annotated[str, typer.Option("--purpose", help="reviewing records is for data_quality only")]
By = Annotated[str, typer.Option("--by", help="who decides")]


class QueryFormat(enum.StrEnum):
    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


class ShownFormat(enum.StrEnum):
    TABLE = "table"
    JSON = "json"


class ReviewVerdict(enum.StrEnum):
    SAME = "same"
    DIFFERENT = "different"
    UNSURE = "unsure"


class ExplainFormat(enum.StrEnum):
    TEXT = "text"
    JSON = "json"


class ExplainLanguage(enum.StrEnum):
    ZH = "zh"
    EN = "en"


class LinkEngine(enum.StrEnum):
    DUCKDB = "duckdb"
    SPARK = "spark"


class ExportTable(enum.StrEnum):
    MENTIONS = "mentions"
    PROFILES = "profiles"
    PROVENANCE = "provenance"
    QUARANTINE = "quarantine"
    DELIVERIES = "deliveries"
    ALERTS = "alerts"


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment is not None else None


@app.command()
def demo(residents: Annotated[int, typer.Option(min=500, help="size of the synthetic city")] = 20_000,
         home: Annotated[Path, typer.Option(help="folder for the city and its installation")] = Path("demo")) -> None:
    """Make a synthetic city, run the main job on it and show what it answers."""
    from desk.demo import run_demo

    run_demo(residents, home)


@app.command()
def city(residents: Annotated[int, typer.Option(min=500)], seed: Annotated[int, typer.Option()], out: Annotated[Path, typer.Option()],
         deltas: Annotated[int, typer.Option(min=0, max=4, help="further deliveries of each category after the full one")] = 2,
         defects: Annotated[float, typer.Option(min=0, help="1 is the dictionary's share of every defect, 0 none")] = 1.0) -> None:
    """Write the deliveries and the truth of a synthetic city."""
    from desk.demo import make_city

    make_city(residents, seed, out, deltas, defects)


@app.command()
def run(deliveries: Annotated[Path, typer.Option(help="folder that holds <department>/<category>/<date>/")], home: Home,
        until: Annotated[datetime | None, DAY] = None,
        again: Annotated[bool, typer.Option("--again", help="publish anew even when nothing is new")] = False,
        strict: Annotated[bool, typer.Option("--strict", help="exit with 1 when a delivery was refused")] = False,
        engine: Annotated[LinkEngine, typer.Option(help="what joins and scores pairs when everything is linked anew")] = LinkEngine.DUCKDB,
        master: Annotated[str, typer.Option(help="of Spark: local[N], or the URL of a cluster")] = "local[2]") -> None:
    """Run the main job: load what is new, resolve, profile, check, publish."""
    from desk.reports import report_run
    from desk.run import run as run_job

    refused = report_run(run_job, home, deliveries, _day(until), again=again,
                         spark_master=master if engine is LinkEngine.SPARK else None)
    if strict and refused:
        raise typer.Exit(1)


@app.command()
def query(purpose: PurposeOption, home: Home,
          file: Annotated[Path | None, typer.Argument(help="query as JSON or YAML; - reads standard input")] = None,
          text: Annotated[str | None, typer.Option("--text", help="a Chinese phrase, for instance 沙市区80至100岁独居老人")] = None,
          as_of: Annotated[datetime | None, DAY] = None,
          count: Annotated[bool, typer.Option("--count", help="only the number")] = False,
          by: Annotated[str | None, typer.Option("--by", help="counts per value of a class")] = None,
          output: Annotated[QueryFormat, typer.Option("--format")] = QueryFormat.TABLE,
          out: Annotated[Path | None, typer.Option(help="file to write (needed for parquet)")] = None,
          limit: Annotated[int, typer.Option(help="rows shown in a table; other formats are complete")] = 20) -> None:
    """Answer a combination of attribute classes."""
    from desk.reading import QueryRequest, answer_query

    answer_query(home, QueryRequest(purpose=purpose, file=file, text=text, as_of=_day(as_of), count=count, by=by,
                                    output=output.value, out=out, limit=limit))


@app.command()
def profile(purpose: PurposeOption, home: Home, person_id: Annotated[str | None, typer.Argument()] = None,
            id_number: Annotated[str | None, typer.Option("--id-number")] = None,
            as_of: Annotated[datetime | None, DAY] = None,
            output: Annotated[QueryFormat, typer.Option("--format")] = QueryFormat.TABLE) -> None:
    """Show what is known about one person, each value with its provenance."""
    from desk.reading import show_profile

    show_profile(home, purpose, person_id, id_number, _day(as_of), output.value)


@app.command()
def alerts(department: Annotated[str, typer.Option()], home: Home,
           output: Annotated[QueryFormat, typer.Option("--format")] = QueryFormat.TABLE,
           limit: Annotated[int, typer.Option()] = 50) -> None:
    """List the open alerts addressed to a department."""
    from desk.reading import show_alerts

    show_alerts(home, department, output.value, limit)


@app.command()
def export(table: ExportTable, home: Home, out: Annotated[Path, typer.Option(help="Parquet file to write")],
           as_of: Annotated[datetime | None, DAY] = None) -> None:
    """Write a whole table for checking and migration; for the operator who holds the key."""
    from desk.exports import export_table

    export_table(home, table.value, out, _day(as_of))


@app.command()
def evaluate(home: Home, truth: Annotated[Path, typer.Option(help="folder truth/ of a synthetic city")]) -> None:
    """Compare links, quarantine and answers with the truth of a synthetic city."""
    from desk.evaluating import report_evaluation

    report_evaluation(home, truth)


@app.command("snapshots")
def snapshots_command(home: Home,
                      activate: Annotated[int | None, typer.Option(help="make this kept snapshot current again")] = None) -> None:
    """List the kept snapshots, or make one current."""
    from desk.reports import report_snapshots

    report_snapshots(home, activate)


@app.command()
def ui(home: Home, deliveries: Annotated[Path, typer.Option()], port: Annotated[int, typer.Option()] = 3000) -> None:
    """Open the Dagster UI on this home (lineage, runs, checks)."""
    from desk.ui import serve

    serve(home, deliveries, port)


model_app = typer.Typer(no_args_is_help=True, help="The linkage model of an installation.")
app.add_typer(model_app, name="model")


@model_app.command("show")
def model_show(home: Home) -> None:
    """Say what the model was trained on, when, its threshold and its report."""
    from desk.model import show_model

    show_model(home)


@model_app.command("train")
def model_train(home: Home) -> None:
    """Train the model anew on the mentions of the last run; the next run links everything anew with it. The former model is kept."""
    from desk.model import train_model

    train_model(home)


@app.command("link")
def link_command(tables: Annotated[list[Path], typer.Argument(help="CSV, Parquet or Excel files; one is deduplicated, several are linked")],
                 id_column: Annotated[str, typer.Option("--id", help="column that is different in every row")],
                 model: Annotated[str, typer.Option(help="febrl3, febrl4, historical, a model file, or auto: look at the columns")],
                 out: Annotated[Path, typer.Option(help="Parquet file to write: table, record_id, cluster_id")],
                 save_model: Annotated[Path | None, typer.Option("--save-model", help="where the model goes; auto: beside --out")] = None,
                 engine: Annotated[LinkEngine, typer.Option(help="what joins and scores pairs")] = LinkEngine.DUCKDB,
                 master: Annotated[str, typer.Option(help="of Spark: local[N], or the URL of a cluster")] = "local[2]") -> None:
    """Link any tables by a model: which rows speak of one person."""
    from desk.linking import link_tables

    link_tables(tables, id_column, model, out, save_model, today=date.today(), spark_master=master if engine is LinkEngine.SPARK else None)


@app.command("explain")
def explain_command(a: Annotated[str, typer.Argument(metavar="A", help="a person id, or category, key (and role) joined by colons")],
                    b: Annotated[str, typer.Argument(metavar="B", help="as A")], home: Home,
                    html: Annotated[Path | None, typer.Option("--html", help="page to write; it needs no network")] = None,
                    png: Annotated[Path | None, typer.Option("--png", help="picture of the waterfall to write")] = None,
                    output: Annotated[ExplainFormat, typer.Option("--format")] = ExplainFormat.TEXT,
                    language: Annotated[ExplainLanguage, typer.Option("--language")] = ExplainLanguage.ZH,
                    purpose: Annotated[str, typer.Option("--purpose", help="explanations are for data_quality only")] = "data_quality",
                    ) -> None:
    """Say why two records or persons are joined or kept apart."""
    from desk.explaining import ExplainRequest, answer_explain

    answer_explain(home, ExplainRequest(a, b, purpose, html, png, output.value, "zh" if language is ExplainLanguage.ZH else "en"))


@review_app.command("next")
def review_next(home: Home, n: Annotated[int, typer.Option("-n", min=1, max=1000)] = 10, purpose: StewardPurpose = "data_quality",
                output: Annotated[ShownFormat, typer.Option("--format")] = ShownFormat.TABLE) -> None:
    """Show the pairs whose decision matters most, both sides beside each other."""
    from desk.review import show_next

    show_next(home, n, purpose, output.value)


@review_app.command("decide")
def review_decide(item: Annotated[str, typer.Argument(help="name from `review next` or an export")], verdict: ReviewVerdict, home: Home,
                  by: By, why: Annotated[str, typer.Option("--why", help="the reason")],
                  overrule: Annotated[bool, typer.Option("--overrule", help="supersede what others said of this pair")] = False) -> None:
    """Say whether the two sides of an item are one person."""
    from desk.review import decide

    decide(home, item, verdict.value, by, why, overrule=overrule)


@review_app.command("export")
def review_export(out: Annotated[Path, typer.Option(help=".xlsx, .csv or .json")], home: Home,
                  n: Annotated[int, typer.Option("-n", min=1, max=100_000)] = 200, purpose: StewardPurpose = "data_quality") -> None:
    """Write the next items into a file with columns for verdict and reason."""
    from desk.review import export_items

    export_items(home, out, n, purpose)


@review_app.command("import")
def review_import(file: Path, by: By, home: Home) -> None:
    """Take the decisions of an exported file that was filled in; exit code 1 when a line was refused."""
    from desk.review import import_file

    if not import_file(home, file, by):
        raise typer.Exit(1)


@review_app.command("list")
def review_list(home: Home, purpose: StewardPurpose = "data_quality",
                output: Annotated[ShownFormat, typer.Option("--format")] = ShownFormat.TABLE) -> None:
    """List every decision ever made and what became of it."""
    from desk.review import list_decisions

    list_decisions(home, purpose, output.value)


@review_app.command("conflicts")
def review_conflicts(home: Home, purpose: StewardPurpose = "data_quality",
                     output: Annotated[ShownFormat, typer.Option("--format")] = ShownFormat.TABLE) -> None:
    """List decisions that contradict each other; they do not act."""
    from desk.review import show_conflicts

    show_conflicts(home, purpose, output.value)


@person_app.command("history")
def person_history(person_id: str, home: Home, purpose: StewardPurpose = "data_quality",
                   output: Annotated[ShownFormat, typer.Option("--format")] = ShownFormat.TABLE) -> None:
    """Tell the story of a person id: given, merged, split, and why."""
    from desk.person import show_history

    show_history(home, person_id, purpose, output.value)


def main() -> None:
    """Entry point; errors of the product become one clear message and exit code 1."""
    from desk.errors import shown_errors

    with shown_errors():
        app()


if __name__ == "__main__":
    main()
