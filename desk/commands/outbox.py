"""Commands about what goes to departments and comes back: alerts send, push, channel, outbox, import.

Belongs here: arguments and help, joined to `onegrid alerts`. Does not: the work (desk/outbox.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from desk.commands.alerts import alerts_app
from desk.commands.options import Home, User

app = typer.Typer()
One = Annotated[str | None, typer.Option("--department", help="only this department")]


@alerts_app.command("send")
def alerts_send(home: Home, department: One = None, user: User = None) -> None:
    """Write what waits into the folders of the departments; every run does so by itself."""
    from desk.outbox import send

    send(home, user, department)


@alerts_app.command("push")
def alerts_push(home: Home, user: User = None) -> None:
    """Try every webhook and e-mail that is due; every run does so by itself."""
    from desk.outbox import push

    push(home, user)


@alerts_app.command("channel")
def alerts_channel(department: Annotated[str, typer.Argument(metavar="DEPARTMENT")], home: Home,
                   webhook: Annotated[str | None, typer.Option("--webhook", help="https address")] = None,
                   secret_env: Annotated[str | None, typer.Option("--secret-env", help="environment variable with its secret")] = None,
                   email: Annotated[str | None, typer.Option("--email", help="Apprise address, for instance mailtos://...")] = None,
                   remove: Annotated[bool, typer.Option("--remove", help="remove both")] = False, user: User = None) -> None:
    """Set a webhook or e-mail of a department beside its folder; without options say which it has."""
    from desk.outbox import set_channel, show_channels

    if not remove and webhook is None and email is None:
        show_channels(home, user, department)
    for kind, target in (("webhook", webhook), ("email", email)):
        if remove or target is not None:
            set_channel(home, user, department, kind, None if remove else target, secret_env)


@alerts_app.command("outbox")
def alerts_outbox(home: Home, department: One = None, user: User = None) -> None:
    """Count messages that wait and messages sent."""
    from desk.outbox import show_waiting

    show_waiting(home, user, department)


@alerts_app.command("import")
def alerts_import(file: Path, home: Home, department: Annotated[str, typer.Option("--department", help="whose answers they are")],
                  user: User = None) -> None:
    """Take the answers of a returned file; exit code 1 when a line was refused."""
    from desk.outbox import import_answers

    if not import_answers(home, user, file, department):
        raise typer.Exit(1)
