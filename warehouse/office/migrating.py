"""Bringing the tables of the office to the newest form with Alembic.

Belongs here: the only use of Alembic; its configuration lies in no file. Does not: when it is needed (database.py).
"""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from warehouse.office.database import MIGRATIONS, OfficeProblem


def configuration() -> Config:
    """Alembic's configuration: where the migrations lie."""
    made = Config()
    made.set_main_option("script_location", str(MIGRATIONS))
    return made


def newest() -> str | None:
    """The newest migration of this version."""
    return ScriptDirectory.from_config(configuration()).get_current_head()


def upgrade(connection: Connection) -> None:
    """Run the migrations that are missing. Raises OfficeProblem for a database that a newer version wrote."""
    script = ScriptDirectory.from_config(configuration())
    present = MigrationContext.configure(connection).get_current_revision()
    if present is not None and present not in {revision.revision for revision in script.walk_revisions()}:
        raise OfficeProblem(what=f"the office was written by a newer version (revision {present})", where="office database",
                            remedy="use that version, or put the database back from a backup")
    settings = configuration()
    settings.attributes["connection"] = connection
    command.upgrade(settings, "head")
