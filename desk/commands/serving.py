"""The command that serves the HTTP API.

Belongs here: serve. Does not: routes (desk/api).
"""

from __future__ import annotations

from typing import Annotated

import typer

from desk.commands.options import Home, User

app = typer.Typer()


@app.command("serve")
def serve_command(home: Home,
                  host: Annotated[str, typer.Option(help="address to listen on; put TLS before anything but localhost")] = "127.0.0.1",
                  port: Annotated[int, typer.Option(min=1, max=65535)] = 8421, user: User = None) -> None:
    """Serve the HTTP API; callers state their token."""
    from desk.api.serving import serve

    serve(home, host, port, user)
