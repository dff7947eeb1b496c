"""Tables of warehouse/outbox."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003_outbox"
down_revision = "0002_alerts"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "outbox_message",
        sa.Column("message_id", sa.String(64), nullable=False),
        sa.Column("alert_id", sa.String(96), nullable=False),
        sa.Column("department", sa.String(64), nullable=False),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("check_name", sa.String(64), nullable=False),
        sa.Column("severity", sa.String(8), nullable=False),
        sa.Column("event", sa.String(16), nullable=False),
        sa.Column("as_of", sa.Date, nullable=False),
        sa.Column("run", sa.String(64), nullable=False),
        sa.Column("batch", sa.Integer, nullable=False),
        sa.Column("sent_at", sa.DateTime, nullable=True),
        sa.PrimaryKeyConstraint("message_id"),
        sa.UniqueConstraint("alert_id", "department", "step", name="uq_outbox_message_step"),
    )
    op.create_index("ix_outbox_message_batch", "outbox_message", ["batch"])
    op.create_table(
        "outbox_channel",
        sa.Column("department", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("target", sa.String, nullable=False),
        sa.Column("secret_env", sa.String(64)),
        sa.PrimaryKeyConstraint("department", "kind", name="pk_outbox_channel"),
    )
    op.create_table(
        "outbox_push",
        sa.Column("department", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("batch", sa.Integer, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_attempt", sa.DateTime, nullable=False),
        sa.Column("delivered_at", sa.DateTime),
        sa.Column("dead", sa.String(200)),
        sa.PrimaryKeyConstraint("department", "kind", "batch", name="pk_outbox_push"),
    )
