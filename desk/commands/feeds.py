"""Commands of feeds: `onegrid feeds list|show|build|read|check|consents`.

Belongs here: options. Does not: the work (desk/feeds.py).
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from desk.commands.options import DAY, Home, Language, QueryFormat, User, day_of

app = typer.Typer()
feeds_app = typer.Typer(no_args_is_help=True, help="Data products: what each application or department gets.")
app.add_typer(feeds_app, name="feeds")

AnyHome = Annotated[Path | None, typer.Option("--home", help="folder of the installation, to show its products")]
Module = Annotated[str, typer.Argument(metavar="MODULE")]
Lang = Annotated[Language, typer.Option("--lang")]


@feeds_app.command("list")
def list_command(home: AnyHome = None, language: Lang = Language.ZH) -> None:
    """List the modules with purpose, cadence and newest product."""
    from desk.feeds import list_feeds

    list_feeds(home, language.value)


@feeds_app.command("show")
def show_command(module: Module, home: AnyHome = None, language: Lang = Language.ZH) -> None:
    """Show what a product is, for whom, on which terms, and its columns."""
    from desk.feeds import show_feed

    show_feed(module, home, language.value)


@feeds_app.command("build")
def build_command(home: Home, modules: Annotated[list[str] | None, typer.Argument(metavar="[MODULE]...")] = None,
                  force: Annotated[bool, typer.Option("--all", help="also what is not due")] = False,
                  user: User = None, language: Lang = Language.ZH) -> None:
    """Publish the products that are due for the current snapshot."""
    from desk.feeds import build_feeds

    build_feeds(home, modules or [], force=force, user=user, language=language.value)


@feeds_app.command("read")
def read_command(module: Module, home: Home, user: User = None,
                 purpose: Annotated[str, typer.Option("--purpose", help="of a variant; the feed's own when left out")] = "",
                 person: Annotated[str | None, typer.Option("--person", help="person_id or ID number")] = None,
                 case: Annotated[str | None, typer.Option("--case", help="case number of the own department")] = None,
                 name: Annotated[str | None, typer.Option("--name")] = None,
                 address: Annotated[str | None, typer.Option("--address")] = None,
                 as_of: Annotated[datetime | None, DAY] = None,
                 changes: Annotated[bool, typer.Option("--changes", help="what changed since the product before")] = False,
                 output: Annotated[QueryFormat, typer.Option("--format")] = QueryFormat.TABLE,
                 out: Annotated[Path | None, typer.Option(help="file to write (needed for parquet)")] = None,
                 language: Lang = Language.ZH) -> None:
    """Read the own rows of a product; every read is recorded."""
    from desk.feeds import Written, read_feed
    from warehouse.feeds.answers import Question

    question = Question(module, purpose, person, case, name, address, day_of(as_of), changes)
    read_feed(home, question, user, Written(output.value, out, language.value))


@feeds_app.command("check")
def check_command(accept: Annotated[bool, typer.Option("--accept", help="keep the schemas as they are now")] = False,
                  breaking: Annotated[bool, typer.Option("--breaking", help="with --accept: raise major versions")] = False,
                  language: Lang = Language.ZH) -> None:
    """Compare every feed with the schema that its consumers were promised."""
    from desk.feeds import check_feeds

    if not check_feeds(language.value, accept=accept, breaking=breaking):
        raise typer.Exit(1)


@feeds_app.command("consents")
def consents_command(module: Module, file: Annotated[Path, typer.Argument(metavar="FILE", exists=True)], home: Home,
                     community: Annotated[str, typer.Option("--community", help="whose list it is, 12 digits")], user: User = None) -> None:
    """Take the list of persons who agreed to take part, in place of the community's former one."""
    from desk.feeds import supply_consents

    supply_consents(home, module, community, file, user)
