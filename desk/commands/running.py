"""Commands of those who run an installation.

Belongs here: demo, city, run, evaluate, snapshots, export, ui, model. Does not: the work itself, which commands
import when they are called, so that a query does not wait for Dagster or Splink.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from desk.commands.options import DAY, ExportTable, Home, LinkEngine, User, day_of

app = typer.Typer()


@app.command()
def demo(residents: Annotated[int, typer.Option(min=500, help="size of the synthetic city")] = 20_000,
         home: Annotated[Path, typer.Option(help="folder for the city and its installation")] = Path("demo")) -> None:
    """Make a synthetic city, run the main job on it and show what it answers."""
    from desk.access import found_account
    from desk.demo import run_demo

    run_demo(residents, home)
    found_account(home / "home")


@app.command()
def city(residents: Annotated[int, typer.Option(min=500)], seed: Annotated[int, typer.Option()], out: Annotated[Path, typer.Option()],
         deltas: Annotated[int, typer.Option(min=0, max=4, help="further deliveries of each category after the full one")] = 2,
         defects: Annotated[float, typer.Option(min=0, help="1 is the dictionary's share of every defect, 0 none")] = 1.0,
         visited: Annotated[float, typer.Option(min=0, max=1, help="share of the people in grids who are visited")] = 0.0) -> None:
    """Write the deliveries and the truth of a synthetic city."""
    from desk.demo import make_city

    make_city(residents, seed, out, deltas, defects, visited)


@app.command()
def run(deliveries: Annotated[Path, typer.Option(help="folder that holds <department>/<category>/<date>/")], home: Home,
        until: Annotated[datetime | None, DAY] = None,
        again: Annotated[bool, typer.Option("--again", help="publish anew even when nothing is new")] = False,
        strict: Annotated[bool, typer.Option("--strict", help="exit with 1 when a delivery was refused")] = False,
        engine: Annotated[LinkEngine, typer.Option(help="what joins and scores pairs when everything is linked anew")] = LinkEngine.DUCKDB,
        master: Annotated[str, typer.Option(help="of Spark: local[N], or the URL of a cluster")] = "local[2]",
        user: User = None) -> None:
    """Run the main job: load what is new, resolve, profile, check, publish."""
    from desk.access import check_run, found_account
    from desk.reports import report_run
    from desk.run import run as run_job

    check_run(home, user)
    refused = report_run(run_job, home, deliveries, day_of(until), again=again,
                         spark_master=master if engine is LinkEngine.SPARK else None)
    found_account(home)
    if strict and refused:
        raise typer.Exit(1)


@app.command()
def evaluate(home: Home, truth: Annotated[Path, typer.Option(help="folder truth/ of a synthetic city")],
             user: User = None) -> None:
    """Compare links, quarantine and answers with the truth of a synthetic city."""
    from desk.access import check
    from desk.evaluating import report_evaluation

    check(home, user, "evaluate")
    report_evaluation(home, truth)


@app.command("snapshots")
def snapshots_command(home: Home,
                      activate: Annotated[int | None, typer.Option(help="make this kept snapshot current again")] = None,
                      user: User = None) -> None:
    """List the kept snapshots, or make one current."""
    from desk.access import check
    from desk.reports import report_snapshots

    check(home, user, "snapshots")
    report_snapshots(home, activate)


@app.command()
def export(table: ExportTable, home: Home, out: Annotated[Path, typer.Option(help="Parquet file to write")],
           as_of: Annotated[datetime | None, DAY] = None, user: User = None) -> None:
    """Write a whole table for checking and migration; for the operator who holds the key."""
    from desk.exports import export_table

    export_table(home, table.value, out, day_of(as_of), user)


@app.command()
def ui(home: Home, deliveries: Annotated[Path, typer.Option()], port: Annotated[int, typer.Option()] = 3000,
       user: User = None) -> None:
    """Open the Dagster UI on this home (lineage, runs, checks)."""
    from desk.access import check
    from desk.ui import serve

    check(home, user, "ui")
    serve(home, deliveries, port)


model_app = typer.Typer(no_args_is_help=True, help="The linkage model of an installation.")
app.add_typer(model_app, name="model")


@model_app.command("show")
def model_show(home: Home, user: User = None) -> None:
    """Say what the model was trained on, when, its threshold and its report."""
    from desk.access import check
    from desk.model import show_model

    check(home, user, "model")
    show_model(home)


@model_app.command("train")
def model_train(home: Home, user: User = None) -> None:
    """Train the model anew on the mentions of the last run; the next run links everything anew with it. The former model is kept."""
    from desk.access import check
    from desk.model import train_model

    check(home, user, "model")
    train_model(home)
