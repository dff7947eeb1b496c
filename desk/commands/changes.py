"""Commands about mutual updates: the offers of a department, and its answers.

Belongs here: arguments and help. Does not: the work (desk/changes.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from desk.commands.options import Home, Language, ShownFormat, User

app = typer.Typer()
changes_app = typer.Typer(no_args_is_help=True, help="What other departments know better than a department's own records.")
app.add_typer(changes_app, name="changes")

Change = Annotated[str, typer.Argument(metavar="CHANGE")]
Department = Annotated[str, typer.Option("--department", help="the department whose records they are")]
Category = Annotated[str | None, typer.Option("--category", help="only this register")]
Version = Annotated[int, typer.Option("--version", help="the version that was looked at")]


@changes_app.command("list")
def changes_list(home: Home, department: Department, category: Category = None,
                 every: Annotated[bool, typer.Option("--all", help="answered ones, too")] = False,
                 output: Annotated[ShownFormat, typer.Option("--format")] = ShownFormat.TABLE,
                 limit: Annotated[int, typer.Option(help="rows shown in a table; json is complete")] = 50,
                 language: Annotated[Language, typer.Option("--lang")] = Language.ZH, user: User = None) -> None:
    """List the changes offered to a department."""
    from desk.changes import Shown, show_changes
    from warehouse.changes.lifecycle import WAITING, State

    states = tuple(State) if every else WAITING
    show_changes(home, Shown(department, category, states, limit, output.value, language.value), user)


@changes_app.command("export")
def changes_export(home: Home, department: Department, out: Annotated[Path, typer.Option(help=".csv")], category: Category = None,
                   user: User = None) -> None:
    """Write the offers into a file with columns for the answer; `changes import` takes it back."""
    from desk.changes import Shown, export

    export(home, Shown(department, category, output="csv"), out, user)


@changes_app.command("accept")
def changes_accept(change: Change, home: Home, department: Department, version: Version,
                   why: Annotated[str | None, typer.Option("--why")] = None, user: User = None) -> None:
    """Say that the record will be corrected; the next delivery has to show it."""
    from desk.changes import answer
    from warehouse.changes.lifecycle import State

    answer(home, user, department, change, version, State.ACCEPTED, why)


@changes_app.command("reject")
def changes_reject(change: Change, home: Home, department: Department, version: Version,
                   why: Annotated[str, typer.Option("--why", help="the reason, sealed")], user: User = None) -> None:
    """Say that the own record is right."""
    from desk.changes import answer
    from warehouse.changes.lifecycle import State

    answer(home, user, department, change, version, State.REJECTED, why)


@changes_app.command("import")
def changes_import(file: Path, home: Home, department: Department, user: User = None) -> None:
    """Take the answers of a returned file (接受 or 不采纳); exit code 1 when a line was refused."""
    from desk.changes import import_answers

    if not import_answers(home, user, file, department):
        raise typer.Exit(1)
