"""Errors as a user should see them: what, where, what to do; never a stack trace, never a value.

Belongs here: which exceptions are answers of the product. Anything else is a bug and keeps its trace.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.markup import escape

from desk.render import errors
from pipelines.failures import RunFailed
from sources.errors import OneGridError


@contextmanager
def shown_errors() -> Iterator[None]:
    """Turn the product's own errors into a message and exit code 1."""
    try:
        yield
    except (OneGridError, RunFailed, BrokenPipeError) as problem:
        errors.print(f"[red]error[/red] {escape(str(problem))}")
        sys.exit(1)
