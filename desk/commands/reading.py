"""Commands of those who read about people.

Belongs here: query, profile. Does not: the work itself, which commands
import when they are called, so that a query does not wait for Dagster or Splink.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from desk.commands.options import DAY, AreaLevel, Home, PlainUser, PurposeOption, QueryFormat, User, day_of

app = typer.Typer()


@app.command()
def query(purpose: PurposeOption, home: Home,
          file: Annotated[Path | None, typer.Argument(help="query as JSON or YAML; - reads standard input")] = None,
          text: Annotated[str | None, typer.Option("--text", help="a Chinese phrase, for instance 沙市区80至100岁独居老人")] = None,
          as_of: Annotated[datetime | None, DAY] = None,
          count: Annotated[bool, typer.Option("--count", help="only the number")] = False,
          by: Annotated[str | None, typer.Option("--by", help="counts per value of a class")] = None,
          level: Annotated[AreaLevel | None, typer.Option("--level", help="with --by residence_area: which areas")] = None,
          output: Annotated[QueryFormat, typer.Option("--format")] = QueryFormat.TABLE,
          out: Annotated[Path | None, typer.Option(help="file to write (needed for parquet)")] = None,
          limit: Annotated[int, typer.Option(help="rows shown in a table; other formats are complete")] = 20,
          user: PlainUser = None) -> None:
    """Answer a combination of attribute classes."""
    from desk.reading import QueryRequest, answer_query

    answer_query(home, QueryRequest(purpose=purpose, file=file, text=text, as_of=day_of(as_of), count=count, by=by,
                                    level=level.value if level else None,
                                    output=output.value, out=out, limit=limit, user=user))


@app.command()
def profile(purpose: PurposeOption, home: Home, person_id: Annotated[str | None, typer.Argument()] = None,
            id_number: Annotated[str | None, typer.Option("--id-number")] = None,
            as_of: Annotated[datetime | None, DAY] = None,
            output: Annotated[QueryFormat, typer.Option("--format")] = QueryFormat.TABLE, user: User = None) -> None:
    """Show what is known about one person, each value with its provenance."""
    from desk.reading import show_profile

    show_profile(home, purpose, person_id, id_number, day_of(as_of), output.value, user)
