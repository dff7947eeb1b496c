"""Tables of warehouse/changes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004_changes"
down_revision = "0003_outbox"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "change",
        sa.Column("change_id", sa.String(24), nullable=False),
        sa.Column("origin", sa.String(10), nullable=False),
        sa.Column("department", sa.String(64), nullable=False),
        sa.Column("category", sa.String(64)),
        sa.Column("attribute", sa.String(64)),
        sa.Column("person_id", sa.String(20)),
        sa.Column("facts", sa.String(64), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("offered_on", sa.Date, nullable=False),
        sa.Column("ended_on", sa.Date),
        sa.PrimaryKeyConstraint("change_id", name="pk_change"),
    )
    op.create_index("ix_change_department", "change", ["department"])
    op.create_index("ix_change_state", "change", ["state"])
    op.create_table(
        "change_event",
        sa.Column("event_id", sa.Integer, autoincrement=True, nullable=False),
        sa.Column("change_id", sa.String(24), nullable=False),
        sa.Column("happened_at", sa.DateTime, nullable=False),
        sa.Column("as_of", sa.Date),
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("from_state", sa.String(10)),
        sa.Column("to_state", sa.String(10), nullable=False),
        sa.Column("words", sa.String),
        sa.ForeignKeyConstraint(["change_id"], ["change.change_id"], name="fk_change_event_change_id_change"),
        sa.PrimaryKeyConstraint("event_id", name="pk_change_event"),
    )
    op.create_index("ix_change_event_change_id", "change_event", ["change_id"])
    op.create_table(
        "change_run",
        sa.Column("run", sa.String(64), nullable=False),
        sa.Column("as_of", sa.Date, nullable=False),
        sa.PrimaryKeyConstraint("run", name="pk_change_run"),
    )
    op.create_index("ix_change_run_as_of", "change_run", ["as_of"])
