"""Commands about what residents may ask: subject report, correct, restrict, requests, answer.

Belongs here: arguments and help. Does not: the work (desk/subject).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from desk.commands.options import Home, Language, ShownFormat, SubjectAnswer, User

app = typer.Typer()
subject_app = typer.Typer(no_args_is_help=True, help="What residents may ask: a report on their data, corrections, restrictions.")
app.add_typer(subject_app, name="subject")

Person = Annotated[str, typer.Argument(metavar="PERSON", help="person id")]
Why = Annotated[str, typer.Option("--why", help="the reason; it is sealed")]
Attribute = Annotated[str | None, typer.Option("--attribute", help="name of one of the 115 attributes")]
Lang = Annotated[Language, typer.Option("--lang")]
Department = Annotated[str, typer.Option("--department", help="the department that was asked")]


@subject_app.command("report")
def subject_report(person: Person, home: Home, user: User = None,
                   out: Annotated[Path | None, typer.Option(help="report.html or report.json; a summary is shown when left out")] = None,
                   language: Lang = Language.ZH) -> None:
    """Give everything held about a person, where each value came from, and who looked at it and why."""
    from desk.subject.asking import report

    report(home, user, person, out, language.value)


@subject_app.command("correct")
def subject_correct(person: Person, home: Home, says: Annotated[str, typer.Option("--says", help="the value that is right")], why: Why,
                    attribute: Annotated[str, typer.Option("--attribute", help="name of one of the 115 attributes")],
                    user: User = None, language: Lang = Language.ZH) -> None:
    """Ask the department that gave a value to correct it."""
    from desk.subject.asking import ask
    from warehouse.subjects.requests import Wish

    ask(home, user, Wish("correct", person.strip(), attribute, why, says), None, language.value)


@subject_app.command("restrict")
def subject_restrict(person: Person, home: Home, why: Why, attribute: Attribute = None,
                     category: Annotated[str | None, typer.Option("--category", help="instead: a register")] = None,
                     user: User = None, language: Lang = Language.ZH) -> None:
    """Ask the departments that hold a value, or a register, to stop its use."""
    from desk.subject.asking import ask
    from warehouse.subjects.requests import Wish

    ask(home, user, Wish("restrict", person.strip(), attribute, why), category, language.value)


@subject_app.command("requests")
def subject_requests(department: Department, home: Home, user: User = None,
                     overdue: Annotated[bool, typer.Option("--overdue", help="only those that should have been answered")] = False,
                     output: Annotated[ShownFormat, typer.Option("--format")] = ShownFormat.TABLE, language: Lang = Language.ZH) -> None:
    """List the requests that were routed to a department."""
    from desk.subject.asking import listed

    listed(home, user, department, overdue=overdue, output=output.value, language=language.value)


@subject_app.command("answer")
def subject_answer(request: Annotated[str, typer.Argument(metavar="REQUEST")], verdict: SubjectAnswer, department: Department, home: Home,
                   version: Annotated[int, typer.Option("--version", help="the version that was looked at")], why: Why,
                   user: User = None) -> None:
    """Accept or refuse a request, with a reason."""
    from desk.subject.asking import answer

    answer(home, user, department, request, verdict.value, version, why)
