"""Tables of warehouse/feeds."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006_feeds"
down_revision = "0005_visits"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "feed_consent",
        sa.Column("module", sa.String(64), nullable=False),
        sa.Column("area", sa.String(12), nullable=False),
        sa.Column("person_id", sa.String(32), nullable=False),
        sa.Column("listed_by", sa.String(64), nullable=False),
        sa.Column("listed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("module", "area", "person_id", name="pk_feed_consent"),
    )
    op.create_table(
        "feed_request",
        sa.Column("number", sa.Integer, autoincrement=True, nullable=False),
        sa.Column("module", sa.String(64), nullable=False),
        sa.Column("purpose", sa.String(64), nullable=False),
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("case_digest", sa.String(64), nullable=False),
        sa.Column("case_sealed", sa.Text, nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("keep_until", sa.Date, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_feed_request"),
    )
    op.create_index("ix_feed_request_case_digest", "feed_request", ["case_digest"])
    op.create_index("ix_feed_request_keep_until", "feed_request", ["keep_until"])
