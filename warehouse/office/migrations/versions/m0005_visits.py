"""Tables of warehouse/visits."""

from __future__ import annotations

revision = "0005_visits"
down_revision = "0004_changes"


def upgrade() -> None:
    """Make the tables."""
