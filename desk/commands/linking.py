"""Commands about who is who.

Belongs here: link, explain, review, person. Does not: the work itself, which commands
import when they are called, so that a query does not wait for Dagster or Splink.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from desk.commands.options import ExplainFormat, Home, Language, LinkEngine, ReviewVerdict, ShownFormat, StewardPurpose, User

app = typer.Typer()

review_app = typer.Typer(no_args_is_help=True, help="Decide on pairs that the linkage is unsure of; decisions act from the next run on.")
person_app = typer.Typer(no_args_is_help=True, help="Person ids.")
app.add_typer(review_app, name="review")
app.add_typer(person_app, name="person")


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
                    language: Annotated[Language, typer.Option("--language")] = Language.ZH,
                    purpose: Annotated[str, typer.Option("--purpose", help="explanations are for data_quality only")] = "data_quality",
                    user: User = None) -> None:
    """Say why two records or persons are joined or kept apart."""
    from desk.explaining import ExplainRequest, answer_explain

    answer_explain(home, ExplainRequest(a, b, purpose, html, png, output.value, "zh" if language is Language.ZH else "en", user))


@review_app.command("next")
def review_next(home: Home, n: Annotated[int, typer.Option("-n", min=1, max=1000)] = 10, purpose: StewardPurpose = "data_quality",
                output: Annotated[ShownFormat, typer.Option("--format")] = ShownFormat.TABLE, user: User = None) -> None:
    """Show the pairs whose decision matters most, both sides beside each other."""
    from desk.review import show_next

    show_next(home, n, purpose, output.value, user)


@review_app.command("decide")
def review_decide(item: Annotated[str, typer.Argument(help="name from `review next` or an export")], verdict: ReviewVerdict, home: Home,
                  why: Annotated[str, typer.Option("--why", help="the reason")], user: User = None,
                  overrule: Annotated[bool, typer.Option("--overrule", help="supersede what others said of this pair")] = False) -> None:
    """Say whether the two sides of an item are one person."""
    from desk.review import decide

    decide(home, item, verdict.value, user, why, overrule=overrule)


@review_app.command("export")
def review_export(out: Annotated[Path, typer.Option(help=".xlsx, .csv or .json")], home: Home,
                  n: Annotated[int, typer.Option("-n", min=1, max=100_000)] = 200, purpose: StewardPurpose = "data_quality",
                  user: User = None) -> None:
    """Write the next items into a file with columns for verdict and reason."""
    from desk.review import export_items

    export_items(home, out, n, purpose, user)


@review_app.command("import")
def review_import(file: Path, home: Home, user: User = None) -> None:
    """Take the decisions of an exported file that was filled in; exit code 1 when a line was refused."""
    from desk.review import import_file

    if not import_file(home, file, user):
        raise typer.Exit(1)


@review_app.command("list")
def review_list(home: Home, purpose: StewardPurpose = "data_quality",
                output: Annotated[ShownFormat, typer.Option("--format")] = ShownFormat.TABLE, user: User = None) -> None:
    """List every decision ever made and what became of it."""
    from desk.review import list_decisions

    list_decisions(home, purpose, output.value, user)


@review_app.command("conflicts")
def review_conflicts(home: Home, purpose: StewardPurpose = "data_quality",
                     output: Annotated[ShownFormat, typer.Option("--format")] = ShownFormat.TABLE, user: User = None) -> None:
    """List decisions that contradict each other; they do not act."""
    from desk.review import show_conflicts

    show_conflicts(home, purpose, output.value, user)


@person_app.command("history")
def person_history(person_id: str, home: Home, purpose: StewardPurpose = "data_quality",
                   output: Annotated[ShownFormat, typer.Option("--format")] = ShownFormat.TABLE, user: User = None) -> None:
    """Tell the story of a person id: given, merged, split, and why."""
    from desk.person import show_history

    show_history(home, person_id, purpose, output.value, user)
