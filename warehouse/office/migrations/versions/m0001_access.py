"""Tables of warehouse/access."""

from __future__ import annotations

revision = "0001_access"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
