"""Tables of warehouse/changes."""

from __future__ import annotations

revision = "0004_changes"
down_revision = "0003_outbox"


def upgrade() -> None:
    """Make the tables."""
