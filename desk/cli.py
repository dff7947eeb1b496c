"""The command line `onegrid`.

Belongs here: the commands brought together, the words for errors, exit codes (0 done, 1 refused or failed with a reason, 2 wrong usage).
Does not: the commands (desk/commands).
"""

from __future__ import annotations

import typer

from desk.commands import accounts, alerts, changes, feeds, linking, outbox, places, reading, running, serving, subjects, visits
from desk.errors import shown_errors

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
                  help="OneGrid: from eight departments' deliveries to one profile per resident.")

for part in (running, reading, places, linking, accounts, subjects, serving, feeds, visits, alerts, changes, outbox):
    app.add_typer(part.app)


def main() -> None:
    """Entry point; errors of the product become one clear message and exit code 1."""
    with shown_errors():
        app()


if __name__ == "__main__":
    main()
