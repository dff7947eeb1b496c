"""Alembic's entry: migrations run on the connection that the office opened.

Belongs here: nothing but this hand-over.
"""

from __future__ import annotations

from alembic import context

connection = context.config.attributes["connection"]
context.configure(connection=connection, render_as_batch=True, transaction_per_migration=False)
context.run_migrations()
