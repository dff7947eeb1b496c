"""Running the application on a port.

Belongs here: uvicorn and its settings. Does not: the application (app.py).
"""

from __future__ import annotations

from pathlib import Path

import uvicorn

from desk.access import check
from desk.api.app import create_app
from desk.render import console
from warehouse.snapshots import choose


def serve(home: Path, host: str, port: int, user: str | None) -> None:
    """Serve until interrupted. The server's own log carries no addresses that were asked for: paths can name a person."""
    check(home, user, "serve")
    snapshot = choose(home)
    console.print(f"snapshot {snapshot.number}, as of {snapshot.as_of}; http://{host}:{port}/openapi.json")
    uvicorn.run(create_app(home), host=host, port=port, access_log=False, log_level="warning", server_header=False)
