"""Tables of warehouse/alerts."""

from __future__ import annotations

revision = "0002_alerts"
down_revision = "0001_access"


def upgrade() -> None:
    """Make the tables."""
