"""Tables of warehouse/feeds."""

from __future__ import annotations

revision = "0006_feeds"
down_revision = "0005_visits"


def upgrade() -> None:
    """Make the tables."""
