"""Commands about alerts: the list of a department, one alert, answers, assignment, comments.

Belongs here: arguments and help. Does not: the work (desk/alerts.py).
"""

from __future__ import annotations

from typing import Annotated

import typer

from desk.commands.options import AlertState, Home, Language, QueryFormat, User

app = typer.Typer()
alerts_app = typer.Typer(help="Alerts of a department: list, answer, assign, comment; without a subcommand the list.")
app.add_typer(alerts_app, name="alerts")

Alert = Annotated[str, typer.Argument(metavar="ALERT")]
Department = Annotated[str, typer.Option("--department", help="the department that is told")]
Version = Annotated[int, typer.Option("--version", help="the version that was looked at; of two who answer the second is told")]
Why = Annotated[str | None, typer.Option("--why", help="the reason, sealed; needed to reject")]
Lang = Annotated[Language, typer.Option("--lang")]


@alerts_app.callback(invoke_without_command=True)
def alerts(context: typer.Context, home: Annotated[str | None, typer.Option("--home", help="folder of the installation")] = None,
           department: Annotated[str | None, typer.Option("--department", help="the department that is told")] = None,
           state: Annotated[list[AlertState] | None, typer.Option("--state", help="open, acknowledged and corrected when left out")] = None,
           check: Annotated[str | None, typer.Option("--check", help="only this check")] = None,
           overdue: Annotated[bool, typer.Option("--overdue", help="only those that should have been answered")] = False,
           output: Annotated[QueryFormat, typer.Option("--format")] = QueryFormat.TABLE,
           limit: Annotated[int, typer.Option(help="rows shown in a table; json is complete")] = 50,
           language: Lang = Language.ZH, user: User = None) -> None:
    """List the alerts addressed to a department."""
    if context.invoked_subcommand is not None:
        return
    if home is None or department is None:
        raise typer.BadParameter("state --home and --department, or a subcommand (onegrid alerts --help)")
    from pathlib import Path

    from desk.alerts import Shown, show_alerts
    from warehouse.alerts.states import LIVE, State

    states = tuple(State(one.value) for one in state) if state else LIVE
    show_alerts(Path(home), Shown(department, states, check, overdue, limit, output.value, language.value), user)


@alerts_app.command("show")
def alerts_show(alert: Alert, home: Home, department: Department, language: Lang = Language.ZH, user: User = None) -> None:
    """Show one alert with its evidence and its history."""
    from desk.alerts import show_one

    show_one(home, user, alert, department, language.value)


@alerts_app.command("summary")
def alerts_summary(home: Home, language: Lang = Language.ZH, user: User = None) -> None:
    """Count alerts per department and state."""
    from desk.alerts import show_summary

    show_summary(home, user, language.value)


def _answer(home: Home, user: str | None, alert: str, department: str, version: int, to: str, why: str | None, language: Language) -> None:
    from desk.alerts import Doing, answer
    from warehouse.alerts.states import State

    answer(home, user, Doing(alert, department, version, language.value), State(to), why)


@alerts_app.command("acknowledge")
def alerts_acknowledge(alert: Alert, home: Home, department: Department, version: Version, why: Why = None, language: Lang = Language.ZH,
                       user: User = None) -> None:
    """Say that the department knows of it and looks into it."""
    _answer(home, user, alert, department, version, "acknowledged", why, language)


@alerts_app.command("correct")
def alerts_correct(alert: Alert, home: Home, department: Department, version: Version, why: Why = None, language: Lang = Language.ZH,
                   user: User = None) -> None:
    """Say that the record was corrected; the next delivery has to show it."""
    _answer(home, user, alert, department, version, "corrected", why, language)


@alerts_app.command("reject")
def alerts_reject(alert: Alert, home: Home, department: Department, version: Version, why: Why = None, language: Lang = Language.ZH,
                  user: User = None) -> None:
    """Say, with a reason, that the record is right; the alert stays quiet while its facts do not change."""
    _answer(home, user, alert, department, version, "rejected", why, language)


@alerts_app.command("reopen")
def alerts_reopen(alert: Alert, home: Home, department: Department, version: Version, why: Why = None, language: Lang = Language.ZH,
                  user: User = None) -> None:
    """Take an answer back."""
    _answer(home, user, alert, department, version, "open", why, language)


@alerts_app.command("assign")
def alerts_assign(alert: Alert, home: Home, department: Department, version: Version,
                  to: Annotated[str | None, typer.Option("--to", help="an account; nobody when left out")] = None,
                  language: Lang = Language.ZH, user: User = None) -> None:
    """Give an alert to somebody of the department."""
    from desk.alerts import Doing, assign

    assign(home, user, Doing(alert, department, version, language.value), to)


@alerts_app.command("comment")
def alerts_comment(alert: Alert, home: Home, department: Department, words: Annotated[str, typer.Argument(metavar="WORDS")],
                   language: Lang = Language.ZH, user: User = None) -> None:
    """Add a comment; it is sealed."""
    from desk.alerts import Doing, comment

    comment(home, user, Doing(alert, department, 0, language.value), words)
