"""How answers look on a terminal.

Belongs here: tables and progress lines with Rich, Chinese titles beside English ones.
Does not: computing anything.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipelines.progress import StageEvent

WIDTH = 160
"""Characters of a table where the output is no terminal; a terminal has its own."""

console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH)
errors = Console(stderr=True, highlight=False, width=None if sys.stderr.isatty() else WIDTH)


def table(title: str, headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print a table; None is shown as nothing."""
    shown = Table(title=title, title_justify="left", title_style="bold")
    for header in headers:
        shown.add_column(header, justify="right" if header.endswith("#") else "left")
    for row in rows:
        shown.add_row(*("" if value is None else escape(_text(value)) for value in row))
    console.print(shown)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{value:,}" if abs(value) >= 10_000 else str(value)
    if isinstance(value, float):
        return f"{value:.5f}".rstrip("0").rstrip(".")
    if isinstance(value, list):
        return "; ".join(map(str, value))
    return str(value)


def progress_line(event: StageEvent) -> None:
    """One line per finished stage: which asset, rows, seconds."""
    name = f"{event.stage}/{event.subject}" if event.subject else event.stage
    notes = "  ".join(f"{key} {value:,}" for key, value in event.notes.items())
    console.print(f"  {name:<42} {event.rows:>10,} rows {event.seconds:>7.1f} s  [dim]{notes}[/dim]")
    for warning in event.warnings:
        errors.print(f"    [yellow]refused[/yellow] {escape(warning)}")
