"""Tables of warehouse/subjects."""

from __future__ import annotations

revision = "0007_subjects"
down_revision = "0006_feeds"


def upgrade() -> None:
    """Make the tables."""
