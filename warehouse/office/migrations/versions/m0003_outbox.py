"""Tables of warehouse/outbox."""

from __future__ import annotations

revision = "0003_outbox"
down_revision = "0002_alerts"


def upgrade() -> None:
    """Make the tables."""
