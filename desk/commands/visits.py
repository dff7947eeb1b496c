"""Commands of the grid worker loop: visits form, visits results.

Belongs here: arguments and help. Does not: the work (desk/visits.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from desk.commands.options import Home, Language, ShownFormat, User

app = typer.Typer()
visits_app = typer.Typer(no_args_is_help=True, help="The grid worker's form 入户登记: collect once at the door, divide afterwards.")
app.add_typer(visits_app, name="visits")


@visits_app.command("form")
def visits_form(out: Annotated[Path, typer.Option(help="new file: .xlsx, or .json for the JSON Schema that terminals use")],
                grid: Annotated[str | None, typer.Option("--grid", help="prefill with the residents of this grid (15 digits)")] = None,
                home: Annotated[Path | None, typer.Option("--home", help="folder of the installation; only with --grid")] = None,
                user: User = None) -> None:
    """Write the form, empty or prefilled for a grid worker's own grid."""
    from desk.visits import make_form

    make_form(home, user, out, grid)


@visits_app.command("results")
def visits_results(grid: Annotated[str, typer.Option("--grid", help="15 digits")], home: Home, user: User = None,
                   output: Annotated[ShownFormat, typer.Option("--format")] = ShownFormat.TABLE,
                   language: Annotated[Language, typer.Option("--lang")] = Language.ZH) -> None:
    """List what became of the lines that were delivered for a grid."""
    from desk.visits import show_results

    show_results(home, user, grid, output.value, language.value)
